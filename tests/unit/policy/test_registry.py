# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A part of a registry as data: found without regard to case, kept as it was written."""

from __future__ import annotations

import pytest

from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.registry import (
    Key,
    Kind,
    NameMap,
    NameSet,
    Tree,
    Value,
    begins_with,
    ends_with,
    is_within,
    join,
    same,
)


@pytest.mark.parametrize(
    ("value", "text", "texts", "number"),
    [
        (Value.sz("L2TP"), "L2TP", ("L2TP",), None),
        (Value.sz(""), "", (), None),
        (Value(Kind.EXPAND_SZ, "%x%".encode("utf-16-le")), "%x%", ("%x%",), None),
        (Value.multi_sz(["a", "b"]), "a\0b", ("a", "b"), None),
        (Value.multi_sz([]), "", (), None),
        (Value.dword(0x100), "", (), 0x100),
        (Value(Kind.DWORD, b"\1\0"), "", (), None),
        (Value(Kind.DWORD, bytes(8)), "", (), None),
        (Value.qword(1), "", (), None),
        (Value.binary(b"\1\0"), "", (), None),
        (Value(Kind.SZ, b"a\0\xff"), "a\ufffd", ("a\ufffd",), None),
    ],
)
def test_values(value: Value, text: str, texts: tuple[str, ...], number: int | None) -> None:
    assert (value.text, value.texts, value.number) == (text, texts, number)


def test_data_is_not_shown() -> None:
    assert "secret" not in repr(Value.binary(b"secret"))


KEY = Key(r"SOFTWARE\Key", {"Name": Value.sz("text"), "List": Value.multi_sz(["a", "b"])})


def test_values_of_a_key() -> None:
    assert (KEY["NAME"], "name" in KEY, "other" in KEY) == (Value.sz("text"), True, False)
    assert (KEY.text("name"), KEY.text("other"), KEY.texts("LIST"), KEY.texts("other")) == ("text", "", ("a", "b"), ())
    assert (list(KEY), len(KEY), KEY.name) == (["Name", "List"], 2, "Key")
    assert repr(KEY) == r"Key('SOFTWARE\\Key', ['List', 'Name'])"


def test_keys_of_a_tree() -> None:
    below = Key(join(KEY.path, "Below"))
    deeper = Key(join(KEY.path, "Below", "Deeper"))
    tree = Tree([KEY, below, deeper, Key(r"SOFTWARE\Key2")])
    assert tree["software\\KEY"] is KEY
    assert tree.children("software\\key") == [below]
    assert (tree.value(KEY.path, "name"), tree.value(KEY.path, "x"), tree.value("x", "x")) == (
        Value.sz("text"),
        None,
        None,
    )
    assert (len(tree), next(iter(tree))) == (4, KEY.path)


@pytest.mark.parametrize(
    ("answer", "twin"),
    [
        (same("Straße\\A", "strasse\\a"), same("A", "B")),
        (begins_with("PolicyAgent", "policy"), begins_with("PolicyAgent", "agent")),
        (ends_with("ipsecNFAReference", "REFERENCE"), ends_with("ipsecNFAReference", "NFA")),
        (is_within(r"SOFTWARE\Key\Below", r"software\KEY"), is_within(r"SOFTWARE\Key2", r"SOFTWARE\Key")),
        (is_within(r"SOFTWARE\Key", r"software\KEY"), is_within("SOFTWARE", r"SOFTWARE\Key")),
    ],
)
def test_names_are_compared_without_regard_to_case(answer: bool, twin: bool) -> None:
    assert answer
    assert not twin


def test_names_are_kept_as_they_were_written() -> None:
    names = NameSet(["One", "Two"])
    assert ("ONE" in names, "three" in names, object() in names) == (True, False, False)
    assert (list(names), len(names)) == (["One", "Two"], 2)
    assert set(names - NameSet(["one"])) == {"Two"}
    assert list(names | NameSet(["TWO", "Three"])) == ["One", "TWO", "Three"]
    assert names == NameSet(["One", "Two"])


def test_the_name_that_was_written_last_stands() -> None:
    found = NameMap({"One": 1})
    found["ONE"] = 2
    assert (dict(found), found["one"], len(found)) == ({"ONE": 2}, 2, 1)
    del found["oNe"]
    assert not found
    with pytest.raises(KeyError):
        found["One"]
