# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What this collection left on a host and nobody declares any more, and what a removal would do with it.

Our record on the host tells what is ours, whatever its name.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.network import Node
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.registry import same
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.results import (
    HostFacts,
    PolicyFacts,
    PolicyResult,
    ProhibitIpSecResult,
)

Left = tuple[str, str]
"""A sentence that says what is left, and one that says what to do about it."""

NEVER = "never"
_ALONE = "a task with the module win_ipsec_psk_policy deletes it alone"


def why_unconnected(node: Node) -> str:
    """Return why a host has no connection, as the beginning of a sentence."""
    why = f"No connection names {node.name}" if node.connections else f"l2tp_connections is empty for {node.name}"
    return f"{why} (not in the inventory: {', '.join(node.unknown_peers)})" if node.unknown_peers else why


def unconnected(node: Node, facts: HostFacts) -> Iterator[Left]:
    """Yield what is left on a host that no connection names."""
    for policy in _ours(facts):
        yield (
            f"{why_unconnected(node)}, but the policy {policy['name']!r} of this collection is still {_place(policy)}.",
            f"Declare its connection again, or run remove for {node.name}.",
        )


def under_other_names(host: str, facts: HostFacts, name: str) -> Iterator[Left]:
    """Yield the policies of ours on a host that don't have the declared name."""
    for policy in _ours(facts):
        if not same(policy["name"], name):
            there = f"is still {_place(policy)} on {host}"
            yield (
                f"The policy {policy['name']!r} of this collection {there}, but l2tp_policy_name is {name!r}.",
                f"Run remove and then site for {host} to delete it; {_ALONE}.",
            )


def removal(host: str, planned: PolicyResult, value: ProhibitIpSecResult, reboot: str) -> Iterator[str]:
    """Yield what a removal would do with a host, in order.

    planned, value: what the plan of the removal, and the task for ProhibitIpSec, answered; reboot: the role's option.
    """
    used = _ours(planned["host"])
    policies = [repr(policy["name"]) for policy in used]
    if value["changed"]:
        given_back = "be removed" if value["value"] is None else f"become {value['value']}"
        yield f"On {host}, ProhibitIpSec would {given_back}."
    if value["reboot_required"] and reboot == NEVER:
        kept = f"{_list(policies)} would stay in force" if policies else "nothing more would be done"
        yield f"{host} would still need a restart, and {kept} until then, because l2tp_reboot is never."
        return
    if value["reboot_required"]:
        yield f"{host} would be restarted, because Windows runs with ProhibitIpSec."
    if used:
        yield from _of_policies(host, planned, used)
    elif planned["pending"]:
        yield f"What an earlier run left would be deleted from {host}."
    elif not (value["changed"] or value["reboot_required"]):
        yield f"Nothing on {host} belongs to this collection."


def staying(host: str, facts: HostFacts, name: str) -> Iterator[str]:
    """Yield that a removal leaves an assigned policy of that name, because it is not on record."""
    for policy in facts["policies"]:
        if policy["assigned"] and not policy["ours"] and same(policy["name"], name):
            yield (
                f"On {host}, the policy {policy['name']!r} stays assigned, because this collection did not write it, "
                "or has no record of it."
            )


def _place(policy: PolicyFacts) -> str:
    return "assigned" if policy["assigned"] else "in the store"


def _ours(facts: HostFacts) -> list[PolicyFacts]:
    """Return the policies that this collection uses, the assigned one first."""
    used = (policy for policy in facts["policies"] if policy["ours"])
    return sorted(used, key=lambda policy: (not policy["assigned"], policy["name"]))


def _of_policies(host: str, planned: PolicyResult, used: Sequence[PolicyFacts]) -> Iterator[str]:
    """Yield what becomes of the policies that this collection uses: its own are deleted, earlier ones stay."""
    after = planned["assigned_after"]
    switched = f"{after!r} would be assigned again" if after else "no policy would be assigned"
    deleted = [policy for policy in used if not policy["adopted"]]
    if deleted:
        many = "policies" if len(deleted) > 1 else "policy"
        then = f", and {switched}" if any(policy["assigned"] for policy in deleted) else ""
        yield f"The {many} {_list([repr(policy['name']) for policy in deleted])} would be deleted from {host}{then}."
    for policy in used:
        if policy["adopted"]:
            stays = "" if not policy["assigned"] or policy["name"] == after else f", and {switched}"
            yield f"On {host}, the policy {policy['name']!r} would stay, because it was there before{stays}."


def _list(names: Sequence[str]) -> str:
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))
