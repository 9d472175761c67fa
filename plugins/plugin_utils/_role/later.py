# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a step leaves for later plays: the fact l2tp_result, which Ansible accepts only from a task that did not fail.

So a step whose failure belongs in the fact returns it as part of a successful result, and the next step on this host
fails with it. Nothing can happen between the two, because every step checks what was done before.
"""

from __future__ import annotations

from typing import Final, cast

from ansible_collections.rras.ipsec.plugins.plugin_utils import _view
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.fleet import Gate
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.results import TaskResult
from ansible_collections.rras.ipsec.plugins.plugin_utils._role import summary
from ansible_collections.rras.ipsec.plugins.plugin_utils._role.results import ReportedResult, StepResult
from ansible_collections.rras.ipsec.plugins.plugin_utils._role.step import FAILS_LATER, Context
from ansible_collections.rras.ipsec.plugins.plugin_utils._role.steps import Steps, step

_ANSWERS: Final = {
    "plan": _view.RESULTS[Gate.PLAN],
    "commit_far": _view.RESULTS[Gate.COMMIT],
    "commit_near": _view.RESULTS[Gate.COMMIT],
    "ask_again": _view.AGAIN,
    "set_value": _view.PROHIBIT_IPSEC,
    "restore_value": _view.PROHIBIT_IPSEC,
    "restart": _view.RESTART,
    "remove_policy": _view.RESULTS[Gate.COMMIT],
}
"""The steps after which the fact tells what has been done so far, and the variables that hold their results."""
_COMPARED_NEXT: Final = "plan"
"""The comparison that follows this step makes the fact, except in a removal, which has no comparison."""


def done(name: str, steps: Steps, context: Context, *, removal: bool) -> StepResult:
    """Do a step on a host, and add the fact.

    Raises what the step raises, unless the next step is to fail in its place.
    """
    if name not in FAILS_LATER:
        return _with_fact(name, step(name, steps), context, removal=removal)
    outcome, lost = context.action.guarded(lambda: step(name, steps))
    failure = {"unreachable": True, "msg": lost} if lost else dict(outcome)
    if not (lost or outcome.get("failed")):
        return _with_fact(name, outcome, context, removal=removal)
    return _with_fact(name, {"changed": False, "failure": failure}, context, removal=removal)


def _with_fact(name: str, result: StepResult, context: Context, *, removal: bool) -> StepResult:
    if name not in _ANSWERS or result.get("skipped") or (name == _COMPARED_NEXT and not removal):
        return result
    reported = cast("ReportedResult", result)
    fact, _lost = context.action.guarded(lambda: _fact(name, reported, context, removal=removal))
    return {**result, "ansible_facts": fact.get("ansible_facts") or summary.of_failure(reported.get("failure") or {})}


def _fact(name: str, reported: ReportedResult, context: Context, *, removal: bool) -> ReportedResult:
    known: TaskResult = reported.get("failure") or reported
    context.play.answer(_ANSWERS[name], known)
    return {"ansible_facts": summary.so_far(context.play, known, removal=removal, check_mode=context.check_mode)}
