# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The report in a real browser: light and dark, on a screen and on a phone."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.rras.ipsec.plugins.plugin_utils import _report_files
from ansible_collections.rras.ipsec.tests.browser import chromium
from ansible_collections.rras.ipsec.tests.support import reports

TEXT, MARK = 4.5, 3.0
"""The least contrast of text and of graphics (WCAG 2.2, 1.4.3 and 1.4.11)."""
TROUBLED, LARGE = "troubled", "200 servers"
WIDTHS = (1280, 400)
SAID = (
    "error rule_differs The rule 'tokyo-osaka' on rras-osaka has security method: ESP DES; the declaration says",
    "a<script>alert(1)</script>",
    "<b>{{ 7 * 7 }}</b>",
    r"b\x1b[31m",
    "rras-kyoto not reached",
)
SAID_OF_MANY = ("rras-hub-00 not read", "rras-hub-09-branch-018 was not read in this run.")
Looks = dict[tuple[str, int, bool], dict[str, Any]]


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> chromium.Browser:
    program = chromium.program()
    if not program:
        pytest.exit(chromium.MISSING, returncode=1)
    return chromium.Browser(program, tmp_path_factory.mktemp("browser"))


@pytest.fixture(scope="module")
def looks(browser: chromium.Browser) -> Looks:
    """Return what was found on each page, by its name, its width, and whether the browser asks for dark."""
    made = {TROUBLED: reports.troubled(), LARGE: reports.fleet(10, 19)}
    cases = list(itertools.product(made, WIDTHS))
    pages = [(_report_files.as_html(made[name]), width) for name, width in cases]
    found = [(dark, browser.look(pages, dark=dark)) for dark in (False, True)]
    return {(*case, dark): each for dark, all_found in found for case, each in zip(cases, all_found, strict=True)}


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", [TROUBLED, LARGE])
def test_it_can_be_read(looks: Looks, name: str, width: int, dark: bool) -> None:
    found = looks[name, width, dark]

    assert (found["width"], found["dark"]) == (width, dark)
    assert found["background"] == ("rgb(13, 17, 23)" if dark else "rgb(255, 255, 255)")
    assert found["scroll_width"] <= width
    assert found["outside"] == []
    assert found["texts"] > 100
    assert found["marks"] > 10
    assert found["worst_text"][0] >= TEXT, found["worst_text"]
    assert found["worst_mark"][0] >= MARK, found["worst_mark"]
    said = " ".join(found["text"].split())
    assert [each for each in (SAID if name == TROUBLED else SAID_OF_MANY) if each not in said] == []


def test_what_can_not_be_read_is_noticed(browser: chromium.Browser) -> None:
    changes = [
        ("--quiet: #57606a", "--quiet: #b0b0b0"),
        ("--error-mark: #cf222e", "--error-mark: #f0d0d0"),
        ("overflow-x: auto", "overflow-x: visible"),
        (".ends { width: 100%", ".ends { width: 900px"),
    ]
    page = _report_files.as_html(reports.troubled())
    assert all(before in page for before, _after in changes)
    wide = _report_files.as_html(reports.fleet(1, 30))
    pages = [wide if "overflow" in change[0] else page for change in changes]
    changed = [(each.replace(*change), 400) for each, change in zip(pages, changes, strict=True)]

    text, mark, map_, table = browser.look(changed, dark=False)

    assert text["worst_text"][0] < TEXT
    assert mark["worst_mark"][0] < MARK
    assert map_["scroll_width"] > 400
    assert table["outside"] != []


def test_without_a_browser_one_sentence_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("RRAS_CHROMIUM", str(tmp_path / "nothing"))
    assert chromium.program() == ""
    monkeypatch.delenv("RRAS_CHROMIUM")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert chromium.program() == ""
