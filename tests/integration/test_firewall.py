# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rule of Windows Firewall for L2TP over IPv6, after somebody meddled with it, and after a run that goes back."""

from __future__ import annotations

import pytest

from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.firewall import NAME
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.registry import Value, join
from ansible_collections.rras.ipsec.tests.lab import Host, RecordRefusedError
from ansible_collections.rras.ipsec.tests.lab.windows.firewall import rewrite, rules
from ansible_collections.rras.ipsec.tests.lab.windows.installation import FIREWALL_SETTINGS
from ansible_collections.rras.ipsec.tests.support.controller import VERIFY, Controller
from ansible_collections.rras.ipsec.tests.support.pair import (
    KEY,
    NEW_KEY,
    OSAKA,
    OSAKA_ADDRESS,
    POLICY,
    TOKYO,
    TOKYO_ADDRESS,
    changes,
    connection,
    snapshots,
)

OURS = f"v2.30|Action=Block|Active=TRUE|Dir=In|Protocol=17|LPort=1701|RA6=::/1|RA6=8000::/1|Name={NAME}|"
REMEDY = (
    "Set l2tp_other_peers to block or certificate and l2tp_block_over_ipv6 to true, "
    "and check that Windows Firewall is on (the service MpsSvc and all profiles)."
)

pytestmark = pytest.mark.usefixtures("first_run_done")


def ours(host: Host) -> list[str]:
    return list(rules(host.registry, NAME).values())


@pytest.mark.core
def test_a_changed_rule_is_a_finding_and_site_replaces_it(pair: Controller) -> None:
    tokyo, osaka = pair.lab[TOKYO], pair.lab[OSAKA]
    assert (ours(tokyo), ours(osaka)) == ([OURS], [OURS])
    rewrite(tokyo.registry, NAME, "Active=TRUE", "Active=FALSE")
    rewrite(osaka.registry, NAME, "Action=Block", "Action=Allow")
    changed = snapshots(pair.lab)

    verified = pair.play(VERIFY)

    said = {
        TOKYO: f"L2TP over IPv6 is in clear text on {TOKYO}, because the rule {NAME} of Windows Firewall "
        f"is switched off. {REMEDY}",
        OSAKA: f"L2TP over IPv6 is in clear text on {OSAKA}, because the rule {NAME} of Windows Firewall "
        f"does not block. {REMEDY}",
    }
    assert {name: sentence in verified.output for name, sentence in said.items()} == dict.fromkeys(said, True)
    assert changes(changed, pair.lab) == {}

    repaired = pair.site()

    assert repaired.code == 0, repaired.explain()
    assert (ours(tokyo), ours(osaka)) == ([OURS], [OURS])
    assert "L2TP over IPv6" not in repaired.output
    assert pair.site().changed == {TOKYO: 0, OSAKA: 0}


def test_a_firewall_that_is_off_is_a_finding_of_that_host(pair: Controller) -> None:
    key = join(FIREWALL_SETTINGS, "PublicProfile")
    pair.lab[TOKYO].registry.write(key, "EnableFirewall", Value.dword(0))

    run = pair.site()

    assert (run.code, run.changed) == (0, {TOKYO: 0, OSAKA: 0}), run.explain()
    assert (
        f"L2TP over IPv6 is in clear text on {TOKYO}, because Windows Firewall is off in the profile public. {REMEDY}"
    ) in run.said(TOKYO)
    assert f"L2TP over IPv6 is in clear text on {OSAKA}" not in run.output


@pytest.mark.slow
@pytest.mark.exposed("the play says that other L2TP is to be ignored")
def test_a_run_that_reverts_leaves_the_rule_and_one_that_finishes_deletes_it(pair: Controller) -> None:
    pair.variables.update(l2tp_other_peers="ignore", l2tp_connections=[connection(key=NEW_KEY)])
    pair.lab[OSAKA].impairments.before_record = _refuses_to_assign

    refused = pair.site()

    assert refused.code != 0
    assert [ours(host) for host in pair.lab.values()] == [[OURS], [OURS]]

    pair.lab[OSAKA].impairments.before_record = None
    assert pair.site().code == 0
    assert [ours(host) for host in pair.lab.values()] == [[], []]


@pytest.mark.slow
def test_a_policy_that_is_unassigned_leaves_no_rule(pair: Controller) -> None:
    """The value goes first, for without the policy it would leave all L2TP in clear text."""
    pair.variables["key"] = KEY
    between = {"source_address": TOKYO_ADDRESS, "destination_address": OSAKA_ADDRESS}
    declared = {"name": "tokyo-osaka", "filters": [between], "authentication": [{"preshared_key": "{{ key }}"}]}
    unassigned = {"name": POLICY, "rules": [declared], "assigned": False}
    tasks = [
        {"rras.ipsec.win_prohibit_ipsec": {"state": "absent"}},
        {"ansible.windows.win_reboot": {}},
        {"rras.ipsec.win_ipsec_psk_policy": unassigned},
    ]

    run = pair.play([{"hosts": TOKYO, "gather_facts": False, "tasks": tasks}])

    assert run.code == 0, run.explain()
    assert (ours(pair.lab[TOKYO]), ours(pair.lab[OSAKA])) == ([], [OURS])
    again = pair.play([{"hosts": TOKYO, "gather_facts": False, "tasks": tasks[2:]}])
    assert again.changed == {TOKYO: 0}


def _refuses_to_assign(_number: int, record: str) -> None:
    if record.startswith("AssignPolicy"):
        raise RecordRefusedError
