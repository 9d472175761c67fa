# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A policy in the words of the Windows console, for diffs and results. Never a key, nor a digest of one."""

from __future__ import annotations

from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.describe.data import details
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.describe.keys import (
    KeyWord,
    any_key_states,
    key_states,
)
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.describe.quoting import (
    escaped,
    quoted,
    shortened,
    shown,
)
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.describe.texts import lines, text
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.describe.vocabulary import (
    action_text,
    algorithm_text,
    filter_text,
    main_mode_text,
    offer_text,
    option_words,
    own_method_text,
)

__all__ = [
    "KeyWord",
    "action_text",
    "algorithm_text",
    "any_key_states",
    "details",
    "escaped",
    "filter_text",
    "key_states",
    "lines",
    "main_mode_text",
    "offer_text",
    "option_words",
    "own_method_text",
    "quoted",
    "shortened",
    "shown",
    "text",
]
