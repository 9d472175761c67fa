# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is in the collection as users install it, and what those see who build an execution environment with it."""

from __future__ import annotations

import json
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
GALAXY: dict[str, Any] = yaml.safe_load((ROOT / "galaxy.yml").read_text(encoding="utf-8"))
MODULES = {path.stem for path in (ROOT / "plugins" / "modules").glob("*.py")}
OF_PLAYBOOKS = {"l2tp_adopt", "l2tp_keys", "l2tp_render", "l2tp_step"}
TOP = {
    "CHANGELOG.md", "CONTRIBUTING.md", "FILES.json", "LICENSE", "MANIFEST.json", "README.md", "SECURITY.md",
    "changelogs", "docs", "extensions", "meta", "playbooks", "plugins", "roles",
}  # fmt: skip
NEEDED = {
    "extensions/audit/event_query.yml",
    "meta/execution-environment.txt",
    "meta/execution-environment.yml",
    "meta/runtime.yml",
    "playbooks/site.yml",
    "plugins/action/win_ipsec_psk_policy.py",
    "plugins/plugin_utils/_host/transaction.ps1",
    "roles/l2tp/meta/argument_specs.yml",
}

TarballContent = dict[str, bytes]


@pytest.fixture(scope="module")
def tarball(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The collection as it is published."""
    folder = tmp_path_factory.mktemp("tarball")
    command = ["ansible-galaxy", "collection", "build", "--output-path", str(folder), str(ROOT)]
    subprocess.run(command, check=True, capture_output=True, timeout=120)
    return next(folder.glob("*.tar.gz"))


@pytest.fixture(scope="module")
def files(tarball: Path) -> TarballContent:
    """The files of the tarball."""
    with tarfile.open(tarball) as built:
        members = [member for member in built.getmembers() if member.isfile()]
        return {member.name: _content(built, member) for member in members}


def _content(built: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    opened = built.extractfile(member)
    return opened.read() if opened else b""


def builder(*arguments: str) -> str:
    """Run ansible-builder, which must have no complaint, and return what it printed."""
    command = [sys.executable, "-m", "ansible_builder", *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout


def test_only_what_runs_and_what_documents_is_in_the_tarball(files: TarballContent) -> None:
    assert {name.partition("/")[0] for name in files} == TOP
    assert {name.split("/")[1] for name in files if name.startswith("extensions/")} == {"audit"}
    assert {name.split("/")[1] for name in files if name.startswith("changelogs/")} == {"changelog.yaml", "config.yaml"}
    assert set(files) >= NEEDED


def test_the_manifest_says_where_the_collection_comes_from(files: TarballContent) -> None:
    said: dict[str, Any] = json.loads(files["MANIFEST.json"])["collection_info"]
    repository = said["repository"]

    assert {name: said[name] for name in ("documentation", "homepage", "issues")} == {
        "documentation": f"{repository}/blob/main/README.md",
        "homepage": repository,
        "issues": f"{repository}/issues",
    }


def test_a_fork_changes_the_address_in_galaxy_yml_alone(files: TarballContent) -> None:
    address = GALAXY["repository"].partition("://")[2].encode()
    others = {name for name, content in files.items() if address in content}

    assert others == {"MANIFEST.json"}


def test_the_changelog_has_an_entry_for_this_version(files: TarballContent) -> None:
    releases: dict[str, Any] = yaml.safe_load(files["changelogs/changelog.yaml"])["releases"]

    assert GALAXY["version"] in releases
    assert f"## v{GALAXY['version']}" in files["CHANGELOG.md"].decode().replace("\\", "")


def test_all_modules_are_in_the_action_group_and_in_the_audit(files: TarballContent) -> None:
    groups: dict[str, Any] = yaml.safe_load(files["meta/runtime.yml"])["action_groups"]
    audit: dict[str, Any] = yaml.safe_load(files["extensions/audit/event_query.yml"])

    assert set(groups["all"]) == MODULES - OF_PLAYBOOKS
    assert {name.removeprefix("rras.ipsec.") for name in audit} == MODULES


def test_an_execution_environment_gets_the_libraries_of_the_connections_and_no_pins(
    files: TarballContent, tarball: Path, tmp_path: Path
) -> None:
    assert not {"requirements.txt", "bindep.txt"} & set(files)  # what ansible-builder takes by itself
    place = tmp_path / "ansible_collections" / "rras" / "ipsec"
    with tarfile.open(tarball) as built:
        built.extractall(place, filter="data")
    found = yaml.safe_load(builder("introspect", str(tmp_path)))

    wanted = [line.partition("  #")[0] for line in found["python"]]
    assert wanted == ["pywinrm>=0.5.0,<1", "pypsrp>=0.9.1,<1"]
    assert found["system"] == []


def test_ansible_builder_accepts_the_definition_of_an_execution_environment(tmp_path: Path) -> None:
    builder("create", "--file", str(ROOT / "docs" / "execution-environment.yml"), "--context", str(tmp_path))
    wanted = yaml.safe_load((tmp_path / "_build" / "requirements.yml").read_text(encoding="utf-8"))

    assert {each["name"] for each in wanted["collections"]} == {"rras.ipsec", "ansible.windows"}
