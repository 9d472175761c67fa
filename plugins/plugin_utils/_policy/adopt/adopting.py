# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One policy as variables of the role."""

from __future__ import annotations

import dataclasses
import functools
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final, TypeVar

from ansible_collections.rras.ipsec.plugins.plugin_utils._policy import describe, model, network, store, texts
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.adopt import options
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.adopt.options import InexpressibleError
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.errors import RrasError
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.registry import SEPARATOR, NameSet

_DEFAULT_NAME: Final = "L2TP site to site"
_DEFAULT_POLLING: Final = 180
_NOT_A_WORD: Final = re.compile(r"[^a-z0-9]+")
_T = TypeVar("_T")
_L2TP: Final = model.Ports.one(1701)
_OTHERS: Final = frozenset(
    model.Filter(model.Address.me(), model.Address.any(), model.Protocol.UDP, source, destination)
    for source, destination in ((_L2TP, model.Ports.any()), (model.Ports.any(), _L2TP))
)


class AdoptError(RrasError):
    """There is nothing to adopt, or it is unclear what to adopt. The message is one sentence."""

    reason = "adopt"


@dataclasses.dataclass(frozen=True, slots=True)
class Place:
    """What is known of the server besides its store.

    `names`: the host that each l2tp_address belongs to; `own`: addresses of the server itself.
    """

    host: str
    names: Mapping[str, str]
    own: frozenset[str] = frozenset()


@dataclasses.dataclass(frozen=True, slots=True)
class Adopted:
    """The declaration of a policy.

    `variables`: the role's variables that differ from their defaults, by name. `keys`: the connection that each vault
    variable is for, by the variable's name. `peers`: the address of each peer that is not in the inventory, by the name
    invented for it. `left_out`: what no variable can express, a sentence each. Only if the server was read: `changes`,
    what else the playbook site would change, and `advice`, what to know about some variables, a sentence each.
    """

    variables: Mapping[str, Any]
    keys: Mapping[str, str]
    peers: Mapping[str, str]
    left_out: tuple[str, ...]
    changes: tuple[str, ...] = ()
    advice: tuple[str, ...] = ()


def chosen(found: store.Store, name: str) -> store.StoredPolicy:
    """Return the policy to adopt: the one with the name, if given, else the assigned one, else the only one.

    Raises `AdoptError` if there is none, or more than one.
    """
    candidates = found.find(name) if name else ((found.active,) if found.active else found.policies)
    if len(candidates) == 1:
        return candidates[0]
    if name:
        raise AdoptError(f"{len(candidates) or 'No'} policies are named {texts.quoted(name)}; write another name.")
    if not candidates:
        raise AdoptError("There is no IP security policy to adopt.")
    names = ", ".join(texts.quoted(each.shown_name) for each in candidates)
    raise AdoptError(f"No policy is assigned, and there are several ({names}); name one of them.")


def adopt(found: store.StoredPolicy, place: Place) -> Adopted:
    """Return the role's variables that declare a policy of a server. Raises `AdoptError`."""
    return _Adoption(found, place).result()


class _Adoption:
    """The adoption of one policy, while it is under way."""

    def __init__(self, found: store.StoredPolicy, place: Place) -> None:
        self._found = found
        self._policy = found.policy
        self._place = place
        self._left_out: list[str] = []
        self._keys: dict[str, str] = {}
        self._peers: dict[str, str] = {}
        self._own = ""
        self._used = NameSet([network.OTHER_PEERS_RULE])

    def result(self) -> Adopted:
        self._left_out += map(unreadable_sentence, self._found.unreadable)
        settings = dict(self._settings())
        self._own = self._own_address()
        connections = list(self._connections())
        variables = {"l2tp_address": self._own, "l2tp_connections": connections, **settings, **dict(self._others())}
        return Adopted(_with_shared_action(variables), self._keys, self._peers, tuple(self._left_out))

    def _connections(self) -> Iterator[dict[str, Any]]:
        """Yield the entries of l2tp_connections.

        An inactive default response rule is left out: the role writes one, too.
        """
        for number, rule in enumerate(sorted(self._policy.rules, key=lambda rule: rule.is_default_response), 1):
            if not self._treatment(rule) and (rule.active or not rule.is_default_response):
                make = functools.partial(self._connection, rule, number)
                yield from self._tried(_shown(rule, number), make)

    def _others(self) -> Iterator[tuple[str, Any]]:
        """Yield the variables for all other L2TP, if not the default.

        A policy that blocks anything never becomes "ignore".
        """
        rules = {treatment: rule for rule in self._policy.rules if (treatment := self._treatment(rule))}
        blocks = any(rule.active and rule.filter_action.action == model.Action.BLOCK for rule in self._policy.rules)
        if "certificate" in rules:
            yield "l2tp_other_peers", "certificate"
            authority = rules["certificate"].authentication[0].certificate_authority
            yield "l2tp_other_peers_certificate_authority", authority
        elif not blocks:
            yield "l2tp_other_peers", "ignore"

    def _settings(self) -> Iterator[tuple[str, Any]]:
        """Yield the variables for the whole policy that differ from their defaults."""
        policy = self._policy
        problem = texts.name_problem(policy.name)
        if problem:
            self._left_out.append(f"The name of the policy {problem}")
        elif policy.name != _DEFAULT_NAME:
            yield "l2tp_policy_name", policy.name
        interval = policy.polling_interval or model.DEFAULT_POLLING_INTERVAL
        for said in self._tried("the policy", lambda: options.minutes(interval, "it is checked for changes")):
            if said != _DEFAULT_POLLING:
                yield "l2tp_polling_interval", said
        for main_mode in self._tried("the policy", lambda: options.main_mode(policy.main_mode)):
            if main_mode:
                yield "l2tp_main_mode", main_mode

    def _tried(self, what: str, make: Callable[[], _T]) -> list[_T]:
        """Return a list of what `make` returns, or an empty list if that can't be expressed, and note the reason."""
        try:
            return [make()]
        except InexpressibleError as error:
            self._left_out.append(f"{what[0].upper()}{what[1:]} can't be declared: {error}.")
            return []

    def _treatment(self, rule: model.Rule) -> str:
        """Return how a rule treats all other L2TP if it is the role's own rule for that; otherwise the empty string."""
        if not rule.active or frozenset(rule.filters) != _OTHERS or len(rule.filters) != len(_OTHERS):
            return ""
        try:
            options.place(rule)
            if rule.filter_action.action == model.Action.BLOCK:
                return "block"
            types = [method.type for method in options.methods(rule)]
            certificate = types == [model.AuthenticationType.CERTIFICATE]
            return "certificate" if certificate and not options.filter_action(rule.filter_action) else ""
        except InexpressibleError:
            return ""

    def _connection(self, rule: model.Rule, number: int) -> dict[str, Any]:
        options.place(rule)
        source, destination = options.ends(rule)
        if self._own not in (source, destination):
            raise InexpressibleError(f"neither of its addresses is {self._own}, and a server has one l2tp_address")
        methods = options.methods(rule)
        action = options.filter_action(rule.filter_action)
        name = self._name(rule, number)
        said = [self._method(name, method) for method in methods]
        alone = len(said) == 1 and "kerberos" not in said[0]
        return {
            "name": name,
            "peers": [self._peer(source), self._peer(destination)],
            **(said[0] if alone else {"authentication": said}),
            **({"filter_action": action} if action else {}),
        }

    def _method(self, name: str, method: model.AuthenticationMethod) -> dict[str, Any]:
        """Return one authentication method of a connection; a key becomes a template of the variable for it."""
        if method.type == model.AuthenticationType.CERTIFICATE:
            return {"certificate_authority": method.certificate_authority}
        if method.type == model.AuthenticationType.KERBEROS:
            return {"kerberos": True}
        variable = self._variable(name)
        self._keys[variable] = name
        return {"preshared_key": f"{{{{ {variable} }}}}"}

    def _name(self, rule: model.Rule, number: int) -> str:
        """Return a connection's name: its rule's name, if valid and not taken, else one made from its number."""
        usable = not texts.name_problem(rule.name) and rule.name not in self._used
        name = rule.name if usable else _own_name(self._used, number)
        self._used = NameSet((*self._used, name))
        return name

    def _variable(self, name: str) -> str:
        """Return the name of the vault variable for a connection's key."""
        word = _NOT_A_WORD.sub("_", name.casefold()).strip("_")
        variable = f"vault_l2tp_{word}_key" if word else f"vault_l2tp_key_{len(self._keys) + 1}"
        return variable if variable not in self._keys else f"{variable}_{len(self._keys) + 1}"

    def _own_address(self) -> str:
        """Return the server's address in the filters of its connections; the most frequent one if it has several.

        Raises `AdoptError` if it can't be told from the addresses of its peers.
        """
        named = {address for address, host in self._place.names.items() if host == self._place.host}
        pairs = [pair for rule in self._policy.rules for pair in _pair(rule)]
        ends = Counter(address for pair in pairs for address in pair)
        known = [address for address, _times in ends.most_common() if address in named | self._place.own]
        if known or not pairs:
            return next(iter(known or sorted(named)), "")
        shared = [address for address, times in ends.items() if times == len(pairs) > 1]
        nobodys = [address for address in ends if address not in self._place.names]
        if len(shared) == 1 or len(nobodys) == 1:
            return shared[0] if len(shared) == 1 else nobodys[0]
        raise AdoptError(
            f"Which of the addresses {' and '.join(sorted(ends))} is that of {self._place.host} is not known; "
            "write it into its l2tp_address."
        )

    def _peer(self, address: str) -> str:
        if address == self._own:
            return self._place.host
        known = self._place.names.get(address)
        if known:
            return known
        name = f"peer-{address.replace('.', '-')}"
        self._peers[name] = address
        return name


def unreadable_sentence(item: store.Unreadable) -> str:
    """Return a sentence about an object that can't be read."""
    return f"{item.path.rpartition(SEPARATOR)[2]} can't be read: {item.reason}."


def _pair(rule: model.Rule) -> list[tuple[str, str]]:
    """Return the two ends of a rule, as a list of one, if the rule can be a connection; else an empty list."""
    try:
        options.place(rule)
        options.methods(rule)
        options.filter_action(rule.filter_action)
        return [options.ends(rule)]
    except InexpressibleError:
        return []


def _shown(rule: model.Rule, number: int) -> str:
    """Return a rule as named in a sentence: by number if it has no name of its own (see `model.Policy.named_rules`)."""
    if rule.is_default_response:
        return "the rule for default responses"
    return f"the rule {texts.quoted(describe.escaped(rule.name))}" if texts.is_visible(rule.name) else f"rule {number}"


def _own_name(used: NameSet, number: int) -> str:
    while f"rule {number}" in used:
        number += 1
    return f"rule {number}"


def _with_shared_action(variables: dict[str, Any]) -> dict[str, Any]:
    """Return the variables with the filter action moved out of the connections, if all of them have the same."""
    connections: Sequence[dict[str, Any]] = variables["l2tp_connections"]
    actions = [entry.get("filter_action") for entry in connections]
    if not actions or actions[0] is None or any(action != actions[0] for action in actions):
        return variables
    plain = [{name: value for name, value in entry.items() if name != "filter_action"} for entry in connections]
    return {**variables, "l2tp_connections": plain, "l2tp_filter_action": actions[0]}
