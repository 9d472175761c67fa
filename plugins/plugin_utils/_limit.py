# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Limits on the time and memory that one session with a host may cost, whatever the connection plugin waits for."""

from __future__ import annotations

import contextlib
import resource
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any, Final

MOST_MEMORY: Final = 256 * 2**20
"""Bytes by which the process may grow. Windows sends an answer in pieces, and a plugin keeps all of them before it
returns any; the largest accepted output (`_host.session.MOST_OUTPUT`) needs a fifth of this."""
MOST_MESSAGE: Final = 4 * 2**20
"""Bytes of one HTTP message. Windows sends no more than the client asks for (DSP0226, wsman:MaxEnvelopeSize), which is
150 kB with pywinrm and pypsrp; their parsers may need fifty times the size of a message."""
MOST_MESSAGES: Final = 32 * 2**20
"""Bytes of all HTTP messages of one execution; the largest accepted output needs half of this."""
PARTING: Final = 30
"""Seconds that closing the session may take; nothing depends on it."""

_TICK: Final = 0.25
"""Seconds between two looks at time and memory."""
_AGAIN: Final = 5.0
"""Seconds after which work that goes on waiting (closing a session with an absent host, say) is interrupted again."""
_UNIT: Final = 1 if sys.platform == "darwin" else 1024
"""Bytes in one unit of getrusage's memory figure."""


class TimeUp(BaseException):
    """The time is up. Like `MemoryUp`, it is no error that a connection plugin would take for one of its own."""


class MemoryUp(BaseException):
    """More arrived than any answer can be. The text says how much, in words that follow "the host sent"."""

    def __init__(
        self, what: str = f"more than fits into {MOST_MEMORY // 2**20} MiB, more than any valid answer needs"
    ) -> None:
        super().__init__(what)


def peak() -> int:
    """Return the most memory that this process has used so far, in bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _UNIT


@contextlib.contextmanager
def limited(seconds: int, memory: int = MOST_MEMORY) -> Iterator[None]:
    """Interrupt the work inside: raise `TimeUp` in it after so many seconds, `MemoryUp` after so many bytes.

    `MemoryUp` is also raised while a message, or all messages together, are read, once they are too large to be
    answers; that holds even where something else limits the time.
    """
    with _counted(), _watched(seconds, memory):
        yield


@contextlib.contextmanager
def _counted() -> Iterator[None]:
    """Count what is received through requests, which both pywinrm and pypsrp use, after decompression.

    Both read a whole body before they look at it, even the first one, and neither has an option that limits its size.
    """
    library: Any = sys.modules.get("requests.adapters")
    if library is None:
        yield
        return
    adapter, counter = library.HTTPAdapter, _Counter()
    build = adapter.build_response

    def counting(self: Any, request: Any, raw: Any) -> Any:  # noqa: ANN401
        raw.stream = counter.counted(raw.stream)
        return build(self, request, raw)

    adapter.build_response = counting
    try:
        yield
    finally:
        adapter.build_response = build


class _Counter:
    """Counts the bytes of messages as they are read."""

    def __init__(self) -> None:
        self._left = MOST_MESSAGES

    def counted(self, stream: Callable[..., Iterator[bytes]]) -> Callable[..., Iterator[bytes]]:
        """Return a reader that yields a body piece by piece, as before, until it is too large."""

        def reading(*arguments: Any, **named: Any) -> Iterator[bytes]:  # noqa: ANN401
            left = MOST_MESSAGE
            for piece in stream(*arguments, **named):
                left -= len(piece)
                self._left -= len(piece)
                if left < 0:
                    raise MemoryUp(
                        f"a message of more than {MOST_MESSAGE // 2**20} MiB, more than any valid answer needs"
                    )
                if self._left < 0:
                    raise MemoryUp(f"more than {MOST_MESSAGES // 2**20} MiB, more than any valid answer needs")
                yield piece

        return reading


@contextlib.contextmanager
def _watched(seconds: int, memory: int) -> Iterator[None]:
    """Check time and memory at regular intervals.

    A task's keyword timeout uses the same timer of the process, so where that is in effect, it alone limits the time.
    Outside the main thread no timer can be set, and nothing is interrupted; Ansible's workers run tasks in the main
    thread.
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
