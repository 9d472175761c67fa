# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From a declared policy and the state of a host to the smallest plan.

A policy is never edited in place: a new generation is written beside the old one (stage) and assigned in its place
(commit), and the old one is deleted only after both ends of every connection are proved (finish). What is unfinished
between the phases is recorded on the host, so that a later phase needs only the transaction's text.
"""

from __future__ import annotations

from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.plan.absent import plan_absent
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.plan.automatic import restarting_flags
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.plan.generations import STAGED, means, new_keys
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.plan.plans import Plan
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.plan.present import plan_present
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.plan.refusals import (
    committed_refused,
    going_back,
    revert_refused,
)
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.plan.transactions import (
    Flag,
    Intent,
    PlanError,
    Transaction,
    policy_path,
)

__all__ = [
    "STAGED",
    "Flag",
    "Intent",
    "Plan",
    "PlanError",
    "Transaction",
    "committed_refused",
    "going_back",
    "means",
    "new_keys",
    "plan_absent",
    "plan_present",
    "policy_path",
    "restarting_flags",
    "revert_refused",
]
