# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is allowed as a name, a description, a key, and the name of a certification authority.

Each function returns what is wrong with a text, as a sentence without its subject; empty if nothing is. No answer
quotes the text.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.distinguished_names import is_distinguished_name

NAME_LIMIT: Final = 255
_SHORTEST_KEY: Final = 2
"""The shortest key, in characters: a key of one character can't be masked."""

KEY_LIMIT: Final = 1024
"""The longest key, in characters. The store takes more, but nobody is known to have shown that any agent of Windows
does."""

SURROGATE: Final = "has half a character (a lone surrogate), which Windows can't store; write it again."
_LINE: Final = "contains a line break or another control character; write it as one line of text."
_ONE_LINE: Final = "contains a line break or a NUL; write it as one line of text."
_TURNED: Final = "has a character that reverses the writing direction, so that another name is displayed; delete it."
_LONGEST_SHOWN: Final = 60
_HALF: Final = 25
_UNSEEN: Final = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180e\u2800\u3164\uffa0") | frozenset(
    map(chr, range(0xFE00, 0xFE10))
)
"""Characters that are invisible although their category is neither that of blanks nor of format characters."""
_TURNING: Final = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
"""The characters that reverse or mark the direction of writing, and those that end that again."""


def name_problem(text: str) -> str:
    """Return what is wrong with the name of an object of the policy store."""
    if has_surrogate(text):
        return SURROGATE
    if not is_visible(text):
        return "has no visible character; write, for example, 'L2TP'."
    if len(text) > NAME_LIMIT:
        return f"is longer than {NAME_LIMIT} characters; write a shorter name."
    if any(unicodedata.category(letter) in ("Cc", "Zl", "Zp") for letter in text):
        return _LINE
    if _TURNING.search(text):
        return _TURNED
    return ""


def description_fault(text: str) -> str:
    """Return what is wrong with the description of an object of the policy store; it may have several lines."""
    if has_surrogate(text):
        return SURROGATE
    return "contains a NUL, which ends a text in Windows; delete it." if "\0" in text else ""


def key_fault(text: str) -> str:
    """Return what is wrong with a preshared key."""
    if has_surrogate(text):
        return SURROGATE
    if not is_visible(text):
        return "is empty or invisible; write the key that both servers share."
    if _broken(text):
        return _ONE_LINE
    if not (is_visible(text[0]) and is_visible(text[-1])):
        return "begins or ends with a blank or another invisible character; delete it on both servers."
    if len(text) > KEY_LIMIT:
        return f"is longer than {KEY_LIMIT} characters; write a shorter key."
    return "is one character; write a longer key." if len(text) < _SHORTEST_KEY else ""


def authority_fault(text: str) -> str:
    """Return what is wrong with the distinguished name of an authority, in the notation of RFC 4514 or Windows."""
    if has_surrogate(text):
        return SURROGATE
    if _broken(text):
        return _ONE_LINE
    if not is_distinguished_name(text):
        return "is not a distinguished name; write it as in the certificate, such as 'CN=Example Root CA, O=Example'."
    if _TURNING.search(text):
        return _TURNED
    if any(map(_is_unseen, text)):
        return "has an invisible character, so that another name is displayed; delete it."
    return ""


def has_surrogate(text: str) -> bool:
    """Return whether a text can't be encoded, so that it can neither be written to a host nor shown."""
    return any("\ud800" <= letter <= "\udfff" for letter in text)


def is_visible(text: str) -> bool:
    """Return whether anything of a text is visible."""
    return any(unicodedata.category(each)[0] != "Z" and not _is_unseen(each) for each in text)


def quoted(text: str) -> str:
    """Return a name for use in any sentence: on one line, with nothing invisible, shortened in the middle."""
    shown = str.__repr__(text)  # whatever string type Ansible uses for it
    return shown if len(shown) <= _LONGEST_SHOWN else f"{shown[:_HALF]}...{shown[-_HALF:]}"


def _broken(text: str) -> bool:
    return "\0" in text or "\n" in text or "\r" in text


def _is_unseen(letter: str) -> bool:
    return unicodedata.category(letter) in ("Cc", "Cf") or letter in _UNSEEN
