# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is in the collection as users install it, and what those see who build an execution environment with it."""

from __future__ import annotations

import json
import subprocess
import tarfile
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
REPOSITORY = "https://github.com/rras-ipsec/rras.ipsec"
TOP = {
    "FILES.json", "LICENSE", "MANIFEST.json", "README.md", "SECURITY.md", "changelogs", "docs",
    "extensions", "meta", "playbooks", "plugins", "roles", "tests",
}  # fmt: skip
MADE_AT_A_RELEASE = {"CHANGELOG.rst"}
NEEDED = {
    "meta/execution-environment.txt",
    "meta/execution-environment.yml",
    "meta/runtime.yml",
    "playbooks/site.yml",
    "plugins/action/win_ipsec_psk_policy.py",
    "plugins/plugin_utils/_host/transaction.ps1",
    "roles/l2tp/meta/argument_specs.yml",
}

Files = dict[str, bytes]


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Files:
    """The files of the tarball."""
    folder = tmp_path_factory.mktemp("tarball")
    command = ["ansible-galaxy", "collection", "build", "--output-path", str(folder), str(ROOT)]
    subprocess.run(command, check=True, capture_output=True, timeout=120)
    with tarfile.open(next(folder.glob("*.tar.gz"))) as built:
        members = [member for member in built.getmembers() if member.isfile()]
        return {member.name: _content(built, member) for member in members}


def _content(built: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    opened = built.extractfile(member)
    return opened.read() if opened else b""


def test_only_what_users_need_is_in_the_tarball(files: Files) -> None:
    top = {name.partition("/")[0] for name in files}

    assert top - MADE_AT_A_RELEASE == TOP
    assert set(files) >= NEEDED


def test_an_execution_environment_gets_the_libraries_of_the_connections_and_no_pins(files: Files) -> None:
    assert not {"requirements.txt", "bindep.txt"} & set(files)  # what ansible-builder takes by itself
    described: dict[str, Any] = yaml.safe_load(files["meta/execution-environment.yml"])
    text = files[described["dependencies"]["python"]].decode()
    lines = [line for line in text.splitlines() if not line.startswith("#")]

    assert [line.partition(">=")[0] for line in lines] == ["pywinrm", "pypsrp"]
    assert "==" not in text


def test_the_manifest_says_where_the_collection_comes_from(files: Files) -> None:
    said: dict[str, Any] = json.loads(files["MANIFEST.json"])["collection_info"]

    assert {name: said[name] for name in ("repository", "documentation", "homepage", "issues")} == {
        "repository": REPOSITORY,
        "documentation": f"{REPOSITORY}/blob/main/README.md",
        "homepage": REPOSITORY,
        "issues": f"{REPOSITORY}/issues",
    }
