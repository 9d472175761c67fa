# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which hosts must be in one run because connections join them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any


def parts(connections: Mapping[str, object]) -> list[list[str]]:
    """Return the hosts that connections join, directly or through others: each part sorted, parts by their first host.

    connections: what each host of an inventory declares, in any form. A host that no connection names is in no part,
    nor is a peer that is not in the inventory.
    """
    towards: dict[str, str] = {}

    def first(host: str) -> str:
        while towards.setdefault(host, host) != host:
            towards[host] = towards[towards[host]]
            host = towards[host]
        return host

    for declared in {id(each): each for each in connections.values()}.values():  # a shared list is read once
        for peers in _peers(declared):
            known = [peer for peer in peers if peer in connections]
            for peer in known:
                towards[first(peer)] = first(known[0])
    joined: dict[str, list[str]] = {}
    for host in sorted(towards):
        joined.setdefault(first(host), []).append(host)
    return sorted(joined.values())


def _peers(declared: object) -> Iterator[list[str]]:
    for entry in declared if isinstance(declared, list | tuple) else ():
        peers = entry.get("peers") if isinstance(entry, Mapping) else None
        if isinstance(peers, list | tuple):
            yield [peer for peer in (*peers, *_hub(entry)) if isinstance(peer, str)]


def _hub(entry: Mapping[str, Any]) -> Iterator[object]:
    if entry.get("hub") is not None:
        yield entry["hub"]
