# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A list of connections that many hosts declare: each question about the whole list is answered only once."""

from __future__ import annotations

import functools
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from typing import Any


class Entries(list[Any]):
    """Connections of two peers each, in whatever form they were written. The list must not be changed."""

    @functools.cached_property
    def by_peer(self) -> Mapping[str, Sequence[Mapping[str, Any]]]:
        """The entries that name a host among their peers, by host; entries of another form name none."""
        found: dict[str, list[Mapping[str, Any]]] = {}
        for entry in self:
            for peer in dict.fromkeys(named(entry)):
                found.setdefault(peer, []).append(entry)
        return found

    @functools.cached_property
    def by_name(self) -> Mapping[str, Mapping[str, Any]]:
        """The first entry with each name."""
        found: dict[str, Mapping[str, Any]] = {}
        for entry in self:
            if isinstance(entry, Mapping) and isinstance(entry.get("name"), str):
                found.setdefault(entry["name"], entry)
        return found

    def once(self, question: Hashable, answer: Callable[[], Iterable[str]]) -> tuple[str, ...]:
        """Return the sentences that answer a question about these entries, the same for all hosts that declare them."""
        if question not in self._answers:
            self._answers[question] = tuple(answer())
        return self._answers[question]

    @functools.cached_property
    def _answers(self) -> dict[Hashable, tuple[str, ...]]:
        return {}


def entries(connections: object) -> Entries:
    """Return a list of connections as `Entries`; empty if it is no list."""
    if isinstance(connections, Entries):
        return connections
    return Entries(connections if isinstance(connections, list | tuple) else ())


def named(entry: object) -> Sequence[str]:
    """Return the peers of an entry; none if it has another form."""
    peers = entry.get("peers") if isinstance(entry, Mapping) else None
    return peers if isinstance(peers, list | tuple) and all(isinstance(peer, str) for peer in peers) else ()
