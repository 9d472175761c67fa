# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The action behind the module l2tp_adopt."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible.errors import AnsibleUndefinedVariable

from ansible_collections.rras.ipsec.plugins.plugin_utils._action import OptionsError, RrasAction
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.adopt import Place
from ansible_collections.rras.ipsec.plugins.plugin_utils._rendering import is_managed
from ansible_collections.rras.ipsec.plugins.plugin_utils._specs import ADOPT
from ansible_collections.rras.ipsec.plugins.plugin_utils._work.adoption import Source, write_variables


class ActionModule(RrasAction):
    """A policy that exists, as variables of the role. An export is read without a connection."""

    SPEC = ADOPT

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        self._variables = task_vars or {}
        return super().run(tmp, task_vars)

    def _check_connection(self) -> None:
        """Check it where it is used: not for an export."""
        if not self._task.args.get("reg_file") and self._is_managed:
            super()._check_connection()

    @property
    def _is_managed(self) -> bool:
        return is_managed(self._variables["hostvars"], self._variables["inventory_hostname"])

    def act(self, options: Mapping[str, Any]) -> Mapping[str, Any]:
        if not options["reg_file"] and not self._is_managed:
            return {"changed": False, "skipped": True}
        place = self._place()
        if options["reg_file"]:
            source = Source.export(options["reg_file"], options["code_page"], place)
        else:
            source = Source.live(self.target(options), place)
        policy = options["policy"] or ""
        return write_variables(source, options["folder"], policy, check_mode=self._task.check_mode)

    def _place(self) -> Place:
        """What the inventory tells of this host and of the others."""
        host, hostvars = str(self._variables["inventory_hostname"]), self._variables["hostvars"]
        try:
            addresses = {name: hostvars[name].get("l2tp_address") for name in hostvars}
        except AnsibleUndefinedVariable:  # of older cores, its text quotes values, and there may be a key in one
            raise OptionsError(
                "l2tp_address of a host needs a variable that is not defined; define it, or correct its name."
            ) from None
        named = {str(address): name for name, address in addresses.items() if address and name != host}
        own = {str(addresses[host]): host} if addresses.get(host) else {}
        return Place(host, {**named, **own})
