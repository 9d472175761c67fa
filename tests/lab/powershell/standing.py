# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""PowerShell as a program: one process for each command, or one that carries out many."""

from __future__ import annotations

import json
import subprocess
import threading
from collections.abc import Sequence

from ..engine import CommandOutput
from .place import PowerShellPlace

SERVE = "--serve"
_BESIDE = (
    "$beside = [PowerShell]::Create([InitialSessionState]::CreateDefault2());"
    '[void] $beside.AddScript(@($input) -join "`n").BeginInvoke()'
)


class StandingPowerShell:
    """A PowerShell that keeps running and carries out one request after another.

    Only the lab's own program can do that.
    """

    def __init__(self, place: PowerShellPlace) -> None:
        self._place = place
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None

    def run(self, script: str, lines: Sequence[str] | None) -> CommandOutput | None:
        """Run a script in a new runspace; return its output.

        None if the process ended before it answered, because it was killed or serves nobody. lines: what the script's
        `$input` holds; None: nothing is connected.
        """
        request = {"command": script} | ({} if lines is None else {"input": list(lines)})
        with self._lock:
            try:
                found = json.loads(self._ask(json.dumps(request).encode() + b"\n"))
            except json.JSONDecodeError:
                self._end()
                return None
        return CommandOutput(found["stdout"], found["stderr"], found["rc"])

    def run_beside(self, script: str) -> bool:
        """Start a script in the same process, beside the requests; return False if no process is there to run it."""
        return self.run(_BESIDE, script.splitlines()) is not None

    def close(self) -> None:
        """End the process."""
        with self._lock:
            self._end()

    def _ask(self, request: bytes) -> bytes:
        if self._process is None:
            self._process = self._place.start([SERVE], piped=True)
        stdin, stdout = self._process.stdin, self._process.stdout
        if stdin is None or stdout is None:
            raise RuntimeError("the process has no pipes")
        try:
            stdin.write(request)
            stdin.flush()
            return stdout.readline()
        except BrokenPipeError:
            return b""

    def _end(self) -> None:
        if self._process:
            self._process.kill()
            self._process.communicate()
        self._process = None
