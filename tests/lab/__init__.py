# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Simulated Windows RRAS servers: the ground that the tests stand on, and the demonstration."""

from __future__ import annotations

from .host import Host, HostSpec
from .impairment import Answer, Impairments, NetshFault, PoweredOff, RecordRefusedError
from .lab import Lab

__all__ = ["Answer", "Host", "HostSpec", "Impairments", "Lab", "NetshFault", "PoweredOff", "RecordRefusedError"]
