# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a run of the role costs over many servers, beside a play of two bare tasks on the same servers.

The servers are simulated in this process, the controller is ansible-playbook in another one; what each uses of the
processor is shown. Both plays run in turn, several times, and the median counts.
"""

from __future__ import annotations

import contextlib
import dataclasses
import resource
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from ansible_collections.rras.ipsec.tests.lab import HostSpec
from ansible_collections.rras.ipsec.tests.support import pair as words
from ansible_collections.rras.ipsec.tests.support.controller import VERIFY, Controller, Run
from ansible_collections.rras.ipsec.tests.support.labs import controller_for
from ansible_collections.rras.ipsec.tests.support.pair import Memory, connection

ENDS = {"near": "192.0.2.1", "far": "192.0.2.2"}
BARE: dict[str, Any] = {
    "hosts": "rras",
    "gather_facts": False,
    "tasks": [{"ansible.builtin.raw": "hostname", "changed_when": False}] * 2,
}


@dataclasses.dataclass(frozen=True, slots=True)
class Spent:
    """What one run took: seconds on the clock, processor seconds of the controller and of the simulated servers."""

    wall: float
    controller: float
    lab: float
    executions: int


@dataclasses.dataclass(frozen=True, slots=True)
class Row:
    """One play on a number of servers; what each of its runs took."""

    what: str
    play: str
    servers: int
    spent: tuple[Spent, ...]

    def median(self, of: Callable[[Spent], float]) -> float:
        """Return the median of something."""
        return statistics.median(map(of, self.spent))


def measured(sizes: Sequence[int], hub: int, repeats: int) -> Iterator[Row]:
    """Measure unchanged servers as pairs, and one hub, each beside the bare play."""
    learnt = _after_first_run()
    for size in sizes:
        with _pairs(size, learnt) as controller:
            yield from _rows(f"{size} servers, pairs", controller, repeats)
    with _hub(hub) as controller:
        yield from _rows(f"{hub} servers, one hub", controller, repeats)


@contextlib.contextmanager
def _pairs(size: int, learnt: Mapping[str, Memory]) -> Iterator[Controller]:
    """Make pairs that had their first run. Their variables are per pair, as groups of an inventory would have them."""
    pairs = [[f"p{number:03}-{end}" for end in ENDS] for number in range(size // 2)]
    specs = [HostSpec(name, address) for pair in pairs for name, address in zip(pair, ENDS.values(), strict=True)]
    with _controller(specs) as controller:
        for pair in pairs:
            for name, end in zip(pair, ENDS, strict=True):
                learnt[end].give(controller.lab[name])
                controller.host(name)["l2tp_connections"] = [connection("tokyo-osaka", *pair)]
        yield controller


@contextlib.contextmanager
def _hub(size: int) -> Iterator[Controller]:
    spokes = [f"spoke-{number:03}" for number in range(1, size)]
    specs = [HostSpec("hub", "192.0.2.1"), *(HostSpec(name, f"198.51.100.{int(name[-3:])}") for name in spokes)]
    with _controller(specs) as controller:
        controller.variables["l2tp_connections"] = [
            connection(f"to-{name}", "hub", name, key=f"the key of number {name[-3:]}") for name in spokes
        ]
        controller.variables["l2tp_reboot_serial"] = size
        _succeed(controller.site())
        yield controller


def _after_first_run() -> dict[str, Memory]:
    """What the two ends of a pair hold after their first run."""
    with _controller([HostSpec(end, address) for end, address in ENDS.items()]) as controller:
        controller.variables["l2tp_connections"] = [connection("tokyo-osaka", *ENDS)]
        _succeed(controller.site())
        return {end: Memory.of(controller.lab[end]) for end in ENDS}


@contextlib.contextmanager
def _controller(specs: Sequence[HostSpec], **connecting: str) -> Iterator[Controller]:
    with tempfile.TemporaryDirectory() as folder, controller_for(specs, Path(folder), **connecting) as controller:
        controller.variables.pop("l2tp_connections", None)
        yield controller


def _rows(what: str, controller: Controller, repeats: int) -> Iterator[Row]:
    turns: Mapping[str, Callable[[], Run]] = {"bare": lambda: controller.play([BARE]), "site": controller.site}
    for play in turns.values():
        _succeed(play())  # whatever a controller does once
    spent: dict[str, list[Spent]] = {name: [] for name in turns}
    for _turn in range(repeats):
        for name, play in turns.items():
            spent[name].append(_spent(controller, play))
    for name, each in spent.items():
        yield Row(what, name, len(controller.lab), tuple(each))


def _succeed(run: Run) -> None:
    if run.code:
        raise RuntimeError(run.explain())


def _spent(controller: Controller, play: Callable[[], Run]) -> Spent:
    words.clear_records(controller.lab)
    before, own, children = time.perf_counter(), _processor(resource.RUSAGE_SELF), _processor(resource.RUSAGE_CHILDREN)
    run = play()
    wall = time.perf_counter() - before
    _succeed(run)
    if sum(run.changed.values()):
        raise RuntimeError(run.explain())
    return Spent(
        wall,
        _processor(resource.RUSAGE_CHILDREN) - children,
        _processor(resource.RUSAGE_SELF) - own,
        sum(words.executions(controller.lab).values()),
    )


def _processor(who: int) -> float:
    used = resource.getrusage(who)
    return used.ru_utime + used.ru_stime


def report(*, quick: bool) -> Iterator[str]:
    """What is printed, line by line, as it is measured."""
    rows: dict[tuple[str, str], Row] = {}
    yield "what                        play   wall s   min..max      controller s   a server   servers' share   x bare"
    for row in measured((2, 20) if quick else (2, 20, 100, 200), 10 if quick else 40, 2 if quick else 3):
        rows[row.what, row.play] = row
        wall, used = row.median(lambda each: each.wall), row.median(lambda each: each.controller)
        lab = row.median(lambda each: each.lab)
        least, most = min(each.wall for each in row.spent), max(each.wall for each in row.spent)
        bare = rows[row.what, "bare"].median(lambda each: each.wall)
        yield (
            f"{row.what:27} {row.play:6} {wall:6.2f}   {least:5.2f}..{most:5.2f}   {used:8.2f}       "
            f"{used / row.servers:6.3f}       {lab / (lab + used):5.0%}            {wall / bare:5.2f}"
        )


CONNECTIONS: Mapping[str, Mapping[str, str]] = {
    "winrm, HTTP, NTLM": {"connection": "winrm", "transport": "ntlm", "scheme": "http"},
    "winrm, HTTPS, Basic": {"connection": "winrm", "transport": "basic", "scheme": "https"},
    "psrp, HTTP, NTLM": {"connection": "psrp", "transport": "negotiate", "scheme": "http"},
}


def of_a_pair() -> Iterator[str]:
    """What each run of a pair costs a server, over each connection, line by line."""
    yield "connection            run            tasks   executions   requests   kB up   kB down   wall s of the run"
    for name, connecting in CONNECTIONS.items():
        with _controller([HostSpec(end, address) for end, address in ENDS.items()], **connecting) as controller:
            controller.variables["l2tp_connections"] = [connection("tokyo-osaka", *ENDS)]
            for what, play in _runs_of_a_pair(controller):
                yield f"{name:21} {what:13} {_costs_of_a_server(controller, play)}"


def _runs_of_a_pair(controller: Controller) -> Iterator[tuple[str, Callable[[], Run]]]:
    yield "first run", controller.site
    yield "unchanged", controller.site
    yield "verify", lambda: controller.play(VERIFY)
    controller.variables["l2tp_connections"] = [connection("tokyo-osaka", *ENDS, key=words.NEW_KEY)]
    yield "key change", controller.site


def _costs_of_a_server(controller: Controller, play: Callable[[], Run]) -> str:
    """What a run cost the near end, which does what is done once for all."""
    words.clear_records(controller.lab)
    before = time.perf_counter()
    run = play()
    wall = time.perf_counter() - before
    _succeed(run)
    near, counts = controller.lab["near"].recorder, run.recap["near"]
    tasks = counts["ok"] + counts["skipped"]
    carried = near.traffic
    return (
        f"{tasks:6}   {len(near.executions):10}   {carried.requests:8}   {carried.up / 1000:5.1f}   "
        f"{carried.down / 1000:7.1f}   {wall:6.2f}"
    )
