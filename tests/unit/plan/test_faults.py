# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Random faults, one after another, on the way of one server: whatever they are, a repeat without them arrives.

`make faults` tries seeds for a bounded time. A seed that fails is printed; this repeats it, and nothing else:

    RRAS_FAULT_SEED=4711 pytest -k repeat_arrives tests/unit/plan/test_faults.py
"""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import itertools
import os
import random
import time
from collections.abc import Callable, Iterator, Mapping

import pytest

from ansible_collections.rras.ipsec.plugins.plugin_utils._host.records import MalformedAnswerError
from ansible_collections.rras.ipsec.plugins.plugin_utils._host.session import (
    ExecutionError,
    NoAnswerError,
    ScriptOutput,
)
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.plan import PlanError
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.registry import Key, Value, join
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.store import LOCAL
from ansible_collections.rras.ipsec.plugins.plugin_utils._work import WorkError
from ansible_collections.rras.ipsec.tests.lab import NetshFault, PoweredOff, RecordRefusedError, WrongAnswer
from ansible_collections.rras.ipsec.tests.support.cuts import check
from ansible_collections.rras.ipsec.tests.support.effort import TRIED
from ansible_collections.rras.ipsec.tests.support.journeys import JOURNEYS, OLD, Journey, removal, site
from ansible_collections.rras.ipsec.tests.support.server import Server

SEED = os.environ.get("RRAS_FAULT_SEED", "")
SECONDS = float(os.environ.get("RRAS_FAULT_SECONDS", "0"))
"""For how long seeds are tried; 0: as many as a run of everything has time for."""
SHORT = 25
LATEST_RECORD = 160
LATEST_EXECUTION = 12
PROGRAMS = (
    "net start PolicyAgent",
    "net start IKEEXT",
    "sc config PolicyAgent start= auto",
    "sc control PolicyAgent 129",
)
NO_ANSWERS = (WrongAnswer.GARBAGE, WrongAnswer.TRUNCATED, WrongAnswer.CUT_RECORDS, WrongAnswer.NONSENSE)


class LostError(Exception):
    """The connection is gone."""


ENDS = (PoweredOff, ExecutionError, NoAnswerError, MalformedAnswerError, PlanError, WorkError, LostError)
"""What a run may end with under a fault; anything else is a mistake of the collection."""


@dataclasses.dataclass
class InjectedFault:
    """One thing that goes wrong, and the words for it."""

    words: str
    strike: Callable[[Server], None]
    lost_hive: str = ""
    meanwhile: int | None = None
    """The execution before which somebody else does the same, from the beginning to the end."""
    met: bool = False
    """Whether it came to that."""


def _at_record(number: int, act: Callable[[Server], None], words: str, lost_hive: str = "") -> InjectedFault:
    def strike(server: Server) -> None:
        left = itertools.count()

        def before(_number: int, _record: str) -> None:
            if next(left) == number:
                act(server)

        server.host.impairments.before_record = before

    return InjectedFault(f"{words} before record {number}", strike, lost_hive)


def _raising(error: type[BaseException]) -> Callable[[Server], None]:
    def act(_server: Server) -> None:
        raise error

    return act


def _edit(server: Server) -> None:
    """Let another administrator write an object of his own."""
    path = join(LOCAL, "ipsecFilter{0B5E0000-0000-0000-0000-000000000001}")
    server.add([Key(path, {"ipsecName": Value.sz("somebody else's"), "whenChanged": Value.dword(len(server.tree))})])


def _lost(number: int, *, before: bool) -> InjectedFault:
    def strike(server: Server) -> None:
        left, execute = itertools.count(), Server.execute

        def losing(command: str, data: bytes) -> ScriptOutput:
            struck = next(left) == number
            if struck and before:
                raise LostError
            output = execute(server, command, data)
            if struck:
                raise LostError
            return output

        server.execute = losing  # type: ignore[method-assign]

    return InjectedFault(f"the {'request' if before else 'answer'} of execution {number} is lost", strike)


def _distorted(number: int, answer: WrongAnswer) -> InjectedFault:
    def strike(server: Server) -> None:
        left = itertools.count()

        def before_script() -> None:
            server.host.impairments.answer = answer if next(left) == number else None

        server.host.impairments.before_script = before_script

    return InjectedFault(f"answer {number} is {answer}", strike)


def _netsh(fault: NetshFault) -> InjectedFault:
    return InjectedFault(f"netsh is {fault}", lambda server: setattr(server.host.impairments, "netsh", fault))


def _program(line: str) -> InjectedFault:
    return InjectedFault(
        f"{line} ends with 5", lambda server: setattr(server.host.impairments, "exit_codes", {line: 5})
    )


def _late(readings: int) -> InjectedFault:
    """An agent that takes its time to load, but not when Windows starts: nothing covers L2TP then."""

    def strike(server: Server) -> None:
        server.host.agent.late = readings

        def restart() -> None:
            server.host.agent.late = 0
            Server.restart(server)

        server.restart = restart  # type: ignore[method-assign]

    return InjectedFault(f"the agent is late by {readings}", strike)


def _somebody_else(execution: int) -> InjectedFault:
    return InjectedFault(f"somebody else does the same before execution {execution}", _nothing, meanwhile=execution)


def _let_somebody_else_go(server: Server, journey: Journey, fault: InjectedFault) -> None:
    left = itertools.count()

    def execute(command: str, data: bytes) -> ScriptOutput:
        if next(left) == fault.meanwhile:
            fault.met = True
            del server.__dict__["execute"]
            with contextlib.suppress(*ENDS):
                journey.go(server)
        return Server.execute(server, command, data)

    server.execute = execute  # type: ignore[method-assign]


def any_fault(chance: random.Random) -> InjectedFault:
    """Draw one."""
    record, execution = chance.randrange(LATEST_RECORD), chance.randrange(LATEST_EXECUTION)
    return chance.choice(
        (
            _at_record(record, _raising(RecordRefusedError), "an error"),
            _at_record(record, _raising(PoweredOff), "a power failure"),
            _at_record(record, _raising(PoweredOff), "a power failure that loses SOFTWARE", "SOFTWARE"),
            _at_record(record, _raising(PoweredOff), "a power failure that loses SYSTEM", "SYSTEM"),
            _at_record(record, _edit, "somebody else writes"),
            _lost(execution, before=True),
            _lost(execution, before=False),
            _distorted(execution, chance.choice(NO_ANSWERS)),
            _netsh(chance.choice(list(NetshFault))),
            _program(chance.choice(PROGRAMS)),
            _late(chance.randrange(1, 4)),
            _somebody_else(execution),
        )
    )


def _nothing(_server: Server) -> None:
    """Do nothing more."""


NEXT: Mapping[str, Callable[[Server], None]] = {
    "a revert": lambda server: site(server, **OLD),
    "a revert after a restart": removal,
}
"""The next run after a revert. What a revert leaves if it fails at its very end, or if netsh does not do what it says,
is not looked for by another revert: the note of what the services had, and the rule that blocks L2TP over IPv6."""


@functools.cache
def prepared(name: str) -> Server:
    server = Server()
    JOURNEYS[name].prepare(server)
    return server


def strike(server: Server, journey: Journey, fault: InjectedFault) -> bool:
    """Go under a fault; return whether the run ended by it. Then nothing is wrong any more."""
    struck = False
    fault.strike(server)
    if fault.meanwhile is not None:
        _let_somebody_else_go(server, journey, fault)
    try:
        journey.go(server)
    except ENDS as end:
        struck = True
        if isinstance(end, PoweredOff):
            if fault.lost_hive:
                server.host.registry.lose_unwritten(fault.lost_hive)
            server.restart()
    finally:
        impairments = server.host.impairments
        impairments.before_record = impairments.before_script = impairments.answer = impairments.netsh = None
        impairments.exit_codes = {}
        server.host.agent.late = 0
        for replaced in ("execute", "restart"):
            server.__dict__.pop(replaced, None)
    return struck


def go_on(server: Server, name: str) -> None:
    """Do it again without a fault, and check that its aim is reached."""
    journey = JOURNEYS[name]
    journey.go(server)
    NEXT.get(name, _nothing)(server)
    check(server, journey)
    assert journey.arrived(server)


def tried(seed: int) -> tuple[list[InjectedFault], int]:
    """Try one seed; answer the faults, and how many of them ended a run. Raises what is wrong."""
    chance = random.Random(seed)  # noqa: S311 - nothing secret
    name = chance.choice(list(JOURNEYS))
    faults = [any_fault(chance) for _ in range(chance.randrange(1, 4))]
    said = f"seed {seed}: {name}; {'; '.join(fault.words for fault in faults)}"
    journey, server, struck = JOURNEYS[name], prepared(name).copy(), 0
    try:
        for fault in faults:
            struck += strike(server, journey, fault)
            check(server, journey)
        go_on(server, name)
    except BaseException as error:
        error.add_note(f"{said}\nrepeat it with: RRAS_FAULT_SEED={seed} pytest -k repeat_arrives {_HERE}")
        raise
    return faults, struck


_HERE = "tests/unit/plan/test_faults.py"


def seeds() -> Iterator[int]:
    """The seeds of this run."""
    if SEED:
        yield int(SEED)
        return
    begun = time.monotonic()
    for seed in itertools.count(1):
        if seed > SHORT and time.monotonic() >= begun + SECONDS:
            return
        yield seed


KINDS = ("an error", "a power failure", "somebody else writes", "somebody else does the same")
"""What of the faults is counted, as their words begin."""


def test_whatever_goes_wrong_a_repeat_completes_it(record_property: Callable[[str, object], None]) -> None:
    failing, count, struck, words = [], 0, 0, []
    for seed in seeds():
        try:
            faults, ended = tried(seed)
            struck += ended
            words += [fault.words for fault in faults]
        except Exception as error:  # noqa: BLE001 - each failing seed is told, not only the first
            failing.append("\n".join([repr(error), *error.__notes__]))
        count += 1
    kinds = ", ".join(f"{sum(each.startswith(kind) for each in words)} times {kind}" for kind in KINDS)
    record_property(
        TRIED,
        f"{count} seeds of random faults: {len(words)} faults ({kinds}), of which {struck} ended a run, "
        f"{len(failing)} seeds failed",
    )
    assert not failing, "\n\n".join(failing)


@pytest.mark.slow
@pytest.mark.parametrize("name", JOURNEYS)
def test_two_who_do_the_same_at_once_never_mix(name: str, record_property: Callable[[str, object], None]) -> None:
    """One begins and ends before each execution of the other, first of all before the first."""
    journey = JOURNEYS[name]
    for number in itertools.count():
        server, fault = prepared(name).copy(), _somebody_else(number)
        strike(server, journey, fault)
        if not fault.met:
            break
        check(server, journey)
        go_on(server, name)
    assert number > 1
    record_property(TRIED, f"{number} times two at once: {name}")
