# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names of certification authorities, as people and Windows write them."""

from __future__ import annotations

import re

import pytest
from cryptography import x509
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.rras.ipsec.plugins.plugin_utils._policy import distinguished_names

WRITTEN = [
    ("CN=Example Root CA, O=Example", "CN=Example Root CA, O=Example"),
    ("CN=Example Root CA,O=Example", "CN=Example Root CA, O=Example"),
    ("  cn = Example Root CA ; o = Example  ", "CN=Example Root CA, O=Example"),
    ("CN=Example  CA", "CN=Example  CA"),
    ('CN="Example, Inc.", O=Example', 'CN="Example, Inc.", O=Example'),
    (r"CN=Example\, Inc.,O=Example", 'CN="Example, Inc.", O=Example'),
    (r"CN=Example\2C Inc.", 'CN="Example, Inc."'),
    ('CN="Example ""Blue"" CA"', 'CN="Example ""Blue"" CA"'),
    (r"CN=Example \"Blue\" CA", 'CN="Example ""Blue"" CA"'),
    ('CN="#1 CA"', 'CN="#1 CA"'),
    (r"CN=\#1 CA", 'CN="#1 CA"'),
    ("CN=a=b", 'CN="a=b"'),
    (r"CN=Example\ ", 'CN="Example "'),
    (r"CN=Exam\\ple", r'CN="Exam\ple"'),
    (r"CN=Example\\ ", 'CN="Example\\"'),
    (r"CN=Pr\C3\BCfstelle", "CN=Prüfstelle"),
    ("CN=Prüfstelle", "CN=Prüfstelle"),
    ("C=DE, S=Bavaria, L=Munich, E=ca@example.net", "C=DE, S=Bavaria, L=Munich, E=ca@example.net"),
    ("C=DE,ST=Bavaria,emailAddress=ca@example.net", "C=DE, S=Bavaria, E=ca@example.net"),
    ("DC=net, DC=example, CN=Example", "DC=net, DC=example, CN=Example"),
    ("OU=Blue+CN=Example, O=Example", "OU=Blue + CN=Example, O=Example"),
    ("T=Head, G=Ann, I=A, SN=Example, SERIALNUMBER=5", "T=Head, G=Ann, I=A, SN=Example, SERIALNUMBER=5"),
    ("OID.1.2.3.4=Example", "OID.1.2.3.4=Example"),
    ("1.2.3.4=Example", "OID.1.2.3.4=Example"),
    ("2.5.4.3=Example", "CN=Example"),
    ("UID=example", "OID.0.9.2342.19200300.100.1.1=example"),
    ("OID.1.2.3.4=#0c0161", "OID.1.2.3.4=#0c0161"),
]
REFUSED = [
    "",
    "ca.pem",
    "Example Root CA",
    "CN=",
    'CN=""',
    "CN=Example,",
    "CN=Example,,O=Example",
    'CN="Example',
    'CN=Exa"mple',
    r"CN=Example\zz",
    r"CN=Example\E4",
    "=Example",
    "XY=Example",
    "OID.1=Example",
    "C=Germany",
    f"CN={'x' * 65}",
]


@pytest.mark.parametrize(("text", "stored"), WRITTEN)
def test_a_name_is_stored_as_windows_writes_it(text: str, stored: str) -> None:
    assert distinguished_names.as_windows_writes(text) == stored
    assert distinguished_names.as_windows_writes(stored) == stored
    assert distinguished_names.meaning(text) == distinguished_names.meaning(stored)


@pytest.mark.parametrize("text", REFUSED)
def test_a_text_that_is_no_name_is_refused(text: str) -> None:
    assert not distinguished_names.is_distinguished_name(text)
    assert distinguished_names.meaning(text) == text


PIECE = re.compile(r'(?:CN|OU|O)=("(?:[^"]|"")*"|[^,]*)')
"""The value of one part of a name as Windows writes it."""
VALUES = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=16).filter(str.strip)
TYPES = st.sampled_from([NameOID.COMMON_NAME, NameOID.ORGANIZATION_NAME, NameOID.ORGANIZATIONAL_UNIT_NAME])


@given(st.lists(st.builds(x509.NameAttribute, TYPES, VALUES), min_size=1, max_size=4))
def test_every_issuer_of_a_certificate_has_one_form(attributes: list[x509.NameAttribute[str]]) -> None:
    """Its issuer, as cryptography writes it by RFC 4514, has one form, and no other issuer has that one."""
    stored = distinguished_names.as_windows_writes(x509.Name(attributes).rfc4514_string())
    assert distinguished_names.as_windows_writes(stored) == stored
    values = [value[1:-1].replace('""', '"') if value[0] == '"' else value for value in PIECE.findall(stored)]
    assert values == [attribute.value for attribute in reversed(attributes)]
