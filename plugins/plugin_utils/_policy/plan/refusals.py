# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Why a plan must not be carried out on a host in its present state, and what must be said if it may be."""

from __future__ import annotations

import dataclasses

from ansible_collections.rras.ipsec.plugins.plugin_utils._policy import (
    clear_text,
    describe,
    model,
    protection,
    services,
    store,
)
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.clear_text import Move, Ruling, Why
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.declaration import Declaration
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.host import HostState, ProhibitIpSecNote
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.plan.automatic import makes_automatic_filters
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.plan.generations import has_name
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.plan.transactions import PlanError
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.registry import NameSet, same
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.words import Words


def going_back(host: HostState) -> tuple[str, bool]:
    """Return what a revert assigns, empty for nothing, and whether that differs from the present assignment."""
    unfinished = host.unfinished
    if unfinished is None:
        return host.store.active_path, False
    active = host.store.active_path
    previous = unfinished.previous if host.store.at(unfinished.previous) else ""
    # What the transaction wrote is deleted, so it must not stay assigned, whoever assigned it.
    decided = NameSet((unfinished.policy, *unfinished.written))
    return previous, active in decided and not same(active, previous)


def revert_refused(host: HostState, name: str, words: Words) -> str:
    """Return why a transaction must not be reverted: what was assigned before does not protect. Empty if it may be."""
    previous, switches = going_back(host)
    return withdrawal_refused(host, name, host.store.at(previous), words) if switches else ""


Assigned = store.StoredPolicy | model.Policy | None
"""What is assigned after a plan: a policy of the store, the declared one, or none."""


def assignment_refused(host: HostState, policy: model.Policy, words: Words) -> str:
    """Return why a policy must not be assigned; empty if it may be."""
    if _judge(host, Move.ASSIGN, policy).answer is not Ruling.REFUSED:
        return ""
    if makes_automatic_filters(host):
        return (
            f"a filter of the policy {policy.name!r} for all L2TP keeps RRAS from making its automatic filters, and "
            f"{protection.why_open(policy)}, so this host's L2TP would be in clear text after the next start of RRAS; "
            f"{_correction(policy, words)}."
        )
    return (
        f"{_value_clause(host)}, and {protection.why_open(policy)}, so this host's L2TP would be in clear text; "
        f"{_correction(policy, words)}, or {_without_value(host, words)} and restart the host."
    )


def committed_refused(host: HostState, name: str, words: Words) -> str:
    """Return why the assignment just committed must not stay, whatever was declared; empty if it may."""
    active = host.store.active
    return assignment_refused(host, active.policy, words) if active else withdrawal_refused(host, name, None, words)


def withdrawal_refused(host: HostState, name: str, back: store.StoredPolicy | None, words: Words) -> str:
    """Return why a policy must not lose its assignment to another one, or to none; empty if it may."""
    if _judge(host, Move.WITHDRAW, back).answer is not Ruling.REFUSED:
        return ""
    # This is the first time that the user reads of the policy that was there before us, so the sentence names it.
    comes_back = f" {back.name!r}, which would then be assigned again, does not protect it;" if back else ""
    without = f"{_value_clause(host)}, so without the policy {name!r} its L2TP would be in clear text;{comes_back}"
    if host.removed_by_others:
        return f"{without} {_without_value(host, words)} and restart the host."
    if not host.prohibited:
        return f"{without} restart the host first."
    return (
        f"{without} remove the value first ({words.remove_value}; by hand if it was 1 before this collection changed "
        "the host) and restart the host."
    )


def with_prohibit_ipsec_given_back(host: HostState, words: Words) -> HostState:
    """Return the host as it will be after the caller has restored ProhibitIpSec and Windows has booted with that."""
    given_back = host.prohibit_ipsec_after_removal(only_recorded=words.removes_only_recorded)
    return dataclasses.replace(
        host, prohibit_ipsec=given_back, prohibit_ipsec_note=ProhibitIpSecNote(False, None, None, restart_pending=False)
    )


def clear_text_warnings(host: HostState, move: Move, after: Assigned, words: Words) -> tuple[str, ...]:
    """Return what must be said of a policy that is to be assigned, a sentence each."""
    verdict = _judge(host, move, after)
    if after is None or verdict.answer is not Ruling.WARNED:
        return ()
    policy = after.policy if isinstance(after, store.StoredPolicy) else after
    if verdict.why is Why.OPEN:
        return (f"L2TP of this host may be in clear text, because {protection.why_open(policy)}.",)
    if verdict.why is Why.IN_THE_WAY:
        return (protection.in_the_way(policy),)
    return (protection.uncovered(after, words),)


def refuse_unsafe(declaration: Declaration, host: HostState, words: Words) -> None:
    active = host.store.active
    name = declaration.policy.name
    # PolicyAgent takes one source: with a domain policy, it does not even read the local ActivePolicy.
    if host.domain_policy and declaration.assigned:
        raise PlanError(
            f"a domain policy ({describe.quoted(host.domain_policy)}) overrides the local one on this host; "
            "remove the host from that group policy, or configure the connection there."
        )
    if declaration.assigned and active and not has_name(active, name) and not declaration.replace_assigned:
        raise PlanError(
            f"the policy {active.shown_name!r}{_whose(host, active)} is assigned on this host, and only one can be; "
            f"set {words.replace_assigned} to true if the declared policy should replace it."
        )
    refusal = assignment_refused(host, declaration.policy, words) if declaration.assigned else ""
    if refusal:
        raise PlanError(refusal)


def refuse_dependency(host: HostState, words: Words, *, agent_first: bool) -> None:
    refusal = services.dependency_refused(host, words, agent_first=agent_first)
    if refusal:
        raise PlanError(refusal)


def refuse_foreign_addresses(declaration: Declaration, host: HostState, words: Words) -> None:
    has = ", ".join(sorted(protection.own_addresses(host))) or "none"
    for rule in declaration.policy.rules:
        # Rule by rule, so that the sentence can name the connection.
        alone = dataclasses.replace(declaration.policy, rules=(rule,))
        for problem in protection.foreign_addresses(host, alone, declaration.address):
            raise PlanError(f"{problem.rstrip('.')} (it has: {has}); {words.correct_addresses(rule.name)}.")


def _judge(host: HostState, move: Move, after: Assigned) -> clear_text.Verdict:
    # One judge for every phase and state (docs/clear_text.md); only the wording of the answer differs.
    policy = after.policy if isinstance(after, store.StoredPolicy) else after
    return clear_text.judge(
        move,
        prohibited=host.prohibited,
        in_effect=host.in_effect,
        cover_after=protection.cover(after),
        in_the_way_after=clear_text.in_the_way(policy),
    )


def _correction(policy: model.Policy, words: Words) -> str:
    """Return what to write instead of the option that keeps a policy from protecting; see `protection.why_open`."""
    l2tp = [rule for rule in policy.rules if any(map(clear_text.is_l2tp, rule.filters))]
    for rule in policy.rules:
        if clear_text.lets_through(rule):
            return words.correct_filter_action(_letting_option(rule.filter_action), rule.name)
    if any(not rule.active for rule in l2tp):
        return "set active of the rule to true"
    return "correct connection_type or the filters of the rule" if l2tp else f"correct {words.rules}"


def _letting_option(action: model.FilterAction) -> str:
    if action.action == model.Action.PERMIT:
        return "action"
    if action.accepts_unsecured:
        return "accept_unsecured"
    return "fall_back_to_clear_text" if action.falls_back_to_clear_text else "offers"


def _value_clause(host: HostState) -> str:
    if host.prohibited:
        return "ProhibitIpSec is 1 on this host"
    if host.removed_by_others:
        return "somebody else removed ProhibitIpSec from this host, and Windows may still run with it"
    return "Windows still runs with the ProhibitIpSec that was removed"


def _without_value(host: HostState, words: Words) -> str:
    """Return what to do about the value; if it was removed by hand, our removal must note that before any restart."""
    if host.removed_by_others:
        return f"have the removal noted first ({words.remove_value})"
    return f"remove the value first ({words.remove_value})"


def _whose(host: HostState, found: store.StoredPolicy) -> str:
    return ", which this collection wrote," if found.path in host.ours else ""
