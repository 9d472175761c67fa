# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The registry of one simulated host: HKEY_LOCAL_MACHINE, mutable, with volatile keys and access lists."""

from __future__ import annotations

import collections
import dataclasses
import enum
import functools
import hashlib
import re
import threading
from collections.abc import Iterator
from typing import Protocol

from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.registry import SEPARATOR, Key, Kind, Tree, Value

DEFAULT_ACCESS = "D:AI(A;CIID;KR;;;BU)(A;CIID;KA;;;BA)(A;CIID;KA;;;SY)(A;CIIOID;KA;;;CO)"
"""What a key below SOFTWARE inherits: users may read, Administrators and SYSTEM may do everything."""

_ENTRY = re.compile(r"\((?P<type>[^;()]*);(?P<flags>[^;()]*);(?P<rest>[^()]*)\)")


class RegistryErrorCode(enum.IntEnum):
    """Why Windows refuses an operation (WinError.h)."""

    FILE_NOT_FOUND = 2
    ACCESS_DENIED = 5
    KEY_HAS_CHILDREN = 1020
    CHILD_MUST_BE_VOLATILE = 1021


class RegistryError(Exception):
    """Windows would refuse the operation."""

    def __init__(self, code: RegistryErrorCode, path: str) -> None:
        super().__init__(f"{code.name.lower().replace('_', ' ')}: {path}")
        self.code = code
        self.path = path


class RegistryAccess(Protocol):
    """What the simulated programs and engines need of a registry. Paths are relative to HKEY_LOCAL_MACHINE."""

    def read(self, path: str) -> Key | None:
        """Return the values of a key; None if the key is missing."""

    def children(self, path: str) -> list[str]:
        """Return the names of the keys directly below a path, in Windows' order."""

    def create(self, path: str, *, volatile: bool = False) -> None:
        """Create a key and any missing ones above it; an existing key is only opened, whether volatile or not."""

    def write(self, path: str, name: str, value: Value) -> None:
        """Set a value of an existing key."""

    def erase(self, path: str, name: str) -> None:
        """Delete a value, if there is one."""

    def remove(self, path: str) -> None:
        """Delete a key that has no children."""

    def access(self, path: str) -> str:
        """Return a key's access list in the security descriptor definition language."""

    def protect(self, path: str, sddl: str) -> None:
        """Replace a key's access list."""

    def flush(self, path: str) -> None:
        """Write the hive of a key to disk: all below the first part of its path."""


class LabRegistry(RegistryAccess, Protocol):
    """What tests and the lab itself need beyond that."""

    def remove_tree(self, path: str) -> None:
        """Delete a key and everything below it, if there is one."""

    def deny(self, path: str) -> None:
        """Make a key unreadable, even for administrators."""

    def denied(self) -> list[str]:
        """Return the keys that were made unreadable."""

    def is_volatile(self, path: str) -> bool:
        """Return whether a key vanishes at the next restart."""

    def lose_volatile_keys(self) -> None:
        """Do what a restart does to the registry, all of which is then on disk."""

    def lose_unwritten(self, hive: str) -> None:
        """Put a hive, SOFTWARE or SYSTEM, back to what was last written to disk, as a power failure can do."""

    def snapshot(self, path: str = "") -> Tree:
        """Return a copy of a key and everything below it; by default of everything that this collection could touch."""

    def load(self, tree: Tree) -> None:
        """Add the keys and values of a tree to the present ones."""

    def replace(self, tree: Tree) -> None:
        """Replace everything by the tree."""


class Registry(LabRegistry):
    """The registry of one host in memory; thread-safe.

    Windows writes each hive to disk whenever it likes. Here, a hive is written when it is flushed and at each restart,
    and nothing is lost unless a test says so.
    """

    def __init__(self, tree: Tree | None = None) -> None:
        self._nodes: dict[str, _Node] = {}
        self._children: dict[str, set[str]] = collections.defaultdict(set)
        self._links: dict[str, tuple[str, str]] = {}
        """Registry links by path in lower case: the path as it was given, and the target."""
        self._on_disk: dict[str, list[_Node]] = {}
        self._lock = threading.RLock()
        self.replace(tree or Tree())

    def read(self, path: str) -> Key | None:
        with self._lock:
            node = self._nodes.get(self._followed(path).casefold())
            if node is None:
                return None
            if node.denied:
                raise RegistryError(RegistryErrorCode.ACCESS_DENIED, path)
            return _key(node)

    def children(self, path: str) -> list[str]:
        with self._lock:
            below = self._children.get(self._followed(path).casefold(), ())
            paths = (self._links[child][0] if child in self._links else self._nodes[child].path for child in below)
            names = [_split(child)[1] for child in paths]
        return sorted(names, key=str.upper)

    def create(self, path: str, *, volatile: bool = False) -> None:
        with self._lock:
            path = self._followed(path)
            if path.casefold() in self._nodes:
                return
            parent = _split(path)[0]
            if parent:
                self.create(parent, volatile=volatile)
                if self._node(parent).volatile and not volatile:
                    raise RegistryError(RegistryErrorCode.CHILD_MUST_BE_VOLATILE, path)
            self._add(_Node(path, volatile))

    def write(self, path: str, name: str, value: Value) -> None:
        with self._lock:
            values = self._node(path).values
            known = values.get(name.casefold(), (name, value))[0]
            values[name.casefold()] = (known, value)

    def erase(self, path: str, name: str) -> None:
        with self._lock:
            self._node(path).values.pop(name.casefold(), None)

    def remove(self, path: str) -> None:
        with self._lock:
            node = self._node(path)
            if self.children(path):
                raise RegistryError(RegistryErrorCode.KEY_HAS_CHILDREN, path)
            self._forget(node.path.casefold())

    def access(self, path: str) -> str:
        with self._lock:
            explicit = self._node(path).access
            if explicit is not None:
                return explicit
            parent = _split(self._node(path).path)[0]
            return _inherited(self.access(parent)) if parent else DEFAULT_ACCESS

    def protect(self, path: str, sddl: str) -> None:
        """Replace a key's access list; one that is wholly inherited makes the key inherit again."""
        with self._lock:
            self._node(path).access = None if _is_inherited(sddl) else sddl

    def remove_tree(self, path: str) -> None:
        """Delete a key and everything below it, if there is one."""
        with self._lock:
            for folded in list(self._under(path)):
                self._forget(folded)

    def deny(self, path: str) -> None:
        """Make a key unreadable, even for administrators."""
        with self._lock:
            self._node(path).denied = True

    def denied(self) -> list[str]:
        """Return the keys that were made unreadable."""
        with self._lock:
            return [node.path for node in self._nodes.values() if node.denied]

    def is_volatile(self, path: str) -> bool:
        """Return whether a key vanishes at the next restart."""
        with self._lock:
            return self._node(path).volatile

    def mark_volatile(self, path: str) -> None:
        """Make an existing key volatile, so that it vanishes at the next restart."""
        with self._lock:
            self._node(path).volatile = True

    def link(self, path: str, target: str) -> None:
        """Make a registry link (REG_LINK). Everything follows it, except a request for the link itself.

        Deleting a link by its path deletes the target and leaves the link, as Wine 8 does. What Windows does is not
        documented.
        """
        with self._lock:
            self._links[path.casefold()] = (path, target)
            self._children[_split(path)[0].casefold()].add(path.casefold())

    def lose_volatile_keys(self) -> None:
        """Do what a restart does to the registry."""
        with self._lock:
            for folded in [folded for folded, node in self._nodes.items() if node.volatile]:
                self._forget(folded)
            self._write_all()

    def flush(self, path: str) -> None:
        with self._lock:
            hive = _hive(path)
            self._on_disk[hive] = [_copied(self._nodes[f]) for f in self._under(hive) if not self._nodes[f].volatile]

    def lose_unwritten(self, hive: str) -> None:
        with self._lock:
            for folded in list(self._under(hive)):
                self._forget(folded)
            for node in self._on_disk.get(_hive(hive), ()):
                self._add(_copied(node))

    def snapshot(self, path: str = "") -> Tree:
        """Return a copy of a key and everything below it; of everything by default."""
        with self._lock:
            return Tree(_key(self._nodes[folded]) for folded in self._under(path))

    def load(self, tree: Tree) -> None:
        """Add the keys and values of a tree to the present ones."""
        with self._lock:
            for path, key in tree.items():
                self.create(path)
                for name, value in key.items():
                    self.write(path, name, value)

    def replace(self, tree: Tree) -> None:
        """Replace everything by the tree."""
        with self._lock:
            self._nodes.clear()
            self._links.clear()
            self._children.clear()
            self.load(tree)
            self._write_all()

    def _write_all(self) -> None:
        self._on_disk.clear()
        for hive in {_hive(folded) for folded in self._nodes}:
            self.flush(hive)

    def _add(self, node: _Node) -> None:
        self._nodes[node.path.casefold()] = node
        self._children[_split(node.path)[0].casefold()].add(node.path.casefold())

    def _forget(self, folded: str) -> None:
        del self._nodes[folded]
        self._children[_split(folded)[0]].discard(folded)

    def _node(self, path: str) -> _Node:
        node = self._nodes.get(self._followed(path).casefold())
        if node is None:
            raise RegistryError(RegistryErrorCode.FILE_NOT_FOUND, path)
        return node

    def _followed(self, path: str) -> str:
        """Return a path with all links in it followed."""
        found = ""
        for part in path.split(SEPARATOR) if self._links else ():
            found = SEPARATOR.join(filter(None, (found, part)))
            found = self._links.get(found.casefold(), (found, found))[1]
        return found or path

    def _under(self, path: str) -> Iterator[str]:
        top = path.casefold()
        return (
            folded for folded in sorted(self._nodes) if not top or folded == top or folded.startswith(top + SEPARATOR)
        )


def readable(registry: RegistryAccess, path: str) -> Key | None:
    """Return the values of a key; None if it is missing or nobody may read it."""
    try:
        return registry.read(path)
    except RegistryError as error:
        if error.code is not RegistryErrorCode.ACCESS_DENIED:
            raise
        return None


def differences(before: Tree, after: Tree) -> list[str]:
    """Describe how two trees differ; nothing if they are equal."""
    return [*_differing_keys(before, after), *_differing_values(before, after)]


def describe(value: Value) -> str:
    """Describe a value; binary data only by its length and a digest."""
    if value.kind in (Kind.DWORD, Kind.QWORD):
        return f"{value.kind} {int.from_bytes(value.data, 'little')}"
    if value.kind is Kind.MULTI_SZ:
        return f"{value.kind} {list(value.texts)}"
    if value.kind in (Kind.SZ, Kind.EXPAND_SZ):
        return f"{value.kind} {value.text!r}"
    return f"{value.kind} of {len(value.data)} bytes, {hashlib.sha256(value.data).hexdigest()[:8]}"


@dataclasses.dataclass(slots=True)
class _Node:
    path: str
    volatile: bool
    values: dict[str, tuple[str, Value]] = dataclasses.field(default_factory=dict)
    access: str | None = None
    denied: bool = False


def _differing_keys(before: Tree, after: Tree) -> Iterator[str]:
    yield from (f"the key {path} is gone" for path in before if path not in after)
    yield from (f"the key {path} is new" for path in after if path not in before)


def _differing_values(before: Tree, after: Tree) -> Iterator[str]:
    for path, new in after.items():
        old = before.get(path, Key(path))
        yield from (f"{path}: the value {name} is gone (was {describe(old[name])})" for name in old if name not in new)
        yield from (f"{path}: the value {name} is new ({describe(new[name])})" for name in new if name not in old)
        yield from (
            f"{path}: the value {name} was {describe(old[name])}, is {describe(new[name])}"
            for name in new
            if name in old and old[name] != new[name]
        )


def _split(path: str) -> tuple[str, str]:
    """Return the path of the key above (empty for the topmost keys), and the name."""
    above, _separator, name = path.rpartition(SEPARATOR)
    return above, name


def _hive(path: str) -> str:
    return path.partition(SEPARATOR)[0].casefold()


def _copied(node: _Node) -> _Node:
    return dataclasses.replace(node, values=dict(node.values))


def _key(node: _Node) -> Key:
    return Key(node.path, dict(node.values.values()))


@functools.lru_cache(maxsize=256)
def _inherited(parent: str) -> str:
    """Return the access list that a key without one of its own inherits from the key above."""
    entries = (match.groupdict() for match in _ENTRY.finditer(parent))
    return "D:AI" + "".join(
        f"({e['type']};{_inherited_flags(e['flags'])};{e['rest']})" for e in entries if "CI" in e["flags"]
    )


def _inherited_flags(flags: str) -> str:
    return flags if flags.endswith("ID") else flags + "ID"


def _is_inherited(sddl: str) -> bool:
    return sddl.startswith("D:AI") and all("ID" in match["flags"] for match in _ENTRY.finditer(sddl))
