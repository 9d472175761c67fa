# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the role configures on a server besides its policy: what the server lacks is declared off, or reported."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from typing import Any, Final

from ansible_collections.rras.ipsec.plugins.plugin_utils._policy import (
    describe,
    firewall_steps,
    host,
    services,
    steps,
    store,
    texts,
)
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.adopt.adopting import Adopted

_OTHER_PEERS: Final = "l2tp_other_peers"
_DECLINED: Final = {
    "l2tp_policy_agent_first": "RemoteAccess does not wait for PolicyAgent at boot",
    "l2tp_block_over_ipv6": "no rule of Windows Firewall blocks L2TP over IPv6",
}


def with_surroundings(adopted: Adopted, found: store.StoredPolicy, seen: host.HostState) -> Adopted:
    """Return the adoption with what else was seen of the server: variables, and what the playbook site would change."""
    more = dict(_variables(adopted.variables, seen))
    declined = (f"{name} is false, because {_DECLINED[name]}; true is safer." for name in more if name in _DECLINED)
    return dataclasses.replace(
        adopted,
        variables={**adopted.variables, **more},
        changes=tuple(_changes(found, seen)),
        advice=(*declined, *_about_take_over(found, seen)),
    )


def _variables(said: Mapping[str, Any], seen: host.HostState) -> Iterator[tuple[str, bool]]:
    if services.take(seen, agent_first=True) != services.take(seen, agent_first=False):
        yield "l2tp_policy_agent_first", False
    if said.get(_OTHER_PEERS) != "ignore" and firewall_steps.block_ipv6(seen):
        yield "l2tp_block_over_ipv6", False
    if seen.windows_firewall.peers:
        yield "l2tp_firewall", True


def _changes(found: store.StoredPolicy, seen: host.HostState) -> Iterator[str]:
    if not seen.store.assigns(found.path):
        yield "The policy is not assigned; site assigns it."
    if not seen.prohibited:
        yield "ProhibitIpSec is not 1; site sets it, and restarts the server."
    programs = (step for step in services.take(seen, agent_first=False) if isinstance(step, steps.RunProgram))
    for name in dict.fromkeys(step.arguments.split(" ")[1] for step in programs):
        yield f"The service {name} is not running, or does not start with Windows; site corrects both."
    for path in found.open_keys:
        rule = texts.quoted(describe.escaped(found.rule_name(path)))
        yield (
            f"Users who are not administrators can read the preshared key of the rule {rule}; site removes their "
            "access."
        )


def _about_take_over(found: store.StoredPolicy, seen: host.HostState) -> Iterator[str]:
    if found.path not in seen.used:
        yield (
            "This collection did not write the policy, or has no record of it: site leaves it as it is. Set "
            "l2tp_take_over to true before you declare something else, such as another key."
        )
