# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which findings fail a run: decided by severity, and by the identifiers that a user accepts."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable

from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.findings import Finding, Identifier, Severity

IDENTIFIERS = tuple(map(str, Identifier))


@dataclasses.dataclass(frozen=True, slots=True)
class Acceptance:
    """What a user said about findings on one host."""

    fail_on: Severity = Severity.ERROR
    """The lowest severity that fails."""
    accepted: frozenset[str] = frozenset()
    """Accepted identifiers. None of them covers another, so clear text is only accepted by its own name."""

    def accepts(self, each: Finding) -> bool:
        """Return whether a finding's identifier is accepted."""
        return str(each.identifier) in self.accepted

    def fails(self, each: Finding) -> bool:
        """Return whether a finding fails the run."""
        severities = (Severity.ERROR, self.fail_on)
        severe = each.severity in severities
        return severe and not self.accepts(each)

    def failing(self, found: Iterable[Finding]) -> tuple[str, ...]:
        """Return the texts of the findings that fail, errors first."""
        return by_remedy(sorted(filter(self.fails, found), key=lambda each: each.severity is not Severity.ERROR))

    def harmless(self, found: Iterable[Finding]) -> tuple[str, ...]:
        """Return the texts of the findings that don't fail, without notes, the accepted ones last."""
        found = tuple(each for each in found if each.severity is not Severity.NOTE)
        others = by_remedy(each for each in found if not (self.fails(each) or self.accepts(each)))
        return (*others, *(said_as_accepted(each) for each in found if self.accepts(each)))


def said_as_accepted(each: Finding) -> str:
    """Return the text of an accepted finding."""
    return f"Accepted ({each.identifier}): {each}"


def by_remedy(found: Iterable[Finding]) -> tuple[str, ...]:
    """Return findings as texts, one text for all that have the same remedy."""
    problems: dict[str, list[str]] = {}
    for each in found:
        problems.setdefault(each.remedy or each.problem, []).append(each.problem)
    return tuple(" ".join(dict.fromkeys((*said, remedy))) for remedy, said in problems.items())
