# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The action behind the module l2tp_step; the role l2tp consists of tasks with this module."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible.errors import AnsibleConnectionFailure

from ansible_collections.rras.ipsec.plugins.plugin_utils._action import RrasAction
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.errors import OptionsError
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.results import RestartResult
from ansible_collections.rras.ipsec.plugins.plugin_utils._results import RESULT_OF_A_STEP
from ansible_collections.rras.ipsec.plugins.plugin_utils._role import later, tags
from ansible_collections.rras.ipsec.plugins.plugin_utils._role.play_vars import PlayVars
from ansible_collections.rras.ipsec.plugins.plugin_utils._role.step import Context
from ansible_collections.rras.ipsec.plugins.plugin_utils._role.steps import Steps, step
from ansible_collections.rras.ipsec.plugins.plugin_utils._specs import STEP

_HIDDEN = ("preflight",)
"""Steps whose results Ansible must not show. If one fails, the next step finds the same fault and can report it."""
_NOTHING_KNOWN = {"changed": False}
_NOT_CHOSEN = {"changed": False, "skipped": True, "goes_on": False, "skip_reason": "No tag of the role was chosen."}


class ActionModule(RrasAction):
    """One step of the role on one host, or for all hosts of the play."""

    SPEC = STEP
    RESULT = RESULT_OF_A_STEP

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Run the step. Every result, even that of a lost host, says which entry into the role it is from."""
        try:
            result = super().run(tmp, task_vars)
        except AnsibleConnectionFailure as error:
            result = {"changed": False, "unreachable": True, "msg": str(error), "sent": self.sent}
        if self._play is None or "_ansible_verbose_always" in result:
            return result
        return {"entry": self._play.entry, "of": self._play.host, **result}

    _play: PlayVars | None = None

    def act(self, options: Mapping[str, Any]) -> Mapping[str, Any]:
        if self._task._role is None:  # noqa: SLF001 - Ansible's own actions read it in the same way
            raise OptionsError("l2tp_step is a part of the role rras.ipsec.l2tp; use the role.")
        if not tags.is_chosen(self._task, self.task_vars):
            return _NOT_CHOSEN
        self._play = PlayVars(self._task, self._loader, self.task_vars)
        seen = Context(
            self,
            self._play,
            self._reboot,
            check_mode=self._task.check_mode,
            only_verify=tags.only_verify(),
            strategy=str(self._task.get_play().strategy),
        )
        steps = Steps(seen, removal=options["removal"], batch=options["batch"])
        if options["step"] in _HIDDEN:
            found, _lost = self.guarded(lambda: step(options["step"], steps))
            return _NOTHING_KNOWN if found.get("failed") else found
        if self._task.delegate_to:
            raise OptionsError("delegate_to is in effect for the role, which works on each host itself; remove it.")
        return later.done(options["step"], steps, seen, removal=options["removal"])

    def _reboot(self, options: Mapping[str, object]) -> RestartResult:
        task = self._task.copy()
        task.args = dict(options)
        plugin = self._shared_loader_obj.action_loader.get(
            "ansible.windows.win_reboot",
            task=task,
            connection=self._connection,
            play_context=self._play_context,
            loader=self._loader,
            templar=self._templar,
            shared_loader_obj=self._shared_loader_obj,
        )
        result: RestartResult = plugin.run(task_vars=self.task_vars)
        return result
