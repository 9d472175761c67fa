# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The parts of a policy in the words of the Windows console, each on one line."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from typing import Any

from ansible_collections.rras.ipsec.plugins.plugin_utils._policy import model
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.describe.keys import KeyWord
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.describe.quoting import shown

_ACTIONS = {
    model.Action.BLOCK: "block",
    model.Action.PERMIT: "permit",
    model.Action.NEGOTIATE: "negotiate security",
    model.Action.NEGOTIATE_ACCEPTING_UNSECURED: "negotiate security, accept unsecured communication",
}
CONNECTIONS = {
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
OPTIONS: Mapping[int, str] = {
    model.MainModeOption.MAP_TO_ACCOUNT: "certificates are mapped to accounts",
    model.MainModeOption.OMIT_CERTIFICATE_REQUEST: "no certificate is requested",
}
Lifetime = tuple[int, int]
"""Seconds as stored, and the default that a 0 stands for."""


def methods_text(rule: model.Rule, key_word: KeyWord) -> list[str]:
    """Return the authentication methods of a rule, with the flags that the rule adds to certificates."""
    flags = [*rule.authentication_flags, *(0 for _method in rule.authentication)]
    pairs = zip(rule.authentication, flags, strict=False)
    return [method_text(method, rule.name, key_word) + _flags(method, flag) for method, flag in pairs]


def alternate_text(rule: model.Rule, key_word: KeyWord) -> list[str] | None:
    """Return the second list of methods; None unless it differs from the first one."""
    if rule.alternate_authentication in (None, rule.authentication):
        return None
    return [method_text(method, rule.name, key_word) for method in rule.alternate_authentication or ()] or ["none"]


def filter_text(filter_: model.Filter) -> str:
    """Return a filter as one line."""
    protocol = filter_.protocol.name if isinstance(filter_.protocol, model.Protocol) else f"protocol {filter_.protocol}"
    ends = f"{_end(filter_.source, filter_.source_port)} -> {_end(filter_.destination, filter_.destination_port)}"
    tunnel = f", tunnel to {filter_.tunnel_address}" if filter_.tunnel_address is not None else ""
    special = f", special ({filter_.special})" if filter_.special else ""
    return f"{protocol} {ends}, {'mirrored' if filter_.mirrored else 'not mirrored'}{tunnel}{special}"


def action_text(action: model.FilterAction) -> str:
    """Return what a filter action does."""
    kind = model.known_text(model.FilterActionType, action.type)
    return f"{word_for(_ACTIONS, action.action)}{word_for(_TYPES, kind, ', of an unknown type ({})')}"


def offer_text(offer: model.Offer) -> str:
    """Return one security method of a filter action."""
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
    """Return one authentication method of the named rule, without its secret."""
    if method.type == model.AuthenticationType.CERTIFICATE:
        return f"certificate from {shown(method.certificate_authority)}"
    if method.type == model.AuthenticationType.KERBEROS:
        return "Kerberos"
    if method.type == model.AuthenticationType.PRESHARED_KEY:
        return f"preshared key: {key_word(rule, method)}"
    return f"unknown method {int(method.type)}: {key_word(rule, method)}"


def tunnel_text(rule: model.Rule) -> str | None:
    if rule.tunnel_address is None:
        return None
    return f"{rule.tunnel_address} ({shown(rule.tunnel_name)})" if rule.tunnel_name else str(rule.tunnel_address)


def main_mode_text(method: model.MainModeMethod) -> str:
    """Return one method of main mode."""
    encryption = word_for({1: "DES", 2: "3DES", 3: "3DES"}, method.encryption)
    return f"{encryption} / {word_for(_INTEGRITY, method.integrity)} / {word_for(_GROUPS, method.group)}"


def own_method_text(method: model.MainModeMethod) -> str:
    """Return one method of main mode, with the settings in which it differs from the whole main mode."""
    seconds = f", new key every {minutes_text((method.lifetime_seconds, 0))}" if method.lifetime_seconds else ""
    kilobytes = f", new key every {method.lifetime_kilobytes} kB" if method.lifetime_kilobytes else ""
    limit = "" if method.quick_mode_limit is None else f", {limit_text(method.quick_mode_limit)}"
    return f"{main_mode_text(method)}{seconds}{kilobytes}{limit}"


def algorithm_text(algorithm: model.Algorithm) -> str:
    """Return one protocol with its algorithms."""
    integrity = word_for(_INTEGRITY, algorithm.integrity)
    if algorithm.transform == model.Transform.AH and algorithm.encryption == model.Encryption.NONE:
        return f"AH {integrity}"
    protocol = word_for({model.Transform.AH: "AH", model.Transform.ESP: "ESP"}, algorithm.transform)
    return f"{protocol} {word_for(_ALGORITHMS, algorithm.encryption)}/{integrity}"


def minutes_text(lifetime: Lifetime) -> str:
    seconds = lifetime[0] or lifetime[1]
    whole = f"{seconds // 60} minutes" if seconds % 60 == 0 else f"{seconds} seconds"
    return whole if lifetime[0] else f"{whole} (default)"


def limit_text(sessions: int) -> str:
    return f"at most {sessions} sessions for each key" if sessions else "any number of sessions for each key"


def option_words(flags: int) -> list[str]:
    """Return the words for what a main mode adds to all its certificate methods."""
    return list(bit_words(OPTIONS, flags))


def bit_words(words: Mapping[int, str], flags: int) -> Iterator[str]:
    """Yield a word for each bit that is set, and one for all bits without a word."""
    rest = int(flags)
    for bit, word in words.items():
        if rest & bit:
            yield word
            rest &= ~bit
    if rest:
        yield f"unknown ({rest:#x})"


def word_for(words: Any, value: object, unknown: str = "unknown ({})") -> str:  # noqa: ANN401 - a table of any of the enumerations
    known = words.get(value)
    return str(known if known is not None else unknown.format(shown(str(value))))


def _flags(method: model.AuthenticationMethod, flag: int) -> str:
    if method.type != model.AuthenticationType.CERTIFICATE:
        return ""
    return "".join(f", {word}" for word in bit_words(_FLAGS, flag))


def _end(address: model.Address, ports: model.Ports) -> str:
    return f"{_address(address)} port {ports}"


def _address(address: model.Address) -> str:
    """Return an address in numbers, followed by the name that a person gave instead of it."""
    usual = model.IpVersion.V4 if address.first is None or address.first.version == 4 else model.IpVersion.V6  # noqa: PLR2004 (IPv4)
    version = "" if address.version == usual else word_for(_VERSIONS, address.version, " over an unknown version ({})")
    named = f" ({shown(address.name)})" if address.name else ""
    return f"{dataclasses.replace(address, name='')}{named}{version}"
