# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A part of a Windows registry as immutable data.

Paths are relative to HKEY_LOCAL_MACHINE and have no leading backslash. Windows compares the names of keys and values
without case and keeps the case in which they were written; so does `Tree`.
"""

from __future__ import annotations

import dataclasses
import enum
import types
from collections.abc import Iterable, Iterator, Mapping

SEPARATOR = "\\"
_DWORD_BYTES = 4


class Kind(enum.StrEnum):
    """The kind of a registry value, by the names that REG_* constants have in lower case."""

    SZ = "sz"
    EXPAND_SZ = "expand_sz"
    MULTI_SZ = "multi_sz"
    DWORD = "dword"
    QWORD = "qword"
    BINARY = "binary"
    NONE = "none"
    WITHHELD = "withheld"
    """Not a kind of Windows: the host answered the length (4 bytes) and a digest instead of the data."""


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
        """The text of a string value; of any other kind, the empty string."""
        if self.kind not in (Kind.SZ, Kind.EXPAND_SZ, Kind.MULTI_SZ):
            return ""
        return self.data.decode("utf-16-le", errors="replace")

    @property
    def texts(self) -> tuple[str, ...]:
        """The strings of a REG_MULTI_SZ; a string value counts as a list of one, an empty one as none."""
        return tuple(part for part in self.text.split("\0") if part)

    @property
    def number(self) -> int | None:
        """The number of a REG_DWORD of 4 bytes; None for anything else, as for what Windows reads its settings with."""
        if self.kind is not Kind.DWORD or len(self.data) != _DWORD_BYTES:
            return None
        return int.from_bytes(self.data, "little")


class Key(Mapping[str, Value]):
    """The values of one key, found without regard to case."""

    __slots__ = ("_values", "path")

    def __init__(self, path: str, values: Mapping[str, Value] | None = None) -> None:
        self.path = path
        self._values = types.MappingProxyType(
            {name.casefold(): (name, value) for name, value in (values or {}).items()}
        )

    def __getitem__(self, name: str) -> Value:
        return self._values[name.casefold()][1]

    def __iter__(self) -> Iterator[str]:
        return (name for name, _value in self._values.values())

    def __len__(self) -> int:
        return len(self._values)

    def __bool__(self) -> bool:
        """A key is there even if it has no values, or none that may be read: only None stands for no key."""
        return True

    def __repr__(self) -> str:
        return f"Key({self.path!r}, {sorted(self)})"

    @property
    def name(self) -> str:
        """The last part of the path."""
        return self.path.rpartition(SEPARATOR)[2]

    def text(self, name: str) -> str:
        """The text of a value; the empty string where it is missing."""
        value = self.get(name)
        return value.text if value else ""

    def texts(self, name: str) -> tuple[str, ...]:
        """The strings of a value; none where it is missing."""
        value = self.get(name)
        return value.texts if value else ()


class Tree(Mapping[str, Key]):
    """Keys by path, found without regard to case."""

    __slots__ = ("_keys",)

    def __init__(self, keys: Iterable[Key] = ()) -> None:
        self._keys = types.MappingProxyType({key.path.casefold(): key for key in keys})

    def __getitem__(self, path: str) -> Key:
        return self._keys[path.casefold()]

    def __iter__(self) -> Iterator[str]:
        return (key.path for key in self._keys.values())

    def __len__(self) -> int:
        return len(self._keys)

    def children(self, path: str) -> list[Key]:
        """The keys directly under a path, in the order of the tree."""
        start = path.casefold() + SEPARATOR
        return [
            key
            for folded, key in self._keys.items()
            if folded.startswith(start) and SEPARATOR not in folded[len(start) :]
        ]

    def value(self, path: str, name: str) -> Value | None:
        """One value; None where the key or the value is missing."""
        key = self.get(path)
        return key.get(name) if key else None


def join(*parts: str) -> str:
    """One path from its parts."""
    return SEPARATOR.join(parts)
