# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Set up .cache/collections: a collections path with this checkout and ansible.windows in it.

Running this again, or twice at the same time, does no harm: a lock lets one run work at a time, and every step first
checks whether it is already done.
"""

from __future__ import annotations

import contextlib
import fcntl
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
CACHE = ROOT / ".cache"
TREE = CACHE / "collections" / "ansible_collections"

# The package `ansible` 14.5.0 carries ansible.windows 3.8.0, which serves ansible-core 2.16 and newer.
ANSIBLE = "14.5.0"
DEPENDENCY = ("ansible", "windows")


@contextlib.contextmanager
def alone() -> Iterator[None]:
    """Hold the lock of .cache, so that only one of several runs works at a time."""
    CACHE.mkdir(exist_ok=True)
    with (CACHE / "prepare.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def download_ansible(folder: Path) -> Path:
    """Download the wheel of the package `ansible` into an empty folder and return its path."""
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:"]
    # The collection works with every Python, but pip would not download the package for an older one.
    subprocess.run([*pip, "--python-version=3.13", f"--dest={folder}", f"ansible=={ANSIBLE}"], check=True)
    return next(folder.glob("*.whl"))


def this_collection() -> tuple[str, str]:
    """Return the namespace and the name that galaxy.yml gives (read without a YAML library)."""
    lines = (ROOT / "galaxy.yml").read_text(encoding="utf-8").splitlines()
    fields = dict(line.split(": ", 1) for line in lines if ": " in line)
    return fields["namespace"], fields["name"]


def link_checkout() -> None:
    """Make the checkout, wherever it was cloned to, available as a collection."""
    namespace, name = this_collection()
    link = TREE / namespace / name
    link.parent.mkdir(parents=True, exist_ok=True)
    if not link.is_symlink():
        link.symlink_to("../../../..", target_is_directory=True)


def unpack_dependency() -> None:
    """Take ansible.windows, the only part of its 200 MB that is needed, out of the `ansible` wheel."""
    target = TREE.joinpath(*DEPENDENCY)
    stamp = target.parent / f".from-ansible-{ANSIBLE}"
    if stamp.is_file():
        return
    prefix = "/".join(("ansible_collections", *DEPENDENCY, ""))
    with tempfile.TemporaryDirectory(dir=CACHE) as name:
        folder = Path(name)
        with zipfile.ZipFile(download_ansible(folder)) as wheel:
            wheel.extractall(folder, [member for member in wheel.namelist() if member.startswith(prefix)])
        shutil.rmtree(target, ignore_errors=True)
        target.parent.mkdir(parents=True, exist_ok=True)
        (folder / prefix).rename(target)
    stamp.touch()


def main() -> None:
    """Do whatever has not been done yet."""
    with alone():
        link_checkout()
        unpack_dependency()


if __name__ == "__main__":
    main()
