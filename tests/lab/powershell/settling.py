# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The registry of a host whose Windows has not been started: in memory until it must be real."""

from __future__ import annotations

import threading
from collections.abc import Callable

from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.registry import Key, Tree, Value

from ..windows.registry import LabRegistry, Registry
from .real_registry import RealRegistry, touched


class SettlingRegistry(LabRegistry):
    """A registry in memory that moves into a real one, once. In tests, many hosts never run a script."""

    def __init__(self, start: Callable[[], RealRegistry]) -> None:
        self._start = start
        self._draft = Registry()
        self._real: RealRegistry | None = None
        self._lock = threading.Lock()

    def settle(self) -> RealRegistry:
        """Move, if that is not done yet; return the real registry."""
        with self._lock:
            if self._real is None:
                real = self._start()
                real.replace(Tree())
                everything = self._draft.snapshot()
                for path in filter(self._draft.is_volatile, everything):
                    real.create(path, volatile=True)
                real.load(everything)
                self._real = real
            return self._real

    def read(self, path: str) -> Key | None:
        return self._now.read(path)

    def children(self, path: str) -> list[str]:
        return self._now.children(path)

    def create(self, path: str, *, volatile: bool = False) -> None:
        self._now.create(path, volatile=volatile)

    def write(self, path: str, name: str, value: Value) -> None:
        self._now.write(path, name, value)

    def erase(self, path: str, name: str) -> None:
        self._now.erase(path, name)

    def remove(self, path: str) -> None:
        self._now.remove(path)

    def access(self, path: str) -> str:
        return self.settle().access(path)

    def protect(self, path: str, sddl: str) -> None:
        self.settle().protect(path, sddl)

    def remove_tree(self, path: str) -> None:
        self._now.remove_tree(path)

    def deny(self, path: str) -> None:
        self.settle().deny(path)

    def denied(self) -> list[str]:
        return self._now.denied()

    def is_volatile(self, path: str) -> bool:
        return self._now.is_volatile(path)

    def lose_volatile_keys(self) -> None:
        self._now.lose_volatile_keys()

    def flush(self, path: str) -> None:
        self._now.flush(path)

    def lose_unwritten(self, hive: str) -> None:
        self._now.lose_unwritten(hive)

    def snapshot(self, path: str = "") -> Tree:
        if path or self._real:
            return self._now.snapshot(path)
        return touched(self._draft)

    def load(self, tree: Tree) -> None:
        self._now.load(tree)

    def replace(self, tree: Tree) -> None:
        self._now.replace(tree)

    @property
    def _now(self) -> LabRegistry:
        return self._real or self._draft
