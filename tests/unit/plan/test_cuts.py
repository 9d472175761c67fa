# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A run that is cut anywhere, by a power failure or an error, and what a repeat makes of it."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import pytest

from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.plan import PlanError
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.store import LOCAL
from ansible_collections.rras.ipsec.tests.lab import PoweredOff, RecordRefusedError
from ansible_collections.rras.ipsec.tests.support.cuts import READING, check, cut
from ansible_collections.rras.ipsec.tests.support.effort import CUTS, THOROUGH
from ansible_collections.rras.ipsec.tests.support.journeys import (
    FOREIGN,
    JOURNEYS,
    OLD,
    OWN,
    RENAMED,
    ROTATED,
    done,
    has,
    is_as_before,
    untouched,
)
from ansible_collections.rras.ipsec.tests.support.server import KEY, NAME, OTHER_KEY, Server


class CutAtMoment:
    """Cuts at the n-th moment that counts: before a script, and after each record that changed something."""

    def __init__(self, moment: int, error: type[BaseException]) -> None:
        self._left = moment
        self._error = error
        self._last = ""

    def __call__(self, number: int, record: str) -> None:
        if number == 0 or not self._last.startswith(READING):
            if self._left == 0:
                self._left = -1
                raise self._error
            self._left -= 1
        self._last = record


@dataclasses.dataclass(frozen=True)
class CutCause:
    """What cuts a run, and which hive Windows had not written to disk by then, if it matters."""

    error: type[BaseException]
    lost_hive: str = ""


TROUBLES = {
    "an error": CutCause(RecordRefusedError),
    "a power failure": CutCause(PoweredOff),
    "a power failure that loses SOFTWARE": CutCause(PoweredOff, "SOFTWARE"),
    "a power failure that loses SYSTEM": CutCause(PoweredOff, "SYSTEM"),
}


OFTEN = ("the first run", "a changed key", "the removal", "a revert", "a revert after a restart")
"""The journeys of which each moment is cut, by one trouble in turn; of the others, every fourth moment.

Thoroughly (make cuts), each moment is, by each trouble.
"""
ENDLESS = 1_000_000


def moments(name: str, trouble: str) -> range:
    """The moments at which a trouble cuts a journey."""
    turn, rounds = list(TROUBLES).index(trouble), 1 if name in OFTEN else 4
    return range(ENDLESS) if THOROUGH else range(turn * rounds, ENDLESS, len(TROUBLES) * rounds)


@pytest.mark.slow
@pytest.mark.parametrize("trouble", TROUBLES)
@pytest.mark.parametrize("name", JOURNEYS)
def test_at_any_moment_the_old_or_the_new_is_in_force_and_a_repeat_completes(
    name: str, trouble: str, record_property: Callable[[str, object], None]
) -> None:
    journey = JOURNEYS[name]
    prepared = Server()
    journey.prepare(prepared)
    tried = moments(name, trouble)
    for moment in tried:
        server = prepared.copy()
        if not cut(server, journey, CutAtMoment(moment, TROUBLES[trouble].error), TROUBLES[trouble].lost_hive):
            break
        check(server, journey)
        journey.go(server)
        check(server, journey)
        assert journey.arrived(server), moment
    assert moment > 10
    record_property(CUTS, f"{tried.index(moment)} of {moment} moments of {name}, {trouble}")


class TestConnectionThatIsLostBetweenPhases:
    """The same server is asked again, without a restart in between."""

    def test_what_ours_replaced_is_still_given_back(self, server: Server) -> None:
        untouched(server)
        transaction = server.stage(**OLD)
        server.work(**OLD).commit(transaction)
        server.policy(**OLD)
        server.policy(state="absent")
        assert server.store.active_path == FOREIGN

    def test_what_ours_replaced_is_given_back_by_a_removal_right_away(self, server: Server) -> None:
        untouched(server)
        server.work(**OLD).commit(server.stage(**OLD))
        server.policy(state="absent")
        assert server.store.active_path == FOREIGN
        assert NAME not in server.names

    def test_what_ours_replaced_is_given_back_after_a_later_change_was_reverted(self, server: Server) -> None:
        untouched(server)
        server.work(**OLD).commit(server.stage(**OLD))
        changed = server.stage(**ROTATED)
        server.work(**ROTATED).revert(changed)
        server.policy(state="absent")
        assert server.store.active_path == FOREIGN

    def test_a_first_run_that_was_only_staged_still_changes_all_its_rules(self, server: Server) -> None:
        server.stage(**OLD)
        planned = server.plan(**OLD)
        assert (planned["pending"], planned["changed_rules"]) == (True, ["all other L2TP", "tokyo-osaka"])

    def test_a_policy_of_ours_that_had_another_name_stays_without_assignment(self, server: Server) -> None:
        server.policy(**OLD)
        server.work(**RENAMED).commit(server.stage(**RENAMED))
        server.policy(**RENAMED)
        assert server.names == ["Branches", NAME]
        assert server.active is not None
        assert server.active.name == "Branches"

    def test_the_removal_of_another_policy_leaves_alone_what_was_committed(self, server: Server) -> None:
        server.work().commit(server.stage())
        server.policy(name="Another", state="absent")
        assert server.names == [NAME]
        assert server.plan()["matches"]

    def test_another_policy_that_is_not_assigned_leaves_alone_what_was_committed(self, server: Server) -> None:
        server.work().commit(server.stage())
        server.policy(name="Another", assigned=False)
        assert server.plan()["matches"]
        assert server.names == ["Another", NAME]

    def test_a_revert_of_the_first_run_leaves_nothing_but_the_backup(self, server: Server) -> None:
        services = {name: server.service(name) for name in ("PolicyAgent", "IKEEXT", "RemoteAccess")}
        server.work().revert(server.stage())
        assert list(server.own) == [OWN]
        assert list(server.tree) == [LOCAL]
        assert services == {name: server.service(name) for name in services}

    def test_a_revert_of_a_second_attempt_leaves_nothing_but_the_backup(self, server: Server) -> None:
        server.stage()
        server.work().revert(server.stage())
        assert list(server.own) == [OWN]
        assert list(server.tree) == [LOCAL]

    def test_a_revert_after_the_commit_assigns_what_was_assigned(self, server: Server) -> None:
        done(server)
        transaction = server.stage(**ROTATED)
        server.work(**ROTATED).commit(transaction)
        result = server.work(**ROTATED).revert(transaction)
        assert (result["changed"], result["assigned_by"]) == (True, "netsh")
        assert has(**OLD)(server)
        assert not server.holds(OTHER_KEY)
        assert not server.plan(**OLD)["pending"]

    def test_a_revert_of_nothing_changes_nothing(self, server: Server) -> None:
        transaction = server.stage()
        server.work().commit(transaction)
        server.work().finish(transaction)
        assert server.work().revert(transaction)["changed"] is False
        assert server.plan()["matches"]

    def test_what_a_deletion_left_is_deleted_by_the_repeat(self, server: Server) -> None:
        """A power failure within one record, when the old policy's own key is gone already."""
        server.policy(**OLD)
        old = server.active
        assert old is not None
        server.work(**ROTATED).commit(server.stage(**ROTATED))
        server.host.registry.remove(old.path)
        server.policy(**ROTATED)
        assert not server.holds(KEY)
        assert len(server.store.objects) == len(server.read().recorded_owned)

    def test_what_the_console_leaves_of_a_deleted_policy_goes_with_the_removal(self, server: Server) -> None:
        server.policy(**OLD)
        for path in [path for path in server.tree if "ipsecPolicy" in path or "ipsecNFA" in path]:
            server.host.registry.remove(path)
        server.policy(state="absent")
        assert list(server.tree) == [LOCAL]
        assert list(server.own) == [OWN]


def test_clear_text_is_refused_in_each_order_but_the_right_one(server: Server) -> None:
    done(server)
    with pytest.raises(PlanError, match="ProhibitIpSec is 1"):
        server.policy(state="absent")
    server.value(present=False)
    with pytest.raises(PlanError, match="restart the host first"):
        server.policy(state="absent")
    server.restart()
    server.policy(state="absent")
    assert is_as_before(server)
