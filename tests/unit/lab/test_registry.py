# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The registry of a simulated host does what Windows' does."""

from __future__ import annotations

import pytest

from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.registry import Key, Tree, Value
from ansible_collections.rras.ipsec.tests.lab.windows.registry import (
    DEFAULT_ACCESS,
    Registry,
    RegistryError,
    RegistryErrorCode,
    differences,
)

A = r"SOFTWARE\A"


@pytest.fixture
def registry() -> Registry:
    return Registry(Tree([Key(A, {"Name": Value.sz("x")}), Key(A + r"\b"), Key(A + r"\C")]))


def test_names_are_found_without_case_and_keep_their_first_spelling(registry: Registry) -> None:
    registry.write(A.lower(), "NAME", Value.dword(7))
    key = registry.read(A.upper())
    assert key is not None
    assert (key.path, list(key), key["name"].number) == (A, ["Name"], 7)


def test_children_are_sorted_without_case(registry: Registry) -> None:
    registry.create(A + r"\a\deeper")
    assert registry.children(A) == ["a", "b", "C"]


def test_a_key_with_children_is_not_removed(registry: Registry) -> None:
    with pytest.raises(RegistryError) as refused:
        registry.remove(A)
    assert refused.value.code is RegistryErrorCode.KEY_HAS_CHILDREN
    registry.remove_tree(A)
    assert registry.read(A + r"\b") is None


@pytest.mark.parametrize("operation", ["write", "erase", "remove", "access", "protect"])
def test_a_missing_key_can_be_neither_changed_nor_asked(registry: Registry, operation: str) -> None:
    arguments = {"write": ("n", Value.sz("")), "erase": ("n",), "protect": ("D:P",)}.get(operation, ())
    with pytest.raises(RegistryError, match=r"file not found: SOFTWARE\\missing"):
        getattr(registry, operation)(r"SOFTWARE\missing", *arguments)


def test_volatile_keys_vanish_at_restart(registry: Registry) -> None:
    registry.create(A + r"\note", volatile=True)
    registry.write(A + r"\note", "since", Value.dword(1))
    registry.lose_volatile_keys()
    assert registry.read(A + r"\note") is None
    assert registry.children(A) == ["b", "C"]


def test_a_volatile_parent_refuses_a_lasting_child(registry: Registry) -> None:
    registry.create(A + r"\note", volatile=True)
    with pytest.raises(RegistryError) as refused:
        registry.create(A + r"\note\child")
    assert refused.value.code is RegistryErrorCode.CHILD_MUST_BE_VOLATILE


def test_creating_a_volatile_key_only_opens_a_lasting_one(registry: Registry) -> None:
    registry.create(A, volatile=True)
    registry.lose_volatile_keys()
    assert registry.read(A) is not None


class TestLinks:
    def test_everything_follows_a_link(self, registry: Registry) -> None:
        registry.link(r"SOFTWARE\Link", A)
        assert registry.children(r"SOFTWARE\Link") == ["b", "C"]
        registry.write(r"software\link", "Name", Value.sz("y"))
        registry.create(r"SOFTWARE\Link\b\new")
        assert registry.snapshot(A).value(A, "Name") == Value.sz("y")
        assert registry.read(A + r"\b\new") is not None
        assert registry.children("SOFTWARE") == ["A", "Link"]

    def test_deleting_a_link_deletes_the_target(self, registry: Registry) -> None:
        registry.link(r"SOFTWARE\Link", A + r"\b")
        registry.remove(r"SOFTWARE\Link")
        assert registry.read(A + r"\b") is None
        assert registry.read(r"SOFTWARE\Link") is None
        assert registry.children("SOFTWARE") == ["A", "Link"]


class TestPowerFailure:
    def test_each_hive_is_written_by_itself(self) -> None:
        registry = Registry(Tree([Key(A), Key(r"SYSTEM\B")]))
        registry.write(A, "x", Value.dword(1))
        registry.write(r"SYSTEM\B", "y", Value.dword(1))
        registry.flush(r"software\any\key")
        registry.write(A, "x", Value.dword(2))
        registry.create(A + r"\new")
        for hive in ("SOFTWARE", "SYSTEM"):
            registry.lose_unwritten(hive)
        assert registry.snapshot(A).value(A, "x") == Value.dword(1)
        assert registry.children(A) == []
        assert registry.snapshot().value(r"SYSTEM\B", "y") is None

    def test_what_was_deleted_may_be_there_again(self, registry: Registry) -> None:
        registry.protect(A + r"\b", "D:P(A;CI;KA;;;SY)")
        registry.flush(A)
        registry.remove_tree(A)
        registry.lose_unwritten("SOFTWARE")
        assert registry.children(A) == ["b", "C"]
        assert registry.access(A + r"\b") == "D:P(A;CI;KA;;;SY)"

    def test_a_volatile_key_is_never_on_disk(self, registry: Registry) -> None:
        registry.create(A + r"\note", volatile=True)
        registry.flush(A)
        registry.lose_unwritten("SOFTWARE")
        assert registry.read(A + r"\note") is None

    def test_a_restart_writes_everything(self, registry: Registry) -> None:
        registry.write(A, "Name", Value.sz("y"))
        registry.lose_volatile_keys()
        registry.lose_unwritten("SOFTWARE")
        assert registry.snapshot(A).value(A, "Name") == Value.sz("y")

    def test_what_a_host_starts_with_is_on_disk(self, registry: Registry) -> None:
        registry.lose_unwritten("SOFTWARE")
        assert registry.snapshot(A).value(A, "Name") == Value.sz("x")
        registry.lose_unwritten("SYSTEM")
        assert registry.read(A) is not None


def test_access_is_inherited_until_a_key_is_protected(registry: Registry) -> None:
    assert registry.access(A + r"\b") == DEFAULT_ACCESS
    registry.protect(A, "D:P(A;CI;KA;;;SY)(A;;KR;;;NS)")
    assert registry.access(A + r"\b") == "D:AI(A;CIID;KA;;;SY)"
    registry.protect(A, DEFAULT_ACCESS)
    assert registry.access(A + r"\b") == DEFAULT_ACCESS


def test_a_key_may_be_unreadable(registry: Registry) -> None:
    registry.deny(A)
    with pytest.raises(RegistryError, match="access denied"):
        registry.read(A)


def test_a_snapshot_does_not_change(registry: Registry) -> None:
    before = registry.snapshot(A)
    registry.write(A, "Name", Value.sz("y"))
    assert before.value(A, "Name") == Value.sz("x")
    assert sorted(before, key=str.lower) == [A, A + r"\b", A + r"\C"]


def test_differences_are_said_in_words() -> None:
    before = Tree(
        [Key("gone"), Key("k", {"gone": Value.dword(1), "changed": Value.sz("x"), "same": Value.binary(b"s")})]
    )
    after = Tree(
        [
            Key("k", {"new": Value.multi_sz(["a"]), "changed": Value.binary(b"x"), "same": Value.binary(b"s")}),
            Key("new"),
        ]
    )
    assert differences(before, before) == []
    assert differences(before, after) == [
        "the key gone is gone",
        "the key new is new",
        "k: the value gone is gone (was dword 1)",
        "k: the value new is new (multi_sz ['a'])",
        "k: the value changed was sz 'x', is binary of 1 bytes, 2d711642",
    ]
