# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What l2tp_remove_leftovers takes away, and where it takes nothing away."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.rras.ipsec.tests.support.network import OSAKA, PAIR, POLICY, TOKYO, proof, rule
from ansible_collections.rras.ipsec.tests.support.role import decide

KYOTO = "rras-kyoto"
OURS = {"name": POLICY, "assigned": True, "ours": True, "adopted": False, "unreadable": [], "weaknesses": []}
OTHER_NAME = {**OURS, "name": "Another name", "assigned": False, "open_keys": []}


def play(*policies: dict[str, Any], of_kyoto: Any = (), of_others: Any = (PAIR,), **variables: Any) -> dict[str, Any]:
    """Return a pair, and a third server that has policies and declares connections of its own."""
    wanted = {"l2tp_remove_leftovers": True} | variables
    sound = proof(rules=[rule()], policies=[{**OURS, "open_keys": []}])
    shared = {"l2tp_connections": list(of_others), **wanted}
    read = {"host": proof(policies=[{"open_keys": [], **each} for each in policies])["host"]}
    return {
        TOKYO: {**shared, "l2tp_address": "192.0.2.1", "__l2tp_plan": {**sound, "pending": False}},
        OSAKA: {**shared, "l2tp_address": "192.0.2.2", "__l2tp_plan": {**sound, "pending": False}},
        KYOTO: {"l2tp_connections": list(of_kyoto), "l2tp_address": "192.0.2.3", **wanted, "__l2tp_plan": read},
    }


def link(*peers: str) -> dict[str, Any]:
    return {"name": "link", "peers": list(peers), "preshared_key": "The key of this pair, 1053"}


@pytest.mark.parametrize(
    ("hosts", "tasks"),
    [
        pytest.param(play(OURS), "leftovers.yml", id="nobody declares anything of it"),
        pytest.param(play(OURS, of_kyoto=[PAIR]), "leftovers.yml", id="it knows of the others' connection only"),
        pytest.param(play(OURS, l2tp_remove_leftovers=False), None, id="that is not wanted"),
        pytest.param(play(OURS, l2tp_managed=False), None, id="Ansible does not reach it"),
        pytest.param(play({**OURS, "ours": False}), None, id="the policy is somebody else's"),
        pytest.param(play(), None, id="nothing is left"),
        pytest.param(play(OURS, of_kyoto=[link(TOKYO, "rras-kioto")]), None, id="a name may be misspelt"),
        pytest.param(play(OURS, of_others=[PAIR, link(TOKYO, KYOTO)]), None, id="others declare a connection with it"),
    ],
)
def test_a_host_that_no_connection_names(hosts: dict[str, Any], tasks: str | None) -> None:
    result, done, stopped = decide("compare", hosts, KYOTO)
    assert (done, stopped) == ([], "")
    assert result.get("next") == tasks
    assert result["goes_on"] is (tasks is not None)


def test_a_verification_takes_nothing_away() -> None:
    assert decide("compare", play(OURS, l2tp_verify_only=True), KYOTO)[0].get("next") is None


@pytest.mark.parametrize("name", [TOKYO, OSAKA])
def test_the_others_go_on_as_before(name: str) -> None:
    result, _done, _stopped = decide("compare", play(OURS), name)
    assert (result["goes_on"], result.get("next")) == (False, None)


@pytest.mark.parametrize(
    ("policy", "variables", "deleted"),
    [
        (OTHER_NAME, {}, True),
        (OTHER_NAME, {"l2tp_remove_leftovers": False}, False),
        ({**OTHER_NAME, "ours": False}, {}, False),
        ({**OTHER_NAME, "assigned": True}, {}, False),
        ({**OTHER_NAME, "name": POLICY.upper()}, {}, False),
    ],
)
def test_a_policy_of_another_name(policy: dict[str, Any], variables: dict[str, Any], deleted: bool) -> None:
    hosts = play(**variables)
    hosts[TOKYO]["__l2tp_plan"]["host"]["policies"].append(policy)
    compared, _done, _stopped = decide("compare", hosts, TOKYO)
    assert (compared["goes_on"], compared.get("next")) == (deleted, None)
    _result, done, stopped = decide("finish", hosts, TOKYO)
    assert (done, stopped) == (["all"] * deleted, "")
    predicted, done, _stopped = decide("finish", hosts, TOKYO, check_mode=True)
    said = ["The policy 'Another name' would be deleted from rras-tokyo."] * deleted
    assert (list(predicted.get("msg", [])), done) == (said, [])
