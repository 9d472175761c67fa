# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The recorder finds a secret wherever a Windows host would have written it down."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.rras.ipsec.tests.lab.recorder import LogSource, Recorder

SECRET = "p\u00e4ssword 1"
_TEXTS = st.text(st.characters(codec="utf-8"), max_size=20)


@pytest.mark.parametrize("source", LogSource)
def test_a_secret_is_found_wherever_it_stands(source: LogSource) -> None:
    recorder = Recorder()
    recorder.write(source, f"before {SECRET} after")
    assert recorder.leaks("other", SECRET) == [f"{source}: secret number 2 is in 'before {SECRET} after'"]


@given(before=_TEXTS, after=_TEXTS, encoding=st.sampled_from(["utf-8", "utf-16-le"]))
def test_a_secret_is_found_inside_base64(before: str, after: str, encoding: str) -> None:
    recorder = Recorder()
    recorder.write(LogSource.PROCESS, base64.b64encode((before + SECRET + after).encode(encoding)).decode())
    assert recorder.leaks(SECRET)


def test_a_secret_is_found_as_hexadecimal_digits() -> None:
    recorder = Recorder()
    recorder.write(LogSource.TRANSCRIPT, SECRET.encode("utf-16-le").hex())
    assert recorder.leaks(SECRET)


@given(text=_TEXTS)
def test_nothing_is_found_where_nothing_is(text: str) -> None:
    recorder = Recorder()
    recorder.write(LogSource.MODULE, text)
    assert recorder.leaks(SECRET) == []


def test_a_cleared_recorder_remembers_nothing() -> None:
    recorder = Recorder()
    recorder.write(LogSource.SYSTEM, "restarts")
    assert recorder.restarts == 1
    recorder.clear()
    assert (recorder.restarts, recorder.lines) == (0, [])
