# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bytes to structures and back: what any Windows wrote is read, what we write any Windows reads."""

from __future__ import annotations

import dataclasses
import ipaddress
import uuid
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.rras.ipsec.plugins.plugin_utils._policy import codec
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.model import (
    Address,
    AddressKind,
    Algorithm,
    AuthenticationFlag,
    AuthenticationMethod,
    ConnectionType,
    DhGroup,
    Encryption,
    Filter,
    IkeEncryption,
    Integrity,
    IpVersion,
    MainMode,
    MainModeMethod,
    MainModeOption,
    Offer,
    Ports,
    Protocol,
    Transform,
)
from ansible_collections.rras.ipsec.tests.support import gpipsec, strategies
from ansible_collections.rras.ipsec.tests.support.defaults import VECTORS, Vector

INSTANCE = uuid.UUID("6f1c8a52-0d3e-4b7a-9c55-2f1f0f6f4a10")
DECODERS: dict[str, Callable[[bytes], object]] = {
    "ipsecPolicy": codec.decode_policy,
    "ipsecISAKMPPolicy": codec.decode_main_mode,
    "ipsecNFA": codec.decode_rule,
    "ipsecNegotiationPolicy": codec.decode_filter_action,
    "ipsecFilter": codec.decode_filter_list,
}
IDENTITIES = {
    "ipsecPolicy": gpipsec.guid(gpipsec.POLICY),
    "ipsecISAKMPPolicy": gpipsec.guid(gpipsec.MAIN_MODE),
    "ipsecNFA": gpipsec.guid(gpipsec.RULE),
    "ipsecNegotiationPolicy": gpipsec.guid(gpipsec.FILTER_ACTION),
    "ipsecFilter": gpipsec.guid(gpipsec.FILTER_LIST),
}
DES_SHA1_1 = MainModeMethod(IkeEncryption.DES, Integrity.SHA1, DhGroup.GROUP_1)
TRIPLE_DES_SHA1_2 = MainModeMethod(IkeEncryption.TRIPLE_DES, Integrity.SHA1, DhGroup.GROUP_2)
TRIPLE_DES_SHA1_14 = MainModeMethod(IkeEncryption.TRIPLE_DES, Integrity.SHA1, DhGroup.GROUP_14)
DES_MD5_14 = MainModeMethod(IkeEncryption.DES, Integrity.MD5, DhGroup.GROUP_14)
KEY = AuthenticationMethod.preshared_key("correct horse")
CA = AuthenticationMethod.certificate("CN=Example Root CA, O=Example")
KERBEROS = AuthenticationMethod.kerberos()
V4_ADDRESS = ipaddress.IPv4Address("192.0.2.1")
A, B = ("192.0.2.1", "255.255.255.255"), ("198.51.100.7", "255.255.255.255")
ANY, ME = ("0.0.0.0", "0.0.0.0"), ("0.0.0.0", "255.255.255.255")  # noqa: S104 (any address)


class TestRoundTrip:
    """What we write is read as the same."""

    @given(strategies.UINT32)
    def test_policy(self, interval: int) -> None:
        data = codec.PolicyData(interval)
        assert codec.decode_policy(codec.encode_policy(data)) == data

    @given(strategies.main_modes(), st.uuids())
    def test_main_mode(self, main_mode: MainMode, instance: uuid.UUID) -> None:
        assert codec.decode_main_mode(codec.encode_main_mode(main_mode, instance)) == main_mode

    @given(strategies.RULE_DATA)
    def test_rule(self, rule: codec.RuleData) -> None:
        assert codec.decode_rule(codec.encode_rule(rule)) == rule

    @given(strategies.OFFERS)
    def test_filter_action(self, offers: tuple[Offer, ...]) -> None:
        assert codec.decode_filter_action(codec.encode_filter_action(offers)) == offers

    @given(strategies.FILTERS)
    def test_filter_list(self, filters: tuple[Filter, ...]) -> None:
        read = codec.decode_filter_list(codec.encode_filter_list(filters))
        assert read == filters
        assert [(each.guid, each.description) for each in read] == [(each.guid, each.description) for each in filters]


class TestWindowsBytes:
    """What we write for KB 240262 is what the specification says, byte for byte."""

    def test_policy(self) -> None:
        expected = gpipsec.structure(gpipsec.POLICY, gpipsec.u32(10_800))
        assert codec.encode_policy(codec.PolicyData(10_800)) == expected

    def test_rule(self) -> None:
        expected = gpipsec.rule(gpipsec.preshared_key("correct horse"))
        assert codec.encode_rule(codec.RuleData((KEY,))) == expected

    def test_inactive_tunnel_rule(self) -> None:
        rule = codec.RuleData(
            (), ConnectionType.DIALUP, active=False, tunnel_address=ipaddress.IPv4Address("192.0.2.9")
        )
        expected = gpipsec.rule(interface=0xFFFFFFFF, tunnel="192.0.2.9", is_tunnel=1, active=0)
        assert codec.encode_rule(rule) == expected

    def test_filter_action(self) -> None:
        algorithm = Algorithm(Transform.ESP, Encryption.TRIPLE_DES, Integrity.SHA1)
        numbers = gpipsec.u32(3_600, 100_000, 0, 1, 1, 3, 2, 2) + bytes(48)
        expected = gpipsec.structure(gpipsec.FILTER_ACTION, gpipsec.u32(1) + numbers)
        assert codec.encode_filter_action([Offer((algorithm,), 3_600, 100_000, pfs=True)]) == expected

    def test_filter_list(self) -> None:
        filter_ = Filter(
            Address.single("192.0.2.1"),
            Address.single("198.51.100.7"),
            Protocol.UDP,
            Ports.one(1701),
            description="a filter",
            guid=gpipsec.FILTER_ID,
        )
        expected = gpipsec.filter_list(gpipsec.filter_1(A, B, protocol=17, ports=(1701, 0)))
        assert codec.encode_filter_list([filter_]) == expected.replace(b"\xcd", b"\0")

    def test_a_filter_without_a_guid_has_zeros_there(self) -> None:
        data = codec.encode_filter_list([Filter(Address.me(), Address.any())])
        assert data[42:58] == bytes(16)
        assert codec.decode_filter_list(data)[0].guid == uuid.UUID(int=0)

    def test_main_mode(self) -> None:
        main_mode = MainMode((TRIPLE_DES_SHA1_2,), 3_600, 5, master_pfs=True, options=MainModeOption.MAP_TO_ACCOUNT)
        method = gpipsec.u32(0, 3, 0, 0, 2, 0, 0, 0, 0, 0, 0, 2, 5, 0, 3_600, 1)
        numbers = gpipsec.u32(0, 1, 1, 0, 5, 3_600, 0, 0, 0, 0, 0, 1)
        expected = gpipsec.structure(gpipsec.MAIN_MODE, INSTANCE.bytes_le + numbers + method)
        assert codec.encode_main_mode(main_mode, INSTANCE) == expected

    def test_a_method_states_the_default_lifetime_that_the_main_mode_leaves_out(self) -> None:
        data = codec.encode_main_mode(MainMode((TRIPLE_DES_SHA1_2,)), INSTANCE)
        assert data.endswith(gpipsec.u32(28_800, 0) + b"\0")


class TestGroup14:
    """Windows 2000 and XP know neither the group nor New-DH-n; nobody loses the order of preference."""

    @pytest.mark.parametrize(
        ("methods", "new_dh", "count"),
        [
            ((TRIPLE_DES_SHA1_14, TRIPLE_DES_SHA1_2), [4, 0, 0, 0], 1),
            ((TRIPLE_DES_SHA1_14, DES_MD5_14, TRIPLE_DES_SHA1_2), [4, 1, 0, 0], 1),
            ((DES_MD5_14, *[TRIPLE_DES_SHA1_14] * 4, DES_SHA1_1), [1, 4, 4, 4], 2),
            ((TRIPLE_DES_SHA1_2, TRIPLE_DES_SHA1_14), [0, 0, 0, 0], 2),
            ((TRIPLE_DES_SHA1_14, TRIPLE_DES_SHA1_2, TRIPLE_DES_SHA1_14), [4, 0, 0, 0], 2),
            ((TRIPLE_DES_SHA1_14,), [0, 0, 0, 0], 1),
            ((dataclasses.replace(TRIPLE_DES_SHA1_14, quick_mode_limit=3), TRIPLE_DES_SHA1_2), [0, 0, 0, 0], 2),
            ((), [0, 0, 0, 0], 0),
        ],
        ids=[
            "first",
            "two first",
            "five first",
            "last",
            "first and last",
            "alone",
            "with a limit of its own",
            "no methods",
        ],
    )
    def test_leading_methods_stand_in_new_dh(
        self,
        methods: tuple[MainModeMethod, ...],
        new_dh: list[int],
        count: int,
    ) -> None:
        data = codec.encode_main_mode(MainMode(methods), INSTANCE)
        assert list(data[48:52]) == new_dh
        assert data[80:84] == gpipsec.u32(count)
        assert codec.decode_main_mode(data).methods == methods


class TestMainModeOfWindows:
    @pytest.mark.parametrize(
        ("new_dh", "expected"),
        [
            (bytes([4, 1, 0, 0]), (TRIPLE_DES_SHA1_14, DES_MD5_14)),
            (bytes([0, 4, 4, 4]), ()),
            (b"\xcd\xcd\xcd\xcd", ()),
            (bytes([4, 5, 4, 4]), (TRIPLE_DES_SHA1_14,)),
        ],
        ids=["two", "none", "garbage", "garbage behind"],
    )
    def test_new_dh_comes_first(self, new_dh: bytes, expected: tuple[MainModeMethod, ...]) -> None:
        data = gpipsec.main_mode(gpipsec.main_mode_method(1, 2, 1), new_dh=new_dh)
        assert codec.decode_main_mode(data).methods == (*expected, DES_SHA1_1)

    def test_all_four_new_dh_numbers(self) -> None:
        read = codec.decode_main_mode(gpipsec.main_mode(new_dh=bytes([1, 2, 3, 4]))).methods
        des, triple = IkeEncryption.DES, IkeEncryption.TRIPLE_DES
        md5, sha1 = Integrity.MD5, Integrity.SHA1
        expected = [(des, md5), (des, sha1), (triple, md5), (triple, sha1)]
        assert [(method.encryption, method.integrity) for method in read] == expected
        assert {method.group for method in read} == {DhGroup.GROUP_14}

    def test_the_random_function_overrides_the_method(self) -> None:
        data = gpipsec.main_mode(gpipsec.main_mode_method(1, 1, 1, function=4, limit=9, lifetime=60))
        assert codec.decode_main_mode(data).methods == (TRIPLE_DES_SHA1_14,)

    def test_the_other_number_of_3des(self) -> None:
        assert codec.decode_main_mode(gpipsec.main_mode(gpipsec.main_mode_method(2, 2, 2))).methods == (
            TRIPLE_DES_SHA1_2,
        )

    def test_numbers_without_a_name_survive(self) -> None:
        method = codec.decode_main_mode(gpipsec.main_mode(gpipsec.main_mode_method(7, 4, 19))).methods[0]
        assert method == MainModeMethod(7, 4, 19)

    def test_what_only_a_method_says(self) -> None:
        data = gpipsec.main_mode(gpipsec.main_mode_method(3, 2, 2, limit=1, lifetime=600), limit=5, lifetime=28_800)
        expected = dataclasses.replace(TRIPLE_DES_SHA1_2, lifetime_seconds=600, quick_mode_limit=1)
        assert codec.decode_main_mode(data) == MainMode((expected,), 28_800, 5)

    def test_a_method_without_a_lifetime_has_that_of_the_main_mode(self) -> None:
        data = gpipsec.main_mode(gpipsec.main_mode_method(3, 2, 2, lifetime=0), lifetime=600)
        assert codec.decode_main_mode(data) == MainMode((TRIPLE_DES_SHA1_2,), 600)

    def test_master_pfs_and_options(self) -> None:
        main_mode = codec.decode_main_mode(gpipsec.main_mode(pfs=1))
        assert (main_mode.master_pfs, main_mode.options) == (True, MainModeOption(0))


class TestRuleOfWindows:
    def test_methods_in_order_of_preference(self) -> None:
        ca = gpipsec.method(3, "CN=Example Root CA, O=Example\0".encode("utf-16-le"))
        data = gpipsec.rule(ca, gpipsec.preshared_key("correct horse"), gpipsec.method(5, bytes(2)))
        assert codec.decode_rule(data).authentication == (CA, KEY, KERBEROS)

    def test_a_method_of_an_unknown_type_survives(self) -> None:
        rule = codec.decode_rule(gpipsec.rule(gpipsec.method(9, b"whatever"), interface=7))
        assert rule.authentication == (AuthenticationMethod(9, b"whatever"),)
        assert rule.connection_type == 7

    @pytest.mark.parametrize("gap", [b"", b"\0"], ids=["at once", "behind the unused byte"])
    def test_the_sections_of_vista(self, gap: bytes) -> None:
        methods = [gpipsec.preshared_key("correct horse"), gpipsec.method(5, bytes(2))]
        rest = gpipsec.alternate(*reversed(methods)) + gpipsec.flags(0, 2) + gpipsec.ipv6_tunnel("2001:db8::1")
        rule = codec.decode_rule(gpipsec.rule(*methods, is_tunnel=1, tunnel="192.0.2.9", rest=gap + rest))
        assert rule.alternate_authentication == (KERBEROS, KEY)
        assert rule.authentication_flags == (AuthenticationFlag(0), AuthenticationFlag.EXCLUDE_CA_NAME)
        assert rule.tunnel_address == ipaddress.ip_address("2001:db8::1")

    def test_sections_may_be_missing_and_the_reserved_number_may_be_anything(self) -> None:
        rest = gpipsec.flags(1, zero=gpipsec.GARBAGE) + b"and more"
        rule = codec.decode_rule(gpipsec.rule(gpipsec.method(5, bytes(2)), rest=rest))
        assert rule.alternate_authentication is None
        assert rule.authentication_flags == (AuthenticationFlag.MAP_TO_ACCOUNT,)

    def test_sections_behind_data_of_another_length(self) -> None:
        rule = gpipsec.rule(gpipsec.method(5, bytes(2)), rest=b"")
        length = len(rule) - 20 + 3
        data = rule[:16] + gpipsec.u32(length) + rule[20:] + b"\0\0\0" + gpipsec.alternate()
        assert codec.decode_rule(data).alternate_authentication == ()

    @pytest.mark.parametrize(
        ("is_tunnel", "ipv6", "expected"),
        [(0, "2001:db8::1", None), (1, "::", "192.0.2.9"), (1, "2001:db8::1", "2001:db8::1")],
    )
    def test_a_tunnel_only_where_the_rule_says_so(self, is_tunnel: int, ipv6: str, expected: str | None) -> None:
        data = gpipsec.rule(tunnel="192.0.2.9", is_tunnel=is_tunnel, rest=gpipsec.ipv6_tunnel(ipv6))
        address = codec.decode_rule(data).tunnel_address
        assert address == (None if expected is None else ipaddress.ip_address(expected))

    def test_what_a_host_answers(self) -> None:
        """The host puts the digest in the key's place, and counts the sections in Data-Length."""
        digest = KEY.masked(b"nonce")
        body = gpipsec.rule(gpipsec.method(1, digest.data), rest=b"")[20:]
        data = gpipsec.structure(gpipsec.RULE, body + gpipsec.alternate(gpipsec.method(1, digest.data)))
        rule = codec.decode_rule(data)
        assert (rule.authentication, rule.alternate_authentication) == ((digest,), (digest,))


class TestFilterActionOfWindows:
    @pytest.mark.parametrize(
        ("numbers", "expected"),
        [
            ((3, 2, 2), Algorithm(Transform.ESP, Encryption.TRIPLE_DES, Integrity.SHA1)),
            ((1, 0, 2), Algorithm(Transform.ESP, Encryption.NONE, Integrity.NONE)),
            ((2, 0xCD, 1), Algorithm(Transform.AH, Encryption.NONE, Integrity.SHA1)),
            ((9, 8, 2), Algorithm(Transform.ESP, 9, 8)),
            ((9, 0, 1), Algorithm(Transform.AH, Encryption.NONE, 9)),
            ((1, 2, 7), Algorithm(7, 1, 2)),
            ((1, 2, 0), Algorithm(0, 1, 2)),
        ],
    )
    def test_algorithms(self, numbers: tuple[int, int, int], expected: Algorithm) -> None:
        """Numbers have names as far as their protocol is known: a name equals its number, but its text does not."""
        (offer,) = codec.decode_filter_action(gpipsec.filter_action(gpipsec.offer(numbers)))
        assert offer.algorithms == (expected,)
        assert repr(offer.algorithms) == repr((expected,))

    def test_ah_and_esp_in_one_offer(self) -> None:
        data = gpipsec.filter_action(gpipsec.offer((1, 0, 1), (2, 1, 2)), gpipsec.offer(seconds=1, kilobytes=2, pfs=1))
        both = (
            Algorithm(Transform.AH, Encryption.NONE, Integrity.MD5),
            Algorithm(Transform.ESP, Encryption.DES, Integrity.MD5),
        )
        assert codec.decode_filter_action(data) == (Offer(both), Offer((), 1, 2, pfs=True))


class TestFilterListOfWindows:
    @pytest.mark.parametrize(
        ("end", "expected"),
        [
            (A, Address.single("192.0.2.1")),
            (ANY, Address.any()),
            (ME, Address.me()),
            (("192.0.2.0", "255.255.255.0"), Address.subnet("192.0.2.0/24")),
            (
                ("192.0.2.1", "255.0.255.0"),
                Address(
                    AddressKind.SUBNET,
                    ipaddress.ip_address("192.0.2.1"),
                    ipaddress.ip_address("255.0.255.0"),
                ),
            ),
            (("192.0.2.1", "0.0.0.0"), Address(AddressKind.SUBNET, V4_ADDRESS, ipaddress.IPv4Address(0))),  # noqa: S104
            (("192.0.2.1", "192.0.2.1"), Address(AddressKind.SUBNET, V4_ADDRESS, V4_ADDRESS)),
            (("0.0.0.0", "192.0.2.1"), Address(AddressKind.SUBNET, ipaddress.IPv4Address(0), V4_ADDRESS)),  # noqa: S104
        ],
        ids=["single", "any", "me", "subnet", "mask with holes", "no mask", "address as mask", "mask alone"],
    )
    def test_addresses(self, end: tuple[str, str], expected: Address) -> None:
        read = codec.decode_filter_list(gpipsec.filter_list(gpipsec.filter_1(end, B), gpipsec.filter_1(B, end)))
        assert (read[0].source, read[1].destination) == (expected, expected)

    def test_a_dns_name(self) -> None:
        data = gpipsec.filter_list(gpipsec.filter_1(A, ME, names=("vpn.example.com", "me.example.com")))
        filter_ = codec.decode_filter_list(data)[0]
        assert filter_.source == Address.single("192.0.2.1", "vpn.example.com")
        assert filter_.destination.name == "me.example.com"
        named_any = codec.decode_filter_list(gpipsec.filter_list(gpipsec.filter_1(ANY, B, names=("any", ""))))
        assert named_any[0].source.name == "any"

    @pytest.mark.parametrize(
        ("special", "kind"),
        [(1, AddressKind.DNS), (2, AddressKind.WINS), (3, AddressKind.DHCP), (4, AddressKind.GATEWAY)],
    )
    def test_servers_and_gateway(self, special: int, kind: AddressKind) -> None:
        data = gpipsec.filter_list(
            gpipsec.filter_1(ANY, ME, special=special),
            gpipsec.filter_1(ME, ANY, special=special | 0x80),
        )
        first, second = codec.decode_filter_list(data)
        assert (first.source, first.destination) == (Address(kind), Address.me())
        assert (second.source, second.destination) == (Address.me(), Address(kind))

    @pytest.mark.parametrize("special", [5, 0x80, 0xCD])
    def test_an_undocumented_special_number_makes_another_filter(self, special: int) -> None:
        filter_ = codec.decode_filter_list(gpipsec.filter_list(gpipsec.filter_1(A, B, special=special)))[0]
        assert filter_ == Filter(Address.single(A[0]), Address.single(B[0]), special=special)

    def test_ports_protocol_tunnel_and_mirror(self) -> None:
        data = gpipsec.filter_1(A, B, mirrored=0, protocol=132, ports=(0, 443), is_tunnel=1, tunnel="192.0.2.9")
        filter_ = codec.decode_filter_list(gpipsec.filter_list(data))[0]
        assert (filter_.protocol, filter_.source_port, filter_.destination_port) == (132, Ports.any(), Ports.one(443))
        assert (filter_.mirrored, filter_.tunnel_address) == (False, ipaddress.IPv4Address("192.0.2.9"))
        assert (filter_.description, filter_.guid) == ("a filter", gpipsec.FILTER_ID)


V4_A, V4_B, V6_A = (gpipsec.ip(address) for address in ("192.0.2.1", "192.0.2.9", "2001:db8::1"))
ANYWHERE = gpipsec.address_2(0, 1)


class TestVersion2:
    @pytest.mark.parametrize(
        ("end", "expected"),
        [
            (gpipsec.address_2(0, 1), Address.any()),
            (gpipsec.address_2(0, 2), Address(AddressKind.ANY, version=IpVersion.V6)),
            (gpipsec.address_2(8, 3), Address(AddressKind.ME, version=IpVersion.BOTH)),
            (gpipsec.address_2(0x10, 1), Address(AddressKind.DNS)),
            (gpipsec.address_2(0x20, 2), Address(AddressKind.WINS, version=IpVersion.V6)),
            (gpipsec.address_2(0x40, 3), Address(AddressKind.DHCP, version=IpVersion.BOTH)),
            (gpipsec.address_2(0x80, 3), Address(AddressKind.GATEWAY, version=IpVersion.BOTH)),
            (gpipsec.address_2(8, 9), Address(AddressKind.ME, version=9)),
            (gpipsec.address_2(1, 1, V4_A), Address.single("192.0.2.1")),
            (gpipsec.address_2(1, 2, V6_A), Address.single("2001:db8::1")),
            (gpipsec.address_2(2, 1, V4_A, V4_B), Address.range("192.0.2.1", "192.0.2.9")),
            (gpipsec.address_2(4, 1, gpipsec.ip("192.0.2.0"), b"\xff\xff\xff\0"), Address.subnet("192.0.2.0/24")),
            (gpipsec.address_2(4, 2, gpipsec.ip("2001:db8::"), b"\x20"), Address.subnet("2001:db8::/32")),
            (gpipsec.address_2(4, 2, V6_A, b"\x80"), Address.subnet("2001:db8::1/128")),
        ],
    )
    def test_addresses(self, end: bytes, expected: Address) -> None:
        data = gpipsec.filter_list(
            rest=gpipsec.filters_2(gpipsec.filter_2(end, ANYWHERE), gpipsec.filter_2(ANYWHERE, end)),
        )
        first, second = codec.decode_filter_list(data)
        assert (first.source, second.destination) == (expected, expected)

    def test_ports_protocol_and_mirror(self) -> None:
        ports = ((2, 1700, 1702), (1, 443, 0xCDCD))
        filter_2 = gpipsec.filter_2(ANYWHERE, ANYWHERE, ports=ports, protocol=17, mirrored=0)
        filter_ = codec.decode_filter_list(gpipsec.filter_list(rest=gpipsec.filters_2(filter_2)))[0]
        assert filter_ == Filter(
            Address.any(),
            Address.any(),
            Protocol.UDP,
            Ports.range(1700, 1702),
            Ports.one(443),
            mirrored=False,
        )
        assert (filter_.description, filter_.guid) == ("a filter", gpipsec.FILTER_ID)

    @pytest.mark.parametrize("gap", [b"", b"\0"], ids=["at once", "behind the unused byte"])
    def test_both_versions_add_up(self, gap: bytes) -> None:
        filter_2 = gpipsec.filter_2(gpipsec.address_2(8, 2), ANYWHERE)
        data = gpipsec.filter_list(gpipsec.filter_1(A, B), rest=gap + gpipsec.filters_2(filter_2, count_1=1))
        assert [each.source.kind for each in codec.decode_filter_list(data)] == [AddressKind.SINGLE, AddressKind.ME]

    def test_the_second_count_overrides_the_first(self) -> None:
        rest = gpipsec.filters_2(count_1=1)
        filters = [gpipsec.filter_1(A, B), gpipsec.filter_1(B, A)]
        assert len(codec.decode_filter_list(gpipsec.filter_list(*filters, rest=rest))) == 1
        assert len(codec.decode_filter_list(gpipsec.filter_list(*filters, count=0, rest=rest))) == 1
        assert len(codec.decode_filter_list(gpipsec.filter_list(*filters, count=1, rest=gpipsec.filters_2()))) == 1

    def test_the_second_count_never_reads_beyond_version_1(self) -> None:
        data = gpipsec.filter_list(rest=gpipsec.filters_2(*[gpipsec.filter_2(ANYWHERE, ANYWHERE)] * 3, count_1=1))
        with pytest.raises(codec.CodecError, match="Number-Of-Filters1"):
            codec.decode_filter_list(data)

    @pytest.mark.parametrize(("flag", "kept"), [(8, ["198.51.100.7", "192.0.2.1-192.0.2.9"]), (0, None)])
    def test_a_range_replaces_the_subnets_that_it_covers(self, flag: int, kept: list[str] | None) -> None:
        legacy = [
            gpipsec.filter_1(A, ANY),
            gpipsec.filter_1(("192.0.2.2", "255.255.255.254"), ANY),
            gpipsec.filter_1(B, ANY),
        ]
        newer = gpipsec.filter_2(gpipsec.address_2(2, 1, V4_A, V4_B), ANYWHERE, flag=flag)
        read = codec.decode_filter_list(gpipsec.filter_list(*legacy, rest=gpipsec.filters_2(newer, count_1=3)))
        sources = [str(each.source) for each in read]
        assert sources == (kept or ["192.0.2.1", "192.0.2.2/31", "198.51.100.7", "192.0.2.1-192.0.2.9"])

    @pytest.mark.parametrize("before", [0, 2], ids=["first", "third"])
    @pytest.mark.parametrize(
        ("filter_2", "field", "place", "found"),
        [
            (
                gpipsec.filter_2(gpipsec.address_2(3, 1), ANYWHERE),
                "IPsec-Address-Type",
                54,
                "a kind of address, found 3",
            ),
            (
                gpipsec.filter_2(ANYWHERE, gpipsec.address_2(9, 1)),
                "IPsec-Address-Type",
                94,
                "a kind of address, found 9",
            ),
            (gpipsec.filter_2(gpipsec.address_2(1, 3), ANYWHERE), "IPsec-Address-Version", 58, "1 or 2, found 3"),
            (gpipsec.filter_2(ANYWHERE, gpipsec.address_2(4, 0)), "IPsec-Address-Version", 98, "1 or 2, found 0"),
            (
                gpipsec.filter_2(gpipsec.address_2(4, 2, V6_A, b"\x81"), ANYWHERE),
                "IP-Address-Secondary",
                78,
                "a prefix of at most 128 bits, found 129",
            ),
            (
                gpipsec.filter_2(ANYWHERE, ANYWHERE, ports=((3, 1, 2), (0, 0, 0))),
                "Source-Port-Data, type",
                134,
                "0, 1 or 2, found 3",
            ),
        ],
    )
    def test_what_can_only_be_guessed_is_refused(
        self, filter_2: bytes, field: str, place: int, found: str, before: int
    ) -> None:
        good = gpipsec.filter_2(ANYWHERE, ANYWHERE)
        with pytest.raises(codec.CodecError) as caught:
            codec.decode_filter_list(gpipsec.filter_list(rest=gpipsec.filters_2(*[good] * before, filter_2)))
        assert str(caught.value) == f"{field} at offset {52 + before * len(good) + place}: expected {found}"


class TestDamage:
    @pytest.mark.parametrize("kind", DECODERS)
    def test_a_structure_of_another_class_is_named(self, kind: str) -> None:
        with pytest.raises(codec.UnknownFormatError) as caught:
            DECODERS[kind](gpipsec.structure("6a1f5c6f-72b7-11d2-acf0-0060b0ecca17", bytes(100)))
        assert str(caught.value.identity) == "6a1f5c6f-72b7-11d2-acf0-0060b0ecca17"
        expected = uuid.UUID(bytes_le=IDENTITIES[kind])
        assert str(caught.value) == f"identity at offset 0: expected {expected}, found {caught.value.identity}"

    @pytest.mark.parametrize(
        ("decode", "data", "message"),
        [
            (codec.decode_policy, b"", "identity at offset 0: expected 16 bytes, found 0"),
            (
                codec.decode_policy,
                gpipsec.structure(gpipsec.POLICY, b"\x30\x2a", b""),
                "Polling-Interval at offset 20: expected 4 bytes, found 2",
            ),
            (
                codec.decode_rule,
                gpipsec.structure(gpipsec.RULE, gpipsec.u32(1, 1, 400) + b"short"),
                "Auth-Method-Data at offset 32: expected 400 bytes, found 6",
            ),
            (
                codec.decode_filter_list,
                gpipsec.filter_list(count=0xFFFFFFFF),
                "Number-Of-Filters1 at offset 24: expected at most 0, found 4294967295",
            ),
            (
                codec.decode_filter_action,
                gpipsec.filter_action(gpipsec.offer(*[(3, 2, 2)] * 3).replace(gpipsec.u32(3, 3), gpipsec.u32(4, 3), 1)),
                "Algorithm-Offer-Count at offset 40: expected at most 3, found 4",
            ),
        ],
    )
    def test_the_error_says_where_what_was_expected_and_what_was_found(
        self,
        decode: Callable[[bytes], object],
        data: bytes,
        message: str,
    ) -> None:
        with pytest.raises(codec.CodecError) as caught:
            decode(data)
        assert str(caught.value) == message

    @pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector.kind + vector.guid)
    def test_every_truncation_is_refused_or_harmless(self, vector: Vector) -> None:
        """Only the unused byte at the end can be missed."""
        for length in range(len(vector.data) - 1):
            with pytest.raises(codec.CodecError):
                DECODERS[vector.kind](vector.data[:length])

    @given(st.sampled_from(sorted(DECODERS)), st.binary(max_size=400))
    def test_any_bytes(self, kind: str, data: bytes) -> None:
        read_or_refuse(kind, data)
        read_or_refuse(kind, IDENTITIES[kind] + data)

    @given(st.data())
    def test_mutated_bytes_of_windows(self, data: st.DataObject) -> None:
        vector = data.draw(st.sampled_from(VECTORS))
        mutated = bytearray(vector.data)
        for _turn in range(data.draw(st.integers(1, 6))):
            start = data.draw(st.integers(0, len(mutated)))
            end = data.draw(st.integers(start, min(start + 8, len(mutated))))
            mutated[start:end] = data.draw(st.binary(max_size=8))
        read_or_refuse(vector.kind, bytes(mutated))


def read_or_refuse(kind: str, data: bytes) -> None:
    """Nothing but the codec's own error is raised, and bytes behind the end change nothing."""
    try:
        read = DECODERS[kind](data)
    except codec.CodecError:
        return
    assert DECODERS[kind](data + b"more") == read


class TestStrictness:
    """What version 1 can't say is refused, with the field that can't say it."""

    @pytest.mark.parametrize(
        ("filter_", "field"),
        [
            (Filter(Address.range("192.0.2.1", "192.0.2.9"), Address.any()), "Legacy-Source-Address"),
            (Filter(Address.any(), Address.single("2001:db8::1")), "Legacy-Destination-Address"),
            (Filter(Address.any(), Address.subnet("2001:db8::/32")), "Legacy-Destination-Address"),
            (Filter(Address(AddressKind.ME, version=IpVersion.V6), Address.any()), "Legacy-Source-Address"),
            (Filter(Address(AddressKind.DNS, version=IpVersion.BOTH), Address.any()), "Legacy-Source-Address"),
            (Filter(Address(AddressKind.DNS, name="dns"), Address.any()), "Legacy-Source-Address"),
            (Filter(Address.single("0.0.0.0"), Address.any()), "Legacy-Source-Address"),  # noqa: S104 (reads as Me)
            (Filter(Address.any(), Address(AddressKind.SINGLE)), "Legacy-Destination-Address"),
            (Filter(Address(AddressKind.DNS), Address(AddressKind.WINS)), "Legacy-Special-Filter"),
            (Filter(Address.any(), Address.any(), special=5), "Legacy-Special-Filter"),
            (Filter(Address.any(), Address.any(), source_port=Ports.range(1, 2)), "Legacy-Source-Port"),
            (Filter(Address.any(), Address.any(), destination_port=Ports.one(65_536)), "Legacy-Destination-Port"),
            (Filter(Address.any(), Address.any(), protocol=1 << 32), "Legacy-Protocol"),
            (Filter(Address.any(), Address.any(), description="a\0b"), "Filter-Description1"),
            (Filter(Address.any(), Address.any(), description="\ud800"), "Filter-Description1"),
        ],
    )
    def test_filters(self, filter_: Filter, field: str) -> None:
        with pytest.raises(codec.CodecError) as caught:
            codec.encode_filter_list([filter_])
        assert (caught.value.field, caught.value.offset) == (field, None)

    @pytest.mark.parametrize(
        ("rule", "field"),
        [
            (codec.RuleData((KERBEROS,), alternate_authentication=(KERBEROS,)), "Alt-Auth-Method-Id1"),
            (codec.RuleData((CA,), authentication_flags=(AuthenticationFlag.EXCLUDE_CA_NAME,)), "Alt-Auth-Method-Id1"),
            (codec.RuleData((), tunnel_address=ipaddress.ip_address("2001:db8::1")), "Tunnel-Address"),
            (codec.RuleData((AuthenticationMethod(9, b""),)), "Auth-Type"),
            (codec.RuleData((), connection_type=-1), "Interface-Type"),
        ],
    )
    def test_rules(self, rule: codec.RuleData, field: str) -> None:
        with pytest.raises(codec.CodecError) as caught:
            codec.encode_rule(rule)
        assert caught.value.field == field

    def test_flags_that_say_nothing_are_left_out(self) -> None:
        rule = codec.RuleData((KERBEROS,), authentication_flags=(AuthenticationFlag(0),))
        assert codec.encode_rule(rule) == codec.encode_rule(codec.RuleData((KERBEROS,)))

    @pytest.mark.parametrize(
        ("offer", "message"),
        [
            (
                Offer((Algorithm(Transform.ESP, Encryption.DES, Integrity.MD5),) * 4),
                "Algorithm-Offer-Count: expected at most 3, found 4",
            ),
            (
                Offer((Algorithm(Transform.ESP, 9, Integrity.MD5),)),
                "Algorithm-Identifier: expected one of 1, 2, 3, found 9",
            ),
            (
                Offer((Algorithm(Transform.ESP, Encryption.DES, 9),)),
                "ESP-Integrity-Identifier: expected one of 0, 1, 2, found 9",
            ),
            (Offer((Algorithm(7, Encryption.NONE, Integrity.MD5),)), "Offer-Type: expected one of 1, 2, found 7"),
            (
                Offer((Algorithm(Transform.AH, Encryption.DES, Integrity.MD5),)),
                "Algorithm-Identifier: expected AH with integrity and without encryption, found another AH",
            ),
            (
                Offer((Algorithm(Transform.AH, Encryption.NONE, Integrity.NONE),)),
                "Algorithm-Identifier: expected AH with integrity and without encryption, found another AH",
            ),
            (Offer((), lifetime_seconds=1 << 32), "Lifetime-Seconds: expected a number of 4 bytes, found 4294967296"),
        ],
    )
    def test_offers(self, offer: Offer, message: str) -> None:
        with pytest.raises(codec.CodecError) as caught:
            codec.encode_filter_action([offer])
        assert str(caught.value) == message

    @pytest.mark.parametrize(
        ("method", "field"),
        [
            (MainModeMethod(7, Integrity.SHA1, DhGroup.GROUP_2), "Encryption-Algorithm-ID"),
            (MainModeMethod(IkeEncryption.DES, 7, DhGroup.GROUP_2), "Hash-Algorithm-ID"),
            (MainModeMethod(IkeEncryption.DES, Integrity.SHA1, 7), "Oakley-Group"),
            (dataclasses.replace(DES_SHA1_1, lifetime_kilobytes=-1), "Oakley-Lifetime-KB"),
        ],
    )
    def test_main_mode(self, method: MainModeMethod, field: str) -> None:
        with pytest.raises(codec.CodecError) as caught:
            codec.encode_main_mode(MainMode((method,)), INSTANCE)
        assert caught.value.field == field


class TestExplain:
    @pytest.mark.parametrize(
        "vector",
        [vector for vector in VECTORS if vector.guid != "{6A1F5C6F-72B7-11D2-ACF0-0060B0ECCA17}"],
        ids=lambda vector: vector.kind + vector.guid,
    )
    def test_every_byte_belongs_to_one_field(self, vector: Vector) -> None:
        fields = codec.explain(vector.data)
        assert b"".join(field.data for field in fields) == vector.data
        assert [field.offset for field in fields[1:]] == [field.offset + len(field.data) for field in fields[:-1]]
        assert (fields[0].name, fields[1].name, fields[-1].name) == ("identity", "Data-Length", "unused")

    def test_an_unknown_structure_is_refused(self) -> None:
        with pytest.raises(codec.CodecError, match="expected a known structure, found 6a1f5c6f"):
            codec.explain(gpipsec.structure("6a1f5c6f-72b7-11d2-acf0-0060b0ecca17", b""))

    def test_data_without_the_unused_byte(self) -> None:
        assert codec.explain(codec.encode_policy(codec.PolicyData(60))[:-1])[-1].name == "Polling-Interval"
