# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rules of a host, made from its connections, and what both ends negotiate by them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ansible_collections.rras.ipsec.plugins.plugin_utils._policy import proposals
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.network.connections import (
    Connection,
    Network,
    connections_of,
)
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.network.topologies import PEERS

OTHER_PEERS_RULE = "all other L2TP"


def rules(
    network: Network,
    host: str,
    *,
    other_peers: str,
    certificate_authority: str | None = None,
    filter_action: Mapping[str, Any] | None = None,
) -> list[dict[str, Any]]:
    """Return the rules of a host, as the option of `win_ipsec_psk_policy`: the same for both ends of a connection.

    other_peers: `block`, `certificate` or `ignore` for all other L2TP of the host (KB 248750 describes the automatic
    filters that ProhibitIpSec takes away). filter_action: for connections without one of their own.
    """
    own = [_rule(network, connection, filter_action or {}) for connection in connections_of(network, host)]
    return own + (_other_peers(other_peers, certificate_authority) if own else [])


def negotiated(network: Network, connection: Connection) -> tuple[str, str] | None:
    """Return the proposals that IKE chooses, in words: if the source starts, and if the destination does.

    None if one end's proposals are not known; an empty text if there is no choice.
    """
    source, destination = (network[peer].end(connection.name) for peer in connection.peers)
    if source is None or destination is None or not all(network[peer].managed for peer in connection.peers):
        return None
    return proposals.chosen(source, destination), proposals.chosen(destination, source)


def not_negotiable(network: Network, name: str, peers: Iterable[str]) -> Iterator[str]:
    """Yield why the two ends of a connection can't agree on how to protect it."""
    ends = {peer: end for peer in sorted(peers) if network[peer].managed and (end := network[peer].end(name))}
    if len(ends) < PEERS:
        return
    one, other = ends.values()
    if not proposals.main_mode_choice(one.main_mode, other.main_mode):
        said = (f"{peer} proposes {proposals.main_mode_text(end.main_mode)}" for peer, end in ends.items())
        yield _no_common_proposal(name, "main mode", said, "l2tp_main_mode")
    negotiate = one.filter_action.negotiates and other.filter_action.negotiates  # otherwise something else is wrong
    if negotiate and not proposals.quick_mode_choice(one.filter_action, other.filter_action):
        said = (f"{peer} proposes {proposals.quick_mode_text(end.filter_action)}" for peer, end in ends.items())
        yield _no_common_proposal(name, "quick mode", said, "l2tp_filter_action")


def _rule(network: Network, connection: Connection, filter_action: Mapping[str, Any]) -> dict[str, Any]:
    source, destination = (network[peer].address for peer in connection.peers)
    return {
        "name": connection.name,
        "filters": [{"source_address": source, "destination_address": destination}],
        "authentication": [dict(method) for method in connection.authentication],
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


def _no_common_proposal(name: str, mode: str, said: Iterable[str], variable: str) -> str:
    return (
        f"The connection {name} can't be negotiated, because the two ends have no common proposal for {mode} "
        f"({', '.join(said)}); write the same {variable} for both."
    )
