# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One Windows under Wine for one host: a prefix with its registry, and a PowerShell that keeps running there.

Starting one takes seconds. So when a host is gone, its Windows keeps running for the next host, which first of all gets
a registry of its own.
"""

from __future__ import annotations

import atexit
import subprocess
from collections.abc import Callable, Sequence

from .place import PowerShellPlace
from .real_registry import RealRegistry
from .relay import Relay
from .standing import StandingPowerShell
from .wine import Prefix

RelayedProgram = Callable[[str, str], tuple[int, str] | None]
"""What a relayed program does: takes its name and arguments, returns exit code and output, or None if it hangs."""

_idle: list[Computer] = []


class Computer(PowerShellPlace):
    """One Windows."""

    def __init__(self, answer: RelayedProgram) -> None:
        self.relay = Relay(answer)
        self.prefix = Prefix(self.relay.port)
        self.registry = RealRegistry(self)
        self.server = StandingPowerShell(self)

    def start(self, arguments: Sequence[str], *, piped: bool = False) -> subprocess.Popen[bytes]:
        return self.prefix.start(arguments, piped=piped)

    def run_beside(self, script: str) -> None:
        """Start a script: in the PowerShell that is running, which saves a second one, or else in one of its own."""
        if not self.server.run_beside(script):
            self.prefix.run_beside(script)

    def restart(self) -> None:
        self.prefix.restart()
        self.registry.disconnect()
        self.server.close()

    def give_back(self) -> None:
        """Wait for the next host."""
        _idle.append(self)

    def close(self) -> None:
        """Stop for good."""
        self.prefix.close()
        self.registry.disconnect()
        self.server.close()
        self.relay.close()


def take(answer: RelayedProgram) -> Computer:
    """Return a Windows for a host, whatever its registry may hold."""
    if not _idle:
        return Computer(answer)
    computer = _idle.pop()
    computer.relay.answer = answer
    return computer


@atexit.register
def close_idle() -> None:
    """Stop every Windows that is waiting for a host."""
    while _idle:
        _idle.pop().close()
