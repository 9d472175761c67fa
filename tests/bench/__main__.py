# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Print what the plugins cost. BENCH=quick: the smaller sizes, once; BENCH_WRITE=1: docs/performance.md, too."""

from __future__ import annotations

import os
import platform

from ansible_collections.rras.ipsec.tests.bench import core, fleet, one_pair
from ansible_collections.rras.ipsec.tests.bench.page import write
from ansible_collections.rras.ipsec.tests.bench.table import shown


def main() -> None:
    quick = os.environ.get("BENCH") == "quick"
    costs: dict[str, dict[int, float]] = {}
    pair = shown(
        "One pair",
        "What one run costs the server that also does what is done once for all. Bytes are those of the HTTP bodies.",
        one_pair.report(quick=quick),
        ("14", "22", "28", "5", "10", "8", "8", "8", "6"),
    )
    fleets = shown(
        "Many servers",
        "Unchanged; site and a play of two bare raw tasks in turn, medians. Lab: its share of the processor time.",
        fleet.report(quick=quick, costs=costs),
        ("22", "5", "7", "12", "12", "11", "17", "5", "6"),
    )
    pure = shown(
        "The pure core",
        f"A store of foreign objects is decoded, and a policy planned beside them. Python {platform.python_version()}.",
        core.report(quick=quick),
        ("8", "9", "15", "8", "8", "18"),
    )
    if os.environ.get("BENCH_WRITE"):
        print(f"\nwritten: {write((pair, fleets, pure), costs)}")


if __name__ == "__main__":
    main()
