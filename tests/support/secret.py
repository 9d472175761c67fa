# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The forms in which a secret may be exposed, and the keys that tests search for."""

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
"""The keys by name. A mask that hid the first one inside the last one would leave the rest readable."""
_COMPRESSED: Final = re.compile(rb"H4sI[A-Za-z0-9+/]+={0,2}")
_SHORTEST_FORM: Final = 7
"""The fewest bytes of an encoded form that does not occur by chance in megabytes of other text."""


def forms(secret: str) -> Iterator[bytes]:
    """Yield a secret in every form in which somebody could come across it.

    As text, as base64 at any alignment, as hexadecimal digits, and as JSON, Python or a URL quotes it.
    """
    for encoding in ("utf-8", "utf-16-le"):
        data = secret.encode(encoding)
        yield data
        yield from filter(_is_telling, (data.hex().encode(), data.hex().upper().encode(), data.hex(",").encode()))
        yield from filter(_is_telling, (_base64_core(data, offset) for offset in range(3)))
    yield from {quoted.encode() for quoted in _quoted(secret)} - {secret.encode()}


def found(data: bytes, secrets: dict[str, str]) -> list[str]:
    """Return which secrets, by name, are in some bytes or in data compressed there, and in which form."""
    places = [data, *_compressed(data)]
    pairs = ((name, form) for name, secret in secrets.items() for form in forms(secret))
    return [f"{name}: {form!r}" for name, form in pairs if any(form in place for place in places)]


def rests(secrets: dict[str, str]) -> dict[str, str]:
    """Return what is left of a secret after a mask has hidden its beginning, which is another secret."""
    return {
        f"{name}, without its beginning": secret.removeprefix(other)
        for name, secret in secrets.items()
        for other in secrets.values()
        if other != secret and secret.startswith(other)
    }


def _compressed(data: bytes) -> Iterator[bytes]:
    """Yield what is compressed by gzip and in base64, as the answers of hosts are, as far as it can be unpacked."""
    for match in _COMPRESSED.finditer(data):
        stream = zlib.decompressobj(16 + zlib.MAX_WBITS)
        with contextlib.suppress(zlib.error, ValueError):
            yield stream.decompress(base64.b64decode(match[0] + b"=" * (-len(match[0]) % 4)))


def _quoted(secret: str) -> Iterator[str]:
    yield from (json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1])
    yield from (repr(secret)[1:-1], ascii(secret)[1:-1], secret.replace("'", "''"), secret.replace("'", "\\'"))
    yield from (urllib.parse.quote(secret), urllib.parse.quote(secret, safe=""), urllib.parse.quote_plus(secret))
    yield from (json.dumps(json.dumps(secret)[1:-1])[1:-1], json.dumps(repr(secret)[1:-1])[1:-1])


def _is_telling(form: bytes) -> bool:
    return len(form) >= _SHORTEST_FORM


def _base64_core(data: bytes, offset: int) -> bytes:
    """Return the base64 of data at an offset, without the characters that depend on neighbouring bytes."""
    text = base64.b64encode(bytes(offset) + data).rstrip(b"=")
    start = (0, 2, 3)[offset]
    return text[start:-1] if (offset + len(data)) % 3 else text[start:]
