# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A callback plugin of the leak tests: writes all results as JSON, and makes one function of the collection fail.

LEAK_PROBE_FILE names the file to write. LEAK_PROBE_RAISES names a function as MODULE:NAME; it then raises an exception
whose text is everything it was given, and LEAK_PROBE_TEXT, which holds keys.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
from pathlib import Path
from typing import Any

from ansible.plugins.callback import CallbackBase

COLLECTION = "ansible_collections.rras.ipsec."


class CallbackModule(CallbackBase):  # type: ignore[misc, unused-ignore]
    """Receives everything."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "notification"
    CALLBACK_NAME = "leak_probe"
    CALLBACK_NEEDS_ENABLED = False

    def __init__(self) -> None:
        super().__init__()
        wanted = os.environ.get("LEAK_PROBE_RAISES", "")
        if wanted:
            _let_fail(*wanted.split(":"))

    def v2_on_any(self, *arguments: Any, **_named: Any) -> None:
        with Path(os.environ["LEAK_PROBE_FILE"]).open("a", encoding="utf-8") as stream:
            for each in arguments:
                content = getattr(each, "_result", None)
                if content is not None:
                    stream.write(json.dumps(content, default=str, ensure_ascii=False) + "\n")


def _let_fail(module: str, name: str) -> None:
    """Replace a function by one that fails, wherever in the collection it is known by name."""
    owner = importlib.import_module(COLLECTION + module)
    *within, last = name.split(".")
    for part in within:
        owner = getattr(owner, part)
    original = getattr(owner, last)

    def failing(*arguments: Any, **named: Any) -> Any:
        raise RuntimeError(f"{arguments!r} {named!r} {os.environ['LEAK_PROBE_TEXT']}")

    setattr(owner, last, failing)
    for known in [module for title, module in sys.modules.items() if title.startswith(COLLECTION)]:
        for attribute, value in list(vars(known).items()):
            if value is original:
                setattr(known, attribute, failing)
