# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading a store and planning beside it cost in proportion to the number of objects, counted in calls."""

from __future__ import annotations

from ansible_collections.rras.ipsec.tests.bench import core


def test_twice_the_objects_are_twice_the_work() -> None:
    once, twice, four_times = (core.calls(core.foreign(count)) for count in (440, 880, 1_760))
    assert twice - once > 1_000
    assert abs((four_times - twice) / (twice - once) - 2) < 0.1


def test_the_benchmark_reads_what_it_says() -> None:
    found = core.read(core.foreign(440))
    assert len(found.store.objects) == 440
    assert len(found.store.policies) == 60
    assert core.planned(found).new == core.DECLARATION.policy
