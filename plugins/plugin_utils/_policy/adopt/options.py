# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From the structures of a policy to the options that declare them, where there are any."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from ansible_collections.rras.ipsec.plugins.plugin_utils._policy import describe, model, texts

_IKE_ENCRYPTION: Final[Mapping[int, str]] = {model.IkeEncryption.DES: "des", model.IkeEncryption.TRIPLE_DES: "3des"}
_ENCRYPTION: Final[Mapping[int, str]] = {model.Encryption.DES: "des", model.Encryption.TRIPLE_DES: "3des"}
_INTEGRITY: Final[Mapping[int, str]] = {
    model.Integrity.NONE: "none",
    model.Integrity.MD5: "md5",
    model.Integrity.SHA1: "sha1",
}
_GROUPS: Final[Mapping[int, int]] = {model.DhGroup.GROUP_1: 1, model.DhGroup.GROUP_2: 2, model.DhGroup.GROUP_14: 14}
_SHORTEST_LIFETIME: Final = 300
_SMALLEST_LIFETIME: Final = 20_480
_DEFAULT_MAIN_MODE: Final = {
    "methods": [{"encryption": "3des", "integrity": "sha1", "dh_group": group} for group in (14, 2)],
    "lifetime": 480,
    "quick_mode_limit": 0,
    "pfs": False,
}
_DEFAULT_OFFERS: Final = [
    {"encryption": "3des", "integrity": "sha1", "lifetime_seconds": 3600, "lifetime_kilobytes": 100_000}
]


class InexpressibleError(Exception):
    """No option can express it; never leaves this package. The text is the end of a sentence and gives the reason."""


def main_mode(found: model.MainMode) -> dict[str, Any]:
    """Return the option main_mode without the defaults. Raises `InexpressibleError`."""
    if found.options:
        words = ", ".join(describe.option_words(found.options))
        raise InexpressibleError(f"its key exchange says more than main_mode can ({words})")
    seconds = found.lifetime_seconds or model.DEFAULT_MAIN_MODE_LIFETIME
    said = {
        "methods": list(_methods(found)),
        "lifetime": minutes(seconds, "the key exchange gets a new key"),
        "quick_mode_limit": found.quick_mode_limit,
        "pfs": found.master_pfs,
    }
    return {name: value for name, value in said.items() if value != _DEFAULT_MAIN_MODE[name]}


def minutes(seconds: int, what: str) -> int:
    """Return a number of seconds in minutes. Raises `InexpressibleError` if it is no whole number of them."""
    if seconds % 60:
        raise InexpressibleError(f"{what} every {seconds} seconds, and only whole minutes can be declared")
    return seconds // 60


def filter_action(found: model.FilterAction) -> dict[str, Any]:
    """Return the option filter_action of a connection without the defaults. Raises `InexpressibleError`."""
    if model.known_text(model.FilterActionType, found.type) != model.FilterActionType.STANDARD:
        raise InexpressibleError("its filter action is for default responses")
    if found.accepts_unsecured or found.action != model.Action.NEGOTIATE:
        raise InexpressibleError(f"its filter action is '{describe.action_text(found)}', which leaves L2TP unprotected")
    offers = [_offer(each) for each in found.offers]
    pfs = {each.pfs for each in found.offers}
    if len(pfs) > 1:
        raise InexpressibleError("only some of its offers have perfect forward secrecy")
    said = {"offers": offers, "pfs": True in pfs}
    return {name: value for name, value in said.items() if value != {"offers": _DEFAULT_OFFERS, "pfs": False}[name]}


def methods(rule: model.Rule) -> tuple[model.AuthenticationMethod, ...]:
    """Return the authentication methods of a connection in order of preference. Raises `InexpressibleError`."""
    if not rule.authentication:
        raise InexpressibleError("it has no authentication method")
    if rule.alternate_authentication not in (None, rule.authentication):
        raise InexpressibleError("its alternate authentication methods say something else than the first ones")
    unknown = [each.type for each in rule.authentication if not isinstance(each.type, model.AuthenticationType)]
    if unknown:
        raise InexpressibleError(f"it authenticates by a method of the unknown type {unknown[0]}")
    if any(rule.authentication_flags):
        raise InexpressibleError("it adds settings to its certificate methods")
    authorities = [each.certificate_authority for each in rule.authentication if each.certificate_authority]
    if any(map(texts.authority_fault, authorities)):
        raise InexpressibleError("what it names as its certification authority is not a distinguished name")
    return rule.authentication


def ends(rule: model.Rule) -> tuple[str, str]:
    """Return source and destination of a connection's only filter. Raises `InexpressibleError`."""
    between = rule.filters[0] if len(rule.filters) == 1 else None
    if between is None:
        raise InexpressibleError(f"it has {len(rule.filters)} filters, and a connection has one")
    wanted = model.Filter(
        between.source, between.destination, model.Protocol.UDP, model.Ports.one(1701), model.Ports.any()
    )
    single = all(
        end.kind == model.AddressKind.SINGLE and end.version == model.IpVersion.V4 and not end.name
        for end in (between.source, between.destination)
    )
    if between != wanted or not single:
        raise InexpressibleError(
            f"its filter is {describe.filter_text(between)}, and that of a connection is "
            "UDP from port 1701 of one address to any port of another, mirrored"
        )
    return str(between.source), str(between.destination)


def place(rule: model.Rule) -> None:
    """Raise `InexpressibleError` unless a rule is active, has no tunnel, and applies to all network connections."""
    if rule.is_default_response:
        raise InexpressibleError("it is active, and the role declares it inactive")
    if not rule.active:
        raise InexpressibleError("it is not active")
    if rule.tunnel_address is not None:
        raise InexpressibleError(f"it is for a tunnel to {rule.tunnel_address}")
    if rule.connection_type != model.ConnectionType.ALL or rule.interface_name:
        raise InexpressibleError("it applies to some network connections only")


def _methods(found: model.MainMode) -> Iterator[dict[str, Any]]:
    seen = set()
    for method in found.methods:
        known = _IKE_ENCRYPTION.get(method.encryption), _INTEGRITY.get(method.integrity), _GROUPS.get(method.group)
        own = method.lifetime_seconds is not None or method.quick_mode_limit is not None or method.lifetime_kilobytes
        if None in known or own or method.integrity == model.Integrity.NONE:
            raise InexpressibleError(f"main_mode can't say its method {describe.own_method_text(method)}")
        if known not in seen:
            yield dict(zip(("encryption", "integrity", "dh_group"), known, strict=True))
        seen.add(known)


def _offer(found: model.Offer) -> dict[str, Any]:
    only = found.algorithms[0] if len(found.algorithms) == 1 else None
    esp = only if only and only.transform == model.Transform.ESP else None
    encryption = _ENCRYPTION.get(esp.encryption) if esp else None
    integrity = _INTEGRITY.get(esp.integrity) if esp else None
    seconds = found.lifetime_seconds or model.DEFAULT_LIFETIME_SECONDS
    kilobytes = found.lifetime_kilobytes or model.DEFAULT_LIFETIME_KILOBYTES
    if not (encryption and integrity) or seconds < _SHORTEST_LIFETIME or kilobytes < _SMALLEST_LIFETIME:
        raise InexpressibleError(f"a connection can't have its offer '{describe.offer_text(found)}'")
    return {
        "encryption": encryption,
        "integrity": integrity,
        "lifetime_seconds": seconds,
        "lifetime_kilobytes": kilobytes,
    }
