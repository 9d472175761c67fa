# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a single object of a policy store holds."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping

from ansible_collections.rras.ipsec.plugins.plugin_utils._policy import codec
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.model import (
    Action,
    FilterAction,
    FilterActionType,
    FilterList,
    MainMode,
    ObjectClass,
    known_text,
)
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.registry import (
    Key,
    Kind,
    NameSet,
    ends_with,
)
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.store.layout import (
    ACTION,
    ACTION_TYPE,
    DATA,
    DESCRIPTION,
    NAME,
    object_class,
)

DENIED = "not even administrators may read it"
Part = codec.PolicyData | MainMode | codec.RuleData | FilterAction | FilterList
"""What an object holds besides its references."""


@dataclasses.dataclass(frozen=True, slots=True)
class Unreadable:
    """An object that can't be read, by its path. The reason never contains data of a rule."""

    path: str
    reason: str


class UnreadableError(Exception):
    """Something can't be read; never leaves this package."""

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(reason)
        self.unreadable = Unreadable(path, reason)


_TEXT_KINDS = (Kind.SZ, Kind.EXPAND_SZ, Kind.MULTI_SZ)


def read_part(key: Key) -> Part | Unreadable:
    kind = object_class(key)
    if kind is None:
        return Unreadable(key.path, "unknown class of object")
    odd = next((name for name, value in key.items() if _is_text(name) and value.kind not in _TEXT_KINDS), "")
    if odd:
        return Unreadable(key.path, f"its value {odd} is no text")
    try:
        return _PARTS[kind](key, data_of(key))
    except UnreadableError as error:
        return error.unreadable
    except codec.CodecError as error:
        return Unreadable(key.path, _reason(kind, error))


def data_of(key: Key) -> bytes:
    value = key.get(DATA)
    if value is None:
        raise UnreadableError(key.path, f"it has no {DATA}")
    if value.kind is Kind.WITHHELD:
        raise UnreadableError(key.path, f"unknown format ({int.from_bytes(value.data[:4], 'little')} bytes)")
    if value.kind is not Kind.BINARY:
        raise UnreadableError(key.path, f"{DATA} is of the kind {value.kind} instead of {Kind.BINARY}")
    return value.data


def _filter_action_part(key: Key, data: bytes) -> FilterAction:
    action, kind = known_text(Action, key.text(ACTION)), known_text(FilterActionType, key.text(ACTION_TYPE))
    return FilterAction(key.text(NAME), action, codec.decode_filter_action(data), kind, key.text(DESCRIPTION))


def _filter_list_part(key: Key, data: bytes) -> FilterList:
    return FilterList(key.text(NAME), codec.decode_filter_list(data), key.text(DESCRIPTION))


_PARTS: Mapping[ObjectClass, Callable[[Key, bytes], Part]] = {
    ObjectClass.POLICY: lambda _key, data: codec.decode_policy(data),
    ObjectClass.MAIN_MODE: lambda _key, data: codec.decode_main_mode(data),
    ObjectClass.RULE: lambda _key, data: codec.decode_rule(data),
    ObjectClass.FILTER_ACTION: _filter_action_part,
    ObjectClass.FILTER_LIST: _filter_list_part,
}


def _is_text(name: str) -> bool:
    """Return whether a value of this name, in any object, is a text or a list of texts."""
    return name in NameSet((NAME, DESCRIPTION)) or ends_with(name, "Reference")


def _reason(kind: ObjectClass, error: codec.CodecError) -> str:
    """Return why an object can't be read. For a rule no detail is given, because damaged data may be part of a key."""
    if isinstance(error, codec.UnknownFormatError):
        return f"unknown format {error.identity}"
    return f"{error.field} at offset {error.offset} is damaged" if kind is ObjectClass.RULE else str(error)
