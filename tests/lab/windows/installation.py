# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The registry of a freshly installed Windows server with Routing and Remote Access."""

from __future__ import annotations

import dataclasses
import enum
import struct
import uuid

from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.registry import Key, Kind, Tree, Value, join

POLICY_STORE = r"SOFTWARE\Policies\Microsoft\Windows\IPSec\Policy\Local"
DOMAIN_POLICY = r"SOFTWARE\Policies\Microsoft\Windows\IPSec\GPTIPSECPolicy"
SERVICES = r"SYSTEM\CurrentControlSet\Services"
RASMAN_PARAMETERS = SERVICES + r"\RasMan\Parameters"
INTERFACES = SERVICES + r"\Tcpip\Parameters\Interfaces"
LINKAGE = SERVICES + r"\Tcpip\Linkage"
ADAPTERS = r"SYSTEM\CurrentControlSet\Control\Class\{4d36e972-e325-11ce-bfc1-08002be10318}"
CRYPTOGRAPHY = r"SOFTWARE\Microsoft\Cryptography"
COMPUTER_NAME = r"SYSTEM\CurrentControlSet\Control\ComputerName\ActiveComputerName"

FIREWALL_SETTINGS = SERVICES + r"\SharedAccess\Parameters\FirewallPolicy"
FIREWALL_RULES = FIREWALL_SETTINGS + r"\FirewallRules"

_PROFILES = ("Domain", "Standard", "Public")
_RULES_OF_WINDOWS = {
    "RRAS-L2TP-In-UDP": (
        "v2.30|Action=Allow|Active=TRUE|Dir=In|Protocol=17|LPort=1701|App=System|Name=@FirewallAPI.dll,-33753|"
        "Desc=@FirewallAPI.dll,-33756|EmbedCtxt=@FirewallAPI.dll,-33752|"
    ),
    "CoreNet-ICMP6-RA-In": (
        "v2.30|Action=Allow|Active=TRUE|Dir=In|Protocol=58|ICMP6=134:*|RA6=fe80::/64|App=System|"
        "Name=@FirewallAPI.dll,-25012|Desc=@FirewallAPI.dll,-25018|EmbedCtxt=@FirewallAPI.dll,-25000|"
    ),
}
"""Two of the several hundred local rules of Windows Firewall; the first one lets L2TP in."""
_LONGEST_NAME = 15
"""The most characters of a computer's NetBIOS name."""
_MANAGEMENT_INTERFACE = "{0B3D6F5E-2C0B-4B0F-9C4E-6A1D5B2F7E10}"
_RRAS_INTERFACE = "{7E1C9A42-5D3F-4E86-A7B1-93C2D4E5F601}"
_REMOVED_INTERFACE = "{C2A1F0D4-8B36-4F5A-9E07-5D4B3A2C1E0F}"
_MASK = "255.255.255.0"
FOREIGN_POLICY = join(POLICY_STORE, "ipsecPolicy{5A1F7C3E-0D2B-4E69-8F4A-7B6C5D4E3F21}")
HARDENED_RULE = join(POLICY_STORE, "ipsecNFA{6B2F8D4F-1E3C-4F7A-905B-8C7D6E5F4032}")
"""A rule of another person's policy that not even administrators may read."""


class Start(enum.IntEnum):
    """When a service starts: the value Start of its key."""

    AUTOMATIC = 2
    DEMAND = 3
    DISABLED = 4


@dataclasses.dataclass(frozen=True, slots=True)
class Shape:
    """Features that real servers have, and the plainest server lacks."""

    local_key: bool = True
    """Whether the policy store's key exists already; some Windows create it with the first policy."""
    removed_adapter: str = ""
    """The address of an adapter that is no longer there."""
    lease: str = ""
    """A dynamic address beside the static one of the RRAS interface (dhcpstaticipcoexistence)."""
    accepts_l2tp: bool = True
    """Whether the L2TP ports are enabled for anything. On a new Windows Server 2025 they exist, but enabled for
    nothing."""
    hardened_rule: bool = False
    """Whether administrators are kept from reading a rule of another policy."""
    fips: bool = False
    """Whether .NET throws if asked for SHA256: the FIPS policy, with .NET Framework before 4.6.2."""


PLAIN = Shape()


def fresh(
    address: str, management_address: str, l2tp_ports: int = 128, name: str = "RRAS", shape: Shape = PLAIN
) -> Tree:
    """Return the registry of a server that RRAS was installed on, and nothing was done to since.

    address, management_address: the static IPv4 addresses of the interfaces that other RRAS servers and the controller
    reach; l2tp_ports: how many connections the L2TP miniport takes (WanEndpoints); name: the computer's name; shape:
    what it has beyond that.
    """
    return Tree(
        (
            *((Key(POLICY_STORE),) if shape.local_key else ()),
            *(_foreign_policy() if shape.hardened_rule else ()),
            *_services(),
            _interface(_MANAGEMENT_INTERFACE, management_address),
            _interface(_RRAS_INTERFACE, address, shape.lease),
            *((_interface(_REMOVED_INTERFACE, shape.removed_adapter),) if shape.removed_adapter else ()),
            Key(LINKAGE, {"Bind": Value.multi_sz(map(_device, (_MANAGEMENT_INTERFACE, _RRAS_INTERFACE)))}),
            *_adapters(l2tp_ports, enabled=shape.accepts_l2tp),
            Key(CRYPTOGRAPHY, {"MachineGuid": Value.sz(str(uuid.uuid5(uuid.NAMESPACE_DNS, f"{name} {address}")))}),
            Key(COMPUTER_NAME, {"ComputerName": Value.sz(name.upper()[:_LONGEST_NAME])}),
            *(Key(join(FIREWALL_SETTINGS, f"{each}Profile"), {"EnableFirewall": Value.dword(1)}) for each in _PROFILES),
            Key(FIREWALL_RULES, {name: Value.sz(text) for name, text in _RULES_OF_WINDOWS.items()}),
            Key(
                r"SOFTWARE\Microsoft\Windows NT\CurrentVersion",
                {"ProductName": Value.sz("Windows Server 2022 Standard")},
            ),
        )
    )


def _services() -> tuple[Key, ...]:
    return (
        _service("PolicyAgent", Start.DEMAND, ["Tcpip", "bfe"], r"NT Authority\NetworkService"),
        _service("IKEEXT", Start.DEMAND, ["BFE", "nsi"], "LocalSystem"),
        _service("RasMan", Start.DEMAND, ["SstpSvc", "DnsCache"], "LocalSystem"),
        _service("RemoteAccess", Start.AUTOMATIC, ["RasMan", "RpcSs"], "LocalSystem", ["NetBIOSGroup"]),
        _service("MpsSvc", Start.AUTOMATIC, ["mpsdrv", "bfe"], r"NT Authority\LocalService"),
        Key(
            RASMAN_PARAMETERS,
            {
                "ServiceDll": Value(Kind.EXPAND_SZ, r"%SystemRoot%\System32\rasmans.dll".encode("utf-16-le")),
                "Medias": Value.multi_sz(["rastapi"]),
                "AllowL2TPWeakCrypto": Value.dword(0),
                "AllowPPTPWeakCrypto": Value.dword(0),
                "MiniportsInstalled": Value.dword(1),
            },
        ),
    )


def _service(name: str, start: Start, services: list[str], account: str, groups: list[str] | None = None) -> Key:
    values = {
        "DependOnService": Value.multi_sz(services),
        "ErrorControl": Value.dword(1),
        "ImagePath": Value(Kind.EXPAND_SZ, r"%SystemRoot%\System32\svchost.exe -k netsvcs".encode("utf-16-le")),
        "ObjectName": Value.sz(account),
        "Start": Value.dword(start),
        "Type": Value.dword(0x20),
    }
    if groups:
        values["DependOnGroup"] = Value.multi_sz(groups)
    return Key(join(SERVICES, name), values)


def _foreign_policy() -> tuple[Key, ...]:
    data = uuid.UUID("22202163-4f4c-11d1-863b-00a0248d3021").bytes_le + struct.pack("<IIB", 4, 10800, 0)
    policy = {
        "ClassName": Value.sz("ipsecPolicy"),
        "ipsecName": Value.sz("hardened by somebody"),
        "ipsecData": Value.binary(data),
        "ipsecNFAReference": Value.multi_sz([HARDENED_RULE]),
    }
    return Key(FOREIGN_POLICY, policy), Key(HARDENED_RULE, {"ClassName": Value.sz("ipsecNFA")})


def _device(interface: str) -> str:
    return join("", "Device", interface)


def _interface(guid: str, address: str, lease: str = "") -> Key:
    values = {
        "EnableDHCP": Value.dword(bool(lease)),
        "DhcpIPAddress": Value.sz(lease or "0.0.0.0"),  # noqa: S104 - Windows' way of saying that there is no address
        "IPAddress": Value.multi_sz([address]),
        "SubnetMask": Value.multi_sz([_MASK]),
        "DefaultGateway": Value.multi_sz([]),
    }
    return Key(join(INTERFACES, guid), values)


def _adapters(l2tp_ports: int, *, enabled: bool) -> tuple[Key, ...]:
    return (
        _adapter("0000", _MANAGEMENT_INTERFACE, "Ethernet adapter"),
        _adapter("0001", _RRAS_INTERFACE, "Ethernet adapter #2"),
        Key(
            join(ADAPTERS, "0005"),
            {
                "ComponentId": Value.sz("ms_l2tpminiport"),
                "DriverDesc": Value.sz("WAN Miniport (L2TP)"),
                "WanEndpoints": Value.dword(l2tp_ports),
                "EnableForRas": Value.dword(enabled),
                "EnableForRouting": Value.dword(enabled),
                "EnableForOutboundRouting": Value.dword(0),
            },
        ),
    )


def _adapter(number: str, interface: str, name: str) -> Key:
    return Key(join(ADAPTERS, number), {"DriverDesc": Value.sz(name), "NetCfgInstanceId": Value.sz(interface)})
