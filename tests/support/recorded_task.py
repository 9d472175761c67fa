# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Stands in for a module of ansible.windows without Windows: checks its options and records them.

`reader.stubbed` puts this file under the name of a module into a copy of that collection. The options are checked
against the documentation of the real module, which is in the copy. A task that was done before changes nothing.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.plugins.action import ActionBase
from ansible.plugins.loader import fragment_loader, module_loader
from ansible.utils.plugin_docs import get_plugin_docs

_OF_A_SPEC = ("type", "required", "choices", "default", "elements", "aliases")


class ActionModule(ActionBase):
    """Records what a module was given."""

    def run(self, tmp: Any = None, task_vars: Any = None) -> dict[str, Any]:
        del tmp
        name = str(self._task.action)
        documented, *_rest = get_plugin_docs(name, "module", module_loader, fragment_loader, False)
        checked = ArgumentSpecValidator(_spec(documented["options"])).validate(self._task.args)
        if checked.error_messages:
            raise AnsibleActionFail("; ".join(checked.error_messages))
        file = Path(os.environ["RRAS_RECORDED_TASKS"])
        line = json.dumps([task_vars["inventory_hostname"], name, self._task.args])
        before = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
        changed = line not in before
        if changed and not self._task.check_mode:
            with file.open("a", encoding="utf-8") as appended:  # in one write: each host has its own process
                appended.write(f"{line}\n")
        return {"changed": changed, "reboot_required": changed and name.endswith(".win_feature")}


def _spec(options: Mapping[str, Any]) -> dict[str, Any]:
    found = {}
    for name, about in options.items():
        found[name] = {key: about[key] for key in _OF_A_SPEC if key in about}
        if "suboptions" in about:
            found[name]["options"] = _spec(about["suboptions"])
    return found
