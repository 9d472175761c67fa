# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The same job with the modules of ansible.windows, on servers where it is done already, to count what that carries.

No module runs: each answers that there is nothing to change. Only the way there and back is real, with what an
unmodified Ansible sends.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import yaml

from ansible_collections.rras.ipsec.plugins.plugin_utils._host import session
from ansible_collections.rras.ipsec.tests.lab.engine import Command, CommandOutput, Engine, unwrapped
from ansible_collections.rras.ipsec.tests.support.controller import Controller
from ansible_collections.rras.ipsec.tests.support.pair import POLICY

PLAY: list[dict[str, Any]] = yaml.safe_load((Path(__file__).parents[1] / "bench" / "stock.yml").read_text("utf-8"))


def prepare(controller: Controller, connection: dict[str, Any]) -> None:
    """Let the play find a pair in the desired state; the collection's own scripts run as before."""
    controller.variables.update(stock_policy=POLICY, stock_connection=connection)
    unchanged = {
        "changed": False,
        "rc": 0,
        "stdout": f"{POLICY} {connection['name']}",
        "stderr": "",
        "ansible_facts": {},
    }
    for host in controller.lab.values():
        host.engine = _Answering(host.engine, json.dumps(unchanged))


class _Answering(Engine):
    def __init__(self, engine: Engine, result: str) -> None:
        self.differences = engine.differences
        self._engine = engine
        self._result = result

    def run(self, command: Command) -> CommandOutput:
        of_ours = unwrapped(command.line)[-1].strip() == session.BOOTSTRAP
        if command.stdin and not of_ours:
            return CommandOutput(f"{self._result}\r\n")
        return self._engine.run(command)

    def close(self) -> None:
        self._engine.close()
