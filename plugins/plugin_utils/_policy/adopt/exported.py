# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is wrong with a store that is known from an export only. What an export doesn't tell is not guessed."""

from __future__ import annotations

from collections.abc import Iterator

from ansible_collections.rras.ipsec.plugins.plugin_utils._policy import (
    describe,
    facts,
    findings,
    host,
    store,
    weaknesses,
)
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.adopt.adopting import unreadable_sentence
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.registry import Tree
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.render.rendering import preshared_keys
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.results import HostFacts, ServiceFacts

_RUNNING: ServiceFacts = {"start": host.StartType.AUTO.word, "running": True, "depends_on": []}


def export_findings(name: str, tree: Tree) -> Iterator[str]:
    """Yield the findings of an export, a sentence each. name: the server's."""
    found = store.Store.read(tree)
    if found.active is None:
        yield f"No policy is assigned on {name}."
    yield from map(unreadable_sentence, found.unreadable)
    seen = _facts(tree)
    yield from (finding.problem for finding in _of_the_value(name, tree, seen))
    if host.RASMAN not in tree:
        yield f"The export does not hold {host.RASMAN}, so it does not tell whether ProhibitIpSec is set on {name}."
    yield from (finding.problem for finding in weaknesses.find(name, seen))
    for called, rule in found.active.policy.named_rules if found.active else ():
        for weak in filter(None, map(weaknesses.of_key, preshared_keys(rule))):
            yield f"The preshared key of the rule {describe.shown(called)} on {name} {weak}."


def _of_the_value(name: str, tree: Tree, seen: HostFacts) -> Iterator[findings.Finding]:
    """Yield the findings that depend on ProhibitIpSec, if the export holds the key of that value."""
    if host.RASMAN in tree:
        yield from findings.of_the_value(name, seen)
        yield from findings.find(name, seen)


def _facts(tree: Tree) -> HostFacts:
    """Return the facts of a server that is taken to be running, with nothing known of its firewall and services."""
    seen = facts.facts(host.understand(tree, {}, "", {}), lambda _rule, _method: "not shown")
    return {
        **seen,
        "services": dict.fromkeys(seen["services"], _RUNNING),
        "l2tp_over_ipv6_obstacles": [],
    }
