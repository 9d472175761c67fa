# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a Windows host with full auditing would record, so that tests can search it for secrets."""

from __future__ import annotations

import base64
import dataclasses
import enum
import threading


class LogSource(enum.StrEnum):
    """The log in which a Windows host records a line."""

    PROCESS = "event 4688 (command lines)"
    SCRIPT_BLOCK = "event 4104 (script blocks)"
    MODULE = "event 4103 (what cmdlets are given)"
    TRANSCRIPT = "transcript (output)"
    ANSWER = "answers, as the controller reads them"
    SYSTEM = "event 1074 (restarts)"


@dataclasses.dataclass(frozen=True, slots=True)
class Line:
    """One recorded line."""

    source: LogSource
    text: str


@dataclasses.dataclass(frozen=True, slots=True)
class Execution:
    """One run of this collection's script on the host."""

    connection: str
    records: tuple[str, ...]
    """The verb and the path of each record that the script got; never a field that could hold data."""


@dataclasses.dataclass(frozen=True, slots=True)
class Traffic:
    """HTTP requests, including those of the login, and the bytes of their bodies and of the answers' bodies."""

    requests: int = 0
    up: int = 0
    down: int = 0


class Recorder:
    """The journal of one host; thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._lines: list[Line] = []
        self._executions: list[Execution] = []
        self._traffic = Traffic()

    def carry(self, up: int, down: int) -> None:
        """Count one request, with the bytes of its body and of the answer's."""
        with self._lock:
            was = self._traffic
            self._traffic = Traffic(was.requests + 1, was.up + up, was.down + down)

    @property
    def traffic(self) -> Traffic:
        """What was carried since the journal was last cleared."""
        with self._lock:
            return self._traffic

    def write(self, source: LogSource, text: str) -> None:
        """Record one line."""
        with self._lock:
            self._lines.append(Line(source, text))

    def count(self, execution: Execution) -> None:
        """Record one more run of the script."""
        with self._lock:
            self._executions.append(execution)

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._lines.clear()
            self._executions.clear()
            self._traffic = Traffic()

    @property
    def lines(self) -> list[Line]:
        """Everything that was recorded, oldest first."""
        with self._lock:
            return list(self._lines)

    @property
    def executions(self) -> list[Execution]:
        """The runs of the script, oldest first."""
        with self._lock:
            return list(self._executions)

    @property
    def command_lines(self) -> list[str]:
        """The command lines of all processes, including child processes."""
        return self._texts(LogSource.PROCESS)

    @property
    def script_blocks(self) -> list[str]:
        """The text of everything that PowerShell compiled."""
        return self._texts(LogSource.SCRIPT_BLOCK)

    @property
    def outputs(self) -> list[str]:
        """What commands wrote to standard output and standard error."""
        return self._texts(LogSource.TRANSCRIPT)

    @property
    def restarts(self) -> int:
        """How often the host was restarted."""
        return len(self._texts(LogSource.SYSTEM))

    def leaks(self, *secrets: str) -> list[str]:
        """Return where a secret is found, as text or as base64 of its UTF-8 or UTF-16LE form; empty if nowhere."""
        needles = {needle: secret for secret in secrets for needle in _forms(secret)}
        found = {
            f"{line.source}: secret number {secrets.index(secret) + 1} is in {line.text[:60]!r}"
            for line in self.lines
            for needle, secret in needles.items()
            if needle in line.text
        }
        return sorted(found)

    def _texts(self, source: LogSource) -> list[str]:
        return [line.text for line in self.lines if line.source is source]


def _forms(secret: str) -> set[str]:
    encoded = (secret.encode(), secret.encode("utf-16-le"))
    plain = {secret, secret.encode("utf-16-le").decode("latin-1"), *(data.hex() for data in encoded)}
    return plain | {_base64_core(data, offset) for data in encoded for offset in range(3)}


def _base64_core(data: bytes, offset: int) -> str:
    """Return the base64 characters of the data at an offset, except those that depend on neighbouring bytes."""
    text = base64.b64encode(bytes(offset) + data).decode().rstrip("=")
    start = (0, 2, 3)[offset]
    end = -1 if (offset + len(data)) % 3 else None
    return text[start:end]
