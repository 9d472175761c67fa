# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What was read from a host, as data for results. Never a key, nor a digest of one."""

from __future__ import annotations

import dataclasses
from typing import Any, cast

from ansible_collections.rras.ipsec.plugins.plugin_utils._policy import clear_text, describe, protection, weaknesses
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.findings import Finding
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.host import HostState, Service
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.results import (
    FindingFacts,
    HostFacts,
    ObstacleFacts,
    PolicyFacts,
    ProhibitIpSecFacts,
    ServiceFacts,
)
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.store import StoredPolicy


def facts(host: HostState, key_word: describe.KeyWord) -> HostFacts:
    """Return everything that a user may want to know about a host."""
    active = host.store.active
    rules = active.policy.rules if active and not host.domain_policy else ()
    ipv6_obstacles = () if clear_text.covers_ipv6(rules) else host.windows_firewall.obstacles
    return {
        "policies": [_policy(found, host, key_word) for found in host.store.policies],
        "assigned": active.shown_name if active else None,
        "prohibit_ipsec": _prohibit_ipsec(host),
        "services": {name: _service(service) for name, service in host.services.items()},
        "domain_policy": host.domain_policy or None,
        "addresses": [{"address": entry.address, "dynamic": entry.dynamic} for entry in host.addresses],
        "listed_addresses": sorted(host.listed),
        "loading_proved": host.loading_proved,
        "l2tp_covered": str(protection.cover(None if host.domain_policy else active)),
        "l2tp_over_ipv6_blocked": not ipv6_obstacles,
        "l2tp_over_ipv6_obstacles": list(ipv6_obstacles),
        "machine": host.machine,
        "unfinished_transaction": str(host.unfinished.progress) if host.unfinished else None,
        "l2tp_ports": host.l2tp_ports.count,
        "l2tp_ports_enabled_for": {
            "remote_access": host.l2tp_ports.remote_access,
            "routing": host.l2tp_ports.routing,
            "outbound_routing": host.l2tp_ports.outbound_routing,
        },
        "connection_security_rules": list(host.windows_firewall.overlapping),
        "obstacles": [_obstacle(each) for each in protection.all_obstacles(host)],
        "policies_valid": host.policies_valid,
    }


def of_finding(found: Finding) -> FindingFacts:
    """Return a finding as data for results."""
    return cast("FindingFacts", fields(found))


def fields(item: Any) -> dict[str, Any]:  # noqa: ANN401 - any instance of a dataclass
    """Return the fields of an object as plain data: newer ansible-cores reject enumerations, and tuples in places."""
    return dataclasses.asdict(item, dict_factory=lambda items: {name: _plain(value) for name, value in items})


def _obstacle(found: protection.Obstacle) -> ObstacleFacts:
    return cast("ObstacleFacts", fields(found))


def _plain(value: Any) -> Any:  # noqa: ANN401 - a field of any object
    if isinstance(value, str):
        return str(value)
    return list(value) if isinstance(value, tuple) else value


def _prohibit_ipsec(host: HostState) -> ProhibitIpSecFacts:
    value = host.prohibit_ipsec
    return {
        "value": value.number if value else None,
        "kind": str(value.kind) if value else None,
        "in_effect": str(host.in_effect),
    }


def _policy(found: StoredPolicy, host: HostState, key_word: describe.KeyWord) -> PolicyFacts:
    return {
        **describe.details(found.policy, key_word),
        "guid": str(found.guid),
        "ours": found.path in host.used,
        "adopted": found.path in host.used - host.ours,
        "assigned": host.store.assigns(found.path),
        "open_keys": [found.rule_name(path) for path in found.open_keys],
        "unreadable": [{"path": entry.path, "reason": entry.reason} for entry in found.unreadable],
        "weaknesses": [{"rule": rule, "what": str(what)} for rule, what in weaknesses.of_policy(found.policy)],
    }


def _service(service: Service) -> ServiceFacts:
    return {
        "start": service.start.word if service.start is not None else None,
        "running": service.running,
        "depends_on": list(service.depends_on),
    }
