# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A connection has two ends: what happens when one of them is missing, fails, or is none of ours."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.registry import Tree
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.store import Store
from ansible_collections.rras.ipsec.tests.lab import Host, HostSpec, PoweredOff, RecordRefusedError, WrongAnswer
from ansible_collections.rras.ipsec.tests.lab.windows.registry import differences
from ansible_collections.rras.ipsec.tests.messages import Says
from ansible_collections.rras.ipsec.tests.support.controller import REMOVE, VERIFY, Controller
from ansible_collections.rras.ipsec.tests.support.labs import MakeController
from ansible_collections.rras.ipsec.tests.support.pair import (
    KEY,
    NEW_KEY,
    OSAKA,
    OURS,
    PAIR,
    POLICY,
    RASMAN,
    TOKYO,
    assigned,
    changes,
    clear_records,
    connection,
    executions,
    keys_of,
    prohibit_ipsec,
    restarts,
    snapshots,
)

NAGOYA, SENDAI = "rras-nagoya", "rras-sendai"
AFTER = "hostname # after"
LOST = "the connection was lost before the host answered (ConnectionError)."

BOTH_REMEDIES = (
    "; run both ends together when rras-osaka answers, or set l2tp_one_end to true if the tunnel may break "
    "until the other end follows."
)


def test_one_end_alone_stops_before_anything_is_changed_unless_it_is_meant(pair: Controller) -> None:
    before = snapshots(pair.lab)

    alone = pair.site("--limit", TOKYO)

    assert alone.code == 2, alone.explain()
    assert alone.failure(TOKYO) == (
        "rras-tokyo stopped: its peer rras-osaka was not read in this run, and a changed connection must change on "
        "both ends together; run both together (check --limit, serial and strategy), or set l2tp_one_end to true if "
        "the tunnel may break until the other end follows."
    )
    assert changes(before, pair.lab) == {}

    pair.variables["l2tp_one_end"] = True
    meant = pair.site("--limit", TOKYO)

    assert meant.code == 0, meant.explain()
    assert prohibit_ipsec(pair.lab[TOKYO]) == 1
    assert restarts(pair.lab) == {TOKYO: 1, OSAKA: 0}
    assert OURS + r"\Transaction" not in pair.lab[TOKYO].registry.snapshot()
    assert snapshots(pair.lab)[OSAKA] == before[OSAKA]


def test_a_peer_that_was_away_from_the_start_leaves_the_other_untouched(pair: Controller, says: Says) -> None:
    before = snapshots(pair.lab)
    pair.lab[OSAKA].power_off()

    run = pair.site()

    assert run.failed == [OSAKA, TOKYO]
    sentence = f"rras-tokyo stopped: its peer rras-osaka is unreachable: *{BOTH_REMEDIES}"
    says("a peer is off in a run that would change the connection", sentence, run.code, said=run.failure(TOKYO))
    assert changes(before, pair.lab) == {}


@pytest.mark.usefixtures("first_run_done")
def test_names_that_lead_to_other_servers_are_noticed_before_anything_is_changed(pair: Controller) -> None:
    """The ports of the two are exchanged, then both names lead to one server; with and without something to do."""
    before = snapshots(pair.lab)
    ports = {name: pair.host(name)["ansible_port"] for name in (TOKYO, OSAKA)}
    osaka = (
        "l2tp_address of rras-osaka is 192.0.2.2, but the server that answers as rras-osaka has 10.0.0.10, 192.0.2.1"
    )

    pair.host(TOKYO)["ansible_port"], pair.host(OSAKA)["ansible_port"] = ports[OSAKA], ports[TOKYO]
    exchanged = pair.play(VERIFY)

    exchange = "l2tp_address, or ansible_host and ansible_port, of {} and {} may be swapped."
    assert exchanged.failure(OSAKA) == (
        f"rras-osaka was not compared, because {osaka}, and 192.0.2.2 is an address of the server that answers as "
        f"rras-tokyo; {exchange.format(OSAKA, TOKYO)}"
    )
    assert exchanged.failure(TOKYO).startswith("rras-tokyo was not compared, because l2tp_address of rras-tokyo is ")
    assert exchanged.failure(TOKYO).endswith(exchange.format(TOKYO, OSAKA))
    pair.host(TOKYO)["ansible_port"] = ports[TOKYO]
    pair.variables["l2tp_connections"] = [connection(key=NEW_KEY)]
    one = pair.site()

    for name in (TOKYO, OSAKA):
        assert one.failure(name) == (
            f"{name} stopped: rras-osaka and rras-tokyo are the same machine under two names; "
            "correct ansible_host and ansible_port of rras-osaka or rras-tokyo, or remove one of the names."
        )
    assert changes(before, pair.lab) == {}

    pair.host(OSAKA)["ansible_port"] = ports[OSAKA]
    pair.host("rras-alias").update(pair.host(TOKYO))
    pair.host("branch").update(l2tp_managed=False, l2tp_address="198.51.100.9")
    pair.variables["l2tp_connections"].append(connection("alias-branch", "rras-alias", "branch"))
    unlinked = pair.site()

    for name in ("rras-alias", TOKYO):
        assert unlinked.failure(name) == (
            f"{name} stopped: rras-alias and rras-tokyo are the same machine under two names; "
            "correct ansible_host and ansible_port of rras-alias or rras-tokyo, or remove one of the names."
        )
    assert changes(before, pair.lab) == {}


@pytest.mark.usefixtures("first_run_done")
def test_a_peer_that_goes_away_while_staging_makes_the_other_go_back(pair: Controller) -> None:
    before = snapshots(pair.lab)
    pair.variables["l2tp_connections"] = [connection(key=NEW_KEY)]
    pair.lab[OSAKA].impairments.before_record = _dies_when_it_writes

    run = pair.site()

    assert run.failed == [OSAKA, TOKYO]
    assert run.failure(OSAKA).endswith(LOST), run.failure(OSAKA)
    assert run.failure(TOKYO).startswith("rras-tokyo stopped: its peer rras-osaka is unreachable: ")
    assert run.failure(TOKYO).endswith(f"{LOST.rstrip('.')}{BOTH_REMEDIES}")
    assert differences(_without_newest_backup(before[TOKYO]), _without_newest_backup(snapshots(pair.lab)[TOKYO])) == []
    assert keys_of(assigned(pair.lab[TOKYO])) == [KEY]

    pair.lab[OSAKA].impairments.before_record = None
    pair.lab[OSAKA].power_on()
    healed = pair.site()
    assert healed.code == 0, healed.explain()
    assert {name: keys_of(assigned(host)) for name, host in pair.lab.items()} == {
        TOKYO: [NEW_KEY],
        OSAKA: [NEW_KEY],
    }
    assert all(len(Store.read(host.store).policies) == 1 for host in pair.lab.values())


def test_a_failing_peer_makes_the_other_go_back_after_its_commit(pair: Controller) -> None:
    before = snapshots(pair.lab)
    pair.lab[OSAKA].agent.deaf = True
    pair.variables["l2tp_settle_timeout"] = 1

    run = pair.site()

    unlisted = (
        "The policy 'L2TP site to site' was written, but "
        "after 1 seconds PolicyAgent does not list the filter between 192.0.2.1 and 192.0.2.2."
    )
    assert run.failure(OSAKA) == f"rras-osaka failed: {unlisted}"
    assert run.failure(TOKYO) == (f"rras-tokyo stopped: its peer rras-osaka failed: {unlisted}")
    for name, host in pair.lab.items():
        assert prohibit_ipsec(host) is None
        assert differences(_without_ours(before[name]), _without_ours(host.registry.snapshot())) == []


@pytest.mark.usefixtures("first_run_done")
@pytest.mark.parametrize("goes", [True, False])
def test_what_a_peer_told_in_an_earlier_play_does_not_count(pair: Controller, goes: bool) -> None:
    """The peer goes away between two plays of one run, or does not."""
    role = {"gather_facts": False, "hosts": "rras", "roles": ["rras.ipsec.l2tp"]}
    away = {"name": "Ask", "rras.ipsec.win_ipsec_policy_info": {}, "when": f"inventory_hostname == '{OSAKA}'"}
    other = {"l2tp_policy_name": "Another", "l2tp_replace_assigned": True}
    before = snapshots(pair.lab)

    run = pair.play(
        [
            {**role, "tasks": [{**away, "vars": {"ansible_port": 1} if goes else {}}]},
            {**role, "vars": other},
        ]
    )

    assert run.failure(TOKYO) == (
        (
            "rras-tokyo stopped: its peer rras-osaka was not read in this run, and a changed connection must change "
            "on both ends together; run both together (check --limit, serial and strategy), or set l2tp_one_end to "
            "true if the tunnel may break until the other end follows."
        )
        if goes
        else ""
    )
    assert (changes(before, pair.lab) == {}) == goes


@pytest.mark.usefixtures("first_run_done")
def test_a_removal_leaves_both_ends_as_they_are_while_one_is_away(pair: Controller) -> None:
    pair.variables["l2tp_reboot"] = "never"
    before = snapshots(pair.lab)
    pair.lab[OSAKA].power_off()

    run = pair.play(REMOVE)

    assert run.failed == [OSAKA, TOKYO]
    assert run.failure(TOKYO).startswith("rras-tokyo stopped: its peer rras-osaka is unreachable: ")
    assert changes(before, pair.lab) == {}

    pair.lab[OSAKA].power_on()
    assert pair.play(REMOVE).code == 0
    assert all(prohibit_ipsec(host) is None for host in pair.lab.values())
    assert all(keys_of(assigned(host)) == [KEY] for host in pair.lab.values()), "nobody has restarted yet"


@pytest.mark.usefixtures("first_run_done")
def test_a_removal_keeps_the_policy_while_the_peer_still_runs_with_the_value(pair: Controller) -> None:
    pair.lab[OSAKA].impairments.before_record = _fails_to_remove_the_value

    run = pair.play(REMOVE)

    refused = (
        "The host stopped while it deleted a value at SYSTEM\\CurrentControlSet\\Services\\RasMan\\Parameters: "
        "The disk is full. All changes were undone."
    )
    assert run.failure(OSAKA) == refused
    assert run.failure(TOKYO) == f"rras-tokyo keeps its policy, because its peer rras-osaka failed: {refused}"
    assert {name: prohibit_ipsec(host) for name, host in pair.lab.items()} == {TOKYO: None, OSAKA: 1}
    assert all(keys_of(assigned(host)) == [KEY] for host in pair.lab.values())

    pair.lab[OSAKA].impairments.before_record = None
    assert pair.play(REMOVE).code == 0
    assert all(assigned(host) is None for host in pair.lab.values())


def test_an_end_that_is_not_managed_needs_only_the_other(start: MakeController) -> None:
    controller = start([PAIR[0]])
    controller.host(OSAKA).update(l2tp_address="198.51.100.7", l2tp_managed=False)

    run = controller.site()

    assert run.code == 0, run.explain()
    assert restarts(controller.lab) == {TOKYO: 1}
    assert keys_of(assigned(controller.lab[TOKYO])) == [KEY]
    assert run.said(TOKYO) == [
        "tokyo-osaka: rras-tokyo has UDP 192.0.2.1 port 1701 -> 198.51.100.7, mirrored, with the preshared key",
        "rras-osaka is not managed, so its end is not proved.",
    ]
    assert controller.site().changed == {OSAKA: 0, TOKYO: 0}


@pytest.mark.core
def test_a_peer_outside_the_play_is_managed_or_not_in_the_words_of_an_ini_inventory(
    start: MakeController, tmp_path: Path
) -> None:
    controller = start([PAIR[0]])
    failures = {}

    for word in ("false", "n", "true", "y"):
        inventory = tmp_path / f"{word}.ini"
        inventory.write_text(f"[far]\n{OSAKA} l2tp_address=198.51.100.7 l2tp_managed={word}\n", encoding="utf-8")
        failures[word] = controller.site("-i", str(inventory), "--check").failure(TOKYO)

    managed = (
        "The connection tokyo-osaka is declared for rras-tokyo but not for rras-osaka; "
        "write it into the variables of a group that contains both."
    )
    assert failures == {"false": "", "n": "", "true": managed, "y": managed}


def test_a_broken_pair_does_not_hold_up_another(start: MakeController) -> None:
    others = (HostSpec(NAGOYA, "192.0.2.3"), HostSpec(SENDAI, "192.0.2.4"))
    controller = start([*PAIR, *others])
    controller.variables["l2tp_connections"].append(connection("nagoya-sendai", NAGOYA, SENDAI))
    controller.lab[OSAKA].power_off()
    tasks = [{"ansible.builtin.include_role": {"name": "rras.ipsec.l2tp"}}, {"ansible.builtin.raw": AFTER}]

    run = controller.play([{"hosts": "rras", "gather_facts": False, "tasks": tasks}])

    assert run.failed == [OSAKA, TOKYO]
    assert run.failure(TOKYO).startswith("rras-tokyo stopped: its peer rras-osaka is unreachable: ")
    assert assigned(controller.lab[TOKYO]) is None
    went_on = {name for name, host in controller.lab.items() if AFTER in host.recorder.script_blocks}
    assert went_on == {NAGOYA, SENDAI}
    for name in (NAGOYA, SENDAI):
        found = assigned(controller.lab[name])
        assert found is not None
        assert found.name == POLICY
        assert prohibit_ipsec(controller.lab[name]) == 1
        assert run.failure(name) == ""
    assert restarts(controller.lab) == {TOKYO: 0, OSAKA: 0, NAGOYA: 1, SENDAI: 1}


NOT_READ = "was not read in this run, and a changed connection must change on both ends together; run both together "
NOT_WAITED = "stopped: with the strategy free it would not wait for its peer"
FROM_THE_FIRST = "stopped: it was not read in this run; start with the first task of the role "
ROLE = "rras.ipsec.l2tp"
DELEGATED = "delegate_to is in effect for the role, which works on each host itself; remove it."


@pytest.mark.slow
@pytest.mark.parametrize(
    ("play", "arguments", "said"),
    [
        ({"serial": 1}, (), f"its peer {OSAKA} {NOT_READ}"),
        ({"strategy": "free"}, (), f"{TOKYO} {NOT_WAITED} {OSAKA}"),
        ({}, ("--start-at-task", "Compare both ends"), f"{TOKYO} {FROM_THE_FIRST}"),
        ({}, ("--start-at-task", "Change what differs"), f"{TOKYO} {FROM_THE_FIRST}"),
        ({"roles": [{"role": ROLE, "run_once": True}]}, (), f"its peer {OSAKA} {NOT_READ}"),
        ({"roles": [{"role": ROLE, "delegate_to": TOKYO}]}, (), DELEGATED),
    ],
    ids=["serial", "free", "start at compare", "start at change", "run_once", "delegate_to"],
)
def test_ends_that_would_not_change_together_are_stopped_before_staging(
    pair: Controller, play: Mapping[str, Any], arguments: tuple[str, ...], said: str
) -> None:
    before = snapshots(pair.lab)
    role = {"hosts": "rras", "gather_facts": False, "roles": ["rras.ipsec.l2tp"], **play}

    run = pair.play([role], *arguments)

    assert run.code == 2, run.explain()
    assert said in run.failure(TOKYO)
    assert changes(before, pair.lab) == {}


@pytest.mark.slow
def test_an_answer_that_got_lost_is_asked_for_again(pair: Controller) -> None:
    """The commit was done, and what came back of it was not understood."""
    _lose_the_answer_to_the_commit(pair.lab[OSAKA])

    run = pair.site()

    assert run.code == 0, run.explain()
    counts = executions(pair.lab)
    assert counts[OSAKA] == counts[TOKYO] + 1
    assert restarts(pair.lab) == {TOKYO: 1, OSAKA: 1}
    assert pair.site().changed == {TOKYO: 0, OSAKA: 0}


@pytest.mark.slow
@pytest.mark.core
@pytest.mark.usefixtures("first_run_done")
def test_while_it_is_unknown_what_one_end_has_nobody_goes_back(pair: Controller) -> None:
    pair.variables["l2tp_reboot"] = "never"
    pair.variables["l2tp_connections"] = [connection(key=NEW_KEY)]
    pair.lab[OSAKA].impairments.before_record = _dies_when_it_is_to_assign

    run = pair.site()

    unknown = (
        "rras-osaka did not answer the commit, so whether it has the new policy is unknown "
        f"({LOST.rstrip('.')}); nothing was reverted; repeat the run when it answers."
    )
    assert run.failure(OSAKA) == unknown
    assert run.failure(TOKYO) == (f"rras-tokyo stopped: its peer {unknown} rras-tokyo has the new policy in force.")
    assert keys_of(assigned(pair.lab[TOKYO])) == [NEW_KEY]
    assert keys_of(assigned(pair.lab[OSAKA])) == [KEY]
    assert all(len(Store.read(host.store).policies) == 2 for host in pair.lab.values())

    pair.lab[OSAKA].impairments.before_record = None
    pair.lab[OSAKA].power_on()
    assert pair.site().code == 0
    for host in pair.lab.values():
        (only,) = Store.read(host.store).policies
        assert keys_of(only) == [NEW_KEY]


@pytest.mark.usefixtures("first_run_done")
def test_an_end_that_dies_before_its_commit_makes_the_other_go_back(pair: Controller) -> None:
    """Nothing was sent to it, so it did not commit; when its answer got lost, nobody would know."""
    pair.variables["l2tp_connections"] = [connection(key=NEW_KEY)]
    near, far = pair.lab[TOKYO], pair.lab[OSAKA]
    scripts = iter(range(1, 100))

    def at_the_commit_of_the_far_end() -> None:
        if next(scripts) == 4:
            near.power_off()

    far.impairments.before_script = at_the_commit_of_the_far_end

    run = pair.site()

    assert [keys_of(assigned(host)) for host in (near, far)] == [[KEY], [KEY]], run.explain()
    assert run.failure(OSAKA).startswith("rras-osaka stopped: its peer rras-tokyo is unreachable: ")
    assert run.recap[TOKYO]["unreachable"] == 1
    near.power_on()
    healed = pair.site()
    assert healed.code == 0, healed.explain()
    assert [keys_of(assigned(host)) for host in (near, far)] == [[NEW_KEY], [NEW_KEY]]


@pytest.mark.slow
@pytest.mark.usefixtures("first_run_done")
def test_what_was_replaced_stays_until_the_peer_is_proved_too(pair: Controller) -> None:
    pair.variables["l2tp_reboot"] = "never"
    pair.variables["l2tp_connections"] = [connection(key=NEW_KEY)]
    scripts = iter(range(1, 100))
    pair.lab[OSAKA].impairments.before_script = lambda: _power_off_before_the_proof(pair.lab[OSAKA], next(scripts))

    run = pair.site()

    assert run.failed == [OSAKA, TOKYO]
    gone = f"rras-osaka became unreachable before it could be read again ({LOST.rstrip('.')}); its policy is in force"
    assert run.failure(OSAKA).startswith(gone)
    assert run.failure(TOKYO).startswith(
        f"rras-tokyo keeps the replaced policy beside the new one, because its peer {gone}"
    )
    assert sorted(keys_of(found) for found in Store.read(pair.lab[TOKYO].store).policies) == [[NEW_KEY], [KEY]]
    assert keys_of(assigned(pair.lab[TOKYO])) == [NEW_KEY]

    pair.lab[OSAKA].power_on()
    assert pair.site().code == 0
    assert [keys_of(found) for found in Store.read(pair.lab[TOKYO].store).policies] == [[NEW_KEY]]


@pytest.mark.slow
@pytest.mark.usefixtures("first_run_done")
def test_a_rebuilt_host_gets_its_policy_and_its_unchanged_partner_counts_as_ready(pair: Controller) -> None:
    before = snapshots(pair.lab)
    pair.lab[OSAKA].reset()
    clear_records(pair.lab)

    run = pair.site()

    assert run.code == 0, run.explain()
    assert run.changed[TOKYO] == 0
    assert executions(pair.lab)[TOKYO] == 1
    assert restarts(pair.lab) == {TOKYO: 0, OSAKA: 1}
    assert snapshots(pair.lab)[TOKYO] == before[TOKYO]
    assert keys_of(assigned(pair.lab[OSAKA])) == [KEY]


def _lose_the_answer_to_the_commit(host: Host) -> None:
    impairments = host.impairments

    def notice(_number: int, record: str) -> None:
        if record.startswith("AssignPolicy"):
            impairments.answer, impairments.before_record = WrongAnswer.GARBAGE, None
            impairments.before_script = answer_again

    def answer_again() -> None:
        impairments.answer = impairments.before_script = None

    impairments.before_record = notice


def _dies_when_it_is_to_assign(_number: int, record: str) -> None:
    if record.startswith("AssignPolicy"):
        raise PoweredOff


def _power_off_before_the_proof(host: Host, script: int) -> None:
    """Of a changed key: plan, two for the stage, commit, proof."""
    if script == 5:
        host.impairments.before_script = None
        raise PoweredOff


def _dies_when_it_writes(_number: int, record: str) -> None:
    if record.startswith("CreateKey") and "ipsecNFA" in record:
        raise PoweredOff


def _fails_to_remove_the_value(_number: int, record: str) -> None:
    if record.startswith("UnsetValue") and RASMAN in record:
        raise RecordRefusedError("The disk is full.")


def _without_newest_backup(tree: Tree) -> Tree:
    return Tree(key for path, key in tree.items() if r"\Backup\Newest" not in path)


def _without_ours(tree: Tree) -> Tree:
    return Tree(key for path, key in tree.items() if not path.startswith(OURS))
