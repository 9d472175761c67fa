# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What may be said about a preshared key that a host holds. Never the key, nor a digest of it."""

from __future__ import annotations

import enum
from collections.abc import Callable, Collection, Mapping

from ansible_collections.rras.ipsec.plugins.plugin_utils._policy import model


class KeyState(enum.StrEnum):
    """What may be said about a preshared key that a host holds."""

    MATCHES = "matches"
    DIFFERS = "differs"
    UNDECLARED = "undeclared"


KeyWord = Callable[[str, model.AuthenticationMethod], str]
"""A function from a rule's name and a secret method to a word or two about the key."""


def key_states(declared: Mapping[str, Collection[model.AuthenticationMethod]]) -> KeyWord:
    """Return a function that describes a host's key, given the masked keys declared for each rule."""
    digests = {rule: {method.data for method in methods if method.is_secret} for rule, methods in declared.items()}

    def word(rule: str, method: model.AuthenticationMethod) -> str:
        wanted = digests.get(rule)
        if not wanted:
            return KeyState.UNDECLARED
        return KeyState.MATCHES if method.data in wanted else KeyState.DIFFERS

    return word


def any_key_states(declared: Collection[model.AuthenticationMethod]) -> KeyWord:
    """Return a function like that of `key_states`, except that each masked key may belong to any rule."""
    digests = {method.data for method in declared}

    def word(_rule: str, method: model.AuthenticationMethod) -> str:
        if not digests:
            return KeyState.UNDECLARED
        return KeyState.MATCHES if method.data in digests else KeyState.DIFFERS

    return word
