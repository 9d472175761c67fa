# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A policy as text, for diffs."""

from __future__ import annotations

from collections.abc import Iterator

from ansible_collections.rras.ipsec.plugins.plugin_utils._policy import model
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.describe.keys import KeyWord
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.describe.quoting import shown
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.describe.vocabulary import (
    CONNECTIONS,
    OPTIONS,
    action_text,
    alternate_text,
    bit_words,
    filter_text,
    limit_text,
    methods_text,
    minutes_text,
    offer_text,
    own_method_text,
    tunnel_text,
    word_for,
)


def lines(policy: model.Policy | None, key_word: KeyWord) -> list[str]:
    """Return a policy as lines; none for no policy. Policies that mean different things never have the same text."""
    return list(_policy(policy, key_word)) if policy else []


def text(policy: model.Policy | None, key_word: KeyWord) -> str:
    """Return the `lines` as one text that ends in a line feed; empty for no policy."""
    return "".join(f"{line}\n" for line in lines(policy, key_word))


def _policy(policy: model.Policy, key_word: KeyWord) -> Iterator[str]:
    yield f"IP security policy: {shown(policy.name)}"
    if policy.description:
        yield f"  description: {shown(policy.description)}"
    polling = minutes_text((policy.polling_interval, model.DEFAULT_POLLING_INTERVAL))
    yield f"  check for policy changes every: {polling}"
    yield from _main_mode(policy.main_mode)
    for name, rule in sorted(policy.named_rules, key=lambda each: (each[1].is_default_response, each[1].name)):
        yield from _rule(name, rule, key_word)


def _main_mode(main_mode: model.MainMode) -> Iterator[str]:
    lifetime = minutes_text((main_mode.lifetime_seconds, model.DEFAULT_MAIN_MODE_LIFETIME))
    yield f"  key exchange: new key every {lifetime}"
    yield f"    {limit_text(main_mode.quick_mode_limit)}"
    yield f"    master key perfect forward secrecy: {_yes(main_mode.master_pfs)}"
    for option in bit_words(OPTIONS, main_mode.options):
        yield f"    {option}"
    for method in main_mode.methods:
        yield f"    {own_method_text(method)}"


def _rule(name: str, rule: model.Rule, key_word: KeyWord) -> Iterator[str]:
    if rule.is_default_response:
        yield f"  {name}: {'activated' if rule.active else 'not activated'}"
        if not rule.active:
            return
    else:
        yield f"  rule: {shown(name)}{'' if rule.active else ' (not active)'}"
        yield from _filters(rule)
    yield f"    filter action: {action_text(rule.filter_action)}"
    if rule.filter_action.negotiates:
        for offer in rule.filter_action.offers:
            yield f"      {offer_text(offer)}"
        yield from _authentication(rule, key_word)
    yield f"    tunnel: {tunnel_text(rule) or 'none'}"
    yield f"    connection type: {word_for(CONNECTIONS, rule.connection_type)}"
    if rule.interface_name:
        yield f"    interface: {shown(rule.interface_name)}"


def _filters(rule: model.Rule) -> Iterator[str]:
    if not rule.filters:
        yield f"    filter list: {'empty' if rule.filter_list else 'none'}"
    for filter_ in rule.filters:
        yield f"    filter: {filter_text(filter_)}"


def _authentication(rule: model.Rule, key_word: KeyWord) -> Iterator[str]:
    for said in methods_text(rule, key_word):
        yield f"    authentication: {said}"
    for said in alternate_text(rule, key_word) or ():
        yield f"    alternate authentication: {said}"


def _yes(value: bool) -> str:
    return "yes" if value else "no"
