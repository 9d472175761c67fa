# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Somebody else is at work on the same server, or the server's own programs don't do their work."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import pytest

from ansible_collections.rras.ipsec.plugins.plugin_utils._host.session import ExecutionError
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy import host as hosts
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.host import OURS, TRANSACTION
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.plan import PlanError
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.registry import Key, Tree, Value, join
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.store import LOCAL
from ansible_collections.rras.ipsec.plugins.plugin_utils._work import WorkError
from ansible_collections.rras.ipsec.tests.lab import NetshFault
from ansible_collections.rras.ipsec.tests.lab.windows.registry import differences
from ansible_collections.rras.ipsec.tests.support.server import (
    ADDRESS,
    BLOCKED,
    KEY,
    NAME,
    OTHER_KEY,
    PEER,
    SERVICES,
    Server,
    TaskOptions,
    declare,
    rule,
)
from ansible_collections.rras.ipsec.tests.support.somebody_else import registry_keys

ROTATED: TaskOptions = {"rules": [rule(key=OTHER_KEY)]}


def meddle(server: Server) -> None:
    """Write a filter list that nobody uses, each time another one."""
    number = len(server.tree)
    guid = f"{{00000000-0000-0000-0000-{number:012}}}"
    server.add([Key(join(LOCAL, f"ipsecFilter{guid}"), {"ipsecName": Value.sz("by hand")})])


def before_execution(server: Server, *numbers: int, what: Callable[[Server], None] = meddle) -> None:
    """Let something happen before some of the executions to come, counted from 1."""
    count = iter(range(1, 100))
    server.host.impairments.before_script = lambda: what(server) if next(count) in numbers else None


def stop_agent(server: Server) -> None:
    """Stop PolicyAgent, and before it what depends on it."""
    server.host.services.stop("RemoteAccess")
    server.host.services.stop("PolicyAgent")


def test_ikeext_is_started_before_policyagent(server: Server) -> None:
    """PolicyAgent hands to IKEEXT what it loads, and Windows starts neither because of the other."""
    for name in ("RemoteAccess", "PolicyAgent", "IKEEXT"):
        if name in server.running:
            server.host.services.stop(name)
    server.host.recorder.clear()
    server.policy()
    started = [line.rpartition(" start ")[2] for line in server.host.recorder.command_lines if " start " in line]
    assert started == ["IKEEXT", "PolicyAgent"]


class TestConflicts:
    @pytest.mark.parametrize(("phase", "executions"), [("stage", 4), ("everything", 5)])
    def test_a_change_after_the_reading_is_read_again(self, server: Server, phase: str, executions: int) -> None:
        work = server.work()
        before_execution(server, 2)
        assert getattr(work, phase)()["changed"] is True
        assert len(server.host.recorder.executions) == executions

    def test_a_change_before_the_end_is_no_reason_to_begin_again(self, server: Server) -> None:
        server.policy()
        server.host.recorder.clear()
        before_execution(server, 3)
        assert server.policy(**ROTATED)["changed_rules"] == ["tokyo-osaka"]
        assert len(server.host.recorder.executions) == 5
        assert server.names == [NAME]
        assert not server.holds(KEY)

    @pytest.mark.parametrize("phase", ["stage", "everything"])
    def test_a_second_change_in_a_row_is_a_conflict(self, server: Server, phase: str) -> None:
        work = server.work()
        before_execution(server, 2, 4)
        with pytest.raises(ExecutionError, match="conflict"):
            getattr(work, phase)()
        assert server.names == []

    def test_another_failure_is_not_tried_again(self, server: Server) -> None:
        server.host.services.broken.add("ikeext")
        with pytest.raises(ExecutionError, match="failed RunProgram"):
            server.policy()
        assert len(server.host.recorder.executions) == 2

    def test_a_change_since_the_stage_stops_the_commit(self, server: Server) -> None:
        server.policy()
        transaction = server.stage(**ROTATED)
        meddle(server)
        with pytest.raises(ExecutionError, match="conflict"):
            server.work(**ROTATED).commit(transaction)
        assert server.plan()["matches"]
        server.work(**ROTATED).revert(transaction)
        assert not server.plan()["pending"]

    def test_a_change_since_the_commit_makes_finish_work_it_out_again(self, server: Server) -> None:
        server.policy()
        filters = next(path for path in server.read().recorded_owned if "ipsecFilter" in path)
        transaction = server.stage(**ROTATED)
        server.work(**ROTATED).commit(transaction)
        theirs = declare(name="Theirs").policy
        (their_rule, *_rules) = server.add_policy(theirs, registry_keys(theirs)).rule_paths
        server.add([Key(their_rule, {"ipsecFilterReference": Value.multi_sz([filters])})])
        server.work(**ROTATED).finish(transaction)
        assert filters in server.tree, "it is used by somebody else now"
        assert not server.plan(**ROTATED)["pending"]

    def test_an_old_generation_that_somebody_assigned_again_is_not_deleted(self, server: Server) -> None:
        server.policy()
        old = server.store.active_path
        transaction = server.stage(**ROTATED)
        server.work(**ROTATED).commit(transaction)
        server.assign(old)
        with pytest.raises(ExecutionError, match="conflict"):
            server.work(**ROTATED).finish(transaction)
        assert server.plan()["matches"]

    def test_a_finish_that_fails_otherwise_fails(self, server: Server) -> None:
        transaction = server.stage()
        server.work().commit(transaction)
        server.host.impairments.fail_at_record = 4
        with pytest.raises(ExecutionError, match="failed"):
            server.work().finish(transaction)
        server.work().finish(transaction)

    def test_the_last_stager_wins(self, server: Server) -> None:
        first, second = server.stage(), server.stage(**ROTATED)
        with pytest.raises(ExecutionError, match="conflict"):
            server.work().commit(first)
        assert server.work().revert(first)["changed"] is False
        with pytest.raises(ExecutionError, match="conflict"):
            server.work().finish(first)
        server.work(**ROTATED).commit(second)
        server.work(**ROTATED).finish(second)
        assert server.names == [NAME]
        assert not server.holds(KEY)
        assert set(server.tree) - {LOCAL} == set(server.read().recorded_owned)

    def test_the_last_stager_wins_over_a_committed_transaction_too(self, server: Server) -> None:
        first = server.stage()
        server.work().commit(first)
        second = server.stage(**ROTATED)
        with pytest.raises(ExecutionError, match="conflict"):
            server.work().finish(first)
        server.work(**ROTATED).commit(second)
        server.work(**ROTATED).finish(second)
        assert server.names == [NAME]
        assert not server.holds(KEY)

    def test_a_commit_whose_answer_got_lost_is_answered_again(self, server: Server) -> None:
        transaction = server.stage()
        server.work().commit(transaction)
        assert server.work().commit(transaction)["matches"] is True

    def test_a_commit_that_failed_otherwise_is_not_answered_as_done(self, server: Server) -> None:
        transaction = server.stage()
        server.host.impairments.fail_at_record = 4
        with pytest.raises(ExecutionError, match="failed"):
            server.work().commit(transaction)


class TestNetsh:
    @pytest.mark.parametrize("fault", [NetshFault.MISSING, NetshFault.HANGING, NetshFault.FAILING])
    def test_without_it_the_policy_is_assigned_but_can_not_be_proved(self, server: Server, fault: NetshFault) -> None:
        """What the agent lists can't be asked either."""
        transaction = server.stage(block_l2tp_over_ipv6=False)
        server.host.impairments.netsh = fault
        with pytest.raises(WorkError, match=r"PolicyAgent does not list the filter between"):
            server.work(block_l2tp_over_ipv6=False).commit(transaction)
        assert server.active is not None
        assert {str(each.source) for each in server.host.agent.filters} == {ADDRESS}
        server.host.impairments.netsh = None
        assert server.policy(block_l2tp_over_ipv6=False)["pending"] is True
        assert server.policy(block_l2tp_over_ipv6=False)["changed"] is False

    @pytest.mark.parametrize("fault", [NetshFault.MISSING, NetshFault.HANGING, NetshFault.FAILING])
    def test_without_it_a_task_for_all_phases_takes_the_policy_back(self, server: Server, fault: NetshFault) -> None:
        server.host.impairments.netsh = fault
        with pytest.raises(WorkError, match=r"192\.0\.2\.2, so it was reverted\."):
            server.policy(block_l2tp_over_ipv6=False)
        assert (server.names, server.host.agent.filters) == ([], ())

    @pytest.mark.parametrize("fault", [NetshFault.MISSING, NetshFault.HANGING, NetshFault.FAILING])
    def test_a_policy_without_connections_needs_no_such_proof(self, server: Server, fault: NetshFault) -> None:
        server.host.impairments.netsh = fault
        result = server.policy(rules=[], block_l2tp_over_ipv6=False)
        assert result["assigned_by"] == "registry"
        assert server.active is not None

    @pytest.mark.parametrize("name", [NAME, "TERRA [x]"])
    def test_a_netsh_without_effect_is_noticed(self, server: Server, name: str) -> None:
        server.host.impairments.netsh = NetshFault.WITHOUT_EFFECT
        result = server.policy(name=name)
        assert result["warnings"] == [
            "netsh did not assign the policy, so it was assigned in the registry and PolicyAgent was told to reload it."
        ]
        assert server.value(policy=name)["changed"] is True

    def test_a_name_in_brackets_is_no_error(self, server: Server) -> None:
        """Some versions of netsh print ERR in front of brackets; a policy's name may have them too."""
        result = server.policy(name="TERRA [x]")
        assert (result["assigned_by"], result.get("warnings")) == ("netsh", None)
        assert server.policy(name="TERRA [x]")["changed"] is False

    def test_without_an_agent_nothing_can_be_assigned(self, server: Server) -> None:
        transaction = server.stage()
        before = server.tree
        stop_agent(server)
        with pytest.raises(ExecutionError) as failure:
            server.work().commit(transaction)
        assert (failure.value.failure.fault, failure.value.failure.outcome) == ("not_assigned", "undone")
        assert differences(before, server.tree) == []

    def test_without_an_agent_a_policy_can_still_be_removed(self, server: Server) -> None:
        server.policy()
        stop_agent(server)
        server.policy(state="absent")
        assert list(server.tree) == [LOCAL]

    def test_a_store_without_policies_is_no_fault_before_or_after(self, server: Server) -> None:
        server.host.services.start("PolicyAgent")
        assert server.inform()["host"]["policies_valid"] is None
        assert "warnings" not in server.policy()
        assert server.inform()["host"]["policies_valid"] is True
        assert "warnings" not in server.policy(state="absent")
        assert list(server.tree) == [LOCAL]

    def test_what_it_says_of_the_first_policies_of_a_store_does_not_count(self, server: Server) -> None:
        server.host.services.start("PolicyAgent")
        server.host.impairments.exit_codes = {f"netsh {hosts.SHOW_POLICIES.arguments}": 1}
        assert "warnings" not in server.work().stage()

    def test_a_fault_in_a_store_that_held_policies_is_said(self, server: Server) -> None:
        server.policy()
        server.host.impairments.exit_codes = {f"netsh {hosts.SHOW_POLICIES.arguments}": 1}
        assert server.work(**ROTATED).stage()["warnings"] == [
            "netsh reports an error in the policy store that was already there before this change."
        ]

    def test_a_store_that_it_rejects_since_the_stage_is_as_it_was(self, server: Server) -> None:
        server.policy()
        broken = Key(
            join(LOCAL, "ipsecPolicy{00000000-0000-0000-0000-000000000001}"), {"ipsecName": Value.sz("broken")}
        )
        server.host.impairments.before_record = lambda _number, record: (
            server.add([broken]) if record.startswith("Seal") else None
        )
        with pytest.raises(WorkError, match="the staged policy was deleted"):
            server.work(**ROTATED).stage()
        assert not server.holds(OTHER_KEY)
        assert server.plan()["matches"]


class TestNotProved:
    """All phases in one task: what was committed and can't be proved is taken back, where L2TP stays protected."""

    UNLISTED = (
        "the policy 'L2TP' was written, but after 120 seconds "
        "PolicyAgent does not list the filter between 192.0.2.1 and "
    )
    MORE: ClassVar[TaskOptions] = {"rules": [rule(), rule("tokyo-branch", peer="198.51.100.7"), BLOCKED]}

    def sentence(self, server: Server, **given: Any) -> str:
        with pytest.raises(WorkError) as error:
            server.policy(**given)
        return str(error.value)

    def test_what_was_assigned_before_is_assigned_again(self, server: Server) -> None:
        server.policy(rules=[rule(), BLOCKED])
        server.value()
        server.restart()
        before = server.tree
        server.host.exposures.clear()
        server.host.agent.deaf = True
        said = f"{self.UNLISTED}198.51.100.7, so the policy that was assigned before is assigned again."
        assert self.sentence(server, **self.MORE) == said
        assert differences(before, server.tree) == []
        assert TRANSACTION not in server.own
        assert server.host.exposures == []
        server.host.agent.deaf = False
        assert server.policy(**self.MORE)["changed"] is True
        assert server.names == [NAME]

    def test_a_first_policy_goes_with_all_its_traces(self, server: Server) -> None:
        server.lose_filters()
        before = server.tree
        said = f"{self.UNLISTED}192.0.2.2, so it was reverted."
        assert self.sentence(server, rules=[rule(), BLOCKED]) == said
        assert differences(before, server.tree) == []
        assert list(server.own) == [OURS]

    @pytest.mark.exposed("somebody set the value without a policy")
    def test_it_stays_where_nothing_else_would_protect(self, server: Server) -> None:
        server.set_prohibit_ipsec(1)
        server.restart()
        server.lose_filters()
        assert self.sentence(server, rules=[rule(), BLOCKED]) == (
            f"{self.UNLISTED}192.0.2.2. It was not reverted: ProhibitIpSec is 1 on this host, so without the policy "
            "'L2TP' its L2TP would be in clear text; remove the value first (win_prohibit_ipsec with state absent; by "
            "hand if it was 1 before this collection changed the host) and restart the host."
        )
        assert server.active is not None
        server.host.agent.deaf = False
        server.host.agent.load()
        assert server.policy(rules=[rule(), BLOCKED])["changed"] is True
        assert list(server.own) != []
        assert TRANSACTION not in server.own

    def test_what_another_run_began_meanwhile_is_left_alone(self, server: Server) -> None:
        server.lose_filters()

        def other_run(each: Server) -> None:
            each.stage(**ROTATED)

        before_execution(server, 3, what=other_run)
        assert self.sentence(server, settle_timeout=0).endswith(" and 192.0.2.2.")
        assert server.read().unfinished is not None


class TestServices:
    def test_they_are_taken_and_given_back(self, server: Server) -> None:
        before = {name: server.service(name) for name in SERVICES}
        server.policy()
        starts = {name: server.service(name)["Start"].number for name in ("PolicyAgent", "IKEEXT")}
        assert starts == {"PolicyAgent": 2, "IKEEXT": 2}
        assert server.service("RemoteAccess").texts("DependOnService")[-1] == "PolicyAgent"
        assert server.service("RemoteAccess").texts("DependOnGroup") == ("NetBIOSGroup",)
        assert server.running >= {"PolicyAgent", "IKEEXT"}
        server.policy(state="absent")
        assert {name: server.service(name) for name in SERVICES} == before

    def test_a_disabled_one_is_enabled(self, server: Server) -> None:
        server.add([Key(server.service("IKEEXT").path, {"Start": Value.dword(4)})])
        server.policy()
        assert "IKEEXT" in server.running
        server.policy(state="absent")
        assert server.service("IKEEXT")["Start"].number == 4

    def test_one_that_does_not_start_undoes_everything(self, server: Server) -> None:
        before = server.host.registry.snapshot()
        server.host.services.broken.add("ikeext")
        with pytest.raises(ExecutionError) as failure:
            server.policy()
        assert failure.value.failure.message == "net start IKEEXT ended with code 2, and the service is not running"
        assert failure.value.failure.outcome == "undone"
        assert differences(before, server.host.registry.snapshot()) == []

    def test_one_that_stopped_is_started_and_no_rule_changes(self, server: Server) -> None:
        server.policy()
        server.host.services.stop("IKEEXT")
        result = server.policy()
        assert (result["changed"], result["changed_rules"]) == (True, [])
        assert "IKEEXT" in server.running

    def test_the_dependency_can_be_declined(self, server: Server) -> None:
        before = server.service("RemoteAccess")
        server.policy(policy_agent_first=False)
        assert server.service("RemoteAccess") == before

    def test_what_the_administrator_set_meanwhile_stays(self, server: Server) -> None:
        """He made IKEEXT start on demand again, and took the dependency away."""
        server.policy()
        for name, value in {"IKEEXT": "start= demand", "RemoteAccess": "depend= RasMan/RpcSs"}.items():
            server.host.run_program("sc", f"config {name} {value}", 30)
        server.policy(state="absent")
        assert server.service("IKEEXT")["Start"].number == 3
        assert server.service("RemoteAccess").texts("DependOnService") == ("RasMan", "RpcSs")

    def test_the_memory_of_what_was_before_us_outlives_a_second_run(self, server: Server) -> None:
        server.policy()
        server.host.run_program("sc", "config IKEEXT start= demand", 30)
        server.host.run_program("sc", "config RemoteAccess depend= RasMan/RpcSs", 30)
        server.policy()
        assert {name: value.text for name, value in server.key(hosts.SERVICES_NOTE).items()} == {
            "PolicyAgent": "demand",
            "IKEEXT": "demand",
            "RemoteAccess": "added",
        }

    @pytest.mark.parametrize("name", ["MSSQL$RRAS", "My Service", "Tcpip-2", "a.b", "Größe"])
    def test_a_dependency_on_a_strange_name_is_reported(self, server: Server, name: str) -> None:
        path = server.service("RemoteAccess").path
        server.host.registry.write(path, "DependOnService", Value.multi_sz(["RasMan", name]))
        with pytest.raises(PlanError) as error:
            server.policy()
        assert str(error.value) == (
            f"the service RemoteAccess depends on {name!r}, a name that can't be written back safely; "
            "set policy_agent_first of win_ipsec_psk_policy to false, "
            "and make RemoteAccess depend on PolicyAgent by hand."
        )
        assert server.tree == Tree([Key(LOCAL)])
        server.policy(policy_agent_first=False)
        assert server.policy(state="absent")["changed"] is True

    def test_where_the_dependency_is_there_a_strange_name_does_not_matter(self, server: Server) -> None:
        path = server.service("RemoteAccess").path
        depends = Value.multi_sz(["MSSQL$RRAS", "policyagent"])
        server.host.registry.write(path, "DependOnService", depends)
        server.policy()
        server.policy(state="absent")
        assert server.service("RemoteAccess")["DependOnService"] == depends

    def test_a_strange_name_that_came_later_is_said_by_the_removal(self, server: Server) -> None:
        server.policy()
        path = server.service("RemoteAccess").path
        server.host.registry.write(path, "DependOnService", Value.multi_sz(["MSSQL$RRAS", "PolicyAgent"]))
        with pytest.raises(PlanError) as error:
            server.policy(state="absent")
        assert str(error.value) == (
            "the service RemoteAccess depends on 'MSSQL$RRAS', a name that can't be written back safely; "
            "remove PolicyAgent from the dependencies of RemoteAccess by hand."
        )
        server.host.registry.write(path, "DependOnService", Value.multi_sz(["MSSQL$RRAS"]))
        assert server.policy(state="absent")["changed"] is True

    def test_a_list_that_was_empty_is_empty_again(self, server: Server) -> None:
        """The list is cleared with a slash; sc.exe takes nothing else for that."""
        for name in ("DependOnService", "DependOnGroup"):
            server.host.registry.write(server.service("RemoteAccess").path, name, Value.multi_sz([]))
        server.policy()
        assert server.service("RemoteAccess").texts("DependOnService") == ("PolicyAgent",)
        server.policy(state="absent")
        assert server.service("RemoteAccess").texts("DependOnService") == ()
        assert any(line.endswith("depend= /") for line in server.host.recorder.command_lines)

    def test_a_server_without_remote_access_needs_no_dependency(self, server: Server) -> None:
        server.host.registry.remove(server.service("RemoteAccess").path)
        server.policy()
        assert server.service("RemoteAccess") == {}


class TestDomainPolicy:
    def test_it_is_an_error_for_an_assigned_policy(self, server: Server) -> None:
        server.add([Key(hosts.DOMAIN_POLICY, {"DSIPSECPolicyPath": Value.sz("LDAP://CN=ipsecPolicy{1}")})])
        with pytest.raises(PlanError, match="a domain policy"):
            server.policy()
        server.policy(assigned=False)

    def test_it_leaves_nothing_for_prohibit_ipsec_to_rely_on(self, server: Server) -> None:
        server.policy()
        server.add([Key(hosts.DOMAIN_POLICY, {"DSIPSECPolicyPath": Value.sz("LDAP://CN=ipsecPolicy{1}")})])
        with pytest.raises(PlanError, match="overrides the local policy"):
            server.value()
        assert server.prohibit_ipsec is None


def test_the_listed_addresses_are_those_of_the_connection(server: Server) -> None:
    server.policy()
    assert server.inform()["host"]["listed_addresses"] == [ADDRESS, PEER]
