# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One task's host, seen from the policy core: sends it steps, makes a state of its answer. Nothing else does either."""

from __future__ import annotations

import dataclasses
import hashlib
import hmac
from collections.abc import Callable, Iterable
from typing import TypeVar

from ansible_collections.rras.ipsec.plugins.plugin_utils._host import records, session
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy import (
    host,
    steps,
)
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy import plan as planning
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.errors import RrasError

_T = TypeVar("_T")


class WorkError(RrasError):
    """What was done can't be proved."""

    reason = "not_proved"


@dataclasses.dataclass(frozen=True, slots=True)
class Reading:
    """What one execution answered: the host's present state, and how a policy was assigned."""

    host: host.HostState
    assigned_by: str
    deleted: tuple[str, ...] = ()
    """What the host reports to have deleted from the policy store."""


class Target:
    """The host of one task, which the steps of the policy core read and change."""

    def __init__(self, executions: session.Session, nonce: bytes, secret: bytes = b"") -> None:
        """Make one; secret: random for this run only, for `fingerprint`."""
        self._executions = executions
        self._secret = secret
        self.nonce = nonce

    def fingerprint(self, masked: bytes) -> str:
        """Return a text that is equal for equal keys on any hosts of one run, and reveals nothing else about them."""
        run, key = (hmac.new(self._secret, data, hashlib.sha256).hexdigest()[:16] for data in (b"", masked))
        return f"{run}-{key}"

    def read(self, *, validity: bool = False) -> host.HostState:
        """Read everything about the host in one execution."""
        return self.apply((), validity=validity).host

    def apply(self, wanted: Iterable[steps.Step], *, validity: bool = False) -> Reading:
        """Carry out steps, all of them or none, and then read everything."""
        answer = self._executions.run((*wanted, *host.reading(validity=validity)))
        unreadable = host.unreadable(answer.denied)
        if unreadable:
            raise planning.PlanError(unreadable)
        ran = {command: (program.code, program.lines) for command, program in answer.ran.items()}
        seen = host.understand(answer.tree, answer.access, answer.digests[-1], ran, answer.denied)
        return Reading(seen, answer.assigned_by, answer.deleted)


def once_more(attempt: Callable[[], _T]) -> _T:
    """Run an attempt, and run it again if somebody else changed the host meanwhile."""
    try:
        return attempt()
    except session.ExecutionError as error:
        if error.failure.fault is not records.Fault.CONFLICT:
            raise
    return attempt()
