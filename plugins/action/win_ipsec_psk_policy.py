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
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.words import CALLERS
from ansible_collections.rras.ipsec.plugins.plugin_utils._specs import POLICY
from ansible_collections.rras.ipsec.plugins.plugin_utils._work import PolicyWish, PolicyWork


class ActionModule(RrasAction):
    """One phase, or all, of a declared IPsec policy."""

    SPEC = POLICY
    REQUIRED_IF = (
        ("phase", "commit", ("transaction",)),
        ("phase", "revert", ("transaction",)),
        ("phase", "finish", ("transaction",)),
    )

    def act(self, options: Mapping[str, Any]) -> dict[str, Any]:
        declared = declaration.declare(options) if options["state"] == "present" else None
        declaration.check_settle_timeout("settle_timeout", options["settle_timeout"])
        patience = Patience(options["settle_timeout"])
        wish = PolicyWish(
            options["name"],
            declared,
            options["policy_agent_first"],
            options["backup"],
            patience,
            all_ours=options["all_ours"],
            predicted=options["predicted"],
            words=CALLERS[options["caller"]],
        )
        work = PolicyWork(self.open_session(options), wish, check_mode=self._task.check_mode)
        phase = options["phase"]
        if phase == "plan":
            return work.plan() | {"strategy": str(self._task.get_play().strategy)}
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
