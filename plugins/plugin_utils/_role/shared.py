# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Variables that many hosts get from one place, such as a group: what is the same for all is evaluated only once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.network import named

_TEMPLATE = "{"
"""A text without this character is no template."""
Evaluate = Callable[[Any], Any]


class Shared:
    """Evaluates variables for one host after another, and recognises objects that Ansible shares between hosts."""

    def __init__(self) -> None:
        self._constant: dict[int, tuple[object, bool]] = {}
        self._values: dict[int, tuple[object, Any]] = {}
        self._lists: dict[tuple[int, ...], list[Any]] = {}

    def evaluated(self, raw: Any, host: str, evaluate: Evaluate) -> Any:  # noqa: ANN401 - any YAML
        """Return the value of a variable on a host. Equal lists become one list.

        An entry that is a template but names only other hosts, as a connection between two of them does, keeps the
        value that it had for the first host.
        """
        if not isinstance(raw, Mapping | list | tuple):
            return evaluate(raw)
        if self._is_constant(raw):
            return self._once(raw, evaluate)
        if isinstance(raw, Mapping) or not all(isinstance(entry, Mapping) for entry in raw):
            return evaluate(raw)
        entries = [
            self._once(entry, evaluate) if _is_of_others(entry, host) else self._own(entry, evaluate) for entry in raw
        ]
        return self._lists.setdefault((id(raw), *map(id, entries)), entries)

    def _is_constant(self, raw: object) -> bool:
        if id(raw) not in self._constant:
            self._constant[id(raw)] = (raw, _has_no_template(raw))
        return self._constant[id(raw)][1]

    def _once(self, raw: object, evaluate: Evaluate) -> Any:  # noqa: ANN401 - any YAML
        if id(raw) not in self._values:
            self._values[id(raw)] = (raw, evaluate(raw))
        return self._values[id(raw)][1]

    def _own(self, raw: object, evaluate: Evaluate) -> Any:  # noqa: ANN401 - any YAML
        """Return the value of an entry on a host that it concerns: the known one, unless it differs."""
        value = evaluate(raw)
        _raw, known = self._values.setdefault(id(raw), (raw, value))
        return known if known == value else value


def _has_no_template(raw: object) -> bool:
    if isinstance(raw, Mapping):
        return all(_has_no_template(each) for pair in raw.items() for each in pair)
    if isinstance(raw, list | tuple):
        return all(map(_has_no_template, raw))
    return not isinstance(raw, str) or _TEMPLATE not in raw


def _is_of_others(entry: Mapping[str, Any], host: str) -> bool:
    """Return whether an entry names peers, none of them by a template, and the host is not among them."""
    peers = [*named(entry), *([entry["hub"]] if isinstance(entry.get("hub"), str) else [])]
    return bool(peers) and host not in peers and not any(_TEMPLATE in peer for peer in peers)
