# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The registry keys of a new generation of a policy."""

from __future__ import annotations

import dataclasses
import uuid
from collections.abc import Callable, Iterable, Mapping
from typing import Generic, TypeVar

from ansible_collections.rras.ipsec.plugins.plugin_utils._policy import codec
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.model import (
    FilterAction,
    FilterList,
    ObjectClass,
    Policy,
    Rule,
)
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.registry import (
    Key,
    Value,
    join,
)
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.store.layout import (
    ACTION,
    ACTION_TYPE,
    DATA,
    DATA_TYPE,
    DESCRIPTION,
    FILTER_ACTION_REFERENCE,
    FILTER_LIST_REFERENCE,
    LOCAL,
    MAIN_MODE_REFERENCE,
    NAME,
    OWNERS_REFERENCE,
    RULES_REFERENCE,
)

_Shared = TypeVar("_Shared", FilterAction, FilterList)


def object_keys(
    policy: Policy,
    guids: Callable[[str], uuid.UUID],
    when: int,
    name: str | None = None,
) -> tuple[NewKey, ...]:
    """Return the registry keys of a new generation of a policy; a key comes after those that it refers to.

    guids: returns the GUID for a label ("policy", "main mode", "rule 0", "filter action 0", "filter list 0", "filter
    0.0"), always the same for the same label; when: seconds since 1970-01-01 UTC; name: another name for the policy.
    Filter actions and filter lists that are equal, names included, are written once. Raises `codec.CodecError` for what
    the structures of version 1 can't express.
    """
    return _Generation(policy, guids, when, name or policy.name).keys()


class NewKey(Key):
    """A registry key to be written."""

    __slots__ = ("holds_preshared_key",)

    def __init__(self, path: str, values: Mapping[str, Value], *, holds_preshared_key: bool = False) -> None:
        super().__init__(path, values)
        self.holds_preshared_key = holds_preshared_key


@dataclasses.dataclass(frozen=True, slots=True)
class _Use(Generic[_Shared]):
    """A filter action or a filter list, its number, and the numbers of the rules that use it."""

    shared: _Shared
    number: int
    rules: list[int] = dataclasses.field(default_factory=list)

    @property
    def label(self) -> str:
        return f"{'filter action' if isinstance(self.shared, FilterAction) else 'filter list'} {self.number}"


class _Generation:
    """The keys of one policy while they are being made."""

    def __init__(self, policy: Policy, guids: Callable[[str], uuid.UUID], when: int, name: str) -> None:
        self.policy = dataclasses.replace(policy, name=name)
        self.guids = guids
        self.when = when
        self.actions = _uses([rule.filter_action for rule in policy.rules])
        self.lists = _uses([rule.filter_list for rule in policy.rules])

    def keys(self) -> tuple[NewKey, ...]:
        return (
            *map(self._filter_list, self.lists.values()),
            *map(self._filter_action, self.actions.values()),
            *(self._rule(index, rule) for index, rule in enumerate(self.policy.rules)),
            self._main_mode(),
            self._policy(),
        )

    def _policy(self) -> NewKey:
        data = codec.encode_policy(codec.PolicyData(self.policy.polling_interval))
        rules = [self._rule_path(index) for index in range(len(self.policy.rules))]
        references = {
            MAIN_MODE_REFERENCE: Value.sz(self._path(ObjectClass.MAIN_MODE, "main mode")),
            RULES_REFERENCE: Value.multi_sz(rules),
        }
        return self._key(ObjectClass.POLICY, "policy", (self.policy.name, self.policy.description), data, references)

    def _main_mode(self) -> NewKey:
        data = codec.encode_main_mode(self.policy.main_mode, self.guids("main mode"))
        return self._key(ObjectClass.MAIN_MODE, "main mode", ("", ""), data, self._owned_by_policy())

    def _rule(self, index: int, rule: Rule) -> NewKey:
        references = self._owned_by_policy()
        action = self.actions[_identity(rule.filter_action)]
        references[FILTER_ACTION_REFERENCE] = Value.sz(self._path(ObjectClass.FILTER_ACTION, action.label))
        if rule.filter_list:
            filter_list = self.lists[_identity(rule.filter_list)]
            references[FILTER_LIST_REFERENCE] = Value.multi_sz([self._path(ObjectClass.FILTER_LIST, filter_list.label)])
        texts = rule.name, rule.description
        key = self._key(ObjectClass.RULE, f"rule {index}", texts, codec.encode_rule(rule), references)
        return NewKey(key.path, key, holds_preshared_key=rule.holds_secret)

    def _filter_action(self, use: _Use[FilterAction]) -> NewKey:
        action = use.shared
        others = {ACTION: Value.sz(action.action), ACTION_TYPE: Value.sz(action.type), **self._owned_by_rules(use)}
        data = codec.encode_filter_action(action.offers)
        return self._key(ObjectClass.FILTER_ACTION, use.label, (action.name, action.description), data, others)

    def _filter_list(self, use: _Use[FilterList]) -> NewKey:
        filters = [
            dataclasses.replace(filter_, guid=self.guids(f"filter {use.number}.{number}"))
            for number, filter_ in enumerate(use.shared.filters)
        ]
        texts = use.shared.name, use.shared.description
        data = codec.encode_filter_list(filters)
        return self._key(ObjectClass.FILTER_LIST, use.label, texts, data, self._owned_by_rules(use))

    def _owned_by_policy(self) -> dict[str, Value]:
        return {OWNERS_REFERENCE: Value.multi_sz([self._path(ObjectClass.POLICY, "policy")])}

    def _owned_by_rules(self, use: _Use[_Shared]) -> dict[str, Value]:
        return {OWNERS_REFERENCE: Value.multi_sz([self._rule_path(index) for index in use.rules])}

    def _rule_path(self, index: int) -> str:
        return self._path(ObjectClass.RULE, f"rule {index}")

    def _guid(self, label: str) -> str:
        return f"{{{self.guids(label)}}}".upper()

    def _path(self, kind: ObjectClass, label: str) -> str:
        return join(LOCAL, kind + self._guid(label))

    def _key(
        self,
        kind: ObjectClass,
        label: str,
        texts: tuple[str, str],
        data: bytes,
        others: Mapping[str, Value],
    ) -> NewKey:
        """Return one key with the values of every class, and some others; empty texts are left out."""
        named = {value: Value.sz(text) for value, text in zip((NAME, DESCRIPTION), texts, strict=True) if text}
        values = {
            "ClassName": Value.sz(kind),
            "name": Value.sz(kind + self._guid(label)),
            "ipsecID": Value.sz(self._guid(label)),
            **named,
            "ipsecDataType": Value.dword(DATA_TYPE),
            DATA: Value.binary(data),
            "whenChanged": Value.dword(self.when),
            **others,
        }
        return NewKey(self._path(kind, label), values)


def _identity(shared: FilterAction | FilterList) -> tuple[str, str, FilterAction | FilterList]:
    """Return what must be equal for one object to serve several rules: here, texts count, too."""
    return shared.name, shared.description, shared


def _uses(shared: Iterable[_Shared | None]) -> dict[tuple[str, str, FilterAction | FilterList], _Use[_Shared]]:
    """Return each distinct object with the numbers of the rules that use it."""
    uses: dict[tuple[str, str, FilterAction | FilterList], _Use[_Shared]] = {}
    for rule, each in enumerate(shared):
        if each is not None:
            uses.setdefault(_identity(each), _Use(each, len(uses))).rules.append(rule)
    return uses
