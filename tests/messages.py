# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""docs/messages.md: a table of case, sentence and exit code, which the tests write and check.

A test that shows a sentence takes the fixture `says` and records what it saw::

    says("one end has another key", run.failure(OSAKA), run.code)

The case is a literal of the test's own file, and names one row only. Where a part of what was said differs from run to
run (a port, words of ansible-core), the second argument is the sentence with `*` for that part, and `said` what came.

Each test compares its own row with the document, so any part of the tests may be run, by any number of processes. After
a change, this writes the rows of the tests that it runs, and leaves the others as they are:

    RRAS_MESSAGES=write pytest -n2 tests/integration/test_verify.py

Where two branches wrote rows, this puts what both have in order, conflict markers or not: python -m tests.messages

A row whose test is gone makes tests/unit/test_messages.py fail, and goes with the next writing.
"""

from __future__ import annotations

import ast
import contextlib
import fcntl
import functools
import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple, TextIO

from . import ROOT

DOCUMENT = ROOT / "docs" / "messages.md"
WRITING = os.environ.get("RRAS_MESSAGES") == "write"
_HEAD = """\
# What is said, and the exit code

Written by the tests, which also check it (tests/messages.py says how). The exit code is that of `ansible-playbook`;
`*` stands for what differs from run to run.
"""
_TABLE = "| case | sentence | exit code |\n|---|---|---|\n"
_SECTION = re.compile(r"^## .*\n\n`(?P<file>[^`]+)`$", re.MULTILINE)
_ROW = re.compile(r"^\| (?P<case>.*?) \| (?P<sentence>.*) \| (?P<code>\d+) \|$", re.MULTILINE)


class MessageRow(NamedTuple):
    """One row, as the document shows it."""

    sentence: str
    code: int


Rows = dict[str, dict[str, MessageRow]]
"""The rows of the document: by the test's file, then by the case."""


def is_said(said: str, sentence: str) -> bool:
    """Whether this is the sentence, word for word; `*` stands for words of ansible-core or of the operating system."""
    return re.fullmatch(".*".join(map(re.escape, sentence.split("*"))), said, re.DOTALL) is not None


class Says:
    """Records what one test file shows, or compares it with what the document says."""

    def __init__(self, file: Path) -> None:
        self._file = file.resolve().relative_to(ROOT).as_posix()

    def __call__(self, case: str, sentence: str, code: int, said: str | None = None) -> None:
        """Record a row. said: what came, where the sentence has `*` in it."""
        assert said is None or is_said(said, sentence), said
        row = MessageRow(_cell(sentence), code)
        if WRITING:
            _record(self._file, case, row)
        else:
            found = read(DOCUMENT.read_text(encoding="utf-8")).get(self._file, {}).get(case)
            assert found == row, f"docs/messages.md is stale: RRAS_MESSAGES=write pytest {self._file}"


def read(document: str) -> Rows:
    """The rows of a document."""
    sections = list(_SECTION.finditer(document))
    ends = [*(section.start() for section in sections[1:]), len(document)]
    rows: Rows = {}
    for section, end in zip(sections, ends, strict=False):
        found = _ROW.finditer(document, section.end(), end)
        rows.setdefault(section["file"], {}).update(
            (row["case"], MessageRow(row["sentence"], int(row["code"]))) for row in found
        )
    return rows


def write(rows: Rows) -> str:
    """The document with these rows, those of a file in the order of its cases; without those whose test is gone."""
    return _HEAD + "".join(_section(file, rows[file]) for file in sorted(rows) if kept(file, rows[file]))


def kept(file: str, cases: Iterable[str]) -> list[str]:
    """Those of the cases that a test file still has, in its order."""
    wanted = set(cases)
    return [case for case in literals(file) if case in wanted]


@functools.lru_cache
def literals(file: str) -> dict[str, None]:
    """All texts that a test file holds, each once; none of a file that is not there."""
    path = ROOT / file
    if not path.exists():
        return {}
    nodes = [node for node in ast.walk(_parsed(path)) if isinstance(node, ast.Constant) and isinstance(node.value, str)]
    ordered = sorted(nodes, key=lambda node: (node.lineno, node.col_offset))
    return dict.fromkeys(node.value for node in ordered if isinstance(node.value, str))


def _section(file: str, rows: dict[str, MessageRow]) -> str:
    title = (ast.get_docstring(_parsed(ROOT / file)) or file).partition("\n")[0].rstrip(".")
    lines = (f"| {case} | {rows[case].sentence} | {rows[case].code} |\n" for case in kept(file, rows))
    return f"\n## {title}\n\n`{file}`\n\n{_TABLE}{''.join(lines)}"


def _parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def stale() -> Iterator[str]:
    """The rows of the document that no test has."""
    for file, rows in read(DOCUMENT.read_text(encoding="utf-8")).items():
        yield from (f"{file}: {case}" for case in rows if case not in kept(file, rows))


def _record(file: str, case: str, row: MessageRow) -> None:
    with _alone() as stream:
        rows = read(stream.read())
        rows.setdefault(file, {})[case] = row
        stream.truncate(0)
        stream.write(write(rows))


@contextlib.contextmanager
def _alone() -> Iterator[TextIO]:
    """The document, which no other process writes meanwhile."""
    with DOCUMENT.open("a+", encoding="utf-8") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        stream.seek(0)
        yield stream


def _cell(sentence: str) -> str:
    """A sentence on one line of a table."""
    return " ".join(sentence.split()).replace("|", "\\|").replace("*", "\\*")


if __name__ == "__main__":
    DOCUMENT.write_text(write(read(DOCUMENT.read_text(encoding="utf-8"))), encoding="utf-8")
