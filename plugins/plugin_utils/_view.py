# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the role's filters see of a run: declarations and results of a host and of all it is connected with."""

from __future__ import annotations

import copy
import dataclasses
import functools
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, cast

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from ansible_collections.rras.ipsec.plugins.plugin_utils import _shape, _specs
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy import barrier, declaration, model
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.barrier import Fleet, Gate
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.network import (
    OTHER_PEERS_RULE,
    Network,
    Node,
    Written,
    expand,
)
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.results import (
    HostFacts,
    PolicyProof,
    PolicyResult,
    ValueResult,
    as_proof,
)

HostVars = Mapping[str, Mapping[str, Any]]

DECLARED = "__l2tp_declared"
"""The fact in which the role keeps what a host declares, wherever its variables were written."""
PLAYING = "__l2tp_playing"
"""The fact in which the role keeps which hosts its play had when it began: what others tell is of an earlier play."""
RESULTS = {
    Gate.PLAN: "__l2tp_plan",
    Gate.STAGE: "__l2tp_stage",
    Gate.COMMIT: "__l2tp_commit",
    Gate.PROOF: "__l2tp_proof",
}
AGAIN = "__l2tp_again"
VALUE = "__l2tp_value"
RESTART = "__l2tp_restart"

_FILTER_ACTION = _specs.POLICY["rules"]["options"]["filter_action"]
_SHOWN = ("l2tp_policy_name", "l2tp_other_peers_certificate_authority")
"""The variables whose texts results show as they are."""
_AUTHENTICATION: _shape.Spec = {
    "preshared_key": {"no_log": True},
    "certificate_authority": {},
    "authentication": {
        "type": "list",
        "elements": "dict",
        "options": {"preshared_key": {"no_log": True}, "certificate_authority": {}},
    },
}
_CONNECTIONS: _shape.Spec = {
    "l2tp_connections": {
        "type": "list",
        "elements": "dict",
        "options": {
            "name": {},
            "peers": {"type": "list", "elements": "str"},
            **_AUTHENTICATION,
        },
    },
    "l2tp_default": {"type": "dict", "options": _AUTHENTICATION},
}
_RULE_OF_THE_ROLE = (OTHER_PEERS_RULE, "me", "any")
"""The texts of the rule for all other L2TP."""


def network(hostvars: HostVars, *hosts: str) -> dict[str, Node]:
    """The nodes that hosts' connections lead to, directly or over others, as far as the inventory has them."""
    found: dict[str, Node] = {}
    waiting = list(hosts)
    while waiting:
        name = waiting.pop()
        if name not in found and name in hostvars:
            found[name] = _complete(hostvars, hosts[0], name)
            waiting.extend(_peers(found[name]))
    return found


def neighbourhood(hostvars: HostVars, host: str) -> dict[str, Node]:
    """The nodes of a host and of its direct peers, as far as the inventory has them."""
    own = _complete(hostvars, host, host)
    peers = [peer for peer in dict.fromkeys(_peers(own)) if peer != host and peer in hostvars]
    return {host: own, **{peer: _complete(hostvars, host, peer) for peer in peers}}


def _complete(hostvars: HostVars, host: str, name: str) -> Node:
    node = _node(name, hostvars[name], plays=_plays(hostvars, host, name))
    return dataclasses.replace(node, unknown_peers=tuple(_unknown_peers(hostvars, node)))


def _peers(node: Node) -> list[str]:
    return [peer for entry in _listed(node.connections) if _names(entry, node.name) for peer in entry["peers"]]


def exposed(nodes: Network, host: str, variables: Mapping[str, object]) -> Iterator[str]:
    """Which keys are part of a text that is shown, a sentence each: those of a host, and of all it is connected with.

    Whatever else is wrong with the connections, for the sentence that says so may show the text. variables: those of
    the host's role, by name.
    """
    names = _differing(nodes, host)
    written = [(_of(host, name), nodes[name].as_written) for name in names]
    declared = [(of, {"l2tp_connections": each.connections, "l2tp_default": each.default}) for of, each in written]
    found = [(f"{path}{of}", text) for of, each in declared for path, text in _shape.secrets(_CONNECTIONS, each)]
    found += [(f"A key in l2tp_preshared_keys{of}", text) for of, each in written for text in _keys(each)]
    first = {text: path for path, text in reversed(found) if len(text.strip()) > 1}  # one character is refused as a key
    secrets = [(path, text) for path, text in found if first.get(text) == path]
    texts = [(f"{path}{of}", text) for of, each in declared for path, text in _shape.shown(_CONNECTIONS, each)]
    addresses = [(f"l2tp_address of {node.name}", str(node.address)) for node in nodes.values() if node.address]
    others = [(name, text) for name in _SHOWN if isinstance(text := variables.get(name), str)]
    yield from _shape.exposed(secrets, [*texts, *_made(nodes), *others, *addresses])
    for path, secret in secrets:
        if any(secret.casefold() in text.casefold() for text in _RULE_OF_THE_ROLE):
            yield f"{path} is part of a rule that the role writes, which is shown; write another key."


def _differing(nodes: Network, host: str) -> Iterator[str]:
    """The host, and those of the others that declare other connections than it."""
    yield host
    yield from (name for name in nodes if name != host and nodes[name].as_written != nodes[host].as_written)


def _keys(written: Written) -> Iterator[str]:
    """The keys that are written by the names of their connections; no name is shown, for a key may be in its place."""
    keys = written.preshared_keys
    yield from (key for key in keys.values() if isinstance(key, str)) if isinstance(keys, Mapping) else ()


def _made(nodes: Network) -> Iterator[tuple[str, str]]:
    """The names of connections that nobody wrote, because they are made of a name and its peers."""
    entries = (entry for node in nodes.values() for entry in _listed(node.connections) if isinstance(entry, Mapping))
    names = {name for entry in entries if isinstance(name := entry.get("name"), str)}
    yield from (("the name of a connection of a hub or a mesh", name) for name in sorted(names))


def _of(host: str, name: str) -> str:
    return "" if name == host else f" of {name}"


def _listed(connections: object) -> Sequence[Any]:
    return connections if isinstance(connections, list | tuple) else ()


def _names(entry: Any, host: str) -> bool:  # noqa: ANN401 - any YAML
    """Whether an entry of l2tp_connections names a host among its peers; false for an entry of another form."""
    peers = entry.get("peers") if isinstance(entry, Mapping) else None
    return isinstance(peers, list | tuple) and host in peers and all(isinstance(peer, str) for peer in peers)


def _unknown_peers(hostvars: HostVars, node: Node) -> list[str]:
    entries = [entry for entry in _listed(node.connections) if isinstance(entry, Mapping)]
    named = (peer for entry in entries for peer in _listed(entry.get("peers")) if isinstance(peer, str))
    return sorted({peer for peer in named if peer not in hostvars})


def answers(hostvars: HostVars, host: str) -> dict[str, PolicyResult]:
    """What each host that a host is directly connected with answered when it was verified, if it took part."""
    nodes = neighbourhood(hostvars, host)
    found = {name: verified(hostvars, name) for name in nodes if _plays(hostvars, host, name)}
    return {name: result for name, result in found.items() if result and not result.get("skipped")}


def verified(hostvars: HostVars, host: str) -> PolicyResult:
    """What a host answered when it was verified; that it failed, too."""
    result: Mapping[str, Any] = _policy_result(hostvars, host, RESULTS[Gate.PLAN])
    return cast("PolicyResult", result.get("failure") or result)


def run(hostvars: HostVars, host: str) -> Fleet:
    """The part of the run that a host is connected with."""
    return _run(hostvars, host, network(hostvars, host))


def run_nearby(hostvars: HostVars, host: str) -> Fleet:
    """The part of the run that a host is directly connected with."""
    return _run(hostvars, host, neighbourhood(hostvars, host))


def _run(hostvars: HostVars, host: str, nodes: dict[str, Node]) -> Fleet:
    results = {name: _results(hostvars, name) for name in nodes if _plays(hostvars, host, name)}
    return Fleet(nodes, {name: answered for name, answered in results.items() if answered})


def machines(hostvars: HostVars, hosts: Iterable[str]) -> dict[str, str]:
    """Which machine answered under each name, as far as it is known: two names may be one, whatever connects them."""
    plans = {name: _policy_result(hostvars, name, RESULTS[Gate.PLAN]) for name in hosts if name in hostvars}
    return {name: plan["host"].get("machine", "") for name, plan in plans.items() if "host" in plan}


def proofs(hostvars: HostVars, hosts: Iterable[str]) -> dict[str, PolicyProof]:
    """The last reading of each of the hosts: its proof, else a plan that was not acted upon."""
    found = {name: _reading(hostvars, name) for name in hosts}
    return {name: as_proof(result) for name, result in found.items() if "matches" in result}


def _plays(hostvars: HostVars, host: str, other: str) -> bool:
    """Whether a host was in the play, and had not failed, when the role began for another one."""
    playing = hostvars[host].get(PLAYING)
    return playing is None or other in playing


def _reading(hostvars: HostVars, host: str) -> PolicyResult:
    phases = (Gate.PROOF, Gate.PLAN, Gate.STAGE)
    proof, plan, stage = (_policy_result(hostvars, host, RESULTS[phase]) for phase in phases)
    if proof and not proof.get("skipped"):
        return proof  # one that failed is no reading, and there is no other
    acted_upon = stage and not stage.get("skipped")
    return {} if acted_upon else plan


def last_facts(hostvars: HostVars, host: str) -> HostFacts | None:
    """What was read of a host last, if it was read."""
    return _reading(hostvars, host).get("host")


def removal(hostvars: HostVars, host: str) -> tuple[PolicyResult, ValueResult]:
    """What the plan of a removal, and the task for ProhibitIpSec, answered on a host."""
    return _policy_result(hostvars, host, RESULTS[Gate.PLAN]), _value_result(hostvars, host, VALUE)


def restarting(hostvars: HostVars, hosts: Iterable[str]) -> list[str]:
    """Those of the hosts that need a restart."""
    return [host for host in hosts if _needs_restart(hostvars, host)]


def not_back(hostvars: HostVars, hosts: Iterable[str]) -> list[str]:
    """Those of the hosts that were restarted and did not come back."""
    results = {host: _value_result(hostvars, host, RESTART) for host in hosts if host in hostvars}
    return [host for host, result in results.items() if _is_lost(result)]


def _is_lost(restart: ValueResult) -> bool:
    """Whether a host is gone since its restart; one that was stopped before its own is not."""
    failed = restart.get("failed") and restart.get("reason") != "stopped"
    return bool(failed or restart.get("unreachable"))


def _needs_restart(hostvars: HostVars, host: str) -> bool:
    return barrier.needs_restart(*removal(hostvars, host))


def _policy_result(hostvars: HostVars, host: str, variable: str) -> PolicyResult:
    return cast("PolicyResult", hostvars[host].get(variable) or {})


def _value_result(hostvars: HostVars, host: str, variable: str) -> ValueResult:
    """The result of the task for ProhibitIpSec, or of the restart, of which nothing is read but whether it failed."""
    return cast("ValueResult", hostvars[host].get(variable) or {})


def _node(name: str, variables: Mapping[str, Any], *, plays: bool) -> Node:
    """Make a node of what a host declares: the one reading of these variables, a host's own ones or a peer's."""
    declared = (variables.get(DECLARED) or {}) if plays else {}

    def value(option: str, default: object = None) -> Any:  # noqa: ANN401 - any YAML
        return declared[option] if option in declared else variables.get(f"l2tp_{option}", default)

    written = _written(value)
    connections = expand(written)
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
            for entry in _listed(connections)
            if _names(entry, name) and entry.get("filter_action") and isinstance(entry.get("name"), str)
        },
        faults=() if managed is not None else (_NEITHER.format(name),),
        written=written,
    )


def written(variables: Mapping[str, Any]) -> Written:
    """What a host's own variables say of connections, where the role did not run."""
    return _written(lambda option: _shape.plain(variables.get(f"l2tp_{option}")))


def _written(value: Callable[[str], Any]) -> Written:
    # An undefined variable, or null, comes as an empty text from cores before 2.19.
    found = (value(option) for option in ("connections", "default", "preshared_keys"))
    return Written(*(None if each == "" else each for each in found))


_NEITHER = (
    "l2tp_managed of {} is neither true nor false; "
    "write true, or write false for a far end that Ansible does not reach."
)


_MAIN_MODE: Final = {"main_mode": _specs.POLICY["main_mode"]}
_ONE_FILTER_ACTION: Final = {"filter_action": _FILTER_ACTION}


def main_mode(options: object) -> model.MainMode | None:
    """The key exchange that a variable declares, read as the module does; None where the module would refuse it."""
    return _main_mode(as_json(options))


def filter_action(options: object) -> model.FilterAction | None:
    """The filter action that a variable declares, read as the module does; None where the module would refuse it."""
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
    """Fill the defaults in; None for what is no dictionary, or has not the shape of the spec. text: JSON."""
    (name,) = spec
    if not text.startswith("{"):
        return None
    outcome = ArgumentSpecValidator(copy.deepcopy(dict(spec))).validate({name: json.loads(text)})
    return None if outcome.error_messages else outcome.validated_parameters[name]


def as_json(options: object) -> str:
    """Return what a variable holds as JSON."""
    return json.dumps(_shape.plain({} if options in (None, "") else options), default=str)


def _results(hostvars: HostVars, host: str) -> dict[Gate, PolicyResult]:
    found = {phase: _policy_result(hostvars, host, name) for phase, name in RESULTS.items()}
    commit, again = found[Gate.COMMIT], _policy_result(hostvars, host, AGAIN)
    if commit and again and not again.get("skipped"):
        found[Gate.COMMIT] = {"changed": True, **barrier.after_lost_answer(commit, again)}
    elif commit.get("unreachable") or commit.get("reason") == "no_answer":
        found[Gate.COMMIT] = {**commit, "uncertain": True}  # nobody asked again yet
    value, restart = (_value_result(hostvars, host, name) for name in (VALUE, RESTART))
    found[Gate.WITHOUT_VALUE] = cast("PolicyResult", barrier.without_value(value, restart))
    return {phase: result for phase, result in found.items() if result}
