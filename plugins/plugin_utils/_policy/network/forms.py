# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks the form of declared connections. Nothing that was written is quoted, because it may be a key."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, TypeGuard

from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.network.topologies import (
    AUTHENTICATION,
    MESH,
    PEERS,
    Written,
    is_topology,
)

_ENTRY: Final = ("name", "peers", "topology", "hub", *AUTHENTICATION, "filter_action")
_DEFAULT: Final = ("certificate_authority", "authentication", "filter_action")
_METHOD: Final = ("preshared_key", "certificate_authority", "kerberos")
_ONE_KEY: Final = (
    "would be one key for several connections; "
    "write a key for each into l2tp_preshared_keys, or let rras.ipsec.keys make them."
)


def malformed(written: Written) -> Iterator[str]:
    """Yield what is wrong with the form of what is written, a sentence each."""
    yield from _connections(written.connections)
    if written.default is not None:
        yield from _default(written.default)
    if written.preshared_keys is not None:
        yield from _keys(written.preshared_keys)


def _connections(entries: object) -> Iterator[str]:
    if not isinstance(entries, list | tuple):
        yield "l2tp_connections must be a list of connections; begin each with a dash."
        return
    for number, entry in enumerate(entries):
        where = f"l2tp_connections[{number}]"
        if isinstance(entry, Mapping):
            yield from _entry(where, entry)
        else:
            yield f"{where} must be a dictionary with name, peers and preshared_key or certificate_authority."


def _entry(where: str, entry: Mapping[str, Any]) -> Iterator[str]:
    if not entry.get("name", ""):
        yield f"{where}.name is missing; write a name for the connection, such as tokyo-osaka."
    elif not isinstance(entry["name"], str):
        yield f"{where}.name must be text; put it in quotes."
    yield from _topology(where, entry) if is_topology(entry) else _pair(where, entry.get("peers"))
    yield from _options(where, entry)
    if any(option not in _ENTRY for option in entry):
        yield f"{_unknown(where)} the options of a connection are {', '.join(_ENTRY)}."


def _pair(where: str, peers: object) -> Iterator[str]:
    if not _are_names(peers) or len(peers) < PEERS:
        yield f"{where}.peers must be the inventory names of two hosts; write, for example, [rras-tokyo, rras-osaka]."
    elif len(peers) > PEERS:
        yield (
            f"{where}.peers has more than two hosts; write topology: mesh to connect each of them with each, "
            "or hub: and the name of the one that is connected with the others."
        )


def _topology(where: str, entry: Mapping[str, Any]) -> Iterator[str]:
    peers, hub, topology = entry.get("peers"), entry.get("hub"), entry.get("topology")
    if topology is not None and hub is not None:
        yield f"{where} has both topology and hub; write one of them."
    elif hub is None and topology != MESH:
        yield f"{where}.topology must be mesh; for a hub, write hub: and the name of one of the peers."
    if not _are_names(peers) or len(peers) < PEERS:
        yield (
            f"{where}.peers must be the inventory names of two hosts or more; "
            "write, for example, [rras-tokyo, rras-osaka, rras-kyoto]."
        )
        return
    if len(set(peers)) < len(peers):
        yield f"{where}.peers names a host twice; delete one of the two."
    if hub is not None and hub not in peers:
        yield f"{where}.hub is not one of its peers; write the name of one of them, or add it to peers."


def _options(where: str, entry: Mapping[str, Any]) -> Iterator[str]:
    """Yield what is wrong with the options that a connection and the default share, and with the connection's key."""
    for option in ("preshared_key", "certificate_authority"):
        if not isinstance(entry.get(option), str | None):
            yield f"{where}.{option} must be text; put it in quotes."
    several = is_topology(entry)
    if several and entry.get("preshared_key") is not None:
        yield f"{where}.preshared_key {_ONE_KEY}"
    if entry.get("authentication") is not None:
        yield from _methods(f"{where}.authentication", entry["authentication"], several=several)
    if not isinstance(entry.get("filter_action"), Mapping | None):
        yield f"{where}.filter_action must be a dictionary with options of a filter action, such as pfs: true."


def _methods(where: str, methods: object, *, several: bool) -> Iterator[str]:
    if not isinstance(methods, list | tuple):
        yield f"{where} must be a list of methods in order of preference; begin each with a dash."
    elif not methods:
        yield f"{where} is empty; write {_either(_METHOD)}."
    else:
        for number, method in enumerate(methods):
            yield from _method(f"{where}[{number}]", method, several=several)


def _method(where: str, method: object, *, several: bool) -> Iterator[str]:
    if not isinstance(method, Mapping) or len(method) != 1 or not set(method) <= set(_METHOD):
        yield f"{where} must be a dictionary with exactly one of preshared_key, certificate_authority and kerberos."
        return
    ((option, value),) = method.items()
    if option == "kerberos" and value is not True:
        yield f"{where}.kerberos must be true; write true, or delete the method."
    elif option != "kerberos" and not isinstance(value, str):
        yield f"{where}.{option} must be text; put it in quotes."
    elif several and option == "preshared_key":
        yield f"{where}.preshared_key {_ONE_KEY}"


def _default(default: object) -> Iterator[str]:
    if not isinstance(default, Mapping):
        yield f"l2tp_default must be a dictionary; write {_either(_DEFAULT)}, each as 'option: value'."
        return
    if any(option not in _DEFAULT for option in default):
        yield f"{_unknown('l2tp_default')} the options are {', '.join(_DEFAULT)}."
        return
    if default.get("certificate_authority") is not None and default.get("authentication") is not None:
        yield "l2tp_default has both certificate_authority and authentication; write one of them."
    yield from _options("l2tp_default", {**default, "topology": MESH})  # the default is for several connections, too


def _keys(keys: object) -> Iterator[str]:
    if not isinstance(keys, Mapping):
        yield (
            "l2tp_preshared_keys must be a dictionary of keys by the names of their connections; "
            "write each as 'name: \"key\"'."
        )
    elif not all(isinstance(each, str) for pair in keys.items() for each in pair):
        yield "l2tp_preshared_keys has a name or a key that is not text; put both in quotes."


def _are_names(peers: object) -> TypeGuard[Sequence[str]]:
    return isinstance(peers, list | tuple) and all(isinstance(peer, str) for peer in peers)


def _either(options: Sequence[str]) -> str:
    *others, last = options
    return f"{', '.join(others)} or {last}"


def _unknown(where: str) -> str:
    return f"{where} has an unknown option (its name is not shown, because it may be a key);"
