# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The services that a policy needs: what is changed for it, remembered, and given back after a removal."""

from __future__ import annotations

from collections.abc import Iterator

from ansible_collections.rras.ipsec.plugins.plugin_utils._policy import steps
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.host import SERVICES_NOTE, Host, Service, StartType
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.registry import Value

AGENT = "PolicyAgent"
IKE = "IKEEXT"
RRAS = "RemoteAccess"
_RRAS_NOTE = "added"


def take(host: Host, *, agent_first: bool) -> tuple[steps.Step, ...]:
    """The steps after which PolicyAgent and IKEEXT run, and start by themselves when Windows starts.

    agent_first: RemoteAccess is made to wait for PolicyAgent when Windows starts.
    """
    wanted = [*_start_type(host, AGENT), *_start_type(host, IKE), *(_dependency(host) if agent_first else ())]
    running = [_start(name) for name in (AGENT, IKE) if not host.services[name].running]
    notes = [steps.CreateKey(SERVICES_NOTE)] if wanted else []
    return (*notes, *wanted, *running)


def give_back(host: Host) -> tuple[steps.Step, ...]:
    """The steps that give the services back what they had before us."""
    return tuple(_give_back(host))


def _start_type(host: Host, name: str) -> Iterator[steps.Step]:
    start = host.services[name].start
    if start is None or start is StartType.AUTO:
        return
    if name not in host.services_before:
        yield steps.SetValue(SERVICES_NOTE, name, Value.sz(start.name.lower()))
    yield _config_start(name, StartType.AUTO, start)


def _start(name: str) -> steps.Run:
    """net.exe returns when the service runs, or with another code than 0; sc.exe would not wait."""
    return steps.Run("net", f"start {name}", must_succeed=True, undo=f"stop {name}")


def _config_start(name: str, start: StartType, before: StartType) -> steps.Run:
    return steps.Run(
        "sc",
        f"config {name} start= {start.name.lower()}",
        must_succeed=True,
        undo=f"config {name} start= {before.name.lower()}",
    )


def _dependency(host: Host) -> Iterator[steps.Step]:
    service = host.services[RRAS]
    if service.start is None or _depends_on_agent(service):
        return
    if RRAS not in host.services_before:
        yield steps.SetValue(SERVICES_NOTE, RRAS, Value.sz(_RRAS_NOTE))
    yield _config_depend(service, (*service.depends_on, AGENT))


def _config_depend(service: Service, depends_on: tuple[str, ...]) -> steps.Run:
    return steps.Run(
        "sc",
        f"config {RRAS} depend= {_depend(service, depends_on)}",
        must_succeed=True,
        undo=f"config {RRAS} depend= {_depend(service, service.depends_on)}",
    )


def _depend(service: Service, depends_on: tuple[str, ...]) -> str:
    """The list as sc.exe takes it: groups are marked by a plus sign, and the whole list is replaced."""
    return "/".join((*depends_on, *(f"+{group}" for group in service.depends_on_groups))) or '""'


def _depends_on_agent(service: Service) -> bool:
    return any(name.casefold() == AGENT.casefold() for name in service.depends_on)


def _give_back(host: Host) -> Iterator[steps.Step]:
    for name in (AGENT, IKE):
        before = host.services_before.get(name)
        start = host.services[name].start
        if before and start is StartType.AUTO and before.text.upper() in StartType.__members__:
            yield _config_start(name, StartType[before.text.upper()], start)
    service = host.services[RRAS]
    if RRAS in host.services_before and _depends_on_agent(service):
        yield _config_depend(service, tuple(name for name in service.depends_on if name.casefold() != AGENT.casefold()))
    if host.services_before:
        yield steps.DeleteKey(SERVICES_NOTE)
