# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The forms in which somebody could come across a secret, and the keys that tests look for."""

from __future__ import annotations

import base64
import contextlib
import json
import re
import urllib.parse
import zlib
from collections.abc import Iterator
from typing import Final

MARKED_KEYS: Final = {
    "ASCII": "Uji-Byodoin:1053/Phoenix",
    "Japanese": "宇治平等院・鳳凰堂の鍵",
    "quotes and backslashes": "Nara\\\"Todaiji\\' `0752` \\n $(Daibutsu) %USERPROFILE% <&>",
    "3 characters": "\u0194\u00a5\u0295",
    "300 characters": "".join(f"Kinkakuji-{number:03}/" for number in range(20)) + "Rokuonji-end-of-300/",
    "looks like a number": "0123456701234567",
    "the beginning of another one": "Uji-Byodoin:1053/Phoenix and what follows it",
}
"""A mask that hid the first of them inside the last one would leave the rest to be read."""
_COMPRESSED: Final = re.compile(rb"H4sI[A-Za-z0-9+/]+={0,2}")
_SHORTEST_FORM: Final = 7
"""Bytes of an encoded form that does not come about by chance in megabytes of other text."""


def forms(secret: str) -> Iterator[bytes]:
    """A secret as somebody could come across it.

    As text, as base64 at any alignment, as hexadecimal digits, as JSON, Python or a URL quote it.
    """
    for encoding in ("utf-8", "utf-16-le"):
        data = secret.encode(encoding)
        yield data
        yield from filter(_is_telling, (data.hex().encode(), data.hex().upper().encode(), data.hex(",").encode()))
        yield from filter(_is_telling, (_base64_core(data, offset) for offset in range(3)))
    yield from {quoted.encode() for quoted in _quoted(secret)} - {secret.encode()}


def found(data: bytes, secrets: dict[str, str]) -> list[str]:
    """Say which of some secrets, by name, are in some bytes, or in what is compressed there, and in which form."""
    places = [data, *_compressed(data)]
    pairs = ((name, form) for name, secret in secrets.items() for form in forms(secret))
    return [f"{name}: {form!r}" for name, form in pairs if any(form in place for place in places)]


def _compressed(data: bytes) -> Iterator[bytes]:
    """What is compressed by gzip and in base64, as the answers of hosts are, as far as it goes."""
    for match in _COMPRESSED.finditer(data):
        stream = zlib.decompressobj(16 + zlib.MAX_WBITS)
        with contextlib.suppress(zlib.error, ValueError):
            yield stream.decompress(base64.b64decode(match[0] + b"=" * (-len(match[0]) % 4)))


def rests(secrets: dict[str, str]) -> dict[str, str]:
    """What is left of a secret whose beginning, another secret, a mask has hidden."""
    return {
        f"{name}, without its beginning": secret.removeprefix(other)
        for name, secret in secrets.items()
        for other in secrets.values()
        if other != secret and secret.startswith(other)
    }


def _quoted(secret: str) -> Iterator[str]:
    yield from (json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1])
    yield from (repr(secret)[1:-1], ascii(secret)[1:-1], secret.replace("'", "''"), secret.replace("'", "\\'"))
    yield from (urllib.parse.quote(secret), urllib.parse.quote(secret, safe=""), urllib.parse.quote_plus(secret))
    yield from (json.dumps(json.dumps(secret)[1:-1])[1:-1], json.dumps(repr(secret)[1:-1])[1:-1])


def _is_telling(form: bytes) -> bool:
    return len(form) >= _SHORTEST_FORM


def _base64_core(data: bytes, offset: int) -> bytes:
    """What base64 has for data at an offset: without the characters that depend on its neighbours."""
    text = base64.b64encode(bytes(offset) + data).rstrip(b"=")
    start = (0, 2, 3)[offset]
    return text[start:-1] if (offset + len(data)) % 3 else text[start:]
