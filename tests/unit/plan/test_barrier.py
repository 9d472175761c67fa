# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The decisions between the phases, over pairs of hosts, from what the role registered."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

import pytest

from ansible_collections.rras.ipsec.plugins.plugin_utils import _view
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy import agreement, barrier
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.findings import Identifier, Severity
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.fleet import Fleet, Gate
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.network import Node
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.results import (
    PolicyProof,
    PolicyResult,
    ProhibitIpSecResult,
)
from ansible_collections.rras.ipsec.tests.support.network import (
    BRANCH,
    DEAD,
    DEFAULTS,
    FAR,
    NEITHER,
    OSAKA,
    OTHER_KEY,
    PAIR,
    PENDING,
    TOKYO,
    changed,
    network,
    obstacle,
    proof,
    rule,
)
from ansible_collections.rras.ipsec.tests.support.role import decide

UNLISTED = "PolicyAgent does not list the filter between 192.0.2.1 and 192.0.2.2"

OTHER = ("rras-nagoya", "rras-kobe")
READY = {"pending": False, "changed_rules": []}
FAILED = {"failed": True, "msg": "Task failed: the disk is full"}
BOTH_ENDS = (
    " in this run, and a changed connection must change on both ends together; run both together (check --limit, "
    "serial and strategy), or set l2tp_one_end to true if the tunnel may break until the other end follows."
)

BOTH_REMEDIES = (
    "; run both ends together when rras-osaka answers, or set l2tp_one_end to true if the tunnel may break "
    "until the other end follows."
)
FIRST_TASK = " in this run; start with the first task of the role (check --start-at-task and --step)."
KEEPS_BOTH = "rras-tokyo keeps the replaced policy beside the new one"

PhaseAnswers = dict[Gate, Any]
"""What one server answered, as far as it came."""


def answers(**given: Any) -> PhaseAnswers:
    """Return what one server answered, by the name of the gate."""
    return {Gate[name.upper()]: answer for name, answer in given.items()}


UNREAD = answers()
UNREACHABLE = answers(plan=DEAD)
NOT_PLANNED = answers(plan=FAILED)
SKIPPED = answers(plan={"skipped": True})
IDLE = answers(plan=READY)
PLANNED = answers(plan=PENDING)
STAGED = answers(plan=PENDING, stage={})
NOT_STAGED = answers(plan=PENDING, stage=FAILED)
COMMITTED = answers(plan=PENDING, stage={}, commit={})
PROVED = answers(plan=PENDING, stage={}, commit={}, proof={})


def run(tokyo: PhaseAnswers, osaka: PhaseAnswers, *entries: dict[str, Any]) -> Fleet:
    """Return a run in which each server answered so."""
    answered = {TOKYO: tokyo, OSAKA: osaka}
    return Fleet(network(*(entries or (PAIR, FAR))), {host: given for host, given in answered.items() if given})


def said(gate: Gate, tokyo: PhaseAnswers, osaka: PhaseAnswers) -> str:
    """What keeps tokyo from going on."""
    return barrier.problem(run(tokyo, osaka), TOKYO, gate, one_end=False)


GOES_ON = ""
TOKYO_IS_DEAD = "rras-tokyo is unreachable: Connection refused"
TOKYO_FAILED = "rras-tokyo failed: the disk is full"
OSAKA_FAILED = "failed: the disk is full"


def stopped_by_osaka(why: str) -> str:
    return f"rras-tokyo stopped: its peer rras-osaka {why}"


class TestBarrier:
    """A host goes on only with its peer."""

    @pytest.mark.parametrize(
        ("tokyo", "osaka", "expected"),
        [
            pytest.param(PLANNED, PLANNED, GOES_ON, id="both are planned"),
            pytest.param(PLANNED, IDLE, GOES_ON, id="the peer has nothing to do"),
            pytest.param(IDLE, UNREAD, GOES_ON, id="nothing to do, and the peer is not read"),
            pytest.param(IDLE, PLANNED, GOES_ON, id="nothing to do, and the peer is planned"),
            pytest.param(UNREACHABLE, PLANNED, TOKYO_IS_DEAD, id="unreachable"),
            pytest.param(NOT_PLANNED, PLANNED, TOKYO_FAILED, id="failed"),
            pytest.param(
                answers(plan={"failed": True}), UNREAD, "rras-tokyo failed: no message", id="failed without a word"
            ),
            pytest.param(
                PLANNED,
                UNREACHABLE,
                stopped_by_osaka(f"is unreachable: Connection refused{BOTH_REMEDIES}"),
                id="the peer is unreachable",
            ),
            pytest.param(PLANNED, UNREAD, stopped_by_osaka(f"was not read{BOTH_ENDS}"), id="the peer is not read"),
            pytest.param(PLANNED, SKIPPED, stopped_by_osaka(f"was not read{BOTH_ENDS}"), id="the peer is skipped"),
        ],
    )
    def test_after_the_plan(self, tokyo: PhaseAnswers, osaka: PhaseAnswers, expected: str) -> None:
        assert said(Gate.PLAN, tokyo, osaka) == expected

    @pytest.mark.parametrize(
        ("tokyo", "osaka", "expected"),
        [
            pytest.param(STAGED, STAGED, GOES_ON, id="both are staged"),
            pytest.param(STAGED, IDLE, GOES_ON, id="the peer has nothing to do"),
            pytest.param(IDLE, NOT_STAGED, GOES_ON, id="nothing to do, and the peer failed"),
            pytest.param(STAGED, PLANNED, stopped_by_osaka(f"was not staged{BOTH_ENDS}"), id="the peer is not staged"),
            pytest.param(STAGED, NOT_STAGED, stopped_by_osaka(OSAKA_FAILED), id="the peer failed"),
            pytest.param(
                STAGED,
                answers(plan={"msg": "not a plan"}),
                stopped_by_osaka(f"was not staged{BOTH_ENDS}"),
                id="the peer's answer to the plan is none",
            ),
        ],
    )
    def test_after_the_stage(self, tokyo: PhaseAnswers, osaka: PhaseAnswers, expected: str) -> None:
        assert said(Gate.STAGE, tokyo, osaka) == expected

    @pytest.mark.parametrize(
        ("tokyo", "osaka", "expected"),
        [
            pytest.param(
                COMMITTED, STAGED, stopped_by_osaka(f"was not committed{BOTH_ENDS}"), id="the peer is not committed"
            ),
            pytest.param(
                COMMITTED,
                answers(plan=PENDING, stage={"transaction": ""}),
                GOES_ON,
                id="the peer had nothing to stage after all",
            ),
            pytest.param(
                COMMITTED,
                answers(plan=PENDING, stage=FAILED | {"transaction": ""}, commit={}),
                stopped_by_osaka(OSAKA_FAILED),
                id="the peer failed to stage, and was committed all the same",
            ),
            pytest.param({**NOT_STAGED, Gate.COMMIT: {}}, COMMITTED, TOKYO_FAILED, id="failed to stage"),
        ],
    )
    def test_after_the_commit(self, tokyo: PhaseAnswers, osaka: PhaseAnswers, expected: str) -> None:
        assert said(Gate.COMMIT, tokyo, osaka) == expected

    @pytest.mark.parametrize(
        ("tokyo", "osaka", "expected"),
        [
            pytest.param(IDLE, IDLE, GOES_ON, id="nothing to do"),
            pytest.param(IDLE, COMMITTED, GOES_ON, id="the peer is committed"),
            pytest.param(IDLE, UNREAD, stopped_by_osaka(f"was not committed{BOTH_ENDS}"), id="the peer is not read"),
        ],
    )
    def test_before_the_value(self, tokyo: PhaseAnswers, osaka: PhaseAnswers, expected: str) -> None:
        assert said(Gate.PROHIBIT_IPSEC, tokyo, osaka) == expected

    @pytest.mark.parametrize(
        ("tokyo", "osaka", "expected"),
        [
            pytest.param(PROVED, PROVED, GOES_ON, id="both are proved"),
            pytest.param(PROVED, IDLE, GOES_ON, id="the peer had nothing to do"),
            pytest.param(
                PROVED,
                COMMITTED,
                (
                    f"{KEEPS_BOTH}, because its peer rras-osaka was not proved; "
                    "check what happened to rras-osaka, then repeat the run."
                ),
                id="the peer is not proved",
            ),
        ],
    )
    def test_after_the_proof(self, tokyo: PhaseAnswers, osaka: PhaseAnswers, expected: str) -> None:
        assert said(Gate.PROOF, tokyo, osaka) == expected


class TestInDepth:
    """A phase counts only after all before it, whatever a keyword of a play let happen."""

    @pytest.mark.parametrize(
        ("planned", "reason"),
        [
            pytest.param(DEAD, "is unreachable: Connection refused", id="unreachable"),
            pytest.param(FAILED, OSAKA_FAILED, id="failed"),
            pytest.param(PENDING | FAILED, OSAKA_FAILED, id="failed with a plan"),
            pytest.param(READY | DEAD, "is unreachable: Connection refused", id="unreachable with a plan"),
        ],
    )
    @pytest.mark.parametrize("gate", [Gate.STAGE, Gate.COMMIT, Gate.PROOF])
    def test_a_peer_without_a_plan_is_not_there(self, gate: Gate, planned: Mapping[str, Any], reason: str) -> None:
        found = said(gate, PROVED, PROVED | {Gate.PLAN: planned})
        if gate is Gate.PROOF:
            assert found == f"{KEEPS_BOTH}, because its peer rras-osaka {reason}"
        else:
            assert found == stopped_by_osaka(reason + (BOTH_REMEDIES if planned.get("unreachable") else ""))

    @pytest.mark.parametrize(
        ("planned", "expected"),
        [
            pytest.param(DEAD, TOKYO_IS_DEAD, id="unreachable"),
            pytest.param(FAILED, TOKYO_FAILED, id="failed"),
            pytest.param({"skipped": True}, f"rras-tokyo stopped: it was not read{FIRST_TASK}", id="skipped"),
        ],
    )
    @pytest.mark.parametrize("gate", [Gate.STAGE, Gate.COMMIT, Gate.PROHIBIT_IPSEC, Gate.PROOF])
    def test_a_host_without_a_plan_is_not_there_either(
        self, gate: Gate, planned: Mapping[str, Any], expected: str
    ) -> None:
        assert said(gate, PROVED | {Gate.PLAN: planned}, PROVED) == expected

    @pytest.mark.parametrize(
        ("gate", "tokyo", "word"),
        [
            (Gate.STAGE, PLANNED, "staged"),
            (Gate.PROHIBIT_IPSEC, STAGED, "committed"),
            (Gate.PROOF, COMMITTED, "proved"),
        ],
    )
    def test_a_phase_that_was_left_out(self, gate: Gate, tokyo: PhaseAnswers, word: str) -> None:
        left_out = f"rras-tokyo stopped: it was not {word}{FIRST_TASK}"
        assert said(gate, tokyo, PROVED) == left_out


HUB, SPOKES = "hub", ("spoke-a", "spoke-b", "spoke-c")


def star(**answers: Any) -> Fleet:
    """Return a run of a hub and its spokes; each answered that it has something to do, if nothing else is said."""
    entries = [{"name": f"to-{spoke}", "peers": [HUB, spoke], "preshared_key": "k"} for spoke in SPOKES]
    changed_rules = [entry["name"] for entry in entries]
    nodes = {name: Node(name, entries, f"192.0.2.{number}") for number, name in enumerate((HUB, *SPOKES), start=1)}
    plans = {name: {"pending": True, "changed_rules": changed_rules} for name in nodes}
    answered = plans | {name.replace("_", "-"): answer for name, answer in answers.items()}
    return Fleet(nodes, {name: {Gate.PLAN: answer} for name, answer in answered.items()})


def test_of_a_peer_that_is_down_one_host_says_why() -> None:
    """The cause stands once in what a component says, with the name of the host whose peer it is."""
    down = star(spoke_a=DEAD)
    said = {name: barrier.problem(down, name, Gate.PLAN, one_end=False) for name in down.network}
    remedies = BOTH_REMEDIES.replace("rras-osaka", "spoke-a")
    all_of_them = "hub stopped, and with it spoke-b and spoke-c"
    either = "stopped too: spoke-a, the peer of hub, is unreachable (see the message of hub)."
    assert said == {
        HUB: f"{all_of_them}: its peer spoke-a is unreachable: Connection refused{remedies}",
        "spoke-a": "spoke-a is unreachable: Connection refused",
        "spoke-b": f"spoke-b {either}",
        "spoke-c": f"spoke-c {either}",
    }


def test_where_the_peer_itself_has_a_fault_another_one_says_why() -> None:
    both = star(spoke_a=DEAD, hub=FAILED)
    said = {name: barrier.problem(both, name, Gate.PLAN, one_end=False) for name in ("spoke-b", "spoke-c")}
    assert said == {
        "spoke-b": "spoke-b stopped, and with it spoke-c: its peer hub failed: the disk is full",
        "spoke-c": "spoke-c stopped too: its peer hub failed (see the message of spoke-b).",
    }


def test_a_hub_that_is_down_is_the_peer_of_each_spoke() -> None:
    down = star(hub=DEAD)
    first, second = (barrier.problem(down, name, Gate.PLAN, one_end=False) for name in SPOKES[:2])
    assert first.startswith(
        "spoke-a stopped, and with it spoke-b and spoke-c: its peer hub is unreachable: Connection refused;"
    )
    assert second == "spoke-b stopped too: its peer hub is unreachable (see the message of spoke-a)."
    assert barrier.problem(down, "spoke-a", Gate.PLAN, one_end=True) == ""


@pytest.mark.parametrize("strategy", ["free", "ansible.builtin.host_pinned"])
def test_a_strategy_that_does_not_wait_is_refused_before_staging(strategy: str) -> None:
    planned = PENDING | {"strategy": strategy}
    both = run(answers(plan=planned), answers(plan=planned))
    assert barrier.problem(both, TOKYO, Gate.PLAN, one_end=False) == (
        f"rras-tokyo stopped: with the strategy {strategy} it would not wait for its peer rras-osaka, and a changed "
        "connection must change on both ends together; use the strategy linear."
    )
    assert barrier.problem(both, TOKYO, Gate.PLAN, one_end=True) == ""
    assert (
        barrier.problem(run(answers(plan=READY | {"strategy": strategy}), UNREAD), TOKYO, Gate.PLAN, one_end=False)
        == ""
    )


WITHOUT_VALUE = answers(plan=PENDING, without_prohibit_ipsec={"changed": True})


class TestRemoval:
    """What each server answered to the plan, and what is known of it since."""

    @pytest.mark.parametrize(
        ("tokyo", "osaka", "expected"),
        [
            pytest.param(PLANNED, PLANNED, GOES_ON, id="both are planned"),
            pytest.param(PLANNED, IDLE, GOES_ON, id="the peer has nothing to remove"),
            pytest.param(IDLE, UNREAD, GOES_ON, id="nothing to remove, and the peer is not read"),
            pytest.param(UNREACHABLE, PLANNED, TOKYO_IS_DEAD, id="unreachable"),
            pytest.param(
                answers(plan=PENDING | {"changed_rules": []}),
                UNREAD,
                stopped_by_osaka(f"was not read{BOTH_ENDS}"),
                id="the peer is not read",
            ),
            pytest.param(PLANNED, NOT_PLANNED, stopped_by_osaka(OSAKA_FAILED), id="the peer failed"),
            pytest.param(
                answers(plan=PENDING | {"strategy": "free"}),
                PLANNED,
                (
                    "rras-tokyo stopped: with the strategy free it would not wait for its peer rras-osaka, and a "
                    "changed connection must change on both ends together; use the strategy linear."
                ),
                id="the strategy does not wait",
            ),
        ],
    )
    def test_nothing_is_taken_away_before_all_are_read(
        self, tokyo: PhaseAnswers, osaka: PhaseAnswers, expected: str
    ) -> None:
        self.check(Gate.REMOVAL, tokyo, osaka, expected)

    @pytest.mark.parametrize(
        ("tokyo", "osaka", "expected"),
        [
            pytest.param(WITHOUT_VALUE, WITHOUT_VALUE, GOES_ON, id="both run without the value"),
            pytest.param(WITHOUT_VALUE, IDLE, GOES_ON, id="the peer has nothing to remove"),
            pytest.param(
                PLANNED,
                IDLE,
                (
                    "rras-tokyo keeps its policy, because it still runs with ProhibitIpSec; "
                    "restart it, then repeat the run."
                ),
                id="still runs with it",
            ),
            pytest.param(
                WITHOUT_VALUE,
                answers(plan=PENDING, without_prohibit_ipsec=DEAD),
                "rras-tokyo keeps its policy, because its peer rras-osaka is unreachable: Connection refused",
                id="the peer is unreachable",
            ),
            pytest.param(
                WITHOUT_VALUE,
                PLANNED,
                (
                    "rras-tokyo keeps its policy, because its peer rras-osaka still runs with ProhibitIpSec; "
                    "check what happened to rras-osaka, then repeat the run."
                ),
                id="the peer still runs with it",
            ),
        ],
    )
    def test_no_policy_goes_while_windows_runs_with_the_value(
        self, tokyo: PhaseAnswers, osaka: PhaseAnswers, expected: str
    ) -> None:
        self.check(Gate.WITHOUT_PROHIBIT_IPSEC, tokyo, osaka, expected)

    @staticmethod
    def check(gate: Gate, tokyo: PhaseAnswers, osaka: PhaseAnswers, expected: str) -> None:
        """Compare what is said; a removal of one end alone stops only for a fault of this host itself."""
        answered = {TOKYO: tokyo, OSAKA: osaka}
        plans = {host: {Gate.PLAN: given[Gate.PLAN]} for host, given in answered.items() if given}
        without = {
            host: given[Gate.WITHOUT_PROHIBIT_IPSEC]
            for host, given in answered.items()
            if Gate.WITHOUT_PROHIBIT_IPSEC in given
        }
        removing = Fleet(network(PAIR, FAR), plans, without)
        assert barrier.problem(removing, TOKYO, gate, one_end=False) == expected
        failure = expected.startswith(("rras-tokyo is unreachable", "rras-tokyo keeps its policy, because it still"))
        assert bool(barrier.problem(removing, TOKYO, gate, one_end=True)) is failure


def test_one_end_alone_is_possible_on_demand() -> None:
    assert barrier.problem(run(PLANNED, UNREAD), TOKYO, Gate.PLAN, one_end=True) == ""
    assert (
        barrier.problem(run(NOT_PLANNED, UNREAD), TOKYO, Gate.PLAN, one_end=True)
        == "rras-tokyo failed: the disk is full"
    )


def test_a_peer_that_is_not_managed_is_not_waited_for() -> None:
    changed = {"pending": True, "changed_rules": ["tokyo-branch"]}
    assert barrier.problem(run(answers(plan=changed), UNREAD), TOKYO, Gate.PLAN, one_end=False) == ""


class TestLostAnswer:
    lost = cast("PolicyResult", DEAD | {"changed": False})

    def test_a_host_that_has_it_was_committed(self) -> None:
        assert barrier.after_lost_answer(self.lost, {"matches": True}) == {}

    def test_a_host_that_does_not_have_it_failed(self) -> None:
        again = run(COMMITTED, STAGED | {Gate.COMMIT: barrier.after_lost_answer(self.lost, {"matches": False})})
        assert barrier.problem(again, TOKYO, Gate.COMMIT, one_end=False) == (
            "rras-tokyo stopped: its peer rras-osaka failed: the commit did not take effect."
        )
        assert not barrier.uncertain(again, TOKYO)

    def test_of_a_host_that_stays_away_nobody_knows(self) -> None:
        unknown = run(
            COMMITTED, STAGED | {Gate.COMMIT: barrier.after_lost_answer(self.lost, cast("PolicyResult", DEAD))}
        )
        assert barrier.uncertain(unknown, TOKYO)
        assert barrier.problem(unknown, TOKYO, Gate.COMMIT, one_end=False) == (
            "rras-tokyo stopped: its peer rras-osaka did not answer the commit, so whether it has "
            "the new policy is unknown (Connection refused); nothing was reverted; repeat the run when it answers. "
            "rras-tokyo has the new policy in force."
        )


def without_effect(value: int | None, in_effect: str = "no") -> dict[str, Any]:
    """Return what a host answered to the plan that does not run with its ProhibitIpSec, or may not."""
    return {"host": {"prohibit_ipsec": {"value": value, "in_effect": in_effect}}}


@pytest.mark.parametrize(
    ("plan", "value", "needed"),
    [
        pytest.param({}, {"reboot_required": True}, True, id="the value was just set"),
        pytest.param(without_effect(1), {"reboot_required": False}, False, id="the task says that none is needed"),
        pytest.param(without_effect(1), {}, True, id="the value was set before and is not in effect"),
        pytest.param(without_effect(1, "unknown"), {}, False, id="nobody knows whether it is in effect"),
        pytest.param(without_effect(1), {"failed": True}, False, id="the task failed"),
        pytest.param(without_effect(1), {"unreachable": True}, False, id="the host is unreachable"),
        pytest.param(without_effect(None), {}, False, id="the value is not there"),
        pytest.param({}, {}, False, id="nothing was read"),
    ],
)
def test_who_needs_a_restart(plan: PolicyResult, value: ProhibitIpSecResult, needed: bool) -> None:
    assert barrier.needs_restart(plan, value) is needed


@pytest.mark.parametrize(
    ("size", "batches"),
    [(1, [[OSAKA], [BRANCH], [TOKYO]]), (2, [[OSAKA, BRANCH], [TOKYO]]), (9, [[OSAKA, BRANCH, TOKYO]])],
)
def test_far_ends_restart_first(size: int, batches: list[list[str]]) -> None:
    assert barrier.restart_batches([TOKYO, OSAKA, BRANCH], network(PAIR, FAR), size) == batches


def read(*addresses: str, machine: str = "", pending: bool = False) -> dict[str, Any]:
    """Return what a host with these addresses answers to a plan."""
    entries = [{"address": address, "dynamic": False} for address in addresses]
    known = {"machine": machine} if machine else {}
    return {"pending": pending, "changed_rules": [], "host": {"addresses": entries, **known}}


EXCHANGED = "; l2tp_address, or ansible_host and ansible_port, of rras-osaka and rras-tokyo may be swapped."
CORRECT = "; correct l2tp_address, or ansible_host and ansible_port, of rras-osaka."
OSAKA_HAS = "l2tp_address of rras-osaka is 192.0.2.2, but the server that answers as rras-osaka has"
ONE_MACHINE = (
    "rras-osaka and rras-tokyo are the same machine under two names; "
    "correct ansible_host and ansible_port of rras-osaka or rras-tokyo, or remove one of the names."
)


class TestWhoAnswers:
    """Each end must own its address, and be a machine of its own, whether or not there is something to do."""

    @pytest.mark.parametrize(
        ("tokyo", "osaka", "mistake"),
        [
            pytest.param(read("192.0.2.1", "10.0.0.1"), read("192.0.2.2"), "", id="each has its own address"),
            pytest.param(read("192.0.2.1", machine="a"), read("192.0.2.2", machine="b"), "", id="two machines"),
            pytest.param(
                read("192.0.2.2", "10.0.0.2"),
                read("192.0.2.1", "10.0.0.1"),
                (
                    f"{OSAKA_HAS} 10.0.0.1, 192.0.2.1, and 192.0.2.2 is an address of the server that answers as "
                    f"rras-tokyo{EXCHANGED}"
                ),
                id="each answers for the other",
            ),
            pytest.param(
                read("192.0.2.1"), read("192.0.2.1"), f"{OSAKA_HAS} 192.0.2.1{CORRECT}", id="one has another address"
            ),
            pytest.param(READY, read(), f"{OSAKA_HAS} no static address{CORRECT}", id="one has none"),
            pytest.param(
                read("192.0.2.1", "192.0.2.2", machine="a"),
                read("192.0.2.1", "192.0.2.2", machine="a"),
                ONE_MACHINE,
                id="one machine with both addresses",
            ),
            pytest.param(
                read("192.0.2.1", machine="a"), read("192.0.2.1", machine="a"), ONE_MACHINE, id="one machine with one"
            ),
        ],
    )
    def test_it_stops_all_that_are_connected(self, tokyo: Any, osaka: Any, mistake: str) -> None:
        for one_end in (True, False):
            for host in (TOKYO, OSAKA):
                reason = f"{host} stopped: {mistake}" if mistake else ""
                assert (
                    barrier.problem(run(answers(plan=tokyo), answers(plan=osaka)), host, Gate.PLAN, one_end=one_end)
                    == reason
                )

    @pytest.mark.parametrize("host", [TOKYO, OSAKA, *OTHER])
    def test_two_names_that_no_connection_links_may_be_one_machine_too(self, host: str) -> None:
        nagoya, kobe = OTHER
        addresses = {TOKYO: "192.0.2.1", OSAKA: "192.0.2.2", nagoya: "192.0.2.5", kobe: "192.0.2.3"}
        connections = [PAIR, {"name": "nagoya-kobe", "peers": list(OTHER), "preshared_key": "the other key"}]
        both = read("192.0.2.1", "192.0.2.5", machine="a")
        plans = {TOKYO: both, nagoya: both, OSAKA: read("192.0.2.2", machine="b"), kobe: read("192.0.2.3", machine="c")}
        hostvars = {
            name: {
                "l2tp_connections": connections,
                "l2tp_address": address,
                "__l2tp_playing": list(addresses),
                "__l2tp_plan": plans[name],
            }
            for name, address in addresses.items()
        }
        *_rest, said = decide("stop", hostvars, host)
        assert said == (
            f"{host} stopped: rras-nagoya and rras-tokyo are the same machine under two names; "
            "correct ansible_host and ansible_port of rras-nagoya or rras-tokyo, or remove one of the names."
        )

    def test_a_host_that_was_not_read_tells_nothing(self) -> None:
        for osaka in (UNREAD, UNREACHABLE, NOT_PLANNED):
            assert barrier.problem(run(answers(plan=read("192.0.2.1")), osaka), TOKYO, Gate.PLAN, one_end=True) == ""

    def test_a_removal_asks_for_no_address(self) -> None:
        removing = run(answers(plan=read("192.0.2.7", pending=True)), answers(plan=read("192.0.2.7")))
        assert barrier.problem(removing, TOKYO, Gate.REMOVAL, one_end=False) == ""


class TestNearEnds:
    """They commit only where no far end of theirs failed to; a lost answer is no failure."""

    @pytest.mark.parametrize(
        ("osaka", "goes_on"),
        [({"changed": True}, True), (FAILED, False), (DEAD, True), (FAILED | {"reason": "no_answer"}, True)],
    )
    def test_a_far_end_that_refused_stops_them(self, osaka: Any, goes_on: bool) -> None:
        both = run(STAGED, STAGED | {Gate.COMMIT: osaka})
        reason = barrier.problem(both, TOKYO, Gate.NEAR, one_end=False)
        assert (reason == "") == goes_on
        if not goes_on:
            assert reason == "rras-tokyo stopped: its peer rras-osaka failed: the disk is full"
            assert barrier.problem(both, TOKYO, Gate.COMMIT, one_end=False) == reason
            assert barrier.problem(both, TOKYO, Gate.NEAR, one_end=True) == ""


class TestAgreement:
    def test_both_ends_agree(self) -> None:
        (pair,) = agreement.agreements(network(PAIR), TOKYO, {TOKYO: proof(), OSAKA: proof()})
        assert (pair.proved, pair.differences, pair.unproved_because) == (True, (), ())
        assert pair.summary == (
            "tokyo-osaka: rras-tokyo and rras-osaka agree on UDP 192.0.2.1 port 1701 -> 192.0.2.2, "
            "mirrored, with the preshared key"
        )

    @pytest.mark.parametrize(
        ("osaka", "sentence"),
        [
            (
                proof(comparison={"standing": "unassigned"}, assigned=None),
                "On rras-osaka, no policy is assigned; 'L2TP site to site' is in the store.",
            ),
            (
                proof(
                    comparison={"obstacles": [obstacle("service_not_running", "the service IKEEXT is not running.")]}
                ),
                "On rras-osaka, the service IKEEXT is not running.",
            ),
            (
                proof(None, "unknown"),
                (
                    "On rras-osaka, ProhibitIpSec is not 1, so RRAS makes its automatic filters, "
                    "which use no preshared key."
                ),
            ),
            (
                proof(rules=[OTHER_KEY]),
                (
                    "The rule 'tokyo-osaka' on rras-osaka has a "
                    "preshared key other than the declared one, which rras-tokyo has."
                ),
            ),
            (proof(rules=[rule(state="missing")]), "The rule 'tokyo-osaka' is missing on rras-osaka."),
            (
                proof(rules=[rule(obstacles=[obstacle("not_loaded_by_agent", f"{UNLISTED}.")])]),
                f"On rras-osaka, {UNLISTED}.",
            ),
        ],
    )
    def test_what_one_end_lacks(self, osaka: PolicyProof, sentence: str) -> None:
        (pair,) = agreement.agreements(network(PAIR), TOKYO, {TOKYO: proof(), OSAKA: osaka})
        assert (pair.proved, pair.differences) == (False, (sentence,))
        assert pair.summary.startswith("tokyo-osaka: rras-tokyo and rras-osaka do not agree on UDP")

    @pytest.mark.parametrize(
        ("osaka", "finding"),
        [
            (
                proof(in_effect="no"),
                (
                    "restart_pending (error): ProhibitIpSec is not in effect on rras-osaka, because Windows has not "
                    "booted with it yet. Restart rras-osaka."
                ),
            ),
            (
                proof(in_effect="unknown"),
                (
                    "restart_unproven (warning): Somebody else set ProhibitIpSec on rras-osaka, so whether it was "
                    "there at boot is unknown. Restart rras-osaka to prove it, or set l2tp_reboot to if_unknown."
                ),
            ),
            (
                proof(services={"RemoteAccess": {"start": "auto", "running": False}}),
                (
                    "service_not_running (error): The service RemoteAccess is not running on rras-osaka, so no "
                    "tunnel can connect. Check the event log of rras-osaka."
                ),
            ),
            (
                proof(l2tp_ports=0),
                (
                    "l2tp_ports_zero (error): RRAS on rras-osaka has no L2TP port. Give the WAN Miniport (L2TP) "
                    "ports, in the properties of Ports in the console of RRAS."
                ),
            ),
            (
                proof(l2tp_ports_enabled_for={"remote_access": False, "routing": False, "outbound_routing": True}),
                (
                    "l2tp_ports_closed (warning): RRAS on rras-osaka refuses incoming L2TP connections: no L2TP port "
                    "accepts them, as on every new Windows Server 2025. Tick 'Demand-dial routing connections "
                    "(inbound and outbound)' for the WAN Miniport (L2TP), "
                    "in the properties of Ports in the console of RRAS."
                ),
            ),
            (
                proof(addresses=[{"address": "192.0.2.2", "dynamic": True}]),
                (
                    "address_dynamic (warning): The address 192.0.2.2 of rras-osaka comes from DHCP, but its filters "
                    "apply to this address only. Give the RRAS interface of rras-osaka a static address."
                ),
            ),
            (
                proof(addresses=[{"address": "203.0.113.9", "dynamic": True}], listed_addresses=["203.0.113.9"]),
                (
                    "address_dynamic (warning): The address 203.0.113.9 of rras-osaka comes from DHCP, but its filters "
                    "apply to this address only. Give the RRAS interface of rras-osaka a static address."
                ),
            ),
        ],
    )
    def test_what_is_found_on_one_end(self, osaka: PolicyProof, finding: str) -> None:
        (pair,) = agreement.agreements(network(PAIR), OSAKA, {TOKYO: proof(), OSAKA: osaka})
        (found,) = pair.findings
        fails = found.severity is Severity.ERROR and found.identifier is not Identifier.RESTART_PENDING
        said = ((str(found),), ()) if fails else ((), (str(found),))
        assert (pair.proved, pair.differences, pair.unproved_because) == (False, *said)
        assert pair.summary.startswith("tokyo-osaka: rras-tokyo and rras-osaka agree on UDP")
        assert f"{found.identifier} ({found.severity}): {found.problem} {found.remedy}" == finding
        assert found.host == OSAKA

    @pytest.mark.parametrize(
        "osaka",
        [
            proof(l2tp_ports=None),
            proof(addresses=[{"address": "192.0.2.1", "dynamic": True}, {"address": "192.0.2.2", "dynamic": False}]),
            proof(l2tp_ports_enabled_for={"remote_access": False, "routing": True}),
            proof(l2tp_ports_enabled_for={"remote_access": True, "routing": False}),
            proof(l2tp_ports_enabled_for={"remote_access": False, "routing": None}),
            proof(
                addresses=[{"address": "192.0.2.2", "dynamic": False}, {"address": "203.0.113.9", "dynamic": True}],
                listed_addresses=["192.0.2.2"],
            ),
        ],
    )
    def test_what_is_no_finding(self, osaka: PolicyProof) -> None:
        (pair,) = agreement.agreements(network(PAIR), OSAKA, {TOKYO: proof(), OSAKA: osaka})
        assert (pair.findings, pair.differences) == ((), ())

    def test_what_ike_chooses_is_named(self) -> None:
        servers = changed(network(PAIR), TOKYO, OSAKA, **DEFAULTS)
        (pair,) = agreement.agreements(servers, TOKYO, {TOKYO: proof(), OSAKA: proof()})
        strong = "3DES / SHA1 / Diffie-Hellman group 14 (2048) in main mode, ESP 3DES/SHA1 in quick mode"
        assert pair.summary.endswith(f", mirrored, with the preshared key; IKE chooses {strong}")
        other = _view.main_mode({"methods": [{"dh_group": 2}, {"dh_group": 14}]})
        (pair,) = agreement.agreements(
            changed(servers, OSAKA, main_mode=other), TOKYO, {TOKYO: proof(), OSAKA: proof()}
        )
        assert pair.summary.endswith(
            f"; IKE chooses {strong} when rras-tokyo starts; "
            f"{strong.replace('14 (2048)', '2 (1024)')} when rras-osaka starts"
        )
        (pair,) = agreement.agreements(servers, TOKYO, {TOKYO: proof()})
        assert "IKE" not in pair.summary

    def test_ends_that_can_not_negotiate_do_not_agree(self) -> None:
        servers = changed(network(PAIR), TOKYO, OSAKA, **DEFAULTS)
        servers = changed(servers, OSAKA, filter_action=_view.filter_action({"pfs": True}))
        (pair,) = agreement.agreements(servers, TOKYO, {TOKYO: proof(), OSAKA: proof()})
        (sentence,) = pair.differences
        assert sentence.startswith(
            "The connection tokyo-osaka can't be negotiated, because the two ends have no common proposal"
        )
        assert (pair.proved, "IKE" in pair.summary) == (False, False)

    def test_an_end_that_was_not_read(self) -> None:
        (pair,) = agreement.agreements(network(PAIR), TOKYO, {TOKYO: proof()})
        assert pair.summary.startswith("tokyo-osaka: rras-tokyo has UDP")
        assert pair.unproved_because == (
            "rras-osaka was not read in this run, so its end is not proved; run both ends together to compare them.",
        )

    def test_an_end_that_is_not_managed(self) -> None:
        servers = network(FAR)
        (far,) = agreement.agreements(servers, TOKYO, {TOKYO: proof(rules=[rule("tokyo-branch", "missing")])})
        assert far.summary == (
            "tokyo-branch: rras-tokyo does not have UDP 192.0.2.1 port 1701 -> 198.51.100.7, "
            "mirrored, with certificates of CN=Example"
        )
        assert far.unproved_because == ("branch is not managed, so its end is not proved.",)


class TestKeysOfTwoEnds:
    """Whether the two ends have one key is told by fingerprints of one run."""

    @pytest.mark.parametrize(
        ("osaka", "agree"),
        [
            (OTHER_KEY, True),
            (OTHER_KEY | {"key_fingerprints": ["run-a third key"]}, False),
            (OTHER_KEY | {"key_fingerprints": []}, False),
        ],
    )
    def test_another_key_than_the_declared_one(self, osaka: dict[str, Any], agree: bool) -> None:
        proofs = {TOKYO: proof(rules=[OTHER_KEY]), OSAKA: proof(rules=[osaka])}
        (pair,) = agreement.agreements(network(PAIR), TOKYO, proofs)
        assert ("agree with each other, but not with the declaration, on UDP" in pair.summary) is agree
        assert all(("does not have the declared key yet" in each) is agree for each in pair.differences)
        assert len(pair.differences) == 2

    def test_a_wrong_key_concerns_its_own_connection_only(self) -> None:
        servers = network(PAIR, FAR)
        proofs = {TOKYO: proof(rules=[OTHER_KEY, rule("tokyo-branch")]), OSAKA: proof()}
        broken, sound = agreement.agreements(servers, TOKYO, proofs)
        assert (len(broken.differences), sound.differences) == (1, ())


class TestWhatTheStepsSee:
    def hostvars(self, **results: Any) -> dict[str, dict[str, Any]]:
        """Return the variables of a pair and of a host that has nothing to do with it."""
        declared = {"connections": [PAIR], "managed": True}
        return {
            TOKYO: {"__l2tp_declared": declared | {"address": "192.0.2.1"}} | results,
            OSAKA: {"l2tp_connections": [PAIR], "l2tp_address": "192.0.2.2"},
            "elsewhere": {"l2tp_connections": [{"name": "x", "peers": ["elsewhere", "y"]}]},
        }

    def test_the_network_is_what_a_host_is_connected_with(self) -> None:
        nodes = _view.network(self.hostvars(), TOKYO)
        assert {name: node.address for name, node in nodes.items()} == {TOKYO: "192.0.2.1", OSAKA: "192.0.2.2"}
        assert set(_view.network(self.hostvars(), "elsewhere")) == {"elsewhere"}

    def test_an_undefined_variable_is_none(self) -> None:
        for variables in ({}, {"l2tp_connections": ""}, {"__l2tp_declared": {"connections": ""}}):
            assert _view.network({TOKYO: variables}, TOKYO)[TOKYO].connections is None

    @pytest.mark.parametrize(
        ("written", "managed"),
        [
            *((word, True) for word in (True, "true", "Yes", "on", 1, "1")),
            *((word, False) for word in (False, "false", "No", "off", 0, "0")),
        ],
    )
    @pytest.mark.parametrize("variable", ["l2tp_managed", "declared"])
    def test_a_boolean_in_any_of_ansibles_words(self, variable: str, written: Any, managed: bool) -> None:
        given = {"__l2tp_declared": {"managed": written}} if variable == "declared" else {variable: written}
        node = _view.network({TOKYO: given}, TOKYO)[TOKYO]
        assert (node.managed, node.problems) == (managed, ())

    @pytest.mark.parametrize("written", [None, "", " ", "maybe", 2, [], {}, [True]])
    def test_anything_else_is_a_fault_and_the_host_is_waited_for(self, written: Any) -> None:
        for variables in ({"l2tp_managed": written}, {"__l2tp_declared": {"managed": written}}):
            node = _view.network({OSAKA: variables}, OSAKA)[OSAKA]
            assert (node.managed, node.problems) == (True, (NEITHER,))

    def test_what_a_host_declares_for_the_negotiation(self) -> None:
        own = PAIR | {"filter_action": {"pfs": "yes"}}
        node = _view.network({TOKYO: {"l2tp_connections": [own], "l2tp_main_mode": {}}}, TOKYO)[TOKYO]
        assert node.main_mode == _view.main_mode(None)
        assert node.filter_action == _view.filter_action("")
        assert node.own_filter_actions == {"tokyo-osaka": _view.filter_action({"pfs": True})}

    @pytest.mark.parametrize("entry", ["x", {"peers": "x"}, {"peers": [TOKYO, 5]}, {}])
    def test_malformed_entries_lead_nowhere(self, entry: Any) -> None:
        hostvars = {TOKYO: {"l2tp_connections": [entry]}, "x": {}}
        assert set(_view.network(hostvars, TOKYO)) == {TOKYO}

    def test_results_are_found_by_phase(self) -> None:
        found = _view.run(self.hostvars(__l2tp_plan=PENDING, __l2tp_stage={}), TOKYO)
        assert found.results == {TOKYO: {Gate.PLAN: PENDING}}

    @pytest.mark.parametrize(("playing", "counts"), [([TOKYO], False), ([TOKYO, OSAKA], True)])
    def test_what_a_host_told_counts_while_it_is_in_the_play(self, playing: list[str], counts: bool) -> None:
        told = {"__l2tp_plan": {"matches": True, "host": {}}}
        hostvars = self.hostvars(__l2tp_playing=playing)
        hostvars[OSAKA] |= told
        seen = (
            _view.run(hostvars, TOKYO).results,
            _view.proofs(hostvars, _view.run(hostvars, TOKYO).results),
            _view.answers(hostvars, TOKYO),
        )
        assert [OSAKA in found for found in seen] == [counts] * 3

    @pytest.mark.parametrize(
        ("again", "committed"),
        [
            ({"matches": True}, {"changed": True}),
            ({"skipped": True}, {"unreachable": True, "uncertain": True}),
            (DEAD, {"changed": True, "unreachable": True, "uncertain": True}),
        ],
    )
    def test_a_lost_answer_is_what_the_host_said_again(self, again: dict[str, Any], committed: dict[str, Any]) -> None:
        found = _view.run(self.hostvars(__l2tp_commit={"unreachable": True}, __l2tp_again=again), TOKYO)
        assert found.results[TOKYO][Gate.COMMIT] == committed

    @pytest.mark.parametrize(
        ("results", "seen"),
        [
            ({"__l2tp_proof": {"matches": True}, "__l2tp_plan": {"matches": False}}, {TOKYO: {"matches": True}}),
            ({"__l2tp_proof": {"skipped": True}, "__l2tp_plan": {"matches": True}}, {TOKYO: {"matches": True}}),
            ({"__l2tp_proof": DEAD, "__l2tp_plan": {"matches": True}}, {}),
            ({"__l2tp_stage": {"changed": True}, "__l2tp_plan": {"matches": False}}, {}),
            ({"__l2tp_stage": {"skipped": True}, "__l2tp_plan": {"matches": True}}, {TOKYO: {"matches": True}}),
            ({"__l2tp_plan": {"failed": True}}, {}),
            ({}, {}),
        ],
    )
    def test_only_a_reading_after_the_change_is_a_proof(self, results: dict[str, Any], seen: dict[str, Any]) -> None:
        assert _view.proofs(self.hostvars(**results), [TOKYO]) == seen

    def test_who_restarts_and_who_does_not_come_back(self) -> None:
        hostvars = self.hostvars(__l2tp_value={"reboot_required": True}, __l2tp_restart=DEAD)
        assert _view.restarting(hostvars, [TOKYO, OSAKA]) == [TOKYO]
        assert _view.not_back(hostvars, [TOKYO, OSAKA, "gone"]) == [TOKYO]

    @pytest.mark.parametrize(
        ("value", "restart", "known"),
        [
            ({"changed": True, "reboot_required": True}, {"rebooted": True}, {"rebooted": True}),
            ({"changed": True, "reboot_required": True}, DEAD, DEAD),
            ({"changed": False, "reboot_required": False}, {}, {"changed": False, "reboot_required": False}),
            (FAILED, {}, FAILED),
            ({"changed": True, "reboot_required": True}, {}, None),
            ({}, {}, None),
        ],
    )
    def test_what_is_known_of_a_host_that_was_to_run_without_the_value(
        self, value: dict[str, Any], restart: dict[str, Any], known: dict[str, Any] | None
    ) -> None:
        found = _view.run(self.hostvars(__l2tp_value=value, __l2tp_restart=restart), TOKYO)
        assert found.outcome(TOKYO, Gate.WITHOUT_PROHIBIT_IPSEC) == known
