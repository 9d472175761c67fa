# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Labs and controllers for whole runs. RRAS_ENGINE names what runs behind the simulated hosts."""

from __future__ import annotations

import contextlib
import dataclasses
import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from ansible_collections.rras.ipsec.tests.lab import HostSpec, Lab
from ansible_collections.rras.ipsec.tests.lab.engine import EngineName
from ansible_collections.rras.ipsec.tests.support.controller import Controller

ENGINE = EngineName(os.environ.get("RRAS_ENGINE", EngineName.TWIN))
MakeController = Callable[..., Controller]


@contextlib.contextmanager
def controller_for(hosts: Sequence[HostSpec], folder: Path, **connecting: Any) -> Iterator[Controller]:
    """Start a lab, and yield a controller with an inventory for it.

    With a real PowerShell, each script must have answered, and left behind, exactly what the twin makes of it.
    """
    with Lab([dataclasses.replace(host, engine=ENGINE) for host in hosts]) as lab:
        try:
            yield Controller(folder, lab, lab.inventory(**connecting))
        finally:
            differences = [difference for host in lab.values() for difference in host.engine.differences]
        assert not differences, "\n".join(differences)
