# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whole runs on a real PowerShell: cut in the middle, and without the mode that Microsoft's own program lacks."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from ansible_collections.rras.ipsec.tests.lab import Host, HostSpec, Impairments, Lab, PoweredOff, RecordRefusedError
from ansible_collections.rras.ipsec.tests.lab.engine import EngineName
from ansible_collections.rras.ipsec.tests.lab.powershell.powershell import PowerShell
from ansible_collections.rras.ipsec.tests.support import cuts
from ansible_collections.rras.ipsec.tests.support.controller import Controller
from ansible_collections.rras.ipsec.tests.support.effort import CUTS
from ansible_collections.rras.ipsec.tests.support.journeys import JOURNEYS
from ansible_collections.rras.ipsec.tests.support.pair import (
    KEY,
    OSAKA,
    TOKYO,
    Memory,
    assigned,
    connection,
    keys_of,
    restarts,
)
from ansible_collections.rras.ipsec.tests.support.server import Server
from ansible_collections.rras.ipsec.tests.support.wine_machine import WineMachine

ADDRESS = "192.0.2.1"


class RealServer(Server):
    """A server with a real PowerShell, in the state of a simulated one that has just started."""

    def __init__(self, host: Host, like: Server) -> None:
        super().__init__()
        self.host = host
        host.impairments = Impairments()
        Memory.of(like.host).give(host)


class CutInScript:
    """Cuts a run within its n-th script, before a record of it."""

    def __init__(self, script: int, record: int, error: type[BaseException]) -> None:
        self._script, self._record, self._error = script, record, error
        self._now = -1
        self.happened = False

    def __call__(self, number: int, _record: str) -> None:
        self._now += number == 0
        if not self.happened and (self._now, number) == (self._script, self._record):
            self.happened = True
            raise self._error


def writing(scripts: Sequence[Sequence[str]]) -> Iterator[tuple[int, int]]:
    """Yield a place in each script that changes something: before the middle one of these records."""
    for number, records in enumerate(scripts):
        changing = [
            index for index, record in enumerate(records) if not record.startswith((*cuts.READING, "RunProgram"))
        ]
        if changing:
            yield number, changing[len(changing) // 2]


def scripts_of(server: Server, go: Callable[[Server], None]) -> list[tuple[str, ...]]:
    """Return the records of each script that a run consists of."""
    server.host.recorder.clear()
    go(server)
    return [execution.records for execution in server.host.recorder.executions]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "errors"),
    [
        ("the first run", [RecordRefusedError, PoweredOff, PoweredOff]),
        ("a changed key", [PoweredOff, RecordRefusedError, PoweredOff]),
    ],
)
def test_a_run_that_is_cut_leaves_the_old_or_the_new_and_its_repeat_arrives(
    machine: WineMachine, name: str, errors: list[type[BaseException]], record_property: Callable[[str, object], None]
) -> None:
    """Stage, commit, and what comes then: the value in the first run, else finish."""
    journey = JOURNEYS[name]
    prepared = Server()
    journey.prepare(prepared)
    places = list(writing(scripts_of(prepared.copy(), journey.go)))[: len(errors)]
    for (script, record), error in zip(places, errors, strict=True):
        server = RealServer(machine.host, prepared)
        assert cuts.cut(server, journey, CutInScript(script, record, error))
        cuts.check(server, journey)
        journey.go(server)
        cuts.check(server, journey)
        assert journey.arrived(server), (script, record)
    record_property(CUTS, f"{len(places)} moments of {name}, real PowerShell")


def test_a_playbook_needs_no_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each command gets a PowerShell of its own, by its command line as it arrived, as with Microsoft's own program."""
    monkeypatch.setattr("ansible_collections.rras.ipsec.tests.lab.powershell.standing.SERVE", "-Version")
    with Lab([HostSpec(TOKYO, ADDRESS, engine=EngineName.POWERSHELL)]) as lab:
        controller = Controller(tmp_path, lab, lab.inventory())
        controller.variables["l2tp_connections"] = [connection()]
        controller.inventory["rras"]["hosts"][OSAKA] = {"l2tp_address": "192.0.2.2", "l2tp_managed": False}
        first = controller.site()
        assert first.code == 0, first.explain()
        assert restarts(lab) == {TOKYO: 1}
        assert keys_of(assigned(lab[TOKYO])) == [KEY]
        again = controller.site()
        assert again.code == 0, again.explain()
        assert not any(again.changed.values()), again.explain()
        engine = lab[TOKYO].engine
        assert isinstance(engine, PowerShell)
        assert not engine.served
        assert engine.differences == []
