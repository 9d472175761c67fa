# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The steps of each phase, made from a plan."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterable, Iterator, Sequence

from ansible_collections.rras.ipsec.plugins.plugin_utils._policy import firewall, firewall_steps, services, steps
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.host import (
    ACCESS_BEFORE,
    AFTER,
    BACKUP,
    BLOCKED_IPV6,
    LOADING_UNPROVED,
    OURS,
    PROHIBIT_IPSEC,
    PROHIBITED,
    RASMAN,
    STATE,
    TRANSACTION,
    VALUE_NOTE,
    HostState,
    Progress,
    Theirs,
)
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.plan import (
    STAGED,
    Flag,
    Intent,
    Plan,
    Transaction,
    going_back,
    new_keys,
    restarting_flags,
)
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.registry import Kind, Value, join
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.store import LOCAL, NAME, NewKey

PRIVATE = "D:P(A;CI;KA;;;SY)(A;CI;KA;;;BA)"
"""Full access for SYSTEM and Administrators, none for anybody else, nothing inherited."""
RULE_WITH_KEY = PRIVATE + "(A;CI;KR;;;NS)"
"""As `PRIVATE`, and readable by NETWORK SERVICE, the account of PolicyAgent since Windows Vista."""

GIVEN_BACK = (Kind.DWORD, Kind.QWORD, Kind.SZ, Kind.EXPAND_SZ, Kind.MULTI_SZ)
"""The kinds of values that a host answers in full, so that they can be expected and given back."""

_SEAL = "Seal"


def stage(plan: Plan, host: HostState, *, when: int, backup: bool) -> tuple[steps.Step, ...]:
    """Return the steps that write the new generation beside the old one, and record what later phases must know.

    when: seconds since 1970.
    """
    return (
        # Since the reading, a round trip has passed, in which an administrator may have changed something.
        steps.ExpectUnchanged(LOCAL, host.digest),
        *expect_value(host),
        *own_key(),
        steps.CreateKey(LOCAL),
        *(_back_up_all(host) if backup else ()),
        *_remember_written(host),
        *(remember_value(host) if host.prohibited and not host.prohibit_ipsec_note.recorded else ()),
        *(steps.DeleteKey(path) for path in plan.remains),
        *(plan.services if plan.after else ()),
        *_record(plan, host, when),
        *plan.firewall,
        *plan.opening,
        *itertools.chain.from_iterable(_write(key) for key in _keys(plan, when)),
        *_close(plan, host),
        steps.SetValue(TRANSACTION, "Phase", Value.sz(Progress.STAGED)),
        steps.Seal(TRANSACTION, _SEAL, LOCAL),
    )


def commit(transaction: Transaction, name: str) -> tuple[steps.Step, ...]:
    """Return the steps that name the new generation and assign it, or do what else the transaction intends."""
    expected = [steps.ExpectValue(RASMAN, PROHIBIT_IPSEC, PROHIBITED)] if Flag.PROHIBITED in transaction.flags else []
    return (
        *_expect(transaction, Progress.STAGED),
        *expected,
        *_put_in_force(transaction, name),
        steps.SetValue(TRANSACTION, "Phase", Value.sz(Progress.COMMITTED)),
        steps.Seal(TRANSACTION, _SEAL, LOCAL),
        steps.Flush(LOCAL),
    )


def finish(
    transaction: Transaction, name: str, given_back: Iterable[Theirs] = (), forgetting: Iterable[steps.Step] = ()
) -> tuple[steps.Step, ...]:
    """Return the steps that delete what only the old generation used, and make the planned record the current one.

    name: the policy's name, which policies that were taken over lose; given_back: policies that get their names back;
    forgetting: the steps of `forget`, if nothing of ours is left.
    """
    return (
        *_expect(transaction, Progress.COMMITTED),
        *_unblock(transaction),
        steps.DeleteListed(TRANSACTION, "Obsolete"),
        *(_rename(path, taken_over_name(name, path)) for path in transaction.taken_over),
        *(_rename(each.path, each.name) for each in given_back),
        *_conclude(forgetting),
    )


def staged_name(name: str, transaction: Transaction) -> str:
    """Return the name of a new generation before it is committed."""
    return f"{name} {STAGED}{str(transaction.id)[:8]})"


def taken_over_name(name: str, path: str) -> str:
    """Return a new name for a policy whose name ours took: unique, and telling a person what it replaced."""
    return f"{name} (replaced {path[path.find('{') + 1 :][:8].upper()})"


def still_obsolete(host: HostState) -> tuple[str, ...]:
    """Return what may be deleted of the old generation in a store that somebody else changed since the commit."""
    obsolete = host.unfinished.obsolete if host.unfinished else ()
    return host.store.removable(obsolete, within=obsolete)


def finish_changed(
    transaction: Transaction,
    host: HostState,
    name: str,
    given_back: Iterable[Theirs] = (),
    forgetting: Iterable[steps.Step] = (),
) -> tuple[steps.Step, ...]:
    """Return the steps of `finish` for a store that somebody else changed since the commit.

    What may be deleted is worked out again.
    """
    return (
        steps.ExpectUnchanged(LOCAL, host.digest),
        steps.expect_text(TRANSACTION, "Id", str(transaction.id)),
        steps.expect_text(TRANSACTION, "Phase", Progress.COMMITTED),
        *_unblock(transaction),
        *(steps.DeleteKey(path) for path in still_obsolete(host)),
        *(_rename(path, taken_over_name(name, path)) for path in transaction.taken_over if host.store.at(path)),
        *(_rename(each.path, each.name) for each in given_back),
        *_conclude(forgetting),
    )


def revert(host: HostState) -> tuple[steps.Step, ...]:
    """Return the steps that revert an unfinished transaction: restore the assignment, delete what was written."""
    unfinished = host.unfinished
    if unfinished is None:
        return ()
    previous, switched = going_back(host)
    owned = [path for path in host.recorded_owned if path in host.store.objects and path not in unfinished.written]
    own_tag = firewall.tag(unfinished.id)
    stays = owned or any(host.store.at(each.path) for each in host.recorded_adopted)
    return (
        steps.ExpectUnchanged(LOCAL, host.digest),
        steps.expect_text(TRANSACTION, "Id", unfinished.id),
        *(_assign_again(host, previous) if switched else ()),
        steps.DeleteListed(TRANSACTION, "Written"),
        # As after a commit: if a power failure brings a policy back without the services, nothing could replace it.
        steps.Flush(LOCAL),
        *(firewall_steps.unblock_ipv6(host) if unfinished.blocked_ipv6 or not stays else ()),
        *(firewall.shut_out(each) for each in firewall_steps.to_close(host) if not stays or each == own_tag),
        *(() if stays else forget(host)),
        steps.DeleteKey(TRANSACTION),
    )


def forget(host: HostState) -> tuple[steps.Step, ...]:
    """Return the steps that give the services back and delete our record; backups are kept."""
    note = host.prohibit_ipsec_note
    to_give_back = note.set_to is not None and host.prohibited and note.before != host.prohibit_ipsec
    done_with = () if to_give_back or note.restart_pending else (steps.DeleteKey(VALUE_NOTE),)
    notes = (steps.DeleteKey(STATE), *done_with, steps.DeleteKey(LOADING_UNPROVED))
    return (*services.give_back(host), *notes)


def note_services(host: HostState, names: Iterable[str]) -> tuple[steps.Step, ...]:
    """Return the steps that note again what these services had before us, because they did not get it back."""
    return (*own_key(), *services.noted(host, names))


def own_key() -> tuple[steps.Step, ...]:
    """Return the steps that create our own key, closed to everybody but SYSTEM and Administrators."""
    return steps.CreateKey(OURS), steps.ProtectKey(OURS, PRIVATE)


def expect_value(host: HostState) -> Iterator[steps.Step]:
    """Yield a step that raises a conflict unless ProhibitIpSec is as it was read, because decisions depend on it.

    A value that is neither a number nor a text is not answered in full, and never counts.
    """
    # The script can't compare data that it did not send: REG_BINARY and the like are answered as digests.
    if host.prohibit_ipsec is None or host.prohibit_ipsec.kind in GIVEN_BACK:
        yield steps.ExpectValue(RASMAN, PROHIBIT_IPSEC, host.prohibit_ipsec)


def remember_value(host: HostState) -> Iterator[steps.Step]:
    """Yield the steps that save ProhibitIpSec with its kind before we change it, for a removal to give it back."""
    yield steps.CreateKey(VALUE_NOTE)
    if host.prohibit_ipsec is None:
        yield steps.UnsetValue(VALUE_NOTE, "Before")
    else:
        yield steps.SetValue(VALUE_NOTE, "Before", host.prohibit_ipsec)
    yield steps.SetValue(VALUE_NOTE, "Recorded", Value.sz("yes"))


def back_up(host: HostState, sources: Iterable[str]) -> Iterator[steps.Step]:
    """Yield the steps that copy keys below our own.

    The newest copy is replaced, the first one kept (KB 240262, KB 256986).
    """
    yield steps.CreateKey(BACKUP)
    first = () if host.backed_up else ("First",)
    # The first copy shows the host as it was before us. A later one would hold what we wrote.
    for kind in (*first, "Newest"):
        yield steps.CreateKey(join(BACKUP, kind))
        for source in (LOCAL, RASMAN) if kind == "First" else sources:
            target = join(BACKUP, kind, "Policy" if source == LOCAL else "RasMan")
            yield steps.DeleteKey(target)
            yield steps.CopyKey(source, target)
    if first:
        yield steps.SetValue(OURS, "BackedUp", Value.sz("yes"))


def _back_up_all(host: HostState) -> Iterator[steps.Step]:
    return back_up(host, (LOCAL, RASMAN))


def _remember_written(host: HostState) -> Iterator[steps.Step]:
    """Yield the steps that put what an unfinished transaction wrote on record, before its own record is replaced."""
    if host.unfinished:
        yield steps.CreateKey(STATE)
        yield from _state(STATE, host.our_paths, host.replaced, host.taken_over, host.adopted)


def _keys(plan: Plan, when: int) -> tuple[NewKey, ...]:
    if plan.new is None:
        return ()
    return new_keys(plan.new, plan.transaction.id, when=when, name=staged_name(plan.new.name, plan.transaction))


def _record(plan: Plan, host: HostState, when: int) -> Iterator[steps.Step]:
    yield steps.DeleteKey(TRANSACTION)
    yield steps.CreateKey(TRANSACTION)
    values = {
        "Id": Value.sz(str(plan.transaction.id)),
        "Phase": Value.sz(Progress.STAGING),
        "Policy": Value.sz(plan.transaction.assigned if plan.transaction.assigns else host.store.active_path),
        "Previous": Value.sz(host.store.active_path),
        "Written": Value.multi_sz(key.path for key in _keys(plan, when)),
        "Obsolete": Value.multi_sz(plan.obsolete),
    }
    if _blocks_ipv6_first(plan, host):
        values[BLOCKED_IPV6] = Value.sz("yes")
    for name, value in values.items():
        yield steps.SetValue(TRANSACTION, name, value)
    yield steps.CreateKey(AFTER)
    yield from _state(AFTER, plan.owned_after, plan.replaced_after, plan.taken_over_after, plan.adopted_after)


def _blocks_ipv6_first(plan: Plan, host: HostState) -> bool:
    """Return whether our rule did not exist before this transaction, or before one that this transaction replaces."""
    abandoned = host.unfinished if not host.in_force else None
    added = abandoned is not None and abandoned.blocked_ipv6
    return added or (bool(plan.firewall) and not host.windows_firewall.rules)


def _unblock(transaction: Transaction) -> tuple[steps.Step, ...]:
    blocking = (firewall.DELETE,) if Flag.UNBLOCK_IPV6 in transaction.flags else ()
    return (*blocking, *map(firewall.shut_out, transaction.closes))


def _state(
    path: str, owned: Iterable[str], replaced: str, taken_over: Sequence[Theirs], adopted: Sequence[Theirs]
) -> Iterator[steps.Step]:
    yield steps.SetValue(path, "Owned", Value.multi_sz(owned))
    yield steps.SetValue(path, "Replaced", Value.sz(replaced))
    for name, theirs in (("TakenOver", taken_over), ("Adopted", adopted)):
        yield steps.SetValue(path, name, Value.multi_sz(each.path for each in theirs))
        yield steps.SetValue(path, f"{name}Names", Value.multi_sz(each.name for each in theirs))


def _close(plan: Plan, host: HostState) -> Iterator[steps.Step]:
    """Yield the steps that close preshared keys to others; access lists of rules that are not ours are saved first."""
    known = {entry.partition(" ")[0] for entry in host.access_before}
    theirs = [path for path in plan.open_keys if path not in host.ours and path not in known]
    if theirs:
        before = (*host.access_before, *(f"{path} {host.store.access(path)}" for path in theirs))
        yield steps.SetValue(OURS, ACCESS_BEFORE, Value.multi_sz(before))
    for path in plan.open_keys:
        yield steps.ProtectKey(path, RULE_WITH_KEY)


def _rename(path: str, name: str) -> steps.SetValue:
    return steps.SetValue(path, NAME, Value.sz(name))


def _write(key: NewKey) -> Iterator[steps.Step]:
    yield steps.CreateKey(key.path)
    if key.holds_preshared_key:
        # Protected before the key is written: even a moment in between would be enough to read it.
        yield steps.ProtectKey(key.path, RULE_WITH_KEY)
    for name, value in key.items():
        yield steps.SetValue(key.path, name, value)


def _expect(transaction: Transaction, phase: Progress) -> tuple[steps.Step, ...]:
    return (
        steps.expect_text(TRANSACTION, "Id", str(transaction.id)),
        steps.expect_text(TRANSACTION, "Phase", phase),
        steps.ExpectSealed(TRANSACTION, _SEAL, LOCAL),
    )


def _put_in_force(transaction: Transaction, name: str) -> Iterator[steps.Step]:
    if transaction.policy and transaction.intent is not Intent.ASSIGN:
        # Named before it is assigned, because the console and every reading find it by that name.
        yield _rename(transaction.policy, name)
    assigning = (steps.AssignPolicy(transaction.assigned),) if transaction.assigns else ()
    yield from _around(assigning, transaction.flags)
    if transaction.assigns:
        yield from _loading_unproved(Flag.LOADING_UNPROVED in transaction.flags)


def _assign_again(host: HostState, previous: str) -> Iterator[steps.Step]:
    found = host.store.at(previous)
    flags = restarting_flags(host, found.policy if found else None, (host.store.active,))
    yield from _around((steps.AssignPolicy(previous),), flags)
    yield from _loading_unproved(previous)


def _around(assigning: Iterable[steps.Step], flags: Collection[Flag]) -> Iterator[steps.Step]:
    """Yield an assignment, if there is one, with RRAS stopped around it if RRAS must start after it.

    A stopped RRAS has no L2TP at all, and no automatic filters that it could lose when PolicyAgent stops.
    """
    restarts_rras = Flag.RESTART_RRAS in flags
    if restarts_rras:
        yield services.stop(services.RRAS)
    yield from assigning
    if Flag.RESTART_AGENT in flags:
        yield from services.restart_agent()
    if restarts_rras:
        yield services.start(services.RRAS)


def _loading_unproved(unproved: object) -> Iterator[steps.Step]:
    """Yield the step that notes, until the next boot, that the agent's list proves nothing about the policy."""
    yield steps.CreateKey(LOADING_UNPROVED, volatile=True) if unproved else steps.DeleteKey(LOADING_UNPROVED)


def _conclude(forgetting: Iterable[steps.Step]) -> tuple[steps.Step, ...]:
    """Return the steps that make the planned record the current one. Values are overwritten, so there always is one.

    The transaction's own record goes last, so that after a power failure the next run knows that something is left to
    do.
    """
    return steps.CopyKey(AFTER, STATE), *forgetting, steps.DeleteKey(TRANSACTION)
