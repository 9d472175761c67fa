# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A sentence that says what to write instead names what its reader wrote: a module's option, or the role's variable."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import yaml

from ansible_collections.rras.ipsec.plugins.plugin_utils import _shape, _specs
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.plan import PlanError
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.words import ROLE, TASK, Words
from ansible_collections.rras.ipsec.tests import ROOT
from ansible_collections.rras.ipsec.tests.support.server import (
    ADDRESS,
    BLOCKED,
    OTHER_KEY,
    PEER,
    Server,
    TaskOptions,
    rule,
)
from ansible_collections.rras.ipsec.tests.support.somebody_else import by_hand


def options_of(spec: _shape.Spec) -> Iterator[str]:
    for name, option in spec.items():
        yield name
        yield from options_of(option.get("options", {}))


def variables_of_the_role() -> set[str]:
    """Return them, and what an entry of l2tp_connections may have."""
    specs = yaml.safe_load((ROOT / "roles/l2tp/meta/argument_specs.yml").read_text(encoding="utf-8"))
    entry_points = specs["argument_specs"]
    options = entry_points["main"]["options"] | entry_points["connections"]["options"]
    return {*options, *options["l2tp_connections"]["options"]}


def identifiers(words: Words) -> set[str]:
    return set(re.findall(r"\b[a-z0-9]+(?:_[a-z0-9]+)+\b", " ".join(map(str, dataclasses.astuple(words)))))


def test_the_words_of_a_task_are_options_and_modules() -> None:
    modules = {"win_ipsec_psk_policy", "win_prohibit_ipsec"}
    assert identifiers(TASK) - modules <= {*options_of(_specs.POLICY), *options_of(_specs.PROHIBIT_IPSEC)}


def test_the_words_of_the_role_are_its_variables() -> None:
    assert identifiers(ROLE) <= variables_of_the_role()


def protected(server: Server) -> None:
    server.policy()
    server.value()


def blocking(server: Server) -> None:
    server.policy(rules=[BLOCKED])


UNSAFE = [rule(active=False)]
FAR = [rule(filters=[{"source_address": "203.0.113.1", "destination_address": PEER}])]
OF_THE_ROLE = [
    pytest.param(
        lambda server: by_hand(server, name="Theirs"),
        lambda server, **words: server.policy(**words),
        (
            "the policy 'Theirs' is assigned on this host, and only one can be; "
            "set l2tp_replace_assigned to true if the declared policy should replace it."
        ),
        id="another policy is assigned",
    ),
    pytest.param(
        lambda server: by_hand(server, rules=[rule(key=OTHER_KEY)]),
        lambda server, **words: server.policy(**words),
        (
            "the store already has a different policy named 'L2TP' that this collection did not write, or has no "
            "record of; set l2tp_take_over to true to replace it, or write another l2tp_policy_name."
        ),
        id="a namesake",
    ),
    pytest.param(
        lambda _server: None,
        lambda server, **words: server.policy(rules=FAR, **words),
        (
            f"neither 203.0.113.1 nor {PEER} is an address of this host (it has: 10.0.0.10, {ADDRESS}); "
            "write the static address of its RRAS interface into l2tp_address, "
            "or correct peers of the connection 'tokyo-osaka'."
        ),
        id="an address that the host does not have",
    ),
    pytest.param(
        protected,
        lambda server, **words: server.policy(rules=UNSAFE, **words),
        (
            "ProhibitIpSec is 1 on this host, and the rule 'tokyo-osaka' of the policy 'L2TP' is not active, "
            "so this host's L2TP would be in clear text; set active of the rule to true, "
            "or remove the value first (the playbook rras.ipsec.remove) and restart the host."
        ),
        id="a policy that does not protect",
    ),
    pytest.param(
        protected,
        lambda server, **words: server.policy(rules=[rule(filter_action={"accept_unsecured": True})], **words),
        (
            "ProhibitIpSec is 1 on this host, and the rule 'tokyo-osaka' of the policy 'L2TP' lets L2TP through (its "
            "filter action accepts unsecured communication), so this host's L2TP would be in clear text; correct "
            "accept_unsecured in filter_action of the connection 'tokyo-osaka', or in l2tp_default or "
            "l2tp_filter_action if it has none of its own, or remove the value first (the playbook "
            "rras.ipsec.remove) and restart the host."
        ),
        id="a filter action that does not protect",
    ),
    pytest.param(
        protected,
        lambda server, **words: server.policy(state="absent", **words),
        (
            "ProhibitIpSec is 1 on this host, so without the policy 'L2TP' its L2TP would be in clear text; remove "
            "the value first (the playbook rras.ipsec.remove; by hand if it was 1 before this collection changed the "
            "host) and restart the host."
        ),
        id="a removal that would expose",
    ),
    pytest.param(
        lambda _server: None,
        lambda server, **words: server.value(**words),
        (
            "ProhibitIpSec would leave this host's L2TP in clear text, because no policy is assigned. "
            "Put the policy 'L2TP' into force first (the playbook rras.ipsec.site)."
        ),
        id="the value without a policy",
    ),
]


@pytest.mark.parametrize(("prepare", "act", "sentence"), OF_THE_ROLE)
def test_what_the_role_refuses(
    server: Server, prepare: Callable[[Server], Any], act: Callable[..., Any], sentence: str
) -> None:
    prepare(server)
    with pytest.raises(PlanError) as error:
        act(server, words=ROLE)
    assert str(error.value) == sentence


OTHERS = (
    "L2TP between this host and peers that no rule names is in clear text while ProhibitIpSec is in effect; "
    "set l2tp_other_peers to block or certificate."
)
IPV6 = "L2TP over IPv6 is in clear text on this host while ProhibitIpSec is in effect, because"
NOT_BLOCKED = (
    f"{IPV6} Windows Firewall has no rule rras.ipsec-L2TP-over-IPv6. Set l2tp_other_peers to block or certificate "
    "and l2tp_block_over_ipv6 to true, "
    "and check that Windows Firewall is on (the service MpsSvc and all profiles)."
)


def test_what_the_role_warns_of(server: Server) -> None:
    given: TaskOptions = {"block_l2tp_over_ipv6": False}
    server.policy(**given)
    assert server.value(words=ROLE)["warnings"] == [OTHERS, NOT_BLOCKED]
    assert OTHERS in server.policy(words=ROLE, **given)["warnings"]


def test_what_the_role_warns_of_when_the_rule_of_the_firewall_goes(server: Server) -> None:
    server.policy()
    server.value()
    warnings = server.policy(words=ROLE, block_l2tp_over_ipv6=False)["warnings"]
    assert f"{IPV6} l2tp_other_peers is ignore, or l2tp_block_over_ipv6 is false." in warnings


class TestAnyPolicy:
    """win_prohibit_ipsec without a name: whichever policy is assigned must protect."""

    def test_that_protects(self, server: Server) -> None:
        server.policy(name="Whatever")
        assert server.value(policy="")["changed"] is True

    @pytest.mark.parametrize(
        ("prepare", "reason"),
        [
            (lambda _server: None, "no policy is assigned."),
            (
                blocking,
                (
                    "the policy 'L2TP' has no active rule that negotiates security for UDP port 1701 "
                    "between two addresses."
                ),
            ),
        ],
    )
    def test_that_does_not(self, server: Server, prepare: Callable[[Server], Any], reason: str) -> None:
        prepare(server)
        with pytest.raises(PlanError) as error:
            server.value(policy="")
        assert str(error.value) == (
            f"ProhibitIpSec would leave this host's L2TP in clear text, because {reason} "
            "Put a policy that protects it into force first (win_ipsec_psk_policy), "
            "or set require_effective_policy to false."
        )
