# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Waiting for what Windows does by itself: read again after growing pauses, up to a time limit."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable
from typing import Final, TypeVar

FIRST_PAUSE: Final = 0.5
LONGEST_PAUSE: Final = 15.0

Seen = TypeVar("Seen")


@dataclasses.dataclass(frozen=True, slots=True)
class Patience:
    """A time limit in seconds, and the clock that measures it."""

    seconds: int
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep

    def until(self, seen: Seen, arrived: Callable[[Seen], bool], read: Callable[[], Seen]) -> Seen:
        """Return the first reading that satisfies `arrived`, or the last one within the limit.

        Reading time counts too.
        """
        end, pause = self.clock() + self.seconds, FIRST_PAUSE
        while not arrived(seen) and (left := end - self.clock()) > 0:
            self.sleep(min(pause, left))
            seen, pause = read(), min(2 * pause, LONGEST_PAUSE)
        return seen
