# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is wrong with a host, or with the way to it, is said in one sentence, and nothing is changed there."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest

from ansible_collections.rras.ipsec.plugins.plugin_utils._host.records import Fault
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.registry import Value
from ansible_collections.rras.ipsec.tests.lab import Host, HostSpec, WrongAnswer
from ansible_collections.rras.ipsec.tests.messages import Says
from ansible_collections.rras.ipsec.tests.support.controller import Controller, Run
from ansible_collections.rras.ipsec.tests.support.foreign import ASSIGNED_PATH, foreign_policies, named
from ansible_collections.rras.ipsec.tests.support.labs import controller_for
from ansible_collections.rras.ipsec.tests.support.pair import KEY, POLICY, changes, connection, snapshots

pytestmark = pytest.mark.xdist_group("troubled hosts")
"""One worker runs them all, since they share one run of the playbook (with --dist=loadgroup)."""

ADDRESS = "192.0.2.1"
FAR = {"l2tp_address": "198.51.100.7", "l2tp_managed": False}


def sound(_host: Host) -> None:
    """Leave a host as it is."""


def refusing(fault: Fault) -> Callable[[Host], None]:
    """Let the script find this when it starts."""

    def impair(host: Host) -> None:
        host.impairments.refuses_with = fault

    return impair


def not_windows(host: Host) -> None:
    host.impairments.answer = WrongAnswer.GARBAGE


def away(host: Host) -> None:
    host.power_off()


def in_a_domain(host: Host) -> None:
    path = r"SOFTWARE\Policies\Microsoft\Windows\IPSec\GPTIPSECPolicy"
    host.registry.create(path)
    host.registry.write(path, "DSIPSECPolicyPath", Value.sz("LDAP://CN=ipsecPolicy{0},DC=example,DC=net"))


def with_another_policy(host: Host) -> None:
    host.registry.load(foreign_policies(ASSIGNED_PATH))


def with_a_namesake(host: Host) -> None:
    host.registry.load(named(foreign_policies(), POLICY))


@dataclasses.dataclass(frozen=True, slots=True)
class Trouble:
    """A host with something wrong, and what the run says to it; its far end is not managed."""

    id: str
    sentence: str
    """What the run stops with; `*` stands for words of ansible-core or of the operating system."""
    impair: Callable[[Host], None] = sound
    variables: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    executions: int = 0
    allow_unencrypted: bool = False

    @property
    def spec(self) -> HostSpec:
        return HostSpec(self.id, ADDRESS, allow_unencrypted=self.allow_unencrypted)


TROUBLES = (
    Trouble(
        "become",
        "become is in effect, but this action would silently run without it; "
        "write 'become: false' in the task, and check that the variable ansible_become is not set.",
        variables={
            "ansible_become": True,
            "ansible_become_method": "ansible.builtin.runas",
            "ansible_become_user": "SYSTEM",
        },
    ),
    Trouble(
        "winrm-basic",
        "The winrm connection to this host uses basic over http, which encrypts nothing; "
        "write ansible_winrm_transport: ntlm, or ansible_winrm_scheme: https and ansible_port: 5986.",
        variables={"ansible_winrm_transport": "basic"},
        allow_unencrypted=True,
    ),
    Trouble(
        "winrm-never",
        "The winrm connection to this host uses ntlm over http "
        "with ansible_winrm_message_encryption: never, which encrypts nothing; "
        "write ansible_winrm_message_encryption: always, or ansible_winrm_scheme: https and ansible_port: 5986.",
        variables={"ansible_winrm_message_encryption": "never"},
        allow_unencrypted=True,
    ),
    Trouble(
        "psrp-never",
        "The psrp connection to this host uses ntlm over http "
        "with ansible_psrp_message_encryption: never, which encrypts nothing; "
        "write ansible_psrp_message_encryption: always, or ansible_psrp_protocol: https and ansible_port: 5986.",
        variables={
            "ansible_connection": "psrp",
            "ansible_psrp_protocol": "http",
            "ansible_psrp_auth": "ntlm",
            "ansible_psrp_message_encryption": "never",
        },
        allow_unencrypted=True,
    ),
    Trouble(
        "local",
        "ansible_connection is local, but this collection reaches Windows only over winrm, psrp "
        "or ssh; write one of them.",
        variables={"ansible_connection": "local"},
    ),
    Trouble(
        "not-windows",
        "The host did not answer like a Windows host with PowerShell (exit code 2): "
        "sh: 1: Syntax error: word unexpected",
        not_windows,
        executions=1,
    ),
    Trouble(
        "too-old",
        "Windows PowerShell on this host is older than 5.1; install Windows Management Framework 5.1.",
        refusing(Fault.POWERSHELL_TOO_OLD),
        executions=1,
    ),
    Trouble(
        "constrained",
        "PowerShell on this host is in ConstrainedLanguage mode; allow the user of the connection FullLanguage mode.",
        refusing(Fault.CONSTRAINED_LANGUAGE),
        executions=1,
    ),
    Trouble(
        "wow64",
        "The connection runs a 32-bit PowerShell on a 64-bit Windows, which sees another registry; "
        "use a 64-bit session configuration.",
        refusing(Fault.WOW64),
        executions=1,
    ),
    Trouble(
        "not-administrator",
        "The user of the connection is not an administrator on this host; "
        "connect as a member of the group Administrators.",
        refusing(Fault.NOT_ADMINISTRATOR),
        executions=1,
    ),
    Trouble(
        "busy",
        "Another run of this collection is working on this host; repeat this run when it has ended.",
        refusing(Fault.BUSY),
        executions=1,
    ),
    Trouble("away", "*Connection refused*", away),
    Trouble(
        "wrong-password",
        "*ntlm: the specified credentials were rejected by the server",
        variables={"ansible_password": "wrong"},
    ),
    Trouble(
        "not-its-address",
        "Neither 192.0.2.99 nor 198.51.100.7 is an address of this host "
        "(it has: 10.0.0.10, 192.0.2.1); write the static address of its RRAS interface into l2tp_address, "
        "or correct peers of the connection 'link'.",
        variables={"l2tp_address": "192.0.2.99"},
        executions=1,
    ),
    Trouble(
        "domain-policy",
        "A domain policy (LDAP://CN=ipsecPolicy{0},DC=example,DC=net) overrides the local one "
        "on this host; remove the host from that group policy, or configure the connection there.",
        in_a_domain,
        executions=1,
    ),
    Trouble(
        "other-assigned",
        "The policy 'Server (Request Security)' is assigned on this host, and only one can be; "
        "set l2tp_replace_assigned to true if the declared policy should replace it.",
        with_another_policy,
        executions=1,
    ),
    Trouble(
        "namesake",
        "The store already has a different policy named 'L2TP site to site' that this collection "
        "did not write, or has no record of; set l2tp_take_over to true to replace it, "
        "or write another l2tp_policy_name.",
        with_a_namesake,
        executions=1,
    ),
)


@pytest.fixture(scope="module")
def troubled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Controller, Run]]:
    """One run over all the hosts that something is wrong with."""
    folder = tmp_path_factory.mktemp("controller")
    with controller_for([trouble.spec for trouble in TROUBLES], folder) as controller:
        for trouble in TROUBLES:
            trouble.impair(controller.lab[trouble.id])
            far = f"far-of-{trouble.id}"
            controller.host(far).update(FAR)
            controller.host(trouble.id)["l2tp_connections"] = [connection("link", trouble.id, far)]
            controller.host(trouble.id).update(trouble.variables)
        before = snapshots(controller.lab)
        controller.variables["l2tp_connections"] = []
        yield controller, controller.site()
        assert changes(before, controller.lab) == {}


@pytest.mark.parametrize("trouble", TROUBLES, ids=lambda trouble: trouble.id)
def test_a_host_that_cannot_be_changed_safely_is_not_touched(
    troubled: tuple[Controller, Run], trouble: Trouble, says: Says
) -> None:
    controller, run = troubled

    says(trouble.id, trouble.sentence, run.code, said=run.failure(trouble.id))
    assert len(controller.lab[trouble.id].recorder.executions) == trouble.executions


def test_the_sentences_hold_no_key(troubled: tuple[Controller, Run]) -> None:
    _controller, run = troubled
    assert run.failed == sorted(trouble.id for trouble in TROUBLES)
    assert KEY not in run.output + run.errors
