# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The engine `powershell`: a real PowerShell under Wine, one prefix for each simulated host.

What is real: the language, .NET, the registry with its volatile keys and access lists, processes. Simulated, as for the
twin: netsh, sc and net (through relay.exe; Wine's own sc has neither config nor control, and its services.exe has no
PolicyAgent), the services' states, and the commands of win_reboot, which need CIM. What
PowerShell would find wrong with the host before it does anything (too old, constrained, 32-bit, no administrator, busy)
can't be made real; such a host gives the twin's literal answer.
"""

from __future__ import annotations

import dataclasses
import threading
from typing import Protocol

from ..engine import Command, CommandOutput, ConnectionKind, unwrapped
from ..impairment import NetshFault, PoweredOff, RecordRefusedError
from ..twin import twin
from ..windows.agent import PolicyAgent
from ..windows.registry import LabRegistry
from ..windows.services import Services
from .computer import Computer, take
from .place import Use, encoded, uses
from .real_registry import RealRegistry
from .relay import RECORD
from .settling import SettlingRegistry
from .shadow import Shadow

_EACH_RECORD = "$run.verb, $run.path, [object[]] $fields = $request"
_ASK_FIRST = (
    "; $door = [Net.Sockets.TcpClient]::new('127.0.0.1', [int] $env:LAB_RELAY_PORT).GetStream();"
    '$question = [Text.Encoding]::ASCII.GetBytes("#record`t$([Convert]::ToBase64String('
    '[Text.Encoding]::ASCII.GetBytes("record $([int] $run.asked)")))`n"); $run.asked++;'
    "$door.Write($question, 0, $question.Length); $said = [IO.StreamReader]::new($door).ReadToEnd();"
    'if ($said -ne "0`n") { throw [InvalidOperationException]::new($said.Substring(2)) };'
)
"""The lines that follow `_EACH_RECORD` in an impaired host's script: it asks the lab before each record."""


class PowerShellHost(twin.TwinHost, Protocol):
    """The machine that the engine runs on."""

    @property
    def registry(self) -> LabRegistry:
        """The registry."""

    @property
    def services(self) -> Services:
        """The services."""

    @property
    def agent(self) -> PolicyAgent:
        """What the service PolicyAgent holds in memory."""


class PowerShell(twin.Twin):
    """PowerShell on one simulated host. Each script also runs on a shadow of the host, by the twin."""

    def __init__(self, host: PowerShellHost) -> None:
        super().__init__(host)
        self._machine = host
        self.registry = SettlingRegistry(self._start)
        self._computer: Computer | None = None
        self._records: list[str] = []
        self._met: dict[int, BaseException] = {}
        self._dying = threading.Lock()
        self.served = True
        """Whether one running process carries out all commands; otherwise each gets a process, by its plain command
        line."""

    def close(self) -> None:
        if self._computer:
            self._computer.give_back()
        self._computer = None

    @property
    def computer(self) -> Computer:
        """The Windows of this host, started when something is first to run there."""
        self.registry.settle().connect()
        if self._computer is None:
            raise RuntimeError("the host is closed")
        return self._computer

    def _answer(self, command: Command, records: list[str]) -> CommandOutput:
        if self._machine.impairments.refuses_with is not None:
            return super()._answer(command, records)
        with self._machine.lock:
            return self._compared(command, records)

    def _compared(self, command: Command, records: list[str]) -> CommandOutput:
        """Run a script, and note where the twin's result for its records differs."""
        impairments = self._machine.impairments
        self.computer.prefix.provide("netsh.exe", there=impairments.netsh is not NetshFault.MISSING)
        self._records, self._met = [twin.public(record) for record in records], {}
        shadow = Shadow(self._machine)
        try:
            output = self._run(_asking(command) if impairments.meet_records else command)
        except PoweredOff:
            self.differences += shadow.differences(self._machine, records, "", self._met)
            raise
        self.differences += shadow.differences(self._machine, records, twin.unframed(output.stdout), self._met)
        return output

    def _start(self) -> RealRegistry:
        self._computer = take(self._asked)
        return self._computer.registry

    def _unknown(self, command: Command) -> CommandOutput:
        return self._run(command)

    def _run(self, command: Command) -> CommandOutput:
        """Run a command. Raises `PoweredOff` if the host loses its power meanwhile."""
        uses[Use.COMMAND] += 1
        self.computer.registry.forget()
        output = self._run_served(command) if self.served else None
        if output is None and not self._is_dead():
            self.served = False
            output = self._run_alone(command)
        self.computer.registry.forget()
        if self._is_dead():
            raise PoweredOff
        return output or CommandOutput()

    def _run_served(self, command: Command) -> CommandOutput | None:
        return self.computer.server.run(unwrapped(command.line)[-1], command.stdin or None)

    def _run_alone(self, command: Command) -> CommandOutput:
        """Run a command line as it arrived; a script that came over PSRP, too, gets a process of its own."""
        line = command.line
        if command.connection is ConnectionKind.PSRP:
            line = f"powershell.exe -NoProfile -NonInteractive -EncodedCommand {encoded(line)}"
        ran = self.computer.prefix.run_line(line, "".join(f"{text}\n" for text in command.stdin).encode())
        return CommandOutput(ran.stdout.decode(), ran.stderr.decode(), ran.returncode)

    def _is_dead(self) -> bool:
        with self._dying:
            return any(isinstance(met, PoweredOff) for met in self._met.values())

    def _asked(self, name: str, arguments: str) -> tuple[int, str] | None:
        if name == RECORD:
            return self._meet(int(arguments))
        if name == "netsh" and self._machine.impairments.netsh is NetshFault.HANGING:
            return None
        return self._machine.run_program(name, arguments, 0)

    def _meet(self, number: int) -> tuple[int, str] | None:
        try:
            self._machine.impairments.meets_record(number, self._records[number])
        except RecordRefusedError as error:
            self._met[number] = error
            return 1, str(error)
        except PoweredOff as death:
            with self._dying:
                self._met[number] = death
                self.computer.restart()
            return None
        return 0, ""


def _asking(command: Command) -> Command:
    """Return a command whose script asks the lab before each record."""
    changed = tuple(text.replace(_EACH_RECORD, _EACH_RECORD + _ASK_FIRST) for text in command.stdin)
    if changed == command.stdin:
        raise RuntimeError("the script has no line that carries out a record")
    return dataclasses.replace(command, stdin=changed)
