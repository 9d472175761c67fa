# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The life of a transaction: each phase does on a host what the table says, whatever it finds there."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.rras.ipsec.plugins.plugin_utils._host.records import Fault
from ansible_collections.rras.ipsec.plugins.plugin_utils._host.session import ExecutionError
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.host import TRANSACTION, Progress
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.plan import Transaction, life
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.plan.life import Asked, Decision, Found
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.registry import Value
from ansible_collections.rras.ipsec.tests.support.server import OTHER_KEY, Server, rule

NEW: dict[str, Any] = {"rules": [rule(key=OTHER_KEY)]}
ROWS = [(asked, found) for asked in Asked for found in Found]


def leave(server: Server, found: Found) -> Transaction:
    """Bring a first policy into force, stage another one, and leave of that what is to be found."""
    server.policy()
    transaction = server.stage(**NEW)
    if found is Found.NOTHING:
        server.work(**NEW).revert(transaction)
    elif found is Found.ANOTHER:
        server.stage(**NEW)
    elif found is Found.STAGING:
        server.host.registry.write(TRANSACTION, "Phase", Value.sz(Progress.STAGING))
    elif found is Found.COMMITTED:
        server.work(**NEW).commit(transaction)
    return transaction


def done(server: Server, asked: Asked, transaction: Transaction) -> Decision:
    """Do a phase, and return what it did."""
    work = server.work(**NEW)
    before = server.tree, server.own
    try:
        if asked is Asked.STAGE:
            work.stage()
        else:
            {Asked.COMMIT: work.commit, Asked.FINISH: work.finish, Asked.REVERT: work.revert}[asked](transaction)
    except ExecutionError as error:
        fault = error.failure.fault
    else:
        return Decision.DONE if (server.tree, server.own) == before else Decision.DO
    assert fault is Fault.CONFLICT
    assert (server.tree, server.own) == before
    return Decision.CONFLICT


def test_the_table_has_each_row() -> None:
    assert [(asked, found) for asked, row in life.LIFE.items() for found in row] == ROWS


@pytest.mark.parametrize(("asked", "found"), ROWS)
def test_a_phase_does_what_the_table_says(server: Server, asked: Asked, found: Found) -> None:
    transaction = leave(server, found)
    assert life.found(server.read().unfinished, transaction.id) is found
    assert done(server, asked, transaction) is life.LIFE[asked][found]
