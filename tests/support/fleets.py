# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Many servers and their connections, as the variables of an inventory."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from typing import Any

FleetVars = dict[str, dict[str, Any]]
"""The variables of each server."""


def key(name: str) -> str:
    """Return the key of a connection."""
    return f"known to everybody: {name}, 7Yq-m2Wd"


def pair(name: str, *peers: str) -> dict[str, Any]:
    return {"name": name, "peers": list(peers), "preshared_key": key(name)}


def pairs(size: int) -> FleetVars:
    """Return pairs, all in one list of connections."""
    names = [f"server-{number}" for number in range(size)]
    return _fleet(names, [pair(f"link-{one}", one, other) for one, other in zip(names[::2], names[1::2], strict=True)])


def pairs_apart(size: int) -> FleetVars:
    """Return pairs, each with a list of its own."""
    return {
        name: {
            **variables,
            "l2tp_connections": [each for each in variables["l2tp_connections"] if name in each["peers"]],
        }
        for name, variables in pairs(size).items()
    }


def hub(size: int) -> FleetVars:
    """Return one hub, with one connection to each spoke."""
    centre, *spokes = names = [f"server-{number}" for number in range(size)]
    return _fleet(names, [pair(f"link-{spoke}", centre, spoke) for spoke in spokes])


def mesh_of_hubs(size: int) -> FleetVars:
    """Return hubs in a ring, each with nine spokes; a hub is one entry, and the keys are listed by name."""
    names = [f"server-{number}" for number in range(size)]
    hubs = names[::10]
    spokes = {centre: names[start + 1 : start + 10] for start, centre in zip(range(0, size, 10), hubs, strict=True)}
    entries = [{"name": centre, "hub": centre, "peers": [centre, *theirs]} for centre, theirs in spokes.items()]
    ring = [(one, other) for one, other in itertools.pairwise([*hubs, hubs[0]])][: len(hubs) if len(hubs) > 2 else 1]
    keys = {f"{centre}/{centre}/{spoke}": key(spoke) for centre, theirs in spokes.items() for spoke in theirs}
    return _fleet(
        names, [*entries, *(pair(f"ring-{one}", one, other) for one, other in ring)], l2tp_preshared_keys=keys
    )


FLEETS: Mapping[str, Callable[[int], FleetVars]] = {
    "pairs in one list": pairs,
    "pairs, a list each": pairs_apart,
    "one hub": hub,
    "a mesh of hubs": mesh_of_hubs,
}


def _fleet(names: list[str], connections: list[dict[str, Any]], **shared: Any) -> FleetVars:
    common = {"l2tp_connections": connections, **shared}
    return {
        name: {**common, "l2tp_address": f"10.1.{number // 250}.{number % 250 + 1}"}
        for number, name in enumerate(names)
    }
