# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is decided once for all hosts, before any of them is touched."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.rras.ipsec.plugins.plugin_utils import _exposed, _settings, _view
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy import network as networks
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.network import Network
from ansible_collections.rras.ipsec.plugins.plugin_utils._role.play_vars import PlayVars


def preflight(play: PlayVars, *, removal: bool) -> dict[str, Any]:
    """Return the role's variables on all hosts of the play, and what is wrong with them, a sentence each."""
    declared = {host: play.declared(host) for host in play.playing}
    nodes = _view.network(play, *play.playing, whole=True)
    return {
        "playing": list(play.playing),
        "declared": declared,
        "links": _view.links(nodes),
        "problems": problems(play, nodes, play.playing, removal=removal),
    }


def problems(play: PlayVars, nodes: Network, hosts: Sequence[str], *, removal: bool) -> dict[str, list[str]]:
    """Return what is wrong with the variables of hosts, a sentence each.

    nodes: those of all hosts that they are connected with.
    """
    of_the_network = networks.all_problems(nodes, hosts, removal=removal)
    exposes = not removal and _exposed.exposes(nodes, (_given(play.declared(host)) for host in hosts))
    return {
        host: _of_host(play.declared(host), nodes, host, removal=removal, exposes=exposes) or of_the_network[host]
        for host in hosts
    }


def of_host(declared: Mapping[str, Any], nodes: Network, host: str) -> list[str]:
    """Return what is wrong with a host's own variables, apart from its connections and peers."""
    return _of_host(declared, nodes, host, removal=False, exposes=True)


def _of_host(declared: Mapping[str, Any], nodes: Network, host: str, *, removal: bool, exposes: bool) -> list[str]:
    """Return what `of_host` returns. exposes: whether any host's key may be part of a shown text."""
    given = _given(declared)
    shown = list(_exposed.exposed(networks.reachable(nodes, host), host, given)) if exposes else []
    if shown:
        return shown
    if removal:
        return list(_settings.problems({name: given[name] for name in _settings.OF_A_REMOVAL}))
    node, written = nodes[host], nodes[host].as_written
    of_actions = networks.entries(node.connections).once(
        "filter actions", lambda: _settings.problems_of_actions(written.connections, written.default)
    )
    return [*_settings.problems(given), *of_actions]


def _given(declared: Mapping[str, Any]) -> dict[str, Any]:
    return {f"l2tp_{name}": value for name, value in declared.items()}
