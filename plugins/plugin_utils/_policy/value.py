# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""ProhibitIpSec (KB 240262): the value, the guard before it is set, and the memory of a pending restart.

RasMan reads the value when Windows starts. So beside the value stands our note of what was set and what was there
before, and, below it, a volatile key that vanishes at the restart.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

from ansible_collections.rras.ipsec.plugins.plugin_utils._policy import phases, protection, steps
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.host import (
    PROHIBIT_IPSEC,
    RASMAN,
    RESTART_PENDING,
    SWITCHED_OFF,
    VALUE_NOTE,
    Host,
    InEffect,
)
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.plan import PlanError
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.registry import Value


@dataclasses.dataclass(frozen=True, slots=True)
class ValuePlan:
    """What is to happen to the value; None stands for a value that is not there."""

    before: int | None
    after: int | None
    steps: tuple[steps.Step, ...]
    in_effect: InEffect


@dataclasses.dataclass(frozen=True, slots=True)
class ValueWish:
    """What is declared about the value."""

    present: bool
    policy: str
    require_effective_policy: bool
    predicted: bool
    restart_if_unknown: bool
    backup: bool


def plan_value(wish: ValueWish, host: Host) -> ValuePlan:
    """The plan for the value.

    Raises `PlanError` when the value would take the protection from L2TP because no policy gives it.
    """
    before = host.prohibit_ipsec
    after = _wanted(wish, host)
    if wish.present and wish.require_effective_policy and not wish.predicted:
        _require_effective(host, wish.policy)
    if before == after and not (wish.restart_if_unknown and wish.present and host.in_effect is InEffect.UNKNOWN):
        return ValuePlan(before, after, (), host.in_effect)
    return ValuePlan(before, after, tuple(_steps(wish, host, after)), InEffect.NO)


def _wanted(wish: ValueWish, host: Host) -> int | None:
    if wish.present:
        return SWITCHED_OFF
    if host.value_note.recorded:
        return host.value_note.before
    return None if host.prohibit_ipsec == SWITCHED_OFF else host.prohibit_ipsec


def _require_effective(host: Host, policy: str) -> None:
    obstacles = protection.obstacles(host, policy)
    if obstacles:
        raise PlanError(
            f"ProhibitIpSec would leave this host's L2TP in clear text, because {obstacles[0]} "
            f"Bring the policy {policy!r} into force first (win_ipsec_psk_policy), "
            "or set require_effective_policy to false."
        )


def _steps(wish: ValueWish, host: Host, after: int | None) -> Iterator[steps.Step]:
    yield from phases.own_key()
    if wish.backup:
        yield from phases.back_up(host, (RASMAN,))
    yield steps.CreateKey(VALUE_NOTE)
    yield steps.CreateKey(RESTART_PENDING, volatile=True)
    # Our note is there before the value and stays as long, so that what was there before us survives a power cut.
    if wish.present:
        yield from _note(host)
    if after is None:
        yield steps.UnsetValue(RASMAN, PROHIBIT_IPSEC)
    elif host.prohibit_ipsec != after:
        yield steps.SetValue(RASMAN, PROHIBIT_IPSEC, Value.dword(after))
    if not wish.present:
        yield from _no_note()


def _note(host: Host) -> Iterator[steps.Step]:
    if not host.value_note.recorded and host.prohibit_ipsec is not None:
        yield steps.SetValue(VALUE_NOTE, "Before", Value.dword(host.prohibit_ipsec))
    yield steps.SetValue(VALUE_NOTE, "Set", Value.dword(SWITCHED_OFF))
    yield steps.SetValue(VALUE_NOTE, "Recorded", Value.sz("yes"))


def _no_note() -> Iterator[steps.Step]:
    for name in ("Recorded", "Set", "Before"):
        yield steps.UnsetValue(VALUE_NOTE, name)
