# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every block of YAML in README and docs is what it says it is, and those for two servers work on two servers.

The first line of a block names the file that it stands in, as `# group_vars/rras/vault.yml`. A block without a name
is a play or variables of the role.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from ansible_collections.rras.ipsec.tests import ROOT
from ansible_collections.rras.ipsec.tests.support.controller import ANSIBLE_PLAYBOOK
from ansible_collections.rras.ipsec.tests.support.documents import Example, documents, examples
from ansible_collections.rras.ipsec.tests.support.reader import blocks, file_of, is_playbook, lay_out

EXAMPLES = [example for document in documents() for example in examples(document)]
ROLE: Mapping[str, Any] = yaml.safe_load((ROOT / "roles/l2tp/meta/argument_specs.yml").read_text(encoding="utf-8"))
OF_PLAYBOOKS: dict[str, Any] = {name: {"type": "str"} for name in ("l2tp_hosts", "l2tp_keys_file", "l2tp_rotate")}
ENTRY_POINTS = ROLE["argument_specs"]
VARIABLES: dict[str, Any] = ENTRY_POINTS["main"]["options"] | ENTRY_POINTS["connections"]["options"] | OF_PLAYBOOKS
PASSWORD = "the password of the vault of the documents"


def tasks(content: object) -> Iterator[Mapping[str, Any]]:
    """The tasks of plays, wherever they stand in them."""
    if isinstance(content, list):
        for each in content:
            yield from tasks(each)
    elif isinstance(content, dict):
        if "hosts" not in content:
            yield content
        for part in ("pre_tasks", "tasks", "post_tasks", "handlers", "block", "rescue", "always"):
            yield from tasks(content.get(part))


def modules() -> dict[str, set[str]]:
    """The modules that the documents use, and which options they give them."""
    found: dict[str, set[str]] = {}
    for example in filter(is_playbook, EXAMPLES):
        for task in tasks(yaml.safe_load(example.text)):
            for name, options in task.items():
                if name.count(".") == 2 and "import_" not in name and "include_" not in name:
                    found.setdefault(name, set()).update(options or {})
    return found


def options(module: str, shown: Mapping[str, Any]) -> set[str]:
    """What a module can be given, by its documentation."""
    documented: Mapping[str, Mapping[str, Any]] = shown[module]["doc"]["options"]
    return {name for option, about in documented.items() for name in (option, *about.get("aliases", ()))}


def test_there_are_blocks() -> None:
    assert len(EXAMPLES) >= 15


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.name)
def test_a_block_is_a_file_a_play_or_variables_of_the_role(example: Example) -> None:
    content = yaml.safe_load(example.text)
    assert content

    assert file_of(example) or is_playbook(example) or set(content) <= set(VARIABLES)


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.name)
def test_variables_of_the_role_are_as_it_documents_them(example: Example) -> None:
    content = yaml.safe_load(example.text)
    given = (
        {name: value for name, value in content.items() if name.startswith("l2tp_")}
        if isinstance(content, dict)
        else {}
    )
    specs = {name: VARIABLES[name] | {"required": False} for name in given}

    assert ArgumentSpecValidator(specs).validate(given).error_messages == []


def test_the_plays_pass_the_syntax_check(tmp_path: Path) -> None:
    for name in sorted({str(example.document.relative_to(ROOT)) for example in EXAMPLES}):
        lay_out(tmp_path / name, name)
    playbooks = [
        str(tmp_path / document.relative_to(ROOT) / file)
        for document in documents()
        for file, example in blocks(document).items()
        if is_playbook(example)
    ]
    command = [ANSIBLE_PLAYBOOK, "--inventory", "rras-tokyo,", "--syntax-check", *playbooks]
    ran = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False)

    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert [line for line in ran.stdout.splitlines() if line.startswith("playbook: ")] == [
        f"playbook: {playbook}" for playbook in playbooks
    ]


def test_the_options_of_modules_are_theirs() -> None:
    used = modules()
    command = [sys.executable, "-m", "ansible", "doc", "--json", "--type", "module", *used]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    shown: dict[str, Any] = json.loads(ran.stdout)

    assert {
        module: given - options(module, shown) for module, given in used.items() if given - options(module, shown)
    } == {}
    assert "ansible.windows.win_feature" in used
