# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Waiting, by a clock that goes on only where somebody waits."""

from __future__ import annotations

import itertools

import pytest

from ansible_collections.rras.ipsec.plugins.plugin_utils._patience import LONGEST_PAUSE, Patience
from ansible_collections.rras.ipsec.tests.support.server import Clock


def wait(clock: Clock, seconds: int, needed: int) -> int:
    """Read until as many readings as needed were made after the first one; return how many were."""
    readings = itertools.count(1)
    patience = Patience(seconds, clock.now, clock.sleep)
    return patience.until(0, lambda seen: seen >= needed, lambda: next(readings))


@pytest.mark.parametrize("needed", [0, 1, 3])
def test_nothing_is_waited_for_that_is_there(needed: int) -> None:
    clock = Clock()
    assert wait(clock, 120, needed) == needed
    assert clock.pauses == [0.5, 1, 2][:needed]


@pytest.mark.parametrize("seconds", [1, 7, 120])
def test_the_pauses_grow_and_end_at_the_limit(seconds: int) -> None:
    clock = Clock()
    assert wait(clock, seconds, 1000) == len(clock.pauses)
    assert sum(clock.pauses) == seconds
    assert clock.pauses[:-1] == sorted(clock.pauses[:-1])
    assert max(clock.pauses) <= LONGEST_PAUSE


def test_without_patience_nothing_is_read_again() -> None:
    clock = Clock()
    assert wait(clock, 0, 1) == 0
    assert clock.pauses == []


def test_the_time_that_a_reading_takes_counts() -> None:
    now = itertools.count(0, 50)
    patience = Patience(120, lambda: float(next(now)), lambda _seconds: None)
    readings = itertools.count(1)
    assert patience.until(0, lambda _seen: False, lambda: next(readings)) == 2
