# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hubs, meshes, defaults and keys by name: the connections that they make, the same ones for both ends."""

from __future__ import annotations

import itertools
import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.rras.ipsec.plugins.plugin_utils import _view
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy import network as networks
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.network import Written, expand
from ansible_collections.rras.ipsec.tests.support import role

A, B, C, D = "alpha", "bravo", "charlie", "delta"
HOSTS = (A, B, C, D)
KEY, OTHER_KEY = "Uji-Byodoin:1053/Phoenix", "Nara-Todaiji:0752/Daibutsu"
AUTHORITY = "CN=Example Root CA, O=Example"
BY_AUTHORITY = {"certificate_authority": AUTHORITY}
KERBEROS: list[dict[str, Any]] = [{"kerberos": True}]
PFS = {"pfs": True}


def inventory(*entries: Any, **variables: Any) -> dict[str, dict[str, Any]]:
    """Return the variables of four servers that all declare the same."""
    shared = {"l2tp_connections": list(entries), **{f"l2tp_{name}": value for name, value in variables.items()}}
    return {name: {**shared, "l2tp_address": f"192.0.2.{number}"} for number, name in enumerate(HOSTS, start=1)}


def mesh(*peers: str, name: str = "offices", **options: Any) -> dict[str, Any]:
    return {"name": name, "peers": list(peers or HOSTS), "topology": "mesh", **options}


def hub(centre: str, *peers: str, name: str = "branches", **options: Any) -> dict[str, Any]:
    return {"name": name, "peers": list(peers or HOSTS), "hub": centre, **options}


def pair(*peers: str, name: str = "link", **options: Any) -> dict[str, Any]:
    return {"name": name, "peers": list(peers or (A, B)), **options}


def rule_names(declared: dict[str, dict[str, Any]], host: str) -> list[str]:
    return [rule["name"] for rule in role.rules(declared, host, "ignore")]


TOPOLOGIES: dict[str, tuple[list[dict[str, Any]], dict[str, list[str]]]] = {
    "a pair": ([pair(**BY_AUTHORITY)], {A: ["link"], B: ["link"], C: [], D: []}),
    "a mesh": (
        [mesh(A, B, C, **BY_AUTHORITY)],
        {
            A: ["offices/alpha/bravo", "offices/alpha/charlie"],
            B: ["offices/alpha/bravo", "offices/bravo/charlie"],
            C: ["offices/alpha/charlie", "offices/bravo/charlie"],
            D: [],
        },
    ),
    "a mesh of two": ([mesh(B, A, **BY_AUTHORITY)], {B: ["offices/bravo/alpha"], C: []}),
    "a hub, wherever it stands among the peers": (
        [hub(B, **BY_AUTHORITY)],
        {
            A: ["branches/bravo/alpha"],
            B: ["branches/bravo/alpha", "branches/bravo/charlie", "branches/bravo/delta"],
            D: ["branches/bravo/delta"],
        },
    ),
    "two hubs, connected with each other": (
        [hub(A, A, C, D, name="east", **BY_AUTHORITY), hub(B, B, D, name="west", **BY_AUTHORITY), pair(**BY_AUTHORITY)],
        {
            A: ["east/alpha/charlie", "east/alpha/delta", "link"],
            B: ["west/bravo/delta", "link"],
            C: ["east/alpha/charlie"],
            D: ["east/alpha/delta", "west/bravo/delta"],
        },
    ),
}


@pytest.mark.parametrize("case", TOPOLOGIES)
def test_the_rules_of_each_host_by_name_and_in_order(case: str) -> None:
    entries, expected = TOPOLOGIES[case]
    declared = inventory(*entries)
    assert {host: rule_names(declared, host) for host in expected} == expected
    assert {host: role.problems(declared, host) for host in HOSTS} == {host: [] for host in HOSTS}


def test_an_end_that_others_manage_has_the_same_connections() -> None:
    declared = inventory(hub(A, **BY_AUTHORITY))
    del declared[D]["l2tp_connections"]
    declared[D]["l2tp_managed"] = False
    assert role.problems(declared, A) == []
    assert rule_names(declared, A)[-1] == "branches/alpha/delta"


def test_a_peer_has_another_key_in_each_of_its_connections() -> None:
    keys = {f"branches/alpha/{peer}": f"{KEY} {peer}" for peer in (B, C, D)}
    declared = inventory(hub(A), preshared_keys=keys)
    assert role.problems(declared, A) == []
    assert [rule["authentication"] for rule in role.rules(declared, A, "ignore")] == [
        [{"preshared_key": key}] for key in keys.values()
    ]
    assert role.rules(declared, C, "ignore") == role.rules(declared, A, "ignore")[1:2]


@pytest.mark.parametrize(
    ("entry", "default", "keys", "authentication"),
    [
        pytest.param(pair(preshared_key=KEY), BY_AUTHORITY, {}, [{"preshared_key": KEY}], id="of its own"),
        pytest.param(pair(), BY_AUTHORITY, {"link": KEY}, [{"preshared_key": KEY}], id="a key by name"),
        pytest.param(pair(), BY_AUTHORITY, {"other": KEY}, [BY_AUTHORITY], id="the default"),
        pytest.param(pair(), {"authentication": KERBEROS}, {}, KERBEROS, id="a list as the default"),
        pytest.param(
            pair(authentication=[BY_AUTHORITY, *KERBEROS, {"preshared_key": KEY}]),
            {},
            {"link": KEY},
            [BY_AUTHORITY, *KERBEROS, {"preshared_key": KEY}],
            id="several in their order, one of them the key by name",
        ),
    ],
)
def test_what_a_connection_says_goes_before_its_key_by_name_and_that_before_the_default(
    entry: dict[str, Any], default: dict[str, Any], keys: dict[str, str], authentication: list[dict[str, Any]]
) -> None:
    declared = inventory(entry, default=default, preshared_keys=keys)
    assert role.problems(declared, A) == []
    (rule,) = role.rules(declared, A, "ignore")
    assert rule["authentication"] == authentication


def test_the_filter_action_of_the_default_is_that_of_all_but_those_with_one_of_their_own() -> None:
    des = {"offers": [{"encryption": "des"}]}
    declared = inventory(
        mesh(A, B, C, **BY_AUTHORITY), pair(A, D, filter_action=des, **BY_AUTHORITY), default={"filter_action": PFS}
    )
    assert [rule["filter_action"] for rule in role.rules(declared, A, "ignore", None, des)] == [PFS, PFS, des]
    declared[B]["l2tp_filter_action"] = des  # which counts for neither, so both ends can negotiate
    assert role.problems(declared, A) == []


@pytest.mark.parametrize(
    ("connections", "sentence"),
    [
        (
            [mesh(topology="ring")],
            "l2tp_connections[0].topology must be mesh; for a hub, write hub: and the name of one of the peers.",
        ),
        ([mesh(hub=A)], "l2tp_connections[0] has both topology and hub; write one of them."),
        *(
            (
                [mesh() | {"peers": peers}],
                (
                    "l2tp_connections[0].peers must be the inventory names of two hosts or more; "
                    "write, for example, [rras-tokyo, rras-osaka, rras-kyoto]."
                ),
            )
            for peers in (None, A, [A], [A, 5])
        ),
        ([mesh(A, B, A)], "l2tp_connections[0].peers names a host twice; delete one of the two."),
        (
            [hub(D, A, B)],
            "l2tp_connections[0].hub is not one of its peers; write the name of one of them, or add it to peers.",
        ),
        (
            [hub(A, preshared_key=KEY)],
            (
                "l2tp_connections[0].preshared_key would be one key for several connections; "
                "write a key for each into l2tp_preshared_keys, or let rras.ipsec.keys make them."
            ),
        ),
        (
            [mesh(authentication=[*KERBEROS, {"preshared_key": KEY}])],
            (
                "l2tp_connections[0].authentication[1].preshared_key would be one key for several connections; "
                "write a key for each into l2tp_preshared_keys, or let rras.ipsec.keys make them."
            ),
        ),
        (
            [pair(authentication={"preshared_key": KEY})],
            (
                "l2tp_connections[0].authentication must be a list of methods in order of preference; "
                "begin each with a dash."
            ),
        ),
        (
            [pair(authentication=[])],
            "l2tp_connections[0].authentication is empty; write preshared_key, certificate_authority or kerberos.",
        ),
        *(
            (
                [pair(authentication=[method])],
                (
                    "l2tp_connections[0].authentication[0] must be a dictionary with exactly one of "
                    "preshared_key, certificate_authority and kerberos."
                ),
            )
            for method in (KEY, {}, {"psk": KEY}, {"preshared_key": KEY, "kerberos": True})
        ),
        (
            [pair(authentication=[{"preshared_key": 10531053}])],
            "l2tp_connections[0].authentication[0].preshared_key must be text; put it in quotes.",
        ),
        (
            [pair(authentication=[{"kerberos": False}])],
            "l2tp_connections[0].authentication[0].kerberos must be true; write true, or delete the method.",
        ),
        (
            [pair(authentication=[{"preshared_key": "k"}])],
            "authentication[0].preshared_key of the connection link is one character; write a longer key.",
        ),
        (
            [pair(authentication=[*KERBEROS, {"certificate_authority": "ca.pem"}])],
            (
                "authentication[1].certificate_authority of the connection link is not a distinguished name; "
                "write it as in the certificate, such as 'CN=Example Root CA, O=Example'."
            ),
        ),
        (
            [hub(A, A, "echo", **BY_AUTHORITY)],
            (
                "The connection branches/alpha/echo names the peer echo, which is not in the inventory; "
                "correct the name, or add the host."
            ),
        ),
        (
            [mesh(A, B, **BY_AUTHORITY), pair(**BY_AUTHORITY)],
            (
                "The connections offices/alpha/bravo and link have the same two peers; "
                "delete one of them from l2tp_connections."
            ),
        ),
        (
            [mesh(A, B)],
            (
                "The connection offices/alpha/bravo has no authentication; write preshared_key, certificate_authority "
                "or authentication, or its key into l2tp_preshared_keys (rras.ipsec.keys makes one)."
            ),
        ),
        (
            [hub(A, A, B, name="b" * 250, **BY_AUTHORITY)],
            (
                f"The name of the connection '{'b' * 24}...{'b' * 12}/alpha/bravo' is longer than 255 characters; "
                "write a shorter name."
            ),
        ),
    ],
)
def test_what_is_wrong_with_connections(connections: list[Any], sentence: str) -> None:
    assert role.problems(inventory(*connections), A) == [sentence]


@pytest.mark.parametrize(
    ("variable", "value", "sentence"),
    [
        (
            "default",
            [KEY],
            (
                "l2tp_default must be a dictionary; write certificate_authority, authentication or filter_action, "
                "each as 'option: value'."
            ),
        ),
        (
            "default",
            {"preshared_key": KEY},
            (
                "l2tp_default has an unknown option (its name is not shown, because it may be a key); "
                "the options are certificate_authority, authentication, filter_action."
            ),
        ),
        (
            "default",
            {"authentication": [{"preshared_key": KEY}]},
            (
                "l2tp_default.authentication[0].preshared_key would be one key for several connections; "
                "write a key for each into l2tp_preshared_keys, or let rras.ipsec.keys make them."
            ),
        ),
        (
            "default",
            {**BY_AUTHORITY, "authentication": KERBEROS},
            "l2tp_default has both certificate_authority and authentication; write one of them.",
        ),
        ("default", {"certificate_authority": 5}, "l2tp_default.certificate_authority must be text; put it in quotes."),
        (
            "default",
            {"filter_action": {"action": KEY}},
            "l2tp_default.filter_action.action is not one of its choices; write negotiate, block or permit.",
        ),
        (
            "default",
            {"filter_action": {"action": "permit"}},
            (
                "filter_action in l2tp_default has the action permit, which leaves L2TP in clear text; "
                "write negotiate, or leave it out."
            ),
        ),
        (
            "preshared_keys",
            [{"link": KEY}],
            (
                "l2tp_preshared_keys must be a dictionary of keys by the names of their connections; "
                "write each as 'name: \"key\"'."
            ),
        ),
        *(
            ("preshared_keys", keys, "l2tp_preshared_keys has a name or a key that is not text; put both in quotes.")
            for keys in ({"link": 10531053}, {10531053: KEY}, {"link": [KEY]}, {"link": None})
        ),
        (
            "preshared_keys",
            {"link": OTHER_KEY},
            (
                "The connection link has an authentication of its own, and a key in l2tp_preshared_keys, "
                "which is not used; delete one of them."
            ),
        ),
    ],
)
def test_what_is_wrong_with_what_belongs_to_connections(variable: str, value: Any, sentence: str) -> None:
    declared = inventory(pair(**BY_AUTHORITY), **{variable: value})
    assert role.problems(declared, A) == [sentence]


def test_both_ends_must_have_the_same_keys_and_defaults() -> None:
    entry = mesh(A, B)
    differently = "The connection offices/alpha/bravo is declared differently for alpha and bravo ({}); "
    once = "write it once, into the variables of a group that contains both."
    declared = inventory(entry, preshared_keys={"offices/alpha/bravo": KEY})
    declared[B]["l2tp_preshared_keys"] = {"offices/alpha/bravo": OTHER_KEY}
    assert role.problems(declared, A) == [differently.format("preshared_key") + once]
    declared = inventory(entry, default={"authentication": KERBEROS})
    declared[B]["l2tp_default"] = BY_AUTHORITY
    assert role.problems(declared, B) == [differently.format("certificate_authority, authentication") + once]


def test_one_end_may_write_a_hub_where_the_other_writes_the_pair() -> None:
    declared = inventory(hub(A, A, B, **BY_AUTHORITY))
    declared[B]["l2tp_connections"] = [pair(name="branches/alpha/bravo", **BY_AUTHORITY)]
    assert role.problems(declared, A) == []


class TestKeys:
    """A key in the dictionary is treated as one beside its connection."""

    part = "A key in l2tp_preshared_keys is part of {}, which is shown; write another key, or change that text."

    @pytest.mark.parametrize(
        ("key", "place"),
        [
            ("fices", "l2tp_connections[0].name"),
            ("BRAVO", "l2tp_connections[0].peers[1]"),
            ("offices/alpha/br", "the name of a connection of a hub or a mesh"),
            ("192.0.2.", "l2tp_address of alpha"),
            ("Root CA", "l2tp_default.certificate_authority"),
            ("to site", "l2tp_policy_name"),
        ],
    )
    @pytest.mark.parametrize("name", ["offices/alpha/bravo", "of a connection that is gone"])
    def test_a_key_that_is_part_of_a_shown_text_is_refused(self, key: str, place: str, name: str) -> None:
        declared = inventory(mesh(A, B), preshared_keys={name: key}, default=BY_AUTHORITY)
        said = role.problems(declared, A, {"l2tp_policy_name": "L2TP site to site"})
        assert said[0] == self.part.format(place)
        assert not any(key in sentence for sentence in said)

    def test_a_key_of_another_host_is_said_to_be_that_host_s(self) -> None:
        declared = inventory(mesh(A, B), preshared_keys={"offices/alpha/bravo": KEY})
        declared[B]["l2tp_preshared_keys"] = {"offices/alpha/bravo": "offices"}
        assert role.problems(declared, A)[0].startswith("A key in l2tp_preshared_keys of bravo is part of ")

    def test_a_key_in_a_list_of_methods_is_found(self) -> None:
        declared = inventory(pair(authentication=[*KERBEROS, {"preshared_key": "link"}]))
        assert role.problems(declared, A) == [
            (
                "l2tp_connections[0].authentication[1].preshared_key is part of l2tp_connections[0].name, which is "
                "shown; write another key, or change that text."
            )
        ]

    def test_no_representation_shows_a_key(self) -> None:
        declared = inventory(mesh(), preshared_keys={"offices/alpha/bravo": KEY, KEY: KEY})
        nodes = _view.network(declared, A)
        shown = [nodes, nodes[A].as_written, *networks.connections_of(nodes, A)]
        assert KEY not in repr(shown)

    def test_a_name_that_is_a_key_is_in_no_sentence(self) -> None:
        """Name and key in each other's place: the connection has none, and neither text is quoted."""
        said = role.problems(inventory(mesh(A, B), preshared_keys={KEY: "offices/alpha/bravo"}), A)
        assert said
        assert KEY not in " ".join(said)


def test_several_keys_or_an_authority() -> None:
    """KB 240262, "several keys or a CA": one policy takes connections with keys of their own, and with certificates."""
    declared = inventory(
        hub(A, A, B, C, name="keys"),
        pair(A, D, name="certificates", authentication=[BY_AUTHORITY, {"preshared_key": OTHER_KEY}]),
        preshared_keys={"keys/alpha/bravo": KEY, "keys/alpha/charlie": KEY + "!"},
    )
    assert [rule["authentication"] for rule in role.rules(declared, A, "certificate", "CN=Others")] == [
        [{"preshared_key": KEY}],
        [{"preshared_key": KEY + "!"}],
        [BY_AUTHORITY, {"preshared_key": OTHER_KEY}],
        [{"certificate_authority": "CN=Others"}],
    ]


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        (pair(preshared_key=KEY), "the preshared key"),
        (pair(**BY_AUTHORITY), f"certificates of {AUTHORITY}"),
        (
            pair(authentication=[BY_AUTHORITY, *KERBEROS, {"preshared_key": KEY}]),
            f"certificates of {AUTHORITY}, or else Kerberos, or else the preshared key",
        ),
    ],
)
def test_a_connection_says_by_what_means_without_the_key(entry: dict[str, Any], words: str) -> None:
    (connection,) = networks.connections_of(_view.network(inventory(entry), A), A)
    assert connection.means == words


ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.sampled_from([*HOSTS, "mesh", "ring", ""]),
    lambda each: st.lists(each, max_size=3) | st.dictionaries(st.sampled_from(["name", "peers", "link"]), each),
    max_leaves=6,
)
ENTRY = st.fixed_dictionaries(
    {},
    optional={
        "name": st.sampled_from(["offices", "link"]) | ANY,
        "peers": st.lists(st.sampled_from(HOSTS)) | ANY,
        "topology": st.just("mesh") | ANY,
        "hub": st.sampled_from(HOSTS) | ANY,
        "preshared_key": st.just(KEY) | ANY,
        "authentication": st.lists(st.dictionaries(st.sampled_from(["preshared_key", "kerberos"]), ANY)) | ANY,
        "filter_action": ANY,
    },
)


@given(connections=st.lists(ENTRY | ANY, max_size=4) | ANY, default=ENTRY | ANY, keys=ANY)
def test_whatever_is_written_ends_in_sentences_or_in_rules(connections: Any, default: Any, keys: Any) -> None:
    declared = inventory(default=default, preshared_keys=keys)
    for variables in declared.values():
        variables["l2tp_connections"] = connections
    before = json.dumps(declared)
    for host in HOSTS:
        problems = role.problems(declared, host)
        assert all(sentence.endswith(".") and KEY not in sentence for sentence in problems)
        rules = [] if problems else role.rules(declared, host, "ignore")
        assert all(rule["authentication"] for rule in rules)
    assert json.dumps(declared) == before, "what is written is only read"


@given(peers=st.lists(st.text(min_size=1, max_size=3), min_size=2, max_size=8, unique=True), data=st.data())
def test_a_mesh_connects_each_with_each_and_a_hub_itself_with_each(peers: list[str], data: st.DataObject) -> None:
    centre = data.draw(st.sampled_from(peers))
    links = {
        "mesh": expand(Written([{"name": "n", "peers": peers, "topology": "mesh"}])),
        "hub": expand(Written([{"name": "n", "peers": peers, "hub": centre}])),
    }
    pairs = {name: [frozenset(link["peers"]) for link in found] for name, found in links.items()}
    assert set(pairs["mesh"]) == set(map(frozenset, itertools.combinations(peers, 2)))
    assert set(pairs["hub"]) == {frozenset((centre, peer)) for peer in peers if peer != centre}
    for name, found in links.items():
        assert len(set(pairs[name])) == len(pairs[name])
        assert [link["name"] for link in found] == [f"n/{'/'.join(link['peers'])}" for link in found]
        assert not any(option in link for link in found for option in ("topology", "hub"))


@given(peers=st.permutations(HOSTS), place=st.integers(0, 4))
def test_another_peer_changes_nothing_of_the_connections_of_the_others(peers: list[str], place: int) -> None:
    entry = mesh(*peers)
    more = mesh(*peers[:place], "echo", *peers[place:])
    before, after = (expand(Written([each])) for each in (entry, more))
    assert [link for link in after if "echo" not in link["peers"]] == before


DOCS = Path(__file__).parents[3] / "docs"
PAGES = ("pair", "hub", "mesh", "several_hubs", "unmanaged_end", "several_keys")
EXAMPLES = [
    (document, number, yaml.safe_load(text))
    for document in ("topologies.md", "keys.md", *(f"topologies/{page}.md" for page in PAGES))
    for number, text in enumerate(
        re.findall(r"^```yaml\n(.*?)^```$", (DOCS / document).read_text("utf-8"), re.MULTILINE | re.DOTALL)
    )
    if "l2tp_connections:" in text
]


def plain(value: Any) -> Any:
    """Put a key for each template."""
    if isinstance(value, dict):
        return {name: plain(each) for name, each in value.items()}
    if isinstance(value, list):
        return [plain(each) for each in value]
    return KEY if isinstance(value, str) and "{{" in value else value


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda each: f"{each[0]}-{each[1]}")
def test_the_documented_examples_are_right(example: tuple[str, int, dict[str, Any]]) -> None:
    shared = plain(example[2])
    hosts = dict.fromkeys(peer for entry in shared["l2tp_connections"] for peer in entry["peers"])
    links = [link["name"] for link in expand(Written(shared["l2tp_connections"]))]
    lacking = [link["name"] for link in expand(Written(shared["l2tp_connections"])) if set(link) == {"name", "peers"}]
    shared["l2tp_preshared_keys"] = dict.fromkeys(lacking, KEY)
    declared = {name: {**shared, "l2tp_address": f"192.0.2.{number}"} for number, name in enumerate(hosts, start=1)}
    assert [sentence for host in hosts for sentence in role.problems(declared, host)] == []
    assert sorted(links) == sorted({name for host in hosts for name in rule_names(declared, host)})


def test_each_topology_has_a_page_with_an_example() -> None:
    assert {f"topologies/{page}.md" for page in PAGES} <= {document for document, _number, _text in EXAMPLES}
    assert {path.stem for path in (DOCS / "topologies").glob("*.md")} == set(PAGES)
    text = (DOCS / "topologies.md").read_text(encoding="utf-8")
    assert all(f"(topologies/{page}.md)" in text for page in PAGES)
