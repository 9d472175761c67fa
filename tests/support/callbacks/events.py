# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A callback plugin that writes what a run shows, as lines of JSON, to the file that RRAS_EVENTS names.

What Ansible does not show at the verbosity of the run is not written either.
"""

from __future__ import annotations

import json
import os
import resource
from pathlib import Path
from typing import Any

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
name: events
type: notification
short_description: Write what a run shows as lines of JSON
description: For the tests of this collection. The environment variable C(RRAS_EVENTS) names the file.
"""


class CallbackModule(CallbackBase):
    """Writes tasks, shown results, and the recap, in the order of the output."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "notification"
    CALLBACK_NAME = "events"
    CALLBACK_NEEDS_ENABLED = True

    def v2_playbook_on_task_start(self, task: Any, is_conditional: bool) -> None:  # noqa: ARG002 - Ansible's signature
        self._write(task=task.get_name())

    def v2_playbook_on_handler_task_start(self, task: Any) -> None:
        self._write(task=task.get_name())

    def v2_runner_on_ok(self, result: Any) -> None:
        self._shown(result, "changed" if _content(result).get("changed") else "ok")

    def v2_runner_item_on_ok(self, result: Any) -> None:
        self._shown(result, "changed" if _content(result).get("changed") else "ok")

    def v2_runner_on_failed(self, result: Any, ignore_errors: bool = False) -> None:
        self._result(result, "fatal", ignored=bool(ignore_errors))

    def v2_runner_item_on_failed(self, result: Any) -> None:
        self._result(result, "failed")

    def v2_runner_on_unreachable(self, result: Any) -> None:
        ignored = bool(_part(result, "task").ignore_unreachable)
        self._result(result, "fatal", unreachable=True, ignored=ignored)

    def v2_playbook_on_stats(self, stats: Any) -> None:
        # Workers are forked only. Linux counts for a started program the memory of the process that started it.
        largest = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024
        self._write(recap={host: stats.summarize(host) for host in sorted(stats.processed)}, largest_worker=largest)

    def _shown(self, result: Any, status: str) -> None:
        if self._run_is_verbose(result):
            self._result(result, status)

    def _result(self, result: Any, status: str, *, unreachable: bool = False, ignored: bool = False) -> None:
        content = _content(result)
        task = _part(result, "task")
        if task.loop and "results" in content:
            return  # its items were written one by one
        self._clean_results(content, task.action)  # type: ignore[no-untyped-call]
        self._write(
            host=_part(result, "host").get_name(),
            task=task.get_name(),
            status=status,
            unreachable=unreachable,
            ignored=ignored,
            content=json.loads(self._dump_results(content)),
        )

    def _write(self, **event: Any) -> None:
        with Path(os.environ["RRAS_EVENTS"]).open("a", encoding="utf-8") as events:
            events.write(json.dumps(event) + "\n")


def _part(result: Any, name: str) -> Any:
    """Return a part of a result; its name has had no leading underscore since ansible-core 2.19."""
    return getattr(result, name) if hasattr(type(result), name) else getattr(result, f"_{name}")


def _content(result: Any) -> dict[str, Any]:
    content: dict[str, Any] = _part(result, "result")
    return content
