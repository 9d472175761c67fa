# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a phase changes on a host, as the two texts of a diff and as words. Never a key, nor a digest of one."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Collection, Iterable, Iterator

from ansible_collections.rras.ipsec.plugins.plugin_utils._policy import (
    changes,
    describe,
    model,
    phases,
    protection,
    services,
    steps,
)
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.changes import Word
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.host import SERVICES_NOTE, HostState, Progress
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.plan import STAGED, Flag, Intent, Plan, Transaction
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.registry import NameSet, same
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.results import PolicyResult, RuleChange
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.snapshot import (
    ABSENT,
    BLOCKS,
    Entry,
    Snapshot,
    peers_rule,
)
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.store import StoredPolicy

NOT_SHOWN = "not shown"
OLD_KEY = "the current one (not shown)"
NEW_KEY = "a new one (not shown)"


def planned(plan: Plan, host: HostState, *, staging: bool = False) -> PolicyResult:
    """Return the diff of a plan. staging: of its stage alone, which assigns nothing yet."""
    before, after = _policies(plan)
    words, others = keys(before[0].policy if before else None, after)
    return _diff(
        (*_before(plan, host).lines(), *itertools.chain.from_iterable(_stored(each, words) for each in before)),
        (*_reasons(plan, host), *_after(plan, host, staging=staging).lines(), *describe.lines(after, others)),
    )


def between(before: HostState, after: HostState) -> PolicyResult:
    """Return the diff of a phase from readings of the host before and after it."""
    return _diff(Snapshot.of(before).lines(), Snapshot.of(after).lines())


def committed(transaction: Transaction, host: HostState) -> PolicyResult:
    """Return the diff of a commit, worked out from the host as it is afterwards."""
    after = Snapshot.of(host)
    unfinished = host.unfinished
    if unfinished is None:
        return _diff(after.lines(), after.lines())
    staged = NameSet(unfinished.written)
    before = [
        dataclasses.replace(
            each,
            name=phases.staged_name(each.name, transaction) if each.path in staged else each.name,
            assigned=same(each.path, unfinished.previous),
        )
        for each in after.policies
    ]
    return _diff(dataclasses.replace(after, policies=tuple(before), unfinished="staged").lines(), after.lines())


def finished(transaction: Transaction, name: str, deleted: Iterable[str], host: HostState) -> PolicyResult:
    """Return the diff of a finish, worked out from the host as it is afterwards.

    name: the name of the transaction's policy; deleted: the paths of deleted objects, whose names are no longer known.
    """
    after = Snapshot.of(host)
    taken = NameSet(transaction.taken_over)
    named = [dataclasses.replace(each, name=name) if each.path in taken else each for each in after.policies]
    gone = [path.rpartition("\\")[2] for path in deleted]
    policies = [Entry("", each, assigned=False, ours=True) for each in gone if each.startswith(_POLICY_CLASS)]
    before = dataclasses.replace(
        after,
        policies=(*named, *policies),
        orphans=len(gone) - len(policies),
        firewall_rule=BLOCKS if Flag.UNBLOCK_IPV6 in transaction.flags else after.firewall_rule,
        lets_in=(*after.lets_in, *(f"{each}: for other peers" for each in transaction.closes)),
    )
    return _diff(before.lines(), after.lines())


def shows(diff: PolicyResult) -> bool:
    """Return whether a diff shows any change."""
    return diff["diff"]["before"] != diff["diff"]["after"]


def assigned_after(plan: Plan, host: HostState) -> str | None:
    """Return the name of the policy that is assigned after all phases; None if none is."""
    return next((each.name for each in _after(plan, host).policies if each.assigned), None)


_POLICY_CLASS = f"{model.ObjectClass.POLICY}{{"


def reasons(plan: Plan, host: HostState) -> list[RuleChange]:
    """Return the reasons for a plan: what changes in each rule, then in the rest."""
    by_rule: list[RuleChange] = [
        {"rule": name, "what": [str(word) for word in words]} for name, words in sorted(plan.rule_changes.items())
    ]
    rest = [str(word) for word in _rest(plan, host)]
    return [*by_rule, RuleChange(rule=None, what=rest)] if rest else by_rule


def keys(before: model.Policy | None, after: model.Policy | None) -> tuple[describe.KeyWord, describe.KeyWord]:
    """Return what may be said of the keys of two policies: whether those of a rule differ, nothing else."""
    old, new = _keys(before), _keys(after)

    def words(other: str) -> describe.KeyWord:
        def word(rule: str, _method: model.AuthenticationMethod) -> str:
            return NOT_SHOWN if not (rule in old and rule in new) or old[rule] == new[rule] else other

        return word

    return words(OLD_KEY), words(NEW_KEY)


def _keys(policy: model.Policy | None) -> dict[str, list[bytes]]:
    """Return the masked keys of all rules with the same name, in the order of the text."""
    found: dict[str, list[bytes]] = {}
    for rule in policy.rules if policy else ():
        for method in (*rule.authentication, *(rule.alternate_authentication or ())):
            if method.is_secret:
                found.setdefault(rule.name, []).append(method.data)
    return found


def _diff(before: Iterable[str], after: Iterable[str]) -> PolicyResult:
    return {
        "diff": {
            "before_header": "IPsec policies (before)",
            "before": "".join(f"{line}\n" for line in before),
            "after_header": "IPsec policies (after)",
            "after": "".join(f"{line}\n" for line in after),
        }
    }


def _policies(plan: Plan) -> tuple[tuple[StoredPolicy, ...], model.Policy | None]:
    """Return the policies that the diff shows in full: those removed or replaced, and the one that comes after them."""
    if plan.after is None:
        return plan.removed, None
    before = (plan.before,) if plan.before else ()
    return before, plan.after if plan.new else plan.before.policy if plan.before else None


def _stored(found: StoredPolicy, key_word: describe.KeyWord) -> Iterator[str]:
    yield from describe.lines(found.policy, key_word)
    yield from (f"  unreadable: {each.path} ({each.reason})" for each in found.unreadable)


def _reasons(plan: Plan, host: HostState) -> Iterator[str]:
    for each in reasons(plan, host):
        of = f" of the rule {describe.shown(each['rule'])}" if each["rule"] else ""
        yield f"changes{of}: {', '.join(each['what'])}"


def _rest(plan: Plan, host: HostState) -> Iterator[Word]:
    """Yield what changes besides rules."""
    before, after = _before(plan, host), _after(plan, host)
    if plan.new and plan.before:
        yield from changes.settings(plan.before.policy, plan.after)
        if plan.before.unreadable:
            yield Word.UNREADABLE
    if plan.transaction.assigns and not (plan.transaction.intent is Intent.SWITCH and plan.before_assigned):
        yield Word.ASSIGNMENT
    if _names(before, after) != _names(after, before):
        yield Word.NAME
    if before.services != after.services:
        yield Word.SERVICES
    if (before.firewall_rule, before.lets_in) != (after.firewall_rule, after.lets_in):
        yield Word.FIREWALL
    if plan.open_keys:
        yield Word.ACCESS_LIST
    if _record(before) != _record(after) or (plan.before and not plan.new and plan.records):
        yield Word.RECORD
    never_named = (found for found in map(host.store.at, plan.obsolete) if found and STAGED in found.name)
    if before.unfinished or before.orphans or (plan.after and any(never_named)):
        yield Word.LEFTOVERS


def _names(state: Snapshot, other: Snapshot) -> dict[str, str]:
    """Return the names, by path, of the policies that both states have."""
    common = {each.path for each in other.policies if each.path}
    return {each.path: each.name for each in state.policies if each.path in common}


def _record(state: Snapshot) -> tuple[object, ...]:
    return state.returns, state.names_back, state.value_recorded, state.remembered


def _before(plan: Plan, host: HostState) -> Snapshot:
    names = {path: found.rule_name(path) for found in host.store.policies for path in found.open_keys}
    open_keys = tuple(names[path] for path in plan.open_keys)
    return dataclasses.replace(Snapshot.of(host), orphans=len(_orphans(plan, host)), open_keys=open_keys)


def _after(plan: Plan, host: HostState, *, staging: bool = False) -> Snapshot:
    """Return what a host has after all phases of a plan, or after its stage."""
    wanted = () if staging and plan.after is None else plan.services
    common = dataclasses.replace(
        Snapshot.of(host),
        services=services.after(host, wanted),
        value_recorded=_value_recorded(plan, host),
        remembered=_remembered(host, wanted),
        firewall_rule=BLOCKS if plan.firewall else Snapshot.of(host).firewall_rule,
        lets_in=tuple(_let_in(plan, host, () if staging else plan.transaction.closes)),
    )
    if staging:
        left = [path for path in _orphans(plan, host) if path not in plan.remains]
        return dataclasses.replace(
            common, policies=tuple(_staged(plan, host)), unfinished=str(Progress.STAGED), orphans=len(left)
        )
    back = host.store.at(plan.replaced_after)
    return dataclasses.replace(
        common,
        firewall_rule=ABSENT if Flag.UNBLOCK_IPV6 in plan.transaction.flags else common.firewall_rule,
        policies=tuple(_finished(plan, host)),
        unfinished="",
        returns=back.name if back else "",
        names_back=tuple(each.name for each in plan.taken_over_after),
    )


def _staged(plan: Plan, host: HostState) -> Iterator[Entry]:
    yield from (each for each in Snapshot.of(host).policies if each.path not in plan.remains)
    if plan.new:
        yield Entry("", phases.staged_name(plan.new.name, plan.transaction), assigned=False, ours=True)


def _finished(plan: Plan, host: HostState) -> Iterator[Entry]:
    gone = {*plan.remains, *plan.obsolete}
    assigned = plan.transaction.assigned if plan.transaction.assigns else host.store.active_path
    ours = NameSet((*plan.owned_after, *(each.path for each in plan.adopted_after)))
    names = {each.path: each.name for each in plan.given_back}
    if plan.after:
        names |= {path: phases.taken_over_name(plan.after.name, path) for path in plan.transaction.taken_over}
    for each in Snapshot.of(host).policies:
        if each.path not in gone:
            yield Entry(each.path, names.get(each.path, each.name), same(each.path, assigned), each.path in ours)
    if plan.new:
        yield Entry("", plan.new.name, assigned=plan.transaction.intent is Intent.SWITCH, ours=True)


def _orphans(plan: Plan, host: HostState) -> list[str]:
    """Return what is deleted although it belongs to no deleted policy."""
    gone = dict.fromkeys((*plan.remains, *plan.obsolete))
    parts = host.store.removable([found.path for found in host.store.policies if found.path in gone])
    return [path for path in gone if path not in parts]


def _remembered(host: HostState, wanted: Collection[steps.Step]) -> tuple[str, ...]:
    """Return the services whose former settings are on record after these steps."""
    if steps.DeleteKey(SERVICES_NOTE) in wanted:
        return ()
    new = {step.name for step in wanted if isinstance(step, steps.SetValue) and step.path == SERVICES_NOTE}
    return tuple(sorted({*host.services_before, *new}))


def _value_recorded(plan: Plan, host: HostState) -> bool | None:
    if not host.prohibited:
        return None
    return host.prohibit_ipsec_note.recorded or (plan.after is not None and not plan.empty)


def _let_in(plan: Plan, host: HostState, closed: Collection[str]) -> Iterator[str]:
    """Yield our rules for peers after a plan."""
    stay = (rule for rule in host.windows_firewall.peers if rule.tag not in closed)
    yield from (peers_rule(rule.tag, sorted(rule.addresses)) for rule in stay)
    if plan.opening and plan.after:
        yield peers_rule(plan.transaction.tag, protection.peers(host, plan.after))
