# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rule of Windows Firewall that blocks L2TP over IPv6."""

from __future__ import annotations

import ipaddress
import re

import pytest

from ansible_collections.rras.ipsec.plugins.plugin_utils._policy import firewall


def lines(rest: str) -> list[str]:
    """Return what the pattern finds in the way netsh shows a rule, in a language that is not English."""
    shown = f"Regelname:     {firewall.NAME}\r\nEingehend\r\n{rest}\r\nOK.\r\n"
    return re.findall(firewall.SHOW.pattern, shown)


@pytest.mark.parametrize(
    ("code", "rest", "ours"),
    [
        (0, "RemoteIP:   ::/1,8000::/1\r\nLocalPort:  1701", True),
        (0, "RemoteIP:   ::-7fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff\r\nLocalPort:  1701", True),
        (0, "RemoteIP:   Beliebig\r\nLocalPort:  1701", False),
        (0, "RemoteIP:   ::/1,8000::/1\r\nLocalPort:  17010", False),
        (0, "", False),
        (1, "", False),
        (-1, "RemoteIP:   ::/1\r\nLocalPort:  1701", False),
    ],
)
def test_a_rule_of_that_name_is_ours_only_with_its_port_and_an_ipv6_address(code: int, rest: str, ours: bool) -> None:
    assert firewall.is_ours(code, lines(rest)) is ours


def test_the_two_halves_are_all_addresses_and_none_twice() -> None:
    match = re.search(r"remoteip=(\S+)", firewall.ADD.arguments)
    assert match is not None
    networks = list(map(ipaddress.IPv6Network, match[1].split(",")))
    assert list(ipaddress.collapse_addresses(networks)) == [ipaddress.IPv6Network("::/0")]
    assert all(network.prefixlen for network in networks)


def test_adding_and_deleting_undo_each_other() -> None:
    assert (firewall.ADD.undo, firewall.DELETE.undo) == (firewall.DELETE.arguments, firewall.ADD.arguments)
    assert firewall.ADD.must_succeed
    assert firewall.DELETE.must_succeed
