# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which packets a rule applies to."""

from __future__ import annotations

import dataclasses
import ipaddress
import uuid

from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.model.numbers import (
    AddressKind,
    IpAddress,
    IpVersion,
    Protocol,
)


@dataclasses.dataclass(frozen=True, slots=True)
class Address:
    """One end of a filter.

    `first` is the address, the first address of a range or an address in a subnet; `second` is the last address of a
    range or the mask of a subnet (of either version of IP). Both are None for kinds that name no address. `name` is the
    DNS name that a person gave instead of the address.
    """

    kind: AddressKind
    first: IpAddress | None = None
    second: IpAddress | None = None
    name: str = ""
    version: IpVersion | int = IpVersion.V4

    @classmethod
    def any(cls) -> Address:
        return cls(AddressKind.ANY)

    @classmethod
    def me(cls) -> Address:
        return cls(AddressKind.ME)

    @classmethod
    def single(cls, address: str, name: str = "") -> Address:
        """Return one address; raises ValueError if the text is none."""
        first = ipaddress.ip_address(address)
        return cls(AddressKind.SINGLE, first, None, name, _version(first))

    @classmethod
    def range(cls, first: str, last: str) -> Address:
        """Return all addresses from the first to the last; raises ValueError unless both are of one version."""
        start, end = ipaddress.ip_address(first), ipaddress.ip_address(last)
        if start.version != end.version:
            raise ValueError(f"{first} and {last} are addresses of different versions of IP")
        return cls(AddressKind.RANGE, start, end, "", _version(start))

    @classmethod
    def subnet(cls, network: str) -> Address:
        """Return a subnet such as 192.0.2.0/24 or 192.0.2.0/255.255.255.0; raises ValueError if the text is none.

        The subnet of all IPv4 addresses becomes `any`, and that of one address becomes `single`, because a store can't
        tell them apart.
        """
        subnet = ipaddress.ip_network(network)
        if subnet.version == 4 and subnet.prefixlen in (0, 32):  # noqa: PLR2004 (IPv4; these two the store can't tell)
            return cls.single(str(subnet.network_address)) if subnet.prefixlen else cls.any()
        return cls(AddressKind.SUBNET, subnet.network_address, subnet.netmask, "", _version(subnet.network_address))

    @property
    def prefix_length(self) -> int | None:
        """The prefix length of a subnet; None for other kinds and for a mask with holes."""
        if self.kind != AddressKind.SUBNET or self.second is None:
            return None
        bits = f"{int(self.second):0{self.second.max_prefixlen}b}"
        return None if "01" in bits else bits.count("1")

    @property
    def bounds(self) -> tuple[IpAddress, IpAddress] | None:
        """The first and the last address; None for kinds that name none, and for a mask with holes."""
        if self.first is None:
            return None
        if self.kind == AddressKind.SUBNET:
            return None if self.prefix_length is None else _subnet_bounds(self.first, self.prefix_length)
        return self.first, self.second or self.first

    def covers(self, other: Address) -> bool:
        """Return whether every address that the other one names is among those of this one."""
        mine, others = self.bounds, other.bounds
        if mine is None or others is None or mine[0].version != others[0].version:
            return self == other
        return int(mine[0]) <= int(others[0]) and int(others[1]) <= int(mine[1])

    def __str__(self) -> str:
        if self.kind == AddressKind.SUBNET and self.prefix_length is not None:
            return f"{self.first}/{self.prefix_length}"
        separator = "/" if self.kind == AddressKind.SUBNET else "-"
        numbers = separator.join(str(number) for number in (self.first, self.second) if number is not None)
        return self.name or numbers or self.kind.name.lower()


@dataclasses.dataclass(frozen=True, slots=True)
class Ports:
    """The ports of one end of a filter, from the first to the last; 0 to 0 means any."""

    first: int
    last: int

    @classmethod
    def any(cls) -> Ports:
        return cls(0, 0)

    @classmethod
    def one(cls, port: int) -> Ports:
        """Return one port; 0 means any, as in the store."""
        return cls(port, port)

    @classmethod
    def range(cls, first: int, last: int) -> Ports:
        return cls(first, last)

    @property
    def is_any(self) -> bool:
        return self == Ports.any()

    @property
    def is_range(self) -> bool:
        return self.first != self.last

    def __str__(self) -> str:
        if self.is_any:
            return "any"
        return f"{self.first}-{self.last}" if self.is_range else str(self.first)


@dataclasses.dataclass(frozen=True, slots=True)
class Filter:
    """Which packets a rule applies to ([MS-GPIPSEC] 2.2.1.5.1).

    `tunnel_address` is a tunnel endpoint that the filter itself names (rules name their own). `special` is a value of
    Legacy-Special-Filter that the specification doesn't list; it counts as a difference.
    """

    source: Address
    destination: Address
    protocol: Protocol | int = Protocol.ANY
    source_port: Ports = Ports(0, 0)
    destination_port: Ports = Ports(0, 0)
    mirrored: bool = True
    description: str = dataclasses.field(default="", compare=False)
    guid: uuid.UUID | None = dataclasses.field(default=None, compare=False)
    tunnel_address: ipaddress.IPv4Address | None = None
    special: int = 0

    def covers(self, other: Filter) -> bool:
        """Return whether this filter matches all packets that another one with the same protocol and ports matches."""
        replaced = dataclasses.replace(other, source=self.source, destination=self.destination)
        return self == replaced and self.source.covers(other.source) and self.destination.covers(other.destination)


@dataclasses.dataclass(frozen=True, slots=True)
class FilterList:
    """A named list of filters; their order has no meaning."""

    name: str = dataclasses.field(compare=False)
    filters: tuple[Filter, ...]
    description: str = dataclasses.field(default="", compare=False)


def _version(address: IpAddress) -> IpVersion:
    return IpVersion.V4 if address.version == 4 else IpVersion.V6  # noqa: PLR2004 (the 4 of IPv4)


def _subnet_bounds(address: IpAddress, prefix_length: int) -> tuple[IpAddress, IpAddress]:
    network = ipaddress.ip_network(f"{address}/{prefix_length}", strict=False)
    return network[0], network[-1]
