# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The local policy store: from registry keys to policies and back, and which object refers to which.

A store is a flat list of keys, one for each object, that refer to each other by path. The references from a policy to
its main mode and rules, and from a rule to its filter action and filter list, are authoritative;
`ipsecOwnersReference`, which points the other way, may be stale and is never followed. The values of each class are
those of [MS-GPIPSEC] 2.2.1; docs/policy_store.md tells how the local store differs from the directory's.

Nothing that a store holds makes reading it fail: what can't be read is listed with the reason.
"""

from __future__ import annotations

from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.store.layout import (
    ACTIVE_POLICY,
    DATA,
    DESCRIPTION,
    LOCAL,
    NAME,
    OWNERS_REFERENCE,
)
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.store.parts import Unreadable
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.store.reading import Store
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.store.stored import StoredPolicy
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.store.writing import NewKey, object_keys

__all__ = [
    "ACTIVE_POLICY",
    "DATA",
    "DESCRIPTION",
    "LOCAL",
    "NAME",
    "OWNERS_REFERENCE",
    "NewKey",
    "Store",
    "StoredPolicy",
    "Unreadable",
    "object_keys",
]
