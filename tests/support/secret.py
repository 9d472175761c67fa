# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The forms in which somebody could come across a secret."""

from __future__ import annotations

import base64
from collections.abc import Iterator


def forms(secret: str) -> Iterator[bytes]:
    """A secret as somebody could come across it: as text, as base64 at any alignment, as hexadecimal digits."""
    for encoding in ("utf-8", "utf-16-le"):
        data = secret.encode(encoding)
        yield data
        yield from (data.hex().encode(), data.hex().upper().encode())
        yield from (_base64_core(data, offset) for offset in range(3))


def _base64_core(data: bytes, offset: int) -> bytes:
    """What base64 has for data at an offset: without the characters that depend on its neighbours."""
    text = base64.b64encode(bytes(offset) + data).rstrip(b"=")
    start = (0, 2, 3)[offset]
    return text[start:-1] if (offset + len(data)) % 3 else text[start:]
