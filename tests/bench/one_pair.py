# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What each kind of run costs a server of a pair, over each connection, with each ansible-core that is here."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from ansible_collections.rras.ipsec.tests.bench.fleet import BARE, ENDS, controller_of, succeed
from ansible_collections.rras.ipsec.tests.lab import HostSpec
from ansible_collections.rras.ipsec.tests.support import stock
from ansible_collections.rras.ipsec.tests.support.controller import ANSIBLE_PLAYBOOK, VERIFY, Controller, Run
from ansible_collections.rras.ipsec.tests.support.pair import NEW_KEY, clear_records, connection

ROOT = Path(__file__).parents[2]
HERE = "as installed"
CORES: Mapping[str, str] = {
    HERE: ANSIBLE_PLAYBOOK,
    "oldest": str(ROOT / ".cache" / "oldest-venv" / "bin" / "ansible-playbook"),
    "newest": str(ROOT / ".cache" / "newest-venv" / "bin" / "ansible-playbook"),
}
"""The programs; make test-oldest and test-newest make the last two."""
CONNECTIONS: Mapping[str, Mapping[str, str]] = {
    "winrm, NTLM, sealed": {"connection": "winrm", "transport": "ntlm", "scheme": "http"},
    "winrm, HTTPS, Basic": {"connection": "winrm", "transport": "basic", "scheme": "https"},
    "psrp, NTLM, sealed": {"connection": "psrp", "transport": "negotiate", "scheme": "http"},
}
TITLES = ("ansible-core", "connection", "run", "tasks", "executions", "requests", "kB up", "kB down", "wall s")


def report(*, quick: bool) -> Iterator[Sequence[str]]:
    """The rows of a table, the first of which has the titles."""
    yield TITLES
    for core, program in CORES.items():
        if not Path(program).is_file():
            yield core, "not here: make test-oldest or make test-newest makes it", *[""] * (len(TITLES) - 2)
            continue
        for name, connecting in CONNECTIONS.items():
            first = name == next(iter(CONNECTIONS))
            if first or (core == HERE and not quick):
                yield from _rows(core, name, program, connecting, whole=core == HERE and first and not quick)
        if quick:
            return


def _rows(core: str, name: str, program: str, connecting: Mapping[str, str], *, whole: bool) -> Iterator[Sequence[str]]:
    with controller_of([HostSpec(end, address) for end, address in ENDS.items()], **connecting) as controller:
        controller.program = program
        controller.variables["l2tp_connections"] = [connection("tokyo-osaka", *ENDS)]
        for what, play in _runs(controller, whole=whole):
            yield core, name, what, *_costs_of_a_server(controller, play)


def _runs(controller: Controller, *, whole: bool) -> Iterator[tuple[str, Callable[[], Run]]]:
    yield "first run", controller.site
    yield "unchanged", controller.site
    yield "verify", lambda: controller.play(VERIFY)
    declared = connection("tokyo-osaka", *ENDS, key=NEW_KEY)
    controller.variables["l2tp_connections"] = [declared]
    yield "key change", controller.site
    if whole:
        yield "two bare raw tasks", lambda: controller.play([BARE])
        stock.prepare(controller, declared)
        yield "ansible.windows, unchanged", lambda: controller.play(stock.PLAY)


def _costs_of_a_server(controller: Controller, play: Callable[[], Run]) -> Sequence[str]:
    """What a run cost the near end, which does what is done once for all."""
    clear_records(controller.lab)
    before = time.perf_counter()
    run = play()
    wall = time.perf_counter() - before
    succeed(run)
    near, counts = controller.lab["near"].recorder, run.recap["near"]
    carried = near.traffic
    numbers = (counts["ok"] + counts["skipped"], len(near.executions), carried.requests)
    return *map(str, numbers), f"{carried.up / 1000:,.1f}", f"{carried.down / 1000:,.1f}", f"{wall:.1f}"
