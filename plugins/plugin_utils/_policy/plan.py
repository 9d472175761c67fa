# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From a declared policy and what a host has to the smallest plan, and from the plan to the steps of each phase.

A policy is never edited in place: a new generation is written beside the old one (stage), assigned in its place
(commit), and the old one is deleted only when both ends of every connection are proved (finish). What is pending
between the phases stands on the host, so that a later phase needs the transaction's text and nothing else.
"""

from __future__ import annotations

import dataclasses
import enum
import uuid
from collections.abc import Collection, Iterable, Iterator, Mapping

from ansible_collections.rras.ipsec.plugins.plugin_utils._policy import (
    changes,
    clear_text,
    describe,
    firewall,
    model,
    protection,
    services,
    steps,
    store,
)
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.clear_text import Answer, Cover, Why, Wish
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.declaration import Declaration
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.host import Host, Theirs, ValueNote
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.registry import Key, join
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.words import Words


class PlanError(ValueError):
    """The declared state must not be brought about on this host. The message says why and what to do instead."""


class Intent(enum.StrEnum):
    """What a transaction will do when it is committed."""

    SWITCH = "switch"
    """Name the new generation and assign it."""
    WRITE = "write"
    """Name the new generation; what is assigned stays so."""
    ASSIGN = "assign"
    """Assign a policy that is there."""
    UNASSIGN = "unassign"
    """Assign nothing; name the new generation, if there is one."""
    KEEP = "keep"
    """Nothing; there are only remains to be cleared up when it is finished."""


class Flag(enum.StrEnum):
    """What a commit does besides, or the finish."""

    RESTART_RRAS = "rras"
    """Stop RemoteAccess before the assignment and start it after that, so that it makes its automatic filters."""
    PROHIBITED = "prohibited"
    """Stop where ProhibitIpSec is not 1 any more: what was decided for it may be wrong without it."""
    UNBLOCK_IPV6 = "ipv6"
    """Take our rule of Windows Firewall away, when it is finished."""
    LOADING_UNPROVED = "unproved"
    """Remember that the agent listed the addresses of the new generation before it was assigned."""


@dataclasses.dataclass(frozen=True, slots=True)
class Transaction:
    """What the phases after `stage` must know; its text is the `transaction` of the results."""

    id: uuid.UUID
    intent: Intent
    policy: str
    """The path of the policy's key; empty where none is named or assigned."""
    flags: frozenset[Flag] = frozenset()
    taken_over: tuple[str, ...] = ()
    """The paths of the policies that lose their name to ours when it is finished."""

    def __str__(self) -> str:
        more = (f"/{'+'.join(sorted(self.flags))}", f"/{','.join(map(_braced, self.taken_over))}")
        return f"{self.id}/{self.intent}/{_braced(self.policy)}{''.join(more) if self.flags or self.taken_over else ''}"

    @property
    def assigns(self) -> bool:
        """Whether the commit decides which policy is assigned."""
        return self.intent in (Intent.SWITCH, Intent.ASSIGN, Intent.UNASSIGN)

    @property
    def assigned(self) -> str:
        """The path of the policy that the commit assigns; empty where it assigns none."""
        return self.policy if self.intent in (Intent.SWITCH, Intent.ASSIGN) else ""

    @classmethod
    def parse(cls, text: str) -> Transaction:
        """Read the text of a transaction.

        Raises `PlanError` for any other text.
        """
        try:
            identity, intent, guid, flags, taken_over = (*text.split("/"), "", "")[: max(5, text.count("/") + 1)]
            return cls(
                uuid.UUID(identity),
                Intent(intent),
                _path_of(guid) if guid else "",
                frozenset(map(Flag, filter(None, flags.split("+")))),
                tuple(map(_path_of, filter(None, taken_over.split(",")))),
            )
        except ValueError:
            raise PlanError(
                "transaction is not the text of one; write the transaction of the result of phase stage."
            ) from None


@dataclasses.dataclass(frozen=True, slots=True)
class Plan:
    """What is to happen to the policy store of one host."""

    before: store.StoredPolicy | None
    """The policy of ours, or of the declared name, that is there now."""
    before_assigned: bool
    after: model.Policy | None
    """The declared policy, its keys masked; None for a removal."""
    transaction: Transaction
    removed: tuple[store.StoredPolicy, ...] = ()
    """The policies of ours that a removal takes."""
    new: model.Policy | None = None
    """The new generation that must be written."""
    remains: tuple[str, ...] = ()
    """Objects of an aborted run that were never in force; deleted first."""
    obsolete: tuple[str, ...] = ()
    """Objects that only the old generation uses; deleted last."""
    owned_after: tuple[str, ...] = ()
    replaced_after: str = ""
    taken_over_after: tuple[Theirs, ...] = ()
    adopted_after: tuple[Theirs, ...] = ()
    given_back: tuple[Theirs, ...] = ()
    """Policies that were taken over and get their names back."""
    rule_changes: Mapping[str, changes.Words] = dataclasses.field(default_factory=dict)
    """What changes of which rule."""
    services: tuple[steps.Step, ...] = ()
    """What is done to services."""
    firewall: tuple[steps.Step, ...] = ()
    """What brings our rule of Windows Firewall about."""
    open_keys: tuple[str, ...] = ()
    """Rules that are ours or in use, whose preshared key others can read; their access lists are replaced."""
    remarks: tuple[str, ...] = ()
    pending: bool = False
    """An unfinished transaction must be cleared up."""
    warnings: tuple[str, ...] = ()
    """What the user should know of the host as it will be, a sentence each."""
    refusal: str = ""
    """Why it must not be carried out as the host is now, and what to do first; nothing where it may be."""
    lasting_refusal: str = ""
    """Why that will be so even when ProhibitIpSec is given back as it was before us."""

    @property
    def changed_rules(self) -> tuple[str, ...]:
        """The names of the rules that are new, gone or mean something else."""
        return tuple(self.rule_changes)

    @property
    def empty(self) -> bool:
        """Nothing is to be done."""
        done = self.pending or self.remains or self.obsolete or self.services or self.open_keys or self.remarks
        rule = self.firewall or Flag.UNBLOCK_IPV6 in self.transaction.flags
        return self.transaction.intent is Intent.KEEP and not (done or rule)

    @property
    def leaves_nothing(self) -> bool:
        """A removal after which nothing is on record, so that the record goes too."""
        return self.after is None and not (self.owned_after or self.adopted_after)


def policy_path(guid: uuid.UUID) -> str:
    """The path of a policy's key."""
    return join(store.LOCAL, f"{model.ObjectClass.POLICY}{{{str(guid).upper()}}}")


def plan_present(  # noqa: PLR0913 - what a plan hangs on
    declaration: Declaration, host: Host, nonce: bytes, identity: uuid.UUID, words: Words, *, agent_first: bool
) -> Plan:
    """The plan that brings a declared policy about.

    nonce: the one under which the host answered the digests of its keys; identity: a new random one, for the
    transaction; words: how the caller calls the options; agent_first: RemoteAccess is made to depend on PolicyAgent.
    Raises `PlanError`.
    """
    _refuse_foreign_addresses(declaration, host, words)
    _refuse_unsafe(declaration, host, words)
    if agent_first:
        _refuse_dependency(host, agent_first=True)
    wanted = declaration.policy.masked(nonce)
    namesakes = host.store.find(wanted.name)
    equal = [found for found in namesakes if not found.unreadable and means(found.policy, wanted)]
    current = next(iter(sorted(equal, key=lambda found: not _same(found.path, host.store.active_path))), None)
    foreign = tuple(found for found in namesakes if found.path.casefold() not in host.ours and found not in equal)
    kept = {each.path for each in (*host.adopted, *host.taken_over)}
    if not declaration.take_over and any(found.path not in kept for found in foreign):
        raise PlanError(
            f"a policy named {wanted.name!r} is in the store which is not on record as written by this collection, and "
            f"which means something else; set {words.take_over} to true to replace it, or write another {words.name}."
        )
    planned = _Planner(declaration, host, wanted, identity, words, current, foreign).plan(agent_first=agent_first)
    if planned.transaction.intent is Intent.UNASSIGN:
        refusal = _withdrawal_refused(host, declaration.policy.name, None, words)
        if refusal:
            raise PlanError(refusal)
    return planned


def plan_absent(name: str, host: Host, identity: uuid.UUID, words: Words, *, all_ours: bool = False) -> Plan:
    """The plan that removes a policy of ours and gives back what it replaced.

    all_ours: each policy of ours goes, whatever its name. It is refused where L2TP would be in clear text after that:
    while ProhibitIpSec is or may be in effect, unless a policy that protects comes back.
    """
    named = [found for found in host.our_policies if all_ours or _named(found, name)]
    mine = _assigned_first(host, (*named, *(found for found in _leftovers(host) if found not in named)))
    adopted = [each for each in host.adopted if all_ours or each.name.casefold() == name.casefold()]
    theirs = [found for found in map(host.store.at, (each.path for each in adopted)) if found]
    unassigned = next((found for found in (*mine, *theirs) if _same(found.path, host.store.active_path)), None)
    obsolete = _unneeded(host, mine)
    # What only policies of others use from now on is theirs.
    owned_after = _without(obsolete, host) if _staying(host, mine) else ()
    adopted_after = tuple(each for each in host.adopted if each not in adopted)
    stays = bool(owned_after or adopted_after)
    if not stays:
        _refuse_dependency(host, agent_first=False)
    intent, back = _after_removal(host, unassigned, stays=stays)
    switches = intent is not Intent.KEEP
    assigned = unassigned.name if unassigned else name
    given_back = tuple(each for each in host.taken_over if not stays or each.name.casefold() == name.casefold())
    used_after = back.path if back else "" if unassigned else host.store.active_path
    needs_no_block = not stays or _leaves_no_need_to_block(host, used_after)
    flags = _withdrawing(host, back.policy if back else None, intent) | _unblocking(host, wanted=needs_no_block)
    return Plan(
        before=next(iter((*mine, *theirs)), None),
        before_assigned=unassigned is not None,
        after=None,
        removed=mine,
        transaction=Transaction(identity, intent, back.path if back else "", flags),
        obsolete=obsolete,
        owned_after=owned_after,
        replaced_after=host.displaced if stays else "",
        taken_over_after=tuple(each for each in host.taken_over if each not in given_back),
        adopted_after=adopted_after,
        given_back=given_back,
        rule_changes={
            rule.name: (changes.Word.REMOVED,)
            for found in named or mine[:1] or (theirs if unassigned and switches else ())
            for rule in found.policy.rules
            if rule.name
        },
        services=() if stays else services.give_back(host),
        remarks=(*(["names given back"] if given_back else []), *(["no longer recorded as ours"] if adopted else [])),
        pending=host.pending is not None,
        refusal=_withdrawal_refused(host, assigned, back, words) if switches else "",
        lasting_refusal=_withdrawal_refused(_with_value_given_back(host), assigned, back, words) if switches else "",
        warnings=(
            *(_warnings(host, Wish.WITHDRAW, back.policy if back else None, words) if switches else ()),
            *_rule_stays(host, wanted=needs_no_block),
        ),
    )


def _after_removal(
    host: Host, unassigned: store.StoredPolicy | None, *, stays: bool
) -> tuple[Intent, store.StoredPolicy | None]:
    """What a removal does to the assignment, and which policy it assigns: the one that was assigned before us.

    unassigned: the assigned policy, if it is one of those that the removal is about; stays: something else of ours is
    still on record. What somebody else assigned meanwhile stays assigned, as does a policy of theirs that we only used.
    """
    before_us = host.store.at(host.displaced)
    if before_us and _same(before_us.path, host.store.active_path):
        return Intent.KEEP, None
    if unassigned:
        return (Intent.ASSIGN if before_us else Intent.UNASSIGN), before_us
    returns = before_us is not None and not (host.store.active_path or stays)
    return (Intent.ASSIGN, before_us) if returns else (Intent.KEEP, None)


@dataclasses.dataclass(frozen=True, slots=True)
class _Planner:
    """One planning of a declared policy."""

    declaration: Declaration
    host: Host
    wanted: model.Policy
    """The declared policy, its keys masked."""
    identity: uuid.UUID
    words: Words
    current: store.StoredPolicy | None
    """The policy that already means what is declared; the assigned one, if there are several."""
    foreign: tuple[store.StoredPolicy, ...]
    """Policies of that name which we did not write and which mean something else."""

    def plan(self, *, agent_first: bool) -> Plan:
        target = self.current.path if self.current else policy_path(_guid(self.identity, "policy"))
        remains = self._remains()
        obsolete = tuple(path for path in self._obsolete(target) if path not in remains)
        intent = self._intent(target, obsolete)
        before = self.current or next((found for found in self._in_place() if found.path not in remains), None)
        new_paths = () if self.current else tuple(key.path for key in self._keys())
        return Plan(
            before=before,
            before_assigned=before is not None and _same(before.path, self.host.store.active_path),
            after=self.wanted,
            transaction=self._transaction(intent, target),
            new=None if self.current else self.declaration.policy,
            remains=remains,
            obsolete=obsolete,
            owned_after=tuple(
                sorted({*_without((*obsolete, *remains), self.host), *new_paths, *self._no_longer_theirs()})
            ),
            replaced_after=self._replaced(),
            taken_over_after=self._taken_over(),
            adopted_after=self._adopted(),
            rule_changes=self._changes(intent, before),
            services=services.take(self.host, agent_first=agent_first) if self.declaration.assigned else (),
            firewall=services.block_ipv6(self.host) if self._blocks_ipv6 else (),
            open_keys=tuple(self._open_keys((*obsolete, *remains))),
            remarks=tuple(self._remarks()),
            pending=self.host.pending is not None,
            warnings=tuple(self._warnings(intent)),
        )

    def _transaction(self, intent: Intent, target: str) -> Transaction:
        after = self.declaration.policy if self.declaration.assigned else None
        unblocking = _unblocking(self.host, wanted=self._needs_no_block(intent))
        flags = _withdrawing(self.host, after, intent) | self._unproved(intent) | unblocking
        taken = () if self.declaration.forget_replaced else tuple(found.path for found in self.foreign)
        return Transaction(self.identity, intent, self._names_or_assigns(intent, target), flags, taken)

    def _unproved(self, intent: Intent) -> frozenset[Flag]:
        """Whether the agent lists all the addresses already, so that it proves nothing when it still does."""
        filters = protection.connection_filters(self.declaration.policy)
        ends = {str(end.first) for each in filters for end in (each.source, each.destination)}
        known = intent in (Intent.SWITCH, Intent.ASSIGN) and ends and self.host.listed.issuperset(ends)
        return frozenset({Flag.LOADING_UNPROVED} if known else ())

    @property
    def _blocks_ipv6(self) -> bool:
        return self.declaration.assigned and self.declaration.block_ipv6

    def _exposes_ipv6(self, intent: Intent) -> bool:
        """Whether our rule of Windows Firewall goes while nothing else covers L2TP over IPv6."""
        covered = _makes_automatic_filters(self.host) or clear_text.covers_ipv6(self.declaration.policy.rules)
        return not covered and bool(_unblocking(self.host, wanted=self._needs_no_block(intent)))

    def _needs_no_block(self, intent: Intent) -> bool:
        """Whether our rule of Windows Firewall must go: it is not declared, or nothing of ours is assigned."""
        if self.declaration.assigned:
            return not self.declaration.block_ipv6
        return _leaves_no_need_to_block(self.host, "" if intent is Intent.UNASSIGN else self.host.store.active_path)

    def _open_keys(self, gone: Collection[str]) -> Iterator[str]:
        """The rules that are ours or of a policy in use, and stay, whose preshared key others can read."""
        used = {each.path for each in self._adopted()} | {self.current.path if self.current else ""}
        for found in self.host.store.policies:
            known = [path for path in found.open_keys if found.path in used or path.casefold() in self.host.ours]
            yield from (path for path in known if path not in gone)

    def _remarks(self) -> Iterator[str]:
        if self.current and self.current.path.casefold() not in self.host.used:
            yield "recorded as ours"
        if self.foreign:
            yield "name taken over"
        if self.declaration.forget_replaced and (self.host.displaced or self.host.taken_over or self._theirs):
            yield "what was replaced is forgotten"

    @property
    def _theirs(self) -> store.StoredPolicy | None:
        """The policy that means what is declared, where somebody else wrote it."""
        return self.current if self.current and self.current.path.casefold() not in self.host.ours else None

    def _taken_over(self) -> tuple[Theirs, ...]:
        """What is kept under another name; one that was in use too, once something else is declared."""
        if self.declaration.forget_replaced:
            return ()
        known = {each.path: each for each in (*self.host.adopted, *self.host.taken_over)}
        new = {found.path: known.get(found.path, Theirs(found.path, found.name)) for found in self.foreign}
        kept = {each.path: each for each in self.host.taken_over} | new
        return tuple(each for each in kept.values() if not self.current or each.path != self.current.path)

    def _adopted(self) -> tuple[Theirs, ...]:
        """The policies in use that were there before us."""
        known = {each.path: each for each in self.host.adopted}
        replaced = {found.path for found in self.foreign}
        kept = {path: each for path, each in known.items() if path not in replaced}
        if self._theirs and self.declaration.forget_replaced:
            kept.pop(self._theirs.path, None)
        elif self._theirs:
            kept.setdefault(self._theirs.path, Theirs(self._theirs.path, self._theirs.name))
        return tuple(kept.values())

    def _no_longer_theirs(self) -> tuple[str, ...]:
        """What is ours from now on, so that a removal deletes it, since nobody wants it back."""
        forgotten = self._theirs if self.declaration.forget_replaced else None
        return self.host.store.removable([forgotten.path]) if forgotten else ()

    def _warnings(self, intent: Intent) -> Iterator[str]:
        yield from _rule_stays(self.host, wanted=self._needs_no_block(intent))
        if not self.declaration.assigned:
            return
        yield from _warnings(self.host, Wish.ASSIGN, self.declaration.policy, self.words)
        if self._exposes_ipv6(intent):
            yield f"{protection.IPV6_IN_CLEAR_TEXT} {self.words.ipv6_not_blocked}."
        active, name = self.host.store.active, self.declaration.policy.name
        if active and active.path.casefold() in self.host.ours and not _named(active, name):
            yield (
                f"The policy {active.name!r}, which this collection wrote, loses its assignment to {name!r} and stays "
                "in the store; a play that assigns both changes the host in each run."
            )

    def _intent(self, target: str, obsolete: tuple[str, ...]) -> Intent:
        active = self.host.store.active
        if self.declaration.assigned:
            if not self.current:
                return Intent.SWITCH
            return Intent.KEEP if active and _same(active.path, target) else Intent.ASSIGN
        if active and (_same(active.path, target) or active.path in obsolete or active in self.foreign):
            return Intent.UNASSIGN
        return Intent.KEEP if self.current else Intent.WRITE

    def _names_or_assigns(self, intent: Intent, target: str) -> str:
        return "" if intent is Intent.KEEP or (intent is Intent.UNASSIGN and self.current) else target

    def _changes(self, intent: Intent, before: store.StoredPolicy | None) -> dict[str, changes.Words]:
        """What the commit brings into force or takes out of it, rule by rule, whatever lies in the store already."""
        known = (self.current, *self._in_place())
        active = next((found for found in known if found and _same(found.path, self.host.store.active_path)), None)
        match intent:
            case Intent.KEEP:
                return {}
            case Intent.UNASSIGN:
                return changes.rules(active.policy if active else self.wanted, None)
            case Intent.WRITE:
                return changes.rules(before.policy if before else None, self.wanted)
        return changes.rules(active.policy if active else None, self.wanted)

    def _in_place(self) -> tuple[store.StoredPolicy, ...]:
        """What the declared policy takes the place of, the assigned policy first."""
        return _assigned_first(self.host, (*self._old_generations(), *self.foreign))

    def _old_generations(self) -> Iterator[store.StoredPolicy]:
        """Policies of ours that the declared one takes the place of."""
        named = {found.path for found in self.host.store.find(self.wanted.name)}
        leftovers = _leftovers(self.host)
        for found in self.host.store.policies:
            ours = found.path.casefold() in self.host.ours
            if ours and (found.path in named or found in leftovers):
                yield found

    def _obsolete(self, target: str) -> tuple[str, ...]:
        old = [found for found in self._old_generations() if not _same(found.path, target)]
        forgotten = [*(each.path for each in self.foreign), *(each.path for each in self.host.taken_over)]
        taken_over = self.host.store.removable(forgotten) if self.declaration.forget_replaced else ()
        return (*_unneeded(self.host, old), *taken_over)

    def _remains(self) -> tuple[str, ...]:
        """What an aborted run wrote and never assigned."""
        pending = self.host.pending
        if pending is None or self.host.in_force:
            return ()
        if self.current and self.current.path in pending.written:
            return ()
        return tuple(path for path in pending.written if path in self.host.store.objects)

    def _replaced(self) -> str:
        """The path of the policy that a removal assigns again; one in use too, if it was assigned before us."""
        active = self.host.store.active
        if self.declaration.forget_replaced:
            return ""
        if active is None or active.path.casefold() in self.host.used:
            return self.host.displaced
        concerned = self.declaration.assigned or active in (self.current, *self.foreign)
        return active.path if concerned else self.host.displaced

    def _keys(self) -> tuple[Key, ...]:
        return new_keys(self.declaration.policy, self.identity, when=0)


def new_keys(policy: model.Policy, identity: uuid.UUID, *, when: int, name: str | None = None) -> tuple[Key, ...]:
    """The keys of a new generation, its GUIDs made from the transaction's.

    when: seconds since 1970 for whenChanged; name: another name than the policy's own.
    """
    return store.object_keys(policy, lambda label: _guid(identity, label), when, name)


def means(found: model.Policy, wanted: model.Policy) -> bool:
    """Whether a policy that was found is the wanted one already (its keys masked by the same nonce)."""
    described = not wanted.description or found.description == wanted.description
    return described and model.meaning(found) == model.meaning(wanted)


def _assigned_first(host: Host, found: Iterable[store.StoredPolicy]) -> tuple[store.StoredPolicy, ...]:
    return tuple(sorted(found, key=lambda each: not _same(each.path, host.store.active_path)))


def _leftovers(host: Host) -> tuple[store.StoredPolicy, ...]:
    """What an unfinished transaction left: the old generation where it is in force, else what it wrote."""
    if host.pending is None:
        return ()
    paths = host.in_force.obsolete if host.in_force else host.pending.written
    found = (host.store.at(path) for path in paths)
    return tuple(each for each in found if each and not _same(each.path, host.store.active_path))


def _staying(host: Host, old: Collection[store.StoredPolicy]) -> frozenset[str]:
    """The paths of our policies, without some of them, in lower case."""
    return frozenset(found.path.casefold() for found in host.our_policies if found not in old)


def _unneeded(host: Host, old: Collection[store.StoredPolicy]) -> tuple[str, ...]:
    """What of ours can be deleted when some policies of ours go: they and, for example, what a cut deletion left."""
    generations = host.store.removable([found.path for found in old], within=host.ours)
    everything = host.store.removable(sorted(host.ours - _staying(host, old)), within=host.ours)
    return tuple(dict.fromkeys((*generations, *everything)))


def _refuse_unsafe(declaration: Declaration, host: Host, words: Words) -> None:
    active = host.store.active
    name = declaration.policy.name
    if host.domain_policy and declaration.assigned:
        raise PlanError(
            f"a domain policy ({describe.quoted(host.domain_policy)}) overrides the local one on this host; "
            "take the host out of that group policy, or configure the connection there."
        )
    if declaration.assigned and active and not _named(active, name) and not declaration.replace_assigned:
        raise PlanError(
            f"the policy {active.policy.name!r}{_whose(host, active)} is assigned on this host, and only one can be; "
            f"set {words.replace_assigned} to true if the declared policy is to take its place."
        )
    refusal = assignment_refused(host, declaration.policy, words) if declaration.assigned else ""
    if refusal:
        raise PlanError(refusal)


def _refuse_dependency(host: Host, *, agent_first: bool) -> None:
    refusal = services.dependency_refused(host, agent_first=agent_first)
    if refusal:
        raise PlanError(refusal)


def _whose(host: Host, found: store.StoredPolicy) -> str:
    return ", which this collection wrote," if found.path.casefold() in host.ours else ""


def _refuse_foreign_addresses(declaration: Declaration, host: Host, words: Words) -> None:
    has = ", ".join(sorted(protection.own_addresses(host))) or "none"
    for rule in declaration.policy.rules:
        alone = dataclasses.replace(declaration.policy, rules=(rule,))
        for problem in protection.foreign_addresses(host, alone, declaration.address):
            raise PlanError(f"{problem.rstrip('.')} (it has: {has}); {words.correct_addresses(rule.name)}.")


def going_back(host: Host) -> tuple[str, bool]:
    """What is assigned after a revert, empty for nothing, and whether that is another policy than now."""
    pending = host.pending
    if pending is None:
        return host.store.active_path, False
    active = host.store.active_path.casefold()
    previous = pending.previous if host.store.at(pending.previous) else ""
    return previous, active == pending.policy.casefold() and active != previous.casefold()


def revert_refused(host: Host, name: str, words: Words) -> str:
    """Why a transaction must not be taken back: what was assigned before does not protect; empty where it may be."""
    previous, switches = going_back(host)
    return _withdrawal_refused(host, name, host.store.at(previous), words) if switches else ""


def rras_must_start(host: Host, after: model.Policy | None) -> bool:
    """Whether RRAS must start again when the assigned policy makes room for another one, or for none.

    RRAS makes its automatic filters only when it starts, and not where one of the same specification is loaded (KB
    248750). So what is unassigned may have been in their way.
    """
    active = host.store.active
    was_in_the_way = active is not None and clear_text.in_the_way(active.policy)
    uncovered = clear_text.cover(after.rules if after else ()) is not Cover.ALL
    return was_in_the_way and uncovered and host.services[services.RRAS].running and not host.prohibited


def _judge(host: Host, wish: Wish, after: model.Policy | None) -> clear_text.Verdict:
    cover = clear_text.cover(after.rules) if after else Cover.NONE
    return clear_text.judge(wish, prohibited=host.prohibited, in_effect=host.in_effect, cover_after=cover)


def assignment_refused(host: Host, policy: model.Policy, words: Words) -> str:
    """Why a policy must not be the assigned one; empty where it may be."""
    if _judge(host, Wish.ASSIGN, policy).answer is not Answer.REFUSED:
        return ""
    return (
        f"{_value_clause(host)}, and {protection.weakness(policy)}, so this host's L2TP would be in clear text; "
        f"correct the rule, or remove the value first ({words.remove_value}) and restart the host."
    )


def committed_refused(host: Host, name: str, words: Words) -> str:
    """Why what a commit has just assigned must not stay so, whatever was declared; empty where it may."""
    active = host.store.active
    return assignment_refused(host, active.policy, words) if active else _withdrawal_refused(host, name, None, words)


def _withdrawal_refused(host: Host, name: str, back: store.StoredPolicy | None, words: Words) -> str:
    """Why a policy must not lose its assignment to another one, or to none; empty where it may."""
    if _judge(host, Wish.WITHDRAW, back.policy if back else None).answer is not Answer.REFUSED:
        return ""
    comes_back = f" {back.name!r}, which is assigned again then, does not protect it;" if back else ""
    without = f"{_value_clause(host)}, so without the policy {name!r} its L2TP would be in clear text;{comes_back}"
    if not host.prohibited:
        return f"{without} restart the host first."
    return (
        f"{without} remove the value first ({words.remove_value}; by hand where it was 1 before this collection came) "
        "and restart the host."
    )


def _with_value_given_back(host: Host) -> Host:
    """The host as it will be once ProhibitIpSec is what it was before us, and Windows has started with that."""
    return dataclasses.replace(
        host, prohibit_ipsec=host.value_to_give_back, value_note=ValueNote(False, None, None, restart_pending=False)
    )


def _value_clause(host: Host) -> str:
    if host.prohibited:
        return "ProhibitIpSec is 1 on this host"
    return "Windows still runs with the ProhibitIpSec that was removed"


def _warnings(host: Host, wish: Wish, after: model.Policy | None, words: Words) -> tuple[str, ...]:
    """What must be said of a policy that is to be the assigned one, a sentence each."""
    verdict = _judge(host, wish, after)
    if after is None or verdict.answer is not Answer.WARNED:
        return ()
    if verdict.why is Why.OPEN:
        return (f"L2TP of this host may be in clear text, because {protection.weakness(after)}.",)
    return (protection.others_in_clear_text(words),)


def _withdrawing(host: Host, after: model.Policy | None, intent: Intent) -> frozenset[Flag]:
    if intent not in (Intent.SWITCH, Intent.ASSIGN, Intent.UNASSIGN):
        return frozenset()
    if host.prohibited:
        return frozenset({Flag.PROHIBITED})
    return frozenset({Flag.RESTART_RRAS} if rras_must_start(host, after) else ())


def _leaves_no_need_to_block(host: Host, assigned: str) -> bool:
    """Whether nothing needs our rule of Windows Firewall any more, with a policy assigned that may be nobody's.

    RRAS's automatic filters cover IPv6 too. Where it makes none, the rule stays as long as anything of ours does.
    """
    return _makes_automatic_filters(host) and assigned.casefold() not in host.used


def _makes_automatic_filters(host: Host) -> bool:
    return clear_text.makes_automatic_filters(prohibited=host.prohibited, in_effect=host.in_effect)


def _unblocking(host: Host, *, wanted: bool) -> frozenset[Flag]:
    return frozenset({Flag.UNBLOCK_IPV6} if wanted and services.unblock_ipv6(host) else ())


def _rule_stays(host: Host, *, wanted: bool) -> tuple[str, ...]:
    """What must be said of our rule of Windows Firewall where it should go and can't."""
    found = host.windows_firewall
    if not (wanted and found.rules) or found.running:
        return ()
    stays = f"The rule {firewall.NAME} of Windows Firewall stays, because the service MpsSvc is not running; "
    return (f"{stays}start the service and run this task again.",)


def _named(found: store.StoredPolicy, name: str) -> bool:
    return found.policy.name.casefold() == name.casefold()


def _same(path: str, other: str) -> bool:
    return path.casefold() == other.casefold()


def _without(gone: Iterable[str], host: Host) -> tuple[str, ...]:
    """What is still ours: of what is on record, what exists and stays."""
    folded = {path.casefold() for path in gone}
    return tuple(path for path in host.claimed if path.casefold() not in folded and path in host.store.objects)


def _braced(path: str) -> str:
    """The GUID of a policy's path, in braces."""
    return path[path.find("{") :] if path else ""


def _path_of(guid: str) -> str:
    return policy_path(uuid.UUID(guid))


def _guid(identity: uuid.UUID, label: str) -> uuid.UUID:
    return uuid.uuid5(identity, label)
