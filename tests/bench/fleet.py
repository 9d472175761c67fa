# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a run of the role costs over many servers, beside a play of two bare tasks on the same servers.

The servers are simulated in this process, the controller is ansible-playbook in another one; what each uses of the
processor is shown. Both plays run in turn on one fleet after another, and again as often as the time allows, and the
median counts.
"""

from __future__ import annotations

import contextlib
import dataclasses
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from ansible_collections.rras.ipsec.plugins.plugin_utils import _view
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy import network
from ansible_collections.rras.ipsec.tests.lab import HostSpec
from ansible_collections.rras.ipsec.tests.support import journeys
from ansible_collections.rras.ipsec.tests.support.controller import Controller, Run
from ansible_collections.rras.ipsec.tests.support.labs import controller_for
from ansible_collections.rras.ipsec.tests.support.pair import POLICY, Memory, clear_records, connection
from ansible_collections.rras.ipsec.tests.support.server import Server

ENDS = {"near": "192.0.2.1", "far": "192.0.2.2"}
ROUNDS = 5
"""How often both plays run on a fleet, where there is time."""
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


@dataclasses.dataclass(slots=True)
class MeasuredFleet:
    """Some servers, and what each run of either play on them took."""

    what: str
    controller: Controller
    bare: list[Spent] = dataclasses.field(default_factory=list)
    site: list[Spent] = dataclasses.field(default_factory=list)

    @property
    def servers(self) -> int:
        return len(self.controller.lab)

    @property
    def of_a_turn(self) -> float:
        """The seconds that the last turn took."""
        return self.bare[-1].wall + self.site[-1].wall

    def turn(self) -> None:
        """Run both plays once."""
        self.bare.append(_spent(self.controller, lambda: self.controller.play([BARE])))
        self.site.append(_spent(self.controller, self.controller.site))
        print(f"# {self.what}: {self.bare[-1].wall:.1f} s, {self.site[-1].wall:.1f} s", file=sys.stderr, flush=True)


def measured(sizes: Sequence[int], hub: int, until: float) -> list[MeasuredFleet]:
    """Measure unchanged servers as pairs, and one hub, until a time of the clock, and each of them once at least.

    hub: how many servers it has with its spokes; 0 for none.
    """
    with contextlib.ExitStack() as stack:
        learnt = _after_first_run()  # and whatever a controller does once
        fleets = [MeasuredFleet(f"{size} servers, pairs", stack.enter_context(_pairs(size, learnt))) for size in sizes]
        if hub:
            fleets.append(MeasuredFleet(f"{hub} servers, one hub", stack.enter_context(_hub(hub))))
        for turn in range(ROUNDS):
            for fleet in fleets:
                if turn == 0 or time.monotonic() + fleet.of_a_turn < until:
                    fleet.turn()
        return fleets


@contextlib.contextmanager
def controller_of(specs: Sequence[HostSpec], **connecting: str) -> Iterator[Controller]:
    """Start servers and give a controller for them, without any connections declared."""
    with tempfile.TemporaryDirectory() as folder, controller_for(specs, Path(folder), **connecting) as controller:
        controller.variables.pop("l2tp_connections", None)
        yield controller


def succeed(run: Run) -> None:
    """Raise an error where a run failed."""
    if run.code:
        raise RuntimeError(run.explain())


TITLES = (
    "servers",
    "play",
    "runs",
    "wall s",
    "min..max",
    "controller s",
    "ms a server",
    "requests each",
    "lab",
    "x bare",
)


def report(*, quick: bool, until: float, costs: dict[str, dict[int, float]]) -> Iterator[Sequence[str]]:
    """The rows of a table, the first of which has the titles.

    until: when to end, of the monotonic clock; costs: gets milliseconds a server, by play and size.
    """
    yield TITLES
    for fleet in measured((2, 10), 0, until) if quick else measured((2, 20, 40, 100, 200), 40, until):
        bare = statistics.median(each.wall for each in fleet.bare)
        for play, spent in (("bare", fleet.bare), ("site", fleet.site)):
            wall, used, lab, requests = (
                statistics.median(getattr(each, what) for each in spent)
                for what in ("wall", "controller", "lab", "requests")
            )
            if "pairs" in fleet.what:
                costs.setdefault(play, {})[fleet.servers] = wall / fleet.servers * 1e3
            yield (
                fleet.what,
                play,
                str(len(spent)),
                f"{wall:.1f}",
                f"{min(each.wall for each in spent):.1f}..{max(each.wall for each in spent):.1f}",
                f"{used:.1f}",
                f"{wall / fleet.servers * 1e3:.0f}",
                f"{requests / fleet.servers:.1f}",
                f"{lab / (lab + used):.0%}",
                f"{wall / bare:.2f}",
            )


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
    """Make a hub and its spokes with what their first run would leave, without waiting for such a run."""
    addresses = {"hub": "192.0.2.1", **{f"spoke-{number:03}": f"198.51.100.{number}" for number in range(1, size)}}
    spokes = [name for name in addresses if name != "hub"]
    connections = [connection(f"to-{name}", "hub", name, key=f"the key of {name}, 7Yq-m2Wd") for name in spokes]
    declared = {name: {"l2tp_address": at, "l2tp_connections": connections} for name, at in addresses.items()}
    with controller_of([HostSpec(name, at) for name, at in addresses.items()]) as controller:
        controller.variables["l2tp_connections"] = connections
        nodes = _view.network(declared, "hub")
        for name, host in controller.lab.items():
            wanted = {"rules": network.rules(nodes, name, other_peers="block"), "block_l2tp_over_ipv6": True}
            journeys.site(Server(host), name=POLICY, **wanted)
        yield controller


def _after_first_run() -> dict[str, Memory]:
    """What the two ends of a pair hold after their first run."""
    with controller_of([HostSpec(end, address) for end, address in ENDS.items()]) as controller:
        controller.variables["l2tp_connections"] = [connection("tokyo-osaka", *ENDS)]
        succeed(controller.site())
        return {end: Memory.of(controller.lab[end]) for end in ENDS}


def _spent(controller: Controller, play: Callable[[], Run]) -> Spent:
    clear_records(controller.lab)
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
