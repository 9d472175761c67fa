# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The shape of what the role's own steps answer; those that do the work of a module answer as it does."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypedDict

from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.results import RoleFacts, TaskResult

StepResult = Mapping[str, object]
"""What any step answers."""


class StepFacts(TypedDict):
    """What Ansible takes as facts of a step's host."""

    l2tp_result: RoleFacts


class ReportedResult(TaskResult, total=False):
    """What a step answers whose answer goes into the fact; failure: how it failed, for the next step to fail with."""

    failure: TaskResult
    ansible_facts: StepFacts


class ComparedResult(TaskResult, total=False):
    """What the role's step that compares both ends answers."""

    lines: list[str]
    errors: list[str]
    ansible_facts: StepFacts
    goes_on: bool
    last: bool
    next: str


class MachinesResult(TaskResult, total=False):
    """What the role's step that notes the machines answers, once for all hosts."""

    machines: Mapping[str, str]
    stops: Mapping[str, str]


class OrderResult(TaskResult, total=False):
    """What the role's step that decides the order of the restarts answers, once for all hosts."""

    batches: list[list[str]]
