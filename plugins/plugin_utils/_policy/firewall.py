# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The one rule of Windows Firewall that is ours: it blocks L2TP over IPv6, which no filter of the policy covers.

Filters of version 1 hold IPv4 addresses only ([MS-GPIPSEC] 2.2.1.5.1), and RRAS accepts L2TP over IPv6 since Windows
Server 2008. netsh writes the rule. It is read from the registry, where each rule is one text ([MS-GPFAS] 2.2.2.19),
because what netsh shows is translated.
"""

from __future__ import annotations

import dataclasses
import ipaddress
from collections.abc import Iterable, Iterator

from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.registry import Key, Tree, join
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.steps import ReadTree, RunProgram

NAME = "rras.ipsec-L2TP-over-IPv6"
LOCAL_SETTINGS = r"SYSTEM\CurrentControlSet\Services\SharedAccess\Parameters\FirewallPolicy"
GROUP_POLICY = r"SOFTWARE\Policies\Microsoft\WindowsFirewall"
RULES = join(LOCAL_SETTINGS, "FirewallRules")
"""The local rules: a value each, named by a GUID or a word of Windows."""

_EVERY_IPV6_ADDRESS = "::/1,8000::/1"
"""Windows Firewall refuses ``::/0``, or takes it for something else, so two halves stand for it."""
_RULE = f"dir=in action=block protocol=UDP localport=1701 remoteip={_EVERY_IPV6_ADDRESS} profile=any enable=yes"
_ADD = f"advfirewall firewall add rule name={NAME} {_RULE}"
_DELETE = f"advfirewall firewall delete rule name={NAME}"

ADD = RunProgram("netsh", _ADD, must_succeed=True, undo=_DELETE)
"""Add the rule. netsh adds a second one where there is one of that name."""
DELETE = RunProgram("netsh", _DELETE, undo=_ADD)
"""Delete each rule of that name. netsh ends with 1 where there is none, too: what is left is read after it."""

_ENABLED, _MERGED = "EnableFirewall", "AllowLocalPolicyMerge"
_PROFILES = {
    "domain": ("DomainProfile", "DomainProfile"),
    "private": ("StandardProfile", "PrivateProfile"),
    "public": ("PublicProfile", "PublicProfile"),
}
"""The keys of each profile: of the local settings, and of a group policy ([MS-GPFAS] 2.2.3)."""
_GROUP_POLICY_BEFORE_VISTA = "StandardProfile"
"""Where a group policy means what is private and what is public; what it says of one of them goes before."""

_NEEDED = {
    "active": ("true", "is switched off"),
    "action": ("block", "does not block"),
    "dir": ("in", "is not for incoming packets"),
    "protocol": ("17", "is not for UDP"),
    "lport": ("1701", "is not for port 1701"),
}
"""What must stand in our rule in lower case, and what is said of a rule where it does not."""
_MEANINGLESS = {"name", "desc", "embedctxt"}
_EVERY_PROFILE = {"domain", "private", "public"}


@dataclasses.dataclass(frozen=True, slots=True)
class WindowsFirewall:
    """What Windows Firewall of a host makes of L2TP over IPv6."""

    rules: tuple[str, ...]
    """The rules of our name, as texts."""
    running: bool
    off: tuple[str, ...]
    """The profiles in which it is off."""
    ignores_local_rules: tuple[str, ...]
    """The profiles in which a group policy makes it ignore local rules, as ours is one."""

    @property
    def as_written(self) -> bool:
        """Whether the rule of our name is what `ADD` writes, and the only one."""
        return len(self.rules) == 1 and not fault(self.rules[0])

    @property
    def obstacles(self) -> tuple[str, ...]:
        """Why our rule does not block L2TP over IPv6, a sentence each; none where it does."""
        return tuple(self._obstacles())

    def _obstacles(self) -> Iterator[str]:
        if not self.rules:
            yield f"Windows Firewall has no rule {NAME}."
        elif all(map(fault, self.rules)):
            yield f"the rule {NAME} of Windows Firewall {fault(self.rules[0])}."
        if not self.running:
            yield "the service MpsSvc (Windows Firewall) is not running."
        if self.off:
            yield f"Windows Firewall is off in {_profiles(self.off)}."
        if self.ignores_local_rules:
            yield f"a group policy makes Windows Firewall ignore local rules in {_profiles(self.ignores_local_rules)}."


def reading() -> tuple[ReadTree, ...]:
    """The steps whose answers `understand` takes. Of several hundred rules only those of our name are answered."""
    local = dict.fromkeys(key for key, _policy in _PROFILES.values())
    policy = dict.fromkeys((*(key for _local, key in _PROFILES.values()), _GROUP_POLICY_BEFORE_VISTA))
    return (
        ReadTree(RULES, containing=f"|Name={NAME}|"),
        *(ReadTree(join(LOCAL_SETTINGS, key), (_ENABLED,)) for key in local),
        *(ReadTree(join(GROUP_POLICY, key), (_ENABLED, _MERGED)) for key in policy),
    )


def understand(tree: Tree, *, running: bool) -> WindowsFirewall:
    """What the answers to `reading` mean; running: whether its service is."""
    return WindowsFirewall(
        rules=tuple(value.text for value in (tree.get(RULES) or Key(RULES)).values()),
        running=running,
        off=tuple(name for name in _PROFILES if not _is_on(tree, name)),
        ignores_local_rules=tuple(
            name for name, (_local, key) in _PROFILES.items() if _number(tree, join(GROUP_POLICY, key), _MERGED) == 0
        ),
    )


def fault(rule: str) -> str:
    """What a rule does instead of ours, as a clause; empty where it means what `ADD` writes.

    A field that is unknown here may narrow the rule down, so it counts as a fault.
    """
    version, *fields = rule.rstrip("|").split("|")
    found: dict[str, list[str]] = {}
    for field in fields:
        name, _equals, value = field.casefold().partition("=")
        found.setdefault(name, []).append(value)
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
    """Whether the firewall is on in a profile, as it is where nothing else is said."""
    local, policy = _PROFILES[profile]
    older = () if profile == "domain" else (join(GROUP_POLICY, _GROUP_POLICY_BEFORE_VISTA),)
    paths = (join(GROUP_POLICY, policy), *older, join(LOCAL_SETTINGS, local))
    said = (_number(tree, path, _ENABLED) for path in paths)
    return next((number for number in said if number is not None), 1) != 0


def _number(tree: Tree, path: str, name: str) -> int | None:
    value = tree.value(path, name)
    return value.number if value else None


def _profiles(names: tuple[str, ...]) -> str:
    """Profiles in words."""
    return f"the {'profile' if len(names) == 1 else 'profiles'} {', '.join(names)}"
