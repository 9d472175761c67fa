# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The encrypted file of variables that holds the keys of connections. Its plain text is only ever in memory."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import secrets
import string
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

import yaml
from ansible import constants
from ansible.errors import AnsibleError
from ansible.parsing import vault

from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.declaration import DeclarationError

VARIABLE: Final = "l2tp_preshared_keys"
LENGTH: Final = 32
"""Characters of a key: 62 to choose from make 190 bits."""
_ALPHABET: Final = string.ascii_letters + string.digits
"""Characters that every shell, dialog and keyboard takes literally."""


def new_key() -> str:
    """Return a new random key."""
    return "".join(secrets.choice(_ALPHABET) for _place in range(LENGTH))


@dataclasses.dataclass(frozen=True, slots=True)
class KeysFile:
    """The file's content, and the vault secret that encrypts it."""

    path: Path
    keys: Mapping[str, str] = dataclasses.field(repr=False)
    """Keys by the names of their connections; empty if there is no file yet."""
    _vault: vault.VaultLib = dataclasses.field(repr=False)
    _vault_id: str | None
    _secret: vault.VaultSecret | None = dataclasses.field(repr=False)

    @classmethod
    def read(cls, path: str, opened: vault.VaultLib) -> KeysFile:
        """Read the file, if there is one. path: relative to the user's working directory, as for -e @FILE.

        Raises `DeclarationError` if it can't be read, is not encrypted, or there is no vault password to encrypt it
        with.
        """
        if not path:
            raise DeclarationError(
                "l2tp_keys_file is not defined; write a path, such as group_vars/rras/l2tp_keys.yml."
            )
        place = Path(path).expanduser().resolve()
        if not opened.secrets:
            raise DeclarationError(
                "There is no vault password, and the keys are never written without one; "
                "run the playbook with --ask-vault-pass, --vault-password-file or --vault-id."
            )
        if not place.parent.is_dir():
            raise DeclarationError(f"The folder of {path} does not exist; make it, or correct l2tp_keys_file.")
        if not place.exists():
            with _said(f"{path} can't be encrypted", "check vault_encrypt_identity in the configuration of Ansible"):
                wanted = constants.config.get_config_value("DEFAULT_VAULT_ENCRYPT_IDENTITY")
                vault_id, secret = vault.match_encrypt_secret(opened.secrets, encrypt_vault_id=wanted)
            return cls(place, {}, opened, vault_id, secret)
        return cls._decrypt(path, place, opened)

    def with_new(self, names: tuple[str, ...]) -> KeysFile:
        """Return the same file with new keys for these connections."""
        # A YAML file can't represent Ansible's own string types.
        made = {str.__str__(name): new_key() for name in names}
        return dataclasses.replace(self, keys={**self.keys, **made})

    def write(self) -> None:
        """Replace the old file, encrypted, in one atomic step.

        Raises `DeclarationError` if the folder does not allow it.
        """
        plain = yaml.safe_dump({VARIABLE: dict(self.keys)}, sort_keys=False, allow_unicode=True)
        encrypted = self._vault.encrypt(plain, secret=self._secret, vault_id=self._vault_id)
        with _said(f"{self.path} can't be written", "check the access rights of its folder"):
            number, name = tempfile.mkstemp(prefix=f".{self.path.name}.", dir=self.path.parent)  # made with mode 0600
            try:
                with os.fdopen(number, "wb") as file:
                    file.write(encrypted)
                    file.flush()
                    os.fsync(file.fileno())
                Path(name).replace(self.path)
            except OSError:
                Path(name).unlink(missing_ok=True)
                raise

    @classmethod
    def _decrypt(cls, path: str, place: Path, opened: vault.VaultLib) -> KeysFile:
        with _said(f"{path} can't be read", "check l2tp_keys_file and the file's access rights"):
            text = place.read_bytes()
        if not vault.is_encrypted(text):
            raise DeclarationError(f"{path} is not encrypted; run 'ansible-vault encrypt' for it first.")
        with _said(f"{path} can't be decrypted", "give the vault password that it was encrypted with"):
            plain, vault_id, secret = opened.decrypt_and_get_vault_id(text)
        return cls(place, _understood(path, plain), opened, vault_id, secret)


def _understood(path: str, plain: bytes) -> dict[str, str]:
    """Return the keys in a decrypted file. Errors quote nothing of what is in it."""
    try:
        found = yaml.safe_load(plain) or {}
    except yaml.YAMLError:
        found = None
    keys = found.get(VARIABLE, {}) if isinstance(found, dict) and set(found) <= {VARIABLE} else None
    if not isinstance(keys, dict) or not all(isinstance(each, str) for pair in keys.items() for each in pair):
        raise DeclarationError(
            f"{path} contains something other than the variable {VARIABLE} with a text for each connection; "
            "move that into another file ('ansible-vault edit')."
        )
    return keys


@contextlib.contextmanager
def _said(problem: str, remedy: str) -> Iterator[None]:
    try:
        yield
    except (OSError, AnsibleError) as error:
        raise DeclarationError(f"{problem} ({type(error).__name__}); {remedy}.") from None
