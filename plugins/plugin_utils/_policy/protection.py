# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a policy protects L2TP on a host. An assigned policy does not always protect."""

from __future__ import annotations

import dataclasses
import ipaddress
from collections.abc import Iterator

from ansible_collections.rras.ipsec.plugins.plugin_utils._policy import clear_text, describe, model, services
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.clear_text import Cover
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.findings import Identifier
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.host import HostState, StartType
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.registry import same
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.store import StoredPolicy
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.words import Words


@dataclasses.dataclass(frozen=True, slots=True)
class Obstacle:
    """Something that keeps a policy from protecting a host: a finding, before it has the host's name and a remedy."""

    identifier: Identifier
    problem: str
    """A clause that follows "On the host,"."""


NEEDED_SERVICES = ("PolicyAgent", "IKEEXT")
IPV6_IN_CLEAR_TEXT = "L2TP over IPv6 is in clear text on this host while ProhibitIpSec is in effect, because"
IPV6_REMEDY = "and check that Windows Firewall is on (the service MpsSvc and all profiles)."


def protects(rule: model.Rule) -> bool:
    """Return whether a rule negotiates security for L2TP and lets nothing through without it."""
    kept = clear_text.keeps_from_clear_text(rule) and rule.filter_action.negotiates
    return kept and any(clear_text.is_l2tp(filter_) for filter_ in rule.filters)


def connection_filters(policy: model.Policy) -> Iterator[model.Filter]:
    """Yield the filters, of the rules that protect, for L2TP between two single addresses."""
    for rule in policy.rules:
        if protects(rule):
            yield from (each for each in rule.filters if clear_text.is_l2tp(each) and all(map(_single, _ends(each))))


def cover(found: StoredPolicy | model.Policy | None) -> Cover:
    """Return how much of a host's L2TP a policy covers; never all if part of it can't be read: that may permit it."""
    policy = found.policy if isinstance(found, StoredPolicy) else found
    covered = clear_text.cover(policy.rules) if policy else Cover.NONE
    return Cover.CONNECTIONS if covered is Cover.ALL and _unread(found) else covered


def uncovered(found: StoredPolicy | model.Policy, words: Words) -> str:
    """Return what must be said if a policy covers some of a host's L2TP, but not all."""
    unread = _unread(found)
    if unread:
        return f"L2TP of this host may be in clear text, because {unread} of the policy {found.name!r} can't be read."
    return others_in_clear_text(words)


def why_open(policy: model.Policy) -> str:
    """Return why a policy does not keep L2TP from clear text, as a clause that names the rule."""
    for name, rule in policy.named_rules:
        how = clear_text.lets_through(rule)
        if how:
            return f"the rule {name!r} of the policy {policy.name!r} lets L2TP through ({how})"
    idle = [name for name, rule in policy.named_rules if not rule.active and any(map(clear_text.is_l2tp, rule.filters))]
    if idle:
        return f"the rule {idle[0]!r} of the policy {policy.name!r} is not active"
    return f"the policy {policy.name!r} has no rule that protects UDP port {clear_text.L2TP_PORT} in both directions"


def in_the_way(policy: model.Policy) -> str:
    """Return what must be said if RRAS makes no filters because of a policy that does not cover all L2TP."""
    return (
        f"L2TP of this host may be in clear text: a filter of the policy {policy.name!r} for all L2TP keeps RRAS from "
        "making its automatic filters, and its rules do not cover all L2TP."
    )


def others_in_clear_text(words: Words) -> str:
    """Return what must be said if the policy covers only its own connections."""
    return (
        "L2TP between this host and peers that no rule names is in clear text while ProhibitIpSec is in effect; "
        f"{words.block_other_peers}."
    )


def obstacles(host: HostState, name: str) -> tuple[Obstacle, ...]:
    """Return why the named policy does not protect this host's L2TP; none if it seems to.

    name: if empty, whichever policy is assigned. That the agent lists the addresses is necessary, but not sufficient.
    """
    found = host.store.active
    if host.domain_policy:
        return end_obstacles(host)
    if found is None:
        return (Obstacle(Identifier.POLICY_NOT_ASSIGNED, "no policy is assigned."),)
    if name and not same(found.policy.name, name):
        said = f"the policy {found.policy.name!r} is assigned, not {name!r}."
        return (Obstacle(Identifier.OTHER_POLICY_ASSIGNED, said),)
    without = () if any(connection_filters(found.policy)) else (_without_connection(found.policy),)
    return (*end_obstacles(host), *unreadable_obstacles(found), *without, *_of_filters(host, found.policy))


def end_obstacles(host: HostState) -> tuple[Obstacle, ...]:
    """Return why no rule of any local policy protects this host."""
    if host.domain_policy:
        said = f"a domain policy ({describe.quoted(host.domain_policy)}) overrides the local policy."
        return (Obstacle(Identifier.DOMAIN_POLICY_OVERRIDES, said),)
    stopped = [name for name in NEEDED_SERVICES if not host.services[name].running]
    return tuple(Obstacle(Identifier.SERVICE_NOT_RUNNING, f"the service {name} is not running.") for name in stopped)


def unreadable_obstacles(found: StoredPolicy) -> tuple[Obstacle, ...]:
    """Return which objects of a policy can't be read."""
    said = (f"{each.path} can't be read: {each.reason}." for each in found.unreadable)
    return tuple(Obstacle(Identifier.UNREADABLE_OBJECT, each) for each in said)


def rule_obstacles(host: HostState, rule: model.Rule) -> tuple[Obstacle, ...]:
    """Return why a rule of the assigned policy does not protect this host's L2TP."""
    return tuple(_of_filters(host, model.Policy("", rules=(rule,))))


def all_obstacles(host: HostState) -> tuple[Obstacle, ...]:
    """Return why the assigned policy, whichever it is, or one of its rules, does not protect this host."""
    found = host.store.active
    if found is None:
        return ()
    of_rules = () if end_obstacles(host) else (rule_obstacles(host, each) for each in found.policy.rules)
    each_once = dict.fromkeys(each for obstacles in of_rules for each in obstacles)
    return (*end_obstacles(host), *unreadable_obstacles(found), *each_once)


def ipv6_in_clear_text(host: HostState, words: Words) -> tuple[str, ...]:
    """Return what must be said of L2TP over IPv6 while ProhibitIpSec is there; nothing if something blocks it."""
    active = host.store.active
    if active is not None and clear_text.covers_ipv6(active.policy.rules):
        return ()
    return tuple(
        f"{IPV6_IN_CLEAR_TEXT} {obstacle} {words.block_ipv6}, {IPV6_REMEDY}"
        for obstacle in host.windows_firewall.obstacles[:1]
    )


def peers(host: HostState, policy: model.Policy) -> tuple[str, ...]:
    """Return the addresses at the other ends of the filters for L2TP between two addresses, in numerical order."""
    ends = {str(end.first) for each in connection_filters(policy) for end in _ends(each)}
    return tuple(sorted(ends - own_addresses(host), key=ipaddress.IPv4Address))


def own_addresses(host: HostState) -> frozenset[str]:
    """Return the IPv4 addresses of the host's interfaces."""
    return frozenset(entry.address for entry in host.addresses)


def idle_at_start(host: HostState) -> Iterator[Obstacle]:
    """Yield which of the needed services Windows does not start by itself."""
    for name in NEEDED_SERVICES:
        service = host.services[name]
        if service.running and service.start is not StartType.AUTO:
            kind = service.start.word if service.start is not None else "unknown"
            said = f"the service {name} does not start with Windows (its start type is {kind}; set it to auto)."
            yield Obstacle(Identifier.SERVICE_DISABLED, said)


def late_at_start(host: HostState, words: Words) -> Iterator[str]:
    """Yield what must be said if RRAS may start before PolicyAgent has loaded a policy."""
    rras = host.services[services.RRAS]
    if rras.start is not None and not services.depends_on_agent(rras):
        yield (
            f"The service {services.RRAS} does not wait for {services.AGENT} at boot, so L2TP of this host "
            f"may be in clear text until the policy is loaded; set {words.agent_first} to true."
        )


def unlisted(host: HostState, policy: model.Policy) -> Iterator[str]:
    """Yield which filters between two addresses PolicyAgent does not list, a sentence each."""
    for filter_ in connection_filters(policy):
        ends = [str(end.first) for end in _ends(filter_)]
        if not host.listed.issuperset(ends):
            yield f"PolicyAgent does not list the filter between {ends[0]} and {ends[1]}."


def foreign_addresses(host: HostState, policy: model.Policy, address: str = "") -> Iterator[str]:
    """Yield which filters between two addresses do not have exactly one end on this host, a sentence each.

    address: the end that must be this host's; if empty, either may be.
    """
    own = own_addresses(host)
    if address and address not in own:
        yield f"{address} is not an address of this host."
    for filter_ in connection_filters(policy):
        ends = [str(end.first) for end in _ends(filter_)]
        if address and address not in ends:
            yield f"the filter between {ends[0]} and {ends[1]} does not have the address {address}."
        elif not own.intersection(ends):
            yield f"neither {ends[0]} nor {ends[1]} is an address of this host."
        elif own.issuperset(ends):
            yield f"both {ends[0]} and {ends[1]} are addresses of this host."


def _unread(found: StoredPolicy | model.Policy | None) -> str:
    """Return the path of the first object of a policy that can't be read; empty if all can."""
    return found.unreadable[0].path if isinstance(found, StoredPolicy) and found.unreadable else ""


def _without_connection(policy: model.Policy) -> Obstacle:
    said = (
        f"the policy {policy.name!r} has no active rule that negotiates security for "
        f"UDP port {clear_text.L2TP_PORT} between two addresses."
    )
    return Obstacle(Identifier.CLEAR_TEXT_L2TP, said)


def _of_filters(host: HostState, policy: model.Policy) -> Iterator[Obstacle]:
    yield from (Obstacle(Identifier.ADDRESS_NOT_ON_HOST, each) for each in foreign_addresses(host, policy))
    yield from (Obstacle(Identifier.NOT_LOADED_BY_AGENT, each) for each in unlisted(host, policy))


def _ends(filter_: model.Filter) -> tuple[model.Address, model.Address]:
    return filter_.source, filter_.destination


def _single(address: model.Address) -> bool:
    return address.kind == model.AddressKind.SINGLE
