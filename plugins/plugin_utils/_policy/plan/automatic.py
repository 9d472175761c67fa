# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What RRAS does by itself if ProhibitIpSec is not 1, and the rule of Windows Firewall beside it.

RRAS makes its automatic filters only when it starts, and not if one of the same specification is loaded (KB 248750).
"""

from __future__ import annotations

from collections.abc import Iterable

from ansible_collections.rras.ipsec.plugins.plugin_utils._policy import (
    clear_text,
    firewall,
    firewall_steps,
    model,
    services,
    store,
)
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.clear_text import Cover
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.host import HostState
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.plan.transactions import Flag, Intent
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.registry import NameSet


def restarting_flags(
    host: HostState, after: model.Policy | None, going: Iterable[store.StoredPolicy | None]
) -> frozenset[Flag]:
    """Return the flags for restarting RRAS, and PolicyAgent before it, if policies make way for another one or none.

    going: the policies that lose their assignment, or that nobody will know to have been ours. RRAS makes its automatic
    filters only when it starts, and not if one of the same specification is loaded (KB 248750). So any of these
    policies may have kept it from making them, even if somebody else has unassigned the policy since. PolicyAgent
    releases its filters late, and nothing that it lists tells of a filter without addresses; once stopped, it holds
    none.
    """
    # To Windows, two filters are the same if addresses, ports and protocol are, whatever their actions (KB 248750).
    were_in_the_way = any(clear_text.in_the_way(found.policy) for found in going if found)
    uncovered = clear_text.cover(after.rules if after else ()) is not Cover.ALL
    if host.prohibited or not (were_in_the_way and uncovered and host.services[services.RRAS].running):
        return frozenset()
    # Under a domain policy, the agent never loaded the local filters.
    holds_filters = host.services[services.AGENT].running and not host.domain_policy
    return frozenset({Flag.RESTART_RRAS, Flag.RESTART_AGENT} if holds_filters else {Flag.RESTART_RRAS})


def withdrawing_flags(
    host: HostState, after: model.Policy | None, intent: Intent, gone: Iterable[store.StoredPolicy]
) -> frozenset[Flag]:
    """Return the flags of a commit that withdraws policies of ours, or replaces them by the declared one.

    after: the policy that is assigned then, if the commit decides that; gone: the policies that are deleted.
    """
    assigns = intent in (Intent.SWITCH, Intent.ASSIGN, Intent.UNASSIGN)
    # With the value, RRAS makes no automatic filters when it starts, so restarting it would not bring protection back.
    if host.prohibited:
        return frozenset({Flag.PROHIBITED} if assigns else ())
    active = host.store.active
    if not assigns:
        after = active.policy if active else None
    superseded = NameSet(host.in_force.obsolete if host.in_force else ())
    # If an unfinished commit replaced a policy, RRAS was restarted then, if it had to be.
    staying = superseded | {host.store.active_path}
    leaving = [found for found in gone if found.path not in staying]
    return restarting_flags(host, after, (*leaving, active if assigns else None))


def leaves_no_need_to_block(host: HostState, assigned: str) -> bool:
    """Return whether nothing needs our rule of Windows Firewall any more. assigned: the path of the assigned policy.

    RRAS's automatic filters cover IPv6, too. If it makes none, the rule stays as long as anything of ours does.
    """
    # Another person's policy has no claim to the rule, any more than to us; ours, or one used as ours, has.
    return makes_automatic_filters(host) and assigned not in host.used


def makes_automatic_filters(host: HostState) -> bool:
    return clear_text.makes_automatic_filters(prohibited=host.prohibited, in_effect=host.in_effect)


def unblocking_flags(host: HostState, *, wanted: bool) -> frozenset[Flag]:
    return frozenset({Flag.UNBLOCK_IPV6} if wanted and firewall_steps.unblock_ipv6(host) else ())


def rule_stays(host: HostState, *, wanted: bool) -> tuple[str, ...]:
    """Return what must be said of our rule of Windows Firewall if it should go but can't."""
    found = host.windows_firewall
    if not (wanted and found.rules) or found.running:
        return ()
    stays = f"The rule {firewall.NAME} of Windows Firewall stays, because the service MpsSvc is not running; "
    return (f"{stays}start the service and run this task again.",)
