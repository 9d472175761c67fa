# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What one execution on a host may cost the controller in time and memory, whatever the connection plugin waits for."""

from __future__ import annotations

import contextlib
import resource
import signal
import sys
import threading
import time
from collections.abc import Iterator
from types import FrameType
from typing import Final

MOST_MEMORY: Final = 256 * 2**20
"""Bytes by which the process may grow. Windows sends an answer in pieces, and a plugin keeps all of them before it
returns any; the largest answer that is taken (`_host.session.MOST_OUTPUT`) needs a fifth of it."""

_TICK: Final = 0.25
"""Seconds after which time and memory are looked at again."""
_AGAIN: Final = 5.0
"""Seconds after which what still waits, such as the end of a session with a host that is away, is interrupted again."""
_UNIT: Final = 1 if sys.platform == "darwin" else 1024
"""Bytes of what getrusage counts the memory in."""


class TimeUp(BaseException):
    """The time is up. Like `MemoryUp`, no error that a connection plugin would take for one of its own."""


class MemoryUp(BaseException):
    """What came is more than any answer."""


def peak() -> int:
    """The most memory that this process has had, in bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _UNIT


@contextlib.contextmanager
def limited(seconds: int, memory: int = MOST_MEMORY) -> Iterator[None]:
    """Interrupt what is done inside, by raising `TimeUp` in it after so many seconds, `MemoryUp` after so many bytes.

    The keyword timeout of a task uses the same timer of the process, so where it is in effect it alone counts. Outside
    the main thread, where Ansible's own workers don't run tasks, no timer can be set, and nothing is interrupted.
    """
    in_use = signal.getitimer(signal.ITIMER_REAL)[0] > 0
    if in_use or threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGALRM, _Watch(seconds, memory))
    signal.setitimer(signal.ITIMER_REAL, _TICK, _TICK)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


class _Watch:
    """Looks at the clock and at the memory each time the timer rings."""

    def __init__(self, seconds: int, memory: int) -> None:
        self._due = time.monotonic() + seconds
        self._most = peak() + memory
        self._quiet_until = 0.0

    def __call__(self, _signal: int, _frame: FrameType | None) -> None:
        now = time.monotonic()
        if now < self._quiet_until:
            return
        reached = TimeUp if now >= self._due else MemoryUp if peak() > self._most else None
        if reached:
            self._quiet_until = now + _AGAIN
            raise reached
