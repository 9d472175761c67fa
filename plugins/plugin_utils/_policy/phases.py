# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From a plan to the steps of each phase."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator

from ansible_collections.rras.ipsec.plugins.plugin_utils._policy import services, steps
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.host import (
    AFTER,
    BACKUP,
    OURS,
    RASMAN,
    STATE,
    SWITCHED_OFF,
    TRANSACTION,
    VALUE_NOTE,
    Host,
    Phase,
)
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.plan import Intent, Plan, Transaction, new_keys
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.registry import Key, Value, join
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.store import LOCAL, holds_key

PRIVATE = "D:P(A;CI;KA;;;SY)(A;CI;KA;;;BA)"
"""Full access for SYSTEM and Administrators, none for anybody else, nothing inherited."""
RULE_WITH_KEY = PRIVATE + "(A;CI;KR;;;NS)"
"""As `PRIVATE`, and readable by NETWORK SERVICE, as whom PolicyAgent runs since Windows Vista."""

_SEAL = "Seal"


def stage(plan: Plan, host: Host, *, when: int, backup: bool) -> tuple[steps.Step, ...]:
    """Write the new generation beside the old one, and remember on the host what the next phases must know.

    when: seconds since 1970.
    """
    return (
        steps.ExpectUnchanged(LOCAL, host.digest),
        *own_key(),
        *(_back_up_all(host) if backup else ()),
        *_remember_written(host),
        *(steps.DeleteKey(path) for path in plan.remains),
        *(plan.services if plan.after else ()),
        *_record(plan, host, when),
        *itertools.chain.from_iterable(_write(key) for key in _keys(plan, when)),
        steps.SetValue(TRANSACTION, "Phase", Value.sz(Phase.STAGED)),
        steps.Seal(TRANSACTION, _SEAL, LOCAL),
    )


def commit(transaction: Transaction, name: str) -> tuple[steps.Step, ...]:
    """Give the new generation its name and assign it; or what else the transaction intends."""
    return (
        *_expect(transaction, Phase.STAGED),
        *_put_in_force(transaction, name),
        steps.SetValue(TRANSACTION, "Phase", Value.sz(Phase.COMMITTED)),
        steps.Seal(TRANSACTION, _SEAL, LOCAL),
    )


def finish(transaction: Transaction, forgetting: Iterable[steps.Step] = ()) -> tuple[steps.Step, ...]:
    """Delete what only the old generation used; what was planned to be ours is ours now.

    forgetting: the steps of `forget`, when nothing is ours any more.
    """
    return (
        *_expect(transaction, Phase.COMMITTED),
        steps.DeleteListed(TRANSACTION, "Obsolete"),
        *_close(forgetting),
    )


def finish_changed(
    transaction: Transaction, host: Host, forgetting: Iterable[steps.Step] = ()
) -> tuple[steps.Step, ...]:
    """As `finish`, for a store that somebody else changed since the commit: what may go is worked out again."""
    obsolete = host.pending.obsolete if host.pending else ()
    removable = host.store.removable(obsolete, within=obsolete)
    return (
        steps.ExpectUnchanged(LOCAL, host.digest),
        steps.ExpectText(TRANSACTION, "Id", str(transaction.id)),
        steps.ExpectText(TRANSACTION, "Phase", Phase.COMMITTED),
        *(steps.DeleteKey(path) for path in removable),
        *_close(forgetting),
    )


def revert(host: Host) -> tuple[steps.Step, ...]:
    """Take an unfinished transaction back: what was assigned before is assigned again, what was written is deleted."""
    pending = host.pending
    if pending is None:
        return ()
    active = host.store.active_path.casefold()
    previous = pending.previous if host.store.at(pending.previous) else ""
    switched = active == pending.policy.casefold() and active != previous.casefold()
    stays = [path for path in host.owned if path in host.store.objects and path not in pending.written]
    return (
        steps.ExpectUnchanged(LOCAL, host.digest),
        steps.ExpectText(TRANSACTION, "Id", pending.id),
        *((steps.AssignPolicy(previous),) if switched else ()),
        steps.DeleteListed(TRANSACTION, "Written"),
        *(() if stays else forget(host)),
        steps.DeleteKey(TRANSACTION),
    )


def forget(host: Host) -> tuple[steps.Step, ...]:
    """Give the services back and drop our record; the backups stay."""
    needed = host.prohibit_ipsec == SWITCHED_OFF or host.value_note.restart_pending
    done_with = () if needed else (steps.DeleteKey(VALUE_NOTE),)
    return (*services.give_back(host), steps.DeleteKey(STATE), *done_with)


def own_key() -> tuple[steps.Step, ...]:
    """Our own key, closed to everybody but SYSTEM and Administrators."""
    return steps.CreateKey(OURS), steps.ProtectKey(OURS, PRIVATE)


def back_up(host: Host, sources: Iterable[str]) -> Iterator[steps.Step]:
    """Copy keys to our own one: the newest copy is replaced each time, the first ever stays (KB 240262, KB 256986)."""
    yield steps.CreateKey(BACKUP)
    first = () if host.backed_up else ("First",)
    for kind in (*first, "Newest"):
        yield steps.CreateKey(join(BACKUP, kind))
        for source in (LOCAL, RASMAN) if kind == "First" else sources:
            target = join(BACKUP, kind, "Policy" if source == LOCAL else "RasMan")
            yield steps.DeleteKey(target)
            yield steps.CopyKey(source, target)
    if first:
        yield steps.SetValue(OURS, "BackedUp", Value.sz("yes"))


def _back_up_all(host: Host) -> Iterator[steps.Step]:
    return back_up(host, (LOCAL, RASMAN))


def _remember_written(host: Host) -> Iterator[steps.Step]:
    """Keep what an unfinished transaction wrote on record before its own record makes room for the new one."""
    if host.pending:
        yield steps.CreateKey(STATE)
        yield steps.SetValue(STATE, "Owned", Value.multi_sz(host.claimed))
        yield steps.SetValue(STATE, "Replaced", Value.sz(host.displaced))


def _keys(plan: Plan, when: int) -> tuple[Key, ...]:
    if plan.new is None:
        return ()
    staged = f"{plan.new.name} (staged {str(plan.transaction.id)[:8]})"
    return new_keys(plan.new, plan.transaction.id, when=when, name=staged)


def _record(plan: Plan, host: Host, when: int) -> Iterator[steps.Step]:
    yield steps.DeleteKey(TRANSACTION)
    yield steps.CreateKey(TRANSACTION)
    values = {
        "Id": Value.sz(str(plan.transaction.id)),
        "Phase": Value.sz(Phase.STAGING),
        "Policy": Value.sz(plan.transaction.assigned if plan.transaction.assigns else host.store.active_path),
        "Previous": Value.sz(host.store.active_path),
        "Written": Value.multi_sz(key.path for key in _keys(plan, when)),
        "Obsolete": Value.multi_sz(plan.obsolete),
    }
    for name, value in values.items():
        yield steps.SetValue(TRANSACTION, name, value)
    yield steps.CreateKey(AFTER)
    yield steps.SetValue(AFTER, "Owned", Value.multi_sz(plan.owned_after))
    yield steps.SetValue(AFTER, "Replaced", Value.sz(plan.replaced_after))


def _write(key: Key) -> Iterator[steps.Step]:
    yield steps.CreateKey(key.path)
    if holds_key(key):
        yield steps.ProtectKey(key.path, RULE_WITH_KEY)
    for name, value in key.items():
        yield steps.SetValue(key.path, name, value)


def _expect(transaction: Transaction, phase: Phase) -> tuple[steps.Step, ...]:
    return (
        steps.ExpectText(TRANSACTION, "Id", str(transaction.id)),
        steps.ExpectText(TRANSACTION, "Phase", phase),
        steps.ExpectSealed(TRANSACTION, _SEAL, LOCAL),
    )


def _put_in_force(transaction: Transaction, name: str) -> Iterator[steps.Step]:
    if transaction.policy and transaction.intent is not Intent.ASSIGN:
        yield steps.SetValue(transaction.policy, "ipsecName", Value.sz(name))
    if transaction.assigns:
        yield steps.AssignPolicy(transaction.assigned)


def _close(forgetting: Iterable[steps.Step]) -> tuple[steps.Step, ...]:
    """Make what was planned to be ours our record: values are replaced, so that there is never none.

    The transaction ends last, so that after a power cut the next run knows that something is left to do.
    """
    return steps.CopyKey(AFTER, STATE), *forgetting, steps.DeleteKey(TRANSACTION)
