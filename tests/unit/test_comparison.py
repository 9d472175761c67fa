# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a host has of what is declared. Each key is compared with that of its own rule, and told only as equal."""

from __future__ import annotations

import re
from typing import Any

import pytest

from ansible_collections.rras.ipsec.plugins.plugin_utils import _work
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.store import Store
from ansible_collections.rras.ipsec.tests.support.server import ADDRESS, BLOCKED, KEY, NAME, Server, rule
from ansible_collections.rras.ipsec.tests.support.task import INFO, POLICY, Task

BRANCH_KEY = "a second key for the branch"
BRANCH = "198.51.100.9"
FINGERPRINT = re.compile(r"[0-9a-f]{16}-[0-9a-f]{16}")


def rules(first: str = KEY, second: str = BRANCH_KEY, **more: Any) -> list[dict[str, Any]]:
    return [rule(key=first, **more), rule("tokyo-branch", key=second, peer=BRANCH), BLOCKED]


@pytest.fixture
def task() -> Task:
    """Return a task on a server that has the two connections."""
    task = Task(Server())
    assert task.run(POLICY, name=NAME, rules=rules())["matches"] is True
    return task


def compared(task: Task, declared: list[dict[str, Any]], **given: Any) -> dict[str, Any]:
    answer = task.run(POLICY, name=NAME, phase="verify", rules=declared, **given)
    assert answer["changed"] is False
    comparison: dict[str, Any] = answer["comparison"]
    return comparison


def states(comparison: dict[str, Any]) -> dict[str, str]:
    return {each["name"]: each["state"] for each in comparison["rules"]}


def test_what_is_declared_matches(task: Task) -> None:
    comparison = compared(task, rules())
    assert comparison["standing"] == "assigned"
    assert set(states(comparison).values()) == {"matches"}
    assert (comparison["has"], comparison["declared"], comparison["difference"]) == ([], [], [])


def test_two_keys_that_are_exchanged_match_neither_rule(task: Task) -> None:
    comparison = compared(task, rules(BRANCH_KEY, KEY))
    assert states(comparison) == {"tokyo-osaka": "differs", "tokyo-branch": "differs", "all other L2TP": "matches"}
    assert [each["only_key"] for each in comparison["rules"]] == [True, True, False]


def test_one_key_concerns_its_own_rule(task: Task) -> None:
    comparison = compared(task, rules("another key"))
    assert states(comparison) == {"tokyo-osaka": "differs", "tokyo-branch": "matches", "all other L2TP": "matches"}
    assert "another key" not in str(comparison)


def test_both_values_are_shown(task: Task) -> None:
    comparison = compared(task, rules(connection_type="dialup"))
    (differing,) = [each for each in comparison["rules"] if each["state"] == "differs"]
    assert differing["has"] == ["connection type: all network connections"]
    assert differing["declared"] == ["connection type: remote access"]
    assert differing["only_key"] is False


def test_rules_that_are_missing_and_undeclared(task: Task) -> None:
    (first, _second, blocked) = rules()
    assert states(compared(task, [first, blocked]))["tokyo-branch"] == "undeclared"
    third = rule("tokyo-kobe", peer="198.51.100.10")
    assert states(compared(task, [*rules(), third]))["tokyo-kobe"] == "missing"


def test_a_rule_of_another_name_that_means_the_same(task: Task) -> None:
    first, *others = rules()
    assert set(states(compared(task, [first | {"name": "osaka-tokyo"}, *others])).values()) == {"matches"}


@pytest.mark.parametrize(
    ("ends", "swapped"),
    [((BRANCH, ADDRESS), True), ((ADDRESS, BRANCH), False), (("203.0.113.9", ADDRESS), False)],
    ids=["swapped", "as declared", "another address"],
)
def test_ends_that_are_swapped(task: Task, ends: tuple[str, str], swapped: bool) -> None:
    source, destination = ends
    filters = [{"source_address": source, "destination_address": destination}]
    declared = [rule(), rule("tokyo-branch", key=BRANCH_KEY, filters=filters), BLOCKED]
    comparison = compared(task, declared)
    found = {each["name"]: each["ends_swapped"] for each in comparison["rules"]}
    assert found == {"tokyo-osaka": False, "tokyo-branch": swapped, "all other L2TP": False}


@pytest.mark.parametrize("active", [True, False])
def test_a_rule_that_is_not_active_treats_nothing(task: Task, active: bool) -> None:
    task.run(POLICY, name=NAME, rules=[rule(), BLOCKED | {"active": active}])
    for declared in ([rule(), BLOCKED], [rule()]):
        found = {each["name"]: each["treatment"] for each in compared(task, declared)["rules"]}
        assert found["all other L2TP"] == ("blocked" if active else None)


def test_a_setting_of_the_policy_concerns_no_rule(task: Task) -> None:
    comparison = compared(task, rules(), polling_interval=60)
    assert set(states(comparison).values()) == {"matches"}
    assert (len(comparison["has"]), len(comparison["declared"])) == (1, 1)


def test_an_object_that_can_not_be_read(task: Task) -> None:
    store = Store.read(task.server.host.store)
    (found,) = store.policies
    task.server.host.registry.remove_tree(found.rule_paths[0])
    (obstacle,) = compared(task, rules())["obstacles"]
    assert obstacle["identifier"] == "unreadable_object"
    assert obstacle["problem"].startswith(f"{found.path} can't be read: it refers to ")


class TestCover:
    """Whether what is assigned keeps the L2TP of a declared rule from clear text, under whatever name."""

    @staticmethod
    def covered(task: Task, *declared: dict[str, Any], **given: Any) -> dict[str, bool]:
        return {each["name"]: each["covered"] for each in compared(task, list(declared), **given)["rules"]}

    def test_by_its_own_rule(self) -> None:
        task = Task(Server())
        task.run(POLICY, name=NAME, rules=[rule()])
        new = rule("tokyo-branch", peer=BRANCH)
        assert self.covered(task, rule(), new) == {"tokyo-osaka": True, "tokyo-branch": False}

    def test_by_a_rule_for_all_others(self, task: Task) -> None:
        assert self.covered(task, rule("tokyo-kobe", peer="198.51.100.10"))["tokyo-kobe"] is True

    def test_by_another_policy(self) -> None:
        task = Task(Server())
        task.run(POLICY, name="Another", rules=[rule()])
        branch = rule("tokyo-branch", peer=BRANCH)
        assert self.covered(task, rule(), branch) == {"tokyo-osaka": True, "tokyo-branch": False}

    def test_by_nothing_where_the_policy_is_not_assigned(self) -> None:
        task = Task(Server())
        task.run(POLICY, name=NAME, rules=[rule()], assigned=False)
        assert self.covered(task, rule()) == {"tokyo-osaka": False}

    def test_an_undeclared_rule_needs_none(self) -> None:
        task = Task(Server())
        task.run(POLICY, name=NAME, rules=[rule(), rule("tokyo-branch", peer=BRANCH)])
        assert self.covered(task, rule()) == {"tokyo-osaka": True, "tokyo-branch": True}


def test_a_refusal_is_said_and_refuses_nothing(task: Task) -> None:
    answer = task.run(POLICY, name="Another", phase="verify", rules=rules())
    assert answer["refusal"].startswith(
        f"the policy {NAME!r}, which this collection wrote, is assigned on this host, and only one can be"
    )
    assert answer["comparison"]["standing"] == "missing"
    assert task.run(POLICY, name=NAME, phase="verify", rules=rules())["refusal"] == ""


def test_check_mode_makes_no_difference(task: Task) -> None:
    here = compared(task, rules("another key"))
    task.check_mode = True
    assert compared(task, rules("another key")) == here


def test_fingerprints_tell_equal_keys_and_nothing_else(task: Task) -> None:
    other = Task(Server())
    other.run(POLICY, name=NAME, rules=rules(second="a third key"))
    here, there = ([each["key_fingerprints"] for each in compared(each, rules())["rules"]] for each in (task, other))
    assert all(FINGERPRINT.fullmatch(text) for keys in (*here, *there) for text in keys)
    assert [one == another for one, another in zip(here, there, strict=True)] == [True, False, True]
    assert here[0] != here[1]


def test_fingerprints_of_two_runs_are_never_equal() -> None:
    one, other = (_work.Target.__new__(_work.Target) for _run in range(2))
    one._secret, other._secret = b"one", b"other"  # noqa: SLF001 - there is no host here
    assert one.fingerprint(b"masked") != other.fingerprint(b"masked")
    assert one.fingerprint(b"masked") == one.fingerprint(b"masked")


class TestTheReading:
    """The keys of win_ipsec_policy_info, by rule and for any of them."""

    @staticmethod
    def said(task: Task, **given: Any) -> dict[str, str]:
        (policy,) = task.run(INFO, **given)["host"]["policies"]
        return {each["name"]: each["authentication"][0] for each in policy["rules"] if each["name"].startswith("tokyo")}

    def test_each_key_is_compared_with_that_of_its_rule(self, task: Task) -> None:
        own = [{"name": "tokyo-osaka", "preshared_key": KEY}, {"name": "tokyo-branch", "preshared_key": BRANCH_KEY}]
        exchanged = [one | {"preshared_key": other["preshared_key"]} for one, other in zip(own, own[::-1], strict=True)]
        assert set(self.said(task, rules=own).values()) == {"preshared key: matches"}
        assert set(self.said(task, rules=exchanged).values()) == {"preshared key: differs"}

    def test_the_plain_list_is_for_any_of_them(self, task: Task) -> None:
        assert set(self.said(task, preshared_keys=[BRANCH_KEY, KEY]).values()) == {"preshared key: matches"}
        mixed = self.said(task, preshared_keys=[KEY], rules=[{"name": "tokyo-osaka", "preshared_key": BRANCH_KEY}])
        assert mixed == {"tokyo-osaka": "preshared key: differs", "tokyo-branch": "preshared key: differs"}

    def test_a_key_is_no_part_of_a_name(self, task: Task) -> None:
        answer = task.run(INFO, rules=[{"name": "tokyo-osaka", "preshared_key": "osaka"}])
        assert (answer["failed"], answer["reason"]) == (True, "options")
        assert answer["msg"] == (
            "rules[0].preshared_key is part of rules[0].name, which is shown; write another key, or change that text."
        )

    def test_a_rule_without_a_key_is_refused(self, task: Task) -> None:
        assert task.run(INFO, rules=[{"name": "tokyo-osaka"}])["reason"] == "options"
