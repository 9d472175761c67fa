# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The action behind the module win_ipsec_psk_policy."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.rras.ipsec.plugins.plugin_utils._action import RrasAction
from ansible_collections.rras.ipsec.plugins.plugin_utils._patience import Patience
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy import declaration, plan
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.desired import Absent, Desired, Present
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.words import CALLERS
from ansible_collections.rras.ipsec.plugins.plugin_utils._specs import POLICY
from ansible_collections.rras.ipsec.plugins.plugin_utils._work import PolicyTask, PolicyWork


class ActionModule(RrasAction):
    """One phase, or all, of a declared IPsec policy."""

    SPEC = POLICY
    REQUIRED_IF = (
        ("phase", "commit", ("transaction",)),
        ("phase", "revert", ("transaction",)),
        ("phase", "finish", ("transaction",)),
    )

    def act(self, options: Mapping[str, Any]) -> Mapping[str, Any]:
        declared = declaration.declare(options) if options["state"] == "present" else None
        declaration.check_settle_timeout("settle_timeout", options["settle_timeout"])
        target = self.target(options)
        words = CALLERS[options["caller"]]
        desired: Desired = Absent(options["name"], all_ours=options["all_ours"], words=words)
        if declared:
            desired = Present(declared, target.nonce, agent_first=options["policy_agent_first"], words=words)
        patience = Patience(options["settle_timeout"])
        task = PolicyTask(desired, options["backup"], patience, predicted=options["predicted"])
        return self._do(options, PolicyWork(target, task, check_mode=self._task.check_mode))

    def _do(self, options: Mapping[str, Any], work: PolicyWork) -> Mapping[str, Any]:
        """Do the phase that is asked for."""
        phase = options["phase"]
        if phase == "plan":
            return {**work.plan(), "strategy": str(self._task.get_play().strategy)}
        reading = {"prove": work.prove, "verify": work.verify}
        if phase in reading:
            return reading[phase]()
        if self._task.check_mode:
            return work.predict()
        whole = {"stage": work.stage, "all": work.everything}
        if phase in whole:
            return whole[phase]()
        later = {"commit": work.commit, "revert": work.revert, "finish": work.finish}[phase]
        return later(plan.Transaction.parse(options["transaction"]))
