# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""ProhibitIpSec (KB 240262): the value, the checks before it is set, and the memory of a pending restart.

RasMan reads the value when Windows boots. So we keep a note of what was set and what was there before, and below it a
volatile key, which vanishes at the restart. The volatile key holds what Windows booted with, if known, so that a value
that is taken back before it took effect needs no restart.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

from ansible_collections.rras.ipsec.plugins.plugin_utils._policy import clear_text, phases, protection, settling, steps
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.clear_text import InEffect, Move, Ruling, Why
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.host import (
    PROHIBIT_IPSEC,
    PROHIBITED,
    RASMAN,
    RESTART_PENDING,
    VALUE_NOTE,
    HostState,
)
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.plan import PlanError
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.registry import Value
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.results import Diff
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.store import LOCAL
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.words import TASK, Words


@dataclasses.dataclass(frozen=True, slots=True)
class ProhibitIpSecPlan:
    """What is to be done to the value; None stands for no value."""

    before: Value | None
    after: Value | None
    steps: tuple[steps.Step, ...]
    in_effect: InEffect
    warnings: tuple[str, ...] = ()
    diff: Diff = dataclasses.field(default_factory=Diff)


@dataclasses.dataclass(frozen=True, slots=True)
class DesiredProhibitIpSec:
    """What is declared about the value."""

    present: bool
    policy: str
    """The name of the policy that must protect; if empty, whichever is assigned."""
    require_effective_policy: bool
    predicted: bool
    restart_if_unknown: bool
    only_recorded: bool
    """Whether a removal leaves the value if it is not known what was there before."""
    backup: bool
    words: Words = TASK


def awaited(desired: DesiredProhibitIpSec, host: HostState) -> tuple[str, ...]:
    """Return what must still come up, and will by itself, before the value may be set, a clause each."""
    looks = desired.present and desired.require_effective_policy and not desired.predicted
    return settling.unready(host, desired.policy) if looks else ()


def plan_value(desired: DesiredProhibitIpSec, host: HostState, waited: int = 0) -> ProhibitIpSecPlan:
    """Return the plan for the value. waited: for how many seconds the awaited things were waited for in vain.

    Raises `PlanError` if the value would leave L2TP unprotected because no policy protects it, or if the present value
    could not be given back.
    """
    before = host.prohibit_ipsec
    after = _wanted(desired, host)
    if before != after:
        _refuse_unknown_kind(host)
    warnings = (
        _warnings_of_removal(host)
        if not desired.present
        else ()
        if desired.predicted
        else _warnings(desired, host, waited)
    )
    unproved = desired.restart_if_unknown and desired.present and host.in_effect is InEffect.UNKNOWN
    taken_away = not desired.present and host.taken_away  # by somebody else: delete the note, need a restart
    if before == after and not (unproved or taken_away):
        shown = _shown(before, host.in_effect, _noted(host))
        return ProhibitIpSecPlan(before, after, (), host.in_effect, warnings, {"before": shown, "after": shown})
    in_effect = _in_effect_after(host, after)
    diff: Diff = {
        "before": _shown(before, host.in_effect, _noted(host)),
        "after": _shown(after, in_effect, _noted_after(desired, host)),
    }
    return ProhibitIpSecPlan(before, after, tuple(_steps(desired, host, after)), in_effect, warnings, diff)


def text(value: Value | None) -> str:
    """Return the content of ProhibitIpSec in words; a number that is no REG_DWORD is shown with its kind."""
    if value is None:
        return "absent"
    return str(value.number) if value.number is not None else f"REG_{value.kind.upper()}"


def _in_effect_after(host: HostState, after: Value | None) -> InEffect:
    """Return whether Windows booted with the value that will be there."""
    if host.started_with_it != (after,):
        return InEffect.NO
    return InEffect.YES if after == PROHIBITED else InEffect.UNKNOWN


def _shown(value: Value | None, in_effect: InEffect, noted: str) -> str:
    """Return the text of a diff."""
    return f"ProhibitIpSec: {text(value)}\n  Windows booted with it: {in_effect}\n{noted}"


def _noted(host: HostState) -> str:
    note = host.prohibit_ipsec_note
    return _note(is_set=note.set_to is not None, before=text(note.before) if note.recorded else "not recorded")


def _noted_after(desired: DesiredProhibitIpSec, host: HostState) -> str:
    if not desired.present:
        return _note(is_set=False, before="not recorded")
    note = host.prohibit_ipsec_note
    return _note(is_set=True, before=text(host.prohibit_ipsec if note.set_to is None else note.before))


def _note(*, is_set: bool, before: str) -> str:
    return f"  set by this collection: {'yes' if is_set else 'no'}\n  before this collection changed it: {before}\n"


def _wanted(desired: DesiredProhibitIpSec, host: HostState) -> Value | None:
    if desired.present:
        return PROHIBITED
    return host.prohibit_ipsec_after_removal(only_recorded=desired.only_recorded)


def _refuse_unknown_kind(host: HostState) -> None:
    if host.prohibit_ipsec is not None and host.prohibit_ipsec.kind not in phases.GIVEN_BACK:
        raise PlanError(
            "ProhibitIpSec on this host is neither a number nor a text, so it could not be restored; "
            "delete it by hand, or make it a REG_DWORD."
        )


def _warnings(desired: DesiredProhibitIpSec, host: HostState, waited: int) -> tuple[str, ...]:
    """Return what must be said of L2TP with the value, a sentence each.

    Raises `PlanError` if the value must not be set.
    """
    if desired.require_effective_policy:
        _require_effective(host, desired, waited)
    active = None if host.domain_policy else host.store.active
    cover = protection.cover(active)
    verdict = clear_text.judge(Move.SET_PROHIBIT_IPSEC, prohibited=True, in_effect=host.in_effect, cover_after=cover)
    said = [
        f"L2TP of this host is in clear text after the next boot, because {idle.problem}"
        for idle in protection.idle_at_start(host)
    ]
    if verdict.answer is Ruling.REFUSED:
        reason = protection.why_open(active.policy) if active else "no policy is assigned"
        if desired.require_effective_policy:
            raise _refused(f"{reason}.", desired)
        said.append(f"With ProhibitIpSec all L2TP of this host is in clear text, because {reason}.")
    elif verdict.why is Why.OTHERS and active:
        said.append(protection.uncovered(active, desired.words))
    late = protection.late_at_start(host, desired.words)
    return (*said, *late, *protection.ipv6_in_clear_text(host, desired.words))


def _warnings_of_removal(host: HostState) -> tuple[str, ...]:
    """Return what must be said of L2TP without the value, a sentence each."""
    active = None if host.domain_policy else host.store.active
    verdict = clear_text.judge(
        Move.REMOVE_PROHIBIT_IPSEC,
        prohibited=host.prohibited,
        in_effect=host.in_effect,
        cover_after=protection.cover(active),
        in_the_way_after=clear_text.in_the_way(active.policy if active else None),
    )
    return (protection.in_the_way(active.policy),) if active and verdict.answer is Ruling.WARNED else ()


def _require_effective(host: HostState, desired: DesiredProhibitIpSec, waited: int) -> None:
    late = awaited(desired, host)
    if late and waited:
        raise _refused(f"after {waited} seconds {' and '.join(late)}.", desired)
    obstacles = (*protection.obstacles(host, desired.policy), *protection.idle_at_start(host))
    if obstacles:
        raise _refused(obstacles[0].problem, desired)


def _refused(reason: str, desired: DesiredProhibitIpSec) -> PlanError:
    needed = f"the policy {desired.policy!r}" if desired.policy else "a policy that protects it"
    return PlanError(
        f"ProhibitIpSec would leave this host's L2TP in clear text, because {reason} "
        f"Put {needed} into force first ({desired.words.assign_policy}){desired.words.without_policy}."
    )


def _steps(desired: DesiredProhibitIpSec, host: HostState, after: Value | None) -> Iterator[steps.Step]:
    # Whether the value may be changed was decided for this policy store and this value.
    yield steps.ExpectUnchanged(LOCAL, host.digest)
    yield from phases.expect_value(host)
    yield from phases.own_key()
    if desired.backup:
        yield from phases.back_up(host, (RASMAN,))
    yield steps.CreateKey(VALUE_NOTE)
    if not host.prohibit_ipsec_note.restart_pending:
        yield from _remember_start(host)
    # Our note is written before the value and outlives it, so that what was there before us survives a power failure.
    if desired.present:
        if host.prohibit_ipsec_note.set_to is None:
            yield from phases.remember_value(host)
        yield steps.SetValue(VALUE_NOTE, "Set", PROHIBITED)
    # Windows writes its hives late, each by itself: the policy must be on disk before the value can be.
    yield steps.Flush(LOCAL)
    if after is None:
        yield steps.UnsetValue(RASMAN, PROHIBIT_IPSEC)
    elif host.prohibit_ipsec != after:
        yield steps.SetValue(RASMAN, PROHIBIT_IPSEC, after)
    yield steps.Flush(RASMAN)
    if _in_effect_after(host, after) is not InEffect.NO:
        yield steps.DeleteKey(RESTART_PENDING)
    if not desired.present:
        yield from _no_note()


def _remember_start(host: HostState) -> Iterator[steps.Step]:
    """Yield the steps that note, until the next boot, that a restart is pending, and what Windows booted with."""
    yield steps.CreateKey(RESTART_PENDING, volatile=True)
    if host.started_with_it is None:
        return
    (started,) = host.started_with_it
    if started is not None:
        yield steps.SetValue(RESTART_PENDING, "Started", started)
    yield steps.SetValue(RESTART_PENDING, "Recorded", Value.sz("yes"))


def _no_note() -> Iterator[steps.Step]:
    for name in ("Recorded", "Set", "Before"):
        yield steps.UnsetValue(VALUE_NOTE, name)
