# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A run cut along the networks of its inventory: several processes at the same time, and nothing parts two peers."""

from __future__ import annotations

import copy
from concurrent.futures import ThreadPoolExecutor

from ansible_collections.rras.ipsec.tests.lab import HostSpec
from ansible_collections.rras.ipsec.tests.support.controller import Controller
from ansible_collections.rras.ipsec.tests.support.labs import MakeController
from ansible_collections.rras.ipsec.tests.support.pair import OSAKA, PAIR, TOKYO, clear_records, connection

NAGOYA, KOBE = "rras-nagoya", "rras-kobe"
NETWORKS = {"l2tp_network_rras_osaka": {TOKYO, OSAKA}, "l2tp_network_rras_kobe": {NAGOYA, KOBE}}


def test_two_slices_in_two_processes(start: MakeController) -> None:
    controller = start([*PAIR, HostSpec(NAGOYA, "192.0.2.3"), HostSpec(KOBE, "192.0.2.4")])
    controller.variables["l2tp_connections"] = [connection(), connection("nagoya-kobe", NAGOYA, KOBE)]
    folder = controller.folder / "another"
    folder.mkdir()
    another = Controller(folder, controller.lab, copy.deepcopy(controller.inventory))
    for each in (controller, another):
        networks = each.folder / "zz.l2tp_networks.yml"
        networks.write_text("plugin: rras.ipsec.l2tp_networks\n", encoding="utf-8")
    parted = controller.site("--limit", f"{TOKYO},{NAGOYA},{KOBE}")
    assert parted.failed == [TOKYO]
    assert f"its peer {OSAKA} was not read in this run" in parted.failure(TOKYO)
    clear_records(controller.lab)

    with ThreadPoolExecutor(2) as pool:
        slices = zip((controller, another), NETWORKS, strict=True)
        started = [
            pool.submit(each.site, "--inventory", str(each.folder / "zz.l2tp_networks.yml"), "--limit", name)
            for each, name in slices
        ]
        runs = [run.result(300) for run in started]

    for run, hosts in zip(runs, NETWORKS.values(), strict=True):
        assert run.code == 0, run.explain()
        assert set(run.recap) == hosts
    again = controller.site()
    assert (again.code, set(again.changed.values())) == (0, {0}), again.explain()
