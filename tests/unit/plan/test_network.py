# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The connections of an inventory: what is wrong with them, word for word, and the rules that they make."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.rras.ipsec.plugins.plugin_utils._policy import network as networks
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.network import Node
from ansible_collections.rras.ipsec.tests.unit.plan.server import declare

TOKYO, OSAKA, BRANCH = "rras-tokyo", "rras-osaka", "branch"
KEY = "the key of this pair"
PFS = {"pfs": True}
PAIR: dict[str, Any] = {"name": "tokyo-osaka", "peers": [TOKYO, OSAKA], "preshared_key": KEY}
FAR: dict[str, Any] = {"name": "tokyo-branch", "peers": [TOKYO, BRANCH], "certificate_authority": "CN=Example"}
ADDRESSES = {TOKYO: "192.0.2.1", OSAKA: "192.0.2.2", BRANCH: "198.51.100.7"}


def network(*entries: Any, **given: Any) -> dict[str, Node]:
    """Return three servers that all declare the same connections; the branch is not managed."""
    addresses = ADDRESSES | given.get("addresses", {})
    own = given.get("own", {})
    return {
        name: Node(name, own.get(name, entries), addresses[name], managed=name != BRANCH)
        for name in addresses
        if name not in given.get("without", ())
    }


def without(entry: dict[str, Any], *options: str) -> dict[str, Any]:
    return {name: value for name, value in entry.items() if name not in options}


def test_a_sound_declaration_has_no_problems() -> None:
    for host in (TOKYO, OSAKA, BRANCH):
        assert networks.problems(network(PAIR, FAR), host) == []


def test_entries_of_others_are_no_problem_here() -> None:
    assert networks.problems(network(PAIR | {"preshared_key": ""}), BRANCH) == []


NO_ACTION = ".filter_action must be a dictionary with options of a filter action, such as pfs: true."
ENDS = "rras-osaka and rras-tokyo"
DIFFERENT = "write it once, into the variables of a group that both are in."


@pytest.mark.parametrize(
    ("servers", "sentence"),
    [
        (
            network(own={TOKYO: None}),
            "l2tp_connections is not defined for rras-tokyo; write the list of connections into its group's variables.",
        ),
        (network(own={TOKYO: "x"}), "l2tp_connections must be a list of connections; begin each with a dash."),
        (
            network("x"),
            "l2tp_connections[0] must be a dictionary with name, peers and preshared_key or certificate_authority.",
        ),
        *(
            (
                network(entry),
                "l2tp_connections[0].name is missing; write a name for the connection, such as tokyo-osaka.",
            )
            for entry in (without(PAIR, "name"), PAIR | {"name": " "}, PAIR | {"name": 5})
        ),
        *(
            (
                network(PAIR | {"peers": peers}),
                (
                    "l2tp_connections[0].peers must be the inventory names of two hosts; "
                    "write for example [rras-tokyo, rras-osaka]."
                ),
            )
            for peers in (None, TOKYO, [TOKYO], [TOKYO, OSAKA, BRANCH], [TOKYO, 5])
        ),
        (
            network(PAIR | {"preshared_key": 12345}),
            "l2tp_connections[0].preshared_key must be text; put it into quotes.",
        ),
        (
            network(PAIR | {"filter_action": "block"}),
            "l2tp_connections[0]" + NO_ACTION,
        ),
        (
            network(PAIR | {"key": KEY}),
            (
                "l2tp_connections[0] has an option that is not known "
                "(its name is not shown, because it may be a key); the options of a connection are "
                "name, peers, preshared_key, certificate_authority, filter_action."
            ),
        ),
        (
            network(PAIR, FAR | {"name": "Tokyo-Osaka"}),
            "The connection Tokyo-Osaka is declared twice in l2tp_connections; delete one, or give it another name.",
        ),
        (
            network(PAIR, PAIR | {"name": "again", "peers": [OSAKA, TOKYO]}),
            "The connections tokyo-osaka and again have the same two peers; delete one of them from l2tp_connections.",
        ),
        (
            network(PAIR | {"peers": [TOKYO, TOKYO]}),
            (
                "The connection tokyo-osaka has rras-tokyo as both its peers; "
                "write the other server's inventory name as one of them."
            ),
        ),
        (
            network(PAIR, without=[OSAKA]),
            (
                "The connection tokyo-osaka names the peer rras-osaka, which is not in the inventory; "
                "correct the name, or add the host."
            ),
        ),
        *(
            (
                network(entry),
                (
                    "The connection tokyo-osaka must have either preshared_key or certificate_authority; "
                    "write one of them."
                ),
            )
            for entry in (without(PAIR, "preshared_key"), PAIR | {"certificate_authority": "CN=Example"})
        ),
        (
            network(PAIR | {"preshared_key": " "}),
            "The connection tokyo-osaka has an empty preshared_key; write the key that both ends share.",
        ),
        (
            network(FAR | {"certificate_authority": ""}),
            "The connection tokyo-branch has an empty certificate_authority; write the name that both ends share.",
        ),
        (
            network(PAIR, addresses={OSAKA: None}),
            "l2tp_address is not defined for rras-osaka; write the static address of its RRAS interface.",
        ),
        (
            network(PAIR, addresses={OSAKA: "osaka.example"}),
            "l2tp_address of rras-osaka is not an IPv4 address; write an address of the server, such as 192.0.2.1.",
        ),
        (
            network(PAIR, addresses={OSAKA: "192.0.2.1"}),
            (
                "The connection tokyo-osaka has 192.0.2.1 at both ends; "
                "correct l2tp_address of rras-tokyo or rras-osaka."
            ),
        ),
        (
            network(PAIR, own={OSAKA: []}),
            (
                "The connection tokyo-osaka is declared for rras-tokyo but not for rras-osaka; "
                "write it into the variables of a group that both are in."
            ),
        ),
        (
            network(PAIR, own={OSAKA: ["malformed"]}),
            (
                "The connection tokyo-osaka is declared for rras-tokyo but not for rras-osaka; "
                "write it into the variables of a group that both are in."
            ),
        ),
        (
            network(PAIR, own={OSAKA: [PAIR | {"preshared_key": "another"}]}),
            f"The connection tokyo-osaka is declared differently for {ENDS} (preshared_key); {DIFFERENT}",
        ),
        (
            network(PAIR, own={OSAKA: [PAIR | {"peers": (OSAKA, TOKYO), "filter_action": {"pfs": True}}]}),
            (
                "The connection tokyo-osaka is declared differently for rras-osaka and rras-tokyo "
                f"(peers, filter_action); {DIFFERENT}"
            ),
        ),
    ],
)
def test_what_is_wrong_is_said_without_the_key(servers: dict[str, Node], sentence: str) -> None:
    assert networks.problems(servers, TOKYO) == [sentence]
    assert KEY not in sentence


def test_certificates_for_the_others_need_an_authority() -> None:
    assert networks.problems(network(PAIR), TOKYO, other_peers="certificate") == [
        (
            "l2tp_other_peers is certificate, but l2tp_other_peers_certificate_authority is not defined "
            "for rras-tokyo; write the name of the certification authority."
        )
    ]
    assert networks.problems(network(PAIR), TOKYO, other_peers="certificate", certificate_authority="CN=x") == []


@pytest.mark.parametrize("other_peers", ["block", "certificate", "ignore"])
def test_both_ends_get_the_same_rule(other_peers: str) -> None:
    servers = network(PAIR, FAR)
    tokyo, osaka = (
        networks.rules(
            servers, host, other_peers=other_peers, certificate_authority="CN=x", filter_action={"pfs": True}
        )
        for host in (TOKYO, OSAKA)
    )
    assert tokyo[0] == osaka[0]
    assert tokyo[0]["filters"] == [{"source_address": "192.0.2.1", "destination_address": "192.0.2.2"}]
    assert [rule["name"] for rule in tokyo][:2] == ["tokyo-osaka", "tokyo-branch"]
    assert [rule["name"] for rule in osaka[1:]] == ([] if other_peers == "ignore" else [networks.OTHER_PEERS_RULE])
    assert declare(rules=tokyo).policy.rules[0].filter_action.offers[0].pfs is True


def test_a_connection_may_have_a_filter_action_of_its_own() -> None:
    servers = network(PAIR | {"filter_action": {"accept_unsecured": True}})
    (rule,) = networks.rules(servers, TOKYO, other_peers="ignore", filter_action={"pfs": True})
    assert rule["filter_action"] == {"accept_unsecured": True}


def test_a_host_without_connections_has_no_rules() -> None:
    assert networks.rules(network(PAIR), BRANCH, other_peers="block") == []


def test_a_connection_is_never_shown_with_its_key() -> None:
    (connection,) = networks.connections_of(network(PAIR), OSAKA)
    assert KEY not in repr(connection) + repr(network(PAIR))
    assert connection.other(OSAKA) == TOKYO


def test_managed_hosts_are_connected_over_any_number_of_connections() -> None:
    servers = network(PAIR, FAR)
    assert networks.connected(servers, OSAKA) == {TOKYO, OSAKA}
    assert networks.connected(servers, BRANCH) == {BRANCH}


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), max_size=12))
def test_components_divide_the_hosts(pairs: list[tuple[int, int]]) -> None:
    edges = [(str(one), str(other)) for one, other in pairs]
    for edge in edges:
        component = networks.component(edge[0], edges)
        assert set(edge) <= component
        assert all(networks.component(member, edges) == component for member in component)
