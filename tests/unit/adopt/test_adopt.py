# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A policy that exists is declared by the variables that are made of it; what they can't say is listed."""

from __future__ import annotations

import dataclasses
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.rras.ipsec.plugins.plugin_utils import _rendering
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy import declaration, host, model, render, store
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.adopt import (
    Adopted,
    AdoptError,
    Place,
    adopt,
    chosen,
    export_findings,
    with_surroundings,
)
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.registry import Key, Kind, Tree, Value, join
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.render import content, reg_file
from ansible_collections.rras.ipsec.tests.lab.windows.registry import differences
from ansible_collections.rras.ipsec.tests.support.declared import KEY, OTHERS, PAIR, declared, with_key
from ansible_collections.rras.ipsec.tests.support.foreign import ASSIGNED_PATH, foreign_policies
from ansible_collections.rras.ipsec.tests.support.forms import FORMS, Form, closed, rewritten
from ansible_collections.rras.ipsec.tests.support.server import Server

TOKYO, OSAKA = "192.0.2.1", "192.0.2.2"
PLACE = Place("tokyo", {TOKYO: "tokyo", OSAKA: "osaka"})
CERTIFIED = PAIR | {"authentication": [{"certificate_authority": "CN=Example Root CA"}]}
THIRD = PAIR | {"name": "tokyo-kyoto", "filters": [{"source_address": TOKYO, "destination_address": "192.0.2.3"}]}


def stored(policy: model.Policy) -> store.StoredPolicy:
    """A policy as it stands in a store."""
    found = store.Store.read(Tree(content.keys(policy)))
    assert found.policies
    return found.policies[0]


def of(*rules: Any, place: Place = PLACE, **given: Any) -> Adopted:
    return adopt(stored(declared(*rules, **given).policy), place)


def changed(change: Callable[[model.Rule], model.Rule]) -> Adopted:
    """What becomes of the pair's policy whose first rule was changed."""
    policy = declared().policy
    return adopt(_Found(dataclasses.replace(policy, rules=(change(policy.rules[0]), *policy.rules[1:]))).stored, PLACE)


@dataclasses.dataclass(frozen=True)
class _Found:
    """A policy that the structures of version 1 can't say, as if it had been read."""

    policy: model.Policy

    @property
    def stored(self) -> store.StoredPolicy:
        return store.StoredPolicy("path", "{guid}", self.policy)


def filled(value: Any, key: str) -> Any:
    """The same, with the keys in the vault."""
    if isinstance(value, dict):
        return {name: key if name == "preshared_key" else filled(each, key) for name, each in value.items()}
    return [filled(each, key) for each in value] if isinstance(value, list) else value


def options(adopted: Adopted, key: str = KEY) -> dict[str, Any]:
    """The options of the module that the role makes of the variables, with the keys in the vault."""
    connections = filled(adopted.variables["l2tp_connections"], key)
    ends = ("l2tp_main_mode", "l2tp_filter_action")
    shared = {name: adopted.variables[name] for name in ends if name in adopted.variables}
    shared["l2tp_connections"] = connections
    peers = {name: {"l2tp_address": address} for name, address in adopted.peers.items()}
    known = {"osaka": {"l2tp_address": OSAKA}, **peers}
    hostvars = {name: variables | {"l2tp_managed": False} | shared for name, variables in known.items()}
    hostvars["tokyo"] = {**adopted.variables, **shared}
    found = _rendering.Declared.of(hostvars, "tokyo")
    assert found.problems(_rendering.kinds(hostvars, found.nodes)) == []
    return found.options


def applied(adopted: Adopted) -> declaration.Declaration:
    return _rendering.declare(options(adopted))


# --- what can be declared ---


@pytest.mark.parametrize(
    ("rules", "given"),
    [
        pytest.param((PAIR, OTHERS), {}, id="a pair"),
        pytest.param((PAIR,), {}, id="nothing for others"),
        pytest.param((PAIR | {"authentication": [{"preshared_key": KEY}, {"certificate_authority": "CN=Example"},
                     {"kerberos": True}]}, OTHERS), {}, id="several methods"),
        pytest.param((PAIR | {"authentication": [{"kerberos": True}]}, OTHERS), {}, id="Kerberos"),
        pytest.param((CERTIFIED, OTHERS), {"polling_interval": 30, "name": "Another"}, id="a certificate"),
        pytest.param((PAIR, OTHERS | CERTIFIED | {"name": "others", "filters": OTHERS["filters"], "filter_action": {}}),
                     {}, id="certificates for others"),
        pytest.param((PAIR, THIRD, OTHERS), {"main_mode": {"methods": [{"encryption": "des", "integrity": "md5",
                     "dh_group": 1}], "lifetime": 60, "quick_mode_limit": 3, "pfs": True}}, id="main mode"),
        pytest.param((PAIR | {"filter_action": {"pfs": True}}, THIRD | {"filter_action": {"pfs": True}}, OTHERS), {},
                     id="one filter action for all"),
        pytest.param((PAIR | {"filter_action": {"offers": [{"encryption": "des", "lifetime_seconds": 0}]}}, THIRD), {},
                     id="a filter action of its own"),
        pytest.param((PAIR | {"name": "{{ 7 * 7 }}"}, OTHERS), {}, id="a name that looks like a template"),
    ],
)  # fmt: skip
def test_what_is_adopted_declares_the_policy(rules: tuple[Any, ...], given: dict[str, Any]) -> None:
    policy = declared(*rules, **given).policy
    adopted = adopt(stored(policy), PLACE)
    assert adopted.left_out == ()
    assert model.meaning(applied(adopted).policy) == model.meaning(policy)
    assert applied(adopted).policy.name == policy.name


def test_only_what_is_not_the_default_is_written() -> None:
    assert of().variables == {
        "l2tp_address": TOKYO,
        "l2tp_connections": [
            {"name": "tokyo-osaka", "peers": ["tokyo", "osaka"], "preshared_key": "{{ vault_l2tp_tokyo_osaka_key }}"}
        ],
    }
    assert of().keys == {"vault_l2tp_tokyo_osaka_key": "tokyo-osaka"}


def test_what_all_connections_share_is_written_once() -> None:
    pfs = {"filter_action": {"pfs": True}}
    variables = of(PAIR | pfs, THIRD | pfs).variables
    assert variables["l2tp_filter_action"] == {"pfs": True}
    assert all("filter_action" not in entry for entry in variables["l2tp_connections"])
    assert variables["l2tp_other_peers"] == "ignore"


@given(st.lists(st.text(max_size=6), min_size=2, max_size=2))
def test_each_connection_gets_a_name_and_its_key_a_variable_of_its_own(names: list[str]) -> None:
    policy = declared(PAIR, THIRD).policy
    rules = [dataclasses.replace(rule, name=name) for rule, name in zip(policy.rules, names, strict=False)]
    adopted = adopt(_Found(dataclasses.replace(policy, rules=tuple(rules))).stored, PLACE)
    connections = adopted.variables["l2tp_connections"]
    assert len({entry["name"].casefold() for entry in connections}) == 2
    assert len(adopted.keys) == 2
    assert all(variable.isidentifier() and variable.isascii() for variable in adopted.keys)
    applied(adopted)


def test_a_rule_without_a_name_is_called_by_its_number() -> None:
    adopted = changed(lambda rule: dataclasses.replace(rule, name=""))
    assert adopted.variables["l2tp_connections"][0]["name"] == "rule 1"
    inactive = changed(lambda rule: dataclasses.replace(rule, name="", active=False))
    assert inactive.left_out == ("Rule 1 can't be declared: it is not active.",)


def test_a_peer_that_the_inventory_does_not_have_gets_a_name() -> None:
    adopted = of(place=Place("tokyo", {TOKYO: "tokyo"}))
    assert adopted.peers == {"peer-192-0-2-2": OSAKA}
    assert adopted.variables["l2tp_connections"][0]["peers"] == ["tokyo", "peer-192-0-2-2"]


@pytest.mark.parametrize(
    ("rules", "place"),
    [
        ((PAIR, OTHERS), Place("tokyo", {}, frozenset({TOKYO, "10.0.0.1"}))),
        ((PAIR, THIRD), Place("tokyo", {})),
        ((PAIR,), Place("tokyo", {OSAKA: "osaka"})),
    ],
    ids=["one of its own", "the one that all connections share", "the one that nobody else has"],
)
def test_the_address_of_the_server_is_found(rules: tuple[Any, ...], place: Place) -> None:
    assert of(*rules, place=place).variables["l2tp_address"] == TOKYO


def test_an_address_that_is_not_known_is_asked_for() -> None:
    with pytest.raises(AdoptError) as caught:
        of(place=Place("tokyo", {}))
    assert str(caught.value) == (
        "Which of the addresses 192.0.2.1 and 192.0.2.2 is that of tokyo is not known; write it into its l2tp_address."
    )


# --- what can't ---

TRAP: Any = {"offers": (model.Offer((model.Algorithm(model.Transform.AH, 1, 2),)),)}


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"active": False}, "it is not active"),
        ({"tunnel_address": declared().policy.rules[0].filters[0].source.first}, "it is for a tunnel to 192.0.2.1"),
        ({"connection_type": model.ConnectionType.LAN}, "it applies to some network connections only"),
        ({"interface_name": "Ethernet"}, "it applies to some network connections only"),
        ({"authentication": ()}, "it has no authentication method"),
        (
            {"authentication": (model.AuthenticationMethod(7, b"secret"),)},
            "it authenticates by a method of the unknown type 7",
        ),
        (
            {"alternate_authentication": (model.AuthenticationMethod.kerberos(),)},
            "its alternate authentication methods say something else than the first ones",
        ),
        (
            {
                "authentication": (model.AuthenticationMethod.certificate("CN=Example"),),
                "authentication_flags": (model.AuthenticationFlag.EXCLUDE_CA_NAME,),
            },
            "it adds settings to its certificate methods",
        ),
        (
            {"authentication": (model.AuthenticationMethod.certificate("Example Root CA"),)},
            "what it names as its certification authority is not a distinguished name",
        ),
    ],
)
def test_what_a_rule_has_that_no_connection_can_is_listed(change: dict[str, Any], why: str) -> None:
    adopted = changed(lambda rule: dataclasses.replace(rule, **change))
    assert adopted.left_out == (f"The rule 'tokyo-osaka' can't be declared: {why}.",)
    assert adopted.variables["l2tp_connections"] == []


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (
            {"action": model.Action.NEGOTIATE_ACCEPTING_UNSECURED},
            "its filter action is 'negotiate security, accept unsecured communication', which leaves L2TP unprotected",
        ),
        ({"action": model.Action.PERMIT}, "its filter action is 'permit', which leaves L2TP unprotected"),
        ({"type": model.FilterActionType.DEFAULT_RESPONSE}, "its filter action is for default responses"),
        (
            {"offers": (model.Offer(()),)},
            "a connection can't have its offer 'clear text with computers that do not support IPsec'",
        ),
        (
            TRAP,
            "a connection can't have its offer 'AH SHA1, new key every 100000 kB (default) / 3600 s (default)'",
        ),
        (
            {"offers": tuple(dataclasses.replace(declared().policy.rules[0].filter_action.offers[0], pfs=pfs)
                             for pfs in (False, True))},
            "only some of its offers have perfect forward secrecy",
        ),
        (
            {"offers": (dataclasses.replace(declared().policy.rules[0].filter_action.offers[0], lifetime_seconds=60),)},
            "a connection can't have its offer 'ESP 3DES/SHA1, new key every 100000 kB / 60 s'",
        ),
    ],
)  # fmt: skip
def test_what_a_filter_action_has_that_no_connection_can_is_listed(change: dict[str, Any], why: str) -> None:
    adopted = changed(
        lambda rule: dataclasses.replace(rule, filter_action=dataclasses.replace(rule.filter_action, **change))
    )
    assert adopted.left_out == (f"The rule 'tokyo-osaka' can't be declared: {why}.",)


@pytest.mark.parametrize(
    "change", [{"mirrored": False}, {"protocol": model.Protocol.TCP}, {"destination_port": model.Ports.one(1701)}]
)
def test_another_filter_is_listed_in_words(change: dict[str, Any]) -> None:
    def with_filter(rule: model.Rule) -> model.Rule:
        return dataclasses.replace(
            rule, filter_list=model.FilterList("list", (dataclasses.replace(rule.filters[0], **change),))
        )

    (sentence,) = changed(with_filter).left_out
    assert sentence.startswith("The rule 'tokyo-osaka' can't be declared: its filter is ")
    assert sentence.endswith(
        "and that of a connection is UDP from port 1701 of one address to any port of another, mirrored."
    )


def test_what_the_policy_has_that_no_variable_can_is_listed() -> None:
    policy = dataclasses.replace(
        declared(default_response_rule=True).policy,
        name="\n",
        polling_interval=61,
        main_mode=model.MainMode(declared().policy.main_mode.methods, options=model.MainModeOption.MAP_TO_ACCOUNT),
    )
    assert adopt(_Found(policy).stored, PLACE).left_out == (
        "The name of the policy has no visible character; write, for example, 'L2TP'.",
        (
            "The policy can't be declared: it is checked for changes every 61 seconds, and only whole minutes can be "
            "declared."
        ),
        (
            "The policy can't be declared: its key exchange says more than main_mode can (certificates are mapped to "
            "accounts)."
        ),
        "The rule for default responses can't be declared: it is active, and the role declares it inactive.",
    )


def test_methods_of_main_mode_that_no_variable_can_say_are_listed() -> None:
    own = dataclasses.replace(declared().policy.main_mode.methods[1], lifetime_seconds=60)
    policy = dataclasses.replace(declared().policy, main_mode=model.MainMode((own,)))
    assert adopt(_Found(policy).stored, PLACE).left_out == (
        (
            "The policy can't be declared: main_mode can't say its method "
            "3DES / SHA1 / Diffie-Hellman group 2 (1024), new key every 1 minutes."
        ),
    )


def test_the_policies_of_windows_are_listed_rule_by_rule() -> None:
    found = store.Store.read(foreign_policies(ASSIGNED_PATH))
    assert found.active is not None
    adopted = adopt(found.active, PLACE)
    assert adopted.variables["l2tp_connections"] == []
    active = [rule for rule in found.active.policy.rules if rule.active]
    assert len(adopted.left_out) >= len(active) > 0


def test_other_l2tp_that_is_blocked_in_another_way_is_not_declared_ignored() -> None:
    blocking = {"name": "nobody", "filters": OTHERS["filters"][:1], "filter_action": {"action": "block"}}
    adopted = of(PAIR, blocking)
    assert "l2tp_other_peers" not in adopted.variables
    assert len(adopted.left_out) == 1


def test_what_can_not_be_read_is_listed() -> None:
    tree = Tree(
        Key(key.path, {**key, "ipsecData": Value.binary(b"damaged")}) if "ipsecNFA" in key.path else key
        for key in content.keys(declared().policy)
    )
    left = adopt(store.Store.read(tree).policies[0], PLACE).left_out
    assert len(left) == 3
    assert all(sentence.startswith("ipsecNFA{") and " can't be read: " in sentence for sentence in left)


# --- which policy ---


def test_the_assigned_policy_is_chosen_or_the_named_or_the_only_one() -> None:
    windows = store.Store.read(foreign_policies(ASSIGNED_PATH))
    assert chosen(windows, "").path == ASSIGNED_PATH
    assert chosen(windows, "client (respond only)").name == "Client (Respond Only)"
    assert chosen(store.Store.read(Tree(content.keys(declared().policy))), "").name == "L2TP site to site"


@pytest.mark.parametrize(
    ("tree", "name", "sentence"),
    [
        (foreign_policies(), "Another", "No policies are named 'Another'; write another name."),
        (Tree(), "", "There is no IP security policy to adopt."),
        (
            foreign_policies(),
            "",
            (
                "No policy is assigned, and there are several ('Server (Request Security)', 'Client (Respond Only)', "
                "'Secure Server (Require Security)'); name one of them."
            ),
        ),
    ],
)
def test_a_policy_that_nobody_named_is_asked_for(tree: Tree, name: str, sentence: str) -> None:
    with pytest.raises(AdoptError) as caught:
        chosen(store.Store.read(tree), name)
    assert str(caught.value) == sentence


# --- applied to the server that it was read of ---


def server_with(change: Form, *, ours: bool) -> Server:
    """A server with the policy of two connections in a form that others write."""
    server = Server()
    options = {"name": "L2TP", "rules": [PAIR, THIRD, OTHERS], "address": TOKYO}
    if ours:
        server.policy(**options)
    else:
        policy = declared(*options["rules"], name="L2TP").policy
        server.add_policy(policy, store.object_keys(policy, lambda label: uuid.uuid5(uuid.NAMESPACE_DNS, label), 1),
                          assigned=True)  # fmt: skip
    rewritten(server.host, change)
    server.restart()
    return server


def adopted_of(server: Server) -> Adopted:
    seen = server.read()
    own = frozenset(entry.address for entry in seen.addresses)
    return adopt(chosen(seen.store, ""), Place("tokyo", {OSAKA: "osaka"}, own))


@pytest.mark.parametrize("change", FORMS)
def test_what_is_adopted_of_a_policy_on_record_changes_nothing(change: Form) -> None:
    server = server_with(change, ours=True)
    adopted = adopted_of(server)
    assert adopted.left_out == ()
    result = server.policy(**options(adopted))
    assert (result["changed"], result["diff"]["before"]) == (False, result["diff"]["after"])


@pytest.mark.parametrize("change", FORMS)
def test_somebody_else_s_policy_stays_as_it_is_when_it_was_adopted(change: Form) -> None:
    server = server_with(change, ours=False)
    closed(server.host)
    for name in ("PolicyAgent", "IKEEXT"):
        server.host.registry.write(join(host.SERVICES, name), "Start", Value.dword(host.StartType.AUTO))
    server.restart()
    before = server.host.registry.snapshot()
    adopted = surroundings_of(server)
    assert adopted.changes == ("ProhibitIpSec is not 1; site sets it, and restarts the server.",)

    result = server.policy(**options(adopted), policy_agent_first=adopted.variables["l2tp_policy_agent_first"])

    assert (result["changed"], result["diff"]["before"]) == (False, result["diff"]["after"])
    assert differences(before, server.host.registry.snapshot()) == []


# --- what else the role does ---


def surroundings_of(server: Server) -> Adopted:
    seen = server.read()
    return with_surroundings(adopted_of(server), chosen(seen.store, ""), seen)


def test_what_a_first_run_did_is_declared() -> None:
    server = server_with(lambda _keys: None, ours=True)
    server.value(policy="L2TP")
    adopted = surroundings_of(server)
    assert (adopted.changes, adopted.advice) == ((), ())
    assert {"l2tp_policy_agent_first", "l2tp_block_over_ipv6", "l2tp_firewall"}.isdisjoint(adopted.variables)
    server.policy(name="L2TP", rules=[PAIR, THIRD, OTHERS], address=TOKYO, open_firewall=True)
    assert surroundings_of(server).variables["l2tp_firewall"] is True


def test_what_site_would_do_besides_is_declined_or_reported() -> None:
    server = server_with(lambda _keys: None, ours=False)
    for name in ("PolicyAgent", "IKEEXT"):
        server.host.registry.write(join(host.SERVICES, name), "Start", Value.dword(host.StartType.DEMAND))
    closed(server.host)
    second = chosen(server.store, "").rule_paths[1]
    server.host.registry.protect(second, "D:(A;CI;KA;;;SY)(A;CI;KA;;;BA)(A;CI;KR;;;BU)")
    adopted = surroundings_of(server)
    assert adopted.variables["l2tp_policy_agent_first"] is False
    assert adopted.variables["l2tp_block_over_ipv6"] is False
    assert adopted.advice == (
        (
            "l2tp_policy_agent_first is false, because RemoteAccess does not wait for PolicyAgent at boot; "
            "true is safer."
        ),
        "l2tp_block_over_ipv6 is false, because no rule of Windows Firewall blocks L2TP over IPv6; true is safer.",
        (
            "This collection did not write the policy, or has no record of it: site leaves it as it is. Set "
            "l2tp_take_over to true before you declare something else, such as another key."
        ),
    )
    assert adopted.changes == (
        "ProhibitIpSec is not 1; site sets it, and restarts the server.",
        "The service IKEEXT is not running, or does not start with Windows; site corrects both.",
        "The service PolicyAgent is not running, or does not start with Windows; site corrects both.",
        (
            "Users who are not administrators can read the preshared key of the rule 'tokyo-kyoto'; site removes their "
            "access."
        ),
    )


def test_nothing_is_declined_for_a_policy_that_ignores_all_other_l2tp() -> None:
    server = Server()
    policy = declared(PAIR).policy
    server.add_policy(policy, store.object_keys(policy, lambda label: uuid.uuid5(uuid.NAMESPACE_DNS, label), 1))
    adopted = surroundings_of(server)
    assert adopted.variables["l2tp_other_peers"] == "ignore"
    assert "l2tp_block_over_ipv6" not in adopted.variables
    assert adopted.changes[0] == "The policy is not assigned; site assigns it."


def as_unicode(tree: Tree) -> bytes:
    """An export of regedit since Windows 2000."""
    return reg_file.encode(reg_file.text([reg_file.Section(path, dict(key)) for path, key in tree.items()]))


def as_regedit4(tree: Tree) -> bytes:
    """An export in the older format: lists of texts are in the code page, too."""
    lines = ["REGEDIT4"]
    for path, key in tree.items():
        lists = {name: value for name, value in key.items() if value.kind is Kind.MULTI_SZ}
        rest = {name: value for name, value in key.items() if name not in lists}
        lines += reg_file.text([reg_file.Section(path, rest)]).splitlines()[1:]
        data = {name: "\0".join((*value.texts, "", "")).encode("cp932") for name, value in lists.items()}
        lines += [f'"{name}"=hex(7):{said.hex(",")}' for name, said in data.items()]
    return "\r\n".join(lines).encode("cp932")


@pytest.mark.parametrize("export", [as_unicode, as_regedit4])
@pytest.mark.parametrize("change", FORMS)
def test_an_export_says_the_same_as_the_server(change: Form, export: Callable[[Tree], bytes]) -> None:
    server = server_with(change, ours=True)
    exported = reg_file.read(export(server.tree), "cp932")
    found = adopt(chosen(store.Store.read(exported), ""), Place("tokyo", {OSAKA: "osaka"}, frozenset({TOKYO})))
    assert found == adopted_of(server)


# --- what is wrong with an export ---


def exported(*changes: tuple[str, str, Value | None], keys: bool = True) -> Tree:
    """The export of a server that the rendered file was imported into, somewhat changed."""
    rendering = render.fit(declared(), render.PeerType.WINDOWS_2000)
    sections = [*(content.sections(rendering) if keys else ()), *(reg_file.Section(p, {n: v}) for p, n, v in changes)]
    return reg_file.read(reg_file.encode(reg_file.text(sections)))


VALUE = (host.RASMAN, host.PROHIBIT_IPSEC)


@pytest.mark.parametrize(
    ("tree", "said"),
    [
        (
            exported(),
            ["Somebody else set ProhibitIpSec on osaka, so whether it was there at boot is unknown."],
        ),
        (
            exported((*VALUE, Value.dword(0))),
            ["On osaka, ProhibitIpSec is not 1, so RRAS makes its automatic filters, which use no preshared key."],
        ),
        (
            exported((*VALUE, Value.dword(1)), keys=False),
            [
                "No policy is assigned on osaka.",
                "L2TP on osaka is in clear text: ProhibitIpSec is 1, and no assigned policy protects it.",
            ],
        ),
        (
            Tree(content.keys(declared().policy)),
            [
                "No policy is assigned on osaka.",
                (
                    r"The export does not hold SYSTEM\CurrentControlSet\Services\RasMan\Parameters, "
                    "so it does not tell whether ProhibitIpSec is set on osaka."
                ),
            ],
        ),
    ],
)
def test_the_findings_of_an_export(tree: Tree, said: list[str]) -> None:
    assert list(export_findings("osaka", tree)) == said


def test_what_weakens_an_exported_policy_and_its_keys_is_told() -> None:
    weak = {"methods": [{"encryption": "des", "dh_group": 2}]}
    rendering = render.fit(declared(with_key("password"), OTHERS, main_mode=weak), render.PeerType.WINDOWS_2000)
    tree = reg_file.read(reg_file.encode(reg_file.text(content.sections(rendering))))
    said = list(export_findings("osaka", tree))[1:]
    assert [sentence.partition(" on osaka ")[0] for sentence in said] == [
        "The key exchange of the policy 'L2TP site to site'",
        "The preshared key of the rule tokyo-osaka",
    ]
    assert "password" not in "".join(said)


def test_an_export_that_protects_its_connections_only_is_told() -> None:
    rendering = render.fit(declared(PAIR), render.PeerType.WINDOWS_2000)
    tree = reg_file.read(reg_file.encode(reg_file.text(content.sections(rendering))))
    said = list(export_findings("osaka", tree))
    assert "L2TP is in clear text between osaka and peers that no connection names." in said


def test_no_representation_shows_an_unused_key() -> None:
    adopted = changed(lambda rule: dataclasses.replace(rule, active=False))
    assert KEY not in repr(adopted)
    assert KEY not in repr(of(with_key(KEY)))
