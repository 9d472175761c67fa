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
from ansible_collections.rras.ipsec.tests.support.controller import Controller, Run
from ansible_collections.rras.ipsec.tests.support.labs import controller_for
from ansible_collections.rras.ipsec.tests.support.pair import Memory, connection

ENDS = {"near": "192.0.2.1", "far": "192.0.2.2"}
OFTEN, TWICE = 20, 100
"""Servers up to which both plays run several times, and twice: the time of more is spent on more servers."""
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
    requests: int


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
    """Measure unchanged servers as pairs, and one hub, each beside the bare play; the largest of them less often."""
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
    with controller_of(specs) as controller:
        for pair in pairs:
            for name, end in zip(pair, ENDS, strict=True):
                learnt[end].give(controller.lab[name])
                controller.host(name)["l2tp_connections"] = [connection("tokyo-osaka", *pair)]
        yield controller


@contextlib.contextmanager
def _hub(size: int) -> Iterator[Controller]:
    spokes = [f"spoke-{number:03}" for number in range(1, size)]
    specs = [HostSpec("hub", "192.0.2.1"), *(HostSpec(name, f"198.51.100.{int(name[-3:])}") for name in spokes)]
    with controller_of(specs) as controller:
        controller.variables["l2tp_connections"] = [
            connection(f"to-{name}", "hub", name, key=f"the key of number {name[-3:]}") for name in spokes
        ]
        controller.variables["l2tp_reboot_serial"] = size
        succeed(controller.site())
        yield controller


def _after_first_run() -> dict[str, Memory]:
    """What the two ends of a pair hold after their first run."""
    with controller_of([HostSpec(end, address) for end, address in ENDS.items()]) as controller:
        controller.variables["l2tp_connections"] = [connection("tokyo-osaka", *ENDS)]
        succeed(controller.site())
        return {end: Memory.of(controller.lab[end]) for end in ENDS}


@contextlib.contextmanager
def controller_of(specs: Sequence[HostSpec], **connecting: str) -> Iterator[Controller]:
    """Start servers and give a controller for them, without any connections declared."""
    with tempfile.TemporaryDirectory() as folder, controller_for(specs, Path(folder), **connecting) as controller:
        controller.variables.pop("l2tp_connections", None)
        yield controller


def _rows(what: str, controller: Controller, repeats: int) -> Iterator[Row]:
    turns: Mapping[str, Callable[[], Run]] = {"bare": lambda: controller.play([BARE]), "site": controller.site}
    servers = len(controller.lab)
    if servers <= OFTEN and repeats > 1:
        for play in turns.values():
            succeed(play())  # whatever a controller does once
    spent: dict[str, list[Spent]] = {name: [] for name in turns}
    for _turn in range(min(repeats, 3 if servers <= OFTEN else 2 if servers <= TWICE else 1)):
        for name, play in turns.items():
            spent[name].append(_spent(controller, play))
    for name, each in spent.items():
        yield Row(what, name, servers, tuple(each))


def succeed(run: Run) -> None:
    """Raise an error where a run failed."""
    if run.code:
        raise RuntimeError(run.explain())


def _spent(controller: Controller, play: Callable[[], Run]) -> Spent:
    words.clear_records(controller.lab)
    before, own, children = time.perf_counter(), _processor(resource.RUSAGE_SELF), _processor(resource.RUSAGE_CHILDREN)
    run = play()
    wall = time.perf_counter() - before
    succeed(run)
    if sum(run.changed.values()):
        raise RuntimeError(run.explain())
    return Spent(
        wall,
        _processor(resource.RUSAGE_CHILDREN) - children,
        _processor(resource.RUSAGE_SELF) - own,
        sum(host.recorder.traffic.requests for host in controller.lab.values()),
    )


def _processor(who: int) -> float:
    used = resource.getrusage(who)
    return used.ru_utime + used.ru_stime


TITLES = ("servers", "play", "wall s", "min..max", "controller s", "ms a server", "requests a server", "lab", "x bare")


def report(*, quick: bool, costs: dict[str, dict[int, float]]) -> Iterator[Sequence[str]]:
    """The rows of a table, the first of which has the titles. costs: gets milliseconds a server, by play and size."""
    yield TITLES
    bare = 1.0
    for row in measured((2, 20) if quick else (2, 20, 40, 100, 200), 10 if quick else 40, 1 if quick else 3):
        wall, used = row.median(lambda each: each.wall), row.median(lambda each: each.controller)
        lab = row.median(lambda each: each.lab)
        least, most = min(each.wall for each in row.spent), max(each.wall for each in row.spent)
        bare = wall if row.play == "bare" else bare
        if "pairs" in row.what:
            costs.setdefault(row.play, {})[row.servers] = wall / row.servers * 1e3
        yield (
            row.what,
            row.play,
            f"{wall:.1f}",
            f"{least:.1f}..{most:.1f}",
            f"{used:.1f}",
            f"{wall / row.servers * 1e3:.0f}",
            f"{row.median(lambda each: each.requests) / row.servers:.1f}",
            f"{lab / (lab + used):.0%}",
            f"{wall / bare:.2f}",
        )
