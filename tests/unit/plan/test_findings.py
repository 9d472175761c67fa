# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is wrong about ProhibitIpSec and the services is told apart, and nothing is advised that would make it worse."""

from __future__ import annotations

from typing import Any, cast

import pytest

from ansible_collections.rras.ipsec.plugins.plugin_utils._policy import findings
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.findings import Identifier, Severity
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.results import HostFacts

HOST = "rras-tokyo"
RUNNING = {"start": "auto", "running": True}
SERVICES = {"RemoteAccess": RUNNING, "PolicyAgent": RUNNING, "IKEEXT": RUNNING}


def facts(value: int | None, in_effect: str, **given: Any) -> HostFacts:
    found = {
        "prohibit_ipsec": {"value": value, "in_effect": in_effect},
        "services": SERVICES | given.pop("services", {}),
        "l2tp_covered": "all",
        "l2tp_over_ipv6_blocked": True,
        "l2tp_over_ipv6_obstacles": [],
        "loading_proved": True,
        "domain_policy": None,
        "policies": [],
        "l2tp_ports": 128,
        "l2tp_ports_enabled_for": {"remote_access": True, "routing": True, "outbound_routing": False},
        "addresses": [],
        "listed_addresses": [],
        "connection_security_rules": [],
        "obstacles": [],
    }
    return cast("HostFacts", found | given)


BARE = {"l2tp_covered": "none"}
DEAF = {"services": {"PolicyAgent": {"start": "auto", "running": False}}}


@pytest.mark.parametrize(
    ("found", "identifiers"),
    [
        (facts(1, "yes"), []),
        (facts(None, "unknown"), ["not_prohibited"]),
        (facts(0, "unknown"), ["not_prohibited"]),
        (facts(1, "no"), ["restart_pending"]),
        (facts(None, "no"), ["restart_harmful"]),
        (facts(1, "unknown"), ["restart_unproven"]),
        (facts(1, "yes", **BARE), ["clear_text_l2tp"]),
        (facts(1, "no", **BARE), ["clear_text_l2tp"]),
        (facts(1, "unknown", **BARE), ["clear_text_l2tp"]),
        (facts(None, "no", **BARE), ["clear_text_l2tp"]),
        (facts(None, "unknown", **BARE), ["not_prohibited"]),
        (facts(1, "yes", l2tp_covered="open"), ["clear_text_l2tp"]),
        (facts(1, "yes", l2tp_covered="connections"), []),
        (facts(1, "yes", **DEAF), ["clear_text_l2tp"]),
        (facts(None, "unknown", **DEAF), ["not_prohibited"]),
        (facts(1, "yes", **BARE, domain_policy="LDAP://x"), []),
        (facts(1, "no", **BARE, domain_policy="LDAP://x"), ["restart_pending"]),
    ],
)
def test_the_states_of_the_value(found: HostFacts, identifiers: list[str]) -> None:
    said = [*findings.of_the_value(HOST, found), *findings.clear_text(HOST, found)]
    assert [str(each.identifier) for each in said] == identifiers
    for each in said:
        assert each.severity is (Severity.WARNING if each.identifier == "restart_unproven" else Severity.ERROR)
        if each.identifier is Identifier.CLEAR_TEXT_L2TP:
            assert each.problem.startswith(f"L2TP on {HOST} is in clear text")
    if "restart_harmful" in identifiers:
        assert not any(each.remedy.startswith("Restart") for each in said)


@pytest.mark.parametrize(
    ("in_effect", "value", "sentence"),
    [
        (
            "yes",
            1,
            (
                "L2TP on rras-tokyo is in clear text: ProhibitIpSec is 1, and no assigned policy protects it. "
                "Run site for rras-tokyo, or remove the value and restart it."
            ),
        ),
        (
            "no",
            1,
            (
                "L2TP on rras-tokyo is in clear text after the next boot: ProhibitIpSec is 1, and no "
                "assigned policy protects it. Run site for rras-tokyo, or remove the value before it restarts."
            ),
        ),
        (
            "no",
            None,
            (
                "L2TP on rras-tokyo is in clear text: as far as is known Windows still runs with the ProhibitIpSec "
                "that was removed, and no assigned policy protects it. Run site for rras-tokyo, or run remove and "
                "restart it."
            ),
        ),
    ],
)
def test_clear_text_word_for_word(in_effect: str, value: int | None, sentence: str) -> None:
    (found,) = findings.clear_text(HOST, facts(value, in_effect, **BARE))
    assert str(found) == sentence


SOME = {"l2tp_covered": "connections"}
UNREAD = {"policies": [{"assigned": True, "open_keys": [], "unreadable": [{"path": "x", "reason": "y"}]}]}
NO_RULE = "no rule of the assigned policy protects it"
RESTART = "Run site for rras-tokyo, or remove the value and restart it."


@pytest.mark.parametrize(
    ("found", "sentence"),
    [
        (
            facts(1, "yes", **SOME),
            f"L2TP on rras-tokyo with rras-osaka is in clear text: ProhibitIpSec is 1, and {NO_RULE}. {RESTART}",
        ),
        (
            facts(1, "unknown", **SOME),
            f"L2TP on rras-tokyo with rras-osaka is in clear text: ProhibitIpSec is 1, and {NO_RULE}. {RESTART}",
        ),
        (
            facts(1, "no", **SOME),
            (
                f"L2TP on rras-tokyo with rras-osaka is in clear text after the next boot: ProhibitIpSec is 1, and "
                f"{NO_RULE}. Run site for rras-tokyo, or remove the value before it restarts."
            ),
        ),
        (
            facts(None, "no", **SOME),
            (
                "L2TP on rras-tokyo with rras-osaka is in clear text: as far as is known Windows still runs with the "
                f"ProhibitIpSec that was removed, and {NO_RULE}. "
                "Run site for rras-tokyo, or run remove and restart it."
            ),
        ),
        (
            facts(1, "yes", **SOME, **UNREAD),
            (
                "L2TP on rras-tokyo with rras-osaka may be in clear text: ProhibitIpSec is 1, and no rule of the "
                f"assigned policy that can be read protects it. {RESTART}"
            ),
        ),
        pytest.param(facts(None, "unknown", **SOME), "", id="RRAS makes its own filters"),
        pytest.param(facts(1, "yes"), "", id="another rule blocks it"),
        pytest.param(facts(1, "yes", **BARE), "", id="nothing protects any L2TP, which is said of the host"),
        pytest.param(facts(1, "yes", l2tp_covered="open"), "", id="a rule lets L2TP through, as well"),
        pytest.param(facts(1, "yes", **SOME, **DEAF), "", id="no policy is loaded, as well"),
        pytest.param(facts(1, "yes", **SOME, domain_policy="LDAP://x"), "", id="nobody knows what the domain's does"),
    ],
)
def test_clear_text_with_one_peer_word_for_word(found: HostFacts, sentence: str) -> None:
    assert " ".join(map(str, findings.clear_text_with(HOST, "rras-osaka", found))) == sentence
    for each in findings.clear_text_with(HOST, "rras-osaka", found):
        assert (each.identifier, each.severity) == (Identifier.CLEAR_TEXT_L2TP, Severity.ERROR)


@pytest.mark.parametrize(
    ("services", "identifiers"),
    [
        ({}, []),
        ({"RemoteAccess": {"start": "auto", "running": False}}, ["service_not_running"]),
        ({"RemoteAccess": {"start": None, "running": False}}, ["rras_not_installed"]),
        ({"RemoteAccess": {"start": "disabled", "running": False}}, ["rras_not_installed"]),
        ({"RemoteAccess": {"start": "disabled", "running": True}}, ["service_disabled"]),
        ({"PolicyAgent": {"start": "disabled", "running": True}}, ["service_disabled"]),
        ({"IKEEXT": {"start": "demand", "running": True}}, []),
    ],
)
def test_the_services(services: dict[str, Any], identifiers: list[str]) -> None:
    found = list(findings.find(HOST, facts(1, "yes", services=services)))
    assert [str(each.identifier) for each in found] == identifiers
    assert {each.severity for each in found} <= {Severity.ERROR}


@pytest.mark.parametrize(
    ("value", "in_effect", "said"),
    [
        pytest.param(1, "yes", True, id="in effect"),
        pytest.param(1, "unknown", True, id="nobody knows"),
        pytest.param(None, "no", True, id="removed, and Windows still runs with it"),
        pytest.param(None, "unknown", False, id="not there"),
    ],
)
def test_other_l2tp_is_looked_at_wherever_rras_makes_no_filters(value: int | None, in_effect: str, said: bool) -> None:
    found = findings.find(HOST, facts(value, in_effect, l2tp_covered="connections"))
    assert [str(each.identifier) for each in found] == ["other_l2tp_unprotected"] * said
