# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The position of each field of a structure, for a person who compares bytes."""

from __future__ import annotations

import uuid
from collections.abc import Callable

from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.codec.filter_action import (
    FILTER_ACTION_ID,
    read_filter_action,
)
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.codec.filter_list import (
    FILTER_LIST_ID,
    read_filter_list,
)
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.codec.main_mode import MAIN_MODE_ID, read_main_mode
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.codec.policy import POLICY_ID, read_policy
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.codec.rule import RULE_ID, read_rule
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.codec.wire import (
    ExplainingReader,
    Field,
    Reader,
    UnknownFormatError,
)

_READERS: dict[uuid.UUID, Callable[[Reader], object]] = {
    POLICY_ID: read_policy,
    MAIN_MODE_ID: read_main_mode,
    RULE_ID: read_rule,
    FILTER_ACTION_ID: read_filter_action,
    FILTER_LIST_ID: read_filter_list,
}


def explain(data: bytes) -> tuple[Field, ...]:
    """Return the fields of any of the five structures, with their positions. Raises `CodecError` as the decoders do."""
    identity = Reader(data).guid("identity")
    read = _READERS.get(identity)
    if read is None:
        raise UnknownFormatError("a known structure", identity)
    reader = ExplainingReader(data)
    read(reader)
    # The unused byte, and sections that newer Windows append after it and no specification names.
    if reader.left:
        reader.take("unused", reader.left)
    return tuple(reader.fields)
