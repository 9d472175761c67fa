# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One sentence from every plugin where the controller's Python is too old. RRAS_TOO_OLD names a real Python 3.10."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
SENTENCE = (
    "The collection rras.ipsec needs Python 3.11 or newer on the controller, and this is Python 3.10; "
    "install ansible-core for a newer one."
)
PLUGINS = ROOT / "plugins"
ACTIONS = sorted(path.stem for path in (PLUGINS / "action").glob("*.py"))
FILTERS = {
    "l2tp_agreement": "'x'",
    "l2tp_barrier": "'x', 'plan'",
    "l2tp_far_end": "'x'",
    "l2tp_not_back": "['x']",
    "l2tp_problems": "'x'",
    "l2tp_restart_batches": "['x']",
    "l2tp_rules": "'x'",
    "l2tp_uncertain": "'x'",
}
PYTHON = os.environ.get("RRAS_TOO_OLD", sys.executable)


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory) -> str:
    """What a playbook says that uses each plugin once."""
    folder = tmp_path_factory.mktemp("too-old")
    actions = [{f"rras.ipsec.{name}": {}, "name": name} for name in ACTIONS]
    filters = [
        {"ansible.builtin.debug": {"msg": f"{{{{ {{}} | rras.ipsec.{name}({given}) }}}}"}, "name": name}
        for name, given in FILTERS.items()
    ]
    tasks = [task | {"ignore_errors": True} for task in (*actions, *filters)]
    play = {"hosts": "localhost", "connection": "local", "gather_facts": False, "tasks": tasks}
    playbook = folder / "playbook.yml"
    playbook.write_text(yaml.safe_dump([play]), encoding="utf-8")
    command = [PYTHON, str(Path(__file__).with_name("too_old.py")), "-i", "localhost,", str(playbook)]
    environment = {**os.environ, "ANSIBLE_HOME": str(folder), "ANSIBLE_NOCOLOR": "1", "COLUMNS": "400"}
    ran = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False, env=environment)
    return ran.stdout + ran.stderr


def test_each_filter_is_asked() -> None:
    assert sorted(FILTERS) == sorted(path.stem for path in (PLUGINS / "filter").glob("*.py"))


@pytest.mark.parametrize("name", [*ACTIONS, *FILTERS])
def test_every_plugin_says_which_python_it_needs(said: str, name: str) -> None:
    _before, _name, after = said.partition(f"TASK [{name}] ")
    answer = after.partition("TASK [")[0]

    assert SENTENCE in answer, said
    assert answer.count("FAILED!") == 1
    assert "Traceback" not in answer


@pytest.mark.parametrize(
    "path",
    [
        PLUGINS / "plugin_utils" / "__init__.py",
        PLUGINS / "plugin_utils" / "_too_old.py",
        *(PLUGINS / "action").glob("*.py"),
        *(PLUGINS / "filter").glob("*.py"),
    ],
    ids=lambda path: f"{path.parent.name}-{path.stem}",
)
def test_what_must_say_so_can_be_read_by_the_older_python(path: Path) -> None:
    ast.parse(path.read_text(encoding="utf-8"), feature_version=(3, 10))
