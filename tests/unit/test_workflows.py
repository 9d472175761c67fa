# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What runs elsewhere: actions are pinned, all alike, and nothing is run that is not there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
TARGETS = set(re.findall(r"^([a-z][a-z-]*):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
WANTED = {"lint", "unit", "sanity", "integration", "docs", "release", "windows"}


def steps(workflow: Path) -> Iterator[dict[str, Any]]:
    for job in yaml.safe_load(workflow.read_text(encoding="utf-8"))["jobs"].values():
        yield from job["steps"]


def test_there_are_all_workflows() -> None:
    assert {workflow.stem for workflow in WORKFLOWS} == WANTED


def test_each_action_is_pinned_by_its_digest_and_everywhere_by_the_same() -> None:
    used = {step["uses"] for workflow in WORKFLOWS for step in steps(workflow) if "uses" in step}

    assert all(re.fullmatch(r"[\w./-]+@[0-9a-f]{40}", action) for action in used)
    names = [action.partition("@")[0] for action in used]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.stem)
def test_what_is_made_can_be_made(workflow: Path) -> None:
    commands = [str(step.get("run", "")) for step in steps(workflow)]
    made = {word for command in commands if command.startswith("make ") for word in command.split()[1:]}

    assert {target for target in made if "=" not in target} <= TARGETS
