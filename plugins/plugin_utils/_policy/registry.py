# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A part of a Windows registry as immutable data.

Paths are relative to HKEY_LOCAL_MACHINE and have no leading backslash. Windows compares the names of keys and values
without regard to case, and keeps the case in which they were written. So do `same`, `NameSet`, `NameMap`, `Key` and
`Tree`; nothing else compares names.
"""

from __future__ import annotations

import dataclasses
import enum
from collections.abc import Iterable, Iterator, Mapping, MutableMapping
from collections.abc import Set as AbstractSet
from typing import TypeVar

SEPARATOR = "\\"
_T = TypeVar("_T")
_DWORD_BYTES = 4


def same(one: str, other: str) -> bool:
    """Return whether two paths, or two names, are the same to Windows."""
    return one.casefold() == other.casefold()


def begins_with(name: str, start: str) -> bool:
    """Return whether a name begins with a text, to Windows."""
    return name.casefold().startswith(start.casefold())


def ends_with(name: str, end: str) -> bool:
    """Return whether a name ends with a text, to Windows."""
    return name.casefold().endswith(end.casefold())


def is_within(path: str, parent: str) -> bool:
    """Return whether a path is the parent itself, or lies below it."""
    return begins_with(f"{path}{SEPARATOR}", f"{parent}{SEPARATOR}")


class NameSet(AbstractSet[str]):
    """Paths or names, looked up without regard to case and kept as they were written."""

    __slots__ = ("_names",)

    def __init__(self, names: Iterable[str] = ()) -> None:
        self._names = {name.casefold(): name for name in names}

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and name.casefold() in self._names

    def __iter__(self) -> Iterator[str]:
        return iter(self._names.values())

    def __len__(self) -> int:
        return len(self._names)


class NameMap(MutableMapping[str, _T]):
    """A mapping by path or name, looked up without regard to case; the name that was written last is kept."""

    __slots__ = ("_items",)

    def __init__(self, items: Mapping[str, _T] | None = None) -> None:
        self._items = {name.casefold(): (name, item) for name, item in (items or {}).items()}

    def __getitem__(self, name: str) -> _T:
        return self._items[name.casefold()][1]

    def __setitem__(self, name: str, item: _T) -> None:
        self._items[name.casefold()] = name, item

    def __delitem__(self, name: str) -> None:
        del self._items[name.casefold()]

    def __iter__(self) -> Iterator[str]:
        return (name for name, _item in self._items.values())

    def __len__(self) -> int:
        return len(self._items)


class Kind(enum.StrEnum):
    """The kind of a registry value: the REG_* constants' names in lower case."""

    SZ = "sz"
    EXPAND_SZ = "expand_sz"
    MULTI_SZ = "multi_sz"
    DWORD = "dword"
    QWORD = "qword"
    BINARY = "binary"
    NONE = "none"
    WITHHELD = "withheld"
    """Not a kind of Windows: the host answered a length (4 bytes) and a digest instead of the data."""


@dataclasses.dataclass(frozen=True, slots=True)
class Value:
    """One registry value: its kind and its bytes.

    Text is UTF-16LE without the terminating NUL; the strings of a REG_MULTI_SZ are joined by one NUL; numbers are
    little-endian.
    """

    kind: Kind
    data: bytes = dataclasses.field(repr=False)

    @classmethod
    def sz(cls, text: str) -> Value:
        return cls(Kind.SZ, text.encode("utf-16-le"))

    @classmethod
    def multi_sz(cls, texts: Iterable[str]) -> Value:
        return cls(Kind.MULTI_SZ, "\0".join(texts).encode("utf-16-le"))

    @classmethod
    def dword(cls, number: int) -> Value:
        return cls(Kind.DWORD, number.to_bytes(4, "little"))

    @classmethod
    def qword(cls, number: int) -> Value:
        return cls(Kind.QWORD, number.to_bytes(8, "little"))

    @classmethod
    def binary(cls, data: bytes) -> Value:
        return cls(Kind.BINARY, data)

    @property
    def text(self) -> str:
        """The text of a string value; empty for any other kind."""
        if self.kind not in (Kind.SZ, Kind.EXPAND_SZ, Kind.MULTI_SZ):
            return ""
        return self.data.decode("utf-16-le", errors="replace")

    @property
    def texts(self) -> tuple[str, ...]:
        """The strings of a REG_MULTI_SZ; a string value counts as a list of one, an empty one as none."""
        return tuple(part for part in self.text.split("\0") if part)

    @property
    def number(self) -> int | None:
        """The number in a REG_DWORD of 4 bytes; None for anything else, as when Windows reads its settings."""
        if self.kind is not Kind.DWORD or len(self.data) != _DWORD_BYTES:
            return None
        return int.from_bytes(self.data, "little")


class Key(Mapping[str, Value]):
    """The values of one key, looked up without regard to case."""

    __slots__ = ("_values", "path")

    def __init__(self, path: str, values: Mapping[str, Value] | None = None) -> None:
        self.path = path
        self._values = NameMap(values)

    def __getitem__(self, name: str) -> Value:
        return self._values[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __bool__(self) -> bool:
        """Return True: a key exists even without values, or without readable ones; only None means no key."""
        return True

    def __repr__(self) -> str:
        return f"Key({self.path!r}, {sorted(self)})"

    @property
    def name(self) -> str:
        """The last part of the path."""
        return self.path.rpartition(SEPARATOR)[2]

    @property
    def parent(self) -> str:
        """The path without its last part."""
        return self.path.rpartition(SEPARATOR)[0]

    def text(self, name: str) -> str:
        """Return the text of a value; empty if it is missing."""
        value = self.get(name)
        return value.text if value else ""

    def texts(self, name: str) -> tuple[str, ...]:
        """Return the strings of a value; none if it is missing."""
        value = self.get(name)
        return value.texts if value else ()


class Tree(Mapping[str, Key]):
    """Keys by path, looked up without regard to case."""

    __slots__ = ("_keys",)

    def __init__(self, keys: Iterable[Key] = ()) -> None:
        self._keys = NameMap({key.path: key for key in keys})

    def __getitem__(self, path: str) -> Key:
        return self._keys[path]

    def __iter__(self) -> Iterator[str]:
        return iter(self._keys)

    def __len__(self) -> int:
        return len(self._keys)

    def children(self, path: str) -> list[Key]:
        """Return the keys directly below a path, in the order of the tree."""
        return [key for key in self._keys.values() if SEPARATOR in key.path and same(key.parent, path)]

    def value(self, path: str, name: str) -> Value | None:
        """Return one value; None if the key or the value is missing."""
        key = self.get(path)
        return key.get(name) if key else None


def join(*parts: str) -> str:
    """Return one path made of parts."""
    return SEPARATOR.join(parts)
