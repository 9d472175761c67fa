# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The action behind the module win_prohibit_ipsec."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.rras.ipsec.plugins.plugin_utils._action import RrasAction
from ansible_collections.rras.ipsec.plugins.plugin_utils._patience import Patience
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy import declaration
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.value import ValueWish
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.words import CALLERS
from ansible_collections.rras.ipsec.plugins.plugin_utils._specs import VALUE
from ansible_collections.rras.ipsec.plugins.plugin_utils._work import set_value


class ActionModule(RrasAction):
    """The registry value ProhibitIpSec."""

    SPEC = VALUE

    def act(self, options: Mapping[str, Any]) -> Mapping[str, Any]:
        wish = ValueWish(
            present=options["state"] == "present",
            policy=options["policy"] or "",
            require_effective_policy=options["require_effective_policy"],
            predicted=options["predicted"] and self._task.check_mode,
            restart_if_unknown=options["restart_if_unknown"],
            only_recorded=options["only_recorded"],
            backup=options["backup"],
            words=CALLERS[options["caller"]],
        )
        declaration.check_settle_timeout("settle_timeout", options["settle_timeout"])
        patience = Patience(options["settle_timeout"])
        return set_value(self.target(options), wish, patience, check_mode=self._task.check_mode)
