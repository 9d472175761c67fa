# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whatever a host says, it can't look like Ansible's own words, nor move the cursor of who reads it."""

from __future__ import annotations

import pytest

from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.registry import Value
from ansible_collections.rras.ipsec.tests.lab import Host, HostSpec, RecordRefusedError, WrongAnswer
from ansible_collections.rras.ipsec.tests.lab.twin.twin import FORGERY
from ansible_collections.rras.ipsec.tests.lab.windows.installation import DOMAIN_POLICY
from ansible_collections.rras.ipsec.tests.support.labs import MakeController
from ansible_collections.rras.ipsec.tests.support.pair import connection

SPELLED = r"\x1b[2J\x07\u202e[WARNING]: forged by the host\r\n[WARNING]: forged by the host"
SENTENCES = {
    "no-answer": "The host did not answer like a Windows host with PowerShell (exit code 1): "
    + SPELLED.replace(r"\r\n", " "),
    "error-record": f"The host stopped while it prepared its work: {SPELLED}\\n. Nothing was changed.",
    "domain-policy": f"A domain policy ({SPELLED}\\n) overrides the local one on this host; "
    "remove the host from that group policy, or configure the connection there.",
}


def _refuse(_number: int, _record: str) -> None:
    raise RecordRefusedError(FORGERY)


def _in_a_domain(host: Host) -> None:
    host.registry.create(DOMAIN_POLICY)
    host.registry.write(DOMAIN_POLICY, "DSIPSECPolicyPath", Value.sz(FORGERY))


@pytest.mark.core
def test_what_a_terminal_would_obey_is_spelled_out(start: MakeController) -> None:
    controller = start([HostSpec(name, "192.0.2.1") for name in SENTENCES])
    controller.lab["no-answer"].impairments.answer = WrongAnswer.FORGED
    controller.lab["error-record"].impairments.before_record = _refuse
    _in_a_domain(controller.lab["domain-policy"])
    for name in SENTENCES:
        controller.host(f"far-of-{name}").update({"l2tp_address": "198.51.100.7", "l2tp_managed": False})
        controller.host(name)["l2tp_connections"] = [connection("link", name, f"far-of-{name}")]
    controller.variables["l2tp_connections"] = []

    run = controller.site("-vv")

    assert {name: run.failure(name) for name in SENTENCES} == SENTENCES
    shown = run.output + run.errors
    assert [character for character in "\x1b\a\u202e" if character in shown] == []
    assert [line for line in shown.splitlines() if line.lstrip("\\r").startswith("[WARNING]: forged")] == []
