# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The action behind the module l2tp_adopt."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.rras.ipsec.plugins.plugin_utils._action import RrasAction
from ansible_collections.rras.ipsec.plugins.plugin_utils._rendering import is_managed, place_of
from ansible_collections.rras.ipsec.plugins.plugin_utils._specs import ADOPT
from ansible_collections.rras.ipsec.plugins.plugin_utils._work.adoption import Source, write_variables


class ActionModule(RrasAction):
    """The action that turns an existing policy into variables of the role. Reading an export needs no connection."""

    SPEC = ADOPT

    def act(self, options: Mapping[str, Any]) -> Mapping[str, Any]:
        if not options["reg_file"] and not self._is_managed:
            return {"changed": False, "skipped": True}
        place = place_of(self.task_vars["hostvars"], str(self.task_vars["inventory_hostname"]))
        if options["reg_file"]:
            source = Source.export(options["reg_file"], options["code_page"], place)
        else:
            source = Source.live(self.target(options), place)
        policy = options["policy"] or ""
        return write_variables(source, options["folder"], policy, check_mode=self._task.check_mode)

    @property
    def _is_managed(self) -> bool:
        return is_managed(self.task_vars["hostvars"], self.task_vars["inventory_hostname"])
