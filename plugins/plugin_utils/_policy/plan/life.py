# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The life of a transaction: what a phase does with what it finds on the host. One table, all transitions.

A transaction begins when it is staged, is committed, and ends when it is finished or reverted; what is unfinished
stands on the host. The one that is staged last wins: it takes the place of whatever it finds.
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
    """What is unfinished on a host, as one transaction sees it."""

    NOTHING = "nothing"
    ANOTHER = "another transaction"
    STAGING = "this one, cut while it was staged"
    STAGED = "this one, staged"
    COMMITTED = "this one, committed"


class Decision(enum.StrEnum):
    """What a phase does then."""

    DO = "does its work"
    DONE = "has nothing to do, for it was done before"
    CONFLICT = "fails, for somebody else changed the host meanwhile"


LIFE: Mapping[Asked, Mapping[Found, Decision]] = {
    # A stage never fails for what is unfinished: its plan has counted that in, and clears it away.
    Asked.STAGE: dict.fromkeys(Found, Decision.DO),
    Asked.COMMIT: {
        Found.NOTHING: Decision.CONFLICT,
        Found.ANOTHER: Decision.CONFLICT,
        Found.STAGING: Decision.CONFLICT,
        # The answer to an earlier commit may have been lost on its way; asked again, it is not done twice.
        Found.STAGED: Decision.DO,
        Found.COMMITTED: Decision.DONE,
    },
    Asked.FINISH: {
        Found.NOTHING: Decision.CONFLICT,
        Found.ANOTHER: Decision.CONFLICT,
        Found.STAGING: Decision.CONFLICT,
        # Only what is in force may cost the old generation its life.
        Found.STAGED: Decision.CONFLICT,
        Found.COMMITTED: Decision.DO,
    },
    Asked.REVERT: {
        # A revert is asked of every host of a failed network, also of those that never came to their stage.
        Found.NOTHING: Decision.DONE,
        Found.ANOTHER: Decision.DONE,
        Found.STAGING: Decision.DO,
        Found.STAGED: Decision.DO,
        Found.COMMITTED: Decision.DO,
    },
}

_PHASES = {Progress.STAGING: Found.STAGING, Progress.STAGED: Found.STAGED, Progress.COMMITTED: Found.COMMITTED}


def found(unfinished: UnfinishedTransaction | None, identity: uuid.UUID) -> Found:
    """What the unfinished transaction of a host is to the one of that identity."""
    if unfinished is None:
        return Found.NOTHING
    return _PHASES[unfinished.phase] if unfinished.id == str(identity) else Found.ANOTHER


def answer(asked: Asked, unfinished: UnfinishedTransaction | None, identity: uuid.UUID) -> Decision:
    """What a phase of the transaction of that identity does on a host with that unfinished one."""
    return LIFE[asked][found(unfinished, identity)]
