# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is rendered: one policy for one server that Ansible can't reach."""

from __future__ import annotations

import dataclasses
import enum
import functools
from typing import Final

from ansible_collections.rras.ipsec.plugins.plugin_utils._policy import model
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.declaration import Declaration
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.errors import RrasError

PLACEHOLDER: Final = "WRITE THE KEY HERE"
"""Stands in the place of a preshared key that is not to be rendered."""


class RenderError(RrasError):
    """A policy can't be expressed in a form. The message is one sentence, or two."""

    reason = "render"


class PeerType(enum.StrEnum):
    """What the server runs, which decides which files it gets."""

    WINDOWS_2000 = "windows_2000"
    """Without netsh ipsec and Diffie-Hellman group 14, but with ipsecpol of the Resource Kit."""
    WINDOWS = "windows"
    """Windows Server 2003 and newer."""
    STRONGSWAN = "strongswan"
    """Linux with strongSwan and xl2tpd: no policy store."""


@dataclasses.dataclass(frozen=True, slots=True)
class Rendering:
    """One policy, and the server that it is for.

    `server`: its name in remarks; may be empty. `keys`: whether preshared keys are written. `address`: its own address
    in the filters; empty if not known. `block_ipv6`: whether L2TP over IPv6 is to be blocked by a rule of Windows
    Firewall, which no file contains.
    """

    policy: model.Policy
    peer_type: PeerType
    server: str = ""
    keys: bool = True
    address: str = ""
    block_ipv6: bool = False

    @property
    def needs_keys(self) -> bool:
        """Whether keys must be put in by hand before the policy may be assigned."""
        return not self.keys and any(map(preshared_keys, self.policy.rules))

    @property
    def place(self) -> str:
        return self.server or "this server"


def fit(declared: Declaration, peer_type: PeerType, *, server: str = "", keys: bool = True) -> Rendering:
    """Return the declared policy, adapted to the server.

    Windows 2000 has no Diffie-Hellman group 14, so only the methods with group 2 are kept there. Raises `RenderError`
    if there are none.
    """
    policy = declared.policy
    if peer_type is PeerType.WINDOWS_2000:
        policy = dataclasses.replace(policy, main_mode=with_group_2(policy.main_mode))
    return Rendering(
        policy if keys else _without_keys(policy),
        peer_type,
        server,
        keys,
        declared.address,
        block_ipv6=declared.block_ipv6 and peer_type is PeerType.WINDOWS,
    )


def with_group_2(main_mode: model.MainMode) -> model.MainMode:
    """Return a main mode with only the methods that Windows 2000 knows. Raises `RenderError` if there are none."""
    methods = tuple(each for each in main_mode.methods if each.group == model.DhGroup.GROUP_2)
    if not methods:
        raise RenderError(
            "Windows 2000 has no Diffie-Hellman group 14, and no declared method of main mode has group 2; "
            "write one with dh_group 2, for both ends."
        )
    return dataclasses.replace(main_mode, methods=methods)


def preshared_keys(rule: model.Rule) -> list[str]:
    """Return the preshared keys of a rule as text."""
    methods = (each for each in rule.authentication if each.type == model.AuthenticationType.PRESHARED_KEY)
    return [each.data.decode("utf-16-le").removesuffix("\0") for each in methods]


def _without_keys(policy: model.Policy) -> model.Policy:
    return dataclasses.replace(policy, rules=tuple(map(_without_key, policy.rules)))


def _without_key(rule: model.Rule) -> model.Rule:
    return dataclasses.replace(rule, authentication=tuple(map(_hidden, rule.authentication)))


def _hidden(method: model.AuthenticationMethod) -> model.AuthenticationMethod:
    return _placeholder() if method.is_secret else method


@functools.cache
def _placeholder() -> model.AuthenticationMethod:
    return model.AuthenticationMethod.preshared_key(PLACEHOLDER)
