# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the role decides costs in proportion to the number of connections, counted in calls: 200 servers as 20."""

from __future__ import annotations

import cProfile
from collections.abc import Callable

import pytest

from ansible_collections.rras.ipsec.tests.support.decisions import WORKS, connections, prepared
from ansible_collections.rras.ipsec.tests.support.fleets import FLEETS, FleetVars

FEW, MANY = 20, 200
SAME = 1.05
"""How much more a connection may cost among many: what does not grow at all weighs less there."""


def calls(work: Callable[[], object]) -> int:
    """How many functions are called for a work, those of Python itself included."""
    profile = cProfile.Profile()
    profile.runcall(work)
    return sum(each.callcount for each in profile.getstats())


@pytest.mark.parametrize("make", FLEETS.values(), ids=FLEETS)
@pytest.mark.parametrize("work", WORKS.values(), ids=WORKS)
def test_a_connection_costs_the_same_among_many(
    make: Callable[[int], FleetVars], work: Callable[[FleetVars], object]
) -> None:
    each = []
    for size in (FEW, MANY):
        fleet = prepared(work, make, size)
        work(fleet)  # what is kept for the whole process is there then
        each.append(calls(lambda fleet=fleet: work(fleet)) / connections(fleet))  # type: ignore[misc]
    few, many = each
    assert many <= few * SAME, f"{few:.0f} calls a connection among {FEW}, {many:.0f} among {MANY}"
