# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Relative links lead somewhere, and those of what is published to what is published."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.findings import Identifier
from ansible_collections.rras.ipsec.tests import ROOT
from ansible_collections.rras.ipsec.tests.support.documents import anchors, documents, is_published, links


def wrong(document: Path, link: str) -> str:
    """Say what is wrong with a link; nothing where nothing is."""
    if "://" in link or link.startswith("mailto:"):
        return ""
    target, _, anchor = link.partition("#")
    path = (document.parent / target).resolve() if target else document
    if not path.exists():
        return f"{link}: there is no such file"
    if is_published(document) and not is_published(path):
        return f"{link}: users who installed the collection do not have it"
    if anchor and anchor not in anchors(path):
        return f"{link}: there is no such heading"
    return ""


@pytest.mark.parametrize("document", documents(), ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_somewhere(document: Path) -> None:
    assert [said for link in links(document) if (said := wrong(document, link))] == []


@pytest.mark.parametrize(
    ("link", "said"),
    [
        ("docs/nowhere.md", "docs/nowhere.md: there is no such file"),
        ("tests/lab/README.md", "tests/lab/README.md: users who installed the collection do not have it"),
        ("docs/restore.md#nothing", "docs/restore.md#nothing: there is no such heading"),
        ("docs/architecture.md#words", ""),
        ("https://example.com/", ""),
    ],
)
def test_what_is_wrong_with_a_link(link: str, said: str) -> None:
    assert wrong(ROOT / "README.md", link) == said


def test_there_are_links() -> None:
    assert links(ROOT / "README.md")


def test_the_findings_that_are_named_for_a_symptom_exist() -> None:
    text = (ROOT / "docs" / "troubleshooting.md").read_text(encoding="utf-8")
    rows = [line.split(" | ")[2] for line in text.partition("\n## ")[0].splitlines() if line.startswith("| ")]
    words = {word for row in rows for word in re.findall(r"`([a-z0-9]+_[a-z0-9_]+)`", row)}

    assert "key_differs" in words
    assert words - {"l2tp_other_peers"} <= set(Identifier)
