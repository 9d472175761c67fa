# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a real PowerShell runs, and how to find it: on this machine, if it runs Windows, or else in a Wine prefix."""

from __future__ import annotations

import base64
import collections
import enum
import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

LOOPBACK = "127.0.0.1"
PROGRAM_VARIABLE = "RRAS_POWERSHELL"
"""The environment variable that names a powershell.exe or pwsh.exe for Windows."""


class Use(enum.Enum):
    """What a real PowerShell is used for in the tests."""

    COMMAND = "carries out a command as it arrived"
    REGISTRY = "reads or writes the registry for the lab"


uses: collections.Counter[Use] = collections.Counter()
"""How often this process used a real PowerShell for what."""


class PowerShellPlace(Protocol):
    """Somewhere to run PowerShell."""

    def start(self, arguments: Sequence[str], *, piped: bool = False) -> subprocess.Popen[bytes]:
        """Start PowerShell with these arguments.

        piped: give it pipes for its standard input and output, else none at all.
        """

    def run_beside(self, script: str) -> None:
        """Start a script that runs beside everything else, until either the program or the place stops."""

    def restart(self) -> None:
        """Stop all programs of Windows, and restart it."""


class ThisMachine(PowerShellPlace):
    """Windows itself, with Windows PowerShell unless another program is named."""

    def start(self, arguments: Sequence[str], *, piped: bool = False) -> subprocess.Popen[bytes]:
        return popen([os.environ.get(PROGRAM_VARIABLE, "powershell.exe"), *arguments], os.environ, piped=piped)

    def run_beside(self, script: str) -> None:
        self.start(command_line(script))

    def restart(self) -> None:
        raise NotImplementedError("the machine that runs the tests cannot be restarted by them")


def popen(command: Sequence[str | Path], environment: Mapping[str, str], *, piped: bool) -> subprocess.Popen[bytes]:
    """Start a process, with pipes for its standard input and output, or with none."""
    stream = subprocess.PIPE if piped else subprocess.DEVNULL
    return subprocess.Popen(
        [str(word) for word in command],
        stdin=stream,
        stdout=stream,
        stderr=subprocess.DEVNULL,
        env=dict(environment),
    )


def command_line(script: str) -> list[str]:
    """Return the arguments that make PowerShell run a script."""
    return ["-NoProfile", "-NonInteractive", "-EncodedCommand", encoded(script)]


def encoded(script: str) -> str:
    """Return a script in the form that -EncodedCommand takes."""
    return base64.b64encode(script.encode("utf-16-le")).decode("ascii")
