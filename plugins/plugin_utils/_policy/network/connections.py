# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The connections, and the hosts that they connect, as the inventory declares them."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.model import FilterAction, MainMode
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.network.entries import entries, named
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.network.topologies import PEERS, Written
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.proposals import End

OTHER_PEERS = ("block", "certificate", "ignore")


@dataclasses.dataclass(frozen=True, slots=True)
class Connection:
    """One connection of two peers; one entry of `l2tp_connections` may stand for several."""

    name: str
    peers: tuple[str, str]
    """The source and the destination of the only filter."""
    authentication: tuple[Mapping[str, Any], ...] = dataclasses.field(repr=False)
    """The methods in order of preference, in the form of a rule's option."""
    filter_action: Mapping[str, Any] = dataclasses.field(default_factory=dict)

    @property
    def means(self) -> str:
        """What the peers prove their identity with, in words."""
        return ", or else ".join(
            _MEANS[option].format(value) for each in self.authentication for option, value in each.items()
        )

    def other(self, host: str) -> str:
        """Return the other peer."""
        return self.peers[1] if host == self.peers[0] else self.peers[0]


@dataclasses.dataclass(frozen=True, slots=True)
class Node:
    """What a host's variables say; connections is None if the variable is not defined for it."""

    name: str
    connections: Sequence[Mapping[str, Any]] | None = dataclasses.field(repr=False)
    address: str | None
    managed: bool = True
    other_peers: str = "block"
    certificate_authority: str | None = None
    main_mode: MainMode | None = None
    """Here and below, None means that it can't be read; the module says why."""
    filter_action: FilterAction | None = None
    """The filter action of connections without one of their own."""
    own_filter_actions: Mapping[str, FilterAction | None] = dataclasses.field(default_factory=dict)
    """The filter actions of connections that have their own, by connection name."""
    unknown_peers: tuple[str, ...] = ()
    """The peers in its connections that are not in the inventory."""
    problems: tuple[str, ...] = ()
    """What is wrong with variables that can't be used because of it, a sentence each."""
    written: Written | None = None
    """What the connections were made from; None if they are written in this form."""

    @property
    def as_written(self) -> Written:
        """What the host's variables say about connections."""
        return self.written or Written(self.connections)

    def end(self, connection: str) -> End | None:
        """Return what this host proposes for one of its connections."""
        action = self.own_filter_actions.get(connection, self.filter_action)
        return End(self.main_mode, action) if self.main_mode and action else None


_MEANS = {
    "preshared_key": "the preshared key",
    "certificate_authority": "certificates of {}",
    "kerberos": "Kerberos",
}

Network = Mapping[str, Node]


def connections_of(network: Network, host: str) -> tuple[Connection, ...]:
    """Return the connections that a host takes part in, without entries of another form, which a removal lets pass."""
    return tuple(map(_connection, links_of(network[host])))


def links_of(node: Node) -> list[Mapping[str, Any]]:
    """Return the entries that make the connections of a host, in order."""
    own = entries(node.connections).by_peer.get(node.name, ())
    return [entry for entry in own if isinstance(entry.get("name"), str) and _pair(entry)]


def all_connections(network: Network) -> tuple[Connection, ...]:
    """Return each connection that one of its peers declares, once, in the order of the hosts.

    Hosts that declare the same list share one reading of it, so the cost depends on the number of connections.
    """
    found: dict[tuple[str, frozenset[str]], Connection] = {}
    for members in _declaring_alike(network):
        for entry in entries_of(network[next(iter(members))]):
            pair = _pair(entry) if isinstance(entry.get("name"), str) else None
            if (
                pair
                and len(entry["peers"]) == PEERS
                and not members.keys().isdisjoint(pair)
                and (entry["name"], pair) not in found
            ):
                found[entry["name"], pair] = _connection(entry)
    return tuple(found.values())


Beside = Mapping[str, Iterable[str]]
"""The neighbours of each host."""


def beside(edges: Iterable[Iterable[str]]) -> Beside:
    """Return the neighbours of each host, given the edges."""
    found: dict[str, dict[str, None]] = {}
    for edge in map(tuple, edges):
        for end in edge:
            found.setdefault(end, {}).update(dict.fromkeys(edge))
    return found


def component(host: str, edges: Beside) -> frozenset[str]:
    """Return the hosts that a host is connected with over any number of edges, itself included."""
    found, waiting = {host}, [host]
    while waiting:
        new = [end for end in edges.get(waiting.pop(), ()) if end not in found]
        found.update(new)
        waiting.extend(new)
    return frozenset(found)


def connected(network: Network, host: str) -> frozenset[str]:
    """Return the managed hosts that any declared connections join with a host, itself included."""
    return component(host, beside_managed(network))


def beside_managed(network: Network) -> Beside:
    """Return the managed neighbours of each host, by declared connections."""
    managed = {name for name, node in network.items() if node.managed}
    return beside(pair for pair in _pairs(network) if pair <= managed)


def reachable(network: Network, host: str) -> dict[str, Node]:
    """Return the part of a network that a host's own connections lead to, directly or through others."""
    found: dict[str, Node] = {}
    waiting = [host]
    while waiting:
        name = waiting.pop()
        if name not in found and name in network:
            found[name] = network[name]
            pairs = filter(None, map(_pair, entries(network[name].connections).by_peer.get(name, ())))
            waiting.extend(peer for pair in pairs for peer in pair)
    return found


def entries_of(node: Node) -> list[Mapping[str, Any]]:
    """Return the entries of another host that have the form of a connection; the others are that host's own problem."""
    return [entry for entry in entries(node.connections) if isinstance(entry, Mapping)]


def _declaring_alike(network: Network) -> Iterator[dict[str, None]]:
    """Yield the names of the hosts that declare the same list, in the order of the hosts."""
    groups: list[dict[str, None]] = []
    of_list: dict[int, dict[str, None]] = {}
    alike: dict[tuple[str, ...], list[tuple[Written, dict[str, None]]]] = {}
    for name, node in network.items():
        members = of_list.get(id(node.connections))
        if members is None:  # compared with the lists that have the same names
            known = alike.setdefault(tuple(entries(node.connections).by_name), [])
            members = next((each for written, each in known if written == node.as_written), None)
        if members is None:
            members = {}
            groups.append(members)
            known.append((node.as_written, members))
        of_list[id(node.connections)] = members
        members[name] = None
    return iter(groups)


def _pairs(network: Network) -> Iterator[frozenset[str]]:
    """Yield the pairs of peers of all declared connections; a list shared by several hosts is read once."""
    lists = {id(node.connections): node for node in network.values()}
    return (pair for node in lists.values() for entry in entries_of(node) if (pair := _pair(entry)))


def _pair(entry: Mapping[str, Any]) -> frozenset[str] | None:
    pair = frozenset(named(entry))
    return pair if len(pair) == PEERS else None


def _connection(entry: Mapping[str, Any]) -> Connection:
    source, destination = entry["peers"]
    return Connection(
        name=entry["name"],
        peers=(source, destination),
        authentication=_methods(entry),
        filter_action=entry.get("filter_action") or {},
    )


def _methods(entry: Mapping[str, Any]) -> tuple[Mapping[str, Any], ...]:
    """Return the methods of an entry, which names either one by itself or several in a list."""
    key, authority = entry.get("preshared_key"), entry.get("certificate_authority")
    if key is not None:
        return ({"preshared_key": key},)
    if authority is not None:
        return ({"certificate_authority": authority},)
    listed = entry.get("authentication")
    return tuple(each for each in listed if isinstance(each, Mapping)) if isinstance(listed, list | tuple) else ()
