# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The records that travel to a host and back."""

from __future__ import annotations

import base64
import dataclasses
import gzip
import re
import typing

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.rras.ipsec.plugins.plugin_utils._host import records, session
from ansible_collections.rras.ipsec.plugins.plugin_utils._host.records import (
    Failure,
    Fault,
    MalformedAnswerError,
    Outcome,
)
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy import firewall, steps
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.host import RASMAN
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.registry import Kind, Value
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.store import LOCAL
from ansible_collections.rras.ipsec.tests.lab.twin import digests
from ansible_collections.rras.ipsec.tests.lab.twin.grammar import VERBS, parse
from ansible_collections.rras.ipsec.tests.lab.twin.transaction import ScriptRun, method_of

CHECK = "check that nothing on the host changes the output of PowerShell."
TWO_LINES = "a\nb"
OWN = r"SOFTWARE\rras.ipsec"
OBJECT = rf"{LOCAL}\ipsecNFA{{00000000-0000-0000-0000-000000000001}}"
STEPS: list[steps.Step] = [
    steps.Prepare(bytes(32), 30),
    steps.ReadTree(LOCAL, depth=9),
    steps.ReadTree(OWN, ("One", "Two")),
    steps.ReadDigest(LOCAL),
    steps.RunProgram("sc", "query PolicyAgent", r":\s+[0-9a-f]+\s"),
    steps.RunProgram("net", "start IKEEXT", must_succeed=True, undo="stop IKEEXT"),
    firewall.ADD,
    firewall.DELETE,
    *firewall.reading(),
    steps.ExpectUnchanged(LOCAL, "AAAA"),
    steps.expect_text(OWN, "Id", "text with\ttab and\nline"),
    steps.ExpectValue(RASMAN, "ProhibitIpSec", Value.dword(1)),
    steps.ExpectValue(RASMAN, "ProhibitIpSec", None),
    steps.ExpectSealed(OWN, "Seal", LOCAL),
    steps.Seal(OWN, "Seal", LOCAL),
    steps.CreateKey(OBJECT),
    steps.CreateKey(OWN, volatile=True),
    steps.ProtectKey(OBJECT, "D:P(A;CI;KA;;;SY)"),
    steps.SetValue(OBJECT, "ipsecName", Value.sz("a name\twith a tab")),
    steps.SetValue(OBJECT, "ipsecData", Value.binary(bytes(range(256)))),
    steps.SetValue(OBJECT, "whenChanged", Value.dword(0xFFFFFFFF)),
    steps.SetValue(OWN, "Owned", Value.multi_sz(["one", "two"])),
    steps.SetValue(RASMAN, "ProhibitIpSec", Value.qword(1)),
    steps.SetValue(OWN, "Before", Value(Kind.EXPAND_SZ, "%x%".encode("utf-16-le"))),
    steps.SetValue(OWN, "Before", Value(Kind.NONE, b"\1")),
    steps.UnsetValue(OWN, "Set"),
    steps.DeleteKey(OBJECT),
    steps.DeleteListed(OWN, "Obsolete"),
    steps.CopyKey(LOCAL, OWN),
    steps.Flush(RASMAN),
    steps.AssignPolicy(OBJECT),
    steps.AssignPolicy(""),
]


@pytest.mark.parametrize("step", STEPS, ids=lambda step: type(step).__name__)
def test_each_step_is_one_line_that_the_script_allows(step: steps.Step) -> None:
    line = records.encode(step)
    assert "\n" not in line
    assert parse(line).verb == type(step).__name__


@pytest.mark.parametrize("verb", steps.VERBS)
class TestEachVerbHasOneName:
    """Whoever adds a verb is told here what it still lacks."""

    def test_as_a_record(self, verb: str) -> None:
        sent = [records.encode(step) for step in STEPS if type(step).__name__ == verb]
        assert sent, "the list of steps above has none"
        assert all(line.startswith(f"{verb}\t") for line in sent)
        assert re.search(rf"^{verb} ", records.__doc__ or "", re.MULTILINE), "its fields are not documented"

    def test_as_a_function_of_the_script(self, verb: str) -> None:
        text = session.SCRIPT.read_text(encoding="ascii")
        found = re.search(rf"^function {verb}[( ]", text, re.MULTILINE)
        assert found, "the script has no function of this name"
        assert re.search(rf"^    {verb} += .", text, re.MULTILINE), "the allow-list has no form of its fields"

    def test_as_a_method_of_the_twin(self, verb: str) -> None:
        method = getattr(ScriptRun, method_of(verb), None)
        assert callable(method), "tests/lab/twin/transaction.py has no method of this name"
        assert verb in VERBS, "the twin's grammar has no form of its fields"


def test_there_is_no_verb_without_a_step() -> None:
    (table,) = re.findall(
        r"^\$verbs = @\{\n((?:    .*\n)+)\}", session.SCRIPT.read_text(encoding="ascii"), re.MULTILINE
    )
    in_the_script = set(re.findall(r"^ +(\w+) +=", table, re.MULTILINE))
    assert in_the_script == set(VERBS) == set(steps.VERBS)
    assert set(steps.VERBS) == {step.__name__ for step in typing.get_args(steps.Step)}


def field(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def answered(kind: str, data: str) -> Value:
    answer = records.decode(f"key\t{field('A')}\nvalue\t{field('Name')}\t{kind}\t{data}\ndone\n")
    return answer.tree["a"]["NAME"]


@given(st.integers(-(2**31), 2**31 - 1))
def test_numbers_travel_signed(number: int) -> None:
    assert answered("DWord", field(str(number))).number == number % 2**32
    assert answered("QWord", field(str(number))) == Value.qword(number % 2**64)


@given(st.binary())
def test_bytes_travel_as_they_are(data: bytes) -> None:
    value = Value.binary(data)
    assert answered("Binary", digests.field(value)) == value


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1)))
def test_texts_travel_in_a_list(texts: list[str]) -> None:
    assert answered("MultiString", digests.field(Value.multi_sz(texts))).texts == tuple(texts)


def test_a_kind_without_a_name_is_kept_as_bytes() -> None:
    assert answered("Unknown", "AAEC") == Value(Kind.NONE, b"\0\1\2")


def test_an_answer_in_full() -> None:
    answer = records.decode(
        "\n".join(
            (
                f"key\t{field('A')}",
                f"access\t{field('D:P')}",
                f"denied\t{field('B')}",
                "digest\tone",
                "digest\ttwo",
                f"ran\t{field('sc query X')}\t-1\t{field(TWO_LINES)}",
                "assigned\tregistry",
                "done",
            )
        )
    )
    assert (answer.access, answer.digests, answer.assigned_by) == ({"A": "D:P"}, ("one", "two"), "registry")
    assert (set(answer.denied), len(answer.tree["B"])) == ({"B"}, 0)
    assert answer.ran == {"sc query X": records.Ran(-1, ("a", "b"))}
    assert answer.failure is None


def test_an_error_in_full() -> None:
    answer = records.decode(f"error\tconflict\tExpectUnchanged\tSOFTWARE\\x\t{field('why')}\tpartly\t{field('what')}\n")
    assert answer.failure == Failure(Fault.CONFLICT, "ExpectUnchanged", "SOFTWARE\\x", "why", Outcome.PARTLY, "what")


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("", "has no end"),
        ("digest\tone\n", "has no end"),
        ("what\ndone\n", "can't be read (ValueError)"),
        ("value\tQQ==\tString\tQQ==\ndone\n", "can't be read (KeyError)"),
        ("key\t*\ndone\n", "can't be read (Error)"),
        ("key\t/w==\ndone\n", "can't be read (UnicodeDecodeError)"),
        (f"key\tQQ==\nvalue\tQQ==\tDWord\t{field('99999999999')}\ndone\n",
         "can't be read at A (OverflowError)"),
        ("key\tQQ==\nvalue\tQQ==\tString\t/w==\ndone\n",
         "can't be read at A (UnicodeDecodeError)"),
        ("error\tnew\tx\ty\t\tnothing\t\n", "can't be read (ValueError)"),
    ],
)  # fmt: skip
def test_what_is_no_answer(text: str, wrong: str) -> None:
    with pytest.raises(MalformedAnswerError) as error:
        records.decode(text)
    assert str(error.value) == f"The answer of the host {wrong}; {CHECK}"


@given(
    st.text()
    | st.lists(st.sampled_from(["key", "value", "ran", "done", "error", "QQ==", "\t", "\n", "1"])).map("".join)
)
def test_anything_is_an_answer_or_malformed(text: str) -> None:
    try:
        answer = records.decode(text)
    except MalformedAnswerError:
        return
    assert dataclasses.is_dataclass(answer)


def test_a_frame_may_be_broken_into_lines() -> None:
    frame = field("digest\tone\ndone\n")
    assert records.decode_frame(f"{frame[:5]}\r\n {frame[5:]}").digests == ("one",)


def test_a_frame_is_compressed() -> None:
    frame = base64.b64encode(gzip.compress(b"digest\tone\ndone\n")).decode()
    assert records.decode_frame(f"{frame[:5]}\r\n {frame[5:]}").digests == ("one",)


PACKED = gzip.compress(b"done\n", mtime=0)
NO_TEXT = gzip.compress(b"\xff", mtime=0)


@pytest.mark.parametrize(
    "frame",
    [
        "A",
        "A=BC",
        "/w==",
        *(
            base64.b64encode(data).decode()
            for data in (PACKED[:-1], PACKED[:12], PACKED + b"x", PACKED[:-8] + bytes(8), NO_TEXT)
        ),
    ],
)
def test_a_damaged_frame(frame: str) -> None:
    with pytest.raises(MalformedAnswerError, match="The answer of the host is damaged; check"):
        records.decode_frame(frame)
