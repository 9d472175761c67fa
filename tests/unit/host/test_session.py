# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One execution: what is sent, and what counts as an answer."""

from __future__ import annotations

import base64
import gzip
import re

import pytest

from ansible_collections.rras.ipsec.plugins.plugin_utils._host import session
from ansible_collections.rras.ipsec.plugins.plugin_utils._host.records import (
    MOST_RECORDS,
    MalformedAnswerError,
    OversizedAnswerError,
)
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy import steps
from ansible_collections.rras.ipsec.tests.lab.engine import unwrapped

CHECK = "check that nothing on the host changes the output of PowerShell."
NONCE = b"\1" * 32
ERROR = "error\tconflict\tExpectUnchanged\tx\t\tundone\t\n"


class Wire:
    """Takes what is sent, and answers always the same."""

    def __init__(self, output: session.ScriptOutput) -> None:
        self.output = output
        self.sent: list[tuple[str, bytes]] = []

    def __call__(self, command: str, data: bytes) -> session.ScriptOutput:
        self.sent.append((command, data))
        return self.output


def framed(answer: str, around: str = "") -> session.ScriptOutput:
    frame = base64.b64encode(gzip.compress(answer.encode())).decode()
    return session.ScriptOutput(0, f"{around}#rras#{frame}#rras#{around}", "")


def test_everything_but_a_fixed_command_travels_on_standard_input() -> None:
    wire = Wire(framed("digest\tone\ndone\n"))
    session.Session(wire, NONCE, 30).run([steps.ReadDigest("a path")])
    ((command, data),) = wire.sent
    assert command == session.COMMAND
    assert unwrapped(command)[-1] == session.BOOTSTRAP
    script, _marker, requests = data.decode("ascii").partition("\n#records\n")
    assert script + "\n" == session.script_text(only_reads=True)
    assert requests.splitlines() == [f"Prepare\t{base64.b64encode(NONCE).decode()}\t30", "ReadDigest\ta path"]


@pytest.mark.parametrize(
    ("step", "only_reads"),
    [
        (steps.ReadTree("a path"), True),
        (steps.ReadDigest("a path"), True),
        (steps.RunProgram("sc", "query PolicyAgent"), True),
        (steps.Flush("a path"), False),
    ],
)
def test_what_only_reads_travels_with_nothing_that_could_change_anything(step: steps.Step, only_reads: bool) -> None:
    wire = Wire(framed("digest\tone\nran\tc2MgcXVlcnkgUG9saWN5QWdlbnQ=\t0\t\ndone\n"))
    session.Session(wire, NONCE, 30).run([step])
    ((_command, data),) = wire.sent
    script, _marker, _requests = data.decode("ascii").partition("\n#records\n")
    assert script + "\n" == session.script_text(only_reads=only_reads)
    assert (
        bool(re.search(r"\.(SetValue|DeleteValue|CreateSubKey|DeleteSubKey|SetAccessControl)\(", script))
        is not only_reads
    )


def test_the_command_fits_where_it_is_encoded_twice() -> None:
    assert len(session.BOOTSTRAP) <= 300
    assert len(session.COMMAND) * 8 // 3 < 8191


def test_the_answer_is_found_in_the_noise_of_a_profile() -> None:
    session.Session(Wire(framed("done\n", around="Welcome!\r\n")), NONCE, 30).run([])


ANSWER = framed("digest\tthe answer\ndone\n").stdout


@pytest.mark.parametrize(
    "before",
    [
        "",
        framed("digest\tof a banner\ndone\n").stdout,
        "#rras#",
        "#rras# #rras#",
        f"PS C:\\> {session.BOOTSTRAP}\r\n",
        session.script_text(),
    ],
    ids=["nothing", "another answer", "half a frame", "an empty frame", "the bootstrap", "the script"],
)
@pytest.mark.parametrize("between", ["", "\r\n"])
@pytest.mark.parametrize("after", ["", "\r\n#rras#", "\r\n#rras#\r\n", "\r\nGood bye!"])
def test_the_last_whole_answer_counts(before: str, between: str, after: str) -> None:
    output = session.ScriptOutput(0, before + between + ANSWER + after, "")
    answer = session.Session(Wire(output), NONCE, 30).run([steps.ReadDigest("a path")])
    assert answer.digests == ("the answer",)


@pytest.mark.parametrize("echo", [session.BOOTSTRAP, session.script_text()], ids=["bootstrap", "script"])
def test_an_echo_alone_is_no_answer(echo: str) -> None:
    with pytest.raises(session.NoAnswerError):
        session.Session(Wire(session.ScriptOutput(0, echo, "")), NONCE, 30).run([])


def test_the_language_is_tested_at_the_door() -> None:
    """The bootstrap carries the answer ready-made, for where no expression works."""
    ready_made = session.FRAME.search(session.BOOTSTRAP)
    assert ready_made is not None
    with pytest.raises(session.ExecutionError, match="constrained_language") as error:
        session.Session(Wire(session.ScriptOutput(0, ready_made[0], "")), NONCE, 30).run([])
    assert error.value.failure.outcome == "nothing"


@pytest.mark.parametrize(
    ("output", "error"),
    [
        (session.ScriptOutput(127, "sh: powershell: not found", ""), session.NoAnswerError),
        (session.ScriptOutput(0, "#rras#QQ==", ""), session.NoAnswerError),
        (session.ScriptOutput(0, "#rras#A#rras#", ""), MalformedAnswerError),
        (framed("digest\tx\n"), MalformedAnswerError),
        (framed(ERROR), session.ExecutionError),
    ],
)
def test_anything_else_is_an_error(output: session.ScriptOutput, error: type[Exception]) -> None:
    with pytest.raises(error):
        session.Session(Wire(output), NONCE, 30).run([])


@pytest.mark.parametrize(
    ("answer", "lacks"),
    [
        ("done\n", "sc query X"),
        ("digest\tone\ndone\n", "sc query X"),
        (f"ran\t{base64.b64encode(b'sc query X').decode()}\t0\t\ndone\n", "the digest of the policy store"),
    ],
)
def test_an_answer_that_lacks_a_part(answer: str, lacks: str) -> None:
    with pytest.raises(MalformedAnswerError) as error:
        session.Session(Wire(framed(answer)), NONCE, 30).run([steps.ReadDigest("x"), steps.RunProgram("sc", "query X")])
    assert str(error.value) == f"The answer of the host lacks a part ({lacks}); {CHECK}"


def test_more_than_any_answer_is_not_looked_at() -> None:
    framed_large = f"#rras#{'A' * session.MOST_OUTPUT}#rras#"
    with pytest.raises(OversizedAnswerError) as error:
        session.Session(Wire(session.ScriptOutput(0, framed_large, "")), NONCE, 30).run([])
    assert str(error.value) == f"The host answered with more than 8 MiB, more than any valid answer needs; {CHECK}"


def test_what_is_compressed_is_not_unpacked_without_end() -> None:
    with pytest.raises(OversizedAnswerError) as error:
        session.Session(Wire(framed("x" * (MOST_RECORDS + 1))), NONCE, 30).run([])
    assert str(error.value) == f"The host answered with more than 8 MiB, more than any valid answer needs; {CHECK}"


@pytest.mark.parametrize("text", ["1:" * 2_000_000, "x\n" * 2_000_000, "a1:1 " * 40_000 + "\n+ a line"])
def test_only_the_beginning_of_an_endless_error_is_shown(text: str) -> None:
    """The search for places of errors would take hours on the last of them."""
    assert 0 < len(session.cause(session.ScriptOutput(1, "", text))) <= 10_000


AT = "At line:1 char:5\r\n+ if($l){\r\n+     ~~~\r\n"
CATEGORY = "    + CategoryInfo          : ParserError: (:) [], ParentContainsErr\r\n   orRecordException\r\n"
IDENTIFIER = "    + FullyQualifiedErrorId : MissingExpression\r\n"


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        (AT + "Missing expression.\r\n" + CATEGORY + IDENTIFIER, "Missing expression."),
        ("The term 'x' is\r\nnot known.\r\n" + AT + CATEGORY + IDENTIFIER, "The term 'x' is not known."),
        ("In Zeile:1 Zeichen:5\r\n+ if\r\n+ ~~\r\nEs fehlt etwas.\r\n" + IDENTIFIER, "Es fehlt etwas."),
        ("Au caractère Ligne:1 : 5\n+ if\n+ ~~\nIl manque.\n" + IDENTIFIER, "Il manque."),
        ("ParserError: \nLine |\n   1 |  if (\n     |  ~~~~\n     | Missing ')'.\n", "ParserError: Missing ')'."),
        ("sh: 1: Syntax error: 2:3\nnext", "sh: 1: Syntax error: 2:3 next"),
        ("  1 + 1 is 2\n  see above", "1 + 1 is 2 see above"),
        ("+ only a position", "+ only a position"),
        ("", "no output"),
    ],
)
def test_the_cause_of_an_error_is_told_without_the_place(text: str, cause: str) -> None:
    assert session.cause(session.ScriptOutput(1, "on the other stream" if text else "", text)) == cause


def test_an_error_says_what_came_back_and_no_more() -> None:
    with pytest.raises(session.NoAnswerError) as error:
        session.Session(Wire(session.ScriptOutput(127, "", "not found")), NONCE, 30).run([])
    assert (str(error.value), error.value.output.stderr) == (
        "The host did not answer like a Windows host with PowerShell (exit code 127).",
        "not found",
    )
