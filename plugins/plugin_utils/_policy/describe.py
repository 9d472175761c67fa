# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A policy in the words of the Windows console, for diffs and results. Never a key, nor a digest of one."""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from ansible_collections.rras.ipsec.plugins.plugin_utils._policy import model

_ACTIONS = {
    model.Action.BLOCK: "block",
    model.Action.PERMIT: "permit",
    model.Action.NEGOTIATE: "negotiate security",
    model.Action.NEGOTIATE_ACCEPTING_UNSECURED: "negotiate security, accept unsecured communication",
}
_CONNECTIONS = {
    model.ConnectionType.ALL: "all network connections",
    model.ConnectionType.LAN: "local area network",
    model.ConnectionType.DIALUP: "remote access",
}
_ALGORITHMS = {
    model.Encryption.TRIPLE_DES: "3DES",
    model.Encryption.DES: "DES",
    model.Encryption.NONE: "no encryption",
}
_INTEGRITY = {model.Integrity.SHA1: "SHA1", model.Integrity.MD5: "MD5", model.Integrity.NONE: "no integrity"}
_GROUPS = {
    model.DhGroup.GROUP_14: "Diffie-Hellman group 14 (2048)",
    model.DhGroup.GROUP_2: "Diffie-Hellman group 2 (1024)",
    model.DhGroup.GROUP_1: "Diffie-Hellman group 1 (768)",
}


class KeyState(enum.StrEnum):
    """What may be said of a preshared key."""

    MATCHES = "matches"
    DIFFERS = "differs"
    UNDECLARED = "undeclared"


KeyWord = Callable[[model.AuthenticationMethod], str]
"""What to say of a key: the secret method in, one word out."""


def lines(policy: model.Policy | None, key_word: KeyWord, *, assigned: bool | None = None) -> list[str]:
    """The text of a policy, line by line; nothing for none."""
    return list(_policy(policy, key_word, assigned)) if policy else []


def text(policy: model.Policy | None, key_word: KeyWord, *, assigned: bool | None = None) -> str:
    """As `lines`, as one text that ends in a line feed (an empty one for no policy)."""
    return "".join(f"{line}\n" for line in lines(policy, key_word, assigned=assigned))


def details(policy: model.Policy, key_word: KeyWord) -> dict[str, Any]:
    """A policy as data, for results."""
    return {
        "name": policy.name,
        "description": policy.description,
        "polling_interval": policy.polling_interval // 60,
        "main_mode": {
            "methods": [main_mode_text(method) for method in policy.main_mode.methods],
            "lifetime": policy.main_mode.lifetime_seconds // 60,
            "quick_mode_limit": policy.main_mode.quick_mode_limit,
            "pfs": policy.main_mode.master_pfs,
        },
        "rules": [_rule_details(rule, key_word) for rule in policy.rules],
    }


def _policy(policy: model.Policy, key_word: KeyWord, assigned: bool | None) -> Iterator[str]:
    yield f"IP security policy: {policy.name}"
    if assigned is not None:
        yield f"  assigned: {_yes(assigned)}"
    if policy.description:
        yield f"  description: {policy.description}"
    yield f"  check for policy changes every: {policy.polling_interval // 60} minutes"
    yield f"  key exchange: new key every {policy.main_mode.lifetime_seconds // 60} minutes"
    for method in policy.main_mode.methods:
        yield f"    {main_mode_text(method)}"
    for rule in sorted(policy.rules, key=lambda rule: (rule.is_default_response, rule.name)):
        yield from _rule(rule, key_word)


def _rule(rule: model.Rule, key_word: KeyWord) -> Iterator[str]:
    if rule.is_default_response:
        yield f"  default response rule: {'activated' if rule.active else 'not activated'}"
        return
    yield f"  rule: {rule.name or '(no name)'}{'' if rule.active else ' (not active)'}"
    for filter_ in rule.filters:
        yield f"    filter: {filter_text(filter_)}"
    yield f"    filter action: {action_text(rule.filter_action)}"
    for offer in rule.filter_action.offers if rule.filter_action.negotiates else ():
        yield f"      {offer_text(offer)}"
    for method in rule.authentication if rule.filter_action.negotiates else ():
        yield f"    authentication: {method_text(method, key_word)}"
    yield f"    tunnel: {rule.tunnel_address or 'none'}"
    yield f"    connection type: {_word(_CONNECTIONS, rule.connection_type)}"


def filter_text(filter_: model.Filter) -> str:
    """One filter on one line."""
    protocol = filter_.protocol.name if isinstance(filter_.protocol, model.Protocol) else f"protocol {filter_.protocol}"
    ends = f"{_end(filter_.source, filter_.source_port)} -> {_end(filter_.destination, filter_.destination_port)}"
    return f"{protocol} {ends}, {'mirrored' if filter_.mirrored else 'not mirrored'}"


def action_text(action: model.FilterAction) -> str:
    """What a filter action does."""
    return _word(_ACTIONS, action.action)


def offer_text(offer: model.Offer) -> str:
    """One security method of a filter action."""
    if offer.falls_back_to_clear_text:
        return "clear text with computers that do not support IPsec"
    algorithms = " and ".join(algorithm_text(algorithm) for algorithm in offer.algorithms)
    lifetime = f"{offer.lifetime_kilobytes} kB / {offer.lifetime_seconds} s"
    return f"{algorithms}, new key every {lifetime}{', perfect forward secrecy' if offer.pfs else ''}"


def method_text(method: model.AuthenticationMethod, key_word: KeyWord) -> str:
    """One authentication method, without its secret."""
    if method.type == model.AuthenticationType.CERTIFICATE:
        return f"certificate from {method.certificate_authority}"
    if method.type == model.AuthenticationType.KERBEROS:
        return "Kerberos"
    if method.type == model.AuthenticationType.PRESHARED_KEY:
        return f"preshared key: {key_word(method)}"
    return f"unknown method {method.type}"


def _rule_details(rule: model.Rule, key_word: KeyWord) -> dict[str, Any]:
    return {
        "name": rule.name,
        "default_response": rule.is_default_response,
        "active": rule.active,
        "filters": [filter_text(filter_) for filter_ in rule.filters],
        "filter_action": action_text(rule.filter_action),
        "offers": [offer_text(offer) for offer in rule.filter_action.offers],
        "authentication": [method_text(method, key_word) for method in rule.authentication],
        "tunnel": str(rule.tunnel_address) if rule.tunnel_address else None,
        "connection_type": _word(_CONNECTIONS, rule.connection_type),
    }


def main_mode_text(method: model.MainModeMethod) -> str:
    """One method of main mode."""
    encryption = _word({1: "DES", 3: "3DES"}, method.encryption)
    return f"{encryption} / {_word(_INTEGRITY, method.integrity)} / {_word(_GROUPS, method.group)}"


def algorithm_text(algorithm: model.Algorithm) -> str:
    """One protocol with its algorithms."""
    if algorithm.transform == model.Transform.AH:
        return f"AH {_word(_INTEGRITY, algorithm.integrity)}"
    return f"ESP {_word(_ALGORITHMS, algorithm.encryption)}/{_word(_INTEGRITY, algorithm.integrity)}"


def _end(address: model.Address, ports: model.Ports) -> str:
    return f"{address} port {ports}"


def _word(words: Any, value: object) -> str:  # noqa: ANN401 - a table of any of the enumerations
    return str(words.get(value, f"unknown ({value})"))


def _yes(value: bool) -> str:
    return "yes" if value else "no"


def key_states(declared: Iterable[model.AuthenticationMethod], expected: bool) -> KeyWord:
    """The word for a key that a host holds, given the masked keys that are declared."""
    digests = {method.data for method in declared}

    def word(method: model.AuthenticationMethod) -> str:
        if method.data in digests:
            return KeyState.MATCHES
        return KeyState.DIFFERS if expected else KeyState.UNDECLARED

    return word
