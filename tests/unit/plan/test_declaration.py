# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From options to a policy: what they mean, and what can't be a policy, word for word."""

from __future__ import annotations

import ipaddress
from typing import Any

import pytest

from ansible_collections.rras.ipsec.plugins.plugin_utils._policy import model
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.declaration import DeclarationError
from ansible_collections.rras.ipsec.tests.support.server import ADDRESS, BLOCKED, KEY, PEER, declare, rule

FILTER = {"source_address": ADDRESS, "destination_address": PEER}


def test_a_connection_is_the_rule_of_the_article() -> None:
    """KB 240262, steps 4 to 21."""
    policy = declare().policy
    connection, default_response = policy.rules
    (filter_,) = connection.filters
    assert filter_ == model.Filter(
        source=model.Address.single(ADDRESS),
        destination=model.Address.single(PEER),
        protocol=model.Protocol.UDP,
        source_port=model.Ports.one(1701),
        destination_port=model.Ports.any(),
        mirrored=True,
    )
    assert connection.authentication == (model.AuthenticationMethod.preshared_key(KEY),)
    assert (connection.tunnel_address, connection.connection_type) == (None, model.ConnectionType.ALL)
    assert connection.filter_action.action == model.Action.NEGOTIATE
    algorithm = model.Algorithm(model.Transform.ESP, model.Encryption.TRIPLE_DES, model.Integrity.SHA1)
    assert connection.filter_action.offers == (model.Offer((algorithm,), 3600, 100_000),)
    assert (default_response.is_default_response, default_response.active) == (True, False)


def test_the_key_exchange_is_windows_own() -> None:
    main_mode = declare().policy.main_mode
    methods = [(method.encryption, method.integrity, method.group) for method in main_mode.methods]
    triple_des = model.IkeEncryption.TRIPLE_DES
    assert methods == [
        (triple_des, model.Integrity.SHA1, model.DhGroup.GROUP_14),
        (triple_des, model.Integrity.SHA1, model.DhGroup.GROUP_2),
    ]
    assert (main_mode.lifetime_seconds, declare().policy.polling_interval) == (480 * 60, 180 * 60)


@pytest.mark.parametrize(
    ("given", "action", "authentication"),
    [
        ({"action": "block"}, model.Action.BLOCK, model.AuthenticationMethod.kerberos()),
        ({"action": "permit"}, model.Action.PERMIT, model.AuthenticationMethod.kerberos()),
    ],
)
def test_a_rule_that_negotiates_nothing_needs_no_authentication(
    given: dict[str, Any], action: model.Action, authentication: model.AuthenticationMethod
) -> None:
    blocking, _default = declare(rules=[BLOCKED | {"filter_action": given}]).policy.rules
    assert (blocking.filter_action.action, blocking.authentication) == (action, (authentication,))
    assert blocking.filters[0].source == model.Address.me()
    assert blocking.filters[0].destination == model.Address.any()


def test_anything_weaker_is_there_by_name() -> None:
    weak = {"accept_unsecured": True, "fall_back_to_clear_text": True, "pfs": True}
    action = declare(rules=[rule(filter_action=weak)]).policy.rules[0].filter_action
    assert (action.accepts_unsecured, action.falls_back_to_clear_text) == (True, True)
    assert [offer.pfs for offer in action.offers] == [True, False]


@pytest.mark.parametrize(
    ("method", "expected"),
    [
        ({"certificate_authority": "CN=Example"}, model.AuthenticationMethod.certificate("CN=Example")),
        ({"kerberos": True}, model.AuthenticationMethod.kerberos()),
    ],
)
def test_other_methods_than_keys(method: dict[str, Any], expected: model.AuthenticationMethod) -> None:
    assert declare(rules=[rule(authentication=[method])]).policy.rules[0].authentication == (expected,)


def test_an_address_is_a_specific_one() -> None:
    source = declare().policy.rules[0].filters[0].source
    assert source.first == ipaddress.IPv4Address(ADDRESS)


UNSEEN = "has no visible character; write, for example, 'L2TP'."
LONG = "is longer than 255 characters; write a shorter name."
CONTROL = "contains a line break or another control character; write it as one line of text."
TURNED = "has a character that reverses the writing direction, so that another name is displayed; delete it."
HIDDEN = "has an invisible character, so that another name is displayed; delete it."
HALF = "has half a character (a lone surrogate), which Windows can't store; write it again."
NO_KEY = "is empty or invisible; write the key that both servers share."
EDGE = "begins or ends with a blank or another invisible character; delete it on both servers."
NO_AUTHORITY = "is not a distinguished name; write it as in the certificate, such as 'CN=Example Root CA, O=Example'."
NO_ADDRESS = "is not an IPv4 address; write an address of the server, such as 192.0.2.1."
NOT_ONE_HOST = "which is not the address of a single host; write the static address of the RRAS interface."
SOURCE = "rules[0].filters[0].source_address"
METHOD = "rules[0].authentication[0]"


def filtered(**given: Any) -> dict[str, Any]:
    return {"rules": [rule(filters=[FILTER | given])]}


def authenticated(**given: Any) -> dict[str, Any]:
    return {"rules": [rule(authentication=[given])]}


def offering(**given: Any) -> dict[str, Any]:
    return {"rules": [rule(filter_action={"offers": [given]})]}


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        *(({"name": name}, f"name {UNSEEN}") for name in ("", " ", "\u200b\ufeff", "\u3164", "\u2800\ufe0f")),
        ({"name": "x" * 256}, f"name {LONG}"),
        *(({"rules": [rule(f"line{each}break")]}, f"rules[0].name {CONTROL}") for each in "\n\r\0\x7f\x85\u2028\u2029"),
        *(({"name": f"L2TP{each}evitca"}, f"name {TURNED}") for each in "\u202a\u202e\u2066\u2069"),
        *(({"name": f"L2TP {half}"}, f"name {HALF}") for half in ("\ud800", "\udfff")),
        ({"description": "one\0two"}, "description contains a NUL, which ends a text in Windows; delete it."),
        (
            {"rules": [rule(description="one\0two")]},
            "rules[0].description contains a NUL, which ends a text in Windows; delete it.",
        ),
        (
            {"rules": [rule(), rule("Tokyo-Osaka")]},
            "rules[1].name is 'Tokyo-Osaka' again; give each rule its own name.",
        ),
        *(
            (filtered(source_address=text), f"{SOURCE} {NO_ADDRESS}")
            for text in ("rras-tokyo", "192.0.2.0/24", "", "fe80::1", "010.1.2.3")
        ),
        *(
            (filtered(source_address=text), f"{SOURCE} is {text}, {NOT_ONE_HOST}")
            for text in ("0.0.0.0", "224.0.0.1", "127.0.0.1", "255.255.255.255")  # noqa: S104 (the wildcard)
        ),
        (
            filtered(destination_address=ADDRESS),
            (
                f"rules[0].filters[0] has {ADDRESS} as both source and destination; "
                "write the address of the other server as one of them."
            ),
        ),
        (
            filtered(protocol="any"),
            (
                "rules[0].filters[0].protocol is any, which may also cut off the management of the host; "
                "write udp, or set covers_other_traffic to true if you mean this."
            ),
        ),
        (
            filtered(source_port=65536),
            "rules[0].filters[0].source_port is not a port; write a port from 1 to 65535, or 0 for any port.",
        ),
        (
            {"rules": [rule(filters=[])]},
            "rules[0].filters is empty; write at least one filter with source_address and destination_address.",
        ),
        (
            {"rules": [rule(authentication=[])]},
            "rules[0].authentication is empty; write a preshared_key or a certificate_authority.",
        ),
        *((authenticated(preshared_key=key), f"{METHOD}.preshared_key {NO_KEY}") for key in ("", " ", "\u200b\u00a0")),
        *(
            (authenticated(preshared_key=key), f"{METHOD}.preshared_key {EDGE}")
            for key in ("key ", " key", "key\t", "\ufeffkey", "key\u00a0", "key\u200b")
        ),
        (authenticated(preshared_key="k"), f"{METHOD}.preshared_key is one character; write a longer key."),
        (authenticated(preshared_key="ke\ud800y"), f"{METHOD}.preshared_key {HALF}"),
        *(
            (authenticated(certificate_authority=text), f"{METHOD}.certificate_authority {NO_AUTHORITY}")
            for text in (
                *(" ", "ca.pem", "Example Root CA", "CN=", "CN=Example,,O", "CN=Example,O", "CN=Example,", "=Example"),
                *("CN=Example, O=", 'CN="Example', 'CN=Example "Root"', "C N=Example", "CN=Example\\"),
            )
        ),
        *(
            (authenticated(certificate_authority=f"CN=one{letter}two"), f"{METHOD}.certificate_authority {fault}")
            for letter, fault in (
                *((letter, TURNED) for letter in "\u202a\u202e\u2066\u2069"),
                *((letter, HIDDEN) for letter in "\u200b\u00ad\ufeff\u3164\x07\x1b"),
            )
        ),
        (
            authenticated(preshared_key="one\ntwo"),
            f"{METHOD}.preshared_key contains a line break or a NUL; write it as one line of text.",
        ),
        (
            authenticated(certificate_authority="CN=one\0"),
            f"{METHOD}.certificate_authority contains a line break or a NUL; write it as one line of text.",
        ),
        *(
            (
                authenticated(**methods),
                f"{METHOD} must have exactly one of preshared_key, certificate_authority and kerberos.",
            )
            for methods in ({}, {"preshared_key": KEY, "kerberos": True})
        ),
        (
            offering(encryption="none", integrity="none"),
            (
                "rules[0].filter_action.offers[0] has neither encryption nor integrity; "
                "write encryption 3des and integrity sha1."
            ),
        ),
        *(
            (
                offering(**{lifetime: number}),
                (
                    f"rules[0].filter_action.offers[0].{lifetime} is out of range; "
                    f"write a number from {least} to 4294967295, or 0 for the default."
                ),
            )
            for lifetime, least in (("lifetime_seconds", 300), ("lifetime_kilobytes", 20480))
            for number in (-1, 1, least - 1, 2**32)
        ),
        (
            {"rules": [rule(filter_action={"offers": []})]},
            "rules[0].filter_action.offers is empty; name at least one offer or leave the option out.",
        ),
        (
            {"main_mode": {"methods": []}},
            "main_mode.methods is empty; name at least one method or leave the option out.",
        ),
        (
            {"main_mode": {"quick_mode_limit": -1}},
            "main_mode.quick_mode_limit is out of range; write a number from 0, the default, to 4294967295.",
        ),
        *(
            ({"main_mode": {"lifetime": number}}, f"main_mode.lifetime is out of range; {MINUTES}")
            for MINUTES in ("write a number of minutes from 1 to 71582788.",)
            for number in (0, 71_582_789)
        ),
        ({"polling_interval": -1}, "polling_interval is out of range; write a number of minutes from 1 to 71582788."),
    ],
)
def test_what_can_not_be_a_policy_is_named(given: dict[str, Any], sentence: str) -> None:
    with pytest.raises(DeclarationError) as error:
        declare(**given)
    assert str(error.value) == sentence


def test_a_filter_for_other_traffic_is_possible_by_name() -> None:
    (filter_,) = declare(**filtered(protocol="any", covers_other_traffic=True)).policy.rules[0].filters
    assert filter_.protocol == model.Protocol.ANY


@pytest.mark.parametrize("minutes", [1, 71_582_788])
def test_the_longest_and_the_shortest_time_can_be_written(minutes: int) -> None:
    assert declare(polling_interval=minutes).policy.polling_interval == minutes * 60


@pytest.mark.parametrize(("lifetime", "least"), [("lifetime_seconds", 300), ("lifetime_kilobytes", 20480)])
def test_the_shortest_lifetime_the_longest_and_the_default_of_windows(lifetime: str, least: int) -> None:
    for number in (0, least, 2**32 - 1):
        (offer,) = declare(**offering(**{lifetime: number})).policy.rules[0].filter_action.offers
        assert getattr(offer, lifetime) == number


@pytest.mark.parametrize(
    "name", ["x" * 255, "L2TP \u5927\u962a", "\U0001f512", "\u0627\u0644\u0633\u0631", " L2TP", "a\u200db"]
)
def test_any_other_text_can_be_a_name(name: str) -> None:
    policy = declare(name=name, rules=[rule(name)], description="one\ntwo").policy
    assert (policy.name, policy.rules[0].name, policy.description) == (name, name, "one\ntwo")


@pytest.mark.parametrize("key", ["ke", "two words", "k\u200by", "\U0001f511\U0001f511", '"quoted"', "***"])
def test_any_other_text_can_be_a_key(key: str) -> None:
    (method,) = declare(**authenticated(preshared_key=key)).policy.rules[0].authentication
    assert method == model.AuthenticationMethod.preshared_key(key)


def test_an_authority_is_stored_as_windows_writes_it() -> None:
    authority = "cn=Example Root CA,o=Example; ST = \u6771\u4eac"
    (method,) = declare(**authenticated(certificate_authority=authority)).policy.rules[0].authentication
    assert method == model.AuthenticationMethod.certificate("CN=Example Root CA, O=Example, S=\u6771\u4eac")


BACK = {"source_address": PEER, "destination_address": ADDRESS, "source_port": 0, "destination_port": 1701}
ONE_WAY = {"mirrored": False}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (FILTER, FILTER),
        (FILTER, BACK),
        (FILTER, FILTER | ONE_WAY),
        (FILTER, BACK | ONE_WAY),
        (FILTER | ONE_WAY, FILTER | ONE_WAY),
        (FILTER | ONE_WAY, BACK),
    ],
)
def test_two_filters_of_one_direction_are_equal(one: dict[str, Any], other: dict[str, Any]) -> None:
    """A mirrored filter is both of its directions, so one of them alone is equal to a half of it."""
    for filters in ([one, other], [other, one]):
        with pytest.raises(DeclarationError) as error:
            declare(rules=[rule("first", filters=filters[:1]), rule("second", filters=filters[1:])])
        assert str(error.value) == (
            "rules[1].filters[0] covers the same packets as rules[0].filters[0], and they can have only one filter "
            "action and key; delete one of them, or write other addresses or ports."
        )


def test_two_filters_of_opposite_directions_differ() -> None:
    rules = [rule("there", filters=[FILTER | ONE_WAY]), rule("back", filters=[BACK | ONE_WAY])]
    assert len(declare(rules=rules).policy.rules) == 3
