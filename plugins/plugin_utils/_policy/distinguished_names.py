# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names of certification authorities: written as in RFC 4514 or by Windows, checked as X.500, stored as by Windows.

The parser is that of the library cryptography, which ansible-core requires. It reads RFC 4514 only, so the notation of
Windows (CertNameToStr with CERT_X500_NAME_STR: blanks after commas, values in quotes, keys such as S, E and OID.1.2.3)
is translated into RFC 4514 first. The order of the parts is not changed: Windows shows names in either order, and which
one is meant can't be known.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from typing import Final

_PART: Final = re.compile(
    r"""[ \t]* (?:OID\.)? (?P<type> [A-Z][A-Z0-9-]* | \d+(?:\.\d+)+ ) [ \t]*=[ \t]*
    (?: "(?P<quoted> (?:[^"]|"")+ )" | (?P<plain> (?:\\.|[^ \t,;+"\\]) (?:\\.|[^,;+"\\])* ) )
    [ \t]* (?P<end> [,;+] | $ )""",
    re.VERBOSE | re.IGNORECASE,
)
_SPECIAL: Final = re.compile(r'[\\",+;<>]|^[# ]| $')
"""The characters of a value that RFC 4514 (2.4) requires to be escaped."""
_QUOTED: Final = re.compile(r'[,+="<>#;\n\\]|^\s|\s$')
"""What Windows puts in quotes; and a backslash, which outside of quotes would be read as an escape (not so by
Windows)."""
_KEYS: Final = {
    "2.5.4.3": "CN",
    "2.5.4.4": "SN",
    "2.5.4.5": "SERIALNUMBER",
    "2.5.4.6": "C",
    "2.5.4.7": "L",
    "2.5.4.8": "S",
    "2.5.4.9": "STREET",
    "2.5.4.10": "O",
    "2.5.4.11": "OU",
    "2.5.4.12": "T",
    "2.5.4.42": "G",
    "2.5.4.43": "I",
    "0.9.2342.19200300.100.1.25": "DC",
    "1.2.840.113549.1.9.1": "E",
}
"""The object identifiers of attribute types, by the keys that Windows uses for them (CertStrToName)."""
_TYPES: Final = {key: identifier for identifier, key in _KEYS.items()} | {
    "EMAIL": "1.2.840.113549.1.9.1",
    "EMAILADDRESS": "1.2.840.113549.1.9.1",
    "GIVENNAME": "2.5.4.42",
    "GN": "2.5.4.42",
    "INITIALS": "2.5.4.43",
    "ST": "2.5.4.8",
    "TITLE": "2.5.4.12",
    "UID": "0.9.2342.19200300.100.1.1",
}


class DistinguishedNameError(ValueError):
    """A text is not a distinguished name. There is no message, because nobody may quote the text."""


@functools.cache
def as_windows_writes(text: str) -> str:
    """Return a distinguished name as Windows writes and stores it: 'CN=Example Root CA, O="Example, Inc."'.

    Raises `DistinguishedNameError` for a text in neither notation, RFC 4514's or Windows'; for an unknown attribute
    type; and for a value that X.520 does not allow, such as a country of more than two letters.
    """
    # Most networks name no authority, and this import takes as long as a whole task.
    from cryptography import x509  # noqa: PLC0415

    parts = list(_parts(text))
    try:
        name = x509.Name.from_rfc4514_string("".join(f"{kind}={value}{end}" for kind, value, end in parts))
    except ValueError:
        raise DistinguishedNameError from None
    attributes = [attribute for group in reversed(name.rdns) for attribute in group]
    written = [
        value if value.startswith("#") else _quoted(str(attribute.value))
        for (_kind, value, _end), attribute in zip(parts, attributes, strict=True)
    ]
    pairs = zip(parts, written, strict=True)
    return "".join(f"{_KEYS.get(kind, f'OID.{kind}')}={value}{_BEHIND[end]}" for (kind, _value, end), value in pairs)


def is_distinguished_name(text: str) -> bool:
    """Return whether a text is a distinguished name."""
    try:
        as_windows_writes(text)
    except DistinguishedNameError:
        return False
    return True


def meaning(text: str) -> str:
    """Return what all notations of one distinguished name have in common; any other text is returned unchanged."""
    return as_windows_writes(text) if is_distinguished_name(text) else text


_BEHIND: Final = {",": ", ", "+": " + ", "": ""}
"""The separators that Windows writes."""


def _parts(text: str) -> Iterator[tuple[str, str, str]]:
    """Yield the parts of a name in RFC 4514's notation: object identifier, value, separator (none after the last)."""
    position, end = 0, ","
    while end:
        found = _PART.match(text, position)
        kind = found and _TYPES.get(found["type"].upper(), found["type"])
        if not found or not kind or not kind[0].isdigit():
            raise DistinguishedNameError
        value = _escaped(found["quoted"].replace('""', '"')) if found["quoted"] else _without_blanks(found["plain"])
        position, end = found.end(), found["end"].replace(";", ",")
        yield kind, value, end


def _without_blanks(value: str) -> str:
    """Return a value without trailing blanks, except an escaped one."""
    kept = value.rstrip(" \t")
    return f"{kept} " if len(kept) < len(value) and kept.endswith("\\") and not kept.endswith(r"\\") else kept


def _escaped(value: str) -> str:
    return _SPECIAL.sub(lambda found: f"\\{found[0]}", value)


def _quoted(value: str) -> str:
    if not _QUOTED.search(value):
        return value
    doubled = value.replace('"', '""')
    return f'"{doubled}"'
