# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A policy that somebody made in the Windows console, in bytes that our codec never wrote."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from ansible_collections.rras.ipsec.plugins.plugin_utils._policy import model
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.plan import PlanError
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.registry import Key, Value, join
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.store import LOCAL
from ansible_collections.rras.ipsec.tests.lab.windows.registry import differences
from ansible_collections.rras.ipsec.tests.support import gpipsec
from ansible_collections.rras.ipsec.tests.support.server import ADDRESS, KEY, OTHER_KEY, PEER, Server

GUID = "{{7238523C-70FA-11D1-864C-14A3000000{:02}}}"
POLICY, MAIN_MODE, RULE, FILTER_ACTION, FILTER_LIST = (
    join(LOCAL, kind + GUID.format(number)) for number, kind in enumerate(model.ObjectClass)
)


@dataclasses.dataclass(frozen=True)
class ConsolePolicy:
    """What a person chose; everything as KB 240262 asks for it and 0 where the console leaves a default open."""

    key: str = KEY
    mirrored: int = 1
    source_port: int = 1701
    pfs: int = 0
    lifetime: int = 0
    polling: int = 0
    encryption: int = 3
    connections: int = 0xFFFFFFFD
    action: str = "{8a171dd3-77e3-11d1-8659-a04f00000000}"

    def keys(self) -> tuple[Key, ...]:
        """Return the objects, with other names than ours, garbage in what is reserved, and owners that are gone."""
        ends = (ADDRESS, "255.255.255.255"), (PEER, "255.255.255.255")
        filters = gpipsec.filter_1(*ends, mirrored=self.mirrored, protocol=17, ports=(self.source_port, 0))
        methods = gpipsec.main_mode_method(2, 2, 2, lifetime=28_800)
        offer = gpipsec.offer((self.encryption, 2, 2), pfs=self.pfs, seconds=self.lifetime)
        rule = gpipsec.rule(gpipsec.preshared_key(self.key), interface=self.connections)
        return (
            _key(FILTER_LIST, gpipsec.filter_list(filters), ipsecName="To Osaka"),
            _key(FILTER_ACTION, gpipsec.filter_action(offer), ipsecNegotiationPolicyAction=self.action, **STANDARD),
            _key(RULE, rule, ipsecFilterReference=FILTER_LIST, ipsecNegotiationPolicyReference=FILTER_ACTION),
            _key(MAIN_MODE, gpipsec.main_mode(methods, new_dh=bytes([4, 0, 0, 0]))),
            _key(
                POLICY,
                gpipsec.structure(gpipsec.POLICY, gpipsec.u32(self.polling)),
                ipsecName="l2tp",
                ipsecISAKMPReference=MAIN_MODE,
                ipsecNFAReference=RULE,
            ),
        )


STANDARD = {"ipsecNegotiationPolicyType": "{62F49E10-6C37-11D1-864C-14A300000000}", "ipsecName": "Require security"}


def _key(path: str, data: bytes, **texts: str) -> Key:
    owners = {"ipsecOwnersReference": Value.multi_sz([join(LOCAL, "ipsecNFA{gone}")])}
    named = {name: Value.sz(text) for name, text in texts.items()}
    return Key(path, {"ipsecData": Value.binary(data), "ipsecDataType": Value.dword(598), **owners, **named})


@pytest.fixture
def console_server(server: Server, request: pytest.FixtureRequest) -> Server:
    """Give a server with a policy of the console, assigned."""
    server.add(ConsolePolicy(**getattr(request, "param", {})).keys())
    server.assign(POLICY)
    return server


def test_it_is_recognised_and_stays_byte_for_byte(console_server: Server) -> None:
    before = console_server.tree
    result = console_server.policy()
    assert (result["changed"], result["changed_rules"], result["matches"]) == (True, [], True)
    assert differences(before, console_server.tree) == []
    assert console_server.read().recorded_owned == ()
    assert [each.path for each in console_server.read().adopted] == [POLICY]
    assert console_server.policy()["changed"] is False


def _other(**given: Any) -> Any:
    return pytest.param(given, id=next(iter(given)))


@pytest.mark.parametrize(
    "console_server",
    [
        _other(key=OTHER_KEY),
        _other(mirrored=0),
        _other(source_port=0),
        _other(pfs=1),
        _other(lifetime=900),
        _other(polling=60),
        _other(encryption=2),
        _other(connections=0xFFFFFFFE),
        pytest.param(
            {"action": "{3F91A81A-7647-11D1-864D-D46A00000000}"},
            id="action",
            marks=pytest.mark.exposed("somebody's policy permits L2TP"),
        ),
    ],
    indirect=True,
)
def test_one_that_means_something_else_is_not(console_server: Server) -> None:
    before = console_server.tree
    with pytest.raises(PlanError, match="set take_over to true"):
        console_server.policy()
    assert differences(before, console_server.tree) == []


PARTS = {POLICY, MAIN_MODE, RULE, FILTER_ACTION, FILTER_LIST}


def test_taken_over_it_stays_with_all_its_parts_and_comes_back(console_server: Server) -> None:
    console_server.add(ConsolePolicy(key=OTHER_KEY).keys())
    console_server.assign(POLICY)
    before = console_server.tree
    console_server.policy(take_over=True)
    assert console_server.plan()["matches"]
    assert set(console_server.tree) >= PARTS
    console_server.policy(state="absent")
    assert differences(before, console_server.tree) == []


def test_taken_over_and_forgotten_it_goes_with_all_its_parts(console_server: Server) -> None:
    console_server.add(ConsolePolicy(key=OTHER_KEY).keys())
    console_server.policy(take_over=True)
    console_server.policy(forget_replaced=True)
    assert set(console_server.tree).isdisjoint(PARTS)
    assert console_server.policy(forget_replaced=True)["changed"] is False
    console_server.policy(state="absent")
    assert console_server.names == []
