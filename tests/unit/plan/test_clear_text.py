# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Would L2TP be in clear text? The whole table of answers, and what both modules make of it on a server."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.rras.ipsec.plugins.plugin_utils._host.session import ExecutionError
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy import clear_text, model
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.clear_text import Cover, InEffect, Move, Ruling, Why
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.plan import PlanError
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.registry import Key, Value
from ansible_collections.rras.ipsec.tests.lab.windows.registry import differences
from ansible_collections.rras.ipsec.tests.support.server import (
    ADDRESS,
    BLOCKED,
    NAME,
    OTHER_KEY,
    PEER,
    Server,
    TaskOptions,
    declare,
    rule,
)
from ansible_collections.rras.ipsec.tests.support.somebody_else import by_hand

TABLE = Path(__file__).parents[3] / "docs" / "clear_text.md"
VALUES = {True: "is 1", False: "is not 1"}
STATES = {
    InEffect.YES: "Windows booted with it",
    InEffect.NO: "changed since boot",
    InEffect.UNKNOWN: "unknown",
}
COVERS = {
    Cover.ALL: "all L2TP",
    Cover.CONNECTIONS: "its connections only",
    Cover.NONE: "nothing, or there is none",
    Cover.OPEN: "a rule lets L2TP through",
}


IN_THE_WAY = {False: "", True: ", and keeps RRAS from making its automatic filters"}
INPUTS = list(itertools.product(Move, VALUES, InEffect, Cover, IN_THE_WAY))


def rows() -> Iterator[str]:
    """The table, a line for each combination of inputs; one where it does not matter what is in RRAS's way."""
    yield "| to do | ProhibitIpSec | since | the policy assigned afterwards covers | answer | why |"
    yield "|---|---|---|---|---|---|"
    for move, prohibited, in_effect, cover, in_the_way in INPUTS:
        verdict, otherwise = (
            clear_text.judge(move, prohibited=prohibited, in_effect=in_effect, cover_after=cover, in_the_way_after=way)
            for way in (in_the_way, not in_the_way)
        )
        if in_the_way and verdict == otherwise:
            continue
        covers = COVERS[cover] + IN_THE_WAY[in_the_way]
        yield f"| {' | '.join((move, VALUES[prohibited], STATES[in_effect], covers, verdict.answer, verdict.why))} |"


def test_the_table_in_the_documentation_is_the_function(capsys: pytest.CaptureFixture[str]) -> None:
    table = list(rows())
    assert len(table) > 2 + len(INPUTS) / len(IN_THE_WAY)
    with capsys.disabled():
        print("", *table, sep="\n")
    assert [line for line in TABLE.read_text(encoding="utf-8").splitlines() if line.startswith("|")] == table


@pytest.mark.parametrize(("move", "prohibited", "in_effect", "cover", "in_the_way"), INPUTS)
def test_nothing_is_done_that_leaves_all_l2tp_in_clear_text(
    move: Move, prohibited: bool, in_effect: InEffect, cover: Cover, in_the_way: bool
) -> None:
    """Whatever the inputs: where RRAS makes no filters of its own, the policy has to cover L2TP, or it is said."""
    verdict = clear_text.judge(
        move, prohibited=prohibited, in_effect=in_effect, cover_after=cover, in_the_way_after=in_the_way
    )
    without_automatic = prohibited or in_effect is InEffect.NO or move is Move.SET_PROHIBIT_IPSEC
    exposed = without_automatic and cover in (Cover.NONE, Cover.OPEN) and move is not Move.REMOVE_PROHIBIT_IPSEC
    exposed = exposed or (move is Move.ASSIGN and in_the_way and cover is Cover.NONE)
    assert exposed == (verdict.why is Why.CLEAR_TEXT)
    assert verdict.answer is Ruling.REFUSED or not exposed
    uncovered = in_the_way and cover in (Cover.NONE, Cover.CONNECTIONS)
    assert verdict.answer is not Ruling.DONE or not uncovered


def udp(source: str = "me", destination: str = "any", **more: Any) -> dict[str, Any]:
    return {"source_address": source, "destination_address": destination, **more}


PAIR = udp(ADDRESS, PEER)
PERMIT: dict[str, Any] = {"action": "permit"}
EVERYTHING = udp(protocol="any", source_port=0, covers_other_traffic=True)


@pytest.mark.parametrize(
    ("rules", "cover"),
    [
        ([rule(), BLOCKED], Cover.ALL),
        ([BLOCKED], Cover.ALL),
        ([rule(filters=[udp("any", "me", source_port=0, destination_port=1701)])], Cover.ALL),
        ([rule()], Cover.CONNECTIONS),
        ([rule(), BLOCKED | {"active": False}], Cover.CONNECTIONS),
        ([rule(), BLOCKED | {"connection_type": "lan"}], Cover.CONNECTIONS),
        ([rule(filters=[udp(destination_port=1701, source_port=0)])], Cover.CONNECTIONS),
        ([rule(filters=[udp(destination_port=1701)])], Cover.CONNECTIONS),
        ([rule(filters=[udp(PEER, "any")])], Cover.CONNECTIONS),
        ([], Cover.NONE),
        ([rule(active=False)], Cover.NONE),
        ([rule(connection_type="dialup")], Cover.NONE),
        ([rule(filter_action={"offers": [{"encryption": "none"}]})], Cover.OPEN),
        ([rule(filter_action={"offers": [{}, {"encryption": "none"}]}), BLOCKED], Cover.OPEN),
        ([rule(filter_action={"offers": [{}, {"encryption": "des"}]}), BLOCKED], Cover.ALL),
        ([rule(filters=[PAIR | {"mirrored": False}])], Cover.NONE),
        ([rule(filters=[PAIR | {"source_port": 500}])], Cover.NONE),
        ([rule(filters=[udp(protocol="icmp", source_port=0)])], Cover.NONE),
        ([rule(filters=[EVERYTHING], filter_action=PERMIT)], Cover.NONE),
        ([rule(filters=[EVERYTHING], filter_action=PERMIT), BLOCKED | {"name": "blocked"}], Cover.ALL),
        ([rule(filter_action=PERMIT), BLOCKED], Cover.OPEN),
        ([rule(filter_action={"accept_unsecured": True}), BLOCKED], Cover.OPEN),
        ([rule(filter_action={"fall_back_to_clear_text": True}), BLOCKED], Cover.OPEN),
        ([BLOCKED, rule(filters=[EVERYTHING | {"destination_address": PEER}], filter_action=PERMIT)], Cover.OPEN),
        ([BLOCKED, rule(filters=[udp(protocol="icmp", source_port=0)], filter_action=PERMIT)], Cover.ALL),
        ([BLOCKED, rule(active=False, filter_action=PERMIT)], Cover.ALL),
        ([BLOCKED, rule(filters=[PAIR | {"source_port": 500}], filter_action=PERMIT)], Cover.ALL),
    ],
)
def test_what_rules_cover(rules: list[dict[str, Any]], cover: Cover) -> None:
    assert clear_text.cover(declare(rules=rules).policy.rules) is cover


BACK = udp(PEER, ADDRESS, source_port=0, destination_port=1701)


@pytest.mark.parametrize(
    ("rules", "covered"),
    [
        ([rule()], True),
        ([rule("under another name")], True),
        ([rule(filters=[BACK])], True),
        ([rule(filters=[udp("me", PEER)])], True),
        ([rule(filter_action={"action": "block"})], True),
        ([BLOCKED], True),
        ([], False),
        ([rule(active=False)], False),
        ([rule(peer="192.0.2.9")], False),
        ([rule(filters=[udp("192.0.2.9", PEER)])], False),
        ([rule(connection_type="dialup")], False),
        ([rule(filters=[PAIR | {"mirrored": False}])], False),
        ([rule(filters=[PAIR | {"source_port": 500}])], False),
        ([rule(filter_action={"accept_unsecured": True})], False),
        ([rule(active=False), BLOCKED], True),
    ],
)
def test_which_rules_cover_one_connection(rules: list[dict[str, Any]], covered: bool) -> None:
    (wanted,) = declare().policy.rules[0].filters
    assert clear_text.covers(declare(rules=rules).policy.rules, wanted) is covered


@pytest.mark.parametrize(("subnet", "covered"), [("192.0.2.0/24", True), ("198.51.100.0/24", False)])
def test_a_rule_for_the_subnet_of_the_peer_covers_the_connection(subnet: str, covered: bool) -> None:
    """Windows' console writes such filters; a declaration has none."""
    declared = declare().policy.rules[0]
    (wanted,) = declared.filters
    wide = dataclasses.replace(wanted, source=model.Address.me(), destination=model.Address.subnet(subnet))
    rules = [dataclasses.replace(declared, filter_list=model.FilterList("subnet", filters=(wide,)))]
    assert clear_text.covers(rules, wanted) is covered


def test_what_is_no_l2tp_needs_no_cover() -> None:
    (ping,) = (
        declare(rules=[rule(filters=[udp(ADDRESS, PEER, protocol="icmp", source_port=0)])]).policy.rules[0].filters
    )
    assert clear_text.covers([], ping) is True


IN_EFFECT = "ProhibitIpSec is 1 on this host, and "
NO_RULE = "the policy 'L2TP' has no rule that protects UDP port 1701 in both directions"
CORRECTIONS = {
    NO_RULE: "correct rules",
    "is not active": "set active of the rule to true",
    "does not encrypt": "correct filter_action.offers of the rule",
    "permits it": "correct filter_action.action of the rule",
    "accepts unsecured": "correct filter_action.accept_unsecured of the rule",
    "falls back": "correct filter_action.fall_back_to_clear_text of the rule",
}


def corrected(reason: str) -> str:
    """Return the rest of a refusal, which names the option."""
    (correction,) = (text for part, text in CORRECTIONS.items() if part in reason)
    return (
        f"{reason}, so this host's L2TP would be in clear text; {correction}, or remove the value first "
        "(win_prohibit_ipsec with state absent) and restart the host."
    )


LETS_THROUGH = "the rule 'tokyo-osaka' of the policy 'L2TP' lets L2TP through"
EXPOSING: dict[str, tuple[TaskOptions, str]] = {
    "no rules": ({"rules": []}, NO_RULE),
    "an unrelated rule": ({"rules": [rule(filters=[udp(protocol="icmp", source_port=0)])]}, NO_RULE),
    "a rule that is not active": (
        {"rules": [rule(active=False)]},
        "the rule 'tokyo-osaka' of the policy 'L2TP' is not active",
    ),
    "a rule that only signs": (
        {"rules": [rule(filter_action={"offers": [{"encryption": "none"}]})]},
        f"{LETS_THROUGH} (its filter action does not encrypt)",
    ),
    "a rule that permits": (
        {"rules": [rule(filter_action=PERMIT), BLOCKED]},
        f"{LETS_THROUGH} (its filter action permits it)",
    ),
    "a rule that accepts unsecured communication": (
        {"rules": [rule(filter_action={"accept_unsecured": True}), BLOCKED]},
        f"{LETS_THROUGH} (its filter action accepts unsecured communication)",
    ),
    "a rule that falls back": (
        {"rules": [rule(filter_action={"fall_back_to_clear_text": True}), BLOCKED]},
        f"{LETS_THROUGH} (its filter action falls back to unsecured communication)",
    ),
}


@pytest.fixture
def live(server: Server) -> Server:
    """A server on which the declared policy protects all L2TP, and ProhibitIpSec is in effect."""
    server.policy(rules=[rule(), BLOCKED])
    server.value()
    server.restart()
    server.host.exposures.clear()
    return server


@pytest.mark.parametrize("case", EXPOSING)
@pytest.mark.parametrize("phase", ["everything", "stage", "plan", "predict"])
def test_with_the_value_no_phase_takes_the_protection_away(live: Server, case: str, phase: str) -> None:
    given, reason = EXPOSING[case]
    before = live.host.registry.snapshot()
    with pytest.raises(PlanError) as error:
        getattr(live.work(**given), phase)()
    assert str(error.value) == IN_EFFECT + corrected(reason)
    assert differences(before, live.host.registry.snapshot()) == []
    assert live.host.exposures == []


OPENING = [
    pytest.param(case, marks=[pytest.mark.exposed("a declared rule lets L2TP through")] if LETS_THROUGH in why else [])
    for case, (_given, why) in EXPOSING.items()
]
"""The same, where they are assigned while RRAS has its automatic filters: only a rule for clear text outranks those."""


@pytest.mark.parametrize("case", OPENING)
def test_without_the_value_the_same_changes_are_made(server: Server, case: str) -> None:
    """RRAS has filters of its own then; a rule that lets L2TP through by its specification gets a warning."""
    given, reason = EXPOSING[case]
    result = server.policy(**given)
    assert result["changed"] is True
    warned = [f"L2TP of this host may be in clear text, because {reason}."] if LETS_THROUGH in reason else None
    assert result.get("warnings") == warned


@pytest.mark.parametrize("case", OPENING)
def test_a_value_that_comes_between_stage_and_commit_is_noticed(server: Server, case: str) -> None:
    given, reason = EXPOSING[case]
    transaction = server.stage(**given)
    server.set_prohibit_ipsec(1)
    with pytest.raises(PlanError) as error:
        server.work(**given).commit(transaction)
    assert str(error.value) == IN_EFFECT + corrected(reason)
    assert server.active is None, "it was reverted"


PROTECTING: TaskOptions = {"rules": [rule(), BLOCKED]}


@pytest.mark.parametrize("given", [{"state": "absent"}, {"assigned": False, **PROTECTING}])
def test_a_value_that_comes_between_stage_and_commit_of_a_withdrawal_is_noticed(
    server: Server, given: TaskOptions
) -> None:
    server.policy(**PROTECTING)
    transaction = server.stage(**given)
    server.value()
    with pytest.raises(PlanError, match="ProhibitIpSec is 1 on this host, so without the policy"):
        server.work(**given).commit(transaction)
    assert server.active is not None, "it was reverted"


@pytest.mark.parametrize("given", [{"state": "absent"}, {"rules": []}])
def test_a_value_that_comes_while_the_policy_is_planned_is_a_conflict_and_then_refused(
    server: Server, given: TaskOptions
) -> None:
    server.policy(**PROTECTING)
    at_second_script(server, server.value)
    with pytest.raises(PlanError):
        server.policy(**given)
    assert server.active is not None


def test_a_policy_that_goes_while_the_value_is_planned_is_a_conflict_and_then_refused(server: Server) -> None:
    server.policy(**PROTECTING)
    at_second_script(server, lambda: server.policy(assigned=False, **PROTECTING))
    with pytest.raises(PlanError):
        server.value()
    assert server.prohibit_ipsec is None


def test_a_value_that_goes_between_stage_and_commit_is_a_conflict(live: Server) -> None:
    """Whether RRAS must start again was decided for a server with the value."""
    transaction = live.stage(rules=[rule()])
    live.value(present=False)
    live.restart()
    with pytest.raises(ExecutionError, match="conflict"):
        live.work(rules=[rule()]).commit(transaction)
    assert live.host.exposures == []


def test_a_value_that_somebody_took_away_is_not_brought_back(server: Server) -> None:
    by_hand(server, name="Theirs", rules=[rule(key=OTHER_KEY), BLOCKED])
    server.set_prohibit_ipsec(1)
    server.policy(replace_assigned=True, **PROTECTING)
    server.set_prohibit_ipsec(0)
    result = server.value(present=False)
    assert (result["value"], result["reboot_required"], server.prohibit_ipsec) == (0, True, 0)


def at_second_script(server: Server, action: Callable[[], object]) -> None:
    """Let another run come between the reading of a task and what it does."""
    count = iter(range(1, 100))

    def between() -> None:
        if next(count) == 2:
            server.host.impairments.before_script = None
            action()

    server.host.impairments.before_script = between


def test_a_policy_that_was_taken_over_and_is_assigned_again_is_not_deleted(server: Server) -> None:
    theirs = by_hand(server, rules=[rule(key=OTHER_KEY), BLOCKED])
    server.policy(take_over=True, **PROTECTING)
    server.value()
    server.restart()
    server.assign(theirs)
    with pytest.raises(PlanError, match="ProhibitIpSec is 1"):
        server.policy(assigned=False, forget_replaced=True, **PROTECTING)
    assert server.store.active_path == theirs


def test_a_domain_policy_covers_nothing(server: Server) -> None:
    server.policy(**PROTECTING)
    domain = r"SOFTWARE\Policies\Microsoft\Windows\IPSec\GPTIPSECPolicy"
    server.add([Key(domain, {"DSIPSECPolicyPath": Value.sz("LDAP://CN=x")})])
    assert server.inform()["host"]["l2tp_covered"] == "none"
    assert server.value(require_effective_policy=False)["warnings"]


def test_without_a_running_firewall_the_policy_is_written_all_the_same(server: Server) -> None:
    server.host.services.stop("MpsSvc")
    assert server.policy(**PROTECTING)["changed"] is True
    assert server.policy(**PROTECTING)["changed"] is False
    assert any("IPv6" in warning for warning in server.value()["warnings"])


def test_a_removed_value_that_is_still_in_effect_is_as_bad(live: Server) -> None:
    live.value(present=False)
    with pytest.raises(PlanError) as error:
        live.policy(rules=[])
    assert str(error.value) == ("Windows still runs with the ProhibitIpSec that was removed, and " + corrected(NO_RULE))
    live.restart()
    assert live.policy(rules=[])["changed"] is True


def test_a_commit_is_not_taken_back_when_the_value_needs_it(server: Server) -> None:
    transaction = server.stage(rules=[rule(), BLOCKED])
    server.work(rules=[rule(), BLOCKED]).commit(transaction)
    server.value()
    with pytest.raises(PlanError) as error:
        server.work(rules=[rule(), BLOCKED]).revert(transaction)
    assert str(error.value) == (
        "ProhibitIpSec is 1 on this host, so without the policy 'L2TP' its L2TP would be in clear text; remove the "
        "value first (win_prohibit_ipsec with state absent; by hand if it was 1 before this collection changed the "
        "host) and restart the host."
    )
    assert server.active is not None


class TestOtherL2tp:
    """Both modules say so when only the connections are protected."""

    SAID = (
        "L2TP between this host and peers that no rule names is in clear text while ProhibitIpSec is in effect; "
        "add a rule that blocks it (see 'all other L2TP' in the examples of win_ipsec_psk_policy)."
    )

    def test_when_the_value_is_set(self, server: Server) -> None:
        server.policy()
        assert server.value(check_mode=True)["warnings"] == [self.SAID]
        assert server.value()["warnings"] == [self.SAID]
        assert server.policy()["warnings"] == [self.SAID]

    @pytest.mark.exposed("the rule for all other L2TP is taken out of the declaration")
    def test_when_the_policy_changes(self, live: Server) -> None:
        assert live.plan(rules=[rule()])["warnings"] == [self.SAID]
        assert live.policy(rules=[rule()])["warnings"] == [self.SAID]

    def test_not_where_the_others_are_blocked(self, live: Server) -> None:
        assert "warnings" not in live.policy(rules=[rule(key=OTHER_KEY), BLOCKED])
        assert "warnings" not in live.value()

    def test_not_where_rras_has_its_own_filters(self, server: Server) -> None:
        assert "warnings" not in server.policy()


class TestPolicyInTheWayOfTheAutomaticFilters:
    """ProhibitIpSec is not set: RRAS would protect all L2TP by itself, but for a filter of its own specification."""

    IN_THE_WAY = (
        "L2TP of this host may be in clear text: a filter of the policy 'L2TP' for all L2TP keeps RRAS from making its "
        "automatic filters, and its rules do not cover all L2TP."
    )

    @pytest.mark.exposed("the rule for all other L2TP does not apply where RRAS has it")
    @pytest.mark.parametrize("kind", ["lan", "dialup"])
    def test_one_that_covers_its_connections_is_warned_of(self, server: Server, kind: str) -> None:
        assert server.policy(rules=[rule(), BLOCKED | {"connection_type": kind}])["warnings"] == [self.IN_THE_WAY]
        server.restart()
        assert server.host.services.cover is Cover.CONNECTIONS

    def test_not_one_that_covers_all(self, server: Server) -> None:
        assert "warnings" not in server.policy(rules=[rule(), BLOCKED])
        server.restart()
        assert not automatic(server)

    @pytest.mark.parametrize("phase", ["everything", "stage", "plan", "predict"])
    def test_one_that_covers_nothing_is_refused(self, server: Server, phase: str) -> None:
        with pytest.raises(PlanError) as error:
            getattr(server.work(rules=[BLOCKED | {"connection_type": "dialup"}]), phase)()
        assert str(error.value) == (
            "a filter of the policy 'L2TP' for all L2TP keeps RRAS from making its automatic filters, and the policy "
            "'L2TP' has no rule that protects UDP port 1701 in both directions, so this host's L2TP would be in clear "
            "text after the next start of RRAS; correct connection_type or the filters of the rule."
        )
        assert server.names == []

    @pytest.mark.exposed("somebody had such a policy before us")
    def test_one_that_comes_back_is_warned_of(self, server: Server) -> None:
        by_hand(server, name="Theirs", rules=[BLOCKED | {"connection_type": "dialup"}])
        server.policy(rules=[rule(), BLOCKED], replace_assigned=True)
        assert server.policy(state="absent")["warnings"] == [self.IN_THE_WAY.replace("'L2TP'", "'Theirs'")]

    def test_the_removal_of_the_value_is_warned_of(self, server: Server) -> None:
        server.policy(rules=[rule(), BLOCKED | {"connection_type": "lan"}])
        server.value()
        assert server.value(present=False)["warnings"] == [self.IN_THE_WAY]

    def test_the_removal_of_the_value_is_not_warned_of_with_a_policy_that_covers_all(self, live: Server) -> None:
        assert "warnings" not in live.value(present=False)


class TestPolicyOfWhichAPartCanNotBeRead:
    """That part may let L2TP through."""

    @pytest.fixture
    def theirs(self, server: Server) -> Server:
        permitting = rule("permit", peer="198.51.100.7", filter_action=PERMIT)
        by_hand(server, name="Theirs", rules=[rule(), permitting, BLOCKED])
        (action,) = (
            key
            for key in server.store.objects.values()
            if key.text("ipsecName").startswith("permit") and "ipsecNegotiationPolicy" in key.path
        )
        server.host.registry.write(action.path, "ipsecData", Value.binary(b"neither this nor that"))
        server.host.agent.load()
        server.host.services.start("IKEEXT")
        server.host.exposures.clear()
        return server

    def test_the_value_is_not_set_with_it(self, theirs: Server) -> None:
        with pytest.raises(PlanError, match="can't be read: "):
            theirs.value(policy="Theirs")
        assert theirs.prohibit_ipsec is None

    def test_it_comes_back_with_a_warning(self, theirs: Server) -> None:
        theirs.policy(rules=[rule(), BLOCKED], replace_assigned=True)
        theirs.value()
        theirs.restart()
        (said,) = theirs.policy(state="absent")["warnings"]
        assert said.startswith("L2TP of this host may be in clear text, because SOFTWARE")
        assert said.endswith(" of the policy 'Theirs' can't be read.")

    def test_one_that_can_be_read_is_not_warned_of(self, server: Server) -> None:
        by_hand(server, name="Theirs", rules=[rule(), BLOCKED])
        server.policy(rules=[rule(key=OTHER_KEY), BLOCKED], replace_assigned=True)
        server.value()
        server.restart()
        assert "warnings" not in server.policy(state="absent")


class TestNextStartOfWindows:
    """What protects now must protect then."""

    def by_hand(self, server: Server, *idle: str) -> Server:
        by_hand(server, rules=[rule(), BLOCKED])
        for name in ("PolicyAgent", "IKEEXT"):
            if name not in server.running:
                server.host.services.start(name)
            start = 3 if name in idle else 2
            server.host.registry.write(rf"SYSTEM\CurrentControlSet\Services\{name}", "Start", Value.dword(start))
        server.host.agent.load()
        server.host.exposures.clear()
        return server

    @pytest.mark.parametrize("name", ["PolicyAgent", "IKEEXT"])
    def test_the_value_is_not_set_while_a_service_would_not_start(self, server: Server, name: str) -> None:
        self.by_hand(server, name)
        with pytest.raises(PlanError) as error:
            server.value()
        assert str(error.value) == (
            f"ProhibitIpSec would leave this host's L2TP in clear text, because the service {name} does not start with "
            "Windows (its start type is demand; set it to auto). Put the policy 'L2TP' into force first "
            "(win_ipsec_psk_policy), or set require_effective_policy to false."
        )
        warned = server.value(require_effective_policy=False)["warnings"]
        assert warned[0] == (
            f"L2TP of this host is in clear text after the next boot, because the service {name} does not "
            "start with Windows (its start type is demand; set it to auto)."
        )

    LATE = (
        "The service RemoteAccess does not wait for PolicyAgent at boot, so L2TP of this host may be in "
        "clear text until the policy is loaded; set policy_agent_first of win_ipsec_psk_policy to true."
    )

    def test_an_rras_that_does_not_wait_is_warned_of(self, server: Server) -> None:
        assert self.by_hand(server).value()["warnings"][0] == self.LATE
        server.policy(rules=[rule(), BLOCKED])
        assert "warnings" not in server.value()

    def test_an_rras_declared_not_to_wait_is_warned_of(self, server: Server) -> None:
        assert server.policy(rules=[rule(), BLOCKED], policy_agent_first=False)["warnings"] == [self.LATE]

    def test_a_value_that_is_there_is_recorded(self, server: Server) -> None:
        server.policy(rules=[rule(), BLOCKED])
        server.set_prohibit_ipsec(1)
        recorded = server.policy(rules=[rule(), BLOCKED])
        assert recorded["changes"] == [{"rule": None, "what": ["record"]}]
        assert "\nwhat ProhibitIpSec was before: on record\n" in recorded["diff"]["after"]
        assert server.policy(rules=[rule(), BLOCKED])["changed"] is False
        server.restart()
        server.set_prohibit_ipsec(0)
        with pytest.raises(PlanError, match="somebody else removed ProhibitIpSec from this host"):
            server.policy(state="absent")


def automatic(server: Server) -> bool:
    """Whether RRAS has filters of its own at this moment."""
    return server.host.agent.has_automatic_filters


class TestAutomaticFilters:
    """The lab's Windows: what is loaded when RRAS starts decides whether it makes filters of its own (KB 248750)."""

    def test_a_fresh_server_has_them(self, server: Server) -> None:
        assert automatic(server)

    @pytest.mark.exposed("somebody sets the value by hand, without a policy")
    def test_with_the_value_there_are_none(self, server: Server) -> None:
        server.set_prohibit_ipsec(1)
        assert server.host.exposures == [], "Windows has not started with it"
        server.restart()
        assert server.host.exposures == [("after a start of Windows", Cover.NONE)]

    def test_a_filter_of_their_specification_is_in_their_way(self, live: Server) -> None:
        live.value(present=False)
        live.restart()
        assert not automatic(live)
        live.assign("")
        assert live.host.services.cover is Cover.NONE, "what a removal must not leave"

    def test_rras_starts_again_when_ours_is_removed(self, live: Server) -> None:
        live.value(present=False)
        live.restart()
        live.policy(state="absent")
        assert automatic(live)
        assert live.host.exposures == []

    @pytest.mark.parametrize("given", [{"assigned": False}, {"rules": [rule()]}])
    def test_rras_starts_again_when_ours_makes_room_for_less(self, live: Server, given: TaskOptions) -> None:
        live.value(present=False)
        live.restart()
        live.phases(**given)
        assert automatic(live)
        assert live.host.exposures == []

    def test_rras_starts_again_when_a_commit_is_reverted(self, server: Server) -> None:
        transaction = server.stage(rules=[rule(), BLOCKED])
        server.work(rules=[rule(), BLOCKED]).commit(transaction)
        server.restart()
        assert not automatic(server)
        server.work(rules=[rule(), BLOCKED]).revert(transaction)
        assert automatic(server)
        assert server.host.exposures == []

    def test_a_stopped_rras_is_left_alone(self, live: Server) -> None:
        live.value(present=False)
        live.restart()
        live.host.services.stop("RemoteAccess")
        live.policy(state="absent")
        assert not live.host.services.is_running("RemoteAccess")
        assert NAME not in live.names

    def test_stopping_the_agent_loses_them(self, server: Server) -> None:
        server.host.services.start("PolicyAgent")
        server.host.services.stop("PolicyAgent")
        assert server.host.services.cover is Cover.NONE
