# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""No host holds up a run for ever, whatever its connection plugin waits for."""

from __future__ import annotations

import gzip
import io
import signal
import socket
import sys
import threading
from collections.abc import Mapping

import pytest
import requests.adapters
import urllib3
from ansible.errors import AnsibleConnectionFailure

from ansible_collections.rras.ipsec.plugins.plugin_utils import _limit
from ansible_collections.rras.ipsec.tests.support.server import Server
from ansible_collections.rras.ipsec.tests.support.task import INFO, Task


def test_what_waits_for_an_answer_is_interrupted_and_so_is_its_end() -> None:
    """A plugin that is interrupted may wait again, for the end of its session."""
    silent, _other = socket.socketpair()
    ended = []
    with pytest.raises(_limit.TimeUp), _limit.limited(1):  # noqa: PT012 - as a connection plugin does
        try:
            silent.recv(1)
        finally:
            ended.append(True)
    assert ended
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)


def test_what_grows_without_end_is_interrupted() -> None:
    pieces: list[bytes] = []
    with pytest.raises(_limit.MemoryUp), _limit.limited(600, memory=_limit.peak() // 4):  # noqa: PT012 - an endless answer
        while True:
            pieces.append(b"x" * (2**20 + len(pieces)))
    assert len(pieces) > 1
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)


def body(size: int, **headers: str) -> bytes:
    """What requests makes of a body of this size, which came over HTTP."""
    data = bytes(size)
    sent = gzip.compress(data) if headers else data
    raw = urllib3.HTTPResponse(io.BytesIO(sent), headers, status=200, preload_content=False)
    request = requests.Request("POST", "http://192.0.2.1/wsman").prepare()
    content: bytes = requests.adapters.HTTPAdapter().build_response(request, raw).content
    return content


@pytest.mark.parametrize("headers", [{}, {"content-encoding": "gzip"}], ids=["as it is", "compressed"])
def test_a_message_that_is_no_answer_is_not_taken_in_whole(headers: Mapping[str, str]) -> None:
    with _limit.limited(60):
        assert len(body(_limit.MOST_MESSAGE, **headers)) == _limit.MOST_MESSAGE
    with (
        pytest.raises(_limit.MemoryUp, match=r"^a message of more than 4 MiB, more than any valid answer needs$"),
        _limit.limited(60),
    ):
        body(_limit.MOST_MESSAGE + 1, **headers)
    assert len(body(_limit.MOST_MESSAGE + 1, **headers)) > _limit.MOST_MESSAGE, "only what is done inside is limited"


def test_many_messages_are_no_answer_either() -> None:
    whole, piece = _limit.MOST_MESSAGES, _limit.MOST_MESSAGE
    with _limit.limited(60):
        for _ in range(whole // piece):
            body(piece)
        with pytest.raises(_limit.MemoryUp, match=r"^more than 32 MiB, more than any valid answer needs$"):
            body(1)
    with _limit.limited(60):
        assert body(1)


def test_messages_are_counted_where_something_else_limits_the_time() -> None:
    signal.setitimer(signal.ITIMER_REAL, 3600)
    try:
        with pytest.raises(_limit.MemoryUp), _limit.limited(1):
            body(_limit.MOST_MESSAGE + 1)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def test_what_does_not_come_over_http_is_not_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    """As over ssh, where requests need not be there."""
    monkeypatch.delitem(sys.modules, "requests.adapters")
    with _limit.limited(60):
        assert len(body(_limit.MOST_MESSAGE + 1)) > _limit.MOST_MESSAGE


def test_what_answers_in_time_is_left_alone() -> None:
    before = signal.getsignal(signal.SIGALRM)
    with _limit.limited(60):
        assert signal.getitimer(signal.ITIMER_REAL)[0] > 0
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)
    assert signal.getsignal(signal.SIGALRM) is before


def test_the_time_limit_of_a_task_takes_precedence() -> None:
    signal.setitimer(signal.ITIMER_REAL, 3600)
    try:
        with _limit.limited(1):
            assert signal.getitimer(signal.ITIMER_REAL)[0] > 1800
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def test_in_another_thread_nothing_is_limited() -> None:
    timers = []

    def work() -> None:
        with _limit.limited(60):
            timers.append(signal.getitimer(signal.ITIMER_REAL))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert timers == [(0.0, 0.0)]


def test_a_host_that_does_not_answer_in_time_is_unreachable(monkeypatch: pytest.MonkeyPatch) -> None:
    task = Task(Server())

    def never(_seconds: int) -> None:
        raise _limit.TimeUp

    monkeypatch.setattr(_limit, "limited", never)
    with pytest.raises(AnsibleConnectionFailure, match=r"^the host did not answer within 45 seconds\.$"):
        task.run(INFO, host_timeout=45)


def test_a_host_that_sends_more_than_any_answer_is_unreachable(monkeypatch: pytest.MonkeyPatch) -> None:
    task = Task(Server())

    def large(_seconds: int) -> None:
        raise _limit.MemoryUp

    monkeypatch.setattr(_limit, "limited", large)
    sentence = (
        r"^the host sent more than fits into 256 MiB, more than any valid answer needs; check what the host is\.$"
    )
    with pytest.raises(AnsibleConnectionFailure, match=sentence):
        task.run(INFO)


@pytest.mark.parametrize("seconds", [9, 86401])
def test_a_limit_that_makes_no_sense(seconds: int) -> None:
    result = Task(Server()).run(INFO, host_timeout=seconds)
    assert result["msg"] == "host_timeout is out of range; write a number of seconds from 10 to 86400."


@pytest.mark.parametrize("error", [None, OSError, _limit.TimeUp, _limit.MemoryUp])
def test_a_session_ends_within_limits_and_whatever_happens_then_the_answer_counts(
    error: type[BaseException] | None,
) -> None:
    task = Task(Server())
    ended = []

    def hang_up() -> None:
        ended.append(signal.getitimer(signal.ITIMER_REAL)[0] > 0)
        if error:
            raise error

    task.hangs_up = hang_up
    assert task.run(INFO)["changed"] is False
    assert ended == [True]
