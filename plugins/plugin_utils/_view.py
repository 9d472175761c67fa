# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the role's steps see of a run: declarations and results of a host and of all hosts it is connected with."""

from __future__ import annotations

import copy
import dataclasses
import functools
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from ansible_collections.rras.ipsec.plugins.plugin_utils import _shape, _specs
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy import barrier, declaration, model
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy import network as networks
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.errors import NO_ANSWER, STOPPED
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.fleet import Fleet, Gate
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.network import (
    Entries,
    Network,
    Node,
    Written,
    expand,
)
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.results import (
    HostFacts,
    PolicyProof,
    PolicyResult,
    ProhibitIpSecResult,
    RestartResult,
    TaskResult,
    as_proof,
)

HostVars = Mapping[str, Mapping[str, Any]]

DECLARED = "__l2tp_declared"
"""The fact that holds what a host declares, wherever its variables were written."""
LINKS = "__l2tp_links"
"""The fact that holds a host's own connections (`links`), once they are known for all hosts."""
PLAYING = "__l2tp_playing"
"""The fact that holds the hosts of the play when the role began. The results of any other host are from an earlier
play."""
RESULTS = {
    Gate.PLAN: "__l2tp_plan",
    Gate.STAGE: "__l2tp_stage",
    Gate.COMMIT: "__l2tp_commit",
    Gate.PROOF: "__l2tp_proof",
}
AGAIN = "__l2tp_again"
PROHIBIT_IPSEC = "__l2tp_value"
RESTART = "__l2tp_restart"

_FILTER_ACTION = _specs.POLICY["rules"]["options"]["filter_action"]


def network(hostvars: HostVars, *hosts: str, whole: bool = False) -> dict[str, Node]:
    """Return the nodes that these hosts' connections lead to, directly or through others, if the inventory has them.

    whole: each with everything it declares; otherwise each with its own connections only, if they are known already.
    """
    reader = _DeclarationReader(hostvars, hosts[0] if hosts else "", whole=whole)
    found: dict[str, Node] = {}
    waiting = list(hosts)
    while waiting:
        name = waiting.pop()
        if name not in found and name in hostvars:
            found[name] = reader.node(name)
            waiting.extend(_peers(found[name]))
    return found


def neighbourhood(hostvars: HostVars, host: str, *, whole: bool = False) -> dict[str, Node]:
    """Return the nodes of a host and its direct peers, if the inventory has them. whole: as for `network`."""
    reader = _DeclarationReader(hostvars, host, whole=whole)
    own = reader.node(host)
    peers = [peer for peer in dict.fromkeys(_peers(own)) if peer != host and peer in hostvars]
    return {host: own, **{peer: reader.node(peer, beside=host) for peer in peers}}


def links(nodes: Network) -> dict[str, dict[str, Any]]:
    """Return, for each host that has any, its connections in order, and the positions of those with each peer."""
    found = {}
    for name, node in nodes.items():
        own = networks.links_of(node)
        if own:
            by_peer: dict[str, list[int]] = {}
            for number, entry in enumerate(own):
                for peer in entry["peers"]:
                    by_peer.setdefault(peer, []).append(number)
            found[name] = {"links": own, "with": by_peer}
    return found


def answers(hostvars: HostVars, host: str) -> dict[str, PolicyResult]:
    """Return what a host and its direct peers answered to the verification, without those that did not take part."""
    nodes = neighbourhood(hostvars, host)
    found = {name: verified(hostvars, name) for name in nodes if _plays(hostvars, host, name)}
    return {name: result for name, result in found.items() if result and not result.get("skipped")}


def verified(hostvars: HostVars, host: str) -> PolicyResult:
    """Return what a host answered to the verification, or how it failed."""
    result = policy_result(hostvars, host, RESULTS[Gate.PLAN])
    return result.get("failure") or result


def run(hostvars: HostVars, host: str) -> Fleet:
    """Return the part of the run that a host is connected with, directly or through others."""
    return _run(hostvars, host, network(hostvars, host))


def run_nearby(hostvars: HostVars, host: str) -> Fleet:
    """Return the part of the run that consists of a host and its direct peers."""
    return _run(hostvars, host, neighbourhood(hostvars, host))


def whole_run(hostvars: HostVars, hosts: Sequence[str]) -> Fleet:
    """Return the whole run of these hosts, and which machine answered under each of their names."""
    return dataclasses.replace(_run(hostvars, hosts[0], network(hostvars, *hosts)), machines=machines(hostvars, hosts))


def machines(hostvars: HostVars, hosts: Iterable[str]) -> dict[str, str]:
    """Return which machine answered under each name, if known: two names may be one machine, connected or not."""
    plans = {name: policy_result(hostvars, name, RESULTS[Gate.PLAN]) for name in hosts if name in hostvars}
    return {name: plan["host"].get("machine", "") for name, plan in plans.items() if "host" in plan}


def proofs(hostvars: HostVars, hosts: Iterable[str]) -> dict[str, PolicyProof]:
    """Return the last reading of each host: its proof, or else a plan that was not acted upon."""
    found = {name: _reading(hostvars, name) for name in hosts}
    return {name: as_proof(result) for name, result in found.items() if "matches" in result}


def last_facts(hostvars: HostVars, host: str) -> HostFacts | None:
    """Return the facts of a host's last reading; None if it was not read."""
    return _reading(hostvars, host).get("host")


def removal(hostvars: HostVars, host: str) -> tuple[PolicyResult, ProhibitIpSecResult]:
    """Return what the plan of a removal, and the task for ProhibitIpSec, answered on a host."""
    return policy_result(hostvars, host, RESULTS[Gate.PLAN]), value_result(hostvars, host)


def restarting(hostvars: HostVars, hosts: Iterable[str]) -> list[str]:
    """Return the hosts that need a restart."""
    return [host for host in hosts if _needs_restart(hostvars, host)]


def not_back(hostvars: HostVars, hosts: Iterable[str]) -> list[str]:
    """Return the hosts that were restarted and did not come back."""
    results = {host: restart_result(hostvars, host) for host in hosts if host in hostvars}
    return [host for host, result in results.items() if _is_lost(result)]


def policy_result(hostvars: HostVars, host: str, variable: str) -> PolicyResult:
    """Return the result of a phase of the policy, from the variable that holds it; empty if there is none."""
    result: PolicyResult | None = hostvars[host].get(variable)
    return result or {}


def value_result(hostvars: HostVars, host: str) -> ProhibitIpSecResult:
    """Return the result of the task for ProhibitIpSec; empty if there is none."""
    result: ProhibitIpSecResult | None = hostvars[host].get(PROHIBIT_IPSEC)
    return result or {}


def restart_result(hostvars: HostVars, host: str) -> RestartResult:
    """Return the result of the restart; empty if there is none."""
    result: RestartResult | None = hostvars[host].get(RESTART)
    return result or {}


def written(variables: Mapping[str, Any]) -> Written:
    """Return what a host's own variables say about connections, where the role did not run."""
    return _written(lambda option: _shape.plain(variables.get(f"l2tp_{option}")))


_NEITHER = (
    "l2tp_managed of {} is neither true nor false; "
    "write true, or write false for a far end that Ansible does not reach."
)

_MAIN_MODE: Final = {"main_mode": _specs.POLICY["main_mode"]}
_ONE_FILTER_ACTION: Final = {"filter_action": _FILTER_ACTION}


def main_mode(options: object) -> model.MainMode | None:
    """Return the key exchange that a variable declares, as the module reads it; None if the module would refuse it."""
    return _main_mode(as_json(options))


def filter_action(options: object) -> model.FilterAction | None:
    """Return the filter action that a variable declares, as the module reads it; None if the module would refuse it."""
    return _filter_action(as_json(options))


@functools.lru_cache
def _main_mode(text: str) -> model.MainMode | None:
    options = validated(_MAIN_MODE, text)
    try:
        return declaration.main_mode("main_mode", options) if options is not None else None
    except declaration.DeclarationError:
        return None


@functools.lru_cache
def _filter_action(text: str) -> model.FilterAction | None:
    options = validated(_ONE_FILTER_ACTION, text)
    try:
        return declaration.filter_action("filter_action", "", options) if options is not None else None
    except declaration.DeclarationError:
        return None


def validated(spec: Mapping[str, Any], text: str) -> Mapping[str, Any] | None:
    """Return the options with their defaults; None if they are no dictionary or have the wrong shape. text: JSON."""
    (name,) = spec
    if not text.startswith("{"):
        return None
    outcome = ArgumentSpecValidator(copy.deepcopy(dict(spec))).validate({name: json.loads(text)})
    return None if outcome.error_messages else outcome.validated_parameters[name]


def as_json(options: object) -> str:
    """Return the content of a variable as JSON."""
    return json.dumps(_shape.plain({} if options in (None, "") else options), default=str)


class _DeclarationReader:
    """A reader of what hosts declare, which reads only once what several of them share."""

    def __init__(self, hostvars: HostVars, host: str, *, whole: bool) -> None:
        """Make a reader for what one host sees."""
        self._hostvars = hostvars
        self._host = host
        self._whole = whole
        self._expanded: dict[tuple[int, ...], tuple[Written, Any, tuple[str, ...]]] = {}

    def node(self, name: str, beside: str = "") -> Node:
        """Read one host. beside: limits its own connections to those with that host."""
        variables, plays = self._hostvars[name], _plays(self._hostvars, self._host, name)
        known = None if self._whole or not plays else variables.get(LINKS)
        if known is None:
            return _node(name, variables, self._read, plays=plays)
        numbers = known["with"].get(beside, ()) if beside else range(len(known["links"]))
        links = Entries(known["links"][number] for number in numbers)
        return _node(name, variables, lambda _written: (links, ()), plays=plays)

    def _read(self, written: Written) -> tuple[Any, tuple[str, ...]]:
        """Return the connections between two peers, and which of their peers are not in the inventory."""
        key = tuple(map(id, (written.connections, written.default, written.preshared_keys)))
        if key not in self._expanded:
            connections = expand(written)
            self._expanded[key] = (written, connections, tuple(_unknown_peers(self._hostvars, connections)))
        _written, connections, unknown = self._expanded[key]
        return connections, unknown


def _peers(node: Node) -> list[str]:
    return [peer for entry in networks.entries(node.connections).by_peer.get(node.name, ()) for peer in entry["peers"]]


def _listed(connections: object) -> Sequence[Any]:
    return connections if isinstance(connections, list | tuple) else ()


def _unknown_peers(hostvars: HostVars, connections: object) -> list[str]:
    entries = [entry for entry in _listed(connections) if isinstance(entry, Mapping)]
    named = (peer for entry in entries for peer in _listed(entry.get("peers")) if isinstance(peer, str))
    return sorted({peer for peer in named if peer not in hostvars})


def _run(hostvars: HostVars, host: str, nodes: dict[str, Node]) -> Fleet:
    playing = [name for name in nodes if _plays(hostvars, host, name)]
    results = {name: _results(hostvars, name) for name in playing}
    without_value = {name: _without_value(hostvars, name) for name in playing}
    return Fleet(
        nodes,
        {name: answered for name, answered in results.items() if answered},
        {name: told for name, told in without_value.items() if told},
    )


def _plays(hostvars: HostVars, host: str, other: str) -> bool:
    """Return whether a host was in the play, and had not failed, when the role began for another one."""
    playing = hostvars[host].get(PLAYING)
    return playing is None or other in playing


def _reading(hostvars: HostVars, host: str) -> PolicyResult:
    gates = (Gate.PROOF, Gate.PLAN, Gate.STAGE)
    proof, plan, stage = (policy_result(hostvars, host, RESULTS[gate]) for gate in gates)
    if proof and not proof.get("skipped"):
        return proof  # a failed proof is no reading, and there is no other
    acted_upon = stage and not stage.get("skipped")
    return {} if acted_upon else plan


def _is_lost(restart: RestartResult) -> bool:
    """Return whether a host is gone since its restart; one that was stopped before its own restart is not."""
    failed = restart.get("failed") and restart.get("reason") != STOPPED
    return bool(failed or restart.get("unreachable"))


def _needs_restart(hostvars: HostVars, host: str) -> bool:
    return barrier.needs_restart(*removal(hostvars, host))


def _node(
    name: str, variables: Mapping[str, Any], read: Callable[[Written], tuple[Any, tuple[str, ...]]], *, plays: bool
) -> Node:
    """Make a node of what a host declares. All variables, a host's own or a peer's, are read here."""
    declared = (variables.get(DECLARED) or {}) if plays else {}

    def value(option: str, default: object = None) -> Any:  # noqa: ANN401 - any YAML
        return declared[option] if option in declared else variables.get(f"l2tp_{option}", default)

    written = _written(value)
    connections, unknown_peers = read(written)
    managed = _shape.truth(value("managed", default=True))
    return Node(
        name,
        connections,
        value("address"),
        managed=managed is not False,
        other_peers=value("other_peers", default="block"),
        certificate_authority=value("other_peers_certificate_authority"),
        main_mode=main_mode(value("main_mode")),
        filter_action=filter_action(value("filter_action")),
        own_filter_actions={
            entry["name"]: filter_action(entry["filter_action"])
            for entry in networks.entries(connections).by_peer.get(name, ())
            if entry.get("filter_action") and isinstance(entry.get("name"), str)
        },
        unknown_peers=unknown_peers,
        problems=() if managed is not None else (_NEITHER.format(name),),
        written=written,
    )


def _written(value: Callable[[str], Any]) -> Written:
    # In cores before 2.19, an undefined variable, or null, arrives as an empty text.
    found = (value(option) for option in ("connections", "default", "preshared_keys"))
    return Written(*(None if each == "" else each for each in found))


def _results(hostvars: HostVars, host: str) -> dict[Gate, PolicyResult]:
    found = {gate: policy_result(hostvars, host, name) for gate, name in RESULTS.items()}
    commit, again = found[Gate.COMMIT], policy_result(hostvars, host, AGAIN)
    if commit and again and not again.get("skipped"):
        found[Gate.COMMIT] = {"changed": True, **barrier.after_lost_answer(commit, again)}
    elif commit.get("unreachable") or commit.get("reason") == NO_ANSWER:
        found[Gate.COMMIT] = {**commit, "uncertain": True}  # nobody has asked again yet
    return {gate: result for gate, result in found.items() if result}


def _without_value(hostvars: HostVars, host: str) -> TaskResult:
    return barrier.without_value(value_result(hostvars, host), restart_result(hostvars, host))
