# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A declared policy on one server: what is written, what counts as there already, what belongs to others."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ansible_collections.rras.ipsec.plugins.plugin_utils._policy import codec, model
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.host import BACKUP, OURS
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.phases import PRIVATE, RULE_WITH_KEY
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.plan import PlanError
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.registry import Key, Tree, Value, join
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.store import (
    DATA,
    LOCAL,
    OWNERS_REFERENCE,
)
from ansible_collections.rras.ipsec.tests.lab.windows.registry import differences
from ansible_collections.rras.ipsec.tests.support import strategies
from ansible_collections.rras.ipsec.tests.support.server import (
    BLOCKED,
    KEY,
    NAME,
    OTHER_KEY,
    Server,
    TaskOptions,
    rule,
)
from ansible_collections.rras.ipsec.tests.support.somebody_else import by_hand, registry_keys
from ansible_collections.rras.ipsec.tests.support.strategies import graphs

BOTH = [rule(), rule("tokyo-branch", peer="198.51.100.7")]
RESERVED = ("Zero", "unused", "Negotiation-Options", "Legacy-Filter-Options", "PFS-Identity-Required")
FEW = settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def littered(data: bytes) -> bytes:
    """Return data with the memory that older versions of Windows leave in what is reserved."""
    return b"".join(
        b"\xcd" * len(field.data) if any(part in field.name for part in RESERVED) else field.data
        for field in codec.explain(data)
    )


class TestPolicyThatIsThere:
    def test_nothing_is_left_to_do(self, server: Server) -> None:
        assert server.policy()["changed"] is True
        before = server.host.registry.snapshot()
        result = server.policy()
        assert (result["changed"], result["pending"], result["changed_rules"]) == (False, False, [])
        assert differences(before, server.host.registry.snapshot()) == []

    def test_it_costs_one_execution_to_see_that(self, server: Server) -> None:
        server.policy()
        server.host.recorder.clear()
        server.policy()
        assert len(server.host.recorder.executions) == 1

    @pytest.mark.parametrize(
        "other",
        [
            pytest.param({"name": NAME.lower()}, id="case of its name"),
            pytest.param({"rules": BOTH[::-1]}, id="order of rules"),
            pytest.param({"rules": [BOTH[0], rule("other name", peer="198.51.100.7")]}, id="name of a rule"),
            pytest.param(
                {"rules": [BOTH[0] | {"filter_action": {"offers": [{"lifetime_seconds": 0}]}}, BOTH[1]]}, id="0"
            ),
            pytest.param(
                {"rules": [BOTH[0] | {"filter_action": {"offers": [{"lifetime_kilobytes": 0}]}}, BOTH[1]]}, id="0 kB"
            ),
            pytest.param({"description": ""}, id="no description"),
        ],
    )
    def test_the_same_in_other_words_changes_nothing(self, server: Server, other: dict[str, Any]) -> None:
        server.policy(rules=BOTH)
        assert server.policy(**({"rules": BOTH} | other))["changed"] is False

    @pytest.mark.parametrize(
        ("other", "changed"),
        [
            ({"rules": [BOTH[0], rule("tokyo-branch", key=OTHER_KEY, peer="198.51.100.7")]}, ["tokyo-branch"]),
            ({"rules": [BOTH[0]]}, ["tokyo-branch"]),
            ({"rules": [*BOTH, BLOCKED]}, ["all other L2TP"]),
            ({"rules": BOTH, "default_response_rule": True}, ["default response rule"]),
            ({"rules": BOTH, "polling_interval": 60}, []),
            ({"rules": BOTH, "main_mode": {"lifetime": 60}}, ["tokyo-osaka", "tokyo-branch"]),
            ({"rules": BOTH, "description": "Branches"}, []),
        ],
    )
    def test_another_meaning_changes_the_rules_it_concerns(
        self, server: Server, other: dict[str, Any], changed: list[str]
    ) -> None:
        server.policy(rules=BOTH)
        result = server.policy(**other)
        assert (result["changed"], result["changed_rules"]) == (True, changed)
        assert server.policy(**other)["changed"] is False

    @pytest.mark.parametrize(
        "meddle",
        [
            pytest.param(lambda _key: {OWNERS_REFERENCE: Value.multi_sz(["ipsecNFA{gone}"])}, id="stale owners"),
            pytest.param(lambda _key: {"ipsecDataType": Value.dword(598)}, id="another data type"),
            pytest.param(lambda key: {DATA: Value.binary(key[DATA].data + b"\xcd" * 9)}, id="garbage at the end"),
            pytest.param(lambda key: {DATA: Value.binary(littered(key[DATA].data))}, id="garbage in reserved fields"),
            pytest.param(lambda _key: {"whenChanged": Value.dword(1)}, id="another time"),
            pytest.param(lambda _key: {"description": Value.sz("by hand")}, id="a description"),
        ],
    )
    def test_what_has_no_meaning_may_be_anything(
        self, server: Server, meddle: Callable[[Key], dict[str, Value]]
    ) -> None:
        server.policy()
        objects = [key for key in server.tree.values() if DATA in key]
        server.add(Key(key.path, meddle(key)) for key in objects)
        assert server.policy()["changed"] is False

    def test_there_is_nothing_to_stage(self, server: Server) -> None:
        server.policy()
        result = server.work().stage()
        assert (result["changed"], result["transaction"]) == (False, "")

    def test_check_mode_predicts_and_changes_nothing(self, server: Server) -> None:
        before = server.host.registry.snapshot()
        predicted = server.work(check_mode=True).plan()
        assert differences(before, server.host.registry.snapshot()) == []
        made = server.policy()
        assert (predicted["changed"], predicted["diff"]) == (made["changed"], made["diff"])
        assert server.work(check_mode=True).plan()["changed"] is False

    def test_the_diff_says_which_key_differs(self, server: Server) -> None:
        server.policy()
        diff = server.work(check_mode=True, rules=[rule(key=OTHER_KEY)]).plan()["diff"]
        assert "    authentication: preshared key: the current one (not shown)\n" in diff["before"]
        assert "    authentication: preshared key: a new one (not shown)\n" in diff["after"]
        assert diff["after"].startswith("changes of the rule tokyo-osaka: key\n")


class TestAssignment:
    def test_a_policy_may_lie_there_unassigned(self, server: Server) -> None:
        server.policy(assigned=False)
        assert (server.names, server.active) == ([NAME], None)
        assert server.running.isdisjoint({"PolicyAgent", "IKEEXT"})
        assert server.policy(assigned=False)["changed"] is False

    def test_an_unassigned_policy_may_be_assigned_later_unchanged(self, server: Server) -> None:
        server.policy(assigned=False)
        paths = set(server.tree)
        assert server.policy()["changed_rules"] == ["tokyo-osaka"]
        assert server.active is not None
        assert set(server.tree) == paths

    def test_an_assigned_policy_may_be_unassigned_again(self, server: Server) -> None:
        server.policy()
        assert server.policy(assigned=False)["changed_rules"] == ["tokyo-osaka"]
        assert (server.names, server.active, server.store.active_path) == ([NAME], None, "")

    def test_a_change_that_unassigns_leaves_nothing_dangling(self, server: Server) -> None:
        server.policy()
        server.policy(assigned=False, rules=[rule(key=OTHER_KEY)])
        assert (server.names, server.store.active_path) == ([NAME], "")
        assert not server.holds(KEY)
        assert server.policy(assigned=False, rules=[rule(key=OTHER_KEY)])["changed"] is False

    def test_a_change_that_unassigns_can_be_reverted(self, server: Server) -> None:
        server.policy()
        changed: TaskOptions = {"assigned": False, "rules": [rule(key=OTHER_KEY)]}
        transaction = server.stage(**changed)
        server.work(**changed).commit(transaction)
        server.work(**changed).revert(transaction)
        assert server.plan()["matches"]

    def test_an_unassigned_one_is_taken_back_without_an_agent(self, server: Server) -> None:
        transaction = server.stage(assigned=False)
        server.work(assigned=False).commit(transaction)
        server.work(assigned=False).revert(transaction)
        assert list(server.tree) == [LOCAL]

    def test_two_equal_ones_the_assigned_one_stays(self, server: Server) -> None:
        server.policy()
        by_hand(server, assigned=False)
        assert server.policy()["changed"] is False


class TestPoliciesOfOthers:
    def test_a_policy_in_use_that_loses_its_assignment_is_warned_of(self, server: Server) -> None:
        by_hand(server, name="Theirs")
        assert server.policy(name="Theirs").get("warnings") is None
        assert server.policy(replace_assigned=True, rules=[rule(key=OTHER_KEY), BLOCKED])["warnings"] == [
            (
                "The policy 'Theirs', which this collection uses, loses its assignment to 'L2TP' and stays in the "
                "store; a play that assigns both changes the host on every run."
            )
        ]

    def test_an_assigned_one_is_not_displaced_silently(self, server: Server) -> None:
        by_hand(server, name="Theirs")
        with pytest.raises(PlanError, match="set replace_assigned to true"):
            server.policy()

    def test_displaced_on_demand_it_stays_and_is_given_back(self, server: Server) -> None:
        theirs = by_hand(server, name="Theirs", rules=[rule(key=OTHER_KEY)])
        before = server.tree
        server.policy(replace_assigned=True)
        server.policy(rules=[rule(key="a third key")])
        assert server.names == [NAME, "Theirs"]
        server.policy(state="absent")
        assert server.store.active_path == theirs
        assert differences(before, server.tree) == []

    def test_one_that_is_gone_meanwhile_is_not_given_back(self, server: Server) -> None:
        theirs = by_hand(server, name="Theirs")
        server.policy(replace_assigned=True)
        server.host.registry.remove(theirs)
        server.policy(state="absent")
        assert server.store.active_path == ""

    def test_an_equal_one_of_our_name_counts_as_ours_untouched(self, server: Server) -> None:
        by_hand(server)
        before = server.tree
        result = server.policy()
        assert (result["changed"], result["changed_rules"]) == (True, [])
        assert differences(before, server.tree) == []
        assert server.inform()["host"]["policies"][0]["ours"] is True
        assert server.policy()["changed"] is False

    def test_another_one_of_our_name_is_an_error(self, server: Server) -> None:
        by_hand(server, rules=[rule(key=OTHER_KEY)])
        with pytest.raises(PlanError, match="set take_over to true"):
            server.policy()

    @pytest.mark.parametrize("assigned", [True, False])
    def test_another_one_of_our_name_may_be_taken_over(self, server: Server, assigned: bool) -> None:
        by_hand(server, rules=[rule(key=OTHER_KEY)])
        result = server.policy(take_over=True, assigned=assigned)
        assert "preshared key: the current one" in result["diff"]["before"]
        assert [name.partition("(")[0] for name in server.names] == [NAME, f"{NAME} "]
        assert (server.active is not None) == assigned
        assert server.policy(assigned=assigned)["changed"] is False

    def test_unassigning_one_is_refused_while_prohibit_ipsec_is_set(self, server: Server) -> None:
        by_hand(server)
        server.set_prohibit_ipsec(1)
        with pytest.raises(PlanError, match="ProhibitIpSec is 1"):
            server.policy(assigned=False)

    def test_what_they_share_with_ours_stays(self, server: Server) -> None:
        """Somebody uses our filter list in a rule of his own."""
        theirs = by_hand(server, name="Theirs", assigned=False)
        server.policy()
        ours = next(path for path in server.read().recorded_owned if "ipsecFilter" in path)
        (their_rule, *_rules) = server.store.at(theirs).rule_paths  # type: ignore[union-attr]
        server.add([Key(their_rule, {"ipsecFilterReference": Value.multi_sz([ours])})])
        before = server.tree[ours]
        server.policy(rules=[rule(key=OTHER_KEY)])
        server.policy(state="absent")
        assert differences({ours: before}, {ours: server.tree[ours]}) == []  # type: ignore[arg-type]
        assert list(server.own) == [OURS], "it is no longer ours"

    @FEW
    @given(
        foreign=st.lists(strategies.POLICY, min_size=1, max_size=3, unique_by=lambda policy: policy.name.casefold()),
        tangle=graphs(),
        rotations=st.integers(0, 2),
    )
    def test_whatever_they_are_they_stay_as_they_are(
        self, foreign: list[model.Policy], tangle: Tree, rotations: int
    ) -> None:
        """Whole policies, and objects that refer to each other in any way, in circles and to what is gone."""
        server = Server()
        server.add(tangle.values())
        theirs = [dataclasses.replace(policy, name=f"{policy.name} of theirs") for policy in foreign]
        server.add(key for seed, policy in enumerate(theirs) for key in registry_keys(policy, seed))
        before = server.tree
        for number in range(rotations + 1):
            server.phases(rules=[rule(key=f"key {number}")])
            assert paths(before) <= set(server.tree)
            assert server.plan(rules=[rule(key=f"key {number}")])["matches"]
        server.policy(state="absent")
        assert differences(before, server.tree) == []


class TestGenerations:
    def test_a_new_one_deletes_exactly_the_old_one(self, server: Server) -> None:
        by_hand(server, name="Theirs", assigned=False)
        theirs = set(server.tree)
        server.policy()
        old = set(server.tree) - theirs
        transaction = server.stage(rules=[rule(key=OTHER_KEY)])
        assert old < set(server.tree)
        server.work(rules=[rule(key=OTHER_KEY)]).commit(transaction)
        assert old < set(server.tree)
        server.work(rules=[rule(key=OTHER_KEY)]).finish(transaction)
        assert set(server.tree) & (old | theirs) == theirs
        assert set(server.tree) - theirs == set(server.read().recorded_owned)

    def test_a_staged_generation_has_a_name_that_says_so_and_is_not_in_force(self, server: Server) -> None:
        server.policy()
        assert server.active is not None
        before = server.active.path
        transaction = server.stage(rules=[rule(key=OTHER_KEY)])
        assert server.names == [NAME, f"{NAME} (staged {str(transaction.id)[:8]})"]
        assert server.store.active_path == before
        assert server.inform()["host"]["unfinished_transaction"] == "staged"

    def test_rules_with_keys_are_closed_to_users(self, server: Server) -> None:
        server.policy(rules=[rule(), BLOCKED])
        access = {key.text("ipsecName"): server.host.registry.access(path) for path, key in server.tree.items()}
        assert access["tokyo-osaka"] == RULE_WITH_KEY
        assert "BU" in access["all other L2TP"], "nothing to hide there"

    def test_a_server_without_a_store_gets_one(self, server: Server) -> None:
        server.host.registry.remove(LOCAL)
        server.policy()
        assert server.plan()["matches"]


class TestBackup:
    def test_the_first_one_is_kept_and_the_newest_replaced(self, server: Server) -> None:
        server.policy()
        server.policy(rules=[rule(key=OTHER_KEY)])
        server.policy(rules=[rule(key="a third key")])
        assert backed_up(server, "First") == []
        assert backed_up(server, "Newest") == [NAME]
        newest = server.host.registry.snapshot(join(BACKUP, "Newest"))
        assert any(OTHER_KEY.encode("utf-16-le") in value.data for key in newest.values() for value in key.values())

    def test_nobody_but_administrators_reads_it(self, server: Server) -> None:
        server.policy()
        assert server.host.registry.access(OURS) == PRIVATE
        inherited = {server.host.registry.access(path) for path in server.host.registry.snapshot(BACKUP)}
        assert {"BU" in access for access in inherited} == {False}

    def test_there_is_none_when_nothing_changes(self, server: Server) -> None:
        by_hand(server)
        server.policy()
        before = server.host.registry.snapshot(BACKUP)
        server.policy()
        assert differences(before, server.host.registry.snapshot(BACKUP)) == []

    def test_there_is_none_on_demand(self, server: Server) -> None:
        server.policy(backup=False)
        assert server.key(BACKUP) == {}


def backed_up(server: Server, kind: str) -> list[str]:
    """Return the names of the policies in a backup."""
    tree = server.host.registry.snapshot(join(BACKUP, kind, "Policy"))
    return sorted(key.text("ipsecName") for key in tree.values() if "ipsecPolicy" in key.path)


def paths(tree: Iterable[str]) -> set[str]:
    return set(tree)
