# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One message of a host, of any size and at any moment of a session, costs the controller little memory and no time."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping

import pytest

from ansible_collections.rras.ipsec.tests.lab import Body, HostSpec
from ansible_collections.rras.ipsec.tests.messages import Says
from ansible_collections.rras.ipsec.tests.support.effort import TRIED
from ansible_collections.rras.ipsec.tests.support.labs import MakeController

TOO_LARGE = "*the host sent a message of more than 4 MiB, more than any valid answer needs; check what the host is."
MOMENTS: Mapping[str, bytes] = {"begin": b"transfer/Create", "middle": b"shell/Receive", "end": b"transfer/Delete"}
"""When a message is sent, and what stands in it then. At the end the answer is on the controller already."""
MOST_MEGABYTES = 500
"""What a process of ansible-playbook may need, with what Ansible itself needs: 100 MB."""


def at(mark: bytes, body: Body, envelope: bytes) -> Body | None:
    """What is sent instead of the answer to a message."""
    return body if mark in envelope else None


@pytest.mark.core
@pytest.mark.slow
@pytest.mark.parametrize("plugin", ["winrm", "psrp"])
def test_a_message_that_is_too_large_is_not_taken_in_whole(
    start: MakeController, says: Says, plugin: str, record_property: Callable[[str, object], None]
) -> None:
    hosts = {f"{body}-{moment}": (body, mark) for body in Body for moment, mark in MOMENTS.items()}
    controller = start([HostSpec(name, "192.0.2.1") for name in (*hosts, "sound")], connection=plugin)
    for name, (body, mark) in hosts.items():
        controller.lab[name].impairments.body = functools.partial(at, mark, body)

    run = controller.play(
        [{"hosts": "all", "gather_facts": False, "tasks": [{"rras.ipsec.win_ipsec_policy_info": {}}]}]
    )

    assert run.failed == sorted(name for name in hosts if not name.endswith("-end")), run.explain()
    for name in run.failed:
        if Body.CROWDED not in name:
            says("one message that is too large", TOO_LARGE, run.code, said=run.failure(name))
    assert run.largest_worker < MOST_MEGABYTES
    record_property(
        TRIED,
        f"{len(hosts)} messages too large over {plugin} ({', '.join(Body)}; at the begin, in the middle and at the "
        f"end of a session), with processes of at most {run.largest_worker} MB on the controller",
    )
