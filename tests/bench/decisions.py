# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the controller's decisions cost a connection among few and among many servers, without any host."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence

from ansible_collections.rras.ipsec.tests.support.decisions import WORKS, connections, prepared
from ansible_collections.rras.ipsec.tests.support.fleets import FLEETS

FEW, MANY = 20, 200
REPEATS = 3
TITLES = ("network", "work", "connections", f"ms among {FEW}", f"ms among {MANY}", "ms a connection", "x that of few")


def report(*, quick: bool) -> Iterator[Sequence[str]]:
    """The rows of a table, the first of which has the titles."""
    yield TITLES
    for network, make in list(FLEETS.items())[-1 if quick else 0 :]:
        for work, do in WORKS.items():
            spent, each = [], []
            for size in (FEW, MANY):
                fleet = prepared(do, make, size)
                times = []
                for _turn in range(1 if quick else REPEATS):
                    start = time.perf_counter()
                    do(fleet)
                    times.append(time.perf_counter() - start)
                spent.append(min(times) * 1e3)
                each.append(spent[-1] / connections(fleet))
            few, many = each
            numbers = f"{spent[0]:.1f}", f"{spent[1]:.1f}", f"{many:.2f}", f"{many / few:.2f}"
            yield network, work, str(connections(fleet)), *numbers
