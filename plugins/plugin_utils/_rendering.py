# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is to be rendered, from a playbook's options or from inventory variables."""

from __future__ import annotations

import copy
import dataclasses
import json
from collections import ChainMap
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, cast

from ansible.errors import AnsibleFilterError, AnsibleUndefinedVariable
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.utils.display import Display

from ansible_collections.rras.ipsec.plugins.plugin_utils import _exposed, _settings, _shape, _specs, _view
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy import clear_text, codec, declaration, network, render
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.adopt import Place
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.errors import OptionsError, RrasError
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.words import ROLE, TASK, Words


def rendered(
    options: object, peer_type: object, keys: object, form: Callable[[render.Rendering], str], *, undo: bool = False
) -> str:
    """Return the policy that options declare in one form, for a filter. Raises `AnsibleFilterError` with one sentence.

    undo: the form removes the policy, so there is no need to warn of what stays in clear text.
    """
    try:
        return form(_fit(options, peer_type, keys, undo=undo))
    except (RrasError, codec.CodecError) as error:
        raise AnsibleFilterError(str(error)) from None


def refuse_clear_text(declared: declaration.Declaration) -> None:
    """Raise `OptionsError` if what is rendered, which sets ProhibitIpSec, would leave L2TP in clear text."""
    for rule in declared.policy.rules:
        why = clear_text.lets_through(rule)
        if why:
            raise OptionsError(
                f"The rule {rule.name!r} would leave L2TP in clear text, because {why}, and what is rendered sets "
                "ProhibitIpSec; correct the filter action of the rule."
            )
    covered = clear_text.cover(declared.policy.rules) if declared.assigned else clear_text.Cover.NONE
    if covered is clear_text.Cover.NONE:
        raise OptionsError(
            "No active rule of an assigned policy protects L2TP, and what is rendered sets ProhibitIpSec; declare a "
            "rule that negotiates security or blocks, for UDP 1701, and leave assigned true."
        )


def in_clear_text(declared: declaration.Declaration, peer_type: render.PeerType, words: Words = TASK) -> Iterator[str]:
    """Yield a sentence for each kind of L2TP that stays in clear text on a Windows server with the rendered policy."""
    if clear_text.cover(declared.policy.rules) is clear_text.Cover.CONNECTIONS:
        named = "connection" if words is ROLE else "rule"
        yield f"L2TP with peers that no {named} names {_IN_CLEAR_TEXT}; {words.block_other_peers}."
    if peer_type is render.PeerType.WINDOWS and not declared.block_ipv6:
        block = words.block_ipv6
        yield f"L2TP over IPv6 {_IN_CLEAR_TEXT}; {block[0].lower()}{block[1:]}."


_IN_CLEAR_TEXT: Final = "is in clear text once what is rendered is in force"
_FOR_FILTERS: Final = (render.PeerType.WINDOWS_2000, render.PeerType.WINDOWS)
"""The choices of a filter's option peer_type; strongSwan has a filter of its own."""


def flag(name: str, value: object) -> bool:
    """Read a boolean as Ansible's modules do. Raises `AnsibleFilterError`."""
    read = _shape.truth(value)
    if read is None:
        raise AnsibleFilterError(f"{name} is neither true nor false; write one of them.")
    return read


def kind(
    peer_type: object, where: str = "peer_type", choices: Sequence[render.PeerType] = tuple(render.PeerType)
) -> render.PeerType:
    """Return the type of a peer. Raises `OptionsError` if it is none of the choices."""
    found = next((each for each in choices if each == str(peer_type)), None)
    if found is None:
        *first, last = choices
        raise OptionsError(f"{where} is not one of its choices; write {', '.join(first)} or {last}.")
    return found


def declare(options: object) -> declaration.Declaration:
    """Return the declaration made by options of `win_ipsec_psk_policy`.

    Raises an `RrasError` that quotes none of them.
    """
    given = json.loads(_view.as_json(options))
    if not isinstance(given, Mapping):
        raise OptionsError("The options of the policy must be a dictionary; write name and rules.")
    _refuse(" ".join(_shape.problems(_specs.POLICY, given)))
    _refuse(" ".join(_shape.exposed(_shape.secrets(_specs.POLICY, given), _shape.shown(_specs.POLICY, given))))
    outcome = ArgumentSpecValidator(copy.deepcopy(_specs.POLICY)).validate(_without_nulls(given))
    if outcome.error_messages:
        _refuse("The options can't be used; please report it with the names of the options.")
    return declaration.declare(outcome.validated_parameters)


DEFAULTS: Final[Mapping[str, Any]] = {
    "l2tp_policy_name": "L2TP site to site",
    "l2tp_other_peers": "block",
    "l2tp_block_over_ipv6": True,
    "l2tp_filter_action": {},
    "l2tp_main_mode": {},
    "l2tp_polling_interval": 180,
}
"""The role's variables, besides the connections, that a rendering depends on, with the role's defaults."""
_NOT_SET: Final = (None, "")


def mirrored(hostvars: _view.HostVars, host: str) -> _view.HostVars:
    """Return the variables of all hosts; an unmanaged host gets the connections of its managed ends.

    What Ansible configures on those is what counts; nobody checked what the variables of the unmanaged end say.
    """
    if is_managed(hostvars, host):
        return hostvars
    theirs = {
        entry["name"]: entry
        for name in hostvars
        if name != host and is_managed(hostvars, name)
        for entry in _entries(hostvars[name])
        if {host, name} <= set(entry["peers"])
    }
    if not theirs:
        return hostvars
    kept = [entry for entry in _entries(hostvars[host]) if entry["name"] not in theirs]
    return ChainMap({host: _with(hostvars[host], [*theirs.values(), *kept])}, cast("dict[str, Any]", hostvars))


def is_managed(hostvars: _view.HostVars, host: str) -> bool:
    """Return whether Ansible reaches a host: l2tp_managed is anything but false."""
    return _shape.truth(hostvars[host].get("l2tp_managed", True)) is not False


@dataclasses.dataclass(frozen=True, slots=True)
class Declared:
    """What the inventory declares for one host."""

    nodes: network.Network
    host: str
    variables: Mapping[str, Any]

    @classmethod
    def of(cls, hostvars: _view.HostVars, host: str) -> Declared:
        seen = mirrored(hostvars, host)
        given = {name: hostvars[host].get(name, default) for name, default in DEFAULTS.items()}
        return cls(_view.network(seen, host), host, given)

    @property
    def is_connected(self) -> bool:
        """Whether any connection names the host."""
        return bool(network.connections_of(self.nodes, self.host))

    @property
    def secrets(self) -> list[str]:
        """The keys of all connections seen."""
        return [value for name, value in self._values if name == "preshared_key" and isinstance(value, str)]

    @property
    def given(self) -> list[Any]:
        """All values that the inventory gives.

        Before core 2.19, a template with an undefined variable stays in them as text.
        """
        return [*self.variables.values(), *(value for _name, value in self._values)]

    @property
    def options(self) -> dict[str, Any]:
        """The options of `win_ipsec_psk_policy` for this host."""
        node, given = self.nodes[self.host], self.variables
        return {
            "name": given["l2tp_policy_name"],
            "main_mode": _or_none(given["l2tp_main_mode"]),
            "polling_interval": given["l2tp_polling_interval"],
            "address": node.address or None,
            "block_l2tp_over_ipv6": given["l2tp_other_peers"] != "ignore"
            and _shape.truth(given["l2tp_block_over_ipv6"]),
            "rules": network.rules(
                self.nodes,
                self.host,
                other_peers=given["l2tp_other_peers"],
                certificate_authority=node.certificate_authority,
                filter_action=_or_none(given["l2tp_filter_action"]),
            ),
        }

    def problems(self, kinds: Mapping[str, render.PeerType]) -> list[str]:
        """Return what is wrong with the declaration, a sentence each. kinds: the type of each host, by name."""
        node = self.nodes[self.host]
        given = {**self.variables, "l2tp_other_peers_certificate_authority": node.certificate_authority}
        checked = {name: value for name, value in given.items() if value not in _NOT_SET}
        checked.pop("l2tp_other_peers")
        shown = list(_exposed.exposed(self.nodes, self.host, checked))
        written = node.as_written
        settings = list(_settings.problems(checked, written.connections, written.default))
        found = shown or [*settings, *network.problems(self.nodes, self.host)]
        if kinds[self.host] is render.PeerType.STRONGSWAN and node.managed:
            found.append(
                f"l2tp_peer_type of {self.host} is strongswan, but Ansible would connect to it as to a Windows server; "
                "write l2tp_managed: false."
            )
        return found or list(self._not_negotiable(kinds))

    @property
    def _values(self) -> list[tuple[str, Any]]:
        return [found for node in self.nodes.values() for found in _flat(node.connections)]

    def _not_negotiable(self, kinds: Mapping[str, render.PeerType]) -> Iterator[str]:
        """Yield what the ends can't agree on, given what the Windows of each supports; here, unmanaged ends count."""
        ends = {name: _as_it_runs(node, kinds[name]) for name, node in self.nodes.items()}
        for connection in network.connections_of(self.nodes, self.host):
            yield from network.not_negotiable(ends, connection.name, connection.peers)


def kinds(hostvars: _view.HostVars, hosts: Iterable[str]) -> dict[str, render.PeerType]:
    """Return the type of each host, by name. Raises `OptionsError`."""
    return {host: kind(hostvars[host].get("l2tp_peer_type", "windows"), f"l2tp_peer_type of {host}") for host in hosts}


def place_of(hostvars: _view.HostVars, host: str) -> Place:
    """Return what the inventory tells of this host and of the others. Raises `OptionsError`."""
    try:
        addresses = {name: hostvars[name].get("l2tp_address") for name in hostvars}
    except AnsibleUndefinedVariable:  # in older cores its text quotes values, and one of them may be a key
        raise OptionsError(
            "l2tp_address of a host needs a variable that is not defined; define it, or correct its name."
        ) from None
    named = {str(address): name for name, address in addresses.items() if address and name != host}
    own = {str(addresses[host]): host} if addresses.get(host) else {}
    return Place(host, {**named, **own})


def _fit(options: object, peer_type: object, keys: object, *, undo: bool) -> render.Rendering:
    known = peer_type if isinstance(peer_type, render.PeerType) else kind(peer_type, choices=_FOR_FILTERS)
    declared = declare(options)
    if known in _FOR_FILTERS:
        refuse_clear_text(declared)
        for sentence in () if undo else in_clear_text(declared, known):
            Display().warning(sentence)
    return render.fit(declared, known, keys=flag("keys", keys))


def _refuse(said: str) -> None:
    if said:
        raise OptionsError(said)


def _without_nulls(value: Any) -> Any:  # noqa: ANN401 - any YAML
    """Return a copy without the options that are null: null means left out."""
    if isinstance(value, Mapping):
        return {key: _without_nulls(item) for key, item in value.items() if item is not None}
    return [_without_nulls(item) for item in value] if isinstance(value, list) else value


def _with(variables: Mapping[str, Any], connections: list[Any]) -> Mapping[str, Any]:
    given = {"l2tp_connections": connections, "l2tp_default": {}, "l2tp_preshared_keys": {}}
    return ChainMap(given, cast("dict[str, Any]", variables))


def _entries(variables: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the connections between two peers that a host's variables declare, without entries of another form."""
    connections = network.expand(_view.written(variables))
    return [
        entry
        for entry in (connections if isinstance(connections, list | tuple) else ())
        if isinstance(entry, Mapping)
        and isinstance(entry.get("name"), str)
        and isinstance(entry.get("peers"), list | tuple)
        and all(isinstance(peer, str) for peer in entry["peers"])
    ]


def _flat(value: Any, name: str = "") -> Iterator[tuple[str, Any]]:  # noqa: ANN401 - any YAML
    """Yield every scalar in a variable, with the name of the option that it belongs to."""
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from _flat(item, str(key))
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _flat(item, name)
    else:
        yield name, value


def _as_it_runs(node: network.Node, peer_type: render.PeerType) -> network.Node:
    main_mode = node.main_mode
    if main_mode and peer_type is render.PeerType.WINDOWS_2000:
        main_mode = render.with_group_2(main_mode)
    return dataclasses.replace(node, managed=True, main_mode=main_mode)


def _or_none(value: Any) -> Any:  # noqa: ANN401 - any YAML
    """Return the value, or None for the forms that null takes in cores before 2.19."""
    return None if value in _NOT_SET else value
