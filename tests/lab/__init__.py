# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Simulated Windows RRAS servers, for the tests and for the demonstration."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

from .impairment import Body, Impairments, NetshFault, PoweredOff, RecordRefusedError, WrongAnswer

if TYPE_CHECKING:
    from .host import Host, HostSpec
    from .lab import Lab

__all__ = [
    "Body",
    "Host",
    "HostSpec",
    "Impairments",
    "Lab",
    "NetshFault",
    "PoweredOff",
    "RecordRefusedError",
    "WrongAnswer",
]

_HOMES = {"Host": ".host", "HostSpec": ".host", "Lab": ".lab"}


def __getattr__(name: str) -> object:
    """Import what serves WinRM only when it is needed: the script's tests run where its libraries are missing."""
    if name not in _HOMES:
        raise AttributeError(name)
    return getattr(importlib.import_module(_HOMES[name], __name__), name)
