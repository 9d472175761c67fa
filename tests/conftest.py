# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What all tests share.

This checkout can be imported as ansible_collections.rras.ipsec, whatever folder it was cloned into. No test may leave
L2TP of a simulated host in clear text at any moment, unless it is marked as one that means to. The end of the output
says how many places of a run, and how much else, were tried, even if several processes did it.
"""

from __future__ import annotations

import os
from collections.abc import Generator

import pytest
from ansible.utils.collection_loader import AnsibleCollectionConfig
from ansible.utils.collection_loader._collection_finder import _AnsibleCollectionFinder

from . import ROOT, collections_root
from .messages import Says
from .support.effort import CUTS, TRIED
from .support.exposures import judged


@pytest.fixture
def says(request: pytest.FixtureRequest) -> Says:
    """Return what records case, sentence and exit code in docs/messages.md, or compares them (tests/messages.py)."""
    return Says(request.path)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for report in terminalreporter.getreports("passed"):
        for name, said in report.user_properties:
            if name == CUTS:
                terminalreporter.write_line(f"cut at {said}")
            if name == TRIED:
                terminalreporter.write_line(f"tried {said}")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    return (yield from judged(item))


def install_finder() -> None:
    """Install Ansible's own importer of collections, unless a test runner has already done so."""
    if AnsibleCollectionConfig.collection_finder is not None:
        return
    given = os.environ.get("ANSIBLE_COLLECTIONS_PATH", "").split(os.pathsep)
    paths = [str(collections_root(ROOT)), *filter(None, given)]
    os.environ["ANSIBLE_COLLECTIONS_PATH"] = os.pathsep.join(dict.fromkeys(paths))
    _AnsibleCollectionFinder(paths=paths)._install()  # noqa: SLF001 (there is no public way)


install_finder()
