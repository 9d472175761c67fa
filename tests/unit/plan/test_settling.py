# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Windows does late: services after a restart, filters after a restart and after a commit."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping

import pytest

from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.host import DOMAIN_POLICY, INTERFACES, RASMAN
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.plan import PlanError
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.registry import Key, Value
from ansible_collections.rras.ipsec.plugins.plugin_utils._work import WorkError
from ansible_collections.rras.ipsec.tests.lab.host import LATE_FILTERS
from ansible_collections.rras.ipsec.tests.lab.windows.services import NEVER
from ansible_collections.rras.ipsec.tests.support.server import (
    ADDRESS,
    BLOCKED,
    KEY,
    NAME,
    PEER,
    Server,
    TaskOptions,
    rule,
)

DECLARED: TaskOptions = {"rules": [rule(), BLOCKED]}
LATE = ("IKEEXT", "PolicyAgent", "RemoteAccess")
UNLISTED = f"PolicyAgent does not list the filter between {ADDRESS} and {PEER}"
FAILED = f"the policy '{NAME}' is in force, but {{}}. Check the event log of this host, then repeat the run."
NOT_LOADED = pytest.mark.exposed("PolicyAgent and RRAS run before PolicyAgent has loaded the policy")


def restarted(late: Mapping[str, int]) -> Server:
    """Return a server that was brought to the end of a run, up to the restart."""
    server = Server(late=late)
    server.policy(**DECLARED)
    server.value()
    server.restart()
    server.clock.pauses.clear()
    return server


def take_address(server: Server) -> None:
    """Give the interface another address, which no filter names."""
    for path, key in server.host.registry.snapshot(INTERFACES).items():
        if key.texts("IPAddress") == (ADDRESS,):
            server.host.registry.write(path, "IPAddress", Value.multi_sz(["203.0.113.9"]))


class TestAfterARestart:
    @pytest.mark.parametrize("counts", list(itertools.permutations((1, 2, 3))), ids=str)
    @pytest.mark.parametrize("filters", [0, pytest.param(2, marks=NOT_LOADED)])
    def test_services_come_up_late_in_any_order(self, counts: tuple[int, ...], filters: int) -> None:
        server = restarted({**dict(zip(LATE, counts, strict=True)), LATE_FILTERS: filters})
        assert server.running.isdisjoint(LATE)

        proof = server.prove(**DECLARED)

        assert (proof["matches"], proof["obstacles"], proof["pending"], proof["changed"]) == (True, [], False, False)
        assert server.running >= set(LATE)
        assert len(server.clock.pauses) >= max(counts)

    def test_nothing_is_waited_for_where_all_is_there(self) -> None:
        server = restarted({})
        server.host.recorder.clear()
        assert server.prove(**DECLARED)["obstacles"] == []
        assert server.clock.pauses == []
        assert len(server.host.recorder.executions) == 1

    @pytest.mark.parametrize(
        ("late", "clauses"),
        [
            ("IKEEXT", "the service IKEEXT is not running"),
            ("RemoteAccess", "the service RemoteAccess is not running"),
            ("PolicyAgent", "the service PolicyAgent is not running and the service RemoteAccess is not running"),
            pytest.param(LATE_FILTERS, UNLISTED, marks=NOT_LOADED),
        ],
    )
    def test_what_never_comes_is_named_with_the_time(self, late: str, clauses: str) -> None:
        server = restarted({name: 1 for name in LATE if name != late})
        if late == LATE_FILTERS:
            server.host.agent.deaf = True
        else:
            server.host.services.late = server.host.services.waiting = {late.casefold(): NEVER}
            server.restart()
        with pytest.raises(WorkError) as failure:
            server.prove(**DECLARED)
        assert str(failure.value) == FAILED.format(f"after 120 seconds {clauses}")
        assert sum(server.clock.pauses) == 120

    def test_the_limit_is_an_option(self) -> None:
        server = restarted({"RemoteAccess": NEVER})
        with pytest.raises(WorkError) as failure:
            server.prove(settle_timeout=0, **DECLARED)
        assert str(failure.value) == FAILED.format("the service RemoteAccess is not running")
        assert server.clock.pauses == []

    @pytest.mark.parametrize(
        "wrong",
        [
            pytest.param(lambda server: disable(server, "IKEEXT"), id="a disabled service"),
            pytest.param(lambda server: disable(server, "PolicyAgent"), id="a disabled agent"),
            pytest.param(lambda server: server.host.registry.erase(RASMAN, "ProhibitIpSec"), id="no value"),
            pytest.param(lambda server: server.assign("elsewhere"), id="another policy"),
        ],
    )
    def test_what_does_not_pass_is_not_waited_for(self, wrong: Callable[[Server], None]) -> None:
        server = restarted({"RemoteAccess": NEVER, "IKEEXT": NEVER})
        wrong(server)
        proof = server.prove(**DECLARED)
        assert server.clock.pauses == []
        assert proof["obstacles"] or not proof["matches"] or proof["host"]["prohibit_ipsec"]["value"] != 1

    def test_a_disabled_rras_is_not_waited_for(self) -> None:
        server = restarted({"IKEEXT": 2})
        disable(server, "RemoteAccess")
        server.restart()
        assert server.prove(**DECLARED)["matches"]
        assert len(server.clock.pauses) == 2

    @pytest.mark.parametrize("service", ["IKEEXT", "RemoteAccess"])
    def test_a_service_that_windows_does_not_start_is_not_waited_for(self, service: str) -> None:
        server = restarted({})
        start_by_hand(server, service)
        server.prove(**DECLARED)
        assert (service in server.running, server.clock.pauses) == (False, [])

    def test_a_plan_does_not_wait(self) -> None:
        server = restarted({"IKEEXT": 2})
        assert server.plan(**DECLARED)["obstacles"] == ["the service IKEEXT is not running."]
        assert server.clock.pauses == []


class TestBeforeTheValue:
    """A task that sets ProhibitIpSec comes right after a start of Windows, too."""

    @pytest.mark.parametrize(
        "late",
        [
            {},
            {"IKEEXT": 2},
            {"PolicyAgent": 2},
            {"IKEEXT": 1, "PolicyAgent": 3},
            pytest.param({LATE_FILTERS: 2}, marks=NOT_LOADED),
        ],
        ids=str,
    )
    @pytest.mark.parametrize("check_mode", [False, True])
    def test_what_comes_late_is_waited_for(self, late: Mapping[str, int], check_mode: bool) -> None:
        server = restarted(late)
        result = server.value(settle_timeout=120, check_mode=check_mode)
        assert (result["changed"], result["in_effect"]) == (False, "yes")
        assert bool(server.clock.pauses) is bool(late)
        assert server.running >= {"IKEEXT", "PolicyAgent"}

    def test_rras_is_not_needed_for_it(self) -> None:
        server = restarted({"RemoteAccess": NEVER})
        assert server.value(settle_timeout=120)["changed"] is False
        assert server.clock.pauses == []

    def test_what_never_comes_is_named_with_the_time(self) -> None:
        server = restarted({"IKEEXT": NEVER, "PolicyAgent": NEVER})
        for seconds, clause in (
            (7, "after 7 seconds the service PolicyAgent is not running and the service IKEEXT"),
            (0, "the service PolicyAgent"),
        ):
            server.clock.pauses.clear()
            with pytest.raises(PlanError) as refused:
                server.value(settle_timeout=seconds)
            assert str(refused.value).startswith(
                f"ProhibitIpSec would leave this host's L2TP in clear text, because {clause} is not running. Put "
            )
            assert sum(server.clock.pauses) == seconds

    @pytest.mark.parametrize(
        "wrong",
        [
            pytest.param(lambda server: disable(server, "IKEEXT"), id="a disabled service"),
            pytest.param(lambda server: start_by_hand(server, "IKEEXT"), id="a service that nothing starts"),
            pytest.param(lambda server: server.assign("elsewhere"), id="no policy"),
            pytest.param(
                lambda server: server.add([Key(DOMAIN_POLICY, {"DSIPSECPolicyPath": Value.sz("x")})]),
                id="a domain policy",
            ),
            pytest.param(take_address, id="an address that is not the host's"),
        ],
    )
    def test_what_does_not_pass_is_not_waited_for(self, wrong: Callable[[Server], None]) -> None:
        server = restarted({"IKEEXT": NEVER, "PolicyAgent": NEVER})
        wrong(server)
        with pytest.raises(PlanError, match=r"would leave this host's L2TP in clear text, because (?!after)"):
            server.value(settle_timeout=120)
        assert server.clock.pauses == []

    @pytest.mark.parametrize("given", [{"present": False}, {"require_effective_policy": False}], ids=str)
    def test_nothing_is_waited_for_unless_it_is_asked_for(self, given: TaskOptions) -> None:
        server = restarted({"IKEEXT": NEVER})
        server.value(settle_timeout=120, **given)
        assert server.clock.pauses == []

    def test_a_prediction_waits_for_nothing(self) -> None:
        server = restarted({"IKEEXT": NEVER})
        server.value(settle_timeout=120, predicted=True, check_mode=True)
        assert server.clock.pauses == []


class TestBeforeARemoval:
    def test_rras_is_waited_for(self) -> None:
        server = restarted({"RemoteAccess": 2})
        assert "matches" in server.prove(state="absent")
        assert "RemoteAccess" in server.running

    def test_what_never_comes_does_not_keep_a_policy(self) -> None:
        server = restarted({"RemoteAccess": NEVER})
        assert "matches" in server.prove(state="absent")
        assert sum(server.clock.pauses) == 120


class TestAfterACommit:
    @pytest.mark.parametrize("moments", [1, 2, 5])
    def test_an_agent_that_needs_a_moment_gets_it(self, moments: int) -> None:
        server = Server(late={LATE_FILTERS: moments})
        assert server.policy()["matches"] is True
        assert len(server.clock.pauses) == moments

    def test_the_single_phases_wait_too(self) -> None:
        server = Server(late={LATE_FILTERS: 3})
        server.work().commit(server.stage())
        assert len(server.clock.pauses) == 3

    @pytest.mark.parametrize(
        ("meddle_with", "sentence", "waited"),
        [
            (Server.lose_filters, f"after 120 seconds {UNLISTED}.", 120),
            (lambda server: server.assign("nowhere"), "the host has another policy assigned.", 0),
            (
                lambda server: server.host.registry.remove(next(path for path in server.tree if "ipsecPolicy" in path)),
                "the host reads back something other than what was declared.",
                0,
            ),
        ],
        ids=["a deaf agent", "another policy", "no policy"],
    )
    def test_a_commit_that_lacks_something_is_not_reported_as_proved(
        self, server: Server, meddle_with: Callable[[Server], None], sentence: str, waited: int
    ) -> None:
        transaction = server.stage()
        work = server.work()
        original = server.host.impairments

        def late(_number: int, record: str) -> None:
            if record.startswith("RunProgram") and server.active:
                meddle_with(server)
                server.host.agent.load()
                original.before_record = None

        original.before_record = late
        with pytest.raises(WorkError) as failure:
            work.commit(transaction)
        assert str(failure.value) == f"the policy '{NAME}' was written, but {sentence}"
        assert sum(server.clock.pauses) == waited

    def test_a_policy_without_connections_needs_no_patience(self, server: Server) -> None:
        server.host.agent.deaf = True
        server.policy(rules=[rule(filters=[{"source_address": "me", "destination_address": "any"}], key=KEY)])
        assert server.clock.pauses == []


def disable(server: Server, service: str) -> None:
    """Do what a security baseline does, before Windows starts."""
    set_start(server, service, 4)


def start_by_hand(server: Server, service: str) -> None:
    """Let nothing start a service but whoever asks for it."""
    set_start(server, service, 3)


def set_start(server: Server, service: str, start: int) -> None:
    server.add([Key(server.service(service).path, {**server.service(service), "Start": Value.dword(start)})])
    server.restart()
