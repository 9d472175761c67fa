# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Services, the policy agent, and the programs sc and netsh of a simulated host."""

from __future__ import annotations

import re

import pytest

from ansible_collections.rras.ipsec.plugins.plugin_utils._policy import firewall, steps
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.registry import Tree, Value, join
from ansible_collections.rras.ipsec.tests.lab import Host, NetshFault
from ansible_collections.rras.ipsec.tests.lab.recorder import LogSource
from ansible_collections.rras.ipsec.tests.lab.windows.firewall import rules
from ansible_collections.rras.ipsec.tests.lab.windows.installation import DOMAIN_POLICY, POLICY_STORE, SERVICES
from ansible_collections.rras.ipsec.tests.lab.windows.sc import ENGLISH, GERMAN, Sc
from ansible_collections.rras.ipsec.tests.support import transactions

SHOW_POLICIES = "ipsec static show policy all"
SHOW_FILTERS = "ipsec dynamic show qmfilter all"
NOT_OPENED = "ERR IPsec[05073] : Policy store could not be opened.\r\n"


@pytest.fixture
def stored(host: Host) -> Host:
    """Return a host whose store holds a policy, not assigned, and whose agent runs."""
    host.registry.load(Tree(key for key in transactions.BEFORE.values() if key.path.startswith(POLICY_STORE)))
    host.services.start("PolicyAgent")
    return host


def assign(host: Host, policy: str, answer: str) -> tuple[int, str]:
    guid = policy.rpartition("ipsecPolicy")[2]
    return host.run_program("netsh", f"ipsec static set policy guid={guid} assign={answer}", 30)


class TestServices:
    def test_a_fresh_server_runs_rras_and_not_the_agent(self, host: Host) -> None:
        running = [
            name for name in ("PolicyAgent", "IKEEXT", "RasMan", "RemoteAccess") if host.services.is_running(name)
        ]
        assert running == ["RasMan", "RemoteAccess"]

    @pytest.mark.parametrize(
        ("arguments", "code"),
        [
            ("query PolicyAgent", 0),
            ("query Nothing", 1060),
            ("start IKEEXT", 0),
            ("start RasMan", 1056),
            ("stop IKEEXT", 1062),
            ("stop RasMan", 1051),
            ("stop RemoteAccess", 0),
            ("control PolicyAgent 129", 1062),
            ("control RasMan 129", 1052),
            ("config PolicyAgent start= auto", 0),
            ("config PolicyAgent start= sometimes", 1639),
            ("config Nothing start= auto", 1060),
            ("fly PolicyAgent", 1639),
            ("query", 1639),
        ],
    )
    def test_sc_ends_with_windows_codes(self, host: Host, arguments: str, code: int) -> None:
        assert host.run_program("sc", arguments, 30)[0] == code

    @pytest.mark.parametrize(
        ("arguments", "code"),
        [
            ("start IKEEXT", 0),
            ("start RasMan", 2),
            ("start Nothing", 2),
            ("stop IKEEXT", 2),
            ("stop RasMan", 2),
            ("stop RemoteAccess", 0),
            ("pause RasMan", 2),
        ],
    )
    def test_net_ends_with_2_whatever_is_wrong(self, host: Host, arguments: str, code: int) -> None:
        """A service that others need is one of these: net asks whether to stop them too, and gets no answer."""
        assert host.run_program("net", arguments, 30)[0] == code
        assert host.services.is_running("RasMan")

    def test_a_command_line_may_end_with_a_code_and_do_nothing(self, host: Host) -> None:
        host.impairments.exit_codes = {"net start IKEEXT": 5}
        assert host.run_program("net", "start IKEEXT", 30) == (5, "")
        assert not host.services.is_running("IKEEXT")

    def test_a_disabled_service_does_not_start(self, host: Host) -> None:
        host.run_program("sc", "config IKEEXT start= disabled", 30)
        assert host.run_program("sc", "start IKEEXT", 30)[0] == 1058

    def test_a_broken_service_takes_those_that_need_it_with_it(self, host: Host) -> None:
        host.services.broken.add("policyagent")
        assert host.run_program("sc", "start PolicyAgent", 30)[0] == 1053
        host.run_program("sc", "config RemoteAccess depend= RasMan/PolicyAgent", 30)
        host.services.boot()
        assert not host.services.is_running("RemoteAccess")
        assert host.run_program("sc", "start RemoteAccess", 30)[0] == 1068

    def test_dependencies_are_services_and_groups(self, host: Host) -> None:
        host.run_program("sc", 'config RemoteAccess depend= "RasMan/PolicyAgent/+NetBIOSGroup"', 30)
        key = host.services.key("RemoteAccess")
        assert key.texts("DependOnService") == ("RasMan", "PolicyAgent")
        assert key.texts("DependOnGroup") == ("NetBIOSGroup",)

    def test_what_starts_by_itself_starts_first_what_it_needs(self, host: Host) -> None:
        host.run_program("sc", "config RemoteAccess depend= RasMan/PolicyAgent", 30)
        host.restart()
        assert host.services.is_running("PolicyAgent")

    @pytest.mark.parametrize("labels", [ENGLISH, GERMAN], ids=["english", "german"])
    def test_the_state_is_the_second_number_in_any_language(self, host: Host, labels: tuple[str, ...]) -> None:
        sc = Sc(host.registry, host.services, labels)
        states = [re.findall(r":\s+([0-9a-f]+)\s", sc.run(f"query {name}")[1])[1] for name in ("RasMan", "IKEEXT")]
        assert states == ["4", "1"]


class TestNetsh:
    @pytest.mark.parametrize("command", [SHOW_POLICIES, SHOW_FILTERS])
    def test_without_the_agent_the_store_can_not_be_opened(self, host: Host, command: str) -> None:
        assert host.run_program("netsh", command, 30) == (1, NOT_OPENED)

    def test_policies_are_shown(self, stored: Host) -> None:
        code, output = stored.run_program("netsh", SHOW_POLICIES, 30)
        assert code == 0
        assert "Policy Name                 : Größe, 中\r\n" in output
        assert "Assigned                    : NO\r\n" in output

    def test_a_store_without_policies_is_an_error(self, host: Host) -> None:
        host.services.start("PolicyAgent")
        code, output = host.run_program("netsh", SHOW_POLICIES, 30)
        assert (code, output[:10]) == (1, "ERR IPsec[")

    def test_a_policy_with_a_missing_object_is_an_error(self, stored: Host) -> None:
        stored.registry.remove(transactions.MAIN_MODE)
        code, output = stored.run_program("netsh", SHOW_POLICIES, 30)
        assert (code, output[:10]) == (1, "ERR IPsec[")

    def test_what_is_assigned_is_loaded_by_the_agent(self, stored: Host) -> None:
        assert assign(stored, transactions.POLICY, "yes") == (0, "")
        assert stored.registry.snapshot().value(POLICY_STORE, "ActivePolicy") == Value.sz(transactions.POLICY)
        listed = stored.run_program("netsh", SHOW_FILTERS, 30)[1]
        assert "Source Address              : 192.0.2.1\r\nDestination Address         : 192.0.2.2\r\n" in listed
        assert "Assigned                    : YES\r\n" in stored.run_program("netsh", SHOW_POLICIES, 30)[1]

    def test_what_is_no_longer_assigned_is_unloaded(self, stored: Host) -> None:
        assign(stored, transactions.POLICY, "yes")
        assign(stored, transactions.POLICY, "no")
        assert stored.registry.snapshot().value(POLICY_STORE, "ActivePolicy") is None
        assert stored.run_program("netsh", SHOW_FILTERS, 30) == (0, "No quick mode filters.\r\n")

    def test_an_unknown_policy_is_an_error(self, stored: Host) -> None:
        code, output = assign(stored, "ipsecPolicy" + transactions.guid(99), "yes")
        assert (code, output[:10]) == (1, "ERR IPsec[")

    @pytest.mark.parametrize(
        "command", ["ipsec static delete all", "advfirewall show", "ipsec static set policy name=x"]
    )
    def test_other_commands_are_unknown(self, stored: Host, command: str) -> None:
        code, output = stored.run_program("netsh", command, 30)
        assert (code, output.split(":")[0]) == (1, "The following command was not found")

    @pytest.mark.parametrize(
        ("fault", "answer"),
        [
            (NetshFault.MISSING, (-1, "netsh.exe can't be started")),
            (NetshFault.HANGING, (-1, "netsh.exe did not end within 30 seconds")),
            (NetshFault.FAILING, (0, NOT_OPENED)),
            (NetshFault.WITHOUT_EFFECT, (0, "")),
        ],
    )
    def test_an_impaired_netsh_changes_nothing(self, stored: Host, fault: NetshFault, answer: tuple[int, str]) -> None:
        before = stored.store
        stored.impairments.netsh = fault
        assert assign(stored, transactions.POLICY, "yes") == answer
        assert stored.store == before

    def test_command_lines_and_output_are_written_down(self, stored: Host) -> None:
        stored.run_program("netsh", SHOW_FILTERS, 30)
        assert [(line.source, line.text) for line in stored.recorder.lines] == [
            (LogSource.PROCESS, rf"C:\Windows\system32\netsh.exe {SHOW_FILTERS}"),
            (LogSource.TRANSCRIPT, "No quick mode filters.\r\n"),
        ]


class TestFirewall:
    @staticmethod
    def run(host: Host, step: steps.RunProgram) -> int:
        return host.run_program(step.program, step.arguments, 30)[0]

    def test_a_rule_is_added_and_deleted(self, host: Host) -> None:
        assert self.run(host, firewall.ADD) == 0
        assert "".join(rules(host.registry, firewall.NAME).values()) == (
            "v2.30|Action=Block|Active=TRUE|Dir=In|Protocol=17|LPort=1701|RA6=::/1|RA6=8000::/1|"
            "Name=rras.ipsec-L2TP-over-IPv6|"
        )
        host.restart()
        assert [self.run(host, step) for step in (firewall.DELETE, firewall.DELETE)] == [0, 1]
        assert rules(host.registry, firewall.NAME) == {}

    def test_a_second_one_of_the_same_name_is_added_and_both_are_deleted(self, host: Host) -> None:
        assert [self.run(host, firewall.ADD), self.run(host, firewall.ADD)] == [0, 0]
        assert len(rules(host.registry, firewall.NAME)) == len("ab")
        assert self.run(host, firewall.DELETE) == 0
        assert rules(host.registry, firewall.NAME) == {}

    def test_all_addresses_at_once_are_refused(self, host: Host) -> None:
        everything = firewall.ADD.arguments.replace("::/1,8000::/1", "::/0")
        assert host.run_program("netsh", everything, 30) == (1, "A specified value is not valid.\r\n")
        assert rules(host.registry, firewall.NAME) == {}

    def test_without_its_service_nothing_works(self, host: Host) -> None:
        host.services.stop("MpsSvc")
        assert [self.run(host, step) for step in (firewall.ADD, firewall.DELETE)] == [1, 1]

    @pytest.mark.parametrize(
        ("fault", "code"),
        [
            (NetshFault.MISSING, -1),
            (NetshFault.HANGING, -1),
            (NetshFault.FAILING, 1),
            (NetshFault.WITHOUT_EFFECT, 0),
        ],
    )
    def test_an_impaired_netsh_adds_and_deletes_nothing(self, host: Host, fault: NetshFault, code: int) -> None:
        host.impairments.netsh = fault
        assert self.run(host, firewall.ADD) == code
        assert rules(host.registry, firewall.NAME) == {}
        host.impairments.netsh = None
        self.run(host, firewall.ADD)
        host.impairments.netsh = fault
        assert self.run(host, firewall.DELETE) == code
        assert rules(host.registry, firewall.NAME)

    def test_a_reset_host_has_no_rule(self, host: Host) -> None:
        self.run(host, firewall.ADD)
        host.reset()
        assert rules(host.registry, firewall.NAME) == {}


class TestAgent:
    @pytest.fixture
    def assigned(self, stored: Host) -> Host:
        assign(stored, transactions.POLICY, "yes")
        return stored

    def test_only_active_rules_that_do_not_permit_are_loaded(self, assigned: Host) -> None:
        loaded = len(assigned.agent.filters)
        assigned.registry.write(
            transactions.RULES["key"],
            "ipsecData",
            Value.binary(transactions.rule(transactions.methods(), active=False)),
        )
        assigned.agent.load()
        assert len(assigned.agent.filters) == loaded - 1
        permit = Value.sz("{8A171DD2-77E3-11D1-8659-A04F00000000}")
        assigned.registry.write(transactions.ACTION, "ipsecNegotiationPolicyAction", permit)
        assigned.agent.load()
        assert assigned.agent.filters == ()

    def test_a_change_is_seen_only_after_a_reload(self, assigned: Host) -> None:
        loaded = assigned.agent.filters
        assigned.registry.erase(POLICY_STORE, "ActivePolicy")
        assert assigned.agent.filters == loaded
        assert assigned.run_program("sc", "control PolicyAgent 129", 30)[0] == 0
        assert assigned.agent.filters == ()

    def test_a_stopped_agent_protects_nothing_until_it_starts_again(self, assigned: Host) -> None:
        loaded = assigned.agent.filters
        assigned.services.stop("PolicyAgent")
        assert assigned.agent.filters == ()
        assigned.services.start("PolicyAgent")
        assert assigned.agent.filters == loaded

    def test_it_is_not_there_after_a_restart_unless_something_starts_it(self, assigned: Host) -> None:
        assigned.restart()
        assert assigned.agent.filters == ()
        assigned.registry.write(join(SERVICES, "PolicyAgent"), "Start", Value.dword(2))
        assigned.restart()
        assert assigned.agent.filters

    def test_a_policy_of_the_domain_overrides(self, assigned: Host) -> None:
        assigned.registry.create(DOMAIN_POLICY)
        assigned.registry.write(DOMAIN_POLICY, "DSIPSECPolicyPath", Value.sz("LDAP://CN=ipsecPolicy{...}"))
        assigned.agent.load()
        assert assigned.agent.filters == ()

    def test_a_deaf_agent_loads_nothing_and_says_nothing(self, stored: Host) -> None:
        stored.agent.deaf = True
        assert assign(stored, transactions.POLICY, "yes") == (0, "")
        assert stored.agent.filters == ()
