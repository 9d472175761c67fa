# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a command line can be trusted with.

It is undocumented how netsh and ipsecpol read quotes and other alphabets.
"""

from __future__ import annotations

from typing import Final

from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.render.rendering import RenderError
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.texts import quoted

LONGEST: Final = 255
"""The most characters of a key or a name; no limit is documented, but the console's fields have this one."""


def checked(said: str, *, what: str, tool: str, refused: str = '"\\', secret: bool = False) -> str:
    """Return a text that can stand between double quotes.

    what: its name in the sentence; refused: the characters that the tool can't be trusted with. Raises `RenderError`,
    which never quotes a secret.
    """
    problem = _problem(said, refused)
    if problem:
        shown = what if secret else f"{what} {quoted(said)}"
        raise RenderError(
            f"{shown} {problem}, and how {tool} reads that is not documented; use l2tp.reg, which holds any text."
        )
    return said


def _problem(said: str, refused: str) -> str:
    if not said.isascii() or not said.isprintable():
        return "has a character that is not printable ASCII"
    found = next((letter for letter in refused if letter in said), "")
    if found:
        return f"has {_NAMES[found]}"
    return f"is longer than {LONGEST} characters" if len(said) > LONGEST else ""


_NAMES: Final = {'"': "a double quote", "\\": "a backslash", ":": "a colon"}
