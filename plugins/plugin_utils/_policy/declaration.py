# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From validated options to the policy that they declare."""

from __future__ import annotations

import dataclasses
import ipaddress
from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.rras.ipsec.plugins.plugin_utils._policy import distinguished_names, model, texts
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.errors import RrasError
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.registry import NameMap

Options = Mapping[str, Any]

_INTEGRITY = {"md5": model.Integrity.MD5, "sha1": model.Integrity.SHA1, "none": model.Integrity.NONE}
_ENCRYPTION = {"3des": model.Encryption.TRIPLE_DES, "des": model.Encryption.DES, "none": model.Encryption.NONE}
_IKE_ENCRYPTION = {"3des": model.IkeEncryption.TRIPLE_DES, "des": model.IkeEncryption.DES}
_DH_GROUPS = {14: model.DhGroup.GROUP_14, 2: model.DhGroup.GROUP_2, 1: model.DhGroup.GROUP_1}
_CONNECTION_TYPES = {
    "all": model.ConnectionType.ALL,
    "lan": model.ConnectionType.LAN,
    "dialup": model.ConnectionType.DIALUP,
}
_PROTOCOLS = {
    "any": model.Protocol.ANY,
    "icmp": model.Protocol.ICMP,
    "tcp": model.Protocol.TCP,
    "udp": model.Protocol.UDP,
}
_PORTS = range(65536)
_SHORTEST_LIFETIME = 300
_SMALLEST_LIFETIME = 20480
_LONGEST_TIMEOUT = 3600
_SHORTEST_HOST_TIMEOUT = 10
_LONGEST_HOST_TIMEOUT = 86_400


class DeclarationError(RrasError):
    """The declared policy is invalid. The message is one sentence: what is wrong, where, what to write instead."""

    reason = "declaration"


@dataclasses.dataclass(frozen=True, slots=True)
class Declaration:
    """A policy as declared, and what is to be done with it."""

    policy: model.Policy
    assigned: bool
    replace_assigned: bool
    take_over: bool
    forget_replaced: bool = False
    address: str = ""
    """The host's own address in the filters, if declared; if empty, either end may be the host's."""
    block_ipv6: bool = False
    """Whether a rule of Windows Firewall is to block L2TP over IPv6."""
    open_firewall: bool = False
    """Whether another rule of Windows Firewall is to let the peers in."""


def declare(options: Options) -> Declaration:
    """Return the declaration made by options of `win_ipsec_psk_policy`.

    Raises `DeclarationError`.
    """
    check_name("name", options["name"])
    given = _rules_given(options)
    _check_rule_names(given)
    rules = tuple(_rule(f"rules[{number}]", rule) for number, rule in enumerate(given))
    policy = model.Policy(
        name=options["name"],
        description=_description("description", options["description"]),
        polling_interval=minutes("polling_interval", options["polling_interval"]),
        main_mode=main_mode("main_mode", options["main_mode"]),
        rules=(*rules, model.default_response_rule(active=options["default_response_rule"])),
    )
    _check_equal_filters(rules)
    return Declaration(
        policy,
        options["assigned"],
        options["replace_assigned"],
        options["take_over"],
        forget_replaced=options["forget_replaced"],
        address=specific_address("address", options["address"]) if options["address"] else "",
        block_ipv6=options["block_l2tp_over_ipv6"],
        open_firewall=options["open_firewall"],
    )


def check_settle_timeout(where: str, seconds: int) -> None:
    """Raise `DeclarationError` for a time that nobody would wait."""
    if not 0 <= seconds <= _LONGEST_TIMEOUT:
        raise DeclarationError(f"{where} is out of range; write a number of seconds from 0 to {_LONGEST_TIMEOUT}.")


def specific_address(where: str, text: str) -> str:
    """Return an address that can be that of one host, in its usual form.

    Raises `DeclarationError` for anything else: a name, a network, a group, the wildcard.
    """
    try:
        address = ipaddress.IPv4Address(text)
    except ValueError:
        raise DeclarationError(
            f"{where} is not an IPv4 address; write an address of the server, such as 192.0.2.1."
        ) from None
    if address.is_multicast or address.is_unspecified or address.is_loopback or address == _BROADCAST:
        raise DeclarationError(
            f"{where} is {text}, which is not the address of "
            "a single host; write the static address of the RRAS interface."
        )
    return str(address)


_BROADCAST = ipaddress.IPv4Address("255.255.255.255")


def check_name(where: str, name: str) -> None:
    """Raise `DeclarationError` for an invalid name of a policy or a rule."""
    _refuse(where, texts.name_problem(name))


def check_key(where: str, key: str) -> None:
    """Raise `DeclarationError` for an invalid preshared key."""
    _refuse(where, texts.key_fault(key))


def check_authority(where: str, authority: str) -> None:
    """Raise `DeclarationError` for an invalid name of a certification authority."""
    _refuse(where, texts.authority_fault(authority))


def check_program_timeout(where: str, seconds: int) -> None:
    """Raise `DeclarationError` for a time too short for any program to end, or too long for anybody to wait."""
    if not 0 < seconds <= _LONGEST_TIMEOUT:
        raise DeclarationError(f"{where} is out of range; write a number of seconds from 1 to {_LONGEST_TIMEOUT}.")


def check_host_timeout(where: str, seconds: int) -> None:
    """Raise `DeclarationError` for a time too short for any host to answer, or too long for anybody to wait."""
    if not _SHORTEST_HOST_TIMEOUT <= seconds <= _LONGEST_HOST_TIMEOUT:
        span = f"from {_SHORTEST_HOST_TIMEOUT} to {_LONGEST_HOST_TIMEOUT}"
        raise DeclarationError(f"{where} is out of range; write a number of seconds {span}.")


def minutes(where: str, number: int) -> int:
    """Return a number of minutes in seconds.

    Raises `DeclarationError` if the store can't hold it.
    """
    if not 0 < number <= 71_582_788:  # noqa: PLR2004 - the store holds seconds in 32 bits
        raise DeclarationError(f"{where} is out of range; write a number of minutes from 1 to 71582788.")
    return number * 60


_FROM_DEFAULT = "a number from 0, the default, to 4294967295"


def main_mode(where: str, options: Options) -> model.MainMode:
    """Return the key exchange that the option `main_mode` declares.

    Raises `DeclarationError`, whose text begins with `where`.
    """
    if not options["methods"]:
        raise DeclarationError(f"{where}.methods is empty; name at least one method or leave the option out.")
    return model.MainMode(
        methods=tuple(
            model.MainModeMethod(
                _IKE_ENCRYPTION[method["encryption"]], _INTEGRITY[method["integrity"]], _DH_GROUPS[method["dh_group"]]
            )
            for method in options["methods"]
        ),
        lifetime_seconds=minutes(f"{where}.lifetime", options["lifetime"]),
        quick_mode_limit=_number(f"{where}.quick_mode_limit", options["quick_mode_limit"]),
        master_pfs=options["pfs"],
    )


def filter_action(where: str, rule_name: str, options: Options) -> model.FilterAction:
    """Return the filter action that the option of that name declares for a rule.

    Raises `DeclarationError`, whose text begins with `where`.
    """
    if options["action"] != "negotiate":
        action = model.Action.BLOCK if options["action"] == "block" else model.Action.PERMIT
        return model.FilterAction(name=f"{rule_name} ({options['action']})", action=action, offers=())
    offers = tuple(
        _offer(f"{where}.offers[{number}]", offer, options) for number, offer in enumerate(options["offers"])
    )
    if not offers:
        raise DeclarationError(f"{where}.offers is empty; name at least one offer or leave the option out.")
    if options["fall_back_to_clear_text"]:
        offers = (*offers, model.Offer(()))
    accepting = model.Action.NEGOTIATE_ACCEPTING_UNSECURED
    action = accepting if options["accept_unsecured"] else model.Action.NEGOTIATE
    return model.FilterAction(name=f"{rule_name} (negotiate)", action=action, offers=offers)


def _rules_given(options: Options) -> Sequence[Options]:
    """Return the declared rules; empty in phases that continue, or revert, what an earlier phase wrote."""
    given: Sequence[Options] | None = options["rules"]
    if given is None and options["phase"] not in ("revert", "finish"):
        raise DeclarationError("rules is missing; write the rules of the policy, or state absent to remove it.")
    return given or ()


def _description(where: str, text: str | None) -> str:
    _refuse(where, texts.description_fault(text or ""))
    return text or ""


def _refuse(where: str, problem: str) -> None:
    if problem:
        raise DeclarationError(f"{where} {problem}")


def _check_rule_names(rules: Sequence[Options]) -> None:
    seen: NameMap[Options] = NameMap()
    for number, rule in enumerate(rules):
        if rule["name"] in seen:
            raise DeclarationError(f"rules[{number}].name is {rule['name']!r} again; give each rule its own name.")
        seen[rule["name"]] = rule


def _check_equal_filters(rules: Sequence[model.Rule]) -> None:
    """Raise `DeclarationError` if two active rules cover the same packets: Windows would use only one, and its key."""
    seen: dict[object, str] = {}
    for number, rule in enumerate(rules):
        for position, filter_ in enumerate(rule.filters if rule.active else ()):
            where = f"rules[{number}].filters[{position}]"
            others = [seen.setdefault(direction, where) for direction in _directions(filter_)]
            other = next((other for other in others if other != where), "")
            if other:
                raise DeclarationError(
                    f"{where} covers the same packets as {other}, and they can have only one filter action and key; "
                    "delete one of them, or write other addresses or ports."
                )


def _directions(filter_: model.Filter) -> list[object]:
    """Return the packets that a filter covers; a mirrored filter counts as two filters, one for each direction."""
    source, destination = (filter_.source, filter_.source_port), (filter_.destination, filter_.destination_port)
    there, back = (filter_.protocol, source, destination), (filter_.protocol, destination, source)
    return [there, back] if filter_.mirrored else [there]


def _number(where: str, number: int, least: int = 0) -> int:
    """Return a number that the store can hold; 0 means Windows' default. Raises `DeclarationError` for any other."""
    if number and not least <= number <= 0xFFFF_FFFF:  # noqa: PLR2004 - the store has 32 bits for it
        span = f"a number from {least} to 4294967295, or 0 for the default" if least else _FROM_DEFAULT
        raise DeclarationError(f"{where} is out of range; write {span}.")
    return number


def _rule(where: str, options: Options) -> model.Rule:
    check_name(f"{where}.name", options["name"])
    action = filter_action(f"{where}.filter_action", options["name"], options["filter_action"])
    if not options["filters"]:
        raise DeclarationError(
            f"{where}.filters is empty; write at least one filter with source_address and destination_address."
        )
    filters = tuple(_filter(f"{where}.filters[{number}]", entry) for number, entry in enumerate(options["filters"]))
    return model.Rule(
        name=options["name"],
        description=_description(f"{where}.description", options["description"]),
        filter_list=model.FilterList(name=options["name"], filters=filters),
        filter_action=action,
        authentication=_authentication(f"{where}.authentication", options["authentication"], action),
        connection_type=_CONNECTION_TYPES[options["connection_type"]],
        active=options["active"],
    )


def _filter(where: str, options: Options) -> model.Filter:
    source = _address(f"{where}.source_address", options["source_address"])
    destination = _address(f"{where}.destination_address", options["destination_address"])
    if source == destination:
        raise DeclarationError(
            f"{where} has {options['source_address']} as both source and destination; "
            "write the address of the other server as one of them."
        )
    if options["protocol"] not in ("udp", "icmp") and not options["covers_other_traffic"]:
        raise DeclarationError(
            f"{where}.protocol is {options['protocol']}, which may also cut off the management of the host; "
            "write udp, or set covers_other_traffic to true if you mean this."
        )
    return model.Filter(
        source=source,
        destination=destination,
        protocol=_PROTOCOLS[options["protocol"]],
        source_port=_port(f"{where}.source_port", options["source_port"]),
        destination_port=_port(f"{where}.destination_port", options["destination_port"]),
        mirrored=options["mirrored"],
    )


def _address(where: str, text: str) -> model.Address:
    if text.casefold() == "me":
        return model.Address.me()
    if text.casefold() == "any":
        return model.Address.any()
    return model.Address.single(specific_address(where, text))


def _port(where: str, number: int) -> model.Ports:
    if number not in _PORTS:
        raise DeclarationError(f"{where} is not a port; write a port from 1 to 65535, or 0 for any port.")
    return model.Ports.one(number) if number else model.Ports.any()


def _offer(where: str, offer: Options, options: Options) -> model.Offer:
    if offer["encryption"] == "none" and offer["integrity"] == "none":
        raise DeclarationError(
            f"{where} has neither encryption nor integrity; write encryption 3des and integrity sha1."
        )
    algorithm = model.Algorithm(model.Transform.ESP, _ENCRYPTION[offer["encryption"]], _INTEGRITY[offer["integrity"]])
    seconds = _number(f"{where}.lifetime_seconds", offer["lifetime_seconds"], _SHORTEST_LIFETIME)
    kilobytes = _number(f"{where}.lifetime_kilobytes", offer["lifetime_kilobytes"], _SMALLEST_LIFETIME)
    return model.Offer((algorithm,), seconds, kilobytes, options["pfs"])


def _authentication(
    where: str, methods: Sequence[Options], action: model.FilterAction
) -> tuple[model.AuthenticationMethod, ...]:
    negotiates = action.action not in (model.Action.BLOCK, model.Action.PERMIT)
    if not negotiates and not methods:
        return (model.AuthenticationMethod.kerberos(),)  # Windows itself stores this in a rule that never negotiates
    if not methods:
        raise DeclarationError(f"{where} is empty; write a preshared_key or a certificate_authority.")
    return tuple(_method(f"{where}[{number}]", method) for number, method in enumerate(methods))


def _method(where: str, method: Options) -> model.AuthenticationMethod:
    key, authority = method["preshared_key"], method["certificate_authority"] or None
    if (key is not None) + (authority is not None) + bool(method["kerberos"]) != 1:
        raise DeclarationError(f"{where} must have exactly one of preshared_key, certificate_authority and kerberos.")
    if key is not None:
        check_key(f"{where}.preshared_key", key)
        return model.AuthenticationMethod.preshared_key(key)
    if authority is not None:
        check_authority(f"{where}.certificate_authority", authority)
        return model.AuthenticationMethod.certificate(distinguished_names.as_windows_writes(authority))
    return model.AuthenticationMethod.kerberos()
