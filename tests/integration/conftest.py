# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Labs and controllers for whole runs. RRAS_ENGINE names what runs behind the simulated hosts."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.rras.ipsec.tests.lab import HostSpec, Lab
from ansible_collections.rras.ipsec.tests.lab.engine import EngineName
from ansible_collections.rras.ipsec.tests.lab.powershell import computer, wine
from ansible_collections.rras.ipsec.tests.support.controller import Controller
from ansible_collections.rras.ipsec.tests.support.labs import ENGINE, MakeController, controller_for
from ansible_collections.rras.ipsec.tests.support.pair import PAIR, Memory, connection, give
from ansible_collections.rras.ipsec.tests.support.tally import register

TWIN_ONLY = (
    "test_cut_runs",
    "test_lab_by_hand",
    "test_large_messages",
    "test_verify_cases",
    "test_wire",
    "test_wrong_declarations",
)
"""What would take a real engine too long, many servers, and what never reaches an engine of these tests."""

SLOW_FOR_REAL = ("test_peers", "test_secrets")
"""What counts as slow on a real engine, besides what is slow anyway."""


def pytest_configure(config: pytest.Config) -> None:
    if ENGINE is EngineName.POWERSHELL:
        if not wine.is_available():
            raise pytest.UsageError(f"There is no real PowerShell here: {wine.NEEDED}")
        register(config)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what is for the twin only; pytest says how many tests that are."""
    if ENGINE is EngineName.POWERSHELL:
        for item in items:
            if item.path.stem in SLOW_FOR_REAL:
                item.add_marker(pytest.mark.slow)
        left_out = [item for item in items if item.path.stem in TWIN_ONLY]
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]


@pytest.fixture(scope="session", autouse=True)
def end_real_hosts() -> Iterator[None]:
    """End what a real engine keeps running from one test to the next."""
    yield
    computer.close_idle()


@pytest.fixture
def start(tmp_path: Path) -> Iterator[MakeController]:
    """Start a lab with any hosts, over any connection; a pair over winrm and NTLM where nothing is said."""
    with contextlib.ExitStack() as stack:

        def begin(hosts: Sequence[HostSpec] = PAIR, **connecting: Any) -> Controller:
            controller = stack.enter_context(controller_for(hosts, tmp_path, **connecting))
            controller.variables["l2tp_connections"] = [connection()]
            return controller

        yield begin


@pytest.fixture(scope="session")
def lab_after_first_run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """Two servers after a first run, to be looked at."""
    with controller_for(PAIR, tmp_path_factory.mktemp("first-run")) as controller:
        controller.variables["l2tp_connections"] = [connection()]
        run = controller.site()
        assert run.code == 0, run.explain()
        yield controller.lab


@pytest.fixture(scope="session")
def after_first_run(lab_after_first_run: Lab) -> dict[str, Memory]:
    """What two servers have after a first run, to be given to others."""
    return {name: Memory.of(host) for name, host in lab_after_first_run.items()}


@pytest.fixture
def pair(start: MakeController) -> Controller:
    """Two untouched servers with one declared connection between them."""
    return start()


@pytest.fixture
def first_run_done(pair: Controller, after_first_run: Mapping[str, Memory]) -> None:
    """Let a first run have brought the connection of the two servers about."""
    give(after_first_run, pair.lab)
