# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which connections have no key yet, and which of them may get another key. No key is made here."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping

from ansible_collections.rras.ipsec.plugins.plugin_utils._policy import texts
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.declaration import DeclarationError
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.network.topologies import (
    AUTHENTICATION,
    Written,
    expand,
    key_of,
)


@dataclasses.dataclass(frozen=True, slots=True)
class Keyring:
    """The connections of some hosts by what they have: each name once, in the order of the hosts and their entries."""

    missing: tuple[str, ...]
    """Those without any authentication."""
    kept: tuple[str, ...]
    """Those whose key is in the file."""
    elsewhere: tuple[str, ...]
    """Those whose key is in l2tp_preshared_keys, where that is not the file's."""
    others: tuple[str, ...]
    """Those with another authentication, of their own or from the default."""

    def to_make(self, rotate: str = "") -> tuple[str, ...]:
        """Return the connections to make keys for. rotate: a connection that gets a new key.

        Raises `DeclarationError` if that connection has no key in the file, or keys are written in two places.
        """
        if rotate and rotate not in (*self.kept, *self.missing):
            raise DeclarationError(self._not_to_rotate(rotate))
        names = (*((rotate,) if rotate in self.kept else ()), *self.missing)
        if names and self.elsewhere:
            raise DeclarationError(
                f"l2tp_preshared_keys is also defined outside l2tp_keys_file, with the key of {self.elsewhere[0]}, and "
                "one of the two would hide the other; move these keys into the file, or beside their connections."
            )
        return names

    def _not_to_rotate(self, name: str) -> str:
        if name in self.elsewhere or name in self.others:
            return f"The connection {name} has no key in l2tp_keys_file; change its authentication where it is written."
        known = ", ".join((*self.kept, *self.missing)) or "none"
        return (
            f"l2tp_rotate is {texts.quoted(name)}, which is not a connection of these hosts; "
            f"write one of them: {known}."
        )


def keyring(declared: Mapping[str, Written], in_file: Mapping[str, str]) -> Keyring:
    """Return what the connections of hosts have. declared: by host; in_file: the keys in the file, by connection.

    The form of the declarations must have been checked.
    """
    found: dict[str, str] = {}
    for host, written in declared.items():
        for name, state in _states(host, written, in_file):
            found[name] = max(state, found.get(name, state), key=_STATES.index)
    return Keyring(*(tuple(name for name, each in found.items() if each == state) for state in _STATES))


_STATES = ("missing", "kept", "elsewhere", "others")
"""The fields of `Keyring` in order: if two ends differ, which the role refuses, the later one counts and no key is
made."""


def _states(host: str, written: Written, in_file: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    for entry in expand(Written(written.connections)):
        if host not in entry["peers"]:
            continue
        name = entry["name"]
        given = key_of(written, name)
        if any(entry.get(option) is not None for option in AUTHENTICATION):
            yield name, "others"
        elif given is not None and given != in_file.get(name):
            yield name, "elsewhere"
        elif name in in_file:
            yield name, "kept"
        else:
            yield name, "others" if _has_default(written) else "missing"


def _has_default(written: Written) -> bool:
    default = written.default if isinstance(written.default, Mapping) else {}
    return any(default.get(option) is not None for option in AUTHENTICATION)
