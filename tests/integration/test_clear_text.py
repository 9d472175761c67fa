# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A live pair, and what a user may write after that: nothing takes the protection from L2TP without being refused."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.firewall import NAME
from ansible_collections.rras.ipsec.tests.lab.windows.firewall import rules
from ansible_collections.rras.ipsec.tests.support.controller import Controller, Run
from ansible_collections.rras.ipsec.tests.support.pair import (
    KEY,
    OSAKA_ADDRESS,
    POLICY,
    TOKYO,
    TOKYO_ADDRESS,
    changes,
    snapshots,
)

MODULE, VALUE = "rras.ipsec.win_ipsec_psk_policy", "rras.ipsec.win_prohibit_ipsec"
BETWEEN = {"source_address": TOKYO_ADDRESS, "destination_address": OSAKA_ADDRESS}
BLOCK = {
    "name": "all other L2TP",
    "filters": [{"source_address": "me", "destination_address": "any"}],
    "filter_action": {"action": "block"},
}
ICMP = {
    "name": "ping",
    "filters": [{"source_address": "me", "destination_address": "any", "protocol": "icmp", "source_port": 0}],
    "filter_action": {"action": "block"},
}


def rule(**more: Any) -> dict[str, Any]:
    return {"name": "tokyo-osaka", "filters": [BETWEEN], "authentication": [{"preshared_key": "{{ key }}"}], **more}


def policy(*rules: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    return {MODULE: {"name": POLICY, "rules": list(rules), **more}}


REMEDY = (
    ", so this host's L2TP would be in clear text; {}, "
    "or remove the value first (win_prohibit_ipsec with state absent) and restart the host."
)
OF_THE_ACTION = "correct filter_action.{} of the rule"


def refused(reason: str, correction: str) -> str:
    return f"{IS_ONE}{reason}{REMEDY.format(correction)}"


IS_ONE = "ProhibitIpSec is 1 on this host, and "
NO_RULE = "has no rule that protects UDP port 1701 in both directions"
LETS = f"the rule 'tokyo-osaka' of the policy '{POLICY}' lets L2TP through"
WITHOUT = (
    f"ProhibitIpSec is 1 on this host, so without the policy '{POLICY}' its L2TP would be in clear text; remove the "
    "value first (win_prohibit_ipsec with state absent; by hand if "
    "it was 1 before this collection changed the host) and restart the host."
)
REFUSED: Mapping[str, tuple[dict[str, Any], str]] = {
    "the name only": (
        {MODULE: {"name": POLICY}},
        "rules is missing; write the rules of the policy, or state absent to remove it.",
    ),
    "no rules": (policy(), refused(f"the policy '{POLICY}' {NO_RULE}", "correct rules")),
    "an unrelated policy": (
        policy(ICMP, name="Ping"),
        (
            f"The policy '{POLICY}', which this collection wrote, is assigned on this host, and only one can be; "
            "set replace_assigned to true if the declared policy should replace it."
        ),
    ),
    "an unrelated policy in its place": (
        policy(ICMP, name="Ping", replace_assigned=True),
        refused(f"the policy 'Ping' {NO_RULE}", "correct rules"),
    ),
    "a rule that permits": (
        policy(rule(filter_action={"action": "permit"}), BLOCK),
        refused(f"{LETS} (its filter action permits it)", OF_THE_ACTION.format("action")),
    ),
    "a rule that falls back": (
        policy(rule(filter_action={"fall_back_to_clear_text": True}), BLOCK),
        refused(
            f"{LETS} (its filter action falls back to unsecured communication)",
            OF_THE_ACTION.format("fall_back_to_clear_text"),
        ),
    ),
    "a rule that accepts unsecured communication": (
        policy(rule(filter_action={"accept_unsecured": True}), BLOCK),
        refused(
            f"{LETS} (its filter action accepts unsecured communication)", OF_THE_ACTION.format("accept_unsecured")
        ),
    ),
    "a rule that is not active": (
        policy(rule(active=False)),
        refused(f"the rule 'tokyo-osaka' of the policy '{POLICY}' is not active", "set active of the rule to true"),
    ),
    "two rules for the same packets": (
        policy(rule(), rule(name="again"), BLOCK),
        (
            "rules[1].filters[0] covers the same packets as rules[0].filters[0], and they can have only one "
            "filter action and key; delete one of them, or write other addresses or ports."
        ),
    ),
    "a rule for one direction beside the same one for both": (
        policy(rule(), rule(name="again", filters=[BETWEEN | {"mirrored": False}]), BLOCK),
        (
            "rules[1].filters[0] covers the same packets as rules[0].filters[0], and they can have only one "
            "filter action and key; delete one of them, or write other addresses or ports."
        ),
    ),
    "no assignment": (
        policy(rule(), BLOCK, assigned=False),
        f"assigned is false, but {WITHOUT}",
    ),
    "no policy": ({MODULE: {"name": POLICY, "state": "absent"}}, WITHOUT),
}


@pytest.mark.core
@pytest.mark.usefixtures("first_run_done")
def test_a_live_pair_is_not_exposed_whatever_somebody_declares(pair: Controller) -> None:
    before = snapshots(pair.lab)
    pair.variables["key"] = KEY
    tasks = [
        {"name": f"{case}{suffix}", "ignore_errors": True, **task, **({"check_mode": True} if suffix else {})}
        for case, (task, _sentence) in REFUSED.items()
        for suffix in ("", ", in check mode")
    ]

    run = pair.play([{"hosts": TOKYO, "gather_facts": False, "tasks": tasks}])

    said = {task["name"]: _message(run, str(task["name"])) for task in tasks}
    expected = {task["name"]: REFUSED[str(task["name"]).partition(",")[0]][1] for task in tasks}
    expected["no policy, in check mode"] += " In check mode, set predicted to true if earlier tasks do that."
    assert said == expected
    assert changes(before, pair.lab) == {}
    assert pair.lab[TOKYO].exposures == []
    assert KEY not in run.output + run.errors


def test_the_modules_alone_say_what_is_not_covered(pair: Controller) -> None:
    """The documented examples in their order, without the rule for all other L2TP; and with it, not a word."""
    pair.variables["key"] = KEY
    alone, both = ({"hosts": TOKYO, "gather_facts": False, "tasks": [policy(*rules), {VALUE: {"policy": POLICY}}]}
                   for rules in ([rule()], [rule(), BLOCK]))  # fmt: skip

    said = pair.play([alone])
    quiet = pair.play([both])

    warning = "peers that no rule names is in clear text while ProhibitIpSec is in effect"
    assert (said.code, quiet.code) == (0, 0), said.explain()
    assert warning in " ".join((said.output + said.errors).split())
    assert "in clear text" not in quiet.output + quiet.errors


@pytest.mark.exposed("the play says that other L2TP is to be ignored")
def test_the_role_says_what_it_was_told_to_ignore(pair: Controller) -> None:
    pair.variables["l2tp_other_peers"] = "ignore"

    run = pair.site()

    assert run.code == 0, run.explain()
    for name, host in pair.lab.items():
        assert (
            f"L2TP is in clear text between {name} and peers that no connection names. "
            "Set l2tp_other_peers to block or certificate."
        ) in run.said(name)
        assert rules(host.registry, NAME) == {}, "nothing is blocked that was not asked for"


def _message(run: Run, name: str) -> str:
    (task,) = run.tasks_named(name)
    (result,) = run.results_of(task)
    return result.message.removeprefix("Task failed: ")
