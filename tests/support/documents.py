# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The documents of the repository: which exist, which ones users get, their links, headings and YAML."""

from __future__ import annotations

import dataclasses
import fnmatch
import re
import textwrap
from collections.abc import Iterator
from pathlib import Path

import yaml

from ansible_collections.rras.ipsec.tests import ROOT

_LINK = re.compile(r"\[[^\]]*\]\((?P<target>[^)\s]+)\)")
_HEADING = re.compile(r"^#+ +(?P<text>.+)$", re.MULTILINE)
_CODE = re.compile(r"^```.*?^```|^ {4}.*?$|`[^`\n]+`", re.MULTILINE | re.DOTALL)
_YAML = re.compile(r"^(?P<indent> *)```(?:yaml|yml)[^\n]*\n(?P<text>.*?)^(?P=indent)```", re.MULTILINE | re.DOTALL)
_IGNORED: list[str] = yaml.safe_load((ROOT / "galaxy.yml").read_text(encoding="utf-8"))["build_ignore"]
_GENERATED = (".cache", ".venv", ".ansible")


@dataclasses.dataclass(frozen=True, slots=True)
class Example:
    """A block of YAML in a document."""

    document: Path
    line: int
    """The number of its first line, counted from 1."""
    text: str

    @property
    def name(self) -> str:
        return f"{self.document.relative_to(ROOT)}:{self.line}"


def documents() -> list[Path]:
    """Return all Markdown files of the repository except the changelog, whose text comes from other files."""
    tops = (top for top in ROOT.iterdir() if top.name not in _GENERATED)
    found = (path for top in tops for path in (top.rglob("*.md") if top.is_dir() else [top]) if path.suffix == ".md")
    return sorted(path for path in found if path.name != "CHANGELOG.md")


def is_published(path: Path) -> bool:
    """Return whether a file or folder is in the tarball."""
    relative = path.relative_to(ROOT)
    names = [str(relative), *map(str, relative.parents)]
    return not any(fnmatch.fnmatch(name, pattern) for name in names if name != "." for pattern in _IGNORED)


def links(document: Path) -> list[str]:
    """Return the targets of a document's links, except links in code."""
    return [match["target"] for match in _LINK.finditer(_without_code(document))]


def anchors(document: Path) -> set[str]:
    """Return the anchors of a document's headings, as forges make them."""
    texts = (match["text"] for match in _HEADING.finditer(document.read_text(encoding="utf-8")))
    return {re.sub(r"[^\w\- ]", "", text.strip().lower()).replace(" ", "-") for text in texts}


def examples(document: Path) -> Iterator[Example]:
    """Yield the fenced blocks of YAML in a document."""
    text = document.read_text(encoding="utf-8")
    for match in _YAML.finditer(text):
        yield Example(document, text.count("\n", 0, match.start("text")) + 1, textwrap.dedent(match["text"]))


def _without_code(document: Path) -> str:
    return _CODE.sub("", document.read_text(encoding="utf-8"))
