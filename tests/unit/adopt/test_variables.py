# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The file of variables that a task writes: without keys, and without anything that somebody else could have it do."""

from __future__ import annotations

import types
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.rras.ipsec.plugins.action import l2tp_adopt
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy import render
from ansible_collections.rras.ipsec.tests.support.declared import KEY, OTHERS, PAIR, declared, with_key
from ansible_collections.rras.ipsec.tests.support.server import Server

HOSTVARS = {"tokyo": {"l2tp_address": "192.0.2.1"}, "osaka": {"l2tp_address": "192.0.2.2"}}


class _Loader(yaml.SafeLoader):
    """Reads Ansible's tag for a text that is no template."""


def _unsafe(loader: yaml.SafeLoader, node: Any) -> tuple[str, object]:
    return "unsafe", loader.construct_scalar(node)


_Loader.add_constructor("!unsafe", _unsafe)


def adopt(folder: Path, server: Server | None = None, *, check: bool = False, host: str = "tokyo", **given: Any) -> Any:
    """Run the action as a task, on a server where there is one."""
    connection: Any = types.SimpleNamespace(
        become=False, transport="ssh", _shell=types.SimpleNamespace(tmpdir=None), _connect=lambda: None
    )
    task: Any = types.SimpleNamespace(
        args={"folder": str(folder)} | given,
        check_mode=check,
        async_val=0,
        environment=None,
        action="rras.ipsec.l2tp_adopt",
        diff=True,
    )
    nothing: Any = None
    acting: Any = l2tp_adopt.ActionModule(task, connection, nothing, nothing, nothing, nothing)

    def execute(command: str, *, sudoable: bool, in_data: bytes) -> Any:
        assert server is not None, "an export needs no connection"
        assert sudoable is False
        output = server.execute(command, in_data)
        return {"rc": output.code, "stdout": output.stdout, "stderr": output.stderr}

    acting._low_level_execute_command = execute  # noqa: SLF001 (the network)
    return acting.run(task_vars={"inventory_hostname": host, "hostvars": HOSTVARS})


def export(folder: Path, *rules: Any, **given: Any) -> str:
    """The export of a Windows 2000 that got a rendered file."""
    path = folder / "export.reg"
    rendering = render.fit(declared(*rules, **given), render.PeerType.WINDOWS_2000)
    path.write_bytes(render.files_of(rendering).content["l2tp.reg"])
    return str(path)


def variables(result: Any) -> Any:
    text = Path(result["file"]).read_text(encoding="utf-8")
    assert KEY not in text
    return yaml.load(text, Loader=_Loader)  # noqa: S506 - a safe loader with one more tag


def test_the_file_of_an_export(tmp_path: Path) -> None:
    predicted = adopt(tmp_path / "new", reg_file=export(tmp_path), check=True)
    assert (predicted["changed"], (tmp_path / "new").exists()) == (True, False)
    result = adopt(tmp_path / "new", reg_file=export(tmp_path))
    assert (result["changed"], result["left_out"]) == (True, [])
    assert Path(result["file"]) == tmp_path / "new" / "tokyo" / "l2tp_adopted.yml"
    assert Path(result["file"]).read_text(encoding="utf-8") == (
        "# The IP security policy L2TP site to site of tokyo as it was read. No key is in here.\n"
        "# vault_l2tp_tokyo_osaka_key must hold the key of 'tokyo-osaka', in a vault.\n"
        "---\n"
        "l2tp_address: 192.0.2.1\n"
        "l2tp_connections:\n"
        "  - name: tokyo-osaka\n"
        "    peers:\n"
        "      - tokyo\n"
        "      - osaka\n"
        "    preshared_key: '{{ vault_l2tp_tokyo_osaka_key }}'\n"
        "l2tp_main_mode:\n"
        "  methods:\n"
        "    - encryption: 3des\n"
        "      integrity: sha1\n"
        "      dh_group: 2\n"
    )
    assert result["findings"] == [
        "Somebody else set ProhibitIpSec on tokyo, so whether it was there at boot is unknown."
    ]
    assert result["steps"] == [
        f"{result['file']} declares the policy of tokyo.",
        "Write the key of 'tokyo-osaka' into the vaulted variable vault_l2tp_tokyo_osaka_key; verify compares it.",
        (
            "Write each connection once, into the variables of a group that contains both ends: an end that was "
            "adopted apart may call it otherwise."
        ),
    ]
    again = adopt(tmp_path / "new", reg_file=export(tmp_path))
    assert (again["changed"], again["diff"]["before"]) == (False, again["diff"]["after"])


def test_a_live_server_is_read(tmp_path: Path) -> None:
    server = Server()
    server.policy(name="L2TP", rules=[PAIR, OTHERS])
    result = adopt(tmp_path, server)
    assert result["key_variables"] == ["vault_l2tp_tokyo_osaka_key"]
    assert variables(result)["l2tp_policy_name"] == "L2TP"
    assert (result["findings"], result["left_out"]) == ([], [])


def test_a_name_of_somebody_else_s_is_neither_a_template_nor_a_line_of_its_own(tmp_path: Path) -> None:
    evil = "{{ lookup('pipe', 'id') }}"
    inactive = with_key(KEY, "off") | {
        "active": False,
        "filters": [{"source_address": "192.0.2.1", "destination_address": "192.0.2.9"}],
    }
    result = adopt(tmp_path, reg_file=export(tmp_path, with_key(KEY, evil), inactive, OTHERS, name=f"{evil}: #"))
    found = variables(result)
    assert found["l2tp_policy_name"] == ("unsafe", f"{evil}: #")
    assert found["l2tp_connections"][0]["name"] == ("unsafe", evil)
    assert found["l2tp_connections"][0]["preshared_key"] == "{{ vault_l2tp_lookup_pipe_id_key }}"
    assert result["left_out"] == ["The rule 'off' can't be declared: it is not active."]
    head = Path(result["file"]).read_text(encoding="utf-8").partition("---\n")[0]
    assert all(line.startswith("# ") for line in head.splitlines())
    assert "# Not declared: The rule 'off' can't be declared: it is not active.\n" in head


def test_the_mode_of_a_folder_that_was_there_stays(tmp_path: Path) -> None:
    folder = tmp_path / "host_vars" / "tokyo"
    folder.mkdir(parents=True, mode=0o755)
    adopt(tmp_path / "host_vars", reg_file=export(tmp_path))
    assert folder.stat().st_mode & 0o777 == 0o755
    assert (folder / "l2tp_adopted.yml").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("data", "given", "sentence"),
    [
        (
            'REGEDIT4\r\n\r\n[HKEY_LOCAL_MACHINE\\A]\r\n"a"=hex:0x',
            {},
            "{} is damaged: line 4 holds bytes that are no hexadecimal numbers; export it again with regedit.",
        ),
        ("REGEDIT4\r\n", {}, "There is no IP security policy to adopt."),
        ("REGEDIT4\r\n\x81", {"code_page": "cp0"}, "code_page is not known; write, for example, cp1252 or cp932."),
        (None, {}, "{} can't be read (No such file or directory); write the path of an export."),
    ],
)
def test_an_export_that_is_none_is_refused(tmp_path: Path, data: str | None, given: Any, sentence: str) -> None:
    path = tmp_path / "damaged.reg"
    if data is not None:
        path.write_bytes(data.encode("latin-1"))
    result = adopt(tmp_path / "new", reg_file=str(path), **given)
    assert (result["failed"], result["msg"]) == (True, sentence.format(path))
    assert not (tmp_path / "new").exists()
