# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A machine with an unmodified Ansible that manages the hosts of a lab, and what its runs showed."""

from __future__ import annotations

import dataclasses
import functools
import itertools
import json
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from ansible_collections.rras.ipsec.tests.lab import Lab

ANSIBLE_PLAYBOOK = str(Path(sys.executable).with_name("ansible-playbook"))
SITE = "rras.ipsec.site"
VERIFY = "rras.ipsec.verify"
REMOVE = "rras.ipsec.remove"
RESTART = "rras.ipsec.restart"
LONGEST_RUN = 300
"""Seconds after which a hanging run is ended."""

CALLBACKS = Path(__file__).with_name("callbacks")


@dataclasses.dataclass(frozen=True, slots=True)
class ShownResult:
    """What a task answered on one host, if the output shows it."""

    host: str
    status: str
    """The word before the host's name in the output: ok, changed, fatal or failed."""
    unreachable: bool
    ignored: bool
    content: Mapping[str, Any]
    task: int
    """The number of its task, in the order of the output."""

    @property
    def message(self) -> str:
        return str(self.content.get("msg", ""))


@dataclasses.dataclass(frozen=True)
class Run:
    """A playbook run: its exit code, and what was written."""

    code: int
    output: str
    errors: str

    events: Sequence[Mapping[str, Any]]
    """What was shown, as the callback `events` wrote it."""

    @functools.cached_property
    def recap(self) -> dict[str, dict[str, int]]:
        """The counts in PLAY RECAP: by host, then by word."""
        words = {"failures": "failed"}
        found: Mapping[str, Mapping[str, int]] = next((event["recap"] for event in self.events if "recap" in event), {})
        return {host: {words.get(word, word): count for word, count in each.items()} for host, each in found.items()}

    @property
    def largest_worker(self) -> int:
        """Megabytes of memory that the largest of Ansible's worker processes had."""
        return next(int(event["largest_worker"]) for event in self.events if "largest_worker" in event)

    @functools.cached_property
    def results(self) -> list[ShownResult]:
        """The results that were shown, in the order of the output."""
        return list(self._results())

    @property
    def changed(self) -> dict[str, int]:
        """How many tasks changed something, by host."""
        return self._counts("changed")

    @property
    def failed(self) -> list[str]:
        """The hosts for which the run ended in failure, sorted by name; unreachable ones count."""
        return sorted(host for host, counts in self.recap.items() if counts["failed"] or counts["unreachable"])

    def failure(self, host: str) -> str:
        """Return the message that a host stopped with; empty if it did not stop."""
        fatal = [found for found in self.results if found.status in ("fatal", "failed") and found.host == host]
        return next((found.message for found in reversed(fatal) if not found.ignored), "")

    def failed_ones(self, host: str) -> list[str]:
        """Return the messages of all tasks that failed on a host, including ignored failures."""
        return [found.message for found in self.results if found.status in ("fatal", "failed") and found.host == host]

    def said(self, host: str) -> list[str]:
        """Return everything that the run said about a host, line by line, in its own tasks or in one for all hosts."""
        told = [found for found in self.results if _is_told(found)]
        return [line for found in told for line in _lines(found, host)]

    def tasks_named(self, name: str) -> list[int]:
        """Return the numbers of the tasks with a name (in a role: the part after the colon), in the output's order."""
        return [number for number, each in enumerate(self._tasks) if each.rpartition(" : ")[2] == name]

    def results_of(self, task: int) -> list[ShownResult]:
        """Return the shown results of one task."""
        return [result for result in self.results if result.task == task]

    def explain(self) -> str:
        """Return everything, for the message of a failing assertion."""
        return f"exit code {self.code}\n{self.output}\n{self.errors}"

    @functools.cached_property
    def _tasks(self) -> list[str]:
        return [event["task"] for event in self.events if set(event) == {"task"}]

    def _counts(self, word: str) -> dict[str, int]:
        return {host: counts[word] for host, counts in self.recap.items()}

    def _results(self) -> Iterator[ShownResult]:
        numbers = itertools.count()
        started: dict[str, int] = {}  # with the strategy free, hosts are at different tasks at the same time
        for event in self.events:
            if "status" in event:
                yield ShownResult(
                    host=event["host"],
                    status=event["status"],
                    unreachable=event["unreachable"],
                    ignored=event["ignored"],
                    content=event["content"],
                    task=started[event["task"]],
                )
            elif "task" in event:
                started[event["task"]] = next(numbers)


class Controller:
    """A machine with Ansible, with folders of its own: home, temporary files, inventory and log."""

    def __init__(self, folder: Path, lab: Lab, inventory: dict[str, Any]) -> None:
        self.folder = folder
        self.lab = lab
        self.inventory = inventory
        """The inventory as data for YAML; tests change it between the runs."""
        self.program = ANSIBLE_PLAYBOOK
        """The ansible-playbook to run."""

    @property
    def variables(self) -> dict[str, Any]:
        """The variables of the group rras."""
        variables: dict[str, Any] = self.inventory["rras"]["vars"]
        return variables

    def host(self, name: str) -> dict[str, Any]:
        """Return the variables of one host."""
        variables: dict[str, Any] = self.inventory["rras"]["hosts"].setdefault(name, {})
        return variables

    def site(self, *arguments: str, environment: Mapping[str, str] | None = None) -> Run:
        """Run the playbook site."""
        return self.play(SITE, *arguments, environment=environment)

    def play(
        self,
        playbook: str | Sequence[Mapping[str, Any]],
        *arguments: str,
        environment: Mapping[str, str] | None = None,
        answers: str = "",
    ) -> Run:
        """Run a playbook of the collection, or one given as data for YAML. answers: to its prompts."""
        name = playbook if isinstance(playbook, str) else str(self._write("playbook.yml", playbook))
        inventory = self._write("inventory.yml", self.inventory)
        events = self.folder / "events.jsonl"
        events.write_text("", encoding="utf-8")
        ran = subprocess.run(
            [self.program, "--inventory", str(inventory), name, *arguments],
            cwd=self.folder,
            env=self.lab.environment() | self._environment() | dict(environment or {}),
            input=answers,
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=LONGEST_RUN,
            check=False,
        )
        lines = events.read_text(encoding="utf-8").splitlines()
        return Run(ran.returncode, ran.stdout, ran.stderr, [json.loads(line) for line in lines])

    def _environment(self) -> dict[str, str]:
        home = self.folder / "home"
        home.mkdir(exist_ok=True)
        return {
            "HOME": str(home),
            "ANSIBLE_HOME": str(home / ".ansible"),
            "ANSIBLE_LOCAL_TEMP": str(home / ".ansible" / "tmp"),
            "ANSIBLE_STDOUT_CALLBACK": "ansible.builtin.default",
            "ANSIBLE_CALLBACK_PLUGINS": str(CALLBACKS),
            "ANSIBLE_CALLBACKS_ENABLED": "events",
            "RRAS_EVENTS": str(self.folder / "events.jsonl"),
            "ANSIBLE_NOCOLOR": "1",
            "ANSIBLE_FORKS": "20",
            "LC_ALL": "C.UTF-8",
        }

    def _write(self, name: str, content: object) -> Path:
        path = self.folder / name
        path.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")
        return path


def _is_told(result: ShownResult) -> bool:
    return result.status == "ok" and "msg" in result.content


def _lines(told: ShownResult, host: str) -> list[str]:
    message = told.content["msg"]
    if isinstance(message, dict):
        return list(message.get(host, ()))
    lines = message if isinstance(message, list) else [message]
    return [str(line) for line in lines] if told.host == host else []
