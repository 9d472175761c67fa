# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which findings fail a run: by their severity, and by the names of those that a user accepts."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable

from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.findings import Finding, Identifier, Severity

IDENTIFIERS = tuple(map(str, Identifier))


@dataclasses.dataclass(frozen=True, slots=True)
class Acceptance:
    """What a user said of findings on one host."""

    fail_on: Severity = Severity.ERROR
    """The least severity that fails."""
    accepted: frozenset[str] = frozenset()
    """Identifiers. No one of them stands for others, so clear text is accepted by its own name only."""

    def accepts(self, each: Finding) -> bool:
        """Whether a finding is accepted by its name."""
        return str(each.identifier) in self.accepted

    def fails(self, each: Finding) -> bool:
        """Whether a finding fails the run."""
        severities = (Severity.ERROR, self.fail_on)
        severe = each.severity in severities
        return severe and not self.accepts(each)

    def failing(self, found: Iterable[Finding]) -> tuple[str, ...]:
        """The texts of the findings that fail, the errors first."""
        return by_remedy(sorted(filter(self.fails, found), key=lambda each: each.severity is not Severity.ERROR))

    def harmless(self, found: Iterable[Finding]) -> tuple[str, ...]:
        """The texts of those that don't, the accepted ones last; no notes."""
        found = tuple(each for each in found if each.severity is not Severity.NOTE)
        others = by_remedy(each for each in found if not (self.fails(each) or self.accepts(each)))
        return (*others, *(said_as_accepted(each) for each in found if self.accepts(each)))


def said_as_accepted(each: Finding) -> str:
    """How a finding that is accepted is shown."""
    return f"Accepted ({each.identifier}): {each}"


def by_remedy(found: Iterable[Finding]) -> tuple[str, ...]:
    """Return findings as texts: one for all that have one remedy."""
    problems: dict[str, list[str]] = {}
    for each in found:
        problems.setdefault(each.remedy or each.problem, []).append(each.problem)
    return tuple(" ".join(dict.fromkeys((*said, remedy))) for remedy, said in problems.items())
