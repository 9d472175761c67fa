# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Registration files: what is written, and what of those of others is read or refused."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.registry import Key, Kind, Tree, Value
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.render import reg_file
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.render.reg_file import RegFileError, Section
from ansible_collections.rras.ipsec.tests.support.strategies import NAME, TEXT, UINT32

PLACE = r"SOFTWARE\Example"
OLD = "REGEDIT4\r\n\r\n"
NEW = "Windows Registry Editor Version 5.00\r\n\r\n"
BEGIN = f"[HKEY_LOCAL_MACHINE\\{PLACE}]\r\n"

NO_HEADER = (
    "is not the beginning of a registration file; the first line must be 'Windows Registry Editor Version 5.00' or "
    "'REGEDIT4'."
)

STRINGS = st.lists(NAME, max_size=3)
VALUES = st.one_of(
    st.builds(Value.sz, TEXT),
    st.builds(Value.multi_sz, STRINGS),
    st.builds(Value.dword, UINT32),
    st.builds(Value.qword, UINT32),
    st.builds(Value.binary, st.binary(max_size=90)),
    st.builds(lambda text: Value(Kind.EXPAND_SZ, text.encode("utf-16-le")), TEXT),
    st.builds(lambda data: Value(Kind.NONE, data), st.binary(max_size=3)),
)


def read(text: str) -> Tree:
    return reg_file.read(reg_file.encode(text))


def values(lines: str, beginning: str = NEW) -> Key:
    """What a file says of one key."""
    return read(beginning + BEGIN + lines)[PLACE]


@given(st.dictionaries(TEXT.filter(str.isprintable), VALUES, max_size=4))
def test_what_is_written_is_read_back(written: dict[str, Value]) -> None:
    folded = {name.casefold(): name for name in written}
    kept = {name: written[name] for name in folded.values()}
    tree = read(reg_file.text([Section(PLACE, kept)]))
    assert dict(tree[PLACE]) == kept


def test_a_file_is_written_as_regedit_writes_it() -> None:
    section = Section(
        PLACE,
        {
            "": Value.sz('a "quoted" \\ text'),
            "Two\\words": Value.multi_sz(["a", "b"]),
            "Lines": Value.sz("a\nb"),
            "Data": Value.binary(bytes(range(27))),
            "Number": Value.dword(0xAB),
            "Gone": None,
        },
    )
    text = reg_file.text([section, Section("SOFTWARE\\Gone", deleted=True)], ["A remark."])
    assert text == (
        "Windows Registry Editor Version 5.00\r\n\r\n; A remark.\r\n\r\n"
        "[HKEY_LOCAL_MACHINE\\SOFTWARE\\Example]\r\n"
        '@="a \\"quoted\\" \\\\ text"\r\n'
        '"Two\\\\words"=hex(7):61,00,00,00,62,00,00,00,00,00\r\n'
        '"Lines"=hex(1):61,00,0a,00,62,00,00,00\r\n'
        '"Data"=hex:00,01,02,03,04,05,06,07,08,09,0a,0b,0c,0d,0e,0f,10,11,12,13,14,15,\\\r\n'
        "  16,17,18,19,1a\r\n"
        '"Number"=dword:000000ab\r\n'
        '"Gone"=-\r\n\r\n'
        "[-HKEY_LOCAL_MACHINE\\SOFTWARE\\Gone]\r\n\r\n"
    )
    assert reg_file.encode(text)[:6] == b"\xff\xfeW\x00i\x00"


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ('"a"="b" ; a remark', Value.sz("b")),
        ('"a"="two\r\nlines"', Value.sz("two\r\nlines")),
        ('"a"=dword:10', Value.dword(16)),
        ('"a"=hex:', Value.binary(b"")),
        ('"a"=hex:01,2 , 03 ; a remark', Value.binary(b"\x01\x02\x03")),
        ('"a"=hex:01,\\\r\n; a remark\r\n\r\n  02,\\\r\n  03', Value.binary(b"\x01\x02\x03")),
        ('"a"=hex(0):ff', Value(Kind.NONE, b"\xff")),
        ('"a"=hex(2):25,00,00,00', Value(Kind.EXPAND_SZ, b"%\0")),
        ('"a"=hex(3):01', Value.binary(b"\x01")),
        ('"a"=hex(4):01,00,00,00', Value.dword(1)),
        ('"a"=hex(4):01', Value(Kind.WITHHELD, b"\x01\0\0\0")),
        ('"a"=hex(5):00,00,00,01', Value(Kind.WITHHELD, b"\x04\0\0\0")),
        ('"a"=hex(7):61,00,00,00,62,00,00,00,00,00', Value.multi_sz(["a", "b"])),
        ('"a"=hex(b):01,00,00,00,00,00,00,00', Value.qword(1)),
        ('"a"="x"\r\n"A"="y"', Value.sz("y")),
    ],
)
def test_every_form_of_data_is_read(lines: str, expected: Value) -> None:
    assert values(lines)["a"] == expected


def test_deletions_take_effect_in_their_order() -> None:
    tree = read(
        f'{NEW}[HKEY_LOCAL_MACHINE\\A\\B]\r\n"x"="1"\r\n"y"="2"\r\n"X"=-\r\n[HKLM\\A\\C]\r\n@="3"\r\n'
        f'[-HKEY_LOCAL_MACHINE\\a\\c] ; [gone]\r\n[HKEY_CURRENT_USER\\A\\D]\r\n"z"="4"\r\n'
    )
    assert {path: dict(key) for path, key in tree.items()} == {"A\\B": {"y": Value.sz("2")}}


def test_files_that_were_copied_into_one_are_read() -> None:
    one, two = (reg_file.encode(f'{NEW}[HKEY_LOCAL_MACHINE\\{name}]\r\n@="{name}"\r\n') for name in "AB")
    assert list(reg_file.read(one + two)) == ["A", "B"]
    with pytest.raises(RegFileError) as caught:
        read(f"{NEW}{BEGIN}{OLD}")
    assert str(caught.value) == "line 4 is neither a key nor a value nor a remark."


@pytest.mark.parametrize(
    ("encoded", "code_page"),
    [
        (b"\xff\xfe" + (NEW + BEGIN + '"a"="東京"').encode("utf-16-le"), "cp1252"),
        (b"\xfe\xff" + (NEW + BEGIN + '"a"="東京"').encode("utf-16-be"), "cp1252"),
        ((NEW + BEGIN + '"a"="東京"').encode("utf-16-le"), "cp1252"),
        ((NEW + BEGIN + '"a"="東京"').encode("utf-8-sig"), "cp1252"),
        ((OLD + BEGIN + '"a"="東京"').encode("cp932"), "cp932"),
        ((OLD + BEGIN + '"a"=hex(1):93,8c,8b,9e,00').encode(), "cp932"),
        ((OLD + BEGIN + '"a"=hex(1):71,67,ac,4e,00,00').encode(), "utf-16-le"),
    ],
)
def test_each_encoding_and_format_is_read(encoded: bytes, code_page: str) -> None:
    assert reg_file.read(encoded, code_page)[PLACE].text("a") == "東京"


def test_lists_of_the_old_format_are_read_in_both_encodings() -> None:
    narrow = values('"a"=hex(7):61,62,00,63,64,00,00', OLD)["a"]
    wide = values('"a"=hex(7):61,00,62,00,00,00,63,00,64,00,00,00,00,00', OLD)["a"]
    assert narrow == wide == Value.multi_sz(["ab", "cd"])


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", f"line 1 {NO_HEADER}"),
        ("\r\nregedit\r\n", f"line 2 {NO_HEADER}"),
        (f"{NEW}[HKEY_LOCAL_MACHINE\\A\r\n", "line 3 begins a key that no bracket closes."),
        (f'{NEW}"a"="b"', "line 3 is a value before the first key."),
        (f"{NEW}{BEGIN}nonsense", "line 4 is neither a key nor a value nor a remark."),
        (f'{NEW}{BEGIN}"a', "line 4 names a value without an equals sign after it."),
        (f'{NEW}{BEGIN}"a" "b"', "line 4 names a value without an equals sign after it."),
        (f'{NEW}{BEGIN}"a"="b\r\nc', "line 4 begins a text that no quote closes."),
        (f'{NEW}{BEGIN}"a"="b" c', "line 4 has something after its text."),
        (f'{NEW}{BEGIN}"a"=dword:123456789', "line 4 holds data of no known form."),
        (f'{NEW}{BEGIN}"a"=qword:1', "line 4 holds data of no known form."),
        (f'{NEW}{BEGIN}"a"=hex:01,\\\r\n  0x', "line 5 holds bytes that are no hexadecimal numbers."),
        (f'{NEW}{BEGIN}"a"=hex:01,\\\r\n', "line 4 ends in a backslash, and no bytes follow."),
        (f'{NEW}{BEGIN}"a"=hex:01,\\\r\n"b"="c"', "line 4 ends in a backslash, and no bytes follow."),
    ],
)  # fmt: skip
def test_a_damaged_file_is_refused_by_the_number_of_its_line(text: str, problem: str) -> None:
    with pytest.raises(RegFileError) as caught:
        read(text)
    assert str(caught.value) == problem


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"\xff\xfeW\x00i", "line 1 is not text in UTF-16-LE."),
        (
            b"REGEDIT4\n\n\x81",
            "line 3 is not text in cp1252; name the code page of the computer that the file is from.",
        ),
        (
            (OLD + BEGIN + '"a"=hex(1):81,00').encode(),
            "line 4 holds a text that is not in cp1252; name the code page of the computer that the file is from.",
        ),
    ],
)
def test_a_file_in_no_known_encoding_is_refused(data: bytes, problem: str) -> None:
    with pytest.raises(RegFileError) as caught:
        reg_file.read(data)
    assert str(caught.value) == problem


@given(st.binary(max_size=60) | st.text(max_size=60).map(lambda text: (NEW + BEGIN + text).encode("utf-16")))
def test_nothing_else_is_ever_raised(data: bytes) -> None:
    with contextlib.suppress(RegFileError):
        reg_file.read(data)
