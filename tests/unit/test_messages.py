# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The document of all sentences: what of it can be checked without a run."""

from __future__ import annotations

from pathlib import Path

import pytest

from ansible_collections.rras.ipsec.tests import messages
from ansible_collections.rras.ipsec.tests.messages import MessageRow, Says

HERE = "tests/unit/test_messages.py"
CASE = "a case of this test only"


def test_every_row_belongs_to_a_test() -> None:
    """After a test is renamed or deleted: RRAS_MESSAGES=write pytest, with the file that had it."""
    document = messages.DOCUMENT.read_text(encoding="utf-8")
    assert messages.read(document), "there is a row"
    assert list(messages.stale()) == []
    assert messages.write(messages.read(document)) == document


@pytest.fixture
def document(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Let a document of the test's own take the place of the real one."""
    path = tmp_path / "messages.md"
    path.write_text(messages.write({HERE: {CASE: MessageRow("It is so.", 2)}}), encoding="utf-8")
    monkeypatch.setattr(messages, "DOCUMENT", path)
    monkeypatch.setattr(messages, "WRITING", False)
    return path


@pytest.mark.usefixtures("document")
def test_a_row_is_compared_word_for_word() -> None:
    says = Says(Path(__file__))
    says(CASE, "It is so.", 2)
    for case, sentence, code in ((CASE, "It is not so.", 2), (CASE, "It is so.", 0), ("another", "It is so.", 2)):
        with pytest.raises(AssertionError, match=r"stale: RRAS_MESSAGES=write pytest tests/unit/test_messages\.py"):
            says(case, sentence, code)


def test_writing_replaces_the_row_and_drops_what_no_test_has(document: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gone = f"a case {'that'} no test has"
    document.write_text(document.read_text(encoding="utf-8") + f"| {gone} | It was so. | 2 |\n", encoding="utf-8")
    assert list(messages.stale()) == [f"{HERE}: {gone}"]
    monkeypatch.setattr(messages, "WRITING", True)
    Says(Path(__file__))(CASE, "a | b*", 0, said="a | b\nin two lines")
    assert messages.read(document.read_text(encoding="utf-8")) == {HERE: {CASE: MessageRow("a \\| b\\*", 0)}}
    monkeypatch.setattr(messages, "WRITING", False)
    with pytest.raises(AssertionError):
        Says(Path(__file__))(CASE, "a | b*", 0, said="something else")
