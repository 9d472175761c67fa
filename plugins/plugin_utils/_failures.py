# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Why the script on a host stopped, in words for a user who knows neither its records nor our registry keys."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from ansible_collections.rras.ipsec.plugins.plugin_utils._host.records import Failure, Fault, Outcome
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.host import TRANSACTION
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.registry import same
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.steps import VERBS

_AT_THE_DOOR: Final[Mapping[Fault, str]] = {
    Fault.NOT_ADMINISTRATOR: (
        "The user of the connection is not an administrator on this host; "
        "connect as a member of the group Administrators."
    ),
    Fault.WOW64: (
        "The connection runs a 32-bit PowerShell on a 64-bit Windows, which sees another registry; "
        "use a 64-bit session configuration."
    ),
    Fault.POWERSHELL_TOO_OLD: (
        "Windows PowerShell on this host is older than 5.1; install Windows Management Framework 5.1."
    ),
    Fault.CONSTRAINED_LANGUAGE: (
        "PowerShell on this host is in ConstrainedLanguage mode; allow the user of the connection FullLanguage mode."
    ),
    Fault.BUSY: "Another run of this collection is working on this host; repeat this run when it has ended.",
}

_STORE_CHANGED: Final = "Somebody changed the policy store of this host during this run; repeat the run."
_OTHER_RUN: Final = (
    "Another run staged or finished a policy on this host; wait until it has ended, then repeat the run."
)
_VALUE_CHANGED: Final = "Somebody changed ProhibitIpSec on this host during this run; repeat the run."


def sentence(failure: Failure) -> str:
    """Return the sentence that tells the user of a failed execution."""
    return _AT_THE_DOOR.get(failure.fault) or f"{_cause(failure)} {_left(failure)}"


def _cause(failure: Failure) -> str:
    if failure.fault is Fault.CONFLICT:
        return _conflict(failure)
    place = f" at {failure.path}" if failure.path else ""
    return f"The host stopped while it {_doing(failure.verb)}{place}: {failure.message.rstrip('.')}."


def _doing(verb: str) -> str:
    known = VERBS.get(verb)
    return known.doing if known else "worked"


def _conflict(failure: Failure) -> str:
    if failure.verb != "ExpectValue":
        return _STORE_CHANGED
    return _OTHER_RUN if same(failure.path, TRANSACTION) else _VALUE_CHANGED


def _left(failure: Failure) -> str:
    """Return a sentence about what the failure left behind. A service that was started is not stopped (KB 248750)."""
    running = f", but the services that were started are still running: {failure.left}" if failure.left else ""
    return {
        Outcome.NOTHING: "Nothing was changed.",
        Outcome.UNDONE: f"All changes were undone{running}.",
        Outcome.PARTLY: f"Not all changes could be undone: {failure.left}.",
    }[failure.outcome]
