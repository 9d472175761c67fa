# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The connections of an inventory: what is wrong with them, word for word, and the rules that they make."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.rras.ipsec.plugins.plugin_utils import _view
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy import network as networks
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.network import Node
from ansible_collections.rras.ipsec.tests.support.network import (
    BRANCH,
    DEFAULTS,
    FAR,
    KEY,
    NEITHER,
    OSAKA,
    PAIR,
    TOKYO,
    changed,
    network,
)
from ansible_collections.rras.ipsec.tests.support.server import declare

PFS = {"pfs": True}


def without(entry: dict[str, Any], *options: str) -> dict[str, Any]:
    return {name: value for name, value in entry.items() if name not in options}


def test_a_list_that_names_nobody_is_said_by_the_managed_hosts_alone() -> None:
    elsewhere = network(FAR | {"peers": ["east", "west"]}, unknown=["east", "west"])
    assert networks.problems(elsewhere, TOKYO) == [
        "No peer in l2tp_connections is in the inventory (east, west); correct the names, or add the hosts."
    ]
    assert networks.problems(elsewhere, BRANCH) == []


def test_a_sound_declaration_has_no_problems() -> None:
    for host in (TOKYO, OSAKA, BRANCH):
        assert networks.problems(network(PAIR, FAR), host) == []


def test_entries_of_others_are_no_problem_here() -> None:
    assert networks.problems(network(PAIR | {"preshared_key": ""}), BRANCH) == []


def test_connections_of_another_inventory_are_no_problem() -> None:
    elsewhere = FAR | {"peers": ["elsewhere", "somewhere"], "preshared_key": "k"}
    assert networks.problems(network(PAIR, elsewhere, unknown=elsewhere["peers"]), TOKYO) == []


def test_a_host_may_have_an_address_for_its_name() -> None:
    entry = FAR | {"peers": ["198.51.100.1", "198.51.100.2"]}
    assert networks.problems(network(PAIR, entry, unknown=["198.51.100.2"]), TOKYO) == []


NO_ACTION = ".filter_action must be a dictionary with options of a filter action, such as pfs: true."
ENDS = "rras-osaka and rras-tokyo"
NO_AUTHENTICATION = (
    "has no authentication; write preshared_key, certificate_authority or authentication, or its key into "
    "l2tp_preshared_keys (rras.ipsec.keys makes one)."
)
BOTH = "has both {}; write one of them, or several methods into authentication, in order of preference."
DIFFERENT = "write it once, into the variables of a group that contains both."


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
            for entry in (without(PAIR, "name"), PAIR | {"name": ""}, PAIR | {"name": None})
        ),
        (network(PAIR | {"name": 5}), "l2tp_connections[0].name must be text; put it in quotes."),
        *(
            (network(PAIR | {"name": name}), f"The name of the connection {shown} {fault}")
            for name, shown, fault in (
                (" ", "' '", "has no visible character; write, for example, 'L2TP'."),
                ("\u200b", r"'\u200b'", "has no visible character; write, for example, 'L2TP'."),
                (
                    "a\nb",
                    r"'a\nb'",
                    "contains a line break or another control character; write it as one line of text.",
                ),
                (
                    "x" * 256,
                    f"'{'x' * 24}...{'x' * 24}'",
                    "is longer than 255 characters; write a shorter name.",
                ),
                (
                    "osaka\u202e",
                    r"'osaka\u202e'",
                    (
                        "has a character that reverses the writing "
                        "direction, so that another name is displayed; delete it."
                    ),
                ),
                (
                    "osaka\ud800",
                    r"'osaka\ud800'",
                    "has half a character (a lone surrogate), which Windows can't store; write it again.",
                ),
                (
                    "ALL other L2TP",
                    "'ALL other L2TP'",
                    "is reserved for the rule that the role writes for all other L2TP; write another name.",
                ),
            )
        ),
        (
            network(PAIR | {"peers": [TOKYO, "192.0.2.2"]}),
            (
                "The connection tokyo-osaka names the peer 192.0.2.2, which is not in the inventory; "
                "write the inventory name of the server, and put the address into its l2tp_address."
            ),
        ),
        *(
            (
                network(*others, FAR | {"peers": peers}, unknown=peers),
                (
                    f"The connection 'tokyo-branch' names the peers {' and '.join(peers)}, and neither is in the "
                    "inventory; write the inventory names of its servers, and put their addresses into l2tp_address."
                ),
            )
            for peers in (["192.0.2.1", "192.0.2.2"], ["elsewhere", "192.0.2.2"], ["2001:db8::1", "2001:db8::2"])
            for others in ([PAIR], [])
        ),
        *(
            (
                network(PAIR | {"peers": peers}),
                (
                    "l2tp_connections[0].peers must be the inventory names of two hosts; "
                    "write, for example, [rras-tokyo, rras-osaka]."
                ),
            )
            for peers in (None, TOKYO, [TOKYO], [TOKYO, OSAKA, 5], [TOKYO, 5])
        ),
        (
            network(PAIR | {"peers": [TOKYO, OSAKA, BRANCH]}),
            (
                "l2tp_connections[0].peers has more than two hosts; write topology: mesh to connect each of them with "
                "each, or hub: and the name of the one that is connected with the others."
            ),
        ),
        (
            network(PAIR | {"peers": [TOKYO, "rras-\u202eosaka"]}),
            (
                "The connection tokyo-osaka names the peer 'rras-\\u202eosaka', which is not in the inventory; "
                "correct the name, or add the host."
            ),
        ),
        (
            network(PAIR | {"preshared_key": 12345}),
            "l2tp_connections[0].preshared_key must be text; put it in quotes.",
        ),
        (
            network(PAIR | {"filter_action": "block"}),
            "l2tp_connections[0]" + NO_ACTION,
        ),
        (
            network(PAIR | {"key": KEY}),
            (
                "l2tp_connections[0] has an unknown option (its "
                "name is not shown, because it may be a key); the options of a connection are "
                "name, peers, topology, hub, preshared_key, certificate_authority, authentication, filter_action."
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
                "The connection tokyo-osaka has rras-tokyo as both peers; "
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
                f"The connection tokyo-osaka {fault}",
            )
            for entry, fault in (
                (without(PAIR, "preshared_key"), NO_AUTHENTICATION),
                (
                    PAIR | {"certificate_authority": "CN=Example"},
                    BOTH.format("preshared_key and certificate_authority"),
                ),
                (PAIR | {"authentication": [{"kerberos": True}]}, BOTH.format("preshared_key and authentication")),
            )
        ),
        *(
            (network(PAIR | {"preshared_key": key}), f"preshared_key of the connection tokyo-osaka {fault}")
            for key, fault in (
                *(
                    (key, "is empty or invisible; write the key that both servers share.")
                    for key in ("", " ", "\u200b")
                ),
                ("k", "is one character; write a longer key."),
                (
                    "key ",
                    "begins or ends with a blank or another invisible character; delete it on both servers.",
                ),
                ("one\ntwo", "contains a line break or a NUL; write it as one line of text."),
            )
        ),
        *(
            (
                network(FAR | {"certificate_authority": authority}),
                (
                    "certificate_authority of the connection tokyo-branch is not a distinguished name; "
                    "write it as in the certificate, such as 'CN=Example Root CA, O=Example'."
                ),
            )
            for authority in ("", "ca.pem", "CN=Example,,O")
        ),
        (
            network(FAR | {"certificate_authority": "CN=Exa\u202emple"}),
            (
                "certificate_authority of the connection tokyo-branch has a character that reverses the writing "
                "direction, so that another name is displayed; delete it."
            ),
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
                "write it into the variables of a group that contains both."
            ),
        ),
        (
            network(PAIR, own={OSAKA: ["malformed"]}),
            (
                "The connection tokyo-osaka is declared for rras-tokyo but not for rras-osaka; "
                "write it into the variables of a group that contains both."
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
    without_authority = changed(network(PAIR), TOKYO, other_peers="certificate")
    assert networks.problems(without_authority, TOKYO) == [
        (
            "l2tp_other_peers is certificate, but l2tp_other_peers_certificate_authority is not defined "
            "for rras-tokyo; write the name of the certification authority."
        )
    ]
    assert networks.problems(changed(without_authority, TOKYO, certificate_authority="CN=x"), TOKYO) == []
    assert networks.problems(changed(network(PAIR), TOKYO, other_peers="all"), TOKYO) == [
        "l2tp_other_peers of rras-tokyo is not one of block, certificate, ignore; write one of them."
    ]


UNPROTECTED = [
    ({"action": "permit"}, "has the action permit, which leaves L2TP in clear text; write negotiate, or leave it out."),
    (
        {"offers": [{"encryption": "none"}]},
        "has an offer without encryption, which leaves L2TP readable; write 3des, or leave it out.",
    ),
    (
        {"offers": [{}, {"encryption": "none"}]},
        "has an offer without encryption, which leaves L2TP readable; write 3des, or leave it out.",
    ),
    ({"action": "block"}, "has the action block, which lets no L2TP through; write negotiate, or leave it out."),
    *(
        (
            {"accept_unsecured": yes},
            "has accept_unsecured, which accepts L2TP in clear text; write false, or leave it out.",
        )
        for yes in (True, "true", "yes", 1, "on")
    ),
    (
        {"fall_back_to_clear_text": "True"},
        (
            "has fall_back_to_clear_text, which sends L2TP in clear text to any peer that does not answer with IPsec; "
            "write false, or leave it out."
        ),
    ),
]


class TestClearText:
    """The role needs no filter action that lets clear text through."""

    @pytest.mark.parametrize(("action", "sentence"), UNPROTECTED)
    def test_for_all_connections_of_a_host(self, action: dict[str, Any], sentence: str) -> None:
        servers = changed(network(PAIR), TOKYO, OSAKA, **DEFAULTS | {"filter_action": _view.filter_action(action)})
        assert networks.problems(servers, TOKYO) == [f"l2tp_filter_action of rras-tokyo {sentence}"]
        assert networks.problems(servers, BRANCH) == []

    @pytest.mark.parametrize(("action", "sentence"), UNPROTECTED)
    def test_for_one_connection(self, action: dict[str, Any], sentence: str) -> None:
        own = {"tokyo-osaka": _view.filter_action(action)}
        servers = changed(network(PAIR | {"filter_action": action}), TOKYO, OSAKA, own_filter_actions=own)
        assert networks.problems(servers, OSAKA) == [f"filter_action of the connection tokyo-osaka {sentence}"]

    def test_for_the_other_end_alone(self) -> None:
        servers = changed(network(PAIR), TOKYO, OSAKA, **DEFAULTS)
        servers = changed(servers, OSAKA, filter_action=_view.filter_action({"action": "permit"}))
        (said,) = networks.problems(servers, TOKYO)
        assert said.startswith(
            "rras-tokyo stopped because its peer rras-osaka is declared wrongly: l2tp_filter_action of "
            "rras-osaka has the action permit"
        )

    @pytest.mark.parametrize("no", [False, "false", "no", 0])
    def test_a_boolean_that_is_false_in_other_words(self, no: object) -> None:
        action = _view.filter_action({"accept_unsecured": no, "fall_back_to_clear_text": no, "action": "negotiate"})
        assert action is not None
        assert networks.problems(changed(network(PAIR), TOKYO, OSAKA, filter_action=action), TOKYO) == []

    def test_what_the_module_refuses_is_left_to_it(self) -> None:
        actions: list[object] = [{"accept_unsecured": "maybe"}, {"actoin": "permit"}, "x", [], {"offers": []}]
        assert [_view.filter_action(action) for action in actions] == [None] * len(actions)
        main_modes: list[object] = [{"methods": []}, {"methods": [{"dh_group": 5}]}, {"lifetime": 0}, "x"]
        assert [_view.main_mode(main_mode) for main_mode in main_modes] == [None] * len(main_modes)
        assert networks.problems(changed(network(PAIR), TOKYO, filter_action=None), TOKYO) == []


class TestOneFilterOneKey:
    """Two connections of one host between the same two addresses would make the same filter twice."""

    kobe = "rras-kobe"
    twin = PAIR | {"name": "tokyo-kobe", "peers": [TOKYO, kobe], "preshared_key": "another key"}

    @pytest.mark.parametrize("peers", [[TOKYO, kobe], [kobe, TOKYO]])
    def test_two_peers_with_one_address(self, peers: list[str]) -> None:
        servers = network(PAIR, self.twin | {"peers": peers}, addresses={self.kobe: "192.0.2.2"})
        sentence = (
            "The connections tokyo-osaka and tokyo-kobe are both between 192.0.2.1 and 192.0.2.2, and one filter can "
            "have only one key; correct l2tp_address of rras-kobe or rras-osaka, or delete one of the connections."
        )
        assert networks.problems(servers, TOKYO) == [sentence]
        for peer in (OSAKA, self.kobe):
            assert networks.problems(servers, peer) == [
                f"{peer} stopped because its peer rras-tokyo is declared wrongly: {sentence}"
            ]

    def test_other_pairs_may_have_the_same_addresses(self) -> None:
        """Networks that do not know each other."""
        other = PAIR | {"name": "kobe-nagoya", "peers": [self.kobe, "rras-nagoya"]}
        servers = network(PAIR, other, addresses={self.kobe: "192.0.2.1", "rras-nagoya": "192.0.2.2"})
        assert [problem for host in servers for problem in networks.problems(servers, host)] == []


WEAK = {"encryption": "des", "integrity": "md5"}


class TestProposals:
    """Both ends must have a proposal in common."""

    @pytest.mark.parametrize(
        ("osaka", "sentence"),
        [
            (
                {"main_mode": _view.main_mode({"methods": [WEAK | {"dh_group": 1}]})},
                (
                    "The connection tokyo-osaka can't be negotiated, because the two ends have no common proposal "
                    "for main mode (rras-osaka proposes DES / MD5 / Diffie-Hellman group 1 (768), rras-tokyo "
                    "proposes 3DES / SHA1 / Diffie-Hellman group 14 (2048) or 3DES / SHA1 / Diffie-Hellman group 2 "
                    "(1024)); write the same l2tp_main_mode for both."
                ),
            ),
            (
                {"filter_action": _view.filter_action({"offers": [WEAK]})},
                (
                    "The connection tokyo-osaka can't be negotiated, because the two ends have no common proposal "
                    "for quick mode (rras-osaka proposes ESP DES/MD5, rras-tokyo proposes ESP 3DES/SHA1); write the "
                    "same l2tp_filter_action for both."
                ),
            ),
            (
                {"filter_action": _view.filter_action(PFS)},
                (
                    "The connection tokyo-osaka can't be negotiated, because the two ends have no common proposal "
                    "for quick mode (rras-osaka proposes ESP 3DES/SHA1 with perfect forward secrecy, rras-tokyo "
                    "proposes ESP 3DES/SHA1); write the same l2tp_filter_action for both."
                ),
            ),
        ],
    )
    def test_ends_that_can_not_negotiate(self, osaka: dict[str, Any], sentence: str) -> None:
        servers = changed(changed(network(PAIR), TOKYO, OSAKA, **DEFAULTS), OSAKA, **osaka)
        assert networks.problems(servers, TOKYO) == [sentence]
        assert networks.problems(servers, OSAKA) == [sentence]

    def test_the_hosts_do_not_matter_if_a_connection_has_its_own_filter_action(self) -> None:
        own = {"tokyo-osaka": _view.filter_action(PFS)}
        servers = changed(network(PAIR | {"filter_action": PFS}), TOKYO, OSAKA, **DEFAULTS, own_filter_actions=own)
        servers = changed(servers, OSAKA, filter_action=_view.filter_action({"offers": [WEAK]}))
        assert networks.problems(servers, TOKYO) == []

    def test_ends_that_differ_and_meet(self) -> None:
        more = {
            "main_mode": _view.main_mode({"methods": [WEAK | {"dh_group": 1}, {"dh_group": 2}], "lifetime": 60}),
            "filter_action": _view.filter_action({"offers": [WEAK, {"lifetime_seconds": 600}]}),
        }
        servers = changed(changed(network(PAIR), TOKYO, OSAKA, **DEFAULTS), OSAKA, **more)
        assert networks.problems(servers, TOKYO) == []

    def test_nothing_is_known_of_an_end_that_is_not_managed(self) -> None:
        servers = changed(network(FAR), TOKYO, BRANCH, **DEFAULTS)
        servers = changed(servers, BRANCH, filter_action=_view.filter_action(PFS))
        assert networks.problems(servers, TOKYO) == []


class TestPeers:
    """A host goes on only when the declarations of all that it is connected with are right."""

    def test_the_peer_with_the_fault_is_named(self) -> None:
        servers = changed(network(PAIR), OSAKA, problems=(NEITHER,))
        assert networks.problems(servers, OSAKA) == [NEITHER]
        for removal in (True, False):
            assert networks.problems(servers, TOKYO, removal=removal) == [
                f"rras-tokyo stopped because its peer rras-osaka is declared wrongly: {NEITHER}"
            ]

    def test_over_any_number_of_connections(self) -> None:
        chain = PAIR | {"name": "osaka-kobe", "peers": [OSAKA, "rras-kobe"]}
        servers = network(PAIR, chain, addresses={"rras-kobe": "kobe"})
        assert networks.problems(servers, TOKYO) == [
            (
                "rras-tokyo stopped because its peer rras-kobe is declared wrongly: l2tp_address of rras-kobe "
                "is not an IPv4 address; write an address of the server, such as 192.0.2.1."
            )
        ]

    @pytest.mark.parametrize("theirs", ["x", ["x"], [PAIR | {"peers": 5}], [PAIR, {"peers": [OSAKA, TOKYO, 5]}]])
    def test_whatever_form_their_connections_have(self, theirs: Any) -> None:
        servers = network(PAIR, own={OSAKA: theirs})
        assert len(networks.problems(servers, TOKYO)) == 1
        assert networks.problems(servers, TOKYO, removal=True) == []

    def test_an_end_that_is_not_managed_has_no_declaration_of_its_own(self) -> None:
        assert networks.problems(network(FAR, own={BRANCH: None}), TOKYO) == []


@pytest.mark.parametrize("name", ["tokyo\x1b[31m", "tokyo\nosaka", "tokyo\u202eosaka", "tokyo\x07"])
@pytest.mark.parametrize(
    "others",
    [
        pytest.param(lambda name: [PAIR | {"name": name}] * 2, id="the same name"),
        pytest.param(lambda name: [PAIR, PAIR | {"name": name}], id="the same peers"),
        pytest.param(lambda name: [PAIR | {"name": name}, PAIR | {"name": f"{name}2"}], id="the same peers, twice so"),
        pytest.param(
            lambda name: [PAIR, {**FAR, "name": name, "peers": [OSAKA, BRANCH], "preshared_key": "another"}],
            id="the same addresses",
        ),
    ],
)
def test_no_sentence_has_a_character_that_a_terminal_obeys(name: str, others: Callable[[str], list[Any]]) -> None:
    """Other sentences than the one about the name quote it, too, and are made before it is checked."""
    servers = network(*others(name), addresses={BRANCH: "192.0.2.1"})
    said = networks.problems(servers, OSAKA)
    assert said
    assert all(sentence.isprintable() for sentence in said), said
    assert any("declared twice" in each or "the same two peers" in each or "one filter can" in each for each in said)


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
    servers = network(PAIR | {"filter_action": {"offers": [WEAK]}})
    (rule,) = networks.rules(servers, TOKYO, other_peers="ignore", filter_action={"pfs": True})
    assert rule["filter_action"] == {"offers": [WEAK]}


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
        beside = networks.beside(edges)
        component = networks.component(edge[0], beside)
        assert set(edge) <= component
        assert all(networks.component(member, beside) == component for member in component)


ENTRIES = st.lists(
    st.fixed_dictionaries(
        {
            "name": st.sampled_from(["one", "two", "three"]),
            "peers": st.lists(st.sampled_from([TOKYO, OSAKA, BRANCH, "elsewhere"]), min_size=1, max_size=2),
            "preshared_key": st.just(KEY),
        }
    ),
    max_size=4,
)


@given(shared=ENTRIES, own=st.dictionaries(st.sampled_from([TOKYO, OSAKA, BRANCH]), ENTRIES, max_size=2))
def test_all_connections_are_those_of_each_host(shared: list[Any], own: dict[str, list[Any]]) -> None:
    servers = network(*shared, own=own)
    of_hosts = [each for host in servers for each in networks.connections_of(servers, host)]
    wanted = {(each.name, frozenset(each.peers)) for each in of_hosts}
    found = [(each.name, frozenset(each.peers)) for each in networks.all_connections(servers)]
    assert len(found) == len(wanted)
    assert set(found) == wanted


@pytest.mark.parametrize("peers", [None, 7, [TOKYO, OSAKA, TOKYO], [TOKYO], TOKYO, [TOKYO, 7]])
def test_an_entry_of_another_form_is_no_connection(peers: object) -> None:
    assert [each.name for each in networks.all_connections(network(PAIR | {"name": "x", "peers": peers}, PAIR))] == [
        "tokyo-osaka"
    ]
