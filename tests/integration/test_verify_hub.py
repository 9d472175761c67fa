# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A hub and its spokes: what is wrong with one connection is said of that one, and each key is its rule's own."""

from __future__ import annotations

import pytest

from ansible_collections.rras.ipsec.tests.lab import HostSpec
from ansible_collections.rras.ipsec.tests.messages import Says
from ansible_collections.rras.ipsec.tests.support.controller import VERIFY, Controller
from ansible_collections.rras.ipsec.tests.support.labs import MakeController
from ansible_collections.rras.ipsec.tests.support.pair import changes, connection, give_key, snapshots

pytestmark = pytest.mark.slow

HUB, SPOKES = "hub", ("spoke-a", "spoke-b", "spoke-c")
KEYS = {"spoke-a": "Uji-Byodoin:1053/Phoenix", "spoke-b": "Nara-Todaiji:0752/Daibutsu", "spoke-c": "Ise-Jingu:0690/Uji"}
NAMES = {spoke: f"to-{spoke}" for spoke in SPOKES}


@pytest.fixture
def hub(start: MakeController) -> Controller:
    """A hub with three spokes after a first run."""
    controller = start([HostSpec(name, f"192.0.2.{number}") for number, name in enumerate((HUB, *SPOKES), start=1)])
    controller.variables["l2tp_connections"] = [
        connection(NAMES[spoke], HUB, spoke, key=KEYS[spoke]) for spoke in SPOKES
    ]
    controller.variables["l2tp_reboot_serial"] = 4
    first = controller.site()
    assert first.code == 0, first.explain()
    return controller


def test_a_wrong_key_and_a_spoke_that_is_off_concern_their_own_connections(hub: Controller, says: Says) -> None:
    give_key(hub.lab["spoke-a"], NAMES["spoke-a"], "Kamakura:1252")
    hub.lab["spoke-c"].power_off()

    run = hub.play(VERIFY)

    assert (run.code, run.failed) == (4, ["spoke-a", "spoke-c"])
    says("a spoke of a hub has another key", run.failure("spoke-a"), run.code)
    summaries = [line for line in run.said(HUB) if line.startswith("to-")]
    begins = [
        "to-spoke-a: hub and spoke-a do not agree on UDP 192.0.2.1 port 1701 -> 192.0.2.2",
        "to-spoke-b: hub and spoke-b agree on UDP 192.0.2.1 port 1701 -> 192.0.2.3",
        "to-spoke-c: hub has UDP 192.0.2.1 port 1701 -> 192.0.2.4",
    ]
    assert [line.startswith(begin) for line, begin in zip(summaries, begins, strict=True)] == [True] * 3, summaries
    assert [run.said(spoke) for spoke in ("spoke-b", "spoke-c")] == [[], []]


def test_a_spoke_that_is_declared_wrongly_stops_no_other_comparison(hub: Controller, says: Says) -> None:
    hub.host("spoke-b")["l2tp_address"] = "192.0.2.300"

    run = hub.play(VERIFY)

    assert (run.code, run.failed) == (2, [HUB, "spoke-b"])
    says("a spoke of a hub has a wrong address", run.failure(HUB), run.code)
    agreeing = [line.partition(":")[0] for line in run.said(HUB) if "agree on UDP" in line]
    assert agreeing == ["to-spoke-a", "to-spoke-c"]


def test_two_keys_that_are_swapped_match_neither_rule(hub: Controller, says: Says) -> None:
    give_key(hub.lab[HUB], NAMES["spoke-a"], KEYS["spoke-b"])
    give_key(hub.lab[HUB], NAMES["spoke-b"], KEYS["spoke-a"])

    run = hub.play(VERIFY)

    assert (run.code, run.failed) == (2, [HUB])
    says("two spoke keys are swapped on the hub", run.failure(HUB), run.code)
    assert "to-spoke-c: hub and spoke-c agree on UDP" in run.output
    assert not any(key in run.output + run.errors for key in KEYS.values())


def test_one_end_alone_says_that_the_other_was_not_read(hub: Controller, says: Says) -> None:
    run = hub.play(VERIFY, "--limit", "spoke-b")

    assert run.code == 0, run.explain()
    says("only one end takes part in the run", run.said("spoke-b")[-2], run.code)


def test_what_is_left_on_a_spoke_and_names_that_nobody_has(hub: Controller, says: Says) -> None:
    hub.variables["l2tp_connections"] = hub.variables["l2tp_connections"][1:]

    deleted = hub.play(VERIFY)

    assert (deleted.code, deleted.failed) == (2, [HUB])
    says("the hub still has the rule of a connection that was deleted", deleted.failure(HUB), deleted.code)
    says("a spoke whose connection was deleted still has its policy", deleted.said("spoke-a")[-1], 0)

    before = snapshots(hub.lab)
    hub.variables["l2tp_connections"] = [connection("to-nowhere", "hubb", "spoke-aa")]
    runs = [hub.play(VERIFY), hub.site()]

    for run in runs:
        assert (run.code, run.failed) == (2, [HUB, *SPOKES])
        says("no peer in l2tp_connections is in the inventory", run.failure(HUB), run.code)
    assert changes(before, hub.lab) == {}
