# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Other people's texts, made safe to be shown."""

from __future__ import annotations

import re

_UNSAFE = re.compile(r"[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
"""Characters that move a cursor, ring a bell, end a line or change the direction of writing, and code points that are
no characters."""
_GAP = " ... "
_LONGEST_QUOTE = 200


def escaped(text: str, keep: str = "") -> str:
    """Return another person's text with everything that a terminal would obey spelled out."""
    return _UNSAFE.sub(lambda found: found[0] if found[0] in keep else ascii(found[0])[1:-1], text)


def shortened(text: str, most: int = _LONGEST_QUOTE) -> str:
    """Return a text cut to at most so many characters: its beginning and its end."""
    if len(text) <= most:
        return text
    half = (most - len(_GAP)) // 2
    return f"{text[:half]}{_GAP}{text[-half:]}"


def quoted(text: str) -> str:
    """Return a text of a host, quoted for use in a sentence."""
    return shortened(escaped(text))


def shown(said: str) -> str:
    """Return a text of a host on one line, quoted if it could be mistaken for something else."""
    return said if said.isprintable() and said.strip() == said and said[:1] not in ("", "'", '"') else repr(said)
