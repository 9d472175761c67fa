# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What may be a name, a description, a key and the name of a certification authority.

Each function answers what is wrong with a text, as a sentence without its subject; nothing where all is well. None of
the answers quotes the text.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.distinguished_names import is_distinguished_name

NAME_LIMIT: Final = 255
_SHORTEST_KEY: Final = 2
"""A key of one character can't be masked."""

KEY_LIMIT: Final = 1024
"""Characters of a key. The store takes more; nobody is known to have shown that the agent of any Windows does."""

SURROGATE: Final = "has half a character (a lone surrogate), which Windows can't store; write it again."
_LINE: Final = "contains a line break or another control character; write it as one line of text."
_ONE_LINE: Final = "contains a line break or a NUL; write it as one line of text."
_TURNED: Final = "has a character that reverses the writing direction, so that another name is displayed; delete it."
_LONGEST_SHOWN: Final = 60
_HALF: Final = 25
_UNSEEN: Final = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180e\u2800\u3164\uffa0") | frozenset(
    map(chr, range(0xFE00, 0xFE10))
)
"""What has another category than blanks and format characters, and is not seen all the same."""
_TURNING: Final = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
"""The characters that turn the direction of writing round, or mark it, and those that end it again."""


def name_fault(text: str) -> str:
    """What is wrong with the name of an object of the policy store."""
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
    """What is wrong with the description of an object of the policy store; it may have several lines."""
    if has_surrogate(text):
        return SURROGATE
    return "contains a NUL, which ends a text in Windows; delete it." if "\0" in text else ""


def key_fault(text: str) -> str:
    """What is wrong with a preshared key."""
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
    """What is wrong with the distinguished name of a certification authority, as RFC 4514 and Windows write it."""
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
    """Whether a text can't be encoded, and so neither be written on a host nor shown."""
    return any("\ud800" <= letter <= "\udfff" for letter in text)


def is_visible(text: str) -> bool:
    """Whether anything of a text is seen when it is shown."""
    return any(unicodedata.category(each)[0] != "Z" and not _is_unseen(each) for each in text)


def quoted(text: str) -> str:
    """A name as it can be shown in any sentence: on one line, nothing of it unseen, shortened from the middle."""
    shown = str.__repr__(text)  # whatever type of its own Ansible has for it
    return shown if len(shown) <= _LONGEST_SHOWN else f"{shown[:_HALF]}...{shown[-_HALF:]}"


def _broken(text: str) -> bool:
    return "\0" in text or "\n" in text or "\r" in text


def _is_unseen(letter: str) -> bool:
    return unicodedata.category(letter) in ("Cc", "Cf") or letter in _UNSEEN
