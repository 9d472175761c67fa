# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which services restart so that RRAS makes its automatic filters, when policies that were in their way go."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from ansible_collections.rras.ipsec.plugins.plugin_utils._policy import services
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.host import PROHIBITED, HostState
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.plan.automatic import (
    restarting_flags,
    rule_stays,
    withdrawing_flags,
)
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.plan.transactions import Flag, Intent
from ansible_collections.rras.ipsec.tests.support.server import BLOCKED, OTHER_KEY, Server, declare, rule
from ansible_collections.rras.ipsec.tests.support.somebody_else import by_hand

EVERY_PEER = [{"source_address": "me", "destination_address": "any"}]
ALL_L2TP: dict[str, Any] = {"rules": [rule(), BLOCKED]}
BOTH = {Flag.RESTART_RRAS, Flag.RESTART_AGENT}


@pytest.fixture
def host(server: Server) -> HostState:
    """A host whose policy keeps RRAS from making its automatic filters, although ProhibitIpSec is not there."""
    server.policy(**ALL_L2TP)
    server.restart()
    return server.read()


def stopped(host: HostState, name: str) -> HostState:
    service = dataclasses.replace(host.services[name], running=False)
    return dataclasses.replace(host, services={**host.services, name: service})


@pytest.mark.parametrize(
    ("after", "flags"),
    [
        (None, BOTH),
        ({"rules": [rule(key=OTHER_KEY)]}, BOTH),
        ({"rules": [rule(key=OTHER_KEY), BLOCKED]}, set()),
    ],
    ids=["no policy", "one that leaves L2TP to them", "one for all L2TP"],
)
def test_both_restart_unless_what_follows_covers_all_l2tp(
    host: HostState, after: dict[str, Any] | None, flags: set[Flag]
) -> None:
    follows = declare(**after).policy if after else None
    assert restarting_flags(host, follows, [host.store.active]) == flags
    assert restarting_flags(host, follows, [None, host.store.active]) == flags, "whatever else goes"


def test_none_restarts_if_nothing_was_in_the_way(host: HostState) -> None:
    assert restarting_flags(host, None, []) == set()
    assert restarting_flags(host, None, [None]) == set()


def test_an_agent_that_holds_no_local_filters_is_left_alone(host: HostState) -> None:
    going = [host.store.active]
    assert restarting_flags(stopped(host, services.AGENT), None, going) == {Flag.RESTART_RRAS}
    under_domain_policy = dataclasses.replace(host, domain_policy="Branches")
    assert restarting_flags(under_domain_policy, None, going) == {Flag.RESTART_RRAS}


def test_rras_is_not_started_if_it_was_not_running(host: HostState) -> None:
    assert restarting_flags(stopped(host, services.RRAS), None, [host.store.active]) == set()


def test_with_the_value_a_restart_would_bring_no_filters(host: HostState) -> None:
    prohibited = dataclasses.replace(host, prohibit_ipsec=PROHIBITED)
    assert restarting_flags(prohibited, None, [host.store.active]) == set()


def test_a_policy_that_stays_assigned_restarts_nothing(server: Server) -> None:
    by_hand(server, rules=[rule(filters=EVERY_PEER, authentication=[], filter_action={"action": "permit"})])
    server.restart()
    host = server.read()
    assert host.store.active
    assert withdrawing_flags(host, None, Intent.KEEP, [host.store.active]) == set()
    assert withdrawing_flags(host, None, Intent.UNASSIGN, [host.store.active]) >= {Flag.RESTART_RRAS}


def test_what_the_commit_restarted_the_finish_does_not_restart_again(server: Server) -> None:
    server.policy(**ALL_L2TP)
    server.restart()
    fewer: dict[str, Any] = {"rules": [rule()]}
    transaction = server.stage(**fewer)
    assert transaction.flags >= BOTH
    server.work(**fewer).commit(transaction)
    host = server.read()
    (old,) = (found for found in host.store.policies if not host.store.assigns(found.path))
    assert withdrawing_flags(host, None, Intent.KEEP, [old]) == set()


def test_a_rule_that_should_go_stays_while_windows_firewall_is_not_running(server: Server) -> None:
    said = (
        (
            "The rule rras.ipsec-L2TP-over-IPv6 of Windows Firewall stays, because the service MpsSvc is not running; "
            "start the service and run this task again."
        ),
    )
    server.policy(**ALL_L2TP)
    running = server.read()
    server.host.services.stop("MpsSvc")
    without_service = server.read()
    assert rule_stays(without_service, wanted=True) == said
    assert rule_stays(without_service, wanted=False) == ()
    assert rule_stays(running, wanted=True) == ()


def test_no_rule_stays_where_there_is_none(server: Server) -> None:
    server.host.services.stop("MpsSvc")
    assert rule_stays(server.read(), wanted=True) == ()
