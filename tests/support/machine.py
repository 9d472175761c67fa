# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Machines that run the real script: Windows itself, or a simulated host whose PowerShell is real."""

from __future__ import annotations

import abc
import dataclasses
import subprocess
import sys
from collections.abc import Sequence

from ansible_collections.rras.ipsec.plugins.plugin_utils._host import records, session
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.registry import Tree
from ansible_collections.rras.ipsec.tests.lab.impairment import Impairments
from ansible_collections.rras.ipsec.tests.lab.powershell.place import ThisMachine, Use, uses
from ansible_collections.rras.ipsec.tests.lab.powershell.real_registry import RealRegistry
from ansible_collections.rras.ipsec.tests.lab.powershell.shadow import Shadow
from ansible_collections.rras.ipsec.tests.lab.twin.twin import script_for
from ansible_collections.rras.ipsec.tests.lab.windows.agent import PolicyAgent
from ansible_collections.rras.ipsec.tests.lab.windows.registry import LabRegistry
from ansible_collections.rras.ipsec.tests.lab.windows.services import Services
from ansible_collections.rras.ipsec.tests.support.transactions import BEFORE, NONCE, OWN, STORE, record

ON_WINDOWS = sys.platform == "win32"
KEPT = (STORE, OWN)
PROGRAM_VERBS = ("RunProgram", "AssignPolicy")


class Machine(abc.ABC):
    """Anything with a registry and a PowerShell."""

    registry: LabRegistry
    """The registry that the script works on."""

    @abc.abstractmethod
    def fill(self) -> None:
        """Put what the table of transactions expects into the registry, and let no service run."""

    @abc.abstractmethod
    def answer(self, lines: Sequence[str]) -> str:
        """Run the script on some records, the first of which is Prepare; return its answer."""

    @abc.abstractmethod
    def evaluate(self, script: str, lines: Sequence[str]) -> str:
        """Run another script on some lines, in the same way as ours; return what it writes."""

    @abc.abstractmethod
    def differences(self) -> list[str]:
        """Return, in words, where the twin has done something else since the machine was filled."""

    @abc.abstractmethod
    def close(self) -> None:
        """Leave everything as it was found."""


def run(machine: Machine, *lines: str, nonce: bytes = NONCE) -> records.Answer:
    """Run the script on some records after Prepare; return the answer, decoded."""
    return records.decode(machine.answer([record("Prepare", nonce, "30"), *lines]))


def kept(machine: Machine) -> Tree:
    """Return all that a transaction of the table may change."""
    return Tree(key for path in KEPT for key in machine.registry.snapshot(path).values())


def access(machine: Machine) -> dict[str, str]:
    """Return the access list of each key that a transaction of the table may change."""
    return {path: machine.registry.access(path) for path in kept(machine)}


def unframed(output: str) -> str:
    """Return the answer in an output."""
    frame = session.frame_of(output)
    if not frame:
        raise AssertionError(f"there is no answer in the output: {output[:500]}")
    return records.unpacked(frame)


class WindowsMachine(Machine):
    """Windows itself, with its own PowerShell, netsh and services."""

    def __init__(self) -> None:
        self._real = RealRegistry(ThisMachine())
        self.registry = self._real
        self._before = kept(self)
        self._differences: list[str] = []
        agent = PolicyAgent(self.registry)
        self._original = _Original(self.registry, Services(self.registry, agent), agent, Impairments())

    def fill(self) -> None:
        for service in ("PolicyAgent", "IKEEXT"):
            subprocess.run(["net", "stop", service], capture_output=True, check=False)
        self._replace(Tree(key for path, key in BEFORE.items() if path.startswith(KEPT)))
        self._differences = []

    def answer(self, lines: Sequence[str]) -> str:
        simulated = not any(line.startswith(PROGRAM_VERBS) for line in lines)
        self._real.forget()
        shadow = Shadow(self._original)
        answer = unframed(self._output(lines))
        self._real.forget()
        if simulated:
            self._differences += shadow.differences(self._original, list(lines), answer, {})
        return answer

    def evaluate(self, script: str, lines: Sequence[str]) -> str:
        return self._run([script.rstrip("\n"), session.RECORDS, *lines, ""])

    def differences(self) -> list[str]:
        return self._differences

    def close(self) -> None:
        """Restore what was there before."""
        self._replace(self._before)
        self._real.disconnect()

    def _replace(self, tree: Tree) -> None:
        for path in KEPT:
            self.registry.remove_tree(path)
        self.registry.load(tree)

    def _output(self, lines: Sequence[str]) -> str:
        return self._run([script_for(lines).rstrip("\n"), session.RECORDS, *lines, ""])

    def _run(self, lines: Sequence[str]) -> str:
        stdin = "\n".join(lines)
        uses[Use.COMMAND] += 1
        ran = subprocess.run(session.COMMAND.split(), input=stdin, capture_output=True, encoding="ascii", check=False)
        return ran.stdout


@dataclasses.dataclass(slots=True)
class _Original:
    """A host to cast a shadow: this machine, without its services, which no simulation knows."""

    registry: LabRegistry
    services: Services
    agent: PolicyAgent
    impairments: Impairments
