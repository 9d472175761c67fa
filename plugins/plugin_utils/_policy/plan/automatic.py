# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What RRAS does by itself where ProhibitIpSec is not 1, and the rule of Windows Firewall beside it.

RRAS makes its automatic filters only when it starts, and not where one of the same specification is loaded (KB 248750).
"""

from __future__ import annotations

from ansible_collections.rras.ipsec.plugins.plugin_utils._policy import (
    clear_text,
    firewall,
    model,
    services,
)
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.clear_text import Cover
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.host import Host
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.plan.transactions import Flag, Intent


def rras_must_start(host: Host, after: model.Policy | None) -> bool:
    """Whether RRAS must start again when the assigned policy makes room for another one, or for none.

    RRAS makes its automatic filters only when it starts, and not where one of the same specification is loaded (KB
    248750). So what is unassigned may have been in their way.
    """
    active = host.store.active
    was_in_the_way = active is not None and clear_text.in_the_way(active.policy)
    uncovered = clear_text.cover(after.rules if after else ()) is not Cover.ALL
    return was_in_the_way and uncovered and host.services[services.RRAS].running and not host.prohibited


def withdrawing_flags(host: Host, after: model.Policy | None, intent: Intent) -> frozenset[Flag]:
    if intent not in (Intent.SWITCH, Intent.ASSIGN, Intent.UNASSIGN):
        return frozenset()
    if host.prohibited:
        return frozenset({Flag.PROHIBITED})
    return frozenset({Flag.RESTART_RRAS} if rras_must_start(host, after) else ())


def leaves_no_need_to_block(host: Host, assigned: str) -> bool:
    """Whether nothing needs our rule of Windows Firewall any more, with a policy assigned that may be nobody's.

    RRAS's automatic filters cover IPv6 too. Where it makes none, the rule stays as long as anything of ours does.
    """
    return makes_automatic_filters(host) and assigned.casefold() not in host.used


def makes_automatic_filters(host: Host) -> bool:
    return clear_text.makes_automatic_filters(prohibited=host.prohibited, in_effect=host.in_effect)


def unblocking_flags(host: Host, *, wanted: bool) -> frozenset[Flag]:
    return frozenset({Flag.UNBLOCK_IPV6} if wanted and services.unblock_ipv6(host) else ())


def rule_stays(host: Host, *, wanted: bool) -> tuple[str, ...]:
    """What must be said of our rule of Windows Firewall where it should go and can't."""
    found = host.windows_firewall
    if not (wanted and found.rules) or found.running:
        return ()
    stays = f"The rule {firewall.NAME} of Windows Firewall stays, because the service MpsSvc is not running; "
    return (f"{stays}start the service and run this task again.",)
