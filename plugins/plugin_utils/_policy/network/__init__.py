# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The connections as the inventory declares them, over all their peers: what is wrong, who must act together."""

from __future__ import annotations

from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.network.checks import (
    all_problems,
    problems,
    problems_of_all,
    unsound,
    without_connections,
)
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.network.connections import (
    Connection,
    Network,
    Node,
    all_connections,
    beside,
    beside_managed,
    component,
    connected,
    connections_of,
    links_of,
    reachable,
)
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.network.entries import Entries, entries, named
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.network.forms import malformed
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.network.host_rules import (
    OTHER_PEERS_RULE,
    negotiated,
    not_negotiable,
    rules,
)
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.network.keyrings import Keyring, keyring
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.network.parts import parts
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.network.topologies import Written, expand

__all__ = [
    "OTHER_PEERS_RULE",
    "Connection",
    "Entries",
    "Keyring",
    "Network",
    "Node",
    "Written",
    "all_connections",
    "all_problems",
    "beside",
    "beside_managed",
    "component",
    "connected",
    "connections_of",
    "entries",
    "expand",
    "keyring",
    "links_of",
    "malformed",
    "named",
    "negotiated",
    "not_negotiable",
    "parts",
    "problems",
    "problems_of_all",
    "reachable",
    "rules",
    "unsound",
    "without_connections",
]
