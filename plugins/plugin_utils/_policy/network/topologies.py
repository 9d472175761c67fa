# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A hub or a mesh in one entry, and the connections of two peers that it stands for."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterator, Mapping
from typing import Any, Final

from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.network.entries import Entries

PEERS: Final = 2
MESH: Final = "mesh"
AUTHENTICATION: Final = ("preshared_key", "certificate_authority", "authentication")
"""The options of a connection that say how the two ends prove who they are; a connection has one of them."""
_OF_TOPOLOGIES: Final = ("topology", "hub")


@dataclasses.dataclass(frozen=True, slots=True)
class Written:
    """What a host's variables say of connections, in whatever form: l2tp_connections and what belongs to it."""

    connections: object = dataclasses.field(repr=False)
    default: object = dataclasses.field(default=None, repr=False)
    """What connections have that say nothing else."""
    preshared_keys: object = dataclasses.field(default=None, repr=False)
    """Keys, by the names of their connections."""


def expand(written: Written) -> Any:  # noqa: ANN401 - any YAML
    """The connections of two peers each, in the order of the entries, complete with defaults and keys.

    An entry of another form stays as it is: what is wrong with it is said by its place in what is written.
    """
    if not isinstance(written.connections, list | tuple):
        return written.connections
    return Entries(_completed(link, written) for entry in written.connections for link in _links(entry))


def link_name(name: str, source: str, destination: str) -> str:
    """The name of one connection of a hub or a mesh, which its rule has, and its key in l2tp_preshared_keys."""
    return f"{name}/{source}/{destination}"


def is_topology(entry: Mapping[str, Any]) -> bool:
    """Whether an entry stands for several connections."""
    return any(entry.get(option) is not None for option in _OF_TOPOLOGIES)


def _links(entry: Any) -> Iterator[Any]:  # noqa: ANN401 - any YAML
    pairs = list(_pairs(entry)) if isinstance(entry, Mapping) and isinstance(entry.get("name"), str) else []
    if not pairs:
        yield entry
        return
    shared = {option: value for option, value in entry.items() if option not in _OF_TOPOLOGIES}
    for source, destination in pairs:
        yield {**shared, "name": link_name(entry["name"], source, destination), "peers": [source, destination]}


def _pairs(entry: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Source and destination of each connection, in the order of the peers; nothing where the form is wrong."""
    peers, hub = entry.get("peers"), entry.get("hub")
    if not isinstance(peers, list | tuple) or not all(isinstance(peer, str) for peer in peers):
        return
    if hub is None and entry.get("topology") == MESH:
        yield from itertools.combinations(dict.fromkeys(peers), PEERS)
    elif isinstance(hub, str) and hub in peers and entry.get("topology") is None:
        yield from ((hub, peer) for peer in dict.fromkeys(peers) if peer != hub)


def _completed(link: Any, written: Written) -> Any:  # noqa: ANN401 - any YAML
    """Add what the connection does not say itself: its key, or else what is the default for all."""
    if not isinstance(link, Mapping):
        return link
    default = written.default if isinstance(written.default, Mapping) else {}
    added: dict[str, Any] = {}
    if not any(link.get(option) is not None for option in AUTHENTICATION):
        key = key_of(written, link.get("name"))
        added = {"preshared_key": key} if key is not None else _given(default, *AUTHENTICATION)
    if not link.get("filter_action"):
        added |= _given(default, "filter_action")
    return {**link, **added} if added else link


def key_of(written: Written, name: object) -> object:
    """The key that l2tp_preshared_keys has for a connection; None where it has none."""
    keys = written.preshared_keys
    return keys.get(name) if isinstance(keys, Mapping) and isinstance(name, str) else None


def _given(options: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return {name: options[name] for name in names if options.get(name) is not None}
