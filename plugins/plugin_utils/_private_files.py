# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files on the controller that only their owner may read, from their first byte on."""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping, Sequence
from pathlib import Path

from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.errors import RrasError

FOLDER_MODE = 0o700
FILE_MODE = 0o600
_MISSING, _OTHER, _OPEN, _OUTDATED = "missing", "other content", "other permissions", "no longer wanted"


class PrivateFilesError(RrasError):
    """A file on the controller can't be read or written. The message is one sentence."""

    reason = "files"


def folder_name(host: str) -> str:
    """Return the name of a host's folder. Raises `PrivateFilesError` if the inventory name can't be a folder name."""
    if host.startswith(".") or "/" in host or "\0" in host:
        raise PrivateFilesError(
            f"The inventory name {host!r} can't be the name of a folder; write one without slashes and leading dots."
        )
    return host


class PrivateFolder:
    """A folder in which some file names are ours."""

    def __init__(self, path: Path, *, tightened: bool = True) -> None:
        """Use a folder. tightened: whether a folder that exists already is made private, too."""
        self.path = path
        self._tightened = tightened

    def read(self, name: str) -> bytes | None:
        """Return the content of a file; None if there is none. A symbolic link counts as none."""
        try:
            descriptor = os.open(self.path / name, os.O_RDONLY | os.O_NOFOLLOW)
        except OSError:
            return None
        with open(descriptor, "rb") as file:  # noqa: PTH123 - of a descriptor
            return file.read()

    def differing(self, content: Mapping[str, bytes], names: Sequence[str]) -> dict[str, str]:
        """Return what `write` would change, by file name, with the reason; a dot stands for the folder itself."""
        mode = _mode(self.path)
        fits = mode == FOLDER_MODE or (not content if mode is None else not self._tightened)
        folder = {} if fits else {".": _MISSING if mode is None else _OPEN}
        return folder | self._differing(content, names)

    def write(self, content: Mapping[str, bytes], names: Sequence[str]) -> None:
        """Write these files, and delete any other file that has one of these names. Raises `PrivateFilesError`."""
        try:
            self._prepare()
            for name in self._differing(content, names):
                if name in content:
                    self._create(name, content[name])
                else:
                    (self.path / name).unlink()
        except OSError as error:
            raise PrivateFilesError(
                f"{error.filename or self.path} can't be written ({error.strerror}); "
                "name a folder on the controller in which the user of Ansible may write."
            ) from None

    def _differing(self, content: Mapping[str, bytes], names: Sequence[str]) -> dict[str, str]:
        states = {name: self._state(name, content.get(name)) for name in names}
        return {name: state for name, state in states.items() if state}

    def _state(self, name: str, wanted: bytes | None) -> str:
        """Return what is wrong with a file, in a word or two; the empty string if it is as wanted."""
        mode = _mode(self.path / name)
        if wanted is None:
            return _OUTDATED if mode is not None else ""
        if mode is None:
            return _MISSING
        if self.read(name) != wanted:
            return _OTHER
        return "" if mode == FILE_MODE else _OPEN

    def _prepare(self) -> None:
        self.path.parent.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
        try:
            self.path.mkdir(mode=FOLDER_MODE)
        except FileExistsError:
            self._check()
            if self._tightened:
                self.path.chmod(FOLDER_MODE)

    def _check(self) -> None:
        found = self.path.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid():
            raise PrivateFilesError(
                f"{self.path} is not a folder of the user that Ansible runs as; delete it, or name another folder."
            )

    def _create(self, name: str, data: bytes) -> None:
        """Write a file under a temporary name first, so that nobody finds half of it."""
        unfinished = self.path / f".{name}.new"
        unfinished.unlink(missing_ok=True)
        descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, FILE_MODE)
        with open(descriptor, "wb") as file:  # noqa: PTH123 - of a descriptor
            file.write(data)
        unfinished.replace(self.path / name)


def _mode(path: Path) -> int | None:
    """Return the permissions of a file or folder; None if it is missing. A link's are never those of a file of ours."""
    try:
        return stat.S_IMODE(path.lstat().st_mode)
    except OSError:
        return None
