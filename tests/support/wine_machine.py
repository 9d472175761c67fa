# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A simulated host for the tests of the script: a real PowerShell under Wine, with the lab's netsh, sc and net."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ansible_collections.rras.ipsec.plugins.plugin_utils._host import session
from ansible_collections.rras.ipsec.tests.lab.engine import Command, ConnectionKind, EngineName
from ansible_collections.rras.ipsec.tests.lab.host import Host, HostSpec
from ansible_collections.rras.ipsec.tests.lab.impairment import Impairments
from ansible_collections.rras.ipsec.tests.lab.powershell.powershell import PowerShell
from ansible_collections.rras.ipsec.tests.lab.twin.twin import script_for
from ansible_collections.rras.ipsec.tests.lab.windows import installation
from ansible_collections.rras.ipsec.tests.support.machine import Machine, unframed
from ansible_collections.rras.ipsec.tests.support.transactions import BEFORE, RASMAN

SPEC = HostSpec("rras-tokyo", "192.0.2.1", engine=EngineName.POWERSHELL)


class WineMachine(Machine):
    """A host that cannot be reached over a network."""

    def __init__(self) -> None:
        self.host = Host(SPEC, Path("no-certificate"))
        self.registry = self.host.registry

    def fill(self) -> None:
        host = self.host
        self.registry.replace(installation.fresh(host.spec.address, host.spec.management_address))
        self.registry.remove_tree(RASMAN)
        self.registry.load(BEFORE)
        host.services.boot()
        host.impairments = Impairments()
        self.host.engine.differences.clear()

    def answer(self, lines: Sequence[str]) -> str:
        return unframed(self.output(lines))

    def output(
        self, lines: Sequence[str], line: str = session.COMMAND, connection: ConnectionKind = ConnectionKind.WINRM
    ) -> str:
        """Run a command line, with the script and some records as its input; return what it writes."""
        script = script_for(lines).rstrip("\n").split("\n")
        return self.host.engine.run(Command(connection, line, (*script, session.RECORDS, *lines))).stdout

    def evaluate(self, script: str, lines: Sequence[str]) -> str:
        output = _real(self).computer.server.run(session.BOOTSTRAP, (*script.splitlines(), session.RECORDS, *lines))
        return output.stdout if output else ""

    def differences(self) -> list[str]:
        return self.host.engine.differences

    def close(self) -> None:
        self.host.close()


def check51(machine: WineMachine, script: Path) -> str:
    """Return what Windows PowerShell 5.1 lacks for running a script."""
    windows_path = "Z:" + str(script.resolve()).replace("/", "\\")
    return _real(machine).computer.prefix.run("--check51", windows_path).stdout.decode()


def _real(machine: WineMachine) -> PowerShell:
    engine = machine.host.engine
    if not isinstance(engine, PowerShell):
        raise TypeError("the machine has no real PowerShell")
    return engine
