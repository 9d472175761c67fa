# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The table of keywords of a play, and of options of ansible-playbook: all of a component changes, or none of it.

And a run that did nothing, although there is something to do, never ends in success without a word. Which end has what
after each trouble is in test_keywords.py.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from typing import Any, Final

import pytest

from ansible_collections.rras.ipsec.tests.lab import Host, HostSpec, PoweredOff
from ansible_collections.rras.ipsec.tests.support.controller import Controller, Run
from ansible_collections.rras.ipsec.tests.support.labs import controller_for
from ansible_collections.rras.ipsec.tests.support.pair import (
    KEY,
    NEW_KEY,
    OSAKA,
    PAIR,
    TOKYO,
    Memory,
    assigned,
    connection,
    keys_of,
)

ROLE = "rras.ipsec.l2tp"
INCLUDE = {"ansible.builtin.include_role": {"name": ROLE}}
ROLES = {"roles": [ROLE]}
TAGGED = {"roles": [{"role": ROLE, "tags": "network"}]}
BEFORE_THE_NEAR_COMMIT: Final = (
    "Validating arguments against arg spec 'main' - Configures L2TP/IPsec between RRAS servers as KB 240262 describes",
    "Check the declarations of all hosts",
    "Read the host and plan",
    "Compare both ends",
    "Show what both ends have",
    "Change what differs",
    "Find machines that have two names",
    "Stop if something is wrong",
    "Stage the policy beside the one in force",
    "Commit the far ends first, because they may be managed through a tunnel",
)
ALL, NONE = NEW_KEY, KEY


@dataclasses.dataclass(frozen=True, slots=True)
class KeywordRow:
    """What a play says, and how its run is started: then both ends have one key, and the run says so much."""

    id: str
    has: str
    said: str
    keywords: Mapping[str, Any] = dataclasses.field(default_factory=lambda: ROLES)
    arguments: tuple[str, ...] = ()
    answers: str = ""
    dies: bool = False
    """Whether the far end dies between its plan and its stage."""

    @property
    def ends(self) -> tuple[str, str]:
        return f"{self.id}-near", f"{self.id}-far"


def dies(row: str, keywords: Mapping[str, Any]) -> KeywordRow:
    return KeywordRow(row, NONE, f"{row}-near stopped: its peer {row}-far is unreachable", keywords, dies=True)


FROM_THE_FIRST = "start with the first task of the role (check --start-at-task and --step)."
TOGETHER = "a changed connection must change on both ends together"
ROWS = (
    dies("ignore_errors", {**ROLES, "ignore_errors": True}),
    dies("ignore_unreachable", {**ROLES, "ignore_unreachable": True}),
    dies("any_errors_fatal", {**ROLES, "any_errors_fatal": False}),
    dies("max_fail_percentage", {**ROLES, "max_fail_percentage": 99}),
    dies("rescue", {"tasks": [{"block": [INCLUDE], "rescue": [{"ansible.builtin.meta": "noop"}]}]}),
    KeywordRow("free", NONE, TOGETHER, {**ROLES, "strategy": "ansible.builtin.free"}),
    KeywordRow("run_once", NONE, TOGETHER, {"roles": [{"role": ROLE, "run_once": True}]}),
    KeywordRow(
        "delegate_to", NONE, "delegate_to is in effect", {"roles": [{"role": ROLE, "delegate_to": "elsewhere"}]}
    ),
    KeywordRow("serial", NONE, TOGETHER, {**ROLES, "serial": 1}),
    KeywordRow("tags", ALL, "changed=", TAGGED, ("--tags", "network")),
    KeywordRow("other-tags", NONE, "skipped=", TAGGED, ("--tags", "other")),
    KeywordRow(
        "verify-tag", NONE, "agree with each other, but not with the declaration", TAGGED, ("--tags", "l2tp_verify")
    ),
    KeywordRow("skip-tags", ALL, "changed=", TAGGED, ("--skip-tags", "l2tp_verify")),
    KeywordRow("start", NONE, FROM_THE_FIRST, arguments=("--start-at-task", "Change what differs")),
    KeywordRow("start-inside", NONE, "No matching task", arguments=("--start-at-task", "Delete the replaced policy")),
    KeywordRow("step", NONE, TOGETHER, arguments=("--step",), answers="y\n" * len(BEFORE_THE_NEAR_COMMIT) + "n\nc\n"),
)
IN_ONE_RUN = [row for row in ROWS if row.dies]
"""The others have options of their own, or Ansible ends the run with their play."""


def _dies_before_its_stage(host: Host) -> None:
    scripts = iter(range(1, 100))

    def count() -> None:
        if next(scripts) == 2:
            host.impairments.before_script = None
            raise PoweredOff

    host.impairments.before_script = count


@pytest.fixture(scope="module")
def field(tmp_path_factory: pytest.TempPathFactory, after_first_run: Mapping[str, Memory]) -> Iterator[Controller]:
    """A pair with the old key for each row, and the new key declared for all; one host that is not to be reached."""
    addresses = {spec.name: spec.address for spec in PAIR}
    kinds = {"near": TOKYO, "far": OSAKA}
    specs = [HostSpec(f"{row.id}-{end}", addresses[kinds[end]]) for row in ROWS for end in kinds]
    with controller_for(specs, tmp_path_factory.mktemp("controller")) as controller:
        for host in controller.lab.values():
            after_first_run[kinds[host.name.rpartition("-")[2]]].give(host)
        controller.variables["l2tp_connections"] = [connection(row.id, *row.ends, key=NEW_KEY) for row in ROWS]
        controller.host("elsewhere")["l2tp_managed"] = False
        for row in ROWS:
            if row.dies:
                _dies_before_its_stage(controller.lab[row.ends[1]])
        yield controller


def _play(row: KeywordRow) -> dict[str, Any]:
    """The play of a row; with it goes a host that never fails, so that Ansible goes on with the next play."""
    return {"name": row.id, "hosts": [*row.ends, "elsewhere"], "gather_facts": False, **row.keywords}


@pytest.fixture(scope="module")
def run_of_plays(field: Controller) -> Run:
    return field.play([_play(row) for row in IN_ONE_RUN])


@pytest.fixture
def run(row: KeywordRow, field: Controller, run_of_plays: Run) -> Run:
    if row in IN_ONE_RUN:
        return run_of_plays
    return field.play([_play(row)], *row.arguments, answers=row.answers)


@pytest.mark.core
@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.id)
def test_all_of_a_component_changes_or_none_of_it(row: KeywordRow, field: Controller, run: Run) -> None:
    assert [keys_of(assigned(field.lab[end])) for end in row.ends] == [[row.has], [row.has]], run.explain()
    assert row.said in run.output + run.errors, run.explain()
    assert all(task in run.output for task in (BEFORE_THE_NEAR_COMMIT if row.answers else ())), run.explain()
