# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""ProhibitIpSec: when it may be set, when it is in effect, and what was there before."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.host import BACKUP, RASMAN, RESTART_PENDING, VALUE_NOTE
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.plan import PlanError
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.registry import Key, Value, join
from ansible_collections.rras.ipsec.plugins.plugin_utils._work import WorkError
from ansible_collections.rras.ipsec.tests.lab.windows.registry import differences
from ansible_collections.rras.ipsec.tests.support.server import ADDRESS, BLOCKED, PEER, Server, TaskOptions, rule

NOTHING_PROTECTS = (
    "the policy 'L2TP' has no active rule that negotiates security for UDP port 1701 between two addresses."
)
UDP = {"source_address": ADDRESS, "destination_address": PEER, "protocol": "udp"}
REST = " Put the policy 'L2TP' into force first (win_ipsec_psk_policy), or set require_effective_policy to false."


@pytest.fixture
def protected(server: Server) -> Server:
    server.policy(rules=[rule(), BLOCKED])
    return server


def test_it_is_set_and_in_effect_after_the_restart(protected: Server) -> None:
    result = protected.value()
    assert (result["changed"], result["value"], result["before"]) == (True, 1, None)
    assert (result["in_effect"], result["reboot_required"]) == ("no", True)
    assert result["diff"] == {
        "before": (
            "ProhibitIpSec: absent\n  Windows booted with it: unknown\n  set by this collection: no\n  before this "
            "collection changed it: not recorded\n"
        ),
        "after": (
            "ProhibitIpSec: 1\n  Windows booted with it: no\n  set by this collection: yes\n  before this collection "
            "changed it: absent\n"
        ),
    }
    again = protected.value()
    assert (again["changed"], again["reboot_required"]) == (False, True)
    protected.restart()
    done = protected.value()
    assert (done["changed"], done["in_effect"], done["reboot_required"]) == (False, "yes", False)


@pytest.mark.parametrize("before", [None, 0, 2])
def test_what_was_there_before_us_comes_back(protected: Server, before: int | None) -> None:
    if before is not None:
        protected.set_prohibit_ipsec(before)
    protected.value()
    protected.restart()
    protected.set_prohibit_ipsec(0)
    protected.value()
    result = protected.value(present=False)
    assert (result["value"], protected.prohibit_ipsec, result["reboot_required"]) == (before, before, True)
    assert protected.value(present=False)["changed"] is False
    protected.restart()
    assert protected.value(present=False)["reboot_required"] is False


class TestTakenBackBeforeItTookEffect:
    """Windows never ran with the value, so nothing has to restart."""

    @pytest.mark.parametrize("before", [None, 0, 2])
    def test_no_restart_is_needed_and_the_policy_may_go(self, protected: Server, before: int | None) -> None:
        if before is not None:
            protected.set_prohibit_ipsec(before)
        protected.value()
        result = protected.value(present=False)
        assert (result["value"], result["in_effect"], result["reboot_required"]) == (before, "unknown", False)
        again = protected.value(present=False)
        assert (again["changed"], again["reboot_required"]) == (False, False)
        protected.policy(state="absent")
        assert (protected.active, protected.host.agent.has_automatic_filters) == (None, True)
        assert protected.host.exposures == []

    def test_check_mode_says_so(self, protected: Server) -> None:
        protected.value()
        result = protected.value(present=False, check_mode=True)
        assert (result["changed"], result["reboot_required"]) == (True, False)

    def test_no_restart_is_needed_if_somebody_else_removed_it(self, protected: Server) -> None:
        protected.value()
        protected.host.registry.erase(RASMAN, "ProhibitIpSec")
        assert protected.value(present=False)["reboot_required"] is False

    def test_no_restart_is_needed_however_often_somebody_changes_their_mind(self, protected: Server) -> None:
        for _time in range(2):
            assert protected.value()["reboot_required"] is True
            assert protected.value(present=False)["reboot_required"] is False

    def test_a_value_that_was_in_effect_needs_a_restart(self, protected: Server) -> None:
        protected.value()
        protected.restart()
        result = protected.value(present=False)
        assert (result["in_effect"], result["reboot_required"]) == ("no", True)
        with pytest.raises(PlanError, match="Windows still runs with the ProhibitIpSec that was removed"):
            protected.policy(state="absent")

    def test_a_value_that_comes_back_before_the_restart_is_in_effect(self, protected: Server) -> None:
        protected.value()
        protected.restart()
        protected.value(present=False)
        result = protected.value()
        assert (result["in_effect"], result["reboot_required"]) == ("yes", False)
        assert protected.value()["in_effect"] == "yes"

    def test_what_windows_started_with_is_unknown_where_somebody_else_set_it(self, protected: Server) -> None:
        """It may have been set an hour ago: then Windows started without it, and a second change proves nothing."""
        protected.set_prohibit_ipsec(1)
        assert protected.value(present=False)["reboot_required"] is True
        assert protected.value()["reboot_required"] is True

    def test_a_value_in_effect_that_somebody_else_removed_needs_a_restart(self, protected: Server) -> None:
        protected.value()
        protected.restart()
        protected.host.registry.erase(RASMAN, "ProhibitIpSec")
        assert protected.value()["reboot_required"] is True
        assert protected.value(present=False)["reboot_required"] is True


def test_a_value_that_we_never_recorded_is_removed(server: Server) -> None:
    server.set_prohibit_ipsec(1)
    assert server.value(present=False)["value"] is None
    assert server.prohibit_ipsec is None


def test_a_value_that_we_never_recorded_stays_if_only_recorded_ones_are_to_go(server: Server) -> None:
    server.set_prohibit_ipsec(1)
    assert server.value(present=False, only_recorded=True)["changed"] is False
    assert server.prohibit_ipsec == 1


def test_check_mode_says_so_and_changes_nothing(protected: Server) -> None:
    before = protected.host.registry.snapshot()
    result = protected.value(check_mode=True)
    assert (result["changed"], result["value"], result["reboot_required"]) == (True, 1, True)
    assert differences(before, protected.host.registry.snapshot()) == []


def test_check_mode_believes_the_prediction_of_a_policy(server: Server) -> None:
    assert server.value(check_mode=True, predicted=True)["changed"] is True


class TestValueSetByHand:
    """Whether Windows booted with it can't be known."""

    def test_it_is_unproven_and_left_alone(self, protected: Server) -> None:
        protected.set_prohibit_ipsec(1)
        result = protected.value()
        assert (result["changed"], result["in_effect"], result["reboot_required"]) == (False, "unknown", False)

    def test_a_restart_proves_it_on_demand(self, protected: Server) -> None:
        protected.set_prohibit_ipsec(1)
        result = protected.value(restart_if_unknown=True)
        assert (result["changed"], result["reboot_required"]) == (True, True)
        protected.restart()
        assert protected.value(restart_if_unknown=True)["in_effect"] == "yes"

    @pytest.mark.parametrize("number", [None, 0])
    def test_a_removal_by_hand_needs_a_restart(self, protected: Server, number: int | None) -> None:
        """Windows may still run with the value; nobody can tell, so it counts as in effect until the next start."""
        protected.value()
        protected.restart()
        if number is None:
            protected.host.registry.erase(RASMAN, "ProhibitIpSec")
        else:
            protected.set_prohibit_ipsec(number)
        withdrawals: tuple[TaskOptions, ...] = ({"state": "absent"}, {"assigned": False}, {"rules": []})
        for _start in range(2):
            for given in withdrawals:
                with pytest.raises(PlanError, match="somebody else removed ProhibitIpSec") as error:
                    protected.policy(**given)
                assert re.search(r"\(win_prohibit_ipsec with state absent\) and restart the host\.$", str(error.value))
            protected.restart()  # nothing tells of it
        result = protected.value(present=False, only_recorded=True)
        assert (result["in_effect"], result["reboot_required"]) == ("no", True)
        protected.restart()
        assert protected.value(present=False)["changed"] is False
        protected.policy(state="absent")
        assert protected.host.agent.has_automatic_filters


class TestBackup:
    def test_only_the_value_s_own_key_is_replaced(self, protected: Server) -> None:
        policy = protected.host.registry.snapshot(join(BACKUP, "Newest", "Policy"))
        protected.set_prohibit_ipsec(0)
        protected.value()
        assert protected.key(join(BACKUP, "Newest", "RasMan"))["ProhibitIpSec"].number == 0
        assert "ProhibitIpSec" not in protected.key(join(BACKUP, "First", "RasMan"))
        assert differences(policy, protected.host.registry.snapshot(join(BACKUP, "Newest", "Policy"))) == []

    def test_the_first_one_holds_both_keys(self, server: Server) -> None:
        server.value(require_effective_policy=False)
        assert set(server.host.registry.children(join(BACKUP, "First"))) == {"Policy", "RasMan"}

    def test_there_is_none_on_demand(self, server: Server) -> None:
        server.value(require_effective_policy=False, backup=False)
        assert server.key(BACKUP) == {}


def test_the_memory_of_a_pending_restart_vanishes_with_it(protected: Server) -> None:
    protected.value()
    assert protected.host.registry.is_volatile(RESTART_PENDING)
    assert not protected.host.registry.is_volatile(VALUE_NOTE)


def test_a_value_that_does_not_stay_is_an_error(protected: Server) -> None:
    def undo(_number: int, record: str) -> None:
        if record == rf"ReadTree {RASMAN}":
            protected.host.registry.erase(RASMAN, "ProhibitIpSec")

    protected.host.impairments.before_record = undo
    with pytest.raises(WorkError) as error:
        protected.value()
    assert str(error.value) == "ProhibitIpSec was written, but the host reads back another value."


def stop(*names: str) -> Callable[[Server], None]:
    def stopped(server: Server) -> None:
        for name in names:
            server.host.services.stop(name)

    return stopped


@pytest.mark.parametrize(
    ("given", "meddle", "reason"),
    [
        (None, None, "no policy is assigned."),
        ({"name": "Another"}, None, "the policy 'Another' is assigned, not 'L2TP'."),
        ({"assigned": False}, None, "no policy is assigned."),
        ({}, stop("IKEEXT"), "the service IKEEXT is not running."),
        ({}, stop("RemoteAccess", "PolicyAgent"), "the service PolicyAgent is not running."),
        (
            {},
            lambda server: setattr(server.host.agent, "filters", ()),
            f"PolicyAgent does not list the filter between {ADDRESS} and {PEER}.",
        ),
        (
            {},
            lambda server: server.add(
                Key(key.path, {"IPAddress": Value.multi_sz(["203.0.113.9"])})
                for key in server.host.registry.snapshot().values()
                if key.texts("IPAddress") == (ADDRESS,)
            ),
            f"neither {ADDRESS} nor {PEER} is an address of this host.",
        ),
        *(
            pytest.param(
                {"rules": [rule(filter_action=action)]},
                None,
                NOTHING_PROTECTS,
                marks=pytest.mark.exposed("a declared rule lets L2TP through"),
            )
            for action in ({"action": "permit"}, {"accept_unsecured": True}, {"fall_back_to_clear_text": True})
        ),
        *(
            (
                {"rules": rules},
                None,
                NOTHING_PROTECTS,
            )
            for rules in (
                [],
                [rule(active=False)],
                [rule(filters=[UDP | {"source_port": 500}])],
                [rule(filters=[UDP | {"destination_address": "any"}, UDP | {"source_port": 500}])],
            )
        ),
    ],
)
def test_it_is_not_set_where_nothing_would_protect(
    server: Server, given: dict[str, Any] | None, meddle: Callable[[Server], None] | None, reason: str
) -> None:
    if given is not None:
        server.policy(**given)
    if meddle:
        meddle(server)
    with pytest.raises(PlanError) as error:
        server.value()
    assert str(error.value) == f"ProhibitIpSec would leave this host's L2TP in clear text, because {reason}{REST}"
    assert server.prohibit_ipsec is None
    assert server.value(require_effective_policy=False)["changed"] is True
