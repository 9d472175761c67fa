# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What two policies must share to mean the same to Windows, and the words of the model."""

from __future__ import annotations

import dataclasses
import hashlib
import hmac
import ipaddress
import uuid
from collections.abc import Callable, Sequence
from random import Random
from typing import TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.model import (
    Action,
    Address,
    AddressKind,
    Algorithm,
    AuthenticationFlag,
    AuthenticationMethod,
    AuthenticationType,
    ConnectionType,
    DhGroup,
    Encryption,
    Filter,
    FilterAction,
    FilterActionType,
    FilterList,
    IkeEncryption,
    Integrity,
    IpVersion,
    MainMode,
    MainModeMethod,
    MainModeOption,
    Offer,
    Policy,
    Ports,
    Protocol,
    Rule,
    Transform,
    default_response_rule,
    meaning,
    rule_meaning,
)
from ansible_collections.rras.ipsec.tests.support import strategies

NONCE = b"0123456789abcdef0123456789abcdef"
ESP = Algorithm(Transform.ESP, Encryption.TRIPLE_DES, Integrity.SHA1)
AH = Algorithm(Transform.AH, Encryption.NONE, Integrity.SHA1)
KEY = AuthenticationMethod.preshared_key("correct horse")
CA = AuthenticationMethod.certificate("CN=Example Root CA, O=Example")
KERBEROS = AuthenticationMethod.kerberos()
L2TP = Filter(
    Address.single("192.0.2.1"),
    Address.single("198.51.100.7"),
    Protocol.UDP,
    Ports.one(1701),
    mirrored=True,
)
OTHER = Filter(Address.me(), Address.any(), Protocol.UDP, Ports.one(1701))
NEGOTIATE = FilterAction("encrypt", Action.NEGOTIATE, (Offer((ESP,), 3_600, 100_000), Offer((AH,), 3_600, 100_000)))
RULE = Rule("tokyo-osaka", FilterList("the pair", (L2TP, OTHER)), NEGOTIATE, (KEY, CA))
BLOCK = Rule("others", FilterList("others", (OTHER,)), FilterAction("block", Action.BLOCK), (KERBEROS,))
METHODS = (
    MainModeMethod(IkeEncryption.TRIPLE_DES, Integrity.SHA1, DhGroup.GROUP_14),
    MainModeMethod(IkeEncryption.TRIPLE_DES, Integrity.SHA1, DhGroup.GROUP_2),
)
POLICY = Policy("L2TP", "a description", 10_800, MainMode(METHODS, 28_800), (RULE, BLOCK))

Change = Callable[[Policy], Policy]
T = TypeVar("T")


def policy(**changes: object) -> Change:
    return lambda before: dataclasses.replace(before, **changes)  # type: ignore[arg-type]


def main_mode(**changes: object) -> Change:
    return lambda before: dataclasses.replace(before, main_mode=dataclasses.replace(before.main_mode, **changes))  # type: ignore[arg-type]


def first_method(**changes: object) -> Change:
    return main_mode(methods=(dataclasses.replace(METHODS[0], **changes), METHODS[1]))  # type: ignore[arg-type]


def first_rule(**changes: object) -> Change:
    return lambda before: dataclasses.replace(
        before,
        rules=(dataclasses.replace(before.rules[0], **changes), *before.rules[1:]),  # type: ignore[arg-type]
    )


def second_rule(**changes: object) -> Change:
    return lambda before: dataclasses.replace(before, rules=(RULE, dataclasses.replace(BLOCK, **changes)))  # type: ignore[arg-type]


def first_filter(**changes: object) -> Change:
    return first_rule(filter_list=FilterList("the pair", (dataclasses.replace(L2TP, **changes), OTHER)))  # type: ignore[arg-type]


def first_offer(**changes: object) -> Change:
    offers = (dataclasses.replace(NEGOTIATE.offers[0], **changes), NEGOTIATE.offers[1])  # type: ignore[arg-type]
    return first_rule(filter_action=dataclasses.replace(NEGOTIATE, offers=offers))


def filter_action(**changes: object) -> Change:
    return first_rule(filter_action=dataclasses.replace(NEGOTIATE, **changes))  # type: ignore[arg-type]


SAME: dict[str, Change] = {
    "another name and description": policy(name="other", description="other"),
    "the default polling interval as 0": policy(polling_interval=0),
    "rules in another order": policy(rules=(BLOCK, RULE)),
    "an inactive default response rule": policy(rules=(RULE, default_response_rule(), BLOCK)),
    "the default main mode lifetime as 0": main_mode(lifetime_seconds=0),
    "3DES by its other number": first_method(encryption=2),
    "a main mode method twice": main_mode(methods=(*METHODS, METHODS[0])),
    "a method that repeats the lifetime": first_method(lifetime_seconds=28_800),
    "a method that repeats the limit": first_method(quick_mode_limit=0),
    "a rule of another name": first_rule(name="other", description="other"),
    "alternate methods that say the same": first_rule(alternate_authentication=(KEY, CA)),
    "flags that say nothing": first_rule(authentication_flags=(AuthenticationFlag(0), AuthenticationFlag(0))),
    "flags of a preshared key": first_rule(authentication_flags=(AuthenticationFlag(1), AuthenticationFlag(0))),
    "an authority without its NUL": first_rule(
        authentication=(KEY, AuthenticationMethod(AuthenticationType.CERTIFICATE, CA.data[:-2])),
    ),
    "an authority as others write it": first_rule(
        authentication=(KEY, AuthenticationMethod.certificate("cn=Example Root CA,o=Example")),
    ),
    "a tunnel name without a tunnel": first_rule(tunnel_name="tunnel.example.com"),
    "filters in another order": first_rule(filter_list=FilterList("the pair", (OTHER, L2TP))),
    "another filter list's name": first_rule(filter_list=FilterList("other", (L2TP, OTHER), "other")),
    "another filter's description and GUID": first_filter(description="other", guid=uuid.UUID(int=1)),
    "the default lifetimes as 0": first_offer(lifetime_seconds=0, lifetime_kilobytes=0),
    "another filter action's name": filter_action(name="other", description="other"),
    "the action in lower case": filter_action(action=Action.NEGOTIATE.lower()),
    "other methods where nothing is negotiated": second_rule(authentication=(KEY,)),
    "offers where nothing is negotiated": second_rule(
        filter_action=FilterAction("block", Action.BLOCK, NEGOTIATE.offers),
    ),
}
DIFFERENT: dict[str, Change] = {
    "another polling interval": policy(polling_interval=60),
    "a rule less": policy(rules=(RULE,)),
    "a rule twice": policy(rules=(RULE, RULE, BLOCK)),
    "an active default response rule": policy(rules=(RULE, default_response_rule(active=True), BLOCK)),
    "another main mode lifetime": main_mode(lifetime_seconds=3_600),
    "another limit": main_mode(quick_mode_limit=5),
    "master key PFS": main_mode(master_pfs=True),
    "certificates mapped to accounts": main_mode(options=MainModeOption.MAP_TO_ACCOUNT),
    "main mode methods in another order": main_mode(methods=METHODS[::-1]),
    "another main mode encryption": first_method(encryption=IkeEncryption.DES),
    "another main mode integrity": first_method(integrity=Integrity.MD5),
    "another group": first_method(group=DhGroup.GROUP_1),
    "a method's own lifetime": first_method(lifetime_seconds=600),
    "a method's own limit": first_method(quick_mode_limit=5),
    "a method's lifetime in kilobytes": first_method(lifetime_kilobytes=1),
    "another key": first_rule(authentication=(AuthenticationMethod.preshared_key("other"), CA)),
    "another authority": first_rule(authentication=(KEY, AuthenticationMethod.certificate("CN=Other"))),
    "methods in another order": first_rule(authentication=(CA, KEY)),
    "a method less": first_rule(authentication=(KEY,)),
    "an alternate key": first_rule(alternate_authentication=(AuthenticationMethod.preshared_key("other"), CA)),
    "no alternate methods": first_rule(alternate_authentication=()),
    "a certificate's flag": first_rule(authentication_flags=(AuthenticationFlag(0), AuthenticationFlag(2))),
    "another connection type": first_rule(connection_type=ConnectionType.LAN),
    "an interface": first_rule(interface_name="Ethernet"),
    "an inactive rule": first_rule(active=False),
    "a tunnel": first_rule(tunnel_address=ipaddress.ip_address("192.0.2.9")),
    "no filter list": first_rule(filter_list=None),
    "an empty filter list": first_rule(filter_list=FilterList("empty", ())),
    "a filter twice": first_rule(filter_list=FilterList("the pair", (L2TP, L2TP, OTHER))),
    "ends swapped": first_filter(source=L2TP.destination, destination=L2TP.source),
    "another address": first_filter(source=Address.single("192.0.2.2")),
    "an address by its name": first_filter(source=Address.single("192.0.2.1", "vpn.example.com")),
    "another protocol": first_filter(protocol=Protocol.TCP),
    "another source port": first_filter(source_port=Ports.any()),
    "another destination port": first_filter(destination_port=Ports.one(1701)),
    "not mirrored": first_filter(mirrored=False),
    "a filter's tunnel": first_filter(tunnel_address=ipaddress.IPv4Address("192.0.2.9")),
    "an undocumented special number": first_filter(special=5),
    "another lifetime": first_offer(lifetime_seconds=900),
    "another lifetime in kilobytes": first_offer(lifetime_kilobytes=1),
    "PFS": first_offer(pfs=True),
    "another algorithm": first_offer(algorithms=(AH,)),
    "fall back to clear text": filter_action(offers=(*NEGOTIATE.offers, Offer(()))),
    "offers in another order": filter_action(offers=NEGOTIATE.offers[::-1]),
    "accept unsecured": filter_action(action=Action.NEGOTIATE_ACCEPTING_UNSECURED),
    "block": filter_action(action=Action.BLOCK),
    "another type of filter action": filter_action(type=FilterActionType.DEFAULT_RESPONSE),
    "permit instead of block": second_rule(filter_action=FilterAction("permit", Action.PERMIT)),
}


@pytest.mark.parametrize("change", SAME.values(), ids=SAME)
def test_means_the_same(change: Change) -> None:
    changed = change(POLICY)
    assert meaning(changed) == meaning(POLICY)
    assert hash(meaning(changed)) == hash(meaning(POLICY))


@pytest.mark.parametrize("change", DIFFERENT.values(), ids=DIFFERENT)
def test_means_something_else(change: Change) -> None:
    assert meaning(change(POLICY)) != meaning(POLICY)


def test_ah_and_esp_of_one_offer_have_no_order() -> None:
    assert meaning(first_offer(algorithms=(AH, ESP))(POLICY)) == meaning(first_offer(algorithms=(ESP, AH))(POLICY))


def test_a_subnet_by_any_of_its_addresses() -> None:
    subnet = Address.subnet("192.0.2.0/24")
    written = dataclasses.replace(subnet, first=ipaddress.ip_address("192.0.2.77"))
    assert written != subnet
    assert meaning(first_filter(source=written)(POLICY)) == meaning(first_filter(source=subnet)(POLICY))


def test_a_dns_name_in_any_case() -> None:
    lower, upper = (first_filter(source=Address.single("192.0.2.1", name)) for name in ("a.example", "A.EXAMPLE"))
    assert meaning(lower(POLICY)) == meaning(upper(POLICY))


def test_master_key_pfs_allows_one_quick_mode_whatever_the_limit_says() -> None:
    pfs, limited = main_mode(master_pfs=True), main_mode(master_pfs=True, quick_mode_limit=5)
    assert meaning(pfs(POLICY)) == meaning(limited(POLICY))


def test_a_tunnel_has_its_name() -> None:
    address = ipaddress.ip_address("192.0.2.9")
    unnamed = rule_meaning(dataclasses.replace(RULE, tunnel_address=address))
    assert unnamed != rule_meaning(dataclasses.replace(RULE, tunnel_address=address, tunnel_name="tunnel"))


@given(strategies.POLICY, st.randoms(use_true_random=False))
def test_the_order_of_rules_and_filters_never_has_a_meaning(policy: Policy, random: Random) -> None:
    rules = [
        rule
        if rule.filter_list is None
        else dataclasses.replace(rule, filter_list=FilterList("", shuffled(rule.filter_list.filters, random)))
        for rule in policy.rules
    ]
    assert meaning(dataclasses.replace(policy, rules=shuffled(rules, random))) == meaning(policy)


def shuffled(items: Sequence[T], random: Random) -> tuple[T, ...]:
    return tuple(random.sample(items, len(items)))


class TestMasking:
    def test_a_key_becomes_its_digest_under_the_nonce(self) -> None:
        digest = hmac.new(NONCE, "correct horse\0".encode("utf-16-le"), hashlib.sha256).digest()
        assert KEY.masked(NONCE) == AuthenticationMethod(AuthenticationType.PRESHARED_KEY, digest)

    def test_data_of_an_unknown_type_becomes_its_digest_too(self) -> None:
        masked = AuthenticationMethod(9, b"whatever").masked(NONCE)
        assert (masked.type, masked.data) == (9, hmac.new(NONCE, b"whatever", hashlib.sha256).digest())

    @pytest.mark.parametrize("method", [CA, KERBEROS])
    def test_certificates_and_kerberos_stay(self, method: AuthenticationMethod) -> None:
        assert method.masked(NONCE) == method

    def test_a_whole_policy(self) -> None:
        policy = first_rule(alternate_authentication=(KEY, CA))(POLICY)
        masked = policy.masked(NONCE)
        assert masked.rules[0].authentication == (KEY.masked(NONCE), CA)
        assert masked.rules[0].alternate_authentication == (KEY.masked(NONCE), CA)
        assert masked.rules[1] == BLOCK
        assert meaning(masked) == meaning(POLICY.masked(NONCE))

    def test_no_text_of_a_policy_shows_a_key(self) -> None:
        text = repr(POLICY)
        assert "correct" not in text
        assert KEY.data.hex() not in text


class TestAuthentication:
    def test_what_the_store_holds(self) -> None:
        assert KEY.data == "correct horse\0".encode("utf-16-le")
        assert CA.data == "CN=Example Root CA, O=Example\0".encode("utf-16-le")
        assert KERBEROS.data == b"\0\0"

    def test_the_authority_is_only_that_of_a_certificate(self) -> None:
        authorities = [method.certificate_authority for method in (CA, KEY, KERBEROS)]
        assert authorities == ["CN=Example Root CA, O=Example", "", ""]

    @pytest.mark.parametrize(
        ("first", "alternate", "secret"),
        [
            ((CA, KERBEROS), None, False),
            ((CA, KEY), None, True),
            ((CA,), (KEY,), True),
            ((AuthenticationMethod(9, b""),), (), True),
        ],
    )
    def test_a_rule_knows_whether_it_holds_a_secret(
        self,
        first: tuple[AuthenticationMethod, ...],
        alternate: tuple[AuthenticationMethod, ...] | None,
        *,
        secret: bool,
    ) -> None:
        rule = dataclasses.replace(RULE, authentication=first, alternate_authentication=alternate)
        assert rule.holds_secret is secret


class TestAddress:
    @pytest.mark.parametrize(
        ("address", "text"),
        [
            (Address.any(), "any"),
            (Address.me(), "me"),
            (Address(AddressKind.GATEWAY), "gateway"),
            (Address.single("192.0.2.1"), "192.0.2.1"),
            (Address.single("192.0.2.1", "vpn.example.com"), "vpn.example.com"),
            (Address.range("192.0.2.1", "192.0.2.9"), "192.0.2.1-192.0.2.9"),
            (Address.subnet("192.0.2.0/24"), "192.0.2.0/24"),
            (Address.subnet("2001:db8::/32"), "2001:db8::/32"),
            (
                Address(
                    AddressKind.SUBNET,
                    ipaddress.ip_address("192.0.2.1"),
                    ipaddress.ip_address("255.0.255.0"),
                ),
                "192.0.2.1/255.0.255.0",
            ),
        ],
    )
    def test_text(self, address: Address, text: str) -> None:
        assert str(address) == text

    def test_subnets_that_a_store_can_t_tell_from_others(self) -> None:
        assert Address.subnet("192.0.2.1/32") == Address.single("192.0.2.1")
        assert Address.subnet("0.0.0.0/0") == Address.any()

    def test_versions(self) -> None:
        found = [Address.single(text).version for text in ("192.0.2.1", "2001:db8::1")]
        found += [Address.subnet("2001:db8::/32").version, Address.range("2001:db8::1", "2001:db8::2").version]
        assert found == [IpVersion.V4, IpVersion.V6, IpVersion.V6, IpVersion.V6]

    @pytest.mark.parametrize(
        ("make", "arguments"),
        [
            (Address.single, ["vpn.example.com"]),
            (Address.subnet, ["192.0.2.1/24"]),
            (Address.range, ["192.0.2.1", "2001:db8::1"]),
        ],
    )
    def test_a_text_that_is_no_address_is_refused(self, make: Callable[..., Address], arguments: list[str]) -> None:
        with pytest.raises(ValueError, match=r"192|vpn"):
            make(*arguments)

    @pytest.mark.parametrize(
        ("address", "length"),
        [
            (Address.subnet("192.0.2.0/25"), 25),
            (Address.subnet("2001:db8::/33"), 33),
            (Address.single("192.0.2.1"), None),
            (
                Address(AddressKind.SUBNET, ipaddress.ip_address("192.0.2.1"), ipaddress.ip_address("0.0.0.1")),
                None,
            ),
            (Address(AddressKind.SUBNET, ipaddress.ip_address("192.0.2.1")), None),
        ],
    )
    def test_prefix_length(self, address: Address, length: int | None) -> None:
        assert address.prefix_length == length

    @pytest.mark.parametrize(
        ("outer", "inner", "covers"),
        [
            (Address.subnet("192.0.2.0/24"), Address.single("192.0.2.255"), True),
            (Address.subnet("192.0.2.0/24"), Address.single("192.0.3.0"), False),
            (Address.subnet("192.0.2.0/24"), Address.single("192.0.1.255"), False),
            (Address.range("192.0.2.1", "192.0.2.9"), Address.range("192.0.2.1", "192.0.2.9"), True),
            (Address.range("192.0.2.1", "192.0.2.9"), Address.range("192.0.2.0", "192.0.2.9"), False),
            (Address.range("192.0.2.1", "192.0.2.9"), Address.range("192.0.2.1", "192.0.2.10"), False),
            (Address.single("192.0.2.1"), Address.subnet("192.0.2.0/31"), False),
            (Address.subnet("::/0"), Address.single("192.0.2.1"), False),
            (Address.me(), Address.me(), True),
            (Address.any(), Address.me(), False),
            (Address.single("192.0.2.1"), Address.me(), False),
            (
                Address(AddressKind.SUBNET, ipaddress.ip_address("192.0.2.1"), ipaddress.ip_address("255.0.255.0")),
                Address.single("192.0.2.1"),
                False,
            ),
        ],
    )
    def test_covers(self, outer: Address, inner: Address, *, covers: bool) -> None:
        assert outer.covers(inner) is covers

    def test_bounds(self) -> None:
        first, last = Address.subnet("192.0.2.128/25").bounds or (None, None)
        assert (str(first), str(last)) == ("192.0.2.128", "192.0.2.255")


class TestFilterCovers:
    WIDE = dataclasses.replace(L2TP, source=Address.subnet("192.0.2.0/24"))

    def test_a_filter_of_the_same_protocol_and_ports(self) -> None:
        assert self.WIDE.covers(dataclasses.replace(L2TP, description="described"))

    @pytest.mark.parametrize(
        "narrow",
        [
            dataclasses.replace(L2TP, protocol=Protocol.TCP),
            dataclasses.replace(L2TP, mirrored=False),
            dataclasses.replace(L2TP, source=Address.single("192.0.3.1")),
            dataclasses.replace(L2TP, destination=Address.single("192.0.3.1")),
        ],
    )
    def test_a_filter_that_differs_elsewhere_is_not_covered(self, narrow: Filter) -> None:
        assert not self.WIDE.covers(narrow)


class TestWords:
    @pytest.mark.parametrize(
        ("ports", "text", "is_any", "is_range"),
        [
            (Ports.any(), "any", True, False),
            (Ports.one(0), "any", True, False),
            (Ports.one(1701), "1701", False, False),
            (Ports.range(1700, 1702), "1700-1702", False, True),
            (Ports.range(0, 1702), "0-1702", False, True),
        ],
    )
    def test_ports(self, ports: Ports, text: str, *, is_any: bool, is_range: bool) -> None:
        assert (str(ports), ports.is_any, ports.is_range) == (text, is_any, is_range)

    @pytest.mark.parametrize(
        ("action", "offers", "negotiates", "accepts", "falls_back"),
        [
            (Action.BLOCK, (Offer(()),), False, False, False),
            (Action.PERMIT, (Offer(()),), False, False, False),
            (Action.NEGOTIATE, (Offer((ESP,)),), True, False, False),
            (Action.NEGOTIATE, (Offer((ESP,)), Offer(())), True, False, True),
            (Action.NEGOTIATE_ACCEPTING_UNSECURED, (), True, True, False),
            ("{unknown}", (), True, False, False),
        ],
    )
    def test_filter_actions(
        self,
        action: Action,
        offers: tuple[Offer, ...],
        *,
        negotiates: bool,
        accepts: bool,
        falls_back: bool,
    ) -> None:
        found = FilterAction("", action, offers)
        assert (found.negotiates, found.accepts_unsecured) == (negotiates, accepts)
        assert found.falls_back_to_clear_text is falls_back

    def test_the_default_response_rule(self) -> None:
        rule = default_response_rule()
        assert (rule.is_default_response, rule.active, rule.filters) == (True, False, ())
        assert default_response_rule(active=True).active
        assert not RULE.is_default_response
        assert not dataclasses.replace(RULE, filter_list=None).is_default_response
        assert not dataclasses.replace(rule, filter_list=RULE.filter_list).is_default_response
        assert RULE.filters == (L2TP, OTHER)
