# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every test fails when L2TP of a simulated host was in clear text, unless it says that it means to."""

from __future__ import annotations

import types
from collections.abc import Callable
from typing import Any

import pytest

from ansible_collections.rras.ipsec.tests.support import exposures
from ansible_collections.rras.ipsec.tests.support.server import Server


def verdict(body: Callable[[], object], why: str | None = None) -> str:
    """What becomes of a test with this body, marked or not; nothing where it passes."""
    mark = types.SimpleNamespace(args=(why,)) if why else None
    item: Any = types.SimpleNamespace(get_closest_marker=lambda _name: mark)
    running = exposures.judged(item)
    next(running)
    body()
    try:
        running.send(None)
    except StopIteration:
        return ""
    except pytest.fail.Exception as failed:
        return str(failed)
    raise AssertionError("the hook yields twice")


def exposed() -> Server:
    server = Server()
    server.set_prohibit_ipsec(1)
    server.restart()
    return server


def test_a_test_that_exposes_a_host_fails() -> None:
    assert verdict(exposed) == "L2TP was in clear text, or with some peer: rras-tokyo after a start of Windows: none"


def test_a_test_marked_as_exposing_passes() -> None:
    assert verdict(exposed, "by hand") == ""


def test_a_test_marked_as_exposing_that_exposes_nothing_fails() -> None:
    said = "L2TP was never in clear text, though the test is marked so: by hand"
    assert verdict(lambda: Server().restart(), "by hand") == said


def test_what_is_forgotten_does_not_count() -> None:
    """A server that somebody else exposed, before anything is done to it."""
    server = exposed()
    assert verdict(server.host.exposures.clear) == ""


def test_one_test_s_exposure_is_not_another_s() -> None:
    assert verdict(exposed) != ""
    assert verdict(lambda: None) == ""
