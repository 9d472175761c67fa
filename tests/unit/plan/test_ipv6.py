# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rule of Windows Firewall for L2TP over IPv6: when it comes, when it goes, and when it counts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from ansible_collections.rras.ipsec.plugins.plugin_utils._host.session import ExecutionError
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.firewall import DELETE, NAME
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.registry import Key, Value, join
from ansible_collections.rras.ipsec.plugins.plugin_utils._work import WorkError
from ansible_collections.rras.ipsec.tests.lab import RecordRefusedError
from ansible_collections.rras.ipsec.tests.lab.windows import firewall
from ansible_collections.rras.ipsec.tests.lab.windows.installation import FIREWALL_SETTINGS
from ansible_collections.rras.ipsec.tests.support.server import BLOCKED, OTHER_KEY, Server, rule

OURS = (
    "v2.30|Action=Block|Active=TRUE|Dir=In|Protocol=17|LPort=1701|RA6=::/1|RA6=8000::/1|Name=rras.ipsec-L2TP-over-IPv6|"
)
PROTECTING: dict[str, Any] = {"rules": [rule(), BLOCKED]}
ROTATED: dict[str, Any] = {"rules": [rule(key=OTHER_KEY), BLOCKED]}
IN_CLEAR_TEXT = "L2TP over IPv6 is in clear text on this host while ProhibitIpSec is in effect, because"
REMEDY = (
    "Set block_l2tp_over_ipv6 to true, and check that Windows Firewall is on (the service MpsSvc and all profiles)."
)
STAYS = (
    "The rule rras.ipsec-L2TP-over-IPv6 of Windows Firewall stays, because the service MpsSvc is not running; "
    "start the service and run this task again."
)


def rules(server: Server) -> Sequence[str]:
    return list(firewall.rules(server.host.registry, NAME).values())


@pytest.fixture
def blocked(server: Server) -> Server:
    """A server with the policy and the rule."""
    server.policy(**PROTECTING)
    assert rules(server) == [OURS]
    return server


@pytest.fixture
def live(blocked: Server) -> Server:
    """As `blocked`, with ProhibitIpSec in effect."""
    blocked.value()
    blocked.restart()
    return blocked


def by_hand(found: str, put: str) -> Callable[[Server], None]:
    return lambda server: firewall.rewrite(server.host.registry, NAME, found, put)


def set_profile(server: Server, key: str, number: int) -> None:
    server.host.registry.write(join(FIREWALL_SETTINGS, key), "EnableFirewall", Value.dword(number))


def _delete(server: Server) -> None:
    server.host.run_program("netsh", DELETE.arguments, 30)


CHANGED: dict[str, tuple[Callable[[Server], None], str]] = {
    "switched off": (by_hand("TRUE", "FALSE"), f"the rule {NAME} of Windows Firewall is switched off."),
    "allowing": (by_hand("Block", "Allow"), f"the rule {NAME} of Windows Firewall does not block."),
    "outgoing": (by_hand("Dir=In", "Dir=Out"), f"the rule {NAME} of Windows Firewall is not for incoming packets."),
    "deleted": (_delete, f"Windows Firewall has no rule {NAME}."),
}


class TestWhatCounts:
    @pytest.mark.parametrize("case", CHANGED)
    def test_a_changed_rule_is_said_and_replaced(self, live: Server, case: str) -> None:
        change, obstacle = CHANGED[case]
        change(live)
        assert live.inform()["host"]["l2tp_over_ipv6_obstacles"] == [obstacle]
        assert live.inform()["host"]["l2tp_over_ipv6_blocked"] is False
        assert live.value()["warnings"] == [f"{IN_CLEAR_TEXT} {obstacle} {REMEDY}"]
        assert live.plan(**PROTECTING)["pending"] is True
        assert live.policy(**PROTECTING)["changed"] is True
        assert rules(live) == [OURS]
        assert live.policy(**PROTECTING)["changed"] is False
        assert "warnings" not in live.value()

    def test_a_second_rule_of_the_name_goes(self, live: Server) -> None:
        allowing = f"advfirewall firewall add rule name={NAME} dir=in action=allow protocol=UDP localport=1701"
        assert live.host.run_program("netsh", allowing, 30)[0] == 0
        assert live.inform()["host"]["l2tp_over_ipv6_blocked"] is True
        assert live.policy(**PROTECTING)["changed"] is True
        assert rules(live) == [OURS]

    @pytest.mark.parametrize(
        ("key", "profile"), [("DomainProfile", "domain"), ("StandardProfile", "private"), ("PublicProfile", "public")]
    )
    def test_a_firewall_that_is_off_blocks_nothing(self, live: Server, key: str, profile: str) -> None:
        set_profile(live, key, 0)
        obstacle = f"Windows Firewall is off in the profile {profile}."
        assert live.value()["warnings"] == [f"{IN_CLEAR_TEXT} {obstacle} {REMEDY}"]
        assert live.policy(**PROTECTING)["changed"] is False, "the rule is as it should be"
        set_profile(live, key, 1)
        assert "warnings" not in live.value()

    def test_a_firewall_that_ignores_local_rules_blocks_nothing(self, live: Server) -> None:
        merging = r"SOFTWARE\Policies\Microsoft\WindowsFirewall\PrivateProfile"
        live.add([Key(merging, {"AllowLocalPolicyMerge": Value.dword(0)})])
        obstacle = "a group policy makes Windows Firewall ignore local rules in the profile private."
        assert live.inform()["host"]["l2tp_over_ipv6_obstacles"] == [obstacle]

    def test_a_stopped_firewall_blocks_nothing(self, live: Server) -> None:
        live.host.services.stop("MpsSvc")
        obstacle = "the service MpsSvc (Windows Firewall) is not running."
        assert live.value()["warnings"] == [f"{IN_CLEAR_TEXT} {obstacle} {REMEDY}"]
        assert live.policy(**PROTECTING)["changed"] is False

    def test_other_rules_of_the_firewall_are_not_read(self, blocked: Server) -> None:
        assert blocked.read().windows_firewall.rules == (OURS,)


class TestWhenItGoes:
    def test_the_finish_takes_it_away_where_it_is_not_declared(self, blocked: Server) -> None:
        transaction = blocked.stage(**PROTECTING, block_l2tp_over_ipv6=False)
        work = blocked.work(**PROTECTING, block_l2tp_over_ipv6=False)
        assert rules(blocked) == [OURS]
        work.commit(transaction)
        assert rules(blocked) == [OURS]
        work.finish(transaction)
        assert rules(blocked) == []
        assert blocked.policy(**PROTECTING, block_l2tp_over_ipv6=False)["changed"] is False

    @pytest.mark.parametrize("committed", [False, True])
    def test_a_revert_before_the_finish_leaves_it(self, blocked: Server, *, committed: bool) -> None:
        transaction = blocked.stage(**ROTATED, block_l2tp_over_ipv6=False)
        if committed:
            blocked.work(**ROTATED, block_l2tp_over_ipv6=False).commit(transaction)
        blocked.work(**ROTATED).revert(transaction)
        assert rules(blocked) == [OURS]
        assert blocked.policy(**PROTECTING)["changed"] is False

    def test_it_is_said_that_this_leaves_clear_text(self, live: Server) -> None:
        result = live.policy(**PROTECTING, block_l2tp_over_ipv6=False)
        assert result["warnings"] == [f"{IN_CLEAR_TEXT} block_l2tp_over_ipv6 is false."]
        assert rules(live) == []

    def test_there_is_no_warning_where_rras_makes_its_filters(self, blocked: Server) -> None:
        assert "warnings" not in blocked.policy(**PROTECTING, block_l2tp_over_ipv6=False)

    def test_an_unassigned_policy_needs_none(self, blocked: Server) -> None:
        assert blocked.policy(**PROTECTING, assigned=False)["changed"] is True
        assert rules(blocked) == []
        assert blocked.policy(**PROTECTING, assigned=False)["changed"] is False

    def test_another_assigned_policy_of_ours_keeps_it(self, blocked: Server) -> None:
        blocked.policy(**PROTECTING, name="Another", assigned=False)
        assert rules(blocked) == [OURS]
        assert blocked.policy(**PROTECTING, name="Another", assigned=False)["changed"] is False
        blocked.policy(name="Another", state="absent")
        assert rules(blocked) == [OURS]

    def test_with_the_last_assigned_one_it_goes_though_another_stays(self, blocked: Server) -> None:
        blocked.policy(**PROTECTING, name="Another", assigned=False)
        blocked.policy(state="absent")
        assert (blocked.names, rules(blocked)) == (["Another"], [])

    def test_it_stays_while_the_value_keeps_rras_from_its_filters(self, server: Server) -> None:
        """The value is somebody else's, and so is a policy that covers all L2TP."""
        server.policy(name="Theirs", rules=[rule("theirs"), BLOCKED])
        server.set_prohibit_ipsec(1)
        assert rules(server) == [OURS]
        server.host.registry.remove_tree(r"SOFTWARE\rras.ipsec")
        server.policy(**PROTECTING, assigned=False)
        assert rules(server) == [OURS]

    def test_a_removal_takes_it_away_when_it_is_finished(self, blocked: Server) -> None:
        transaction = blocked.stage(state="absent")
        blocked.work(state="absent").commit(transaction)
        assert rules(blocked) == [OURS]
        blocked.work(state="absent").finish(transaction)
        assert rules(blocked) == []
        assert blocked.policy(state="absent")["changed"] is False

    def test_one_that_somebody_deleted_meanwhile_stops_no_finish(self, blocked: Server) -> None:
        transaction = blocked.stage(state="absent")
        blocked.work(state="absent").commit(transaction)
        _delete(blocked)
        assert blocked.work(state="absent").finish(transaction)["changed"] is True

    def test_a_rule_that_stays_despite_its_deletion_is_noticed(self, blocked: Server) -> None:
        transaction = blocked.stage(state="absent")
        blocked.work(state="absent").commit(transaction)
        blocked.host.services.stop("MpsSvc")
        with pytest.raises(WorkError) as error:
            blocked.work(state="absent").finish(transaction)
        assert str(error.value) == (
            f"the rule {NAME} of Windows Firewall is still there; check that the service MpsSvc is running, "
            "and run this task again."
        )
        blocked.host.services.start("MpsSvc")
        assert blocked.policy(state="absent")["changed"] is True
        assert rules(blocked) == []

    @pytest.mark.parametrize("given", [{"state": "absent"}, {"assigned": False}, {"block_l2tp_over_ipv6": False}])
    def test_without_the_service_it_stays_and_that_is_said(self, blocked: Server, given: dict[str, object]) -> None:
        blocked.host.services.stop("MpsSvc")
        declared = given if "state" in given else {**PROTECTING, **given}
        assert blocked.policy(**declared)["warnings"] == [STAYS]
        assert (blocked.policy(**declared)["changed"], rules(blocked)) == (False, [OURS])
        blocked.host.services.start("MpsSvc")
        assert (blocked.policy(**declared)["changed"], rules(blocked)) == (True, [])


class TestRevert:
    def test_the_first_transaction_takes_away_what_it_added(self, server: Server) -> None:
        transaction = server.stage(**PROTECTING)
        assert rules(server) == [OURS]
        server.work(**PROTECTING).revert(transaction)
        assert rules(server) == []

    def test_a_later_transaction_takes_away_what_it_added(self, server: Server) -> None:
        server.policy(**PROTECTING, block_l2tp_over_ipv6=False)
        transaction = server.stage(**ROTATED)
        assert rules(server) == [OURS]
        server.work(**ROTATED).revert(transaction)
        assert rules(server) == []

    def test_a_transaction_after_an_abandoned_stage_takes_away_what_either_added(self, server: Server) -> None:
        server.policy(**PROTECTING, block_l2tp_over_ipv6=False)
        server.stage(**ROTATED)
        transaction = server.stage(**ROTATED)
        server.work(**ROTATED).revert(transaction)
        assert rules(server) == []

    def test_what_was_there_before_stays(self, blocked: Server) -> None:
        transaction = blocked.stage(**ROTATED)
        blocked.work(**ROTATED).revert(transaction)
        assert rules(blocked) == [OURS]

    def test_what_a_committed_transaction_added_stays(self, server: Server) -> None:
        server.policy(**PROTECTING, block_l2tp_over_ipv6=False)
        first = server.stage(**ROTATED)
        server.work(**ROTATED).commit(first)
        second = server.stage(**PROTECTING)
        server.work(**PROTECTING).revert(second)
        assert rules(server) == [OURS]

    def test_an_undo_deletes_the_rule(self, server: Server) -> None:
        server.host.impairments.before_record = _refuse_seals
        with pytest.raises(ExecutionError) as error:
            server.policy(**PROTECTING)
        assert (error.value.failure.verb, error.value.failure.outcome) == ("Seal", "undone")
        assert rules(server) == []


def _refuse_seals(_number: int, record: str) -> None:
    if record.startswith("Seal"):
        raise RecordRefusedError
