# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The walls of the house: the policy core knows no host, no Ansible, no clock and no chance."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

UTILS = Path(__file__).parents[2] / "plugins" / "plugin_utils"
TESTS = Path(__file__).parents[1]
COLLECTION = "ansible_collections.rras.ipsec.plugins.plugin_utils."
PURE = {
    "__future__", "abc", "collections", "cryptography", "dataclasses", "datetime", "enum", "functools", "hashlib",
    "hmac", "ipaddress", "itertools", "math", "re", "struct", "types", "typing", "unicodedata", "uuid",
}  # fmt: skip
IMPURE_NAMES = {"uuid1", "uuid4", "open", "print", "input", "now", "today", "getnode"}


def modules(package: str) -> list[Path]:
    return sorted((UTILS / package).rglob("*.py"))


def imported(path: Path) -> Iterator[str]:
    """Return the full names of what a module imports."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def names(path: Path) -> set[str]:
    """Return every name and attribute that a module uses."""
    nodes = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
    attributes = {node.attr for node in nodes if isinstance(node, ast.Attribute)}
    return attributes | {node.id for node in nodes if isinstance(node, ast.Name)}


@pytest.mark.parametrize("path", modules("_policy"), ids=lambda path: path.stem)
def test_the_core_is_pure(path: Path) -> None:
    for name in imported(path):
        assert name.startswith(f"{COLLECTION}_policy.") or name == f"{COLLECTION}_policy" or name.split(".")[0] in PURE
    assert names(path).isdisjoint(IMPURE_NAMES)


@pytest.mark.parametrize("path", modules("_host"), ids=lambda path: path.stem)
def test_what_talks_to_hosts_interprets_no_policy(path: Path) -> None:
    known = {name.removeprefix(f"{COLLECTION}_policy.") for name in imported(path) if "_policy" in name}
    assert {name.split(".")[0] for name in known} <= {"errors", "registry", "steps", f"{COLLECTION}_policy"}
    assert all(
        name.split(".")[-1] in {"steps", "NO_ANSWER", "RrasError", "Key", "Kind", "Tree", "Value"} for name in known
    )


def test_only_the_boundary_catches_everything() -> None:
    broad = {
        path.name
        for path in UTILS.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ExceptHandler)
        and (node.type is None or (isinstance(node.type, ast.Name) and node.type.id in {"Exception", "BaseException"}))
    }
    assert broad == {"_action.py"}


@pytest.mark.parametrize("path", sorted(TESTS.rglob("*.py")), ids=lambda path: path.relative_to(TESTS).as_posix())
def test_nobody_imports_a_test_module(path: Path) -> None:
    """What several test modules need lies in tests/support; who moves or renames a test looks nowhere else."""
    parts = {part for name in imported(path) for part in name.split(".")}
    assert [part for part in parts if part.startswith("test_") or part == "conftest"] == []


def test_the_lab_knows_no_tests() -> None:
    """It is a program of its own, and a playground: python -m tests.lab."""
    names = {name for path in (TESTS / "lab").rglob("*.py") for name in imported(path)}
    assert [name for name in names if ".tests." in name and ".tests.lab" not in name] == []
