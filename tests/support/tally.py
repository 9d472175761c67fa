# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Counts the tests that used a real PowerShell, and reports it at the end of pytest's output."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ansible_collections.rras.ipsec.tests.lab.powershell.place import Use, uses

_NAME = "real PowerShell"
_BEFORE = pytest.StashKey[dict[Use, int]]()


class Tally:
    """Counts test by test, even if several processes run them."""

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> Iterator[None]:
        item.stash[_BEFORE] = dict(uses)
        return (yield)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_makereport(self, item: pytest.Item, call: pytest.CallInfo[None]) -> None:
        if call.when == "teardown":
            before = item.stash[_BEFORE]
            item.user_properties.append((_NAME, [uses[use] - before.get(use, 0) for use in Use]))

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        reports = [report for found in terminalreporter.stats.values() for report in found]
        ended = [report for report in reports if getattr(report, "when", "") == "teardown"]
        counts = [count for report in ended for name, count in report.user_properties if name == _NAME]
        used = [count for count in counts if any(count)]
        scripts = sum(count[list(Use).index(Use.COMMAND)] for count in used)
        terminalreporter.write_line(
            f"{len(used)} of {len(counts)} tests ran on the real PowerShell, which carried out {scripts} commands"
        )


def register(config: pytest.Config) -> None:
    """Count in this run of pytest; a second call does no harm."""
    if not config.pluginmanager.has_plugin(_NAME):
        config.pluginmanager.register(Tally(), _NAME)
