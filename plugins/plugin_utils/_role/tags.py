# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which of a role's work a run's choice of tags is for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from ansible import context

ONLY_VERIFY: Final = "l2tp_verify"
"""The tag with which a run only reads and compares. No task has it, so that none can be left out by it."""
_EVERYTHING: Final = ("all",)


def only_verify() -> bool:
    """Whether the run asks for nothing but a verification; the variables of a host may, too."""
    return ONLY_VERIFY in (context.CLIARGS.get("tags") or ())


def is_chosen(task: Any, variables: Mapping[str, Any]) -> bool:  # noqa: ANN401 - of Ansible
    """Whether the run's choice of tags is for the role: its steps are always run, so that none is left out.

    A role that is included when it is its turn runs only if the including task was chosen.
    """
    parent = task._parent  # noqa: SLF001 - as Ansible's own walk
    while parent is not None:
        if not getattr(parent, "statically_loaded", True) and parent._role is not task._role:  # noqa: SLF001
            return True
        parent = parent._parent  # noqa: SLF001
    alone = task.copy()
    alone.tags = [tag for tag in task.tags if tag != "always"]
    only, skipped = (
        set(context.CLIARGS.get(name) or default) for name, default in (("tags", _EVERYTHING), ("skip_tags", ()))
    )
    only_reads = ONLY_VERIFY in only and not skipped.intersection(alone.tags)
    chosen: bool = only_reads or alone.evaluate_tags(only, skipped, all_vars=variables)
    return chosen
