# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The action behind the module l2tp_keys."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.rras.ipsec.plugins.plugin_utils._action import RrasAction
from ansible_collections.rras.ipsec.plugins.plugin_utils._keys_file import KeysFile
from ansible_collections.rras.ipsec.plugins.plugin_utils._specs import KEYS
from ansible_collections.rras.ipsec.plugins.plugin_utils._work import keys


class ActionModule(RrasAction):
    """The action that makes keys for connections that have none, in an encrypted file on the controller."""

    SPEC = KEYS

    def act(self, options: Mapping[str, Any]) -> Mapping[str, Any]:
        hostvars, hosts = self.task_vars["hostvars"], self.task_vars["ansible_play_hosts_all"]
        file = KeysFile.read(options["path"] or "", self._loader._vault)  # noqa: SLF001 - only the loader has the vault passwords
        return keys.make(hostvars, hosts, file, options["rotate"] or "", check_mode=self._task.check_mode)
