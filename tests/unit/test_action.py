# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The three actions from their options to their results: no phase, no error and no surprise shows a key."""

from __future__ import annotations

from xml.etree.ElementTree import ParseError

import pytest
from ansible.errors import AnsibleConnectionFailure, AnsibleError
from ansible.parsing.yaml.objects import AnsibleUnicode
from requests.exceptions import ReadTimeout
from winrm.exceptions import WinRMTransportError

from ansible_collections.rras.ipsec.plugins.plugin_utils._host.records import Fault
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.store import LOCAL
from ansible_collections.rras.ipsec.plugins.plugin_utils._work import Target
from ansible_collections.rras.ipsec.tests.lab import NetshFault, WrongAnswer
from ansible_collections.rras.ipsec.tests.support.server import BLOCKED, KEY, NAME, OTHER_KEY, Server, rule
from ansible_collections.rras.ipsec.tests.support.task import INFO, POLICY, VALUE, Task

RULES = {"name": NAME, "rules": [rule(), BLOCKED]}


@pytest.fixture
def task() -> Task:
    return Task(Server())


def test_the_journey_of_a_pair_s_end(task: Task) -> None:
    assert task.run(POLICY, phase="plan", **RULES)["pending"] is True
    transaction = task.run(POLICY, phase="stage", **RULES)["transaction"]
    assert task.run(POLICY, phase="commit", transaction=transaction, **RULES)["matches"] is True
    assert task.run(VALUE, policy=NAME)["reboot_required"] is True
    task.server.restart()
    assert task.run(POLICY, phase="finish", transaction=transaction, **RULES)["changed"] is False, (
        "nothing was replaced"
    )
    assert task.run(POLICY, **RULES)["changed"] is False
    assert task.run(VALUE, policy=NAME)["in_effect"] == "yes"
    assert task.run(INFO, preshared_keys=[KEY])["host"]["assigned"] == NAME


def test_a_stage_that_is_reverted_leaves_nothing_to_remove(task: Task) -> None:
    transaction = task.run(POLICY, phase="stage", **RULES)["transaction"]
    assert task.run(POLICY, phase="revert", transaction=transaction, **RULES)["changed"] is True
    assert task.run(POLICY, name=NAME, state="absent")["changed"] is False


def test_check_mode_is_a_plan_for_every_phase(task: Task) -> None:
    task.check_mode = True
    before = task.server.host.registry.snapshot()
    for phase in ("all", "plan", "stage"):
        assert task.run(POLICY, phase=phase, **RULES)["changed"] is True
    assert task.run(VALUE, policy=NAME, predicted=True)["changed"] is True
    assert task.server.host.registry.snapshot() == before


def test_a_prediction_counts_in_check_mode_only(task: Task) -> None:
    assert task.run(VALUE, policy=NAME, predicted=True)["reason"] == "plan"


def test_texts_of_ansible_become_plain_ones(task: Task) -> None:
    task.run(POLICY, name=AnsibleUnicode(NAME), rules=(rule(AnsibleUnicode("tokyo-osaka")), BLOCKED))
    assert task.run(POLICY, **RULES)["changed"] is False


@pytest.mark.parametrize("phase", ["commit", "revert", "finish"])
def test_later_phases_need_a_transaction(task: Task, phase: str) -> None:
    result = task.run(POLICY, phase=phase, **RULES)
    assert (result["reason"], result["msg"]) == (
        "options",
        f"phase is {phase} but all of the following are missing: transaction",
    )


REFUSED = {
    Fault.NOT_ADMINISTRATOR: (
        "The user of the connection is not an administrator on this host; "
        "connect as a member of the group Administrators."
    ),
    Fault.WOW64: (
        "The connection runs a 32-bit PowerShell on a 64-bit Windows, which sees another registry; "
        "use a 64-bit session configuration."
    ),
    Fault.POWERSHELL_TOO_OLD: (
        "Windows PowerShell on this host is older than 5.1; install Windows Management Framework 5.1."
    ),
    Fault.CONSTRAINED_LANGUAGE: (
        "PowerShell on this host is in ConstrainedLanguage mode; allow the user of the connection FullLanguage mode."
    ),
    Fault.BUSY: "Another run of this collection is working on this host; repeat this run when it has ended.",
}


@pytest.mark.parametrize("fault", REFUSED)
def test_a_host_that_can_t_run_the_script_is_named_with_the_reason(task: Task, fault: Fault) -> None:
    task.server.host.impairments.refuses_with = fault
    result = task.run(POLICY, **RULES)
    assert (result["failed"], result["reason"], result["msg"]) == (True, str(fault), REFUSED[fault])


class TestErrors:
    def test_of_options(self, task: Task) -> None:
        result = task.run(POLICY, **RULES, colour="red")
        assert result["reason"] == "options"
        assert result["msg"].startswith(
            "The task has an unknown option (its name is not shown, because it may be a key); "
            "the options are name, state, assigned, "
        )

    def test_of_become(self, task: Task) -> None:
        task.become = True
        assert task.run(INFO) == {
            "failed": True,
            "reason": "options",
            "msg": "become is in effect, but this action would silently run without it; "
            "write 'become: false' in the task, and check that the variable ansible_become is not set.",
        }

    def test_of_the_connection(self, task: Task) -> None:
        task.connection = "local"
        assert task.run(INFO)["reason"] == "transport"

    def test_of_the_declaration(self, task: Task) -> None:
        result = task.run(POLICY, name=NAME, rules=[rule(key=" ")])
        assert result["reason"] == "declaration"
        assert result["msg"].startswith("rules[0].authentication[0].preshared_key is empty or invisible;")

    @pytest.mark.parametrize("seconds", [-1, 3601])
    def test_of_a_time_that_nobody_would_wait(self, task: Task, seconds: int) -> None:
        result = task.run(POLICY, **RULES, settle_timeout=seconds)
        assert result["msg"] == "settle_timeout is out of range; write a number of seconds from 0 to 3600."
        assert not task.server.host.recorder.executions

    @pytest.mark.parametrize("seconds", [0, 3600])
    def test_no_other_time_is_refused(self, task: Task, seconds: int) -> None:
        assert task.run(POLICY, **RULES, settle_timeout=seconds)["matches"]

    def test_of_the_plan(self, task: Task) -> None:
        result = task.run(VALUE, policy=NAME)
        assert (result["reason"], result["msg"][:57]) == (
            "plan",
            "ProhibitIpSec would leave this host's L2TP in clear text,",
        )

    def test_of_the_proof(self, task: Task) -> None:
        task.server.host.impairments.netsh = NetshFault.MISSING
        result = task.run(POLICY, **RULES, block_l2tp_over_ipv6=False, settle_timeout=0)
        assert result["reason"] == "not_proved"
        assert result["msg"] == (
            "The policy 'L2TP' was written, but PolicyAgent does not list the filter between 192.0.2.1 and "
            "192.0.2.2, so it was reverted."
        )

    def test_of_the_host(self, task: Task) -> None:
        task.server.host.services.broken.add("policyagent")
        result = task.run(POLICY, **RULES)
        assert (result["reason"], result["msg"]) == (
            "failed",
            (
                "The host stopped while it ran a program: net start PolicyAgent ended with code 2, "
                "and the service is not running. All changes were undone, "
                "but the services that were started are still running: IKEEXT."
            ),
        )

    def test_that_changed_nothing(self, task: Task) -> None:
        task.server.host.impairments.fail_at_record = 3
        assert task.run(INFO)["msg"] == (
            r"The host stopped while it read the registry at SOFTWARE\Policies\Microsoft\Windows\IPSec\Policy\Local: "
            "The configuration registry database is corrupt. Nothing was changed."
        )

    def test_that_could_not_be_undone(self, task: Task) -> None:
        def corrupt(number: int, record: str) -> None:
            if record.startswith("Seal"):
                task.server.host.registry.remove_tree(r"SOFTWARE\rras.ipsec")
                task.server.host.impairments.fail_at_record = number

        task.server.host.impairments.before_record = corrupt
        assert "Not all changes could be undone: " in task.run(POLICY, **RULES)["msg"]

    def test_of_a_store_that_not_even_administrators_may_read(self, task: Task) -> None:
        task.server.host.registry.deny(LOCAL)
        result = task.run(POLICY, **RULES)
        assert (result["reason"], result["msg"]) == (
            "plan",
            f"Not even an administrator may read the key {LOCAL} of this host; give Administrators read access.",
        )
        assert task.run(INFO)["failed"] is True

    def test_of_a_host_that_is_no_windows(self, task: Task) -> None:
        task.server.host.impairments.answer = WrongAnswer.GARBAGE
        result = task.run(INFO)
        assert (result["reason"], result["msg"]) == (
            "no_answer",
            (
                "The host did not answer like a Windows host with PowerShell (exit code 2): "
                "sh: 1: Syntax error: word unexpected"
            ),
        )

    def test_of_an_answer_that_was_cut(self, task: Task) -> None:
        task.server.host.impairments.answer = WrongAnswer.CUT_RECORDS
        result = task.run(INFO)
        assert (result["reason"], result["msg"]) == (
            "no_answer",
            "The answer of the host has no end; check that nothing on the host changes the output of PowerShell.",
        )

    @pytest.mark.parametrize(
        ("lost", "sentence"),
        [
            (AnsibleConnectionFailure(f"refused ({KEY})"), "refused (********)"),
            (ReadTimeout(KEY), "the connection was lost before the host answered (ReadTimeout)."),
            (
                WinRMTransportError("http", 400, KEY),
                "the connection was lost before the host answered (WinRMTransportError).",
            ),
            (AnsibleError(KEY), "the connection was lost before the host answered (AnsibleError)."),
            (ParseError(KEY), "the connection was lost before the host answered (ParseError)."),
            (KeyError(KEY), "the connection was lost before the host answered (KeyError)."),
        ],
    )
    def test_of_the_network_make_the_host_unreachable(self, task: Task, lost: Exception, sentence: str) -> None:
        task.lost = (lost,)
        with pytest.raises(AnsibleConnectionFailure) as error:
            task.run(POLICY, **RULES)
        assert str(error.value) == sentence
        assert (error.value.__cause__, error.value.__context__) == (None, None), "newer cores print these, too"

    def test_that_nobody_expected(self, task: Task, monkeypatch: pytest.MonkeyPatch) -> None:
        def fail(*_arguments: object, **_named: object) -> None:
            raise ZeroDivisionError(KEY)

        monkeypatch.setattr(Target, "apply", fail)
        assert task.run(POLICY, **RULES) == {
            "failed": True,
            "reason": "failed",
            "msg": "An unexpected ZeroDivisionError ended the action; please report it with the steps that lead to it.",
        }


class TestSecrets:
    def test_a_key_in_what_a_host_says_is_masked(self, task: Task) -> None:
        task.run(POLICY, name=NAME, rules=[rule(KEY, key=OTHER_KEY)])
        result = task.run(POLICY, name=NAME, rules=[rule(key=KEY)])
        assert result["changed_rules"] == ["********", "tokyo-osaka"]
        assert KEY not in str(result)

    def test_a_short_key_does_not_ruin_the_transaction(self, task: Task) -> None:
        for key in ("bc", "abcd", "switch"):
            given = {"name": NAME, "rules": [rule(key=key)]}
            transaction = task.run(POLICY, phase="stage", **given)["transaction"]
            assert task.run(POLICY, phase="commit", transaction=transaction, **given)["matches"] is True
