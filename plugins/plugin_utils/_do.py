# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The work of the modules, done with validated options on the task's host. The role's steps use it too."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.rras.ipsec.plugins.plugin_utils._action import RrasAction
from ansible_collections.rras.ipsec.plugins.plugin_utils._patience import Patience
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy import declaration, plan
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.desired import Absent, Desired, Present
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.prohibit_ipsec import DesiredProhibitIpSec
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.results import (
    InfoResult,
    PolicyResult,
    ProhibitIpSecResult,
)
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.words import CALLERS
from ansible_collections.rras.ipsec.plugins.plugin_utils._work import PolicyTask, PolicyWork, inform, set_prohibit_ipsec


def policy(action: RrasAction, options: Mapping[str, Any], *, check_mode: bool) -> PolicyResult:
    """Carry out one phase, or all phases, of a declared policy. Raises what `RrasAction.act` may."""
    declared = declaration.declare(options) if options["state"] == "present" else None
    declaration.check_settle_timeout("settle_timeout", options["settle_timeout"])
    target = action.target(options)
    words = CALLERS[options["caller"]]
    desired: Desired = Absent(options["name"], all_ours=options["all_ours"], words=words)
    if declared:
        desired = Present(declared, target.nonce, agent_first=options["policy_agent_first"], words=words)
    patience = Patience(options["settle_timeout"])
    task = PolicyTask(desired, options["backup"], patience, predicted=options["predicted"])
    work = PolicyWork(target, task, check_mode=check_mode)
    return _phase(options["phase"], options["transaction"], work, check_mode=check_mode)


def prohibit_ipsec(action: RrasAction, options: Mapping[str, Any], *, check_mode: bool) -> ProhibitIpSecResult:
    """Set or remove ProhibitIpSec. Raises what `RrasAction.act` may."""
    desired = DesiredProhibitIpSec(
        present=options["state"] == "present",
        policy=options["policy"] or "",
        require_effective_policy=options["require_effective_policy"],
        predicted=options["predicted"] and check_mode,
        restart_if_unknown=options["restart_if_unknown"],
        only_recorded=options["only_recorded"],
        backup=options["backup"],
        words=CALLERS[options["caller"]],
    )
    declaration.check_settle_timeout("settle_timeout", options["settle_timeout"])
    patience = Patience(options["settle_timeout"])
    return set_prohibit_ipsec(action.target(options), desired, patience, check_mode=check_mode)


def info(action: RrasAction, options: Mapping[str, Any]) -> InfoResult:
    """Read a host. Raises what `RrasAction.act` may."""
    by_rule = {rule["name"]: rule["preshared_key"] for rule in options["rules"]}
    return inform(action.target(options), action.host, options["preshared_keys"], by_rule)


def _phase(phase: str, transaction: str | None, work: PolicyWork, *, check_mode: bool) -> PolicyResult:
    reading = {"plan": work.plan, "prove": work.prove, "verify": work.verify}
    if phase in reading:
        return reading[phase]()
    if check_mode:
        return work.predict()
    whole = {"stage": work.stage, "all": work.everything}
    if phase in whole:
        return whole[phase]()
    later = {"commit": work.commit, "revert": work.revert, "finish": work.finish}[phase]
    return later(plan.Transaction.parse(transaction or ""))
