# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read the registries of simulated servers and say what KB 240262 asks for and they lack.

What is expected comes as JSON on standard input: the address of the lab's control endpoint (`control`), the server's
RRAS addresses by name (`addresses`), the `connections` as the role has them, and how often each server was restarted
(`restarts`). With `before`, a folder with what the registries held, nothing may be left but the backup. It ends with 0
where nothing is lacking.
"""

from __future__ import annotations

import base64
import dataclasses
import json
import sys
import urllib.request
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.model import (
    Action,
    Address,
    AuthenticationType,
    ConnectionType,
    Encryption,
    Filter,
    Ports,
    Protocol,
    Rule,
)
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.registry import Key, Kind, Tree, Value
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.store import Store

RASMAN = r"SYSTEM\CurrentControlSet\Services\RasMan\Parameters"
OURS = r"SOFTWARE\rras.ipsec"


@dataclasses.dataclass(frozen=True, slots=True)
class Link:
    """One connection, as it must stand in the store of both its ends."""

    name: str
    peers: tuple[str, str]
    filter: Filter
    key: str

    @classmethod
    def of(cls, declared: Mapping[str, Any], addresses: Mapping[str, str]) -> Link:
        """Take one entry of l2tp_connections."""
        first, second = declared["peers"]
        source, destination = (Address.single(addresses[peer]) for peer in (first, second))
        wanted = Filter(source, destination, Protocol.UDP, Ports.one(1701), Ports.any(), mirrored=True)
        return cls(declared["name"], (first, second), wanted, declared["preshared_key"])


def ask(url: str) -> dict[str, Any]:
    """Return what the control endpoint answers."""
    with urllib.request.urlopen(url) as answer:  # noqa: S310 (the lab's own endpoint, on loopback)
        content: dict[str, Any] = json.load(answer)
    return content


def value(kind: Kind, data: Any) -> Value:  # noqa: ANN401 (JSON)
    """Turn one value of the endpoint's JSON back into that of a registry."""
    match kind:
        case Kind.DWORD:
            return Value.dword(data)
        case Kind.MULTI_SZ:
            return Value.multi_sz(data)
        case Kind.SZ | Kind.EXPAND_SZ:
            return Value(kind, data.encode("utf-16-le"))
        case Kind.QWORD:
            return Value(kind, data.to_bytes(8, "little"))
        case _:
            return Value(kind, base64.b64decode(data))


def tree(content: Mapping[str, Any]) -> Tree:
    """Turn the endpoint's JSON back into a registry."""
    return Tree(
        Key(path, {title: value(Kind(item["kind"]), item["data"]) for title, item in values.items()})
        for path, values in content.items()
    )


def rules_of(store: Store, link: Link) -> list[Rule]:
    """Return the rules of the assigned policy that have the link's one filter."""
    rules = store.active.policy.rules if store.active else ()
    return [rule for rule in rules if rule.filters == (link.filter,)]


def keys(rule: Rule) -> list[str]:
    """The preshared keys of a rule, as text."""
    return [method.data.decode("utf-16-le").rstrip("\0") for method in rule.authentication if method.is_secret]


def lacking_in_rule(rule: Rule) -> Iterator[str]:
    """Say what the rule of the pair lacks, by the article's steps."""
    if rule.tunnel_address is not None:
        yield "8: the rule names a tunnel"
    if rule.connection_type != ConnectionType.ALL:
        yield "9: the rule is not for all network connections"
    if [method.type for method in rule.authentication] != [AuthenticationType.PRESHARED_KEY]:
        yield "10: the rule does not authenticate by the preshared key alone"
    if rule.filter_action.action != Action.NEGOTIATE or rule.filter_action.falls_back_to_clear_text:
        yield "19: the filter action accepts unsecured communication"
    algorithms = [algorithm for offer in rule.filter_action.offers for algorithm in offer.algorithms]
    if not algorithms or any(algorithm.encryption != Encryption.TRIPLE_DES for algorithm in algorithms):
        yield "19: the filter action does not always encrypt"
    if not rule.active:
        yield "20: the rule is not active"


def lacking_in_link(store: Store, link: Link) -> Iterator[str]:
    """Say what one end of a link lacks."""
    rules = rules_of(store, link)
    if len(rules) != 1:
        yield f"12-16: {len(rules)} rules have the one filter of {link.name}"
    for rule in rules:
        yield from (f"{said} ({link.name})" for said in lacking_in_rule(rule))
        if keys(rule) != [link.key]:
            yield f"10: the key of {link.name} is another"


def lacking(tree: Tree, links: list[Link]) -> Iterator[str]:
    """Say what one server lacks."""
    store = Store.read(tree)
    if tree.value(RASMAN, "ProhibitIpSec") != Value.dword(1):
        yield "ProhibitIpSec is not 1"
    if store.active is None or store.active.unreadable:
        yield "21: no policy is assigned that can be read"
        return
    if any(rule.is_default_response and rule.active for rule in store.active.policy.rules):
        yield "5: the default response rule is active"
    for link in links:
        yield from lacking_in_link(store, link)


def left(now: Mapping[str, Any], before: Mapping[str, Any]) -> Iterator[str]:
    """Say what differs from how it was before, but for this collection's own key, which keeps the backup."""
    for path in sorted({*now, *before}):
        if path.casefold().partition(OURS.casefold())[1] == "" and now.get(path) != before.get(path):
            yield f"{path} is not as it was"


def complaints(expected: Mapping[str, Any], names: Iterable[str], links: list[Link]) -> Iterator[str]:
    """Say what is wrong on which server."""
    for name in names:
        content = ask(f"{expected['control']}/hosts/{name}/registry")
        restarts = ask(f"{expected['control']}/hosts/{name}/record")["restarts"]
        if expected["before"]:
            before = json.loads(Path(expected["before"], f"{name}.json").read_text(encoding="utf-8"))
            yield from (f"{name}: {said}" for said in left(content, before))
        else:
            own = [link for link in links if name in link.peers]
            yield from (f"{name}: {said}" for said in lacking(tree(content), own))
        if restarts != expected["restarts"]:
            yield f"{name}: it was restarted {restarts} times, not {expected['restarts']}"


def main() -> int:
    """Check all servers; what both ends have is what is declared, so it is the same."""
    expected: dict[str, Any] = json.load(sys.stdin)
    links = [Link.of(declared, expected["addresses"]) for declared in expected["connections"]]
    found = list(complaints(expected, expected["addresses"], links))
    sys.stdout.write("".join(f"{sentence}\n" for sentence in found))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
