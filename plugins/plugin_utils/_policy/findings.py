# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a host shows that keeps a tunnel from working, or from being proved, although its policy is as declared."""

from __future__ import annotations

import dataclasses
import enum
from collections.abc import Iterator, Mapping
from typing import Any


class Severity(enum.StrEnum):
    """How bad a finding is."""

    ERROR = "error"
    """There is no tunnel, or it is not the declared one."""
    WARNING = "warning"
    """It is not proved."""


class Identifier(enum.StrEnum):
    """What is found, as one word that a playbook can test."""

    SERVICE_NOT_RUNNING = "service_not_running"
    RESTART_PENDING = "restart_pending"
    RESTART_UNPROVEN = "restart_unproven"


@dataclasses.dataclass(frozen=True, slots=True)
class Finding:
    """One finding on one host."""

    identifier: Identifier
    severity: Severity
    host: str
    problem: str
    """What is wrong, a sentence."""
    remedy: str
    """What to do about it, a sentence."""

    def __str__(self) -> str:
        return f"{self.problem} {self.remedy}"


def find(host: str, facts: Mapping[str, Any]) -> Iterator[Finding]:
    """The findings on a host, from the facts in its result."""
    rras = facts["services"]["RemoteAccess"]
    if rras["start"] is not None and not rras["running"]:
        yield Finding(
            Identifier.SERVICE_NOT_RUNNING,
            Severity.ERROR,
            host,
            f"The service RemoteAccess does not run on {host}, so no tunnel can be made.",
            f"Look at the event log of {host}.",
        )
    in_effect = facts["prohibit_ipsec"]["in_effect"]
    if in_effect == "no":
        yield Finding(
            Identifier.RESTART_PENDING,
            Severity.ERROR,
            host,
            f"ProhibitIpSec is not in effect on {host}, because Windows has not started with it yet.",
            f"Restart {host}.",
        )
    if in_effect == "unknown":
        yield Finding(
            Identifier.RESTART_UNPROVEN,
            Severity.WARNING,
            host,
            f"Whether ProhibitIpSec was there when {host} started is unknown.",
            f"Restart {host} to prove it, or set l2tp_reboot to if_unknown.",
        )
