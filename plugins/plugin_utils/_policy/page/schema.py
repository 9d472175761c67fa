# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The fields of a verification's report. docs/report.md describes each, and must change with them."""

from __future__ import annotations

import enum
from typing import Final, TypedDict

VERSION: Final = 1
"""The version of the schema: raised when a field is removed or changes its meaning, not when one is added."""


class Level(enum.StrEnum):
    """The state of a server or a connection: green, yellow or red."""

    OK = "ok"
    WARNING = "warning"
    ERROR = "error"


class PageFinding(TypedDict):
    """One finding on one server, and whether its identifier is accepted."""

    identifier: str
    severity: str
    host: str
    problem: str
    remedy: str
    accepted: bool


class PageRule(TypedDict):
    """One rule in force."""

    name: str
    filters: list[str]
    filter_action: str
    security_methods: list[str]
    authentication: list[str]


class PageReading(TypedDict):
    """What is in force on a server; null or empty if it was not read."""

    declared_policy: str | None
    standing: str | None
    assigned_policy: str | None
    rules: list[PageRule]
    prohibit_ipsec: int | None
    in_effect: str | None
    restart: str
    restart_pending: bool | None
    stopped_services: list[str]
    domain_policy: str | None
    unfinished_transaction: str | None


class PageServer(PageReading):
    """One server."""

    name: str
    address: str | None
    managed: bool
    read: bool
    level: str
    word: str
    findings: list[PageFinding]


class PageRow(TypedDict):
    """What both ends of a connection have for one setting, in lines; same is None if it is not known for both."""

    setting: str
    ends: list[list[str]]
    same: bool | None


class PageLink(TypedDict):
    """One connection, with both its ends side by side."""

    name: str
    peers: list[str]
    level: str
    word: str
    agree: bool | None
    proved: bool | None
    summary: str
    settings: list[PageRow]


class PageReport(TypedDict):
    """The whole report."""

    version: int
    written: str
    level: str
    servers: list[PageServer]
    connections: list[PageLink]
