# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is wrong with a declaration is said in one sentence, on the controller, before any host is touched."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.rras.ipsec.tests.lab import HostSpec
from ansible_collections.rras.ipsec.tests.messages import Says
from ansible_collections.rras.ipsec.tests.support.controller import REMOVE, Run
from ansible_collections.rras.ipsec.tests.support.effort import TRIED
from ansible_collections.rras.ipsec.tests.support.labs import controller_for
from ansible_collections.rras.ipsec.tests.support.pair import KEY, changes, connection, executions, snapshots

pytestmark = [pytest.mark.core, pytest.mark.xdist_group("wrong declarations")]
"""One worker runs them all, since they share one run of the playbook (with --dist=loadgroup)."""

EAST, WEST, NORTH = "{}-east", "{}-west", "{}-north"


@dataclasses.dataclass(frozen=True, slots=True)
class Mistake:
    """A wrong declaration of a pair, ID-east and ID-west, and what its first server says to it."""

    id: str
    sentence: str
    connections: Any = None
    """None: the one that is right."""
    both: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    east: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    west: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    missing: str = ""
    """A variable of the west end that is not defined."""
    north: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    """The variables of a third server, ID-north."""

    @property
    def hosts(self) -> dict[str, dict[str, Any]]:
        """The hosts with their variables."""
        declared = [between(self.id)] if self.connections is None else self.connections
        both = {"l2tp_connections": declared, **self.both}
        east = {**both, "l2tp_address": "192.0.2.1", **self.east}
        west = {**both, "l2tp_address": "192.0.2.2", **self.west}
        west.pop(self.missing, None)
        north = {NORTH.format(self.id): {**both, **self.north}} if self.north else {}
        return {EAST.format(self.id): east, WEST.format(self.id): west, **north}


def between(case: str, *, name: Any = "link", **options: Any) -> dict[str, Any]:
    """One connection between the two servers of a case."""
    return {**connection(name, EAST.format(case), WEST.format(case)), **options}


def without(entry: Mapping[str, Any], option: str) -> dict[str, Any]:
    """One connection that lacks an option."""
    return {key: value for key, value in entry.items() if key != option}


def address(case: str, text: str, sentence: str) -> Mistake:
    """A case whose west end has a wrong address."""
    return Mistake(case, sentence, west={"l2tp_address": text})


UNKNOWN = (
    "l2tp_connections[0] has an unknown option (its name is not shown, because it may be a key); "
    "the options of a connection are name, peers, topology, hub, preshared_key, certificate_authority, authentication, "
    "filter_action."
)
NO_LIST = "l2tp_connections must be a list of connections; begin each with a dash."
NO_ENTRY = "l2tp_connections[0] must be a dictionary with name, peers and preshared_key or certificate_authority."
NO_TEXT = "l2tp_connections[0].preshared_key must be text; put it in quotes."
NEITHER = (
    "l2tp_managed of {} is neither true nor false; "
    "write true, or write false for a far end that Ansible does not reach."
)

MISTAKES = (
    Mistake(
        "no-name",
        "l2tp_connections[0].name is missing; write a name for the connection, such as tokyo-osaka.",
        [without(between("no-name"), "name")],
    ),
    Mistake(
        "one-peer",
        "l2tp_connections[0].peers must be the inventory names of two hosts; "
        "write, for example, [rras-tokyo, rras-osaka].",
        [between("one-peer", peers=["one-peer-east"])],
    ),
    Mistake(
        "unknown-option",
        UNKNOWN,
        [without(between("unknown-option", psk=KEY), "preshared_key")],
    ),
    Mistake("key-as-option", UNKNOWN, [without(between("key-as-option"), "preshared_key") | {KEY: True}]),
    Mistake("number-for-list", NO_LIST, 10531053),
    Mistake("text-for-list", NO_LIST, KEY),
    Mistake("text-for-entry", NO_ENTRY, [KEY]),
    Mistake("list-in-list", NO_ENTRY, [[between("list-in-list")]]),
    Mistake("number-for-key", NO_TEXT, [between("number-for-key", preshared_key=10531053)]),
    Mistake("list-for-key", NO_TEXT, [between("list-for-key", preshared_key=[KEY])]),
    Mistake(
        "text-for-action",
        "l2tp_filter_action must be a dictionary; write action, offers, pfs, accept_unsecured, "
        "fall_back_to_clear_text, each as 'option: value'.",
        both={"l2tp_filter_action": f"preshared_key={KEY}"},
    ),
    Mistake(
        "list-for-exchange",
        "l2tp_main_mode must be a dictionary; write methods, lifetime, quick_mode_limit, pfs, each as 'option: value'.",
        both={"l2tp_main_mode": [KEY]},
    ),
    Mistake("dictionary-for-list", NO_LIST, between("dictionary-for-list")),
    Mistake(
        "key-in-action",
        "l2tp_filter_action has an unknown option (its name is not shown, because it may be a key); "
        "the options are action, offers, pfs, accept_unsecured, fall_back_to_clear_text.",
        both={"l2tp_filter_action": {KEY: True}},
    ),
    Mistake(
        "choice-of-action",
        "l2tp_connections[0].filter_action.action is not one of its choices; write negotiate, block or permit.",
        [between("choice-of-action", filter_action={"action": KEY})],
    ),
    Mistake(
        "key-exchange",
        "l2tp_main_mode.methods[0].dh_group is not one of its choices; write 14, 2 or 1.",
        both={"l2tp_main_mode": {"methods": [{"dh_group": KEY}]}},
    ),
    Mistake(
        "key-in-name",
        "l2tp_connections[0].preshared_key is part of l2tp_connections[0].name, which is shown; write "
        "another key, or change that text.",
        [between("key-in-name", preshared_key="LINK")],
    ),
    Mistake(
        "key-as-peer",
        "l2tp_connections[0].preshared_key is part of l2tp_connections[0].peers[1], which is shown; "
        "write another key, or change that text.",
        [between("key-as-peer", peers=["key-as-peer-east", KEY])],
    ),
    Mistake(
        "key-as-name",
        "l2tp_connections[0].preshared_key is part of l2tp_connections[0].name, which is shown; "
        "write another key, or change that text.",
        [between("key-as-name", name=KEY, certificate_authority="CN=Example")],
    ),
    Mistake(
        "key-in-policy",
        "l2tp_connections[0].preshared_key is part of l2tp_policy_name, which is shown; write "
        "another key, or change that text.",
        [between("key-in-policy", preshared_key="site to site")],
    ),
    Mistake(
        "key-in-rule",
        "l2tp_connections[0].preshared_key is part of a rule that the role writes, which is shown; write another key.",
        [between("key-in-rule", preshared_key="all other")],
    ),
    Mistake(
        "unknown-peer",
        "The connection link names the peer rras-kyoto, which is not in the inventory; "
        "correct the name, or add the host.",
        [between("unknown-peer", peers=["unknown-peer-east", "rras-kyoto"])],
    ),
    Mistake(
        "itself",
        "The connection link has itself-east as both peers; write the other server's inventory name as one of them.",
        [between("itself", peers=["itself-east", "itself-east"])],
    ),
    Mistake(
        "name-twice",
        "The connection link is declared twice in l2tp_connections; delete one, or give it another name.",
        [between("name-twice"), between("name-twice")],
    ),
    Mistake(
        "pair-twice",
        "The connections link and spare have the same two peers; delete one of them from l2tp_connections.",
        [between("pair-twice"), between("pair-twice", name="spare", peers=["pair-twice-west", "pair-twice-east"])],
    ),
    *(
        Mistake(
            case,
            f"preshared_key of the connection link {fault}",
            [between(case, preshared_key=key)],
        )
        for case, key, fault in (
            ("empty-key", " ", "is empty or invisible; write the key that both servers share."),
            ("unseen-key", "\u200b\u2060", "is empty or invisible; write the key that both servers share."),
            ("short-key", "k", "is one character; write a longer key."),
            (
                "blank-key",
                f"{KEY} ",
                "begins or ends with a blank or another invisible character; delete it on both servers.",
            ),
            ("key-of-two-lines", f"{KEY}\n{KEY}", "contains a line break or a NUL; write it as one line of text."),
        )
    ),
    *(
        Mistake(case, f"The name of the connection {shown} {fault}", [between(case, name=name)])
        for case, name, shown, fault in (
            ("unseen-name", "\u200b", r"'\u200b'", "has no visible character; write, for example, 'L2TP'."),
            (
                "name-of-two-lines",
                "link\nspare",
                r"'link\nspare'",
                "contains a line break or another control character; write it as one line of text.",
            ),
            (
                "turned-name",
                "link\u202ekniL",
                r"'link\u202ekniL'",
                ("has a character that reverses the writing direction, so that another name is displayed; delete it."),
            ),
            (
                "long-name",
                "x" * 256,
                f"'{'x' * 24}...{'x' * 24}'",
                "is longer than 255 characters; write a shorter name.",
            ),
            (
                "our-name",
                "All other L2TP",
                "'All other L2TP'",
                "is reserved for the rule that the role writes for all other L2TP; write another name.",
            ),
        )
    ),
    Mistake(
        "number-for-name",
        "l2tp_connections[0].name must be text; put it in quotes.",
        [between("number-for-name", name=5)],
    ),
    Mistake(
        "address-for-peer",
        "The connection link names the peer 192.0.2.2, which is not in the inventory; "
        "write the inventory name of the server, and put the address into its l2tp_address.",
        [between("address-for-peer", peers=["address-for-peer-east", "192.0.2.2"])],
    ),
    Mistake(
        "addresses-for-peers",
        "The connection 'spare' names the peers 192.0.2.1 and 192.0.2.2, and neither is in the inventory; "
        "write the inventory names of its servers, and put their addresses into l2tp_address.",
        [
            between("addresses-for-peers"),
            between("addresses-for-peers", name="spare", peers=["192.0.2.1", "192.0.2.2"]),
        ],
    ),
    *(
        Mistake(
            case,
            "certificate_authority of the connection link is not a distinguished name; "
            "write it as in the certificate, such as 'CN=Example Root CA, O=Example'.",
            [without(between(case, certificate_authority=authority), "preshared_key")],
        )
        for case, authority in (("file-for-authority", "ca.pem"), ("part-without-name", "CN=Example,,O"))
    ),
    Mistake(
        "authority-for-others",
        "l2tp_other_peers_certificate_authority is not a distinguished name; "
        "write it as in the certificate, such as 'CN=Example Root CA, O=Example'.",
        both={"l2tp_other_peers": "certificate", "l2tp_other_peers_certificate_authority": "ca.pem"},
    ),
    *(
        Mistake(case, f"{variable} is out of range; {remedy}", both={variable: number})
        for case, variable, number, remedy in (
            ("no-answer", "l2tp_host_timeout", 9, "write a number of seconds from 10 to 86400."),
            ("no-time", "l2tp_program_timeout", 0, "write a number of seconds from 1 to 3600."),
            ("too-much-time", "l2tp_program_timeout", 100000, "write a number of seconds from 1 to 3600."),
            (
                "negative-restart",
                "l2tp_reboot_timeout",
                -1,
                "write how many seconds a host may take to come back, from 1 to 86400.",
            ),
            (
                "no-restart",
                "l2tp_reboot_serial",
                0,
                "write how many hosts may restart at the same time, 1 or more.",
            ),
            (
                "negative-wait",
                "l2tp_settle_timeout",
                -1,
                "write a number of seconds from 0 to 3600.",
            ),
            ("no-polling", "l2tp_polling_interval", 0, "write a number of minutes from 1 to 71582788."),
        )
    ),
    Mistake(
        "short-lifetime",
        "l2tp_connections[0].filter_action.offers[0].lifetime_seconds is out of range; "
        "write a number from 300 to 4294967295, or 0 for the default.",
        [between("short-lifetime", filter_action={"offers": [{"lifetime_seconds": 1}]})],
    ),
    Mistake(
        "small-lifetime",
        "l2tp_filter_action.offers[0].lifetime_kilobytes is out of range; "
        "write a number from 20480 to 4294967295, or 0 for the default.",
        both={"l2tp_filter_action": {"offers": [{"lifetime_kilobytes": 1}]}},
    ),
    Mistake(
        "no-method",
        "l2tp_main_mode.methods is empty; name at least one method or leave the option out.",
        both={"l2tp_main_mode": {"methods": []}},
    ),
    Mistake(
        "policy-of-two-lines",
        "l2tp_policy_name contains a line break or another control character; write it as one line of text.",
        both={"l2tp_policy_name": "one\ntwo"},
    ),
    Mistake(
        "no-authentication",
        "The connection link has no authentication; write preshared_key, certificate_authority or authentication, "
        "or its key into l2tp_preshared_keys (rras.ipsec.keys makes one).",
        [without(between("no-authentication"), "preshared_key")],
    ),
    Mistake(
        "two-authentications",
        "The connection link has both preshared_key and certificate_authority; write one of them, or several methods "
        "into authentication, in order of preference.",
        [between("two-authentications", certificate_authority="CN=Example Root CA")],
    ),
    Mistake(
        "no-address",
        "l2tp_address is not defined for no-address-west; write the static address of its RRAS interface.",
        missing="l2tp_address",
    ),
    address(
        "address-name",
        "rras-osaka.example.net",
        "l2tp_address of address-name-west is not an IPv4 address; write an address of the server, such as 192.0.2.1.",
    ),
    address(
        "address-network",
        "192.0.2.0/24",
        "l2tp_address of address-network-west is not an IPv4 address; "
        "write an address of the server, such as 192.0.2.1.",
    ),
    address(
        "address-any",
        "0.0.0.0",  # noqa: S104 (an example of a wrong address)
        "l2tp_address of address-any-west is 0.0.0.0, which is not the address of a single host; "
        "write the static address of the RRAS interface.",
    ),
    address(
        "address-group",
        "239.1.2.3",
        "l2tp_address of address-group-west is 239.1.2.3, which is not the address of a single host; "
        "write the static address of the RRAS interface.",
    ),
    address(
        "same-address",
        "192.0.2.1",
        "The connection link has 192.0.2.1 at both ends; "
        "correct l2tp_address of same-address-east or same-address-west.",
    ),
    Mistake(
        "only-here",
        "The connection link is declared for only-here-east but not for only-here-west; "
        "write it into the variables of a group that contains both.",
        west={"l2tp_connections": []},
    ),
    Mistake(
        "other-peers-order",
        "The connection link is declared differently for other-peers-order-east and other-peers-order-west (peers); "
        "write it once, into the variables of a group that contains both.",
        west={
            "l2tp_connections": [
                between("other-peers-order", peers=["other-peers-order-west", "other-peers-order-east"])
            ]
        },
    ),
    Mistake(
        "other-key",
        "The connection link is declared differently for other-key-east and other-key-west (preshared_key); "
        "write it once, into the variables of a group that contains both.",
        west={"l2tp_connections": [between("other-key", preshared_key="another")]},
    ),
    Mistake(
        "no-authority",
        "l2tp_other_peers is certificate, but l2tp_other_peers_certificate_authority is not defined "
        "for no-authority-east; write the name of the certification authority.",
        east={"l2tp_other_peers": "certificate"},
        west={"l2tp_other_peers": "certificate"},
    ),
    Mistake(
        "undefined",
        "l2tp_connections is not defined for undefined-west; write the list of connections into its group's variables.",
        missing="l2tp_connections",
    ),
    Mistake(
        "permit",
        "l2tp_filter_action of permit-east has the action permit, which leaves L2TP in clear text; "
        "write negotiate, or leave it out.",
        east={"l2tp_filter_action": {"action": "permit"}},
        west={"l2tp_filter_action": {"action": "permit"}},
    ),
    Mistake(
        "permit-by-default",
        "filter_action in l2tp_default has the action permit, which leaves L2TP in clear text; "
        "write negotiate, or leave it out.",
        [
            between("permit-by-default"),
            between("permit-by-default", name="another", peers=["permit-by-default-north", "permit-by-default-east"]),
        ],
        both={"l2tp_default": {"filter_action": {"action": "permit"}}},
        north={"l2tp_address": "192.0.2.3"},
    ),
    Mistake(
        "accept-unsecured",
        "l2tp_filter_action of accept-unsecured-west has accept_unsecured, which accepts L2TP in clear text; "
        "write false, or leave it out.",
        west={"l2tp_filter_action": {"accept_unsecured": "{{ 'yes' }}"}},
    ),
    Mistake(
        "fall-back",
        "filter_action of the connection link has fall_back_to_clear_text, which sends L2TP in clear text to any peer "
        "that does not answer with IPsec; write false, or leave it out.",
        [between("fall-back", filter_action={"fall_back_to_clear_text": "true"})],
    ),
    Mistake(
        "one-filter",
        "The connections link and spare are both between 192.0.2.1 and 192.0.2.2, and one filter can have only one "
        "key; correct l2tp_address of one-filter-north or one-filter-west, or delete one of the connections.",
        [
            between("one-filter"),
            between("one-filter", name="spare", peers=["one-filter-north", "one-filter-east"], preshared_key="another"),
        ],
        north={"l2tp_address": "192.0.2.2"},
    ),
    Mistake(
        "main-mode",
        "The connection link can't be negotiated, because the two ends have no common proposal for main mode "
        "(main-mode-east proposes 3DES / SHA1 / Diffie-Hellman group 14 (2048) or 3DES / SHA1 / Diffie-Hellman group 2 "
        "(1024), main-mode-west proposes DES / MD5 / Diffie-Hellman group 1 (768)); "
        "write the same l2tp_main_mode for both.",
        west={"l2tp_main_mode": {"methods": [{"encryption": "des", "integrity": "md5", "dh_group": 1}]}},
    ),
    Mistake(
        "pfs",
        "The connection link can't be negotiated, because the two ends have no common proposal for quick mode "
        "(pfs-east proposes ESP 3DES/SHA1, pfs-west proposes ESP 3DES/SHA1 with perfect forward secrecy); "
        "write the same l2tp_filter_action for both.",
        west={"l2tp_filter_action": {"pfs": "yes"}},
    ),
    Mistake("managed-null", NEITHER.format("managed-null-west"), west={"l2tp_managed": None}),
    Mistake(
        "managed-empty",
        "managed-empty-east stopped because its peer managed-empty-west is declared wrongly: "
        + NEITHER.format("managed-empty-west"),
        west={"l2tp_managed": ""},
    ),
    Mistake(
        "peer-alone",
        "peer-alone-east stopped because its peer peer-alone-west is declared wrongly: "
        "l2tp_other_peers is certificate, but l2tp_other_peers_certificate_authority is not defined "
        "for peer-alone-west; write the name of the certification authority.",
        west={"l2tp_other_peers": "certificate"},
    ),
)


READ = ("unknown-peer-west", "itself-west", "only-here-west", "address-for-peer-west")
"""No connection names these, so each is only asked whether something of ours was left there."""


@pytest.fixture(scope="module")
def refused(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    """One run over all the wrong declarations; one server answers for all, and none is changed."""
    spec = HostSpec("server", "192.0.2.1")
    with controller_for([spec], tmp_path_factory.mktemp("controller")) as controller:
        door = without(controller.host(spec.name), "l2tp_address")
        hosts = {name: {**door, **variables} for mistake in MISTAKES for name, variables in mistake.hosts.items()}
        controller.inventory["rras"]["hosts"] = hosts
        before = snapshots(controller.lab)
        yield controller.site()
        assert changes(before, controller.lab) == {}
        assert executions(controller.lab) == {spec.name: len(READ)}


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.id)
def test_a_wrong_declaration_is_refused_in_one_sentence(refused: Run, mistake: Mistake, says: Says) -> None:
    ends = [EAST.format(mistake.id), WEST.format(mistake.id)]
    said = {refused.failure(host) for host in ends} - {""}

    assert mistake.sentence in said, said or refused.explain()
    says(mistake.id, mistake.sentence, refused.code)


def test_check_mode_and_removal_refuse_it_too(tmp_path: Path) -> None:
    spec = HostSpec("server", "192.0.2.1")
    with controller_for([spec], tmp_path) as controller:
        door = without(controller.host(spec.name), "l2tp_address")
        mistakes = {mistake.id: mistake for mistake in MISTAKES if mistake.id in ("permit", "managed-empty")}
        hosts = {name: {**door, **variables} for each in mistakes.values() for name, variables in each.hosts.items()}
        controller.inventory["rras"]["hosts"] = hosts

        checked = controller.site("--check")
        removal = controller.play(REMOVE, "--limit", "managed-empty-*")

        assert checked.failure("permit-east") == mistakes["permit"].sentence
        for run in (checked, removal):
            assert run.failure("managed-empty-east") == mistakes["managed-empty"].sentence
            assert run.failure("managed-empty-west") == NEITHER.format("managed-empty-west")
        assert executions(controller.lab) == {spec.name: 0}


def test_nothing_of_a_key_is_in_the_sentences(refused: Run, record_property: Callable[[str, object], None]) -> None:
    record_property(TRIED, f"{len(MISTAKES)} wrong declarations in one run of the playbook, 0 keys shown")
    assert refused.failed
    assert KEY not in refused.output + refused.errors
    assert "10531053" not in refused.output + refused.errors
