# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whatever a host answers, the run ends in a sentence, within bounded memory, and evaluates none of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from ansible_collections.rras.ipsec.tests.lab import HostSpec, WrongAnswer
from ansible_collections.rras.ipsec.tests.messages import Says
from ansible_collections.rras.ipsec.tests.support.controller import Controller, Run
from ansible_collections.rras.ipsec.tests.support.effort import TRIED
from ansible_collections.rras.ipsec.tests.support.foreign import ASSIGNED_PATH, foreign_policies, named
from ansible_collections.rras.ipsec.tests.support.labs import MakeController
from ansible_collections.rras.ipsec.tests.support.pair import connection

ADDRESS = "192.0.2.1"
FAR = {"l2tp_address": "198.51.100.7", "l2tp_managed": False}
CHECK = "check that nothing on the host changes the output of PowerShell."
TOO_MUCH = "the host sent more than 32 MiB, more than any valid answer needs; check what the host is."
MOST_MEGABYTES = 500
"""What a process of ansible-playbook may need, with what Ansible itself needs: 100 MB."""
HOSTILE: Mapping[str, tuple[WrongAnswer, str]] = {
    "truncated": (
        WrongAnswer.TRUNCATED,
        "The host did not answer like a Windows host with PowerShell (exit code 0): #rras#*",
    ),
    "cut-records": (WrongAnswer.CUT_RECORDS, f"The answer of the host has no end; {CHECK}"),
    "large": (WrongAnswer.LARGE, f"The host answered with more than 8 MiB, more than any valid answer needs; {CHECK}"),
    "wrong-mark": (
        WrongAnswer.WRONG_MARK,
        "The host did not answer like a Windows host with PowerShell (exit code 0): #ours#*",
    ),
    "misordered": (WrongAnswer.MISORDERED, f"The answer of the host can't be read (KeyError); {CHECK}"),
    "nonsense": (WrongAnswer.NONSENSE, f"The answer of the host can't be read at *; {CHECK}"),
}
HUGE: Mapping[str, tuple[WrongAnswer, str]] = {
    "enormous": (WrongAnswer.ENORMOUS, f"*{TOO_MUCH}"),
    "endless": (WrongAnswer.ENDLESS, f"*{TOO_MUCH}"),
}


def controller_of(start: MakeController, names: list[str]) -> Controller:
    """A controller of hosts whose far ends are not managed."""
    controller = start([HostSpec(name, ADDRESS) for name in names])
    for name in names:
        controller.host(f"far-of-{name}").update(FAR)
        controller.host(name)["l2tp_connections"] = [connection("link", name, f"far-of-{name}")]
    controller.variables["l2tp_connections"] = []
    return controller


def run_of(
    start: MakeController,
    says: Says,
    record_property: Callable[[str, object], None],
    hostile: Mapping[str, tuple[WrongAnswer, str]],
) -> Run:
    """Run the playbook site on hosts that answer like this, and compare what each one stopped with."""
    controller = controller_of(start, list(hostile))
    for name, (answer, _sentence) in hostile.items():
        controller.lab[name].impairments.answer = answer

    run = controller.site()

    assert run.failed == sorted(hostile), run.explain()
    for name, (_answer, sentence) in hostile.items():
        says(name, sentence, run.code, said=run.failure(name))
    record_property(TRIED, f"{len(hostile)} kinds of hostile answers to a whole run: {', '.join(hostile)}")
    return run


def test_an_answer_that_is_none_ends_in_a_sentence(
    start: MakeController, says: Says, record_property: Callable[[str, object], None]
) -> None:
    run_of(start, says, record_property, HOSTILE)


@pytest.mark.slow
def test_an_enormous_or_endless_answer_is_not_waited_for(
    start: MakeController, says: Says, record_property: Callable[[str, object], None]
) -> None:
    """The default of host_timeout is half an hour: it is what they send that ends these."""
    run = run_of(start, says, record_property, HUGE)
    assert run.largest_worker < MOST_MEGABYTES
    record_property(TRIED, f"them with processes of at most {run.largest_worker} MB on the controller")


def payload(controller: Controller) -> str:
    """A name that runs a program, if anybody evaluates it."""
    return f"{{{{ lookup('ansible.builtin.pipe', 'touch {controller.folder / 'evaluated'}') }}}}{{{{ 6 * 7 }}}}"


@pytest.mark.core
def test_what_a_host_says_is_never_a_template(start: MakeController) -> None:
    controller = controller_of(start, ["refusing", "replacing"])
    controller.host("replacing")["l2tp_replace_assigned"] = True
    name = payload(controller)
    for host in controller.lab.values():
        host.registry.load(named(foreign_policies(ASSIGNED_PATH), name))
    tasks: list[dict[str, Any]] = [
        {"rras.ipsec.win_ipsec_policy_info": {}, "register": "seen"},
        {"ansible.builtin.set_fact": {"kept": "{{ seen.host }}"}},
        {"ansible.builtin.debug": {"var": "seen"}},
        {"ansible.builtin.debug": {"msg": "again {{ kept.assigned }}"}},
        {"ansible.builtin.debug": {"msg": "{{ kept | to_json }}"}},
    ]

    informed = controller.play([{"hosts": "refusing", "gather_facts": False, "tasks": tasks}], "-vvv")
    planned = controller.site("--check", "--diff", "-vvv")

    assert (informed.code, planned.code, planned.failed) == (0, 2, ["refusing"]), planned.explain()
    assert f"again {name}" in [found.message for found in informed.results]
    assert f'The policy "{name}" is assigned on this host' in planned.failure("refusing").replace("\\'", "'")
    assert not (controller.folder / "evaluated").exists()


def test_certificates_that_are_not_validated_are_warned_of_once(start: MakeController) -> None:
    """The lab's inventory says for https that its own certificates are not to be validated."""
    names = ["one", "other"]
    controller = start([HostSpec(name, f"192.0.2.{last}") for last, name in enumerate(names, start=1)], scheme="https")
    tasks: list[dict[str, Any]] = [{"rras.ipsec.win_ipsec_policy_info": {}}] * 2
    run = controller.play([{"hosts": names, "gather_facts": False, "tasks": tasks}])
    assert run.code == 0, run.explain()
    assert " ".join(run.errors.split()).count("With ansible_winrm_server_cert_validation: ignore, whoever can") == 1
