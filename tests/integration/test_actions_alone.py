# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The actions by themselves, without the role: what they refuse, and what they tell."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.store import Store
from ansible_collections.rras.ipsec.tests.lab.windows.registry import differences
from ansible_collections.rras.ipsec.tests.messages import is_said
from ansible_collections.rras.ipsec.tests.support.alone import HIDDEN_KEY, INFO, POLICY, VALUE, declared, perform, rule
from ansible_collections.rras.ipsec.tests.support.controller import Controller, Run
from ansible_collections.rras.ipsec.tests.support.foreign import ASSIGNED_NAME, ASSIGNED_PATH, foreign_policies
from ansible_collections.rras.ipsec.tests.support.labs import MakeController
from ansible_collections.rras.ipsec.tests.support.pair import (
    KEY,
    NEW_KEY,
    PAIR,
    TOKYO,
    TOKYO_ADDRESS,
    assigned,
    changes,
    executions,
    keys_of,
    snapshots,
)

BLOCK: Mapping[str, Any] = {
    "name": "all other L2TP",
    "filters": [{"source_address": "me", "destination_address": "any"}],
    "filter_action": {"action": "block"},
}


@pytest.fixture
def tokyo(start: MakeController) -> Controller:
    """One untouched server."""
    controller = start([PAIR[0]])
    controller.variables["key"] = KEY
    return controller


REFUSED: Mapping[str, tuple[dict[str, Any], str, int]] = {
    "value without a policy": (
        {VALUE: {"policy": "By hand"}},
        (
            "ProhibitIpSec would leave this host's L2TP in clear text, because no policy is assigned. "
            "Put the policy 'By hand' into force first (win_ipsec_psk_policy), "
            "or set require_effective_policy to false."
        ),
        1,
    ),
    "become": (
        {**declared(), "become": True, "become_method": "ansible.builtin.runas", "become_user": "SYSTEM"},
        (
            "become is in effect, but this action would silently run without it; "
            "write 'become: false' in the task, and check that the variable ansible_become is not set."
        ),
        0,
    ),
    "async": ({**declared(), "async": 60, "poll": 1}, "*async*", 0),
    "no name": ({POLICY: {"rules": []}}, "name is missing; write a text.", 0),
    "unknown option": (
        declared(rules=[rule(psk=HIDDEN_KEY)]),
        (
            "rules[0] has an unknown option (its name is not shown, because it may be a key); the options "
            "are name, description, filters, connection_type, active, authentication, filter_action."
        ),
        0,
    ),
    "empty key": (
        declared(rules=[rule(key=" ")]),
        "rules[0].authentication[0].preshared_key is empty or invisible; write the key that both servers share.",
        0,
    ),
    "no filter": (
        declared(rules=[rule(filters=[])]),
        "rules[0].filters is empty; write at least one filter with source_address and destination_address.",
        0,
    ),
    "rule twice": (
        declared(rules=[rule(), rule()]),
        "rules[1].name is 'tokyo-osaka' again; give each rule its own name.",
        0,
    ),
    "all traffic": (
        declared(rules=[rule(filters=[{"source_address": "me", "destination_address": "any", "protocol": "any"}])]),
        (
            "rules[0].filters[0].protocol is any, which may also cut off the management of the host; "
            "write udp, or set covers_other_traffic to true if you mean this."
        ),
        0,
    ),
    "no such transaction": (
        declared(phase="commit", transaction="yesterday"),
        "transaction is not valid; write the transaction from the result of phase stage.",
        0,
    ),
    "commit without a transaction": (
        declared(phase="commit"),
        "phase is commit but all of the following are missing: transaction",
        0,
    ),
}


def test_what_the_actions_refuse_changes_nothing(tokyo: Controller) -> None:
    before = snapshots(tokyo.lab)

    run = perform(tokyo, *(task for task, _sentence, _executions in REFUSED.values()))

    said = {case: _message(run, number) for number, case in enumerate(REFUSED)}
    assert {case: text for case, text in said.items() if not is_said(text, REFUSED[case][1])} == {}
    assert changes(before, tokyo.lab) == {}
    assert executions(tokyo.lab) == {TOKYO: sum(count for _task, _sentence, count in REFUSED.values())}
    assert KEY not in run.output + run.errors


@pytest.mark.core
def test_a_policy_by_hand_costs_three_executions_and_then_one(tokyo: Controller) -> None:
    run = perform(tokyo, declared(), declared(), {VALUE: {"policy": "By hand"}}, {VALUE: {"policy": "By hand"}})

    assert run.code == 0, run.explain()
    first, second, value, again = (_content(run, number) for number in range(4))
    assert (first["changed"], second["changed"]) == (True, False)
    assert (value["changed"], value["value"], value["in_effect"], value["reboot_required"]) == (True, 1, "no", True)
    assert (again["changed"], again["reboot_required"]) == (False, True)
    assert [len(run.records) > 0 for run in tokyo.lab[TOKYO].recorder.executions] == [True] * (3 + 1 + 2 + 1)
    assert keys_of(assigned(tokyo.lab[TOKYO])) == [KEY]


@pytest.mark.core
def test_a_change_that_the_agent_does_not_load_is_taken_back(tokyo: Controller) -> None:
    """On a live server, where a policy that is assigned and not loaded would leave L2TP in clear text."""
    host = tokyo.lab[TOKYO]
    first = perform(tokyo, declared(rules=[rule(), BLOCK]), {VALUE: {"policy": "By hand"}})
    host.restart()
    active, before = assigned(host), host.store
    host.exposures.clear()
    branch = rule("tokyo-branch", filters=[{"source_address": TOKYO_ADDRESS, "destination_address": "198.51.100.7"}])
    both = declared(rules=[rule(), branch, BLOCK], settle_timeout=0)

    host.agent.deaf = True
    failed = perform(tokyo, both)

    assert first.code == 0, first.explain()
    assert _message(failed, 0).removeprefix("Task failed: ") == (
        "The policy 'By hand' was written, but PolicyAgent does not list the filter between 192.0.2.1 and "
        "198.51.100.7, so the policy that was assigned before is assigned again."
    )
    assert (assigned(host), differences(before, host.store)) == (active, [])
    assert host.exposures == []

    host.agent.deaf = False
    healed = perform(tokyo, both, both)

    assert [_content(healed, number)["changed"] for number in (0, 1)] == [True, False]
    assert len(Store.read(host.store).policies) == 1
    assert host.exposures == []


def test_a_key_that_others_were_allowed_to_read_is_closed_again(tokyo: Controller) -> None:
    host = tokyo.lab[TOKYO]
    first = perform(tokyo, declared())
    found = assigned(host)
    assert found is not None
    path = next(path for path, each in zip(found.rule_paths, found.policy.rules, strict=True) if each.holds_secret)
    closed = host.registry.access(path)
    host.registry.protect(path, closed + "(A;CI;KR;;;BU)")

    again = perform(tokyo, {INFO: {}}, declared(), declared())

    assert first.code == 0, first.explain()
    assert [policy["open_keys"] for policy in _content(again, 0)["host"]["policies"]] == [["tokyo-osaka"]]
    assert [_content(again, number)["changed"] for number in (1, 2)] == [True, False]
    assert _content(again, 1)["changes"] == [{"rule": None, "what": ["access list"]}]
    assert host.registry.access(path) == closed
    assert KEY not in again.output + again.errors


def test_the_reading_tells_everything_but_the_key(tokyo: Controller) -> None:
    tokyo.lab[TOKYO].registry.load(foreign_policies(ASSIGNED_PATH))
    before = snapshots(tokyo.lab)

    foreign = perform(tokyo, {INFO: {}})

    told = _content(foreign, 0)["host"]
    assert told["assigned"] == ASSIGNED_NAME
    assert {policy["name"]: policy["ours"] for policy in told["policies"]} == {
        ASSIGNED_NAME: False,
        "Client (Respond Only)": False,
        "Secure Server (Require Security)": False,
    }
    assert told["prohibit_ipsec"] == {"value": None, "kind": None, "in_effect": "unknown"}
    assert changes(before, tokyo.lab) == {}

    run = perform(
        tokyo,
        declared(replace_assigned=True),
        *({INFO: {"preshared_keys": keys}} for keys in ([KEY], [NEW_KEY], [])),
    )

    assert [_key_state(_content(run, number)) for number in (1, 2, 3)] == [
        "preshared key: matches",
        "preshared key: differs",
        "preshared key: undeclared",
    ]
    assert KEY not in run.output
    assert NEW_KEY not in run.output


def _content(run: Run, number: int) -> Mapping[str, Any]:
    (task,) = run.tasks_named(f"task {number}")
    (result,) = run.results_of(task)
    return result.content


def _message(run: Run, number: int) -> str:
    return str(_content(run, number).get("msg", ""))


def _key_state(content: Mapping[str, Any]) -> str:
    (ours,) = (policy for policy in content["host"]["policies"] if policy["ours"])
    (found,) = (rule for rule in ours["rules"] if rule["name"] == "tokyo-osaka")
    (method,) = found["authentication"]
    return str(method)
