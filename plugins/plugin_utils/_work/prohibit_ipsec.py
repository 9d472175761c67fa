# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sets or removes ProhibitIpSec on one host, and proves it."""

from __future__ import annotations

from ansible_collections.rras.ipsec.plugins.plugin_utils._patience import Patience
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy import (
    prohibit_ipsec,
)
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.clear_text import InEffect
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.registry import Value
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.results import ProhibitIpSecResult
from ansible_collections.rras.ipsec.plugins.plugin_utils._work.target import Target, WorkError, once_more


def set_prohibit_ipsec(
    target: Target, desired: prohibit_ipsec.DesiredProhibitIpSec, patience: Patience, *, check_mode: bool
) -> ProhibitIpSecResult:
    """Set or remove ProhibitIpSec, if that is safe; return the task's result.

    patience: how long to wait for what the protecting policy still lacks and Windows will do by itself.
    """
    return once_more(lambda: _set_prohibit_ipsec(target, desired, patience, check_mode=check_mode))


def _set_prohibit_ipsec(
    target: Target, desired: prohibit_ipsec.DesiredProhibitIpSec, patience: Patience, *, check_mode: bool
) -> ProhibitIpSecResult:
    seen = patience.until(target.read(), lambda now: not prohibit_ipsec.awaited(desired, now), target.read)
    planned = prohibit_ipsec.plan_value(desired, seen, patience.seconds)
    after = target.apply(planned.steps).host if planned.steps and not check_mode else seen
    if not check_mode and after.prohibit_ipsec != planned.after:
        raise WorkError("ProhibitIpSec was written, but the host reads back another value.")
    result: ProhibitIpSecResult = {
        "changed": bool(planned.steps),
        "value": _number(planned.after),
        "before": _number(planned.before),
        "in_effect": str(planned.in_effect),
        "reboot_required": planned.in_effect is InEffect.NO,
        "diff": planned.diff,
    }
    if planned.warnings:
        result["warnings"] = list(planned.warnings)
    return result


def _number(found: Value | None) -> int | None:
    return found.number if found else None
