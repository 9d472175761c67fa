# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The engine `twin`: answers in Python the commands that this collection and win_reboot send."""

from __future__ import annotations

import base64
import contextlib
import gzip
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Protocol

from ansible_collections.rras.ipsec.plugins.plugin_utils._host import session
from ansible_collections.rras.ipsec.plugins.plugin_utils._host.records import (
    Fault,
    MalformedAnswerError,
    OversizedAnswerError,
    unpacked,
)
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy import steps

from ..engine import Command, CommandOutput, ConnectionKind, Engine, unwrapped
from ..impairment import WrongAnswer
from ..recorder import Execution, LogSource, Recorder
from .grammar import step_of
from .transaction import ScriptMachine, ScriptRun

LONGEST_LINE = 8191
"""The most characters that cmd.exe takes; the service starts each command of a shell through it."""

AUTO_LOGON_CHECKED = r"SOFTWARE\Microsoft\Windows NT\CurrentVersion\Winlogon\AutoLogonChecked"
SHUTDOWN_ALREADY_SCHEDULED = 1190
NO_SHUTDOWN_SCHEDULED = 1116

FORGERY = "\x1b[2J\a\u202e[WARNING]: forged by the host\r\n[WARNING]: forged by the host\n"
"""What a host says that tries to look like Ansible."""

_SHUTDOWN = re.compile(r"\bshutdown\.exe /r /t (\d+)")
_ABORT = re.compile(r"\bshutdown\.exe /a\b")
_BOOT_TIME = re.compile(r"\(Get-CimInstance .*LastBootUpTime\)\.LastBootUpTime\.ToFileTime\(\)")
_LOGON_TEST = re.compile(r"Get-Item -LiteralPath '[^']*AutoLogonChecked' -ErrorAction Stop; '([^']*)'")
_FORBIDDEN_BY_FIPS = re.compile(
    r"\[(System\.)?Security\.Cryptography\.(SHA\d+|MD5|Aes|\w+Managed)\]::(Create|new)\(", re.IGNORECASE
)
_HOST_NAME = re.compile(r"\s*hostname(\.exe)?\b")


class TwinHost(ScriptMachine, Protocol):
    """The machine that the engine runs on."""

    @property
    def name(self) -> str:
        """The computer's name."""

    @property
    def recorder(self) -> Recorder:
        """The journal of the host."""

    @property
    def boot_time(self) -> int:
        """When the host started, in intervals of 100 nanoseconds since 1601, as Windows counts."""

    @property
    def lock(self) -> contextlib.AbstractContextManager[object]:
        r"""The lock that a script takes: `Global\rras.ipsec`."""

    def schedule_restart(self, seconds: int) -> bool:
        """Restart after some seconds; return False if a restart is already scheduled."""

    def abort_restart(self) -> bool:
        """Cancel a scheduled restart; return False if there is none."""


class Twin(Engine):
    """PowerShell on one simulated host, as far as it is needed."""

    def __init__(self, host: TwinHost) -> None:
        self._host = host
        self.differences = []
        self._known: Mapping[re.Pattern[str], Callable[[re.Match[str]], CommandOutput]] = {
            _SHUTDOWN: self._shutdown,
            _ABORT: self._abort,
            _BOOT_TIME: lambda _match: CommandOutput(f"{host.boot_time}\r\n"),
            _LOGON_TEST: self._logon_test,
            _HOST_NAME: lambda _match: CommandOutput(f"{host.name}\r\n"),
        }

    def run(self, command: Command) -> CommandOutput:
        texts = unwrapped(command.line)
        self._record(command, texts)
        if command.connection is ConnectionKind.WINRM and len(command.line) > LONGEST_LINE:
            output = CommandOutput(stderr="The command line is too long.\r\n", code=1)
        elif texts[-1].strip() == session.BOOTSTRAP:
            output = self._bootstrap(command)
        else:
            output = self._other(command, texts[-1])
        self._host.recorder.write(LogSource.TRANSCRIPT, output.stdout + output.stderr)
        for answer in _answers(output.stdout):
            self._host.recorder.write(LogSource.ANSWER, answer)
        return output

    def close(self) -> None:
        """Do nothing: nothing in memory has to be closed."""

    def _record(self, command: Command, texts: Sequence[str]) -> None:
        """Record what auditing would. Over WinRM processes are started; PSRP runs in one that exists."""
        write = self._host.recorder.write
        if command.connection is ConnectionKind.WINRM:
            write(LogSource.PROCESS, f"cmd.exe /C {command.line}")
            for line in texts[:-1]:
                write(LogSource.PROCESS, line)
        if command.connection is ConnectionKind.PSRP or len(texts) > 1:
            write(LogSource.SCRIPT_BLOCK, texts[-1])

    def _bootstrap(self, command: Command) -> CommandOutput:
        """Run the lines of standard input before `#records` with the lines after it."""
        lines = "\n".join(command.stdin).replace("\r\n", "\n").split("\n")
        script, records = _divided(lines)
        self._host.recorder.write(LogSource.SCRIPT_BLOCK, script)
        self._host.recorder.count(Execution(command.connection, tuple(public(line) for line in records)))
        impairments = self._host.impairments
        if impairments.before_script:
            impairments.before_script()
        if impairments.refuses_with is Fault.CONSTRAINED_LANGUAGE:
            return CommandOutput(_literal(session.BOOTSTRAP))
        if script.rstrip("\n") not in (script_for(records).rstrip("\n"), session.script_text().rstrip("\n")):
            return CommandOutput(stderr="The twin knows no script but transaction.ps1.\r\n", code=1)
        if impairments.refuses_with is Fault.POWERSHELL_TOO_OLD:
            return CommandOutput(_literal(script))
        if impairments.fips and _FORBIDDEN_BY_FIPS.search(script):
            return CommandOutput(
                stderr="This implementation is not part of the Windows Platform FIPS validated ...\r\n", code=1
            )
        return _distorted(self._answer(command, records), impairments.answer)

    def _answer(self, _command: Command, records: list[str]) -> CommandOutput:
        with self._host.lock:
            answer = ScriptRun(self._host).run(records, refused=self._host.impairments.refuses_with)
        return CommandOutput(framed(answer))

    def _other(self, command: Command, script: str) -> CommandOutput:
        for pattern, answer in self._known.items():
            match = pattern.search(script)
            if match:
                return answer(match)
        return self._unknown(command)

    def _unknown(self, command: Command) -> CommandOutput:
        name = (unwrapped(command.line)[-1].split() or [""])[0][:60]
        return CommandOutput(stderr=f"The term '{name}' is not recognized as the name of a cmdlet.\r\n", code=1)

    def _shutdown(self, match: re.Match[str]) -> CommandOutput:
        self._host.recorder.write(LogSource.PROCESS, rf"C:\Windows\System32\{match[0]}")
        scheduled = self._host.schedule_restart(int(match[1]))
        code = 0 if scheduled else SHUTDOWN_ALREADY_SCHEDULED
        errors = "" if scheduled else f"A system shutdown has already been scheduled.({code})"
        return CommandOutput(json.dumps({"stdout": "", "stderr": errors, "rc": code}) + "\r\n")

    def _abort(self, match: re.Match[str]) -> CommandOutput:
        self._host.recorder.write(LogSource.PROCESS, rf"C:\Windows\System32\{match[0]}")
        return CommandOutput(code=0 if self._host.abort_restart() else NO_SHUTDOWN_SCHEDULED)

    def _logon_test(self, match: re.Match[str]) -> CommandOutput:
        if self._host.registry.read(AUTO_LOGON_CHECKED) is None:
            return CommandOutput(stderr="Get-Item : Cannot find path because it does not exist.\r\n", code=1)
        return CommandOutput(f"{match[1]}\r\n")


def public(record: str) -> str:
    """Return the verb and the path of a record, so nothing that could be data."""
    step = step_of(record)
    return f"{step.verb} {step.path}".strip()


def script_for(records: Iterable[str]) -> str:
    """Return the form of the script that is sent with these records: whole, unless all of them only read."""
    return session.script_text(only_reads=all(record.split("\t", 1)[0] in _READING_VERBS for record in records))


_READING_VERBS = frozenset(name for name, verb in steps.VERBS.items() if verb.only_reads)


def framed(answer: str) -> str:
    """Return an answer as the script prints it."""
    return f"#rras#{base64.b64encode(gzip.compress(answer.encode(), mtime=0)).decode()}#rras#\r\n"


def unframed(output: str) -> str:
    """Return the answer in an output; empty if there is none."""
    return unpacked(session.frame_of(output))


def _edited(edit: Callable[[list[str]], Iterable[str]]) -> Callable[[str], CommandOutput]:
    return lambda frame: CommandOutput(framed("".join(edit(unframed(frame).splitlines(keepends=True)))))


_DISTORTED: Mapping[WrongAnswer, Callable[[str], CommandOutput]] = {
    WrongAnswer.GARBAGE: lambda _frame: CommandOutput("sh: 1: Syntax error: word unexpected\n", code=2),
    WrongAnswer.FORGED: lambda _frame: CommandOutput(stderr=FORGERY, code=1),
    WrongAnswer.TRUNCATED: lambda frame: CommandOutput(frame[: len(frame) // 2]),
    WrongAnswer.CUT_RECORDS: _edited(lambda lines: lines[:-1]),
    WrongAnswer.LARGE: lambda _frame: CommandOutput(f"#rras#{'QUFB' * 3_000_000}#rras#\r\n"),
    WrongAnswer.ENORMOUS: lambda _frame: CommandOutput(f"#rras#{'QUFB' * 25_000_000}#rras#\r\n"),
    WrongAnswer.ENDLESS: lambda _frame: CommandOutput("QUFB" * 500_000, endless=True),
    WrongAnswer.WRONG_MARK: lambda frame: CommandOutput(frame.replace("#rras#", "#ours#")),
    WrongAnswer.MISORDERED: _edited(lambda lines: lines[::-1]),
    WrongAnswer.NONSENSE: _edited(lambda lines: (re.sub(r"(^value\t.*\t)\S*", r"\1====", line) for line in lines)),
}
"""What each impairment makes of the frame that the script prints."""


def _divided(lines: list[str]) -> tuple[str, list[str]]:
    position = lines.index(session.RECORDS) if session.RECORDS in lines else len(lines)
    return "\n".join(lines[:position]), [line for line in lines[position + 1 :] if line]


def _literal(text: str) -> str:
    """Return the ready-made answer in a script."""
    match = session.FRAME.search(text)
    return match[0] if match else ""


def _answers(output: str) -> Iterator[str]:
    """Yield what a controller can read of the answers in an output."""
    with contextlib.suppress(MalformedAnswerError, OversizedAnswerError):
        if session.frame_of(output):
            yield unframed(output)


def _distorted(output: CommandOutput, how: WrongAnswer | None) -> CommandOutput:
    """Return an output as an impairment distorts it, or unchanged."""
    if how is None:
        return output
    return _DISTORTED[how](output.stdout.rstrip())
