# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a host shows that keeps a tunnel from working, or from being proved, although its policy is as declared."""

from __future__ import annotations

import dataclasses
import enum
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.clear_text import Cover


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
    CLEAR_TEXT_L2TP = "clear_text_l2tp"
    LOADING_UNPROVED = "loading_unproved"
    OTHER_L2TP_UNPROTECTED = "other_l2tp_unprotected"
    KEY_READABLE_BY_USERS = "key_readable_by_users"


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
    yield from _of_rras(host, facts)
    yield from _of_the_value(host, facts["prohibit_ipsec"]["in_effect"])
    if not facts["loading_proved"]:
        yield Finding(
            Identifier.LOADING_UNPROVED,
            Severity.WARNING,
            host,
            f"PolicyAgent on {host} listed the same addresses before the policy was assigned, "
            "so it is not proved that it loaded this one.",
            f"See that the tunnel comes up, or restart {host} to prove it.",
        )
    if facts["prohibit_ipsec"]["value"] == 1:
        yield from _of_other_l2tp(host, facts)
    yield from _of_keys(host, facts["policies"])


def _of_rras(host: str, facts: Mapping[str, Any]) -> Iterator[Finding]:
    rras = facts["services"]["RemoteAccess"]
    if rras["start"] is not None and not rras["running"]:
        yield Finding(
            Identifier.SERVICE_NOT_RUNNING,
            Severity.ERROR,
            host,
            f"The service RemoteAccess does not run on {host}, so no tunnel can be made.",
            f"Look at the event log of {host}.",
        )


def _of_the_value(host: str, in_effect: str) -> Iterator[Finding]:
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


def _of_other_l2tp(host: str, facts: Mapping[str, Any]) -> Iterator[Finding]:
    """What is not kept from clear text while RRAS makes no filters of its own."""
    if facts["l2tp_covered"] in (Cover.NONE, Cover.OPEN):
        yield Finding(
            Identifier.CLEAR_TEXT_L2TP,
            Severity.ERROR,
            host,
            f"L2TP of {host} is in clear text: ProhibitIpSec is 1, and no assigned policy protects it.",
            f"Run site for {host}, or remove the value and restart it.",
        )
    if facts["l2tp_covered"] == Cover.CONNECTIONS:
        yield Finding(
            Identifier.OTHER_L2TP_UNPROTECTED,
            Severity.WARNING,
            host,
            f"L2TP between {host} and peers that no connection names is in clear text.",
            "Set l2tp_other_peers to block or certificate.",
        )
    for obstacle in facts["l2tp_over_ipv6_obstacles"][:1]:
        yield Finding(
            Identifier.OTHER_L2TP_UNPROTECTED,
            Severity.WARNING,
            host,
            f"L2TP over IPv6 is in clear text on {host}, because {obstacle}",
            "Set l2tp_other_peers to block or certificate, "
            "and see that Windows Firewall is on (the service MpsSvc and all profiles).",
        )


def _of_keys(host: str, policies: Iterable[Mapping[str, Any]]) -> Iterator[Finding]:
    for policy in policies:
        for rule in policy["open_keys"]:
            yield Finding(
                Identifier.KEY_READABLE_BY_USERS,
                Severity.WARNING,
                host,
                f"Others than administrators can read the preshared key of the rule {rule!r} of the policy "
                f"{policy['name']!r} in the registry of {host}.",
                "Restrict the access list of the rule's key to SYSTEM, Administrators and NETWORK SERVICE.",
            )
