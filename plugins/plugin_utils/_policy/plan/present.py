# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From a declared policy and the state of a host to the smallest plan."""

from __future__ import annotations

import dataclasses
import uuid
from collections.abc import Collection, Iterator
from typing import Final

from ansible_collections.rras.ipsec.plugins.plugin_utils._policy import (
    changes,
    clear_text,
    firewall,
    firewall_steps,
    model,
    protection,
    services,
    store,
)
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.clear_text import Move
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.declaration import Declaration
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.host import HostState, Theirs
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.plan.automatic import (
    leaves_no_need_to_block,
    makes_automatic_filters,
    rule_stays,
    unblocking_flags,
    withdrawing_flags,
)
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.plan.generations import (
    assigned_first,
    derived_guid,
    has_name,
    has_staged_name,
    left_by_transaction,
    means,
    new_keys,
    remaining,
    unneeded,
)
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.plan.plans import Plan
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.plan.refusals import (
    clear_text_warnings,
    refuse_dependency,
    refuse_foreign_addresses,
    refuse_unsafe,
    withdrawal_refused,
)
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.plan.transactions import (
    Flag,
    Intent,
    PlanError,
    Transaction,
    policy_path,
)
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.registry import Key, same
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.words import Words

_USED: Final = "recorded as ours"
_VALUE: Final = "ProhibitIpSec recorded"
_RECORDS: Final = frozenset({_USED, _VALUE})


def plan_present(  # noqa: PLR0913 - all that a plan depends on
    declaration: Declaration, host: HostState, nonce: bytes, identity: uuid.UUID, words: Words, *, agent_first: bool
) -> Plan:
    """Return the plan that puts a declared policy in place.

    nonce: the one under which the host answered the digests of its keys; identity: a new random one, for the
    transaction; words: how the caller calls the options; agent_first: make RemoteAccess depend on PolicyAgent. Raises
    `PlanError`.
    """
    refuse_foreign_addresses(declaration, host, words)
    refuse_unsafe(declaration, host, words)
    if agent_first:
        refuse_dependency(host, words, agent_first=True)
    # The host answers keys as digests under its nonce, so the declared ones are put in the same form.
    wanted = declaration.policy.masked(nonce)
    namesakes = host.store.find(wanted.name)
    # What can't be read may mean anything, so it never counts as equal to what is declared.
    equal = [found for found in namesakes if not found.unreadable and means(found.policy, wanted)]
    current = next(iter(sorted(equal, key=lambda found: not host.store.assigns(found.path))), None)
    foreign = tuple(found for found in namesakes if found.path not in host.ours and found not in equal)
    # For these, the way back is on record already, so taking their name loses nothing.
    kept = {each.path for each in (*host.adopted, *host.taken_over)}
    if not declaration.take_over and any(found.path not in kept for found in foreign):
        raise PlanError(
            f"the store already has a different policy named {wanted.name!r} that this collection did not write, or "
            f"has no record of; set {words.take_over} to true to replace it, or write another {words.name}."
        )
    planned = _recorded_later(
        _Planner(declaration, host, wanted, identity, words, agent_first, current, foreign).plan(), host
    )
    if planned.transaction.intent is Intent.UNASSIGN:
        refusal = withdrawal_refused(host, declaration.policy.name, None, words)
        if refusal:
            raise PlanError(f"assigned is false, but {refusal}")
    return planned


def _recorded_later(planned: Plan, host: HostState) -> Plan:
    """Return the plan, without its records if they are all it would do on a host where nothing is on record.

    Such a host is as it was before us, so what a removal must give back is still known at the first change, which then
    records it.
    """
    known = host.our_paths or host.adopted or host.taken_over or host.replaced
    only_records = dataclasses.replace(planned, records=()).empty and _RECORDS.issuperset(planned.records)
    if known or not only_records:
        return planned
    return dataclasses.replace(planned, records=(), owned_after=(), adopted_after=(), replaced_after="")


@dataclasses.dataclass(frozen=True, slots=True)
class _Planner:
    """The planning of one declared policy."""

    declaration: Declaration
    host: HostState
    wanted: model.Policy
    """The declared policy, with its keys masked."""
    identity: uuid.UUID
    words: Words
    agent_first: bool
    current: store.StoredPolicy | None
    """The policy that already means what is declared; if there are several, the assigned one."""
    foreign: tuple[store.StoredPolicy, ...]
    """Policies with that name that we did not write and that mean something else."""

    def plan(self) -> Plan:
        target = self.current.path if self.current else policy_path(derived_guid(self.identity, "policy"))
        remains = self._remains()
        obsolete = tuple(path for path in self._obsolete(target) if path not in remains)
        intent = self._intent(target, obsolete)
        before = self.current or next((found for found in self._in_place() if found.path not in remains), None)
        new_paths = () if self.current else tuple(key.path for key in self._keys())
        return Plan(
            before=before,
            before_assigned=before is not None and self.host.store.assigns(before.path),
            after=self.wanted,
            transaction=self._transaction(intent, target, obsolete),
            new=None if self.current else self.declaration.policy,
            remains=remains,
            obsolete=obsolete,
            owned_after=tuple(
                sorted({*remaining((*obsolete, *remains), self.host), *new_paths, *self._no_longer_theirs()})
            ),
            replaced_after=self._replaced(),
            taken_over_after=self._taken_over(),
            adopted_after=self._adopted(),
            rule_changes=self._changes(intent, before),
            negotiated_otherwise=self._negotiated_otherwise(intent),
            services=services.take(self.host, agent_first=self.agent_first) if self.declaration.assigned else (),
            firewall=firewall_steps.block_ipv6(self.host) if self._blocks_ipv6 else (),
            opening=firewall_steps.open_to(self.host, self._peers, firewall.tag(str(self.identity))),
            open_keys=tuple(self._open_keys((*obsolete, *remains))),
            records=tuple(self._records()),
            unfinished=self.host.unfinished is not None,
            warnings=tuple(self._warnings(intent)),
        )

    def _transaction(self, intent: Intent, target: str, obsolete: tuple[str, ...]) -> Transaction:
        after = self.declaration.policy if self.declaration.assigned else None
        gone = [found for found in map(self.host.store.at, obsolete) if found]
        flags = (
            *withdrawing_flags(self.host, after, intent, gone),
            *self._unproved(intent),
            *unblocking_flags(self.host, wanted=self._needs_no_block(intent)),
        )
        taken = () if self.declaration.forget_replaced else tuple(found.path for found in self.foreign)
        closes = firewall_steps.to_close(self.host, self._peers) if self._decides_who_comes_in(intent) else ()
        return Transaction(
            self.identity, intent, self._names_or_assigns(intent, target), frozenset(flags), taken, closes
        )

    @property
    def _peers(self) -> tuple[str, ...]:
        """The peers that Windows Firewall is to let in."""
        opens = self.declaration.assigned and self.declaration.open_firewall
        return protection.peers(self.host, self.declaration.policy) if opens else ()

    def _decides_who_comes_in(self, intent: Intent) -> bool:
        """Return whether our rule of Windows Firewall for peers follows this policy, not another assigned one."""
        return self.declaration.assigned or intent is Intent.UNASSIGN

    def _unproved(self, intent: Intent) -> frozenset[Flag]:
        """Return a flag if the agent already lists all addresses, so that listing them later proves nothing."""
        filters = protection.connection_filters(self.declaration.policy)
        ends = {str(end.first) for each in filters for end in (each.source, each.destination)}
        # netsh shows addresses, but no policy's name: the filters of both generations look alike.
        known = intent in (Intent.SWITCH, Intent.ASSIGN) and ends and self.host.listed.issuperset(ends)
        return frozenset({Flag.LOADING_UNPROVED} if known else ())

    @property
    def _blocks_ipv6(self) -> bool:
        return self.declaration.assigned and self.declaration.block_ipv6

    def _exposes_ipv6(self, intent: Intent) -> bool:
        """Return whether our rule of Windows Firewall goes although nothing else covers L2TP over IPv6."""
        covered = makes_automatic_filters(self.host) or clear_text.covers_ipv6(self.declaration.policy.rules)
        # RRAS listens for L2TP over IPv6 since Windows Server 2008, and filters of version 1 cover only IPv4.
        return not covered and bool(unblocking_flags(self.host, wanted=self._needs_no_block(intent)))

    def _needs_no_block(self, intent: Intent) -> bool:
        """Return whether our rule of Windows Firewall must go: it is not declared, or nothing of ours is assigned."""
        if self.declaration.assigned:
            return not self.declaration.block_ipv6
        return leaves_no_need_to_block(self.host, "" if intent is Intent.UNASSIGN else self.host.store.active_path)

    def _open_keys(self, gone: Collection[str]) -> Iterator[str]:
        """Yield the rules that stay, ours or of a policy in use, whose preshared key others can read."""
        used = {each.path for each in self._adopted()} | {self.current.path if self.current else ""}
        for found in self.host.store.policies:
            known = [path for path in found.open_keys if found.path in used or path in self.host.ours]
            yield from (path for path in known if path not in gone)

    def _records(self) -> Iterator[str]:
        if self.current and self.current.path not in self.host.used:
            yield _USED
        if self.declaration.assigned and self.host.prohibited and not self.host.prohibit_ipsec_note.recorded:
            yield _VALUE
        if self.foreign:
            yield "name taken over"
        if self.declaration.forget_replaced and (self.host.replaced or self.host.taken_over or self._theirs):
            yield "what was replaced is forgotten"

    @property
    def _theirs(self) -> store.StoredPolicy | None:
        """The policy that means what is declared, if somebody else wrote it."""
        return self.current if self.current and self.current.path not in self.host.ours else None

    def _taken_over(self) -> tuple[Theirs, ...]:
        """Return the policies kept under another name, among them any that was in use until its name was taken."""
        if self.declaration.forget_replaced:
            return ()
        known = {each.path: each for each in (*self.host.adopted, *self.host.taken_over)}
        new = {found.path: known.get(found.path, Theirs(found.path, found.name)) for found in self.foreign}
        kept = {each.path: each for each in self.host.taken_over} | new
        return tuple(each for each in kept.values() if not self.current or each.path != self.current.path)

    def _adopted(self) -> tuple[Theirs, ...]:
        """Return the policies in use that were there before us."""
        known = {each.path: each for each in self.host.adopted}
        nameless = {found.path for found in self.foreign}
        kept = {path: each for path, each in known.items() if path not in nameless}
        if self._theirs and self.declaration.forget_replaced:
            kept.pop(self._theirs.path, None)
        elif self._theirs:
            kept.setdefault(self._theirs.path, Theirs(self._theirs.path, self._theirs.name))
        return tuple(kept.values())

    def _no_longer_theirs(self) -> tuple[str, ...]:
        """Return what becomes ours, to be deleted by a removal, because its owner's claim is to be forgotten."""
        forgotten = self._theirs if self.declaration.forget_replaced else None
        return self.host.store.removable([forgotten.path]) if forgotten else ()

    def _warnings(self, intent: Intent) -> Iterator[str]:
        yield from rule_stays(self.host, wanted=self._needs_no_block(intent))
        if not self.declaration.assigned:
            return
        yield from clear_text_warnings(self.host, Move.ASSIGN, self.declaration.policy, self.words)
        if not self.agent_first:
            yield from protection.late_at_start(self.host, self.words)
        if self._exposes_ipv6(intent):
            yield f"{protection.IPV6_IN_CLEAR_TEXT} {self.words.ipv6_not_blocked}."
        active, name = self.host.store.active, self.declaration.policy.name
        if active and active.path in self.host.used and not has_name(active, name):
            whose = "wrote" if active.path in self.host.ours else "uses"
            yield (
                f"The policy {active.name!r}, which this collection {whose}, loses its assignment to {name!r} and "
                "stays in the store; a play that assigns both changes the host on every run."
            )

    def _intent(self, target: str, obsolete: tuple[str, ...]) -> Intent:
        active = self.host.store.active
        if self.declaration.assigned:
            if not self.current:
                return Intent.SWITCH
            return Intent.KEEP if active and same(active.path, target) else Intent.ASSIGN
        if active and (same(active.path, target) or active.path in obsolete or active in self.foreign):
            return Intent.UNASSIGN
        return Intent.KEEP if self.current else Intent.WRITE

    def _names_or_assigns(self, intent: Intent, target: str) -> str:
        return "" if intent is Intent.KEEP or (intent is Intent.UNASSIGN and self.current) else target

    def _changes(self, intent: Intent, before: store.StoredPolicy | None) -> dict[str, changes.ChangeWords]:
        """Return what the commit puts in force or out of force, rule by rule, whatever is in the store already."""
        active = self._assigned()
        match intent:
            case Intent.KEEP:
                return {}
            case Intent.UNASSIGN:
                return changes.rules(active.policy if active else self.wanted, None)
            case Intent.WRITE:
                return changes.rules(before.policy if before else None, self.wanted)
        return changes.rules(active.policy if active else None, self.wanted)

    def _assigned(self) -> store.StoredPolicy | None:
        """Return the assigned policy, if it is the declared one or one that the declared policy replaces."""
        known = (self.current, *self._in_place())
        return next((found for found in known if found and self.host.store.assigns(found.path)), None)

    def _negotiated_otherwise(self, intent: Intent) -> tuple[str, ...]:
        """Return the rules whose other end must follow because the policy's key exchange changes."""
        active = self._assigned()
        before = active.policy if active else None
        if intent is Intent.KEEP or changes.Word.KEY_EXCHANGE not in changes.settings(before, self.wanted):
            return ()
        return tuple(rule.name for rule in self.wanted.rules if rule.active and rule.filter_action.negotiates)

    def _in_place(self) -> tuple[store.StoredPolicy, ...]:
        """Return what the declared policy takes the place of, the assigned policy first."""
        return assigned_first(self.host, (*self._old_generations(), *self.foreign))

    def _old_generations(self) -> Iterator[store.StoredPolicy]:
        """Yield the policies of ours that the declared one takes the place of."""
        # Windows allows two policies with one name; each of ours with the name is an old generation.
        named = {found.path for found in self.host.store.find(self.wanted.name)}
        superfluous = left_by_transaction(self.host)
        for found in self.host.store.policies:
            ours = found.path in self.host.ours
            active = self.host.store.assigns(found.path)
            left = found in superfluous or (has_staged_name(found, self.wanted.name) and not active)
            if ours and (found.path in named or left):
                yield found

    def _obsolete(self, target: str) -> tuple[str, ...]:
        old = [found for found in self._old_generations() if not same(found.path, target)]
        forgotten = [*(each.path for each in self.foreign), *(each.path for each in self.host.taken_over)]
        taken_over = self.host.store.removable(forgotten) if self.declaration.forget_replaced else ()
        return (*unneeded(self.host, old), *taken_over)

    def _remains(self) -> tuple[str, ...]:
        """Return what an aborted run wrote and never assigned."""
        unfinished = self.host.unfinished
        if unfinished is None or self.host.in_force:
            return ()
        if self.current and self.current.path in unfinished.written:
            return ()
        # Somebody may have used the console to assign what was only staged.
        assigned = self.host.store.parts_of(self.host.store.active_path)
        return tuple(path for path in unfinished.written if path in self.host.store.objects and path not in assigned)

    def _replaced(self) -> str:
        """Return the path of the policy that a removal assigns again; even one in use, if it was assigned before us."""
        active = self.host.store.active
        if self.declaration.forget_replaced:
            return ""
        if active is None or active.path in self.host.used:
            return self.host.replaced
        concerned = self.declaration.assigned or active in (self.current, *self.foreign)
        return active.path if concerned else self.host.replaced

    def _keys(self) -> tuple[Key, ...]:
        return new_keys(self.declaration.policy, self.identity, when=0)
