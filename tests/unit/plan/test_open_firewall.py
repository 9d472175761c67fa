# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rule of Windows Firewall that lets the peers in: when it comes, when it goes, and for whom it is."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from ansible_collections.rras.ipsec.plugins.plugin_utils._host.session import ExecutionError
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy import firewall as core
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.firewall import NAME, PEERS
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.plan import PlanError, Transaction
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.registry import Key, Tree, Value
from ansible_collections.rras.ipsec.plugins.plugin_utils._work import WorkError
from ansible_collections.rras.ipsec.tests.lab import PoweredOff, RecordRefusedError
from ansible_collections.rras.ipsec.tests.lab.windows.installation import FIREWALL_RULES
from ansible_collections.rras.ipsec.tests.support.server import BLOCKED, OTHER_KEY, PEER, Server, rule

OTHER_PEER = "198.51.100.9"
OPEN: dict[str, Any] = {"rules": [rule(), BLOCKED], "open_firewall": True}
OPEN_TO_BOTH: dict[str, Any] = OPEN | {"rules": [rule(), rule("tokyo-kyoto", OTHER_KEY, OTHER_PEER), BLOCKED]}
CLOSED: dict[str, Any] = OPEN | {"open_firewall": False}
CHANGE = [{"rule": None, "what": ["firewall"]}]
MOST_RECORDS = 400
EVERY = 13
"""Which records of a change are cut."""
FOREIGN = "v2.30|Action=Allow|Active=TRUE|Dir=In|Protocol=17|LPort=1701|Name=L2TP-In|"


def rules(server: Server) -> list[str]:
    """The texts of the rules for peers, without the tags in their names."""
    key = server.host.registry.read(FIREWALL_RULES) or Key(FIREWALL_RULES)
    found = (value.text for value in key.values() if PEERS in value.text)
    return [re.sub(rf"\|Name={re.escape(PEERS)}[0-9a-f]{{8}}\|$", "", text) for text in found]


def lets_in(*addresses: str) -> str:
    ports = "|".join(f"LPort={port}" for port in (500, 1701, 4500))
    return f"v2.30|Action=Allow|Active=TRUE|Dir=In|Protocol=17|{ports}|{'|'.join(f'RA4={each}' for each in addresses)}"


@pytest.fixture
def opened(server: Server) -> Server:
    """A server with the policy and the rule, and a rule of somebody else's."""
    server.host.registry.write(FIREWALL_RULES, "L2TP-In-UDP", Value.sz(FOREIGN))
    server.policy(**OPEN)
    assert rules(server) == [lets_in(PEER)]
    return server


def test_the_rule_exists_only_if_declared_and_a_second_run_changes_nothing(server: Server) -> None:
    server.policy(**CLOSED)
    assert rules(server) == []
    result = server.policy(**OPEN)
    assert (result["changed"], result["changes"], rules(server)) == (True, CHANGE, [lets_in(PEER)])
    line = f"Windows Firewall rule {PEERS}\\w{{8}}: lets in UDP 500, 1701, 4500 from {re.escape(PEER)}"
    assert re.search(line, result["diff"]["after"])
    assert not re.search(line, result["diff"]["before"])
    assert server.policy(**OPEN)["changed"] is False


def test_other_peers_come_in_at_the_stage_and_the_old_rule_goes_at_the_finish(opened: Server) -> None:
    transaction = opened.stage(**OPEN_TO_BOTH)
    assert rules(opened) == [lets_in(PEER), lets_in(PEER, OTHER_PEER)]
    assert Transaction.parse(str(transaction)) == transaction
    work = opened.work(**OPEN_TO_BOTH)
    work.commit(transaction)
    assert len(rules(opened)) == 2
    finished = work.finish(transaction)
    assert rules(opened) == [lets_in(PEER, OTHER_PEER)]
    assert "for other peers" in finished["diff"]["before"]
    assert "for other peers" not in finished["diff"]["after"]
    assert opened.policy(**OPEN_TO_BOTH)["changed"] is False


@pytest.mark.parametrize("committed", [False, True])
def test_a_revert_takes_away_what_was_added_and_leaves_what_was_there(opened: Server, *, committed: bool) -> None:
    transaction = opened.stage(**OPEN_TO_BOTH)
    if committed:
        opened.work(**OPEN_TO_BOTH).commit(transaction)
    opened.work(**OPEN_TO_BOTH).revert(transaction)
    assert rules(opened) == [lets_in(PEER)]
    assert opened.policy(**OPEN)["changed"] is False


def test_a_revert_of_the_first_transaction_leaves_none(server: Server) -> None:
    transaction = server.stage(**OPEN)
    assert rules(server) == [lets_in(PEER)]
    server.work(**OPEN).revert(transaction)
    assert rules(server) == []


def test_what_a_stage_left_goes_with_the_next_change(opened: Server) -> None:
    opened.stage(**OPEN_TO_BOTH)
    opened.policy(**OPEN)
    assert rules(opened) == [lets_in(PEER)]


@pytest.mark.parametrize("given", [CLOSED, {"state": "absent"}, OPEN | {"assigned": False}])
def test_the_rule_goes_when_it_is_no_longer_declared(opened: Server, given: dict[str, Any]) -> None:
    assert opened.policy(**given)["changed"] is True
    assert rules(opened) == []
    assert opened.policy(**given)["changed"] is False
    foreign = opened.host.registry.read(FIREWALL_RULES)
    assert foreign is not None
    assert foreign["L2TP-In-UDP"].text == FOREIGN


def test_another_policy_that_is_not_assigned_leaves_the_rule(opened: Server) -> None:
    opened.policy(**CLOSED, name="Another", assigned=False)
    assert rules(opened) == [lets_in(PEER)]
    assert opened.policy(**CLOSED, name="Another", assigned=False)["changed"] is False
    opened.policy(name="Another", state="absent")
    assert rules(opened) == [lets_in(PEER)]


def test_the_rule_goes_with_the_assigned_policy_even_if_another_of_ours_stays(opened: Server) -> None:
    opened.policy(**CLOSED, name="Another", assigned=False)
    opened.policy(state="absent")
    assert (opened.names, rules(opened)) == (["Another"], [])


def test_the_rule_goes_with_the_last_policy_even_if_somebody_unassigned_it(opened: Server) -> None:
    opened.assign("")
    opened.policy(state="absent")
    assert rules(opened) == []


@pytest.mark.parametrize(
    ("found", "put"),
    [
        ("TRUE", "FALSE"),
        ("Allow", "Block"),
        ("Dir=In", "Dir=Out"),
        ("Protocol=17", "Protocol=6"),
        ("LPort=1701|", ""),
        ("RA4=", "App=x|RA4="),
        (f"RA4={PEER}", "RA4=LocalSubnet"),
        (f"RA4={PEER}", "RA4=192.0.2.0/255.255.255.0"),
        (f"RA4={PEER}", f"RA4={PEER}-192.0.2.9"),
        (f"RA4={PEER}", f"RA4={PEER}|RA4={OTHER_PEER}"),
        ("LPort=500", "Profile=Domain|LPort=500"),
    ],
)
def test_a_rule_that_somebody_changed_is_replaced(opened: Server, found: str, put: str) -> None:
    key = opened.host.registry.read(FIREWALL_RULES)
    assert key is not None
    for name, value in key.items():
        if PEERS in value.text:
            opened.host.registry.write(FIREWALL_RULES, name, Value.sz(value.text.replace(found, put)))
    assert opened.policy(**OPEN)["changed"] is True
    assert rules(opened) == [lets_in(PEER)]
    assert opened.policy(**OPEN)["changed"] is False


@pytest.mark.parametrize(
    ("found", "put"),
    [
        (f"RA4={PEER}", f"RA4={PEER}-{PEER}"),
        (f"RA4={PEER}", f"RA4={PEER}/255.255.255.255"),
        ("LPort=500|LPort=1701", "LPort=1701|LPort=500"),
        ("LPort=500", "Profile=Public|Profile=Private|Profile=Domain|LPort=500"),
        ("|Name=", "|Desc=the peers|Name="),
    ],
)
def test_a_rule_that_means_the_same_in_other_words_is_kept(found: str, put: str) -> None:
    text = f"{lets_in(PEER)}|Name={PEERS}0123abcd|".replace(found, put)
    tree = Tree([Key(core.RULES, {"{1}": Value.sz(text)})])
    (read,) = core.understand(tree, running=True).peers
    assert (read.tag, read.addresses) == ("0123abcd", frozenset({PEER}))


def test_nothing_is_done_without_the_service(server: Server) -> None:
    server.host.services.stop("MpsSvc")
    server.policy(**OPEN | {"block_l2tp_over_ipv6": False})
    assert rules(server) == []
    assert server.policy(**OPEN | {"block_l2tp_over_ipv6": False})["changed"] is False
    server.host.services.start("MpsSvc")
    assert server.policy(**OPEN)["changed"] is True
    assert rules(server) == [lets_in(PEER)]


def test_a_rule_that_stays_despite_its_deletion_is_noticed(opened: Server) -> None:
    transaction = opened.stage(**CLOSED)
    opened.work(**CLOSED).commit(transaction)
    opened.host.services.stop("MpsSvc")
    with pytest.raises(WorkError) as error:
        opened.work(**CLOSED).finish(transaction)
    assert str(error.value) == (
        f"a rule {PEERS}* of Windows Firewall for other peers is still there; check that the service MpsSvc is "
        "running, and run this task again."
    )
    opened.host.services.start("MpsSvc")
    opened.policy(**CLOSED)
    assert rules(opened) == []


def test_an_undo_deletes_the_rule(server: Server) -> None:
    def refuse_seals(_number: int, record: str) -> None:
        if record.startswith("Seal"):
            raise RecordRefusedError

    server.host.impairments.before_record = refuse_seals
    with pytest.raises(ExecutionError):
        server.policy(**OPEN)
    assert rules(server) == []


@pytest.mark.parametrize(("error", "first"), [(PoweredOff, 1), (RecordRefusedError, EVERY // 2)])
def test_wherever_a_change_is_cut_the_remaining_peer_comes_in_and_a_repeat_completes_it(
    opened: Server, error: type[BaseException], first: int
) -> None:
    for cut in range(first, MOST_RECORDS, EVERY):
        server = opened.copy()
        left = iter(range(cut))

        def count(_number: int, _record: str, left: Iterator[int] = left) -> None:
            if next(left, None) is None:
                raise error

        server.host.impairments.before_record = count
        try:
            server.policy(**OPEN_TO_BOTH)
        except PoweredOff:
            server.restart()
        except ExecutionError:
            pass
        else:
            break
        server.host.impairments.before_record = None
        assert any(PEER in text for text in rules(server)), cut
        server.policy(**OPEN_TO_BOTH)
        assert rules(server) == [lets_in(PEER, OTHER_PEER)], cut
        assert server.policy(**OPEN_TO_BOTH)["changed"] is False, cut
    assert 50 < cut < MOST_RECORDS - EVERY, "the last run was not cut"


@pytest.mark.parametrize("tag", ["0123abcg", "0123ABCD", "0123abcd0", "x"])
def test_a_transaction_names_tags_only(opened: Server, tag: str) -> None:
    transaction = opened.stage(**CLOSED)
    (known,) = transaction.closes
    with pytest.raises(PlanError):
        Transaction.parse(str(transaction).replace(known, tag))


def test_the_rule_that_blocks_ipv6_is_a_separate_one(opened: Server) -> None:
    found = opened.read().windows_firewall
    assert (found.as_written, [each.addresses for each in found.peers]) == (True, [frozenset({PEER})])
    assert not NAME.startswith(PEERS)
