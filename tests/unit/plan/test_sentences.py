# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What must not be done to a server, word for word; and what must not be said of it."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from ansible_collections.rras.ipsec.plugins.plugin_utils._host.session import ExecutionError
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy import host as hosts
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy import model
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.plan import PlanError, Transaction
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.registry import Key, Value
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.texts import key_fault
from ansible_collections.rras.ipsec.tests.support.server import (
    ADDRESS,
    BLOCKED,
    OTHER_KEY,
    PEER,
    Server,
    TaskOptions,
    rule,
)
from ansible_collections.rras.ipsec.tests.support.somebody_else import by_hand

CLEAR_TEXT = "without the policy 'L2TP' its L2TP would be in clear text;"

IS_SET = (
    f"ProhibitIpSec is 1 on this host, so {CLEAR_TEXT} remove the value first (win_prohibit_ipsec with state absent; "
    "by hand if it was 1 before this collection changed the host) and restart the host."
)


PREDICTED = " In check mode, set predicted to true if earlier tasks do that."
"""What check mode adds where the value stands in the way, which a task before this one may take away."""


def removed_but_running(server: Server) -> None:
    server.policy(rules=[rule(), BLOCKED])
    server.value()
    server.restart()
    server.value(present=False)


def protected(server: Server) -> None:
    server.policy()
    server.value()


@pytest.mark.parametrize(
    ("prepare", "given", "sentence"),
    [
        (
            lambda server: server.add([Key(hosts.DOMAIN_POLICY, {"DSIPSECPolicyPath": Value.sz("LDAP://CN=x")})]),
            {},
            (
                "a domain policy (LDAP://CN=x) overrides the local one on this host; "
                "remove the host from that group policy, or configure the connection there."
            ),
        ),
        (
            lambda server: by_hand(server, name="Theirs"),
            {},
            (
                "the policy 'Theirs' is assigned on this host, and only one can be; "
                "set replace_assigned to true if the declared policy should replace it."
            ),
        ),
        (
            lambda server: by_hand(server, rules=[rule(key=OTHER_KEY)]),
            {},
            (
                "the store already has a different policy named 'L2TP' that this collection did not write, or has no "
                "record of; set take_over to true to replace it, or write another name."
            ),
        ),
        (
            lambda _server: None,
            {"rules": [rule(filters=[{"source_address": "203.0.113.1", "destination_address": PEER}])]},
            (
                f"neither 203.0.113.1 nor {PEER} is an address of this host (it has: 10.0.0.10, {ADDRESS}); "
                "write the static address of its RRAS interface into the filter of the rule 'tokyo-osaka'."
            ),
        ),
        (
            lambda server: [
                server.host.registry.erase(path, "IPAddress")
                for path in server.host.registry.snapshot(hosts.INTERFACES)
            ],
            {},
            (
                f"neither {ADDRESS} nor {PEER} is an address of this host (it has: none); "
                "write the static address of its RRAS interface into the filter of the rule 'tokyo-osaka'."
            ),
        ),
        (
            protected,
            {"state": "absent"},
            IS_SET,
        ),
        (
            protected,
            {"assigned": False},
            f"assigned is false, but {IS_SET}",
        ),
        (
            removed_but_running,
            {"state": "absent"},
            f"Windows still runs with the ProhibitIpSec that was removed, so {CLEAR_TEXT} restart the host first.",
        ),
    ],
)
def test_what_must_not_be_done(
    server: Server, prepare: Callable[[Server], Any], given: dict[str, Any], sentence: str
) -> None:
    prepare(server)
    before = server.host.registry.snapshot()
    for refused in (server.policy, server.predict, server.stage):
        with pytest.raises(PlanError) as error:
            refused(**given)
        hint = PREDICTED if refused == server.predict and given.get("state") == "absent" else ""
        assert str(error.value) == sentence + hint
    assert server.host.registry.snapshot() == before


@pytest.mark.parametrize(("prepare", "sentence"), [(protected, IS_SET), (lambda server: server.policy(), None)])
def test_a_plan_says_why_the_policy_may_not_be_removed_yet(
    server: Server, prepare: Callable[[Server], Any], sentence: str | None
) -> None:
    prepare(server)
    planned = server.plan(state="absent")
    assert (planned["pending"], planned["obstacles"]) == (True, [sentence] if sentence else [])


@pytest.mark.parametrize(
    "text", ["", "x", "a/b/c", "6c0c1b5e-0000-0000-0000-000000000000/dance/", "1/2/3/4", "no-guid/keep/"]
)
def test_what_is_no_transaction(text: str) -> None:
    with pytest.raises(PlanError) as error:
        Transaction.parse(text)
    assert str(error.value) == ("transaction is not valid; write the transaction from the result of phase stage.")


@pytest.mark.parametrize("given", [{}, {"assigned": False}, {"state": "absent"}])
def test_a_transaction_survives_as_text(server: Server, given: dict[str, Any]) -> None:
    if given:
        server.policy()
    text = server.work(**given).stage()["transaction"]
    assert str(Transaction.parse(text)) == text


def texts(data: object) -> Iterator[str]:
    """Return every text in a result, keys included."""
    if isinstance(data, dict):
        for name, value in data.items():
            yield from (*texts(name), *texts(value))
    elif isinstance(data, list | tuple):
        for value in data:
            yield from texts(value)
    else:
        yield str(data)


def disguises(key: str, nonces: Iterable[bytes]) -> Iterator[str]:
    """Return forms in which a key, or what a host answers instead of it, could be shown."""
    method = model.AuthenticationMethod.preshared_key(key)
    for data in (key.encode(), key.encode("utf-16-le"), *(method.masked(nonce).data for nonce in nonces), *nonces):
        yield from (data.hex(), base64.b64encode(data).decode().rstrip("="), data.decode("latin-1"), repr(data)[2:-1])
    yield key


def may_be_a_key(text: str) -> bool:
    """Whether a text has nothing at its ends that can't be seen, which is refused."""
    return not key_fault(text)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    key=st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=9, max_size=37)
    .map("~#~{}".format)
    .filter(may_be_a_key)
)
@example(key="~#~reboot_required")
def test_no_phase_says_a_key_or_its_digest(key: str) -> None:
    """A key has a beginning that no result has, since hypothesis also tries words of the code as keys."""
    server = Server()
    given: TaskOptions = {"rules": [rule(key=key)]}
    server.policy(rules=[rule(key=key + key)])
    said = [server.plan(**given), server.work(check_mode=True, **given).plan()]
    staged = server.work(**given).stage()
    transaction = Transaction.parse(staged["transaction"])
    said += [staged, server.work(**given).commit(transaction), server.work(**given).finish(transaction)]
    said += [server.inform(key), server.inform(), server.value(), server.policy(**given)]
    server.host.impairments.fail_at_record = 60
    with pytest.raises(ExecutionError) as error:
        server.policy(rules=[rule(key=key), rule("other", key=key, peer="192.0.2.3")])
    everything = "\n".join([*texts(said), str(error.value), repr(error.value.failure), repr(error.value.__dict__)])
    assert not any(disguise in everything for disguise in disguises(key, server.nonces))
    assert server.host.recorder.leaks(key) == []
