# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is read from a host, and what follows: services, addresses, our record, ProhibitIpSec, the agent's filters."""

from __future__ import annotations

from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.host.answers import (
    SHOW_FILTERS,
    SHOW_POLICIES,
    reading,
    understand,
    unreadable,
)
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.host.paths import (
    ACCESS_BEFORE,
    AFTER,
    BACKUP,
    BLOCKED_IPV6,
    DOMAIN_POLICY,
    INTERFACES,
    LINKAGE,
    LOADING_UNPROVED,
    NETWORK_ADAPTERS,
    OURS,
    PROHIBIT_IPSEC,
    PROHIBITED,
    RASMAN,
    RESTART_PENDING,
    SERVICES,
    SERVICES_NOTE,
    STATE,
    TRANSACTION,
    VALUE_NOTE,
)
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.host.state import (
    HostState,
    L2tpPorts,
    Progress,
    ProhibitIpSecNote,
    Service,
    StartType,
    Theirs,
)

__all__ = [
    "ACCESS_BEFORE",
    "AFTER",
    "BACKUP",
    "BLOCKED_IPV6",
    "DOMAIN_POLICY",
    "INTERFACES",
    "LINKAGE",
    "LOADING_UNPROVED",
    "NETWORK_ADAPTERS",
    "OURS",
    "PROHIBITED",
    "PROHIBIT_IPSEC",
    "RASMAN",
    "RESTART_PENDING",
    "SERVICES",
    "SERVICES_NOTE",
    "SHOW_FILTERS",
    "SHOW_POLICIES",
    "STATE",
    "TRANSACTION",
    "VALUE_NOTE",
    "HostState",
    "L2tpPorts",
    "Progress",
    "ProhibitIpSecNote",
    "Service",
    "StartType",
    "Theirs",
    "reading",
    "understand",
    "unreadable",
]
