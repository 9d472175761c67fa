# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks what is read back after a phase: whether it shows what was done, and what the user must be warned of."""

from __future__ import annotations

from collections.abc import Iterable

from ansible_collections.rras.ipsec.plugins.plugin_utils._policy import firewall, host
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy import plan as planning
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.results import PolicyResult
from ansible_collections.rras.ipsec.plugins.plugin_utils._work.target import Reading, WorkError


def still_there(deleted: Iterable[str], seen: host.HostState) -> WorkError | None:
    """Return the error about something that was deleted and is still there; None if all of it is gone."""
    left = [path for path in deleted if path in seen.store.objects]
    return _not_deleted(left[0]) if left else None


def finished(reading: Reading, transaction: planning.Transaction, deleted: Iterable[str]) -> Reading:
    """Return the reading if it shows that a transaction is finished: nothing that was to be deleted is left.

    Raises `WorkError` otherwise.
    """
    left = still_there(deleted, reading.host)
    if left or reading.host.unfinished:
        raise left or _not_deleted(host.TRANSACTION)
    if planning.Flag.UNBLOCK_IPV6 in transaction.flags and reading.host.windows_firewall.rules:
        raise WorkError(
            f"the rule {firewall.NAME} of Windows Firewall is still there; check that the service MpsSvc is running, "
            "and run this task again."
        )
    if set(transaction.closes) & {rule.tag for rule in reading.host.windows_firewall.peers}:
        raise WorkError(
            f"a rule {firewall.PEERS}* of Windows Firewall for other peers is still there; check that the service "
            "MpsSvc is running, and run this task again."
        )
    return reading


def assigned_by(reading: Reading) -> PolicyResult:
    """Return how the policy was assigned, with a warning if not by netsh."""
    warnings = by_registry(reading)
    result: PolicyResult = {"assigned_by": reading.assigned_by}
    if warnings:
        result["warnings"] = list(warnings)
    return result


def by_registry(reading: Reading) -> tuple[str, ...]:
    """Return a warning if netsh did not assign the policy, so that the registry and PolicyAgent's reload had to."""
    if reading.assigned_by != "registry":
        return ()
    return (
        "netsh did not assign the policy, so it was assigned in the registry and PolicyAgent was told to reload it.",
    )


def about_validity(before: host.HostState, after: host.HostState) -> tuple[str, ...]:
    """Return a warning if netsh finds fault with the policy store.

    A store without policies does not count as a fault.
    """
    if before.policies_valid is None or after.policies_valid is not False:
        return ()
    already = "was already there" if not before.policies_valid else "was not there"
    return (f"netsh reports an error in the policy store that {already} before this change.",)


def _not_deleted(what: str) -> WorkError:
    return WorkError(
        f"the host reported that it deleted {what}, but it is still there; find out what holds or restores it."
    )
