# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The work of one task on its host, behind the actions."""

from __future__ import annotations

from ansible_collections.rras.ipsec.plugins.plugin_utils._work.info import inform
from ansible_collections.rras.ipsec.plugins.plugin_utils._work.policy import PolicyTask, PolicyWork
from ansible_collections.rras.ipsec.plugins.plugin_utils._work.prohibit_ipsec import set_prohibit_ipsec
from ansible_collections.rras.ipsec.plugins.plugin_utils._work.target import Target, WorkError

__all__ = [
    "PolicyTask",
    "PolicyWork",
    "Target",
    "WorkError",
    "inform",
    "set_prohibit_ipsec",
]
