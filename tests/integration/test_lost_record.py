# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Somebody deletes all that this collection remembers on a server: what is said then, and the documented ways back."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator

import pytest

from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.store import Store
from ansible_collections.rras.ipsec.tests import ROOT
from ansible_collections.rras.ipsec.tests.lab import Host
from ansible_collections.rras.ipsec.tests.messages import Says
from ansible_collections.rras.ipsec.tests.support.administrator import DONE, CommandPrompt
from ansible_collections.rras.ipsec.tests.support.controller import REMOVE, Controller, Run
from ansible_collections.rras.ipsec.tests.support.pair import (
    KEY,
    NEW_KEY,
    OSAKA,
    OURS,
    POLICY,
    TOKYO,
    assigned,
    changes,
    connection,
    keys_of,
    prohibit_ipsec,
    snapshots,
)

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("first_run_done")]

_STEP = re.compile(r"^\d\. ", re.MULTILINE)
_COMMAND = re.compile(r"^ {7}(\S.*)$", re.MULTILINE)
NOT_ON_RECORD = (
    f"The store already has a different policy named '{POLICY}' that this collection did not "
    "write, or has no record of; set l2tp_take_over to true to replace it, or write another l2tp_policy_name."
)


def documented() -> list[list[str]]:
    """The commands of the chapter on a lost record in docs/restore.md, by step."""
    chapter = (
        (ROOT / "docs" / "restore.md")
        .read_text(encoding="utf-8")
        .partition("# When the record of this collection is gone\n")[2]
    )
    return [_COMMAND.findall(step) for step in _STEP.split(chapter)[1:]]


def deleted(host: Host) -> Host:
    host.registry.remove_tree(OURS)
    return host


def playbooks(controller: Controller, commands: list[str]) -> Iterator[Run]:
    """Run the playbooks among some commands; the first of two with what was declared before."""
    runs = [shlex.split(command) for command in commands if command.startswith("ansible-playbook ")]
    for _program, playbook, *arguments in runs:
        old = "@what-was-declared-before.yml" in arguments
        controller.variables["l2tp_connections"] = [connection(key=KEY if old or playbook == REMOVE else NEW_KEY)]
        variables = [argument for argument in arguments if "@" not in argument]
        yield controller.play(playbook, *(variables[:-1] if old else variables))


def keys(controller: Controller) -> list[list[str]]:
    return [keys_of(assigned(host)) for host in controller.lab.values()]


def test_what_means_the_same_stays_in_force_and_is_put_on_record_on_request(pair: Controller) -> None:
    tokyo = deleted(pair.lab[TOKYO])
    before, store = snapshots(pair.lab), tokyo.store

    run = pair.site()

    assert (run.code, run.changed) == (0, {TOKYO: 0, OSAKA: 0}), run.explain()
    assert changes(before, pair.lab) == {}

    recorded = pair.site("-e", "l2tp_forget_replaced=true")

    assert recorded.code == 0, recorded.explain()
    assert tokyo.store == store
    assert tokyo.registry.read(OURS) is not None


def test_another_key_is_not_written_over_what_may_be_somebody_else_s(pair: Controller, says: Says) -> None:
    deleted(pair.lab[TOKYO])
    before = snapshots(pair.lab)
    pair.variables["l2tp_connections"] = [connection(key=NEW_KEY)]

    run = pair.site()

    assert run.failed == [OSAKA, TOKYO]
    says("the record of one end is gone, and the key is another", run.failure(TOKYO), run.code)
    assert run.failure(TOKYO) == NOT_ON_RECORD
    assert changes(before, pair.lab) == {}


@pytest.mark.parametrize("way", [0, 1], ids=["declared as before", "taken over and forgotten"])
def test_a_documented_way_back(pair: Controller, way: int) -> None:
    deleted(pair.lab[TOKYO])

    for run in playbooks(pair, documented()[way]):
        assert run.code == 0, run.explain()

    assert keys(pair) == [[NEW_KEY], [NEW_KEY]]
    assert [len(Store.read(host.store).policies) for host in pair.lab.values()] == [1, 1]
    again = pair.site()
    assert (again.code, again.changed) == (0, {TOKYO: 0, OSAKA: 0}), again.explain()
    assert [host.exposures for host in pair.lab.values()] == [[], []]


def test_the_documented_removal(pair: Controller) -> None:
    deleted(pair.lab[TOKYO])
    assert pair.site("-e", "l2tp_forget_replaced=true").code == 0
    refused = pair.play(REMOVE)
    assert refused.failure(TOKYO) == (
        "ProhibitIpSec is 1 on this host, so without the policy 'L2TP site to site' its L2TP "
        "would be in clear text; remove the value first (the playbook rras.ipsec.remove; by hand if it was 1 before "
        "this collection changed the host) and restart the host."
    )

    commands = documented()[2]
    for host in pair.lab.values():
        console = CommandPrompt(host)
        for command in commands:
            if not command.startswith("ansible-playbook "):
                assert console.run(command) == DONE, command
    for run in playbooks(pair, commands):
        assert run.code == 0, run.explain()

    for host in pair.lab.values():
        assert assigned(host) is None
        assert Store.read(host.store).policies == ()
        assert prohibit_ipsec(host) is None
        assert host.exposures == []
