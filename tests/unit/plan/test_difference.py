# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a diff says of each phase, line by line; what a person reads is not more than what happens."""

from __future__ import annotations

import difflib

from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.plan import Transaction
from ansible_collections.rras.ipsec.tests.support.server import (
    BLOCKED,
    NAME,
    OTHER_KEY,
    ModuleResult,
    Server,
    TaskOptions,
    rule,
)
from ansible_collections.rras.ipsec.tests.support.somebody_else import by_hand

RULES: TaskOptions = {"rules": [rule(), BLOCKED]}
NEXT: TaskOptions = {"rules": [rule(key=OTHER_KEY), BLOCKED]}
OURS = f"policy {NAME}: assigned, of this collection"


def changed(result: ModuleResult) -> list[str]:
    """The lines of a diff that begin with a minus or a plus, without those of the policy's own text."""
    diff = result["diff"]
    lines = difflib.ndiff(diff["before"].splitlines(), diff["after"].splitlines())
    return [line for line in lines if line[:2] in ("- ", "+ ") and line[2:3] != " " and "IP security" not in line]


def texts(result: ModuleResult) -> list[str]:
    return [result["diff"][name] for name in ("before", "after")]


def test_the_first_policy_takes_the_place_of_somebody_else_s(server: Server) -> None:
    by_hand(server, name="Theirs", **NEXT)
    predicted = server.predict(**RULES, replace_assigned=True)
    done = server.policy(**RULES, replace_assigned=True)
    assert done["diff"] == predicted["diff"]
    assert changed(done) == [
        "+ changes of the rule all other L2TP: new",
        "+ changes of the rule tokyo-osaka: new",
        "+ changes: assignment, services, firewall, record",
        "- service PolicyAgent: start demand, running, after Tcpip, bfe",
        "+ service PolicyAgent: start auto, running, after Tcpip, bfe",
        "- service IKEEXT: start demand, not running, after BFE, nsi",
        "+ service IKEEXT: start auto, running, after BFE, nsi",
        "- service RemoteAccess: start auto, running, after RasMan, RpcSs",
        "+ service RemoteAccess: start auto, running, after RasMan, RpcSs, PolicyAgent",
        "+ a removal restores: IKEEXT, PolicyAgent, RemoteAccess",
        "- Windows Firewall rule rras.ipsec-L2TP-over-IPv6: not there",
        "+ Windows Firewall rule rras.ipsec-L2TP-over-IPv6: blocks L2TP over IPv6",
        "+ a removal assigns again: Theirs",
        f"+ {OURS}",
        "- policy Theirs: assigned",
        "+ policy Theirs: not assigned",
    ]


def test_its_removal_gives_the_other_one_back(server: Server) -> None:
    by_hand(server, name="Theirs", **NEXT)
    server.policy(**RULES, replace_assigned=True)
    removed = changed(server.policy(state="absent"))
    assert removed[:3] == [
        "+ changes of the rule all other L2TP: removed",
        "+ changes of the rule tokyo-osaka: removed",
        "+ changes: assignment, services, firewall, record",
    ]
    assert removed[-4:] == ["- a removal assigns again: Theirs", f"- {OURS}", *_swapped("policy Theirs")]


def _swapped(policy: str) -> list[str]:
    return [f"- {policy}: not assigned", f"+ {policy}: assigned"]


def test_a_policy_whose_name_is_taken_over_is_shown_until_it_gets_it_back(server: Server) -> None:
    path = by_hand(server, **NEXT)
    replaced = f"policy {NAME} (replaced {path.partition('{')[2][:8]}): "
    taken = changed(server.policy(**RULES, take_over=True))
    assert {f"+ {replaced}not assigned", f"- policy {NAME}: assigned", f"+ {OURS}"} <= set(taken)
    assert f"+ a removal restores the name of: {NAME}" in taken
    back = changed(server.policy(state="absent"))
    assert {f"- {replaced}not assigned", f"+ policy {NAME}: assigned", f"- {OURS}"} <= set(back)


def test_each_phase_shows_what_it_does(server: Server) -> None:
    server.policy(**RULES)
    staged = server.work(**NEXT).stage()
    transaction = Transaction.parse(staged["transaction"])
    new = f"policy {NAME} (staged {str(transaction.id)[:8]}): not assigned, of this collection"
    old = f"policy {NAME}: not assigned, of this collection"
    assert changed(staged) == ["+ changes of the rule tokyo-osaka: key", "+ unfinished run: staged", f"+ {new}"]
    assert "a new one (not shown)" in staged["diff"]["after"]

    committed = server.work(**NEXT).commit(transaction)
    assert sorted(changed(committed)) == sorted(
        ["- unfinished run: staged", "+ unfinished run: committed", f"- {new}", f"+ {old}"]
    )

    finished = server.work(**NEXT).finish(transaction)
    assert finished["changed"] is True
    assert [line for line in changed(finished) if "policy ipsecPolicy{" in line and line[0] == "-"] != []
    assert [line for line in changed(finished) if line[0] == "+"] == []


def test_what_is_reverted_is_shown_too(server: Server) -> None:
    server.policy(**RULES)
    transaction = server.stage(**NEXT)
    reverted = changed(server.work(**NEXT).revert(transaction))
    assert reverted[0] == "- unfinished run: staged"
    assert [line[0] for line in reverted] == ["-", "-"]


def test_a_stage_assigns_nothing(server: Server) -> None:
    staged = server.work(**RULES).stage()
    assert "assigned" in staged["diff"]["after"]
    assert ": assigned" not in staged["diff"]["after"]


def test_after_a_first_policy_nothing_is_replaced(server: Server) -> None:
    transaction = server.stage(**RULES)
    server.work(**RULES).commit(transaction)
    finished = server.work(**RULES).finish(transaction)
    assert finished["changed"] is False
    before, after = texts(finished)
    assert before == after


def test_a_policy_that_is_used_as_it_is_is_shown_as_such(server: Server) -> None:
    by_hand(server, **RULES)
    done = server.policy(**RULES)
    assert f"+ {OURS}" in changed(done)
    assert "record" in done["changes"][0]["what"]
    assert done["changes"][0]["rule"] is None


def test_settings_of_the_policy_itself_are_a_reason(server: Server) -> None:
    server.policy(**RULES)
    result = server.predict(**RULES, main_mode={"pfs": True}, polling_interval=60)
    assert result["changes"] == [{"rule": None, "what": ["key exchange", "polling interval"]}]
    before, after = texts(result)
    assert "    master key perfect forward secrecy: no\n" in before
    assert "    master key perfect forward secrecy: yes\n" in after


def test_a_diff_never_contains_words_for_verification(server: Server) -> None:
    server.policy(**RULES)
    for result in (server.predict(**NEXT), server.predict(**RULES), server.predict(state="absent")):
        assert not any(word in text for text in texts(result) for word in ("matches", "differs", "undeclared"))
