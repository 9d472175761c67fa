# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role in plays that do more, and its variables that change what all other L2TP is allowed."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import pytest

from ansible_collections.rras.ipsec.plugins.plugin_utils._policy import model
from ansible_collections.rras.ipsec.tests.lab import Host, HostSpec, RecordRefusedError
from ansible_collections.rras.ipsec.tests.lab.recorder import LogSource
from ansible_collections.rras.ipsec.tests.support.controller import Controller, Run
from ansible_collections.rras.ipsec.tests.support.labs import MakeController
from ansible_collections.rras.ipsec.tests.support.pair import (
    KEY,
    NEW_KEY,
    OSAKA,
    PAIR,
    POLICY,
    TOKYO,
    Memory,
    assigned,
    changes,
    connection,
    executions,
    give,
    keys_of,
    restarts,
    snapshots,
)

AUTHORITY = "CN=Example Root CA, O=Example"
BEFORE, AFTER = "hostname # before", "hostname # after"


def raw(command: str) -> dict[str, Any]:
    return {"ansible.builtin.raw": command}


@pytest.mark.core
def test_in_a_larger_play_with_become_and_variables_of_the_play(pair: Controller) -> None:
    """The role runs without become whatever the play says, between the tasks before and after it."""
    play = {
        "hosts": "rras",
        "gather_facts": False,
        "become": True,
        "become_method": "ansible.builtin.runas",
        "become_user": "SYSTEM",
        "vars": {"l2tp_connections": pair.variables.pop("l2tp_connections"), "l2tp_policy_name": "Between branches"},
        "tasks": [raw(BEFORE), {"ansible.builtin.include_role": {"name": "rras.ipsec.l2tp"}}, raw(AFTER)],
    }

    run = pair.play([play])

    assert run.code == 0, run.explain()
    assert restarts(pair.lab) == {TOKYO: 1, OSAKA: 1}
    for host in pair.lab.values():
        found = assigned(host)
        assert found is not None
        assert (found.name, keys_of(found)) == ("Between branches", [KEY])
        assert _seen(host) == [BEFORE, "restart", AFTER]


def test_tags_of_other_work_change_nothing_and_its_own_do_all(pair: Controller) -> None:
    before = snapshots(pair.lab)
    play = {
        "hosts": "rras",
        "gather_facts": False,
        "tasks": [raw(BEFORE) | {"tags": "other"}],
        "roles": [{"role": "rras.ipsec.l2tp", "tags": "l2tp"}],
    }

    other = pair.play([play], "--tags", "other")

    assert other.code == 0, other.explain()
    assert changes(before, pair.lab) == {}
    assert restarts(pair.lab) == {TOKYO: 0, OSAKA: 0}
    assert all(count <= 1 for count in executions(pair.lab).values())

    own = pair.play([play], "--tags", "l2tp")

    assert own.code == 0, own.explain()
    assert restarts(pair.lab) == {TOKYO: 1, OSAKA: 1}
    assert all(keys_of(assigned(host)) == [KEY] for host in pair.lab.values())


@pytest.mark.parametrize("included", ["roles", "import_role", "include_role"])
def test_the_tag_for_verification_only_reads(pair: Controller, included: str) -> None:
    before = snapshots(pair.lab)
    role = "rras.ipsec.l2tp"
    play: dict[str, Any] = {"hosts": "rras", "gather_facts": False}
    if included == "roles":
        play["roles"] = [role]
    else:
        play["tasks"] = [{f"ansible.builtin.{included}": {"name": role}, "tags": "l2tp_verify"}]

    read = pair.play([play], "--tags", "l2tp_verify")

    assert read.code == 2, read.explain()
    assert "no policy is assigned" in read.failure(TOKYO) + read.failure(OSAKA)
    assert changes(before, pair.lab) == {}


@pytest.mark.slow
@pytest.mark.parametrize("included", ["import_role", "include_role"])
def test_tags_of_the_user_s_own_do_the_whole_work(pair: Controller, included: str) -> None:
    task = {f"ansible.builtin.{included}": {"name": "rras.ipsec.l2tp"}, "tags": "network"}
    play = {"hosts": "rras", "gather_facts": False, "tasks": [task]}
    before = snapshots(pair.lab)
    for others in (("--tags", "other"), ("--skip-tags", "network")):
        assert pair.play([play], *others).code == 0
        assert changes(before, pair.lab) == {}

    run = pair.play([play], "--tags", "network")

    assert run.code == 0, run.explain()
    assert restarts(pair.lab) == {TOKYO: 1, OSAKA: 1}


@pytest.mark.slow
def test_the_role_twice_in_a_play_begins_anew(pair: Controller) -> None:
    task = {"ansible.builtin.include_role": {"name": "rras.ipsec.l2tp"}}
    key = {"ansible.builtin.set_fact": {"l2tp_connections": [connection(key=NEW_KEY)]}}

    run = pair.play([{"hosts": "rras", "gather_facts": False, "tasks": [task, key, task]}])

    assert run.code == 0, run.explain()
    assert [keys_of(assigned(host)) for host in pair.lab.values()] == [[NEW_KEY], [NEW_KEY]]
    assert len([line for line in run.said(TOKYO) if line.startswith("tokyo-osaka: ")]) == 2, "once for each entry"
    assert pair.site().changed != {TOKYO: 0, OSAKA: 0}, "the inventory has the old key"


def test_a_condition_that_leaves_out_the_first_host_leaves_out_no_restart(start: MakeController) -> None:
    """What is done once for all hosts, its task would do."""
    controller = start([HostSpec("first", "192.0.2.9"), *PAIR])
    role = {"role": "rras.ipsec.l2tp", "when": "inventory_hostname != 'first'"}
    play: list[dict[str, Any]] = [{"hosts": "rras", "gather_facts": False, "roles": [role]}]

    run = controller.play(play)

    assert run.code == 0, run.explain()
    assert restarts(controller.lab) == {"first": 0, TOKYO: 1, OSAKA: 1}
    again = controller.play(play)
    assert (again.code, restarts(controller.lab)) == (0, {"first": 0, TOKYO: 1, OSAKA: 1})


def test_later_plays_read_what_was_found(pair: Controller) -> None:
    later = {
        "hosts": "rras",
        "gather_facts": False,
        "tasks": [{"ansible.builtin.debug": {"msg": "{{ ansible_facts.l2tp_result }}"}, "name": "Read the fact"}],
    }

    run = pair.play([{"hosts": "rras", "gather_facts": False, "roles": ["rras.ipsec.l2tp"]}, later])

    (task,) = run.tasks_named("Read the fact")
    found = {result.host: result.content["msg"] for result in run.results_of(task)}
    assert set(found) == {TOKYO, OSAKA}
    for fact in found.values():
        assert fact["changes"] == ["policy", "ProhibitIpSec", "restart"]
        assert (fact["changed"], fact["read"], fact["restart_pending"], fact["errors"]) == (True, True, False, [])
        assert [(each["name"], each["agree"], each["proved"]) for each in fact["connections"]] == [
            ("tokyo-osaka", True, True)
        ]
    assert KEY not in run.output


FACTS = "{{ dict(groups.rras | zip(groups.rras | map('extract', hostvars, ['ansible_facts', 'l2tp_result']))) }}"
READ_THE_FACT = {
    "hosts": "localhost",
    "connection": "local",
    "gather_facts": False,
    "tasks": [{"ansible.builtin.debug": {"msg": FACTS}, "name": "Read the fact"}],
}


def facts_after(controller: Controller, tasks_from: str = "main") -> tuple[Run, dict[str, Any]]:
    """Run the role in a block that goes on after each failure, and return what later plays read on each host."""
    role = {"ansible.builtin.include_role": {"name": "rras.ipsec.l2tp", "tasks_from": tasks_from}}
    rescued = {"block": [role], "rescue": [{"ansible.builtin.meta": "noop"}]}
    run = controller.play([{"hosts": "rras", "gather_facts": False, "tasks": [rescued]}, READ_THE_FACT])
    (task,) = run.tasks_named("Read the fact")
    (read,) = run.results_of(task)
    return run, read.content["msg"]


def _assigns_nothing(_number: int, record: str) -> None:
    if record.startswith("AssignPolicy"):
        raise RecordRefusedError("The disk is full.")


def test_later_plays_read_why_a_host_stopped_and_that_nothing_changed(
    pair: Controller, after_first_run: Mapping[str, Memory]
) -> None:
    """Whatever failed: the declaration, the host's connection, or its commit."""
    give(after_first_run, pair.lab)
    pair.variables["l2tp_connections"] = [connection(key=NEW_KEY)]

    pair.lab[TOKYO].impairments.before_record = _assigns_nothing
    run, found = facts_after(pair)
    assert set(found) == {TOKYO, OSAKA}, run.explain()
    for host, fact in found.items():
        assert fact["errors"] == [run.failure(host)], run.explain()
        assert "The disk is full." in run.failure(host)
        assert (fact["read"], fact["changes"], fact["unfinished_transaction"]) == (True, [], None)

    pair.lab[TOKYO].impairments.before_record = None
    pair.host(OSAKA)["l2tp_polling_interval"] = 0
    run, found = facts_after(pair)
    assert found[OSAKA]["errors"] == [run.failure(OSAKA)], run.explain()
    assert "l2tp_polling_interval is out of range" in run.failure(OSAKA)
    assert (found[OSAKA]["read"], found[OSAKA]["connections"], found[OSAKA]["changed"]) == (False, [], False)

    del pair.host(OSAKA)["l2tp_polling_interval"]
    pair.lab[OSAKA].power_off()
    run, found = facts_after(pair)
    assert set(found) == {TOKYO, OSAKA}, run.explain()
    assert found[OSAKA]["errors"] == [run.failure(OSAKA)]
    assert (run.recap[OSAKA]["unreachable"], run.recap[OSAKA]["failed"]) == (1, 0)
    assert (found[TOKYO]["changed"], found[TOKYO]["read"]) == (False, True)
    assert found[TOKYO]["errors"] == [run.failure(TOKYO)]
    assert NEW_KEY not in run.output
    assert KEY not in run.output


def test_later_plays_read_what_was_done_before_a_failure(start: MakeController) -> None:
    """One end never comes back from its restart, so the other one is not restarted."""
    controller = start([PAIR[0], dataclasses.replace(PAIR[1], seconds_away=600.0)])
    controller.variables["l2tp_reboot_timeout"] = 1

    run, found = facts_after(controller)

    assert set(found) == {TOKYO, OSAKA}, run.explain()
    for host, peer in ((TOKYO, OSAKA), (OSAKA, TOKYO)):
        fact = found[host]
        assert (fact["changes"], fact["restart_pending"]) == (["policy", "ProhibitIpSec"], True), run.explain()
        assert fact["unfinished_transaction"] == "committed"
        (link,) = fact["connections"]
        assert (link["name"], link["peer"], link["agree"], link["proved"]) == ("tokyo-osaka", peer, False, False)


@pytest.mark.usefixtures("first_run_done")
def test_later_plays_read_what_a_removal_did(pair: Controller) -> None:
    run, found = facts_after(pair, "remove")
    assert run.code == 0, run.explain()
    assert found == {
        host: {
            "changed": True,
            "changes": ["policy", "ProhibitIpSec", "restart"],
            "connections": [],
            "findings": [],
            "errors": [],
            "read": True,
            "restart_pending": False,
            "unfinished_transaction": None,
        }
        for host in (TOKYO, OSAKA)
    }

    pair.lab[OSAKA].power_off()
    run, found = facts_after(pair, "remove")
    assert set(found) == {TOKYO, OSAKA}, run.explain()
    assert found[OSAKA]["errors"] == [run.failure(OSAKA)], run.explain()
    assert (found[TOKYO]["changed"], found[TOKYO]["read"]) == (False, True)


@pytest.mark.slow
def test_all_other_l2tp_is_blocked_negotiated_or_ignored(start: MakeController) -> None:
    treatments = ("block", "certificate", "ignore")
    controller = start([HostSpec(name, "192.0.2.1") for name in treatments])
    controller.variables["l2tp_other_peers_certificate_authority"] = AUTHORITY
    for name in treatments:
        far = f"far-of-{name}"
        controller.host(far).update(l2tp_address="198.51.100.7", l2tp_managed=False)
        controller.host(name).update(
            l2tp_other_peers=name, l2tp_reboot="never", l2tp_connections=[connection("link", name, far)]
        )

    run = controller.site()

    assert run.code == 0, run.explain()
    blocking, negotiating, nothing = (_other_rule(controller.lab[name]) for name in treatments)
    assert nothing is None
    assert blocking is not None
    assert blocking.filter_action.action is model.Action.BLOCK
    assert negotiating is not None
    assert negotiating.authentication == (model.AuthenticationMethod.certificate(AUTHORITY),)
    assert negotiating.filter_action.action is model.Action.NEGOTIATE
    for rule in (blocking, negotiating):
        assert all(one.source == model.Address.me() and one.destination == model.Address.any() for one in rule.filters)
        assert {(one.source_port, one.destination_port) for one in rule.filters} == {
            (model.Ports.one(1701), model.Ports.any()),
            (model.Ports.any(), model.Ports.one(1701)),
        }


def _seen(host: Host) -> list[str]:
    """The tasks before and after the role, and the restarts, in the order in which the host saw them."""
    known = {BEFORE, AFTER}
    marked = [
        "restart" if line.source is LogSource.SYSTEM else line.text.strip()
        for line in host.recorder.lines
        if line.source in (LogSource.SYSTEM, LogSource.SCRIPT_BLOCK)
    ]
    return [line for line in marked if line == "restart" or line in known]


def _other_rule(host: Host) -> model.Rule | None:
    found = assigned(host)
    assert found is not None
    assert found.name == POLICY
    return next((rule for rule in found.policy.rules if rule.name == "all other L2TP"), None)
