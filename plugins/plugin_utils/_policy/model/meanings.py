# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What two policies must have in common to mean the same."""

from __future__ import annotations

import collections
from collections.abc import Hashable, Iterable

from ansible_collections.rras.ipsec.plugins.plugin_utils._policy import distinguished_names
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.model.filters import Address, Filter, FilterList
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.model.numbers import (
    DEFAULT_LIFETIME_KILOBYTES,
    DEFAULT_LIFETIME_SECONDS,
    DEFAULT_MAIN_MODE_LIFETIME,
    DEFAULT_POLLING_INTERVAL,
    Action,
    AddressKind,
    AuthenticationType,
    FilterActionType,
    IkeEncryption,
    known,
    known_text,
)
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.model.policies import (
    AuthenticationMethod,
    FilterAction,
    MainMode,
    MainModeMethod,
    Offer,
    Policy,
    Rule,
)


def meaning(policy: Policy) -> Hashable:
    """Return what the policy means to Windows: equal values for two policies that do the same.

    The following have no meaning: names, descriptions, GUIDs, the order of rules and of filters, and an inactive
    default response rule. A number that stands for a default equals the default.
    """
    rules = [rule_meaning(rule) for rule in policy.rules if rule.active or not rule.is_default_response]
    return policy.polling_interval or DEFAULT_POLLING_INTERVAL, main_mode_meaning(policy.main_mode), _multiset(rules)


def rule_meaning(rule: Rule) -> Hashable:
    """Return what a rule means to Windows (see `meaning`).

    Authentication has no meaning if nothing is negotiated; neither do alternate methods that repeat the first ones.
    """
    filters = None if rule.filter_list is None else filter_list_meaning(rule.filter_list)
    place = (rule.connection_type, rule.interface_name, rule.tunnel_address, rule.tunnel_address and rule.tunnel_name)
    authentication = authentication_meaning(rule) if rule.filter_action.negotiates else None
    return filters, filter_action_meaning(rule.filter_action), authentication, place, rule.active


def authentication_meaning(rule: Rule) -> Hashable:
    """Return what the authentication methods of a rule mean to Windows (see `rule_meaning`)."""
    first = _methods_meaning(rule.authentication)
    alternate = first if rule.alternate_authentication is None else _methods_meaning(rule.alternate_authentication)
    return first, None if alternate == first else alternate, _flags_meaning(rule)


def filter_list_meaning(filter_list: FilterList) -> Hashable:
    """Return what a filter list means to Windows (see `meaning`)."""
    return _multiset([_filter_meaning(filter_) for filter_ in filter_list.filters])


def filter_action_meaning(filter_action: FilterAction) -> Hashable:
    """Return what a filter action means to Windows (see `meaning`); the order of offers counts."""
    offers = tuple(_offer_meaning(offer) for offer in filter_action.offers) if filter_action.negotiates else ()
    return known_text(Action, filter_action.action), known_text(FilterActionType, filter_action.type), offers


def main_mode_meaning(main_mode: MainMode) -> Hashable:
    """Return what the main mode means to Windows (see `meaning`); the order of methods counts, each counts once."""
    methods = tuple(dict.fromkeys(_method_meaning(method, main_mode) for method in main_mode.methods))
    return methods, main_mode.master_pfs, int(main_mode.options)


def _multiset(items: Iterable[Hashable]) -> Hashable:
    return frozenset(collections.Counter(items).items())


def _filter_meaning(filter_: Filter) -> Hashable:
    ends = _address_meaning(filter_.source), _address_meaning(filter_.destination)
    ports = filter_.source_port, filter_.destination_port
    return ends, filter_.protocol, ports, filter_.mirrored, filter_.tunnel_address, filter_.special


def _address_meaning(address: Address) -> Hashable:
    first = address.first
    if address.kind == AddressKind.SUBNET and first is not None and address.second is not None:
        first = type(first)(int(first) & int(address.second))
    return address.kind, first, address.second, address.name.casefold(), address.version


def _offer_meaning(offer: Offer) -> Hashable:
    lifetimes = (
        offer.lifetime_seconds or DEFAULT_LIFETIME_SECONDS,
        offer.lifetime_kilobytes or DEFAULT_LIFETIME_KILOBYTES,
    )
    return _multiset(offer.algorithms), lifetimes, offer.pfs


def _method_meaning(method: MainModeMethod, main_mode: MainMode) -> Hashable:
    seconds = method.lifetime_seconds or main_mode.lifetime_seconds or DEFAULT_MAIN_MODE_LIFETIME
    limit = main_mode.quick_mode_limit if method.quick_mode_limit is None else method.quick_mode_limit
    algorithms = known(IkeEncryption, method.encryption), method.integrity, method.group
    # Master key PFS allows one quick mode per main mode, whatever the limit says (netsh ipsec static, mmpfs).
    return algorithms, seconds, 1 if main_mode.master_pfs else limit, method.lifetime_kilobytes


def _methods_meaning(methods: Iterable[AuthenticationMethod]) -> Hashable:
    return tuple((method.type, _authority(method) or _secret(method)) for method in methods)


def _authority(method: AuthenticationMethod) -> str:
    return distinguished_names.meaning(method.certificate_authority) if method.certificate_authority else ""


def _secret(method: AuthenticationMethod) -> bytes:
    return method.data if method.is_secret else b""


def _flags_meaning(rule: Rule) -> Hashable:
    given = (*rule.authentication_flags, *(0 for _method in rule.authentication))  # a missing flags field counts as 0
    pairs = zip(rule.authentication, given, strict=False)
    flags = tuple(int(flag) if method.type == AuthenticationType.CERTIFICATE else 0 for method, flag in pairs)
    return flags if any(flags) else ()
