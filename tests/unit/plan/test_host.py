# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What answers of a server mean, however Windows words them."""

from __future__ import annotations

import pytest

from ansible_collections.rras.ipsec.plugins.plugin_utils._policy import host as hosts
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy import phases, steps
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.host import HostState, L2tpPorts, StartType
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.registry import Key, Tree, Value, join
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.store import LOCAL

NOTHING = hosts.understand(Tree(), {}, "", {})


def understood(*keys: Key, **ran: tuple[int, tuple[str, ...]]) -> HostState:
    """Return what keys and outputs of programs mean; a program is named without its blanks."""
    names = {"filters": f"netsh {hosts.SHOW_FILTERS.arguments}", "agent": "sc query PolicyAgent"}
    return hosts.understand(Tree(keys), {}, "", {names[name]: output for name, output in ran.items()})


def test_a_server_of_which_nothing_can_be_read() -> None:
    assert (NOTHING.store.active_path, NOTHING.recorded_owned) == ("", ())
    assert (NOTHING.unfinished, NOTHING.in_force) == (None, None)
    assert NOTHING.replaced == ""
    assert (NOTHING.prohibit_ipsec, str(NOTHING.in_effect)) == (None, "unknown")
    assert (NOTHING.addresses, NOTHING.listed, NOTHING.l2tp_ports) == ((), frozenset(), L2tpPorts())
    assert NOTHING.policies_valid is None
    assert NOTHING.services["PolicyAgent"].start is None


@pytest.mark.parametrize(
    ("lines", "running"),
    [
        ((": 20 ", ": 4 "), True),
        ((": 30 ", ":  1 "), False),
        ((": e0 ", ": 2 "), False),
        ((": 20 ",), False),
        ((": 20 ", "what"), False),
        ((": 20 ", ": 4", "[WARNING]"), True),
        (("", ": \u0664 ", ": 4 "), False),
        ((), False),
    ],
)
def test_whether_a_service_runs_in_any_language(lines: tuple[str, ...], running: bool) -> None:
    assert understood(agent=(0, lines)).services["PolicyAgent"].running is running


@pytest.mark.parametrize(
    ("number", "start"), [(0, StartType.BOOT), (2, StartType.AUTO), (4, StartType.DISABLED), (9, None)]
)
def test_when_a_service_starts(number: int, start: StartType | None) -> None:
    key = Key(join(hosts.SERVICES, "IKEEXT"), {"Start": Value.dword(number)})
    assert understood(key).services["IKEEXT"].start is start


def test_only_addresses_count_as_listed() -> None:
    """The pattern finds anything of four numbers."""
    shown = ("192.0.2.1", "192.0.2.1", "255.255.255.255", "999.1.1.1", "010.1.2.3")
    assert understood(filters=(0, shown)).listed == {"192.0.2.1", "255.255.255.255"}


def test_static_and_dynamic_addresses() -> None:
    leased = {
        "EnableDHCP": Value.dword(1),
        "DhcpIPAddress": Value.sz("203.0.113.4"),
        "IPAddress": Value.multi_sz(["0.0.0.0", "x"]),  # noqa: S104 (none)
    }
    both = {
        "EnableDHCP": Value.dword(1),
        "DhcpIPAddress": Value.sz("203.0.113.5"),
        "IPAddress": Value.multi_sz(["192.0.2.5", "203.0.113.5"]),
    }
    former = {"EnableDHCP": Value.dword(0), "DhcpIPAddress": Value.sz("203.0.113.6")}
    static = {"EnableDHCP": Value.dword(0), "IPAddress": Value.multi_sz(["192.0.2.1", "192.0.2.9"])}
    waiting = {"EnableDHCP": Value.dword(1), "DhcpIPAddress": Value.sz("0.0.0.0")}  # noqa: S104 (no lease yet)
    interfaces = {"{1}": leased, "{2}": static, "{3}": waiting, "{4}": {}, "{5}": both, "{6}": former}
    keys = [Key(join(hosts.INTERFACES, guid), values) for guid, values in interfaces.items()]
    assert [(entry.address, entry.dynamic) for entry in understood(*keys).addresses] == [
        ("203.0.113.4", True),
        ("192.0.2.1", False),
        ("192.0.2.9", False),
        ("203.0.113.5", True),
        ("192.0.2.5", False),
    ]


@pytest.mark.parametrize(
    ("bound", "expected"),
    [
        ([r"\Device\{b}"], ["192.0.2.2"]),
        ([r"\Device\{B}", r"\Device\NdisWanIp", r"\Device\{A}"], ["192.0.2.1", "192.0.2.2"]),
        ([], ["192.0.2.1", "192.0.2.2"]),
    ],
    ids=["one adapter was removed", "both are there", "nothing says what is there"],
)
def test_the_addresses_of_adapters_that_were_removed_do_not_count(bound: list[str], expected: list[str]) -> None:
    interfaces = [
        Key(join(hosts.INTERFACES, guid), {"IPAddress": Value.multi_sz([address])})
        for guid, address in (("{A}", "192.0.2.1"), ("{B}", "192.0.2.2"))
    ]
    found = understood(*interfaces, Key(hosts.LINKAGE, {"Bind": Value.multi_sz(bound)}))
    assert [entry.address for entry in found.addresses] == expected
    assert found.machine == " ".join(expected)


@pytest.mark.parametrize("text", ["", "192.0.2.1\n[WARNING]: x", "192.0.2.256", "fe80::1", "1.2.3"])
def test_what_is_no_address_does_not_count_as_one(text: str) -> None:
    key = Key(join(hosts.INTERFACES, "{1}"), {"IPAddress": Value.multi_sz([text])})
    assert understood(key).addresses == ()


@pytest.mark.parametrize(
    "path",
    [
        LOCAL,
        hosts.RASMAN,
        hosts.INTERFACES,
        hosts.LINKAGE,
        hosts.DOMAIN_POLICY,
        join(hosts.SERVICES, "PolicyAgent").upper(),
        hosts.OURS,
        hosts.TRANSACTION,
    ],
)
def test_a_key_without_which_nothing_can_be_decided_must_be_readable(path: str) -> None:
    said = f"not even an administrator may read the key {path} of this host; give Administrators read access."
    assert hosts.unreadable([join(hosts.NETWORK_ADAPTERS, "Properties"), path]) == said


@pytest.mark.parametrize(
    "path", [join(LOCAL, "ipsecNFA{0}"), join(hosts.NETWORK_ADAPTERS, "Properties"), hosts.OURS + "2"]
)
def test_any_other_key_need_not_be(path: str) -> None:
    assert hosts.unreadable([path]) == ""


def test_the_ports_of_the_l2tp_adapter() -> None:
    def adapter(number: str, **values: Value) -> Key:
        return Key(join(hosts.NETWORK_ADAPTERS, number), values)

    other = adapter("0001", ComponentId=Value.sz("ms_pptpminiport"), WanEndpoints=Value.dword(5))
    without = adapter("0002", ComponentId=Value.sz("MS_L2TPMINIPORT"))
    l2tp = adapter("0003", ComponentId=Value.sz("MS_L2TPMINIPORT"), WanEndpoints=Value.dword(0))
    assert understood(other, without).l2tp_ports == L2tpPorts()
    assert understood(other, without, l2tp).l2tp_ports == L2tpPorts(0)


def test_what_the_l2tp_ports_are_enabled_for() -> None:
    values = {
        "ComponentId": Value.sz("ms_l2tpminiport"),
        "WanEndpoints": Value.dword(128),
        "EnableForRas": Value.dword(0),
        "EnableForRouting": Value.dword(1),
        "EnableForOutboundRouting": Value.qword(1),
    }
    found = understood(Key(join(hosts.NETWORK_ADAPTERS, "0001"), values)).l2tp_ports
    assert found == L2tpPorts(128, remote_access=False, routing=True, outbound_routing=None)


def test_where_nothing_is_unfinished_nothing_is_taken_back() -> None:
    assert phases.revert(NOTHING) == ()


@pytest.mark.parametrize("phase", ["", "nonsense", "staging"])
def test_a_record_that_was_cut_counts_as_never_staged(phase: str) -> None:
    found = understood(Key(hosts.TRANSACTION, {"Phase": Value.sz(phase)}))
    assert found.unfinished is not None
    assert (str(found.unfinished.progress), found.in_force) == ("staging", None)


def test_nothing_stands_between_the_tree_of_the_store_and_its_digest() -> None:
    read = hosts.reading(validity=True)
    tree = read.index(steps.ReadTree(LOCAL, depth=9))

    assert read[tree + 1] == steps.ReadDigest(LOCAL)
    assert max(read.index(hosts.SHOW_FILTERS), read.index(hosts.SHOW_POLICIES)) < tree
    assert hosts.SHOW_POLICIES not in hosts.reading()
