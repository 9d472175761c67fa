# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The data of an ipsecNFA ([MS-GPIPSEC] 2.2.1.3.1): a rule without its references, but with its keys."""

from __future__ import annotations

import dataclasses
import ipaddress
import uuid

from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.codec.wire import (
    V4_NONE,
    CodecError,
    Reader,
    at_section,
    pack_enum,
    pack_ipv4,
    pack_structure,
    pack_text,
    pack_uint32,
)
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.model import (
    AuthenticationFlag,
    AuthenticationMethod,
    AuthenticationType,
    ConnectionType,
    IpAddress,
    Rule,
    known,
)

RULE_ID = uuid.UUID("11bbac00-498d-11d1-8639-00a0248d3021")
ALTERNATE_AUTHENTICATION_ID = uuid.UUID("01010101-0101-0101-0101-010101010101")
AUTHENTICATION_FLAGS_ID = uuid.UUID("01010101-0101-0101-0101-010101010102")
IPV6_TUNNEL_ID = uuid.UUID("01010101-0101-0101-0101-010101010103")
_METHOD = 8


@dataclasses.dataclass(frozen=True, slots=True)
class RuleData:
    """What an ipsecNFA holds besides its references; the fields are those of `model.Rule`."""

    authentication: tuple[AuthenticationMethod, ...]
    connection_type: ConnectionType | int = ConnectionType.ALL
    active: bool = True
    tunnel_address: IpAddress | None = None
    alternate_authentication: tuple[AuthenticationMethod, ...] | None = None
    authentication_flags: tuple[AuthenticationFlag | int, ...] = ()
    interface_name: str = ""
    tunnel_name: str = ""


def decode_rule(data: bytes) -> RuleData:
    """Read the data of an ipsecNFA ([MS-GPIPSEC] 2.2.1.3.1), or its form with masked secrets, as a host answers it."""
    return read_rule(Reader(data))


def encode_rule(rule: RuleData | Rule) -> bytes:
    """Return the data of an ipsecNFA. Version 1 has no place for alternate methods, flags and IPv6 endpoints."""
    if rule.alternate_authentication is not None or any(rule.authentication_flags):
        raise CodecError("Alt-Auth-Method-Id1", "no alternate methods and no flags", "some")
    # Every rule has the address; only Is-Tunnel-Specifier distinguishes 0.0.0.0 from no tunnel.
    tunnel = V4_NONE if rule.tunnel_address is None else rule.tunnel_address
    return pack_structure(
        RULE_ID,
        pack_uint32("Auth-Method-Count", len(rule.authentication)),
        *(_encode_method(method) for method in rule.authentication),
        pack_uint32("Interface-Type", rule.connection_type),
        pack_text("Interface-Name", rule.interface_name),
        pack_ipv4("Tunnel-Address", tunnel),
        pack_uint32("Is-Tunnel-Specifier", rule.tunnel_address is not None),
        # A disabled rule stays in the store: clearing its check box, as KB 240262 does for the default response, does
        # this.
        pack_uint32("Is-Active-Specifier", rule.active),
        pack_text("Tunnel-End-Point-Name", rule.tunnel_name),
    )


def read_rule(reader: Reader) -> RuleData:
    length = reader.start(RULE_ID)
    authentication = _methods(reader, "Auth-Method")
    connection_type = known(ConnectionType, reader.uint32("Interface-Type"))
    interface_name = reader.text("Interface-Name")
    tunnel_address = reader.ipv4("Tunnel-Address")
    is_tunnel = bool(reader.uint32("Is-Tunnel-Specifier"))
    active = bool(reader.uint32("Is-Active-Specifier"))
    tunnel_name = reader.text("Tunnel-End-Point-Name")
    # Vista and later append sections to the old structure, where Windows 2000 does not look.
    alternate = _alternate(reader, length)
    # One flags field per method, and per method of the second list if there is one; the section has no count of its
    # own.
    flags = _flags(reader, length, len(authentication if alternate is None else alternate))
    # If both are set, the IPv6 endpoint counts, and the old field may hold anything.
    ipv6 = _ipv6_tunnel(reader, length)
    tunnel = (ipv6 or tunnel_address) if is_tunnel else None
    return RuleData(authentication, connection_type, active, tunnel, alternate, flags, interface_name, tunnel_name)


def _methods(reader: Reader, name: str) -> tuple[AuthenticationMethod, ...]:
    return reader.items(f"{name}-Count", reader.uint32(f"{name}-Count"), _METHOD, _method)


def _method(reader: Reader) -> AuthenticationMethod:
    # The specification defines 1, 3 and 5. Data of any other type may be a secret, and is treated as one.
    kind = known(AuthenticationType, reader.uint32("Auth-Type"))
    return AuthenticationMethod(kind, reader.take("Auth-Method-Data", reader.uint32("Auth-Length")))


def _encode_method(method: AuthenticationMethod) -> bytes:
    length = pack_uint32("Auth-Length", len(method.data))
    return pack_enum("Auth-Type", AuthenticationType, method.type) + length + method.data


def _alternate(reader: Reader, length: int) -> tuple[AuthenticationMethod, ...] | None:
    if not at_section(reader, length, ALTERNATE_AUTHENTICATION_ID):
        return None
    reader.guid("Alt-Auth-Method-Id1")
    return _methods(reader, "Alt-Auth-Num-Methods")


def _flags(reader: Reader, length: int, count: int) -> tuple[AuthenticationFlag, ...]:
    if not at_section(reader, length, AUTHENTICATION_FLAGS_ID):
        return ()
    reader.guid("Alt-Auth-Method-Id2")
    reader.take("Zero1", 4)
    return reader.items("Alt-Auth-Method-Flags", count, 4, _flag)


def _flag(reader: Reader) -> AuthenticationFlag:
    return AuthenticationFlag(reader.uint32("Alt-Auth-Method-Flags"))


def _ipv6_tunnel(reader: Reader, length: int) -> ipaddress.IPv6Address | None:
    """Read the IPv6 endpoint, which takes precedence over the other one; None if it is missing or not set."""
    if not at_section(reader, length, IPV6_TUNNEL_ID):
        return None
    reader.guid("IPv6-Tunnel-Mode-ID")
    address = ipaddress.IPv6Address(reader.take("IPv6-Tunnel-Mode-Address", 16))
    # :: means none, as 0.0.0.0 does in the old field.
    return None if address.is_unspecified else address
