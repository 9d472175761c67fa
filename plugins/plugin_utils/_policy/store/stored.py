# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A policy in a store, and who may read its keys."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping

from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.model import (
    Policy,
)
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.registry import (
    SEPARATOR,
)
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.store.parts import Unreadable


@dataclasses.dataclass(frozen=True, slots=True)
class StoredPolicy:
    """A policy in a store.

    `path` is relative to HKEY_LOCAL_MACHINE; `guid` is in braces and upper case. Rules that can't be read are left out
    of `policy` and listed in `unreadable`, as is an unreadable main mode (`policy` then has an empty one). `rule_paths`
    are the paths of the rules of `policy`, in the same order. `access` holds the known access lists (SDDL) of rule
    keys, by path, including those of unreadable rules.
    """

    path: str
    guid: str
    policy: Policy
    unreadable: tuple[Unreadable, ...] = ()
    rule_paths: tuple[str, ...] = ()
    access: Mapping[str, str] = dataclasses.field(default_factory=dict, hash=False)

    @property
    def name(self) -> str:
        return self.policy.name

    @property
    def shown_name(self) -> str:
        """The name, or the GUID if the name can't be read."""
        return self.name or self.guid

    @property
    def open_keys(self) -> tuple[str, ...]:
        """The paths of rules whose preshared key others than SYSTEM, Administrators and the agent's account can read.

        A rule that can't be read counts, because it may hold one.
        """
        keyless = {path for path, rule in zip(self.rule_paths, self.policy.rules, strict=True) if not rule.holds_secret}
        return tuple(path for path, sddl in self.access.items() if path not in keyless and _is_open(sddl))

    def rule_name(self, path: str) -> str:
        """Return the name or number by which a person finds the rule at a path; if it can't be read, its key's name."""
        named = zip(self.rule_paths, self.policy.named_rules, strict=True)
        names = {known: name for known, (name, _rule) in named}
        return names.get(path) or path.rpartition(SEPARATOR)[2]


_ENTRY = re.compile(r"\((?P<kind>[^;()]*);(?P<flags>[^;()]*);[^;()]*;[^;()]*;[^;()]*;(?P<who>[^;()]*)[^()]*\)")
_KEEPERS = {"SY", "BA", "NS", "S-1-5-18", "S-1-5-32-544", "S-1-5-20"}
"""Who may read a rule with a key: SYSTEM, Administrators, and NETWORK SERVICE, the account of PolicyAgent."""


_NO_LIST = "NO_ACCESS_CONTROL"
"""How SDDL writes a missing access list; an empty one, which allows nobody anything, has no entries."""


def _is_open(sddl: str) -> bool:
    """Return whether an access list allows anything to anybody else; entries that only children inherit don't count.

    Without an access list, everybody may do everything.
    """
    return (
        _NO_LIST in sddl
        or "D:" not in sddl
        or any(
            entry["kind"].startswith("A") and "IO" not in entry["flags"] and entry["who"] not in _KEEPERS
            for entry in _ENTRY.finditer(sddl)
        )
    )
