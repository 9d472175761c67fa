# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is wrong with a declaration, before any host is touched."""

from __future__ import annotations

import dataclasses
import functools
import ipaddress
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

from ansible_collections.rras.ipsec.plugins.plugin_utils._policy import clear_text, declaration, texts
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.declaration import DeclarationError
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.model import Action, FilterAction
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.network.connections import (
    OTHER_PEERS,
    Network,
    Node,
    connected,
    entries_of,
    reachable,
)
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.network.entries import Entries, entries
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.network.forms import malformed
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.network.host_rules import (
    OTHER_PEERS_RULE,
    not_negotiable,
)
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.network.parts import parts
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.network.topologies import (
    AUTHENTICATION,
    PEERS,
    Written,
    key_of,
)
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.registry import NameMap, same

_ENTRY = ("name", "peers", *AUTHENTICATION, "filter_action")


def problems(network: Network, host: str, *, removal: bool = False) -> list[str]:
    """Return what is wrong with a host's declaration, a sentence each, before any host is touched.

    If nothing is, but something is wrong with the declaration of a managed host that it is connected with, over any
    number of connections, that is returned. removal: all that matters then is which hosts Ansible reaches.
    """
    return all_problems(network, (host,), removal=removal)[host]


def all_problems(network: Network, hosts: Iterable[str], *, removal: bool = False) -> dict[str, list[str]]:
    """Return the `problems` of many hosts, by host; each declaration is checked only once."""
    own = functools.cache(lambda name: list(network[name].problems if removal else _problems(network, network[name])))
    found = {host: own(host) for host in hosts}
    for part in parts({name: node.connections for name, node in network.items()}):
        sound = [host for host in part if host in found and not found[host]]
        if sound and any(own(host) for host in part if network[host].managed):
            found.update({host: _of_peers(network, host, own) for host in sound})
    return found


def unsound(network: Network, host: str) -> dict[str, list[str]]:
    """Return what is wrong with single connections of a host, by their names; all others can still be compared."""
    entries = _own_entries(network[host])
    found = {entry["name"]: list(_entry_problems(network, host, entry)) for entry in entries}
    return {name: sentences for name, sentences in found.items() if sentences}


def without_connections(network: Network, names: Collection[str], host: str) -> dict[str, Node]:
    """Return the network without the connections of these names on one host."""
    node = network[host]
    if not names:
        return dict(network)
    kept = Entries(each for each in node.connections or () if not (isinstance(each, Mapping) and each["name"] in names))
    return {**network, host: dataclasses.replace(node, connections=kept)}


def problems_of_all(network: Network, host: str) -> list[str]:
    """Return what is wrong with a host's declaration and concerns more than one connection."""
    return list(_problems_of_all(network, network[host]))


_CHECKS: Mapping[str, Callable[[str, str], object]] = {
    "preshared_key": declaration.check_key,
    "certificate_authority": declaration.check_authority,
}


def _of_peers(network: Network, host: str, own: Callable[[str], list[str]]) -> list[str]:
    others = sorted(connected(reachable(network, host), host) - {host})
    wrong = next((peer for peer in others if own(peer)), None)
    return [f"{host} stopped because its peer {wrong} is declared wrongly: {own(wrong)[0]}"] if wrong else []


def _problems(network: Network, node: Node) -> Iterator[str]:
    """Yield what is wrong with the declaration of one host alone."""
    yield from _problems_of_all(network, node)
    if not _misshapen(node):
        found = (sentence for entry in _own_entries(node) for sentence in _entry_problems(network, node.name, entry))
        yield from dict.fromkeys(found)  # a problem that all connections share is reported once


def _own_entries(node: Node) -> list[Mapping[str, Any]]:
    return list(entries(node.connections).by_peer.get(node.name, ()))


def _misshapen(node: Node) -> tuple[str, ...]:
    return entries(node.connections).once("form", lambda: malformed(node.as_written))


def _problems_of_all(network: Network, node: Node) -> Iterator[str]:
    host = node.name
    yield from node.problems
    yield from _other_peers_problems(node)
    if node.connections is None:
        yield f"l2tp_connections is not defined for {host}; write the list of connections into its group's variables."
        return
    misshapen = _misshapen(node)
    yield from misshapen
    if misshapen:
        return
    shared = entries(node.connections)
    yield from shared.once("twice", lambda: _twice(shared))
    if node.managed and node.unknown_peers:
        yield from shared.once(tuple(node.unknown_peers), lambda: _unknown_peers(node))
    own = _own_entries(node)
    if own:
        yield from _unprotected(f"l2tp_filter_action of {host}", node.filter_action)
    yield from _same_addresses(network, own)


def _unknown_peers(node: Node) -> Iterator[str]:
    """Yield what is wrong if peers are unknown: the whole list, or a connection, names no known host.

    The managed hosts of the list report it.
    """
    addresses = list(_addresses_for_peers(node))
    yield from addresses
    peers = {peer for entry in node.connections or () for peer in entry["peers"]}
    if peers == set(node.unknown_peers) and not addresses:
        yield (
            f"No peer in l2tp_connections is in the inventory ({', '.join(node.unknown_peers)}); "
            "correct the names, or add the hosts."
        )


def _addresses_for_peers(node: Node) -> Iterator[str]:
    """Yield the connections that no host would ever configure, because their peers are written as addresses.

    Any other unknown name may be from another inventory that shares this list of connections.
    """
    for entry in entries_of(node):
        source, destination = entry["peers"]
        if {source, destination} <= set(node.unknown_peers) and (_is_address(source) or _is_address(destination)):
            named = f"{_bare(source)} and {_bare(destination)}"
            yield (
                f"The connection {texts.quoted(entry['name'])} names the peers {named}, and neither is in the "
                "inventory; write the inventory names of its servers, and put their addresses into l2tp_address."
            )


def _other_peers_problems(node: Node) -> Iterator[str]:
    if node.other_peers not in OTHER_PEERS:
        yield f"l2tp_other_peers of {node.name} is not one of {', '.join(OTHER_PEERS)}; write one of them."
    elif node.other_peers == "certificate" and not node.certificate_authority:
        undefined = f"l2tp_other_peers_certificate_authority is not defined for {node.name}"
        yield f"l2tp_other_peers is certificate, but {undefined}; write the name of the certification authority."


def _unprotected(where: str, action: FilterAction | None) -> Iterator[str]:
    """Yield how a filter action would let L2TP through in clear text, or would block it."""
    if action is None:
        return
    if action.action == Action.PERMIT:
        yield f"{where} has the action permit, which leaves L2TP in clear text; write negotiate, or leave it out."
    if action.action == Action.BLOCK:
        yield f"{where} has the action block, which lets no L2TP through; write negotiate, or leave it out."
    if action.accepts_unsecured:
        yield f"{where} has accept_unsecured, which accepts L2TP in clear text; write false, or leave it out."
    if action.negotiates and not all(map(clear_text.encrypts, (each for each in action.offers if each.algorithms))):
        yield f"{where} has an offer without encryption, which leaves L2TP readable; write 3des, or leave it out."
    if action.falls_back_to_clear_text:
        yield (
            f"{where} has fall_back_to_clear_text, which sends L2TP in clear text to any peer that does not answer "
            "with IPsec; write false, or leave it out."
        )


def _twice(entries: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    names: NameMap[str] = NameMap()
    pairs: dict[frozenset[str], str] = {}
    for entry in entries:
        name, pair, shown = entry["name"], frozenset(entry["peers"]), _bare(entry["name"])
        if name in names:
            yield f"The connection {shown} is declared twice in l2tp_connections; delete one, or give it another name."
        elif pair in pairs:
            yield (
                f"The connections {pairs[pair]} and {shown} have the same two peers; "
                "delete one of them from l2tp_connections."
            )
        names[name] = shown
        pairs.setdefault(pair, shown)


def _entry_problems(network: Network, host: str, entry: Mapping[str, Any]) -> Iterator[str]:
    unnameable = list(_name_problems(entry["name"]))
    yield from unnameable
    if unnameable:
        return
    where = f"The connection {entry['name']}"
    source, destination = entry["peers"]
    if source == destination:
        yield f"{where} has {source} as both peers; write the other server's inventory name as one of them."
        return
    unknown = [peer for peer in entry["peers"] if peer not in network]
    for peer in unknown:
        yield (f"{where} names the peer {_bare(peer)}, which is not in the inventory; {_remedy_for_unknown(peer)}.")
    if unknown:
        return
    yield from _authentication_problems(network[host].as_written, entry)
    own_action = network[host].own_filter_actions.get(entry["name"])
    yield from _unprotected(_place_of_action(network[host].as_written, entry), own_action)
    yield from _address_problems(network, where, entry)
    disagreements = list(_disagreements(network, host, entry))
    yield from disagreements or not_negotiable(network, entry["name"], entry["peers"])


def _place_of_action(written: Written, entry: Mapping[str, Any]) -> str:
    """Return where the filter action of a connection is written."""
    default = written.default.get("filter_action") if isinstance(written.default, Mapping) else None
    taken_over = default is not None and entry.get("filter_action") is default
    return "filter_action in l2tp_default" if taken_over else f"filter_action of the connection {entry['name']}"


def _bare(peer: str) -> str:
    """Return a name for use in a sentence, quoted only if it could be mistaken for something else."""
    return peer if peer.isprintable() and peer.strip() == peer and peer else texts.quoted(peer)


def _is_address(peer: str) -> bool:
    try:
        ipaddress.ip_address(peer)
    except ValueError:
        return False
    return True


def _remedy_for_unknown(peer: str) -> str:
    if _is_address(peer):
        return "write the inventory name of the server, and put the address into its l2tp_address"
    return "correct the name, or add the host"


def _name_problems(name: str) -> Iterator[str]:
    where = f"The name of the connection {texts.quoted(name)}"
    if same(name, OTHER_PEERS_RULE):
        yield f"{where} is reserved for the rule that the role writes for all other L2TP; write another name."
    yield from _sentence(declaration.check_name, where, name)


def _authentication_problems(written: Written, entry: Mapping[str, Any]) -> Iterator[str]:
    given = [option for option in AUTHENTICATION if entry.get(option) is not None]
    if not given:
        yield (
            f"The connection {entry['name']} has no authentication; write preshared_key, certificate_authority "
            "or authentication, or its key into l2tp_preshared_keys (rras.ipsec.keys makes one)."
        )
    elif len(given) > 1:
        yield (
            f"The connection {entry['name']} has both {' and '.join(given)}; write one of them, or several methods "
            "into authentication, in order of preference."
        )
    else:
        yield from _method_problems(f"of the connection {entry['name']}", entry)
        yield from _unused_key(written, entry)


def _method_problems(of: str, entry: Mapping[str, Any]) -> Iterator[str]:
    methods: Sequence[Mapping[str, Any]] = entry.get("authentication") or ()
    of_list = ((f"authentication[{number}].", method) for number, method in enumerate(methods))
    for where, method in (("", entry), *of_list):
        for option, check in _CHECKS.items():
            if method.get(option) is not None:
                yield from _sentence(check, f"{where}{option} {of}", str(method[option]))


def _unused_key(written: Written, entry: Mapping[str, Any]) -> Iterator[str]:
    """Yield that a key in l2tp_preshared_keys is not used because the connection has another authentication."""
    key = key_of(written, entry["name"])
    keys = [entry.get("preshared_key"), *(each.get("preshared_key") for each in entry.get("authentication") or ())]
    if key is not None and key not in keys:
        yield (
            f"The connection {entry['name']} has an authentication of its own, and a key in l2tp_preshared_keys, "
            "which is not used; delete one of them."
        )


def _sentence(check: Callable[[str, str], object], where: str, text: str) -> Iterator[str]:
    try:
        check(where, text)
    except DeclarationError as error:
        yield str(error)


def _address_problems(network: Network, where: str, entry: Mapping[str, Any]) -> Iterator[str]:
    addresses = {peer: network[peer].address for peer in entry["peers"]}
    for peer, address in addresses.items():
        if not address:
            yield f"l2tp_address is not defined for {peer}; write the static address of its RRAS interface."
            continue
        yield from _sentence(declaration.specific_address, f"l2tp_address of {peer}", str(address))
    source, destination = addresses.values()
    if source and source == destination:
        yield f"{where} has {source} at both ends; correct l2tp_address of {' or '.join(addresses)}."


def _same_addresses(network: Network, own: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """Yield the connections of one host that would have equal filters: two peers have the same address."""
    first: dict[frozenset[str], Mapping[str, Any]] = {}
    for entry in own:
        addresses = frozenset(str(network[peer].address or peer) for peer in entry["peers"] if peer in network)
        earlier = first.setdefault(addresses, entry)
        if frozenset(earlier["peers"]) == frozenset(entry["peers"]) or len(addresses) < PEERS:
            continue
        peers = sorted(frozenset(entry["peers"]) ^ frozenset(earlier["peers"]))
        between = " and ".join(sorted(addresses))
        yield (
            f"The connections {_bare(earlier['name'])} and {_bare(entry['name'])} are both between {between}, "
            f"and one filter can have only one key; correct l2tp_address of {' or '.join(peers)}, "
            "or delete one of the connections."
        )


def _disagreements(network: Network, host: str, entry: Mapping[str, Any]) -> Iterator[str]:
    """Yield how the other end's variables differ, because of group precedence or host_vars."""
    source, destination = entry["peers"]
    other = destination if host == source else source
    if not network[other].managed:
        return
    theirs = entries(network[other].connections).by_name.get(entry["name"])
    if theirs is None:
        yield (
            f"The connection {entry['name']} is declared for {host} but not for {other}; "
            "write it into the variables of a group that contains both."
        )
        return
    differing = [option for option in _ENTRY if _plain(theirs.get(option)) != _plain(entry.get(option))]
    if differing:
        yield (
            f"The connection {entry['name']} is declared differently for {' and '.join(sorted((host, other)))} "
            f"({', '.join(differing)}); write it once, into the variables of a group that contains both."
        )


def _plain(value: Any) -> Any:  # noqa: ANN401 - any YAML
    return list(value) if isinstance(value, list | tuple) else value
