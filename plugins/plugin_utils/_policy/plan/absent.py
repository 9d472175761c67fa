# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From this collection's policies on a host to the plan that removes them and gives back what they replaced."""

from __future__ import annotations

import uuid
from collections.abc import Iterable

from ansible_collections.rras.ipsec.plugins.plugin_utils._policy import (
    changes,
    firewall_steps,
    services,
    store,
)
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.clear_text import Move
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.host import HostState
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.plan.automatic import (
    leaves_no_need_to_block,
    rule_stays,
    unblocking_flags,
    withdrawing_flags,
)
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.plan.generations import (
    assigned_first,
    has_name,
    has_staged_name,
    left_by_transaction,
    remaining,
    staying_paths,
    unneeded,
)
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.plan.plans import Plan
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.plan.refusals import (
    clear_text_warnings,
    refuse_dependency,
    with_value_given_back,
    withdrawal_refused,
)
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.plan.transactions import Intent, Transaction
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.registry import same
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.words import Words


def plan_absent(name: str, host: HostState, identity: uuid.UUID, words: Words, *, all_ours: bool) -> Plan:
    """Return the plan that removes a policy of ours and gives back what it replaced.

    all_ours: remove each policy of ours, whatever its name. The plan has a refusal if L2TP would be in clear text
    afterwards: that is, while ProhibitIpSec is or may be in effect, unless a policy that protects comes back.
    """
    named = [
        found
        for found in host.our_policies
        if all_ours or has_name(found, name) or (has_staged_name(found, name) and not host.store.assigns(found.path))
    ]
    # The assigned generation first: the diff and the sentences are about the first one.
    mine = assigned_first(host, (*named, *(found for found in left_by_transaction(host) if found not in named)))
    adopted = [each for each in host.adopted if all_ours or same(each.name, name)]
    theirs = [found for found in map(host.store.at, (each.path for each in adopted)) if found]
    unassigned = next((found for found in (*mine, *theirs) if host.store.assigns(found.path)), None)
    obsolete = unneeded(host, mine)
    # What only other people's policies use from now on is theirs.
    owned_after = remaining(obsolete, host) if staying_paths(host, mine) else ()
    adopted_after = tuple(each for each in host.adopted if each not in adopted)
    stays = bool(owned_after or adopted_after)
    # The dependency on PolicyAgent goes with the last policy of ours; sc.exe can't write every name that the list may
    # hold.
    if not stays:
        refuse_dependency(host, words, agent_first=False)
    intent, back = _after_removal(host, unassigned, stays=stays)
    switches = intent is not Intent.KEEP
    assigned = unassigned.name if unassigned else name
    given_back = tuple(each for each in host.taken_over if not stays or same(each.name, name))
    used_after = back.path if back else "" if unassigned else host.store.active_path
    # IPv6 stays blocked as long as anything of ours depends on that: a filter of version 1 does not cover IPv6.
    needs_no_block = not stays or leaves_no_need_to_block(host, used_after)
    flags = withdrawing_flags(host, back.policy if back else None, intent, (*mine, *theirs))
    return Plan(
        before=next(iter((*mine, *theirs)), None),
        before_assigned=unassigned is not None,
        after=None,
        removed=mine,
        transaction=Transaction(
            identity,
            intent,
            back.path if back else "",
            flags | unblocking_flags(host, wanted=needs_no_block),
            closes=firewall_steps.to_close(host) if unassigned or not stays else (),
        ),
        obsolete=obsolete,
        owned_after=owned_after,
        replaced_after=host.replaced if stays else "",
        taken_over_after=tuple(each for each in host.taken_over if each not in given_back),
        adopted_after=adopted_after,
        given_back=given_back,
        rule_changes=_gone(named or mine or (theirs if unassigned and switches else ())),
        services=() if stays else services.give_back(host),
        records=(
            *(["names given back"] if given_back else []),
            *(["no longer recorded as ours"] if adopted else []),
        ),
        unfinished=host.unfinished is not None,
        refusal=withdrawal_refused(host, assigned, back, words) if switches else "",
        lasting_refusal=(
            withdrawal_refused(with_value_given_back(host, words), assigned, back, words) if switches else ""
        ),
        warnings=(
            *(clear_text_warnings(host, Move.WITHDRAW, back, words) if switches else ()),
            *rule_stays(host, wanted=needs_no_block),
        ),
    )


def _gone(policies: Iterable[store.StoredPolicy]) -> dict[str, changes.Words]:
    """Return the changes to the rules of removed policies."""
    rules = (rule for found in policies for rule in found.policy.rules if rule.name)
    return {rule.name: (changes.Word.REMOVED,) for rule in rules}


def _after_removal(
    host: HostState, unassigned: store.StoredPolicy | None, *, stays: bool
) -> tuple[Intent, store.StoredPolicy | None]:
    """Return what a removal does to the assignment, and the policy that it assigns: the one assigned before us.

    unassigned: the assigned policy, if the removal is about it; stays: something else of ours is still on record. A
    policy that somebody assigned meanwhile stays assigned, as does another person's policy that we only used.
    """
    before_us = host.store.at(host.replaced)
    # Somebody assigned it again by hand, so there is nothing to do.
    if before_us and host.store.assigns(before_us.path):
        return Intent.KEEP, None
    if unassigned:
        return (Intent.ASSIGN if before_us else Intent.UNASSIGN), before_us
    returns = before_us is not None and not (host.store.active_path or stays)
    return (Intent.ASSIGN, before_us) if returns else (Intent.KEEP, None)
