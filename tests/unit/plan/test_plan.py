# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is planned for a store, decided from its keys alone: no server, no phases."""

from __future__ import annotations

import dataclasses
import itertools
import uuid
from typing import Any

import pytest

from ansible_collections.rras.ipsec.plugins.plugin_utils._policy import host as hosts
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy import plan, steps
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.host import HostState
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.plan import Flag, Intent, Plan, PlanError, Transaction
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.plan.refusals import with_prohibit_ipsec_given_back
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.registry import Key, Tree, Value, join
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.store import ACTIVE_POLICY, LOCAL, object_keys
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.words import TASK
from ansible_collections.rras.ipsec.tests.support import strategies
from ansible_collections.rras.ipsec.tests.support.server import ADDRESS, BLOCKED, NAME, OTHER_KEY, declare, rule

NONCE = bytes(range(32))
IDENTITY = uuid.UUID("6f1c8a52-0d3e-4b7a-9c55-2f1f0f6f4a10")
OTHER_RULES = [rule(key=OTHER_KEY)]
GONE = join(LOCAL, "ipsecNFA{gone}")


@dataclasses.dataclass(frozen=True)
class WrittenPolicy:
    """A policy as it lies in a store."""

    keys: tuple[Key, ...]

    @property
    def path(self) -> str:
        return self.keys[-1].path

    @property
    def paths(self) -> set[str]:
        return {key.path for key in self.keys}

    def part(self, kind: str) -> str:
        return next(key.path for key in self.keys if key.name.startswith(kind + "{"))


_seeds = itertools.count(1)


def written(**given: Any) -> WrittenPolicy:
    """Write a declared policy under GUIDs of its own; its keys are digests, as a host answers them."""
    policy = declare(**given).policy.masked(NONCE)
    return WrittenPolicy(object_keys(policy, strategies.guids(uuid.UUID(int=next(_seeds))), 1))


def store(*policies: WrittenPolicy, active: str = "", **ours: Any) -> HostState:
    """Return a host with these policies. ours: what is on record, and a transaction's fields."""
    keys = [key for policy in policies for key in policy.keys]
    record = {"Owned": Value.multi_sz(ours.pop("owned", ())), "Replaced": Value.sz(ours.pop("replaced", ""))}
    for name in ("Adopted", "TakenOver"):
        theirs = ours.pop(name.casefold(), {})
        record |= {name: Value.multi_sz(theirs), f"{name}Names": Value.multi_sz(theirs.values())}
    keys += [
        Key(LOCAL, {ACTIVE_POLICY: Value.sz(active)} if active else {}),
        Key(hosts.STATE, record),
        Key(join(hosts.INTERFACES, "{1}"), {"IPAddress": Value.multi_sz([ADDRESS])}),
        *(Key(join(hosts.SERVICES, name), {"Start": Value.dword(2)}) for name in ("PolicyAgent", "IKEEXT")),
    ]
    if ours:
        keys += _transaction(**ours)
    running = {f"sc query {name}": (0, (": 20 ", ": 4 ")) for name in ("PolicyAgent", "IKEEXT")}
    return hosts.understand(Tree(keys), {}, "", running)


def _transaction(**given: Any) -> list[Key]:
    after = {
        "Owned": Value.multi_sz(given.pop("owned_after", ())),
        "Replaced": Value.sz(given.pop("replaced_after", "")),
    }
    values = {
        name.title(): Value.sz(each) if isinstance(each, str) else Value.multi_sz(each) for name, each in given.items()
    }
    return [Key(hosts.TRANSACTION, values), Key(hosts.AFTER, after)]


def present(host: HostState, **given: Any) -> Plan:
    return plan.plan_present(declare(**given), host, NONCE, IDENTITY, TASK, agent_first=False)


def absent(host: HostState, name: str = NAME, *, all_ours: bool = False) -> Plan:
    return plan.plan_absent(name, host, IDENTITY, TASK, all_ours=all_ours)


def new_paths(**given: Any) -> set[str]:
    return {key.path for key in plan.new_keys(declare(**given).policy, IDENTITY, when=0)}


class TestEmpty:
    """Only a plan of which nothing is left to do is empty."""

    @pytest.mark.parametrize("intent", Intent)
    def test_whatever_is_put_in_force_is_something(self, intent: Intent) -> None:
        planned = Plan(None, False, None, Transaction(IDENTITY, intent, ""))
        assert planned.empty is (intent is Intent.KEEP)

    @pytest.mark.parametrize(
        "left",
        [
            {"unfinished": True},
            {"remains": (GONE,)},
            {"obsolete": (GONE,)},
            {"services": (steps.DeleteKey(GONE),)},
            {"records": ("recorded as ours",)},
        ],
        ids=lambda left: next(iter(left)),
    )
    def test_whatever_is_to_be_cleared_up_is_something_too(self, left: dict[str, Any]) -> None:
        assert not Plan(None, False, None, Transaction(IDENTITY, Intent.KEEP, ""), **left).empty


class TestTransaction:
    @pytest.mark.parametrize(
        ("intent", "assigns", "assigned"),
        [
            (Intent.SWITCH, True, "path"),
            (Intent.ASSIGN, True, "path"),
            (Intent.UNASSIGN, True, ""),
            (Intent.WRITE, False, ""),
            (Intent.KEEP, False, ""),
        ],
    )
    def test_what_the_commit_assigns(self, intent: Intent, assigns: bool, assigned: str) -> None:
        transaction = Transaction(IDENTITY, intent, "path")
        assert (transaction.assigns, transaction.assigned) == (assigns, assigned)

    def test_it_can_be_written_as_text_and_read_again(self) -> None:
        path = plan.policy_path(IDENTITY)
        assert path == join(LOCAL, "ipsecPolicy{6F1C8A52-0D3E-4B7A-9C55-2F1F0F6F4A10}")
        transaction = Transaction(IDENTITY, Intent.SWITCH, path)
        assert str(transaction) == f"{IDENTITY}/switch/{{6F1C8A52-0D3E-4B7A-9C55-2F1F0F6F4A10}}"
        assert str(Transaction(IDENTITY, Intent.KEEP, "")) == f"{IDENTITY}/keep/"
        assert Transaction.parse(str(transaction)) == transaction

    def test_its_text_has_what_it_holds_and_no_more(self) -> None:
        path = plan.policy_path(IDENTITY)
        begun = f"{IDENTITY}/switch/{{{str(IDENTITY).upper()}}}"
        flagged = Transaction(IDENTITY, Intent.SWITCH, path, frozenset({Flag.RESTART_RRAS}))
        assert str(flagged) == f"{begun}/rras/"
        closing = dataclasses.replace(flagged, closes=("0123abcd", "4567cdef"))
        assert str(closing) == f"{begun}/rras//0123abcd,4567cdef"
        for each in (flagged, closing):
            assert Transaction.parse(str(each)) == each
        for more in ("/", "/x", "//x"):
            with pytest.raises(PlanError):
                Transaction.parse(f"{closing}{more}")


class TestFirst:
    def test_everything_is_new(self) -> None:
        planned = present(store())
        assert (planned.before, planned.before_assigned, planned.new) == (None, False, declare().policy)
        assert planned.after == declare().policy.masked(NONCE)
        assert planned.transaction.intent is Intent.SWITCH
        assert planned.transaction.policy in new_paths()
        assert set(planned.owned_after) == new_paths()
        assert planned.owned_after == tuple(sorted(planned.owned_after))
        assert (planned.remains, planned.obsolete, planned.replaced_after) == ((), (), "")
        assert (planned.changed_rules, planned.records, planned.unfinished) == (("tokyo-osaka",), (), False)

    def test_unassigned_it_is_only_written(self) -> None:
        planned = present(store(), assigned=False)
        assert planned.transaction.intent is Intent.WRITE
        assert planned.transaction.policy in new_paths()
        assert planned.changed_rules == ("tokyo-osaka",)


class TestOursIsThere:
    def test_if_it_is_assigned_nothing_is_left_to_do(self) -> None:
        ours = written()
        planned = present(store(ours, active=ours.path, owned=ours.paths))
        assert planned.empty
        assert (planned.before and planned.before.path, planned.before_assigned) == (ours.path, True)
        assert (planned.new, planned.transaction.policy, planned.changed_rules) == (None, "", ())
        assert set(planned.owned_after) == ours.paths

    def test_if_it_is_unassigned_it_is_assigned_unchanged(self) -> None:
        ours = written()
        planned = present(store(ours, owned=ours.paths))
        assert (planned.transaction.intent, planned.transaction.policy) == (Intent.ASSIGN, ours.path)
        assert (planned.new, planned.obsolete, planned.changed_rules) == (None, (), ("tokyo-osaka",))
        assert planned.before_assigned is False

    def test_if_another_generation_with_another_key_exchange_is_assigned_the_other_end_must_follow(self) -> None:
        ours, assigned = written(), written(main_mode={"pfs": True})
        host = store(ours, assigned, active=assigned.path, owned=ours.paths | assigned.paths)
        planned = present(host)
        assert (planned.transaction.intent, planned.negotiated_otherwise) == (Intent.ASSIGN, ("tokyo-osaka",))
        assert present(store(ours, active=ours.path, owned=ours.paths)).negotiated_otherwise == ()
        resting = rule("tokyo-kyoto", OTHER_KEY, "192.0.2.9", active=False)
        more = present(host, rules=[rule(), resting, BLOCKED])
        assert more.negotiated_otherwise == ("tokyo-osaka",), "nobody negotiates for the others"

    def test_if_it_is_to_be_unassigned_it_stays_in_the_store(self) -> None:
        ours = written()
        planned = present(store(ours, active=ours.path.upper(), owned=ours.paths), assigned=False)
        assert (planned.transaction.intent, planned.transaction.policy) == (Intent.UNASSIGN, "")
        assert (planned.new, planned.obsolete, planned.changed_rules) == (None, (), ("tokyo-osaka",))

    def test_if_it_is_not_assigned_and_need_not_be_it_is_left_alone(self) -> None:
        ours = written()
        assert present(store(ours, owned=ours.paths), assigned=False).empty

    def test_if_it_is_changed_the_old_one_goes(self) -> None:
        ours = written()
        planned = present(store(ours, active=ours.path, owned=ours.paths), rules=OTHER_RULES)
        assert planned.transaction.intent is Intent.SWITCH
        assert (planned.before and planned.before.path, planned.before_assigned) == (ours.path, True)
        assert set(planned.obsolete) == ours.paths
        assert set(planned.owned_after) == new_paths(rules=OTHER_RULES)
        assert planned.changed_rules == ("tokyo-osaka",)

    def test_changed_and_to_be_unassigned(self) -> None:
        ours = written()
        planned = present(store(ours, active=ours.path, owned=ours.paths), rules=OTHER_RULES, assigned=False)
        assert planned.transaction.intent is Intent.UNASSIGN
        assert planned.transaction.policy in new_paths()
        assert set(planned.obsolete) == ours.paths
        assert planned.changed_rules == ("tokyo-osaka",)

    def test_the_rules_that_lose_force_are_those_that_had_it(self) -> None:
        ours = written(rules=[rule("old")])
        host = store(ours, active=ours.path, owned=ours.paths)
        assert present(host, assigned=False).changed_rules == ("old",)

    def test_of_two_of_ours_the_one_with_the_declared_name_gives_way(self) -> None:
        resting = written(rules=[rule("resting", key=OTHER_KEY)])
        assigned = written(name="Branches", rules=[rule("assigned", key=OTHER_KEY)])
        host = store(resting, assigned, active=assigned.path, owned=resting.paths | assigned.paths)
        planned = present(host, replace_assigned=True)
        assert (planned.before and planned.before.path) == resting.path
        assert planned.changed_rules == ("tokyo-osaka",)
        assert set(planned.obsolete) == resting.paths

    def test_changed_while_unassigned(self) -> None:
        ours = written()
        planned = present(store(ours, owned=ours.paths), rules=[*OTHER_RULES, BLOCKED], assigned=False)
        assert planned.transaction.intent is Intent.WRITE
        assert (planned.before and planned.before.path, planned.before_assigned) == (ours.path, False)
        assert planned.changed_rules == ("all other L2TP", "tokyo-osaka")
        assert set(planned.obsolete) == ours.paths

    def test_recorded_paths_match_in_any_case(self) -> None:
        ours = written(name=NAME.lower())
        planned = present(store(ours, active=ours.path.swapcase(), owned=[path.swapcase() for path in ours.paths]))
        assert planned.empty

    def test_one_with_another_name_loses_its_assignment_on_request_but_stays(self) -> None:
        old = written(name="Branches")
        host = store(old, active=old.path, owned=old.paths)
        with pytest.raises(PlanError) as error:
            present(host)
        assert str(error.value) == (
            "the policy 'Branches', which this collection wrote, is assigned on this host, and only one can be; "
            "set replace_assigned to true if the declared policy should replace it."
        )
        planned = present(host, replace_assigned=True)
        assert (planned.transaction.intent, planned.obsolete) == (Intent.SWITCH, ())
        assert (planned.before, planned.changed_rules) == (None, ("tokyo-osaka",))
        assert planned.warnings == (
            (
                "The policy 'Branches', which this collection wrote, loses its assignment to 'L2TP' and "
                "stays in the store; a play that assigns both changes the host on every run."
            ),
        )

    def test_one_with_another_name_that_is_not_assigned_stays(self) -> None:
        old, ours = written(name="Branches"), written()
        host = store(old, ours, active=ours.path, owned=old.paths | ours.paths)
        assert present(host).empty
        assert set(present(host, rules=OTHER_RULES).obsolete) == ours.paths
        assert present(store(old, owned=old.paths)).obsolete == ()

    def test_one_with_another_name_stays_assigned_if_the_declared_one_is_not_to_be(self) -> None:
        other = written(name="Branches")
        planned = present(store(other, active=other.path, owned=other.paths), assigned=False)
        assert (planned.transaction.intent, planned.obsolete) == (Intent.WRITE, ())
        assert (planned.before, planned.changed_rules) == (None, ("tokyo-osaka",))

    def test_of_two_equal_ones_the_assigned_one_stays(self) -> None:
        first, second = written(), written()
        owned = first.paths | second.paths
        for stays, goes in ((first, second), (second, first)):
            planned = present(store(first, second, active=stays.path, owned=owned))
            assert (planned.before and planned.before.path, set(planned.obsolete)) == (stays.path, goes.paths)
            assert planned.transaction.intent is Intent.KEEP
            assert planned.changed_rules == ()

    def test_one_that_can_not_be_read_completely_is_written_again(self) -> None:
        ours = written(rules=[rule(), BLOCKED])
        broken = WrittenPolicy((Key(ours.part("ipsecNFA"), {"ipsecName": Value.sz("no data")}), *ours.keys[1:]))
        whole = [key for key in ours.keys if key.path != broken.keys[0].path]
        host = store(WrittenPolicy((broken.keys[0], *whole)), active=ours.path, owned=ours.paths)
        assert present(host, rules=[rule(), BLOCKED]).transaction.intent is Intent.SWITCH
        assert present(host, rules=[BLOCKED]).transaction.intent is Intent.SWITCH

    def test_recorded_objects_that_nobody_uses_go_too(self) -> None:
        ours, rest = written(), written(name="Rest")
        lost = rest.part("ipsecFilter")
        host = store(ours, WrittenPolicy(rest.keys[:1]), active=ours.path, owned={*ours.paths, lost, GONE})
        planned = present(host)
        assert planned.obsolete == (lost,)
        assert set(planned.owned_after) == ours.paths, "what is gone is no longer on record"
        assert planned.transaction.intent is Intent.KEEP
        assert not planned.empty


class TestOthers:
    @pytest.mark.parametrize("name", ["Another", "Theirs"])
    def test_an_assigned_one_is_refused(self, name: str) -> None:
        theirs = written(name=name)
        with pytest.raises(PlanError, match="set replace_assigned"):
            present(store(theirs, active=theirs.path))

    def test_an_assigned_one_is_no_obstacle_if_ours_is_not_to_be_assigned(self) -> None:
        theirs = written(name="Theirs")
        planned = present(store(theirs, active=theirs.path), assigned=False)
        assert (planned.transaction.intent, planned.replaced_after) == (Intent.WRITE, "")

    def test_replaced_on_demand_it_is_remembered_and_stays(self) -> None:
        theirs = written(name="Theirs", rules=OTHER_RULES)
        planned = present(store(theirs, active=theirs.path), replace_assigned=True)
        assert (planned.transaction.intent, planned.replaced_after) == (Intent.SWITCH, theirs.path)
        assert (planned.before, planned.before_assigned, planned.obsolete) == (None, False, ())
        assert planned.changed_rules == ("tokyo-osaka",)
        assert set(planned.owned_after) == new_paths()

    def test_the_one_that_was_replaced_is_remembered_over_generations(self) -> None:
        theirs, ours = written(name="Theirs"), written()
        planned = present(
            store(theirs, ours, active=ours.path, owned=ours.paths, replaced=theirs.path), rules=OTHER_RULES
        )
        assert planned.replaced_after == theirs.path

    def test_of_two_the_last_one_that_was_replaced_is_remembered(self) -> None:
        first, second, ours = written(name="First"), written(name="Second"), written()
        host = store(first, second, ours, active=second.path, owned=ours.paths, replaced=first.path)
        assert present(host, replace_assigned=True).replaced_after == second.path
        assert present(host, assigned=False).replaced_after == first.path

    def test_one_whose_name_is_taken_over_is_kept_and_remembered(self) -> None:
        theirs = written(rules=OTHER_RULES)
        host = store(theirs, active=theirs.path)
        with pytest.raises(PlanError, match="set take_over"):
            present(host)
        planned = present(host, take_over=True)
        assert (planned.replaced_after, planned.obsolete) == (theirs.path, ())
        assert planned.taken_over_after == (hosts.Theirs(theirs.path, NAME),)
        assert planned.transaction.taken_over == (theirs.path,)
        assert (planned.before and planned.before.path, planned.before_assigned) == (theirs.path, True)
        assert planned.changed_rules == ("tokyo-osaka",)
        assert set(planned.owned_after) == new_paths()

    def test_an_equal_one_is_used_as_it_is_and_nothing_is_recorded(self) -> None:
        theirs = written()
        prohibited = Key(hosts.RASMAN, {"ProhibitIpSec": Value.dword(1)})
        for host in (
            store(theirs, active=theirs.path),
            store(WrittenPolicy((prohibited, *theirs.keys)), active=theirs.path),
        ):
            planned = present(host)
            assert planned.empty
            assert (planned.transaction.intent, planned.records) == (Intent.KEEP, ())
            assert (planned.adopted_after, planned.owned_after, planned.replaced_after) == ((), (), "")

    def test_the_first_change_records_it_and_that_it_stays_theirs(self) -> None:
        theirs = written()
        keys = WrittenPolicy((Key(hosts.RASMAN, {"ProhibitIpSec": Value.dword(1)}), *theirs.keys))
        host = store(keys, active=theirs.path)
        stopped = {**host.services, "IKEEXT": dataclasses.replace(host.services["IKEEXT"], running=False)}
        planned = present(dataclasses.replace(host, services=stopped))
        assert planned.services
        assert planned.records == ("recorded as ours", "ProhibitIpSec recorded")
        assert (planned.adopted_after, planned.owned_after) == ((hosts.Theirs(theirs.path, NAME),), ())
        assert (planned.replaced_after, planned.changed_rules) == (theirs.path, ())

    def test_an_equal_one_is_recorded_if_anything_else_is_on_record(self) -> None:
        theirs, ours = written(), written(name="Branches")
        planned = present(store(theirs, ours, active=theirs.path, owned=ours.paths))
        assert (planned.empty, planned.records) == (False, ("recorded as ours",))
        assert planned.adopted_after == (hosts.Theirs(theirs.path, NAME),)

    @pytest.mark.parametrize("known", ["replaced", "adopted", "takenover"])
    def test_an_equal_one_is_recorded_if_another_one_of_theirs_is(self, known: str) -> None:
        theirs, another = written(), written(name="Another")
        given = another.path if known == "replaced" else {another.path: "Another"}
        planned = present(store(theirs, another, active=theirs.path, **{known: given}))
        assert (planned.empty, planned.records) == (False, ("recorded as ours",))

    def test_one_whose_name_was_taken_over_is_no_longer_kept_aside_where_it_is_used(self) -> None:
        theirs, ours = written(), written(rules=OTHER_RULES)
        host = store(theirs, ours, active=ours.path, owned=ours.paths, takenover={theirs.path: NAME})
        planned = present(host)
        assert (planned.transaction.intent, planned.transaction.policy) == (Intent.ASSIGN, theirs.path)
        assert planned.taken_over_after == ()
        assert planned.adopted_after == (hosts.Theirs(theirs.path, NAME),)

    def test_an_equal_one_becomes_ours_when_it_is_forgotten(self) -> None:
        theirs = written()
        planned = present(store(theirs, active=theirs.path), forget_replaced=True)
        assert (planned.adopted_after, set(planned.owned_after)) == ((), theirs.paths)
        assert planned.replaced_after == ""

    def test_an_equal_one_beside_another_policy_of_theirs(self) -> None:
        theirs, assigned = written(), written(name="Theirs")
        planned = present(store(theirs, assigned, active=assigned.path), replace_assigned=True)
        assert (planned.transaction.intent, planned.transaction.policy) == (Intent.ASSIGN, theirs.path)
        assert (planned.replaced_after, planned.owned_after) == (assigned.path, ())
        assert planned.adopted_after == (hosts.Theirs(theirs.path, NAME),)
        assert planned.changed_rules == ("tokyo-osaka",), "it was not in force"

    def test_one_that_is_equal_and_one_that_is_not(self) -> None:
        theirs, mine = written(rules=OTHER_RULES), written()
        host = store(theirs, mine, active=mine.path, owned=mine.paths)
        with pytest.raises(PlanError, match="set take_over"):
            present(host)
        planned = present(host, take_over=True)
        assert (planned.transaction.intent, planned.obsolete, planned.empty) == (Intent.KEEP, (), False)
        assert planned.taken_over_after == (hosts.Theirs(theirs.path, NAME),)
        assert (planned.before and planned.before.path) == mine.path

    def test_objects_of_ours_that_they_use_are_no_longer_ours(self) -> None:
        ours, theirs = written(), written(name="Theirs")
        shared = ours.part("ipsecFilter")
        borrowing = [
            Key(key.path, {**key, "ipsecFilterReference": Value.multi_sz([shared])}) if "ipsecNFA" in key.path else key
            for key in theirs.keys
        ]
        host = store(ours, WrittenPolicy(tuple(borrowing)), active=ours.path, owned=ours.paths)
        assert set(present(host, rules=OTHER_RULES).obsolete) == ours.paths - {shared}
        assert set(absent(host).obsolete) == ours.paths - {shared}
        assert absent(host).owned_after == ()


class TestRemoval:
    def test_nothing_is_removed_where_nothing_is_ours(self) -> None:
        planned = absent(store(written()))
        assert planned.empty
        assert (planned.before, planned.before_assigned, planned.changed_rules) == (None, False, ())
        assert (planned.transaction.intent, planned.obsolete, planned.owned_after) == (Intent.KEEP, (), ())

    def test_of_ours(self) -> None:
        ours = written(rules=[rule(), BLOCKED])
        planned = absent(store(ours, active=ours.path.lower(), owned=ours.paths), NAME.lower())
        assert (planned.transaction.intent, planned.transaction.policy) == (Intent.UNASSIGN, "")
        assert (planned.before and planned.before.path, planned.before_assigned) == (ours.path, True)
        assert (planned.after, planned.changed_rules) == (None, ("tokyo-osaka", "all other L2TP"))
        assert (set(planned.obsolete), planned.owned_after, planned.replaced_after) == (ours.paths, (), "")

    def test_of_one_that_is_not_assigned(self) -> None:
        ours, theirs = written(), written(name="Theirs")
        planned = absent(store(ours, theirs, active=theirs.path, owned=ours.paths, replaced=theirs.path))
        assert (planned.transaction.intent, planned.transaction.policy) == (Intent.KEEP, "")
        assert (planned.before_assigned, set(planned.obsolete)) == (False, ours.paths)
        assert not planned.empty

    def test_of_one_that_is_not_assigned_leaves_the_assignment_as_it_is(self) -> None:
        ours, theirs, third = written(), written(name="Theirs"), written(name="Third")
        host = store(ours, theirs, third, active=third.path, owned=ours.paths, replaced=theirs.path)
        assert absent(host).transaction.intent is Intent.KEEP, "somebody assigned another one"
        beside = store(ours, third, theirs, owned=ours.paths | third.paths, replaced=theirs.path)
        assert absent(beside).transaction.intent is Intent.KEEP, "it comes back with the last one"
        alone = store(ours, theirs, owned=ours.paths, replaced=theirs.path)
        assert (absent(alone).transaction.intent, absent(alone).transaction.policy) == (Intent.ASSIGN, theirs.path)

    def test_of_all_of_ours(self) -> None:
        ours, other = written(), written(name="Branches", rules=[rule("tokyo-kyoto")])
        planned = absent(store(ours, other, owned=ours.paths | other.paths), all_ours=True)
        assert set(planned.obsolete) == ours.paths | other.paths
        assert set(planned.changed_rules) == {"tokyo-osaka", "tokyo-kyoto"}

    def test_of_one_beside_others_that_are_used(self) -> None:
        ours, theirs = written(), written(name="Theirs")
        host = store(ours, theirs, active=ours.path, owned=ours.paths, adopted={theirs.path: "Theirs"})
        planned = absent(host)
        assert (planned.adopted_after, planned.records) == (host.adopted, ())
        assert (planned.owned_after, set(planned.obsolete)) == ((), ours.paths)
        assert not planned.leaves_nothing
        both = absent(host, all_ours=True)
        assert (both.adopted_after, both.records) == ((), ("no longer recorded as ours",))
        assert both.leaves_nothing
        first = written(name="First")
        two = store(ours, theirs, first, adopted={first.path: "First", theirs.path: "Theirs"})
        one = absent(two, "First")
        assert (one.adopted_after, one.records) == (host.adopted, ("no longer recorded as ours",))

    def test_what_it_replaced_is_given_back(self) -> None:
        ours, theirs = written(), written(name="Theirs")
        planned = absent(store(ours, theirs, active=ours.path, owned=ours.paths, replaced=theirs.path))
        assert (planned.transaction.intent, planned.transaction.policy) == (Intent.ASSIGN, theirs.path)
        assert (planned.owned_after, planned.replaced_after) == ((), "")

    def test_a_replaced_one_that_is_gone_meanwhile_is_not_given_back(self) -> None:
        ours, theirs = written(), written(name="Theirs")
        planned = absent(store(ours, active=ours.path, owned=ours.paths, replaced=theirs.path))
        assert (planned.transaction.intent, planned.transaction.policy) == (Intent.UNASSIGN, "")

    def test_of_one_of_two_of_ours(self) -> None:
        ours, other, theirs = written(), written(name="Branches"), written(name="Theirs")
        host = store(ours, other, theirs, active=other.path, owned=ours.paths | other.paths, replaced=theirs.path)
        planned = absent(host)
        assert (planned.before and planned.before.path, set(planned.obsolete)) == (ours.path, ours.paths)
        assert (set(planned.owned_after), planned.replaced_after) == (other.paths, theirs.path)
        assert planned.services == ()

    def test_the_services_are_given_back_with_the_last_one(self) -> None:
        ours, other = written(), written(name="Branches")
        note = Key(hosts.SERVICES_NOTE, {"IKEEXT": Value.sz("demand")})
        both = WrittenPolicy((note, *ours.keys)), other
        assert absent(store(*both, owned=ours.paths | other.paths)).services == ()
        assert len(absent(store(both[0], owned=ours.paths)).services) == 3
        assert not absent(store(WrittenPolicy((note, *written().keys)))).empty, "they are given back all the same"

    @pytest.mark.parametrize(
        ("fields", "sentence"),
        [({"ProhibitIpSec": 1}, "ProhibitIpSec is 1"), ({}, "Windows still runs with the ProhibitIpSec")],
    )
    def test_it_is_refused_while_l2tp_would_be_in_clear_text(self, fields: dict[str, int], sentence: str) -> None:
        ours, other = written(), written(name="Branches")
        danger = (
            Key(hosts.RASMAN, {name: Value.dword(number) for name, number in fields.items()}),
            Key(hosts.RESTART_PENDING),
        )
        keys = WrittenPolicy((*danger, *ours.keys))
        assert absent(store(keys, active=ours.path, owned=ours.paths)).refusal.startswith(sentence)
        assert absent(store(keys, owned=ours.paths)).refusal == "", "what is not assigned protects nothing"
        assert absent(store(keys, other, active=other.path, owned=ours.paths)).refusal == ""
        with pytest.raises(PlanError, match=sentence):
            present(store(keys, active=ours.path, owned=ours.paths), assigned=False)
        assert present(store(keys, other, active=other.path, owned=ours.paths), assigned=False).empty
        again = present(store(keys, active=ours.path, owned=ours.paths))
        assert (again.transaction.intent, again.records) == (
            Intent.KEEP,
            ("ProhibitIpSec recorded",) if fields else (),
        )


def test_a_removal_that_is_refused_says_only_why() -> None:
    ping = [{"source_address": "me", "destination_address": "any", "protocol": "icmp", "source_port": 0}]
    ours, theirs = written(), written(name="Theirs", rules=[rule(filters=ping)])
    keys = WrittenPolicy((Key(hosts.RASMAN, {"ProhibitIpSec": Value.dword(1)}), *ours.keys))
    planned = absent(store(keys, theirs, active=ours.path, owned=ours.paths, replaced=theirs.path))
    assert planned.refusal.startswith("ProhibitIpSec is 1 on this host, so without the policy 'L2TP'")
    assert planned.warnings == ()


def test_once_the_value_is_given_back_nothing_of_it_is_on_record() -> None:
    prohibited = WrittenPolicy((Key(hosts.RASMAN, {"ProhibitIpSec": Value.dword(1)}), *written().keys))
    host = with_prohibit_ipsec_given_back(store(prohibited), TASK)
    nothing = hosts.ProhibitIpSecNote(False, None, None, restart_pending=False)
    assert (host.prohibit_ipsec, host.prohibit_ipsec_note) == (None, nothing)


class TestUnfinished:
    """What an earlier run left on the host."""

    def test_a_staged_generation_that_is_no_longer_declared_goes_first(self) -> None:
        ours, staged = written(), written(name=f"{NAME} (staged 6f1c8a52)", rules=OTHER_RULES)
        host = store(
            ours,
            staged,
            active=ours.path,
            owned=ours.paths,
            phase="staged",
            policy=staged.path,
            previous=ours.path,
            written={*staged.paths, GONE},
            obsolete=ours.paths,
        )
        planned = present(host)
        assert (planned.transaction.intent, set(planned.remains)) == (Intent.KEEP, staged.paths)
        assert (planned.obsolete, set(planned.owned_after)) == ((), ours.paths)
        assert (planned.unfinished, planned.empty, planned.changed_rules) == (True, False, ())
        changed = present(host, rules=OTHER_RULES)
        assert (changed.transaction.intent, set(changed.remains)) == (Intent.SWITCH, staged.paths)
        assert (set(changed.obsolete), changed.before and changed.before.path) == (ours.paths, ours.path)
        assert set(changed.owned_after) == new_paths()

    def test_one_that_wrote_the_name_already_is_used(self) -> None:
        cut = written()
        host = store(cut, phase="staged", policy="", previous="", written=cut.paths)
        planned = present(host)
        assert (planned.transaction.intent, planned.transaction.policy) == (Intent.ASSIGN, cut.path)
        assert (planned.remains, planned.obsolete, set(planned.owned_after)) == ((), (), cut.paths)
        assert planned.records == (), "it was ours all the time"

    def test_a_committed_one_is_finished(self) -> None:
        old, new = written(rules=OTHER_RULES), written()
        host = store(
            old,
            new,
            active=new.path,
            owned=old.paths,
            phase="committed",
            policy=new.path,
            previous=old.path,
            written=new.paths,
            obsolete=old.paths,
            owned_after=new.paths,
            replaced_after=GONE,
        )
        planned = present(host)
        assert (planned.transaction.intent, set(planned.obsolete), planned.remains) == (Intent.KEEP, old.paths, ())
        assert (set(planned.owned_after), planned.replaced_after, planned.unfinished) == (new.paths, GONE, True)

    def test_an_old_generation_of_another_name_goes_with_it(self) -> None:
        old, new = written(name="Branches", rules=[rule("old")]), written()
        host = store(
            old,
            new,
            active=new.path,
            owned=old.paths,
            phase="committed",
            policy=new.path,
            previous=old.path,
            written=new.paths,
            obsolete=old.paths,
            owned_after=new.paths,
        )
        assert set(present(host).obsolete) == old.paths
        removed = absent(host)
        assert set(removed.obsolete) == old.paths | new.paths
        assert (removed.before and removed.before.path, removed.unfinished) == (new.path, True)
        assert removed.changed_rules == ("tokyo-osaka",)
        assert absent(host, "Another").changed_rules == ("old",), "it goes with any removal"

    def test_a_removal_takes_what_was_only_staged_with_it(self) -> None:
        staged = written(name=f"{NAME} (staged 6f1c8a52)", rules=[rule("staged")])
        host = store(staged, phase="staged", policy=staged.path, previous="", written=staged.paths)
        planned = absent(host)
        assert (planned.transaction.intent, set(planned.obsolete)) == (Intent.KEEP, staged.paths)
        assert (planned.before and planned.before.path, planned.changed_rules) == (staged.path, ("staged",))

    def test_an_old_generation_that_is_in_force_again_is_not_obsolete(self) -> None:
        old, new = written(name="Branches"), written()
        host = store(
            old,
            new,
            active=old.path,
            owned=old.paths,
            phase="committed",
            policy=new.path,
            previous=old.path,
            written=new.paths,
            obsolete=old.paths,
            owned_after=new.paths,
        )
        planned = present(host, replace_assigned=True)
        assert (planned.transaction.intent, planned.transaction.policy) == (Intent.ASSIGN, new.path)
        assert planned.obsolete == ()
        removed = absent(host)
        assert (removed.transaction.intent, set(removed.obsolete)) == (Intent.KEEP, new.paths)
        assert (set(removed.owned_after), removed.replaced_after) == (old.paths, "")

    def test_a_record_alone_is_something_to_clear_up(self) -> None:
        ours = written()
        planned = present(store(ours, active=ours.path, owned=ours.paths, phase="staging"))
        assert (planned.unfinished, planned.empty) == (True, False)
        assert absent(store(phase="staging")).unfinished


class TestGoingBack:
    """What a revert assigns, and whether it changes the assignment."""

    def host(self, **given: Any) -> tuple[HostState, WrittenPolicy, WrittenPolicy]:
        old, new = written(), written(rules=OTHER_RULES)
        paths = {"old": old.path, "new": new.path, "theirs": written(name="Theirs").path, "": ""}
        active, previous = paths[given["active"]], paths[given["previous"]]
        unfinished = {"phase": "committed", "policy": new.path, "previous": previous, "written": new.paths}
        return store(old, new, active=active, owned=old.paths, **unfinished), old, new

    def test_without_a_transaction_nothing_changes(self) -> None:
        ours = written()
        assert plan.going_back(store(ours, active=ours.path)) == (ours.path, False)
        assert plan.going_back(store(ours)) == ("", False)

    @pytest.mark.parametrize(
        ("active", "previous", "switches"),
        [
            pytest.param("new", "old", True, id="the new one is assigned"),
            pytest.param("new", "", True, id="nothing was assigned before"),
            pytest.param("old", "old", False, id="the old one is assigned already"),
            pytest.param("", "old", False, id="somebody unassigned it"),
            pytest.param("theirs", "old", False, id="somebody assigned another one"),
            pytest.param("new", "new", False, id="it was assigned before"),
        ],
    )
    def test_what_the_transaction_decided_is_taken_away(self, active: str, previous: str, switches: bool) -> None:
        host, old, new = self.host(active=active, previous=previous)
        assert plan.going_back(host) == ({"old": old.path, "new": new.path, "": ""}[previous], switches)


class TestMeaning:
    def test_a_description_counts_where_one_is_declared(self) -> None:
        found = declare(description="Branches").policy
        assert plan.means(found, declare().policy)
        assert plan.means(found, declare(description="Branches").policy)
        assert not plan.means(found, declare(description="Tokyo").policy)
        assert not plan.means(found, declare(description="A branch").policy)
        assert not plan.means(found, declare(rules=OTHER_RULES).policy)
        assert not plan.means(found, declare(description="Branches", rules=OTHER_RULES).policy)
