# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is said of a transaction that failed: nothing of its records or of our own keys, but what they mean."""

from __future__ import annotations

import pytest

from ansible_collections.rras.ipsec.plugins.plugin_utils import _failures
from ansible_collections.rras.ipsec.plugins.plugin_utils._host.records import Failure, Fault, Outcome
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.host import RASMAN, TRANSACTION
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.store import LOCAL

STORE = "Somebody changed the policy store of this host during this run; repeat the run. Nothing was changed."
RUN = (
    "Another run staged or finished a policy on this host; "
    "wait until it has ended, then repeat the run. Nothing was changed."
)
VALUE = "Somebody changed ProhibitIpSec on this host during this run; repeat the run. Nothing was changed."


def failure(verb: str, path: str = "", fault: Fault = Fault.CONFLICT, outcome: Outcome = Outcome.NOTHING) -> Failure:
    return Failure(fault, verb, path, "the value Id changed meanwhile.", outcome, "")


@pytest.mark.parametrize(
    ("verb", "path", "sentence"),
    [
        ("ExpectUnchanged", LOCAL, STORE),
        ("ExpectSealed", TRANSACTION, STORE),
        ("ExpectValue", TRANSACTION, RUN),
        ("ExpectValue", TRANSACTION.upper(), RUN),
        ("ExpectValue", RASMAN, VALUE),
    ],
)
def test_what_changed_meanwhile_is_named(verb: str, path: str, sentence: str) -> None:
    assert _failures.sentence(failure(verb, path)) == sentence


def test_every_other_failure_says_what_the_host_was_doing() -> None:
    failed = failure("SetValue", LOCAL, Fault.FAILED, Outcome.UNDONE)
    assert _failures.sentence(failed) == (
        rf"The host stopped while it wrote a value at {LOCAL}: the value Id changed meanwhile. All changes were undone."
    )
    assert _failures.sentence(failure("whatever", fault=Fault.REFUSED)) == (
        "The host stopped while it worked: the value Id changed meanwhile. Nothing was changed."
    )
