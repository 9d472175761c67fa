# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The steps of KB 240262 with the values of one server, for a person at the console; the keys come last."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from ansible_collections.rras.ipsec.plugins.plugin_utils._policy import describe, model
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.render import remarks
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.render.rendering import (
    PLACEHOLDER,
    PeerType,
    Rendering,
    preshared_keys,
)

_ADDRESSES: Final = {
    model.AddressKind.ME: "My IP Address",
    model.AddressKind.ANY: "Any IP Address",
}

_CONNECTIONS: Final = {
    model.ConnectionType.ALL: "All network connections",
    model.ConnectionType.LAN: "Local area network (LAN)",
    model.ConnectionType.DIALUP: "Remote access",
}


def text(rendering: Rendering, refused: tuple[str, ...] = ()) -> str:
    """Return the steps; lines end in CR LF. refused: why some of the other files are missing, a sentence each."""
    said = [
        *_beginning(rendering, refused),
        "",
        *_policy(rendering),
        "",
        *_value(rendering),
        "",
        *_undo(rendering),
        "",
        *_keys(rendering),
    ]
    return "".join(f"{line}\r\n" for line in said)


def _beginning(rendering: Rendering, refused: tuple[str, ...]) -> Iterator[str]:
    yield remarks.heading(rendering, "Steps")
    if rendering.address:
        yield f"This server is {rendering.address}."
    yield ""
    yield remarks.WHY_THIS_ORDER
    yield from remarks.other_ends(rendering)
    yield from remarks.secrecy(rendering)
    for sentence in refused:
        yield f"Not written: {sentence}"
    yield ""
    yield "Either import l2tp.reg (regedit), which holds the policy and the value, and restart the computer; or do"
    yield "these steps by hand. Do not do both."
    yield from remarks.BACKUP


def _policy(rendering: Rendering) -> Iterator[str]:
    policy = rendering.policy
    active = any(rule.is_default_response and rule.active for rule in policy.rules)
    rules = [rule for rule in policy.rules if not rule.is_default_response]
    yield "The policy (KB 240262, the second part)"
    yield "  1. Run mmc."
    yield "  2. Add the snap-in IP Security Policy Management, for the local computer."
    yield "  3. IP Security Policies on Local Machine: Create IP Security Policy."
    yield f"  4. Name: {policy.name}"
    yield f"  5. {'Select' if active else 'Clear'} 'Activate the default response rule'."
    yield "  6. Select 'Edit properties', and finish."
    yield from (f"     {line}" for line in _general(policy))
    for number, rule in enumerate(rules, 1):
        yield f"  Rule {number} of {len(rules)}: {rule.name}"
        yield from _rule(rule)
    yield "  21. Check everything, then right-click the policy: Assign."
    yield f"  22. Run {_editor(rendering)}, and allow nobody but {_readers(rendering)} to read the keys ipsecNFA{{...}}"
    yield f"      below {remarks.STORE}, where the preshared keys are."


def _editor(rendering: Rendering) -> str:
    return "regedt32" if rendering.peer_type is PeerType.WINDOWS_2000 else "regedit"


def _readers(rendering: Rendering) -> str:
    """Return which account must read the rules; on Windows 2000, PolicyAgent runs as SYSTEM."""
    both = "SYSTEM and Administrators"
    return both if rendering.peer_type is PeerType.WINDOWS_2000 else "SYSTEM, Administrators and NETWORK SERVICE"


def _general(policy: model.Policy) -> Iterator[str]:
    main_mode = policy.main_mode
    polling = policy.polling_interval or model.DEFAULT_POLLING_INTERVAL
    lifetime = main_mode.lifetime_seconds or model.DEFAULT_MAIN_MODE_LIFETIME
    yield f"General: check for policy changes every {polling // 60} minutes."
    yield f"Advanced (key exchange): a new key after every {lifetime // 60} minutes, {_sessions(main_mode)};"
    yield f"master key perfect forward secrecy: {'yes' if main_mode.master_pfs else 'no'}. Methods, in this order:"
    yield from (f"  {describe.main_mode_text(method)}" for method in main_mode.methods)


def _sessions(main_mode: model.MainMode) -> str:
    limit = main_mode.quick_mode_limit
    return f"after every {limit} sessions" if limit else "0 sessions (no limit)"


def _rule(rule: model.Rule) -> Iterator[str]:
    place = _CONNECTIONS[model.ConnectionType(rule.connection_type)]
    yield "  7. Rules: Add."
    yield "  8. Tunnel Endpoint: this rule does not specify a tunnel."
    yield f"  9. Network Type: {place}."
    yield f"  10. Authentication Method: {_authentication(rule)}"
    yield f"  11. IP Filter List: Add. Name: {rule.name}"
    for number, filter_ in enumerate(rule.filters, 1):
        yield f"      Filter {number} of {len(rule.filters)}: Add."
        yield from _filter(filter_)
    yield "  17. Close the list."
    yield f"  18. Select the filter list {rule.name}."
    yield "  19. Filter Action: Add."
    yield from _filter_action(rule.filter_action)
    yield f"  20. Finish, and close.{'' if rule.active else ' Clear the check box of this rule: it is not active.'}"


def _authentication(rule: model.Rule) -> str:
    if not rule.filter_action.negotiates:
        return "leave the default; nothing is negotiated."
    return "; then ".join(_method(rule.name, method) for method in rule.authentication)


def _method(rule: str, method: model.AuthenticationMethod) -> str:
    if method.type == model.AuthenticationType.CERTIFICATE:
        return f"use a certificate from this CA: {method.certificate_authority}"
    if method.type == model.AuthenticationType.KERBEROS:
        return "Windows default (Kerberos V5 protocol)"
    return f"use this string to protect the key exchange (preshared key): the key of {rule}, at the end of this file"


def _filter(filter_: model.Filter) -> Iterator[str]:
    yield f"  12. Source address: {_address(filter_.source)}{_both(filter_.source)}"
    yield f"  13. Destination address: {_address(filter_.destination)}{_both(filter_.destination)}"
    yield f"  14. Protocol: {_protocol(filter_)}."
    if filter_.protocol in (model.Protocol.TCP, model.Protocol.UDP):
        yield f"  15. {_port('From', filter_.source_port)}; {_port('To', filter_.destination_port)}."
    mirrored = "'Mirrored' must be selected" if filter_.mirrored else "clear 'Mirrored'"
    yield f"  16. Edit properties: {mirrored}."


def _address(address: model.Address) -> str:
    return _ADDRESSES.get(address.kind, f"A specific IP Address: {address}")


def _both(address: model.Address) -> str:
    return " (the same on both servers)" if address.first is not None else ""


def _protocol(filter_: model.Filter) -> str:
    return filter_.protocol.name if isinstance(filter_.protocol, model.Protocol) else str(filter_.protocol)


def _port(way: str, ports: model.Ports) -> str:
    return f"{way} any port" if ports.is_any else f"{way} this port: {ports}"


def _filter_action(action: model.FilterAction) -> Iterator[str]:
    words = {model.Action.BLOCK: "Block", model.Action.PERMIT: "Permit"}
    yield f"      Name: {action.name}"
    yield f"      {words.get(model.Action(action.action), 'Negotiate security')}."
    if not action.negotiates:
        return
    yield f"      {_box(action.falls_back_to_clear_text)}: communicate with computers that do not support IPSec."
    yield "      Security methods (Custom), in this order:"
    yield from (f"        {describe.offer_text(offer)}" for offer in action.offers if offer.algorithms)
    yield f"      {_box(action.accepts_unsecured)}: Accept unsecured communication, but always respond using IPSec."
    yield f"      {_box(any(offer.pfs for offer in action.offers))}: session key perfect forward secrecy."


def _box(selected: bool) -> str:
    return "Select" if selected else "Clear"


def _value(rendering: Rendering) -> Iterator[str]:
    old = rendering.peer_type is PeerType.WINDOWS_2000
    yield "The registry value (KB 240262, the first part; here it comes second, so that L2TP is never in clear text)"
    yield "  1. Check again that the policy is assigned."
    yield f"  2. Run {_editor(rendering)} and find {remarks.RASMAN}"
    yield "  3. Add the value ProhibitIpSec, type REG_DWORD, data 1."
    yield f"  4. {remarks.BESIDE[0]}"
    yield from (f"     {line}" for line in remarks.BESIDE[1:])
    yield "  5. Restart the computer."
    yield f"  6. {'netdiag /test:ipsec (Support Tools)' if old else 'netsh ipsec dynamic show all'} shows the policy."
    yield from (f"  {line}" for line in remarks.ipv6(rendering))


def _undo(rendering: Rendering) -> Iterator[str]:
    yield "To undo it"
    yield f"  1. {remarks.STOP_RRAS}"
    yield "  2. Import undo.reg if l2tp.reg was imported. Otherwise delete the value ProhibitIpSec, then unassign and"
    yield f"     delete the policy {rendering.policy.name} in the console."
    yield "  3. Restart the computer. RRAS then protects L2TP by its automatic filters again."
    yield from (f"  {line}" for line in (*remarks.GIVE_BACK, *remarks.ipv6_again(rendering)))


def _keys(rendering: Rendering) -> Iterator[str]:
    found = [(rule.name, key) for rule in rendering.policy.rules for key in preshared_keys(rule)]
    if not found:
        return
    yield "The preshared keys"
    for name, key in found:
        yield f"  {name}: {key if key != PLACEHOLDER else '(left out)'}"
