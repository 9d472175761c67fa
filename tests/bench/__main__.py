# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Print what the plugins cost. BENCH=quick: the smaller sizes, once; BENCH_WRITE=1: docs/performance.md, too."""

from __future__ import annotations

import os
import platform
import time

from ansible_collections.rras.ipsec.tests.bench import core, decisions, engine, fleet, one_pair
from ansible_collections.rras.ipsec.tests.bench.page import write
from ansible_collections.rras.ipsec.tests.bench.table import shown

SECONDS, QUICK_SECONDS = 270, 30
"""When the last turn of the fleets ends; where one of each needs longer, after it."""


def main() -> None:
    quick = os.environ.get("BENCH") == "quick"
    end = time.monotonic() + (QUICK_SECONDS if quick else SECONDS)
    costs: dict[str, dict[int, float]] = {}
    pair = shown(
        "One pair",
        "What one run costs the server that also does what is done once for all. Bytes are those of the HTTP bodies.",
        one_pair.report(quick=quick),
        ("14", "22", "28", "5", "10", "8", "8", "8", "6"),
    )
    pure = shown(
        "The pure core",
        f"A store of foreign objects is decoded, and a policy planned beside them. Python {platform.python_version()}.",
        core.report(quick=quick),
        ("8", "9", "15", "8", "8", "18"),
    )
    decided = shown(
        "The controller's decisions",
        "What the role decides about all servers, without any of them. Best times.",
        decisions.report(quick=quick),
        ("18", "31", "11", "11", "12", "15", "14"),
    )
    alone = shown(
        "The script alone",
        "In a real PowerShell 7 under Wine, in a process that is there already; programs of Windows are the lab's.",
        engine.report(quick=quick),
        ("36", "7", "6", "6", "9", "12"),
    )
    fleets = shown(
        "Many servers",
        "Unchanged; two bare raw tasks and site in turn, as often as the time allows. Lab: its share of the processor.",
        fleet.report(quick=quick, until=end, costs=costs),
        ("22", "5", "4", "7", "12", "12", "11", "13", "5", "6"),
    )
    if os.environ.get("BENCH_WRITE"):
        print(f"\nwritten: {write((pair, fleets, decided, pure, alone), costs)}")


if __name__ == "__main__":
    main()
