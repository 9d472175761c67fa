# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The decisions between the phases, over all hosts of a run.

Hosts act together if they are joined by connections that the plan changes on at least one end. Such a component goes on
only if all its managed hosts did the phase before; otherwise it goes back. Other components are not affected.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from ansible_collections.rras.ipsec.plugins.plugin_utils._policy import mistakes
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy import network as networks
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.clear_text import InEffect
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.errors import NO_ANSWER
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.fleet import Fleet, Gate, is_changed
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.network import Network
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.results import (
    PolicyResult,
    ProhibitIpSecFacts,
    ProhibitIpSecResult,
    RestartResult,
    TaskResult,
)

_DONE = {Gate.PLAN: "read", Gate.STAGE: "staged", Gate.COMMIT: "committed", Gate.PROOF: "proved"}
_ASKED = {Gate.PROHIBIT_IPSEC: Gate.COMMIT, Gate.REMOVAL: Gate.PLAN}
"""The phase that must have been done, if it is not the one of the same name."""
_BEFORE = {
    Gate.STAGE: Gate.PLAN,
    Gate.COMMIT: Gate.STAGE,
    Gate.PROOF: Gate.COMMIT,
    Gate.WITHOUT_PROHIBIT_IPSEC: Gate.PLAN,
}
"""The phase that must come before: without it, a phase counts as not done, whatever its result says."""

RUNNING_AHEAD = ("free", "host_pinned")
"""The strategies, in any collection, under which a host does not wait for the others after each task."""


def problem(run: Fleet, host: str, gate: Gate, *, one_end: bool) -> str:
    """Return why a host must not go on after a phase, as one sentence; empty if it may.

    one_end: the user accepts that the other end is missing, and that a changed tunnel breaks until it follows.
    """
    if gate is Gate.NEAR:
        return "" if one_end else _peer_did_not_commit(run, host)
    last = _ASKED.get(gate, gate)
    undone = _undone(run, host, last)
    if undone:
        told = "" if one_end or last is not Gate.COMMIT else _peer_did_not_commit(run, host)
        return _failure(run, host, undone) or told or _not_begun(host, undone)
    wrong = mistaken(run, host) if gate is Gate.PLAN else ""
    if wrong:
        return f"{host} stopped: {wrong}"
    needed = frozenset({host}) if one_end else _needed(run, host, gate)
    if needed == {host}:
        return ""
    if last is Gate.PLAN and run.strategy(host).endswith(RUNNING_AHEAD):
        return _not_waited_for(run, host, min(needed - {host}))
    refused = _peer_did_not_commit(run, host) if last is Gate.COMMIT else ""
    late = run.once(f"late {last}", needed, lambda: [each for each in sorted(needed) if _undone(run, each, last)])
    return refused or next((_missing(run, host, other, last) for other in late if other != host), "")


def changes(run: Fleet, host: str) -> bool:
    """Return whether a host's plan has anything to do, or the plan of either end changes one of its connections."""
    mine = networks.connections_of(run.network, host)
    planned = ((connection, run.answered(peer, Gate.PLAN) or {}) for connection in mine for peer in connection.peers)
    return run.pending(host) or any(is_changed(connection, plan) for connection, plan in planned)


def uncertain(run: Fleet, host: str) -> bool:
    """Return whether the state of a host, or of one that changes with it, is unknown; then nobody may go back."""
    return any(run.uncertain(member) for member in run.together(host))


def after_lost_answer(commit: PolicyResult, again: PolicyResult) -> PolicyResult:
    """Return what is known of a commit whose answer was lost, after the host was read again.

    A host that was not even reached did not commit.
    """
    if "matches" not in again:
        return {**commit, "failed": True} if commit.get("sent") is False else {**commit, "uncertain": True}
    return {} if again["matches"] else {"failed": True, "msg": "the commit did not take effect."}


def without_value(value: ProhibitIpSecResult, restart: RestartResult) -> TaskResult:
    """Return the result that tells whether a host runs without the value; empty while it still runs with it."""
    if not value.get("reboot_required"):
        return value
    tells = restart.get("rebooted") or restart.get("failed") or restart.get("unreachable")
    return restart if tells else {}


def needs_restart(plan: PolicyResult, value: ProhibitIpSecResult) -> bool:
    """Return whether Windows must restart, by what the task for the value says, or else by what the plan read."""
    if value.get("failed") or value.get("unreachable"):
        return False
    if "reboot_required" in value:
        return bool(value["reboot_required"])
    return "host" in plan and is_restart_pending(plan["host"]["prohibit_ipsec"])


def is_restart_pending(seen: ProhibitIpSecFacts) -> bool:
    """Return whether ProhibitIpSec is 1 but takes effect only at the next boot."""
    return seen["value"] == 1 and seen["in_effect"] == InEffect.NO


def is_removal_pending(seen: ProhibitIpSecFacts) -> bool:
    """Return whether ProhibitIpSec is gone, but Windows still runs with it until the next boot."""
    return seen["value"] != 1 and seen["in_effect"] == InEffect.NO


def is_far_end(network: Network, host: str) -> bool:
    """Return whether a host is a far end, the destination of one of its connections; far ends come first.

    The reason: management traffic may run through a tunnel, from the source of its connection to the destination.
    """
    return any(connection.peers[1] == host for connection in networks.connections_of(network, host))


def restart_batches(hosts: Sequence[str], network: Network, size: int) -> list[list[str]]:
    """Return the batches in which hosts restart, far ends first (see `is_far_end`)."""
    ordered = sorted(hosts, key=lambda host: not is_far_end(network, host))
    return [list(ordered[start : start + size]) for start in range(0, len(ordered), size)]


def mistaken(run: Fleet, host: str) -> str:
    """Return which of the hosts that a host is connected with are not the servers that the inventory takes them for."""
    members = run.connected(host)
    return run.once("mistaken", members, lambda: _mistaken(run, members))


def failure(host: str, result: TaskResult) -> str:
    """Return that a host could not be reached, or failed, and the cause; empty if neither is true."""
    if not (result.get("unreachable") or result.get("failed")):
        return ""
    said = _message(result)
    if said.startswith(f"{host} "):
        return said
    return f"{host} {'is unreachable' if result.get('unreachable') else 'failed'}: {said}"


def _peer_did_not_commit(run: Fleet, host: str) -> str:
    """Return why committing is pointless: a host that changes together with this one failed to commit, beyond doubt."""
    others = sorted(run.together(host) - {host})
    failed = [other for other in others if _refused(run.answered(other, Gate.COMMIT) or {})]
    return _failed(run, host, failed[0], Gate.COMMIT, _failure(run, failed[0], Gate.COMMIT)) if failed else ""


def _refused(commit: PolicyResult) -> bool:
    gone = commit.get("unreachable") and commit.get("sent") is not False
    lost = gone or commit.get("uncertain") or commit.get("reason") == NO_ANSWER
    return bool(commit.get("failed")) and not lost


def _needed(run: Fleet, host: str, gate: Gate) -> frozenset[str]:
    """Return the managed hosts that must be ready before this one may go on, itself included."""
    if gate is Gate.PROHIBIT_IPSEC:
        peers = (connection.other(host) for connection in networks.connections_of(run.network, host))
        return frozenset({host, *(peer for peer in peers if run.network[peer].managed)})
    if gate is Gate.PLAN or run.pending(host):
        return run.connected(host) if gate in (Gate.REMOVAL, Gate.WITHOUT_PROHIBIT_IPSEC) else run.together(host)
    return frozenset({host})


def _undone(run: Fleet, host: str, gate: Gate) -> Gate | None:
    """Return the first phase, up to this one, that a host has not done in this run; None if it has done all."""
    before = _BEFORE.get(gate)
    earlier = _undone(run, host, before) if before else None
    return earlier or (None if _is_done(run, host, gate) else gate)


def _is_done(run: Fleet, host: str, gate: Gate) -> bool:
    """Return whether a host that did all earlier phases has done this one."""
    result = run.outcome(host, gate)
    if gate is Gate.PLAN:
        return result is not None and not _failure(run, host, gate) and "pending" in result
    if not run.pending(host):
        return True  # nothing to change there, so it is ready
    if gate is Gate.COMMIT and (run.answered(host, Gate.STAGE) or {}).get("transaction") == "":
        return True  # somebody else made the change between the plan and the stage
    return result is not None and not _failure(run, host, gate)


def _mistaken(run: Fleet, members: frozenset[str]) -> str:
    read = {member: facts for member in sorted(members) if (facts := run.facts(member))}
    return next(itertools.chain(mistakes.of_names(members, run.twins()), mistakes.of_addresses(run.network, read)), "")


def _failure(run: Fleet, host: str, gate: Gate) -> str:
    result = run.outcome(host, gate) or {}
    if gate is Gate.COMMIT and run.uncertain(host):
        return (
            f"{host} did not answer the commit, so whether it has the new policy is unknown "
            f"({_message(result).rstrip('.')}); nothing was reverted; repeat the run when it answers."
        )
    return failure(host, result)


def _not_begun(host: str, gate: Gate) -> str:
    if gate is Gate.WITHOUT_PROHIBIT_IPSEC:
        return f"{host} keeps its policy, because it still runs with ProhibitIpSec; restart it, then repeat the run."
    return (
        f"{host} stopped: it was not {_DONE[gate]} in this run; "
        "start with the first task of the role (check --start-at-task and --step)."
    )


def _missing(run: Fleet, host: str, other: str, gate: Gate) -> str:
    undone = _undone(run, other, gate) or gate
    reason = _failure(run, other, undone)
    if gate is Gate.WITHOUT_PROHIBIT_IPSEC:
        reason = (
            reason or f"{other} still runs with ProhibitIpSec; check what happened to {other}, then repeat the run."
        )
        return f"{host} keeps its policy, because its peer {reason}"
    if gate is Gate.PROOF:
        reason = reason or f"{other} was not proved; check what happened to {other}, then repeat the run."
        return f"{host} keeps the replaced policy beside the new one, because its peer {reason}"
    if run.uncertain(other):
        return f"{host} stopped: its peer {reason} {host} has the new policy in force."
    if (run.outcome(other, undone) or {}).get("unreachable"):
        return _down(run, host, other, gate, reason)
    if reason:
        return _failed(run, host, other, gate, reason)
    return (
        f"{host} stopped: its peer {other} was not {_DONE[gate]} in this run, and a changed connection must change "
        "on both ends together; run both together (check --limit, serial and strategy), or set l2tp_one_end to true "
        "if the tunnel may break until the other end follows."
    )


def _failed(run: Fleet, host: str, other: str, gate: Gate, reason: str) -> str:
    """Return that a peer failed. Only one of the hosts that wait for it gives the reason."""
    spokesman = _spokesman(run, host, other, gate)
    if host != spokesman:
        return f"{host} stopped too: {_peer(run, host, other)} failed (see the message of {spokesman})."
    return f"{_stopped(run, host, other, gate)}: {_peer(run, host, other)} {reason.removeprefix(f'{other} ')}"


def _down(run: Fleet, host: str, other: str, gate: Gate, reason: str) -> str:
    """Return that a peer is away. Only one of the hosts that wait for it gives the reason."""
    spokesman = _spokesman(run, host, other, gate)
    if host != spokesman:
        said = f"{_peer(run, host, other)} is unreachable (see the message of {spokesman})"
        return f"{host} stopped too: {said}."
    cause = reason.removeprefix(f"{other} ").rstrip(".")
    return (
        f"{_stopped(run, host, other, gate)}: {_peer(run, host, other)} {cause}; run both ends together when {other} "
        "answers, or set l2tp_one_end to true if the tunnel may break until the other end follows."
    )


def _stopped(run: Fleet, host: str, other: str, gate: Gate) -> str:
    """Return that a host stops, and which others stop with it."""
    members = sorted(run.together(host) - {host, other})
    others = [each for each in members if (gate is Gate.PLAN or run.pending(each)) and not _failed_itself(run, each)]
    return f"{host} stopped, and with it {' and '.join(others)}" if others else f"{host} stopped"


def _failed_itself(run: Fleet, host: str) -> bool:
    return any(_failure(run, host, gate) for gate in (*run.results.get(host, {}), Gate.WITHOUT_PROHIBIT_IPSEC))


def _spokesman(run: Fleet, host: str, other: str, gate: Gate) -> str:
    """Return which of the hosts that wait for another one gives the reason: if possible, a direct peer of it."""
    waiting = _waiting(run, host, other, gate)
    return next(iter(sorted(waiting, key=lambda member: other not in _peers(run, member))), host)


def _waiting(run: Fleet, host: str, other: str, gate: Gate) -> list[str]:
    """Return the hosts that wait for another one, having themselves done all that comes before."""
    return [
        member
        for member in sorted(run.together(host) - {other})
        if not _undone(run, member, gate) and (gate is Gate.PLAN or run.pending(member))
    ]


def _peer(run: Fleet, host: str, other: str) -> str:
    """Return the words for a host that another one waits for, over any number of connections."""
    if other in _peers(run, host):
        return f"its peer {other}"
    between = sorted(_peers(run, other) & run.together(host))
    return f"{other}, the peer of {between[0]}," if between else other


def _peers(run: Fleet, host: str) -> set[str]:
    return {connection.other(host) for connection in networks.connections_of(run.network, host)}


def _not_waited_for(run: Fleet, host: str, other: str) -> str:
    return (
        f"{host} stopped: with the strategy {run.strategy(host)} it would not wait for its peer {other}, and a changed "
        "connection must change on both ends together; use the strategy linear."
    )


def _message(result: TaskResult) -> str:
    """Return a task's message, without the words that ansible-core 2.19 and later put before it."""
    return str(result.get("msg") or "no message").strip().removeprefix("Task failed: ")
