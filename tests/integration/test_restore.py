# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Restoring an earlier state by hand, with the very commands that docs/restore.md shows."""

from __future__ import annotations

import re

import pytest

from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.registry import Tree, Value
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.store import LOCAL
from ansible_collections.rras.ipsec.tests import ROOT
from ansible_collections.rras.ipsec.tests.lab import Host, HostSpec
from ansible_collections.rras.ipsec.tests.lab.windows.registry import differences
from ansible_collections.rras.ipsec.tests.support import pair as words
from ansible_collections.rras.ipsec.tests.support.administrator import DONE, CommandPrompt
from ansible_collections.rras.ipsec.tests.support.controller import Controller
from ansible_collections.rras.ipsec.tests.support.foreign import ASSIGNED_NAME, ASSIGNED_PATH, foreign_policies
from ansible_collections.rras.ipsec.tests.support.labs import MakeController
from ansible_collections.rras.ipsec.tests.support.pair import BACKUP, OURS, RASMAN, connection

pytestmark = pytest.mark.slow

HAD_ZERO, HAD_NOTHING = "had-zero", "had-nothing"
REMARKS = {HAD_ZERO: "it was 0", HAD_NOTHING: "it was not there"}
_STEP = re.compile(r"^(\d)\. ", re.MULTILINE)
_COMMAND = re.compile(r"^ {7}(\S.*)$", re.MULTILINE)


def documented() -> dict[int, list[str]]:
    """The commands of docs/restore.md, by step."""
    text = (ROOT / "docs" / "restore.md").read_text(encoding="utf-8")
    _before, *steps = _STEP.split(text.partition("\n# When the record of this collection is gone\n")[0])
    return {int(number): _COMMAND.findall(said) for number, said in zip(steps[::2], steps[1::2], strict=True)}


@pytest.fixture
def changed(start: MakeController) -> tuple[Controller, dict[str, Tree]]:
    """Servers whose policy and value one run replaced, and their registries before it."""
    controller = start([HostSpec(name, "192.0.2.1") for name in REMARKS])
    for name, host in controller.lab.items():
        host.registry.load(foreign_policies(ASSIGNED_PATH))
        far = f"far-of-{name}"
        controller.host(far).update(l2tp_address="198.51.100.7", l2tp_managed=False)
        controller.host(name).update(l2tp_connections=[connection("link", name, far)])
    controller.lab[HAD_ZERO].registry.write(RASMAN, "ProhibitIpSec", Value.dword(0))
    before = words.snapshots(controller.lab)
    run = controller.site("-e", "l2tp_replace_assigned=true")
    assert run.code == 0, run.explain()
    return controller, before


def test_the_documented_commands_restore_what_was_there(changed: tuple[Controller, dict[str, Tree]]) -> None:
    controller, before = changed
    steps = documented()
    query, *values = steps[1]
    stop, delete, *copy_and_load, start_again = steps[2]

    for name, host in controller.lab.items():
        console = CommandPrompt(host)
        found = console.run(query)
        assert (found == DONE, "0x0" in console.printed) == ((True, True) if name == HAD_ZERO else (False, False))
        for command in _meant_for(name, values):
            assert console.run(command) == DONE, command
        assert host.recorder.restarts == 2, "one of the playbook, one by hand"
        assert differences(_only(before[name], RASMAN), _only(host, RASMAN)) == []

        for command in (stop, *copy_and_load):
            assert console.run(command) == DONE, command
        merged = _only(host, LOCAL)
        assert _assigned(host) == ASSIGNED_NAME
        assert differences(_only(before[name], LOCAL), merged) != [], "copying without deleting merges"

        for command in (delete, *copy_and_load, start_again):
            assert console.run(command) == DONE, command
        assert differences(_only(before[name], LOCAL), _only(host, LOCAL)) == []
        assert _assigned(host) == ASSIGNED_NAME
        assert host.agent.filters != ()
        assert host.exposures == [], "L2TP was in clear text on the way"

        codes = {command: console.run(command) for command in steps[3]}
        assert [command for command, code in codes.items() if code != DONE] == [steps[3][-1]], "never cut"
        left = {path for path in host.registry.snapshot(OURS) if not path.startswith(BACKUP)}
        assert left == {OURS, OURS + r"\Services"}

    again = controller.site()
    for name in controller.lab:
        assert again.failure(name) == (
            f"{name} failed: The policy '{ASSIGNED_NAME}' is assigned on this host, and only one can be; "
            "set l2tp_replace_assigned to true if the declared policy should replace it."
        )


def _meant_for(name: str, commands: list[str]) -> list[str]:
    """The commands that are not for another case."""
    remarks = {command: command.partition(" & rem ")[2] for command in commands}
    assert set(remarks.values()) == {"", *REMARKS.values()}
    return [command for command, remark in remarks.items() if remark in ("", REMARKS[name])]


def _only(where: Host | Tree, path: str) -> Tree:
    tree = where if isinstance(where, Tree) else where.registry.snapshot()
    return Tree(key for found, key in tree.items() if found.casefold().startswith(path.casefold()))


def _assigned(host: Host) -> str:
    found = words.assigned(host)
    return found.name if found else ""
