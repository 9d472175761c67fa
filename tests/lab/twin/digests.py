# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What transaction.ps1 computes on a host: the fingerprint of a part of the registry, and rules without their keys."""

from __future__ import annotations

import base64
import functools
import hmac
import io
import struct
import uuid
from collections.abc import Iterable, Iterator

from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.registry import Kind, Value, join

from ..windows.installation import POLICY_STORE
from ..windows.registry import RegistryAccess, RegistryError, RegistryErrorCode

CERTIFICATE = 3
KERBEROS = 5

_RULE = uuid.UUID("11bbac00-498d-11d1-8639-00a0248d3021")
_WITHOUT_KEYS = {
    uuid.UUID("22202163-4f4c-11d1-863b-00a0248d3021"),
    uuid.UUID("80dc20b8-2ec8-11d1-a89e-00a0248d3021"),
    uuid.UUID("80dc20b9-2ec8-11d1-a89e-00a0248d3021"),
    uuid.UUID("80dc20b5-2ec8-11d1-a89e-00a0248d3021"),
}
KIND_NAMES = {
    Kind.SZ: "String",
    Kind.EXPAND_SZ: "ExpandString",
    Kind.MULTI_SZ: "MultiString",
    Kind.DWORD: "DWord",
    Kind.QWORD: "QWord",
    Kind.BINARY: "Binary",
    Kind.NONE: "None",
    Kind.WITHHELD: "Withheld",
}
""".NET's names for the kinds of values (RegistryValueKind); Withheld is the script's own."""
NAMELESS = Kind.WITHHELD
"""In the lab's registry, a kind that .NET has no name for, such as REG_LINK; .NET reads no data of it."""
SIZES = {Kind.DWORD: 4, Kind.QWORD: 8}
"""The number of bytes of a number; .NET accepts no other data for it."""
_SECTION = bytes([1]) * 15
_ALTERNATE_METHODS, _METHOD_FLAGS, _TUNNEL_ADDRESS = 1, 2, 3


def digest(nonce: bytes, data: bytes) -> bytes:
    """Return the HMAC-SHA256 that is answered in the place of a secret."""
    return hmac.digest(nonce, data, "sha256")


def field(value: Value) -> str:
    """Return the field for a value's data: base64 of bytes for binary data, of UTF-8 text for anything else."""
    if value.kind in (Kind.BINARY, Kind.NONE, Kind.WITHHELD):
        return base64.b64encode(value.data).decode()
    number = value.kind in (Kind.DWORD, Kind.QWORD)
    text = str(int.from_bytes(value.data, "little", signed=True)) if number else value.text
    return base64.b64encode(text.encode()).decode()


def is_sound(value: Value) -> bool:
    """Return whether .NET could read a value as its kind says, and write it again."""
    return value.kind is not NAMELESS and len(value.data) == SIZES.get(value.kind, len(value.data))


def fingerprint(registry: RegistryAccess, paths: Iterable[str]) -> bytes:
    """Return a digest of everything below the paths except values named whenChanged; it never leaves the host."""
    lines = [line for path in paths for line in _lines(registry, path)]
    return hmac.digest(b"rras.ipsec", "\n".join(lines).encode("ascii"), "sha256")


def shown(path: str, name: str, value: Value, nonce: bytes) -> Value:
    """Return a value in the form that may be sent.

    Text and numbers are sent as they are, as is the data of policies, main modes, filter actions and filter lists. A
    rule is sent with digests in the place of its keys; any other data only as its length and digest.
    """
    if value.kind not in (Kind.BINARY, Kind.NONE) and is_sound(value):
        return value
    structure = uuid.UUID(bytes_le=value.data[:16]) if name.lower() == "ipsecdata" and len(value.data) >= 16 else None
    folded = path.lower()
    if (
        structure in _WITHOUT_KEYS
        and folded.startswith(f"{POLICY_STORE}\\ipsec".lower())
        and "\\ipsecnfa" not in folded
    ):
        return Value.binary(value.data)
    if structure == _RULE:
        try:
            return Value.binary(masked_rule(value.data, nonce))
        except struct.error:
            pass
    return Value(Kind.WITHHELD, struct.pack("<i", len(value.data)) + digest(nonce, value.data))


def masked_rule(data: bytes, nonce: bytes) -> bytes:
    """Return the data of a rule ([MS-GPIPSEC] 2.2.1.3.1) with digests in the place of keys and of unknown methods.

    Raises struct.error for data that is cut short.
    """
    masking = _Masking(data, nonce)
    masking.skip(20)
    masking.methods()
    masking.one_of(-3, -2, -1)
    masking.text()
    masking.copy(4)
    masking.one_of(0, 1)
    masking.one_of(0, 1)
    masking.text()
    masking.sections()
    body = masking.out.getvalue()
    return data[:16] + struct.pack("<i", len(body)) + body + b"\0"


class _Masking:
    """Reads a rule from beginning to end and writes what may be sent."""

    def __init__(self, data: bytes, nonce: bytes) -> None:
        self._in = io.BytesIO(data)
        self._left = len(data)
        self._nonce = nonce
        self._methods = 0
        self.out = io.BytesIO()

    def skip(self, count: int) -> bytes:
        if not 0 <= count <= self._left:
            raise struct.error(f"{count} bytes expected, {self._left} found")
        self._left -= count
        return self._in.read(count)

    def copy(self, count: int) -> bytes:
        data = self.skip(count)
        self.out.write(data)
        return data

    def number(self) -> int:
        return int(struct.unpack("<i", self.copy(4))[0])

    def one_of(self, *known: int) -> None:
        """Copy a number. One that no rule has shows that the data is something else, which may be a key."""
        number = self.number()
        if number not in known:
            raise struct.error(f"{number} where one of {known} was expected")

    def text(self) -> None:
        self.copy(self.number())

    def methods(self) -> None:
        self._methods = self.number()
        for _number in range(self._methods):
            method = self.number()
            data = self.skip(struct.unpack("<i", self.skip(4))[0])
            known = method in (CERTIFICATE, KERBEROS)
            travels = data if known else digest(self._nonce, data)
            self.out.write(struct.pack("<i", len(travels)) + travels)

    def sections(self) -> None:
        while self._left >= 16:
            if self._is_section(1) and not self._is_section(0):
                self.skip(1)
            section = self.skip(16)
            if section[:15] != _SECTION or section[15] not in (_ALTERNATE_METHODS, _METHOD_FLAGS, _TUNNEL_ADDRESS):
                return
            self.out.write(section)
            self._section(section[15])

    def _is_section(self, gap: int) -> bool:
        """Return whether a section begins here, or after one unused byte."""
        ahead = self._in.getvalue()[self._in.tell() + gap :][:16]
        return ahead[:15] == _SECTION and ahead[15:] in (b"\1", b"\2", b"\3")

    def _section(self, number: int) -> None:
        if number == _ALTERNATE_METHODS:
            self.methods()
        elif number == _TUNNEL_ADDRESS:
            self.copy(16)
        else:
            self.skip(4)
            self.out.write(bytes(4))
            for _number in range(self._methods):
                self.one_of(0, 1, 2, 3)


def _lines(registry: RegistryAccess, path: str) -> Iterator[str]:
    """Yield everything below a key, in an order that does not depend on how it was written."""
    try:
        key = registry.read(path)
    except RegistryError as error:
        if error.code is not RegistryErrorCode.ACCESS_DENIED:
            raise
        yield from (_encode(path.upper()), "denied")
        return
    if key is None:
        return
    yield _encode(path.upper())
    for name in sorted(key, key=str.upper):
        if name.lower() != "whenchanged":
            yield _line(name.upper(), key[name])
    for child in sorted(registry.children(path), key=str.upper):
        yield from _lines(registry, join(path, child))


@functools.lru_cache(maxsize=1024)
def _line(name: str, value: Value) -> str:
    if value.kind is NAMELESS:
        return f"{_encode(name)} Unknown "
    return f"{_encode(name)} {KIND_NAMES[value.kind]} {field(value)}"


def _encode(text: str) -> str:
    return base64.b64encode(text.encode()).decode()
