# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The binary value ipsecData of the five classes of a policy store: bytes to structures and back.

Source: [MS-GPIPSEC] v20240423 section 2.2.1. Integers are little-endian, addresses in network order, GUIDs in the mixed
order of Windows, strings UTF-16LE with their length in bytes.

Reading is tolerant: reserved fields hold uninitialised memory in real stores and are skipped, bytes after the last
field are ignored, optional parts may be missing, numbers without a name survive. What can't be read raises
`CodecError`, and nothing else is ever raised. Writing is strict: the structures of version 1, which Windows 2000 and
everything newer read; what they can't say raises `CodecError`.
"""

from __future__ import annotations

import dataclasses
import enum
import ipaddress
import uuid
from collections.abc import Callable, Iterable
from typing import TypeVar

from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.model import (
    DEFAULT_MAIN_MODE_LIFETIME,
    Address,
    AddressKind,
    Algorithm,
    AuthenticationFlag,
    AuthenticationMethod,
    AuthenticationType,
    ConnectionType,
    DhGroup,
    Encryption,
    Filter,
    IkeEncryption,
    Integrity,
    IpAddress,
    IpVersion,
    MainMode,
    MainModeMethod,
    MainModeOption,
    Offer,
    Ports,
    Protocol,
    Rule,
    Transform,
    known,
)

POLICY_ID = uuid.UUID("22202163-4f4c-11d1-863b-00a0248d3021")
MAIN_MODE_ID = uuid.UUID("80dc20b8-2ec8-11d1-a89e-00a0248d3021")
RULE_ID = uuid.UUID("11bbac00-498d-11d1-8639-00a0248d3021")
FILTER_ACTION_ID = uuid.UUID("80dc20b9-2ec8-11d1-a89e-00a0248d3021")
FILTER_LIST_ID = uuid.UUID("80dc20b5-2ec8-11d1-a89e-00a0248d3021")
FILTER_LIST_V2_ID = uuid.UUID("35fecd3d-ae29-4373-8a6a-c5d8fab2fb08")
ALTERNATE_AUTHENTICATION_ID = uuid.UUID("01010101-0101-0101-0101-010101010101")
AUTHENTICATION_FLAGS_ID = uuid.UUID("01010101-0101-0101-0101-010101010102")
IPV6_TUNNEL_ID = uuid.UUID("01010101-0101-0101-0101-010101010103")

_HEADER = 20
_GUID = 16
_UINT32 = 4
_MAX_UINT32 = 0xFFFFFFFF
_NEW_DH_FIELDS = 4
_MAX_ALGORITHMS = 3
_ALGORITHM = 20
_OFFER = 80
_METHOD = 8
_MAIN_MODE_METHOD = 64
_FILTER = 64
_V2_FILTER = 136
_USE_V2_RANGE = 8

_NEW_DH = {
    1: (IkeEncryption.DES, Integrity.MD5),
    2: (IkeEncryption.DES, Integrity.SHA1),
    3: (IkeEncryption.TRIPLE_DES, Integrity.MD5),
    4: (IkeEncryption.TRIPLE_DES, Integrity.SHA1),
}
"""New-DH-n and Random-Function: a main mode method with group 14 in one byte."""
_NEW_DH_NUMBERS: dict[tuple[int, int], int] = {algorithms: number for number, algorithms in _NEW_DH.items()}

_SPECIAL = {1: AddressKind.DNS, 2: AddressKind.WINS, 3: AddressKind.DHCP, 4: AddressKind.GATEWAY}
_SPECIAL_NUMBERS = {kind: number for number, kind in _SPECIAL.items()}
_SPECIAL_DESTINATION = 0x80

_V4_NONE = ipaddress.IPv4Address(0)
_V4_ALL_ONES = ipaddress.IPv4Address(_MAX_UINT32)
_T = TypeVar("_T")


class CodecError(ValueError):
    """A value can't be read, or can't be written in the structures of version 1.

    `offset` is where in the value it was found; None while writing.
    """

    def __init__(self, field: str, expected: str, found: str, offset: int | None = None) -> None:
        self.field = field
        self.expected = expected
        self.found = found
        self.offset = offset
        where = "" if offset is None else f" at offset {offset}"
        super().__init__(f"{field}{where}: expected {expected}, found {found}")


class UnknownFormatError(CodecError):
    """A value is another structure than the one to be read; `identity` says which one."""

    def __init__(self, expected: object, identity: uuid.UUID) -> None:
        self.identity = identity
        super().__init__("identity", f"{expected}", f"{identity}", 0)


@dataclasses.dataclass(frozen=True, slots=True)
class PolicyData:
    """What an ipsecPolicy holds beside its references: the polling interval in seconds (0: the default)."""

    polling_interval: int


@dataclasses.dataclass(frozen=True, slots=True)
class RuleData:
    """What an ipsecNFA holds beside its references; the fields are those of `model.Rule`."""

    authentication: tuple[AuthenticationMethod, ...]
    connection_type: ConnectionType | int = ConnectionType.ALL
    active: bool = True
    tunnel_address: IpAddress | None = None
    alternate_authentication: tuple[AuthenticationMethod, ...] | None = None
    authentication_flags: tuple[AuthenticationFlag | int, ...] = ()
    interface_name: str = ""
    tunnel_name: str = ""


@dataclasses.dataclass(frozen=True, slots=True)
class Field:
    """Where a field stands in a value: what `explain` returns."""

    name: str
    offset: int
    data: bytes = dataclasses.field(repr=False)


class Reader:
    """Takes fields from bytes one after the other."""

    def __init__(self, data: bytes, offset: int = 0) -> None:
        self.data = data
        self.offset = offset

    @property
    def left(self) -> int:
        """The number of bytes that were not taken yet."""
        return len(self.data) - self.offset

    def take(self, name: str, length: int) -> bytes:
        """Take a number of bytes; CodecError where there are fewer."""
        start, end = self.offset, self.offset + length
        if end > len(self.data):
            raise CodecError(name, f"{length} bytes", f"{self.left}", start)
        self.offset = end
        return self.data[start:end]

    def uint8(self, name: str) -> int:
        return self.take(name, 1)[0]

    def uint16(self, name: str) -> int:
        return int.from_bytes(self.take(name, 2), "little")

    def uint32(self, name: str) -> int:
        return int.from_bytes(self.take(name, _UINT32), "little")

    def uint64(self, name: str) -> int:
        return int.from_bytes(self.take(name, 8), "little")

    def guid(self, name: str) -> uuid.UUID:
        return uuid.UUID(bytes_le=self.take(name, _GUID))

    def ipv4(self, name: str) -> ipaddress.IPv4Address:
        return ipaddress.IPv4Address(self.take(name, 4))

    def text(self, name: str) -> str:
        """Take a length and a string; what stands after a NUL is no part of the string."""
        data = self.take(name, self.uint32(f"{name}, length"))
        return data.decode("utf-16-le", errors="replace").partition("\0")[0]

    def items(self, name: str, count: int, size: int, read: Callable[[Reader], _T]) -> tuple[_T, ...]:
        """Take a number of items of at least `size` bytes; CodecError at once where so many can't follow."""
        if count * size > self.left:
            raise CodecError(name, f"at most {self.left // size}", f"{count}", self.offset)
        return tuple(read(self) for _number in range(count))

    def stands_at(self, *offsets: int, identity: uuid.UUID) -> bool:
        """Go to the first of the offsets where a GUID stands; where there is none, stay and return False."""
        for offset in offsets:
            if self.data[offset : offset + _GUID] == identity.bytes_le:
                self.offset = offset
                return True
        return False

    def start(self, identity: uuid.UUID) -> int:
        """Take the identity of a structure and the length of its data; CodecError for another identity."""
        found = self.guid("identity")
        if found != identity:
            raise UnknownFormatError(identity, found)
        return self.uint32("Data-Length")


class _ExplainingReader(Reader):
    """Remembers where each field stood."""

    def __init__(self, data: bytes) -> None:
        super().__init__(data)
        self.fields: list[Field] = []

    def take(self, name: str, length: int) -> bytes:
        data = super().take(name, length)
        self.fields.append(Field(name, self.offset - length, data))
        return data


def decode_policy(data: bytes) -> PolicyData:
    """Read the data of an ipsecPolicy ([MS-GPIPSEC] 2.2.1.1.1)."""
    return _policy(Reader(data))


def decode_main_mode(data: bytes) -> MainMode:
    """Read the data of an ipsecISAKMPPolicy ([MS-GPIPSEC] 2.2.1.2.1); New-DH-n become the first methods."""
    return _main_mode(Reader(data))


def decode_rule(data: bytes) -> RuleData:
    """Read the data of an ipsecNFA ([MS-GPIPSEC] 2.2.1.3.1), or what a host answers instead: secrets masked."""
    return _rule(Reader(data))


def decode_filter_action(data: bytes) -> tuple[Offer, ...]:
    """Read the data of an ipsecNegotiationPolicy ([MS-GPIPSEC] 2.2.1.4.1)."""
    return _filter_action(Reader(data))


def decode_filter_list(data: bytes) -> tuple[Filter, ...]:
    """Read the data of an ipsecFilter ([MS-GPIPSEC] 2.2.1.5.1), version 1 and version 2.

    A version 2 range that says so replaces the version 1 subnets that it covers.
    """
    return _filter_list(Reader(data))


def explain(data: bytes) -> tuple[Field, ...]:
    """Read any of the five structures and return its fields with their places; CodecError as the decoders."""
    identity = Reader(data).guid("identity")
    read = _READERS.get(identity)
    if read is None:
        raise UnknownFormatError("a known structure", identity)
    reader = _ExplainingReader(data)
    read(reader)
    if reader.left:
        reader.take("unused", reader.left)
    return tuple(reader.fields)


def _policy(reader: Reader) -> PolicyData:
    reader.start(POLICY_ID)
    return PolicyData(reader.uint32("Polling-Interval"))


def _main_mode(reader: Reader) -> MainMode:
    reader.start(MAIN_MODE_ID)
    reader.guid("ISAKMP-Policy-Instance")
    reader.take("Zero1", 4)
    master_pfs = bool(reader.uint32("Master-PFS-Required"))
    options = reader.uint32("ISAKMP-Options")
    new_dh = reader.take("New-DH-1 to New-DH-4", _NEW_DH_FIELDS)
    limit = reader.uint32("QM-Limit")
    lifetime = reader.uint32("MM-Lifetime")
    reader.take("Zero2", 20)
    count = reader.uint32("Security-Method-Count")
    methods = reader.items("Security-Method-Count", count, _MAIN_MODE_METHOD, _main_mode_method)
    normal = tuple(_without_repetition(method, lifetime, limit) for method in methods)
    return MainMode((*_new_dh_methods(new_dh), *normal), lifetime, limit, master_pfs, MainModeOption(options))


def _new_dh_methods(numbers: bytes) -> Iterable[MainModeMethod]:
    """Expand New-DH-n up to the first that is none: older Windows leaves any bytes there."""
    for number in numbers:
        if number not in _NEW_DH:
            return
        yield MainModeMethod(*_NEW_DH[number], DhGroup.GROUP_14)


def _main_mode_method(reader: Reader) -> MainModeMethod:
    reader.take("Major-Version, Minor-Version, Zero3", 4)
    encryption = reader.uint64("Encryption-Algorithm-ID") & _MAX_UINT32
    reader.take("Zero4", 4)
    integrity = reader.uint64("Hash-Algorithm-ID") & _MAX_UINT32
    reader.take("Zero5, Zero6", 12)
    function = reader.uint8("Random-Function")
    reader.take("Zero7", 7)
    group = reader.uint32("Oakley-Group")
    limit = reader.uint32("QM-Limit")
    kilobytes = reader.uint32("Oakley-Lifetime-KB")
    seconds = reader.uint32("Oakley-Lifetime-Secs")
    reader.take("PFS-Identity-Required", 4)
    if function in _NEW_DH:
        return MainModeMethod(*_NEW_DH[function], DhGroup.GROUP_14)
    algorithms = known(IkeEncryption, encryption), known(Integrity, integrity), known(DhGroup, group)
    return MainModeMethod(*algorithms, seconds or None, limit, kilobytes)


def _without_repetition(method: MainModeMethod, lifetime: int, limit: int) -> MainModeMethod:
    """Drop from a method what the main mode says already."""
    seconds = None if method.lifetime_seconds == (lifetime or DEFAULT_MAIN_MODE_LIFETIME) else method.lifetime_seconds
    limit_ = None if method.quick_mode_limit == limit else method.quick_mode_limit
    return dataclasses.replace(method, lifetime_seconds=seconds, quick_mode_limit=limit_)


def _rule(reader: Reader) -> RuleData:
    length = reader.start(RULE_ID)
    authentication = _methods(reader, "Auth-Method")
    connection_type = known(ConnectionType, reader.uint32("Interface-Type"))
    interface_name = reader.text("Interface-Name")
    tunnel_address = reader.ipv4("Tunnel-Address")
    is_tunnel = bool(reader.uint32("Is-Tunnel-Specifier"))
    active = bool(reader.uint32("Is-Active-Specifier"))
    tunnel_name = reader.text("Tunnel-End-Point-Name")
    alternate = _alternate(reader, length)
    flags = _flags(reader, length, len(authentication if alternate is None else alternate))
    ipv6 = _ipv6_tunnel(reader, length)
    tunnel = (ipv6 or tunnel_address) if is_tunnel else None
    return RuleData(authentication, connection_type, active, tunnel, alternate, flags, interface_name, tunnel_name)


def _methods(reader: Reader, name: str) -> tuple[AuthenticationMethod, ...]:
    return reader.items(f"{name}-Count", reader.uint32(f"{name}-Count"), _METHOD, _method)


def _method(reader: Reader) -> AuthenticationMethod:
    kind = known(AuthenticationType, reader.uint32("Auth-Type"))
    return AuthenticationMethod(kind, reader.take("Auth-Method-Data", reader.uint32("Auth-Length")))


def _at_section(reader: Reader, length: int, identity: uuid.UUID) -> bool:
    """Go to a trailing section where there is one.

    It stands behind the last field, or behind the one unused byte that follows it, wherever Data-Length ends.
    """
    end = _HEADER + length
    return reader.stands_at(reader.offset, reader.offset + 1, end, end + 1, identity=identity)


def _alternate(reader: Reader, length: int) -> tuple[AuthenticationMethod, ...] | None:
    if not _at_section(reader, length, ALTERNATE_AUTHENTICATION_ID):
        return None
    reader.guid("Alt-Auth-Method-Id1")
    return _methods(reader, "Alt-Auth-Num-Methods")


def _flags(reader: Reader, length: int, count: int) -> tuple[AuthenticationFlag, ...]:
    if not _at_section(reader, length, AUTHENTICATION_FLAGS_ID):
        return ()
    reader.guid("Alt-Auth-Method-Id2")
    reader.take("Zero1", 4)
    return reader.items("Alt-Auth-Method-Flags", count, 4, _flag)


def _flag(reader: Reader) -> AuthenticationFlag:
    return AuthenticationFlag(reader.uint32("Alt-Auth-Method-Flags"))


def _ipv6_tunnel(reader: Reader, length: int) -> ipaddress.IPv6Address | None:
    """Take the IPv6 endpoint, which supersedes the other one; None where it is missing or not set."""
    if not _at_section(reader, length, IPV6_TUNNEL_ID):
        return None
    reader.guid("IPv6-Tunnel-Mode-ID")
    address = ipaddress.IPv6Address(reader.take("IPv6-Tunnel-Mode-Address", 16))
    return None if address.is_unspecified else address


def _filter_action(reader: Reader) -> tuple[Offer, ...]:
    reader.start(FILTER_ACTION_ID)
    return reader.items("Security-Offer-Count", reader.uint32("Security-Offer-Count"), _OFFER, _offer)


def _offer(reader: Reader) -> Offer:
    seconds = reader.uint32("Lifetime-Seconds")
    kilobytes = reader.uint32("Lifetime-KBytes")
    reader.take("Negotiation-Options", 4)
    # The specification's table says the opposite, but what Windows ships without PFS holds 0.
    pfs = bool(reader.uint32("PFS-QM-Required"))
    count = reader.uint32("Algorithm-Offer-Count")
    if count > _MAX_ALGORITHMS:
        raise CodecError("Algorithm-Offer-Count", f"at most {_MAX_ALGORITHMS}", f"{count}", reader.offset - _UINT32)
    algorithms = reader.items("Algorithm-Offer-Count", count, _ALGORITHM, _algorithm)
    reader.take("Algorithm-Offer-Data, unused", (_MAX_ALGORITHMS - count) * _ALGORITHM)
    return Offer(algorithms, seconds, kilobytes, pfs)


def _algorithm(reader: Reader) -> Algorithm:
    algorithm = reader.uint32("Algorithm-Identifier")
    integrity = reader.uint32("ESP-Integrity-Identifier")
    transform = known(Transform, reader.uint32("Offer-Type"))
    reader.take("Zero1", 8)
    if transform == Transform.AH:
        return Algorithm(transform, Encryption.NONE, known(Integrity, algorithm))
    if transform == Transform.ESP:
        return Algorithm(transform, known(Encryption, algorithm), known(Integrity, integrity))
    return Algorithm(transform, algorithm, integrity)


def _filter_list(reader: Reader) -> tuple[Filter, ...]:
    length = reader.start(FILTER_LIST_ID)
    count = reader.uint32("Number-Of-Filters1")
    start = reader.offset
    legacy = _legacy_filters(reader, count)
    if not _at_section(reader, length, FILTER_LIST_V2_ID):
        return legacy
    end = reader.offset
    reader.guid("Filter-Policy-ID2")
    reader.uint32("Data-Length2")
    override = reader.uint32("Number-Of-Filters11")
    newer = reader.items("Number-Of-Filters2", reader.uint32("Number-Of-Filters2"), _V2_FILTER, _v2_filter)
    if override not in (0, count):
        legacy = _legacy_filters(Reader(reader.data[:end], start), override)
    ranges = [filter_ for filter_, replaces in newer if replaces]
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
    source_port = Ports.one(reader.uint16("Legacy-Source-Port"))
    destination_port = Ports.one(reader.uint16("Legacy-Destination-Port"))
    tunnel = tunnel_address if reader.uint8("Legacy-Is-Tunnel") else None
    special = reader.uint8("Legacy-Special-Filter")
    reader.take("Legacy-Filter-Options", 2)
    filter_ = Filter(source, destination, protocol, source_port, destination_port, mirrored, description, guid, tunnel)
    return _with_special(filter_, special)


def _legacy_address(reader: Reader, name: str, dns_name: str) -> Address:
    address = reader.ipv4(f"{name}-Address")
    mask = reader.ipv4(f"{name}-Mask")
    if mask == _V4_ALL_ONES:
        if address == _V4_NONE and not dns_name:
            return Address.me()
        return Address(AddressKind.SINGLE, address, None, dns_name)
    if address == mask == _V4_NONE and not dns_name:
        return Address.any()
    return Address(AddressKind.SUBNET, address, mask, dns_name)


def _with_special(filter_: Filter, special: int) -> Filter:
    """Put in the servers or the gateway that Legacy-Special-Filter names; keep a number that names none."""
    kind = _SPECIAL.get(special & ~_SPECIAL_DESTINATION)
    if kind is None:
        return dataclasses.replace(filter_, special=special)
    if special & _SPECIAL_DESTINATION:
        return dataclasses.replace(filter_, destination=Address(kind))
    return dataclasses.replace(filter_, source=Address(kind))


def _v2_filter(reader: Reader) -> tuple[Filter, bool]:
    """Take a filter, and whether it replaces the version 1 subnets that express the same range."""
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
        raise CodecError("IPsec-Address-Type", "a kind of address", f"{kind}", reader.offset - _UINT32)
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
    """Return a mask; that of an IPv6 subnet is stored as the length of its prefix."""
    if version != IpVersion.V6:
        return _ip(version, data, reader)
    if data[0] > ipaddress.IPV6LENGTH:
        raise CodecError("IP-Address-Secondary", "a prefix of at most 128 bits", f"{data[0]}", reader.offset - _GUID)
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


_READERS: dict[uuid.UUID, Callable[[Reader], object]] = {
    POLICY_ID: _policy,
    MAIN_MODE_ID: _main_mode,
    RULE_ID: _rule,
    FILTER_ACTION_ID: _filter_action,
    FILTER_LIST_ID: _filter_list,
}


def encode_policy(policy: PolicyData) -> bytes:
    """Return the data of an ipsecPolicy."""
    return _structure(POLICY_ID, _uint32("Polling-Interval", policy.polling_interval))


def encode_main_mode(main_mode: MainMode, instance: uuid.UUID) -> bytes:
    """Return the data of an ipsecISAKMPPolicy; `instance` is the object's own GUID.

    Methods with group 14 that stand first become New-DH-n where others follow: Windows 2000 and XP, which don't know
    the group, don't read those bytes and use the others. Anywhere else they stand in the list, in their place.
    """
    new_dh = _split_new_dh(main_mode.methods)
    methods = [_encode_main_mode_method(method, main_mode) for method in main_mode.methods[len(new_dh) :]]
    return _structure(
        MAIN_MODE_ID,
        instance.bytes_le,
        bytes(4),
        _uint32("Master-PFS-Required", main_mode.master_pfs),
        _uint32("ISAKMP-Options", main_mode.options),
        new_dh.ljust(_NEW_DH_FIELDS, b"\0"),
        _uint32("QM-Limit", main_mode.quick_mode_limit),
        _uint32("MM-Lifetime", main_mode.lifetime_seconds),
        bytes(20),
        _uint32("Security-Method-Count", len(methods)),
        *methods,
    )


def encode_rule(rule: RuleData | Rule) -> bytes:
    """Return the data of an ipsecNFA. Alternate methods, flags and IPv6 endpoints have no place in version 1."""
    if rule.alternate_authentication is not None or any(rule.authentication_flags):
        raise CodecError("Alt-Auth-Method-Id1", "no alternate methods and no flags", "some")
    tunnel = _V4_NONE if rule.tunnel_address is None else rule.tunnel_address
    return _structure(
        RULE_ID,
        _uint32("Auth-Method-Count", len(rule.authentication)),
        *(_encode_method(method) for method in rule.authentication),
        _uint32("Interface-Type", rule.connection_type),
        _text("Interface-Name", rule.interface_name),
        _ipv4("Tunnel-Address", tunnel),
        _uint32("Is-Tunnel-Specifier", rule.tunnel_address is not None),
        _uint32("Is-Active-Specifier", rule.active),
        _text("Tunnel-End-Point-Name", rule.tunnel_name),
    )


def encode_filter_action(offers: Iterable[Offer]) -> bytes:
    """Return the data of an ipsecNegotiationPolicy."""
    encoded = [_encode_offer(offer) for offer in offers]
    return _structure(FILTER_ACTION_ID, _uint32("Security-Offer-Count", len(encoded)), *encoded)


def encode_filter_list(filters: Iterable[Filter]) -> bytes:
    """Return the data of an ipsecFilter. Ranges and IPv6 have no place in version 1."""
    encoded = [_encode_filter(filter_) for filter_ in filters]
    return _structure(FILTER_LIST_ID, _uint32("Number-Of-Filters1", len(encoded)), *encoded)


def _structure(identity: uuid.UUID, *parts: bytes) -> bytes:
    """Put the identity and Data-Length in front, and behind the unused byte that Data-Length doesn't count."""
    body = b"".join(parts)
    return identity.bytes_le + _uint32("Data-Length", len(body)) + body + b"\0"


def _number(name: str, value: int, size: int) -> bytes:
    try:
        return int(value).to_bytes(size, "little")
    except OverflowError:
        raise CodecError(name, f"a number of {size} bytes", f"{value}") from None


def _uint32(name: str, value: int) -> bytes:
    return _number(name, value, _UINT32)


def _named(name: str, kind: type[enum.IntEnum], value: int) -> bytes:
    """Return a number that must have a name."""
    if not isinstance(known(kind, value), kind):
        raise CodecError(name, f"one of {', '.join(str(member.value) for member in kind)}", f"{value}")
    return _uint32(name, value)


def _text(name: str, text: str) -> bytes:
    if "\0" in text:
        raise CodecError(name, "a text without NUL", "one with NUL")
    try:
        data = (text + "\0").encode("utf-16-le")
    except UnicodeEncodeError:
        raise CodecError(name, "a text of whole characters", "half of a surrogate pair") from None
    return _uint32(f"{name}, length", len(data)) + data


def _ipv4(name: str, address: IpAddress) -> bytes:
    if not isinstance(address, ipaddress.IPv4Address):
        raise CodecError(name, "an IPv4 address", f"{address}")
    return address.packed


def _split_new_dh(methods: tuple[MainModeMethod, ...]) -> bytes:
    """Return New-DH-n for the methods that stand first, as long as one that Windows 2000 knows is left behind them."""
    numbers = bytearray()
    for method in methods[:_NEW_DH_FIELDS]:
        number = _NEW_DH_NUMBERS.get((method.encryption, method.integrity))
        if number is None or method != MainModeMethod(*_NEW_DH[number], DhGroup.GROUP_14):
            break
        numbers.append(number)
    return bytes(numbers) if any(method.group != DhGroup.GROUP_14 for method in methods) else b""


def _encode_main_mode_method(method: MainModeMethod, main_mode: MainMode) -> bytes:
    limit = main_mode.quick_mode_limit if method.quick_mode_limit is None else method.quick_mode_limit
    seconds = method.lifetime_seconds or main_mode.lifetime_seconds or DEFAULT_MAIN_MODE_LIFETIME
    return b"".join(
        [
            bytes(4),
            _named("Encryption-Algorithm-ID", IkeEncryption, method.encryption) + bytes(8),
            _named("Hash-Algorithm-ID", Integrity, method.integrity) + bytes(16),
            bytes(8),
            _named("Oakley-Group", DhGroup, method.group),
            _uint32("QM-Limit", limit),
            _uint32("Oakley-Lifetime-KB", method.lifetime_kilobytes),
            _uint32("Oakley-Lifetime-Secs", seconds),
            _uint32("PFS-Identity-Required", main_mode.master_pfs),
        ],
    )


def _encode_method(method: AuthenticationMethod) -> bytes:
    length = _uint32("Auth-Length", len(method.data))
    return _named("Auth-Type", AuthenticationType, method.type) + length + method.data


def _encode_offer(offer: Offer) -> bytes:
    if len(offer.algorithms) > _MAX_ALGORITHMS:
        raise CodecError("Algorithm-Offer-Count", f"at most {_MAX_ALGORITHMS}", f"{len(offer.algorithms)}")
    algorithms = b"".join(_encode_algorithm(algorithm) for algorithm in offer.algorithms)
    return b"".join(
        [
            _uint32("Lifetime-Seconds", offer.lifetime_seconds),
            _uint32("Lifetime-KBytes", offer.lifetime_kilobytes),
            bytes(4),
            _uint32("PFS-QM-Required", offer.pfs),
            _uint32("Algorithm-Offer-Count", len(offer.algorithms)),
            algorithms.ljust(_MAX_ALGORITHMS * _ALGORITHM, b"\0"),
        ],
    )


def _encode_algorithm(algorithm: Algorithm) -> bytes:
    kind = _named("Offer-Type", Transform, algorithm.transform) + bytes(8)
    integrity = _named("ESP-Integrity-Identifier", Integrity, algorithm.integrity)
    encryption = _named("Algorithm-Identifier", Encryption, algorithm.encryption)
    if algorithm.transform == Transform.ESP:
        return encryption + integrity + kind
    if algorithm.encryption != Encryption.NONE or algorithm.integrity == Integrity.NONE:
        raise CodecError("Algorithm-Identifier", "AH with integrity and without encryption", "another AH")
    return integrity + bytes(4) + kind


def _encode_filter(filter_: Filter) -> bytes:
    tunnel = _V4_NONE if filter_.tunnel_address is None else filter_.tunnel_address
    return b"".join(
        [
            _text("Source-DNS-Name1", filter_.source.name),
            _text("Destination-DNS-Name1", filter_.destination.name),
            _text("Filter-Description1", filter_.description),
            (filter_.guid or uuid.UUID(int=0)).bytes_le,
            _uint32("Legacy-Mirror-Options", filter_.mirrored),
            _encode_address("Legacy-Source-Address", filter_.source),
            _encode_address("Legacy-Destination-Address", filter_.destination),
            _ipv4("Legacy-Tunnel-Address", tunnel),
            _uint32("Legacy-Protocol", filter_.protocol),
            _port("Legacy-Source-Port", filter_.source_port),
            _port("Legacy-Destination-Port", filter_.destination_port),
            _number("Legacy-Is-Tunnel", filter_.tunnel_address is not None, 1),
            _number("Legacy-Special-Filter", _special(filter_), 1),
            bytes(2),
        ],
    )


def _port(name: str, ports: Ports) -> bytes:
    if ports.is_range:
        raise CodecError(name, "one port or any", f"{ports}")
    return _number(name, ports.first, 2)


def _encode_address(name: str, address: Address) -> bytes:
    """Return address and mask; CodecError where reading them would give another address."""
    first: IpAddress = _V4_NONE
    mask: IpAddress = _V4_NONE if address.kind == AddressKind.ANY else _V4_ALL_ONES
    if address.kind in (AddressKind.SINGLE, AddressKind.SUBNET):
        first, mask = address.first or first, address.second or mask
    data = _ipv4(name, first) + _ipv4(name, mask)
    special = address.kind in _SPECIAL_NUMBERS
    read = Address(address.kind) if special else _legacy_address(Reader(data), name, address.name)
    if read != address:
        raise CodecError(name, "an address that version 1 can say", f"{address}")
    return data


def _special(filter_: Filter) -> int:
    source, destination = (_SPECIAL_NUMBERS.get(end.kind, 0) for end in (filter_.source, filter_.destination))
    if filter_.special or (source and destination):
        raise CodecError("Legacy-Special-Filter", "servers or gateway at one end at most", "more")
    return source or (destination and destination | _SPECIAL_DESTINATION)
