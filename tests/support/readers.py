# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the role reads of the results of earlier tasks, found out by running the steps that read it."""

from __future__ import annotations

import copy
import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import jinja2
import yaml
from jinja2 import nodes

from ansible_collections.rras.ipsec.plugins.plugin_utils import _view
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.fleet import Gate
from ansible_collections.rras.ipsec.tests.support import role

ROOT = Path(__file__).parents[2]
TASKS = ROOT / "roles" / "l2tp" / "tasks"
STEPS = {
    _view.RESULTS[Gate.PLAN]: "plan",
    _view.RESULTS[Gate.STAGE]: "stage",
    _view.RESULTS[Gate.COMMIT]: "commit",
    _view.AGAIN: "proof",
    _view.PROHIBIT_IPSEC: "value",
    _view.RESULTS[Gate.PROOF]: "proof",
}
"""The variables in which the role registers results of this collection, and the step that fills each."""

Results = Mapping[str, Any]
Where = tuple[str | int, ...]
ResultPlace = tuple[str, Where]
"""A step of the run, and a place in its result."""


class Noting(Mapping[str, Any]):
    """A result that notes what is read of it."""

    def __init__(self, content: Results, note: Callable[[Where], object], path: Where = ()) -> None:
        self._content = content
        self._note = note
        self._path = path

    def __getitem__(self, name: str) -> Any:
        return self._noting(self._content[name], (*self._path, name))

    def __iter__(self) -> Iterator[str]:
        return iter(self._content)

    def __len__(self) -> int:
        return len(self._content)

    def _noting(self, value: Any, path: Where) -> Any:
        if isinstance(value, Mapping):
            return Noting(value, self._note, path)
        if isinstance(value, list) and any(isinstance(each, Mapping | list) for each in value):
            return [self._noting(each, (*path, number)) for number, each in enumerate(value)]
        self._note(path)
        return value


def read_by_steps(results: Results, connection: Mapping[str, Any], ends: Mapping[str, str]) -> set[ResultPlace]:
    """Return what the steps of the role read during a run, and after the answer to a commit was lost.

    results: those of the steps of a run, on any of its hosts; ends: the addresses of the connection's two hosts.
    """
    found: set[ResultPlace] = set()
    for filled in _moments():
        hostvars = {
            host: {
                "l2tp_connections": [connection],
                "l2tp_address": address,
                **{variable: _noting_result(results, host, address, STEPS[variable], found) for variable in filled},
            }
            for host, address in ends.items()
        }
        for variables in hostvars.values():
            variables.update({name: {} for name in STEPS if name not in variables})
            if _view.AGAIN in filled:
                variables[_view.RESULTS[Gate.COMMIT]] = {"failed": True, "reason": "no_answer", "msg": "lost"}
        _do_all(hostvars, only_verify=False)
    plan = _view.RESULTS[Gate.PLAN]
    verified = {
        host: {
            "l2tp_connections": [connection],
            "l2tp_address": address,
            plan: _noting_result(results, host, address, "verified", found),
        }
        for host, address in ends.items()
    }
    _do_all(verified, only_verify=True)
    return found


def read_by_tasks() -> set[ResultPlace]:
    """Return what the expressions in the role's tasks read; a name stands for everything that it is an alias of."""
    loaded = [yaml.safe_load(file.read_text(encoding="utf-8")) for file in sorted(TASKS.glob("*.yml"))]
    parsed = [jinja2.Environment(autoescape=True).parse(text) for text in _expressions(loaded)]
    return {place for template in parsed for place in _read(template)}


def at(result: Any, where: Where) -> Any:
    """Return what is at a place in a result; None if it is missing."""
    for name in where:
        try:
            result = result[name]
        except (KeyError, IndexError):
            return None
    return result


def _moments() -> Iterator[Sequence[str]]:
    """Yield which variables are filled, from one task to the next."""
    names = [name for name in STEPS if name != _view.AGAIN]
    yield from (names[: number + 1] for number in range(len(names)))
    yield [*names[:2], _view.AGAIN]


def _noting_result(results: Results, host: str, address: str, step: str, found: set[ResultPlace]) -> Noting:
    """Return the result of a step as it would be on a host: each has its own address, and is a machine of its own."""
    result = copy.deepcopy(results[step])
    if "host" in result:
        result["host"]["machine"] += host
        result["host"]["addresses"][0]["address"] = address
    return Noting(result, lambda path: found.add((step, path)))


def _do_all(hostvars: _view.HostVars, *, only_verify: bool) -> None:
    """Do each step on each host; a new step is included without further ado."""
    for host, name, removal in itertools.product(hostvars, role.STEPS, (False, True)):
        role.decide(name, hostvars, host, removal=removal, only_verify=only_verify)


def _expressions(value: Any, name: str = "") -> Iterator[str]:
    """Yield every text of a file; conditions as the expressions that they are."""
    if isinstance(value, Mapping):
        for key, each in value.items():
            yield from _expressions(each, key)
    elif isinstance(value, list):
        for each in value:
            yield from _expressions(each, name)
    elif isinstance(value, str):
        yield f"{{{{ {value} }}}}" if name in ("when", "failed_when", "changed_when", "until") else value


def _read(node: nodes.Node, path: Where = ()) -> Iterator[ResultPlace]:
    """Yield what is read of the results below a node; path: what is read of the node itself."""
    if isinstance(node, nodes.Getattr):
        yield from _read(node.node, (node.attr, *path))
    elif isinstance(node, nodes.Getitem) and isinstance(node.arg, nodes.Const):
        yield from _read(node.node, (node.arg.value, *path))
    elif isinstance(node, nodes.Test):
        yield from _read(node.node, (node.name,))
    elif isinstance(node, nodes.Name) and node.name in STEPS:
        yield STEPS[node.name], path
    else:
        for child in node.iter_child_nodes():
            yield from _read(child)
