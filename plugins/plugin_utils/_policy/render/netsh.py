# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A policy as a script for `netsh -f`: Windows Server 2003 and newer, with every tag written out.

Source: the help of `netsh ipsec static`. The defaults of tags are not documented, so none is left to netsh.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Mapping
from typing import Final

from ansible_collections.rras.ipsec.plugins.plugin_utils._policy import model
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.render import remarks
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.render.plain import checked
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.render.rendering import RenderError, Rendering

_TOOL: Final = "netsh"
_IKE_ENCRYPTION: Final[Mapping[int, str]] = {model.IkeEncryption.DES: "DES", model.IkeEncryption.TRIPLE_DES: "3DES"}
_ENCRYPTION: Final[Mapping[int, str]] = {
    model.Encryption.NONE: "None",
    model.Encryption.DES: "DES",
    model.Encryption.TRIPLE_DES: "3DES",
}
_INTEGRITY: Final[Mapping[int, str]] = {
    model.Integrity.NONE: "None",
    model.Integrity.MD5: "MD5",
    model.Integrity.SHA1: "SHA1",
}
_GROUPS: Final[Mapping[int, str]] = {
    model.DhGroup.GROUP_1: "1",
    model.DhGroup.GROUP_2: "2",
    model.DhGroup.GROUP_14: "3",
}
_CONNECTIONS: Final[Mapping[int, str]] = {
    model.ConnectionType.ALL: "all",
    model.ConnectionType.LAN: "lan",
    model.ConnectionType.DIALUP: "dialup",
}
_PROTOCOLS: Final[Mapping[int, str]] = {
    model.Protocol.ANY: "ANY",
    model.Protocol.ICMP: "ICMP",
    model.Protocol.TCP: "TCP",
    model.Protocol.UDP: "UDP",
}
_ONE_ADDRESS: Final = "255.255.255.255"
_RASMAN: Final = remarks.RASMAN.replace("HKEY_LOCAL_MACHINE", "HKLM")
_BEGIN: Final = ("pushd ipsec static", "set store location=local")
_END: Final = ("popd", "exit")


def script(rendering: Rendering) -> str:
    """Return the script that creates the policy and assigns it; lines end in CR LF.

    Raises `RenderError` for what netsh can't express, or can't be trusted with.
    """
    policy = rendering.policy
    name = _name("The name of the policy", policy.name)
    assign = f"set policy name={name} assign=yes"
    lines = [
        *(f"# {line}" for line in _remarks(rendering)),
        *_BEGIN,
        _add_policy(name, policy),
        *(line for rule in policy.rules if not rule.is_default_response for line in _rule(name, rule)),
        f"# {assign}" if rendering.needs_keys else assign,
        *_END,
    ]
    return _joined(lines)


def undoing(rendering: Rendering) -> str:
    """Return the script that deletes the policy of `script` again."""
    ruled = [rule for rule in rendering.policy.rules if rule.filter_list]
    policy = _name("The name of the policy", rendering.policy.name)
    lines = [
        *(f"# {line}" for line in _undo_remarks(rendering)),
        *_BEGIN,
        f"set policy name={policy} assign=no",
        f"delete policy name={policy}",
        *(f"delete filterlist name={_name('The name of the rule', rule.name)}" for rule in ruled),
        *(f"delete filteraction name={_action_name(rule)}" for rule in ruled),
        *_END,
    ]
    return _joined(lines)


def _joined(lines: list[str]) -> str:
    return "".join(f"{line}\r\n" for line in lines)


def _remarks(rendering: Rendering) -> Iterator[str]:
    yield remarks.heading(rendering, "Script")
    yield from remarks.secrecy(rendering)
    yield from remarks.BACKUP
    if rendering.needs_keys:
        yield "0. Write the keys into this file, and delete the # before the line that assigns the policy."
    yield "1. Run: netsh -f netsh.txt"
    yield "   If it says ERR, run netsh -f undo-netsh.txt and use l2tp.reg or STEPS.txt."
    yield f"2. Set the value: reg add {_RASMAN} /v ProhibitIpSec /t REG_DWORD /d 1 /f"
    yield "3. Restart the computer."
    yield remarks.WHY_THIS_ORDER
    yield from remarks.BESIDE
    yield from remarks.other_ends(rendering)
    yield from remarks.ipv6(rendering)


def _undo_remarks(rendering: Rendering) -> Iterator[str]:
    yield remarks.heading(rendering, "Script that undoes netsh.txt")
    yield f"1. {remarks.STOP_RRAS}"
    yield f"2. Delete the value: reg delete {_RASMAN} /v ProhibitIpSec /f"
    yield "3. Run: netsh -f undo-netsh.txt"
    yield "4. Restart the computer."
    yield from remarks.GIVE_BACK
    yield from remarks.ipv6_again(rendering)


def _name(what: str, said: str) -> str:
    return f'"{checked(said, what=what, tool=_TOOL)}"'


def _action_name(rule: model.Rule) -> str:
    return _name("The name of the filter action", rule.filter_action.name)


def _described(said: str, otherwise: str) -> str:
    """Return a description; if there is none, or netsh can't be trusted with it, the name.

    Descriptions mean nothing.
    """
    try:
        return _name("The description", said) if said else otherwise
    except RenderError:
        return otherwise


def _yes(value: bool) -> str:
    return "yes" if value else "no"


def _add_policy(name: str, policy: model.Policy) -> str:
    main_mode = policy.main_mode
    active = any(rule.is_default_response and rule.active for rule in policy.rules)
    methods = " ".join(
        f"{_IKE_ENCRYPTION[each.encryption]}-{_INTEGRITY[each.integrity]}-{_GROUPS[each.group]}"
        for each in main_mode.methods
    )
    return (
        f"add policy name={name} description={_described(policy.description, name)} "
        f"mmpfs={_yes(main_mode.master_pfs)} qmpermm={main_mode.quick_mode_limit} "
        f"mmlifetime={_minutes(main_mode.lifetime_seconds or model.DEFAULT_MAIN_MODE_LIFETIME)} "
        f"activatedefaultrule={_yes(active)} "
        f"pollinginterval={_minutes(policy.polling_interval or model.DEFAULT_POLLING_INTERVAL)} assign=no "
        f'mmsecmethods="{methods}"'
    )


def _minutes(seconds: int) -> int:
    return seconds // 60


def _rule(policy: str, rule: model.Rule) -> Iterator[str]:
    name, action = _name("The name of the rule", rule.name), _action_name(rule)
    yield _filter_action(action, rule.filter_action)
    yield f"add filterlist name={name} description={name}"
    yield from (_filter(name, each) for each in rule.filters)
    yield (
        f"add rule name={name} policy={policy} filterlist={name} filteraction={action} "
        f"conntype={_CONNECTIONS[rule.connection_type]} activate={_yes(rule.active)} "
        f"description={_described(rule.description, name)} {' '.join(_authentication(rule))}"
    )


def _filter_action(name: str, action: model.FilterAction) -> str:
    words = {model.Action.BLOCK: "block", model.Action.PERMIT: "permit"}
    offers = [offer for offer in action.offers if offer.algorithms]
    said = (
        f"add filteraction name={name} description={name} qmpfs={_yes(any(offer.pfs for offer in offers))} "
        f"inpass={_yes(action.accepts_unsecured)} soft={_yes(action.falls_back_to_clear_text)} "
        f"action={words.get(model.Action(action.action), 'negotiate')}"
    )
    return f'{said} qmsecmethods="{" ".join(map(_offer, offers))}"' if action.negotiates else said


def _offer(offer: model.Offer) -> str:
    kilobytes = offer.lifetime_kilobytes or model.DEFAULT_LIFETIME_KILOBYTES
    seconds = offer.lifetime_seconds or model.DEFAULT_LIFETIME_SECONDS
    return f"{'+'.join(map(_algorithm, offer.algorithms))}:{kilobytes}k/{seconds}s"


def _algorithm(algorithm: model.Algorithm) -> str:
    return f"ESP[{_ENCRYPTION[algorithm.encryption]},{_INTEGRITY[algorithm.integrity]}]"


def _filter(filter_list: str, filter_: model.Filter) -> str:
    return (
        f"add filter filterlist={filter_list} srcaddr={_address(filter_.source)} srcmask={_mask(filter_.source)} "
        f"dstaddr={_address(filter_.destination)} dstmask={_mask(filter_.destination)} "
        f"protocol={_PROTOCOLS[filter_.protocol]} mirrored={_yes(filter_.mirrored)} "
        f"srcport={filter_.source_port.first} dstport={filter_.destination_port.first} description={filter_list}"
    )


def _address(address: model.Address) -> str:
    return {model.AddressKind.ME: "Me", model.AddressKind.ANY: "Any"}.get(address.kind, str(address))


def _mask(address: model.Address) -> str:
    return str(ipaddress.IPv4Address(0)) if address.kind is model.AddressKind.ANY else _ONE_ADDRESS


def _authentication(rule: model.Rule) -> Iterator[str]:
    """Yield the authentication methods in order of preference; kerberos=no is written unless Kerberos is among them."""
    if all(method.type != model.AuthenticationType.KERBEROS for method in rule.authentication):
        yield "kerberos=no"
    for method in rule.authentication:
        yield _method(rule.name, method)


def _method(rule: str, method: model.AuthenticationMethod) -> str:
    if method.type == model.AuthenticationType.KERBEROS:
        return "kerberos=yes"
    if method.type == model.AuthenticationType.CERTIFICATE:
        authority = method.certificate_authority
        checked(authority.replace('"', ""), what="The certification authority", tool=_TOOL)
        return 'rootca="{} certmap:no excludecaname:no"'.format(authority.replace('"', r"\'"))
    key = method.data.decode("utf-16-le").removesuffix("\0")
    what = f"The preshared key of the rule '{rule}'"
    return f'psk="{checked(key, what=what, tool=_TOOL, secret=True)}"'
