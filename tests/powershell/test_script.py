# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The script is made for Windows PowerShell 5.1. What else its text must be is in tests/unit/host."""

from __future__ import annotations

from pathlib import Path

import pytest

from ansible_collections.rras.ipsec.plugins.plugin_utils._host import session
from ansible_collections.rras.ipsec.tests.support.machine import ON_WINDOWS, Machine


@pytest.mark.skipif(ON_WINDOWS, reason="Windows PowerShell 5.1 runs the script here, which proves more than the check")
@pytest.mark.parametrize(
    "text",
    [session.script_text(), session.script_text(only_reads=True), session.BOOTSTRAP],
    ids=["script", "reading", "bootstrap"],
)
def test_windows_powershell_5_1_has_all_that_it_uses(text: str, real_machine: Machine, tmp_path: Path) -> None:
    from ansible_collections.rras.ipsec.tests.support.wine_machine import WineMachine, check51  # noqa: PLC0415

    assert isinstance(real_machine, WineMachine)
    file = tmp_path / "script.ps1"
    file.write_text(text, encoding="ascii")
    assert check51(real_machine, file) == ""
    file.write_text(text + "\n$a ?? [Convert]::ToHexString(1)", encoding="ascii")
    assert len(check51(real_machine, file).splitlines()) >= 2, "the check finds nothing"
