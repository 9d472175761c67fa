# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The action behind the module win_prohibit_ipsec."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.rras.ipsec.plugins.plugin_utils import _do
from ansible_collections.rras.ipsec.plugins.plugin_utils._action import RrasAction
from ansible_collections.rras.ipsec.plugins.plugin_utils._specs import PROHIBIT_IPSEC


class ActionModule(RrasAction):
    """The action that sets or removes the registry value ProhibitIpSec."""

    SPEC = PROHIBIT_IPSEC

    def act(self, options: Mapping[str, Any]) -> Mapping[str, Any]:
        return _do.prohibit_ipsec(self, options, check_mode=self._task.check_mode)
