# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Show the collection at work: two simulated servers, the playbook twice, the proof. Only a report stays behind."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from ansible_collections.rras.ipsec.plugins.plugin_utils._policy import describe
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.host import PROHIBIT_IPSEC, RASMAN
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.store import Store

from .__main__ import EXAMPLE_KEY, NAMES, specifications
from .host import Host
from .lab import Lab

REPORT = Path(".cache/demo/report.html")
"""Relative to the checkout, where the demo runs."""
RUNS = ("The first run: both servers are changed", "The second run: there is nothing left to do")


def main() -> int:
    """Run the demo; return the exit code."""
    with Lab(specifications(len(NAMES), seconds_away=None)) as lab, tempfile.TemporaryDirectory() as folder:
        inventory = lab.write_inventory(Path(folder) / "inventory.yml", extra_vars=_pair())
        _say_hello(lab)
        for title in RUNS:
            _forget_records(lab)
            _title(title)
            if not _succeeds(lab, inventory, "--diff", "rras.ipsec.site"):
                return 1
            _count(lab)
        _title("What each server has now")
        _show(lab)
        _title("The comparison of both ends, which writes a report")
        if not _succeeds(lab, inventory, "rras.ipsec.verify", "--extra-vars", f"l2tp_report={REPORT}"):
            return 1
    print(f"\nThe key was never shown, and nothing is left running. The report, for a browser, is {REPORT.resolve()}")
    return 0


def _succeeds(lab: Lab, inventory: Path, *arguments: str) -> bool:
    code, output = _playbook(lab, inventory, arguments)
    if code or EXAMPLE_KEY in output:
        print("The demo failed." if code else "The demo failed: the key was shown.")
        return False
    return True


def _pair() -> dict[str, Any]:
    return {"l2tp_connections": [{"name": "tokyo-osaka", "peers": list(NAMES), "preshared_key": EXAMPLE_KEY}]}


def _say_hello(lab: Lab) -> None:
    print(
        "Two simulated RRAS servers answer on this machine, over real WinRM (HTTP, NTLM, encrypted messages).\n"
        "The declaration: one L2TP/IPsec connection between them, with a preshared key, as KB 240262 describes it.\n"
        "When they restart, only their boot time changes, so that you need not wait: real servers go away meanwhile."
    )
    _title("What each server has before")
    _show(lab)


def _playbook(lab: Lab, inventory: Path, arguments: Iterable[str]) -> tuple[int, str]:
    """Run the playbook as a user would; return its exit code and what it printed."""
    command = ["ansible-playbook", "--inventory", str(inventory), *arguments]
    print(f"$ {' '.join(command)}\n", flush=True)
    environment = lab.environment() | {"ANSIBLE_DISPLAY_SKIPPED_HOSTS": "false", "ANSIBLE_NOCOWS": "1"}
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as run:
        lines = list(_shown(run.stdout or ()))
    return run.returncode, "".join(lines)


def _shown(lines: Iterable[str]) -> Iterator[str]:
    for line in lines:
        print(line, end="", flush=True)
        yield line


def _forget_records(lab: Lab) -> None:
    for host in lab.values():
        host.recorder.clear()


def _count(lab: Lab) -> None:
    for host in lab.values():
        executions, restarts = len(host.recorder.executions), host.recorder.restarts
        print(f"{host.name}: executions of the script: {executions}, restarts: {restarts}")


def _show(lab: Lab) -> None:
    for host in lab.values():
        print(f"\n{host.name} ({host.spec.address})")
        for line in _state(host):
            print(f"  {line}")


def _state(host: Host) -> Iterator[str]:
    value = host.registry.snapshot(RASMAN).value(RASMAN, PROHIBIT_IPSEC)
    yield f"ProhibitIpSec: {value.number if value else 'absent'}"
    assigned = Store.read(host.store).active
    if assigned is None:
        yield "no IP security policy is assigned"
    else:
        yield from describe.lines(assigned.policy, lambda _rule, _key: "in the store")


def _title(text: str) -> None:
    print(f"\n{'=' * len(text)}\n{text}\n{'=' * len(text)}", flush=True)


if __name__ == "__main__":
    os.chdir(Path(__file__).resolve().parents[2])
    sys.exit(main())
