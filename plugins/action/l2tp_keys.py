# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The action behind the module l2tp_keys."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible.errors import AnsibleError

from ansible_collections.rras.ipsec.plugins.plugin_utils import _view
from ansible_collections.rras.ipsec.plugins.plugin_utils._action import OptionsError, RrasAction
from ansible_collections.rras.ipsec.plugins.plugin_utils._keys_file import KeysFile
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.network import Written, keyring, malformed
from ansible_collections.rras.ipsec.plugins.plugin_utils._specs import KEYS


class ActionModule(RrasAction):
    """Keys for connections that have none, in an encrypted file on the controller."""

    SPEC = KEYS

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        self._variables = task_vars or {}
        return super().run(tmp, task_vars)

    def _check_connection(self) -> None:
        """Nothing is sent to any host, so that it does not matter how it is reached."""

    def act(self, options: Mapping[str, Any]) -> Mapping[str, Any]:
        declared = {host: self._written(host) for host in self._variables["ansible_play_hosts_all"]}
        wrong = dict.fromkeys(sentence for written in declared.values() for sentence in malformed(written))
        if wrong:
            raise OptionsError(" ".join(wrong))
        file = KeysFile.read(options["path"] or "", self._loader._vault)  # noqa: SLF001 - nothing else has the passwords
        found = keyring(declared, file.keys)
        names = found.to_make(options["rotate"] or "")
        if names and not self._task.check_mode:
            file.with_new(names).write()
        lines = "".join(f"{'another' if name in found.kept else 'a'} key for {name}\n" for name in names)
        return {"changed": bool(names), "connections": list(names), "diff": {"before": "", "after": lines}}

    def _written(self, host: str) -> Written:
        try:
            return _view.written(self._variables["hostvars"][host])
        except AnsibleError as error:
            raise OptionsError(
                f"What {host} declares can't be read ({type(error).__name__}); "
                "check the templates in l2tp_connections, l2tp_default and l2tp_preshared_keys."
            ) from None
