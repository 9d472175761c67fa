# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From this collection's policies on a host to the plan that removes them and gives back what they replaced."""

from __future__ import annotations

import dataclasses
import uuid
from collections.abc import Iterable, Iterator

from ansible_collections.rras.ipsec.plugins.plugin_utils._policy import (
    changes,
    firewall_steps,
    services,
    store,
)
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.clear_text import Move
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.host import HostState, Theirs
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
    with_prohibit_ipsec_given_back,
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
    obsolete = unneeded(host, mine)
    removal = _Removal(
        name,
        host,
        identity,
        words,
        named=tuple(named),
        mine=mine,
        theirs=tuple(found for found in map(host.store.at, (each.path for each in adopted)) if found),
        obsolete=obsolete,
        # What only other people's policies use from now on is theirs.
        owned_after=remaining(obsolete, host) if staying_paths(host, mine) else (),
        adopted_after=tuple(each for each in host.adopted if each not in adopted),
    )
    # The dependency on PolicyAgent goes with the last policy of ours; sc.exe can't write every name that the list may
    # hold.
    if not removal.stays:
        refuse_dependency(host, words, agent_first=False)
    return removal.plan()


@dataclasses.dataclass(frozen=True, slots=True)
class _Removal:
    """The planning of one removal."""

    name: str
    host: HostState
    identity: uuid.UUID
    words: Words
    named: tuple[store.StoredPolicy, ...]
    """The policies of ours that were asked for."""
    mine: tuple[store.StoredPolicy, ...]
    """These, and what an unfinished transaction left; all of them are deleted."""
    theirs: tuple[store.StoredPolicy, ...]
    """The adopted policies that were asked for; they stay, and are no longer used."""
    obsolete: tuple[str, ...]
    owned_after: tuple[str, ...]
    adopted_after: tuple[Theirs, ...]

    def plan(self) -> Plan:
        intent, back = self._assignment()
        switches = intent is not Intent.KEEP
        given_back = self._given_back()
        needs_no_block = self._needs_no_block(back)
        withdrawn = self._withdrawn
        afterwards = with_prohibit_ipsec_given_back(self.host, self.words)
        return Plan(
            before=next(iter((*self.mine, *self.theirs)), None),
            before_assigned=withdrawn is not None,
            after=None,
            removed=self.mine,
            transaction=self._transaction(intent, back, needs_no_block=needs_no_block),
            obsolete=self.obsolete,
            owned_after=self.owned_after,
            replaced_after=self.host.replaced if self.stays else "",
            taken_over_after=tuple(each for each in self.host.taken_over if each not in given_back),
            adopted_after=self.adopted_after,
            given_back=given_back,
            rule_changes=_gone(self.named or self.mine or (self.theirs if withdrawn and switches else ())),
            services=() if self.stays else services.give_back(self.host),
            records=tuple(self._records(given_back)),
            unfinished=self.host.unfinished is not None,
            refusal=self._refusal(self.host, back) if switches else "",
            lasting_refusal=self._refusal(afterwards, back) if switches else "",
            warnings=(
                *(clear_text_warnings(self.host, Move.WITHDRAW, back, self.words) if switches else ()),
                *rule_stays(self.host, wanted=needs_no_block),
            ),
        )

    @property
    def stays(self) -> bool:
        """Whether anything of ours, or anything that we use, is still on record afterwards."""
        return bool(self.owned_after or self.adopted_after)

    @property
    def _withdrawn(self) -> store.StoredPolicy | None:
        """The assigned policy, if the removal is about it."""
        return next((found for found in (*self.mine, *self.theirs) if self.host.store.assigns(found.path)), None)

    def _assignment(self) -> tuple[Intent, store.StoredPolicy | None]:
        """Return what happens to the assignment, and the policy that is assigned then: the one assigned before us.

        A policy that somebody assigned meanwhile stays assigned, as does another person's policy that we only used.
        """
        before_us = self.host.store.at(self.host.replaced)
        # Somebody assigned it again by hand, so there is nothing to do.
        if before_us and self.host.store.assigns(before_us.path):
            return Intent.KEEP, None
        if self._withdrawn:
            return (Intent.ASSIGN if before_us else Intent.UNASSIGN), before_us
        returns = before_us is not None and not (self.host.store.active_path or self.stays)
        return (Intent.ASSIGN, before_us) if returns else (Intent.KEEP, None)

    def _transaction(self, intent: Intent, back: store.StoredPolicy | None, *, needs_no_block: bool) -> Transaction:
        flags = (
            *withdrawing_flags(self.host, back.policy if back else None, intent, (*self.mine, *self.theirs)),
            *unblocking_flags(self.host, wanted=needs_no_block),
        )
        closes = firewall_steps.to_close(self.host) if self._withdrawn or not self.stays else ()
        return Transaction(self.identity, intent, back.path if back else "", frozenset(flags), closes=closes)

    def _needs_no_block(self, back: store.StoredPolicy | None) -> bool:
        """Return whether our rule of Windows Firewall must go. back: the policy that is assigned again."""
        # IPv6 stays blocked as long as anything of ours depends on that: a filter of version 1 does not cover IPv6.
        used_after = back.path if back else "" if self._withdrawn else self.host.store.active_path
        return not self.stays or leaves_no_need_to_block(self.host, used_after)

    def _given_back(self) -> tuple[Theirs, ...]:
        """Return the policies of others that get their names back."""
        return tuple(each for each in self.host.taken_over if not self.stays or same(each.name, self.name))

    def _records(self, given_back: tuple[Theirs, ...]) -> Iterator[str]:
        if given_back:
            yield "names given back"
        if self.adopted_after != self.host.adopted:
            yield "no longer recorded as ours"

    def _refusal(self, host: HostState, back: store.StoredPolicy | None) -> str:
        return withdrawal_refused(host, self._withdrawn.name if self._withdrawn else self.name, back, self.words)


def _gone(policies: Iterable[store.StoredPolicy]) -> dict[str, changes.ChangeWords]:
    """Return the changes to the rules of removed policies."""
    rules = (rule for found in policies for rule in found.policy.rules if rule.name)
    return {rule.name: (changes.Word.REMOVED,) for rule in rules}
