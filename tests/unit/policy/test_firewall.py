# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rule of Windows Firewall that blocks L2TP over IPv6."""

from __future__ import annotations

import ipaddress
import re

import pytest

from ansible_collections.rras.ipsec.plugins.plugin_utils._policy import firewall
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.registry import Key, Tree, Value, join

OURS = (
    "v2.30|Action=Block|Active=TRUE|Dir=In|Protocol=17|LPort=1701|RA6=::/1|RA6=8000::/1|Name=rras.ipsec-L2TP-over-IPv6|"
)
SWITCHED_OFF = OURS.replace("TRUE", "FALSE")
ELSE = "is for something other than all L2TP over IPv6"
RANGE = "RA6=::-7fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff|RA6=8000::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff|"


@pytest.mark.parametrize(
    "rule",
    [
        OURS,
        OURS.replace("v2.30", "v2.0"),
        OURS.replace("Block", "BLOCK").replace("TRUE", "true"),
        OURS.replace("RA6=::/1|RA6=8000::/1|", "RA6=8000::/1|RA6=::/1|"),
        OURS.replace("RA6=::/1|RA6=8000::/1|", RANGE),
        OURS.replace("RA6=::/1|RA6=8000::/1|", "RA6=::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff|"),
        OURS.replace("LPort", "Profile=Domain|Profile=Private|Profile=Public|LPort"),
        OURS + "Desc=of the collection|EmbedCtxt=a group|",
    ],
)
def test_a_rule_that_blocks(rule: str) -> None:
    assert firewall.mismatch(rule) == ""


@pytest.mark.parametrize(
    ("rule", "fault"),
    [
        (SWITCHED_OFF, "is switched off"),
        (OURS.replace("Active=TRUE|", ""), "is switched off"),
        (OURS.replace("Block", "Allow"), "does not block"),
        (OURS.replace("Block", "ByPass"), "does not block"),
        (OURS.replace("Dir=In", "Dir=Out"), "is not for incoming packets"),
        (OURS.replace("=17", "=6"), "is not for UDP"),
        (OURS.replace("Protocol=17|", ""), "is not for UDP"),
        (OURS.replace("1701", "17010"), "is not for port 1701"),
        (OURS.replace("LPort=1701", "LPort=1701|LPort=500"), "is not for port 1701"),
        (OURS.replace("LPort", "RPort"), "is not for port 1701"),
        (OURS.replace("LPort", "Profile=Domain|LPort"), "is not for all profiles"),
        (OURS.replace("RA6=::/1|", ""), "is not for all IPv6 addresses"),
        (OURS.replace("RA6=::/1|RA6=8000::/1|", ""), "is not for all IPv6 addresses"),
        (OURS.replace("RA6=::/1|RA6=8000::/1|", "RA6=LocalSubnet|"), "is not for all IPv6 addresses"),
        (OURS.replace("RA6=::/1|", "RA6=::1-::2|"), "is not for all IPv6 addresses"),
        (OURS.replace("RA6=::/1|", "RA6=192.0.2.1|"), "is not for all IPv6 addresses"),
        (OURS.replace("RA6=::/1|", "RA4=LocalSubnet|RA6=::/1|"), ELSE),
        (OURS + "App=System|", ELSE),
        (OURS + "IFType=Lan|", ELSE),
        (OURS + "LA6=2001:db8::1|", ELSE),
        (OURS + "A field that a later Windows knows|", ELSE),
        (OURS.replace("v2.30", "v3.0"), ELSE),
        ("", "is switched off"),
    ],
)
def test_a_rule_of_our_name_that_is_something_else(rule: str, fault: str) -> None:
    assert firewall.mismatch(rule) == fault


def test_the_two_halves_cover_each_address_exactly_once() -> None:
    match = re.search(r"remoteip=(\S+)", firewall.ADD.arguments)
    assert match is not None
    networks = list(map(ipaddress.IPv6Network, match[1].split(",")))
    assert list(ipaddress.collapse_addresses(networks)) == [ipaddress.IPv6Network("::/0")]
    assert all(network.prefixlen for network in networks)


def test_adding_and_deleting_undo_each_other() -> None:
    assert (firewall.ADD.undo, firewall.DELETE.undo) == (firewall.DELETE.arguments, firewall.ADD.arguments)
    assert firewall.ADD.must_succeed


def understood(*keys: Key, rules: tuple[str, ...] = (OURS,), running: bool = True) -> firewall.WindowsFirewall:
    found = Key(firewall.RULES, {str(number): Value.sz(text) for number, text in enumerate(rules)})
    return firewall.understand(Tree((found, *keys)), running=running)


def local(profile: str, *, on: int) -> Key:
    return Key(join(firewall.LOCAL_SETTINGS, profile), {"EnableFirewall": Value.dword(on)})


def policy(profile: str, value: str, number: int) -> Key:
    return Key(join(firewall.GROUP_POLICY, profile), {value: Value.dword(number)})


NONE = "Windows Firewall has no rule rras.ipsec-L2TP-over-IPv6."
OFF = "the rule rras.ipsec-L2TP-over-IPv6 of Windows Firewall is switched off."


@pytest.mark.parametrize(
    ("found", "obstacles"),
    [
        (understood(), ()),
        (understood(rules=(SWITCHED_OFF, OURS)), ()),
        (understood(rules=()), (NONE,)),
        (understood(rules=(SWITCHED_OFF,)), (OFF,)),
        (understood(running=False), ("the service MpsSvc (Windows Firewall) is not running.",)),
        (understood(local("DomainProfile", on=1), local("StandardProfile", on=1)), ()),
        (understood(local("PublicProfile", on=0)), ("Windows Firewall is off in the profile public.",)),
        (
            understood(local("DomainProfile", on=0), local("StandardProfile", on=0)),
            ("Windows Firewall is off in the profiles domain, private.",),
        ),
        (
            understood(policy("DomainProfile", "AllowLocalPolicyMerge", 0)),
            ("a group policy makes Windows Firewall ignore local rules in the profile domain.",),
        ),
        (understood(policy("DomainProfile", "AllowLocalPolicyMerge", 1)), ()),
    ],
)
def test_why_l2tp_over_ipv6_is_not_blocked(found: firewall.WindowsFirewall, obstacles: tuple[str, ...]) -> None:
    assert found.obstacles == obstacles


@pytest.mark.parametrize(
    ("keys", "off"),
    [
        ([local("StandardProfile", on=0), policy("PrivateProfile", "EnableFirewall", 1)], ()),
        ([local("StandardProfile", on=0), policy("StandardProfile", "EnableFirewall", 1)], ()),
        ([policy("StandardProfile", "EnableFirewall", 0)], ("private", "public")),
        ([policy("StandardProfile", "EnableFirewall", 0), policy("PublicProfile", "EnableFirewall", 1)], ("private",)),
        ([local("DomainProfile", on=1), policy("DomainProfile", "EnableFirewall", 0)], ("domain",)),
        ([Key(join(firewall.LOCAL_SETTINGS, "DomainProfile"), {"EnableFirewall": Value.sz("0")})], ()),
    ],
)
def test_a_group_policy_takes_precedence_over_the_host_s_settings(keys: list[Key], off: tuple[str, ...]) -> None:
    assert understood(*keys).off == off


@pytest.mark.parametrize(
    ("rules", "as_written"), [((OURS,), True), ((), False), ((SWITCHED_OFF,), False), ((OURS, OURS), False)]
)
def test_the_rule_is_as_written_only_if_there_is_no_second_one(rules: tuple[str, ...], *, as_written: bool) -> None:
    assert understood(rules=rules).as_written is as_written


SECURITY_RULE = "v2.31|Action=SecureServer|Active=TRUE|Name=L2TP|Protocol=17|EP1Port=1701|Auth1Set={1}|Crypto2Set={2}|"


@pytest.mark.parametrize(
    ("rule", "overlaps"),
    [
        (SECURITY_RULE, True),
        (SECURITY_RULE.replace("EP1Port", "EP2Port"), True),
        (SECURITY_RULE.replace("EP1Port=1701", "EP1Port=500|EP1Port=1701"), True),
        (SECURITY_RULE.replace("1701", "500,1700-1702"), True),
        (SECURITY_RULE.replace("EP1Port=1701", "EP1Port2_10=1024-65535"), True),
        (SECURITY_RULE.replace("SecureServer", "DoNotSecure").lower(), True),
        (SECURITY_RULE.replace("TRUE", "FALSE"), False),
        (SECURITY_RULE.replace("=17|", "=6|"), False),
        (SECURITY_RULE.replace("1701", "17010"), False),
        (SECURITY_RULE.replace("1701", "1702-1800"), False),
        (SECURITY_RULE.replace("1701", "RPC"), False),
        (SECURITY_RULE.replace("EP1Port=1701|", ""), False),
        ("", False),
    ],
)
def test_a_connection_security_rule_for_l2tp(rule: str, overlaps: bool) -> None:
    assert firewall.secures(rule) is overlaps


@pytest.mark.parametrize("place", [firewall.LOCAL_SETTINGS, firewall.GROUP_POLICY])
def test_connection_security_rules_of_the_server_and_of_a_group_policy_are_named(place: str) -> None:
    texts = {"{1}": SECURITY_RULE, "{2}": SECURITY_RULE.replace("1701", "1702")}
    key = Key(join(place, "ConSecRules"), {name: Value.sz(text) for name, text in texts.items()})
    assert firewall.understand(Tree([key]), running=True).overlapping == ("L2TP",)
