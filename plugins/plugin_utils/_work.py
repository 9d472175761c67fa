# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The phases of a policy on one host: read, plan, apply, prove. Here, and only here, _policy and _host meet."""

from __future__ import annotations

import dataclasses
import hashlib
import hmac
import time
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from ansible_collections.rras.ipsec.plugins.plugin_utils._host import records, session
from ansible_collections.rras.ipsec.plugins.plugin_utils._patience import Patience
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy import (
    comparison,
    describe,
    difference,
    facts,
    firewall,
    host,
    model,
    phases,
    protection,
    settling,
    steps,
    value,
)
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy import plan as planning
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.clear_text import InEffect
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.declaration import Declaration
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.registry import Value
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.words import TASK, Words

_PREDICTED = " In check mode, set predicted to true where tasks before this one do that."


class WorkError(Exception):
    """What was done could not be proved."""


@dataclasses.dataclass(frozen=True, slots=True)
class Reading:
    """What one execution answered: the host as it is, and how a policy was assigned."""

    host: host.Host
    assigned_by: str
    deleted: tuple[str, ...] = ()
    """What the host says that it deleted of the policy store."""


class Session:
    """One task's executions, in the terms of the policy core."""

    def __init__(self, executions: session.Session, nonce: bytes, secret: bytes = b"") -> None:
        """Make a session; secret: of this run alone, for `fingerprint`."""
        self._executions = executions
        self._secret = secret
        self.nonce = nonce

    def fingerprint(self, masked: bytes) -> str:
        """Return what is equal for equal keys on any hosts of one run, and tells nothing else of them."""
        run, key = (hmac.new(self._secret, data, hashlib.sha256).hexdigest()[:16] for data in (b"", masked))
        return f"{run}-{key}"

    def read(self, *, validity: bool = False) -> host.Host:
        """Read everything about the host, in one execution."""
        return self.apply((), validity=validity).host

    def apply(self, wanted: Iterable[steps.Step], *, validity: bool = False) -> Reading:
        """Carry out steps as one transaction, and read everything after them."""
        answer = self._executions.run((*wanted, *host.reading(validity=validity)))
        unreadable = host.unreadable(answer.denied)
        if unreadable:
            raise planning.PlanError(unreadable)
        ran = {command: (program.code, program.lines) for command, program in answer.ran.items()}
        seen = host.understand(answer.tree, answer.access, answer.digests[-1], ran, answer.denied)
        return Reading(seen, answer.assigned_by, answer.deleted)


@dataclasses.dataclass(frozen=True, slots=True)
class PolicyWish:
    """What one task wants of a policy."""

    name: str
    declaration: Declaration | None
    """None: the policy is to be absent."""
    agent_first: bool
    backup: bool
    patience: Patience
    """How long is waited for what comes by itself after a commit, or after a start of Windows."""
    all_ours: bool = False
    """Whether all policies of ours are to be absent, whatever their names."""
    predicted: bool = False
    """Whether ProhibitIpSec counts, in check mode, as given back, and Windows as restarted after that."""
    words: Words = TASK


class PolicyWork:
    """One task's work on one policy of one host. Each method is a phase and returns the task's result."""

    def __init__(self, executions: Session, wish: PolicyWish, *, check_mode: bool) -> None:
        self._session = executions
        self._wish = wish
        self._check_mode = check_mode
        self._identity = uuid.uuid4()

    def plan(self) -> dict[str, Any]:
        """Read and plan; change nothing. In check mode the result predicts, so it says `changed`."""
        return self._planned(self._session.read())

    def prove(self) -> dict[str, Any]:
        """As `plan`, once the host shows what comes by itself after a start of Windows.

        Before a removal nothing has to be proved: what does not come then does not stand in its way.
        """
        seen, late = self._settled(self._session.read(), self._unproved)
        if late and self._wish.declaration:
            raise WorkError(
                f"the policy {self._wish.name!r} is in force, but {self._after(late)} "
                "Look at the event log of this host, then repeat the run."
            )
        return self._planned(seen)

    def _planned(self, seen: host.Host) -> dict[str, Any]:
        planned = self._plan(seen)
        if planned.lasting_refusal:
            raise planning.PlanError(planned.lasting_refusal)
        diff = difference.planned(planned, seen) if self._check_mode else {}
        result = self._result(planned, seen, changed=self._check_mode and not planned.empty) | diff
        return _warned(result, planned) | ({"obstacles": [planned.refusal]} if planned.refusal else {})

    def verify(self) -> dict[str, Any]:
        """Read and compare, and nothing else: what a plan would refuse is said, and refuses nothing here."""
        seen = self._session.read()
        return self._short_result(seen, changed=False) | {"refusal": self._refusal(seen)}

    def predict(self) -> dict[str, Any]:
        """As `plan`, of what would be carried out at once: what would be refused is refused."""
        seen = self._session.read()
        planned = self._plan(seen)
        if planned.lasting_refusal or (planned.refusal and not self._wish.predicted):
            hint = "" if planned.lasting_refusal else _PREDICTED
            raise planning.PlanError(f"{planned.refusal or planned.lasting_refusal}{hint}")
        result = self._result(planned, seen, changed=not planned.empty)
        return _warned(result | difference.planned(planned, seen), planned)

    def stage(self) -> dict[str, Any]:
        """Write the new generation beside the old one; when the store changes meanwhile, once more."""
        return _once_more(self._stage)

    def commit(self, transaction: planning.Transaction) -> dict[str, Any]:
        """Put in force what was staged, and prove it."""
        try:
            reading = self._session.apply(phases.commit(transaction, self._wish.name))
        except session.TransactionError as error:
            return self._commit_again(transaction, error)
        seen = self._proved(self._not_in_clear_text(reading.host), transaction)
        return self._short_result(seen, changed=True) | difference.committed(transaction, seen) | _assigned_by(reading)

    def revert(self, transaction: planning.Transaction) -> dict[str, Any]:
        """Take back what this transaction did; nothing, where another one took its place or it is finished."""
        seen = self._session.read()
        if seen.pending is None or seen.pending.id != str(transaction.id):
            return self._short_result(seen, changed=False)
        refusal = planning.revert_refused(seen, self._wish.name, self._wish.words)
        if refusal:
            raise planning.PlanError(refusal)
        reading = self._session.apply(phases.revert(seen))
        result = self._short_result(reading.host, changed=True) | difference.between(seen, reading.host)
        return result | _assigned_by(reading)

    def finish(self, transaction: planning.Transaction) -> dict[str, Any]:
        """Delete the old generation; `changed` where there was one, or something to give back."""
        seen = self._session.read() if self._wish.declaration is None else None
        reading = self._finish(transaction, *_end_of_removal(seen))
        diff = difference.finished(transaction, self._wish.name, reading.deleted, reading.host)
        diff = difference.between(seen, reading.host) if seen else diff
        return self._short_result(reading.host, changed=difference.shows(diff)) | diff

    def everything(self) -> dict[str, Any]:
        """All phases; what can't be proved is taken back. When the store changes meanwhile, once more."""
        return _once_more(self._everything)

    def _everything(self) -> dict[str, Any]:
        seen = self._session.read(validity=True)
        planned = self._allowed_plan(seen)
        if planned.empty:
            return _warned(self._result(planned, seen, changed=False) | difference.planned(planned, seen), planned)
        transaction = planned.transaction
        staging = phases.stage(planned, seen, when=_now(), backup=self._wish.backup)
        reading = self._session.apply((*staging, *phases.commit(transaction, self._wish.name)))
        try:
            proved = self._proved(reading.host, transaction)
        except WorkError as error:
            raise self._taken_back(transaction, error) from None
        forgetting = phases.forget(proved) if planned.leaves_nothing else ()
        after = self._finish(transaction, planned.given_back, forgetting).host
        result = self._result(planned, seen, after, changed=True) | difference.planned(planned, seen)
        result |= {"assigned_by": reading.assigned_by}
        return _warned(result, planned, (*_by_registry(reading), *_about_validity(seen, after)))

    def _plan(self, seen: host.Host) -> planning.Plan:
        if self._wish.declaration is None:
            name, all_ours = self._wish.name, self._wish.all_ours
            return planning.plan_absent(name, seen, self._identity, self._wish.words, all_ours=all_ours)
        return planning.plan_present(
            self._wish.declaration,
            seen,
            self._session.nonce,
            self._identity,
            self._wish.words,
            agent_first=self._wish.agent_first,
        )

    def _refusal(self, seen: host.Host) -> str:
        """Why what is declared must not be brought about on the host as it is; nothing where it may be."""
        if self._wish.declaration is None:
            return ""
        try:
            planned = self._plan(seen)
        except planning.PlanError as error:
            return str(error)
        return planned.lasting_refusal or planned.refusal

    def _allowed_plan(self, seen: host.Host) -> planning.Plan:
        """Plan what is carried out next. Raises `PlanError` where it must not be."""
        planned = self._plan(seen)
        if planned.refusal:
            raise planning.PlanError(planned.refusal)
        return planned

    def _stage(self) -> dict[str, Any]:
        seen = self._session.read(validity=True)
        planned = self._allowed_plan(seen)
        if planned.empty:
            return _warned(self._result(planned, seen, changed=False) | difference.planned(planned, seen), planned)
        wanted = phases.stage(planned, seen, when=_now(), backup=self._wish.backup)
        after = self._session.apply(wanted, validity=True).host
        if seen.policies_valid and after.policies_valid is False:
            self._session.apply(phases.revert(after))
            raise WorkError(
                "Netsh reports an error in the policy store since the policy was staged, so it was deleted again."
            )
        result = self._result(planned, seen, after, changed=True) | difference.planned(planned, seen, staging=True)
        result |= {"transaction": str(planned.transaction)}
        return _warned(result, planned, _about_validity(seen, after))

    def _commit_again(self, transaction: planning.Transaction, error: session.TransactionError) -> dict[str, Any]:
        """The result for a commit that was done before, when its answer got lost."""
        if error.failure.fault is not records.Fault.CONFLICT:
            raise error
        seen = self._session.read()
        pending = seen.pending
        if pending is None or pending.id != str(transaction.id) or pending.phase is not host.Phase.COMMITTED:
            raise error
        return self._short_result(self._proved(self._not_in_clear_text(seen), transaction), changed=False)

    def _taken_back(self, transaction: planning.Transaction, error: WorkError) -> WorkError:
        """The error for what was committed and could not be proved, once that is taken back, where it may be."""
        seen = self._session.read()
        if seen.pending is None or seen.pending.id != str(transaction.id):
            return error
        refusal = planning.revert_refused(seen, self._wish.name, self._wish.words)
        if refusal:
            return WorkError(f"{error} It is not taken back: {refusal}")
        previous, switches = planning.going_back(seen)
        self._session.apply(phases.revert(seen))
        again = (
            "the policy that was assigned before is assigned again" if previous and switches else "it was taken back"
        )
        return WorkError(f"{str(error).rstrip('.')}, so {again}.")

    def _finish(
        self,
        transaction: planning.Transaction,
        given_back: tuple[host.Theirs, ...],
        forgetting: tuple[steps.Step, ...],
    ) -> Reading:
        """What the last phase answered."""
        wanted = phases.finish(transaction, self._wish.name, given_back, forgetting)
        try:
            return _finished(self._session.apply(wanted, validity=True), transaction)
        except session.TransactionError as error:
            if error.failure.fault is not records.Fault.CONFLICT:
                raise
            return _finished(self._finish_changed(transaction, error), transaction)

    def _finish_changed(self, transaction: planning.Transaction, conflict: session.TransactionError) -> Reading:
        seen = self._session.read()
        pending, active = seen.pending, seen.store.active_path
        if pending is None or pending.id != str(transaction.id) or pending.policy.casefold() != active.casefold():
            raise conflict
        given_back, forgetting = _end_of_removal(seen if self._wish.declaration is None else None)
        wanted = phases.finish_changed(transaction, seen, self._wish.name, given_back, forgetting)
        return self._session.apply(wanted, validity=True)

    def _not_in_clear_text(self, seen: host.Host) -> host.Host:
        """The host, unless somebody set ProhibitIpSec between the stage and the commit of what does not protect."""
        refusal = planning.committed_refused(seen, self._wish.name, self._wish.words)
        if refusal:
            self._session.apply(phases.revert(seen))
            raise planning.PlanError(refusal)
        return seen

    def _proved(self, seen: host.Host, transaction: planning.Transaction) -> host.Host:
        """The host, once it shows what was committed."""
        seen, late = self._settled(seen, lambda now: () if self._missing(now, transaction) else self._unloaded(now))
        missing = self._missing(seen, transaction) or (self._after(late) if late else self._unlisted(seen))
        if missing:
            raise WorkError(f"the policy {self._wish.name!r} was written, but {missing}")
        return seen

    def _settled(
        self, seen: host.Host, awaited: Callable[[host.Host], tuple[str, ...]]
    ) -> tuple[host.Host, tuple[str, ...]]:
        """The host when nothing is awaited any more, or patience ends; and what is awaited even then, a clause each."""
        seen = self._wish.patience.until(seen, lambda now: not awaited(now), self._session.read)
        return seen, awaited(seen)

    def _after(self, late: Sequence[str]) -> str:
        """The clauses about what did not come, as the end of a sentence that says how long was waited."""
        seconds = self._wish.patience.seconds
        return f"{f'after {seconds} seconds ' if seconds else ''}{' and '.join(late)}."

    def _missing(self, seen: host.Host, transaction: planning.Transaction) -> str:
        """What a host does not show of what was committed and never will; nothing where all of that is there."""
        if transaction.assigns and seen.store.active_path.casefold() != transaction.assigned.casefold():
            return "the host has another policy assigned."
        if self._assigned is not None and not self._matches(seen):
            return "what the host reads back is not what was declared."
        return ""

    @property
    def _assigned(self) -> model.Policy | None:
        """The declared policy, where it is to be assigned."""
        wanted = self._wish.declaration
        return wanted.policy if wanted and wanted.assigned else None

    def _unlisted(self, seen: host.Host) -> str:
        return next(protection.unlisted(seen, self._assigned), "") if self._assigned else ""

    def _unloaded(self, seen: host.Host) -> tuple[str, ...]:
        return settling.unloaded(seen, self._assigned) if self._assigned else ()

    def _unproved(self, seen: host.Host) -> tuple[str, ...]:
        if self._wish.declaration is None:
            return settling.starting(seen)
        return settling.unproved(seen, self._assigned) if self._assigned and self._matches(seen) else ()

    def _result(
        self, planned: planning.Plan, seen: host.Host, after: host.Host | None = None, *, changed: bool
    ) -> dict[str, Any]:
        """The result for a plan that was made for a host. after: the host as it is then, where something was done."""
        return self._short_result(after or seen, changed=changed) | {
            "pending": not planned.empty,
            "changed_rules": list(planned.changed_rules),
            "changes": difference.reasons(planned, seen),
            "assigned_after": difference.assigned_after(planned, seen),
        }

    def _short_result(self, seen: host.Host, *, changed: bool) -> dict[str, Any]:
        return {
            "changed": changed,
            "transaction": "",
            "matches": self._matches(seen),
            "obstacles": list(protection.obstacles(seen, self._wish.name)) if self._wish.declaration else [],
            "comparison": self._comparison(seen),
            "host": facts.facts(seen, self._key_word()),
        }

    def _comparison(self, seen: host.Host) -> dict[str, Any] | None:
        """What the host has of what is declared, as data."""
        if self._wish.declaration is None:
            return None
        wanted = self._wish.declaration.policy.masked(self._session.nonce)
        compared = comparison.compare(seen, wanted, self._key_word(), self._session.fingerprint)
        return facts.fields(compared)

    def _matches(self, seen: host.Host) -> bool:
        """Whether the host has what is declared: the policy, assigned if it is to be; or no policy of ours."""
        if self._wish.declaration is None:
            name = self._wish.name.casefold()
            return not any(self._wish.all_ours or found.name.casefold() == name for found in seen.our_policies)
        wanted = self._wish.declaration.policy.masked(self._session.nonce)
        found = [each for each in seen.store.find(wanted.name) if planning.means(each.policy, wanted)]
        active = seen.store.active_path.casefold()
        return any(not self._wish.declaration.assigned or each.path.casefold() == active for each in found)

    def _key_word(self) -> describe.KeyWord:
        if self._wish.declaration is None:
            return describe.key_states({})
        rules = self._wish.declaration.policy.masked(self._session.nonce).rules
        return describe.key_states({rule.name: rule.authentication for rule in rules})


def _once_more(attempt: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    try:
        return attempt()
    except session.TransactionError as error:
        if error.failure.fault is not records.Fault.CONFLICT:
            raise
    return attempt()


def _finished(reading: Reading, transaction: planning.Transaction) -> Reading:
    """The reading, if it shows that a transaction is finished: nothing of what was to be deleted is there."""
    left = [path for path in reading.deleted if path in reading.host.store.objects]
    if left or reading.host.pending:
        what = left[0] if left else host.TRANSACTION
        raise WorkError(f"the host said that it deleted {what}, but it is still there; look who holds or restores it.")
    if planning.Flag.UNBLOCK_IPV6 in transaction.flags and reading.host.windows_firewall.rules:
        raise WorkError(
            f"the rule {firewall.NAME} of Windows Firewall is still there; see that the service MpsSvc is running, "
            "and run this task again."
        )
    return reading


def _end_of_removal(seen: host.Host | None) -> tuple[tuple[host.Theirs, ...], tuple[steps.Step, ...]]:
    """What a removal gives back at its end: names; after our last policy, services and our record too.

    seen: the host before it; None where nothing is removed.
    """
    after = seen.pending if seen else None
    if seen is None or after is None:
        return (), ()
    given_back = tuple(each for each in seen.recorded_taken_over if each not in after.taken_over_after)
    return given_back, () if after.owned_after or after.adopted_after else phases.forget(seen)


def _assigned_by(reading: Reading) -> dict[str, Any]:
    """How the policy was assigned, with a warning where it was not by netsh."""
    warnings = _by_registry(reading)
    return {"assigned_by": reading.assigned_by} | ({"warnings": list(warnings)} if warnings else {})


def _by_registry(reading: Reading) -> tuple[str, ...]:
    """Warn when netsh did not assign the policy and the registry and PolicyAgent's reload had to do."""
    if reading.assigned_by != "registry":
        return ()
    return (
        "netsh did not assign the policy, so it was assigned in the registry and PolicyAgent was told to reload it.",
    )


def _about_validity(before: host.Host, after: host.Host) -> tuple[str, ...]:
    """Warn of a policy store that netsh finds fault with; one without policies is no fault, before or after."""
    if before.policies_valid is None or after.policies_valid is not False:
        return ()
    already = "already" if not before.policies_valid else "now, and did not"
    return (f"netsh reports an error in the policy store {already} before this change.",)


def _warned(result: dict[str, Any], planned: planning.Plan, more: Iterable[str] = ()) -> dict[str, Any]:
    warnings = [*planned.warnings, *more]
    return result | ({"warnings": warnings} if warnings else {})


def _now() -> int:
    return int(time.time())


def set_value(executions: Session, wish: value.ValueWish, *, check_mode: bool) -> dict[str, Any]:
    """Set or remove ProhibitIpSec, as far as that is safe; the task's result."""
    return _once_more(lambda: _set_value(executions, wish, check_mode=check_mode))


def _set_value(executions: Session, wish: value.ValueWish, *, check_mode: bool) -> dict[str, Any]:
    seen = executions.read()
    planned = value.plan_value(wish, seen)
    after = executions.apply(planned.steps).host if planned.steps and not check_mode else seen
    if not check_mode and after.prohibit_ipsec != planned.after:
        raise WorkError("ProhibitIpSec was written, but the host reads another value back.")
    result = {
        "changed": bool(planned.steps),
        "value": _number(planned.after),
        "before": _number(planned.before),
        "in_effect": str(planned.in_effect),
        "reboot_required": planned.in_effect is InEffect.NO,
        "diff": dict(planned.diff),
    }
    return result | ({"warnings": list(planned.warnings)} if planned.warnings else {})


def inform(
    executions: Session, preshared_keys: Sequence[str], by_rule: Mapping[str, str] = MappingProxyType({})
) -> dict[str, Any]:
    """Read a host; its keys only as matching the one of their rule, or one of these, or not. The task's result."""
    seen = executions.read(validity=True)

    def masked(key: str) -> model.AuthenticationMethod:
        return model.AuthenticationMethod.preshared_key(key).masked(executions.nonce)

    own = describe.key_states({name: [masked(key)] for name, key in by_rule.items()})
    of_any = describe.any_key_states([masked(key) for key in preshared_keys])

    def word(rule: str, method: model.AuthenticationMethod) -> str:
        return own(rule, method) if rule in by_rule else of_any(rule, method)

    return {"changed": False, "host": facts.facts(seen, word)}


def _number(found: Value | None) -> int | None:
    return found.number if found else None
