# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Policies that exist are adopted from the servers, and the playbook site then changes nothing."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.registry import Tree
from ansible_collections.rras.ipsec.tests.lab import Host, HostSpec
from ansible_collections.rras.ipsec.tests.lab.playground import by_hand
from ansible_collections.rras.ipsec.tests.lab.windows.registry import differences
from ansible_collections.rras.ipsec.tests.support.controller import REMOVE, VERIFY, Controller, Run
from ansible_collections.rras.ipsec.tests.support.declared import KEY, OTHERS, declared
from ansible_collections.rras.ipsec.tests.support.forms import FORMS, Form, closed, rewritten
from ansible_collections.rras.ipsec.tests.support.labs import MakeController
from ansible_collections.rras.ipsec.tests.support.pair import KEY as PAIR_KEY
from ansible_collections.rras.ipsec.tests.support.pair import (
    NEW_KEY,
    OSAKA,
    OSAKA_ADDRESS,
    OURS,
    RASMAN,
    TOKYO,
    TOKYO_ADDRESS,
    changes,
    prohibit_ipsec,
    restarts,
    without_backup,
)

ADOPT = "rras.ipsec.adopt"
KYOTO_ADDRESS = "192.0.2.3"
BY_HAND = "L2TP by hand"


def adopted(controller: Controller, key: str) -> Run:
    """Adopt what each server has, as files of variables beside the inventory."""
    controller.variables["l2tp_adopt_to"] = "{{ inventory_dir }}/host_vars"
    run = controller.play(ADOPT, "--diff", "-vvv")
    assert (run.code, run.changed) == (0, run.changed | dict.fromkeys(controller.lab, 1)), run.explain()
    assert key not in run.output + run.errors
    files = list(controller.folder.glob("host_vars/*/l2tp_adopted.yml"))
    assert len(files) == len(list(controller.lab))
    assert all(key not in file.read_text(encoding="utf-8") for file in files)
    return run


def theirs(host: Host, form: Form = lambda _keys: None) -> None:
    """Let somebody have written a policy that means what the role's does, for administrators alone, and the value."""
    rules = [rule("tokyo-osaka", OSAKA_ADDRESS), rule("tokyo-kyoto", KYOTO_ADDRESS), OTHERS]
    by_hand.follow_the_article(host, declared(*rules, name=BY_HAND).policy)
    rewritten(host, form)
    closed(host)
    host.restart()
    host.recorder.clear()


def rule(name: str, peer: str) -> dict[str, Any]:
    between = {"source_address": TOKYO_ADDRESS, "destination_address": peer}
    return {"name": name, "filters": [between], "authentication": [{"preshared_key": KEY}]}


@pytest.fixture
def tokyo(start: MakeController) -> Controller:
    """One server, between two far ends that Ansible does not reach."""
    controller = start([HostSpec(TOKYO, TOKYO_ADDRESS)])
    controller.variables["l2tp_connections"] = []
    for name, address in ((OSAKA, OSAKA_ADDRESS), ("rras-kyoto", KYOTO_ADDRESS)):
        controller.host(name).update(l2tp_address=address, l2tp_managed=False)
    controller.variables.update({f"vault_l2tp_tokyo_{end}_key": KEY for end in ("osaka", "kyoto")})
    return controller


@pytest.mark.core
@pytest.mark.usefixtures("first_run_done")
def test_what_was_adopted_changes_nothing(pair: Controller) -> None:
    for variable in ("l2tp_connections", "l2tp_policy_name", "l2tp_main_mode"):
        pair.variables.pop(variable, None)

    adopted(pair, PAIR_KEY)

    pair.variables["vault_l2tp_tokyo_osaka_key"] = PAIR_KEY
    site = pair.site()
    assert (site.code, site.changed) == (0, {TOKYO: 0, OSAKA: 0}), site.explain()


@pytest.mark.parametrize(
    "form",
    [FORMS[0], *(pytest.param(*each.values, id=each.id, marks=pytest.mark.slow) for each in FORMS[1:])],
)
def test_a_policy_that_somebody_else_wrote_is_left_byte_for_byte_and_unrecorded(tokyo: Controller, form: Form) -> None:
    host = tokyo.lab[TOKYO]
    theirs(host, form)
    before = host.registry.snapshot()
    said = adopted(tokyo, KEY).said(TOKYO)
    assert [line for line in said if line.startswith(("Not declared", "Others", "The service"))] == []
    declined = "because no rule of Windows Firewall blocks L2TP over IPv6; true is safer."
    assert f"l2tp_block_over_ipv6 is false, {declined}" in said

    runs = [tokyo.site("--check"), tokyo.site(), tokyo.play(VERIFY), tokyo.play(REMOVE, "--check"), tokyo.play(REMOVE)]

    for run in runs:
        assert (run.code, run.changed[TOKYO]) == (0, 0), run.explain()
        assert changes({TOKYO: before}, tokyo.lab) == {}
    assert host.registry.read(OURS) is None
    stays = (
        f"On {TOKYO}, the policy '{BY_HAND}' stays assigned, because this collection did not write it, or "
        "has no record of it."
    )
    assert [stays in run.said(TOKYO) for run in runs] == [False, False, False, True, True]


@pytest.mark.slow
def test_the_first_change_of_it_needs_leave_and_a_removal_gives_it_back(tokyo: Controller) -> None:
    host = tokyo.lab[TOKYO]
    theirs(host)
    before = host.registry.snapshot()
    adopted(tokyo, KEY)
    assert tokyo.site().code == 0
    tokyo.variables["vault_l2tp_tokyo_osaka_key"] = NEW_KEY

    refused = tokyo.site()
    assert refused.failure(TOKYO) == (
        f"The store already has a different policy named '{BY_HAND}' that this collection did not write, or has no "
        "record of; set l2tp_take_over to true to replace it, or write another l2tp_policy_name."
    )
    assert changes({TOKYO: before}, tokyo.lab) == {}

    tokyo.variables["l2tp_take_over"] = True
    changed, removed = tokyo.site(), tokyo.play(REMOVE)

    assert (changed.code, removed.code) == (0, 0), changed.explain() + removed.explain()
    assert differences(before, without_backup(host.registry.snapshot())) == []
    assert host.exposures == []
    assert restarts(tokyo.lab) == {TOKYO: 0}, "the value was there and stays"


@pytest.mark.slow
def test_what_site_adds_beside_it_is_recorded_and_given_back(tokyo: Controller) -> None:
    """The safer defaults, which the adopted variables decline, are declared again."""
    host = tokyo.lab[TOKYO]
    theirs(host)
    before = host.registry.snapshot()
    adopted(tokyo, KEY)

    safer = ("-e", '{"l2tp_block_over_ipv6": true, "l2tp_policy_agent_first": true}')
    site, again, removed = tokyo.site(*safer), tokyo.site(*safer), tokyo.play(REMOVE)

    assert (site.code, again.code, removed.code) == (0, 0, 0), site.explain() + removed.explain()
    assert (site.changed[TOKYO] > 0, again.changed[TOKYO]) == (True, 0)
    assert differences(before, without_backup(host.registry.snapshot())) == []
    assert host.exposures == []


@pytest.mark.slow
def test_if_only_the_value_is_missing_only_that_is_set_and_taken_back(tokyo: Controller) -> None:
    """The policy stays unrecorded, so the removal gives back the value and leaves the policy in force."""
    host = tokyo.lab[TOKYO]
    theirs(host)
    host.registry.erase(RASMAN, "ProhibitIpSec")
    host.restart()
    host.recorder.clear()
    before = host.registry.snapshot()
    said = adopted(tokyo, KEY).said(TOKYO)
    assert "ProhibitIpSec is not 1; site sets it, and restarts the server." in said

    predicted, site, again = tokyo.site("--check"), tokyo.site(), tokyo.site()

    assert (predicted.code, site.code, again.code) == (0, 0, 0), site.explain()
    assert (predicted.changed[TOKYO] > 0, again.changed[TOKYO]) == (True, 0)
    assert (prohibit_ipsec(host), restarts(tokyo.lab)) == (1, {TOKYO: 1})

    removed = tokyo.play(REMOVE)

    assert removed.code == 0, removed.explain()
    after = host.registry.snapshot()
    left = {path: sorted(key) for path, key in after.items() if path.startswith(OURS) and "Backup" not in path}
    assert left == {OURS: ["BackedUp"], rf"{OURS}\ProhibitIpSec": []}, "no record but a key without values"
    assert differences(before, Tree(key for path, key in after.items() if not path.startswith(OURS))) == []
    assert restarts(tokyo.lab) == {TOKYO: 2}
    assert host.exposures == []
