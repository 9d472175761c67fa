# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The action behind the module l2tp_render."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible.errors import AnsibleUndefinedVariable

from ansible_collections.rras.ipsec.plugins.plugin_utils._action import RrasAction
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.errors import OptionsError
from ansible_collections.rras.ipsec.plugins.plugin_utils._rendering import Declared, is_managed, kind, kinds
from ansible_collections.rras.ipsec.plugins.plugin_utils._results import Mask
from ansible_collections.rras.ipsec.plugins.plugin_utils._specs import RENDER
from ansible_collections.rras.ipsec.plugins.plugin_utils._work.rendering import HostFiles


class ActionModule(RrasAction):
    """The action that renders files for a host that Ansible can't reach. Everything happens on the controller."""

    SPEC = RENDER

    def act(self, options: Mapping[str, Any]) -> Mapping[str, Any]:
        host, hostvars = str(self.task_vars["inventory_hostname"]), self.task_vars["hostvars"]
        if options["undo_only"] and is_managed(hostvars, host):
            return {"changed": False, "skipped": True}
        try:
            declared = Declared.of(hostvars, host)
            self._mask = Mask(declared.secrets)
            for value in declared.given:
                self._templar.template(value)  # raises where a template is left over
            known = kinds(hostvars, declared.nodes) | {host: kind(options["peer_type"])}
        except AnsibleUndefinedVariable:  # in older cores its text quotes values, and one of them may be a key
            raise OptionsError(
                f"A variable that the connections of {host} need is not defined; define it, or correct its name."
            ) from None
        files = HostFiles.of(declared, options, known)
        return files.predict() if self._task.check_mode else files.write()
