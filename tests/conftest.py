# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What all tests share.

This checkout is importable as ansible_collections.rras.ipsec, whatever folder it was cloned into. No test may leave
L2TP of a simulated host in clear text at any moment, unless it is marked as one that means to. And the end of the
output says how many places of a run were tried, also where several processes did it.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Generator
from typing import Any

import pytest
from ansible.utils.collection_loader import AnsibleCollectionConfig
from ansible.utils.collection_loader._collection_finder import _AnsibleCollectionFinder

from . import ROOT, collections_root
from .messages import Says

CUTS = "cuts"
"""The name under which a test records, with record_property, how many places it has tried."""

THOROUGH = os.environ.get("HYPOTHESIS_PROFILE") == "thorough"
"""Whether tests try all places, not only as many as a run of everything has time for."""

LAB_HOST = "ansible_collections.rras.ipsec.tests.lab.host"


@pytest.fixture
def says(request: pytest.FixtureRequest) -> Says:
    """Record case, sentence and exit code in docs/messages.md, or compare them with it (see tests/messages.py)."""
    return Says(request.path)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for report in terminalreporter.getreports("passed"):
        for name, said in report.user_properties:
            if name == CUTS:
                terminalreporter.write_line(f"cut at {said}")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    """Let a test fail when L2TP of any host of the lab was in clear text, or when it was to be and was not.

    What a test forgets itself (`exposures.clear()`), because somebody else than this collection did it, doesn't count.
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


def install_finder() -> None:
    """Install Ansible's own importer of collections, unless a test runner did it already."""
    if AnsibleCollectionConfig.collection_finder is not None:
        return
    given = os.environ.get("ANSIBLE_COLLECTIONS_PATH", "").split(os.pathsep)
    paths = [str(collections_root(ROOT)), *filter(None, given)]
    os.environ["ANSIBLE_COLLECTIONS_PATH"] = os.pathsep.join(dict.fromkeys(paths))
    _AnsibleCollectionFinder(paths=paths)._install()  # noqa: SLF001 (there is no public way)


install_finder()
