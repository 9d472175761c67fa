# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The steps of the role: from the variables and results of all hosts to what is done on one of them."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from ansible_collections.rras.ipsec.plugins.plugin_utils import _limit
from ansible_collections.rras.ipsec.tests.support import role
from ansible_collections.rras.ipsec.tests.support.network import DEAD, OSAKA, PAIR, PENDING, TOKYO, proof, rule

HOSTVARS: dict[str, dict[str, Any]] = {
    TOKYO: {
        "l2tp_connections": [PAIR],
        "l2tp_address": "192.0.2.1",
        "__l2tp_plan": proof() | PENDING,
        "__l2tp_stage": {"transaction": "x"},
        "__l2tp_commit": {"changed": True},
    },
    OSAKA: {
        "l2tp_connections": [PAIR],
        "l2tp_address": "192.0.2.2",
        "__l2tp_plan": proof() | PENDING,
        "__l2tp_stage": {"transaction": "y"},
        "__l2tp_commit": DEAD,
        "__l2tp_again": DEAD,
        "__l2tp_value": {"reboot_required": True},
        "__l2tp_restart": DEAD,
    },
}
NOTE = (
    "The IPsec Policy Agent of KB 240262 has neither AES nor SHA-256, nor a Diffie-Hellman group above 14. Nothing is "
    "wrong; for a new link, consider IKEv2 or the connection security rules of Windows Firewall."
)
READ: dict[str, dict[str, Any]] = {
    name: {option: value for option, value in variables.items() if not option.startswith("__")}
    | {"__l2tp_plan": proof() | {"pending": False, "changed_rules": []}}
    for name, variables in HOSTVARS.items()
}
"""Two hosts that were read and are as declared."""


ORDERED = {"batches": [[OSAKA], [TOKYO]]}


def changed(hostvars: Mapping[str, dict[str, Any]], host: str, **variables: Any) -> dict[str, dict[str, Any]]:
    return {**hostvars, host: hostvars[host] | variables}


def compared(hostvars: Mapping[str, Mapping[str, Any]], host: str, **given: Any) -> Any:
    result, done, stopped = role.decide("compare", hostvars, host, **given)
    assert (done, stopped) == ([], "")
    return result


def verified(answer: Mapping[str, Any], **variables: Any) -> Any:
    return compared(changed(READ, TOKYO, __l2tp_plan=answer, **variables), TOKYO, only_verify=True)


def test_a_pair_that_is_as_declared() -> None:
    result = compared(READ, TOKYO)
    assert (result["goes_on"], result["errors"]) == (False, [])
    (line,) = result["lines"]
    assert line.startswith("tokyo-osaka: rras-tokyo and rras-osaka agree on UDP 192.0.2.1 port 1701 -> 192.0.2.2")
    fact = result["ansible_facts"]["l2tp_result"]
    (connection,) = fact.pop("connections")
    assert [(each["identifier"], each["severity"]) for each in fact.pop("findings")] == [("legacy_engine", "note")]
    assert fact == {
        "changed": False,
        "changes": [],
        "errors": [],
        "read": True,
        "restart_pending": False,
        "unfinished_transaction": None,
    }
    assert (connection["name"], connection["peer"], connection["agree"], connection["proved"]) == (
        "tokyo-osaka",
        OSAKA,
        True,
        True,
    )


@pytest.mark.parametrize(
    ("variables", "goes_on"),
    [
        ({}, False),
        ({"__l2tp_plan": proof() | PENDING}, True),
        ({"__l2tp_plan": proof(value=None, in_effect="yes") | {"pending": False}}, True),
        ({"__l2tp_plan": proof(in_effect="no") | {"pending": False}}, True),
        ({"__l2tp_plan": proof(in_effect="unknown") | {"pending": False}}, False),
        ({"__l2tp_plan": proof(in_effect="unknown") | {"pending": False}, "l2tp_reboot": "if_unknown"}, True),
        ({"__l2tp_plan": proof(rules=[rule(state="differs")]) | {"pending": False}}, True),
        ({"__l2tp_plan": {}}, True),
        ({"l2tp_connections": []}, False),
        ({"l2tp_managed": False}, False),
    ],
)
def test_who_goes_on(variables: dict[str, Any], goes_on: bool) -> None:
    assert compared(changed(READ, TOKYO, **variables), TOKYO)["goes_on"] is goes_on


def test_the_other_end_of_a_changed_connection_goes_on() -> None:
    hostvars = changed(READ, TOKYO, __l2tp_plan=proof() | PENDING)
    assert compared(hostvars, OSAKA)["goes_on"] is True
    hostvars = changed(READ, TOKYO, __l2tp_plan=proof() | PENDING | {"changed_rules": ["another"]})
    assert compared(hostvars, OSAKA)["goes_on"] is False


def test_a_finding_is_in_the_fact_of_its_own_host() -> None:
    services = {"RemoteAccess": {"start": "auto", "running": False}}
    hostvars = changed(READ, OSAKA, __l2tp_plan=proof(services=services) | {"pending": False})
    for host, number in ((OSAKA, 1), (TOKYO, 0)):
        findings = compared(hostvars, host)["ansible_facts"]["l2tp_result"]["findings"]
        assert [found["identifier"] for found in findings] == [*["service_not_running"] * number, "legacy_engine"]
        assert all({type(value) for value in found.values()} == {str, bool} for found in findings)


def test_what_verify_says_of_a_host_that_is_away() -> None:
    away = {"__l2tp_plan": {"failure": DEAD, "changed": False}}
    hostvars = changed(READ, OSAKA, **away)
    said = compared(hostvars, OSAKA, only_verify=True)
    sentence = "rras-osaka is unreachable: Connection refused. Its connections were not compared; all others were."
    assert (said["goes_on"], said["errors"]) == (True, [sentence])
    line, *_weak_key = compared(hostvars, TOKYO, only_verify=True)["lines"]
    assert line.startswith("tokyo-osaka: rras-tokyo has UDP 192.0.2.1 port 1701 -> 192.0.2.2")
    stopping = changed(hostvars, OSAKA, **away, __l2tp_compared=said)
    assert role.decide("stop", stopping, OSAKA, only_verify=True) == ({}, [], sentence)


def test_a_host_that_does_not_match_is_reported_whatever_differs() -> None:
    assert verified(proof())["errors"] == []
    assert verified(proof(matches=False))["errors"] == [
        "rras-tokyo does not match the declaration. Run site for rras-tokyo."
    ]


@pytest.mark.parametrize(
    ("read", "errors"),
    [
        (proof(), []),
        (proof(matches=False), ["rras-tokyo does not match the declaration. Run site for rras-tokyo."]),
        (
            proof(matches=False, rules=[rule(), rule(name="all other L2TP", state="missing", treatment="")]),
            ["L2TP with other peers is ignored on rras-tokyo, but l2tp_other_peers is block. Run site for rras-tokyo."],
        ),
    ],
)
def test_a_change_that_did_not_bring_about_what_is_declared_is_no_success(
    read: Mapping[str, Any], errors: list[str]
) -> None:
    hostvars = changed(READ, TOKYO, __l2tp_plan=proof() | PENDING, __l2tp_stage={"transaction": "x"})
    hostvars = changed(hostvars, TOKYO, __l2tp_commit={"changed": True}, __l2tp_proof={**read, "changed_rules": []})
    result = compared(hostvars, TOKYO)
    assert result["errors"] == errors
    finishing = changed(hostvars, TOKYO, __l2tp_compared=result)
    assert role.decide("finish", finishing, TOKYO)[1:] == ([] if errors else ["finish"], " ".join(errors))


def test_a_host_without_a_connection_needs_no_address() -> None:
    answer = proof(comparison=None)
    answer["host"] |= {"addresses": [{"address": "192.0.2.7", "dynamic": False}], "machine": "x"}
    alone = verified(answer, l2tp_connections=[], l2tp_address=None)
    assert alone["lines"] == [
        "l2tp_connections is empty for rras-tokyo, and no policy of this collection is there. Nothing was compared.",
        NOTE,
    ]
    (error,) = verified({**answer, "comparison": proof()["comparison"]})["errors"]
    assert error.startswith(
        "rras-tokyo was not compared, because l2tp_address of rras-tokyo is 192.0.2.1, but the server"
    )


def test_a_host_that_was_not_read_is_no_success() -> None:
    (said,) = verified({})["errors"]
    assert said.startswith("rras-tokyo was not read in this run; start with the first task of the role")


@pytest.mark.parametrize(
    ("step", "does"),
    [("stage", ["stage"]), ("commit_near", []), ("commit_far", []), ("set_value", []), ("finish", [])],
)
def test_a_step_goes_on_only_when_the_other_end_did_what_comes_before(step: str, does: list[str]) -> None:
    without = changed(HOSTVARS, OSAKA, __l2tp_stage={"failed": True, "msg": "the disk is full"}, __l2tp_commit={})
    _result, done, _stopped = role.decide(step, without, TOKYO)
    assert [each for each in done if each != "revert"] == does


def test_a_host_reverts_when_its_peer_failed_to_commit() -> None:
    failed = {"failed": True, "msg": "the disk is full"}
    hostvars = changed(HOSTVARS, OSAKA, __l2tp_commit=failed, __l2tp_again={"skipped": True})
    _result, done, stopped = role.decide("set_value", hostvars, TOKYO)
    assert done == ["revert"]
    assert stopped == "rras-tokyo stopped: its peer rras-osaka failed: the disk is full"


def test_nobody_reverts_while_it_is_unknown_what_the_other_end_has() -> None:
    _result, done, stopped = role.decide("set_value", HOSTVARS, TOKYO)
    assert done == []
    assert "did not answer the commit, so whether it has the new policy is unknown" in stopped


def test_far_ends_commit_first() -> None:
    staged = changed(changed(HOSTVARS, OSAKA, __l2tp_commit={}), TOKYO, __l2tp_commit={})
    done = {(step, host): role.decide(step, staged, host)[1] for step in ("commit_far", "commit_near") for host in READ}
    assert done == {
        ("commit_far", TOKYO): [],
        ("commit_far", OSAKA): ["commit"],
        ("commit_near", TOKYO): ["commit"],
        ("commit_near", OSAKA): [],
    }


def test_a_host_is_not_restarted_after_one_that_did_not_come_back() -> None:
    ordered, *_rest = role.decide("order", HOSTVARS, TOKYO)
    assert ordered["batches"] == [[OSAKA]]
    stopped = role.decide("restart", changed(HOSTVARS, TOKYO, __l2tp_order=ORDERED), TOKYO)[2]
    assert stopped.startswith("rras-osaka did not come back after the restart, so rras-tokyo is not restarted;")


def test_one_that_was_stopped_is_not_one_that_did_not_come_back() -> None:
    stopped = {"failed": True, "reason": "stopped", "msg": "rras-tokyo is not restarted"}
    hostvars = changed(HOSTVARS, OSAKA, __l2tp_restart=stopped)
    result, done, said = role.decide("restart", changed(hostvars, TOKYO, __l2tp_order=ORDERED), TOKYO)
    assert (result, done, said) == ({"changed": True, "rebooted": True}, [], "")


@pytest.mark.parametrize("step", ["stage", "set_value", "commit_far", "commit_near", "prove", "finish"])
def test_a_later_step_alone_does_nothing(step: str) -> None:
    unread = {name: {"l2tp_connections": [PAIR], "l2tp_address": "192.0.2.9"} for name in READ}
    result, done, stopped = role.decide(step, unread, TOKYO)
    assert done == []
    assert result.get("skipped") or "start with the first task of the role" in stopped


def hub(**commits: Any) -> dict[str, dict[str, Any]]:
    """Return a hub, the near end of three connections, after the far ends had to commit."""
    links = [
        {"name": f"to-{name}", "peers": ["hub", name], "preshared_key": f"key of {name}"} for name in ("a", "b", "c")
    ]
    planned: dict[str, Any] = {**proof(), "pending": True, "changed_rules": [link["name"] for link in links]}
    addresses = {name: f"192.0.2.{number}" for number, name in enumerate(("hub", "a", "b", "c"), start=1)}
    return {
        name: {
            "l2tp_connections": links,
            "l2tp_address": address,
            "__l2tp_plan": planned | {"host": planned["host"] | {"addresses": [{"address": address}], "machine": name}},
            "__l2tp_stage": {"transaction": name},
            "__l2tp_commit": commits.get(name, {}),
        }
        for name, address in addresses.items()
    }


def test_why_a_hub_stops_is_said_once_and_its_cause_is_named() -> None:
    failed = {"failed": True, "msg": "the disk is full"}
    hostvars = hub(a={"changed": True}, b=failed, c={"changed": True})
    said = {name: role.decide("set_value", hostvars, name)[1:] for name in ("hub", "a", "c")}
    assert said == {
        "hub": (["revert"], "hub stopped too: its peer b failed (see the message of a)."),
        "a": (["revert"], "a stopped, and with it c and hub: b, the peer of hub, failed: the disk is full"),
        "c": (["revert"], "c stopped too: b, the peer of hub, failed (see the message of a)."),
    }


def test_a_commit_that_was_cut_off_and_not_asked_for_again_reverts_nobody() -> None:
    hostvars = changed(HOSTVARS, OSAKA, __l2tp_commit=DEAD, __l2tp_again={"skipped": True})
    assert role.decide("ask_again", hostvars, OSAKA)[1] == ["plan"]
    for host in READ:
        assert role.decide("set_value", hostvars, host)[1] == []


NEVER_REACHED = DEAD | {"sent": False}


@pytest.mark.parametrize("host", [OSAKA, TOKYO])
def test_a_host_that_was_never_reached_did_not_commit_so_all_revert(host: str) -> None:
    other = TOKYO if host == OSAKA else OSAKA
    committed = changed(HOSTVARS, other, __l2tp_commit={"changed": True}, __l2tp_again={"skipped": True})
    asked = changed(committed, host, __l2tp_commit=NEVER_REACHED, __l2tp_again=DEAD)
    assert role.decide("set_value", asked, other)[1:] == (
        ["revert"],
        f"{other} stopped: its peer {host} is unreachable: Connection refused",
    )
    for hostvars in (
        changed(committed, host, __l2tp_commit=NEVER_REACHED, __l2tp_again={"skipped": True}),
        changed(committed, host, __l2tp_commit=NEVER_REACHED | {"sent": True}, __l2tp_again=DEAD),
    ):
        assert role.decide("set_value", hostvars, other)[1] == []


def test_a_near_end_commits_nevertheless_because_its_far_end_may_be_behind_it() -> None:
    hostvars = changed(changed(HOSTVARS, TOKYO, __l2tp_commit={}), OSAKA, __l2tp_commit=NEVER_REACHED, __l2tp_again={})
    assert role.decide("commit_near", hostvars, TOKYO)[1] == ["commit"]


PENDING_RESTART = {"__l2tp_plan": proof(in_effect="no") | {"pending": False, "changed_rules": []}}


def test_a_restart_needs_the_proof_that_the_value_needs() -> None:
    hostvars = changed(READ, TOKYO, **PENDING_RESTART)
    assert role.decide("set_value", hostvars, TOKYO)[1] == ["value"]
    assert role.decide("may_restart", hostvars, TOKYO)[1] == ["value"]
    assert role.decide("may_restart", changed(hostvars, TOKYO, l2tp_connections=[]), TOKYO)[1] == ["value"]
    assert role.decide("may_restart", READ, TOKYO)[1] == []
    not_as_declared = changed(READ, TOKYO, __l2tp_plan=proof(in_effect="no") | PENDING)
    stopped = role.decide("may_restart", not_as_declared, TOKYO)[2]
    assert stopped == (
        "rras-tokyo is not restarted, because it is not as declared and would boot with ProhibitIpSec; run site first."
    )


def test_what_an_unchanged_end_shows_is_said_after_its_peer_changed() -> None:
    stopped = proof(services={"RemoteAccess": {"start": "auto", "running": False}})
    unchanged = stopped | {"pending": False, "changed_rules": []}
    hostvars = changed(READ, OSAKA, __l2tp_plan=proof() | PENDING, __l2tp_stage={"transaction": "x"})
    hostvars = changed(hostvars, TOKYO, __l2tp_plan=unchanged, __l2tp_proof={"skipped": True})
    hostvars = changed(hostvars, OSAKA, __l2tp_proof=proof() | {"changed_rules": []})
    result = compared(hostvars, TOKYO)
    (error,) = result["errors"]
    assert "RemoteAccess is not running" in error
    (line,) = result["lines"]
    assert line.startswith("tokyo-osaka: ")


def test_a_change_whose_answer_was_lost_is_in_the_fact() -> None:
    lost = {"__l2tp_commit": DEAD, "__l2tp_again": proof() | {"pending": False, "changed_rules": []}}
    hostvars = changed(READ, OSAKA, **lost)
    assert compared(hostvars, OSAKA)["ansible_facts"]["l2tp_result"]["changes"] == ["policy"]
    assert compared(READ, OSAKA)["ansible_facts"]["l2tp_result"]["changes"] == []


def _away(_options: Mapping[str, Any]) -> Mapping[str, Any]:
    raise _limit.TimeUp


@pytest.mark.parametrize(("reboot", "stops"), [(_away, True), (lambda _options: {"rebooted": True}, False)])
def test_a_restart_has_a_limit(monkeypatch: pytest.MonkeyPatch, reboot: Any, stops: bool) -> None:
    limits: list[int] = []

    @contextlib.contextmanager
    def limited(seconds: int) -> Iterator[None]:
        limits.append(seconds)
        yield

    monkeypatch.setattr(_limit, "limited", limited)
    hostvars = changed(READ, TOKYO, l2tp_reboot_timeout=600, l2tp_host_timeout=45, __l2tp_order=ORDERED)
    result, _done, said = role.decide("restart", hostvars, TOKYO, reboot=reboot)
    assert limits == [2 * 600 + 45], "the time that win_reboot may wait, twice, and one answer"
    assert said.startswith("rras-tokyo did not come back within 600 seconds after its restart; ") is stops
    assert bool(result) is not stops


@pytest.mark.parametrize("needed", [True, False])
def test_without_an_order_only_a_host_that_needs_it_is_restarted(needed: bool) -> None:
    """A condition of the play has left out the host that decides the order for all."""
    hostvars = changed(READ, TOKYO, __l2tp_value={"reboot_required": needed})
    result, _done, said = role.decide("restart", hostvars, TOKYO)
    assert (bool(result.get("rebooted")), said) == (needed, "")


def test_a_restart_that_a_removal_left_for_later() -> None:
    gone = proof(None, "no") | {"pending": False, "changed_rules": []}
    hostvars = {name: each | {"__l2tp_plan": gone} for name, each in READ.items()}
    assert role.decide("may_restart", hostvars, TOKYO)[1] == ["value"]
    left = {"value": None, "reboot_required": True}
    hostvars = {name: each | {"__l2tp_value": left} for name, each in hostvars.items()}
    found = compared(changed(hostvars, TOKYO, __l2tp_restart={"rebooted": True}), TOKYO)
    (line,) = found["lines"]
    assert line == (
        "rras-tokyo was restarted, because ProhibitIpSec was removed; its policy stays in force: "
        "run remove, which deletes it."
    )
    set_again = {
        name: each | {"__l2tp_value": {"value": 1, "reboot_required": True}} for name, each in hostvars.items()
    }
    assert found["lines"] != compared(set_again, TOKYO)["lines"]
