# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fails a test if L2TP of any host of the lab was in clear text, or if it was to be and was not."""

from __future__ import annotations

import sys
from collections.abc import Generator
from typing import Any

import pytest

LAB_HOST = "ansible_collections.rras.ipsec.tests.lab.host"


def judged(item: pytest.Item) -> Generator[None, object, object]:
    """Run a test, then judge it.

    What a test itself forgets (`exposures.clear()`), because somebody other than this collection did it, does not
    count.
    """
    exposed: set[Any] = getattr(sys.modules.get(LAB_HOST), "EXPOSED", set())
    try:
        outcome = yield
        found = [f"{host.name} {when}: {cover}" for host in exposed for when, cover in host.exposures[:1]]
    finally:
        exposed.clear()
    meant = item.get_closest_marker("exposed")
    if found and not meant:
        pytest.fail(f"L2TP was in clear text, or with some peer: {'; '.join(found)}")
    if meant and not found:
        pytest.fail(f"L2TP was never in clear text, though the test is marked so: {meant.args[0]}")
    return outcome
