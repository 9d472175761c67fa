# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a task of the role sees of all hosts: the role's variables there, and the results of earlier tasks."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from ansible.errors import AnsibleError
from ansible.template import Templar

from ansible_collections.rras.ipsec.plugins.plugin_utils import _shape, _view
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.errors import NO_ANSWER, OptionsError
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.fleet import Gate
from ansible_collections.rras.ipsec.plugins.plugin_utils._role.shared import Shared

VARIABLES: Final = (
    "connections",
    "default",
    "preshared_keys",
    "address",
    "managed",
    "policy_name",
    "other_peers",
    "other_peers_certificate_authority",
    "filter_action",
    "main_mode",
    "polling_interval",
    "replace_assigned",
    "take_over",
    "forget_replaced",
    "remove_leftovers",
    "firewall",
    "block_over_ipv6",
    "policy_agent_first",
    "backup",
    "one_end",
    "verify_only",
    "fail_on",
    "accept",
    "report",
    "reboot",
    "reboot_serial",
    "reboot_timeout",
    "settle_timeout",
    "program_timeout",
    "host_timeout",
)
"""The role's variables, without the prefix l2tp_."""
PREFLIGHT: Final = "__l2tp_play"
"""The result of the first task, which runs once and reads the declarations of all hosts of the play."""
MACHINES: Final = "__l2tp_machines"
ORDER: Final = "__l2tp_order"
COMPARED: Final = "__l2tp_compared"
_OF_ALL: Final = (MACHINES, ORDER)
"""Results of tasks that run once for all hosts."""
_COMMITS: Final = ("__l2tp_commit_far", "__l2tp_commit_near")
"""Each host commits in one of two tasks."""
_RESULTS: Final = (
    *_view.RESULTS.values(),
    *_COMMITS,
    _view.AGAIN,
    _view.PROHIBIT_IPSEC,
    _view.RESTART,
    MACHINES,
    ORDER,
    COMPARED,
)


class PlayVars(Mapping[str, Mapping[str, Any]]):
    """Variables and results of each host, in the form in which `_view` reads them.

    A host of the play has the variables that the task has there, whatever set them: the inventory, the play, or
    parameters of the role, which the variable hostvars does not show. Only results from the same entry into the role
    count. A host outside the play has what the inventory says.
    """

    def __init__(self, task: Any, loader: Any, task_vars: Mapping[str, Any]) -> None:  # noqa: ANN401 - of Ansible
        """Make one for a task, with the task's variables on its own host."""
        self._task = task
        self._loader = loader
        self._task_vars = task_vars
        self._hostvars = task_vars["hostvars"]
        self._manager = self._hostvars._variable_manager  # noqa: SLF001 - as the strategies do; nothing else knows them
        self._inventory = self._manager._inventory  # noqa: SLF001
        self._read: dict[str, Mapping[str, Any]] = {}
        self._evaluated: dict[str, dict[str, Any]] = {}
        self._shared = Shared()
        self.host: str = task_vars["inventory_hostname"]

    @functools.cached_property
    def place(self) -> str:
        """An identifier of the place in a play where the role stands."""
        inner, role = self._task, self._task._role  # noqa: SLF001
        while inner._parent is not None and inner._parent._role is role:  # noqa: SLF001
            inner = inner._parent  # noqa: SLF001
        return f"{self._task.get_play()._uuid}/{inner._uuid}"  # noqa: SLF001

    @functools.cached_property
    def preflight(self) -> Mapping[str, Any]:
        """What the first task found; empty if it did not run for this entry into the role."""
        found = self._task_vars.get(PREFLIGHT) or {}
        return found["network"] if found.get("entry") == self.place and "network" in found else {}

    @property
    def entry(self) -> str:
        """An identifier of this entry into the role, even among several at the same place, as in a loop."""
        return str(self.preflight.get("token") or self.place)

    @functools.cached_property
    def playing(self) -> Sequence[str]:
        """The hosts of the play that had not failed when the role began."""
        return list(self.preflight.get("playing") or self._task_vars["ansible_play_hosts"])

    def declared(self, host: str) -> dict[str, Any]:
        """Return the role's variables on a host of the play, without their prefix, as plain data."""
        if host not in self._evaluated:
            known = (self.preflight.get("declared") or {}).get(host)
            self._evaluated[host] = known or self._evaluate(host)
        return self._evaluated[host]

    def own(self, name: str) -> Mapping[str, Any]:
        """Return a result of this host as its task gave it, whether or not the host's variables can be evaluated."""
        result = self._task_vars.get(name)
        return result if isinstance(result, Mapping) and self._counts(result, name, self.host) else {}

    def answer(self, name: str, result: Mapping[str, Any]) -> None:
        """Take this answer of the host as the result of an earlier task."""
        self._read[self.host] = {**self[self.host], name: result}

    def __getitem__(self, host: str) -> Mapping[str, Any]:
        if host not in self._read:
            self._read[host] = self._of_the_play(host) if host in self._playing else self._hostvars[host]
        return self._read[host]

    def __contains__(self, host: object) -> bool:
        return host in self._hostvars

    def __iter__(self) -> Iterator[str]:
        return iter(self._hostvars)

    def __len__(self) -> int:
        return len(self._hostvars)

    @functools.cached_property
    def _playing(self) -> frozenset[str]:
        return frozenset(self.playing)

    def _of_the_play(self, host: str) -> dict[str, Any]:
        variables = self._variables_of_results(host)
        found = {name: _outcome(variables[name]) for name in _RESULTS if self._counts(variables.get(name), name, host)}
        found.update({name: _lost(variables[name]) for name in _COMMITS if _is_cut_off(variables.get(name))})
        commits = [found[name] for name in _COMMITS if name in found and not found[name].get("skipped")]
        if commits:
            found[_view.RESULTS[Gate.COMMIT]] = commits[0]
        links = (self.preflight.get("links") or {}).get(host)
        return {**found, _view.DECLARED: self.declared(host), _view.PLAYING: self._playing, _view.LINKS: links}

    def _variables_of_results(self, host: str) -> Mapping[str, Any]:
        if host == self.host:
            return self._task_vars
        registered: Mapping[str, Any] = self._manager._nonpersistent_fact_cache.get(host) or {}  # noqa: SLF001
        return registered

    def _counts(self, result: object, name: str, host: str) -> bool:
        """Return whether a result is from this entry into the role, and of this host or of a task for all hosts."""
        if not isinstance(result, Mapping) or result.get("entry") != self.entry:
            return False
        return name in _OF_ALL or result.get("of") == host

    def _evaluate(self, host: str) -> dict[str, Any]:
        variables = dict(self._task_vars)
        if host != self.host:
            variables = self._manager.get_vars(
                play=self._task.get_play(), host=self._inventory.get_host(host), task=self._task
            )
        templar = Templar(loader=self._loader, variables=variables)
        return {name: self._evaluated_one(templar, host, f"l2tp_{name}", variables) for name in VARIABLES}

    def _evaluated_one(self, templar: Templar, host: str, name: str, variables: Mapping[str, Any]) -> Any:  # noqa: ANN401
        try:
            return self._shared.evaluated(variables.get(name), host, lambda raw: _shape.plain(templar.template(raw)))
        except AnsibleError:  # in older cores its text quotes values, and one of them may be a key
            raise OptionsError(
                f"{name} of {host} can't be evaluated; check that every variable in it is defined."
            ) from None


def _outcome(result: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what a step answered, or the failure that the next step reports in its place."""
    failure: Mapping[str, Any] | None = result.get("failure")
    return failure or result


def _is_cut_off(result: object) -> bool:
    """Return whether a task was ended from outside.

    Its result is then Ansible's, not the step's, and names no entry.
    """
    return isinstance(result, Mapping) and bool(result.get("failed")) and "entry" not in result


def _lost(result: Mapping[str, Any]) -> dict[str, Any]:
    """Return the result of a commit that was cut off: nobody knows what the host has."""
    return {**result, "reason": NO_ANSWER}
