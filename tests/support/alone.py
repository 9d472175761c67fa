# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tasks of the collection in a play of their own, without the role."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.rras.ipsec.tests.support.controller import Controller, Run
from ansible_collections.rras.ipsec.tests.support.pair import OSAKA_ADDRESS, TOKYO_ADDRESS

POLICY, VALUE, INFO = (
    f"rras.ipsec.{name}" for name in ("win_ipsec_psk_policy", "win_prohibit_ipsec", "win_ipsec_policy_info")
)
HIDDEN_KEY = "{{ key }}"
"""The key in a variable, as users should give it: Ansible shows the lines around a failed task."""


def rule(name: str = "tokyo-osaka", *, key: str = HIDDEN_KEY, **options: Any) -> dict[str, Any]:
    """Return a rule for the pair."""
    between = {"source_address": TOKYO_ADDRESS, "destination_address": OSAKA_ADDRESS}
    return {"name": name, "filters": [between], "authentication": [{"preshared_key": key}], **options}


def declared(**options: Any) -> dict[str, Any]:
    """Return a task that declares a policy."""
    return {POLICY: {"name": "By hand", "rules": [rule()], **options}}


def perform(controller: Controller, *tasks: Mapping[str, Any], more: tuple[str, ...] = ()) -> Run:
    """Run tasks one after another, going on after each failure."""
    named = [{"name": f"task {number}", "ignore_errors": True, **task} for number, task in enumerate(tasks)]
    return controller.play([{"hosts": "rras", "gather_facts": False, "tasks": named}], "-v", *more)
