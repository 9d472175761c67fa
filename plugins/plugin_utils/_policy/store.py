# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The local policy store: registry keys to policies and back, and who refers to whom.

A store is a flat list of keys, one for each object, that refer to each other by path. References from a policy to its
main mode and rules, and from a rule to its filter action and filter list, are the truth; `ipsecOwnersReference`, the
other direction, may be stale and is never followed. The values of each class are those of [MS-GPIPSEC] 2.2.1; how the
local store differs from the directory's is in docs/policy_store.md.

Nothing that a store holds makes reading it fail: what can't be read is listed with the reason.
"""

from __future__ import annotations

import collections
import dataclasses
import functools
import re
import types
import uuid
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import Generic, TypeVar

from ansible_collections.rras.ipsec.plugins.plugin_utils._policy import codec
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.model import (
    Action,
    FilterAction,
    FilterActionType,
    FilterList,
    MainMode,
    ObjectClass,
    Policy,
    Rule,
    known_text,
)
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.registry import (
    SEPARATOR,
    Key,
    Kind,
    Tree,
    Value,
    join,
)

LOCAL = r"SOFTWARE\Policies\Microsoft\Windows\IPSec\Policy\Local"
"""The key of the local store, below HKEY_LOCAL_MACHINE. Its subkeys are the objects."""
ACTIVE_POLICY = "ActivePolicy"
"""The value of the store's key that names the assigned policy by its path."""
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
DENIED = "not even administrators may read it"
DATA_TYPE = 0x100
"""The format of ipsecData, as Windows states it in the local store (a directory's objects may hold others)."""

Part = codec.PolicyData | MainMode | codec.RuleData | FilterAction | FilterList
"""What one object holds beside its references."""

_OBJECT = re.compile(r"(ipsec\w+)(\{[^{}\\]*\})", re.IGNORECASE)
_CLASSES = {kind.value.casefold(): kind for kind in ObjectClass}
_PARENTS = ("", LOCAL.casefold(), f"HKEY_LOCAL_MACHINE{SEPARATOR}{LOCAL}".casefold())
_T = TypeVar("_T")
_TEXT_KINDS = (Kind.SZ, Kind.EXPAND_SZ, Kind.MULTI_SZ)
_Shared = TypeVar("_Shared", FilterAction, FilterList)


@dataclasses.dataclass(frozen=True, slots=True)
class Unreadable:
    """An object that can't be read, by its path. The reason never contains data of a rule."""

    path: str
    reason: str


@dataclasses.dataclass(frozen=True, slots=True)
class StoredPolicy:
    """A policy as it stands in a store.

    `path` is relative to HKEY_LOCAL_MACHINE; `guid` is in braces and upper case. Rules that can't be read are left out
    of `policy` and listed in `unreadable`, as is a main mode that can't (`policy` then has an empty one). `rule_paths`
    are the paths of the rules of `policy`, in the same order. `access` holds the access lists (SDDL) of rule keys, by
    path, as far as they are known; those of rules that can't be read included.
    """

    path: str
    guid: str
    policy: Policy
    unreadable: tuple[Unreadable, ...] = ()
    rule_paths: tuple[str, ...] = ()
    access: Mapping[str, str] = dataclasses.field(default_factory=dict, hash=False)

    @property
    def name(self) -> str:
        return self.policy.name

    @property
    def open_keys(self) -> tuple[str, ...]:
        """The paths of rules whose preshared key others than SYSTEM, Administrators and the agent's account can read.

        A rule that can't be read counts, for it may hold one.
        """
        keyless = {path for path, rule in zip(self.rule_paths, self.policy.rules, strict=True) if not rule.holds_secret}
        return tuple(path for path, sddl in self.access.items() if path not in keyless and _is_open(sddl))

    def rule_name(self, path: str) -> str:
        """The name of a rule, by its path; where it has none or can't be read, the name of its key."""
        names = {known: rule.name for known, rule in zip(self.rule_paths, self.policy.rules, strict=True)}
        return names.get(path) or path.rpartition(SEPARATOR)[2]

    @property
    def is_complete(self) -> bool:
        """Whether everything that belongs to the policy could be read."""
        return not self.unreadable


_ENTRY = re.compile(r"\((?P<kind>[^;()]*);(?P<flags>[^;()]*);[^;()]*;[^;()]*;[^;()]*;(?P<who>[^;()]*)[^()]*\)")
_KEEPERS = {"SY", "BA", "NS", "S-1-5-18", "S-1-5-32-544", "S-1-5-20"}
"""Who may read a rule with a key: SYSTEM, Administrators, and NETWORK SERVICE, as whom PolicyAgent runs."""


def _is_open(sddl: str) -> bool:
    """Whether an access list allows anything to anybody else; entries that only children inherit don't count."""
    return any(
        entry["kind"].startswith("A") and "IO" not in entry["flags"] and entry["who"] not in _KEEPERS
        for entry in _ENTRY.finditer(sddl)
    )


class _UnreadableError(Exception):
    """Something can't be read; never leaves this module."""

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(reason)
        self.unreadable = Unreadable(path, reason)


class Store:
    """The objects of a store and the policies that they make up. Made by `Store.read`."""

    def __init__(
        self, active_path: str, objects: Tree, access: Mapping[str, str], denied: Collection[str] = ()
    ) -> None:
        self.active_path = active_path
        """The path of the assigned policy as it stands in ActivePolicy; empty where nothing is assigned."""
        self.objects = objects
        """The keys of all objects by path, found without regard to case; those of unknown classes too."""
        self._access = {path.casefold(): text for path, text in access.items()}
        closed = {path.casefold() for path in denied}
        self._parts = {
            key.path: Unreadable(key.path, DENIED) if key.path.casefold() in closed else _read_part(key)
            for key in objects.values()
        }
        self._references = {key.path: tuple(dict.fromkeys(self._targets(key))) for key in objects.values()}

    @classmethod
    def read(cls, tree: Tree, access: Mapping[str, str] | None = None, denied: Collection[str] = ()) -> Store:
        """Read the store out of a part of the registry.

        access: access lists (SDDL) by path; denied: the keys that not even administrators may read.
        """
        active = tree.value(LOCAL, ACTIVE_POLICY)
        return cls(active.text if active else "", Tree(tree.children(LOCAL)), access or {}, denied)

    @functools.cached_property
    def policies(self) -> tuple[StoredPolicy, ...]:
        """All policies, in the order of the store."""
        return tuple(self._policy(key) for key in self.objects.values() if _object_class(key) is ObjectClass.POLICY)

    @functools.cached_property
    def unreadable(self) -> tuple[Unreadable, ...]:
        """Every object that can't be read, and every policy and rule that refers to one, or to none."""
        alone = [part for part in self._parts.values() if isinstance(part, Unreadable)]
        in_policies = [item for policy in self.policies for item in policy.unreadable]
        return tuple(dict.fromkeys((*alone, *in_policies)))

    @property
    def active(self) -> StoredPolicy | None:
        """The assigned policy; None where there is none, or where ActivePolicy leads nowhere."""
        return self.at(self.active_path)

    def at(self, path: str) -> StoredPolicy | None:
        """Return the policy at a path; None where there is none."""
        key = self.resolve(path)
        return next((policy for policy in self.policies if key and policy.path == key.path), None)

    def find(self, name: str) -> tuple[StoredPolicy, ...]:
        """Return the policies with a name, compared as Windows does: without regard to case."""
        return tuple(policy for policy in self.policies if policy.name.casefold() == name.casefold())

    def part(self, path: str) -> Part | Unreadable | None:
        """Return what an object holds beside its references; None where there is no such object."""
        key = self.resolve(path)
        return self._parts[key.path] if key else None

    def resolve(self, reference: str) -> Key | None:
        """Return the object that a reference names: by its path, or by its name alone as directories do."""
        name = reference.rpartition(SEPARATOR)[2]
        parent = reference.removesuffix(name).strip(SEPARATOR).casefold()
        return self.objects.get(join(LOCAL, name)) if parent in _PARENTS else None

    def access(self, path: str) -> str:
        """Return the access list (SDDL) of a rule's key; empty where it is not known."""
        return self._access.get(path.casefold(), "")

    def references(self, path: str) -> tuple[str, ...]:
        """Return the paths of the existing objects that an object refers to, each once."""
        key = self.resolve(path)
        return self._references[key.path] if key else ()

    def owners(self, path: str) -> tuple[str, ...]:
        """Return the paths of the objects that refer to an object, whatever its ipsecOwnersReference says."""
        key = self.resolve(path)
        return tuple(owner for owner, targets in self._references.items() if key and key.path in targets)

    def removable(self, policies: Collection[str], within: Collection[str] | None = None) -> tuple[str, ...]:
        """Return what the removal of these policies (by path) may delete, those that refer before what they refer to.

        That is the policies and everything that only they reach by their references: never an object that any other
        object of the store refers to, and never one that is no part of these policies. `within` narrows it to objects
        that are known to be ours (by path); what any other object needs stays too.
        """
        part = self._reach(key.path for key in map(self.resolve, policies) if key)
        ours = part if within is None else {key.path for key in map(self.resolve, within) if key}
        mine = {path for path in part if path in ours}
        needed = self._reach(path for path in self.objects if path not in mine)
        return tuple(path for path in part if path in mine and path not in needed)

    def _reach(self, paths: Iterable[str]) -> dict[str, None]:
        """Return the paths and everything that they lead to, nearest first; a circle ends where it began."""
        reached = dict.fromkeys(paths)
        waiting = collections.deque(reached)
        while waiting:
            new = [path for path in self._references[waiting.popleft()] if path not in reached]
            reached.update(dict.fromkeys(new))
            waiting.extend(new)
        return reached

    def _targets(self, key: Key) -> Iterator[str]:
        """Follow every reference of an object except the one to its owners."""
        for name, value in key.items():
            if name.casefold().endswith("reference") and name.casefold() != OWNERS_REFERENCE.casefold():
                yield from (target.path for target in map(self.resolve, value.texts) if target)

    def _policy(self, key: Key) -> StoredPolicy:
        assembly = _Assembly(self, key)
        policy = assembly.policy()
        rules = assembly.rules()
        known = {path: self._access.get(path.casefold()) for path in assembly.rule_paths}
        return StoredPolicy(
            path=key.path,
            guid=key.name[len(ObjectClass.POLICY) :].upper(),
            policy=dataclasses.replace(policy, rules=tuple(rules.values())),
            unreadable=tuple(assembly.problems),
            rule_paths=tuple(rules),
            access=types.MappingProxyType({path: text for path, text in known.items() if text is not None}),
        )


class _Assembly:
    """Puts one policy together and collects what of it can't be read."""

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
        except _UnreadableError as error:
            self.problems.append(error.unreadable)
            return None

    def _rule(self, reference: str) -> tuple[str, Rule]:
        key, data = self._follow(self.key, reference, codec.RuleData)
        action = self._only(key, FILTER_ACTION_REFERENCE, FilterAction)
        lists = [self._follow(key, each, FilterList)[1] for each in key.texts(FILTER_LIST_REFERENCE)]
        fields = {field.name: getattr(data, field.name) for field in dataclasses.fields(data)}
        rule = Rule(key.text(NAME), _joined(lists), action, description=key.text(DESCRIPTION), **fields)
        return key.path, rule

    def _only(self, key: Key, name: str, kind: type[_T]) -> _T:
        """Return the one part that a value refers to."""
        references = key.texts(name)
        if len(references) != 1:
            raise _UnreadableError(key.path, f"{name} holds {len(references)} references instead of one")
        return self._follow(key, references[0], kind)[1]

    def _follow(self, key: Key, reference: str, kind: type[_T]) -> tuple[Key, _T]:
        """Return the object that a reference of a key leads to, and what it holds."""
        target = self.store.resolve(reference)
        if target is None:
            raise _UnreadableError(key.path, f"it refers to {reference}, which does not exist")
        part = self.store.part(target.path)
        if isinstance(part, kind):
            return target, part
        if not isinstance(part, Unreadable):
            raise _UnreadableError(key.path, f"it refers to {target.path}, which is of the wrong class")
        if key is self.key:
            raise _UnreadableError(part.path, part.reason)
        raise _UnreadableError(key.path, f"it refers to {target.path}, which can't be read: {part.reason}")


def holds_key(key: Key) -> bool:
    """Whether a registry key holds a preshared key, or a rule of which that can't be excluded."""
    if _object_class(key) is not ObjectClass.RULE:
        return False
    try:
        data = codec.decode_rule(_data(key))
    except (codec.CodecError, _UnreadableError):
        return True
    return any(method.is_secret for method in (*data.authentication, *(data.alternate_authentication or ())))


def object_keys(
    policy: Policy,
    guids: Callable[[str], uuid.UUID],
    when: int,
    name: str | None = None,
) -> tuple[Key, ...]:
    """Return the registry keys of a new generation of a policy, what is referred to before what refers to it.

    guids: gives the GUID for a stable label ("policy", "main mode", "rule 0", "filter action 0", "filter list 0",
    "filter 0.0"), each time the same; when: seconds since 1970-01-01 UTC; name: another name for the policy. Filter
    actions and filter lists that are equal, names included, are written once. Raises `codec.CodecError` for what the
    structures of version 1 can't say.
    """
    return _Generation(policy, guids, when, name or policy.name).keys()


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

    def keys(self) -> tuple[Key, ...]:
        return (
            *map(self._filter_list, self.lists.values()),
            *map(self._filter_action, self.actions.values()),
            *(self._rule(index, rule) for index, rule in enumerate(self.policy.rules)),
            self._main_mode(),
            self._policy(),
        )

    def _policy(self) -> Key:
        data = codec.encode_policy(codec.PolicyData(self.policy.polling_interval))
        rules = [self._rule_path(index) for index in range(len(self.policy.rules))]
        references = {
            MAIN_MODE_REFERENCE: Value.sz(self._path(ObjectClass.MAIN_MODE, "main mode")),
            RULES_REFERENCE: Value.multi_sz(rules),
        }
        return self._key(ObjectClass.POLICY, "policy", (self.policy.name, self.policy.description), data, references)

    def _main_mode(self) -> Key:
        data = codec.encode_main_mode(self.policy.main_mode, self.guids("main mode"))
        return self._key(ObjectClass.MAIN_MODE, "main mode", ("", ""), data, self._owned_by_policy())

    def _rule(self, index: int, rule: Rule) -> Key:
        references = self._owned_by_policy()
        action = self.actions[_identity(rule.filter_action)]
        references[FILTER_ACTION_REFERENCE] = Value.sz(self._path(ObjectClass.FILTER_ACTION, action.label))
        if rule.filter_list:
            filter_list = self.lists[_identity(rule.filter_list)]
            references[FILTER_LIST_REFERENCE] = Value.multi_sz([self._path(ObjectClass.FILTER_LIST, filter_list.label)])
        texts = rule.name, rule.description
        return self._key(ObjectClass.RULE, f"rule {index}", texts, codec.encode_rule(rule), references)

    def _filter_action(self, use: _Use[FilterAction]) -> Key:
        action = use.shared
        others = {ACTION: Value.sz(action.action), ACTION_TYPE: Value.sz(action.type), **self._owned_by_rules(use)}
        data = codec.encode_filter_action(action.offers)
        return self._key(ObjectClass.FILTER_ACTION, use.label, (action.name, action.description), data, others)

    def _filter_list(self, use: _Use[FilterList]) -> Key:
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
    ) -> Key:
        """Return one key with the values that every class has, and some others; empty texts are left out."""
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
        return Key(self._path(kind, label), values)


def _identity(shared: FilterAction | FilterList) -> tuple[str, str, FilterAction | FilterList]:
    """Return what must be equal for one object to serve several rules: here the texts count too."""
    return shared.name, shared.description, shared


def _uses(shared: Iterable[_Shared | None]) -> dict[tuple[str, str, FilterAction | FilterList], _Use[_Shared]]:
    """Return each different object with the numbers of the rules that use it."""
    uses: dict[tuple[str, str, FilterAction | FilterList], _Use[_Shared]] = {}
    for rule, each in enumerate(shared):
        if each is not None:
            uses.setdefault(_identity(each), _Use(each, len(uses))).rules.append(rule)
    return uses


def _object_class(key: Key) -> ObjectClass | None:
    match = _OBJECT.fullmatch(key.name)
    return _CLASSES.get(match[1].casefold()) if match else None


def _read_part(key: Key) -> Part | Unreadable:
    kind = _object_class(key)
    if kind is None:
        return Unreadable(key.path, "unknown class of object")
    odd = next((name for name, value in key.items() if _is_text(name) and value.kind not in _TEXT_KINDS), "")
    if odd:
        return Unreadable(key.path, f"its value {odd} is no text")
    try:
        return _PARTS[kind](key, _data(key))
    except _UnreadableError as error:
        return error.unreadable
    except codec.CodecError as error:
        return Unreadable(key.path, _reason(kind, error))


def _is_text(name: str) -> bool:
    """Whether a value of this name, of any object, is a text, or a list of texts."""
    return name.casefold() in (NAME.casefold(), DESCRIPTION.casefold()) or name.casefold().endswith("reference")


def _reason(kind: ObjectClass, error: codec.CodecError) -> str:
    """Return why an object can't be read. What a damaged rule holds may be a piece of a key, so it is not told."""
    if isinstance(error, codec.UnknownFormatError):
        return f"unknown format {error.identity}"
    return f"{error.field} at offset {error.offset} is damaged" if kind is ObjectClass.RULE else str(error)


def _data(key: Key) -> bytes:
    value = key.get(DATA)
    if value is None:
        raise _UnreadableError(key.path, f"it has no {DATA}")
    if value.kind is Kind.WITHHELD:
        raise _UnreadableError(key.path, f"unknown format ({int.from_bytes(value.data[:4], 'little')} bytes)")
    if value.kind is not Kind.BINARY:
        raise _UnreadableError(key.path, f"{DATA} is of the kind {value.kind} instead of {Kind.BINARY}")
    return value.data


def _filter_action_part(key: Key, data: bytes) -> FilterAction:
    action, kind = known_text(Action, key.text(ACTION)), known_text(FilterActionType, key.text(ACTION_TYPE))
    return FilterAction(key.text(NAME), action, codec.decode_filter_action(data), kind, key.text(DESCRIPTION))


def _filter_list_part(key: Key, data: bytes) -> FilterList:
    return FilterList(key.text(NAME), codec.decode_filter_list(data), key.text(DESCRIPTION))


def _joined(lists: list[FilterList]) -> FilterList | None:
    """Return one filter list for the several that a rule may refer to ([MS-GPIPSEC] 2.2.1)."""
    if len(lists) < 2:  # noqa: PLR2004 (several)
        return lists[0] if lists else None
    filters = tuple(filter_ for each in lists for filter_ in each.filters)
    return FilterList(", ".join(each.name for each in lists), filters)


_PARTS: Mapping[ObjectClass, Callable[[Key, bytes], Part]] = {
    ObjectClass.POLICY: lambda _key, data: codec.decode_policy(data),
    ObjectClass.MAIN_MODE: lambda _key, data: codec.decode_main_mode(data),
    ObjectClass.RULE: lambda _key, data: codec.decode_rule(data),
    ObjectClass.FILTER_ACTION: _filter_action_part,
    ObjectClass.FILTER_LIST: _filter_list_part,
}
