# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What win_ipsec_policy_info finds on a server, whoever wrote its policies: each finding, and beside it a twin."""

from __future__ import annotations

import dataclasses
import ipaddress
from collections.abc import Callable
from typing import Any

import pytest

from ansible_collections.rras.ipsec.plugins.plugin_utils._policy import host as hosts
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy import model
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.findings import Identifier
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.host import PROHIBIT_IPSEC, RASMAN
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.model import Encryption, Integrity, Transform
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.registry import Key, Value, join
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.store import ACTIVE_POLICY, LOCAL, StoredPolicy
from ansible_collections.rras.ipsec.tests.lab.windows.installation import ADAPTERS, FIREWALL_SETTINGS
from ansible_collections.rras.ipsec.tests.support.server import ADDRESS, BLOCKED, OTHER_KEY, Server, declare, rule
from ansible_collections.rras.ipsec.tests.support.somebody_else import registry_keys

BOTH = [rule(), BLOCKED]
WEAK_KEY = "MyVpnPassword2026!"
HOST = "rras-tokyo"
EVERYBODY = "D:P(A;;GA;;;SY)(A;;GR;;;BU)"
PRIVATE = "D:P(A;;GA;;;SY)(A;;GA;;;BA)(A;;GR;;;NS)"
ConfigureServer = Callable[[Server], None]
OF_A_COMPARISON = {
    "unreachable", "not_read", "not_managed", "refused", "mistaken", "policy_missing", "policy_not_assigned",
    "policy_differs", "other_policy_assigned", "other_peers_differ", "rule_missing", "rule_differs", "ends_swapped",
    "rule_undeclared", "key_differs", "key_not_rolled_out", "no_connection",
}  # fmt: skip
"""What only a declaration tells."""


# --- servers ---


def sound(server: Server) -> None:
    """Bring about what is declared, as the role does."""
    server.policy(rules=BOTH)
    server.value()
    server.restart()


def nothing(_server: Server) -> None:
    """Leave a server as it was installed."""


def theirs(server: Server, *changed: model.Rule, assigned: bool = True, name: str = "Theirs", **given: Any) -> None:
    """Write a policy as somebody else would. changed: its rules, where they are others than the sound ones."""
    policy = dataclasses.replace(declared(**given), name=name)
    policy = dataclasses.replace(policy, rules=changed) if changed else policy
    found = server.add_policy(policy, registry_keys(policy, seed=len(name)), assigned=assigned)
    for path in found.rule_paths:
        server.host.registry.protect(path, PRIVATE)


def declared(**given: Any) -> model.Policy:
    return declare(**({"rules": BOTH} | given)).policy


def pair(**given: Any) -> model.Rule:
    """Return the rule of the pair, changed."""
    return dataclasses.replace(declared().rules[0], **given)


def filtering(*filters: model.Filter) -> model.Rule:
    return pair(filter_list=model.FilterList("by hand", filters))


def acting(**given: Any) -> model.Rule:
    """Return the rule of the pair with another filter action."""
    return pair(filter_action=dataclasses.replace(pair().filter_action, **given))


def offering(*algorithms: model.Algorithm) -> model.Rule:
    return acting(offers=(model.Offer(algorithms),))


L2TP = declared().rules[0].filters[0]
ONE_WAY = dataclasses.replace(L2TP, mirrored=False)
BACK = dataclasses.replace(
    ONE_WAY,
    source=L2TP.destination,
    destination=L2TP.source,
    source_port=L2TP.destination_port,
    destination_port=L2TP.source_port,
)
TCP = dataclasses.replace(L2TP, protocol=model.Protocol.TCP)
ALL_TRAFFIC = dataclasses.replace(L2TP, protocol=model.Protocol.ANY, source_port=model.Ports.any())
TUNNEL = ipaddress.IPv4Address("192.0.2.9")
DES = model.Algorithm(Transform.ESP, Encryption.DES, Integrity.SHA1)
MD5 = model.Algorithm(Transform.ESP, Encryption.TRIPLE_DES, Integrity.MD5)
NO_ENCRYPTION = model.Algorithm(Transform.ESP, Encryption.NONE, Integrity.SHA1)
SAFE = model.Algorithm(Transform.ESP, Encryption.TRIPLE_DES, Integrity.SHA1)
AH = model.Algorithm(Transform.AH, Encryption.NONE, Integrity.SHA1)
ACCEPTING = model.Action.NEGOTIATE_ACCEPTING_UNSECURED
GROUP_1: dict[str, Any] = {"main_mode": {"methods": [{"dh_group": 1}]}}
SECURITY_RULE = (
    "v2.31|Action=SecureServer|Active=TRUE|Name=Isolate L2TP|Protocol=17|EP1Port=1701|Auth1Set={5}|Crypto2Set={6}|"
)


def of(*changed: model.Rule, **given: Any) -> ConfigureServer:
    """Somebody else's policy is in force."""
    return lambda server: theirs(server, *changed, **given)


def only_in_the_store(*changed: model.Rule, **given: Any) -> ConfigureServer:
    """Somebody else's policy is in the store, and another one in force."""

    def configure(server: Server) -> None:
        sound(server)
        theirs(server, *changed, assigned=False, **given)

    return configure


def after(*steps: Callable[[Server], object]) -> ConfigureServer:
    """A sound server, to which something happened since."""

    def configure(server: Server) -> None:
        sound(server)
        for step in steps:
            step(server)

    return configure


def value_alone(server: Server) -> None:
    server.set_prohibit_ipsec(1)


def with_value(configure: ConfigureServer) -> ConfigureServer:
    """As somebody configured it by hand, with the value."""

    def configured(server: Server) -> None:
        configure(server)
        value_alone(server)

    return configured


def not_restarted(server: Server) -> None:
    server.policy(rules=BOTH)
    server.value()


def erase_value(server: Server) -> None:
    server.host.registry.erase(RASMAN, PROHIBIT_IPSEC)


def another_key(server: Server) -> None:
    server.policy(rules=[rule(key=OTHER_KEY), BLOCKED])


def join_domain(server: Server) -> None:
    server.add([Key(hosts.DOMAIN_POLICY, {"DSIPSECPolicyPath": Value.sz("LDAP://CN=ipsecPolicy{1}")})])


def stop(*names: str) -> Callable[[Server], None]:
    def stopped(server: Server) -> None:
        for name in names:
            server.host.services.stop(name)

    return stopped


def disable(name: str) -> Callable[[Server], None]:
    return lambda server: server.host.registry.write(join(hosts.SERVICES, name), "Start", Value.dword(4))


def without_rras(server: Server) -> None:
    server.host.services.stop("RemoteAccess")
    server.host.registry.remove(server.service("RemoteAccess").path)


def ports(**values: int) -> Callable[[Server], None]:
    def changed(server: Server) -> None:
        for name, number in values.items():
            server.host.registry.write(join(ADAPTERS, "0005"), name, Value.dword(number))

    return changed


def lease(address: str) -> Callable[[Server], None]:
    """Give an interface an address by DHCP."""

    def leased(server: Server) -> None:
        (path,) = (key.path for key in server.host.registry.snapshot(hosts.INTERFACES).values() if has_address(key))
        server.host.registry.write(path, "EnableDHCP", Value.dword(1))
        server.host.registry.write(path, "DhcpIPAddress", Value.sz(address))

    return leased


def move(server: Server) -> None:
    """Give the server another address."""
    (path,) = (key.path for key in server.host.registry.snapshot(hosts.INTERFACES).values() if has_address(key))
    server.host.registry.write(path, "IPAddress", Value.multi_sz(["203.0.113.4"]))


def has_address(key: Key) -> bool:
    return ADDRESS in key.texts("IPAddress")


def secure(text: str) -> Callable[[Server], None]:
    """Write a connection security rule of Windows Firewall."""
    return lambda server: server.add([Key(join(FIREWALL_SETTINGS, "ConSecRules"), {"{1}": Value.sz(text)})])


def one_policy(server: Server) -> StoredPolicy:
    """Return somebody else's policy, or the one that there is."""
    return (server.store.find("Theirs") or server.store.policies)[0]


def lose_a_rule(server: Server) -> None:
    server.host.registry.remove_tree(one_policy(server).rule_paths[0])


def unassign(server: Server) -> None:
    server.host.registry.erase(LOCAL, ACTIVE_POLICY)


def open_up(server: Server) -> None:
    server.host.registry.protect(one_policy(server).rule_paths[0], EVERYBODY)


def beside(step: Callable[[Server], None]) -> ConfigureServer:
    """Somebody else's policy is in the store, and something happened to it."""

    def configure(server: Server) -> None:
        only_in_the_store()(server)
        step(server)

    return configure


def staged(server: Server) -> None:
    server.stage(rules=[rule(key=OTHER_KEY), BLOCKED])


@dataclasses.dataclass(frozen=True)
class FindingCase:
    """A finding, a server that has it, and one that comes near and has it not."""

    identifier: str
    trouble: ConfigureServer
    twin: ConfigureServer
    severity: str = "warning"
    keys: tuple[str, ...] = ()


CASES = (
    FindingCase("clear_text_l2tp", value_alone, with_value(of(declared().rules[1])), "error"),
    FindingCase("clear_text_l2tp", after(unassign), after(unassign, erase_value, Server.restart, sound), "error"),
    FindingCase("clear_text_l2tp", with_value(of(acting(action=ACCEPTING))), of(acting(action=ACCEPTING)), "error"),
    FindingCase("other_l2tp_unprotected", with_value(of(pair())), sound),
    FindingCase("not_prohibited", of(), sound, "error"),
    FindingCase("restart_pending", not_restarted, sound, "error"),
    FindingCase("restart_harmful", after(erase_value), sound, "error"),
    FindingCase("restart_unproven", with_value(of()), sound),
    FindingCase("loading_unproved", after(another_key), after(another_key, Server.restart)),
    FindingCase("domain_policy_overrides", after(join_domain), join_domain, "error"),
    FindingCase("service_not_running", after(stop("RemoteAccess")), stop("RemoteAccess"), "error"),
    FindingCase("service_not_running", after(stop("RemoteAccess", "PolicyAgent")), sound, "error"),
    FindingCase("service_disabled", after(disable("IKEEXT")), after(disable("RasMan")), "error"),
    FindingCase("rras_not_installed", after(without_rras), without_rras, "error"),
    FindingCase(
        "rras_not_installed",
        after(stop("RemoteAccess"), disable("RemoteAccess")),
        after(disable("RemoteAccess")),
        "error",
    ),
    FindingCase("l2tp_ports_zero", after(ports(WanEndpoints=0)), after(ports(WanEndpoints=1)), "error"),
    FindingCase("l2tp_ports_closed", after(ports(EnableForRas=0, EnableForRouting=0)), after(ports(EnableForRas=0))),
    FindingCase("address_dynamic", after(lease(ADDRESS)), after(lease("203.0.113.4"))),
    FindingCase("address_not_on_host", after(move), sound, "error"),
    FindingCase("not_loaded_by_agent", after(Server.lose_filters), sound, "error"),
    FindingCase(
        "firewall_rule_overlaps", after(secure(SECURITY_RULE)), after(secure(SECURITY_RULE.replace("1701", "1702")))
    ),
    FindingCase("unreadable_object", after(lose_a_rule), sound, "error"),
    FindingCase("unreadable_object", beside(lose_a_rule), only_in_the_store()),
    FindingCase("leftover_policy", after(theirs), sound),
    FindingCase("leftover_policy", after(unassign), after(staged)),
    FindingCase("key_readable_by_users", beside(open_up), only_in_the_store()),
    FindingCase("weak_preshared_key", of(rules=[rule(key=WEAK_KEY), BLOCKED]), sound, keys=(WEAK_KEY,)),
    FindingCase("weak_encryption", of(offering(DES)), only_in_the_store(offering(DES))),
    FindingCase(
        "weak_integrity", of(offering(MD5)), of(offering(AH, dataclasses.replace(SAFE, integrity=Integrity.NONE)))
    ),
    FindingCase("weak_dh_group", of(**GROUP_1), only_in_the_store(**GROUP_1)),
    FindingCase("esp_without_encryption", of(offering(NO_ENCRYPTION)), of(offering(AH))),
    FindingCase("rule_inactive", of(pair(active=False)), of()),
    FindingCase("tunnel_rule", of(pair(tunnel_address=TUNNEL)), of(pair(active=False, tunnel_address=TUNNEL))),
    FindingCase("not_mirrored", of(filtering(ONE_WAY)), of(filtering(ONE_WAY, BACK))),
    FindingCase("not_l2tp_filter", of(filtering(TCP)), of(filtering(ALL_TRAFFIC))),
    FindingCase(
        "not_l2tp_filter",
        of(filtering(TCP)),
        of(dataclasses.replace(filtering(TCP), filter_action=declared().rules[1].filter_action)),
    ),
    FindingCase("accepts_unsecured", of(acting(action=ACCEPTING)), only_in_the_store(acting(action=ACCEPTING))),
    FindingCase("falls_back_to_clear_text", of(acting(offers=(model.Offer((SAFE,)), model.Offer(())))), of()),
    FindingCase("default_response_active", of(default_response_rule=True), of(default_response_rule=False)),
    FindingCase("legacy_engine", sound, nothing, "note"),
)


def found(server: Server, *keys: str) -> list[dict[str, str]]:
    findings: list[dict[str, str]] = server.inform(*keys)["findings"]
    return findings


def identifiers(server: Server, *keys: str) -> list[str]:
    return [each["identifier"] for each in found(server, *keys)]


class TestEachFinding:
    @pytest.mark.parametrize("case", CASES, ids=lambda case: case.identifier)
    def test_a_server_with_the_fault_shows_the_finding(self, server: Server, case: FindingCase) -> None:
        case.trouble(server)
        said = [each for each in found(server, *case.keys) if each["identifier"] == case.identifier]
        server.host.exposures.clear()  # it is configured badly on purpose
        assert [each["severity"] for each in said[:1]] == [case.severity]
        for each in said:
            assert each["host"] == HOST
            assert all(each[name].endswith(".") for name in ("problem", "remedy"))

    @pytest.mark.parametrize("case", CASES, ids=lambda case: case.identifier)
    def test_a_server_that_comes_close_does_not(self, server: Server, case: FindingCase) -> None:
        case.twin(server)
        shown = identifiers(server, *case.keys)
        server.host.exposures.clear()
        assert case.identifier not in shown

    def test_all_that_a_server_can_show_are_here(self) -> None:
        shown = {case.identifier for case in CASES}
        assert shown == {*map(str, Identifier)} - OF_A_COMPARISON, "add it to CASES, or to OF_A_COMPARISON"


def test_a_sound_server_shows_nothing_but_its_engine(server: Server) -> None:
    sound(server)
    assert identifiers(server, OTHER_KEY) == ["legacy_engine"]


def test_a_server_without_policies_shows_nothing(server: Server) -> None:
    assert identifiers(server) == []


ELSEWHERE = dataclasses.replace(
    L2TP, source=model.Address.single("203.0.113.1"), destination=model.Address.single("203.0.113.2")
)
TROUBLES = (
    pair(name="lost"),
    pair(name="des", filter_action=offering(DES).filter_action),
    pair(name="md5", filter_action=offering(MD5).filter_action),
    pair(name="plain", filter_action=offering(NO_ENCRYPTION).filter_action),
    pair(name="idle", active=False),
    pair(name="tunnel", tunnel_address=TUNNEL),
    pair(name="one way", filter_list=filtering(ONE_WAY).filter_list),
    pair(name="elsewhere", filter_list=filtering(ELSEWHERE).filter_list),
    pair(name="tcp", filter_list=filtering(TCP).filter_list),
    pair(name="accepting", filter_action=acting(action=ACCEPTING).filter_action),
    pair(name="falling", filter_action=acting(offers=(model.Offer((SAFE,)), model.Offer(()))).filter_action),
    *declared(rules=[rule("weak", key=WEAK_KEY)], default_response_rule=True).rules,
)
EXCLUDED = {
    "not_prohibited": "ProhibitIpSec is 1",
    "restart_pending": "L2TP is in clear text, whether Windows restarts or not",
    "restart_harmful": "ProhibitIpSec is 1",
    "restart_unproven": "L2TP is in clear text, whether Windows restarts or not",
    "domain_policy_overrides": "then nothing is known of the local policy",
    "rras_not_installed": "then no service of it has stopped",
    "l2tp_ports_closed": "there is none that could be open",
}
"""What the server full of trouble can't have beside the rest, and why."""


def full_of_trouble(server: Server) -> None:
    """Everything that one server can have at the same time."""
    for key in (OTHER_KEY, WEAK_KEY):
        server.policy(rules=[rule(key=key), BLOCKED], block_l2tp_over_ipv6=False)
    theirs(server, *TROUBLES, **GROUP_1)
    (found,) = server.store.find("Theirs")
    server.host.registry.remove_tree(found.rule_paths[0])
    server.host.registry.protect(found.rule_paths[1], EVERYBODY)
    for step in (lease(ADDRESS), ports(WanEndpoints=0), secure(SECURITY_RULE), disable("IKEEXT"), value_alone):
        step(server)
    server.host.services.stop("RemoteAccess")
    agent = server.host.agent
    agent.filters = tuple(each for each in agent.filters if each.source != ELSEWHERE.source)


def test_a_store_full_of_trouble_shows_them_all(server: Server) -> None:
    full_of_trouble(server)
    said = found(server, WEAK_KEY)
    server.host.exposures.clear()
    expected = {case.identifier for case in CASES} - set(EXCLUDED)
    assert {each["identifier"] for each in said} == expected, (
        "add it to full_of_trouble, or to EXCLUDED with the reason"
    )
    assert not any(WEAK_KEY in text for each in said for text in each.values())


BY_HAND = "Change that where the policy was made, such as in the console (IP Security Policies)."


def test_what_is_said_word_for_word(server: Server) -> None:
    full_of_trouble(server)
    seen = sorted(found(server, WEAK_KEY), key=lambda each: "'Theirs'" in each["problem"])  # of two, theirs
    said = {each["identifier"]: f"{each['problem']} {each['remedy']}" for each in seen}
    server.host.exposures.clear()
    (path, lost) = next((each.path, each.unreadable[0].reason) for each in server.store.find("Theirs"))
    assert {name: said[name] for name in WORDS} == {
        name: text.format(by_hand=BY_HAND, path=path, lost=lost) for name, text in WORDS.items()
    }
    for name in ("clear_text_l2tp", "accepts_unsecured", "falls_back_to_clear_text", "other_l2tp_unprotected"):
        assert "clear text" in " ".join(said[name].split()[:7]).casefold()


WORDS = {
    "accepts_unsecured": (
        "Clear text: the rule 'accepting' of the policy 'Theirs' on rras-tokyo lets unsecured packets in. {by_hand}"
    ),
    "falls_back_to_clear_text": (
        "Clear text: the rule 'falling' of the policy 'Theirs' on rras-tokyo protects nothing with computers that do "
        "not answer IKE. {by_hand}"
    ),
    "not_mirrored": (
        "The rule 'one way' of the policy 'Theirs' on rras-tokyo has a filter for L2TP that is not mirrored, so it "
        "protects one direction only. {by_hand}"
    ),
    "not_l2tp_filter": (
        "The rule 'tcp' of the policy 'Theirs' on rras-tokyo has no filter for L2TP (UDP port 1701), so it protects no "
        "tunnel. {by_hand}"
    ),
    "unreadable_object": (
        "The policy 'Theirs' on rras-tokyo can't be read completely: {path} can't be read, because {lost}. Delete the "
        "policy in the console and make it again, or restore it from a backup (docs/restore.md)."
    ),
    "leftover_policy": (
        "The policy 'L2TP' of this collection is in the store on rras-tokyo, but not assigned. Run site for "
        "rras-tokyo if it is declared, or run remove."
    ),
    "address_not_on_host": (
        "On rras-tokyo, neither 203.0.113.1 nor 203.0.113.2 is an address of this host. Correct the filter, or the "
        "address of the RRAS interface."
    ),
    "not_loaded_by_agent": (
        "On rras-tokyo, PolicyAgent does not list the filter between 203.0.113.1 and 203.0.113.2. Assign the policy "
        "again, and check the event log."
    ),
    "firewall_rule_overlaps": (
        "The connection security rule 'Isolate L2TP' of Windows Firewall on rras-tokyo also covers UDP port 1701, so "
        "it competes with the IPsec policy for L2TP. Use one of the two: turn the connection security rule off, or "
        "exclude that port from it."
    ),
    "weak_preshared_key": (
        "The preshared key of the rule 'weak' of the policy 'Theirs' on rras-tokyo is made of common words and signs. "
        "Let rras.ipsec.keys make another one (docs/keys.md)."
    ),
    "legacy_engine": (
        "The IPsec Policy Agent of KB 240262 has neither AES nor SHA-256, nor a Diffie-Hellman group above 14. Nothing "
        "is wrong; for a new link, consider IKEv2 or the connection security rules of Windows Firewall."
    ),
}


NO_RRAS = "RRAS is not installed or not configured on rras-tokyo, because"
INSTALL_IT = "Install the role service Routing and enable Routing and Remote Access on rras-tokyo."


@pytest.mark.parametrize(
    ("trouble", "sentence"),
    [
        (
            after(without_rras),
            f"{NO_RRAS} there is no service RemoteAccess. {INSTALL_IT}",
        ),
        (
            after(stop("RemoteAccess"), disable("RemoteAccess")),
            f"{NO_RRAS} the service RemoteAccess is disabled. {INSTALL_IT}",
        ),
    ],
)
def test_a_server_without_rras_word_for_word(server: Server, trouble: ConfigureServer, sentence: str) -> None:
    trouble(server)
    assert sentence in [f"{each['problem']} {each['remedy']}" for each in found(server)]
