# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The hosts of a run, and what each phase answered for each: the basis for the decisions between the phases."""

from __future__ import annotations

import dataclasses
import enum
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, TypeVar

from ansible_collections.rras.ipsec.plugins.plugin_utils._policy import describe, mistakes
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy import network as networks
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.network import Network
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.results import HostFacts, PolicyResult, TaskResult

T = TypeVar("T")


class Gate(enum.StrEnum):
    """The phases that end in a barrier."""

    PLAN = "plan"
    STAGE = "stage"
    COMMIT = "commit"
    NEAR = "near"
    """Not a phase of the policy: before near ends commit, none of their far ends may have failed to."""
    PROHIBIT_IPSEC = "prohibit_ipsec"
    """Not a phase of the policy: before ProhibitIpSec is set, both ends of each connection must have their policy."""
    PROOF = "proof"
    """The last reading. What was replaced is deleted only when all ends were read after the change."""
    REMOVAL = "removal"
    """Before anything is removed, each host of the network must have been read."""
    WITHOUT_PROHIBIT_IPSEC = "without_prohibit_ipsec"
    """Before a policy is removed, Windows must run without ProhibitIpSec on each host of the network."""


@dataclasses.dataclass(frozen=True, slots=True)
class Fleet:
    """The hosts of a run, and what each phase answered for each; a phase that a host has not done is missing."""

    network: Network
    results: Mapping[str, Mapping[Gate, PolicyResult]]
    without_value: Mapping[str, TaskResult] = dataclasses.field(default_factory=dict)
    """What tells whether a host runs without ProhibitIpSec; missing while it runs with it."""
    machines: Mapping[str, str] = dataclasses.field(default_factory=dict)
    """The machine that answered under each name of the play, if known, whether or not it is connected with the
    others."""
    _found: dict[str, Any] = dataclasses.field(default_factory=dict, init=False, repr=False, compare=False)
    """Answers found so far, for all hosts that change together."""

    def together(self, host: str) -> frozenset[str]:
        """Return the hosts that change together with a host, itself included: changed connections join them."""
        return self._component("changing", host, lambda: networks.beside(_changed_edges(self)))

    def connected(self, host: str) -> frozenset[str]:
        """Return the managed hosts that any declared connections join with a host, itself included."""
        return self._component("connected", host, lambda: networks.beside_managed(self.network))

    def once(self, question: str, members: frozenset[str], answer: Callable[[], T]) -> T:
        """Return the answer to a question about some hosts, worked out only once."""
        known: dict[frozenset[str], T] = self._found.setdefault(question, {})
        if members not in known:
            known[members] = answer()
        return known[members]

    def twins(self) -> tuple[mistakes.Twins, ...]:
        """Return the pairs of names that belong to one machine, among all machines that are known."""
        if "twins" not in self._found:
            answered = {host: facts.get("machine", "") for host in self.results if (facts := self.facts(host))}
            self._found["twins"] = tuple(mistakes.twins({**self.machines, **answered}))
        found: tuple[mistakes.Twins, ...] = self._found["twins"]
        return found

    def answered(self, host: str, gate: Gate) -> PolicyResult | None:
        """Return the result of a phase of the policy on a host; None if there is none, or the task was skipped."""
        result = self.results.get(host, {}).get(gate)
        return None if result is None or result.get("skipped") else result

    def outcome(self, host: str, gate: Gate) -> TaskResult | None:
        """Return how any phase ended on a host; None as for `answered`."""
        if gate is not Gate.WITHOUT_PROHIBIT_IPSEC:
            return self.answered(host, gate)
        result = self.without_value.get(host)
        return None if result is None or result.get("skipped") else result

    def uncertain(self, host: str) -> bool:
        """Return whether the answer to the commit was lost, and the host did not answer when it was read again."""
        return bool((self.answered(host, Gate.COMMIT) or {}).get("uncertain"))

    def strategy(self, host: str) -> str:
        """Return the strategy of the play; empty if it is not known."""
        return str((self.answered(host, Gate.PLAN) or {}).get("strategy", ""))

    def pending(self, host: str) -> bool:
        """Return whether the plan found something to do on a host."""
        planned = self.answered(host, Gate.PLAN)
        return bool(planned and planned.get("pending"))

    def facts(self, host: str) -> HostFacts | None:
        """Return what the plan read of a host; None if it read nothing."""
        return (self.answered(host, Gate.PLAN) or {}).get("host")

    def _component(self, kind: str, host: str, edges: Callable[[], Mapping[str, Iterable[str]]]) -> frozenset[str]:
        known: dict[str, frozenset[str]] = self._found.setdefault(kind, {})
        if host not in known:
            if not known:
                self._found[f"edges {kind}"] = edges()
            members = networks.component(host, self._found[f"edges {kind}"])
            known.update(dict.fromkeys(members, members))
        return known[host]


def is_changed(connection: networks.Connection, plan: PolicyResult) -> bool:
    """Return whether the plan of one of its ends changes a connection."""
    return describe.escaped(connection.name) in (plan.get("changed_rules") or ())


def _changed_edges(run: Fleet) -> Iterator[tuple[str, str]]:
    """Yield the connections that the plan of either end changes, as pairs of managed hosts."""
    for host in run.results:
        planned = run.answered(host, Gate.PLAN) or {}
        for connection in networks.connections_of(run.network, host):
            other = connection.other(host)
            if is_changed(connection, planned) and run.network[other].managed:
                yield host, other
