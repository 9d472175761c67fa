# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One machine for all tests, filled anew for each."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

if "ansible" not in sys.modules:
    sys.path.insert(0, str(Path(__file__).resolve().parents[2] / ".cache" / "collections"))

from ansible_collections.rras.ipsec.tests.support.machine import ON_WINDOWS, Machine, WindowsMachine
from ansible_collections.rras.ipsec.tests.support.tally import register

collect_ignore = ["test_under_wine.py", "test_runs_under_wine.py"] if ON_WINDOWS else []


HERE = Path(__file__).parent


def pytest_configure(config: pytest.Config) -> None:
    register(config)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Count what is tested of the script itself as part of the core."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.core)


@pytest.fixture(scope="session")
def real_machine() -> Iterator[Machine]:
    """Start Windows, or what stands for it."""
    real = WindowsMachine() if ON_WINDOWS else wine_machine()
    yield real
    real.close()


def wine_machine() -> Machine:
    """Start a simulated host; its libraries are not there on a bare Windows."""
    from ansible_collections.rras.ipsec.tests.support.wine_machine import WineMachine  # noqa: PLC0415

    return WineMachine()


@pytest.fixture
def machine(real_machine: Machine) -> Iterator[Machine]:
    """Return a machine that holds what the table of transactions expects.

    Whatever a test does, the script must have answered, and left behind, just what the twin makes of it.
    """
    real_machine.fill()
    yield real_machine
    assert real_machine.differences() == []
