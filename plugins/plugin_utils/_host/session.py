# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One execution on a Windows host: a fixed command line, everything else on standard input, one framed answer."""

from __future__ import annotations

import base64
import dataclasses
import pathlib
import re
from collections.abc import Callable, Iterable, Mapping

from ansible_collections.rras.ipsec.plugins.plugin_utils._host import records
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy import steps
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.errors import NO_ANSWER, RrasError

PREFIX = "PowerShell -NoProfile -NonInteractive -ExecutionPolicy Unrestricted -EncodedCommand "
"""The exact beginning by which Ansible's connections recognise an encoded command, which they then leave alone."""

BOOTSTRAP = (
    "if(\"$($ExecutionContext.SessionState.LanguageMode)\"-ne'FullLanguage')"
    "{'#rras#ZXJyb3IJY29uc3RyYWluZWRfbGFuZ3VhZ2UJCQkJbm90aGluZwkK#rras#'}"
    'else{&{$l=@($args[0])-join"`n"-split"`r?`n";$n=[array]::IndexOf($l,\'#records\');'
    '&([scriptblock]::Create($l[0..($n-1)]-join"`n"))$l[($n+1)..$l.Count]}@($input)}'
)
"""Runs the lines of standard input before `#records` as a script, with the lines after it as arguments.

The first thing it checks is the language mode: in a constrained one, next to nothing would work. The answer is then
ready-made, the base64 of "error<TAB>constrained_language<TAB><TAB><TAB><TAB>nothing<TAB><NEWLINE>" in its frame. The
text has fewer than 300 characters, since with cores before 2.19 the command is encoded twice and must fit into 8191
characters."""

COMMAND = PREFIX + base64.b64encode(BOOTSTRAP.encode("utf-16-le")).decode("ascii")
RECORDS = "#records"
FRAME = re.compile(r"#rras#([A-Za-z0-9+/=\s]+)#rras#")
_UNQUOTED_FRAME = re.compile(r"(?<!')#rras#(?=([A-Za-z0-9+/=\s]+)#rras#)")
"""Like `FRAME`, but not within an echo of the script, and also matching where one frame's end is another's
beginning."""

MOST_OUTPUT = 8 * 2**20
"""Characters of output that are read; an answer needs a small part of them, since it is compressed."""
_MOST_CAUSE = 10_000
"""Characters of an output without an answer that are searched for the cause."""
_LONGEST_LINE = 400
"""The longest line, in characters, that may be PowerShell's note of a position."""

SCRIPT = pathlib.Path(__file__).with_name("transaction.ps1")
"""The script, with its comments."""

_CHANGING = re.compile(r"^#region Changing\b.*?^#endregion$", re.MULTILINE | re.DOTALL)


def script_text(*, only_reads: bool = False) -> str:
    """Return the script that an execution sends on standard input: its statements, without comments and indentation.

    It has two constant forms: the whole script, and one without the functions that change anything, for executions that
    only read.

    Removing whole lines is enough, because in the script a comment has lines of its own, and no string continues on the
    next line.
    """
    text = SCRIPT.read_text(encoding="ascii")
    lines = [line.strip() for line in (_CHANGING.sub("", text) if only_reads else text).splitlines()]
    return "".join(f"{line}\n" for line in lines if line and not line.startswith("#"))


@dataclasses.dataclass(frozen=True, slots=True)
class ScriptOutput:
    """What the command that runs the script returned: its exit code and its two streams."""

    code: int
    stdout: str
    stderr: str


def frame_of(text: str) -> str:
    """Return the last complete answer in an output, after any banner or echo; empty if there is none."""
    found = [match[1] for match in _UNQUOTED_FRAME.finditer(text) if not match[1].isspace()]
    return found[-1] if found else ""


_POINTER = re.compile(r"\s*(~+|Line \||\d+ \|.*|\|\s*~+)\s*")
_PLACE = re.compile(r"\S.*\d.*:\s?\d+\s*")
"""The line and the character of an error, in any language; a line of code follows it."""


def cause(output: ScriptOutput) -> str:
    """Return what an output without an answer says, except PowerShell's notes of where in a script an error is."""
    text = _beginning(output.stderr) or _beginning(output.stdout) or "no output"
    kept: list[str] = []
    categorised = False
    lines = text.splitlines()
    for line, following in zip(lines, [*lines[1:], ""], strict=True):
        categorised = line.lstrip().startswith("+ ") or (categorised and line.startswith(" "))
        place = following.lstrip().startswith("+ ") and len(line) <= _LONGEST_LINE and _PLACE.fullmatch(line)
        if not (categorised or place or _POINTER.fullmatch(line)):
            kept.append(line.strip().removeprefix("| "))
    return " ".join(filter(None, kept)) or text


class NoAnswerError(RrasError):
    """The command ended without an answer from our script."""

    reason = NO_ANSWER

    def __init__(self, output: ScriptOutput) -> None:
        super().__init__(f"The host did not answer like a Windows host with PowerShell (exit code {output.code}).")
        self.output = output


class ExecutionError(RrasError):
    """The host refused to do what it was asked to do, or failed."""

    def __init__(self, failure: records.Failure) -> None:
        super().__init__(f"{failure.fault} {failure.verb} {failure.path}".strip())
        self.failure = failure
        self.reason = str(failure.fault)


class Session:
    """A series of executions on one host that share a nonce.

    The nonce is 32 random bytes, made for one task: its digests can be compared with each other and with those of
    declared keys, but with nothing else.
    """

    def __init__(self, execute: Callable[[str, bytes], ScriptOutput], nonce: bytes, program_seconds: int) -> None:
        self._execute = execute
        self._prepare = steps.Prepare(nonce, program_seconds)

    def run(self, wanted: Iterable[steps.Step]) -> records.Answer:
        """Carry out steps, all of them or none.

        Raises `ExecutionError` if the host reports a failure, `NoAnswerError` if it returns nothing that this
        collection understands; and, from `plugin_utils._host.records`, `OversizedAnswerError` if there is too much to
        read, `MalformedAnswerError` if only a part is understood.
        """
        requests = tuple(wanted)
        lines = [RECORDS, *map(records.encode, (self._prepare, *requests))]
        script = script_text(only_reads=all(steps.VERBS[type(step).__name__].only_reads for step in requests))
        output = self._execute(COMMAND, (script + "\n".join(lines) + "\n").encode("ascii"))
        if len(output.stdout) > MOST_OUTPUT:
            raise records.OversizedAnswerError(MOST_OUTPUT)
        frame = frame_of(output.stdout)
        if not frame:
            raise NoAnswerError(output)
        answer = records.decode_frame(frame)
        if answer.failure:
            raise ExecutionError(_with_started(answer.failure, requests, answer.ran))
        _check_complete(answer, requests)
        return answer


def _beginning(text: str) -> str:
    """Return the part of an output that is searched: whole lines, if it has any."""
    begun = text[:_MOST_CAUSE].strip()
    return begun if len(text) <= _MOST_CAUSE else begun.rpartition("\n")[0] or begun


def _check_complete(answer: records.Answer, requests: Iterable[steps.Step]) -> None:
    """Raise `MalformedAnswerError` if a step that is always answered has no answer: a digest, or a program's end."""
    digests = sum(isinstance(step, steps.ReadDigest) for step in requests)
    programs = {f"{step.program} {step.arguments}" for step in requests if isinstance(step, steps.RunProgram)}
    missing = sorted(programs - set(answer.ran))
    if len(answer.digests) < digests or missing:
        what = missing[0] if missing else "the digest of the policy store"
        raise records.MalformedAnswerError(f"lacks a part ({what})")


def _with_started(
    failure: records.Failure, requests: Iterable[steps.Step], ran: Mapping[str, records.Ran]
) -> records.Failure:
    """Return a failure that also names what was started before it and keeps running after the undo."""
    if failure.outcome is not records.Outcome.UNDONE:
        return failure
    starts = [step for step in requests if isinstance(step, steps.RunProgram) and step.arguments.startswith("start ")]
    done = [step for step in starts if not step.undo and _succeeded(ran.get(f"{step.program} {step.arguments}"))]
    return dataclasses.replace(failure, left=" and ".join(step.arguments.removeprefix("start ") for step in done))


def _succeeded(program: records.Ran | None) -> bool:
    return program is not None and program.code == 0
