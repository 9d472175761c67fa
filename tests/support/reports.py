# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reports of verifications that were never run: of a pair in every state, and of networks of any size."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping
from typing import Any, cast

from ansible_collections.rras.ipsec.plugins.plugin_utils._policy import page
from ansible_collections.rras.ipsec.plugins.plugin_utils._role import summary
from ansible_collections.rras.ipsec.plugins.plugin_utils._role.play_vars import COMPARED, PlayVars
from ansible_collections.rras.ipsec.tests.support.network import POLICY, proof, rule
from ansible_collections.rras.ipsec.tests.support.role import Play, decide

KEY = "The key of this pair, 1053"
WRITTEN = "2026-01-02T03:04:05+00:00"


def policy(*connections: str, authentication: str = "preshared key: matches") -> dict[str, Any]:
    """Return the assigned policy of a server, as the role's results have it."""
    return {
        "name": POLICY,
        "assigned": True,
        "ours": True,
        "adopted": False,
        "open_keys": [],
        "unreadable": [],
        "weaknesses": [],
        "main_mode": {"methods": ["3DES, SHA1, group 2"], "lifetime": 480, "quick_mode_limit": 0, "pfs": False},
        "rules": [
            {
                "name": name,
                "active": True,
                "default_response": False,
                "filters": ["UDP 192.0.2.1 port 1701 -> 192.0.2.2"],
                "filter_action": "negotiate security",
                "offers": ["ESP 3DES SHA1"],
                "authentication": [authentication],
            }
            for name in connections
        ],
    }


def hostvars(
    connections: Iterable[Mapping[str, Any]], answers: Mapping[str, Any], **variables: Any
) -> dict[str, dict[str, Any]]:
    """Return the variables and results of the hosts of a play, after each was verified and compared."""
    links = [dict(each) for each in connections]
    names = list(dict.fromkeys([*(peer for each in links for peer in each["peers"]), *answers]))
    addresses = {name: f"192.0.{2 + number // 200}.{1 + number % 200}" for number, name in enumerate(names)}
    found: dict[str, dict[str, Any]] = {
        name: {
            "l2tp_connections": links,
            "l2tp_address": addresses[name],
            "l2tp_verify_only": True,
            "__l2tp_plan": _at(answers.get(name, {}), addresses[name]),
            **variables,
        }
        for name in names
    }
    compared = {name: decide("compare", found, name)[0] for name in names if name in answers}
    for name, each in compared.items():
        found[name][COMPARED] = each
    return found


def report(connections: Iterable[Mapping[str, Any]], answers: Mapping[str, Any], **variables: Any) -> page.PageReport:
    """Return the report of a play."""
    return of(hostvars(connections, answers, **variables))


def of(found: Mapping[str, Mapping[str, Any]], playing: Iterable[str] | None = None) -> page.PageReport:
    """Return the report of a play with these hosts, by default all of them."""
    play = Play(found, next(iter(found)))
    play.playing = list(playing or found)
    return page.make(summary.verified(cast("PlayVars", play)), WRITTEN)


def connection(name: str, *peers: str) -> dict[str, Any]:
    """Return one connection, with a key."""
    return {"name": name, "peers": list(peers), "preshared_key": KEY}


def sound(*connections: str, **given: Any) -> dict[str, Any]:
    """Return what a server that is as declared answers."""
    rules = [rule(name) for name in connections]
    return cast("dict[str, Any]", proof(rules=rules, policies=[policy(*connections)], **given))


def fleet(hubs: int, spokes: int) -> page.PageReport:
    """Return the report of a mesh of hubs, each with so many spokes."""
    centres = [f"rras-hub-{number:02}" for number in range(hubs)]
    links = [connection(f"{one}/{other}", one, other) for one, other in itertools.combinations(centres, 2)]
    links += [
        connection(f"{hub}/{number:03}", hub, f"{hub}-branch-{number:03}")
        for hub in centres
        for number in range(spokes)
    ]
    return report(links, {})


def troubled() -> page.PageReport:
    """Return the report of a run in which everything occurs once."""
    links = [
        connection("tokyo-osaka", "rras-tokyo", "rras-osaka"),
        connection("tokyo-kyoto", "rras-tokyo", "rras-kyoto"),
        connection("tokyo-nagoya", "rras-tokyo", "rras-nagoya"),
        connection("sapporo-sendai", "rras-sapporo", "rras-sendai"),
        connection("<b>{{ 7 * 7 }}</b>", "a<script>alert(1)</script>", "b\x1b[31m"),
    ]
    differing = rule(
        "tokyo-osaka", "differs", has=["security method: ESP DES"], declared=["security method: ESP 3DES SHA1"]
    )
    return report(
        links,
        {
            "rras-tokyo": sound("tokyo-osaka", "tokyo-kyoto", "tokyo-nagoya"),
            "rras-osaka": proof(rules=[differing], policies=[policy("tokyo-osaka")], matches=False),
            "rras-kyoto": {"unreachable": True, "msg": "Connection refused"},
            "rras-nagoya": sound("tokyo-nagoya", l2tp_covered="connections"),
            "rras-sapporo": sound("sapporo-sendai"),
            "rras-sendai": sound("sapporo-sendai"),
            "a<script>alert(1)</script>": sound("<b>{{ 7 * 7 }}</b>"),
            "b\x1b[31m": sound("<b>{{ 7 * 7 }}</b>"),
        },
    )


def _at(answer: Mapping[str, Any], address: str) -> dict[str, Any]:
    """Return an answer of the server with this address."""
    host = (
        {"host": {**answer["host"], "addresses": [{"address": address, "dynamic": False}]}} if "host" in answer else {}
    )
    return {**answer, **host}
