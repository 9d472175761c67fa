# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hosts that are not the servers that the inventory takes them for."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping

from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.network import Network
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.results import HostFacts

Twins = tuple[str, str]
"""Two names of one machine."""


def mistakes(network: Network, read: Mapping[str, HostFacts]) -> dict[str, str]:
    """Return the hosts that are not the servers that the inventory takes them for, with the reason, a clause each.

    read: what was read of each host.
    """
    found: dict[str, str] = {}
    for one, other in twins({host: facts.get("machine", "") for host, facts in read.items()}):
        found.setdefault(one, _one_machine(one, other))
        found.setdefault(other, _one_machine(one, other))
    for host, text in _foreign_addresses(network, read):
        found.setdefault(host, text)
    return found


def twins(machines: Mapping[str, str]) -> Iterator[Twins]:
    """Yield each name whose machine already has an earlier name, after that earlier name. machines: by name."""
    first: dict[str, str] = {}
    for host, machine in sorted(machines.items()):
        other = first.setdefault(machine, host) if machine else host
        if other != host:
            yield other, host


def of_names(members: Collection[str], pairs: Iterable[Twins]) -> Iterator[str]:
    """Yield that a member is the same machine as another member, or as any other host of the play, a clause each."""
    return (_one_machine(*pair) for pair in pairs if any(name in members for name in pair))


def of_addresses(network: Network, read: Mapping[str, HostFacts]) -> Iterator[str]:
    """Yield that a host does not have its address, a clause each."""
    return (text for _host, text in _foreign_addresses(network, read))


def _one_machine(one: str, other: str) -> str:
    return (
        f"{one} and {other} are the same machine under two names; "
        f"correct ansible_host and ansible_port of {one} or {other}, or remove one of the names."
    )


def _foreign_addresses(network: Network, read: Mapping[str, HostFacts]) -> Iterator[tuple[str, str]]:
    """Yield each host that does not have its address, and a clause that says so."""
    has = {host: {entry["address"] for entry in facts["addresses"]} for host, facts in read.items()}
    for host, addresses in has.items():
        address = str(network[host].address or "")
        if not address or address in addresses:
            continue
        where = f"l2tp_address of {host} is {address}, but the server that answers as {host} has {_list(addresses)}"
        other = next((other for other in has if address in has[other]), "")
        if other:
            exchanged = f"l2tp_address, or ansible_host and ansible_port, of {host} and {other} may be swapped."
            yield host, f"{where}, and {address} is an address of the server that answers as {other}; {exchanged}"
        yield host, f"{where}; correct l2tp_address, or ansible_host and ansible_port, of {host}."


def _list(addresses: Iterable[str]) -> str:
    return ", ".join(sorted(addresses)) or "no static address"
