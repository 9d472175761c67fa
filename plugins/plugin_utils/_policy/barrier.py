# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The decisions between the phases, over all the hosts of a run.

Hosts act together when they are connected by connections that the plan changes on at least one end: each such component
goes on only when all its managed hosts did the phase before; otherwise it goes back, and no other component notices.
"""

from __future__ import annotations

import dataclasses
import enum
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ansible_collections.rras.ipsec.plugins.plugin_utils._policy import network as networks
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.network import Network

Result = Mapping[str, Any]


class Phase(enum.StrEnum):
    """The phases that end in a barrier."""

    PLAN = "plan"
    STAGE = "stage"
    COMMIT = "commit"
    VALUE = "value"
    """Not a phase of the policy: before ProhibitIpSec is set, each end of each connection must have its policy."""
    PROOF = "proof"
    """The last reading. What was replaced is deleted only when all ends were read after the change."""
    REMOVAL = "removal"
    """Before anything is taken away, each host of the network must have been read."""
    WITHOUT_VALUE = "without_value"
    """Before a policy is removed, Windows must run without ProhibitIpSec on each host of the network."""


_DONE = {Phase.PLAN: "read", Phase.STAGE: "staged", Phase.COMMIT: "committed"}
_ASKED = {Phase.VALUE: Phase.COMMIT, Phase.REMOVAL: Phase.PLAN}
"""Which phase must have been done, where it is not the one of that name."""

_RUNNING_AHEAD = ("free", "host_pinned")
"""The strategies, in whatever collection, in which a host does not wait for the others after each task."""


@dataclasses.dataclass(frozen=True, slots=True)
class Run:
    """The hosts of a run and what each phase answered for each of them; a phase that a host has not done is missing."""

    network: Network
    results: Mapping[str, Mapping[Phase, Result]]

    def answered(self, host: str, phase: Phase) -> Result | None:
        """The result of a phase on a host; None where there is none, or only that the task was skipped."""
        result = self.results.get(host, {}).get(phase)
        return None if result is None or result.get("skipped") else result

    def uncertain(self, host: str) -> bool:
        """Whether the answer to the commit got lost, and the host did not answer when it was asked again."""
        return bool((self.answered(host, Phase.COMMIT) or {}).get("uncertain"))

    def strategy(self, host: str) -> str:
        """The strategy of the play, as far as it is known."""
        return str((self.answered(host, Phase.PLAN) or {}).get("strategy", ""))

    def pending(self, host: str) -> bool:
        """Whether the plan found something to do on a host."""
        planned = self.answered(host, Phase.PLAN)
        return bool(planned and planned.get("pending"))


def problem(run: Run, host: str, phase: Phase, *, one_end: bool) -> str:
    """Why a host must not go beyond a phase: one sentence, or nothing.

    one_end: the user knows that the other end is missing, and that a changed tunnel breaks until it follows.
    """
    last = _ASKED.get(phase, phase)
    failure = _failure(run, host, last)
    if failure:
        return failure
    others = () if one_end else sorted(_needed(run, host, phase))
    if others and last is Phase.PLAN and run.strategy(host).endswith(_RUNNING_AHEAD):
        return _not_waited_for(run, host, others[0])
    return next((_missing(run, host, other, last) for other in others if _is_missing(run, other, last)), "")


def uncertain(run: Run, host: str) -> bool:
    """Whether nobody knows what a host, or one that it changes with, has now: then nobody may go back."""
    return any(run.uncertain(member) for member in networks.component(host, _changed_edges(run)))


def after_lost_answer(commit: Result, again: Result) -> Result:
    """What is known of a commit whose answer got lost, after the host was asked again for what it has."""
    if "matches" not in again:
        return {**commit, "uncertain": True}
    return {} if again["matches"] else {"failed": True, "msg": "the commit did not take effect."}


def without_value(value: Result, restart: Result) -> Result:
    """What those two tasks tell of a host that is to run without the value; nothing while it runs with it."""
    return restart if value.get("reboot_required") else value


def needs_restart(plan: Result, value: Result) -> bool:
    """Whether Windows runs without the ProhibitIpSec that is set, by what the tasks for value and plan say."""
    if "reboot_required" in value:
        return bool(value["reboot_required"])
    seen = plan.get("host", {}).get("prohibit_ipsec", {})
    return bool(seen.get("value") == 1 and seen.get("in_effect") == "no")


def restart_batches(hosts: Sequence[str], network: Network, size: int) -> list[list[str]]:
    """The order of the restarts, in batches: the far ends of the connections first.

    Management may run through a tunnel, from the source of a connection to its destination.
    """
    far = {connection.peers[1] for host in hosts for connection in networks.connections_of(network, host)}
    ordered = sorted(hosts, key=lambda host: host not in far)
    return [list(ordered[start : start + size]) for start in range(0, len(ordered), size)]


def _needed(run: Run, host: str, phase: Phase) -> Iterator[str]:
    """The managed hosts without which a host must not go on."""
    if phase is Phase.VALUE:
        peers = (connection.other(host) for connection in networks.connections_of(run.network, host))
        yield from (peer for peer in peers if run.network[peer].managed)
    elif phase is Phase.PLAN or run.pending(host):
        whole = phase in (Phase.REMOVAL, Phase.WITHOUT_VALUE)
        together = networks.connected(run.network, host) if whole else networks.component(host, _changed_edges(run))
        yield from together - {host}


def _changed_edges(run: Run) -> Iterator[tuple[str, str]]:
    """The connections that the plan of either end changes, as pairs of managed hosts."""
    for host in run.results:
        planned = run.answered(host, Phase.PLAN) or {}
        changed = set(planned.get("changed_rules") or ())
        for connection in networks.connections_of(run.network, host):
            other = connection.other(host)
            if connection.name in changed and run.network[other].managed:
                yield host, other


def _is_missing(run: Run, host: str, phase: Phase) -> bool:
    if phase is not Phase.PLAN and run.answered(host, Phase.PLAN) and not run.pending(host):
        return False  # nothing to change there: it is ready
    staged = run.answered(host, Phase.STAGE) or {}
    if phase is Phase.COMMIT and staged.get("transaction") == "" and not staged.get("failed"):
        return False  # somebody else brought it about between the plan and the stage
    return run.answered(host, phase) is None or bool(_failure(run, host, phase))


def _failure(run: Run, host: str, phase: Phase) -> str:
    result = run.answered(host, phase) or {}
    if result.get("uncertain"):
        return (
            f"{host} did not answer to the commit, and whether it has the new policy is unknown "
            f"({_message(result).rstrip('.')}); nothing was taken back, repeat the run when it answers."
        )
    if result.get("unreachable"):
        return f"{host} is unreachable: {_message(result)}"
    return f"{host} failed: {_message(result)}" if result.get("failed") else ""


def _missing(run: Run, host: str, other: str, phase: Phase) -> str:
    reason = _failure(run, other, phase)
    if phase is Phase.WITHOUT_VALUE:
        reason = reason or f"{other} still runs with ProhibitIpSec; see what happened to {other}, then repeat the run."
        return f"{host} keeps its policy, because its peer {reason}"
    if phase is Phase.PROOF:
        reason = reason or f"{other} was not proved; see what happened to {other}, then repeat the run."
        return f"{host} keeps the policy that was replaced beside the new one, because its peer {reason}"
    if reason:
        has = f" {host} has the new policy in force." if run.uncertain(other) else ""
        return f"{host} does not go on, because its peer {reason}{has}"
    return (
        f"{host} does not go on, because its peer {other} was not {_DONE[phase]} in this run "
        "and a changed connection needs both ends; "
        "run both at once (look at --limit, serial and strategy), or set l2tp_one_end to true if the tunnel may break "
        "until the other end follows."
    )


def _not_waited_for(run: Run, host: str, other: str) -> str:
    return (
        f"{host} does not go on, because with the strategy {run.strategy(host)} it would not wait for its peer {other} "
        "and a changed connection needs both ends; use the strategy linear."
    )


def _message(result: Result) -> str:
    """What a task said; ansible-core 2.19 and later put words of their own before it."""
    return str(result.get("msg") or "no message").strip().removeprefix("Task failed: ")
