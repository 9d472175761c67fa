# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the tests of the lab share: a host to take apart, and clients that do what Ansible's connections do."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ansible_collections.rras.ipsec.tests.lab import Host, HostSpec, Lab


@pytest.fixture
def host() -> Host:
    """Return a freshly installed server that nobody can reach."""
    return Host(HostSpec("rras-tokyo", "192.0.2.1"), Path("no-certificate"))


@pytest.fixture(scope="session")
def running_lab() -> Iterator[Lab]:
    """Run one lab for all tests: a careful host, one that takes plain messages, one that waits before it restarts."""
    specs = [
        HostSpec("careful", "192.0.2.1"),
        HostSpec("careless", "192.0.2.2", allow_unencrypted=True),
        HostSpec("patient", "192.0.2.3", seconds_away=0.1),
    ]
    with Lab(specs) as lab:
        yield lab


@pytest.fixture
def lab(running_lab: Lab, monkeypatch: pytest.MonkeyPatch) -> Lab:
    """Return the lab with its hosts as new."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    for host in running_lab.values():
        host.power_on()
        host.reset()
    return running_lab
