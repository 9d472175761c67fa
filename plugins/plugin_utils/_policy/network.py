# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The connections as the inventory declares them, over all their peers: what is wrong, who must act together."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.declaration import DeclarationError, specific_address

OTHER_PEERS_RULE = "all other L2TP"
_PEERS = 2
_ENTRY = ("name", "peers", "preshared_key", "certificate_authority", "filter_action")


@dataclasses.dataclass(frozen=True, slots=True)
class Connection:
    """One entry of C(l2tp_connections)."""

    name: str
    peers: tuple[str, str]
    """The source and the destination of the one filter."""
    preshared_key: str | None = dataclasses.field(repr=False)
    certificate_authority: str | None
    filter_action: Mapping[str, Any] = dataclasses.field(default_factory=dict)

    def other(self, host: str) -> str:
        """The peer of a host."""
        return self.peers[1] if host == self.peers[0] else self.peers[0]


@dataclasses.dataclass(frozen=True, slots=True)
class Node:
    """What a host's variables say; connections None: they are not defined for it."""

    name: str
    connections: Sequence[Mapping[str, Any]] | None = dataclasses.field(repr=False)
    address: str | None
    managed: bool = True


Network = Mapping[str, Node]


def problems(
    network: Network, host: str, *, other_peers: str = "block", certificate_authority: str | None = None
) -> list[str]:
    """What is wrong with a host's declaration, a sentence each, before any host is touched.

    other_peers, certificate_authority: as for `rules`.
    """
    if other_peers == "certificate" and not certificate_authority:
        undefined = f"l2tp_other_peers_certificate_authority is not defined for {host}"
        return [f"l2tp_other_peers is certificate, but {undefined}; write the name of the certification authority."]
    return list(_problems(network, host))


def connections_of(network: Network, host: str) -> tuple[Connection, ...]:
    """The connections that a host takes part in. The declaration must be free of `problems`."""
    entries = network[host].connections or ()
    return tuple(_connection(entry) for entry in entries if host in entry["peers"])


def rules(
    network: Network,
    host: str,
    *,
    other_peers: str,
    certificate_authority: str | None = None,
    filter_action: Mapping[str, Any] | None = None,
) -> list[dict[str, Any]]:
    """The rules of a host, as the option of C(win_ipsec_psk_policy): the same for both ends of a connection.

    other_peers: C(block), C(certificate) or C(ignore) for all other L2TP of the host (KB 248750 describes the automatic
    filters that ProhibitIpSec takes away). filter_action: for the connections that have none of their own.
    """
    own = [_rule(network, connection, filter_action or {}) for connection in connections_of(network, host)]
    return own + (_other_peers(other_peers, certificate_authority) if own else [])


def component(host: str, edges: Iterable[Iterable[str]]) -> frozenset[str]:
    """The hosts that a host is connected with, over any number of edges; the host itself is one of them."""
    pairs = [frozenset(edge) for edge in edges]
    found = frozenset({host})
    while True:
        grown = found.union(*(pair for pair in pairs if pair & found))
        if grown == found:
            return found
        found = grown


def connected(network: Network, host: str) -> frozenset[str]:
    """The managed hosts that a host is connected with by any of the declared connections, itself included."""
    entries = [entry for node in network.values() for entry in _entries(node)]
    pairs = [entry["peers"] for entry in entries if len(entry.get("peers") or ()) == _PEERS]
    return component(host, (pair for pair in pairs if all(peer in network and network[peer].managed for peer in pair)))


def _problems(network: Network, host: str) -> Iterator[str]:
    node = network[host]
    if node.connections is None:
        yield f"l2tp_connections is not defined for {host}; write the list of connections into its group's variables."
        return
    malformed = list(_malformed(node.connections))
    yield from malformed
    if malformed:
        return
    yield from _twice(node.connections)
    for entry in node.connections:
        if host in entry["peers"]:
            yield from _entry_problems(network, host, entry)


def _malformed(entries: object) -> Iterator[str]:
    """What is wrong with the form of the entries; none of them is quoted, for there may be a key in it."""
    if not isinstance(entries, list | tuple):
        yield "l2tp_connections must be a list of connections; begin each with a dash."
        return
    for number, entry in enumerate(entries):
        where = f"l2tp_connections[{number}]"
        if isinstance(entry, Mapping):
            yield from _malformed_entry(where, entry)
        else:
            yield f"{where} must be a dictionary with name, peers and preshared_key or certificate_authority."


def _malformed_entry(where: str, entry: Mapping[str, Any]) -> Iterator[str]:
    if not isinstance(entry.get("name"), str) or not entry["name"].strip():
        yield f"{where}.name is missing; write a name for the connection, such as tokyo-osaka."
    peers = entry.get("peers")
    if not isinstance(peers, list | tuple) or len(peers) != _PEERS or not all(isinstance(peer, str) for peer in peers):
        yield f"{where}.peers must be the inventory names of two hosts; write for example [rras-tokyo, rras-osaka]."
    for option in ("preshared_key", "certificate_authority"):
        if not isinstance(entry.get(option), str | None):
            yield f"{where}.{option} must be text; put it into quotes."
    if not isinstance(entry.get("filter_action"), Mapping | None):
        yield f"{where}.filter_action must be a dictionary with options of a filter action, such as pfs: true."
    if any(option not in _ENTRY for option in entry):
        yield (
            f"{where} has an option that is not known (its name is not shown, because it may be a key); "
            f"the options of a connection are {', '.join(_ENTRY)}."
        )


def _twice(entries: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    names: set[str] = set()
    pairs: dict[frozenset[str], str] = {}
    for entry in entries:
        name, pair = entry["name"], frozenset(entry["peers"])
        if name.casefold() in names:
            yield f"The connection {name} is declared twice in l2tp_connections; delete one, or give it another name."
        elif pair in pairs:
            yield (
                f"The connections {pairs[pair]} and {name} have the same two peers; "
                "delete one of them from l2tp_connections."
            )
        names.add(name.casefold())
        pairs.setdefault(pair, name)


def _entry_problems(network: Network, host: str, entry: Mapping[str, Any]) -> Iterator[str]:
    where = f"The connection {entry['name']}"
    source, destination = entry["peers"]
    if source == destination:
        yield f"{where} has {source} as both its peers; write the other server's inventory name as one of them."
        return
    unknown = [peer for peer in entry["peers"] if peer not in network]
    for peer in unknown:
        yield f"{where} names the peer {peer}, which is not in the inventory; correct the name, or add the host."
    if unknown:
        return
    yield from _authentication_problems(where, entry)
    yield from _address_problems(network, where, entry)
    yield from _disagreements(network, host, entry)


def _authentication_problems(where: str, entry: Mapping[str, Any]) -> Iterator[str]:
    key, authority = entry.get("preshared_key"), entry.get("certificate_authority")
    if (key is None) == (authority is None):
        yield f"{where} must have either preshared_key or certificate_authority; write one of them."
    elif not str(key if authority is None else authority).strip():
        option = "preshared_key" if authority is None else "certificate_authority"
        yield f"{where} has an empty {option}; write the {'key' if authority is None else 'name'} that both ends share."


def _address_problems(network: Network, where: str, entry: Mapping[str, Any]) -> Iterator[str]:
    addresses = {peer: network[peer].address for peer in entry["peers"]}
    for peer, address in addresses.items():
        if not address:
            yield f"l2tp_address is not defined for {peer}; write the static address of its RRAS interface."
            continue
        try:
            specific_address(f"l2tp_address of {peer}", str(address))
        except DeclarationError as error:
            yield str(error)
    source, destination = addresses.values()
    if source and source == destination:
        yield f"{where} has {source} at both ends; correct l2tp_address of {' or '.join(addresses)}."


def _disagreements(network: Network, host: str, entry: Mapping[str, Any]) -> Iterator[str]:
    """What the other end's variables say differently, by group precedence or host_vars."""
    source, destination = entry["peers"]
    other = destination if host == source else source
    if not network[other].managed:
        return
    theirs = [each for each in _entries(network[other]) if each.get("name") == entry["name"]]
    if not theirs:
        yield (
            f"The connection {entry['name']} is declared for {host} but not for {other}; "
            "write it into the variables of a group that both are in."
        )
        return
    differing = [option for option in _ENTRY if _plain(theirs[0].get(option)) != _plain(entry.get(option))]
    if differing:
        yield (
            f"The connection {entry['name']} is declared differently for {' and '.join(sorted((host, other)))} "
            f"({', '.join(differing)}); write it once, into the variables of a group that both are in."
        )


def _entries(node: Node) -> list[Mapping[str, Any]]:
    """What another host declares, as far as it has the form of a connection; the rest is that host's own problem."""
    entries = node.connections if isinstance(node.connections, list | tuple) else ()
    return [entry for entry in entries if isinstance(entry, Mapping)]


def _plain(value: Any) -> Any:  # noqa: ANN401 - any YAML
    return list(value) if isinstance(value, list | tuple) else value


def _connection(entry: Mapping[str, Any]) -> Connection:
    source, destination = entry["peers"]
    return Connection(
        name=entry["name"],
        peers=(source, destination),
        preshared_key=entry.get("preshared_key"),
        certificate_authority=entry.get("certificate_authority"),
        filter_action=entry.get("filter_action") or {},
    )


def _rule(network: Network, connection: Connection, filter_action: Mapping[str, Any]) -> dict[str, Any]:
    source, destination = (network[peer].address for peer in connection.peers)
    key, authority = connection.preshared_key, connection.certificate_authority
    method = {"certificate_authority": authority} if key is None else {"preshared_key": key}
    return {
        "name": connection.name,
        "filters": [{"source_address": source, "destination_address": destination}],
        "authentication": [method],
        "filter_action": dict(connection.filter_action or filter_action),
    }


def _other_peers(treatment: str, certificate_authority: str | None) -> list[dict[str, Any]]:
    if treatment == "ignore":
        return []
    rule: dict[str, Any] = {
        "name": OTHER_PEERS_RULE,
        "filters": [
            {"source_address": "me", "destination_address": "any", "source_port": 1701, "destination_port": 0},
            {"source_address": "me", "destination_address": "any", "source_port": 0, "destination_port": 1701},
        ],
    }
    if treatment == "certificate":
        return [rule | {"authentication": [{"certificate_authority": certificate_authority}]}]
    return [rule | {"filter_action": {"action": "block"}}]
