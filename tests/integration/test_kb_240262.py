# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""KB 240262, step by step, on what the two servers have after one run. The steps' numbers are the article's."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import pytest

from ansible_collections.rras.ipsec.plugins.plugin_utils._policy import model
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.registry import Kind, Tree
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.store import Store, StoredPolicy
from ansible_collections.rras.ipsec.tests.lab import Host, Lab
from ansible_collections.rras.ipsec.tests.support.pair import (
    KEY,
    OSAKA,
    OSAKA_ADDRESS,
    OURS,
    POLICY,
    RASMAN,
    RESTART_PENDING,
    TOKYO,
    TOKYO_ADDRESS,
)

pytestmark = pytest.mark.xdist_group("kb 240262")
"""One worker runs them all, since they share one run of the playbook (with --dist=loadgroup)."""


@dataclasses.dataclass(frozen=True, slots=True)
class ArticleServer:
    """What one server has after the run."""

    host: Host

    @property
    def registry(self) -> Tree:
        return self.host.registry.snapshot()

    @property
    def policy(self) -> StoredPolicy:
        (found,) = Store.read(self.registry).find(POLICY)
        return found

    @property
    def rule(self) -> model.Rule:
        (found,) = (rule for rule in self.policy.policy.rules if rule.name == "tokyo-osaka")
        return found

    @property
    def filter(self) -> model.Filter:
        (found,) = self.rule.filters
        return found


ArticleStep = Callable[[ArticleServer], bool]

VALUE_STEPS: dict[str, ArticleStep] = {
    "2 the key RasMan Parameters": lambda server: RASMAN in server.registry,
    "3-5 a DWORD named ProhibitIpSec": lambda server: server.registry[RASMAN]["ProhibitIpSec"].kind is Kind.DWORD,
    "6 its data is 1": lambda server: server.registry[RASMAN]["ProhibitIpSec"].number == 1,
    "7 restarted once since": lambda server: (
        server.host.recorder.restarts == 1 and RESTART_PENDING not in server.registry
    ),
}

POLICY_STEPS: dict[str, ArticleStep] = {
    "4 the policy has its name": lambda server: server.policy.name == POLICY,
    "5 the default response rule is not active": lambda server: (
        [rule.active for rule in server.policy.policy.rules if rule.is_default_response] == [False]
    ),
    "6 the policy can be read completely": lambda server: not server.policy.unreadable,
    "7 it has an active rule for the connection": lambda server: server.rule.active,
    "8 the rule does not specify a tunnel": lambda server: (
        server.rule.tunnel_address is None and server.filter.tunnel_address is None
    ),
    "9 the rule is for all network connections": lambda server: server.rule.connection_type is model.ConnectionType.ALL,
    "10 the preshared key, and no other method": lambda server: (
        server.rule.authentication == (model.AuthenticationMethod.preshared_key(KEY),)
    ),
    "11 a filter list with a name and one filter": lambda server: (
        server.rule.filter_list is not None and bool(server.rule.filter_list.name) and len(server.rule.filters) == 1
    ),
    "12 the source is the address of one server": lambda server: (
        server.filter.source == model.Address.single(TOKYO_ADDRESS)
    ),
    "13 the destination is the address of the other": lambda server: (
        server.filter.destination == model.Address.single(OSAKA_ADDRESS)
    ),
    "14 the protocol is UDP": lambda server: server.filter.protocol is model.Protocol.UDP,
    "15 from port 1701 to any port": lambda server: (
        (server.filter.source_port, server.filter.destination_port) == (model.Ports.one(1701), model.Ports.any())
    ),
    "16 mirrored": lambda server: server.filter.mirrored,
    "17-18 no other rule uses the filter list": lambda server: (
        sum(rule.filter_list == server.rule.filter_list for rule in server.policy.policy.rules) == 1
    ),
    "19 own algorithms": lambda server: (
        [offer.algorithms for offer in server.rule.filter_action.offers]
        == [(model.Algorithm(model.Transform.ESP, model.Encryption.TRIPLE_DES, model.Integrity.SHA1),)]
    ),
    "19 nothing unsecured is accepted": lambda server: (
        server.rule.filter_action.action is model.Action.NEGOTIATE
        and not server.rule.filter_action.accepts_unsecured
        and not server.rule.filter_action.falls_back_to_clear_text
    ),
    "20 finished: nothing is left open": lambda server: (
        OURS + r"\Transaction" not in server.registry and len(Store.read(server.registry).policies) == 1
    ),
    "21 assigned": lambda server: Store.read(server.registry).active == server.policy,
    "21 and at work in PolicyAgent": lambda server: (
        server.host.services.is_running("PolicyAgent") and server.filter in server.host.agent.filters
    ),
}


@pytest.mark.core
@pytest.mark.parametrize("name", [TOKYO, OSAKA])
@pytest.mark.parametrize("step", VALUE_STEPS)
def test_the_registry_value_is_as_the_article_says(lab_after_first_run: Lab, name: str, step: str) -> None:
    assert VALUE_STEPS[step](ArticleServer(lab_after_first_run[name]))


@pytest.mark.core
@pytest.mark.parametrize("name", [TOKYO, OSAKA])
@pytest.mark.parametrize("step", POLICY_STEPS)
def test_the_policy_is_as_the_article_says(lab_after_first_run: Lab, name: str, step: str) -> None:
    assert POLICY_STEPS[step](ArticleServer(lab_after_first_run[name]))


def test_the_filter_is_the_same_on_both_servers(lab_after_first_run: Lab) -> None:
    tokyo, osaka = ArticleServer(lab_after_first_run[TOKYO]), ArticleServer(lab_after_first_run[OSAKA])
    assert tokyo.filter == osaka.filter


def test_the_whole_policy_means_the_same_on_both_servers(lab_after_first_run: Lab) -> None:
    tokyo, osaka = ArticleServer(lab_after_first_run[TOKYO]), ArticleServer(lab_after_first_run[OSAKA])
    assert model.meaning(tokyo.policy.policy) == model.meaning(osaka.policy.policy)
