# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The text of transaction.ps1: a person can read it aloud, it calls no cmdlet, and nothing but comments is left out."""

from __future__ import annotations

import base64
import re
from pathlib import Path

import pytest

from ansible_collections.rras.ipsec.plugins.plugin_utils._host import records, session
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy import host, steps

TEXT = session.SCRIPT.read_text(encoding="ascii")
SESSION = Path(session.__file__).read_text(encoding="ascii")
LINES = TEXT.splitlines()
SENT = session.script_text()
STATEMENTS = SENT.splitlines()
FUNCTIONS = set(re.findall(r"^function ([\w-]+)", TEXT, re.MULTILINE))
MOST_STATEMENTS = 490
"""Lines that travel; a closing brace is one."""
MOST_BYTES = 32_000
BUDGET = "all of it travels with each execution: shorten something in transaction.ps1, or read less"
READY_MADE = re.compile(r"#rras#([A-Za-z0-9+/=]+)#rras#")
SAID = re.compile(r'base64 of\s*(?:# )?"([^"]+)"')


def without_texts(text: str) -> str:
    return re.sub(r"'[^'\n]*'|\"[^\"\n]*\"", "''", text)


CODE = without_texts(SENT)


class TestReadAloud:
    def test_it_is_short(self) -> None:
        assert len(STATEMENTS) <= MOST_STATEMENTS, BUDGET

    def test_no_line_is_long(self) -> None:
        assert [line for line in LINES if len(line) > 120] == []

    def test_a_line_is_one_statement(self) -> None:
        assert [line for line in CODE.splitlines() if ";" in re.sub(r"^for \(.*?; .*?; ", "", line)] == []

    def test_a_condition_assigns_nothing(self) -> None:
        assert [line for line in CODE.splitlines() if re.search(r"\(\$\w+ = ", line.removeprefix("for ("))] == []

    def test_a_comment_has_lines_of_its_own(self) -> None:
        assert [line for line in CODE.splitlines() if "#" in line] == []

    def test_each_block_begins_with_a_comment(self) -> None:
        blocks = [block.lstrip().splitlines()[0].lstrip() for block in TEXT.split("\n\n")]
        assert [line for line in blocks if not line.startswith("#")] == []

    def test_a_pattern_has_a_name_of_its_own(self) -> None:
        """A variable whose name ends in Form is a pattern, made once; nothing else stands in one."""
        made = re.findall(r"^\$(\w+Form) = ", SENT, re.MULTILINE)
        assert made
        assert len(set(made)) == len(made)
        assert set(re.findall(r"\$(\w+Form)\b", SENT)) == set(made)
        matched = re.findall(r"-(?:not)?match \"([^\"]*)\"", SENT)
        (table,) = re.findall(r"^\$verbs = @\{\n(.*?)^\}", SENT, re.MULTILINE | re.DOTALL)
        lists = re.findall(r"^\$\w+Form = .*(?:\n[\"'$].*)*", SENT, re.MULTILINE)
        inside = {name for text in (*matched, table, *lists) for name in re.findall(r"\$(\w+)", text)}
        assert {name for name in inside if not name.endswith(("Form", "form"))} == set()


def test_the_reading_form_lacks_nothing_that_it_calls() -> None:
    reading = without_texts(session.script_text(only_reads=True))
    defined = set(re.findall(r"^function ([\w-]+)", reading, re.MULTILINE))
    called = set(re.findall(r"(?<![\w.:$\[-])[A-Z][a-z]+-[A-Z]\w+", reading))
    one_word = [name for name in FUNCTIONS if "-" not in name]
    words = {name for name in one_word if re.search(rf"^(.*[({{=] ?)?{name} ", reading, re.MULTILINE)}
    assert called | words - set(steps.VERBS) <= defined
    assert {name for name, verb in steps.VERBS.items() if verb.only_reads} == defined & set(steps.VERBS)
    assert len(reading) < 0.8 * len(CODE)


def test_what_is_sent_is_all_but_comments_and_indentation() -> None:
    assert [line.strip() for line in LINES if line.strip() and not re.match(r"\s*#", line)] == STATEMENTS
    assert not re.search(r"@['\"]$", TEXT, re.MULTILINE), "a text over several lines would lose its indentation"
    assert [line for line in CODE.splitlines() if "'" in line.replace("''", "") or '"' in line] == []


def test_what_a_reading_sends_is_within_its_budget() -> None:
    lines = map(records.encode, (steps.Prepare(bytes(32), 300), *host.reading()))
    sent = SENT + "\n".join((session.RECORDS, *lines)) + "\n"
    assert len(TEXT) < MOST_BYTES, BUDGET
    assert len(session.COMMAND) + len(base64.b64encode(sent.encode())) < MOST_BYTES, BUDGET


@pytest.mark.parametrize(
    ("text", "explained"), [(TEXT, TEXT), (session.BOOTSTRAP, SESSION)], ids=["script", "bootstrap"]
)
def test_a_ready_made_answer_is_what_the_comment_says(text: str, explained: str) -> None:
    (answer,) = READY_MADE.findall(text)
    (said,) = SAID.findall(explained)
    assert base64.b64decode(answer).decode() == said.replace("<TAB>", "\t").replace("<NEWLINE>", "\n")
    failure = records.decode_frame(answer).failure
    assert failure is not None
    assert failure.outcome is records.Outcome.NOTHING


def test_it_calls_no_cmdlet_because_event_4103_would_show_what_one_is_given() -> None:
    called = set(re.findall(r"(?<![\w.:$\[-])[A-Z][a-z]+-[A-Z]\w+", CODE))
    assert called, "nothing was found, so the search is wrong"
    assert called <= FUNCTIONS
    assert not re.search(
        r"\b(Write|New|Get|Set|ConvertTo|ConvertFrom|Out|Select|Where|ForEach)-(Object|Output|Host|Json)", SENT
    )


@pytest.mark.parametrize("call", ["::OpenBaseKey(", "[Threading.Mutex]::new(", "]::GetCurrent()", "$requests = "])
def test_what_windows_may_refuse_is_inside_the_try(call: str) -> None:
    """What throws outside of it leaves no answer: not what failed, nor that nothing was changed."""
    before, tried, _caught = re.split(
        r"^try \{$|^\} catch \{$", TEXT.partition("\n$held = $false\n")[2], flags=re.MULTILINE
    )
    assert before.strip() == ""
    assert (TEXT.count(call), tried.count(call)) == (1, 1)


def test_what_takes_a_change_back_is_a_function() -> None:
    pushed = set(re.findall(r"\$undo\.Push\(@\('([\w-]+)'", SENT))
    assert pushed
    assert pushed <= FUNCTIONS
