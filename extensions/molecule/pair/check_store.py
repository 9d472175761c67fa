# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read the registries of two simulated servers and say what KB 240262 asks for and they lack.

Usage: check_store.py CONTROL SOURCE=ADDRESS DESTINATION=ADDRESS, with the address of the lab's control endpoint and the
two servers' names. It ends with 0 where nothing is lacking.
"""

from __future__ import annotations

import base64
import json
import sys
import urllib.request
from collections.abc import Iterator
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
    rule_meaning,
)
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.registry import Key, Kind, Tree, Value
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.store import Store

RASMAN = r"SYSTEM\CurrentControlSet\Services\RasMan\Parameters"


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


def registry(control: str, name: str) -> Tree:
    """Return the registry of one server."""
    content = ask(f"{control}/hosts/{name}/registry")
    return Tree(
        Key(path, {title: value(Kind(item["kind"]), item["data"]) for title, item in values.items()})
        for path, values in content.items()
    )


def pair_rules(store: Store, wanted: Filter) -> list[Rule]:
    """Return the rules of the assigned policy that have this one filter."""
    rules = store.active.policy.rules if store.active else ()
    return [rule for rule in rules if rule.filters == (wanted,)]


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


def lacking(tree: Tree, restarts: int, wanted: Filter) -> Iterator[str]:
    """Say what one server lacks."""
    store = Store.read(tree)
    prohibited = tree.value(RASMAN, "ProhibitIpSec")
    if prohibited != Value.dword(1):
        yield "ProhibitIpSec is not 1"
    if restarts != 1:
        yield f"it was restarted {restarts} times, not once"
    if store.active is None or not store.active.is_complete:
        yield "21: no policy is assigned that can be read"
        return
    if any(rule.is_default_response and rule.active for rule in store.active.policy.rules):
        yield "5: the default response rule is active"
    rules = pair_rules(store, wanted)
    if len(rules) != 1:
        yield f"12-16: {len(rules)} rules have the one filter of the pair"
    for rule in rules:
        yield from lacking_in_rule(rule)


def main(control: str, *servers: str) -> int:
    """Check both servers, and that their rules are the same."""
    names, addresses = zip(*(server.split("=") for server in servers), strict=True)
    source, destination = map(Address.single, addresses)
    wanted = Filter(source, destination, Protocol.UDP, Ports.one(1701), Ports.any(), mirrored=True)
    trees = {name: registry(control, name) for name in names}
    found = [
        f"{name}: {sentence}"
        for name, tree in trees.items()
        for sentence in lacking(tree, ask(f"{control}/hosts/{name}/record")["restarts"], wanted)
    ]
    meanings = {rule_meaning(rule) for tree in trees.values() for rule in pair_rules(Store.read(tree), wanted)}
    if len(meanings) > 1:
        found.append("both: the rules of the pair differ")
    sys.stdout.write("".join(f"{sentence}\n" for sentence in found))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
