# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Unmodified Ansible against the lab, and the lab as a program of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import urllib.parse
from pathlib import Path
from typing import Any

import pytest
import requests
import yaml

from ansible_collections.rras.ipsec.tests.lab import HostSpec, Lab
from ansible_collections.rras.ipsec.tests.support.clients import Route

ROOT = Path(__file__).resolve().parents[3]
PLAYBOOK = """
- hosts: rras
  gather_facts: false
  tasks:
    - ansible.builtin.raw: hostname
      register: command
    - ansible.builtin.assert:
        that: command.stdout | trim == inventory_hostname
    - ansible.windows.win_reboot:
        reboot_timeout: 60
      register: restart
    - ansible.builtin.assert:
        that: restart is changed
"""


def play(lab: Lab, folder: Path, way: Route) -> None:
    """Run the playbook against a lab; fail with what Ansible said."""
    playbook = folder / "playbook.yml"
    playbook.write_text(PLAYBOOK, encoding="utf-8")
    inventory = lab.write_inventory(folder / "inventory.yml", way.connection, way.transport, way.scheme)
    ended = subprocess.run(
        [Path(sys.executable).with_name("ansible-playbook"), "-i", inventory, playbook],
        env=lab.environment() | {"ANSIBLE_COLLECTIONS_PATH": os.environ["ANSIBLE_COLLECTIONS_PATH"]},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr


@pytest.mark.parametrize(
    "way",
    [Route("winrm", "ntlm", "http"), Route("winrm", "basic", "https"), Route("psrp", "negotiate", "http")],
    ids=str,
)
def test_ansible_runs_commands_and_restarts(tmp_path: Path, way: Route) -> None:
    with Lab([HostSpec("rras-tokyo", "192.0.2.1"), HostSpec("rras-osaka", "192.0.2.2")]) as lab:
        play(lab, tmp_path, way)
        assert [host.recorder.restarts for host in lab.values()] == [1, 1]


@pytest.mark.slow
def test_ansible_waits_for_a_host_that_goes_away(tmp_path: Path) -> None:
    with Lab([HostSpec("rras-tokyo", "192.0.2.1", seconds_away=0.3, seconds_until_restart=0.2)]) as lab:
        play(lab, tmp_path, Route("winrm", "ntlm", "http"))
        assert lab["rras-tokyo"].recorder.restarts == 1


def wait_for(inventory: Path, program: subprocess.Popen[str]) -> Any:
    """Return the inventory as soon as the program has written it."""
    while not inventory.exists():
        assert program.poll() is None, program.communicate()
        time.sleep(0.02)
    return yaml.safe_load(inventory.read_text(encoding="utf-8"))


def get(url: str) -> Any:
    answer = requests.get(url, timeout=10)
    answer.raise_for_status()
    return answer.json()


def test_the_program_is_ready_when_its_inventory_is_there_and_leaves_nothing(tmp_path: Path) -> None:
    files = {"--inventory": tmp_path / "inventory.yml", "--pid-file": tmp_path / "pid"}
    arguments = [str(word) for pair in files.items() for word in pair]
    program = subprocess.Popen(
        [sys.executable, "-m", "tests.lab", "--hosts", "3", *arguments],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        inventory = wait_for(files["--inventory"], program)
        assert files["--pid-file"].read_text(encoding="ascii") == f"{program.pid}\n"
        assert list(inventory["rras"]["hosts"]) == ["rras-tokyo", "rras-osaka", "rras-3"]
        assert inventory["rras"]["vars"]["l2tp_connections"][0]["peers"] == ["rras-tokyo", "rras-osaka"]
        check_control(inventory["rras"]["vars"]["lab_control"])
    finally:
        program.send_signal(signal.SIGTERM)
        printed, _errors = program.communicate(timeout=20)
    assert program.returncode == 0
    assert yaml.safe_load(printed) == inventory
    assert list(tmp_path.iterdir()) == []


def check_control(url: str) -> None:
    """Look through the lab's control endpoint, and reset a host through it."""
    under = urllib.parse.quote(r"SYSTEM\CurrentControlSet\Services\RemoteAccess")
    assert get(f"{url}/hosts") == ["rras-tokyo", "rras-osaka", "rras-3"]
    registry = get(f"{url}/hosts/rras-3/registry?under={under}")
    (values,) = registry.values()
    assert values["DependOnService"] == {"kind": "multi_sz", "data": ["RasMan", "RpcSs"]}
    assert values["Start"] == {"kind": "dword", "data": 2}
    record = get(f"{url}/hosts/rras-3/record")
    assert (record["executions"], record["restarts"]) == ([], 0)
    assert requests.post(f"{url}/hosts/rras-3/reset", timeout=10).status_code == 200
    assert requests.get(f"{url}/hosts/nobody/record", timeout=10).status_code == 404
