# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An administrator at the console of a simulated host: reg.exe, and the other commands in docs/restore.md."""

from __future__ import annotations

import argparse
import shlex
from collections.abc import Callable, Mapping

from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.registry import Kind, Value, join
from ansible_collections.rras.ipsec.tests.lab import Host

DONE, FAILED = 0, 1
_HIVE = "HKLM\\"


class CommandPrompt:
    """cmd.exe on one host."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._registry = host.registry
        self._verbs: Mapping[str, Callable[[argparse.Namespace], int]] = {
            "query": self._query,
            "add": self._add,
            "delete": self._delete,
            "copy": self._copy,
        }
        self.printed = ""
        """What the last command wrote."""

    def run(self, line: str) -> int:
        """Run a command; return its exit code. Raises ValueError for an unknown command."""
        self.printed = ""
        program, *words = shlex.split(line.partition(" & rem ")[0].replace("\\", "\\\\"))
        match program, words:
            case "reg", [verb, *options] if verb in self._verbs:
                return self._verbs[verb](_options(options))
            case (("sc" | "net" | "netsh"), _):
                return self._host.run_program(program, " ".join(words), 30)[0]
            case "shutdown", ["/r", "/t", "0"]:
                self._host.restart()
                return DONE
        raise ValueError(line)

    def _query(self, given: argparse.Namespace) -> int:
        value = (self._registry.read(_path(given.key)) or {}).get(given.v)
        if value is None:
            return FAILED
        self.printed = f"    {given.v}    REG_DWORD    {value.number:#x}"
        return DONE

    def _add(self, given: argparse.Namespace) -> int:
        self._registry.create(_path(given.key))
        self._registry.write(_path(given.key), given.v, Value.dword(int(given.d)))
        return DONE if Kind[given.t.removeprefix("REG_")] is Kind.DWORD else FAILED

    def _delete(self, given: argparse.Namespace) -> int:
        path = _path(given.key)
        key = self._registry.read(path)
        if key is None or (given.v and given.v not in key):
            return FAILED
        if given.v:
            self._registry.erase(path, given.v)
        else:
            self._registry.remove_tree(path)
        return DONE

    def _copy(self, given: argparse.Namespace) -> int:
        """Copy values over the existing ones and, with /s, what is below. Access lists are not copied."""
        source, target = _path(given.key), _path(given.target)
        if self._registry.read(source) is None:
            return FAILED
        self._merge(source, target, below=given.s)
        return DONE

    def _merge(self, source: str, target: str, *, below: bool) -> None:
        self._registry.create(target)
        for name, value in (self._registry.read(source) or {}).items():
            self._registry.write(target, name, value)
        for child in self._registry.children(source) if below else ():
            self._merge(join(source, child), join(target, child), below=True)


def _options(words: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prefix_chars="/", add_help=False, allow_abbrev=False, exit_on_error=False)
    parser.add_argument("key")
    parser.add_argument("target", nargs="?")
    for name in ("/v", "/t", "/d"):
        parser.add_argument(name)
    for name in ("/s", "/f"):
        parser.add_argument(name, action="store_true")
    given = parser.parse_args(words)
    if not given.f and given.v is None:
        raise ValueError("reg.exe would ask whether it may, and wait")
    return given


def _path(key: str) -> str:
    if not key.startswith(_HIVE):
        raise ValueError(key)
    return key.removeprefix(_HIVE)
