# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a person can do to a simulated host while the lab runs, so that rras.ipsec.verify has something to find.

========  ==================  =====================================================================================
switch    query               what happens
========  ==================  =====================================================================================
stop      service             the service stops, and first what depends on it
start     service             the service starts, and first what it depends on
late      service, readings   from the next start of Windows on, the service comes up only when it was asked for so
                              often (3); 0: at once
unassign                      no policy is assigned
by-hand   policy, peer        a policy that the collection did not write is assigned, for a connection with a peer
lose                          the host loses its power
restart                       Windows starts again, also on a host that was lost
reset                         the host is as it was when the lab started
========  ==================  =====================================================================================
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.store import ACTIVE_POLICY, LOCAL

from ..host import Host
from ..windows.agent import RELOAD
from ..windows.services import POLICY_AGENT
from . import by_hand

Query = Mapping[str, str]
EXAMPLE_POLICY = "Made by hand"
EXAMPLE_PEER = "192.0.2.250"
EXAMPLE_KEY = "another key of the lab, known to everybody: 3Rk-w8Zs"


class SwitchError(ValueError):
    """The switch can't be operated in this way. The message says what to write instead."""


def stop(host: Host, query: Query) -> None:
    """Stop a service, and first what depends on it."""
    host.services.stop_tree(_service(host, query))


def start(host: Host, query: Query) -> None:
    """Start a service, unless it is running."""
    name = _service(host, query)
    if not host.services.is_running(name):
        host.services.start(name)


def late(host: Host, query: Query) -> None:
    """Make a service come up late after each start of Windows from now on: after so many readings."""
    host.services.late[_service(host, query).casefold()] = _readings(query)


def unassign(host: Host, _query: Query) -> None:
    """Assign no policy."""
    host.registry.erase(LOCAL, ACTIVE_POLICY)
    _reload(host)


def assign_by_hand(host: Host, query: Query) -> None:
    """Write a policy as somebody other than the collection would, and assign it."""
    addresses = (host.spec.address, query.get("peer", EXAMPLE_PEER))
    by_hand.assign(host, by_hand.policy(query.get("policy", EXAMPLE_POLICY), addresses, EXAMPLE_KEY))
    _reload(host)


def lose(host: Host, _query: Query) -> None:
    """Make the host lose its power."""
    host.power_off()


def restart(host: Host, _query: Query) -> None:
    """Restart Windows; a host that lost its power comes back."""
    if host.http.is_open:
        host.restart()
    else:
        host.power_on()


def reset(host: Host, _query: Query) -> None:
    """Put the host back to its state when the lab started."""
    host.reset()


SWITCHES: Mapping[str, Callable[[Host, Query], None]] = {
    "stop": stop,
    "start": start,
    "late": late,
    "unassign": unassign,
    "by-hand": assign_by_hand,
    "lose": lose,
    "restart": restart,
    "reset": reset,
}


def _service(host: Host, query: Query) -> str:
    name = query.get("service", "")
    known = host.services.names()
    if name.casefold() not in map(str.casefold, known):
        raise SwitchError(f"there is no service {name!r} on {host.name}; write ?service= and one of {', '.join(known)}")
    return name


def _readings(query: Query) -> int:
    text = query.get("readings", "3")
    if not text.isdecimal():
        raise SwitchError(f"readings is {text!r}; write ?readings= and a number, 0 for a service that is not late")
    return int(text)


def _reload(host: Host) -> None:
    if host.services.is_running(POLICY_AGENT):
        host.services.control(POLICY_AGENT, RELOAD)
