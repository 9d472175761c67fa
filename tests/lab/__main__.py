# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run simulated Windows RRAS servers until a signal ends them: python -m tests.lab --hosts 2."""

from __future__ import annotations

import argparse
import os
import signal
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from . import inventory
from .engine import ConnectionKind
from .host import HostSpec
from .inventory import Scheme, Transport
from .lab import Lab
from .playground.control import Control

NAMES = ("rras-tokyo", "rras-osaka")
EXAMPLE_KEY = "example of the lab, known to everybody: 7Yq-m2Wd"
_SIGNALS = (signal.SIGINT, signal.SIGTERM)


def main(arguments: list[str] | None = None) -> None:
    """Start the hosts, say how to reach them, and wait for a signal."""
    options = _parser().parse_args(arguments)
    # Before any thread starts, so that signals interrupt this thread only.
    signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
    away = options.seconds_away if options.restart_mode == "away" else None
    with Lab(specifications(options.hosts, away)) as lab, Control(lab, options.control_port) as control:
        content = lab.inventory(
            options.connection, options.transport, options.scheme, {"lab_control": control.url, **_pair(options.hosts)}
        )
        files = _announce(content, options.inventory, options.pid_file)
        signal.sigwait(_SIGNALS)
        for file in files:
            file.unlink(missing_ok=True)


def specifications(count: int, seconds_away: float | None) -> list[HostSpec]:
    """Return that many specifications: rras-tokyo, rras-osaka, rras-3 and so on, from 192.0.2.1 on."""
    names = [*NAMES, *(f"rras-{number}" for number in range(len(NAMES) + 1, count + 1))][:count]
    return [
        HostSpec(name, f"192.0.2.{number}", f"10.0.0.{9 + number}", seconds_away=seconds_away)
        for number, name in enumerate(names, start=1)
    ]


def _pair(hosts: int) -> dict[str, Any]:
    if hosts < len(NAMES):
        return {}
    return {"l2tp_connections": [{"name": "tokyo-osaka", "peers": list(NAMES), "preshared_key": EXAMPLE_KEY}]}


def _announce(content: Mapping[str, Any], inventory_file: Path | None, pid_file: Path | None) -> list[Path]:
    """Write down how to reach the hosts. The inventory comes last, so that its existence means: ready."""
    stop = f"kill {os.getpid()}" if inventory_file else f"Ctrl-C, or kill {os.getpid()}"
    print(yaml.safe_dump(dict(content), sort_keys=False), flush=True)
    print(f"# These simulated Windows servers listen until you stop them: {stop}", file=sys.stderr, flush=True)
    if pid_file:
        pid_file.write_text(f"{os.getpid()}\n", encoding="ascii")
    if inventory_file:
        inventory.save(inventory_file, content)
    return [file for file in (inventory_file, pid_file) if file]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.lab", description=__doc__)
    parser.add_argument("--hosts", type=int, default=2, metavar="N", help="how many (default: 2)")
    parser.add_argument("--connection", choices=list(map(str, ConnectionKind)), default="winrm")
    parser.add_argument("--transport", choices=list(map(str, Transport)), default="ntlm")
    parser.add_argument("--scheme", choices=list(map(str, Scheme)), default="http")
    parser.add_argument(
        "--restart-mode",
        choices=["fast", "away"],
        default="fast",
        help="fast: only the boot time changes; away: the host refuses connections for a while",
    )
    parser.add_argument("--seconds-away", type=float, default=3.0, metavar="S", help="for --restart-mode away")
    parser.add_argument("--inventory", type=Path, metavar="FILE", help="written when the hosts can be reached")
    parser.add_argument("--pid-file", type=Path, metavar="FILE")
    parser.add_argument("--control-port", type=int, default=0, metavar="N", help="default: any that is free")
    return parser


if __name__ == "__main__":
    main()
