# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the script alone costs in a real PowerShell (7, under Wine), in a process that is there already."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator, Sequence

from ansible_collections.rras.ipsec.plugins.plugin_utils._host import records
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy import host, phases, steps
from ansible_collections.rras.ipsec.tests.bench.core import DECLARATION, NONCE, foreign, planned
from ansible_collections.rras.ipsec.tests.lab.powershell import wine
from ansible_collections.rras.ipsec.tests.lab.twin.twin import script_for
from ansible_collections.rras.ipsec.tests.support.machine import unframed
from ansible_collections.rras.ipsec.tests.support.wine_machine import WineMachine

PREPARE = steps.Prepare(NONCE, 60)
READING = (PREPARE, *host.reading())
TITLES = ("what", "records", "kB in", "kB out", "median ms", "min..max")
MANY = 1_000


def report(*, quick: bool) -> Iterator[Sequence[str]]:
    """The rows of a table, the first of which has the titles."""
    yield TITLES
    if quick:
        yield "not measured by BENCH=quick", *[""] * (len(TITLES) - 1)
        return
    if not wine.is_available():
        yield wine.notice(), *[""] * (len(TITLES) - 1)
        return
    machine = WineMachine()
    try:
        machine.fill()
        _row(machine, "", lambda: READING, 1)  # whatever a process does once
        yield _row(machine, "read only", lambda: READING, 3)
        yield _row(machine, "a whole change: stage and commit", lambda: _change(machine), 2)
        machine.fill()
        machine.registry.load(foreign(MANY))
        yield _row(machine, f"read only, {MANY:,} foreign objects", lambda: READING, 1)
    finally:
        machine.close()


def _change(machine: WineMachine) -> Sequence[steps.Step]:
    """What brings a policy about on a host that has none of ours."""
    machine.fill()
    answer = records.decode(machine.answer(list(map(records.encode, READING))))
    ran = {command: (program.code, program.lines) for command, program in answer.ran.items()}
    seen = host.understand(answer.tree, answer.access, answer.digests[-1], ran, answer.denied)
    plan = planned(seen)
    staging = phases.stage(plan, seen, when=0, backup=True)
    return (PREPARE, *staging, *phases.commit(plan.transaction, DECLARATION.policy.name))


def _row(machine: WineMachine, what: str, wanted: Callable[[], Sequence[steps.Step]], repeats: int) -> Sequence[str]:
    spent = []
    for _turn in range(repeats):
        lines = list(map(records.encode, wanted()))
        script = script_for(lines)
        start = time.perf_counter()
        output = machine.evaluate(script, lines)
        spent.append((time.perf_counter() - start) * 1e3)
        answer = records.decode(unframed(output))
        if answer.failure:
            raise RuntimeError(f"{what}: {answer.failure}")
    sent = len(script) + sum(len(line) + 1 for line in lines)
    sizes = f"{sent / 1e3:.1f}", f"{len(output) / 1e3:.1f}"
    times = f"{statistics.median(spent):.0f}", f"{min(spent):.0f}..{max(spent):.0f}"
    return what, str(len(lines)), *sizes, *times
