# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What l2tp_remove_leftovers takes away: what this collection left on a host, and nobody declares any more."""

from __future__ import annotations

from typing import Final

from ansible_collections.rras.ipsec.plugins.plugin_utils import _shape, _view
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy import network as networks
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy import undeclared
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.fleet import Fleet
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.registry import same
from ansible_collections.rras.ipsec.plugins.plugin_utils._role.play_vars import PlayVars

TASKS: Final = "leftovers.yml"
"""The task file for a host for which nothing is declared any more."""


def may_go(play: PlayVars, run: Fleet, host: str) -> bool:
    """Return whether everything of this collection is to be removed from a host that no connection names.

    False if a peer's name is unknown: it may be this host's, misspelt.
    """
    node, seen = run.network[host], _view.last_facts(play, host)
    if not _asked(play, host) or seen is None or networks.connections_of(run.network, host):
        return False
    if node.unknown_peers or not any(undeclared.unconnected(node, seen)):
        return False
    others = _view.network(play, *play.playing)
    return not any(host in connection.peers for connection in networks.all_connections(others))


def of_other_names(play: PlayVars, host: str) -> list[str]:
    """Return the names of the policies to delete from a host that has connections: ours, renamed, unassigned."""
    seen = _view.last_facts(play, host) if _asked(play, host) else None
    if seen is None or not networks.connections_of(_view.neighbourhood(play, host), host):
        return []
    name = play.declared(host)["policy_name"]
    ours = (each for each in seen["policies"] if each["ours"] and not each["assigned"])
    return [each["name"] for each in ours if not same(each["name"], name)]


def _asked(play: PlayVars, host: str) -> bool:
    return _shape.truth(play.declared(host)["remove_leftovers"]) is True
