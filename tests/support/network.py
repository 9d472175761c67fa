# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A pair of servers and a branch in one inventory, and what they answer."""

from __future__ import annotations

import dataclasses
from typing import Any, cast

from ansible_collections.rras.ipsec.plugins.plugin_utils import _view
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.network import Node
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.results import PolicyProof

TOKYO, OSAKA, BRANCH = "rras-tokyo", "rras-osaka", "branch"
KEY = "The key of this pair, 1053"
PAIR: dict[str, Any] = {"name": "tokyo-osaka", "peers": [TOKYO, OSAKA], "preshared_key": KEY}
FAR: dict[str, Any] = {"name": "tokyo-branch", "peers": [TOKYO, BRANCH], "certificate_authority": "CN=Example"}
ADDRESSES = {TOKYO: "192.0.2.1", OSAKA: "192.0.2.2", BRANCH: "198.51.100.7"}


def network(*entries: Any, **given: Any) -> dict[str, Node]:
    """Return three servers that all declare the same connections; the branch is not managed."""
    addresses = ADDRESSES | given.get("addresses", {})
    own = given.get("own", {})
    return {
        name: Node(
            name,
            own.get(name, entries),
            addresses[name],
            managed=name != BRANCH,
            unknown_peers=given.get("unknown", ()),
        )
        for name in addresses
        if name not in given.get("without", ())
    }


def changed(servers: dict[str, Node], *hosts: str, **fields: Any) -> dict[str, Node]:
    """Return the same network with other values for some hosts' variables."""
    return {name: dataclasses.replace(node, **fields) if name in hosts else node for name, node in servers.items()}


DEFAULTS = {"main_mode": _view.main_mode({}), "filter_action": _view.filter_action({})}
NEITHER = (
    "l2tp_managed of rras-osaka is neither true nor false; write true, or write false for a far end that Ansible does "
    "not reach."
)

POLICY = "L2TP site to site"
PENDING = {"pending": True, "changed_rules": ["tokyo-osaka"]}
DEAD = {"unreachable": True, "msg": "Connection refused"}


def proof(value: int | None = 1, in_effect: str = "yes", **given: Any) -> PolicyProof:
    """Return what a host with the declared policy in force answers to a plan."""
    services = {"RemoteAccess": {"start": "auto", "running": True}} | given.pop("services", {})
    host = {
        "prohibit_ipsec": {"value": value, "in_effect": in_effect},
        "services": services,
        "loading_proved": given.pop("loading_proved", True),
        "l2tp_covered": given.pop("l2tp_covered", "all"),
        "l2tp_over_ipv6_obstacles": given.pop("l2tp_over_ipv6_obstacles", []),
        "policies": given.pop("policies", []),
        "assigned": given.pop("assigned", POLICY),
        "domain_policy": None,
        "unfinished_transaction": None,
        "l2tp_ports": given.pop("l2tp_ports", 128),
        "l2tp_ports_enabled_for": given.pop("l2tp_ports_enabled_for", dict.fromkeys(("remote_access", "routing"))),
        "addresses": given.pop("addresses", [{"address": f"192.0.2.{number}", "dynamic": False} for number in (1, 2)]),
        "listed_addresses": given.pop("listed_addresses", []),
        "connection_security_rules": given.pop("connection_security_rules", []),
        "obstacles": [],
    }
    comparison = {"policy": POLICY, "standing": "assigned", "has": [], "declared": [], "obstacles": []}
    comparison |= {"difference": [], "rules": given.pop("rules", [rule(), rule("tokyo-branch")])}
    comparison |= given.pop("comparison", None) or {}
    answer = {"matches": True, "obstacles": [], "refusal": "", "comparison": comparison, "host": host}
    return cast("PolicyProof", answer | given)


def obstacle(identifier: str, problem: str) -> dict[str, str]:
    """Return the data of an obstacle, which keeps a rule from protecting."""
    return {"identifier": identifier, "problem": problem}


def rule(name: str = "tokyo-osaka", state: str = "matches", **given: Any) -> dict[str, Any]:
    """Return how a host compares with the declaration in one rule."""
    lines = {"has": [], "declared": [], "key_fingerprints": ["run-one key"], "obstacles": []}
    return {
        "name": name,
        "state": state,
        "only_key": False,
        "ends_swapped": False,
        "treatment": "negotiated",
        "covered": True,
        **lines,
    } | given


OTHER_KEY = rule(state="differs", only_key=True, key_fingerprints=["run-another key"])
