# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the options are called by whoever wrote them, so that sentences name what the user has to write."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Final


@dataclasses.dataclass(frozen=True, slots=True)
class Words:
    """The vocabulary of one caller: names of options, and remedies that the caller can carry out."""

    name: str
    take_over: str
    replace_assigned: str
    filter_action: str
    """How to correct an option of a rule's filter action."""
    rules: str
    """What the rules come from."""
    block_other_peers: str
    block_ipv6: str
    ipv6_not_blocked: str
    """Why nothing is done about L2TP over IPv6."""
    remove_value: str
    """What removes ProhibitIpSec."""
    assign_policy: str
    """What puts a policy in force."""
    without_policy: str
    """How to set ProhibitIpSec without a policy that protects, as the end of a sentence; empty if that is
    impossible."""
    removes_only_recorded: bool
    """Whether removing ProhibitIpSec leaves a value of 1 if it is not known what was there before."""
    agent_first: str
    """What makes RemoteAccess wait for PolicyAgent."""
    own_addresses: str
    """How to correct the ends of a rule if they are not this host's."""

    def correct_filter_action(self, option: str, rule: str) -> str:
        """Return what to do if an option of the filter action lets L2TP of a rule through."""
        return self.filter_action.format(option=option, rule=repr(rule))

    def correct_addresses(self, rule: str) -> str:
        """Return what to do if neither end of a rule, or both, are this host's."""
        return self.own_addresses.format(rule=repr(rule))


TASK: Final = Words(
    name="name",
    take_over="take_over",
    replace_assigned="replace_assigned",
    filter_action="correct filter_action.{option} of the rule",
    rules="rules",
    block_other_peers="add a rule that blocks it (see 'all other L2TP' in the examples of win_ipsec_psk_policy)",
    block_ipv6="Set block_l2tp_over_ipv6 to true",
    ipv6_not_blocked="block_l2tp_over_ipv6 is false",
    remove_value="win_prohibit_ipsec with state absent",
    assign_policy="win_ipsec_psk_policy",
    without_policy=", or set require_effective_policy to false",
    removes_only_recorded=False,
    agent_first="policy_agent_first of win_ipsec_psk_policy",
    own_addresses="write the static address of its RRAS interface into the filter of the rule {rule}",
)
"""For a task in a playbook, which sets the options of the modules."""

ROLE: Final = Words(
    name="l2tp_policy_name",
    take_over="l2tp_take_over",
    replace_assigned="l2tp_replace_assigned",
    filter_action=(
        "correct {option} in filter_action of the connection {rule}, "
        "or in l2tp_default or l2tp_filter_action if it has none of its own"
    ),
    rules="l2tp_connections",
    block_other_peers="set l2tp_other_peers to block or certificate",
    block_ipv6="Set l2tp_other_peers to block or certificate and l2tp_block_over_ipv6 to true",
    ipv6_not_blocked="l2tp_other_peers is ignore, or l2tp_block_over_ipv6 is false",
    remove_value="the playbook rras.ipsec.remove",
    assign_policy="the playbook rras.ipsec.site",
    without_policy="",
    removes_only_recorded=True,
    agent_first="l2tp_policy_agent_first",
    own_addresses=(
        "write the static address of its RRAS interface into l2tp_address, or correct peers of the connection {rule}"
    ),
)
"""For the role l2tp, whose user sets its variables."""

CALLERS: Final[Mapping[str, Words]] = {"task": TASK, "role": ROLE}
