# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules without a name of their own, as consoles leave them: a person reads their numbers, wherever a rule is named."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from ansible_collections.rras.ipsec.plugins.plugin_utils._policy import changes, describe, model, protection, weaknesses
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.describe import key_states
from ansible_collections.rras.ipsec.tests.support.server import BLOCKED, NAME, Server, declare, rule
from ansible_collections.rras.ipsec.tests.support.task import POLICY, Task

DES: dict[str, Any] = {"filter_action": {"offers": [{"encryption": "des"}]}}


def nameless(policy: model.Policy) -> model.Policy:
    """The same, without names; the default response rule comes first, as Windows writes it."""
    rules = sorted(policy.rules, key=lambda each: not each.is_default_response)
    return dataclasses.replace(policy, rules=tuple(dataclasses.replace(each, name="") for each in rules))


def without_names(server: Server) -> None:
    for path in server.tree:
        if "ipsecNFA" in path:
            server.host.registry.erase(path, "ipsecName")


def test_rules_without_names_are_counted_except_the_default_response_rule() -> None:
    policy = nameless(declare(rules=[rule(), BLOCKED], default_response_rule=True).policy)
    assert [name for name, _rule in policy.named_rules] == ["default response rule", "rule 1", "rule 2"]
    lines = describe.lines(policy, key_states({}))
    assert [line for line in lines if line.startswith("  rule: ")] == ["  rule: rule 1", "  rule: rule 2"]
    assert "no name" not in "\n".join(lines)


def test_a_rule_with_a_name_keeps_it_and_its_place() -> None:
    policy = declare(rules=[rule(), BLOCKED]).policy
    first, second, *rest = policy.rules
    mixed = dataclasses.replace(policy, rules=(first, dataclasses.replace(second, name=""), *rest))
    assert [name for name, _rule in mixed.named_rules][:2] == ["tokyo-osaka", "rule 2"]


def test_what_changes_in_a_rule_without_a_name() -> None:
    policy = declare(rules=[rule(), BLOCKED], default_response_rule=True).policy
    other = declare(rules=[rule(key="another key of the pair"), BLOCKED], default_response_rule=True).policy
    assert changes.rules(nameless(policy), nameless(other)) == {"rule 1": (changes.Word.KEY,)}


def test_what_is_wrong_with_a_rule_without_a_name() -> None:
    weak = nameless(declare(rules=[rule(**DES)], default_response_rule=True).policy)
    assert list(weaknesses.of_policy(weak)) == [("", "default_response_active"), ("rule 1", "weak_encryption")]
    inactive = nameless(declare(rules=[rule(active=False)], assigned=False).policy)
    assert protection.why_open(inactive) == f"the rule 'rule 1' of the policy '{NAME}' is not active"


def test_one_that_is_not_declared_and_one_whose_key_others_can_read() -> None:
    task = Task(Server())
    task.server.policy(rules=[rule(), rule("tokyo-kobe", peer="192.0.2.9")])
    without_names(task.server)
    seen = task.run(POLICY, name=NAME, phase="verify", rules=[rule()])
    assert [(each["name"], each["state"]) for each in seen["comparison"]["rules"]] == [
        ("tokyo-osaka", "matches"),
        ("rule 2", "undeclared"),
    ]
    for path in task.server.tree:
        if "ipsecNFA" in path:
            task.server.host.registry.protect(path, "D:(A;CI;KA;;;SY)(A;CI;KA;;;BA)(A;CI;KR;;;BU)")
    predicted = task.run(POLICY, name=NAME, phase="verify", rules=[rule()])
    assert predicted["host"]["policies"][0]["open_keys"] == ["rule 1", "rule 2"]


@pytest.mark.parametrize("lifetime", [0, 3600])
def test_a_zero_is_never_shown(lifetime: int) -> None:
    """What a zero stands for is, and that it is the default."""
    policy = declare(rules=[rule(), BLOCKED]).policy
    offers = (dataclasses.replace(policy.rules[0].filter_action.offers[0], lifetime_seconds=lifetime),)
    first = dataclasses.replace(
        policy.rules[0], filter_action=dataclasses.replace(policy.rules[0].filter_action, offers=offers)
    )
    main_mode = dataclasses.replace(policy.main_mode, lifetime_seconds=0)
    shown = describe.text(
        dataclasses.replace(policy, polling_interval=0, main_mode=main_mode, rules=(first, *policy.rules[1:])),
        key_states({}),
    )
    assert ("3600 s (default)" in shown) is (lifetime == 0)
    assert "every: 180 minutes (default)" in shown
    assert "every 480 minutes (default)" in shown
    assert not [line for line in shown.splitlines() if " 0" in line]
