# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What answers of a server mean, however Windows words them."""

from __future__ import annotations

import pytest

from ansible_collections.rras.ipsec.plugins.plugin_utils._policy import host as hosts
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy import phases, steps
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.host import Host, StartType
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.registry import Key, Tree, Value, join
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.store import LOCAL

NOTHING = hosts.understand(Tree(), {}, "", {})


def understood(*keys: Key, **ran: tuple[int, tuple[str, ...]]) -> Host:
    """Return what keys and outputs of programs mean; a program is named without its blanks."""
    names = {"filters": f"netsh {hosts.SHOW_FILTERS.arguments}", "agent": "sc query PolicyAgent"}
    return hosts.understand(Tree(keys), {}, "", {names[name]: output for name, output in ran.items()})


def test_a_server_of_which_nothing_can_be_read() -> None:
    assert (NOTHING.store.active_path, NOTHING.owned, NOTHING.pending, NOTHING.in_force) == ("", (), None, None)
    assert NOTHING.displaced == ""
    assert (NOTHING.prohibit_ipsec, str(NOTHING.in_effect)) == (None, "unknown")
    assert (NOTHING.addresses, NOTHING.listed, NOTHING.l2tp_ports) == ((), frozenset(), None)
    assert NOTHING.policies_valid is None
    assert NOTHING.services["PolicyAgent"].start is None


@pytest.mark.parametrize(
    ("lines", "running"),
    [
        ((": 20 ", ": 4 "), True),
        ((": 30 ", ":  1 "), False),
        ((": e0 ", ": 2 "), False),
        ((": 20 ",), False),
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
        "IPAddress": Value.multi_sz(["x"]),
    }
    static = {"EnableDHCP": Value.dword(0), "IPAddress": Value.multi_sz(["192.0.2.1", "192.0.2.9"])}
    waiting = {"EnableDHCP": Value.dword(1), "DhcpIPAddress": Value.sz("0.0.0.0")}  # noqa: S104 (no lease yet)
    interfaces = {"{1}": leased, "{2}": static, "{3}": waiting, "{4}": {}}
    keys = [Key(join(hosts.INTERFACES, guid), values) for guid, values in interfaces.items()]
    assert [(entry.address, entry.dynamic) for entry in understood(*keys).addresses] == [
        ("203.0.113.4", True),
        ("192.0.2.1", False),
        ("192.0.2.9", False),
    ]


def test_the_ports_of_the_l2tp_adapter() -> None:
    def adapter(number: str, **values: Value) -> Key:
        return Key(join(hosts.NETWORK_ADAPTERS, number), values)

    other = adapter("0001", ComponentId=Value.sz("ms_pptpminiport"), WanEndpoints=Value.dword(5))
    without = adapter("0002", ComponentId=Value.sz("MS_L2TPMINIPORT"))
    l2tp = adapter("0003", ComponentId=Value.sz("MS_L2TPMINIPORT"), WanEndpoints=Value.dword(0))
    assert understood(other, without).l2tp_ports is None
    assert understood(other, without, l2tp).l2tp_ports == 0


def test_where_nothing_is_unfinished_nothing_is_taken_back() -> None:
    assert phases.revert(NOTHING) == ()


@pytest.mark.parametrize("phase", ["", "nonsense", "staging"])
def test_a_record_that_was_cut_counts_as_never_staged(phase: str) -> None:
    found = understood(Key(hosts.TRANSACTION, {"Phase": Value.sz(phase)}))
    assert found.pending is not None
    assert (str(found.pending.phase), found.in_force) == ("staging", None)


def test_nothing_stands_between_the_tree_of_the_store_and_its_digest() -> None:
    read = hosts.reading(validity=True)
    tree = read.index(steps.ReadTree(LOCAL, depth=9))

    assert read[tree + 1] == steps.ReadDigest(LOCAL)
    assert max(read.index(hosts.SHOW_FILTERS), read.index(hosts.SHOW_POLICIES)) < tree
    assert hosts.SHOW_POLICIES not in hosts.reading()
