# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a policy protects L2TP on a host. "Assigned" is not "protecting"."""

from __future__ import annotations

from collections.abc import Iterator

from ansible_collections.rras.ipsec.plugins.plugin_utils._policy import model
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.host import Host
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.store import StoredPolicy

L2TP_PORT = 1701
NEEDED_SERVICES = ("PolicyAgent", "IKEEXT")


def is_l2tp(filter_: model.Filter) -> bool:
    """Whether a filter is KB 240262's: UDP, port 1701 at one end (steps 14 and 15)."""
    ports = (filter_.source_port, filter_.destination_port)
    return filter_.protocol == model.Protocol.UDP and model.Ports.one(L2TP_PORT) in ports


def protects(rule: model.Rule) -> bool:
    """Whether a rule negotiates security for L2TP and lets nothing through without it."""
    action = rule.filter_action
    secure = action.negotiates and not action.accepts_unsecured and not action.falls_back_to_clear_text
    return rule.active and secure and any(is_l2tp(filter_) for filter_ in rule.filters)


def connection_filters(policy: model.Policy) -> Iterator[model.Filter]:
    """The filters for L2TP between two single addresses, of the rules that protect."""
    for rule in policy.rules:
        if protects(rule):
            yield from (each for each in rule.filters if is_l2tp(each) and all(map(_single, _ends(each))))


def obstacles(host: Host, name: str) -> tuple[str, ...]:
    """Why the policy of that name does not protect this host's L2TP; none when it does, as far as can be read.

    Each is one sentence. That the agent lists the addresses is necessary, not sufficient.
    """
    found = host.store.active
    if host.domain_policy:
        return (f"a domain policy ({host.domain_policy}) overrides the local policy.",)
    if found is None:
        return ("no policy is assigned.",)
    if found.policy.name.casefold() != name.casefold():
        return (f"the policy {found.policy.name!r} is assigned, not {name!r}.",)
    return (*_stopped(host), *_unprotected(host, found))


def own_addresses(host: Host) -> frozenset[str]:
    """The IPv4 addresses of the host's interfaces."""
    return frozenset(entry.address for entry in host.addresses)


def _stopped(host: Host) -> Iterator[str]:
    for name in NEEDED_SERVICES:
        if not host.services[name].running:
            yield f"the service {name} does not run."


def unlisted(host: Host, policy: model.Policy) -> Iterator[str]:
    """What PolicyAgent does not list of the filters between two addresses, a sentence each."""
    for filter_ in connection_filters(policy):
        ends = [str(end.first) for end in _ends(filter_)]
        if not host.listed.issuperset(ends):
            yield f"PolicyAgent does not list the filter between {ends[0]} and {ends[1]}."


def foreign_addresses(host: Host, policy: model.Policy) -> Iterator[str]:
    """Which filters between two addresses have no end on this host, a sentence each."""
    for filter_ in connection_filters(policy):
        ends = [str(end.first) for end in _ends(filter_)]
        if not own_addresses(host).intersection(ends):
            yield f"neither {ends[0]} nor {ends[1]} is an address of this host."


def _unprotected(host: Host, found: StoredPolicy) -> Iterator[str]:
    if not any(connection_filters(found.policy)):
        yield (
            f"the policy {found.policy.name!r} has no active rule that negotiates security for "
            f"UDP port {L2TP_PORT} between two addresses."
        )
    yield from foreign_addresses(host, found.policy)
    yield from unlisted(host, found.policy)


def _ends(filter_: model.Filter) -> tuple[model.Address, model.Address]:
    return filter_.source, filter_.destination


def _single(address: model.Address) -> bool:
    return address.kind == model.AddressKind.SINGLE
