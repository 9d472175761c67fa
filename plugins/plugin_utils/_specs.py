# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The argument specs of the actions. The modules of the same names document them; a test compares the two."""

from __future__ import annotations

from typing import Final

from ansible_collections.rras.ipsec.plugins.plugin_utils._shape import Spec

_SHARED: Final[Spec] = {
    "program_timeout": {"type": "int", "default": 30},
    "host_timeout": {"type": "int", "default": 300},
}

_PATIENCE: Final[Spec] = {"settle_timeout": {"type": "int", "default": 120}}
_CALLER: Final[Spec] = {"caller": {"type": "str", "default": "task", "choices": ["task", "role"]}}

_FILTER: Final[Spec] = {
    "source_address": {"type": "str", "required": True},
    "destination_address": {"type": "str", "required": True},
    "source_port": {"type": "int", "default": 1701},
    "destination_port": {"type": "int", "default": 0},
    "protocol": {"type": "str", "default": "udp", "choices": ["any", "icmp", "tcp", "udp"]},
    "mirrored": {"type": "bool", "default": True},
    "covers_other_traffic": {"type": "bool", "default": False},
}

_AUTHENTICATION: Final[Spec] = {
    "preshared_key": {"type": "str", "no_log": True},
    "certificate_authority": {"type": "str"},
    "kerberos": {"type": "bool", "default": False},
}

_OFFER: Final[Spec] = {
    "encryption": {"type": "str", "default": "3des", "choices": ["3des", "des", "none"]},
    "integrity": {"type": "str", "default": "sha1", "choices": ["sha1", "md5", "none"]},
    "lifetime_seconds": {"type": "int", "default": 3600},
    "lifetime_kilobytes": {"type": "int", "default": 100000},
}

_FILTER_ACTION: Final[Spec] = {
    "action": {"type": "str", "default": "negotiate", "choices": ["negotiate", "block", "permit"]},
    "offers": {"type": "list", "elements": "dict", "default": [{}], "options": _OFFER},
    "pfs": {"type": "bool", "default": False},
    "accept_unsecured": {"type": "bool", "default": False},
    "fall_back_to_clear_text": {"type": "bool", "default": False},
}

_RULE: Final[Spec] = {
    "name": {"type": "str", "required": True},
    "description": {"type": "str"},
    "filters": {"type": "list", "elements": "dict", "required": True, "options": _FILTER},
    "connection_type": {"type": "str", "default": "all", "choices": ["all", "lan", "dialup"]},
    "active": {"type": "bool", "default": True},
    "authentication": {
        "type": "list",
        "elements": "dict",
        "default": [],
        "no_log": False,
        "options": _AUTHENTICATION,
    },
    "filter_action": {"type": "dict", "apply_defaults": True, "options": _FILTER_ACTION},
}

_MAIN_MODE_METHOD: Final[Spec] = {
    "encryption": {"type": "str", "default": "3des", "choices": ["3des", "des"]},
    "integrity": {"type": "str", "default": "sha1", "choices": ["sha1", "md5"]},
    "dh_group": {"type": "int", "default": 14, "choices": [14, 2, 1]},
}

_MAIN_MODE: Final[Spec] = {
    "methods": {
        "type": "list",
        "elements": "dict",
        "default": [{"dh_group": 14}, {"dh_group": 2}],
        "options": _MAIN_MODE_METHOD,
    },
    "lifetime": {"type": "int", "default": 480},
    "quick_mode_limit": {"type": "int", "default": 0},
    "pfs": {"type": "bool", "default": False},
}

POLICY: Final[Spec] = {
    "name": {"type": "str", "required": True},
    "state": {"type": "str", "default": "present", "choices": ["present", "absent"]},
    "assigned": {"type": "bool", "default": True},
    "replace_assigned": {"type": "bool", "default": False},
    "take_over": {"type": "bool", "default": False},
    "description": {"type": "str"},
    "forget_replaced": {"type": "bool", "default": False},
    "address": {"type": "str"},
    "rules": {"type": "list", "elements": "dict", "options": _RULE},
    "block_l2tp_over_ipv6": {"type": "bool", "default": True},
    "open_firewall": {"type": "bool", "default": False},
    "main_mode": {"type": "dict", "apply_defaults": True, "options": _MAIN_MODE},
    "default_response_rule": {"type": "bool", "default": False},
    "polling_interval": {"type": "int", "default": 180},
    "policy_agent_first": {"type": "bool", "default": True},
    "backup": {"type": "bool", "default": True},
    "all_ours": {"type": "bool", "default": False},
    "predicted": {"type": "bool", "default": False},
    "phase": {
        "type": "str",
        "default": "all",
        "choices": ["all", "plan", "stage", "commit", "prove", "revert", "finish", "verify"],
    },
    "transaction": {"type": "str"},
    **_PATIENCE,
    **_CALLER,
    **_SHARED,
}

PROHIBIT_IPSEC: Final[Spec] = {
    "state": {"type": "str", "default": "present", "choices": ["present", "absent"]},
    "policy": {"type": "str"},
    "require_effective_policy": {"type": "bool", "default": True},
    "predicted": {"type": "bool", "default": False},
    "restart_if_unknown": {"type": "bool", "default": False},
    "only_recorded": {"type": "bool", "default": False},
    "backup": {"type": "bool", "default": True},
    **_PATIENCE,
    **_CALLER,
    **_SHARED,
}

KEYS: Final[Spec] = {"path": {"type": "str"}, "rotate": {"type": "str"}}

INFO: Final[Spec] = {
    "preshared_keys": {"type": "list", "elements": "str", "default": [], "no_log": True},
    "rules": {
        "type": "list",
        "elements": "dict",
        "default": [],
        "options": {
            "name": {"type": "str", "required": True},
            "preshared_key": {"type": "str", "required": True, "no_log": True},
        },
    },
    **_SHARED,
}

ADOPT: Final[Spec] = {
    "folder": {"type": "str", "required": True},
    "policy": {"type": "str"},
    "reg_file": {"type": "str"},
    "code_page": {"type": "str", "default": "cp1252"},
    **_SHARED,
}

RENDER: Final[Spec] = {
    "folder": {"type": "str", "required": True},
    "peer_type": {"type": "str", "default": "windows", "choices": ["windows_2000", "windows", "strongswan"]},
    "keys": {"type": "bool", "default": True},
    "undo_only": {"type": "bool", "default": False},
}

STEP: Final[Spec] = {
    "step": {
        "type": "str",
        "required": True,
        "choices": [
            "preflight",
            "plan",
            "compare",
            "show",
            "stop",
            "machines",
            "stage",
            "commit_far",
            "commit_near",
            "ask_again",
            "set_value",
            "order",
            "restart",
            "prove",
            "finish",
            "may_restart",
            "restore_value",
            "predict_removal",
            "settle",
            "remove_policy",
        ],
    },
    "removal": {"type": "bool", "default": False},
    "batch": {"type": "list", "elements": "str", "default": []},
}
