# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Our rules of Windows Firewall: one blocks L2TP over IPv6, which no filter of the policy covers; one lets peers in.

Filters of version 1 hold IPv4 addresses only ([MS-GPIPSEC] 2.2.1.5.1), and RRAS has accepted L2TP over IPv6 since
Windows Server 2008. The rules are written by netsh. They are read from the registry, where each rule is one text
([MS-GPFAS] 2.2.2.19), because netsh's output is translated.
"""

from __future__ import annotations

import dataclasses
import ipaddress
import re
from collections.abc import Iterable, Iterator

from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.registry import Key, Tree, join, same
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.steps import ReadTree, RunProgram

_OURS = "rras.ipsec-"
"""The beginning of the names of our rules."""
NAME = f"{_OURS}L2TP-over-IPv6"
PEERS = f"{_OURS}L2TP-from-peers-"
"""The beginning of the name of the rule for peers; the tag of the transaction that wrote it follows."""
PEERS_PORTS = ("500", "1701", "4500")
"""The ports of IKE, of L2TP, and of IKE and ESP through a NAT (RFC 3947, RFC 3948)."""
LOCAL_SETTINGS = r"SYSTEM\CurrentControlSet\Services\SharedAccess\Parameters\FirewallPolicy"
GROUP_POLICY = r"SOFTWARE\Policies\Microsoft\WindowsFirewall"
RULES = join(LOCAL_SETTINGS, "FirewallRules")
"""The key of the local rules: one value each, named by a GUID or by a word of Windows."""
_SECURITY_RULES = tuple(join(path, "ConSecRules") for path in (LOCAL_SETTINGS, GROUP_POLICY))
"""The keys of the connection security rules ([MS-GPFAS] 2.2.6): this server's own, and those of a group policy."""
OUR_RULES = ReadTree(RULES, containing=f"|Name={_OURS}")
_PORTS_OF_ENDS = ("ep1port", "ep2port", "ep1port2_10", "ep2port2_10")
_L2TP_PORT = 1701

_EVERY_IPV6_ADDRESS = "::/1,8000::/1"
"""All IPv6 addresses, as two halves: Windows Firewall refuses `::/0`, or takes it for something else."""
_RULE = f"dir=in action=block protocol=UDP localport=1701 remoteip={_EVERY_IPV6_ADDRESS} profile=any enable=yes"
_ADD = f"advfirewall firewall add rule name={NAME} {_RULE}"
_DELETE = f"advfirewall firewall delete rule name={NAME}"

ADD = RunProgram("netsh", _ADD, must_succeed=True, undo=_DELETE)
"""Adds the rule. If there is one of that name already, netsh adds a second one."""
DELETE = RunProgram("netsh", _DELETE, undo=_ADD)
"""Deletes every rule of that name. netsh also ends with code 1 if there is none, so the result is read back."""


def tag(transaction: str) -> str:
    """Return the tag, made from its identity, of the rule for peers that a transaction writes."""
    return transaction[:8].lower()


def let_in(tag: str, addresses: Iterable[str]) -> RunProgram:
    """Return the step that adds a rule for peers, which lets IKE and L2TP in from these addresses."""
    wanted = f"localport={','.join(PEERS_PORTS)} remoteip={','.join(addresses)}"
    rule = f"dir=in action=allow protocol=UDP {wanted} profile=any enable=yes"
    add = f"advfirewall firewall add rule name={PEERS}{tag} {rule}"
    return RunProgram("netsh", add, must_succeed=True, undo=shut_out(tag).arguments)


def shut_out(tag: str) -> RunProgram:
    """Return the step that deletes the rule for peers with this tag.

    An undo does not restore it: by then another rule lets the peers in.
    """
    return RunProgram("netsh", f"advfirewall firewall delete rule name={PEERS}{tag}")


_ENABLED, _MERGED = "EnableFirewall", "AllowLocalPolicyMerge"
_PROFILES = {
    "domain": ("DomainProfile", "DomainProfile"),
    "private": ("StandardProfile", "PrivateProfile"),
    "public": ("PublicProfile", "PublicProfile"),
}
"""The keys of each profile, in the local settings and in a group policy ([MS-GPFAS] 2.2.3)."""
_GROUP_POLICY_BEFORE_VISTA = "StandardProfile"
"""The profile in which a group policy sets private and public together; what it sets for one of them takes
precedence."""

_NEEDED = {
    "active": ("true", "is switched off"),
    "action": ("block", "does not block"),
    "dir": ("in", "is not for incoming packets"),
    "protocol": ("17", "is not for UDP"),
    "lport": ("1701", "is not for port 1701"),
}
"""What our rule must contain, in lower case, and what is said of a rule that does not."""
_OF_PEERS = {"active": ["true"], "action": ["allow"], "dir": ["in"], "protocol": ["17"]}
"""What a rule for peers must contain besides ports and addresses."""
_MEANINGLESS = {"name", "desc", "embedctxt"}
_EVERY_PROFILE = {"domain", "private", "public"}


@dataclasses.dataclass(frozen=True, slots=True)
class PeersRule:
    """A rule of ours that lets peers in."""

    tag: str
    addresses: frozenset[str]
    """Empty if the rule is not as `let_in` writes it."""


@dataclasses.dataclass(frozen=True, slots=True)
class WindowsFirewall:
    """What a host's Windows Firewall does with L2TP over IPv6, and with L2TP from peers."""

    rules: tuple[str, ...]
    """The texts of the rules with the name of our blocking rule."""
    running: bool
    off: tuple[str, ...]
    """The profiles in which the firewall is off."""
    ignores_local_rules: tuple[str, ...]
    """The profiles in which a group policy makes it ignore local rules, ours among them."""
    peers: tuple[PeersRule, ...] = ()
    """Our rules that let peers in: one, unless an aborted run left others."""
    overlapping: tuple[str, ...] = ()
    """The names of active connection security rules for L2TP (UDP 1701), which compete with an IPsec policy."""

    @property
    def as_written(self) -> bool:
        """Whether there is exactly one rule with our name, and it is what `ADD` writes."""
        return len(self.rules) == 1 and not mismatch(self.rules[0])

    @property
    def obstacles(self) -> tuple[str, ...]:
        """Why our rule does not block L2TP over IPv6, a sentence each; empty if it does."""
        return tuple(self._obstacles())

    def lets_in(self, addresses: Iterable[str]) -> str:
        """Return the tag of the rule for exactly these peers; empty if there is none."""
        wanted = frozenset(addresses)
        return next((rule.tag for rule in self.peers if rule.addresses == wanted and wanted), "")

    def _obstacles(self) -> Iterator[str]:
        if not self.rules:
            yield f"Windows Firewall has no rule {NAME}."
        elif all(map(mismatch, self.rules)):
            yield f"the rule {NAME} of Windows Firewall {mismatch(self.rules[0])}."
        if not self.running:
            yield "the service MpsSvc (Windows Firewall) is not running."
        if self.off:
            yield f"Windows Firewall is off in {_profiles(self.off)}."
        if self.ignores_local_rules:
            yield f"a group policy makes Windows Firewall ignore local rules in {_profiles(self.ignores_local_rules)}."


def reading() -> tuple[ReadTree, ...]:
    """Return the steps whose answers `understand` takes.

    Of several hundred rules, only ours are read, and of the connection security rules those for UDP. The keys that hold
    the rules are answered twice; the last answer counts.
    """
    return (
        ReadTree(LOCAL_SETTINGS, (_ENABLED,), depth=1),
        ReadTree(GROUP_POLICY, (_ENABLED, _MERGED), depth=1),
        OUR_RULES,
        *(ReadTree(path, containing="|Protocol=17|") for path in _SECURITY_RULES),
    )


def understand(tree: Tree, *, running: bool) -> WindowsFirewall:
    """Return what the answers to `reading` mean. running: whether the firewall's service is running."""
    texts = _texts(tree, RULES)
    return WindowsFirewall(
        rules=tuple(text for text in texts if same(_name(text), NAME)),
        running=running,
        off=tuple(name for name in _PROFILES if not _is_on(tree, name)),
        ignores_local_rules=tuple(
            name for name, (_local, key) in _PROFILES.items() if _number(tree, join(GROUP_POLICY, key), _MERGED) == 0
        ),
        peers=tuple(PeersRule(_name(text)[len(PEERS) :], _peers(text)) for text in texts if _is_for_peers(text)),
        overlapping=tuple(
            _shown_name(text) for path in _SECURITY_RULES for text in _texts(tree, path) if secures(text)
        ),
    )


def secures(rule: str) -> bool:
    """Return whether a connection security rule is active and names UDP port 1701 at one of its ends."""
    _version, found = _fields(rule)
    for_udp = found.get("protocol") == ["17"] and found.get("active") == ["true"]
    return for_udp and any(_names_l2tp(port) for name in _PORTS_OF_ENDS for port in found.get(name, []))


def mismatch(rule: str) -> str:
    """Return how a rule differs from ours, as a clause; empty if it means what `ADD` writes.

    An unknown field may narrow the rule down, so it counts as a mismatch.
    """
    version, found = _fields(rule)
    for name, (wanted, clause) in _NEEDED.items():
        if found.pop(name, []) != [wanted]:
            return clause
    if set(found.pop("profile", _EVERY_PROFILE)) != _EVERY_PROFILE:
        return "is not for all profiles"
    if not _are_all_ipv6_addresses(found.pop("ra6", [])):
        return "is not for all IPv6 addresses"
    if not version.startswith("v2.") or set(found) - _MEANINGLESS:
        return "is for something other than all L2TP over IPv6"
    return ""


def _texts(tree: Tree, path: str) -> list[str]:
    return [value.text for value in (tree.get(path) or Key(path)).values()]


def _names_l2tp(ports: str) -> bool:
    """Return whether a list of ports and ranges of ports includes that of L2TP."""
    found = (part.partition("-") for part in ports.split(","))
    ends = ((first, last or first) for first, _dash, last in found)
    return any(first.isdecimal() and last.isdecimal() and int(first) <= _L2TP_PORT <= int(last) for first, last in ends)


def _shown_name(rule: str) -> str:
    """Return the name of a rule, in the case in which it is written."""
    return next((field.partition("=")[2] for field in rule.split("|") if field.casefold().startswith("name=")), "")


def _fields(rule: str) -> tuple[str, dict[str, list[str]]]:
    """Return the version of a rule's text, and its fields in lower case; each may occur several times."""
    version, *fields = rule.rstrip("|").split("|")
    found: dict[str, list[str]] = {}
    for field in fields:
        name, _equals, value = field.casefold().partition("=")
        found.setdefault(name, []).append(value)
    return version, found


def _name(rule: str) -> str:
    """Return the name of a rule, in lower case."""
    return "|".join(_fields(rule)[1].get("name", []))


def _is_for_peers(rule: str) -> bool:
    return re.fullmatch(rf"{re.escape(PEERS)}[0-9a-f]{{8}}", _name(rule), re.IGNORECASE) is not None


def _peers(rule: str) -> frozenset[str]:
    """Return the addresses that a rule lets in; none if it is not as `let_in` writes it."""
    version, found = _fields(rule)
    as_written = all(found.pop(name, []) == wanted for name, wanted in _OF_PEERS.items())
    ports, addresses = found.pop("lport", []), found.pop("ra4", [])
    everywhere = set(found.pop("profile", _EVERY_PROFILE)) == _EVERY_PROFILE
    known = version.startswith("v2.") and not set(found) - _MEANINGLESS
    if not (as_written and everywhere and known and sorted(ports) == sorted(PEERS_PORTS)):
        return frozenset()
    try:
        return frozenset(str(address) for text in addresses for address in _single(text))
    except ValueError:
        return frozenset()  # a network, or a keyword such as LocalSubnet


def _single(text: str) -> Iterator[ipaddress.IPv4Address]:
    """Yield one address, which Windows may write as a range or with a mask. Raises ValueError for anything else."""
    first, _dash, last = text.partition("-")
    if last and last != first:
        raise ValueError(text)
    yield ipaddress.IPv4Address(first.removesuffix("/255.255.255.255").removesuffix("/32"))


def _are_all_ipv6_addresses(texts: Iterable[str]) -> bool:
    try:
        networks = [network for text in texts for network in _networks(text)]
    except ValueError:
        return False  # a keyword such as LocalSubnet
    return list(ipaddress.collapse_addresses(networks)) == [ipaddress.IPv6Network("::/0")]


def _networks(text: str) -> Iterator[ipaddress.IPv6Network]:
    first, dash, last = text.partition("-")
    if dash:
        return ipaddress.summarize_address_range(ipaddress.IPv6Address(first), ipaddress.IPv6Address(last))
    return iter((ipaddress.IPv6Network(text),))


def _is_on(tree: Tree, profile: str) -> bool:
    """Return whether the firewall is on in a profile; it is, if nothing else is set."""
    local, policy = _PROFILES[profile]
    older = () if profile == "domain" else (join(GROUP_POLICY, _GROUP_POLICY_BEFORE_VISTA),)
    paths = (join(GROUP_POLICY, policy), *older, join(LOCAL_SETTINGS, local))
    said = (_number(tree, path, _ENABLED) for path in paths)
    return next((number for number in said if number is not None), 1) != 0


def _number(tree: Tree, path: str, name: str) -> int | None:
    value = tree.value(path, name)
    return value.number if value else None


def _profiles(names: tuple[str, ...]) -> str:
    """Return the names of profiles as part of a sentence."""
    return f"the {'profile' if len(names) == 1 else 'profiles'} {', '.join(names)}"
