# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The life of a transaction: what a phase does with what it finds on the host. One table has all transitions.

A transaction begins when it is staged, is committed, and ends when it is finished or reverted; an unfinished one is
recorded on the host. The last one staged wins: it takes the place of whatever it finds. Whether a phase is refused is
decided elsewhere (refusals.py), because it depends on what protects the host, not on what is unfinished there.
"""

from __future__ import annotations

import enum
import uuid
from collections.abc import Mapping

from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.host.state import Progress, UnfinishedTransaction


class Asked(enum.StrEnum):
    """The phases that change a host."""

    STAGE = "stage"
    COMMIT = "commit"
    FINISH = "finish"
    REVERT = "revert"


class Found(enum.StrEnum):
    """What is unfinished on a host, from the point of view of one transaction."""

    NOTHING = "nothing"
    ANOTHER = "another transaction"
    STAGING = "this one, cut while it was staged"
    STAGED = "this one, staged"
    COMMITTED = "this one, committed"


class Decision(enum.StrEnum):
    """What a phase then does."""

    DO = "does its work"
    DONE = "has nothing to do, for it was done before"
    CONFLICT = "fails, for somebody else changed the host meanwhile"


LIFE: Mapping[Asked, Mapping[Found, Decision]] = {
    # A stage never fails because of an unfinished transaction: its plan takes that into account, and clears it away.
    Asked.STAGE: dict.fromkeys(Found, Decision.DO),
    Asked.COMMIT: {
        Found.NOTHING: Decision.CONFLICT,
        Found.ANOTHER: Decision.CONFLICT,
        Found.STAGING: Decision.CONFLICT,
        # The answer to an earlier commit may have been lost; when asked again, the commit is not done twice.
        Found.STAGED: Decision.DO,
        Found.COMMITTED: Decision.DONE,
    },
    Asked.FINISH: {
        Found.NOTHING: Decision.CONFLICT,
        Found.ANOTHER: Decision.CONFLICT,
        Found.STAGING: Decision.CONFLICT,
        # The old generation may be deleted only after what replaces it is in force.
        Found.STAGED: Decision.CONFLICT,
        Found.COMMITTED: Decision.DO,
    },
    Asked.REVERT: {
        # Every host of a failed network is asked to revert, even those that never reached their stage.
        Found.NOTHING: Decision.DONE,
        Found.ANOTHER: Decision.DONE,
        Found.STAGING: Decision.DO,
        Found.STAGED: Decision.DO,
        Found.COMMITTED: Decision.DO,
    },
}

_PROGRESS = {Progress.STAGING: Found.STAGING, Progress.STAGED: Found.STAGED, Progress.COMMITTED: Found.COMMITTED}


def found(unfinished: UnfinishedTransaction | None, identity: uuid.UUID) -> Found:
    """Return what a host's unfinished transaction is to the transaction with this identity."""
    if unfinished is None:
        return Found.NOTHING
    return _PROGRESS[unfinished.progress] if unfinished.id == str(identity) else Found.ANOTHER


def answer(asked: Asked, unfinished: UnfinishedTransaction | None, identity: uuid.UUID) -> Decision:
    """Return what a phase of the transaction with this identity does on a host with that unfinished one."""
    return LIFE[asked][found(unfinished, identity)]
