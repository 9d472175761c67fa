# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An IPsec policy of Windows as immutable data, and when two policies mean the same.

The words are those of the Windows console. The numbers are those of [MS-GPIPSEC] section 2.2.1; a number without a name
here stays a plain integer, so that nothing that a store holds is lost.
"""

from __future__ import annotations

from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.model.filters import Address, Filter, FilterList, Ports
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.model.meanings import (
    authentication_meaning,
    filter_action_meaning,
    filter_list_meaning,
    main_mode_meaning,
    meaning,
    rule_meaning,
)
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.model.numbers import (
    DEFAULT_LIFETIME_KILOBYTES,
    DEFAULT_LIFETIME_SECONDS,
    DEFAULT_MAIN_MODE_LIFETIME,
    DEFAULT_POLLING_INTERVAL,
    Action,
    AddressKind,
    AuthenticationFlag,
    AuthenticationType,
    ConnectionType,
    DhGroup,
    Encryption,
    FilterActionType,
    IkeEncryption,
    Integrity,
    IpAddress,
    IpVersion,
    MainModeOption,
    ObjectClass,
    Protocol,
    Transform,
    known,
    known_text,
)
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.model.policies import (
    DEFAULT_RESPONSE_RULE,
    Algorithm,
    AuthenticationMethod,
    FilterAction,
    MainMode,
    MainModeMethod,
    Offer,
    Policy,
    Rule,
    default_response_rule,
)

__all__ = [
    "DEFAULT_LIFETIME_KILOBYTES",
    "DEFAULT_LIFETIME_SECONDS",
    "DEFAULT_MAIN_MODE_LIFETIME",
    "DEFAULT_POLLING_INTERVAL",
    "DEFAULT_RESPONSE_RULE",
    "Action",
    "Address",
    "AddressKind",
    "Algorithm",
    "AuthenticationFlag",
    "AuthenticationMethod",
    "AuthenticationType",
    "ConnectionType",
    "DhGroup",
    "Encryption",
    "Filter",
    "FilterAction",
    "FilterActionType",
    "FilterList",
    "IkeEncryption",
    "Integrity",
    "IpAddress",
    "IpVersion",
    "MainMode",
    "MainModeMethod",
    "MainModeOption",
    "ObjectClass",
    "Offer",
    "Policy",
    "Ports",
    "Protocol",
    "Rule",
    "Transform",
    "authentication_meaning",
    "default_response_rule",
    "filter_action_meaning",
    "filter_list_meaning",
    "known",
    "known_text",
    "main_mode_meaning",
    "meaning",
    "rule_meaning",
]
