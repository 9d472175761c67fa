# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files for servers that Ansible can't reach: without a connection, for nobody else to read, and once."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.rras.ipsec.tests.lab import Lab
from ansible_collections.rras.ipsec.tests.support.controller import Controller

RENDER, UNDO = "rras.ipsec.render", "rras.ipsec.undo_rendered"
KEY, NEW_KEY = "the key of this pair", "the next key"
NOWHERE = {"ansible_host": "192.0.2.254", "ansible_connection": "ansible.builtin.ssh", "ansible_become": True}
NEW_FILES = {"l2tp.reg", "undo.reg", "netsh.txt", "undo-netsh.txt", "STEPS.txt"}
OLD_FILES = {"l2tp.reg", "undo.reg", "ipsecpol.cmd", "undo-ipsecpol.cmd", "STEPS.txt"}


def connection(key: str = KEY) -> dict[str, Any]:
    return {"name": "tokyo-osaka", "peers": ["tokyo", "osaka"], "preshared_key": key}


@pytest.fixture
def controller(tmp_path: Path) -> Iterator[Controller]:
    """A managed server and a Windows 2000, neither of which is there."""
    hosts = {
        "tokyo": {"l2tp_address": "192.0.2.1", **NOWHERE},
        "osaka": {"l2tp_address": "192.0.2.2", "l2tp_managed": False, "l2tp_peer_type": "windows_2000", **NOWHERE},
    }
    with Lab([]) as lab:
        yield Controller(tmp_path, lab, {"rras": {"hosts": hosts, "vars": {"l2tp_connections": [connection()]}}})


def files(controller: Controller, host: str) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in (controller.folder / "l2tp-files" / host).iterdir()}


def test_the_files_of_a_pair(controller: Controller) -> None:
    predicted = controller.play(RENDER, "--check", "--diff")
    assert predicted.code == 0, predicted.explain()
    assert predicted.changed == {"tokyo": 1, "osaka": 1}
    assert not (controller.folder / "l2tp-files").exists()

    first = controller.play(RENDER, "--diff", "-vvv", environment={"ANSIBLE_LOG_PATH": "run.log"})
    again = controller.play(RENDER)

    assert (first.code, first.changed) == (0, {"tokyo": 1, "osaka": 1}), first.explain()
    assert "+    authentication: preshared key: matches" in first.output
    assert KEY not in first.output + first.errors + (controller.folder / "run.log").read_text(encoding="utf-8")
    assert (again.code, again.changed) == (0, {"tokyo": 0, "osaka": 0}), again.explain()
    assert set(files(controller, "tokyo")) == NEW_FILES
    assert set(files(controller, "osaka")) == OLD_FILES
    for path in (controller.folder / "l2tp-files").rglob("*"):
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600), path

    controller.variables["l2tp_connections"] = [connection(NEW_KEY)]
    controller.host("tokyo")["l2tp_peer_type"] = "windows_2000"
    (controller.folder / "l2tp-files" / "osaka" / "STEPS.txt").chmod(0o644)
    rotated = controller.play(RENDER, "--diff")
    assert rotated.changed == {"tokyo": 1, "osaka": 1}, rotated.explain()
    assert "-    authentication: preshared key: differs" in rotated.output
    assert not any(key in rotated.output for key in (KEY, NEW_KEY))
    assert set(files(controller, "tokyo")) == OLD_FILES
    assert NEW_KEY.encode("utf-16-le").hex(",").encode("utf-16-le") not in files(controller, "osaka")["l2tp.reg"]
    assert stat.S_IMODE((controller.folder / "l2tp-files" / "osaka" / "STEPS.txt").stat().st_mode) == 0o600


def test_other_l2tp_in_clear_text_is_a_warning(controller: Controller) -> None:
    controller.variables["l2tp_other_peers"] = "ignore"
    filters = [{"source_address": "192.0.2.1", "destination_address": "192.0.2.2"}]
    rule = {"name": "link", "filters": filters, "authentication": [{"preshared_key": KEY}]}
    task = {"ansible.builtin.debug": {"msg": "{{ policy | rras.ipsec.to_netsh | length }}"}}
    filtering = {
        "hosts": "osaka",
        "gather_facts": False,
        "tasks": [task],
        "vars": {"policy": {"name": "L2TP", "rules": [rule]}},
    }

    run = controller.play([filtering, {"ansible.builtin.import_playbook": RENDER}])

    assert run.code == 0, run.explain()
    said = " ".join((run.output + run.errors).split())
    assert "[WARNING]: L2TP with peers that no rule names is in clear text" in said
    assert "[WARNING]: osaka: L2TP with peers that no connection names is in clear text" in said
    assert "[WARNING]: tokyo: L2TP over IPv6 is in clear text" in said
    assert KEY not in said


def test_a_variable_that_is_missing_is_named_and_nothing_is_written(controller: Controller) -> None:
    controller.variables["l2tp_connections"] = [connection("{{ vault_missing }}")]
    run = controller.play(RENDER)
    for host in ("tokyo", "osaka"):
        assert run.failure(host) == (
            f"A variable that the connections of {host} need is not defined; define it, or correct its name."
        ), run.explain()
    assert not (controller.folder / "l2tp-files").exists()


def test_the_far_end_is_the_mirror_of_the_managed_end_and_undone_by_files(controller: Controller) -> None:
    del controller.variables["l2tp_connections"]
    controller.host("tokyo")["l2tp_connections"] = [connection()]
    controller.host("osaka")["l2tp_connections"] = [connection("a key that nobody has")]
    controller.variables.update({"l2tp_render_keys": False, "l2tp_render_to": "elsewhere"})

    rendered = controller.play(RENDER)
    undone = controller.play(UNDO)

    assert (rendered.code, undone.code) == (0, 0), rendered.explain() + undone.explain()
    assert undone.changed == {"tokyo": 0, "osaka": 0}
    folder = controller.folder / "elsewhere" / "osaka"
    steps = (folder / "STEPS.txt").read_text(encoding="utf-8-sig")
    assert "tokyo-osaka: (left out)" in steps
    assert undone.said("osaka") == [
        (
            "Ansible does not reach osaka, so nothing was removed there. "
            f"The files that undo what was rendered for it are in {folder}: "
            "on osaka, stop RRAS (net stop RemoteAccess), import undo.reg, and restart it; undo.reg says the rest."
        )
    ]
    data = b"".join(path.read_bytes() for path in folder.iterdir())
    assert KEY.encode() not in data
    assert b"a key that nobody has" not in data
