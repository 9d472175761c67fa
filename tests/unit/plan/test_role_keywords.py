# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each task of the role says itself whether an error counts, so that no keyword of an including play does."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

TASKS = Path(__file__).parents[3] / "roles" / "l2tp" / "tasks"
DECIDED_LATER = {
    "Stage the policy beside the one in force",
    "Commit the far ends first, because they may be managed through a tunnel",
    "Commit the near ends",
    "Ask again if the answer to the commit was lost",
}
"""The tasks whose result a later step looks at, on this host and on its peers: only then all revert together."""
HARMLESS = ("ansible.builtin.debug", "ansible.builtin.import_tasks", "block")
CONNECTING = ("rras.ipsec.", "ansible.windows.")

TaskEntry = Mapping[str, Any]


def tasks(entries: list[TaskEntry], **inherited: Any) -> Iterator[dict[str, Any]]:
    """Walk the tasks of a file, each with what its blocks say; an included file inherits from what is in it alone."""
    for entry in entries:
        told = inherited | {name: entry[name] for name in ("ignore_errors", "ignore_unreachable") if name in entry}
        yield dict(entry) | told
        yield from tasks(entry.get("block", []), **told)


ALL = {
    f"{file.stem}: {task['name']}": task
    for file in sorted(TASKS.glob("*.yml"))
    for task in tasks(yaml.safe_load(file.read_text(encoding="utf-8")))
    if not any(module in task for module in HARMLESS)
}


@pytest.mark.parametrize("task", ALL.values(), ids=ALL)
def test_it_says_whether_an_error_counts(task: TaskEntry) -> None:
    decided_later = task["name"] in DECIDED_LATER
    assert task.get("ignore_errors") is decided_later
    assert not decided_later or "register" in task
    if any(module.startswith(CONNECTING) for module in task):
        assert task.get("ignore_unreachable") is decided_later


def test_all_files_were_found() -> None:
    assert {task["name"] for task in ALL.values()} >= DECIDED_LATER


def test_no_keyword_takes_an_answer_away() -> None:
    """The keyword timeout of a play would end a commit, and nobody could tell what the host has."""
    files = [yaml.safe_load(file.read_text(encoding="utf-8")) for file in sorted(TASKS.glob("*.yml"))]
    assert [entries[0].get("timeout") for entries in files] == [0] * len(files)
