# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is said where no handshake can be tried."""

from __future__ import annotations

import os
import shutil
import subprocess
from typing import Any

import pytest

from ansible_collections.rras.ipsec.tests.interop import charon

NEEDED = (
    "root, network namespaces and strongSwan (apt-get install strongswan-charon strongswan-swanctl "
    "libcharon-extra-plugins libstrongswan-standard-plugins iproute2)"
)


def refused(name: str) -> Any:
    """What stands for `ip` where namespaces are not allowed."""
    return subprocess.CompletedProcess(
        [name], 1, "", "mount --make-shared /run/netns failed: Operation not permitted\n"
    )


@pytest.mark.parametrize(
    ("user", "programs", "said"),
    [
        (1000, "/usr/bin/it", "this is not root"),
        (0, None, "ip is not there"),
        (0, "/usr/bin/it", "ip netns add says: mount --make-shared /run/netns failed: Operation not permitted"),
    ],
)
def test_where_no_handshake_is_possible_the_reason_is_given(
    monkeypatch: pytest.MonkeyPatch, user: int, programs: str | None, said: str
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: user)
    monkeypatch.setattr(shutil, "which", lambda _name: programs)
    monkeypatch.setattr(subprocess, "run", lambda command, **_options: refused(command[0]))
    assert charon.refusal() == f"No handshake can be tried here, because {said}; it needs {NEEDED}."
