# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the objects of the local policy store are, and how their values are named."""

from __future__ import annotations

import re

from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.model import (
    ObjectClass,
)
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.registry import (
    Key,
    NameMap,
)

LOCAL = r"SOFTWARE\Policies\Microsoft\Windows\IPSec\Policy\Local"
"""The key of the local store, below HKEY_LOCAL_MACHINE. Its subkeys are the objects."""
ACTIVE_POLICY = "ActivePolicy"
"""The value of the store's key that holds the path of the assigned policy."""
DATA = "ipsecData"
NAME = "ipsecName"
DESCRIPTION = "description"
MAIN_MODE_REFERENCE = "ipsecISAKMPReference"
RULES_REFERENCE = "ipsecNFAReference"
FILTER_ACTION_REFERENCE = "ipsecNegotiationPolicyReference"
FILTER_LIST_REFERENCE = "ipsecFilterReference"
OWNERS_REFERENCE = "ipsecOwnersReference"
ACTION = "ipsecNegotiationPolicyAction"
ACTION_TYPE = "ipsecNegotiationPolicyType"
DATA_TYPE = 0x100
"""The format of ipsecData that Windows writes in the local store (objects of a directory may have others)."""
_OBJECT = re.compile(r"(ipsec\w+)(\{[^{}\\]*\})", re.IGNORECASE)
_CLASSES = NameMap({kind.value: kind for kind in ObjectClass})


def object_class(key: Key) -> ObjectClass | None:
    match = _OBJECT.fullmatch(key.name)
    return _CLASSES.get(match[1]) if match else None
