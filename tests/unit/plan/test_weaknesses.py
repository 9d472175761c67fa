# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What weakens a policy, and a key: each with a twin beside it that does not."""

from __future__ import annotations

import dataclasses
import ipaddress
from typing import Any, ClassVar, cast

import pytest

from ansible_collections.rras.ipsec.plugins.plugin_utils._keys_file import new_key
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy import model, report, weaknesses
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy import network as networks
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.findings import Identifier, Severity
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.model import Encryption, Integrity, Transform
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.results import HostFacts
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.weaknesses import Weakness
from ansible_collections.rras.ipsec.tests.support.network import OSAKA, PAIR, TOKYO, network, proof
from ansible_collections.rras.ipsec.tests.support.server import BLOCKED, Server, declare, rule


def declared(action: dict[str, Any] | None = None, main_mode: dict[str, Any] | None = None) -> model.Policy:
    more = {} if main_mode is None else {"main_mode": main_mode}
    return declare(rules=[rule(filter_action=action or {}), BLOCKED], **more).policy


def of_policy(policy: model.Policy) -> list[tuple[str | None, str]]:
    return [(name, str(each)) for name, each in weaknesses.of_policy(policy)]


DES, MD5, NONE = {"encryption": "des"}, {"integrity": "md5"}, {"encryption": "none"}


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        (declared(), []),
        (declared({"offers": [{}, DES]}), [("tokyo-osaka", "weak_encryption")]),
        (declared({"offers": [{}, MD5]}), [("tokyo-osaka", "weak_integrity")]),
        (declared({"offers": [{"integrity": "none"}]}), [("tokyo-osaka", "weak_integrity")]),
        (declared({"offers": [{}, NONE]}), [("tokyo-osaka", "esp_without_encryption")]),
        (
            declared({"offers": [NONE | MD5]}),
            [("tokyo-osaka", each) for each in ("esp_without_encryption", "weak_integrity")],
        ),
        (declared({"action": "block"}), []),
        (declared(None, {"methods": [{"dh_group": 2}, {"dh_group": 14}]}), []),
        (declared(None, {"methods": [{"dh_group": 1}]}), [(None, "weak_dh_group")]),
        (declared(None, {"methods": [{}, DES | MD5]}), [(None, "weak_encryption"), (None, "weak_integrity")]),
    ],
)
def test_what_is_offered(policy: model.Policy, expected: list[tuple[str | None, str]]) -> None:
    assert of_policy(policy) == expected


def offering(*algorithms: model.Algorithm) -> model.Policy:
    policy = declared()
    first, *others = policy.rules
    action = dataclasses.replace(first.filter_action, offers=(model.Offer(algorithms),))
    return dataclasses.replace(policy, rules=(dataclasses.replace(first, filter_action=action), *others))


AH = model.Algorithm(Transform.AH, Encryption.NONE, Integrity.SHA1)
ESP = model.Algorithm(Transform.ESP, Encryption.TRIPLE_DES, Integrity.NONE)


@pytest.mark.parametrize(
    ("algorithms", "expected"),
    [
        pytest.param((ESP,), ["weak_integrity"], id="ESP has no integrity"),
        pytest.param((ESP, AH), [], id="AH has it"),
        pytest.param((AH,), [], id="AH alone never encrypts, and does not say that it does"),
        pytest.param((), ["falls_back_to_clear_text"], id="no protection, which is said as what it is"),
    ],
)
def test_ah_and_esp_are_judged_together(algorithms: tuple[model.Algorithm, ...], expected: list[str]) -> None:
    assert [what for _name, what in of_policy(offering(*algorithms))] == expected


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, []),
        ({"active": False}, ["rule_inactive"]),
        ({"active": False, "tunnel_address": ipaddress.IPv4Address("192.0.2.9")}, ["rule_inactive"]),
        ({"tunnel_address": ipaddress.IPv4Address("192.0.2.9")}, ["tunnel_rule"]),
    ],
)
def test_rules(given: dict[str, Any], expected: list[str]) -> None:
    policy = declared()
    changed = dataclasses.replace(policy.rules[0], **given)
    assert [what for _name, what in of_policy(dataclasses.replace(policy, rules=(changed,)))] == expected


@pytest.mark.parametrize("active", [True, False])
def test_the_default_response_rule(active: bool) -> None:
    policy = declare(rules=[rule(), BLOCKED], default_response_rule=active).policy
    assert of_policy(policy) == [("", "default_response_active")] * active


def test_only_the_assigned_policy_is_criticized_word_for_word(server: Server) -> None:
    weak: dict[str, Any] = {"filter_action": {"offers": [DES | MD5]}}
    server.policy(
        rules=[rule(**weak), rule("spare", peer="192.0.2.9", active=False), BLOCKED],
        main_mode={"methods": [{"dh_group": 1}]},
        default_response_rule=True,
    )
    server.policy(name="Another", rules=[rule(**weak)], assigned=False)
    host = server.inform()["host"]
    assert sorted(len(policy["weaknesses"]) for policy in host["policies"]) == [2, 5]
    found = list(weaknesses.find("rras-tokyo", host))
    assert {each.severity for each in found} == {Severity.WARNING}
    of_l2tp = "of the policy 'L2TP' on rras-tokyo"
    assert [str(each) for each in found] == [
        (
            f"The key exchange {of_l2tp} offers Diffie-Hellman group 1 (768 bits), which can be broken. "
            "Write 14 or 2 for dh_group, in l2tp_main_mode."
        ),
        (
            f"The rule 'tokyo-osaka' {of_l2tp} offers DES, whose keys can be found by trying all of them. "
            "Offer 3DES alone (encryption, in l2tp_filter_action and l2tp_main_mode)."
        ),
        (
            f"The rule 'tokyo-osaka' {of_l2tp} offers MD5, or encryption without integrity. "
            "Offer SHA1 alone (integrity, in l2tp_filter_action and l2tp_main_mode)."
        ),
        (
            f"The rule 'spare' {of_l2tp} is not active, so it protects nothing. "
            "Activate the rule in the console, or delete it."
        ),
        (
            f"The default response rule {of_l2tp} is active, so the host negotiates with any computer that asks. "
            "Switch the default response rule off (KB 240262, step 5)."
        ),
    ]


def test_what_may_not_even_be_assigned_for_a_test_word_for_word() -> None:
    found = [{"rule": "link", "what": str(each)} for each in (Weakness.ESP_WITHOUT_ENCRYPTION, Weakness.TUNNEL_RULE)]
    policy = {"assigned": True, "ours": False, "name": "Theirs", "weaknesses": found}
    said = weaknesses.find("rras-tokyo", cast("HostFacts", {"policies": [policy, policy | {"assigned": False}]}))
    assert [str(each) for each in said] == [
        (
            "The rule 'link' of the policy 'Theirs' on rras-tokyo offers ESP without encryption, so anybody on the "
            f"network path can read its packets. {BY_HAND}"
        ),
        (
            "The rule 'link' of the policy 'Theirs' on rras-tokyo specifies a tunnel, in which L2TP does not work "
            f"(KB 240262, step 8). {BY_HAND}"
        ),
    ]


def test_each_weakness_has_a_finding_of_its_name() -> None:
    assert {str(each) for each in Weakness} <= {str(each) for each in Identifier}
    assert set(weaknesses._SAID) == set(Weakness), "_SAID lacks its sentence"  # noqa: SLF001


BY_HAND = "Change that where the policy was made, such as in the console (IP Security Policies)."
SHORT = "has fewer than 16 characters"
FEW = "has fewer than 8 different characters"
ONE_CLASS = "has only digits, only small letters or only capital letters"
COMMON = "is made of common words and signs"


@pytest.mark.parametrize(
    ("key", "fault"),
    [
        ("Uji-Byodoin:105", SHORT),
        ("Uji-Byodoin:1053", ""),
        ("abAB12" * 6, FEW),
        ("abcdABCD12345678", ""),
        ("4917302856" * 3, ONE_CLASS),
        ("4917-3028-5649-1730", ONE_CLASS),
        ("4917302856" * 4, ""),
        ("ujibyodoinphoenix", ONE_CLASS),
        ("UJI-BYODOIN-PHOENIX", ONE_CLASS),
        ("UJI-BYODOIN-phoenix", ""),
        ("!$%&/()=?+*~#'<>|@", ""),
        ("MyVpnPassword2026!", COMMON),
        ("L2TP Server Secret 01", COMMON),
        ("MyVpnByodoin2026!", ""),
        ("Schlüssel für Uji 1053", ""),
    ],
)
def test_keys(key: str, fault: str) -> None:
    assert weaknesses.of_key(key) == fault


def test_a_key_that_is_made_is_never_weak() -> None:
    assert {weaknesses.of_key(new_key()) for _ in range(1000)} == {""}


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        (PAIR | {"preshared_key": "Uji-Byodoin:1053/Phoenix"}, 0),
        (PAIR | {"preshared_key": "vpn-password-2026"}, 1),
        (PAIR | {"preshared_key": None, "authentication": [{"kerberos": True}, {"preshared_key": "0123456789"}]}, 1),
        (PAIR | {"preshared_key": None, "certificate_authority": "CN=x"}, 0),
    ],
)
def test_a_weak_key_is_said_without_the_key(entry: dict[str, Any], expected: int) -> None:
    found = list(weaknesses.of_connections(TOKYO, networks.connections_of(network(entry), TOKYO)))
    assert len(found) == expected
    for each in found:
        assert each.problem.startswith("The preshared key of the connection tokyo-osaka ")
        assert each.remedy == "Let rras.ipsec.keys make another one (docs/keys.md)."
        assert not any(key in str(each) for key in ("vpn-password-2026", "0123456789"))


class TestReport:
    """What verify says of it, and on which host."""

    weak: ClassVar[dict[str, Any]] = {
        "name": "L2TP",
        "assigned": True,
        "ours": True,
        "open_keys": [],
        "weaknesses": [{"rule": None, "what": "weak_dh_group"}],
    }

    def said(self, host: str, *entries: Any, comparison: dict[str, Any] | None = None) -> list[str]:
        answers = {name: proof(policies=[self.weak], comparison=comparison) for name in (TOKYO, OSAKA)}
        found = report.report(network(*entries), host, cast("report.Answers", answers)).findings
        return [str(each.identifier) for each in found if str(each.identifier).startswith("weak_")]

    def test_of_the_declared_policy_on_each_host_and_of_the_key_once(self) -> None:
        entry = PAIR | {"preshared_key": "vpn-password-2026"}
        assert self.said(TOKYO, entry) == ["weak_dh_group", "weak_preshared_key"]
        assert self.said(OSAKA, entry) == ["weak_dh_group"]

    def test_nothing_while_another_policy_is_assigned(self) -> None:
        assert self.said(OSAKA, PAIR, comparison={"standing": "unassigned"}) == []

    def test_of_whatever_is_assigned_on_a_host_without_connections(self) -> None:
        assert self.said(OSAKA) == ["weak_dh_group"]
