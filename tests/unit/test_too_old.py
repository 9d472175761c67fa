# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every plugin says that the controller's Python is too old.

RRAS_TOO_OLD names a real Python 3.10 with an ansible-core; else this one is taken for such a one.
"""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.rras.ipsec.tests.messages import Says

ROOT = Path(__file__).resolve().parents[2]
SENTENCE = (
    "The collection rras.ipsec needs Python 3.11 or newer on the controller, and this is Python 3.10; "
    "install ansible-core for a newer one."
)
PLUGINS = ROOT / "plugins"
ACTIONS = sorted(path.stem for path in (PLUGINS / "action").glob("*.py"))
FILTERS = dict.fromkeys(("to_ipsecpol", "to_netsh", "to_reg", "to_steps", "to_swanctl"), "")
PYTHON = os.environ.get("RRAS_TOO_OLD", sys.executable)


def play(folder: Path, tasks: list[dict[str, Any]]) -> subprocess.CompletedProcess[str]:
    """Run tasks with ansible-playbook on an older Python."""
    playbook = folder / "playbook.yml"
    shared = {"hosts": "localhost", "connection": "local", "gather_facts": False}
    playbook.write_text(yaml.safe_dump([shared | {"tasks": tasks}]), encoding="utf-8")
    command = [PYTHON, str(Path(__file__).with_name("too_old.py")), "-i", "localhost,", str(playbook)]
    environment = {**os.environ, "ANSIBLE_HOME": str(folder), "ANSIBLE_NOCOLOR": "1", "COLUMNS": "400"}
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False, env=environment)


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory) -> str:
    """What a playbook says that uses each plugin once."""
    actions = [{f"rras.ipsec.{name}": {}, "name": name} for name in ACTIONS]
    filters = [
        {"ansible.builtin.debug": {"msg": f"{{{{ {{}} | rras.ipsec.{name}({given}) }}}}"}, "name": name}
        for name, given in FILTERS.items()
    ]
    ran = play(tmp_path_factory.mktemp("too-old"), [task | {"ignore_errors": True} for task in (*actions, *filters)])
    return ran.stdout + ran.stderr


def test_every_filter_is_tried() -> None:
    assert sorted(FILTERS) == sorted(path.stem for path in (PLUGINS / "filter").glob("*.py"))


@pytest.mark.parametrize("name", [*ACTIONS, *FILTERS])
def test_every_plugin_says_which_python_it_needs(said: str, name: str) -> None:
    _before, _name, after = said.partition(f"TASK [{name}] ")
    answer = after.partition("TASK [")[0]

    assert SENTENCE in answer, said
    assert answer.count("FAILED!") == 1
    assert "Traceback" not in answer


def test_the_play_ends_there(tmp_path: Path, says: Says) -> None:
    ran = play(tmp_path, [{"rras.ipsec.win_ipsec_policy_info": {}}])
    assert SENTENCE in ran.stdout + ran.stderr
    says("the controller's Python is 3.10", SENTENCE, ran.returncode)


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
def test_the_older_python_can_parse_what_must_say_so(path: Path) -> None:
    ast.parse(path.read_text(encoding="utf-8"), feature_version=(3, 10))
