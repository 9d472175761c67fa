# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Journeys of a server that are cut at some moment, and what must then be true."""

from __future__ import annotations

from collections.abc import Callable

from ansible_collections.rras.ipsec.plugins.plugin_utils._host.session import ExecutionError
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy import model
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.registry import Key, Tree
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.store import NAME as POLICY_NAME
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.store import StoredPolicy
from ansible_collections.rras.ipsec.tests.lab import PoweredOff
from ansible_collections.rras.ipsec.tests.lab.windows.registry import differences
from ansible_collections.rras.ipsec.tests.support.journeys import (
    FOREIGN,
    THEIRS,
    Journey,
)
from ansible_collections.rras.ipsec.tests.support.server import ADDRESS, PEER, Server

READING = ("Prepare", "Read", "Expect")


def cut(server: Server, journey: Journey, before_record: Callable[[int, str], None], lost_hive: str = "") -> bool:
    """Do the journey until it is cut; return whether it was. After a power failure, the server starts again.

    lost_hive: the hive of which a power failure loses what Windows had not written yet.
    """
    server.host.impairments.before_record = before_record
    try:
        journey.go(server)
    except PoweredOff:
        if lost_hive:
            server.host.registry.lose_unwritten(lost_hive)
        server.restart()
    except ExecutionError:
        pass
    else:
        return False
    server.host.impairments.before_record = None
    return True


def check(server: Server, journey: Journey) -> None:
    """Check what must be true at every moment, and was true before."""
    assert server.host.exposures == [], "L2TP was in clear text"
    assert differences(kept(journey.kept, journey), kept(server.tree, journey)) == []
    active = server.active
    if active is None:
        assert "" in journey.others
        return
    assert active.unreadable == ()
    assert active.path in journey.others or any(is_meant(active, known) for known in journey.policies)
    if server.prohibit_ipsec == 1:
        assert active.path != FOREIGN
        assert {ADDRESS, PEER} <= server.read().listed
        assert server.running >= {"PolicyAgent", "IKEEXT"}


def is_meant(found: StoredPolicy, known: model.Policy) -> bool:
    return found.name == known.name and model.meaning(found.policy) == model.meaning(known)


def kept(tree: Tree, journey: Journey) -> Tree:
    """Return what other people have in a store, except the name of a policy, which ours may take."""
    keys = (key for path, key in tree.items() if path in journey.kept)
    return Tree(
        Key(key.path, {name: value for name, value in key.items() if (key.path, name) != (THEIRS, POLICY_NAME)})
        for key in keys
    )
