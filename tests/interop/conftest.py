# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Refuse to begin where no handshake can be, and show the table of all of them at the end."""

from __future__ import annotations

import pytest

from ansible_collections.rras.ipsec.tests.interop import charon
from ansible_collections.rras.ipsec.tests.interop.cases import ROW

_HEAD = ("declaration", "agreement", "charon: main mode", "charon: quick mode")


def pytest_configure() -> None:
    said = charon.refusal()
    if said:
        raise pytest.UsageError(said)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    reports = [*terminalreporter.getreports("passed"), *terminalreporter.getreports("failed")]
    rows = [said for report in reports for name, said in report.user_properties if name == ROW]
    table = [_HEAD, *(tuple(str(cell) for cell in row) for row in rows if isinstance(row, tuple | list))]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    for row in table if rows else ():
        terminalreporter.write_line(" | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)))
