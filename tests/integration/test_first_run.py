# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The main story: a declaration, two untouched servers, one run; then nothing more to do; and back again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.firewall import NAME
from ansible_collections.rras.ipsec.tests.lab.windows.firewall import rules
from ansible_collections.rras.ipsec.tests.lab.windows.registry import differences
from ansible_collections.rras.ipsec.tests.support.controller import REMOVE, Controller
from ansible_collections.rras.ipsec.tests.support.labs import MakeController
from ansible_collections.rras.ipsec.tests.support.pair import (
    OSAKA,
    POLICY,
    TOKYO,
    Memory,
    changes,
    clear_records,
    executions,
    give,
    prohibit_ipsec,
    restarts,
    snapshots,
    without_backup,
)

AGREE = (
    "tokyo-osaka: rras-tokyo and rras-osaka agree on UDP 192.0.2.1 port 1701 -> 192.0.2.2, mirrored, "
    "with the preshared key; "
    "IKE chooses 3DES / SHA1 / Diffie-Hellman group 14 (2048) in main mode, ESP 3DES/SHA1 in quick mode"
)
EACH_ONCE = {TOKYO: 1, OSAKA: 1}
MOST_EXECUTIONS = 8
"""Of a first run without faults: plan 1, stage 2, commit 1, value 2, proof 1, finish 1."""

MOST_CARRIED = {
    ("winrm", "ntlm"): (10, 48_000, 40_000),
    ("winrm", "basic"): (7, 46_000, 39_000),
    ("psrp", "negotiate"): (11, 102_000, 44_000),
}
"""Of an unchanged server: requests, those of the login among them and one for an answer that takes its time; bytes up
and down."""

REMOVAL: list[Mapping[str, Any]] = [
    {
        "hosts": "rras",
        "gather_facts": False,
        "tasks": [
            {"rras.ipsec.win_prohibit_ipsec": {"state": "absent"}, "register": "value"},
            {"ansible.windows.win_reboot": {}, "when": "value.reboot_required"},
            {"rras.ipsec.win_ipsec_psk_policy": {"name": POLICY, "state": "absent"}},
        ],
    }
]


@pytest.mark.core
@pytest.mark.parametrize(
    "connecting",
    [
        {"connection": "winrm", "transport": "ntlm", "scheme": "http"},
        {"connection": "winrm", "transport": "basic", "scheme": "https"},
        {"connection": "psrp", "transport": "negotiate", "scheme": "http"},
    ],
    ids=lambda connecting: " ".join(connecting.values()),
)
def test_first_run_brings_the_pair_about_and_the_second_finds_nothing_to_do(
    start: MakeController, connecting: Mapping[str, str]
) -> None:
    controller = start(**connecting)
    lab = controller.lab

    first = controller.site()

    assert first.code == 0, first.explain()
    assert first.changed == {TOKYO: 4, OSAKA: 4}, "stage, commit, value, restart; there was nothing to delete"
    assert restarts(lab) == EACH_ONCE
    assert all(count <= MOST_EXECUTIONS for count in executions(lab).values())
    assert (first.said(TOKYO), first.said(OSAKA)) == ([AGREE], []), "said once"
    assert {name: prohibit_ipsec(host) for name, host in lab.items()} == EACH_ONCE

    before = snapshots(lab)
    clear_records(lab)
    second = controller.site()

    assert second.code == 0, second.explain()
    assert second.changed == {TOKYO: 0, OSAKA: 0}
    assert executions(lab) == EACH_ONCE
    tasks = {name: counts["ok"] + counts["skipped"] for name, counts in second.recap.items()}
    assert tasks == {TOKYO: 6, OSAKA: 4}, "two are done once, by the first server, for all"
    assert restarts(lab) == {TOKYO: 0, OSAKA: 0}
    assert second.said(TOKYO) == [AGREE]
    carried = {name: host.recorder.traffic for name, host in lab.items()}
    requests, up, down = MOST_CARRIED[connecting["connection"], connecting["transport"]]
    for each in carried.values():
        assert 0 < each.requests <= requests
        assert (each.up <= up, each.down <= down) == (True, True), each
    assert changes(before, lab) == {}


@pytest.mark.core
def test_check_mode_predicts_the_first_run_and_changes_nothing(pair: Controller) -> None:
    before = snapshots(pair.lab)

    predicted = pair.site("--check", "--diff")

    assert predicted.code == 0, predicted.explain()
    assert all(count > 0 for count in predicted.changed.values())
    for line in ("+IP security policy: L2TP site to site", "-ProhibitIpSec: absent", "+ProhibitIpSec: 1"):
        assert predicted.output.count(f"{line}\n") == 2, f"{line} is not shown for each host"
    assert changes(before, pair.lab) == {}
    assert restarts(pair.lab) == {TOKYO: 0, OSAKA: 0}
    assert all(_only_reads(run.records) for host in pair.lab.values() for run in host.recorder.executions)

    done = pair.site("--diff")
    assert done.code == 0, done.explain()
    assert _policy_diffs(done.output) == _policy_diffs(predicted.output)

    nothing_left = pair.site("--check", "--diff")
    assert nothing_left.code == 0, nothing_left.explain()
    assert nothing_left.changed == {TOKYO: 0, OSAKA: 0}


@pytest.mark.core
@pytest.mark.parametrize(
    "removal",
    [pytest.param(REMOVAL, id="by the actions", marks=pytest.mark.slow), pytest.param(REMOVE, id="by the playbook")],
)
def test_removal_leaves_everything_as_it_was_before(
    pair: Controller, after_first_run: Mapping[str, Memory], removal: str | list[Mapping[str, Any]]
) -> None:
    before = snapshots(pair.lab)
    give(after_first_run, pair.lab)

    removed = pair.play(removal)

    assert removed.code == 0, removed.explain()
    assert restarts(pair.lab) == EACH_ONCE
    for name, host in pair.lab.items():
        assert differences(before[name], without_backup(host.registry.snapshot())) == []
        assert host.agent.has_automatic_filters, "RRAS started after our policy was gone"
        assert rules(host.registry, NAME) == {}
        assert host.exposures == [], "L2TP was in clear text on the way"

    again = pair.play(removal)
    assert again.code == 0, again.explain()
    assert again.changed == {TOKYO: 0, OSAKA: 0}


@pytest.mark.usefixtures("first_run_done")
def test_check_mode_predicts_the_removal_and_changes_nothing(pair: Controller) -> None:
    before = snapshots(pair.lab)

    predicted = pair.play(REMOVE, "--check", "--diff")

    assert predicted.code == 0, predicted.explain()
    for line in ("-IP security policy: L2TP site to site", "-ProhibitIpSec: 1", "+ProhibitIpSec: absent"):
        assert predicted.output.count(f"{line}\n") == 2, f"{line} is not shown for each host"
    assert changes(before, pair.lab) == {}
    assert restarts(pair.lab) == {TOKYO: 0, OSAKA: 0}


@pytest.mark.usefixtures("first_run_done")
def test_a_removal_that_would_leave_clear_text_or_half_a_tunnel_is_refused(pair: Controller) -> None:
    before = snapshots(pair.lab)
    tasks: list[dict[str, Any]] = [{"rras.ipsec.win_ipsec_psk_policy": {"name": POLICY, "state": "absent"}}]

    alone = pair.play(REMOVE, "--limit", TOKYO)
    refused = pair.play([{"hosts": "rras", "gather_facts": False, "tasks": tasks}])

    assert alone.failure(TOKYO) == (
        "rras-tokyo stopped: its peer rras-osaka was not read in this run, and a changed connection must change on "
        "both ends together; run both together (check --limit, serial and strategy), or set l2tp_one_end to true if "
        "the tunnel may break until the other end follows."
    )
    assert refused.failed == [OSAKA, TOKYO]
    assert refused.failure(TOKYO) == (
        "ProhibitIpSec is 1 on this host, so without the policy 'L2TP site to site' its L2TP would be in clear text; "
        "remove the value first (win_prohibit_ipsec with state absent; by hand if it was 1 before this collection "
        "changed the host) and restart the host."
    )
    assert changes(before, pair.lab) == {}


def _only_reads(records: tuple[str, ...]) -> bool:
    return {record.partition(" ")[0] for record in records} <= {"Prepare", "ReadTree", "ReadDigest", "RunProgram"}


def _policy_diffs(output: str) -> list[str]:
    """The lines of the diffs of the policy, both hosts' together."""
    return sorted(line for line in output.splitlines() if line.startswith(("+ ", "- ", "+IP", "-IP")))
