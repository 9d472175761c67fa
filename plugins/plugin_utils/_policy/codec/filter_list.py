# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The data of an ipsecFilter ([MS-GPIPSEC] 2.2.1.5.1): filters of version 1 and of version 2."""

from __future__ import annotations

import dataclasses
import ipaddress
import uuid
from collections.abc import Iterable

from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.codec.wire import (
    GUID,
    UINT32,
    V4_ALL_ONES,
    V4_NONE,
    CodecError,
    Reader,
    at_section,
    pack_ipv4,
    pack_number,
    pack_structure,
    pack_text,
    pack_uint32,
)
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.model import (
    Address,
    AddressKind,
    Filter,
    IpAddress,
    IpVersion,
    Ports,
    Protocol,
    known,
)

FILTER_LIST_ID = uuid.UUID("80dc20b5-2ec8-11d1-a89e-00a0248d3021")
FILTER_LIST_V2_ID = uuid.UUID("35fecd3d-ae29-4373-8a6a-c5d8fab2fb08")
# The smallest sizes, with empty names, against which a count is checked.
_FILTER = 64
_V2_FILTER = 136
_USE_V2_RANGE = 8
_SPECIAL = {1: AddressKind.DNS, 2: AddressKind.WINS, 3: AddressKind.DHCP, 4: AddressKind.GATEWAY}
_SPECIAL_NUMBERS = {kind: number for number, kind in _SPECIAL.items()}
_SPECIAL_DESTINATION = 0x80


def decode_filter_list(data: bytes) -> tuple[Filter, ...]:
    """Read the data of an ipsecFilter ([MS-GPIPSEC] 2.2.1.5.1), version 1 and version 2.

    A version 2 range replaces the version 1 subnets that it covers if it is marked so.
    """
    return read_filter_list(Reader(data))


def encode_filter_list(filters: Iterable[Filter]) -> bytes:
    """Return the data of an ipsecFilter. Version 1 has no place for ranges and IPv6."""
    encoded = [_encode_filter(filter_) for filter_ in filters]
    return pack_structure(FILTER_LIST_ID, pack_uint32("Number-Of-Filters1", len(encoded)), *encoded)


def read_filter_list(reader: Reader) -> tuple[Filter, ...]:
    length = reader.start(FILTER_LIST_ID)
    count = reader.uint32("Number-Of-Filters1")
    start = reader.offset
    legacy = _legacy_filters(reader, count)
    if not at_section(reader, length, FILTER_LIST_V2_ID):
        return legacy
    end = reader.offset
    reader.guid("Filter-Policy-ID2")
    reader.uint32("Data-Length2")
    override = reader.uint32("Number-Of-Filters11")
    newer = reader.items("Number-Of-Filters2", reader.uint32("Number-Of-Filters2"), _V2_FILTER, _v2_filter)
    # If it isn't 0, this second count of version 1 filters replaces the first one.
    if override not in (0, count):
        legacy = _legacy_filters(Reader(reader.data[:end], start), override)
    ranges = [filter_ for filter_, replaces in newer if replaces]
    # Vista also writes a range as subnets, for Windows 2000 and 2003, and marks it as what they stand for.
    kept = (filter_ for filter_ in legacy if not any(range_.covers(filter_) for range_ in ranges))
    return (*kept, *(filter_ for filter_, _replaces in newer))


def _legacy_filters(reader: Reader, count: int) -> tuple[Filter, ...]:
    return reader.items("Number-Of-Filters1", count, _FILTER, _legacy_filter)


def _legacy_filter(reader: Reader) -> Filter:
    source_name = reader.text("Source-DNS-Name1")
    destination_name = reader.text("Destination-DNS-Name1")
    description = reader.text("Filter-Description1")
    guid = reader.guid("Filter-Specification-ID1")
    mirrored = bool(reader.uint32("Legacy-Mirror-Options"))
    source = _legacy_address(reader, "Legacy-Source", source_name)
    destination = _legacy_address(reader, "Legacy-Destination", destination_name)
    tunnel_address = reader.ipv4("Legacy-Tunnel-Address")
    protocol = known(Protocol, reader.uint32("Legacy-Protocol"))
    # 0 means any port; `Ports.one` handles it.
    source_port = Ports.one(reader.uint16("Legacy-Source-Port"))
    destination_port = Ports.one(reader.uint16("Legacy-Destination-Port"))
    tunnel = tunnel_address if reader.uint8("Legacy-Is-Tunnel") else None
    special = reader.uint8("Legacy-Special-Filter")
    reader.take("Legacy-Filter-Options", 2)
    filter_ = Filter(source, destination, protocol, source_port, destination_port, mirrored, description, guid, tunnel)
    return _with_special(filter_, special)


def _encode_filter(filter_: Filter) -> bytes:
    tunnel = V4_NONE if filter_.tunnel_address is None else filter_.tunnel_address
    return b"".join(
        [
            pack_text("Source-DNS-Name1", filter_.source.name),
            pack_text("Destination-DNS-Name1", filter_.destination.name),
            pack_text("Filter-Description1", filter_.description),
            (filter_.guid or uuid.UUID(int=0)).bytes_le,
            pack_uint32("Legacy-Mirror-Options", filter_.mirrored),
            _encode_address("Legacy-Source-Address", filter_.source),
            _encode_address("Legacy-Destination-Address", filter_.destination),
            pack_ipv4("Legacy-Tunnel-Address", tunnel),
            pack_uint32("Legacy-Protocol", filter_.protocol),
            _port("Legacy-Source-Port", filter_.source_port),
            _port("Legacy-Destination-Port", filter_.destination_port),
            pack_number("Legacy-Is-Tunnel", filter_.tunnel_address is not None, 1),
            pack_number("Legacy-Special-Filter", _special(filter_), 1),
            bytes(2),
        ],
    )


def _legacy_address(reader: Reader, name: str, dns_name: str) -> Address:
    address = reader.ipv4(f"{name}-Address")
    mask = reader.ipv4(f"{name}-Mask")
    if mask == V4_ALL_ONES:
        # Me is stored as 0.0.0.0 with a mask of ones, an address that no host has.
        if address == V4_NONE and not dns_name:
            return Address.me()
        return Address(AddressKind.SINGLE, address, None, dns_name)
    # If there is a DNS name, it is what counts, not the address beside it.
    if address == mask == V4_NONE and not dns_name:
        return Address.any()
    return Address(AddressKind.SUBNET, address, mask, dns_name)


def _encode_address(name: str, address: Address) -> bytes:
    """Return address and mask; raises `CodecError` if they would be read back as another address."""
    first: IpAddress = V4_NONE
    mask: IpAddress = V4_NONE if address.kind == AddressKind.ANY else V4_ALL_ONES
    if address.kind in (AddressKind.SINGLE, AddressKind.SUBNET):
        first, mask = address.first or first, address.second or mask
    data = pack_ipv4(name, first) + pack_ipv4(name, mask)
    # DNS, WINS, DHCP and gateway are named by one byte of the filter, and their address is stored as Me.
    special = address.kind in _SPECIAL_NUMBERS
    read = Address(address.kind) if special else _legacy_address(Reader(data), name, address.name)
    if read != address:
        raise CodecError(name, "an address that version 1 can say", f"{address}")
    return data


def _port(name: str, ports: Ports) -> bytes:
    if ports.is_range:
        raise CodecError(name, "one port or any", f"{ports}")
    return pack_number(name, ports.first, 2)


def _with_special(filter_: Filter, special: int) -> Filter:
    """Return a filter with the server or gateway that Legacy-Special-Filter names, or with an unknown number kept."""
    kind = _SPECIAL.get(special & ~_SPECIAL_DESTINATION)
    if kind is None:
        return dataclasses.replace(filter_, special=special)
    if special & _SPECIAL_DESTINATION:
        return dataclasses.replace(filter_, destination=Address(kind))
    return dataclasses.replace(filter_, source=Address(kind))


def _special(filter_: Filter) -> int:
    source, destination = (_SPECIAL_NUMBERS.get(end.kind, 0) for end in (filter_.source, filter_.destination))
    if filter_.special or (source and destination):
        raise CodecError("Legacy-Special-Filter", "servers or gateway at one end at most", "more")
    return source or (destination and destination | _SPECIAL_DESTINATION)


def _v2_filter(reader: Reader) -> tuple[Filter, bool]:
    """Read a filter, and whether it replaces the version 1 subnets that express the same range."""
    source_name = reader.text("Source-DNS-Name2")
    destination_name = reader.text("Destination-DNS-Name2")
    description = reader.text("Filter-Description2")
    guid = reader.guid("Filter-Specification-ID2")
    mirrored = bool(reader.uint32("Mirror-Flags"))
    source = _v2_address(reader, "Source-Address-Data", source_name)
    destination = _v2_address(reader, "Destination-Address-Data", destination_name)
    source_port = _v2_ports(reader, "Source-Port-Data")
    destination_port = _v2_ports(reader, "Destination-Port-Data")
    protocol = known(Protocol, reader.uint32("Filter-Protocol"))
    flags = reader.uint32("Filter-Flags")
    filter_ = Filter(source, destination, protocol, source_port, destination_port, mirrored, description, guid)
    return filter_, bool(flags & _USE_V2_RANGE)


def _v2_address(reader: Reader, name: str, dns_name: str) -> Address:
    kind = known(AddressKind, reader.uint32(f"{name}, IPsec-Address-Type"))
    if not isinstance(kind, AddressKind):
        raise CodecError("IPsec-Address-Type", "a kind of address", f"{kind}", reader.offset - UINT32)
    version = known(IpVersion, reader.uint32(f"{name}, IPsec-Address-Version"))
    first = reader.take(f"{name}, IP-Address", 16)
    second = reader.take(f"{name}, IP-Address-Secondary", 16)
    if kind == AddressKind.SINGLE:
        return Address(kind, _ip(version, first, reader), None, dns_name, version)
    if kind == AddressKind.RANGE:
        return Address(kind, _ip(version, first, reader), _ip(version, second, reader), dns_name, version)
    if kind == AddressKind.SUBNET:
        return Address(kind, _ip(version, first, reader), _mask(version, second, reader), dns_name, version)
    return Address(kind, None, None, dns_name, version)


def _ip(version: int, data: bytes, reader: Reader) -> IpAddress:
    if version == IpVersion.V4:
        return ipaddress.IPv4Address(data[:4])
    if version == IpVersion.V6:
        return ipaddress.IPv6Address(data)
    raise CodecError("IPsec-Address-Version", "1 or 2", f"{version}", reader.offset - 36)


def _mask(version: int, data: bytes, reader: Reader) -> IpAddress:
    """Read a mask; that of an IPv6 subnet is stored as a prefix length."""
    if version != IpVersion.V6:
        return _ip(version, data, reader)
    if data[0] > ipaddress.IPV6LENGTH:
        raise CodecError("IP-Address-Secondary", "a prefix of at most 128 bits", f"{data[0]}", reader.offset - GUID)
    return ipaddress.IPv6Network((0, data[0])).netmask


def _v2_ports(reader: Reader, name: str) -> Ports:
    kind = reader.uint32(f"{name}, type")
    first = reader.uint16(f"{name}, port")
    last = reader.uint16(f"{name}, range end")
    match kind:
        case 0:
            return Ports.any()
        case 1:
            return Ports.one(first)
        case 2:
            return Ports.range(first, last)
    raise CodecError(f"{name}, type", "0, 1 or 2", f"{kind}", reader.offset - 8)
