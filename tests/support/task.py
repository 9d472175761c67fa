# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A task of a play on one server: what an action needs of Ansible, without the network."""

from __future__ import annotations

import types
from collections.abc import Callable, Mapping
from typing import Any

from ansible_collections.rras.ipsec.plugins.action import (
    win_ipsec_policy_info,
    win_ipsec_psk_policy,
    win_prohibit_ipsec,
)
from ansible_collections.rras.ipsec.plugins.plugin_utils._action import RrasAction
from ansible_collections.rras.ipsec.tests.support.server import Server

POLICY, VALUE, INFO = (
    module.ActionModule for module in (win_ipsec_psk_policy, win_prohibit_ipsec, win_ipsec_policy_info)
)


class Task:
    """One task of a play on one server."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.become = False
        self.check_mode = False
        self.connection = "ssh"
        self.lost: tuple[Exception, ...] = ()
        self.hangs_up: Callable[[], None] | None = None
        """What ends an open session; None if there is none."""

    def run(self, action: type[RrasAction], **given: Any) -> dict[str, Any]:
        connection: Any = types.SimpleNamespace(
            become=self.become,
            transport=self.connection,
            connected=self.hangs_up is not None,
            close=self.hangs_up,
            _shell=types.SimpleNamespace(tmpdir=None),
            _connect=lambda: None,
        )
        task: Any = types.SimpleNamespace(
            args=given,
            check_mode=self.check_mode,
            async_val=0,
            environment=None,
            action="rras.ipsec.test",
            diff=True,
            get_play=lambda: types.SimpleNamespace(strategy="linear"),
        )
        nothing: Any = None
        acting: Any = action(task, connection, nothing, nothing, nothing, nothing)
        acting._low_level_execute_command = self._execute  # noqa: SLF001 (the network)
        result: dict[str, Any] = acting.run(task_vars={"inventory_hostname": self.server.host.name})
        return result

    def _execute(self, command: str, *, sudoable: bool, in_data: bytes) -> Mapping[str, Any]:
        assert sudoable is False
        for lost in self.lost:
            raise lost
        output = self.server.execute(command, in_data)
        return {"rc": output.code, "stdout": output.stdout, "stderr": output.stderr}
