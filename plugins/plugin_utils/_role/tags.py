# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which part of the role's work the run's tags select."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from ansible import context

ONLY_VERIFY: Final = "l2tp_verify"
"""The tag that makes a run only read and compare. No task carries it, so --skip-tags can't leave one out with it."""
_EVERYTHING: Final = ("all",)


def only_verify() -> bool:
    """Return whether the run's tags ask for a verification only; a host's variables may ask for it, too."""
    return ONLY_VERIFY in (context.CLIARGS.get("tags") or ())


def is_chosen(task: Any, variables: Mapping[str, Any]) -> bool:  # noqa: ANN401 - of Ansible
    """Return whether the run's tags select the role. Its steps always run, so that none is left out.

    A role that is included at run time runs only if the including task was selected.
    """
    parent = task._parent  # noqa: SLF001 - as Ansible itself walks up
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
