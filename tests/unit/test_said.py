# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a single task says, and what the role decides before and after its tasks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.host import OURS, SHOW_POLICIES
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.store import LOCAL, Store
from ansible_collections.rras.ipsec.tests.lab.impairment import WrongAnswer
from ansible_collections.rras.ipsec.tests.messages import Says
from ansible_collections.rras.ipsec.tests.support import role
from ansible_collections.rras.ipsec.tests.support.network import BRANCH, FAR, OSAKA, PAIR, TOKYO, proof
from ansible_collections.rras.ipsec.tests.support.server import BLOCKED, NAME, OTHER_KEY, Server, rule
from ansible_collections.rras.ipsec.tests.support.task import INFO, POLICY, Task

GIVEN = {"name": NAME, "rules": [rule(), BLOCKED]}


@pytest.fixture
def task() -> Task:
    return Task(Server())


def failure(result: Mapping[str, Any]) -> tuple[str, int]:
    """Return what a task says that fails, and the exit code of its run."""
    assert result["failed"] is True
    return result["msg"], 2


class TestChangesOfWhichTheDiffIsTheOnlySign:
    """What it says first is why."""

    @staticmethod
    def first(server: Server, **given: Any) -> str:
        result = server.predict(**{**GIVEN, **given})
        assert result["changed"] is True
        line: str = result["diff"]["after"].splitlines()[0]
        return line

    def test_of_a_key(self, says: Says) -> None:
        server = Server()
        server.policy(**GIVEN)
        says("site --check --diff, another key", self.first(server, rules=[rule(key=OTHER_KEY), BLOCKED]), 0)

    def test_of_main_mode(self, says: Says) -> None:
        server = Server()
        server.policy(**GIVEN)
        says(
            "site --check --diff, perfect forward secrecy in main mode", self.first(server, main_mode={"pfs": True}), 0
        )


class TestBooleans:
    """An inventory in the form of an INI file has texts only."""

    @staticmethod
    def hostvars(managed: object) -> dict[str, dict[str, Any]]:
        addresses = {TOKYO: "192.0.2.1", OSAKA: "192.0.2.2", BRANCH: "198.51.100.7"}
        found: dict[str, dict[str, Any]] = {
            name: {"l2tp_connections": [PAIR, FAR], "l2tp_address": address} for name, address in addresses.items()
        }
        found[BRANCH]["l2tp_managed"] = managed
        return found

    def test_the_text_false_is_false(self, says: Says) -> None:
        hostvars = self.hostvars("false")
        for host in (TOKYO, OSAKA):
            hostvars[host]["__l2tp_plan"] = proof()
        compared, _done, _stopped = role.decide("compare", hostvars, TOKYO, only_verify=True)
        assert compared["errors"] == []
        said = [line for line in compared["lines"] if "is not managed" in line]
        says("verify, and l2tp_managed of a far end is the text false", " ".join(said), 0)

    def test_another_text_is_neither(self, says: Says) -> None:
        (problem,) = role.problems(self.hostvars("maybe"), BRANCH)
        says("l2tp_managed is another text", problem, 2)


class TestWhatIsNoText:
    @pytest.mark.parametrize("key", [1234567, 45045.5, True, ["x"]])
    def test_a_key(self, task: Task, says: Says, key: object) -> None:
        says("a key that YAML takes for a number", *failure(task.run(POLICY, name=NAME, rules=[rule(key=key)])))  # type: ignore[arg-type]
        says("the same key, to the reading", *failure(task.run(INFO, preshared_keys=[key])))

    def test_a_port(self, task: Task, says: Says) -> None:
        filters = [{**rule()["filters"][0], "source_port": "1_701"}]
        says("a port with an underscore", *failure(task.run(POLICY, name=NAME, rules=[rule(filters=filters)])))

    def test_half_a_character(self, task: Task, says: Says) -> None:
        says("a name with half a character", *failure(task.run(POLICY, name="L2\ud800TP", rules=[])))


@pytest.mark.parametrize("name", [None, ""])
def test_the_role_names_its_own_variable(says: Says, name: object) -> None:
    hostvars: dict[str, dict[str, Any]] = {TOKYO: {"l2tp_connections": []}}
    (problem,) = role.problems(hostvars, TOKYO, {"l2tp_policy_name": name})
    says("l2tp_policy_name is null", problem, 2)


def test_a_value_that_never_took_effect_needs_no_restart(says: Says) -> None:
    server = Server()
    server.policy(**GIVEN)
    server.value()
    planned = server.work(state="absent", name=NAME).plan()
    value = server.value(present=False, only_recorded=True, check_mode=True)
    hostvars = {TOKYO: {"__l2tp_plan": planned, "__l2tp_value": value}}
    said, _done, _stopped = role.decide("predict_removal", hostvars, TOKYO, removal=True, check_mode=True)
    says("remove --check, and Windows has not booted with ProhibitIpSec yet", " ".join(said["msg"]), 0)


def test_what_a_host_says_is_shown_escaped(task: Task, says: Says) -> None:
    task.server.host.impairments.answer = WrongAnswer.FORGED
    says("a host that forges a warning", *failure(task.run(INFO)))


class TestWhatCanNotBeRead:
    def test_the_store(self, task: Task, says: Says) -> None:
        task.server.host.registry.deny(LOCAL)
        says("a policy store that not even administrators may read", *failure(task.run(POLICY, **GIVEN)))

    def test_an_object(self, task: Task, says: Says) -> None:
        task.run(POLICY, **GIVEN)
        (found,) = Store.read(task.server.host.store).policies
        task.server.host.registry.remove_tree(found.rule_paths[0])
        (obstacle,) = task.run(POLICY, phase="verify", **GIVEN)["comparison"]["obstacles"]
        guid = found.rule_paths[0].partition("{")[2]
        policy = found.path.partition("{")[2]
        shown = obstacle["problem"].replace(guid, "*").replace(policy, "*")
        says("a rule that a policy refers to is not there", shown, 2, said=obstacle["problem"])


def test_our_record_is_gone(task: Task, says: Says) -> None:
    task.run(POLICY, **GIVEN)
    task.server.host.registry.remove_tree(OURS)
    result = task.run(POLICY, name=NAME, rules=[rule(key=OTHER_KEY), BLOCKED])
    says("our whole own key was deleted, and the key is another", *failure(result))


class TestNetsh:
    """Of an empty store netsh says what it says of one that it can't read."""

    def test_of_a_store_that_held_policies(self, task: Task, says: Says) -> None:
        task.run(POLICY, **GIVEN)
        task.server.host.impairments.exit_codes = {f"netsh {SHOW_POLICIES.arguments}": 1}
        (warning,) = task.run(POLICY, phase="stage", name=NAME, rules=[rule(key=OTHER_KEY), BLOCKED])["warnings"]
        says("netsh finds fault with a store that held policies", warning, 0)

    def test_of_an_empty_one(self, task: Task) -> None:
        task.server.host.impairments.exit_codes = {f"netsh {SHOW_POLICIES.arguments}": 1}
        assert "warnings" not in task.run(POLICY, phase="stage", **GIVEN)
