# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which connections get a key, and the encrypted file that has them: in clear in memory only."""

from __future__ import annotations

import itertools
import os
from pathlib import Path
from typing import Any

import pytest
from ansible.parsing.vault import VaultLib, VaultSecret

from ansible_collections.rras.ipsec.plugins.plugin_utils import _keys_file
from ansible_collections.rras.ipsec.plugins.plugin_utils._keys_file import KeysFile
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.declaration import DeclarationError
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.network import Keyring, Written, keyring

MESH = {"name": "offices", "peers": ["a", "b", "c"], "topology": "mesh"}
LINKS = ("offices/a/b", "offices/a/c", "offices/b/c")
PAIR = {"name": "link", "peers": ["a", "d"]}
AUTHORITY = {"certificate_authority": "CN=Example Root CA"}
KEY = "Uji-Byodoin:1053/Phoenix"


def declared(*entries: Any, **given: Any) -> dict[str, Written]:
    return dict.fromkeys("abc", Written(list(entries), **given))


@pytest.mark.parametrize(
    ("given", "in_file", "expected"),
    [
        pytest.param(declared(MESH), {}, Keyring(LINKS, (), (), ()), id="all are missing"),
        pytest.param(
            declared(PAIR, {"name": "others", "peers": ["d", "e"]}),
            {},
            Keyring(("link",), (), (), ()),
            id="of these hosts",
        ),
        pytest.param(
            declared(MESH),
            {LINKS[1]: KEY, "gone": KEY},
            Keyring((LINKS[0], LINKS[2]), (LINKS[1],), (), ()),
            id="one is there",
        ),
        pytest.param(
            declared(MESH, preshared_keys={LINKS[1]: KEY}),
            {LINKS[1]: KEY},
            Keyring((LINKS[0], LINKS[2]), (LINKS[1],), (), ()),
            id="Ansible has read the file too",
        ),
        pytest.param(
            declared(MESH, preshared_keys={LINKS[1]: KEY}),
            {},
            Keyring((LINKS[0], LINKS[2]), (), (LINKS[1],), ()),
            id="one is elsewhere",
        ),
        pytest.param(
            declared(MESH, PAIR | AUTHORITY),
            {},
            Keyring(LINKS, (), (), ("link",)),
            id="one has an authority of its own",
        ),
        pytest.param(
            declared(MESH, default=AUTHORITY), {}, Keyring((), (), (), LINKS), id="the default is an authority"
        ),
        pytest.param(
            declared(MESH) | {"c": Written([MESH], default=AUTHORITY)},
            {},
            Keyring((LINKS[0],), (), (), LINKS[1:]),
            id="two ends differ",
        ),
    ],
)
def test_what_the_connections_have(given: dict[str, Written], in_file: dict[str, str], expected: Keyring) -> None:
    assert keyring(given, in_file) == expected


RING = Keyring(missing=("new",), kept=("old",), elsewhere=(), others=("certified",))


def test_what_keys_are_made_for() -> None:
    assert RING.to_make() == ("new",)
    assert RING.to_make("old") == ("old", "new")
    assert RING.to_make("new") == ("new",)
    assert Keyring((), ("old",), ("theirs",), ()).to_make() == ()


@pytest.mark.parametrize(
    ("ring", "rotate", "sentence"),
    [
        (
            RING,
            "odl",
            "l2tp_rotate is 'odl', which is not a connection of these hosts; write one of them: old, new.",
        ),
        (
            RING,
            "certified",
            "The connection certified has no key in l2tp_keys_file; change its authentication where it is written.",
        ),
        (
            Keyring(("new",), (), ("theirs",), ()),
            "",
            (
                "l2tp_preshared_keys is also defined outside l2tp_keys_file, with the key of theirs, and one of the "
                "two would hide the other; move these keys into the file, or beside their connections."
            ),
        ),
    ],
)
def test_what_is_refused(ring: Keyring, rotate: str, sentence: str) -> None:
    with pytest.raises(DeclarationError) as refused:
        ring.to_make(rotate)
    assert str(refused.value) == sentence


def opened(*passwords: str) -> VaultLib:
    return VaultLib([(f"id{number}", VaultSecret(word.encode())) for number, word in enumerate(passwords)])


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "keys.yml"


def test_a_key_is_letters_and_digits_and_never_the_same() -> None:
    keys = {_keys_file.new_key() for _ in range(100)}
    assert len(keys) == 100
    assert all(len(key) >= 32 and key.isascii() and key.isalnum() for key in keys)


def test_what_is_written_is_encrypted_private_and_read_again(path: Path) -> None:
    old_umask = os.umask(0)
    try:
        KeysFile.read(str(path), opened("one")).with_new(("a", "b: c")).write()
    finally:
        os.umask(old_umask)
    first = KeysFile.read(str(path), opened("one"))
    assert list(first.keys) == ["a", "b: c"]
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.read_bytes().startswith(b"$ANSIBLE_VAULT;1.2;AES256;id0\n")
    assert [each.name for each in path.parent.iterdir()] == [path.name]

    first.with_new(("a",)).write()

    second = KeysFile.read(str(path), opened("one"))
    assert (second.keys["a"] != first.keys["a"], second.keys["b: c"]) == (True, first.keys["b: c"])
    assert not any(key in repr(second) for key in second.keys.values())


def test_it_stays_encrypted_with_its_old_password(path: Path) -> None:
    KeysFile.read(str(path), opened("two")).with_new(("a",)).write()
    KeysFile.read(str(path), opened("one", "two")).with_new(("b",)).write()
    assert list(KeysFile.read(str(path), opened("two")).keys) == ["a", "b"]


class OwnText(str):
    """A text as Ansible has it: of its own type, and staying so."""

    __slots__ = ()

    def __str__(self) -> str:
        return self


def test_a_name_is_written_whatever_type_ansible_has_for_it(path: Path) -> None:
    KeysFile.read(str(path), opened("one")).with_new((OwnText("a"),)).write()
    assert list(KeysFile.read(str(path), opened("one")).keys) == ["a"]


def test_a_link_leads_to_the_file(path: Path) -> None:
    link = path.with_name("link.yml")
    link.symlink_to(path)
    KeysFile.read(str(link), opened("one")).with_new(("a",)).write()
    assert link.is_symlink()
    assert list(KeysFile.read(str(path), opened("one")).keys) == ["a"]


NO_PASSWORD = (
    "There is no vault password, and the keys are never written without one; "
    "run the playbook with --ask-vault-pass, --vault-password-file or --vault-id."
)
OTHER_CONTENT = (
    "{} contains something other than the variable l2tp_preshared_keys with a text for each connection; "
    "move that into another file ('ansible-vault edit')."
)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (f"l2tp_preshared_keys: {{a: {KEY}}}", "{} is not encrypted; run 'ansible-vault encrypt' for it first."),
        *(
            (opened("one").encrypt(plain), OTHER_CONTENT)
            for plain in (
                f"l2tp_preshared_keys: {{a: [{KEY}]}}",
                f"l2tp_preshared_keys: {{5: {KEY}}}",
                f"l2tp_preshared_keys: {KEY}",
                f"l2tp_preshared_keys: {{a: {KEY}}}\nother: {KEY}",
                f"- {KEY}",
                KEY,
                f"a: !vault {KEY}",
                f"'{KEY}",
            )
        ),
        (
            opened("two").encrypt("{}"),
            "{} can't be decrypted (AnsibleVaultError); give the vault password that it was encrypted with.",
        ),
    ],
    ids=itertools.count(),  # what is encrypted looks otherwise in each process
)
def test_other_content_is_refused_without_quoting_it(path: Path, content: str | bytes, sentence: str) -> None:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    before = path.read_bytes()
    with pytest.raises(DeclarationError) as refused:
        KeysFile.read(str(path), opened("one"))
    assert str(refused.value) == sentence.format(path)
    assert path.read_bytes() == before


def test_path_password_and_folder_must_be_there_first(path: Path) -> None:
    for given, vault, sentence in (
        ("", opened("one"), "l2tp_keys_file is not defined; write a path, such as group_vars/rras/l2tp_keys.yml."),
        (str(path), VaultLib(), NO_PASSWORD),
        (
            f"{path}/there",
            opened("one"),
            f"The folder of {path}/there does not exist; make it, or correct l2tp_keys_file.",
        ),
        (
            str(path.parent),
            opened("one"),
            f"{path.parent} can't be read (IsADirectoryError); check l2tp_keys_file and the file's access rights.",
        ),
    ):
        with pytest.raises(DeclarationError) as refused:
            KeysFile.read(given, vault)
        assert str(refused.value) == sentence
    assert list(path.parent.iterdir()) == []


def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    KeysFile.read(str(path), opened("one")).with_new(("a",)).write()
    before = path.read_bytes()

    def full(_number: int) -> None:
        raise OSError

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(DeclarationError) as refused:
        KeysFile.read(str(path), opened("one")).with_new(("b",)).write()
    assert str(refused.value) == f"{path} can't be written (OSError); check the access rights of its folder."
    assert path.read_bytes() == before
    assert [each.name for each in path.parent.iterdir()] == [path.name]
