# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The IPsec Policy Agent of one simulated host: what the service PolicyAgent holds in memory."""

from __future__ import annotations

import dataclasses
import ipaddress
import struct
from collections.abc import Iterator

from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.registry import Key

from .registry import RegistryAccess
from .windows import DOMAIN_POLICY, POLICY_STORE

RELOAD = 129
"""The service control that makes the agent load its policy again."""

_PERMIT = "{8A171DD2-77E3-11D1-8659-A04F00000000}"
_HEADER = 20
_ANY = ("0.0.0.0", "0.0.0.0")  # noqa: S104 (an address in a filter, not one to listen on)
_ME = ("0.0.0.0", "255.255.255.255")  # noqa: S104


@dataclasses.dataclass(frozen=True, slots=True)
class LoadedFilter:
    """One filter that the agent enforces."""

    source: str
    destination: str
    protocol: int
    source_port: int
    destination_port: int
    mirrored: bool


class PolicyAgent:
    """What the agent took from the registry when it last looked."""

    def __init__(self, registry: RegistryAccess) -> None:
        self._registry = registry
        self.filters: tuple[LoadedFilter, ...] = ()
        self.deaf = False
        """The agent fails to load anything, silently (KB 884909 describes such a failure)."""

    def load(self) -> None:
        """Load the assigned policy. One of the domain makes the agent ignore the local ones."""
        self.filters = () if self.deaf or self.domain_policy() else tuple(self._assigned_filters())

    def forget(self) -> None:
        """Lose everything, as when the service stops."""
        self.filters = ()

    def domain_policy(self) -> str:
        """Return the path of the domain's policy; empty where there is none."""
        key = self._registry.read(DOMAIN_POLICY)
        return key.text("DSIPSECPolicyPath") if key else ""

    def assigned_policy(self) -> str:
        """Return the path of the assigned local policy; empty where there is none."""
        key = self._registry.read(POLICY_STORE)
        return key.text("ActivePolicy") if key else ""

    def _assigned_filters(self) -> Iterator[LoadedFilter]:
        for rule in self._objects(self.assigned_policy(), "ipsecNFAReference"):
            if _is_active(rule) and not self._permits(rule):
                for filters in self._objects(rule.path, "ipsecFilterReference"):
                    yield from decode_filters(_data(filters))

    def _permits(self, rule: Key) -> bool:
        actions = self._objects(rule.path, "ipsecNegotiationPolicyReference")
        return any(key.text("ipsecNegotiationPolicyAction").upper() == _PERMIT for key in actions)

    def _objects(self, path: str, reference: str) -> Iterator[Key]:
        key = self._registry.read(path)
        for referred in key.texts(reference) if key else ():
            found = self._registry.read(referred)
            if found is not None:
                yield found


def decode_filters(data: bytes) -> tuple[LoadedFilter, ...]:
    """Decode the filters of a filter list ([MS-GPIPSEC] 2.2.1.2.5, version 1); what is cut short is left out."""
    try:
        return tuple(_filters(data))
    except struct.error:
        return ()


def _filters(data: bytes) -> Iterator[LoadedFilter]:
    (count,) = struct.unpack_from("<I", data, _HEADER)
    offset = _HEADER + 4
    for _number in range(min(count, len(data))):
        for _text in ("source name", "destination name", "description"):
            offset = _after_text(data, offset)
        yield _filter(data, offset + 16)
        offset += 16 + 40


def _filter(data: bytes, offset: int) -> LoadedFilter:
    mirrored, source, mask, destination, destination_mask, _tunnel, protocol, ports = struct.unpack_from(
        "<I4s4s4s4s4sI4s", data, offset
    )
    source_port, destination_port = struct.unpack("<HH", ports)
    return LoadedFilter(
        _address(source, mask),
        _address(destination, destination_mask),
        protocol,
        source_port,
        destination_port,
        bool(mirrored),
    )


def _address(address: bytes, mask: bytes) -> str:
    texts = str(ipaddress.IPv4Address(address)), str(ipaddress.IPv4Address(mask))
    if texts in (_ANY, _ME):
        return "Any" if texts == _ANY else "Me"
    return texts[0] if texts[1] == _ME[1] else "/".join(texts)


def _is_active(rule: Key) -> bool:
    """Return whether a rule is active ([MS-GPIPSEC] 2.2.1.2.3); one that can't be read isn't."""
    data = _data(rule)
    try:
        offset = _after_methods(data)
        offset = _after_text(data, offset + 4)
        _tunnel, _is_tunnel, active = struct.unpack_from("<4sII", data, offset)
    except struct.error:
        return False
    return bool(active)


def _after_methods(data: bytes) -> int:
    (count,) = struct.unpack_from("<I", data, _HEADER)
    offset = _HEADER + 4
    for _number in range(min(count, len(data))):
        offset = _after_text(data, offset + 4)
    return offset


def _after_text(data: bytes, offset: int) -> int:
    (length,) = struct.unpack_from("<I", data, offset)
    return offset + 4 + int(length)


def _data(key: Key) -> bytes:
    return key["ipsecData"].data if "ipsecData" in key else b""
