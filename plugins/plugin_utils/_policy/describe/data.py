# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A policy as data, for results."""

from __future__ import annotations

from ansible_collections.rras.ipsec.plugins.plugin_utils._policy import model
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.describe.keys import KeyWord
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.describe.vocabulary import (
    CONNECTIONS,
    OPTIONS,
    action_text,
    alternate_text,
    bit_words,
    filter_text,
    methods_text,
    offer_text,
    own_method_text,
    tunnel_text,
    word_for,
)
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.results import PolicyDetails, RuleFacts


def details(policy: model.Policy, key_word: KeyWord) -> PolicyDetails:
    """Return a policy as data for results, with defaults in the place of zeros."""
    main_mode = policy.main_mode
    return {
        "name": policy.name,
        "description": policy.description,
        "polling_interval": _in_minutes(policy.polling_interval or model.DEFAULT_POLLING_INTERVAL),
        "main_mode": {
            "methods": [own_method_text(method) for method in main_mode.methods],
            "lifetime": _in_minutes(main_mode.lifetime_seconds or model.DEFAULT_MAIN_MODE_LIFETIME),
            "quick_mode_limit": main_mode.quick_mode_limit,
            "pfs": main_mode.master_pfs,
            "options": list(bit_words(OPTIONS, main_mode.options)),
        },
        "rules": [_rule_details(rule, key_word) for rule in policy.rules],
    }


def _rule_details(rule: model.Rule, key_word: KeyWord) -> RuleFacts:
    has_filters = rule.filter_list is not None or rule.is_default_response
    return {
        "name": rule.name,
        "default_response": rule.is_default_response,
        "active": rule.active,
        "filters": [filter_text(filter_) for filter_ in rule.filters] if has_filters else None,
        "filter_action": action_text(rule.filter_action),
        "offers": [offer_text(offer) for offer in rule.filter_action.offers],
        "authentication": methods_text(rule, key_word),
        "alternate_authentication": alternate_text(rule, key_word),
        "tunnel": tunnel_text(rule),
        "connection_type": word_for(CONNECTIONS, rule.connection_type),
        "interface": rule.interface_name or None,
    }


def _in_minutes(seconds: int) -> float:
    """Return a time in minutes, with a fraction only if the store holds no whole number of minutes."""
    return seconds // 60 if seconds % 60 == 0 else seconds / 60
