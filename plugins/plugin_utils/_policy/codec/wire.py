# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fields read from bytes and written to bytes: the building blocks of all five structures.

Integers are little-endian, addresses in network order, GUIDs in the mixed order of Windows, strings UTF-16LE with their
length in bytes ([MS-GPIPSEC] v20240423 section 2.2.1).
"""

from __future__ import annotations

import dataclasses
import enum
import ipaddress
import uuid
from collections.abc import Callable
from typing import TypeVar

from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.model import (
    IpAddress,
    known,
)

GUID = 16
UINT32 = 4
MAX_UINT32 = 0xFFFFFFFF
V4_NONE = ipaddress.IPv4Address(0)
V4_ALL_ONES = ipaddress.IPv4Address(MAX_UINT32)
_T = TypeVar("_T")


class CodecError(ValueError):
    """A value can't be read, or can't be written in the structures of version 1.

    `offset` is the position in the value at which reading failed; None when writing.
    """

    def __init__(self, field: str, expected: str, found: str, offset: int | None = None) -> None:
        self.field = field
        self.expected = expected
        self.found = found
        self.offset = offset
        where = "" if offset is None else f" at offset {offset}"
        super().__init__(f"{field}{where}: expected {expected}, found {found}")


class UnknownFormatError(CodecError):
    """A value is not the structure that was to be read; `identity` says which one it is."""

    def __init__(self, expected: object, identity: uuid.UUID) -> None:
        self.identity = identity
        super().__init__("identity", f"{expected}", f"{identity}", 0)


@dataclasses.dataclass(frozen=True, slots=True)
class Field:
    """The position of a field in a value, as `explain` returns it."""

    name: str
    offset: int
    data: bytes = dataclasses.field(repr=False)


class Reader:
    """Reads fields from bytes, one after the other."""

    def __init__(self, data: bytes, offset: int = 0) -> None:
        self.data = data
        self.offset = offset

    @property
    def left(self) -> int:
        """The number of bytes not read yet."""
        return len(self.data) - self.offset

    def take(self, name: str, length: int) -> bytes:
        """Read a number of bytes; raises `CodecError` if there are fewer."""
        start, end = self.offset, self.offset + length
        if end > len(self.data):
            raise CodecError(name, f"{length} bytes", f"{self.left}", start)
        self.offset = end
        return self.data[start:end]

    def uint8(self, name: str) -> int:
        return self.take(name, 1)[0]

    def uint16(self, name: str) -> int:
        return int.from_bytes(self.take(name, 2), "little")

    def uint32(self, name: str) -> int:
        return int.from_bytes(self.take(name, UINT32), "little")

    def uint64(self, name: str) -> int:
        return int.from_bytes(self.take(name, 8), "little")

    def guid(self, name: str) -> uuid.UUID:
        return uuid.UUID(bytes_le=self.take(name, GUID))

    def ipv4(self, name: str) -> ipaddress.IPv4Address:
        return ipaddress.IPv4Address(self.take(name, 4))

    def text(self, name: str) -> str:
        """Read a length and a string; anything after a NUL is not part of the string."""
        data = self.take(name, self.uint32(f"{name}, length"))
        # The length is in bytes, including the NUL; beyond the NUL it may cover leftover memory.
        return data.decode("utf-16-le", errors="replace").partition("\0")[0]

    def items(self, name: str, count: int, size: int, read: Callable[[Reader], _T]) -> tuple[_T, ...]:
        """Read `count` items of at least `size` bytes each; raises `CodecError` at once if they can't all be there."""
        # Damage shows in a count first; a loop of 4 billion steps must not be next.
        if count * size > self.left:
            raise CodecError(name, f"at most {self.left // size}", f"{count}", self.offset)
        return tuple(read(self) for pack_number in range(count))

    def stands_at(self, *offsets: int, identity: uuid.UUID) -> bool:
        """Move to the first of these offsets that holds the GUID, and return whether there is one; if not, stay."""
        for offset in offsets:
            if self.data[offset : offset + GUID] == identity.bytes_le:
                self.offset = offset
                return True
        return False

    def start(self, identity: uuid.UUID) -> int:
        """Read the identity of a structure and the length of its data; raises `CodecError` for another identity."""
        found = self.guid("identity")
        if found != identity:
            raise UnknownFormatError(identity, found)
        return self.uint32("Data-Length")


class ExplainingReader(Reader):
    """Records the position of each field."""

    def __init__(self, data: bytes) -> None:
        super().__init__(data)
        self.fields: list[Field] = []

    def take(self, name: str, length: int) -> bytes:
        data = super().take(name, length)
        self.fields.append(Field(name, self.offset - length, data))
        return data


_HEADER = 20


def at_section(reader: Reader, length: int, identity: uuid.UUID) -> bool:
    """Move to a trailing section, if there is one, and return whether there is.

    It follows the last field, or the one unused byte after that, no matter where Data-Length ends.
    """
    # Windows wrote both: a Data-Length that includes the section, and one that ends before it.
    end = _HEADER + length
    return reader.stands_at(reader.offset, reader.offset + 1, end, end + 1, identity=identity)


def pack_structure(identity: uuid.UUID, *parts: bytes) -> bytes:
    """Return a structure: identity, Data-Length, the fields, and the unused byte that Data-Length doesn't count."""
    body = b"".join(parts)
    # Everything that Windows wrote ends in this byte, so what we write does, too.
    return identity.bytes_le + pack_uint32("Data-Length", len(body)) + body + b"\0"


def pack_number(name: str, value: int, size: int) -> bytes:
    try:
        return int(value).to_bytes(size, "little")
    except OverflowError:
        raise CodecError(name, f"a number of {size} bytes", f"{value}") from None


def pack_uint32(name: str, value: int) -> bytes:
    return pack_number(name, value, UINT32)


def pack_enum(name: str, kind: type[enum.IntEnum], value: int) -> bytes:
    """Return the field for a number; raises `CodecError` unless it has a name."""
    if not isinstance(known(kind, value), kind):
        raise CodecError(name, f"one of {', '.join(str(member.value) for member in kind)}", f"{value}")
    return pack_uint32(name, value)


def pack_text(name: str, text: str) -> bytes:
    if "\0" in text:
        raise CodecError(name, "a text without NUL", "one with NUL")
    try:
        # An empty text is one NUL with the length 2, never the length 0.
        data = (text + "\0").encode("utf-16-le")
    except UnicodeEncodeError:
        raise CodecError(name, "a text of whole characters", "half of a surrogate pair") from None
    return pack_uint32(f"{name}, length", len(data)) + data


def pack_ipv4(name: str, address: IpAddress) -> bytes:
    if not isinstance(address, ipaddress.IPv4Address):
        raise CodecError(name, "an IPv4 address", f"{address}")
    return address.packed
