# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whatever stands in a value of the registry, a task understands the server, or ends in a sentence."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from ansible_collections.rras.ipsec.plugins.plugin_utils._host.session import ExecutionError
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy import host as hosts
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.plan import PlanError
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.registry import Key, Kind, Value
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.store import LOCAL, NAME
from ansible_collections.rras.ipsec.plugins.plugin_utils._work import WorkError
from ansible_collections.rras.ipsec.tests.lab.twin.digests import NAMELESS
from ansible_collections.rras.ipsec.tests.support.effort import THOROUGH
from ansible_collections.rras.ipsec.tests.support.server import Server
from ansible_collections.rras.ipsec.tests.support.somebody_else import by_hand

ODD = {
    "a kind without a name": Value(NAMELESS, b""),
    "a number of five bytes": Value(Kind.DWORD, b"\4\0\0\0\0"),
    "a long number": Value.qword(2**63),
    "half a character": Value(Kind.SZ, b"\0\xd8A\0"),
    "an odd number of bytes": Value(Kind.SZ, b"A\0B"),
    "a list of nothing": Value.multi_sz(["", "\0", "\\"]),
    "bytes": Value.binary(b"\xff" * 15),
    "a great number": Value.dword(0xFFFFFFFF),
}
ROUNDS = 4
"""A value in the registry becomes two of the eight in turn; thoroughly (make cuts), each of them."""
TOUCHED = (LOCAL, hosts.OURS, hosts.SERVICES, hosts.NETWORK_ADAPTERS, hosts.DOMAIN_POLICY)
ENDS = (PlanError, WorkError, ExecutionError)


def values(server: Server) -> Iterator[tuple[str, str]]:
    for path, key in server.host.registry.snapshot().items():
        if path.startswith(TOUCHED) and not path.startswith(hosts.BACKUP):
            yield from ((path, name) for name in key)


def unexpected(server: Server) -> list[str]:
    """Do what reads and plans; return what ended in no sentence."""
    found: list[str] = []
    tasks: list[Callable[[], object]] = [
        server.inform,
        server.predict,
        lambda: server.predict(state="absent"),
        lambda: server.value(check_mode=True),
    ]
    for task in tasks:
        try:
            task()
        except ENDS as error:
            found += [] if str(error) else [f"{type(error).__name__} without a sentence"]
        except Exception as error:  # noqa: BLE001 (that is the question)
            found.append(f"{type(error).__name__}: {error}")
    return found


@pytest.mark.slow
@pytest.mark.parametrize("odd", ODD.values(), ids=list(ODD))
def test_an_odd_value_causes_no_unexpected_error(odd: Value) -> None:
    server = Server()
    by_hand(server)
    server.policy(replace_assigned=True)
    server.value()
    server.stage(description="another generation")
    server.add([Key(hosts.DOMAIN_POLICY, {"DSIPSECPolicyPath": Value.sz("")})])
    everything = list(values(server))
    turn, rounds = (0, 1) if THOROUGH else (list(ODD.values()).index(odd) % ROUNDS, ROUNDS)
    for path, name in everything[turn::rounds]:
        before = server.host.registry.snapshot(path)[path][name]
        server.host.registry.write(path, name, odd)
        assert (path, name, unexpected(server)) == (path, name, [])
        server.host.registry.write(path, name, before)


@pytest.mark.parametrize("odd", ["a kind without a name", "a number of five bytes", "bytes"])
@pytest.mark.parametrize("name", [NAME, "description", "ipsecNFAReference", "ipsecISAKMPReference"])
def test_a_value_of_a_policy_that_should_be_text_is_named(odd: str, name: str) -> None:
    server = Server()
    by_hand(server)
    (found,) = server.store.policies
    server.host.registry.write(found.path, name, ODD[odd])
    (policy,) = server.inform()["host"]["policies"]
    assert {"path": found.path, "reason": f"its value {name} is no text"} in policy["unreadable"]


@pytest.mark.parametrize("denied", [False, True])
def test_an_assigned_policy_of_which_nothing_can_be_read_is_one(server: Server, denied: bool) -> None:
    """Its key is there, without values or closed even to administrators: it is not replaced without a word."""
    path = by_hand(server, name="Theirs")
    for name in list(server.key(path)):
        server.host.registry.erase(path, name)
    if denied:
        server.host.registry.deny(path)
    guid = path[path.index("{") :]
    assert server.inform()["host"]["assigned"] == guid
    with pytest.raises(PlanError) as error:
        server.predict()
    assert str(error.value) == (
        f"the policy {guid!r} is assigned on this host, and only one can be; "
        "set replace_assigned to true if the declared policy should replace it."
    )
    server.policy(replace_assigned=True)
    server.policy(state="absent")
    assert server.store.active_path == path, "it is restored"


def test_a_rule_that_may_not_be_read_is_reported_as_such(server: Server) -> None:
    path = by_hand(server, name="Theirs")
    rule = next(each for each in server.store.references(path) if "ipsecNFA" in each)
    server.host.registry.deny(rule)
    (found,) = (each for each in server.inform()["host"]["policies"] if each["name"] == "Theirs")
    assert "not even administrators may read it" in found["unreadable"][0]["reason"]
