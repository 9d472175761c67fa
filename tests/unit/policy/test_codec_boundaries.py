# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where something begins and where it ends: counts that are just possible, sections in all their places."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from ansible_collections.rras.ipsec.plugins.plugin_utils._policy import codec
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.model import (
    AuthenticationFlag,
    AuthenticationMethod,
)
from ansible_collections.rras.ipsec.tests.support import gpipsec

KERBEROS = AuthenticationMethod.kerberos()
NO_METHODS = (gpipsec.method(5, b""),) * 2
EMPTY_TEXTS = gpipsec.u32(0, 0, 0)
RULE_END = gpipsec.rule(*NO_METHODS, rest=b"")
VERSION_2 = gpipsec.filter_list(rest=gpipsec.guid(gpipsec.FILTER_LIST_2) + gpipsec.u32(0, 0))


class TestCounts:
    """A count is believed as long as so many items can follow; beyond that it is refused before anything is read."""

    @pytest.mark.parametrize(
        ("decode", "head", "item", "field"),
        [
            (
                codec.decode_main_mode,
                gpipsec.main_mode()[:-5],
                gpipsec.main_mode_method(3, 2, 2),
                "Security-Method-Count",
            ),
            (codec.decode_rule, gpipsec.structure(gpipsec.RULE, b"", b""), gpipsec.u32(5, 0), "Auth-Method-Count"),
            (
                codec.decode_rule,
                RULE_END + gpipsec.guid(gpipsec.SECTION.format(1)),
                gpipsec.u32(5, 0),
                "Alt-Auth-Num-Methods-Count",
            ),
            (codec.decode_filter_action, gpipsec.filter_action()[:-5], gpipsec.offer(), "Security-Offer-Count"),
            (
                codec.decode_filter_list,
                gpipsec.filter_list()[:-5],
                EMPTY_TEXTS + bytes(64 - 12),
                "Number-Of-Filters1",
            ),
            (codec.decode_filter_list, VERSION_2, EMPTY_TEXTS + bytes(136 - 12), "Number-Of-Filters2"),
        ],
        ids=lambda value: value if isinstance(value, str) else None,
    )
    def test_as_many_as_can_follow(
        self, decode: Callable[[bytes], object], head: bytes, item: bytes, field: str
    ) -> None:
        fitting = head + gpipsec.u32(2) + item * 2
        decode(fitting + (RULE_END[40:] if field == "Auth-Method-Count" else b""))
        with pytest.raises(codec.CodecError) as caught:
            decode(fitting[:-1])
        assert str(caught.value) == f"{field} at offset {len(head) + 4}: expected at most 1, found 2"

    def test_one_flag_for_each_method(self) -> None:
        rule = gpipsec.rule(*NO_METHODS, rest=gpipsec.flags(1, 2))
        assert codec.decode_rule(rule).authentication_flags == (AuthenticationFlag(1), AuthenticationFlag(2))
        with pytest.raises(codec.CodecError) as caught:
            codec.decode_rule(rule[:-1])
        assert str(caught.value) == f"Alt-Auth-Method-Flags at offset {len(rule) - 8}: expected at most 1, found 2"

    def test_missing_bytes_are_counted_from_where_the_field_begins(self) -> None:
        data = gpipsec.structure(gpipsec.RULE, gpipsec.u32(1, 1, 400) + bytes(40))
        with pytest.raises(codec.CodecError) as caught:
            codec.decode_rule(data)
        assert str(caught.value) == "Auth-Method-Data at offset 32: expected 400 bytes, found 41"


class TestSections:
    """Sections begin behind the last field or behind the unused byte, wherever Data-Length ends; or where it ends."""

    @pytest.mark.parametrize("method", [b"", b"x"], ids=["even", "odd"])
    @pytest.mark.parametrize("claimed", [0, 3, 500], ids=["too short", "too long", "far beyond"])
    @pytest.mark.parametrize("gap", [b"", b"\0"], ids=["at once", "behind the unused byte"])
    def test_behind_the_last_field(self, method: bytes, claimed: int, gap: bytes) -> None:
        rule = gpipsec.rule(gpipsec.method(5, method), rest=gap + gpipsec.alternate(gpipsec.method(5, bytes(2))))
        data = rule[:16] + gpipsec.u32(claimed) + rule[20:]
        assert codec.decode_rule(data).alternate_authentication == (KERBEROS,)

    @pytest.mark.parametrize("filler", [bytes(10), bytes(11)], ids=["even", "odd"])
    @pytest.mark.parametrize("gap", [b"", b"\0"], ids=["at once", "behind the unused byte"])
    def test_where_data_length_ends(self, filler: bytes, gap: bytes) -> None:
        """A future version may add fields that we don't know."""
        body = RULE_END[20:] + filler
        data = gpipsec.structure(gpipsec.RULE, body, gap + gpipsec.alternate(gpipsec.method(5, bytes(2))))
        assert codec.decode_rule(data).alternate_authentication == (KERBEROS,)

    @pytest.mark.parametrize("filler", [bytes(2), bytes(3)])
    def test_nowhere_else(self, filler: bytes) -> None:
        """What only looks like a section may be anything."""
        data = gpipsec.rule(*NO_METHODS, rest=filler + gpipsec.alternate())
        assert codec.decode_rule(data).alternate_authentication is None

    def test_one_after_the_other(self) -> None:
        sections = gpipsec.alternate(), gpipsec.flags(), gpipsec.ipv6_tunnel("2001:db8::1")
        data = gpipsec.rule(is_tunnel=1, rest=b"\0".join(sections))
        rule = codec.decode_rule(data)
        assert (rule.alternate_authentication, rule.authentication_flags) == ((), ())
        assert str(rule.tunnel_address) == "2001:db8::1"


class TestEachBit:
    """Of a number that holds several answers each bit is one answer."""

    @pytest.mark.parametrize(("flags", "replaces"), [(8, True), (9, True), (0xF, True), (1, False), (0xF7, False)])
    def test_only_one_flag_lets_a_range_replace_subnets(self, flags: int, *, replaces: bool) -> None:
        ends = (gpipsec.address_2(2, 1, gpipsec.ip("192.0.2.0"), gpipsec.ip("192.0.2.9")), gpipsec.address_2(0, 1))
        legacy = gpipsec.filter_1(("192.0.2.1", "255.255.255.255"), ("0.0.0.0", "0.0.0.0"))  # noqa: S104 (any)
        newer = gpipsec.filters_2(gpipsec.filter_2(*ends, flag=flags), count_1=1)
        read = codec.decode_filter_list(gpipsec.filter_list(legacy, rest=newer))
        assert len(read) == (1 if replaces else 2)


def test_no_text_of_an_explained_rule_shows_a_key() -> None:
    fields = codec.explain(gpipsec.rule(gpipsec.preshared_key("correct horse")))
    assert any(b"c\0o\0r\0" in field.data for field in fields)
    assert "c\\x00o\\x00r" not in repr(fields)
