# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Declared policies to render and to adopt."""

from __future__ import annotations

import copy
from typing import Any

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from ansible_collections.rras.ipsec.plugins.plugin_utils import _specs
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy import declaration

POLICY = "L2TP site to site"
KEY = "Correct-Horse 17 Battery Staple"
PAIR: dict[str, Any] = {
    "name": "tokyo-osaka",
    "filters": [{"source_address": "192.0.2.1", "destination_address": "192.0.2.2"}],
    "authentication": [{"preshared_key": KEY}],
}
OTHERS: dict[str, Any] = {
    "name": "all other L2TP",
    "filters": [
        {"source_address": "me", "destination_address": "any"},
        {"source_address": "me", "destination_address": "any", "source_port": 0, "destination_port": 1701},
    ],
    "filter_action": {"action": "block"},
}


def with_key(key: str, name: str = "tokyo-osaka") -> dict[str, Any]:
    """Return the rule of the pair with another key or name."""
    return PAIR | {"name": name, "authentication": [{"preshared_key": key}]}


def declared(*rules: Any, **given: Any) -> declaration.Declaration:
    """Return the declaration made by options of the module; by default, the pair, and a block for everybody else."""
    options = {"name": POLICY, "rules": list(rules or (PAIR, OTHERS))} | given
    outcome = ArgumentSpecValidator(copy.deepcopy(_specs.POLICY)).validate(options)
    assert outcome.error_messages == []
    return declaration.declare(outcome.validated_parameters)
