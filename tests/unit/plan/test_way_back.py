# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A removal gives back what was there, on servers that somebody configured by hand too, and without clear text."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import pytest

from ansible_collections.rras.ipsec.plugins.plugin_utils._host.session import ExecutionError
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.host import (
    OURS,
    PROHIBIT_IPSEC,
    RASMAN,
    TRANSACTION,
)
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.phases import RULE_WITH_KEY
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.plan import PlanError
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.registry import Key, Kind, Tree, Value
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.store import LOCAL
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.words import ROLE, TASK, Words
from ansible_collections.rras.ipsec.plugins.plugin_utils._work import WorkError
from ansible_collections.rras.ipsec.tests.lab.impairment import NetshFault
from ansible_collections.rras.ipsec.tests.lab.windows.registry import differences
from ansible_collections.rras.ipsec.tests.support.journeys import configured_by_hand, removal, site
from ansible_collections.rras.ipsec.tests.support.server import (
    ADDRESS,
    BLOCKED,
    KEY,
    NAME,
    OTHER_KEY,
    PEER,
    Server,
    TaskOptions,
    rule,
)
from ansible_collections.rras.ipsec.tests.support.somebody_else import by_hand

DECLARED: TaskOptions = {"rules": [rule(), BLOCKED], "replace_assigned": True}
SAME: TaskOptions = {"rules": [rule(), BLOCKED]}
NEXT: TaskOptions = {"rules": [rule(key=OTHER_KEY), BLOCKED]}


def state(server: Server) -> Tree:
    """What a server has, without our own key, in which the backups stay."""
    tree = server.host.registry.snapshot()
    return Tree(key for path, key in tree.items() if not path.casefold().startswith(OURS.casefold()))


def write_value(value: Value) -> Callable[[Server], None]:
    return lambda server: server.host.registry.write(RASMAN, PROHIBIT_IPSEC, value)


class TestServerConfiguredByHand:
    @pytest.mark.parametrize("restart_if_unknown", [False, True])
    def test_after_a_removal_the_server_is_as_it_was(self, server: Server, restart_if_unknown: bool) -> None:
        configured_by_hand(server)
        theirs = server.store.active_path
        before = state(server)
        site(server, **DECLARED)
        if restart_if_unknown and server.value(restart_if_unknown=True)["reboot_required"]:
            server.restart()
        assert server.store.active_path != theirs
        predicted = server.predict(state="absent")
        removal(server)
        assert differences(before, state(server)) == []
        assert (predicted["changed"], server.store.active_path) == (True, theirs)
        assert list(server.own) == [OURS]
        assert server.host.exposures == []

    def test_its_value_stays_and_needs_no_restart(self, server: Server) -> None:
        configured_by_hand(server)
        site(server, **DECLARED)
        result = server.value(present=False)
        assert (result["changed"], result["value"], result["reboot_required"]) == (False, 1, False)

    @pytest.mark.exposed("what somebody wrote by hand does not protect L2TP")
    def test_a_policy_that_would_come_back_without_protecting_is_reported(self, server: Server) -> None:
        configured_by_hand(
            server,
            rules=[
                rule(
                    filters=[
                        {"source_address": "me", "destination_address": "any", "protocol": "icmp", "source_port": 0}
                    ]
                )
            ],
        )
        site(server, **DECLARED)
        for refused in (server.policy, server.predict, server.plan):
            with pytest.raises(PlanError) as error:
                refused(state="absent")
            assert str(error.value) == (
                "ProhibitIpSec is 1 on this host, so without the policy 'L2TP' its L2TP would be in clear text; "
                "'Theirs', which would then be assigned again, does not protect it; remove the value first "
                "(win_prohibit_ipsec with state absent; by hand if it "
                "was 1 before this collection changed the host) and restart the host."
            )

    @pytest.mark.exposed("what somebody wrote by hand protects its connections only")
    def test_one_that_protects_its_connections_only_comes_back_with_a_warning(self, server: Server) -> None:
        configured_by_hand(server, rules=[rule(key=OTHER_KEY)])
        theirs = server.store.active_path
        site(server, **DECLARED)
        result = server.policy(state="absent")
        assert server.store.active_path == theirs
        assert result["warnings"] == [
            (
                "L2TP between this host and peers that no rule names is in clear text while ProhibitIpSec "
                "is in effect; "
                "add a rule that blocks it (see 'all other L2TP' in the examples of win_ipsec_psk_policy)."
            )
        ]


class TestTakenOver:
    def test_it_keeps_its_parts_under_another_name_and_gets_everything_back(self, server: Server) -> None:
        configured_by_hand(server, name=NAME.lower())
        theirs = server.store.active_path
        before = state(server)
        taking: TaskOptions = {"rules": [rule(), BLOCKED], "take_over": True}
        site(server, **taking)
        assert server.store.active_path != theirs
        (kept,) = (found for found in server.store.policies if found.path == theirs)
        assert kept.name == f"{NAME} (replaced {theirs[theirs.index('{') + 1 :][:8]})"
        assert server.policy(**taking)["changed"] is False
        server.policy(rules=[rule(key="a third key of the pair"), BLOCKED])
        removal(server)
        assert differences(before, state(server)) == []
        assert list(server.own) == [OURS]
        assert server.host.exposures == []

    def test_it_is_renamed_even_if_others_changed_the_store_meanwhile(self, server: Server) -> None:
        theirs = by_hand(server, **NEXT)
        taking: TaskOptions = {"rules": [rule(), BLOCKED], "take_over": True}
        transaction = server.stage(**taking)
        server.work(**taking).commit(transaction)
        server.add([Key(rf"{LOCAL}\ipsecFilter{{00000000-0000-0000-0000-000000000001}}", {"x": Value.sz("y")})])
        server.work(**taking).finish(transaction)
        assert [found.name for found in server.store.policies if found.path == theirs] != [NAME]
        server.policy(state="absent")
        assert [found.name for found in server.store.policies if found.path == theirs] == [NAME]

    def test_forgotten_it_is_deleted_with_its_key(self, server: Server) -> None:
        by_hand(server, **NEXT)
        server.policy(rules=[rule(), BLOCKED], take_over=True)
        assert server.holds(OTHER_KEY)
        assert server.plan(rules=[rule(), BLOCKED], forget_replaced=True)["pending"] is True
        server.policy(rules=[rule(), BLOCKED], forget_replaced=True)
        assert server.names == [NAME]
        assert not server.holds(OTHER_KEY)

    def test_a_forgotten_one_with_another_name_stays_and_is_not_assigned_again(self, server: Server) -> None:
        by_hand(server, name="Theirs", **NEXT)
        server.policy(**DECLARED)
        server.policy(**DECLARED, forget_replaced=True)
        assert server.policy(**DECLARED, forget_replaced=True)["changed"] is False
        server.policy(state="absent")
        assert (server.names, server.store.active_path) == (["Theirs"], "")


class TestInUseAsItWas:
    """A policy that meant what is declared before we came: used, never ours to delete."""

    def test_a_removal_leaves_it_assigned_as_it_was(self, server: Server) -> None:
        theirs = by_hand(server, **SAME)
        before = state(server)
        site(server, **SAME)
        assert (server.store.active_path, server.read().recorded_owned) == (theirs, ())
        removal(server)
        assert differences(before, state(server)) == []
        assert list(server.own) == [OURS]
        assert server.host.exposures == []

    def test_it_stays_with_the_value_that_was_there_too(self, server: Server) -> None:
        configured_by_hand(server, name=NAME, **SAME)
        before = state(server)
        site(server, **SAME)
        predicted = server.predict(state="absent")
        result = server.policy(state="absent")
        assert (predicted["changed"], result["changed"], result["changed_rules"]) == (True, True, [])
        assert result["diff"] == predicted["diff"]
        assert result["diff"]["before"].endswith(f"\npolicy {NAME}: assigned, of this collection\n")
        assert result["diff"]["after"].endswith(f"\npolicy {NAME}: assigned\n")
        assert differences(before, state(server)) == []
        assert server.host.exposures == []
        assert server.policy(state="absent")["changed"] is False

    @pytest.mark.exposed("what somebody wrote by hand protects its connections only")
    def test_one_that_does_not_protect_is_not_refused_since_nothing_is_withdrawn(self, server: Server) -> None:
        """Only its own connections are covered, and Windows still runs with the value."""
        configured_by_hand(server, name=NAME, rules=[rule()])
        server.policy(rules=[rule()])
        server.value(present=False)
        server.set_prohibit_ipsec(0)
        assert server.policy(state="absent")["changed"] is True

    def test_one_that_was_not_assigned_is_unassigned_again(self, server: Server) -> None:
        theirs = by_hand(server, assigned=False, **SAME)
        before = state(server)
        site(server, **SAME)
        assert server.store.active_path == theirs
        with pytest.raises(PlanError, match="so without the policy 'L2TP' its L2TP would be in clear text"):
            server.policy(state="absent")
        removal(server)
        assert differences(before, state(server)) == []
        assert server.host.exposures == []

    def test_it_makes_room_for_the_one_that_was_assigned(self, server: Server) -> None:
        by_hand(server, assigned=False, **SAME)
        other = by_hand(server, name="Theirs", seed=8, **NEXT)
        before = state(server)
        site(server, replace_assigned=True, **SAME)
        assert server.predict(state="absent")["changed_rules"] == ["tokyo-osaka", "all other L2TP"]
        removal(server)
        assert (server.store.active_path, differences(before, state(server))) == (other, [])

    def test_one_that_a_declaration_unassigned_is_assigned_again(self, server: Server) -> None:
        theirs = by_hand(server, **SAME)
        server.policy(assigned=False, **SAME)
        assert server.store.active_path == ""
        predicted = server.predict(state="absent")
        assert predicted["diff"]["after"].endswith(f"\npolicy {NAME}: assigned\n")
        assert [each["rule"] for each in predicted["changes"]] == [None]
        server.policy(state="absent")
        assert server.store.active_path == theirs

    @pytest.mark.parametrize("forget", [False, True])
    def test_with_the_next_key_it_is_kept_aside_until_it_is_forgotten(self, server: Server, forget: bool) -> None:
        theirs = by_hand(server, **SAME)
        before = state(server)
        site(server, **SAME)
        server.phases(**NEXT)
        assert [found.name for found in server.store.policies if found.path == theirs] == [
            f"{NAME} (replaced {theirs[theirs.index('{') + 1 :][:8]})"
        ]
        assert server.policy(**NEXT)["changed"] is False
        if forget:
            server.policy(forget_replaced=True, **NEXT)
            assert not server.holds(KEY)
        removal(server)
        left = [] if forget else differences(before, state(server))
        assert (server.store.active_path, left) == ("" if forget else theirs, [])
        assert server.host.exposures == []

    @pytest.mark.parametrize("key", [KEY, OTHER_KEY, "a third key of the pair"])
    def test_it_is_kept_aside_even_if_the_change_was_cut(self, server: Server, key: str) -> None:
        theirs = by_hand(server, **SAME)
        before = state(server)
        server.work(**SAME).commit(server.stage(**SAME))
        server.work(**NEXT).commit(server.stage(**NEXT))
        server.policy(rules=[rule(key=key), BLOCKED])
        assert (server.store.active_path == theirs) == (key == KEY)
        assert server.policy(rules=[rule(key=key), BLOCKED])["changed"] is False
        server.policy(state="absent")
        assert differences(before, state(server)) == []
        assert list(server.own) == [OURS]

    def test_a_change_that_is_taken_back_leaves_it_on_record(self, server: Server) -> None:
        theirs = by_hand(server, **SAME)
        server.policy(**SAME)
        transaction = server.stage(**NEXT)
        server.work(**NEXT).commit(transaction)
        server.work(**NEXT).revert(transaction)
        assert (server.store.active_path, [each.path for each in server.read().adopted]) == (theirs, [theirs])
        assert server.policy(**SAME)["changed"] is False

    def test_forgotten_it_is_deleted_by_the_removal(self, server: Server) -> None:
        by_hand(server, **SAME)
        server.policy(**SAME)
        assert server.policy(forget_replaced=True, **SAME)["changed"] is True
        assert server.policy(forget_replaced=True, **SAME)["changed"] is False
        server.policy(state="absent")
        assert (server.names, server.holds(KEY)) == ([], False)

    def test_one_that_we_wrote_is_still_deleted(self, server: Server) -> None:
        site(server, **SAME)
        assert server.policy(**SAME)["changed"] is False
        removal(server)
        assert (server.names, server.holds(KEY)) == ([], False)

    def test_another_one_stays_on_record(self, server: Server) -> None:
        theirs = by_hand(server, **SAME)
        server.policy(**SAME)
        server.policy(name="Branches", assigned=False, rules=[rule(key=OTHER_KEY)])
        server.policy(name="Branches", state="absent")
        assert ([each.path for each in server.read().adopted], server.names) == ([theirs], [NAME])
        assert server.running >= {"PolicyAgent", "IKEEXT"}
        server.policy(name="Branches", assigned=False, rules=[rule(key=OTHER_KEY)])
        server.policy(state="absent")
        assert (server.read().adopted, server.names) == ((), ["Branches", NAME])

    def test_one_that_was_changed_by_hand_is_kept_as_changed(self, server: Server) -> None:
        theirs = by_hand(server, **SAME)
        server.policy(**SAME)
        found = server.store.at(theirs)
        assert found is not None
        server.add([Key(theirs, {"ipsecNFAReference": Value.multi_sz(found.rule_paths[:1])})])
        before = server.key(theirs)
        server.policy(**SAME)
        assert server.store.active_path != theirs
        server.policy(state="absent")
        assert (server.store.active_path, server.key(theirs)) == (theirs, before)


class TestValueOfAnotherKind:
    """Only a REG_DWORD of 1 counts for RasMan."""

    OTHERS = (
        Value(Kind.QWORD, (1).to_bytes(8, "little")),
        Value.sz("1"),
        Value(Kind.EXPAND_SZ, "%ONE%".encode("utf-16-le")),
        Value.multi_sz(["1", "2"]),
        Value.dword(0),
    )

    @pytest.mark.parametrize("value", OTHERS)
    def test_it_does_not_count_and_is_given_back(self, server: Server, value: Value) -> None:
        write_value(value)(server)
        server.restart()
        before = state(server)
        site(server, **DECLARED)
        assert server.key(RASMAN)[PROHIBIT_IPSEC] == Value.dword(1)
        removal(server)
        assert differences(before, state(server)) == []

    def test_a_removal_leaves_a_value_that_we_never_set(self, server: Server) -> None:
        write_value(self.OTHERS[0])(server)
        result = server.value(present=False)
        assert (result["changed"], result["value"]) == (False, None)
        assert result["diff"]["before"].startswith("ProhibitIpSec: REG_QWORD\n")

    def test_what_could_not_be_given_back_is_refused_where_it_would_change(self, server: Server) -> None:
        write_value(Value.binary(b"\1\0\0\0"))(server)
        server.policy()
        assert server.value(present=False)["changed"] is False
        with pytest.raises(PlanError) as error:
            server.value()
        assert str(error.value) == (
            "ProhibitIpSec on this host is neither a number nor a text, so it could not be restored; "
            "delete it by hand, or make it a REG_DWORD."
        )


class TestKeysThatOthersCanRead:
    OPEN = RULE_WITH_KEY + "(A;CI;KR;;;BU)"

    def rules_of(self, server: Server) -> list[str]:
        active = server.active
        assert active is not None
        return [path for path, found in zip(active.rule_paths, active.policy.rules, strict=True) if found.holds_secret]

    @pytest.mark.parametrize("sddl", [OPEN, "D:NO_ACCESS_CONTROL", "D:PNO_ACCESS_CONTROL"])
    def test_an_own_rule_is_closed_again(self, server: Server, sddl: str) -> None:
        """One that allows it to others, and one that is not there at all, so that everybody may do everything."""
        server.policy()
        (path,) = self.rules_of(server)
        server.host.registry.protect(path, sddl)
        assert server.inform()["host"]["policies"][0]["open_keys"] == ["tokyo-osaka"]
        assert server.policy()["changed"] is True
        assert server.host.registry.access(path) == RULE_WITH_KEY
        assert server.policy()["changed"] is False

    @pytest.mark.parametrize(
        "sddl", [RULE_WITH_KEY, "D:P", RULE_WITH_KEY + "(D;;KR;;;BU)", RULE_WITH_KEY + "(A;CIIO;KR;;;BU)"]
    )
    def test_one_that_is_closed_is_left_alone(self, server: Server, sddl: str) -> None:
        server.policy()
        server.host.registry.protect(self.rules_of(server)[0], sddl)
        assert server.policy()["changed"] is False

    def test_one_that_is_used_as_it_is_is_closed_and_stays_so(self, server: Server) -> None:
        by_hand(server)
        (path,) = self.rules_of(server)
        before = server.host.registry.access(path)
        assert "BU" in before
        server.policy()
        assert server.host.registry.access(path) == RULE_WITH_KEY
        server.host.registry.protect(path, self.OPEN)
        server.policy()
        server.policy(state="absent")
        assert server.host.registry.access(path) == RULE_WITH_KEY
        assert server.key(OURS)["AccessBefore"].texts == (f"{path} {before}",)

    def test_one_that_another_declaration_uses_is_closed_too(self, server: Server) -> None:
        by_hand(server, name="Theirs")
        (path,) = self.rules_of(server)
        server.policy(name="Theirs")
        server.policy(replace_assigned=True)
        server.host.registry.protect(path, self.OPEN)
        assert server.policy()["changed"] is True
        assert server.host.registry.access(path) == RULE_WITH_KEY

    def test_one_of_somebody_else_is_only_named(self, server: Server) -> None:
        by_hand(server, name="Theirs")
        (path,) = self.rules_of(server)
        before = server.host.registry.access(path)
        server.policy(replace_assigned=True)
        assert server.host.registry.access(path) == before
        theirs = next(found for found in server.inform()["host"]["policies"] if found["name"] == "Theirs")
        assert theirs["open_keys"] == ["tokyo-osaka"]

    def test_the_repair_is_undone_with_the_rest(self, server: Server) -> None:
        server.policy()
        (path,) = self.rules_of(server)
        server.host.registry.protect(path, self.OPEN)

        def fail(_number: int, record: str) -> None:
            if record.startswith("Seal"):
                server.host.impairments.fail_at_record = _number

        server.host.impairments.before_record = fail
        with pytest.raises(ExecutionError):
            server.policy()
        assert server.host.registry.access(path) == self.OPEN


def come_back(server: Server, old: Tree) -> None:
    """Let somebody write again what is deleted of the policy store, before it is read."""
    deleted = []

    def restore(_number: int, record: str) -> None:
        if record.startswith(f"DeleteKey {LOCAL}"):
            deleted.append(record.removeprefix("DeleteKey "))
        if record == f"ReadTree {LOCAL}":
            server.add(old[path] for path in deleted)

    server.host.impairments.before_record = restore


class TestWhatWasDeletedIsLookedFor:
    @pytest.fixture
    def deaf(self, server: Server) -> Server:
        """A server on which somebody writes again what was deleted, before it is read."""
        server.policy()
        old = server.host.registry.snapshot(LOCAL)

        def restore(_number: int, record: str) -> None:
            if record == f"ReadTree {LOCAL}" and server.store.active_path not in old:
                server.add(key for path, key in old.items() if path != LOCAL)

        server.host.impairments.before_record = restore
        return server

    def test_what_comes_back_is_noticed_even_if_others_changed_the_store_since_the_commit(self, server: Server) -> None:
        server.policy(**SAME)
        old = server.host.registry.snapshot(LOCAL)
        transaction = server.stage(**NEXT)
        server.work(**NEXT).commit(transaction)
        server.add([Key(rf"{LOCAL}\ipsecFilter{{00000000-0000-0000-0000-000000000001}}", {"x": Value.sz("y")})])
        come_back(server, old)
        with pytest.raises(WorkError, match="it is still there; find out what holds or restores it"):
            server.work(**NEXT).finish(transaction)

    @pytest.mark.parametrize("at_once", [False, True])
    def test_what_comes_back_of_an_aborted_run_is_an_error_and_goes_with_the_next(
        self, server: Server, at_once: bool
    ) -> None:
        server.policy(**SAME)
        server.stage(**NEXT)
        come_back(server, server.host.registry.snapshot(LOCAL))
        another: TaskOptions = {"rules": [rule(key="a third key of the pair"), BLOCKED]}
        with pytest.raises(WorkError, match="it is still there; find out what holds or restores it"):
            server.policy(**another) if at_once else server.work(**another).stage()
        server.host.impairments.before_record = None
        assert server.holds(OTHER_KEY)
        assert server.policy(**SAME)["changed"] is True
        assert (server.names, server.holds(OTHER_KEY)) == ([NAME], False)
        assert server.policy(**SAME)["changed"] is False

    def test_what_comes_back_of_an_aborted_run_goes_with_the_removal(self, server: Server) -> None:
        server.policy(**SAME)
        server.stage(**NEXT)
        come_back(server, server.host.registry.snapshot(LOCAL))
        with pytest.raises(WorkError):
            server.policy(**SAME)
        server.host.impairments.before_record = None
        server.policy(state="absent")
        assert (server.names, list(server.own)) == ([], [OURS])

    def test_a_record_of_the_transaction_that_stays_is_an_error(self, server: Server) -> None:
        transaction = server.stage()
        server.work().commit(transaction)
        record = server.host.registry.snapshot(TRANSACTION)

        def restore(_number: int, text: str) -> None:
            if text == f"ReadTree {LOCAL}":
                server.add(record.values())

        server.host.impairments.before_record = restore
        with pytest.raises(WorkError, match=r"it deleted SOFTWARE\\rras.ipsec\\Transaction, but it is still there"):
            server.work().finish(transaction)

    @pytest.mark.parametrize("reverting", [False, True])
    def test_a_service_that_did_not_get_back_what_it_had_is_an_error_until_it_has(
        self, server: Server, reverting: bool
    ) -> None:
        before = state(server)
        staged = server.stage(**SAME)
        if not reverting:
            server.work(**SAME).commit(staged)
            server.work(**SAME).finish(staged)
        server.host.impairments.exit_codes = {"sc config PolicyAgent start= demand": 0}
        with pytest.raises(WorkError) as error:
            server.work(**SAME).revert(staged) if reverting else server.policy(state="absent")
        assert str(error.value) == (
            "sc.exe reported that it restored the service PolicyAgent, but the "
            "host reads back something else; find out what holds it, then run this task again."
        )
        server.host.impairments.exit_codes = {}
        assert server.policy(state="absent")["changed"] is True
        assert (differences(before, state(server)), list(server.own)) == ([], [OURS])

    @pytest.mark.parametrize("given", [{"rules": [rule(key=OTHER_KEY)]}, {"state": "absent"}])
    def test_what_is_still_there_is_an_error(self, deaf: Server, given: TaskOptions) -> None:
        policy = deaf.store.active_path
        with pytest.raises(WorkError) as error:
            deaf.policy(**given)
        assert str(error.value) == (
            f"the host reported that it deleted {policy}, but it is still there; find out what holds or restores it."
        )


def in_the_way(server: Server, **given: Any) -> None:
    """Let Windows start with a policy of ours that keeps RRAS from making its automatic filters."""
    server.policy(**{**SAME, **given})
    server.restart()
    server.host.exposures.clear()
    assert not server.host.agent.has_automatic_filters


class TestAutomaticFilters:
    """A removal ends with RRAS having started after our policy was gone, for good and not only from the store."""

    WAYS: ClassVar[dict[str, Callable[[Server], object]]] = {
        "a removal": lambda server: server.policy(state="absent"),
        "a removal, phase by phase": lambda server: server.phases(state="absent"),
        "fewer rules": lambda server: server.policy(rules=[rule()]),
        "no assignment": lambda server: server.policy(assigned=False, **SAME),
    }

    @pytest.mark.parametrize("late", [0, 1, 3])
    @pytest.mark.parametrize("way", WAYS)
    def test_they_come_back_however_late_the_agent_is(self, server: Server, way: str, late: int) -> None:
        in_the_way(server)
        server.host.agent.late = late
        self.WAYS[way](server)
        assert server.host.agent.has_automatic_filters
        assert server.host.exposures == []

    @pytest.mark.parametrize("late", [0, 1, 3])
    def test_they_come_back_after_a_revert(self, server: Server, late: int) -> None:
        transaction = server.stage(**SAME)
        server.work(**SAME).commit(transaction)
        server.restart()
        server.host.agent.late = late
        server.work(**SAME).revert(transaction)
        assert server.host.agent.has_automatic_filters
        assert server.host.exposures == []

    @pytest.mark.exposed("somebody unassigned the policy by hand")
    @pytest.mark.parametrize("other", [False, True])
    @pytest.mark.parametrize("adopted", [False, True])
    @pytest.mark.parametrize("way", ["a removal", "a removal, phase by phase"])
    def test_they_come_back_if_somebody_else_unassigned_ours(
        self, server: Server, way: str, adopted: bool, other: bool
    ) -> None:
        if adopted:
            by_hand(server, assigned=False, **SAME)
        in_the_way(server)
        if other:
            by_hand(server, name="Theirs", seed=8, rules=[rule(key=OTHER_KEY)])
        else:
            server.assign("")
        assert not server.host.agent.has_automatic_filters
        self.WAYS[way](server)
        assert server.host.agent.has_automatic_filters

    @pytest.mark.exposed("somebody unassigned the policy by hand")
    def test_they_come_back_if_another_declaration_takes_its_place(self, server: Server) -> None:
        in_the_way(server)
        server.assign("")
        server.policy(rules=[rule()])
        assert server.host.agent.has_automatic_filters

    @pytest.mark.parametrize("given", [SAME, {"rules": [rule()]}])
    def test_no_service_stops_if_nothing_was_in_their_way(self, server: Server, given: TaskOptions) -> None:
        """What was not in their way, and what makes room for a policy that covers all L2TP."""
        server.policy(**given)
        server.restart()
        for service in ("RemoteAccess", "PolicyAgent"):
            server.host.impairments.exit_codes = {f"net stop {service}": 2}
            if given == SAME:
                server.policy(**NEXT)
            else:
                server.policy(state="absent")

    @pytest.mark.parametrize("service", ["RemoteAccess", "PolicyAgent"])
    @pytest.mark.parametrize("verb", ["start", "stop"])
    def test_a_service_that_does_not_obey_undoes_it(self, server: Server, verb: str, service: str) -> None:
        in_the_way(server)
        before = state(server)
        server.host.impairments.exit_codes = {f"net {verb} {service}": 2}
        with pytest.raises(ExecutionError):
            server.policy(state="absent")
        server.host.impairments.exit_codes = {}
        assert differences(before, state(server)) == []
        assert server.host.exposures == []


class TestAssignedByOthersWhileStaged:
    """Somebody assigns in the console what we only staged: it is in force, so nothing of ours deletes it."""

    @pytest.fixture
    def staged(self, server: Server) -> Server:
        site(server, **SAME)
        self.transaction = server.stage(name="Branches", assigned=False, **NEXT)
        (path,) = (found.path for found in server.store.policies if found.name.startswith("Branches"))
        server.assign(path)
        return server

    ANOTHER: ClassVar[TaskOptions] = {
        "name": "Branches",
        "assigned": False,
        "rules": [rule(key="a third key of the pair"), BLOCKED],
    }

    @pytest.mark.parametrize("given", [ANOTHER, {"name": "Branches", "state": "absent"}])
    @pytest.mark.parametrize("at_once", [False, True])
    def test_the_next_run_leaves_it(self, staged: Server, given: TaskOptions, at_once: bool) -> None:
        path = staged.store.active_path
        staged.policy(**given) if at_once else staged.phases(**given)
        assert (staged.store.active_path, staged.active is not None) == (path, True)
        staged.restart()
        assert staged.host.exposures == []
        assert path in staged.read().recorded_owned

    def test_a_revert_assigns_what_was_assigned_before_it(self, staged: Server) -> None:
        staged.work(name="Branches").revert(self.transaction)
        assert staged.active is not None
        assert (staged.active.name, staged.names) == (NAME, [NAME])
        staged.restart()
        assert staged.host.exposures == []

    def test_what_nobody_assigned_is_deleted(self, server: Server) -> None:
        site(server, **SAME)
        server.stage(name="Branches", assigned=False, **NEXT)
        server.policy(**self.ANOTHER)
        assert (server.names, server.holds(OTHER_KEY)) == (["Branches", NAME], False)


class TestCheckModeOfARemoval:
    """It predicts what the run does: a task takes away what is not on record, the role only what is."""

    @pytest.mark.parametrize("words", [TASK, ROLE], ids=["task", "role"])
    def test_a_value_that_was_set_by_hand_after_us(self, server: Server, words: Words) -> None:
        server.policy(**SAME)
        server.set_prohibit_ipsec(1)
        server.restart()
        only_recorded = words is ROLE
        predicted = outcome(lambda: server.predict(state="absent", predicted=True, words=words))
        server.value(present=False, only_recorded=only_recorded)
        server.restart()
        assert outcome(lambda: server.policy(state="absent", words=words)) == predicted
        assert predicted is not only_recorded


def outcome(act: Callable[[], object]) -> bool:
    try:
        act()
    except PlanError:
        return False
    return True


class TestOwnAddress:
    """Of the two addresses of a filter one is this server's, and the other is not."""

    @pytest.mark.parametrize(
        ("given", "sentence"),
        [
            (
                {"address": PEER},
                (
                    f"{PEER} is not an address of this host (it has: 10.0.0.10, {ADDRESS}); "
                    "write the static address of its RRAS interface into the filter of the rule 'tokyo-osaka'."
                ),
            ),
            (
                {"address": "10.0.0.10"},
                (
                    f"the filter between {ADDRESS} and {PEER} does not have the address 10.0.0.10 "
                    f"(it has: 10.0.0.10, {ADDRESS}); "
                    "write the static address of its RRAS interface into the filter of the rule 'tokyo-osaka'."
                ),
            ),
            (
                {"rules": [rule(peer="10.0.0.10")]},
                (
                    f"both {ADDRESS} and 10.0.0.10 are addresses of this host (it has: 10.0.0.10, {ADDRESS}); "
                    "write the static address of its RRAS interface into the filter of the rule 'tokyo-osaka'."
                ),
            ),
        ],
    )
    def test_a_filter_without_exactly_one_own_end_is_refused(
        self, server: Server, given: TaskOptions, sentence: str
    ) -> None:
        with pytest.raises(PlanError) as error:
            server.plan(**given)
        assert str(error.value) == sentence

    def test_the_declared_one_is_accepted(self, server: Server) -> None:
        assert server.plan(address=ADDRESS)["pending"] is True


class TestProofOfLoading:
    """The addresses of a key's next generation are the same: that the agent lists them proves nothing about it."""

    def loading_proved(self, server: Server) -> bool:
        return bool(server.inform()["host"]["loading_proved"])

    def test_a_first_policy_is_proved_by_its_addresses(self, server: Server) -> None:
        server.policy()
        assert self.loading_proved(server)

    def test_the_next_key_is_not_proved_until_the_restart(self, server: Server) -> None:
        server.policy()
        server.policy(rules=[rule(key=OTHER_KEY)])
        assert not self.loading_proved(server)
        server.restart()
        assert self.loading_proved(server)

    def test_another_change_without_new_addresses_does_not_prove_it(self, server: Server) -> None:
        server.policy()
        server.policy(rules=[rule(key=OTHER_KEY)])
        server.policy(rules=[rule(key=OTHER_KEY), BLOCKED])
        assert not self.loading_proved(server)

    def test_a_change_with_a_new_address_proves_it(self, server: Server) -> None:
        server.policy()
        server.policy(rules=[rule(key=OTHER_KEY)])
        server.policy(rules=[rule(key=OTHER_KEY), rule("tokyo-branch", peer="198.51.100.7")])
        assert self.loading_proved(server)

    @pytest.mark.parametrize("netsh", [NetshFault.WITHOUT_EFFECT, NetshFault.MISSING])
    def test_an_assignment_by_the_registry_does_not_prove_it(self, server: Server, netsh: NetshFault) -> None:
        server.policy()
        server.host.impairments.before_record = lambda _number, record: setattr(
            server.host.impairments, "netsh", netsh if record.startswith("AssignPolicy") else None
        )
        assert server.policy(rules=[rule(key=OTHER_KEY)])["assigned_by"] == "registry"
        assert not self.loading_proved(server)

    def test_a_generation_that_comes_back_is_not_proved(self, server: Server) -> None:
        server.policy()
        transaction = server.stage(rules=[rule(key=OTHER_KEY)])
        server.work(rules=[rule(key=OTHER_KEY)]).commit(transaction)
        server.work(rules=[rule(key=OTHER_KEY)]).revert(transaction)
        assert not self.loading_proved(server)


def test_beside_another_of_ours_only_the_name_that_it_took_is_given_back(server: Server) -> None:
    for seed, name in enumerate((NAME, "Branches")):
        by_hand(server, seed=seed, name=name, rules=[rule(key=OTHER_KEY)], assigned=False)
        server.policy(name=name, take_over=True, assigned=name == NAME)
    server.policy(name="Branches", state="absent")
    assert [name.partition("(")[0] for name in server.names] == ["Branches", NAME, f"{NAME} "]
