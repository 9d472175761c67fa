# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an administrator reads of a policy and of a server; never a key."""

from __future__ import annotations

import dataclasses
import ipaddress
import json

import pytest
from hypothesis import given, settings

from ansible_collections.rras.ipsec.plugins.plugin_utils._policy import describe, difference, model
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.registry import Value
from ansible_collections.rras.ipsec.tests.support.relatives import Relatives, relatives
from ansible_collections.rras.ipsec.tests.support.server import BLOCKED, KEY, NAME, OTHER_KEY, Server, declare, rule

NONCE = bytes(32)
UNDECLARED = describe.key_states({})


def test_a_policy_in_the_words_of_the_console() -> None:
    weak = {
        "offers": [{"encryption": "none", "integrity": "md5"}],
        "fall_back_to_clear_text": True,
        "accept_unsecured": True,
        "pfs": True,
    }
    rules = [
        rule(),
        BLOCKED,
        rule(
            "weak",
            peer="192.0.2.3",
            authentication=[{"certificate_authority": "CN=Example"}, {"kerberos": True}],
            filter_action=weak,
        ),
        rule("resting", active=False, connection_type="dialup", filters=[_filter(mirrored=False, protocol="icmp")]),
    ]
    policy = declare(description="Branches", rules=rules).policy.masked(NONCE)
    word = describe.key_states({rule.name: policy.rules[0].authentication for rule in policy.rules})
    assert describe.text(policy, word) == POLICY_TEXT


def _filter(**given: object) -> dict[str, object]:
    return {"source_address": "me", "destination_address": "any", "source_port": 0} | given


POLICY_TEXT = """\
IP security policy: L2TP
  description: Branches
  check for policy changes every: 180 minutes
  key exchange: new key every 480 minutes
    any number of sessions for each key
    master key perfect forward secrecy: no
    3DES / SHA1 / Diffie-Hellman group 14 (2048)
    3DES / SHA1 / Diffie-Hellman group 2 (1024)
  rule: all other L2TP
    filter: UDP me port 1701 -> any port any, mirrored
    filter action: block
    tunnel: none
    connection type: all network connections
  rule: resting (not active)
    filter: ICMP me port any -> any port any, not mirrored
    filter action: negotiate security
      ESP 3DES/SHA1, new key every 100000 kB / 3600 s
    authentication: preshared key: matches
    tunnel: none
    connection type: remote access
  rule: tokyo-osaka
    filter: UDP 192.0.2.1 port 1701 -> 192.0.2.2 port any, mirrored
    filter action: negotiate security
      ESP 3DES/SHA1, new key every 100000 kB / 3600 s
    authentication: preshared key: matches
    tunnel: none
    connection type: all network connections
  rule: weak
    filter: UDP 192.0.2.1 port 1701 -> 192.0.2.3 port any, mirrored
    filter action: negotiate security, accept unsecured communication
      ESP no encryption/MD5, new key every 100000 kB / 3600 s, perfect forward secrecy
      clear text with computers that do not support IPsec
    authentication: certificate from CN=Example
    authentication: Kerberos
    tunnel: none
    connection type: all network connections
  default response rule: not activated
"""


def test_no_policy_is_no_text() -> None:
    assert describe.text(None, UNDECLARED) == ""


def test_what_no_console_can_write_is_shown_as_it_is() -> None:
    ah = model.Algorithm(model.Transform.AH, model.Encryption.NONE, model.Integrity.SHA1)
    strange = dataclasses.replace(
        declare().policy.rules[0],
        name="",
        filter_list=model.FilterList("", (model.Filter(model.Address.me(), model.Address.any(), protocol=132),)),
        filter_action=model.FilterAction("", "{strange}", (model.Offer((ah, ah)),)),
        authentication=(model.AuthenticationMethod(9, b"data of an unknown kind"),),
        connection_type=7,
        tunnel_address=ipaddress.IPv4Address("198.51.100.7"),
    )
    policy = model.Policy("Strange", polling_interval=60, rules=(strange,))
    assert describe.lines(policy, UNDECLARED)[5:] == [
        "  rule: rule 1",
        "    filter: protocol 132 me port any -> any port any, mirrored",
        "    filter action: unknown ({strange})",
        "      AH SHA1 and AH SHA1, new key every 100000 kB (default) / 3600 s (default)",
        "    authentication: unknown method 9: undeclared",
        "    tunnel: 198.51.100.7",
        "    connection type: unknown (7)",
    ]
    assert describe.details(policy, UNDECLARED)["rules"][0]["tunnel"] == "198.51.100.7"


def test_a_default_is_shown_as_what_windows_uses() -> None:
    policy = model.Policy("By hand")
    assert describe.lines(policy, UNDECLARED)[1:3] == [
        "  check for policy changes every: 180 minutes (default)",
        "  key exchange: new key every 480 minutes (default)",
    ]
    shown = describe.details(policy, UNDECLARED)
    assert (shown["polling_interval"], shown["main_mode"]["lifetime"]) == (180, 480)


def test_what_only_some_policies_have_is_shown_with_them() -> None:
    method = model.MainModeMethod(3, 2, 2, lifetime_seconds=90, quick_mode_limit=5, lifetime_kilobytes=7)
    certificate = model.AuthenticationMethod.certificate("CN=Example")
    changed = dataclasses.replace(
        declare().policy.rules[0],
        filter_list=model.FilterList(
            "list",
            (
                model.Filter(
                    model.Address.single("192.0.2.9", "far.example"),
                    model.Address(model.AddressKind.ANY, version=model.IpVersion.BOTH),
                    tunnel_address=ipaddress.IPv4Address("198.51.100.8"),
                    special=3,
                ),
            ),
        ),
        authentication=(certificate,),
        authentication_flags=(model.AuthenticationFlag.EXCLUDE_CA_NAME,),
        alternate_authentication=(model.AuthenticationMethod.kerberos(),),
        interface_name="Local Area Connection",
        tunnel_address=ipaddress.IPv4Address("198.51.100.7"),
        tunnel_name="hub",
    )
    main_mode = model.MainMode((method,), 60, 2, master_pfs=True, options=3)
    policy = model.Policy("By hand", main_mode=main_mode, rules=(changed,))
    assert describe.lines(policy, UNDECLARED)[2:] == [
        "  key exchange: new key every 1 minutes",
        "    at most 2 sessions for each key",
        "    master key perfect forward secrecy: yes",
        "    certificates are mapped to accounts",
        "    no certificate is requested",
        (
            "    3DES / SHA1 / Diffie-Hellman group 2 (1024), new key every 90 seconds, new key every 7 kB, "
            "at most 5 sessions for each key"
        ),
        "  rule: tokyo-osaka",
        (
            "    filter: ANY 192.0.2.9 (far.example) port any -> any over IPv4 and IPv6 port any, mirrored, "
            "tunnel to 198.51.100.8, special (3)"
        ),
        "    filter action: negotiate security",
        "      ESP 3DES/SHA1, new key every 100000 kB / 3600 s",
        "    authentication: certificate from CN=Example, without the name of the authority",
        "    alternate authentication: Kerberos",
        "    tunnel: 198.51.100.7 (hub)",
        "    connection type: all network connections",
        "    interface: Local Area Connection",
    ]


@settings(max_examples=50, deadline=None)
@given(relatives())
def test_policies_that_mean_different_things_never_share_a_text(drawn: Relatives) -> None:
    one, others = drawn
    word = describe.key_states(_by_name(one))
    unambiguous = len({rule.name for rule in one.rules}) == len(one.rules)
    meaning = model.meaning(one)
    for two in others:
        if model.meaning(two) != meaning:
            before, after = difference.keys(one, two)
            assert describe.text(one, before) != describe.text(two, after)
            alike = not (unambiguous and _has_one_key(one) and _has_one_key(two))
            assert alike or describe.details(one, word) != describe.details(two, word)


@settings(max_examples=20, deadline=None)
@given(relatives())
def test_a_policy_has_one_text(drawn: Relatives) -> None:
    policy, _others = drawn
    before, after = difference.keys(policy, policy)
    assert describe.text(policy, before) == describe.text(policy, after)


def _has_one_key(policy: model.Policy) -> bool:
    """Whether no rule has two keys, of which the words of results do not say which is which."""
    counts = [sum(method.is_secret for method in methods) for methods in map(_methods, policy.rules)]
    return all(count <= 1 for count in counts)


def _methods(rule: model.Rule) -> tuple[model.AuthenticationMethod, ...]:
    return (*rule.authentication, *(rule.alternate_authentication or ()))


def _by_name(policy: model.Policy) -> dict[str, tuple[model.AuthenticationMethod, ...]]:
    return {rule.name: _methods(rule) for rule in policy.rules}


@pytest.mark.parametrize(
    ("keys", "word"), [([KEY], "matches"), ([OTHER_KEY, KEY], "matches"), ([OTHER_KEY], "differs"), ([], "undeclared")]
)
def test_a_server_s_key_is_only_ever_compared(server: Server, keys: list[str], word: str) -> None:
    server.policy()
    (policy,) = server.inform(*keys)["host"]["policies"]
    assert policy["rules"][0]["authentication"] == [f"preshared key: {word}"]


def test_everything_about_a_server(server: Server) -> None:
    server.policy()
    facts = server.inform()["host"]
    (policy,) = facts.pop("policies")
    assert (policy["name"], policy["ours"], policy["assigned"], policy["unreadable"]) == (NAME, True, True, [])
    assert json.loads(json.dumps(facts)) == facts, "plain data"
    assert facts["services"]["PolicyAgent"] == {"start": "auto", "running": True, "depends_on": ["Tcpip", "bfe"]}
    assert facts["addresses"] == [
        {"address": "10.0.0.10", "dynamic": False},
        {"address": "192.0.2.1", "dynamic": False},
    ]
    assert facts["assigned"] == NAME
    assert (facts["domain_policy"], facts["unfinished_transaction"], facts["l2tp_ports"]) == (None, None, 128)


def test_what_can_not_be_read_is_named(server: Server) -> None:
    server.policy()
    path = next(path for path in server.tree if "ipsecNFA" in path)
    server.host.registry.write(path, "ipsecData", Value.binary(b"no rule"))
    (policy,) = server.inform(KEY)["host"]["policies"]
    assert [entry["path"] for entry in policy["unreadable"]] == [path]
    assert server.plan()["pending"] is True
    server.policy()
    assert server.inform(KEY)["host"]["policies"][0]["unreadable"] == []
