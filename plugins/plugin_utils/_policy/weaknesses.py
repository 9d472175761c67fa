# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What weakens a policy, or a key: none of it keeps a tunnel from working, and all of it can be changed."""

from __future__ import annotations

import dataclasses
import enum
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from ansible_collections.rras.ipsec.plugins.plugin_utils._policy import clear_text, findings, model
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.findings import Finding, Identifier
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.network import Connection
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.results import HostFacts, PolicyFacts
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.store import StoredPolicy


class Weakness(enum.StrEnum):
    """What weakens a policy or one of its rules, as one word."""

    ESP_WITHOUT_ENCRYPTION = "esp_without_encryption"
    WEAK_ENCRYPTION = "weak_encryption"
    WEAK_INTEGRITY = "weak_integrity"
    WEAK_DH_GROUP = "weak_dh_group"
    RULE_INACTIVE = "rule_inactive"
    TUNNEL_RULE = "tunnel_rule"
    NOT_MIRRORED = "not_mirrored"
    NOT_L2TP_FILTER = "not_l2tp_filter"
    ACCEPTS_UNSECURED = "accepts_unsecured"
    FALLS_BACK_TO_CLEAR_TEXT = "falls_back_to_clear_text"
    DEFAULT_RESPONSE_ACTIVE = "default_response_active"


_SAID: Final[Mapping[Weakness, tuple[str, str]]] = {
    Weakness.ESP_WITHOUT_ENCRYPTION: (
        "offers ESP without encryption, so anybody on the network path can read its packets",
        "Take the offer out of the filter action.",
    ),
    Weakness.WEAK_ENCRYPTION: (
        "offers DES, whose keys can be found by trying all of them",
        "Offer 3DES alone (encryption, in l2tp_filter_action and l2tp_main_mode).",
    ),
    Weakness.WEAK_INTEGRITY: (
        "offers MD5, or encryption without integrity",
        "Offer SHA1 alone (integrity, in l2tp_filter_action and l2tp_main_mode).",
    ),
    Weakness.WEAK_DH_GROUP: (
        "offers Diffie-Hellman group 1 (768 bits), which can be broken",
        "Write 14 or 2 for dh_group, in l2tp_main_mode.",
    ),
    Weakness.RULE_INACTIVE: (
        "is not active, so it protects nothing",
        "Activate the rule in the console, or delete it.",
    ),
    Weakness.TUNNEL_RULE: (
        "specifies a tunnel, in which L2TP does not work (KB 240262, step 8)",
        "Choose 'This rule does not specify a tunnel' in the console.",
    ),
    Weakness.NOT_MIRRORED: (
        "has a filter for L2TP that is not mirrored, so it protects one direction only",
        "Mirror the filter (KB 240262, step 16).",
    ),
    Weakness.NOT_L2TP_FILTER: (
        "has no filter for L2TP (UDP port 1701), so it protects no tunnel",
        "Correct the protocol and the port of its filter (KB 240262, steps 14 and 15), or accept it.",
    ),
    Weakness.ACCEPTS_UNSECURED: (
        "lets unsecured packets in",
        "Clear 'Accept unsecured communication, but always respond using IPSec' (KB 240262, step 19).",
    ),
    Weakness.FALLS_BACK_TO_CLEAR_TEXT: (
        "protects nothing with computers that do not answer IKE",
        "Clear 'Allow unsecured communication with non-IPSec-aware computers' in its filter action.",
    ),
    Weakness.DEFAULT_RESPONSE_ACTIVE: (
        "is active, so the host negotiates with any computer that asks",
        "Switch the default response rule off (KB 240262, step 5).",
    ),
}


def of_policy(policy: model.Policy) -> Iterator[tuple[str | None, Weakness]]:
    """Yield what weakens a policy, each with the name of its rule, or None for the key exchange."""
    methods = policy.main_mode.methods
    if any(method.encryption == model.IkeEncryption.DES for method in methods):
        yield None, Weakness.WEAK_ENCRYPTION
    if any(method.integrity == model.Integrity.MD5 for method in methods):
        yield None, Weakness.WEAK_INTEGRITY
    if any(method.group == model.DhGroup.GROUP_1 for method in methods):
        yield None, Weakness.WEAK_DH_GROUP
    for name, rule in policy.named_rules:
        yield from (("" if rule.is_default_response else name, each) for each in _of_rule(rule))


def _esp(offer: model.Offer) -> list[model.Algorithm]:
    return [each for each in offer.algorithms if each.transform == model.Transform.ESP]


def _lacks_encryption(offer: model.Offer) -> bool:
    return bool(_esp(offer)) and all(each.encryption == model.Encryption.NONE for each in _esp(offer))


def _lacks_integrity(offer: model.Offer) -> bool:
    integrity = {each.integrity for each in offer.algorithms}
    return integrity <= {model.Integrity.NONE, model.Integrity.MD5}


_OF_OFFER: Final = {
    Weakness.ESP_WITHOUT_ENCRYPTION: _lacks_encryption,
    Weakness.WEAK_ENCRYPTION: lambda offer: any(each.encryption == model.Encryption.DES for each in _esp(offer)),
    Weakness.WEAK_INTEGRITY: _lacks_integrity,
}


def find(host: str, facts: HostFacts) -> Iterator[Finding]:
    """Yield what weakens the assigned policy of a host, whoever wrote it."""
    for policy in facts["policies"]:
        if policy["assigned"]:
            yield from _of_assigned(host, policy)


_IN_CLEAR_TEXT: Final = (Weakness.ACCEPTS_UNSECURED, Weakness.FALLS_BACK_TO_CLEAR_TEXT)
_BY_HAND: Final = "Change that where the policy was made, such as in the console (IP Security Policies)."

SHORTEST_KEY: Final = 16
_ONE_CLASS_ENOUGH: Final = 32
"""The length, in characters, from which a key may consist only of digits, of small letters, or of capital letters."""
_FEWEST_DIFFERENT: Final = 8
_ONE_CLASS: Final = re.compile("[a-z]+|[A-Z]+|[0-9]+")
_COMMON: Final = (
    "abc|access|admin|administrator|changeme|cisco|company|connection|default|demo|example|guest|hello|ike|internet|"
    "ipsec|key|l2tp|letmein|master|microsoft|my|network|office|pass|passphrase|password|preshared|pre|psk|qwerty|"
    "qwertz|root|router|rras|s3cret|secret|secure|security|server|share|shared|site|test|the|this|to|tunnel|user|vpn|"
    "welcome|windows|your"
)

_WORD: Final = re.compile(rf"(?:{_COMMON}|\d|_)+")


def of_key(key: str) -> str:
    """Return what is weak about a preshared key, as a clause that quotes none of it; empty if nothing is.

    Whoever records a key exchange can try keys offline, as fast as they like. So a key is weak if it is short, has few
    different characters or only one class of them, or is made of words that everybody tries first.
    """
    if len(key) < SHORTEST_KEY:
        return f"has fewer than {SHORTEST_KEY} characters"
    if len(set(key)) < _FEWEST_DIFFERENT:
        return f"has fewer than {_FEWEST_DIFFERENT} different characters"
    if len(key) < _ONE_CLASS_ENOUGH and _ONE_CLASS.fullmatch("".join(filter(str.isalnum, key))):
        return "has only digits, only small letters or only capital letters"
    if _is_common(key):
        return "is made of common words and signs"
    return ""


def of_stored(host: str, policies: Iterable[StoredPolicy], problems: Mapping[bytes, str]) -> Iterator[Finding]:
    """Yield which of the known keys on a host are weak.

    problems: what is wrong with each known key, in the words of `of_key`, by the digest that the host answers for it.
    """
    for policy in policies:
        for rule in policy.policy.rules:
            known = (problems.get(method.data, "") for method in rule.authentication if method.is_secret)
            for problem in filter(None, dict.fromkeys(known)):
                yield findings.warning(
                    Identifier.WEAK_PRESHARED_KEY,
                    host,
                    f"The preshared key of the rule {rule.name!r} of the policy {policy.name!r} on {host} {problem}.",
                    _ANOTHER_KEY,
                )


_ANOTHER_KEY: Final = "Let rras.ipsec.keys make another one (docs/keys.md)."


def of_connections(host: str, connections: Iterable[Connection]) -> Iterator[Finding]:
    """Yield which of a host's declared keys are weak."""
    for connection in connections:
        keys = (each["preshared_key"] for each in connection.authentication if "preshared_key" in each)
        for problem in filter(None, map(of_key, keys)):
            yield findings.warning(
                Identifier.WEAK_PRESHARED_KEY,
                host,
                f"The preshared key of the connection {connection.name} {problem}.",
                _ANOTHER_KEY,
            )


def _of_rule(rule: model.Rule) -> Iterator[Weakness]:
    if rule.is_default_response:
        if rule.active:
            yield Weakness.DEFAULT_RESPONSE_ACTIVE
        return
    if not rule.active:
        yield Weakness.RULE_INACTIVE
        return
    if rule.tunnel_address is not None:
        yield Weakness.TUNNEL_RULE
    if rule.filter_action.negotiates:
        yield from _of_filters(rule.filters)
        yield from _of_action(rule.filter_action)
        yield from _of_offers(rule.filter_action.offers)


def _of_filters(filters: Sequence[model.Filter]) -> Iterator[Weakness]:
    if filters and not any(map(clear_text.matches_l2tp, filters)):
        yield Weakness.NOT_L2TP_FILTER
    one_way = [each for each in filters if clear_text.is_l2tp(each) and not each.mirrored]
    if any(_reversed(each) not in one_way for each in one_way):
        yield Weakness.NOT_MIRRORED


def _reversed(filter_: model.Filter) -> model.Filter:
    """Return the filter for packets in the opposite direction."""
    return dataclasses.replace(
        filter_,
        source=filter_.destination,
        destination=filter_.source,
        source_port=filter_.destination_port,
        destination_port=filter_.source_port,
    )


def _of_action(action: model.FilterAction) -> Iterator[Weakness]:
    if action.accepts_unsecured:
        yield Weakness.ACCEPTS_UNSECURED
    if action.falls_back_to_clear_text:
        yield Weakness.FALLS_BACK_TO_CLEAR_TEXT


def _of_offers(offers: Iterable[model.Offer]) -> Iterator[Weakness]:
    """Yield what weakens security methods. AH beside ESP provides integrity, so they are judged together."""
    for weakness, applies in _OF_OFFER.items():
        if any(offer.algorithms and applies(offer) for offer in offers):
            yield weakness


def _of_assigned(host: str, policy: PolicyFacts) -> Iterator[Finding]:
    for each in policy["weaknesses"]:
        problem, remedy = _SAID[Weakness(each["what"])]
        rule = each["rule"]
        part = "the key exchange" if rule is None else f"the rule {rule!r}" if rule else "the default response rule"
        said = f"{part} of the policy {policy['name']!r} on {host} {problem}."
        begin = "Clear text: t" if each["what"] in _IN_CLEAR_TEXT else "T"
        said = f"{begin}{said[1:]}"
        yield findings.warning(Identifier(each["what"]), host, said, remedy if policy["ours"] else _BY_HAND)


def _is_common(key: str) -> bool:
    """Return whether nothing is left of a key without common words, digits and signs."""
    words = re.findall(r"\w+", key.casefold())
    return any(map(str.isalpha, key)) and all(_WORD.fullmatch(word) for word in words)
