# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A reader who follows the documents: their blocks are files in a folder, the inventory leads to simulated servers."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import yaml
from ansible.parsing.vault import VaultLib, VaultSecret

from ansible_collections.rras.ipsec.tests import ROOT, collections_root
from ansible_collections.rras.ipsec.tests.support import recorded_task
from ansible_collections.rras.ipsec.tests.support.controller import Controller, Run
from ansible_collections.rras.ipsec.tests.support.documents import Example, examples

PASSWORD: Final = "the password of the vault of the documents"
STUBBED: Final = (
    "win_certificate_store",
    "win_copy",
    "win_feature",
    "win_file",
    "win_powershell",
    "win_regedit",
    "win_service",
)
"""What would need a real Windows: simulated servers only run the scripts of this collection, and win_reboot."""


def file_of(example: Example) -> str:
    """Return the name of the file that a block says it is."""
    first = example.text.partition("\n")[0]
    return first.removeprefix("# ") if first.startswith("# ") and first.endswith(".yml") else ""


def is_playbook(example: Example) -> bool:
    content = yaml.safe_load(example.text)
    return isinstance(content, list) and any(
        {"hosts", "ansible.builtin.import_playbook"} & set(each) for each in content
    )


def blocks(document: Path) -> dict[str, Example]:
    """Return the blocks of a document by file name; those without a name by number, counted from 1."""
    return {file_of(each) or f"block-{number}.yml": each for number, each in enumerate(examples(document), start=1)}


def lay_out(folder: Path, *names: str) -> None:
    """Write the blocks of some documents to the files that they name; later blocks replace earlier ones."""
    for name in names:
        for file, example in blocks(ROOT / name).items():
            path = folder / file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(example.text, encoding="utf-8")


def stubbed(folder: Path) -> Path:
    """Make a collections path with this collection and ansible.windows, some modules of which only record."""
    real = collections_root(ROOT) / "ansible_collections" / "ansible" / "windows"
    copy = folder / "ansible_collections" / "ansible" / "windows"
    actions = copy / "plugins" / "action"
    actions.mkdir(parents=True)
    for source, target, left_out in ((real, copy, "plugins"), (real / "plugins", copy / "plugins", "action")):
        for entry in source.iterdir():
            if entry.name != left_out:
                (target / entry.name).symlink_to(entry.resolve())
    own = {f"{name}.py" for name in STUBBED}
    for entry in (real / "plugins" / "action").iterdir():
        if entry.name not in own:
            (actions / entry.name).symlink_to(entry.resolve())
    for name in own:
        (actions / name).symlink_to(recorded_task.__file__)
    return folder


class DocumentReader:
    """A reader with a document's files in a folder, the secrets encrypted, and simulated servers."""

    def __init__(self, controller: Controller, folder: Path, *names: str) -> None:
        self.controller = controller
        self.folder = folder
        self.ran: set[str] = set()
        """The playbooks of the documents that were run."""
        self._tasks = folder.parent / "recorded-tasks"
        self.environment = {
            "ANSIBLE_COLLECTIONS_PATH": f"{stubbed(folder.parent / 'stubbed')}:{collections_root(ROOT)}",
            "RRAS_RECORDED_TASKS": str(self._tasks),
        }
        self.lay_out(*names)
        # Ansible is started in the controller's folder, so that paths in a document lead to its own files there.
        (controller.folder / "group_vars").symlink_to(folder / "group_vars")
        (folder / "password").write_text(PASSWORD, encoding="utf-8")
        self._inventory = folder / "simulated.yml"
        self._inventory.write_text(yaml.safe_dump(self._simulated()), encoding="utf-8")

    def lay_out(self, *names: str) -> None:
        """Write the blocks of further documents, and encrypt those that hold secrets."""
        lay_out(self.folder, *names)
        for secret in ("vault.yml", "l2tp_keys.yml"):
            self._encrypt(self.folder / "group_vars" / "rras" / secret)

    def run(self, playbook: str, *arguments: str, inventories: Sequence[str] = ("inventory.yml",)) -> Run:
        """Run a playbook with the document's inventory, which leads to the simulated servers."""
        files = [f"--inventory={self.folder / name}" for name in (*inventories, self._inventory.name)]
        vault = f"--vault-password-file={self.folder / 'password'}"
        name = playbook
        if playbook.endswith(".yml"):
            name = str(self.folder / playbook)
            self.ran.add(playbook)
        ran = self.controller.play(name, *files, vault, *arguments, environment=self.environment)
        assert ran.code == 0, ran.explain()
        return ran

    def tasks(self) -> list[tuple[str, str, Mapping[str, Any]]]:
        """Return what the recording modules were given: host, name without the collection's, options."""
        lines = self._tasks.read_text(encoding="utf-8").splitlines() if self._tasks.exists() else []
        return [(host, name.rpartition(".")[2], options) for host, name, options in map(json.loads, lines)]

    def inventory(self, name: str) -> Mapping[str, Any]:
        """Return what ansible-inventory makes of an inventory of the document."""
        command = [sys.executable, "-m", "ansible", "inventory", "--inventory", str(self.folder / name), "--list"]
        command += ["--vault-password-file", str(self.folder / "password")]
        ran = subprocess.run(command, cwd=self.folder, capture_output=True, text=True, timeout=60, check=True)
        found: Mapping[str, Any] = json.loads(ran.stdout)
        return found

    def _simulated(self) -> Mapping[str, Any]:
        """Return how to reach the servers, as host variables, which precede a document's group variables."""
        inventory = self.controller.inventory["rras"]
        connecting = {name: value for name, value in inventory["vars"].items() if name.startswith("ansible_")}
        return {"rras": {"hosts": {name: connecting | host for name, host in inventory["hosts"].items()}}}

    @staticmethod
    def _encrypt(path: Path) -> None:
        vault = VaultLib([("default", VaultSecret(PASSWORD.encode()))])
        if path.exists() and not path.read_bytes().startswith(b"$ANSIBLE_VAULT"):
            path.write_bytes(vault.encrypt(path.read_bytes()))
