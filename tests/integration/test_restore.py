# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Restoring an earlier state by hand, with the very commands that docs/restore.md shows."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable, Iterator, Mapping

import pytest

from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.registry import Tree, Value
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.store import LOCAL
from ansible_collections.rras.ipsec.tests import ROOT
from ansible_collections.rras.ipsec.tests.lab import Host, HostSpec
from ansible_collections.rras.ipsec.tests.lab.windows.registry import differences
from ansible_collections.rras.ipsec.tests.support.administrator import DONE, FAILED, CommandPrompt
from ansible_collections.rras.ipsec.tests.support.controller import Controller
from ansible_collections.rras.ipsec.tests.support.foreign import ASSIGNED_NAME, ASSIGNED_PATH, foreign_policies
from ansible_collections.rras.ipsec.tests.support.labs import controller_for
from ansible_collections.rras.ipsec.tests.support.pair import (
    BACKUP,
    OURS,
    RASMAN,
    Memory,
    assigned,
    clear_records,
    connection,
    give,
    snapshots,
)

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("restore")]

HAD_ZERO, HAD_NOTHING = "had-zero", "had-nothing"
REMARKS = {HAD_ZERO: "it was 0", HAD_NOTHING: "it was not there"}
_STEP = re.compile(r"^(\d)\. ", re.MULTILINE)
_COMMAND = re.compile(r"^ {7}(\S.*)$", re.MULTILINE)


def documented() -> dict[int, list[str]]:
    """The commands of docs/restore.md, by step."""
    text = (ROOT / "docs" / "restore.md").read_text(encoding="utf-8")
    _before, *steps = _STEP.split(text.partition("\n# When the record of this collection is gone\n")[0])
    return {int(number): _COMMAND.findall(said) for number, said in zip(steps[::2], steps[1::2], strict=True)}


STEPS = documented()


@dataclasses.dataclass(frozen=True)
class Replaced:
    """Servers whose policy and value one run replaced: their registries before it, and all that they had after it."""

    controller: Controller
    before: Mapping[str, Tree]
    after: Mapping[str, Memory]


@pytest.fixture(scope="module")
def first_run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Replaced]:
    """The one run that all stories begin with."""
    servers = [HostSpec(name, "192.0.2.1") for name in REMARKS]
    with controller_for(servers, tmp_path_factory.mktemp("restore")) as controller:
        controller.variables["l2tp_connections"] = [connection()]
        for name, host in controller.lab.items():
            host.registry.load(foreign_policies(ASSIGNED_PATH))
            far = f"far-of-{name}"
            controller.host(far).update(l2tp_address="198.51.100.7", l2tp_managed=False)
            controller.host(name).update(l2tp_connections=[connection("link", name, far)])
        controller.lab[HAD_ZERO].registry.write(RASMAN, "ProhibitIpSec", Value.dword(0))
        before = snapshots(controller.lab)
        run = controller.site("-e", "l2tp_replace_assigned=true")
        assert run.code == 0, run.explain()
        yield Replaced(controller, before, {name: Memory.of(host) for name, host in controller.lab.items()})


@pytest.fixture
def replaced(first_run: Replaced) -> Replaced:
    """The servers as they were after that run, whatever another story did to them."""
    give(first_run.after, first_run.controller.lab)
    clear_records(first_run.controller.lab)
    return first_run


def restore_value(host: Host) -> None:
    """Step 1: show what ProhibitIpSec was, give that back, restart."""
    prompt = CommandPrompt(host)
    query, *values = STEPS[1]
    shown = prompt.run(query), "0x0" in prompt.printed
    assert shown == ((DONE, True) if host.name == HAD_ZERO else (FAILED, False))
    all_done(prompt, _meant_for(host.name, values))


def restore_policies(host: Host) -> None:
    """Step 2: stop RRAS, delete the store, copy the backup, make the agent reload, start RRAS."""
    all_done(CommandPrompt(host), STEPS[2])


def forget_record(host: Host) -> None:
    """Step 3: delete our record; its last command finds nothing where no run was cut."""
    prompt = CommandPrompt(host)
    codes = [prompt.run(command) for command in STEPS[3]]
    assert codes == [*[DONE] * (len(codes) - 1), FAILED]


def all_done(prompt: CommandPrompt, commands: Iterable[str]) -> None:
    """Type commands, each of which succeeds."""
    for command in commands:
        assert prompt.run(command) == DONE, command


@pytest.mark.parametrize("name", REMARKS)
def test_the_value_is_what_it_was(replaced: Replaced, name: str) -> None:
    host = replaced.controller.lab[name]
    restore_value(host)
    assert host.recorder.restarts == 1
    assert differences(_only(replaced.before[name], RASMAN), _only(host, RASMAN)) == []


@pytest.mark.parametrize("name", REMARKS)
def test_the_policies_are_what_they_were(replaced: Replaced, name: str) -> None:
    host = replaced.controller.lab[name]
    restore_value(host)
    restore_policies(host)
    assert differences(_only(replaced.before[name], LOCAL), _only(host, LOCAL)) == []
    assert _assigned(host) == ASSIGNED_NAME
    assert host.agent.filters != ()
    assert host.exposures == [], "L2TP was in clear text on the way"


@pytest.mark.parametrize("name", REMARKS)
def test_a_copy_without_the_deletion_would_merge(replaced: Replaced, name: str) -> None:
    """That is why step 2 deletes first; done again with the deletion, it mends what was merged."""
    host = replaced.controller.lab[name]
    restore_value(host)
    prompt = CommandPrompt(host)
    stop, delete, *copy_and_load, start_again = STEPS[2]
    all_done(prompt, (stop, *copy_and_load))
    assert _assigned(host) == ASSIGNED_NAME
    assert differences(_only(replaced.before[name], LOCAL), _only(host, LOCAL)) != []

    all_done(prompt, (delete, *copy_and_load, start_again))
    assert differences(_only(replaced.before[name], LOCAL), _only(host, LOCAL)) == []


def test_the_next_run_takes_them_for_somebody_else_s(replaced: Replaced) -> None:
    """Of ours, only the backups and what the services were are left; site refuses what it would have to replace."""
    for host in replaced.controller.lab.values():
        restore_value(host)
        restore_policies(host)
        forget_record(host)
        left = {path for path in host.registry.snapshot(OURS) if not path.startswith(BACKUP)}
        assert left == {OURS, OURS + r"\Services"}

    again = replaced.controller.site()

    for name in replaced.controller.lab:
        assert again.failure(name) == (
            f"The policy '{ASSIGNED_NAME}' is assigned on this host, and only one can be; "
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
    found = assigned(host)
    return found.name if found else ""
