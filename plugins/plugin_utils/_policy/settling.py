# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a host does not show yet, but will by itself: services that start late, filters that are loaded late.

WinRM answers before all automatic services are running; those with delayed start come up about two minutes after the
boot. The memory of a restart is not waited for: its note is gone as soon as Windows has booted.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ansible_collections.rras.ipsec.plugins.plugin_utils._policy import model, protection, services
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.host import HostState, Service, StartType

_AWAITED = (services.IKE, services.AGENT, services.RRAS)


def starting(host: HostState) -> tuple[str, ...]:
    """Return which of the services that Windows starts by itself are not running yet, a clause each."""
    return tuple(_stopped(host.services[name] for name in _AWAITED))


def unloaded(host: HostState, policy: model.Policy) -> tuple[str, ...]:
    """Return what PolicyAgent does not list yet of an assigned policy, a clause each; none if it never will."""
    return () if _lasting(host) else tuple(each.rstrip(".") for each in protection.unlisted(host, policy))


def unproved(host: HostState, policy: model.Policy) -> tuple[str, ...]:
    """Return what must still come up for a policy that is assigned while ProhibitIpSec is there, a clause each.

    None if something is wrong that will not pass: the next check reports that at once.
    """
    if _lasting(host) or not host.prohibited:
        return ()
    stopped = starting(host)
    return stopped if not host.services[services.AGENT].running else (*stopped, *unloaded(host, policy))


def unready(host: HostState, name: str) -> tuple[str, ...]:
    """Return what must still come up, before ProhibitIpSec may be set, for the policy to protect, a clause each.

    None if something is wrong that will not pass. name: the policy's; if empty, whichever is assigned.
    """
    active = host.store.active
    if active is None or _lasting(host):
        return ()
    stopped = tuple(_stopped(host.services[service] for service in protection.NEEDED_SERVICES))
    coming = (*stopped, *unloaded(host, active.policy))
    wrong = (*protection.obstacles(host, name), *protection.idle_at_start(host))
    if not {f"{each}." for each in coming}.issuperset(each.problem for each in wrong):
        return ()
    return coming if host.services[services.AGENT].running else stopped


def _lasting(host: HostState) -> bool:
    """Return whether no policy will protect this host, no matter how long somebody waits."""
    return bool(host.domain_policy) or any(_never_starts(host.services[name]) for name in protection.NEEDED_SERVICES)


def _never_starts(service: Service) -> bool:
    return not service.running and service.start is not StartType.AUTO


def _stopped(awaited: Iterable[Service]) -> Iterator[str]:
    for service in awaited:
        if not service.running and not _never_starts(service):
            yield f"the service {service.name} is not running"
