# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The collection as users have it: built, installed into an empty collections path, and run from there."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from ansible_collections.rras.ipsec.tests import ROOT, collections_root
from ansible_collections.rras.ipsec.tests.support.controller import VERIFY, Controller
from ansible_collections.rras.ipsec.tests.support.pair import OSAKA, POLICY, TOKYO, assigned, prohibit_ipsec, restarts
from ansible_collections.rras.ipsec.tests.support.reader import DocumentReader, blocks

GALAXY = str(Path(sys.executable).with_name("ansible-galaxy"))
MODULES = {
    "win_ipsec_policy_info": {},
    "win_ipsec_psk_policy": {"name": "L2TP", "state": "absent"},
    "win_prohibit_ipsec": {},
}


class EmptyPath:
    """A collections path with nothing in it but ansible.windows, which is what the collection needs."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "collections"
        self.place = self.root / "ansible_collections" / "rras" / "ipsec"
        dependency = self.root / "ansible_collections" / "ansible" / "windows"
        dependency.parent.mkdir(parents=True)
        dependency.symlink_to(collections_root(ROOT) / "ansible_collections" / "ansible" / "windows")

    @property
    def environment(self) -> Mapping[str, str]:
        return {"ANSIBLE_COLLECTIONS_PATH": str(self.root)}

    def install(self, source: str) -> None:
        """Install the collection from a tarball or a repository, asking no server."""
        self._galaxy("install", "--no-deps", "--pre", source, "--collections-path", str(self.root))

    def require(self, requirements: str) -> None:
        """Install what a file of requirements names, of what is there, asking no server."""
        file = self.root.parent / "requirements.yml"
        file.write_text(requirements, encoding="utf-8")
        self._galaxy("install", "--offline", "-r", str(file), "--collections-path", str(self.root))

    def build(self) -> str:
        """Build the collection and return the tarball."""
        self._galaxy("build", str(ROOT), "--output-path", str(self.root.parent))
        return str(next(self.root.parent.glob("rras-ipsec-*.tar.gz")))

    def _galaxy(self, *arguments: str) -> None:
        command = [GALAXY, "collection", *arguments]
        own = {"ANSIBLE_HOME": str(self.root.parent / "home"), "ANSIBLE_COLLECTIONS_SCAN_SYS_PATH": "false"}
        environment = {**os.environ, **self.environment, **own}
        ran = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)
        assert ran.returncode == 0, ran.stdout + ran.stderr


@pytest.fixture
def empty(tmp_path: Path) -> EmptyPath:
    return EmptyPath(tmp_path)


def test_the_tarball_runs_from_an_empty_collections_path(empty: EmptyPath, pair: Controller) -> None:
    empty.install(empty.build())
    site = pair.site(environment=empty.environment)
    verify = pair.play(VERIFY, environment=empty.environment)

    assert (site.code, verify.code) == (0, 0), site.explain() + verify.explain()
    assert not (empty.place / "tests").exists()
    for host in pair.lab.values():
        found = assigned(host)
        assert found is not None
        assert (found.name, prohibit_ipsec(host)) == (POLICY, 1)
    assert restarts(pair.lab) == {TOKYO: 1, OSAKA: 1}


def test_the_requirements_of_the_readme_are_met_by_the_tarball(empty: EmptyPath) -> None:
    required = blocks(ROOT / "README.md")["requirements.yml"].text
    with pytest.raises(AssertionError, match="Failed to resolve"):
        empty.require(required)
    empty.install(empty.build())
    empty.require(required)


def test_a_stranger_follows_the_readme(empty: EmptyPath, pair: Controller, tmp_path: Path) -> None:
    """The files and all playbooks of README, as they stand there, with the collection as it is published."""
    empty.install(empty.build())
    pair.variables.pop("l2tp_connections")
    reader = DocumentReader(pair, tmp_path / "reader", "README.md")
    reader.environment = dict(empty.environment)
    use_cases = (ROOT / "README.md").read_text(encoding="utf-8").partition("## Use Cases")[2]
    commands = re.findall(r"^\$ ansible-playbook -i inventory\.yml (\S+)([^#\n]*)", use_cases, re.MULTILINE)

    ran = [reader.run(playbook, *arguments.split()) for playbook, arguments in commands]

    assert [playbook.rpartition(".")[2] for playbook, _arguments in commands] == [
        *("site", "site", "verify"),
        *("keys", "restart", "render", "adopt", "remove"),
    ]
    assert "agree" in ran[2].output
    assert [prohibit_ipsec(host) for host in pair.lab.values()] == [None, None], "they were removed"


def test_the_repository_can_be_installed_from(empty: EmptyPath, pair: Controller) -> None:
    empty.install(f"git+file://{ROOT}")
    ran = pair.play(VERIFY, "--syntax-check", environment=empty.environment)

    assert ran.code == 0, ran.explain()
    assert not (empty.place / "tests").exists()


def test_module_defaults_reach_all_modules_by_the_group(pair: Controller) -> None:
    """What none of the modules accepts arrives at each of them."""
    play = {
        "hosts": TOKYO,
        "gather_facts": False,
        "module_defaults": {"group/rras.ipsec.all": {"program_timeout": 0}},
        "tasks": [{f"rras.ipsec.{name}": options, "ignore_errors": True} for name, options in MODULES.items()],
    }
    ran = pair.play([play])

    sentence = "program_timeout is out of range; write a number of seconds from 1 to 3600."
    assert ran.failed_ones(TOKYO) == [sentence] * len(MODULES), ran.explain()
