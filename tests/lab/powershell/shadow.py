# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The shadow of a host with a real PowerShell: the same host for the twin, to compare what both make of one script."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping
from typing import Protocol

from ansible_collections.rras.ipsec.plugins.plugin_utils._host import records
from ansible_collections.rras.ipsec.plugins.plugin_utils._host.records import Fault
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.host import BACKUP, OURS
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.registry import SEPARATOR, Key, Tree

from ..impairment import Impairments, PoweredOff
from ..recorder import Recorder
from ..twin.transaction import ScriptRun
from ..windows.agent import PolicyAgent
from ..windows.installation import COMPUTER_NAME, CRYPTOGRAPHY
from ..windows.netsh import Netsh
from ..windows.programs import Programs
from ..windows.registry import LabRegistry, Registry, differences
from ..windows.sc import Sc
from ..windows.services import Services
from .real_registry import TOPS, touched

_INHERITED = "D:AI"
_ENTRY = re.compile(r"\((\w+);([A-Z]*);(\w*);([^()]*)\)")


class Original(Protocol):
    """The host that casts the shadow."""

    @property
    def registry(self) -> LabRegistry: ...

    @property
    def services(self) -> Services: ...

    @property
    def agent(self) -> PolicyAgent: ...

    @property
    def impairments(self) -> Impairments: ...


class Shadow:
    """A copy of a host in its present state, on which the twin repeats what the real PowerShell did there."""

    def __init__(self, host: Original) -> None:
        tree = host.registry.snapshot()
        self.registry = Registry(tree)
        for top in TOPS:
            self.registry.create(top.rpartition(SEPARATOR)[0])
        for path in (CRYPTOGRAPHY, COMPUTER_NAME):
            self.registry.load(Tree([key] if (key := host.registry.read(path)) else ()))
        for path in filter(_may_be_volatile, tree):
            if host.registry.is_volatile(path):
                self.registry.mark_volatile(path)
        for path in host.registry.denied():
            self.registry.deny(path)
        for path in set(tree) - set(self.registry.denied()):
            if r"\ipsecnfa" in path.casefold():
                self.registry.protect(path, host.registry.access(path))
        self.agent = PolicyAgent(self.registry)
        self.agent.filters, self.agent.deaf = host.agent.filters, host.agent.deaf
        self.agent.rules, self.agent.has_automatic_filters = host.agent.rules, host.agent.has_automatic_filters
        self.agent.late, self.agent.loading = host.agent.late, host.agent.loading
        self.services = Services(self.registry, self.agent)
        for mine, theirs in (
            (self.services.late, host.services.late),
            (self.services.waiting, host.services.waiting),
            (self.services.starting, host.services.starting),
        ):
            mine.update(theirs)
        self.services.running |= host.services.running
        self.services.runs_with_prohibit_ipsec = host.services.runs_with_prohibit_ipsec
        self.services.broken |= host.services.broken
        self.impairments = Impairments(netsh=host.impairments.netsh, exit_codes=host.impairments.exit_codes)
        self._programs = Programs(
            Netsh(self.registry, self.services, self.agent),
            Sc(self.registry, self.services),
            Recorder(),
            lambda: self.impairments,
        )

    def run_program(self, program: str, arguments: str, seconds: float) -> tuple[int, str]:
        return self._programs.run(program, arguments, seconds)

    def differences(self, host: Original, lines: list[str], answer: str, met: Mapping[int, BaseException]) -> list[str]:
        """Carry out a script's records here, and say in words what differs from the host that did so already.

        host: as the real script left it; lines: the records; answer: what the real script answered, nothing where it
        lost its power; met: what stood in the way of a record there, by its number.
        """

        def meet(number: int, _record: str) -> None:
            if number in met:
                raise met[number]

        self.impairments.before_record = meet
        expected = ""
        try:
            expected = ScriptRun(self).run(lines)
        except PoweredOff:
            self._lose_power()
        return [
            *answer_differences(expected, answer),
            *differences(touched(self.registry), host.registry.snapshot()),
            *_service_differences(self, host),
        ]

    def _lose_power(self) -> None:
        """Lose what Wine loses: volatile keys, and a key that held nothing but such a key."""
        above = {path.rpartition("\\")[0] for path in self.registry.snapshot() if self.registry.is_volatile(path)}
        self.registry.lose_volatile_keys()
        for path in above:
            if self.registry.read(path) == Key(path) and not self.registry.children(path):
                self.registry.remove(path)


def answer_differences(expected: str, found: str) -> list[str]:
    """Describe how two answers differ; nothing if they mean the same.

    Error messages of Windows, and access lists that Windows sets by itself, may differ.
    """
    if not expected or not found:
        return [] if expected == found else ["one of twin and script answered, the other did not"]
    first, second = (records.decode(answer) for answer in (expected, found))
    said = differences(first.tree, second.tree)
    pairs: dict[str, tuple[object, object]] = {
        "digests": (first.digests, second.digests),
        "programs": (first.ran, second.ran),
        "assigned by": (first.assigned_by, second.assigned_by),
        "failure": (_comparable(first.failure), _comparable(second.failure)),
    }
    for path, sddl in first.access.items():
        if not sddl.startswith(_INHERITED):
            pairs[f"access to {path}"] = (entries(sddl), entries(second.access.get(path, "")))
    return said + [
        f"{what}: the twin has {ours}, PowerShell {theirs}" for what, (ours, theirs) in pairs.items() if ours != theirs
    ]


def entries(sddl: str) -> list[tuple[str, str, str]]:
    """Return what an access list allows or denies to whom, without the inheritance flags, which Wine does not keep."""
    return sorted((kind, rights, who.rpartition(";")[2]) for kind, _flags, rights, who in _ENTRY.findall(sddl))


def _may_be_volatile(path: str) -> bool:
    folded = path.casefold()
    return folded.startswith(OURS.casefold()) and not folded.startswith(BACKUP.casefold())


def _comparable(failure: records.Failure | None) -> records.Failure | None:
    """Return a failure without its message, if that is one of Windows'."""
    if failure is None or failure.fault is not Fault.FAILED:
        return failure
    return dataclasses.replace(failure, message="")


def _service_differences(shadow: Shadow, host: Original) -> list[str]:
    running = shadow.services.running ^ host.services.running
    held = [(agent.filters, agent.has_automatic_filters) for agent in (shadow.agent, host.agent)]
    loaded = [] if held[0] == held[1] else ["PolicyAgent holds other filters"]
    return [*(f"the service {name} runs on one of both only" for name in sorted(running)), *loaded]
