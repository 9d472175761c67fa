# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A policy as a batch file for ipsecpol.exe of the Windows 2000 Resource Kit.

Source: KB 813878, and the syntax of IPSecPol in the Resource Kit. The documentation names its main mode options but
does not explain them, so they are left to the tool.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from ansible_collections.rras.ipsec.plugins.plugin_utils._policy import model
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.render import remarks
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.render.plain import checked
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.render.rendering import RenderError, Rendering

_TOOL: Final = "ipsecpol"
_ENCRYPTION: Final[Mapping[int, str]] = {
    model.Encryption.NONE: "NONE",
    model.Encryption.DES: "DES",
    model.Encryption.TRIPLE_DES: "3DES",
}
_INTEGRITY: Final[Mapping[int, str]] = {
    model.Integrity.NONE: "NONE",
    model.Integrity.MD5: "MD5",
    model.Integrity.SHA1: "SHA",
}
_PROTOCOLS: Final[Mapping[int, str]] = {
    model.Protocol.ICMP: "ICMP",
    model.Protocol.TCP: "TCP",
    model.Protocol.UDP: "UDP",
}
_CONNECTIONS: Final[Mapping[int, str]] = {model.ConnectionType.LAN: " -lan", model.ConnectionType.DIALUP: " -dialup"}
_ACTIONS: Final[Mapping[str, str]] = {model.Action.BLOCK: "BLOCK", model.Action.PERMIT: "PASS"}
_NO_NAME: Final = '"\\:'
"""Characters that no name may have; a colon, for one, ends it."""


def batch_file(rendering: Rendering) -> str:
    """Return the batch file that creates the policy and assigns it; lines end in CR LF.

    Raises `RenderError` for what ipsecpol can't express, or can't be trusted with.
    """
    commands = [command for rule in rendering.policy.rules for command in _rule(rendering, rule)]
    assign = "" if rendering.needs_keys else " -x"
    if not commands:
        raise RenderError("The policy has no active rule, but ipsecpol makes a policy from its rules; write one.")
    *first, last = commands
    return _joined([*_remarks(rendering), *_guard(rendering), *first, f"{last}{assign}"])


def undoing(rendering: Rendering) -> str:
    """Return the batch file that deletes the policy of `batch_file` again."""
    policy = _policy(rendering)
    return _joined(
        [
            "@echo off",
            f"rem {_escaped(remarks.heading(rendering, 'Batch file that undoes ipsecpol.cmd'))}",
            f"rem 1. {remarks.STOP_RRAS}",
            f"rem 2. Delete ProhibitIpSec below {remarks.RASMAN} (regedt32).",
            "rem 3. Run this file.",
            "rem 4. Restart the computer.",
            *(f"rem {line}" for line in remarks.GIVE_BACK),
            f"ipsecpol -w REG -p {policy} -y",
            f"ipsecpol -w REG -p {policy} -o",
        ]
    )


def _joined(lines: list[str]) -> str:
    return "".join(f"{line}\r\n" for line in lines)


def _remarks(rendering: Rendering) -> Iterator[str]:
    said = [
        remarks.heading(rendering, "Batch file"),
        *remarks.secrecy(rendering),
        *remarks.BACKUP,
        "1. Run this file where ipsecpol.exe is (Windows 2000 Resource Kit). It does not show its commands.",
        "2. In the console (IP Security Policy Management), check that the policy is assigned, and that its default",
        "   response rule is not active. Check that its key exchange settings offer the group Medium (2).",
        f"3. Add the value ProhibitIpSec, REG_DWORD 1, below {remarks.RASMAN} (regedt32).",
        "4. Restart the computer.",
        remarks.WHY_THIS_ORDER,
        *remarks.BESIDE,
        *remarks.other_ends(rendering),
        *_left_out(rendering),
    ]
    yield "@echo off"
    yield from (f"rem {_escaped(line)}" for line in said)


def _left_out(rendering: Rendering) -> Iterator[str]:
    """Yield what the policy has but the commands lack, because there is no documented way to express it."""
    for rule in rendering.policy.rules:
        if not rule.active and not rule.is_default_response:
            yield f"Left out, because ipsecpol makes active rules only: the rule {rule.name!r}."


def _guard(rendering: Rendering) -> Iterator[str]:
    if rendering.needs_keys:
        yield "rem Write the keys into this file and delete the next two lines; then assign the policy in the console."
        yield "echo Write the keys into this file first."
        yield "goto :EOF"


def _escaped(said: str) -> str:
    """Return a text escaped for a batch file, which replaces anything between percent signs, even in remarks."""
    return said.replace("%", "%%")


def _rule(rendering: Rendering, rule: model.Rule) -> Iterator[str]:
    """Yield the commands of a rule, one per filter: no known example has more than one in a command."""
    if rule.is_default_response or not rule.active:
        return
    interval = (rendering.policy.polling_interval or model.DEFAULT_POLLING_INTERVAL) // 60
    for number, filter_ in enumerate(rule.filters, 1):
        name = f"{rule.name} {number}" if len(rule.filters) > 1 else rule.name
        yield (
            f"ipsecpol -w REG -p {_policy(rendering, f':{interval}')} -r {_name('The name of the rule', name)} "
            f"-f {_filter(filter_)} -n {_negotiation(rule)}{_authentication(rule)}"
            f"{_CONNECTIONS.get(rule.connection_type, '')}"
        )


def _policy(rendering: Rendering, interval: str = "") -> str:
    return _name("The name of the policy", rendering.policy.name, interval)


def _name(what: str, said: str, behind: str = "") -> str:
    return f'"{_escaped(checked(said, what=what, tool=_TOOL, refused=_NO_NAME))}{behind}"'


def _filter(filter_: model.Filter) -> str:
    source = _end(filter_.source, filter_.source_port)
    destination = _end(filter_.destination, filter_.destination_port)
    protocol = _PROTOCOLS.get(filter_.protocol, "")
    if protocol:
        destination += f":{protocol}" if not filter_.destination_port.is_any else f"::{protocol}"
    return f"{source}{'+' if filter_.mirrored else '='}{destination}"


def _end(address: model.Address, port: model.Ports) -> str:
    said = {model.AddressKind.ME: "0", model.AddressKind.ANY: "*"}.get(address.kind, str(address))
    return said if port.is_any else f"{said}:{port.first}"


def _negotiation(rule: model.Rule) -> str:
    action = rule.filter_action
    if not action.negotiates:
        return _ACTIONS[action.action]
    if action.accepts_unsecured or action.falls_back_to_clear_text:
        raise RenderError(
            f"The filter action of the rule '{rule.name}' accepts clear text, which is not rendered for ipsecpol; "
            "write false for accept_unsecured and fall_back_to_clear_text."
        )
    return " ".join(map(_offer, action.offers))


def _offer(offer: model.Offer) -> str:
    """Return an offer; lifetimes only if they are not the default, because only one program is known to use them."""
    algorithms = "+".join(map(_algorithm, offer.algorithms))
    seconds = offer.lifetime_seconds or model.DEFAULT_LIFETIME_SECONDS
    kilobytes = offer.lifetime_kilobytes or model.DEFAULT_LIFETIME_KILOBYTES
    usual = (seconds, kilobytes) == (model.DEFAULT_LIFETIME_SECONDS, model.DEFAULT_LIFETIME_KILOBYTES)
    lifetime = "" if usual else f"{seconds}S/{kilobytes}K"
    return f"{algorithms}{lifetime}{'PFS' if offer.pfs else ''}"


def _authentication(rule: model.Rule) -> str:
    if not rule.filter_action.negotiates:
        return ""
    return " -a " + " ".join(_method(rule.name, method) for method in rule.authentication)


def _method(rule: str, method: model.AuthenticationMethod) -> str:
    if method.type == model.AuthenticationType.KERBEROS:
        return "KERBEROS"
    if method.type == model.AuthenticationType.CERTIFICATE:
        authority = checked(method.certificate_authority, what="The certification authority", tool=_TOOL)
        return f'CERT:"{_escaped(authority)}"'
    key = method.data.decode("utf-16-le").removesuffix("\0")
    said = checked(key, what=f"The preshared key of the rule '{rule}'", tool=_TOOL, secret=True)
    return f'PRESHARE:"{_escaped(said)}"'


def _algorithm(algorithm: model.Algorithm) -> str:
    return f"ESP[{_ENCRYPTION[algorithm.encryption]},{_INTEGRITY[algorithm.integrity]}]"
