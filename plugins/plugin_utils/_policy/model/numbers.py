# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The numbers of [MS-GPIPSEC] section 2.2.1, named in the words of the Windows console."""

from __future__ import annotations

import enum
import ipaddress
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
    """Return the member of an enumeration that a number stands for, or the number if it has no name."""
    try:
        return kind(number)
    except ValueError:
        return number


def known_text(kind: type[_S], text: str) -> _S | str:
    """Return the member of an enumeration that a text stands for, in any case, or the text if it has no name."""
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
    """The network connections that a rule applies to ([MS-GPIPSEC] 2.2.1.3.1, Interface-Type)."""

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

    DNS, WINS, DHCP and GATEWAY are the servers and the gateway in the computer's own configuration.
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
    """The versions of IP that an address may be of ([MS-GPIPSEC] 2.2.1.5.1, IPsec-Address-Version)."""

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
