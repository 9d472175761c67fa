# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A host's policy compared with the declared one, rule by rule, with both values; of a key, only whether it matches."""

from __future__ import annotations

import collections
import dataclasses
import enum
from collections.abc import Callable, Iterable, Iterator
from typing import cast

from ansible_collections.rras.ipsec.plugins.plugin_utils._policy import (
    changes,
    clear_text,
    describe,
    facts,
    model,
    protection,
)
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.host import HostState
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.protection import Obstacle
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.registry import same
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.results import PolicyComparison
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.store import StoredPolicy

Fingerprint = Callable[[bytes], str]
"""Turns a masked key into a text that may be shown, and that is equal for equal keys of one run."""
_EMPTY = model.Policy("")
_Lines = tuple[str, ...]


class Standing(enum.StrEnum):
    """Where the policy with the declared name is."""

    ASSIGNED = "assigned"
    UNASSIGNED = "unassigned"
    """It is in the store, but another policy, or none, is assigned."""
    MISSING = "missing"


class RuleStanding(enum.StrEnum):
    """How a host's rule compares with the declared one."""

    MATCHES = "matches"
    DIFFERS = "differs"
    MISSING = "missing"
    UNDECLARED = "undeclared"
    """It is there, but matches no declared rule; the default response only counts if it is active."""


class Treatment(enum.StrEnum):
    """What a rule does with the packets that match its filters."""

    PERMITTED = "permitted"
    BLOCKED = "blocked"
    WITH_CERTIFICATES = "negotiated with certificates"
    OTHERWISE = "negotiated without certificates"


@dataclasses.dataclass(frozen=True, slots=True)
class RuleState:
    """One rule, as a host has it, compared with the declared one."""

    name: str
    state: RuleStanding
    has: tuple[str, ...] = ()
    """What only the host has, in the console's words."""
    declared: tuple[str, ...] = ()
    """What is declared instead."""
    only_key: bool = False
    """Whether only the preshared key differs."""
    ends_swapped: bool = False
    """Whether the filter is the declared one with its two ends swapped."""
    treatment: Treatment | None = None
    """What the host's rule does with L2TP; None if there is no such rule, or if it is not active."""
    key_fingerprints: tuple[str, ...] = ()
    """The fingerprints of the keys that the host has."""
    obstacles: tuple[Obstacle, ...] = ()
    """Why the rule does not protect."""
    covered: bool = True
    """Whether the assigned policy, whichever it is, keeps the L2TP of the declared rule from clear text."""


@dataclasses.dataclass(frozen=True, slots=True)
class Comparison:
    """A host's policy, compared with the declared one."""

    policy: str
    """The declared policy's name."""
    standing: Standing
    rules: tuple[RuleState, ...]
    has: tuple[str, ...] = ()
    """What only the host's policy has, besides its rules, in the console's words."""
    declared: tuple[str, ...] = ()
    """What is declared instead."""
    obstacles: tuple[Obstacle, ...] = ()
    """Why no rule of it protects."""
    difference: tuple[str, ...] = ()
    """What differs, line by line: a minus before what the host has, a plus before what is declared."""


def data(compared: Comparison) -> PolicyComparison:
    """Return a comparison as data for results."""
    return cast("PolicyComparison", facts.fields(compared))


def compare(host: HostState, wanted: model.Policy, key_word: describe.KeyWord, fingerprint: Fingerprint) -> Comparison:
    """Compare a host with a declared policy whose keys are masked with the host's nonce."""
    found = _found(host, wanted.name)
    if found is None:
        missing = (_with_cover(_missing(rule, key_word), rule, host) for rule in _counting(wanted))
        return Comparison(wanted.name, Standing.MISSING, tuple(missing))
    assigned = host.store.assigns(found.path)
    obstacles = protection.end_obstacles(host) if assigned else ()
    states = [
        dataclasses.replace(
            _with_cover(_state(has, declared, key_word, fingerprint), declared, host),
            obstacles=protection.rule_obstacles(host, has) if has and assigned and not obstacles else (),
        )
        for has, declared in _pairs(found.policy, wanted)
    ]
    has, declared = _settings(found.policy, wanted, key_word)
    return Comparison(
        policy=wanted.name,
        standing=Standing.ASSIGNED if assigned else Standing.UNASSIGNED,
        rules=tuple(states),
        has=has,
        declared=declared,
        obstacles=(*obstacles, *protection.unreadable_obstacles(found)),
        difference=tuple(_difference(has, declared, states)),
    )


def _found(host: HostState, name: str) -> StoredPolicy | None:
    """Return the policy with a name; of several, the assigned one, else one of ours. None if there is none."""
    found = host.store.find(name)
    order = sorted(found, key=lambda each: (not host.store.assigns(each.path), each.path not in host.ours))
    return next(iter(order), None)


def _pairs(found: model.Policy, wanted: model.Policy) -> Iterator[tuple[model.Rule | None, model.Rule | None]]:
    """Yield each declared rule with the host's counterpart, then the host's other rules.

    Names mean nothing to Windows, so rules with the same meaning are paired first, then those with the same name, then
    those with the same filters.
    """
    left, waiting = list(_counting(found)), list(_counting(wanted))
    pairs: dict[int, model.Rule] = {}
    for like in (_same_meaning, _same_name, _same_filters):
        for rule in waiting:
            partner = next((each for each in left if id(rule) not in pairs and like(each, rule)), None)
            if partner is not None:
                pairs[id(rule)] = partner
                left.remove(partner)
    yield from ((pairs.get(id(rule)), rule) for rule in waiting)
    called = {id(rule): name for name, rule in found.named_rules}
    yield from ((dataclasses.replace(rule, name=called[id(rule)]), None) for rule in left)


def _state(
    has: model.Rule | None,
    declared: model.Rule | None,
    key_word: describe.KeyWord,
    fingerprint: Fingerprint,
) -> RuleState:
    if has is None or declared is None:
        return _missing(declared, key_word) if declared else _undeclared(has, key_word)
    before, after = _only(dataclasses.replace(has, name=declared.name)), _only(declared)
    lines = _differing(before, after, key_word)
    return RuleState(
        name=declared.name,
        state=RuleStanding.MATCHES if _same_meaning(has, declared) else RuleStanding.DIFFERS,
        only_key=(changes.Word.KEY,) in changes.rules(before, after).values(),
        ends_swapped=_ends_swapped(has, declared),
        treatment=_treatment(has),
        has=(*lines[0], *_activity(has, declared)),
        declared=(*lines[1], *_activity(declared, has)),
        key_fingerprints=tuple(fingerprint(method.data) for method in has.authentication if method.is_secret),
    )


def _ends_swapped(has: model.Rule, declared: model.Rule) -> bool:
    """Return whether a rule has the declared addresses the other way round (KB 240262, steps 12 and 13)."""
    if has.filter_list is None or _same_filters(has, declared):
        return False
    swapped = [dataclasses.replace(each, source=each.destination, destination=each.source) for each in has.filters]
    filters = dataclasses.replace(has.filter_list, filters=tuple(swapped))
    return _same_filters(dataclasses.replace(has, filter_list=filters), declared)


def _with_cover(state: RuleState, declared: model.Rule | None, host: HostState) -> RuleState:
    """Add whether the assigned policy covers the L2TP of the declared rule, if only by rules with other names."""
    in_force = host.store.active.policy.rules if host.store.active else ()
    filters = declared.filters if declared else ()
    return dataclasses.replace(state, covered=all(clear_text.covers(in_force, each) for each in filters))


def _missing(rule: model.Rule, key_word: describe.KeyWord) -> RuleState:
    return RuleState(rule.name, RuleStanding.MISSING, declared=_differing(_EMPTY, _only(rule), key_word)[1])


def _undeclared(rule: model.Rule | None, key_word: describe.KeyWord) -> RuleState:
    if rule is None or rule.is_default_response:
        return RuleState(model.DEFAULT_RESPONSE_RULE, RuleStanding.UNDECLARED)
    has = _differing(_only(rule), _EMPTY, key_word)[0]
    return RuleState(rule.name, RuleStanding.UNDECLARED, has=has, treatment=_treatment(rule))


def _treatment(rule: model.Rule) -> Treatment | None:
    if not rule.active:
        return None
    if not rule.filter_action.negotiates:
        return Treatment.BLOCKED if rule.filter_action.action == model.Action.BLOCK else Treatment.PERMITTED
    methods = (method.type for method in rule.authentication)
    return Treatment.WITH_CERTIFICATES if model.AuthenticationType.CERTIFICATE in methods else Treatment.OTHERWISE


def _differing(found: model.Policy, wanted: model.Policy, key_word: describe.KeyWord) -> tuple[_Lines, _Lines]:
    """Return the lines that only one of two policies has; none if they mean the same."""
    if model.meaning(found) == model.meaning(wanted):
        return (), ()
    has, declared = (_text(each, key_word) for each in (found, wanted))
    return tuple(_without(has, declared)), tuple(_without(declared, has))


def _settings(found: model.Policy, wanted: model.Policy, key_word: describe.KeyWord) -> tuple[_Lines, _Lines]:
    """Return the lines in which two policies differ, besides their rules."""
    bare = dataclasses.replace(found, rules=()), dataclasses.replace(wanted, rules=())
    has, declared = _differing(*bare, key_word)
    if not wanted.description or found.description == wanted.description:
        return has, declared
    return (*has, f"description: {found.description}"), (*declared, f"description: {wanted.description}")


def _text(policy: model.Policy, key_word: describe.KeyWord) -> list[str]:
    lines = [line.strip() for line in describe.lines(policy, key_word)]
    return [line for line in lines if not line.startswith(("rule: ", "IP security policy: ", "description: "))]


def _without(lines: Iterable[str], others: Iterable[str]) -> Iterator[str]:
    left = collections.Counter(others)
    for line in lines:
        if left[line]:
            left[line] -= 1
        else:
            yield line


def _difference(has: _Lines, declared: _Lines, states: Iterable[RuleState]) -> Iterator[str]:
    yield from (f"-   {line}" for line in has)
    yield from (f"+   {line}" for line in declared)
    signs = {
        RuleStanding.MATCHES: "",
        RuleStanding.DIFFERS: " ",
        RuleStanding.MISSING: "+",
        RuleStanding.UNDECLARED: "-",
    }
    for state in states:
        if signs[state.state]:
            yield f"{signs[state.state]}   rule: {state.name}"
            yield from (f"-     {line}" for line in state.has)
            yield from (f"+     {line}" for line in state.declared)


def _activity(rule: model.Rule, other: model.Rule) -> tuple[str, ...]:
    return () if rule.active == other.active else (f"state: {'active' if rule.active else 'not active'}",)


def _only(rule: model.Rule) -> model.Policy:
    return dataclasses.replace(_EMPTY, rules=(rule,))


def _counting(policy: model.Policy) -> Iterator[model.Rule]:
    return (rule for rule in policy.rules if rule.active or not rule.is_default_response)


def _same_meaning(one: model.Rule, other: model.Rule) -> bool:
    return model.rule_meaning(one) == model.rule_meaning(other)


def _same_name(one: model.Rule, other: model.Rule) -> bool:
    return same(one.name, other.name)


def _same_filters(one: model.Rule, other: model.Rule) -> bool:
    lists = (one.filter_list, other.filter_list)
    meanings = [model.filter_list_meaning(each) for each in lists if each is not None]
    return len(meanings) == len(lists) and meanings[0] == meanings[1]
