# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the results of the actions consist of, and in which of their texts secrets are masked.

Later tasks read results, so names of fields, identifiers, enumerations, numbers and booleans are never masked, whatever
the secret is. Free text is: sentences, diffs, and what a host holds or says. A name that the user declared may stand in
free text unmasked, because a secret that is part of a name was refused before (`_shape.exposed`).

No text that leaves contains a character that a terminal would obey, such as an escape or a line feed: a host could
forge warnings with it. Only diffs keep their line feeds.
"""

from __future__ import annotations

import dataclasses
import enum
import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

from ansible_collections.rras.ipsec.plugins.plugin_utils._policy import describe

MASK: Final = "********"
_SHORTEST_MASKED = 2
"""The shortest secret, in characters, that is masked. Masking each occurrence of one letter would make a sentence
unreadable, and show which letter it was."""


class Text(enum.Enum):
    """How a text of a result is treated."""

    KEPT = enum.auto()
    """A word of ours, an identifier or an enumeration: never masked. It holds no secret, unless it happens to be the
    same word."""
    FREE = enum.auto()
    """One line: a sentence, or something that a host holds or says."""
    WHOLE = enum.auto()
    """As FREE, but of any length: our own sentences about several hosts."""
    LINES = enum.auto()
    """A diff: as FREE, but with several lines; a host's text can't add any."""
    RAW = enum.auto()
    """Left unchanged: no user sees it, and the role reads it back."""


@dataclasses.dataclass(frozen=True, slots=True)
class FreeAfter:
    """A text that begins with a fixed beginning of ours and ends in free text."""

    beginning: str


@dataclasses.dataclass(frozen=True, slots=True)
class ByName:
    """A dictionary whose keys are identifiers; all its values are described alike."""

    each: Described


Described = Text | FreeAfter | ByName | Mapping[str, "Described"]
"""How a field of a result is described. A list has the description of its items; what is not text needs none."""

_KEPT, _FREE, _LINES = Text.KEPT, Text.FREE, Text.LINES
_LONGEST = 2000
"""Characters of one free text; a host may hold longer names and say longer sentences than anybody wants to read."""

_RULE: Final[Described] = {
    "name": _FREE,
    "filters": _FREE,
    "filter_action": _FREE,
    "offers": _KEPT,
    "authentication": FreeAfter("certificate from "),
    "alternate_authentication": FreeAfter("certificate from "),
    "tunnel": _FREE,
    "connection_type": _KEPT,
    "interface": _FREE,
}
_POLICY: Final[Described] = {
    "name": _FREE,
    "description": _FREE,
    "guid": _KEPT,
    "main_mode": {"methods": _KEPT, "options": _KEPT},
    "rules": _RULE,
    "unreadable": _FREE,
    "weaknesses": {"rule": _FREE, "what": _KEPT},
}
_OBSTACLE: Final[Described] = {"identifier": _KEPT, "problem": _FREE}
_FINDING: Final[Described] = {"identifier": _KEPT, "severity": _KEPT, "host": _KEPT, "problem": _FREE, "remedy": _FREE}
_HOST: Final[Described] = {
    "policies": _POLICY,
    "assigned": _FREE,
    "prohibit_ipsec": {"kind": _KEPT, "in_effect": _KEPT},
    "services": ByName({"start": _KEPT, "depends_on": _KEPT}),
    "domain_policy": _FREE,
    "addresses": {"address": _KEPT},
    "listed_addresses": _KEPT,
    "unfinished_transaction": _KEPT,
    "machine": _KEPT,
    "l2tp_covered": _KEPT,
    "l2tp_over_ipv6_obstacles": _KEPT,
    "connection_security_rules": _FREE,
    "obstacles": _OBSTACLE,
}
_DIFFERING: Final[Mapping[str, Described]] = {"has": _FREE, "declared": _FREE, "obstacles": _OBSTACLE}
_COMPARISON: Final[Described] = {
    "policy": _KEPT,
    "standing": _KEPT,
    "difference": _FREE,
    "rules": {"name": _FREE, "state": _KEPT, "treatment": _KEPT, "key_fingerprints": _KEPT, **_DIFFERING},
    **_DIFFERING,
}
RESULT: Final[Mapping[str, Described]] = {
    "msg": _FREE,
    "reason": _KEPT,
    "warnings": _FREE,
    "transaction": _KEPT,
    "strategy": _KEPT,
    "assigned_by": _KEPT,
    "changed_rules": _FREE,
    "changes": {"rule": _FREE, "what": _KEPT},
    "assigned_after": _FREE,
    "obstacles": _FREE,
    "refusal": _FREE,
    "comparison": _COMPARISON,
    "in_effect": _KEPT,
    "diff": {"before_header": _KEPT, "after_header": _KEPT, "before": _LINES, "after": _LINES},
    "host": _HOST,
    "folder": _KEPT,
    "files": _KEPT,
    "file": _KEPT,
    "findings": _FINDING,
    "left_out": _FREE,
    "key_variables": _FREE,
    "refused": _FREE,
    "steps": _FREE,
    "reports": _KEPT,
    "network": Text.RAW,
    "entry": _KEPT,
    "machines": _KEPT,
    "stops": Text.WHOLE,
    "batches": _KEPT,
    "next": _KEPT,
    "lines": Text.WHOLE,
    "errors": Text.WHOLE,
    "ansible_facts": Text.WHOLE,
}
"""All fields of all results that hold text. A field that is missing here counts as free text."""
RESULT_OF_A_STEP: Final[Mapping[str, Described]] = {
    **RESULT,
    "msg": Text.WHOLE,
    "failure": {"msg": Text.WHOLE, "reason": _KEPT},
}
"""The fields of a step of the role, whose sentences are about several hosts."""


class Mask:
    """Masks secrets in free text."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        forms = {form for secret in secrets if _can_be_masked(secret) for form in _forms(secret)}
        longest_first = sorted(forms, key=lambda form: (-len(form), form))
        self._pattern = re.compile("|".join(map(re.escape, longest_first))) if forms else None

    def text(self, text: str) -> str:
        """Return a free text as one line, without secrets."""
        return describe.shortened(describe.escaped(self._masked(text)), _LONGEST)

    def result(self, result: Mapping[str, Any], described: Mapping[str, Described] | None = None) -> dict[str, Any]:
        """Return a result with the secrets in its free texts masked.

        described: its fields; by default those of RESULT.
        """
        fields = RESULT if described is None else described
        return {name: self._value(value, fields.get(name, _FREE)) for name, value in result.items()}

    def _masked(self, text: str) -> str:
        return self._pattern.sub(MASK, text) if self._pattern else text

    def _value(self, value: Any, described: Described) -> Any:  # noqa: ANN401 - any part of a result
        if described is Text.RAW:
            return value
        if isinstance(value, str):
            return self._described_text(value, described)
        if isinstance(value, Mapping):
            return {name: self._value(each, _within(described, name)) for name, each in value.items()}
        if isinstance(value, list | tuple):
            return [self._value(each, described) for each in value]
        return value

    def _described_text(self, text: str, described: Described) -> str:
        if described is _KEPT:
            return describe.escaped(text)
        if described is Text.WHOLE:
            return describe.escaped(self._masked(text))
        if described is _LINES:
            return describe.escaped(self._masked(text), keep="\n")
        if isinstance(described, FreeAfter):
            found = text.startswith(described.beginning)
            rest = self.text(text.removeprefix(described.beginning)) if found else ""
            return described.beginning + rest if found else describe.escaped(text)
        return self.text(text)


def _within(described: Described, name: str) -> Described:
    """Return the description of the item that a dictionary holds under a name."""
    if isinstance(described, ByName):
        return described.each
    return described.get(name, _FREE) if isinstance(described, Mapping) else described


def _can_be_masked(secret: str) -> bool:
    return len(secret) >= _SHORTEST_MASKED and not secret.isspace()


def _forms(secret: str) -> tuple[str, ...]:
    """Return the forms that a secret takes in a text: as it is, or quoted by Python with either quotation mark."""
    quoted = repr(secret)[1:-1]
    return secret, quoted, quoted.replace("'", "\\'")
