# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Why one policy differs from another: a word for each rule, and for the policy itself."""

from __future__ import annotations

import dataclasses
import enum
from collections.abc import Iterator, Mapping

from ansible_collections.rras.ipsec.plugins.plugin_utils._policy import model


class Word(enum.StrEnum):
    """A word for what changes."""

    NEW = "new"
    REMOVED = "removed"
    ACTIVATED = "activated"
    DEACTIVATED = "deactivated"
    FILTER = "filter"
    FILTER_ACTION = "filter action"
    KEY = "key"
    AUTHENTICATION = "authentication"
    CONNECTION_TYPE = "connection type"
    TUNNEL = "tunnel"
    INTERFACE = "interface"
    KEY_EXCHANGE = "key exchange"
    POLLING_INTERVAL = "polling interval"
    DESCRIPTION = "description"
    ASSIGNMENT = "assignment"
    NAME = "name"
    SERVICES = "services"
    FIREWALL = "firewall"
    ACCESS_LIST = "access list"
    RECORD = "record"
    LEFTOVERS = "leftovers"
    UNREADABLE = "unreadable"


ChangeWords = tuple[Word, ...]


def rules(before: model.Policy | None, after: model.Policy | None) -> dict[str, ChangeWords]:
    """Return what changes in each rule, by name; rules that mean the same are left out.

    The default response rule goes by that name.
    """
    old, new = _by_name(before), _by_name(after)
    found = {name: tuple(_words(old.get(name), new.get(name))) for name in sorted({*old, *new})}
    return {name: words for name, words in found.items() if words}


def settings(before: model.Policy | None, after: model.Policy | None) -> ChangeWords:
    """Return what changes in a policy besides its rules; nothing if it is new or removed."""
    return tuple(_settings(before, after)) if before and after else ()


def _settings(before: model.Policy, after: model.Policy) -> Iterator[Word]:
    if model.main_mode_meaning(before.main_mode) != model.main_mode_meaning(after.main_mode):
        yield Word.KEY_EXCHANGE
    default = model.DEFAULT_POLLING_INTERVAL
    if (before.polling_interval or default) != (after.polling_interval or default):
        yield Word.POLLING_INTERVAL
    if before.description != after.description:
        yield Word.DESCRIPTION


def _by_name(policy: model.Policy | None) -> Mapping[str, model.Rule]:
    if policy is None:
        return {}
    return {name: rule for name, rule in policy.named_rules if rule.active or not rule.is_default_response}


def _words(before: model.Rule | None, after: model.Rule | None) -> Iterator[Word]:
    if before is None or after is None:
        yield Word.NEW if before is None else Word.REMOVED
        return
    if before.active != after.active:
        yield Word.ACTIVATED if after.active else Word.DEACTIVATED
    differs = {
        Word.FILTER: _filters(before) != _filters(after),
        Word.FILTER_ACTION: _action(before) != _action(after),
        **_proofs(before, after),
        Word.CONNECTION_TYPE: before.connection_type != after.connection_type,
        Word.TUNNEL: _tunnel(before) != _tunnel(after),
        Word.INTERFACE: before.interface_name != after.interface_name,
    }
    yield from (word for word, changed in differs.items() if changed)


def _filters(rule: model.Rule) -> object:
    return rule.filter_list and model.filter_list_meaning(rule.filter_list)


def _action(rule: model.Rule) -> object:
    return model.filter_action_meaning(rule.filter_action)


def _tunnel(rule: model.Rule) -> object:
    return rule.tunnel_address, rule.tunnel_address and rule.tunnel_name


def _proofs(before: model.Rule, after: model.Rule) -> dict[Word, bool]:
    """Return which changed: only keys, or the authentication methods as well."""
    if not (before.filter_action.negotiates and after.filter_action.negotiates):
        return {}
    other = model.authentication_meaning(_keyless(before)) != model.authentication_meaning(_keyless(after))
    key = not other and model.authentication_meaning(before) != model.authentication_meaning(after)
    return {Word.KEY: key, Word.AUTHENTICATION: other}


def _keyless(rule: model.Rule) -> model.Rule:
    """Return a rule with all its keys made equal."""
    alternate = rule.alternate_authentication
    return dataclasses.replace(
        rule,
        authentication=_without_data(rule.authentication),
        alternate_authentication=None if alternate is None else _without_data(alternate),
    )


def _without_data(methods: tuple[model.AuthenticationMethod, ...]) -> tuple[model.AuthenticationMethod, ...]:
    return tuple(dataclasses.replace(method, data=b"") if method.is_secret else method for method in methods)
