# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The programs of one simulated host that a script can run (netsh, net and sc), and a record of each command line."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

from ..impairment import Impairments, NetshFault
from ..recorder import LogSource, Recorder
from .net import net
from .netsh import Message, Netsh, error
from .sc import Sc

SYSTEM_DIRECTORY = r"C:\Windows\system32"
_CHANGING = ("set", "add", "delete")
NOT_RUN = -1
"""The exit code that transaction.ps1 reports for a program that could not be run to its end."""


@dataclasses.dataclass(frozen=True, slots=True)
class Programs:
    """What can be run, and what is wrong with it."""

    netsh: Netsh
    sc: Sc
    recorder: Recorder
    impairments: Callable[[], Impairments]

    def run(self, program: str, arguments: str, seconds: float) -> tuple[int, str]:
        """Run `netsh`, `net` or `sc`; return the exit code and the output."""
        if program == "netsh" and self.impairments().netsh is NetshFault.MISSING:
            return NOT_RUN, "netsh.exe can't be started"
        self.recorder.write(LogSource.PROCESS, rf"{SYSTEM_DIRECTORY}\{program}.exe {arguments}")
        failing = self.impairments().exit_codes.get(f"{program} {arguments}")
        if failing is not None:
            return failing, ""
        code, output = self._netsh(arguments, seconds) if program == "netsh" else self._control(program, arguments)
        self.recorder.write(LogSource.TRANSCRIPT, output)
        return code, output

    def _control(self, program: str, arguments: str) -> tuple[int, str]:
        return self.sc.run(arguments) if program == "sc" else net(self.sc.services, arguments)

    def _netsh(self, arguments: str, seconds: float) -> tuple[int, str]:
        fault = self.impairments().netsh
        if fault is NetshFault.HANGING:
            return NOT_RUN, f"netsh.exe did not end within {seconds:g} seconds"
        if fault is NetshFault.FAILING:
            return _failed(arguments)
        if fault is NetshFault.WITHOUT_EFFECT and any(f" {verb} " in arguments for verb in _CHANGING):
            return 0, ""
        return self.netsh.run(arguments)


def _failed(arguments: str) -> tuple[int, str]:
    """Return what netsh answers if nothing works.

    Its context ipsec ends with 0 even then, which is harder to notice.
    """
    if arguments.startswith("ipsec"):
        return 0, error(Message.STORE_NOT_OPENED)
    return 1, "An error occurred while attempting to contact the Windows Firewall service.\r\n"
