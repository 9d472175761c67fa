# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The binary value ipsecData of the five classes of a policy store: from bytes to structures and back.

Source: [MS-GPIPSEC] v20240423 section 2.2.1. Reading is tolerant: reserved fields, which hold uninitialised memory in
real stores, are skipped, bytes after the last field are ignored, optional parts may be missing, and numbers without a
name are kept. What can't be read raises `CodecError`; nothing else is ever raised. Writing is strict: it writes the
structures of version 1, which Windows 2000 and everything newer can read, and raises `CodecError` for what they can't
hold.
"""

from __future__ import annotations

from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.codec.explanation import explain
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.codec.filter_action import (
    decode_filter_action,
    encode_filter_action,
)
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.codec.filter_list import (
    decode_filter_list,
    encode_filter_list,
)
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.codec.main_mode import (
    decode_main_mode,
    encode_main_mode,
)
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.codec.policy import (
    PolicyData,
    decode_policy,
    encode_policy,
)
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.codec.rule import RuleData, decode_rule, encode_rule
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.codec.wire import CodecError, Field, UnknownFormatError

__all__ = [
    "CodecError",
    "Field",
    "PolicyData",
    "RuleData",
    "UnknownFormatError",
    "decode_filter_action",
    "decode_filter_list",
    "decode_main_mode",
    "decode_policy",
    "decode_rule",
    "encode_filter_action",
    "encode_filter_list",
    "encode_main_mode",
    "encode_policy",
    "encode_rule",
    "explain",
]
