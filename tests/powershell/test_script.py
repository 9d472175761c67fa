# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The text of the script: short, plain, and made for Windows PowerShell 5.1."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ansible_collections.rras.ipsec.plugins.plugin_utils._host import session
from ansible_collections.rras.ipsec.tests.powershell.machine import ON_WINDOWS, Machine

TEXT = session.script_text()
FUNCTIONS = set(re.findall(r"^function ([\w-]+)", TEXT, re.MULTILINE))
MOST_LINES = 330


def test_it_is_short() -> None:
    assert len(TEXT.splitlines()) <= MOST_LINES


def test_the_bootstrap_fits_into_a_command_line_when_it_is_encoded_twice() -> None:
    assert len(session.BOOTSTRAP) < 300


def test_it_calls_no_cmdlet_because_event_4103_would_show_what_one_is_given() -> None:
    code = "\n".join(line.partition(" # ")[0] for line in TEXT.splitlines() if not line.startswith("#"))
    without_texts = re.sub(r"'[^'\n]*'", "''", code)
    called = set(re.findall(r"(?<![\w.:$\[-])[A-Z][a-z]+-[A-Z]\w+", without_texts))
    assert called, "nothing was found, so the search is wrong"
    assert called <= FUNCTIONS
    assert not re.search(
        r"\b(Write|New|Get|Set|ConvertTo|ConvertFrom|Out|Select|Where|ForEach)-(Object|Output|Host|Json)", code
    )


@pytest.mark.skipif(ON_WINDOWS, reason="Windows PowerShell 5.1 runs the script here, which proves more than the check")
@pytest.mark.parametrize("text", [TEXT, session.BOOTSTRAP], ids=["script", "bootstrap"])
def test_windows_powershell_5_1_has_all_that_it_uses(text: str, real_machine: Machine, tmp_path: Path) -> None:
    from ansible_collections.rras.ipsec.tests.powershell.wine_machine import WineMachine, check51  # noqa: PLC0415

    assert isinstance(real_machine, WineMachine)
    file = tmp_path / "script.ps1"
    file.write_text(text, encoding="ascii")
    assert check51(real_machine, file) == ""
    file.write_text(text + "\n$a ?? [Convert]::ToHexString(1)", encoding="ascii")
    assert len(check51(real_machine, file).splitlines()) >= 2, "the check finds nothing"
