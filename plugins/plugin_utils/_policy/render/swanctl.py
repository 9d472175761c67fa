# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A policy as strongSwan's swanctl.conf, for a Linux server at the far end: IKEv1, main mode, transport mode.

Source: the manual page swanctl.conf(5) of strongSwan 5.9.8.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Final, NamedTuple, TypeAlias

from ansible_collections.rras.ipsec.plugins.plugin_utils._policy import model
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.render.rendering import (
    PLACEHOLDER,
    RenderError,
    Rendering,
)
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.texts import quoted

SwanctlSection: TypeAlias = Mapping[str, "str | SwanctlSection"]
"""What stands between two braces: values, and nested sections, by name."""

_IKE_ENCRYPTION: Final[Mapping[int, str]] = {model.IkeEncryption.DES: "des", model.IkeEncryption.TRIPLE_DES: "3des"}
_ENCRYPTION: Final[Mapping[int, str]] = {
    model.Encryption.NONE: "null",
    model.Encryption.DES: "des",
    model.Encryption.TRIPLE_DES: "3des",
}
_INTEGRITY: Final[Mapping[int, str]] = {model.Integrity.MD5: "md5", model.Integrity.SHA1: "sha1"}
_GROUPS: Final[Mapping[int, str]] = {
    model.DhGroup.GROUP_1: "modp768",
    model.DhGroup.GROUP_2: "modp1024",
    model.DhGroup.GROUP_14: "modp2048",
}
_NO_NAME: Final = re.compile(r"[^A-Za-z0-9_-]+")
"""Characters that can't be part of a section's name, or need not be."""
_ENCODED: Final = ("0x", "0s")
"""The beginnings of a secret that make strongSwan read it as hexadecimal digits or base64, quoted or not."""
_KIBI: Final = 1024
_TENTH: Final = 10


def configuration(rendering: Rendering) -> str:
    """Return the file; lines end in LF. Raises `RenderError` for what strongSwan can't do, or can't be trusted with."""
    found = list(connections(rendering))
    said = [
        *(f"# {line}" for line in _remarks(rendering, found)),
        *_lines({"connections": _merged(each.section for each in found)}),
        *_lines({"secrets": _merged(each.secret for each in found)}),
    ]
    return "".join(f"{line}\n" for line in said)


class SwanctlConnection(NamedTuple):
    """One rule's part of the file: one authentication method between two addresses."""

    name: str
    rule: model.Rule
    method: model.AuthenticationMethod | None
    """None: everything that its filters match is dropped."""
    remote: str
    """The address of the other end; empty for anybody."""
    section: SwanctlSection
    secret: SwanctlSection


def connections(rendering: Rendering) -> Iterator[SwanctlConnection]:
    """Yield the connections of a policy, under unique names. Raises `RenderError`."""
    names: set[str] = set()
    for rule in rendering.policy.rules:
        if rule.is_default_response or not rule.active:
            continue
        for path in _paths(rendering, rule):
            for method in _methods(rule):
                yield _negotiated(rendering, rule, method, _unused(rule.name, names), path)
            if not (rule.filter_action.negotiates and path.remote):
                yield _dropped(rule, _unused(f"{rule.name} dropped", names), path)


def section_name(said: str) -> str:
    """Return a name as a valid name of a section, where quoting is not possible."""
    return _NO_NAME.sub("-", said).strip("-") or "connection"


def _unused(said: str, names: set[str]) -> str:
    wanted = section_name(said)
    number, name = 1, wanted
    while name in names:
        number += 1
        name = f"{wanted}-{number}"
    names.add(name)
    return name


class _Path(NamedTuple):
    """The filters of a rule between two addresses, turned so that this server is the source."""

    local: str
    remote: str
    """Empty for anybody."""
    filters: tuple[model.Filter, ...]


def _paths(rendering: Rendering, rule: model.Rule) -> list[_Path]:
    found: dict[tuple[str, str], list[model.Filter]] = {}
    for filter_ in rule.filters:
        local, remote, turned = _turned(rendering, rule, filter_)
        found.setdefault((local, remote), []).append(turned)
    return [_Path(*ends, tuple(filters)) for ends, filters in found.items()]


def _turned(rendering: Rendering, rule: model.Rule, filter_: model.Filter) -> tuple[str, str, model.Filter]:
    if not rendering.address:
        raise RenderError(
            "The address of this server is not declared, so nobody knows which end of a filter it is; write address."
        )
    if not filter_.mirrored:
        raise RenderError(
            f"A filter of the rule {quoted(rule.name)} is not mirrored, and strongSwan protects both directions "
            "together; write true for mirrored."
        )
    for turned in (filter_, _swapped(filter_)):
        if turned.source.kind is model.AddressKind.ME or str(turned.source) == rendering.address:
            remote = "" if turned.destination.kind is model.AddressKind.ANY else str(turned.destination)
            return rendering.address, remote, turned
    raise RenderError(
        f"No end of a filter of the rule {quoted(rule.name)} is {rendering.address}, the address of this server; "
        "write that as source_address or destination_address."
    )


def _swapped(filter_: model.Filter) -> model.Filter:
    return model.Filter(
        source=filter_.destination,
        destination=filter_.source,
        protocol=filter_.protocol,
        source_port=filter_.destination_port,
        destination_port=filter_.source_port,
    )


def _methods(rule: model.Rule) -> Iterator[model.AuthenticationMethod]:
    action = rule.filter_action
    where = f"The rule {quoted(rule.name)}"
    if action.action == model.Action.PERMIT:
        raise RenderError(
            f"{where} permits clear text, which is not rendered for strongSwan; write negotiate or block."
        )
    if not action.negotiates:
        return
    if action.accepts_unsecured or action.falls_back_to_clear_text:
        raise RenderError(
            f"{where} accepts clear text, which is not rendered for strongSwan; "
            "write false for accept_unsecured and fall_back_to_clear_text."
        )
    if any(method.type == model.AuthenticationType.KERBEROS for method in rule.authentication):
        raise RenderError(
            f"{where} authenticates by Kerberos, which strongSwan does not offer in IKE; "
            "write preshared_key or certificate_authority."
        )
    yield from rule.authentication


def _negotiated(
    rendering: Rendering, rule: model.Rule, method: model.AuthenticationMethod, name: str, path: _Path
) -> SwanctlConnection:
    main_mode = rendering.policy.main_mode
    child = {**_esp(rule, main_mode), **({"start_action": "trap"} if path.remote else {})}
    section: SwanctlSection = {
        "version": "1",
        "local_addrs": path.local,
        "remote_addrs": path.remote or "%any",
        "proposals": _either(_main_mode(each) for each in main_mode.methods),
        **_lifetime(main_mode),
        **(_by_key(path) if _is_key(method) else _by_certificate(name)),
        "children": {
            _numbered(name, number): {"mode": "transport", **_selectors(filter_), **child}
            for number, filter_ in enumerate(path.filters, 1)
        },
    }
    secret = {f"ike-{name}": _secret(rule, method, path)} if _is_key(method) else {}
    return SwanctlConnection(name, rule, method, path.remote, {name: section}, secret)


def _is_key(method: model.AuthenticationMethod) -> bool:
    return method.type == model.AuthenticationType.PRESHARED_KEY


def _by_key(path: _Path) -> SwanctlSection:
    return {"local": {"auth": "psk", "id": path.local}, "remote": {"auth": "psk", "id": path.remote or "%any"}}


def _by_certificate(name: str) -> SwanctlSection:
    """Return the section for certificates.

    They are sent unasked: Windows requests them by the authority's name, in an encoding that is not compared.
    """
    return {
        "send_cert": "always",
        "local": {"auth": "pubkey", "certs": f"{name}.pem"},
        "remote": {"auth": "pubkey", "cacerts": f"{name}.pem"},
    }


def _dropped(rule: model.Rule, name: str, path: _Path) -> SwanctlConnection:
    """Return a connection that drops what nothing else protects: strongSwan ranks it below all others.

    Its address keeps it from being taken for the connection of a peer.
    """
    ends = f"{path.local}/32", f"{path.remote}/32" if path.remote else "0.0.0.0/0"
    children = {
        _numbered(name, number): {"mode": "drop", **_selectors(filter_, *ends), "start_action": "trap"}
        for number, filter_ in enumerate(path.filters, 1)
    }
    return SwanctlConnection(
        name, rule, None, path.remote, {name: {"remote_addrs": "127.0.0.1", "children": children}}, {}
    )


def _numbered(name: str, number: int) -> str:
    return name if number == 1 else f"{name}-filter-{number}"


def _main_mode(method: model.MainModeMethod) -> str:
    encryption = _IKE_ENCRYPTION.get(method.encryption)
    integrity, group = _INTEGRITY.get(method.integrity), _GROUPS.get(method.group)
    if encryption is None or integrity is None or group is None:
        raise RenderError(
            "A method of main mode has an algorithm or a group that strongSwan is not asked for; "
            "write encryption 3des, integrity sha1 and dh_group 14 or 2."
        )
    return f"{encryption}-{integrity}-{group}"


def _esp(rule: model.Rule, main_mode: model.MainMode) -> SwanctlSection:
    """Return what quick mode proposes, and when it does so again: before the shortest lifetime of the offers ends."""
    offers = rule.filter_action.offers
    seconds = min((offer.lifetime_seconds or model.DEFAULT_LIFETIME_SECONDS for offer in offers), default=0)
    kilobytes = min((offer.lifetime_kilobytes or model.DEFAULT_LIFETIME_KILOBYTES for offer in offers), default=0)
    return {
        "esp_proposals": _either(said for offer in offers for said in _offer(rule, offer, main_mode)),
        "life_time": f"{seconds}s",
        "rekey_time": f"{seconds - seconds // _TENTH}s",
        "life_bytes": str(kilobytes * _KIBI),
        "rekey_bytes": str((kilobytes - kilobytes // _TENTH) * _KIBI),
    }


def _offer(rule: model.Rule, offer: model.Offer, main_mode: model.MainMode) -> Iterator[str]:
    """Yield the proposals of an offer. Windows has no separate group for PFS, so the groups of main mode are used."""
    algorithm = offer.algorithms[0]
    encryption, integrity = _ENCRYPTION.get(algorithm.encryption), _INTEGRITY.get(algorithm.integrity)
    if len(offer.algorithms) > 1 or algorithm.transform != model.Transform.ESP or not (encryption and integrity):
        raise RenderError(
            f"An offer of the rule {quoted(rule.name)} is not ESP with integrity, which is all that is rendered for "
            "strongSwan; write integrity sha1."
        )
    said = f"{encryption}-{integrity}"
    groups = [f"-{_GROUPS[method.group]}" for method in main_mode.methods if method.group in _GROUPS]
    yield from (f"{said}{group}" for group in (groups if offer.pfs else [""]))


def _either(proposals: Iterable[str]) -> str:
    return ",".join(dict.fromkeys(proposals))


def _lifetime(main_mode: model.MainMode) -> SwanctlSection:
    """Return the section that starts a new main mode in the last tenth of the lifetime."""
    seconds = main_mode.lifetime_seconds or model.DEFAULT_MAIN_MODE_LIFETIME
    last = seconds // _TENTH
    return {"rekey_time": f"{seconds - last}s", "over_time": f"{last}s"}


def _selectors(filter_: model.Filter, local: str = "dynamic", remote: str = "dynamic") -> SwanctlSection:
    return {
        "local_ts": f"{local}{_traffic(filter_.protocol, filter_.source_port)}",
        "remote_ts": f"{remote}{_traffic(filter_.protocol, filter_.destination_port)}",
    }


def _traffic(protocol: int, ports: model.Ports) -> str:
    if protocol == model.Protocol.ANY:
        return ""
    names = {model.Protocol.TCP: "tcp", model.Protocol.UDP: "udp", model.Protocol.ICMP: "icmp"}
    named = names.get(model.Protocol(protocol), str(int(protocol))) if protocol in names else str(int(protocol))
    return f"[{named}]" if ports.is_any else f"[{named}/{ports}]"


def _secret(rule: model.Rule, method: model.AuthenticationMethod, path: _Path) -> SwanctlSection:
    """Return a key as IKE uses it, one byte per ASCII character, whatever form the store of Windows gives it."""
    key = method.data.decode("utf-16-le").removesuffix("\0")
    if not key.isascii() or not key.isprintable():
        raise RenderError(
            f"The preshared key of the rule {quoted(rule.name)} has a character that is not printable ASCII, and it is "
            "not documented which bytes Windows uses for it in IKE; write another key."
        )
    said = f"0x{key.encode().hex()}" if key.startswith(_ENCODED) else key
    return {"id-local": path.local, **({"id-remote": path.remote} if path.remote else {}), "secret": said}


def _merged(sections: Iterable[SwanctlSection]) -> SwanctlSection:
    return {name: value for section in sections for name, value in section.items()}


def _lines(section: SwanctlSection, indent: str = "") -> Iterator[str]:
    for name, value in section.items():
        if isinstance(value, str):
            yield f"{indent}{name} = {_value(value)}"
        else:
            yield f"{indent}{name} {{"
            yield from _lines(value, f"{indent}    ")
            yield f"{indent}}}"


_PLAIN: Final = re.compile(r"[A-Za-z0-9._,%/\[\]-]+")


def _value(said: str) -> str:
    if _PLAIN.fullmatch(said):
        return said
    escaped = said.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _remarks(rendering: Rendering, found: list[SwanctlConnection]) -> Iterator[str]:
    yield f"swanctl.conf of strongSwan for {rendering.place} ({rendering.address})."
    if rendering.needs_keys:
        yield f"The preshared keys are left out: write them in the place of '{PLACEHOLDER}'."
    elif any(each.secret for each in found):
        yield "It holds preshared keys: copy it to the server over a channel that nobody else can read."
    yield "1. Write it to /etc/swanctl/conf.d/l2tp.conf, owner root, mode 0600."
    for each in found:
        if each.method and each.method.certificate_authority:
            yield from _certificates(each)
    yield "2. Run: swanctl --load-all"
    yield "3. Write xl2tpd.conf and start xl2tpd only then: L2TP is protected from the moment the file is loaded."
    for each in found:
        if each.method and each.remote:
            yield f"{each.name} is the connection {quoted(each.rule.name)} with {each.remote}."
    for rule in rendering.policy.rules:
        if not rule.active and not rule.is_default_response:
            yield f"Left out, because it is not active: the rule {quoted(rule.name)}."


def _certificates(connection: SwanctlConnection) -> Iterator[str]:
    name, method = connection.name, connection.method
    authority = quoted(method.certificate_authority) if method else ""
    yield f"   Write the certificate of {authority} to /etc/swanctl/x509ca/{name}.pem, one that it issued to this"
    yield f"   server to /etc/swanctl/x509/{name}.pem, and its key to /etc/swanctl/private/{name}.pem, mode 0600."
