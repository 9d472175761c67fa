# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The filters as the role calls them: from the variable hostvars to what a task decides on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from ansible_collections.rras.ipsec.plugins.filter import (
    l2tp_agreement,
    l2tp_barrier,
    l2tp_far_end,
    l2tp_not_back,
    l2tp_problems,
    l2tp_report,
    l2tp_restart_batches,
    l2tp_rules,
    l2tp_uncertain,
)
from ansible_collections.rras.ipsec.tests.support.network import DEAD, OSAKA, PAIR, PENDING, TOKYO, proof

MODULES = (
    l2tp_agreement,
    l2tp_barrier,
    l2tp_far_end,
    l2tp_not_back,
    l2tp_problems,
    l2tp_report,
    l2tp_restart_batches,
    l2tp_rules,
    l2tp_uncertain,
)
FILTERS: dict[str, Callable[..., Any]] = {
    name: function for module in MODULES for name, function in module.FilterModule().filters().items()
}
HOSTVARS: dict[str, dict[str, Any]] = {
    TOKYO: {
        "l2tp_connections": [PAIR],
        "l2tp_address": "192.0.2.1",
        "__l2tp_plan": PENDING,
        "__l2tp_stage": {"transaction": "x"},
        "__l2tp_commit": {"changed": True},
    },
    OSAKA: {
        "l2tp_connections": [PAIR],
        "l2tp_address": "192.0.2.2",
        "__l2tp_plan": proof() | PENDING,
        "__l2tp_commit": DEAD,
        "__l2tp_again": DEAD,
        "__l2tp_value": {"reboot_required": True},
        "__l2tp_restart": DEAD,
    },
}

VERIFIED = {TOKYO: proof(), OSAKA: DEAD}


def asked(name: str, *arguments: Any) -> Any:
    return FILTERS[name](HOSTVARS, *arguments)


def test_each_module_offers_the_filter_of_its_name() -> None:
    assert sorted(FILTERS) == [module.__name__.rpartition(".")[2] for module in MODULES]


def test_the_rules_of_a_host() -> None:
    names = [rule["name"] for rule in asked("l2tp_rules", TOKYO, "block")]
    assert names == ["tokyo-osaka", "all other L2TP"]


def test_the_problems_of_a_host() -> None:
    assert asked("l2tp_problems", TOKYO) == []


def test_the_agreement_as_data() -> None:
    (pair,) = asked("l2tp_agreement", OSAKA)
    assert (pair["name"], pair["proved"], len(pair["remarks"])) == ("tokyo-osaka", False, 1)


def test_findings_are_plain_text() -> None:
    hostvars = HOSTVARS | {OSAKA: HOSTVARS[OSAKA] | {"__l2tp_plan": proof(in_effect="no")}}
    (pair,) = FILTERS["l2tp_agreement"](hostvars, OSAKA)
    (found,) = pair["findings"]
    assert (found["identifier"], found["severity"]) == ("restart_pending", "error")
    assert {type(value) for value in found.values()} == {str}


def test_a_report_as_plain_text() -> None:
    hostvars = HOSTVARS | {name: HOSTVARS[name] | {"__l2tp_verified": answer} for name, answer in VERIFIED.items()}
    said = FILTERS["l2tp_report"](hostvars, OSAKA)
    assert said["errors"] == [
        "rras-osaka is unreachable: Connection refused. Its connections were not compared; all others were."
    ]
    (found,) = said["findings"]
    assert {type(value) for value in found.values()} == {str}
    (line,) = FILTERS["l2tp_report"](hostvars, TOKYO)["lines"]
    assert line.startswith("tokyo-osaka: rras-tokyo has UDP 192.0.2.1 port 1701 -> 192.0.2.2")
    assert FILTERS["l2tp_report"](hostvars, TOKYO)["findings"] == []


def reported(answer: Mapping[str, Any], **variables: Any) -> Any:
    hostvars = {TOKYO: HOSTVARS[TOKYO] | {"__l2tp_verified": answer} | variables}
    return FILTERS["l2tp_report"](hostvars | {OSAKA: HOSTVARS[OSAKA]}, TOKYO)


def test_what_does_not_match_is_said_whatever_it_is() -> None:
    assert reported(proof())["errors"] == []
    assert reported(proof(matches=False))["errors"] == [
        "rras-tokyo does not match the declaration. Run site for rras-tokyo."
    ]


def test_a_host_without_a_connection_needs_no_address() -> None:
    answer = proof(comparison=None)
    answer["host"] |= {"addresses": [{"address": "192.0.2.7", "dynamic": False}], "machine": "x"}
    alone = reported(answer, l2tp_connections=[], l2tp_address=None)
    assert alone["warnings"] == [
        "l2tp_connections is empty for rras-tokyo, and no policy of this collection is there. Nothing was compared."
    ]
    (error,) = reported({**answer, "comparison": proof()["comparison"]})["errors"]
    assert error.startswith(
        "rras-tokyo was not compared, because l2tp_address of rras-tokyo is 192.0.2.1, but the server"
    )


def test_a_host_that_was_not_read_is_no_success() -> None:
    (said,) = FILTERS["l2tp_report"](HOSTVARS, TOKYO)["errors"]
    assert said.startswith("rras-tokyo was not read in this run; start with the first task of the role")


@pytest.mark.parametrize(("phase", "goes_on"), [("plan", True), ("stage", False), ("commit", False), ("value", False)])
def test_the_barrier(phase: str, goes_on: bool) -> None:
    assert (asked("l2tp_barrier", TOKYO, phase) == "") is goes_on
    assert asked("l2tp_barrier", TOKYO, phase, True) == "", "one end alone, on demand"


def test_which_end_comes_first() -> None:
    assert (asked("l2tp_far_end", TOKYO), asked("l2tp_far_end", OSAKA)) == (False, True)


def test_a_lost_answer_and_a_host_that_stays_away() -> None:
    assert asked("l2tp_uncertain", OSAKA) is True
    assert asked("l2tp_restart_batches", [TOKYO, OSAKA]) == [[OSAKA]]
    assert asked("l2tp_not_back", [TOKYO, OSAKA]) == [OSAKA]
