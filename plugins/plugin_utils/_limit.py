# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How long one execution on a host may take, whatever the connection plugin waits for."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Iterator
from types import FrameType
from typing import Final

_AGAIN: Final = 5.0
"""Seconds after which what still waits, such as the end of a session with a host that is away, is interrupted again."""


class TimeUp(BaseException):
    """The time is up."""


@contextlib.contextmanager
def limited(seconds: int) -> Iterator[None]:
    """Interrupt what is done inside after so many seconds, by raising `TimeUp` in it.

    The keyword timeout of a task uses the same timer of the process, so where it is in effect it alone counts. Outside
    the main thread, where Ansible's own workers don't run tasks, no timer can be set, and nothing is interrupted.
    """
    in_use = signal.getitimer(signal.ITIMER_REAL)[0] > 0
    if in_use or threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGALRM, _time_up)
    signal.setitimer(signal.ITIMER_REAL, seconds, _AGAIN)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _time_up(_signal: int, _frame: FrameType | None) -> None:
    raise TimeUp
