# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The objects of a store, which of them refer to which, and the policies that they form."""

from __future__ import annotations

import collections
import dataclasses
import functools
import types
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import TypeVar

from ansible_collections.rras.ipsec.plugins.plugin_utils._policy import codec
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.model import (
    FilterAction,
    FilterList,
    MainMode,
    ObjectClass,
    Policy,
    Rule,
)
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.registry import (
    SEPARATOR,
    Key,
    NameMap,
    NameSet,
    Tree,
    ends_with,
    join,
    same,
)
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.store.layout import (
    ACTIVE_POLICY,
    DESCRIPTION,
    FILTER_ACTION_REFERENCE,
    FILTER_LIST_REFERENCE,
    LOCAL,
    MAIN_MODE_REFERENCE,
    NAME,
    OWNERS_REFERENCE,
    RULES_REFERENCE,
    object_class,
)
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.store.parts import (
    DENIED,
    Part,
    Unreadable,
    UnreadableError,
    read_part,
)
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.store.stored import StoredPolicy

_PARENTS = NameSet(("", LOCAL, join("HKEY_LOCAL_MACHINE", LOCAL)))
_T = TypeVar("_T")
MOST_FILTERS = 50_000
"""The most filters in all rules of a store; a list that several rules share counts for each of them. Rules are compared
and shown as a whole, and shared references could otherwise make a small store grow without end."""


class Store:
    """The objects of a store and the policies that they form. Made by `Store.read`."""

    def __init__(
        self, active_path: str, objects: Tree, access: Mapping[str, str], denied: Collection[str] = ()
    ) -> None:
        self.active_path = active_path
        """The path of the assigned policy as it stands in ActivePolicy; empty where nothing is assigned."""
        self.objects = objects
        """The keys of all objects by path, found without regard to case; those of unknown classes too."""
        self._access = NameMap(access)
        closed = NameSet(denied)
        self._parts = {
            key.path: Unreadable(key.path, DENIED) if key.path in closed else read_part(key) for key in objects.values()
        }
        self._filters_left = MOST_FILTERS
        self._references = {key.path: tuple(dict.fromkeys(self._targets(key))) for key in objects.values()}

    @classmethod
    def read(cls, tree: Tree, access: Mapping[str, str] | None = None, denied: Collection[str] = ()) -> Store:
        """Read the store from a part of the registry.

        access: access lists (SDDL) by path; denied: the keys that not even administrators may read.
        """
        active = tree.value(LOCAL, ACTIVE_POLICY)
        return cls(active.text if active else "", Tree(tree.children(LOCAL)), access or {}, denied)

    @functools.cached_property
    def policies(self) -> tuple[StoredPolicy, ...]:
        """All policies, in the order of the store."""
        return tuple(self._policy(key) for key in self.objects.values() if object_class(key) is ObjectClass.POLICY)

    @functools.cached_property
    def unreadable(self) -> tuple[Unreadable, ...]:
        """Every unreadable object, and every policy and rule that refers to such an object or to a missing one."""
        alone = [part for part in self._parts.values() if isinstance(part, Unreadable)]
        in_policies = [item for policy in self.policies for item in policy.unreadable]
        return tuple(dict.fromkeys((*alone, *in_policies)))

    @property
    def active(self) -> StoredPolicy | None:
        """The assigned policy; None if there is none, or ActivePolicy leads nowhere."""
        return self.at(self.active_path)

    def assigns(self, path: str) -> bool:
        """Return whether the policy at a path is the assigned one; for an empty path, whether nothing is assigned."""
        return same(path, self.active_path)

    def at(self, path: str) -> StoredPolicy | None:
        """Return the policy at a path; None if there is none."""
        key = self.resolve(path)
        return next((policy for policy in self.policies if key and policy.path == key.path), None)

    def find(self, name: str) -> tuple[StoredPolicy, ...]:
        """Return the policies with a name, without regard to case, as Windows compares."""
        return tuple(policy for policy in self.policies if same(policy.name, name))

    def part(self, path: str) -> Part | Unreadable | None:
        """Return what an object holds besides its references; None if there is no such object."""
        key = self.resolve(path)
        return self._parts[key.path] if key else None

    def resolve(self, reference: str) -> Key | None:
        """Return the object that a reference names, by its path or, as directories do, by its name alone."""
        name = reference.rpartition(SEPARATOR)[2]
        parent = reference.removesuffix(name).strip(SEPARATOR)
        return self.objects.get(join(LOCAL, name)) if parent in _PARENTS else None

    def take(self, path: str, filters: int) -> None:
        """Count the filters of a rule; raise `UnreadableError` if they are too many for one store."""
        if filters > self._filters_left:
            raise UnreadableError(path, f"the rules of the store refer to more than {MOST_FILTERS} filters")
        self._filters_left -= filters

    def access(self, path: str) -> str:
        """Return the access list (SDDL) of a rule's key; empty if it is not known."""
        return self._access.get(path, "")

    def references(self, path: str) -> tuple[str, ...]:
        """Return the paths of the existing objects that an object refers to, each once."""
        key = self.resolve(path)
        return self._references[key.path] if key else ()

    def owners(self, path: str) -> tuple[str, ...]:
        """Return the paths of the objects that refer to an object, whatever its ipsecOwnersReference says."""
        key = self.resolve(path)
        return tuple(owner for owner, targets in self._references.items() if key and key.path in targets)

    def removable(self, policies: Collection[str], within: Collection[str] | None = None) -> tuple[str, ...]:
        """Return what may be deleted with these policies (by path); an object comes before those that it refers to.

        That is the policies and everything that only they reach by their references: never an object that another
        object of the store refers to, and never one that is not part of these policies. `within` limits it to objects
        that are known to be ours (by path); what any other object needs stays, too.
        """
        part = self._reach(key.path for key in map(self.resolve, policies) if key)
        ours = part if within is None else {key.path for key in map(self.resolve, within) if key}
        mine = {path for path in part if path in ours}
        needed = self._reach(path for path in self.objects if path not in mine)
        return tuple(path for path in part if path in mine and path not in needed)

    def parts_of(self, path: str) -> frozenset[str]:
        """Return the paths of an object and of everything that it leads to; none if there is no such object."""
        key = self.resolve(path)
        return frozenset(self._reach([key.path]) if key else ())

    def _reach(self, paths: Iterable[str]) -> dict[str, None]:
        """Return the paths and everything that they lead to, nearest first; cycles are followed only once."""
        reached = dict.fromkeys(paths)
        waiting = collections.deque(reached)
        while waiting:
            new = [path for path in self._references[waiting.popleft()] if path not in reached]
            reached.update(dict.fromkeys(new))
            waiting.extend(new)
        return reached

    def _targets(self, key: Key) -> Iterator[str]:
        """Yield every reference of an object except the one to its owners."""
        for name, value in key.items():
            if ends_with(name, "Reference") and not same(name, OWNERS_REFERENCE):
                yield from (target.path for target in map(self.resolve, value.texts) if target)

    def _policy(self, key: Key) -> StoredPolicy:
        assembly = _Assembly(self, key)
        policy = assembly.policy()
        rules = assembly.rules()
        known = {path: self._access.get(path) for path in assembly.rule_paths}
        return StoredPolicy(
            path=key.path,
            guid=key.name[len(ObjectClass.POLICY) :].upper(),
            policy=dataclasses.replace(policy, rules=tuple(rules.values())),
            unreadable=tuple(assembly.problems),
            rule_paths=tuple(rules),
            access=types.MappingProxyType({path: text for path, text in known.items() if text is not None}),
        )


class _Assembly:
    """Assembles one policy, and collects what can't be read of it."""

    def __init__(self, store: Store, key: Key) -> None:
        self.store = store
        self.key = key
        self.problems: list[Unreadable] = []

    @property
    def rule_paths(self) -> tuple[str, ...]:
        """The paths of all rules that exist, each once."""
        keys = map(self.store.resolve, self.key.texts(RULES_REFERENCE))
        return tuple(dict.fromkeys(key.path for key in keys if key))

    def policy(self) -> Policy:
        """Return the policy without its rules."""
        data = self._attempt(lambda: self._follow(self.key, self.key.path, codec.PolicyData))
        main_mode = self._attempt(lambda: self._only(self.key, MAIN_MODE_REFERENCE, MainMode))
        interval = data[1].polling_interval if data else 0
        return Policy(self.key.text(NAME), self.key.text(DESCRIPTION), interval, main_mode or MainMode())

    def rules(self) -> dict[str, Rule]:
        """Return the rules that can be read, by path."""
        references = dict.fromkeys(self.key.texts(RULES_REFERENCE))
        read = [self._attempt(functools.partial(self._rule, reference)) for reference in references]
        return dict(found for found in read if found)

    def _attempt(self, read: Callable[[], _T]) -> _T | None:
        try:
            return read()
        except UnreadableError as error:
            self.problems.append(error.unreadable)
            return None

    def _rule(self, reference: str) -> tuple[str, Rule]:
        key, data = self._follow(self.key, reference, codec.RuleData)
        action = self._only(key, FILTER_ACTION_REFERENCE, FilterAction)
        lists = self._filter_lists(key)
        fields = {field.name: getattr(data, field.name) for field in dataclasses.fields(data)}
        rule = Rule(key.text(NAME), _joined(lists), action, description=key.text(DESCRIPTION), **fields)
        return key.path, rule

    def _filter_lists(self, key: Key) -> list[FilterList]:
        """Return the filter lists of a rule."""
        lists = []
        for each in key.texts(FILTER_LIST_REFERENCE):
            lists.append(self._follow(key, each, FilterList)[1])
            self.store.take(key.path, len(lists[-1].filters))
        return lists

    def _only(self, key: Key, name: str, kind: type[_T]) -> _T:
        """Return the one part that a value refers to."""
        references = key.texts(name)
        if len(references) != 1:
            raise UnreadableError(key.path, f"{name} holds {len(references)} references instead of one")
        return self._follow(key, references[0], kind)[1]

    def _follow(self, key: Key, reference: str, kind: type[_T]) -> tuple[Key, _T]:
        """Return the object that a reference of a key leads to, and what it holds."""
        target = self.store.resolve(reference)
        if target is None:
            raise UnreadableError(key.path, f"it refers to {reference}, which does not exist")
        part = self.store.part(target.path)
        if isinstance(part, kind):
            return target, part
        if not isinstance(part, Unreadable):
            raise UnreadableError(key.path, f"it refers to {target.path}, which is of the wrong class")
        if key is self.key:
            raise UnreadableError(part.path, part.reason)
        raise UnreadableError(key.path, f"it refers to {target.path}, which can't be read: {part.reason}")


def _joined(lists: list[FilterList]) -> FilterList | None:
    """Return one filter list for the several that a rule may refer to ([MS-GPIPSEC] 2.2.1)."""
    if len(lists) < 2:  # noqa: PLR2004 (several)
        return lists[0] if lists else None
    filters = tuple(filter_ for each in lists for filter_ in each.filters)
    return FilterList(", ".join(each.name for each in lists), filters)
