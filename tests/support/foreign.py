# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Policies that are not ours: those that Windows itself writes, as objects of a local store."""

from __future__ import annotations

from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.registry import Key, Tree, Value
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.store import LOCAL, NAME
from ansible_collections.rras.ipsec.tests.support import defaults

ASSIGNED_NAME = "Server (Request Security)"
_POLICY = next(vector for vector in defaults.VECTORS if vector.attributes.get(NAME) == ASSIGNED_NAME)
ASSIGNED_PATH = _POLICY.path


def foreign_policies(assigned: str = "") -> Tree:
    """Return the three default policies of Windows; if a path is given, that policy is assigned."""
    return defaults.tree(assigned)


def named(tree: Tree, name: str) -> Tree:
    """Return the same policies, one of them with another name."""
    renamed = Key(ASSIGNED_PATH, {**tree[ASSIGNED_PATH], NAME: Value.sz(name)})
    return Tree(renamed if key.path == ASSIGNED_PATH else key for key in tree.values())


def foreign_part(tree: Tree) -> Tree:
    """Return the objects of a store that belong to `foreign_policies`."""
    paths = set(foreign_policies()) - {LOCAL}
    return Tree(key for path, key in tree.items() if path in paths)
