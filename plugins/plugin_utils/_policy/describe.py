# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A policy in the words of the Windows console, for diffs and results. Never a key, nor a digest of one."""

from __future__ import annotations

import dataclasses
import enum
import re
from collections.abc import Callable, Collection, Iterator, Mapping
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
_TYPES = {
    model.FilterActionType.STANDARD: "",
    model.FilterActionType.DEFAULT_RESPONSE: ", for default responses",
}
_VERSIONS = {
    model.IpVersion.V4: " over IPv4",
    model.IpVersion.V6: " over IPv6",
    model.IpVersion.BOTH: " over IPv4 and IPv6",
}
_FLAGS: Mapping[int, str] = {
    model.AuthenticationFlag.MAP_TO_ACCOUNT: "mapped to an account",
    model.AuthenticationFlag.EXCLUDE_CA_NAME: "without the name of the authority",
}
_OPTIONS: Mapping[int, str] = {
    model.MainModeOption.MAP_TO_ACCOUNT: "certificates are mapped to accounts",
    model.MainModeOption.OMIT_CERTIFICATE_REQUEST: "no certificate is requested",
}


_UNSAFE = re.compile(r"[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
"""What moves a cursor, sounds, ends a line, or turns the direction of writing; and what is no character at all."""
_GAP = " ... "
_LONGEST_QUOTE = 200


def escaped(text: str, keep: str = "") -> str:
    """A text of somebody else's as it may be shown: what a terminal would obey is spelled out."""
    return _UNSAFE.sub(lambda found: found[0] if found[0] in keep else ascii(found[0])[1:-1], text)


def shortened(text: str, most: int = _LONGEST_QUOTE) -> str:
    """A text of at most so many characters: its beginning and its end."""
    if len(text) <= most:
        return text
    half = (most - len(_GAP)) // 2
    return f"{text[:half]}{_GAP}{text[-half:]}"


def quoted(text: str) -> str:
    """What a host holds, as it stands in a sentence."""
    return shortened(escaped(text))


class KeyState(enum.StrEnum):
    """What may be said of a preshared key that a host holds."""

    MATCHES = "matches"
    DIFFERS = "differs"
    UNDECLARED = "undeclared"


KeyWord = Callable[[str, model.AuthenticationMethod], str]
"""What to say of a key: the name of its rule and the secret method in, a word or two out."""

Lifetime = tuple[int, int]
"""Seconds as they stand in the store, and what a 0 stands for."""


def lines(policy: model.Policy | None, key_word: KeyWord) -> list[str]:
    """The text of a policy, line by line; nothing for none. Policies that mean different things never share a text."""
    return list(_policy(policy, key_word)) if policy else []


def text(policy: model.Policy | None, key_word: KeyWord) -> str:
    """As `lines`, as one text that ends in a line feed (an empty one for no policy)."""
    return "".join(f"{line}\n" for line in lines(policy, key_word))


def details(policy: model.Policy, key_word: KeyWord) -> dict[str, Any]:
    """A policy as data, for results: what a 0 stands for instead of it."""
    main_mode = policy.main_mode
    return {
        "name": policy.name,
        "description": policy.description,
        "polling_interval": _in_minutes(policy.polling_interval or model.DEFAULT_POLLING_INTERVAL),
        "main_mode": {
            "methods": [_own_method_text(method) for method in main_mode.methods],
            "lifetime": _in_minutes(main_mode.lifetime_seconds or model.DEFAULT_MAIN_MODE_LIFETIME),
            "quick_mode_limit": main_mode.quick_mode_limit,
            "pfs": main_mode.master_pfs,
            "options": list(_bits(_OPTIONS, main_mode.options)),
        },
        "rules": [_rule_details(rule, key_word) for rule in policy.rules],
    }


def _policy(policy: model.Policy, key_word: KeyWord) -> Iterator[str]:
    yield f"IP security policy: {shown(policy.name)}"
    if policy.description:
        yield f"  description: {shown(policy.description)}"
    polling = _minutes((policy.polling_interval, model.DEFAULT_POLLING_INTERVAL))
    yield f"  check for policy changes every: {polling}"
    yield from _main_mode(policy.main_mode)
    for rule in sorted(policy.rules, key=lambda rule: (rule.is_default_response, rule.name)):
        yield from _rule(rule, key_word)


def _main_mode(main_mode: model.MainMode) -> Iterator[str]:
    lifetime = _minutes((main_mode.lifetime_seconds, model.DEFAULT_MAIN_MODE_LIFETIME))
    yield f"  key exchange: new key every {lifetime}"
    yield f"    {_limit(main_mode.quick_mode_limit)}"
    yield f"    master key perfect forward secrecy: {_yes(main_mode.master_pfs)}"
    for option in _bits(_OPTIONS, main_mode.options):
        yield f"    {option}"
    for method in main_mode.methods:
        yield f"    {_own_method_text(method)}"


def _rule(rule: model.Rule, key_word: KeyWord) -> Iterator[str]:
    if rule.is_default_response:
        yield f"  default response rule: {'activated' if rule.active else 'not activated'}"
        if not rule.active:
            return
    else:
        yield f"  rule: {shown(rule.name) if rule.name else '(no name)'}{'' if rule.active else ' (not active)'}"
        yield from _filters(rule)
    yield f"    filter action: {action_text(rule.filter_action)}"
    if rule.filter_action.negotiates:
        for offer in rule.filter_action.offers:
            yield f"      {offer_text(offer)}"
        yield from _authentication(rule, key_word)
    yield f"    tunnel: {_tunnel(rule) or 'none'}"
    yield f"    connection type: {_word(_CONNECTIONS, rule.connection_type)}"
    if rule.interface_name:
        yield f"    interface: {shown(rule.interface_name)}"


def _filters(rule: model.Rule) -> Iterator[str]:
    if not rule.filters:
        yield f"    filter list: {'empty' if rule.filter_list else 'none'}"
    for filter_ in rule.filters:
        yield f"    filter: {filter_text(filter_)}"


def _authentication(rule: model.Rule, key_word: KeyWord) -> Iterator[str]:
    for said in _methods(rule, key_word):
        yield f"    authentication: {said}"
    for said in _alternate(rule, key_word) or ():
        yield f"    alternate authentication: {said}"


def _methods(rule: model.Rule, key_word: KeyWord) -> list[str]:
    """The authentication methods of a rule, with what the rule adds to certificates."""
    flags = [*rule.authentication_flags, *(0 for _method in rule.authentication)]
    pairs = zip(rule.authentication, flags, strict=False)
    return [method_text(method, rule.name, key_word) + _flags(method, flag) for method, flag in pairs]


def _alternate(rule: model.Rule, key_word: KeyWord) -> list[str] | None:
    """The second list of methods, where it says something else than the first one."""
    if rule.alternate_authentication in (None, rule.authentication):
        return None
    return [method_text(method, rule.name, key_word) for method in rule.alternate_authentication or ()] or ["none"]


def _flags(method: model.AuthenticationMethod, flag: int) -> str:
    if method.type != model.AuthenticationType.CERTIFICATE:
        return ""
    return "".join(f", {word}" for word in _bits(_FLAGS, flag))


def filter_text(filter_: model.Filter) -> str:
    """One filter on one line."""
    protocol = filter_.protocol.name if isinstance(filter_.protocol, model.Protocol) else f"protocol {filter_.protocol}"
    ends = f"{_end(filter_.source, filter_.source_port)} -> {_end(filter_.destination, filter_.destination_port)}"
    tunnel = f", tunnel to {filter_.tunnel_address}" if filter_.tunnel_address is not None else ""
    special = f", special ({filter_.special})" if filter_.special else ""
    return f"{protocol} {ends}, {'mirrored' if filter_.mirrored else 'not mirrored'}{tunnel}{special}"


def action_text(action: model.FilterAction) -> str:
    """What a filter action does."""
    kind = model.known_text(model.FilterActionType, action.type)
    return f"{_word(_ACTIONS, action.action)}{_word(_TYPES, kind, ', of an unknown type ({})')}"


def offer_text(offer: model.Offer) -> str:
    """One security method of a filter action."""
    kilobytes, seconds = offer.lifetime_kilobytes, offer.lifetime_seconds
    lifetime = ", new key every {} / {}{}".format(
        f"{kilobytes} kB" if kilobytes else f"{model.DEFAULT_LIFETIME_KILOBYTES} kB (default)",
        f"{seconds} s" if seconds else f"{model.DEFAULT_LIFETIME_SECONDS} s (default)",
        ", perfect forward secrecy" if offer.pfs else "",
    )
    if offer.falls_back_to_clear_text:
        plain = not (kilobytes or seconds or offer.pfs)
        return f"clear text with computers that do not support IPsec{'' if plain else lifetime}"
    return " and ".join(algorithm_text(algorithm) for algorithm in offer.algorithms) + lifetime


def method_text(method: model.AuthenticationMethod, rule: str, key_word: KeyWord) -> str:
    """One authentication method of a rule of that name, without its secret."""
    if method.type == model.AuthenticationType.CERTIFICATE:
        return f"certificate from {shown(method.certificate_authority)}"
    if method.type == model.AuthenticationType.KERBEROS:
        return "Kerberos"
    if method.type == model.AuthenticationType.PRESHARED_KEY:
        return f"preshared key: {key_word(rule, method)}"
    return f"unknown method {int(method.type)}: {key_word(rule, method)}"


def _rule_details(rule: model.Rule, key_word: KeyWord) -> dict[str, Any]:
    has_filters = rule.filter_list is not None or rule.is_default_response
    return {
        "name": rule.name,
        "default_response": rule.is_default_response,
        "active": rule.active,
        "filters": [filter_text(filter_) for filter_ in rule.filters] if has_filters else None,
        "filter_action": action_text(rule.filter_action),
        "offers": [offer_text(offer) for offer in rule.filter_action.offers],
        "authentication": _methods(rule, key_word),
        "alternate_authentication": _alternate(rule, key_word),
        "tunnel": _tunnel(rule),
        "connection_type": _word(_CONNECTIONS, rule.connection_type),
        "interface": rule.interface_name or None,
    }


def _tunnel(rule: model.Rule) -> str | None:
    if rule.tunnel_address is None:
        return None
    return f"{rule.tunnel_address} ({shown(rule.tunnel_name)})" if rule.tunnel_name else str(rule.tunnel_address)


def main_mode_text(method: model.MainModeMethod) -> str:
    """One method of main mode."""
    encryption = _word({1: "DES", 2: "3DES", 3: "3DES"}, method.encryption)
    return f"{encryption} / {_word(_INTEGRITY, method.integrity)} / {_word(_GROUPS, method.group)}"


def _own_method_text(method: model.MainModeMethod) -> str:
    """As `main_mode_text`, with what the method says instead of the whole main mode."""
    seconds = f", new key every {_minutes((method.lifetime_seconds, 0))}" if method.lifetime_seconds else ""
    kilobytes = f", new key every {method.lifetime_kilobytes} kB" if method.lifetime_kilobytes else ""
    limit = "" if method.quick_mode_limit is None else f", {_limit(method.quick_mode_limit)}"
    return f"{main_mode_text(method)}{seconds}{kilobytes}{limit}"


def algorithm_text(algorithm: model.Algorithm) -> str:
    """One protocol with its algorithms."""
    integrity = _word(_INTEGRITY, algorithm.integrity)
    if algorithm.transform == model.Transform.AH and algorithm.encryption == model.Encryption.NONE:
        return f"AH {integrity}"
    protocol = _word({model.Transform.AH: "AH", model.Transform.ESP: "ESP"}, algorithm.transform)
    return f"{protocol} {_word(_ALGORITHMS, algorithm.encryption)}/{integrity}"


def _end(address: model.Address, ports: model.Ports) -> str:
    return f"{_address(address)} port {ports}"


def _address(address: model.Address) -> str:
    """An address as numbers, then the name that a person gave instead of it."""
    usual = model.IpVersion.V4 if address.first is None or address.first.version == 4 else model.IpVersion.V6  # noqa: PLR2004 (IPv4)
    version = "" if address.version == usual else _word(_VERSIONS, address.version, " over an unknown version ({})")
    named = f" ({shown(address.name)})" if address.name else ""
    return f"{dataclasses.replace(address, name='')}{named}{version}"


def _minutes(lifetime: Lifetime) -> str:
    seconds = lifetime[0] or lifetime[1]
    whole = f"{seconds // 60} minutes" if seconds % 60 == 0 else f"{seconds} seconds"
    return whole if lifetime[0] else f"{whole} (default)"


def _in_minutes(seconds: int) -> float:
    """Minutes, with a fraction only where the store holds no whole number of them."""
    return seconds // 60 if seconds % 60 == 0 else seconds / 60


def _limit(sessions: int) -> str:
    return f"at most {sessions} sessions for each key" if sessions else "any number of sessions for each key"


def _bits(words: Mapping[int, str], flags: int) -> Iterator[str]:
    """The words of the bits that are set; one more for all bits that have none."""
    rest = int(flags)
    for bit, word in words.items():
        if rest & bit:
            yield word
            rest &= ~bit
    if rest:
        yield f"unknown ({rest:#x})"


def _word(words: Any, value: object, unknown: str = "unknown ({})") -> str:  # noqa: ANN401 - a table of any of the enumerations
    known = words.get(value)
    return str(known if known is not None else unknown.format(shown(str(value))))


def shown(said: str) -> str:
    """A text that a host holds, on one line: quoted where it could be taken for something else."""
    return said if said.isprintable() and said.strip() == said and said[:1] not in ("", "'", '"') else repr(said)


def _yes(value: bool) -> str:
    return "yes" if value else "no"


def key_states(declared: Mapping[str, Collection[model.AuthenticationMethod]]) -> KeyWord:
    """The word for a key that a host holds, given the masked keys that are declared for each rule."""
    digests = {rule: {method.data for method in methods if method.is_secret} for rule, methods in declared.items()}

    def word(rule: str, method: model.AuthenticationMethod) -> str:
        wanted = digests.get(rule)
        if not wanted:
            return KeyState.UNDECLARED
        return KeyState.MATCHES if method.data in wanted else KeyState.DIFFERS

    return word


def any_key_states(declared: Collection[model.AuthenticationMethod]) -> KeyWord:
    """As `key_states`, given masked keys of which each may be that of any rule."""
    digests = {method.data for method in declared}

    def word(_rule: str, method: model.AuthenticationMethod) -> str:
        if not digests:
            return KeyState.UNDECLARED
        return KeyState.MATCHES if method.data in digests else KeyState.DIFFERS

    return word
