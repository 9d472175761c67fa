# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The services that a policy needs: how they are changed for it, and given back after a removal."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable, Iterator, Mapping

from ansible_collections.rras.ipsec.plugins.plugin_utils._policy import steps
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.host import (
    RASMAN,
    SERVICES_NOTE,
    HostState,
    Service,
    StartType,
)
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.registry import Value, same
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.words import Words

AGENT = "PolicyAgent"
IKE = "IKEEXT"
RRAS = "RemoteAccess"
_NEEDED = (IKE, AGENT)
"""In the order in which they start: PolicyAgent passes on to IKEEXT what it loads."""
_RRAS_NOTE = "added"
_PLAIN_NAME = re.compile(r"\w+", re.ASCII)
"""The names of services that the script accepts in a list for sc.exe."""


def take(host: HostState, *, agent_first: bool) -> tuple[steps.Step, ...]:
    """Return the steps that make PolicyAgent and IKEEXT run, now and after every boot.

    agent_first: also make RemoteAccess wait for PolicyAgent at boot.
    """
    automatic = [name for name in _NEEDED if host.services[name].start not in (None, StartType.AUTO)]
    types = [_config_start(name, StartType.AUTO, host.services[name].start) for name in automatic]
    starting = [start(name, stays=True) for name in _NEEDED if not host.services[name].running]
    dependency = list(_dependency(host)) if agent_first else []
    if not (types or dependency):
        return tuple(starting)
    # The notes must be on disk before the service control manager writes the services' keys to the other hive. A
    # service is started before RemoteAccess is made to depend on it, so that an undo can first remove the dependency.
    notes = _notes(host, automatic, depends=bool(dependency))
    return (steps.CreateKey(SERVICES_NOTE), *notes, steps.Flush(SERVICES_NOTE), *types, *starting, *dependency)


def dependency_refused(host: HostState, words: Words, *, agent_first: bool) -> str:
    """Return why the dependencies of RemoteAccess can't be changed as needed, a sentence; empty if they can."""
    service = host.services[RRAS]
    strange = [name for name in (*service.depends_on, *service.depends_on_groups) if not _PLAIN_NAME.fullmatch(name)]
    if not strange:
        return ""
    problem = f"the service {RRAS} depends on {strange[0]!r}, a name that can't be written back safely"
    if agent_first and service.start is not None and not depends_on_agent(service):
        return f"{problem}; set {words.agent_first} to false, and make {RRAS} depend on {AGENT} by hand."
    if not agent_first and RRAS in host.services_before and depends_on_agent(service):
        return f"{problem}; remove {AGENT} from the dependencies of {RRAS} by hand."
    return ""


def give_back(host: HostState) -> tuple[steps.Step, ...]:
    """Return the steps that give the services back what they had before us."""
    return tuple(_give_back(host))


def to_give_back(host: HostState) -> tuple[str, ...]:
    """Return the services that have not yet got back what they had before us."""
    return tuple(
        dict.fromkeys(step.arguments.split(" ")[1] for step in _give_back(host) if isinstance(step, steps.RunProgram))
    )


def noted(host: HostState, names: Iterable[str]) -> tuple[steps.Step, ...]:
    """Return the steps that note again what these services had before us."""
    notes = (steps.SetValue(SERVICES_NOTE, name, host.services_before[name]) for name in names)
    return (steps.CreateKey(SERVICES_NOTE), *notes)


def start(name: str, *, stays: bool = False) -> steps.RunProgram:
    """Return the step that makes sure a service is running.

    Windows' triggers may have started PolicyAgent or IKEEXT already.
    net.exe waits until the service is running; sc.exe would not. Whatever code net.exe ends with, the service's state
    decides. stays: an undo leaves it running, since stopping PolicyAgent loses RRAS's automatic filters (KB 248750).
    """
    return steps.RunProgram("net", f"start {name}", must_succeed=True, undo="" if stays else f"stop {name}")


def stop(name: str) -> steps.RunProgram:
    """Return the step that stops a service; an undo starts it again."""
    return steps.RunProgram("net", f"stop {name}", must_succeed=True, undo=f"start {name}")


def restart_agent() -> tuple[steps.Step, ...]:
    """Return the steps after which PolicyAgent holds nothing that it had loaded before; an undo leaves it running."""
    return stop(AGENT), dataclasses.replace(start(AGENT), undo=f"start {AGENT}")


def after(host: HostState, wanted: Iterable[steps.Step]) -> Mapping[str, Service]:
    """Return the services of a host as they are after these steps."""
    found = dict(host.services)
    for step in wanted:
        match step.arguments.split(" ", 3) if isinstance(step, steps.RunProgram) else []:
            case ["config", name, "start=", start]:
                found[name] = dataclasses.replace(found[name], start=StartType[start.upper()])
            case ["config", name, "depend=", listed]:
                names = (each for each in listed.split("/") if each.strip('"') and not each.startswith("+"))
                found[name] = dataclasses.replace(found[name], depends_on=tuple(names))
            case ["start", name]:
                found[name] = dataclasses.replace(found[name], running=True)
    return found


def depends_on_agent(service: Service) -> bool:
    """Return whether a service waits for PolicyAgent at boot."""
    return any(same(name, AGENT) for name in service.depends_on)


def _notes(host: HostState, automatic: Iterable[str], *, depends: bool) -> Iterator[steps.Step]:
    """Yield the steps that note once what is changed: an existing note holds what was there before us."""
    for name in automatic:
        before = host.services[name].start
        if name not in host.services_before and before is not None:
            yield steps.SetValue(SERVICES_NOTE, name, Value.sz(before.word))
    if depends and RRAS not in host.services_before:
        yield steps.SetValue(SERVICES_NOTE, RRAS, Value.sz(_RRAS_NOTE))


def _config_start(name: str, start: StartType, before: StartType | None) -> steps.RunProgram:
    undo = f"config {name} start= {before.word}" if before is not None else ""
    return steps.RunProgram("sc", f"config {name} start= {start.word}", must_succeed=True, undo=undo)


def _dependency(host: HostState) -> Iterator[steps.Step]:
    service = host.services[RRAS]
    if service.start is not None and not depends_on_agent(service):
        yield _config_depend(service, (*service.depends_on, AGENT))


def _config_depend(service: Service, depends_on: tuple[str, ...]) -> steps.RunProgram:
    return steps.RunProgram(
        "sc",
        f"config {RRAS} depend= {_depend(service, depends_on)}",
        must_succeed=True,
        undo=f"config {RRAS} depend= {_depend(service, service.depends_on)}",
    )


def _depend(service: Service, depends_on: tuple[str, ...]) -> str:
    """Return the list in sc.exe's form: a plus sign marks a group. sc.exe always replaces the whole list."""
    return "/".join((*depends_on, *(f"+{group}" for group in service.depends_on_groups))) or "/"


def _give_back(host: HostState) -> Iterator[steps.Step]:
    for name in _NEEDED:
        before = host.services_before.get(name)
        start = host.services[name].start
        if before and start is StartType.AUTO and before.text.upper() in StartType.__members__:
            yield _config_start(name, StartType[before.text.upper()], start)
    service = host.services[RRAS]
    if RRAS in host.services_before and depends_on_agent(service):
        yield _config_depend(service, tuple(name for name in service.depends_on if not same(name, AGENT)))
    if host.services_before:
        yield steps.Flush(RASMAN)  # The services' keys are in the same hive and must be on disk before the note goes.
        yield steps.DeleteKey(SERVICES_NOTE)
