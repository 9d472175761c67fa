# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab by hand: python -m tests.lab."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from ansible_collections.rras.ipsec.tests import ROOT
from ansible_collections.rras.ipsec.tests.support.labs import controller_for
from ansible_collections.rras.ipsec.tests.support.pair import OSAKA, TOKYO

pytestmark = pytest.mark.slow

STOPPING = 20
"""Seconds after which a lab that does not stop is a failure."""


@pytest.fixture
def lab_by_hand() -> Iterator[subprocess.Popen[str]]:
    """The lab as a user starts it."""
    command = [sys.executable, "-m", "tests.lab", "--hosts", "2"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def test_its_inventory_is_ready_for_the_playbook(lab_by_hand: subprocess.Popen[str], tmp_path: Path) -> None:
    assert lab_by_hand.stdout is not None
    printed = "".join(iter(lab_by_hand.stdout.readline, "\n"))
    with controller_for([], tmp_path) as controller:
        controller.inventory = yaml.safe_load(printed)

        run = controller.site()

        assert run.code == 0, run.explain()
        assert sorted(run.changed) == [OSAKA, TOKYO]
        assert all(count > 0 for count in run.changed.values())

        lab_by_hand.send_signal(signal.SIGTERM)
        assert lab_by_hand.wait(STOPPING) == 0
        assert controller.site().failed == [OSAKA, TOKYO]
