# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The shells of a host that WS-Management clients open: commands that run, and the pipes that hold their output."""

from __future__ import annotations

import dataclasses
import threading
import time
import uuid
from collections import deque
from collections.abc import Callable
from typing import Protocol
from xml.etree import ElementTree as ET

from ..engine import Command, CommandOutput, ConnectionKind, Engine
from ..impairment import PoweredOff
from .soap import FaultCode, FaultError, Request, find_text

BLOCK = 32 * 1024
"""The most bytes of a stream in one answer, as on Windows."""
LARGE_BLOCK = 2 * 1024 * 1024
"""The same, for a host that sends what no host should."""


@dataclasses.dataclass(frozen=True, slots=True)
class Block:
    """What one Receive takes from a pipe."""

    stream: str = ""
    data: bytes = b""
    ended: bool = False
    code: int | None = None


class Pipe:
    """Output on its way to the client: commands write it, long polls take it."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._blocks: deque[Block] = deque()
        self._ended = False
        self._gone = False
        self._code: int | None = None
        self._endless: Block | None = None

    def write(self, stream: str, data: bytes) -> None:
        """Add output, cut into blocks."""
        size = BLOCK if len(data) < 4 * LARGE_BLOCK else LARGE_BLOCK
        with self._changed:
            self._blocks.extend(Block(stream, data[start : start + size]) for start in range(0, len(data), size))
            self._changed.notify_all()

    def repeat(self, stream: str, data: bytes) -> None:
        """Add output that never ends."""
        with self._changed:
            self._endless = Block(stream, data)
            self._changed.notify_all()

    def end(self, code: int | None = None) -> None:
        """Mark the end of the output."""
        with self._changed:
            self._ended, self._code = True, code
            self._changed.notify_all()

    def abandon(self) -> None:
        """Wake all readers: the shell is gone."""
        with self._changed:
            self._gone = True
            self._changed.notify_all()

    def take(self, seconds: float) -> Block:
        """Return the next block, or the end; wait for it at most so many seconds.

        Raises `FaultError` if nothing came in time, or the shell is gone.
        """
        with self._changed:
            if not self._changed.wait_for(self._has_news, seconds):
                raise FaultError(FaultCode.OPERATION_TIMEOUT, "The WS-Management service cannot complete in time.")
            if self._gone:
                raise FaultError(FaultCode.SHELL_NOT_FOUND, "The shell was not found on the server.")
            if self._endless:
                return self._endless
            block = self._blocks.popleft() if self._blocks else Block()
            last = self._ended and not self._blocks
            return dataclasses.replace(block, ended=last, code=self._code if last else None)

    def _has_news(self) -> bool:
        return bool(self._blocks or self._endless or self._ended or self._gone)


class ShellHost(Protocol):
    """What a shell needs of the host that it is on."""

    @property
    def engine(self) -> Engine:
        """What runs commands."""

    @property
    def seconds_per_command(self) -> float:
        """How many more seconds a command takes."""

    def power_off(self) -> None:
        """Go away at once, without answering anybody."""


class Shell(Protocol):
    """What a client can do with a shell: the five shell operations of [MS-WSMV] 3.1.4.1."""

    def start(self, request: Request) -> str:
        """Start a command; return its identifier."""

    def feed(self, command: str, data: bytes, *, last: bool) -> None:
        """Give input to a command, or to the shell itself if no command is named."""

    def pipe(self, command: str) -> Pipe:
        """Return the pipe of a command, or of the shell itself if no command is named."""

    def stop(self, command: str) -> None:
        """End a command, or forget one that has ended."""

    def close(self) -> None:
        """End everything."""


def run_in_thread(machine: ShellHost, command: Command, deliver: Callable[[CommandOutput], None]) -> None:
    """Run a command beside the client's requests, and deliver its output; a dead host delivers nothing."""

    def work() -> None:
        time.sleep(machine.seconds_per_command)
        try:
            output = machine.engine.run(command)
        except PoweredOff:
            machine.power_off()
        else:
            deliver(output)

    threading.Thread(target=work, name="command", daemon=True).start()


class CommandShell(Shell):
    """A shell of the kind that `winrm` connections open: command lines, standard input, two output streams."""

    def __init__(self, machine: ShellHost) -> None:
        self._machine = machine
        self._commands: dict[str, _RunningCommand] = {}

    def start(self, request: Request) -> str:
        identifier = str(uuid.uuid4()).upper()
        command = _RunningCommand(self._machine, _command_line(request.body))
        self._commands[identifier] = command
        if request.options.get("WINRS_CONSOLEMODE_STDIN", "TRUE").upper() == "TRUE":
            command.start()
        return identifier

    def feed(self, command: str, data: bytes, *, last: bool) -> None:
        running = self._command(command)
        running.feed(data)
        if last:
            running.start()

    def pipe(self, command: str) -> Pipe:
        return self._command(command).pipe

    def stop(self, command: str) -> None:
        running = self._commands.pop(command, None)
        if running:
            running.pipe.abandon()

    def close(self) -> None:
        for command in list(self._commands):
            self.stop(command)

    def _command(self, identifier: str) -> _RunningCommand:
        command = self._commands.get(identifier)
        if command is None:
            raise FaultError(FaultCode.SHELL_NOT_FOUND, "The command was not found in the shell.")
        return command


class _RunningCommand:
    """One command of a `CommandShell`. If it expects input, it starts once that is complete."""

    def __init__(self, machine: ShellHost, line: str) -> None:
        self._machine = machine
        self._line = line
        self._stdin = bytearray()
        self.pipe = Pipe()

    def feed(self, data: bytes) -> None:
        self._stdin += data

    def start(self) -> None:
        lines = tuple(self._stdin.decode(errors="replace").splitlines())
        run_in_thread(self._machine, Command(ConnectionKind.WINRM, self._line, lines), self._deliver)

    def _deliver(self, output: CommandOutput) -> None:
        if output.endless:
            return self.pipe.repeat("stdout", output.stdout.encode())
        self.pipe.write("stdout", output.stdout.encode())
        self.pipe.write("stderr", output.stderr.encode())
        return self.pipe.end(output.code)


def _command_line(body: ET.Element) -> str:
    words = (find_text(body, "rsp:CommandLine/rsp:Command"), find_text(body, "rsp:CommandLine/rsp:Arguments"))
    return " ".join(word for word in words if word)
