# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Registration files (.reg), as regedit and reg.exe import and export them.

There are two formats. "Windows Registry Editor Version 5.00" is UTF-16LE with a byte order mark, and its hex(1), hex(2)
and hex(7) hold UTF-16LE. "REGEDIT4" is in a code page, as are its hex(1), hex(2) and hex(7). Windows 2000 and newer
read both; only the first is written here. A damaged file is refused as a whole, with the number of the line; no error
quotes its content.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.errors import RrasError
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.registry import (
    SEPARATOR,
    Key,
    Kind,
    NameMap,
    NameSet,
    Tree,
    Value,
    is_within,
)

HEADER: Final = "Windows Registry Editor Version 5.00"
OLD_HEADER: Final = "REGEDIT4"
ROOT: Final = "HKEY_LOCAL_MACHINE"
_ROOTS: Final = NameSet((ROOT, "HKLM"))
_WIDTH: Final = 78
_CONTINUED: Final = "\\"
_KINDS: Final[Mapping[int, Kind]] = {
    0: Kind.NONE,
    1: Kind.SZ,
    2: Kind.EXPAND_SZ,
    3: Kind.BINARY,
    4: Kind.DWORD,
    7: Kind.MULTI_SZ,
    11: Kind.QWORD,
}
_NUMBERS: Final[Mapping[Kind, int]] = {kind: number for number, kind in _KINDS.items()}
_TEXTS: Final = (Kind.SZ, Kind.EXPAND_SZ, Kind.MULTI_SZ)
_DWORD_BYTES: Final = 4
_MARKS: Final = ((b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"), (b"\xef\xbb\xbf", "utf-8"))
_LINE: Final = re.compile(r"([^\r\n]*)(\r\n|\n|\r|\Z)")
_KEY: Final = re.compile(r"\[(.*?)\]\s*(?:;.*)?")
_QUOTED: Final = re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL)
_DWORD: Final = re.compile(r"dword:\s*([0-9a-f]{1,8})\s*(?:;.*)?", re.IGNORECASE)
_HEX: Final = re.compile(r"hex(?:\(([0-9a-f]{1,8})\))?:", re.IGNORECASE)
_BYTE: Final = re.compile(r"[0-9a-f]{1,2}", re.IGNORECASE)


class RegFileError(RrasError):
    """A file is not a valid registration file. The message begins with the number of the line."""

    reason = "reg_file"

    def __init__(self, line: int, problem: str) -> None:
        super().__init__(f"line {line} {problem}")
        self.line = line
        self.problem = problem


@dataclasses.dataclass(frozen=True, slots=True)
class Section:
    """What a file does to one key, whose path is relative to HKEY_LOCAL_MACHINE.

    In `values`, None stands for a value that is deleted. `deleted`: the key is deleted with everything below it.
    """

    path: str
    values: Mapping[str, Value | None] = dataclasses.field(default_factory=dict)
    deleted: bool = False


def text(sections: Iterable[Section], remarks: Iterable[str] = ()) -> str:
    """Return the text of a file; lines end in CR LF. remarks: the lines at its beginning."""
    lines = [HEADER, "", *(f"; {remark}".rstrip() for remark in remarks)]
    for section in sections:
        lines += ["", f"[{'-' if section.deleted else ''}{ROOT}{SEPARATOR}{section.path}]"]
        lines += [line for name, value in section.values.items() for line in _lines(name, value)]
    return "".join(f"{line}\r\n" for line in (*lines, ""))


def encode(written: str) -> bytes:
    """Return the bytes of a file: UTF-16LE with its byte order mark."""
    return b"\xff\xfe" + written.encode("utf-16-le")


def read(data: bytes, code_page: str = "cp1252") -> Tree:
    """Return what is below HKEY_LOCAL_MACHINE after a file is imported into an empty registry.

    code_page: Python's name for the code page of a file that is not Unicode. Raises `RegFileError`.
    """
    return _RegFileReader(_decoded(data, code_page), code_page).tree()


def _lines(name: str, value: Value | None) -> Iterator[str]:
    start = f"{_quote(name)}=" if name else "@="
    if value is None:
        yield f"{start}-"
    elif value.kind is Kind.SZ and value.text.isprintable() and "\N{REPLACEMENT CHARACTER}" not in value.text:
        yield f"{start}{_quote(value.text)}"
    elif value.number is not None:
        yield f"{start}dword:{value.number:08x}"
    else:
        kind = "hex:" if value.kind is Kind.BINARY else f"hex({_NUMBERS[value.kind]:x}):"
        yield from _wrapped(f"{start}{kind}", _terminated(value))


def _quote(said: str) -> str:
    escaped = said.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _terminated(value: Value) -> bytes:
    """Return the data as the registry holds it: with a NUL after each text, and another one at the end of a list."""
    if value.kind is Kind.MULTI_SZ:
        return value.data + (bytes(4) if value.data else bytes(2))
    return value.data + (bytes(2) if value.kind in _TEXTS else b"")


def _wrapped(start: str, data: bytes) -> Iterator[str]:
    line = start
    for position, byte in enumerate(data):
        item = f"{byte:02x}" + ("," if position + 1 < len(data) else "")
        if len(line) + len(item) > _WIDTH and line != start:
            yield line + _CONTINUED
            line = "  "
        line += item
    yield line


def _decoded(data: bytes, code_page: str) -> str:
    mark, encoding = next(((mark, name) for mark, name in _MARKS if data.startswith(mark)), (b"", ""))
    encoding = encoding or ("utf-16-le" if data[1:2] == b"\0" else "")
    body = data[len(mark) :]
    for attempt in (encoding,) if encoding else ("utf-8", code_page):
        try:
            return body.decode(attempt)
        except UnicodeDecodeError as error:
            line = body[: error.start].count(b"\n") + 1
    said = encoding.upper() if encoding else f"{code_page}; name the code page of the computer that the file is from"
    raise RegFileError(line, f"is not text in {said}.")


class _RegFileReader:
    """One file while it is being read."""

    def __init__(self, whole: str, code_page: str) -> None:
        self._source = [(found[1], found[2]) for found in _LINE.finditer(whole)]
        self._next = 0
        self._code_page = code_page
        self._unicode = True
        self._path: str | None = None
        self._keys: NameMap[NameMap[Value]] = NameMap()

    def tree(self) -> Tree:
        self._header()
        while self._next < len(self._source):
            self._line(self._take().strip())
        return Tree(Key(path, values) for path, values in self._keys.items())

    def _take(self) -> str:
        self._next += 1
        return self._source[self._next - 1][0]

    def _error(self, problem: str, line: int | None = None) -> RegFileError:
        return RegFileError(self._next if line is None else line, problem)

    def _header(self) -> None:
        while self._next < len(self._source):
            line = self._take().strip()
            if line in (HEADER, OLD_HEADER):
                self._unicode = line == HEADER
                return
            if line:
                break
        raise self._error(
            f"is not the beginning of a registration file; the first line must be '{HEADER}' or '{OLD_HEADER}'."
        )

    def _line(self, line: str) -> None:
        if not line or line.startswith(";") or self._begins_another(line):
            return
        if line.startswith("["):
            self._key(line)
        elif line.startswith(('"', "@")):
            self._value(line)
        else:
            raise self._error("is neither a key nor a value nor a remark.")

    def _begins_another(self, line: str) -> bool:
        """Return whether another file of the same format was appended here (copy /b one.reg+two.reg)."""
        return line.removeprefix("\ufeff") == (HEADER if self._unicode else OLD_HEADER)

    def _key(self, line: str) -> None:
        found = _KEY.fullmatch(line)
        if not found:
            raise self._error("begins a key that no bracket closes.")
        name = found[1]
        deleted = name.startswith("-")
        root, _separator, path = name.removeprefix("-").partition(SEPARATOR)
        self._path = path.rstrip(SEPARATOR) if root in _ROOTS else ""
        if deleted:
            self._delete(self._path)
            self._path = ""
        elif self._path:
            self._keys.setdefault(self._path, NameMap())

    def _delete(self, path: str) -> None:
        for known in [key for key in self._keys if is_within(key, path)]:
            del self._keys[known]

    def _value(self, line: str) -> None:
        if self._path is None:
            raise self._error("is a value before the first key.")
        name, rest = self._name(line)
        value = self._data(rest)
        if not self._path:
            return
        values = self._keys[self._path]
        if value is None:
            values.pop(name, None)
        else:
            values[name] = value

    def _name(self, line: str) -> tuple[str, str]:
        """Return the name of a value, and what follows its equals sign."""
        found = _QUOTED.match(line)
        end = found.end() if found else 1
        rest = line[end:].lstrip()
        if (line.startswith('"') and not found) or not rest.startswith("="):
            raise self._error("names a value without an equals sign after it.")
        return _unescaped(found[1]) if found else "", rest[1:].strip()

    def _data(self, said: str) -> Value | None:
        if said.startswith('"'):
            return Value.sz(self._quoted(said))
        if said.startswith("-") and _is_remark(said[1:]):
            return None
        number = _DWORD.fullmatch(said)
        if number:
            return Value.dword(int(number[1], 16))
        if not _HEX.match(said):
            raise self._error("holds data of no known form.")
        return self._hex(said)

    def _quoted(self, said: str) -> str:
        """Return a quoted text; a text with line breaks continues on the next lines."""
        begun = self._next
        while not (found := _QUOTED.match(said)):
            if self._next >= len(self._source):
                raise self._error("begins a text that no quote closes.", begun)
            said += self._source[self._next - 1][1] + self._take()
        if not _is_remark(said[found.end() :]):
            raise self._error("has something after its text.")
        return _unescaped(found[1])

    def _hex(self, said: str) -> Value:
        found = _HEX.match(said)
        number = int(found[1], 16) if found and found[1] else _NUMBERS[Kind.BINARY]
        data = bytearray()
        rest = said.partition(":")[2]
        while True:
            items, continued = self._items(rest)
            data += bytes(int(item, 16) for item in items)
            if not continued:
                return self._of_kind(number, bytes(data))
            rest = self._continuation()

    def _items(self, rest: str) -> tuple[list[str], bool]:
        """Return the bytes of one line, and whether they continue on the next one."""
        said = rest.partition(";")[0].strip()
        continued = said.endswith(_CONTINUED)
        items = [item.strip() for item in said.removesuffix(_CONTINUED).split(",")]
        if items[-1] == "":  # after the last comma, or without any data
            items.pop()
        if not all(_BYTE.fullmatch(item) for item in items):
            raise self._error("holds bytes that are no hexadecimal numbers.")
        return items, continued

    def _continuation(self) -> str:
        begun = self._next
        while self._next < len(self._source):
            line = self._take().strip()
            if line.startswith(("[", '"', "@")):
                break
            if line and not line.startswith(";"):
                return line
        raise self._error("ends in a backslash, and no bytes follow.", begun)

    def _of_kind(self, number: int, data: bytes) -> Value:
        kind = _KINDS.get(number)
        if kind is None or (kind is Kind.DWORD and len(data) != _DWORD_BYTES):
            return Value(Kind.WITHHELD, len(data).to_bytes(4, "little"))
        if kind not in _TEXTS:
            return Value(kind, data)
        if not self._unicode and not _is_wide(data):
            data = self._converted(data)
        if kind is Kind.MULTI_SZ:
            return Value.multi_sz(part for part in data.decode("utf-16-le", "replace").split("\0") if part)
        return Value(kind, data.removesuffix(bytes(2)) if len(data) % 2 == 0 else data)

    def _converted(self, data: bytes) -> bytes:
        try:
            return data.decode(self._code_page).encode("utf-16-le")
        except UnicodeDecodeError:
            raise self._error(
                f"holds a text that is not in {self._code_page}; name the code page of the computer that the file is "
                "from."
            ) from None


def _is_wide(data: bytes) -> bool:
    """Return whether a text of the old format is UTF-16LE nevertheless, as some programs write it."""
    return len(data) >= _DWORD_BYTES and len(data) % 2 == 0 and data[0] != 0 and data[1] == 0 and data[2] != 0


def _is_remark(rest: str) -> bool:
    return not rest.strip() or rest.lstrip().startswith(";")


def _unescaped(said: str) -> str:
    return re.sub(r"\\(.)", r"\1", said, flags=re.DOTALL)
