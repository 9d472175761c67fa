# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An IPsec policy of Windows as immutable data, and what two policies must share to mean the same.

The words are those of the Windows console. The numbers are those of [MS-GPIPSEC] section 2.2.1; a number that this
module has no name for stays a plain integer, so that nothing that a store holds gets lost on the way.
"""

from __future__ import annotations

import collections
import dataclasses
import enum
import hashlib
import hmac
import ipaddress
import uuid
from collections.abc import Hashable, Iterable
from typing import TypeVar

IpAddress = ipaddress.IPv4Address | ipaddress.IPv6Address

DEFAULT_POLLING_INTERVAL = 10_800
"""Seconds that a polling interval of 0 stands for ([MS-GPIPSEC] 2.2.1.1)."""
DEFAULT_MAIN_MODE_LIFETIME = 28_800
"""Seconds that a main mode lifetime of 0 stands for ([MS-GPIPSEC] 2.2.1.2)."""
DEFAULT_LIFETIME_SECONDS = 3_600
"""Seconds that a quick mode lifetime of 0 stands for (KB 2790970: one hour)."""
DEFAULT_LIFETIME_KILOBYTES = 100_000
"""Kilobytes that a quick mode lifetime of 0 stands for (KB 2790970: 100 MB)."""

_E = TypeVar("_E", bound=enum.IntEnum)
_S = TypeVar("_S", bound=enum.StrEnum)


def known(kind: type[_E], number: int) -> _E | int:
    """Return the member of an enumeration that a number stands for, or the number where it has no name."""
    try:
        return kind(number)
    except ValueError:
        return number


def known_text(kind: type[_S], text: str) -> _S | str:
    """Return the member of an enumeration that a text stands for (without regard to case), or the text."""
    folded = text.strip().upper()
    return next((member for member in kind if member.value == folded), text)


class ObjectClass(enum.StrEnum):
    """The classes of objects in a policy store, as their keys are named."""

    POLICY = "ipsecPolicy"
    MAIN_MODE = "ipsecISAKMPPolicy"
    RULE = "ipsecNFA"
    FILTER_ACTION = "ipsecNegotiationPolicy"
    FILTER_LIST = "ipsecFilter"


class AuthenticationType(enum.IntEnum):
    """How the two ends prove who they are ([MS-GPIPSEC] 2.2.1.3.1, Auth-Type)."""

    PRESHARED_KEY = 1
    CERTIFICATE = 3
    KERBEROS = 5


class AuthenticationFlag(enum.IntFlag):
    """What a rule adds to a certificate method ([MS-GPIPSEC] 2.2.1.3.1, Alt-Auth-Method-Flags)."""

    MAP_TO_ACCOUNT = 1
    EXCLUDE_CA_NAME = 2


class ConnectionType(enum.IntEnum):
    """The network connections a rule applies to ([MS-GPIPSEC] 2.2.1.3.1, Interface-Type)."""

    ALL = 0xFFFFFFFD
    LAN = 0xFFFFFFFE
    DIALUP = 0xFFFFFFFF


class Transform(enum.IntEnum):
    """The IPsec protocol of an algorithm ([MS-GPIPSEC] 2.2.1.4.1, Offer-Type)."""

    AH = 1
    ESP = 2


class Encryption(enum.IntEnum):
    """Encryption by ESP ([MS-GPIPSEC] 2.2.1.4.1, Algorithm-Identifier)."""

    NONE = 1
    DES = 2
    TRIPLE_DES = 3


class Integrity(enum.IntEnum):
    """Integrity of AH, ESP and main mode; the three share their numbers ([MS-GPIPSEC] 2.2.1.2.1 and 2.2.1.4.1)."""

    NONE = 0
    MD5 = 1
    SHA1 = 2


class IkeEncryption(enum.IntEnum):
    """Encryption of main mode ([MS-GPIPSEC] 2.2.1.2.1, Encryption-Algorithm-ID). 2 stands for 3DES as well."""

    NONE = 0
    DES = 1
    TRIPLE_DES = 3

    @classmethod
    def _missing_(cls, value: object) -> IkeEncryption | None:
        return cls.TRIPLE_DES if value == 2 else None  # noqa: PLR2004 (the other number of 3DES)


class DhGroup(enum.IntEnum):
    """The Diffie-Hellman group of main mode ([MS-GPIPSEC] 2.2.1.2.1, Oakley-Group): 768, 1024 and 2048 bits."""

    GROUP_1 = 1
    GROUP_2 = 2
    GROUP_14 = 0x10000001


class MainModeOption(enum.IntFlag):
    """What a policy adds to all its certificate methods ([MS-GPIPSEC] 2.2.1.2.1, ISAKMP-Options)."""

    MAP_TO_ACCOUNT = 1
    OMIT_CERTIFICATE_REQUEST = 2


class Action(enum.StrEnum):
    """What a filter action does ([MS-GPIPSEC] 2.2.1.4.1, ipsecNegotiationPolicyAction)."""

    BLOCK = "{3F91A819-7647-11D1-864D-D46A00000000}"
    PERMIT = "{8A171DD2-77E3-11D1-8659-A04F00000000}"
    NEGOTIATE = "{8A171DD3-77E3-11D1-8659-A04F00000000}"
    NEGOTIATE_ACCEPTING_UNSECURED = "{3F91A81A-7647-11D1-864D-D46A00000000}"


class FilterActionType(enum.StrEnum):
    """What a filter action is for ([MS-GPIPSEC] 2.2.1.4.1, ipsecNegotiationPolicyType)."""

    STANDARD = "{62F49E10-6C37-11D1-864C-14A300000000}"
    DEFAULT_RESPONSE = "{62F49E13-6C37-11D1-864C-14A300000000}"


class AddressKind(enum.IntEnum):
    """What one end of a filter names ([MS-GPIPSEC] 2.2.1.5.1, IPsec-Address-Type).

    DNS, WINS, DHCP and GATEWAY are the servers and the gateway that the computer itself is configured to use.
    """

    ANY = 0
    SINGLE = 1
    RANGE = 2
    SUBNET = 4
    ME = 8
    DNS = 0x10
    WINS = 0x20
    DHCP = 0x40
    GATEWAY = 0x80


class IpVersion(enum.IntEnum):
    """The versions of IP an address stands for ([MS-GPIPSEC] 2.2.1.5.1, IPsec-Address-Version)."""

    V4 = 1
    V6 = 2
    BOTH = 3


class Protocol(enum.IntEnum):
    """The protocols that the Windows console names; a filter may hold any number."""

    ANY = 0
    ICMP = 1
    TCP = 6
    UDP = 17
    RAW = 255


@dataclasses.dataclass(frozen=True, slots=True)
class AuthenticationMethod:
    """One way to authenticate, as a rule holds it.

    `data` is what the store holds: a preshared key as UTF-16LE with its NUL, the name of a certificate authority
    likewise, two zero bytes for Kerberos. A method that was read from a host is already masked (see `masked`).
    """

    type: AuthenticationType | int
    data: bytes = dataclasses.field(repr=False)

    @classmethod
    def preshared_key(cls, text: str) -> AuthenticationMethod:
        return cls(AuthenticationType.PRESHARED_KEY, _terminated(text))

    @classmethod
    def certificate(cls, certificate_authority: str) -> AuthenticationMethod:
        return cls(AuthenticationType.CERTIFICATE, _terminated(certificate_authority))

    @classmethod
    def kerberos(cls) -> AuthenticationMethod:
        return cls(AuthenticationType.KERBEROS, bytes(2))

    @property
    def certificate_authority(self) -> str:
        """The distinguished name of the authority; the empty string for any other type."""
        if self.type != AuthenticationType.CERTIFICATE:
            return ""
        return self.data.decode("utf-16-le", errors="replace").partition("\0")[0]

    @property
    def is_secret(self) -> bool:
        """Whether `data` must not be shown: a preshared key, and whatever is of an unknown type."""
        return self.type not in (AuthenticationType.CERTIFICATE, AuthenticationType.KERBEROS)

    def masked(self, nonce: bytes) -> AuthenticationMethod:
        """Return what the host answers instead of this method: secret data becomes HMAC-SHA256(nonce, data)."""
        if not self.is_secret:
            return self
        return dataclasses.replace(self, data=hmac.new(nonce, self.data, hashlib.sha256).digest())


@dataclasses.dataclass(frozen=True, slots=True)
class Address:
    """One end of a filter.

    `first` is the address, the first address of a range or an address in a subnet; `second` the last address of a range
    or the mask of a subnet (of either version of IP). Both are None for the kinds that name no address. `name` is the
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
        """Return one address; ValueError where it isn't one."""
        first = ipaddress.ip_address(address)
        return cls(AddressKind.SINGLE, first, None, name, _version(first))

    @classmethod
    def range(cls, first: str, last: str) -> Address:
        """Return all addresses from the first to the last; ValueError where they aren't addresses of one version."""
        start, end = ipaddress.ip_address(first), ipaddress.ip_address(last)
        if start.version != end.version:
            raise ValueError(f"{first} and {last} are addresses of different versions of IP")
        return cls(AddressKind.RANGE, start, end, "", _version(start))

    @classmethod
    def subnet(cls, network: str) -> Address:
        """Return a subnet such as 192.0.2.0/24 or 192.0.2.0/255.255.255.0; ValueError where it isn't one.

        The subnet of all IPv4 addresses is `any`, and that of one address is `single`: a store can't tell them apart.
        """
        subnet = ipaddress.ip_network(network)
        if subnet.version == 4 and subnet.prefixlen in (0, 32):  # noqa: PLR2004 (IPv4; these two the store can't tell)
            return cls.single(str(subnet.network_address)) if subnet.prefixlen else cls.any()
        return cls(AddressKind.SUBNET, subnet.network_address, subnet.netmask, "", _version(subnet.network_address))

    @property
    def prefix_length(self) -> int | None:
        """The length of a subnet's prefix; None for other kinds and for a mask with holes."""
        if self.kind != AddressKind.SUBNET or self.second is None:
            return None
        bits = f"{int(self.second):0{self.second.max_prefixlen}b}"
        return None if "01" in bits else bits.count("1")

    @property
    def bounds(self) -> tuple[IpAddress, IpAddress] | None:
        """The first and the last address; None for kinds that name none and for a mask with holes."""
        if self.first is None:
            return None
        if self.kind == AddressKind.SUBNET:
            return None if self.prefix_length is None else _subnet_bounds(self.first, self.prefix_length)
        return self.first, self.second or self.first

    def covers(self, other: Address) -> bool:
        """Whether every address that the other one names is one of this."""
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
    """The ports of one end of a filter, from the first to the last; 0 to 0 stands for any."""

    first: int
    last: int

    @classmethod
    def any(cls) -> Ports:
        return cls(0, 0)

    @classmethod
    def one(cls, port: int) -> Ports:
        """Return one port; 0 stands for any, as in the store."""
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

    `tunnel_address` is a tunnel endpoint that the filter itself names (a rule names its own). `special` is a value of
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
        """Whether this filter matches all packets that another one with the same protocol and ports matches."""
        replaced = dataclasses.replace(other, source=self.source, destination=self.destination)
        return self == replaced and self.source.covers(other.source) and self.destination.covers(other.destination)


@dataclasses.dataclass(frozen=True, slots=True)
class FilterList:
    """A named list of filters; their order has no meaning."""

    name: str = dataclasses.field(compare=False)
    filters: tuple[Filter, ...]
    description: str = dataclasses.field(default="", compare=False)


@dataclasses.dataclass(frozen=True, slots=True)
class Algorithm:
    """One protocol with its algorithms. AH has no encryption; of an unknown protocol the two numbers are kept."""

    transform: Transform | int
    encryption: Encryption | int
    integrity: Integrity | int


@dataclasses.dataclass(frozen=True, slots=True)
class Offer:
    """A security method of a filter action: what quick mode proposes ([MS-GPIPSEC] 2.2.1.4.1).

    AH and ESP together are two algorithms of one offer. 0 stands for the default lifetime.
    """

    algorithms: tuple[Algorithm, ...]
    lifetime_seconds: int = 0
    lifetime_kilobytes: int = 0
    pfs: bool = False

    @property
    def falls_back_to_clear_text(self) -> bool:
        """Whether this is the empty offer: no protection with peers that don't speak IPsec (netsh: soft=yes)."""
        return not self.algorithms


@dataclasses.dataclass(frozen=True, slots=True)
class FilterAction:
    """What happens to the packets that match a rule's filters; offers stand in order of preference."""

    name: str = dataclasses.field(compare=False)
    action: Action | str
    offers: tuple[Offer, ...] = ()
    type: FilterActionType | str = FilterActionType.STANDARD
    description: str = dataclasses.field(default="", compare=False)

    @property
    def negotiates(self) -> bool:
        """Whether IKE is asked at all; otherwise offers and authentication methods have no meaning."""
        return self.action not in (Action.BLOCK, Action.PERMIT)

    @property
    def accepts_unsecured(self) -> bool:
        """Whether unsecured packets are let in and answered with IPsec (netsh: inpass=yes)."""
        return self.action == Action.NEGOTIATE_ACCEPTING_UNSECURED

    @property
    def falls_back_to_clear_text(self) -> bool:
        """Whether one of the offers is the empty one."""
        return self.negotiates and any(offer.falls_back_to_clear_text for offer in self.offers)


@dataclasses.dataclass(frozen=True, slots=True)
class MainModeMethod:
    """What main mode proposes. None stands for what the whole main mode says ([MS-GPIPSEC] 2.2.1.2.1)."""

    encryption: IkeEncryption | int
    integrity: Integrity | int
    group: DhGroup | int
    lifetime_seconds: int | None = None
    quick_mode_limit: int | None = None
    lifetime_kilobytes: int = 0


@dataclasses.dataclass(frozen=True, slots=True)
class MainMode:
    """The key exchange of a policy; methods stand in order of preference.

    `lifetime_seconds` 0 stands for the default, `quick_mode_limit` 0 for no limit.
    """

    methods: tuple[MainModeMethod, ...] = ()
    lifetime_seconds: int = 0
    quick_mode_limit: int = 0
    master_pfs: bool = False
    options: MainModeOption | int = 0


@dataclasses.dataclass(frozen=True, slots=True)
class Rule:
    """Filters, what to do with what they match, and how to authenticate (ordered by preference).

    Without a filter list it is the default response rule. `alternate_authentication` is the second list of methods
    that Windows Vista and later keep (None: there is none); `authentication_flags` holds one number for each method.
    """

    name: str
    filter_list: FilterList | None
    filter_action: FilterAction
    authentication: tuple[AuthenticationMethod, ...]
    connection_type: ConnectionType | int = ConnectionType.ALL
    active: bool = True
    tunnel_address: IpAddress | None = None
    alternate_authentication: tuple[AuthenticationMethod, ...] | None = None
    authentication_flags: tuple[AuthenticationFlag | int, ...] = ()
    description: str = ""
    interface_name: str = ""
    tunnel_name: str = ""

    @property
    def is_default_response(self) -> bool:
        """Whether this is the rule that answers requests for security which no other rule covers."""
        return self.filter_list is None and self.filter_action.type == FilterActionType.DEFAULT_RESPONSE

    @property
    def filters(self) -> tuple[Filter, ...]:
        """The filters of the list; none for the default response rule."""
        return self.filter_list.filters if self.filter_list else ()

    @property
    def holds_secret(self) -> bool:
        """Whether any of the methods, alternate ones included, must not be shown."""
        return any(method.is_secret for method in (*self.authentication, *(self.alternate_authentication or ())))

    def masked(self, nonce: bytes) -> Rule:
        """Return this rule as the host answers it: without secrets (see `AuthenticationMethod.masked`)."""
        alternate = self.alternate_authentication
        return dataclasses.replace(
            self,
            authentication=_masked(self.authentication, nonce),
            alternate_authentication=None if alternate is None else _masked(alternate, nonce),
        )


@dataclasses.dataclass(frozen=True, slots=True)
class Policy:
    """A whole policy; the order of its rules has no meaning. `polling_interval` is in seconds, 0 is the default."""

    name: str
    description: str = ""
    polling_interval: int = 0
    main_mode: MainMode = MainMode()
    rules: tuple[Rule, ...] = ()

    def masked(self, nonce: bytes) -> Policy:
        """Return this policy as the host answers it: without secrets (see `AuthenticationMethod.masked`)."""
        return dataclasses.replace(self, rules=tuple(rule.masked(nonce) for rule in self.rules))


def default_response_rule(*, active: bool = False) -> Rule:
    """Return the default response rule with Kerberos and the six offers that Windows itself gives it."""
    esp = [
        Algorithm(Transform.ESP, encryption, integrity)
        for encryption in (Encryption.TRIPLE_DES, Encryption.NONE)
        for integrity in (Integrity.SHA1, Integrity.MD5)
    ]
    ah = [Algorithm(Transform.AH, Encryption.NONE, integrity) for integrity in (Integrity.SHA1, Integrity.MD5)]
    offers = tuple(Offer((algorithm,)) for algorithm in (*esp, *ah))
    action = FilterAction("", Action.NEGOTIATE, offers, FilterActionType.DEFAULT_RESPONSE)
    return Rule("", None, action, (AuthenticationMethod.kerberos(),), active=active)


def meaning(policy: Policy) -> Hashable:
    """Return what the policy means to Windows: equal values for two policies that do the same.

    No meaning have names, descriptions, GUIDs, the order of rules and of filters, and the default response rule while
    it is inactive. A number that stands for a default equals the default.
    """
    rules = [rule_meaning(rule) for rule in policy.rules if rule.active or not rule.is_default_response]
    return policy.polling_interval or DEFAULT_POLLING_INTERVAL, main_mode_meaning(policy.main_mode), _multiset(rules)


def rule_meaning(rule: Rule) -> Hashable:
    """Return what a rule means to Windows (see `meaning`).

    Authentication has no meaning where nothing is negotiated, nor have alternate methods that repeat the first ones.
    """
    filters = None if rule.filter_list is None else filter_list_meaning(rule.filter_list)
    place = (rule.connection_type, rule.interface_name, rule.tunnel_address, rule.tunnel_address and rule.tunnel_name)
    authentication = authentication_meaning(rule) if rule.filter_action.negotiates else None
    return filters, filter_action_meaning(rule.filter_action), authentication, place, rule.active


def authentication_meaning(rule: Rule) -> Hashable:
    """Return what the authentication methods of a rule mean to Windows (see `rule_meaning`)."""
    first = _methods_meaning(rule.authentication)
    alternate = first if rule.alternate_authentication is None else _methods_meaning(rule.alternate_authentication)
    return first, None if alternate == first else alternate, _flags_meaning(rule)


def filter_list_meaning(filter_list: FilterList) -> Hashable:
    """Return what a filter list means to Windows (see `meaning`)."""
    return _multiset([_filter_meaning(filter_) for filter_ in filter_list.filters])


def filter_action_meaning(filter_action: FilterAction) -> Hashable:
    """Return what a filter action means to Windows (see `meaning`); offers count in their order."""
    offers = tuple(_offer_meaning(offer) for offer in filter_action.offers) if filter_action.negotiates else ()
    return known_text(Action, filter_action.action), known_text(FilterActionType, filter_action.type), offers


def main_mode_meaning(main_mode: MainMode) -> Hashable:
    """Return what the main mode means to Windows (see `meaning`); methods count in their order, each once."""
    methods = tuple(dict.fromkeys(_method_meaning(method, main_mode) for method in main_mode.methods))
    return methods, main_mode.master_pfs, int(main_mode.options)


def _terminated(text: str) -> bytes:
    return (text + "\0").encode("utf-16-le")


def _version(address: IpAddress) -> IpVersion:
    return IpVersion.V4 if address.version == 4 else IpVersion.V6  # noqa: PLR2004 (the 4 of IPv4)


def _subnet_bounds(address: IpAddress, prefix_length: int) -> tuple[IpAddress, IpAddress]:
    network = ipaddress.ip_network(f"{address}/{prefix_length}", strict=False)
    return network[0], network[-1]


def _masked(methods: Iterable[AuthenticationMethod], nonce: bytes) -> tuple[AuthenticationMethod, ...]:
    return tuple(method.masked(nonce) for method in methods)


def _multiset(items: Iterable[Hashable]) -> Hashable:
    return frozenset(collections.Counter(items).items())


def _filter_meaning(filter_: Filter) -> Hashable:
    ends = _address_meaning(filter_.source), _address_meaning(filter_.destination)
    ports = filter_.source_port, filter_.destination_port
    return ends, filter_.protocol, ports, filter_.mirrored, filter_.tunnel_address, filter_.special


def _address_meaning(address: Address) -> Hashable:
    first = address.first
    if address.kind == AddressKind.SUBNET and first is not None and address.second is not None:
        first = type(first)(int(first) & int(address.second))
    return address.kind, first, address.second, address.name.casefold(), address.version


def _offer_meaning(offer: Offer) -> Hashable:
    lifetimes = (
        offer.lifetime_seconds or DEFAULT_LIFETIME_SECONDS,
        offer.lifetime_kilobytes or DEFAULT_LIFETIME_KILOBYTES,
    )
    return _multiset(offer.algorithms), lifetimes, offer.pfs


def _method_meaning(method: MainModeMethod, main_mode: MainMode) -> Hashable:
    seconds = method.lifetime_seconds or main_mode.lifetime_seconds or DEFAULT_MAIN_MODE_LIFETIME
    limit = main_mode.quick_mode_limit if method.quick_mode_limit is None else method.quick_mode_limit
    algorithms = known(IkeEncryption, method.encryption), method.integrity, method.group
    # Master key PFS allows one quick mode for each main mode, whatever the limit says (netsh ipsec static, mmpfs).
    return algorithms, seconds, 1 if main_mode.master_pfs else limit, method.lifetime_kilobytes


def _methods_meaning(methods: Iterable[AuthenticationMethod]) -> Hashable:
    return tuple((method.type, method.certificate_authority or _secret(method)) for method in methods)


def _secret(method: AuthenticationMethod) -> bytes:
    return method.data if method.is_secret else b""


def _flags_meaning(rule: Rule) -> Hashable:
    given = (*rule.authentication_flags, *(0 for _method in rule.authentication))  # one that is missing is none
    pairs = zip(rule.authentication, given, strict=False)
    flags = tuple(int(flag) if method.type == AuthenticationType.CERTIFICATE else 0 for method, flag in pairs)
    return flags if any(flags) else ()
