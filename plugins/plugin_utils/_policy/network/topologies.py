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
"""The options that say how the two ends of a connection prove their identity; a connection has exactly one of them."""
_OF_TOPOLOGIES: Final = ("topology", "hub")


@dataclasses.dataclass(frozen=True, slots=True)
class Written:
    """What a host's variables say about connections, in whatever form: l2tp_connections and the variables beside it."""

    connections: object = dataclasses.field(repr=False)
    default: object = dataclasses.field(default=None, repr=False)
    """The options of connections that don't set their own."""
    preshared_keys: object = dataclasses.field(default=None, repr=False)
    """Keys, by the names of their connections."""


def expand(written: Written) -> Any:  # noqa: ANN401 - any YAML
    """Return the connections of two peers each, in the order of the entries, completed with defaults and keys.

    An entry of another form is kept, so that its problem is reported at its place in the list.
    """
    if not isinstance(written.connections, list | tuple):
        return written.connections
    return Entries(_completed(link, written) for entry in written.connections for link in _links(entry))


def link_name(name: str, source: str, destination: str) -> str:
    """Return the name of one connection of a hub or mesh.

    Its rule has this name, and so has its key in l2tp_preshared_keys.
    """
    return f"{name}/{source}/{destination}"


def is_topology(entry: Mapping[str, Any]) -> bool:
    """Return whether an entry stands for several connections."""
    return any(entry.get(option) is not None for option in _OF_TOPOLOGIES)


def key_of(written: Written, name: object) -> object:
    """Return the key that l2tp_preshared_keys holds for a connection; None if it holds none."""
    keys = written.preshared_keys
    return keys.get(name) if isinstance(keys, Mapping) and isinstance(name, str) else None


def _links(entry: Any) -> Iterator[Any]:  # noqa: ANN401 - any YAML
    pairs = list(_pairs(entry)) if isinstance(entry, Mapping) and isinstance(entry.get("name"), str) else []
    if not pairs:
        yield entry
        return
    shared = {option: value for option, value in entry.items() if option not in _OF_TOPOLOGIES}
    for source, destination in pairs:
        yield {**shared, "name": link_name(entry["name"], source, destination), "peers": [source, destination]}


def _pairs(entry: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield source and destination of each connection, in the order of the peers; none if the form is wrong."""
    peers, hub = entry.get("peers"), entry.get("hub")
    if not isinstance(peers, list | tuple) or not all(isinstance(peer, str) for peer in peers):
        return
    if hub is None and entry.get("topology") == MESH:
        yield from itertools.combinations(dict.fromkeys(peers), PEERS)
    elif isinstance(hub, str) and hub in peers and entry.get("topology") is None:
        yield from ((hub, peer) for peer in dict.fromkeys(peers) if peer != hub)


def _completed(link: Any, written: Written) -> Any:  # noqa: ANN401 - any YAML
    """Return a connection completed with what it does not set itself: its key by name, or else the default."""
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


def _given(options: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return {name: options[name] for name in names if options.get(name) is not None}
