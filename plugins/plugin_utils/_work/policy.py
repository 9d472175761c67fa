# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The phases of a policy on one host: read, plan, apply, prove."""

from __future__ import annotations

import dataclasses
import time
import uuid
from collections.abc import Callable, Iterable, Sequence

from ansible_collections.rras.ipsec.plugins.plugin_utils._host import records, session
from ansible_collections.rras.ipsec.plugins.plugin_utils._patience import Patience
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy import (
    comparison,
    difference,
    facts,
    host,
    phases,
    protection,
    services,
    settling,
)
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy import plan as planning
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.desired import Desired, Ending
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.plan import life
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.plan.life import Asked, Decision
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.registry import same
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.results import PolicyResult
from ansible_collections.rras.ipsec.plugins.plugin_utils._work import readback
from ansible_collections.rras.ipsec.plugins.plugin_utils._work.target import Reading, Target, WorkError, once_more

_PREDICTED = " In check mode, set predicted to true if earlier tasks do that."


@dataclasses.dataclass(frozen=True, slots=True)
class PolicyTask:
    """What one task is to do with a policy, and how."""

    desired: Desired
    backup: bool
    patience: Patience
    """How long to wait, after a commit or a boot, for what Windows does by itself."""
    predicted: bool = False
    """Whether, in check mode, to assume that ProhibitIpSec was given back and Windows restarted after that."""


class PolicyWork:
    """One task's work on one policy of one host. Each public method returns the task's result."""

    def __init__(self, target: Target, task: PolicyTask, *, check_mode: bool) -> None:
        self._target = target
        self._task = task
        self._desired = task.desired
        self._check_mode = check_mode
        self._identity = uuid.uuid4()

    def plan(self) -> PolicyResult:
        """Read and plan; change nothing.

        In check mode the result is a prediction, and `changed` says whether it has any change.
        """
        return self._planned(self._target.read())

    def prove(self) -> PolicyResult:
        """Plan as `plan` does, after waiting for what Windows does by itself when it has booted.

        A removal requires no proof: if something does not come up, that does not block it.

        Raises `WorkError` if something that needs proof does not come up in time.
        """
        seen, late = self._settled(self._target.read(), self._desired.unproved)
        if late and self._desired.needs_proof:
            raise WorkError(
                f"the policy {self._desired.name!r} is in force, but {self._after(late)} "
                "Check the event log of this host, then repeat the run."
            )
        return self._planned(seen)

    def verify(self) -> PolicyResult:
        """Read and compare, nothing else. What a plan would refuse is reported in the result, but not refused."""
        seen = self._target.read()
        refusal = self._desired.refusal(seen, self._identity)
        return {**self._short_result(seen, changed=False), "refusal": refusal}

    def predict(self) -> PolicyResult:
        """Plan as `plan` does, but for immediate execution: raise `PlanError` for what that would refuse."""
        seen = self._target.read()
        planned = self._plan(seen)
        if planned.lasting_refusal or (planned.refusal and not self._task.predicted):
            hint = "" if planned.lasting_refusal else _PREDICTED
            raise planning.PlanError(f"{planned.refusal or planned.lasting_refusal}{hint}")
        result = self._result(planned, seen, changed=not planned.empty)
        return _warned({**result, **difference.planned(planned, seen)}, planned)

    def stage(self) -> PolicyResult:
        """Write the new generation beside the old one. If the store changes meanwhile, start once more."""
        return once_more(self._stage)

    def commit(self, transaction: planning.Transaction) -> PolicyResult:
        """Put the staged generation in force, and prove it."""
        try:
            reading = self._target.apply(phases.commit(transaction, self._desired.name))
        except session.ExecutionError as error:
            return self._commit_again(transaction, error)
        seen = self._proved(self._not_in_clear_text(reading.host), transaction)
        diff = difference.committed(transaction, seen)
        return {**self._short_result(seen, changed=True), **diff, **readback.assigned_by(reading)}

    def revert(self, transaction: planning.Transaction) -> PolicyResult:
        """Revert this transaction; do nothing if it is finished or another one has taken its place."""
        seen = self._target.read()
        if life.answer(Asked.REVERT, seen.unfinished, transaction.id) is Decision.DONE:
            return self._short_result(seen, changed=False)
        refusal = planning.revert_refused(seen, self._desired.name, self._desired.words)
        if refusal:
            raise planning.PlanError(refusal)
        reading = self._reverted(seen)
        diff = difference.between(seen, reading.host)
        return {**self._short_result(reading.host, changed=True), **diff, **readback.assigned_by(reading)}

    def finish(self, transaction: planning.Transaction) -> PolicyResult:
        """Delete the old generation; `changed` if there was one, or something was given back."""
        seen = self._target.read() if self._desired.ends_as_the_host_is else None
        reading = self._finish(transaction, self._desired.ending(seen) if seen else Ending(), seen)
        diff = difference.finished(transaction, self._desired.name, reading.deleted, reading.host)
        diff = difference.between(seen, reading.host) if seen else diff
        return {**self._short_result(reading.host, changed=difference.shows(diff)), **diff}

    def everything(self) -> PolicyResult:
        """Do all phases. What can't be proved is reverted. If the store changes meanwhile, start once more."""
        return once_more(self._everything)

    def _planned(self, seen: host.HostState) -> PolicyResult:
        planned = self._plan(seen)
        if planned.lasting_refusal:
            raise planning.PlanError(planned.lasting_refusal)
        result = self._result(planned, seen, changed=self._check_mode and not planned.empty)
        if self._check_mode:
            result = {**result, **difference.planned(planned, seen)}
        if planned.refusal:
            result["obstacles"] = [planned.refusal]
        return _warned(result, planned)

    def _everything(self) -> PolicyResult:
        seen = self._target.read(validity=True)
        planned = self._allowed_plan(seen)
        if planned.empty:
            return self._unchanged(planned, seen)
        transaction = planned.transaction
        staging = phases.stage(planned, seen, when=_now(), backup=self._task.backup)
        reading = self._target.apply((*staging, *phases.commit(transaction, self._desired.name)))
        try:
            back = readback.still_there(planned.remains, reading.host)
            if back:
                raise back
            proved = self._proved(reading.host, transaction)
        except WorkError as error:
            raise self._taken_back(transaction, error) from None
        ending = Ending(planned.given_back, phases.forget(proved) if planned.leaves_nothing else ())
        after = self._finish(transaction, ending, proved).host
        result: PolicyResult = {**self._result(planned, seen, after, changed=True), **difference.planned(planned, seen)}
        result["assigned_by"] = reading.assigned_by
        return _warned(result, planned, (*readback.by_registry(reading), *readback.about_validity(seen, after)))

    def _plan(self, seen: host.HostState) -> planning.Plan:
        return self._desired.plan(seen, self._identity)

    def _allowed_plan(self, seen: host.HostState) -> planning.Plan:
        """Return the plan that is carried out next. Raises `PlanError` if it must not be."""
        planned = self._plan(seen)
        if planned.refusal:
            raise planning.PlanError(planned.refusal)
        return planned

    def _stage(self) -> PolicyResult:
        seen = self._target.read(validity=True)
        planned = self._allowed_plan(seen)
        if planned.empty:
            return self._unchanged(planned, seen)
        wanted = phases.stage(planned, seen, when=_now(), backup=self._task.backup)
        after = self._target.apply(wanted, validity=True).host
        if seen.policies_valid and after.policies_valid is False:
            self._reverted(after)
            raise WorkError(
                "Netsh reports an error in the policy store since the policy was staged, "
                "so the staged policy was deleted."
            )
        back = readback.still_there(planned.remains, after)
        if back:
            self._reverted(after)
            raise back
        diff = difference.planned(planned, seen, staging=True)
        result: PolicyResult = {**self._result(planned, seen, after, changed=True), **diff}
        result["transaction"] = str(planned.transaction)
        return _warned(result, planned, readback.about_validity(seen, after))

    def _commit_again(self, transaction: planning.Transaction, error: session.ExecutionError) -> PolicyResult:
        """Return the result of a commit whose answer was lost, if it is done already; otherwise raise the error."""
        if error.failure.fault is not records.Fault.CONFLICT:
            raise error
        seen = self._target.read()
        if life.answer(Asked.COMMIT, seen.unfinished, transaction.id) is not Decision.DONE:
            raise error
        return self._short_result(self._proved(self._not_in_clear_text(seen), transaction), changed=False)

    def _taken_back(self, transaction: planning.Transaction, error: WorkError) -> WorkError:
        """Return the error for an unproved commit, after reverting it if that is allowed."""
        seen = self._target.read()
        if life.answer(Asked.REVERT, seen.unfinished, transaction.id) is Decision.DONE:
            return error
        refusal = planning.revert_refused(seen, self._desired.name, self._desired.words)
        if refusal:
            return WorkError(f"{error} It was not reverted: {refusal}")
        previous, switches = planning.going_back(seen)
        self._reverted(seen)
        again = "the policy that was assigned before is assigned again" if previous and switches else "it was reverted"
        return WorkError(f"{str(error).rstrip('.')}, so {again}.")

    def _finish(self, transaction: planning.Transaction, ending: Ending, seen: host.HostState | None) -> Reading:
        """Carry out the last phase; return the host's answer. seen: the host before it, if it was read."""
        wanted = phases.finish(transaction, self._desired.name, ending.given_back, ending.forgetting)
        try:
            reading = self._target.apply(wanted, validity=True)
        except session.ExecutionError as error:
            if error.failure.fault is not records.Fault.CONFLICT:
                raise
            return self._finish_changed(transaction, error)
        return self._with_services(readback.finished(reading, transaction, reading.deleted), seen)

    def _finish_changed(self, transaction: planning.Transaction, conflict: session.ExecutionError) -> Reading:
        """Carry out the last phase after somebody else changed the store since the commit.

        Raises the conflict unless our policy is still assigned.
        """
        seen = self._target.read()
        unfinished, active = seen.unfinished, seen.store.active_path
        answer = life.answer(Asked.FINISH, unfinished, transaction.id)
        if unfinished is None or answer is not Decision.DO or not same(unfinished.policy, active):
            raise conflict
        ending = self._desired.ending(seen)
        wanted = phases.finish_changed(transaction, seen, self._desired.name, ending.given_back, ending.forgetting)
        reading = self._target.apply(wanted, validity=True)
        return self._with_services(readback.finished(reading, transaction, phases.still_obsolete(seen)), seen)

    def _reverted(self, seen: host.HostState) -> Reading:
        """Revert; return the host's answer."""
        return self._with_services(self._target.apply(phases.revert(seen)), seen)

    def _with_services(self, reading: Reading, before: host.HostState | None) -> Reading:
        """Return the reading, unless a service did not get back what it had although our note of that is gone.

        In that case the note is written again, so that a repeated run gives it back, and `WorkError` is raised.
        """
        if before is None or reading.host.services_before:
            return reading
        left = services.to_give_back(dataclasses.replace(reading.host, services_before=before.services_before))
        if left:
            self._target.apply(phases.note_services(before, left))
            raise WorkError(
                f"sc.exe reported that it restored the service {left[0]}, but the host reads back something else; "
                "find out what holds it, then run this task again."
            )
        return reading

    def _not_in_clear_text(self, seen: host.HostState) -> host.HostState:
        """Return the host, unless ProhibitIpSec was set since the stage and what was committed does not protect.

        In that case the commit is reverted, and `PlanError` is raised.
        """
        refusal = planning.committed_refused(seen, self._desired.name, self._desired.words)
        if refusal:
            self._reverted(seen)
            raise planning.PlanError(refusal)
        return seen

    def _proved(self, seen: host.HostState, transaction: planning.Transaction) -> host.HostState:
        """Return the host once it shows what was committed. Raises `WorkError` if it does not."""
        seen, late = self._settled(seen, lambda now: () if self._missing(now, transaction) else self._unloaded(now))
        missing = self._missing(seen, transaction) or (self._after(late) if late else self._unlisted(seen))
        if missing:
            raise WorkError(f"the policy {self._desired.name!r} was written, but {missing}")
        return seen

    def _settled(
        self, seen: host.HostState, awaited: Callable[[host.HostState], tuple[str, ...]]
    ) -> tuple[host.HostState, tuple[str, ...]]:
        """Return the host once nothing is awaited, or patience has ended, and what is still awaited, a clause each."""
        seen = self._task.patience.until(seen, lambda now: not awaited(now), self._target.read)
        return seen, awaited(seen)

    def _after(self, late: Sequence[str]) -> str:
        """Return the end of a sentence: how long was waited, and the clauses about what did not come up."""
        seconds = self._task.patience.seconds
        return f"{f'after {seconds} seconds ' if seconds else ''}{' and '.join(late)}."

    def _missing(self, seen: host.HostState, transaction: planning.Transaction) -> str:
        """Return what a host lacks, and always will, of what was committed; the empty string if it lacks nothing."""
        if transaction.assigns and not seen.store.assigns(transaction.assigned):
            return "the host has another policy assigned."
        if self._desired.assigned and not self._desired.matches(seen):
            return "the host reads back something other than what was declared."
        return ""

    def _unlisted(self, seen: host.HostState) -> str:
        return next(protection.unlisted(seen, self._desired.assigned), "") if self._desired.assigned else ""

    def _unloaded(self, seen: host.HostState) -> tuple[str, ...]:
        return settling.unloaded(seen, self._desired.assigned) if self._desired.assigned else ()

    def _unchanged(self, planned: planning.Plan, seen: host.HostState) -> PolicyResult:
        diff = difference.planned(planned, seen)
        return _warned({**self._result(planned, seen, changed=False), **diff}, planned)

    def _result(
        self, planned: planning.Plan, seen: host.HostState, after: host.HostState | None = None, *, changed: bool
    ) -> PolicyResult:
        """Return the result of a plan for a host. after: the host after the work, if any was done."""
        return {
            **self._short_result(after or seen, changed=changed),
            "pending": not planned.empty,
            "changed_rules": list(planned.changed_rules),
            "changes": difference.reasons(planned, seen),
            "assigned_after": difference.assigned_after(planned, seen),
        }

    def _short_result(self, seen: host.HostState, *, changed: bool) -> PolicyResult:
        compared = self._desired.compared(seen, self._target.fingerprint)
        return {
            "changed": changed,
            "transaction": "",
            "matches": self._desired.matches(seen),
            "obstacles": [each.problem for each in self._desired.obstacles(seen)],
            "comparison": comparison.data(compared) if compared else None,
            "host": facts.facts(seen, self._desired.key_word()),
        }


def _warned(result: PolicyResult, planned: planning.Plan, more: Iterable[str] = ()) -> PolicyResult:
    warnings = [*planned.warnings, *more]
    if warnings:
        result["warnings"] = warnings
    return result


def _now() -> int:
    return int(time.time())
