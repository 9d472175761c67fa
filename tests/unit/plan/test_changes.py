# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Why a policy is no longer another: a word for each rule, and never none where the meaning changed."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given, settings

from ansible_collections.rras.ipsec.plugins.plugin_utils._policy import changes, model
from ansible_collections.rras.ipsec.tests.support.relatives import Relatives, relatives
from ansible_collections.rras.ipsec.tests.support.server import BLOCKED, OTHER_KEY, declare, rule

CERTIFICATE = {"certificate_authority": "CN=Example"}
BOTH = rule()["authentication"] + [CERTIFICATE]


@pytest.mark.parametrize(
    ("given_rule", "words"),
    [
        (rule(), ()),
        (rule(description="for people"), ()),
        (rule(key=OTHER_KEY), ("key",)),
        (rule(peer="192.0.2.3"), ("filter",)),
        (rule(authentication=[CERTIFICATE]), ("authentication",)),
        (rule(authentication=BOTH), ("authentication",)),
        (rule(filter_action={"pfs": True}), ("filter action",)),
        (rule(filter_action={"action": "block"}), ("filter action",)),
        (rule(active=False), ("deactivated",)),
        (rule(connection_type="lan"), ("connection type",)),
        (rule(key=OTHER_KEY, peer="192.0.2.3"), ("filter", "key")),
    ],
)
def test_why_a_rule_changes(given_rule: dict[str, object], words: tuple[str, ...]) -> None:
    one, two = declare().policy, declare(rules=[given_rule]).policy
    assert changes.rules(one, two) == ({"tokyo-osaka": words} if words else {})


def test_rules_are_known_by_their_names() -> None:
    one = declare(rules=[rule(), BLOCKED]).policy
    two = declare(rules=[rule(key=OTHER_KEY), rule("new", peer="192.0.2.3")]).policy
    assert changes.rules(one, two) == {"all other L2TP": ("removed",), "new": ("new",), "tokyo-osaka": ("key",)}
    assert changes.rules(one, one) == {}
    assert changes.rules(None, one) == {"all other L2TP": ("new",), "tokyo-osaka": ("new",)}
    assert changes.rules(one, None) == {"all other L2TP": ("removed",), "tokyo-osaka": ("removed",)}


def test_the_default_response_rule_counts_while_it_is_active() -> None:
    resting, active = declare().policy, declare(default_response_rule=True).policy
    assert changes.rules(resting, active) == {"default response rule": ("new",)}
    assert changes.rules(active, resting) == {"default response rule": ("removed",)}


def test_rules_without_names_are_numbered() -> None:
    nameless = [dataclasses.replace(each, name="") for each in declare(rules=[rule(), BLOCKED]).policy.rules]
    one, two = model.Policy("A", rules=tuple(nameless[:1])), model.Policy("A", rules=tuple(nameless[:2]))
    assert changes.rules(None, two) == {"rule 1": ("new",), "rule 2": ("new",)}
    assert changes.rules(one, two) == {"rule 2": ("new",)}


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"main_mode": {"pfs": True}}, ("key exchange",)),
        ({"polling_interval": 60}, ("polling interval",)),
        ({"description": "Branches"}, ("description",)),
        ({}, ()),
    ],
)
def test_what_changes_besides_rules(given: dict[str, object], words: tuple[str, ...]) -> None:
    assert changes.settings(declare().policy, declare(**given).policy) == words
    assert changes.settings(None, declare(**given).policy) == ()


@settings(max_examples=50, deadline=None)
@given(relatives())
def test_there_is_a_word_for_each_change_of_the_meaning(drawn: Relatives) -> None:
    one, others = drawn
    for two in others:
        if not (_are_told_apart(one) and _are_told_apart(two)):
            continue
        words = changes.rules(one, two) or changes.settings(one, dataclasses.replace(two, description=one.description))
        assert bool(words) or model.meaning(one) == model.meaning(two)


def _are_told_apart(policy: model.Policy) -> bool:
    """Whether no two rules have one name."""
    names = [model.DEFAULT_RESPONSE_RULE if rule.is_default_response else rule.name for rule in policy.rules]
    return len(set(names)) == len(names)
