# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a person does to a running lab, through its control interface."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import requests

from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.store import Store
from ansible_collections.rras.ipsec.tests.lab import Host, HostSpec, Lab
from ansible_collections.rras.ipsec.tests.lab.playground.control import Control

NAME = "rras-tokyo"
NO_SERVICE = (
    "there is no service '' on rras-tokyo; write ?service= and one of IKEEXT, MpsSvc, PolicyAgent, RasMan, RemoteAccess"
)


@pytest.fixture
def lab() -> Iterator[Lab]:
    with Lab([HostSpec(NAME, "192.0.2.1", policy_agent_running=True)]) as lab:
        yield lab


@pytest.fixture
def host(lab: Lab) -> Host:
    return lab[NAME]


@pytest.fixture
def control(lab: Lab) -> Iterator[str]:
    with Control(lab) as control:
        yield control.url


def flip(control: str, switch: str, **query: str) -> tuple[int, dict[str, Any]]:
    answer = requests.post(f"{control}/hosts/{NAME}/{switch}", params=query, timeout=10)
    return answer.status_code, answer.json()


def listed(host: Host) -> set[str]:
    """The addresses of the peers that PolicyAgent has filters for."""
    return {str(each.destination.first) for each in host.agent.shown()}


def test_a_service_stops_with_what_depends_on_it_and_starts_again(control: str, host: Host) -> None:
    assert host.services.is_running("RemoteAccess")

    assert flip(control, "stop", service="RasMan")[0] == 200
    assert not host.services.is_running("RemoteAccess")

    assert flip(control, "start", service="remoteaccess")[0] == 200
    assert host.services.is_running("RasMan")
    assert flip(control, "start", service="RasMan")[0] == 200, "it is running"


def test_a_policy_is_made_by_hand_and_unassigned(control: str, host: Host) -> None:
    assert flip(control, "by-hand", policy="Theirs", peer="192.0.2.2")[0] == 200

    active = Store.read(host.store).active
    assert active
    assert active.name == "Theirs"
    assert "192.0.2.2" in listed(host)

    assert flip(control, "unassign")[0] == 200
    assert Store.read(host.store).active is None
    assert "192.0.2.2" not in listed(host)


def test_a_service_comes_up_late_until_it_does_not(control: str, host: Host) -> None:
    flip(control, "late", service="RemoteAccess", readings="2")
    flip(control, "restart")
    assert not host.services.is_running("RemoteAccess")

    flip(control, "late", service="RemoteAccess", readings="0")
    flip(control, "restart")
    host.services.asked("RemoteAccess")
    assert host.services.is_running("RemoteAccess")


def test_a_host_is_lost_and_comes_back(control: str, host: Host) -> None:
    flip(control, "lose")
    assert not host.http.is_open

    flip(control, "restart")
    assert host.http.is_open


@pytest.mark.parametrize(
    ("switch", "query", "sentence"),
    [
        (
            "stop",
            {},
            NO_SERVICE,
        ),
        (
            "late",
            {"service": "RasMan", "readings": "soon"},
            "readings is 'soon'; write ?readings= and a number, 0 for a service that is not late",
        ),
    ],
)
def test_a_wrong_query_is_said_and_changes_nothing(
    control: str, host: Host, switch: str, query: dict[str, str], sentence: str
) -> None:
    running = set(host.services.running)

    assert flip(control, switch, **query) == (400, {"error": sentence})
    assert host.services.running == running
