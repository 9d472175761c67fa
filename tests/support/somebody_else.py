# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A policy as written by somebody other than this collection."""

from __future__ import annotations

import uuid
from typing import Any

from ansible_collections.rras.ipsec.plugins.plugin_utils._policy import model
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.registry import Key
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.store import object_keys
from ansible_collections.rras.ipsec.tests.support import strategies
from ansible_collections.rras.ipsec.tests.support.server import Server, declare


def registry_keys(policy: model.Policy, seed: int = 7) -> tuple[Key, ...]:
    """Return the keys of a policy, as somebody else would write it."""
    return object_keys(policy, strategies.guids(uuid.UUID(int=seed)), 1_000_000_000)


def by_hand(server: Server, *, assigned: bool = True, seed: int = 7, **given: Any) -> str:
    """Write a policy as somebody else would; return its path."""
    policy = declare(**given).policy
    return server.add_policy(policy, registry_keys(policy, seed), assigned=assigned).path
