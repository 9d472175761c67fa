# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What one session with a host may cost the controller in time and memory, whatever the connection plugin waits for."""

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
returns any; the largest output that is taken (`_host.session.MOST_OUTPUT`) needs a fifth of it."""
MOST_MESSAGE: Final = 4 * 2**20
"""Bytes of one HTTP message. Windows sends no more than the client asks for (DSP0226, wsman:MaxEnvelopeSize), which is
150 kB with pywinrm and pypsrp; what their parsers make of a message may take fifty times as much as the message."""
MOST_MESSAGES: Final = 32 * 2**20
"""Bytes of all HTTP messages of one execution; the largest output that is taken needs a half of it."""
PARTING: Final = 30
"""Seconds that the end of a session may take: nothing depends on it."""

_TICK: Final = 0.25
"""Seconds after which time and memory are looked at again."""
_AGAIN: Final = 5.0
"""Seconds after which what still waits, such as the end of a session with a host that is away, is interrupted again."""
_UNIT: Final = 1 if sys.platform == "darwin" else 1024
"""Bytes of what getrusage counts the memory in."""


class TimeUp(BaseException):
    """The time is up. Like `MemoryUp`, no error that a connection plugin would take for one of its own."""


class MemoryUp(BaseException):
    """What came is more than any answer; how much, in words that follow "the host sent"."""

    def __init__(
        self, what: str = f"more than fits into {MOST_MEMORY // 2**20} MiB, more than any valid answer needs"
    ) -> None:
        super().__init__(what)


def peak() -> int:
    """The most memory that this process has had, in bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _UNIT


@contextlib.contextmanager
def limited(seconds: int, memory: int = MOST_MEMORY) -> Iterator[None]:
    """Interrupt what is done inside, by raising `TimeUp` in it after so many seconds, `MemoryUp` after so many bytes.

    `MemoryUp` also ends a message, and messages together, that are too large to be answers, before anything is made of
    them: whatever else limits the time.
    """
    with _counted(), _watched(seconds, memory):
        yield


@contextlib.contextmanager
def _counted() -> Iterator[None]:
    """Count what comes in by requests, which both pywinrm and pypsrp use, as it is once it is unpacked.

    Both take a body in whole before they look at it, the first one included, and neither has an option for its size.
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
    """Counts the bytes of messages while they are read."""

    def __init__(self) -> None:
        self._left = MOST_MESSAGES

    def counted(self, stream: Callable[..., Iterator[bytes]]) -> Callable[..., Iterator[bytes]]:
        """What reads a body piece by piece, as before, until there is too much of it."""

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
    """Look at time and memory again and again.

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
