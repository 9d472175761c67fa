# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Texts of somebody else's, as they may be shown."""

from __future__ import annotations

import re

_UNSAFE = re.compile(r"[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
"""What moves a cursor, sounds, ends a line, or turns the direction of writing; and what is no character at all."""
_GAP = " ... "
_LONGEST_QUOTE = 200


def escaped(text: str, keep: str = "") -> str:
    """A text of somebody else's as it may be shown: what a terminal would obey is spelled out."""
    return _UNSAFE.sub(lambda found: found[0] if found[0] in keep else ascii(found[0])[1:-1], text)


def shortened(text: str, most: int = _LONGEST_QUOTE) -> str:
    """A text of at most so many characters: its beginning and its end."""
    if len(text) <= most:
        return text
    half = (most - len(_GAP)) // 2
    return f"{text[:half]}{_GAP}{text[-half:]}"


def quoted(text: str) -> str:
    """What a host holds, as it stands in a sentence."""
    return shortened(escaped(text))


def shown(said: str) -> str:
    """A text that a host holds, on one line: quoted where it could be taken for something else."""
    return said if said.isprintable() and said.strip() == said and said[:1] not in ("", "'", '"') else repr(said)
