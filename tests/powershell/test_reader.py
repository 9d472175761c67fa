# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The script's own reader of records, asked of thousands of wrong ones: none that it takes leaves the allow-list."""

from __future__ import annotations

from collections.abc import Callable

from ansible_collections.rras.ipsec.plugins.plugin_utils._host import session
from ansible_collections.rras.ipsec.tests.lab.twin.grammar import ScriptError, parse
from ansible_collections.rras.ipsec.tests.support.candidates import candidates, reached
from ansible_collections.rras.ipsec.tests.support.effort import THOROUGH, TRIED
from ansible_collections.rras.ipsec.tests.support.machine import Machine
from ansible_collections.rras.ipsec.tests.support.transactions import SUCCEEDING

SEED = 51
COUNT = 500_000 if THOROUGH else 50_000
ASKING = """
$said = foreach ($record in $records) { try { [void] (Get-Request $record)
'1' } catch { '0' } }
'#said#' + ($said -join '') + '#said#'
"""
"""What stands behind the script's reader here, in the place of the transaction."""


def accepted(machine: Machine, lines: list[str]) -> list[bool]:
    """Ask the reader of each record."""
    reader, mark, _transaction = session.script_text().partition("\n$held = $false\n")
    assert mark
    said = machine.evaluate(reader + ASKING, lines).split("#said#")[1]
    assert len(said) == len(lines)
    return [answer == "1" for answer in said]


def taken(line: str) -> bool:
    try:
        parse(line)
    except ScriptError:
        return False
    return True


def test_no_record_names_what_is_outside(real_machine: Machine, record_property: Callable[[str, object], None]) -> None:
    right = sorted({line for case in SUCCEEDING for line in case.records})
    tried = [line for line in dict.fromkeys(candidates(SEED, COUNT)) if line.isprintable() or "\t" in line]
    tried = [line for line in tried if not set(line) & set("\0\x1b\x0b")]

    answers = dict(zip([*right, *tried], accepted(real_machine, [*right, *tried]), strict=True))

    assert [line for line in right if not answers[line]] == []
    assert [line for line in tried if answers[line] and reached(line)] == []
    assert [line for line in tried if answers[line] != taken(line)] == [], "the script and its twin differ"
    count = sum(answers[line] for line in tried)
    record_property(
        TRIED,
        f"{len(tried)} wrong records on the real reader, {count} of them accepted, "
        f"0 outside the allow-list (seed {SEED})",
    )
