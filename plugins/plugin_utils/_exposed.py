# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Finds keys that are part of a shown text: of names and addresses, chosen by a user or made by the role."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping

from ansible_collections.rras.ipsec.plugins.plugin_utils import _shape
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy import network as networks
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.network import OTHER_PEERS_RULE, Network, Written

_SHOWN = ("l2tp_policy_name", "l2tp_other_peers_certificate_authority")
"""The variables whose texts appear in results unchanged."""
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
"""The texts in the rule for all other L2TP."""


def exposes(nodes: Network, variables: Iterable[Mapping[str, object]]) -> bool:
    """Return whether any key of these hosts is part of any of their shown texts. If not, `exposed` finds nothing.

    Declarations that several hosts share are read once. variables: those of the role, for each host.
    """
    lists = {id(node.connections): node.as_written for node in nodes.values()}.values()
    declared = [_declared(each) for each in lists]
    secrets = {text for each in declared for _path, text in _shape.secrets(_CONNECTIONS, each)}
    secrets.update(text for each in lists for text in _keys(each))
    shown = {text for each in declared for _path, text in _shape.shown(_CONNECTIONS, each)}
    shown.update(text for _path, text in (*_made(nodes), *_addresses(nodes)))
    shown.update(text for each in variables for _name, text in _others(each))
    return bool(_found_in(secrets, (*shown, *_RULE_OF_THE_ROLE)))


def exposed(nodes: Network, host: str, variables: Mapping[str, object]) -> Iterator[str]:
    """Yield a sentence for each key of a host, and of all it is connected with, that is part of a shown text.

    This comes before any other check of the connections, because the sentence of that check may show the text.
    variables: those of the host's role, by name.
    """
    names = _differing(nodes, host)
    written = [(_of(host, name), nodes[name].as_written) for name in names]
    declared = [(of, _declared(each)) for of, each in written]
    found = [(f"{path}{of}", text) for of, each in declared for path, text in _shape.secrets(_CONNECTIONS, each)]
    found += [(f"A key in l2tp_preshared_keys{of}", text) for of, each in written for text in _keys(each)]
    first = {text: path for path, text in reversed(found) if len(text.strip()) > 1}  # one character is refused as a key
    texts = [(f"{path}{of}", text) for of, each in declared for path, text in _shape.shown(_CONNECTIONS, each)]
    texts += [*_made(nodes), *_others(variables), *_addresses(nodes)]
    bad = _found_in(first, [*(text for _path, text in texts), *_RULE_OF_THE_ROLE])
    secrets = [(path, text) for path, text in found if first.get(text) == path and text.casefold() in bad]
    yield from _shape.exposed(secrets, texts)
    for path, secret in secrets:
        if any(secret.casefold() in text.casefold() for text in _RULE_OF_THE_ROLE):
            yield f"{path} is part of a rule that the role writes, which is shown; write another key."


def _found_in(secrets: Iterable[str], texts: Collection[str]) -> set[str]:
    """Return the secrets that are part of a text, in any case. Each distinct length of a secret costs one pass."""
    by_length: dict[int, set[str]] = {}
    for folded in {each.casefold() for each in secrets if len(each.strip()) > 1}:
        by_length.setdefault(len(folded), set()).add(folded)
    found: set[str] = set()
    for length, wanted in by_length.items():
        for text in {each.casefold() for each in texts}:
            found |= wanted.intersection(text[start : start + length] for start in range(len(text) - length + 1))
    return found


def _declared(written: Written) -> dict[str, object]:
    return {"l2tp_connections": written.connections, "l2tp_default": written.default}


def _addresses(nodes: Network) -> Iterator[tuple[str, str]]:
    yield from ((f"l2tp_address of {node.name}", str(node.address)) for node in nodes.values() if node.address)


def _others(variables: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    yield from ((name, text) for name in _SHOWN if isinstance(text := variables.get(name), str))


def _differing(nodes: Network, host: str) -> Iterator[str]:
    """Yield the host itself, then the other hosts whose connections are declared differently from its own."""
    yield host
    yield from (name for name in nodes if name != host and nodes[name].as_written != nodes[host].as_written)


def _keys(written: Written) -> Iterator[str]:
    """Yield the keys in l2tp_preshared_keys, but no names: a key may have been written in the place of a name."""
    keys = written.preshared_keys
    yield from (key for key in keys.values() if isinstance(key, str)) if isinstance(keys, Mapping) else ()


def _made(nodes: Network) -> Iterator[tuple[str, str]]:
    """Yield the names of connections that nobody wrote: they are made from the name of a hub or mesh and its peers."""
    lists = {id(node.connections): node for node in nodes.values()}.values()
    names = {name for node in lists for name in networks.entries(node.connections).by_name}
    yield from (("the name of a connection of a hub or a mesh", name) for name in sorted(names))


def _of(host: str, name: str) -> str:
    return "" if name == host else f" of {name}"
