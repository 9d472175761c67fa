# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What of ours is left where nobody declares it, and what a removal would do, word for word."""

from __future__ import annotations

from typing import Any, cast

import pytest

from ansible_collections.rras.ipsec.plugins.plugin_utils._policy import undeclared
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.network import Node
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.plan import PlanError
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.results import (
    HostFacts,
    PolicyResult,
    ProhibitIpSecResult,
)
from ansible_collections.rras.ipsec.tests.support.server import BLOCKED, NAME, Server, rule
from ansible_collections.rras.ipsec.tests.support.somebody_else import by_hand

HOST = "rras-tokyo"


def policy(name: str = NAME, *, assigned: bool = True, ours: bool = True, adopted: bool = False) -> dict[str, Any]:
    return {"name": name, "assigned": assigned, "ours": ours, "adopted": adopted}


def facts(*policies: dict[str, Any]) -> HostFacts:
    return cast("HostFacts", {"policies": list(policies)})


def planned(*policies: dict[str, Any], after: str | None = None, pending: bool = True) -> PolicyResult:
    return {"host": facts(*policies), "assigned_after": after, "pending": pending}


def value(*, changed: bool = True, number: int | None = None, restart: bool = True) -> ProhibitIpSecResult:
    return {"changed": changed, "value": number, "reboot_required": restart}


UNCHANGED = value(changed=False, restart=False)
GIVEN_BACK = "On rras-tokyo, ProhibitIpSec would be removed."
RESTARTED = "rras-tokyo would be restarted, because Windows runs with ProhibitIpSec."


@pytest.mark.parametrize(
    ("plan", "found", "reboot", "sentences"),
    [
        (
            planned(policy()),
            value(),
            "if_needed",
            [
                GIVEN_BACK,
                RESTARTED,
                "The policy 'L2TP' would be deleted from rras-tokyo, and no policy would be assigned.",
            ],
        ),
        (
            planned(policy(), policy("By hand", assigned=False, ours=False), after="By hand"),
            value(number=0, restart=False),
            "if_needed",
            [
                "On rras-tokyo, ProhibitIpSec would become 0.",
                "The policy 'L2TP' would be deleted from rras-tokyo, and 'By hand' would be assigned again.",
            ],
        ),
        (
            planned(policy(assigned=False), policy("Old"), policy("Older", assigned=False)),
            value(changed=False),
            "if_unknown",
            [
                RESTARTED,
                (
                    "The policies 'Old', 'L2TP' and 'Older' would be deleted from rras-tokyo, "
                    "and no policy would be assigned."
                ),
            ],
        ),
        (
            planned(policy()),
            value(),
            "never",
            [
                GIVEN_BACK,
                (
                    "rras-tokyo would still need a restart, and 'L2TP' would stay in force until then, "
                    "because l2tp_reboot is never."
                ),
            ],
        ),
        (
            planned(policy(assigned=False)),
            UNCHANGED,
            "if_needed",
            ["The policy 'L2TP' would be deleted from rras-tokyo."],
        ),
        (
            planned(policy(adopted=True), after=NAME),
            UNCHANGED,
            "if_needed",
            ["On rras-tokyo, the policy 'L2TP' would stay, because it was there before."],
        ),
        (
            planned(policy(adopted=True), policy("Old", assigned=False), after="By hand"),
            UNCHANGED,
            "if_needed",
            [
                "The policy 'Old' would be deleted from rras-tokyo.",
                (
                    "On rras-tokyo, the policy 'L2TP' would stay, because it was there before, "
                    "and 'By hand' would be assigned again."
                ),
            ],
        ),
        (planned(), UNCHANGED, "if_needed", ["What an earlier run left would be deleted from rras-tokyo."]),
        (
            planned(policy("By hand", ours=False), pending=False),
            UNCHANGED,
            "if_needed",
            ["Nothing on rras-tokyo belongs to this collection."],
        ),
        (planned(pending=False), value(restart=False), "if_needed", [GIVEN_BACK]),
    ],
)
def test_what_a_removal_would_do(
    plan: PolicyResult, found: ProhibitIpSecResult, reboot: str, sentences: list[str]
) -> None:
    assert list(undeclared.removal(HOST, plan, found, reboot)) == sentences


def test_what_a_removal_leaves_because_it_is_not_on_record() -> None:
    said = (
        "On rras-tokyo, the policy 'L2TP' stays assigned, because this collection did not write it, or has no record "
        "of it."
    )
    assert list(undeclared.staying(HOST, facts(policy(ours=False)), "l2tp")) == [said]
    for other in (policy(), policy(ours=False, assigned=False), policy("By hand", ours=False)):
        assert list(undeclared.staying(HOST, facts(other), "l2tp")) == []


@pytest.mark.parametrize(
    ("node", "why"),
    [
        (Node(HOST, [{"name": "a", "peers": ["b", "c"]}], None), "No connection names rras-tokyo"),
        (Node(HOST, [], None), "l2tp_connections is empty for rras-tokyo"),
        (
            Node(HOST, [{"name": "a", "peers": ["b", "c"]}], None, unknown_peers=("b", "c")),
            "No connection names rras-tokyo (not in the inventory: b, c)",
        ),
    ],
)
def test_what_is_left_on_a_host_without_connections(node: Node, why: str) -> None:
    found = facts(policy(), policy("Old", assigned=False), policy("By hand", ours=False))
    remedy = "Declare its connection again, or run remove for rras-tokyo."
    assert list(undeclared.unconnected(node, found)) == [
        (f"{why}, but the policy 'L2TP' of this collection is still assigned.", remedy),
        (f"{why}, but the policy 'Old' of this collection is still in the store.", remedy),
    ]


def test_what_is_left_under_another_name() -> None:
    found = facts(policy("l2tp"), policy("Old", assigned=False), policy("By hand", ours=False))
    assert list(undeclared.under_other_names(HOST, found, NAME)) == [
        (
            "The policy 'Old' of this collection is still in the store on rras-tokyo, but l2tp_policy_name is 'L2TP'.",
            (
                "Run remove and then site for rras-tokyo to delete it; "
                "a task with the module win_ipsec_psk_policy deletes it alone."
            ),
        )
    ]


class TestRemovalOfAllThatIsOurs:
    def test_whatever_its_name(self, server: Server) -> None:
        theirs = by_hand(server, name="Theirs", rules=[rule(key="a key of theirs"), BLOCKED])
        server.policy(name="Old", replace_assigned=True)
        server.policy(replace_assigned=True)
        assert server.names == [NAME, "Old", "Theirs"]
        result = server.policy(name="A third name", state="absent", all_ours=True)
        assert (server.names, server.store.active_path) == (["Theirs"], theirs)
        assert (result["changed"], result["matches"], result["assigned_after"]) == (True, True, "Theirs")
        assert server.policy(name="A third name", state="absent", all_ours=True)["changed"] is False

    def test_only_the_policy_of_the_name_goes_by_default(self, server: Server) -> None:
        server.policy(name="Old")
        assert server.policy(state="absent")["changed"] is False
        assert server.names == ["Old"]

    def test_the_refusal_names_the_policy_that_is_assigned(self, server: Server) -> None:
        server.policy(name="Old", rules=[rule(), BLOCKED])
        server.value(policy="Old")
        with pytest.raises(PlanError, match="so without the policy 'Old' its L2TP would be in clear text"):
            server.policy(state="absent", all_ours=True)


class TestPredictedRemoval:
    """The value would be given back, and Windows restarted, by tasks before this one."""

    def test_check_mode_believes_it(self, server: Server) -> None:
        server.policy(rules=[rule(), BLOCKED])
        server.value()
        server.restart()
        with pytest.raises(PlanError) as refused:
            server.predict(state="absent")
        assert str(refused.value).endswith(
            "and restart the host. In check mode, set predicted to true if earlier tasks do that."
        )
        assert server.predict(state="absent", predicted=True)["changed"] is True

    def test_it_is_refused_if_it_would_be_refused_even_then(self, server: Server) -> None:
        by_hand(server, name="Theirs", rules=[])
        server.set_prohibit_ipsec(1)
        server.policy(rules=[rule(), BLOCKED], replace_assigned=True)
        with pytest.raises(
            PlanError, match="'Theirs', which would then be assigned again, does not protect it"
        ) as refused:
            server.predict(state="absent", predicted=True)
        assert "predicted" not in str(refused.value)

    def test_outside_check_mode_the_prediction_means_nothing(self, server: Server) -> None:
        server.policy(rules=[rule(), BLOCKED])
        server.value()
        with pytest.raises(PlanError, match="ProhibitIpSec is 1 on this host"):
            server.policy(state="absent", predicted=True)
