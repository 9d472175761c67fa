# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What was found of a host's connections: the fact l2tp_result, and the lines that are shown."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Final, TypedDict

from ansible_collections.rras.ipsec.plugins.plugin_utils import _shape, _view
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy import (
    acceptance,
    agreement,
    barrier,
    ends,
    facts,
    page,
    report,
)
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy import network as networks
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.findings import Finding, Identifier, Severity
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.fleet import Fleet, Gate
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.results import (
    FoundFacts,
    HostFacts,
    PolicyComparison,
    PolicyResult,
    RoleFacts,
    StateFacts,
    TaskResult,
)
from ansible_collections.rras.ipsec.plugins.plugin_utils._role import leftovers
from ansible_collections.rras.ipsec.plugins.plugin_utils._role.play_vars import COMPARED, PlayVars
from ansible_collections.rras.ipsec.plugins.plugin_utils._role.results import ComparedResult, StepFacts

FACT: Final = "l2tp_result"

_NO_ENDS: Final[FoundFacts] = {"connections": [], "findings": []}


class Compared(TypedDict):
    """The shown lines, the errors, and the fact."""

    lines: list[str]
    errors: list[str]
    ansible_facts: StepFacts


def compared(play: PlayVars, host: str) -> ComparedResult:
    """Return what the comparison answered on a host; empty if there was none."""
    found: ComparedResult | None = play[host].get(COMPARED)
    return found or {}


def of_nothing() -> Compared:
    """Return the result for a host that Ansible does not reach, so that nothing is read."""
    return _compared((), (), (), _NO_ENDS, {})


def of_removal(host: str, *, rebooted: bool) -> Compared:
    """Return the result for a host that an earlier removal left to a restart."""
    state = "was restarted" if rebooted else "still needs a restart"
    said = (
        f"{host} {state}, because ProhibitIpSec was removed; its policy stays in force: run remove, which deletes it."
    )
    return _compared((said,), (), ["restart"] if rebooted else [], _NO_ENDS, {})


def of_failure(failure: TaskResult) -> StepFacts:
    """Return the fact for a host of which nothing is known but how it failed."""
    errors = [str(failure["msg"])] if failure.get("msg") else []
    return _compared((), errors, (), _NO_ENDS, _state(None))["ansible_facts"]


def stopped(facts: StepFacts, reason: str) -> StepFacts:
    """Return the fact for a host that is to change; reason: why it will not, if so."""
    return {FACT: {**facts[FACT], "errors": [reason] if reason else []}}


def so_far(play: PlayVars, result: TaskResult, *, removal: bool, check_mode: bool) -> StepFacts:
    """Return the fact before a run has ended: what has been changed so far, and what was read last.

    result: what the last step answered. A connection that was changed and not read again counts as unread.
    """
    host, run = play.host, _view.run_nearby(play, play.host)
    phases = (Gate.COMMIT, Gate.STAGE, Gate.PLAN)
    answers = (run.answered(host, phase) or {} for phase in phases)
    state = _state(next((seen for answer in answers if (seen := answer.get("host"))), None))
    value, restart = _view.value_result(play, host), _view.restart_result(play, host)
    if "reboot_required" in value and state["read"]:
        state["restart_pending"] = bool(value["reboot_required"]) and not restart.get("rebooted")
    failed = [str(result["msg"])] if result.get("failed") or result.get("unreachable") else []
    done = () if check_mode else _changes(play, run, host)
    return _compared((), failed, done, _ends_so_far(play, run, removal=removal), state)["ansible_facts"]


def of_site(play: PlayVars, run: Fleet, host: str) -> Compared:
    """Return the result for a host whose connections were configured, or needed nothing."""
    proofs = _view.proofs(play, run.results)
    found = agreement.agreements(run.network, host, proofs)
    seen = _view.last_facts(play, host)
    judge = judgement(play, host)
    unlike = tuple(_unlike(run.network, host, found, proofs))
    every = tuple(dict.fromkeys((*(each for one in found for each in (*one.errors, *one.findings)), *unlike)))
    of_ends = [each for each in dict.fromkeys(each for one in found for each in one.findings) if each.host == host]
    of_ends += unlike
    others = tuple(_besides(run.network, host, proofs, seen))
    if leftovers.of_other_names(play, host):  # the last step deletes them
        others = tuple(each for each in others if each.identifier is not Identifier.LEFTOVER_POLICY)
    accepted = {text for each in every for text in _texts(judge, each)}
    wrong = [each for one in found for each in one.differences if each not in accepted]
    wrong += [str(each) for each in unlike if str(each) not in accepted]
    wrong += [str(each) for each in of_ends if each.severity is Severity.WARNING and judge.fails(each)]
    of_others = {str(each) for one in found for each in one.findings if each.host != host}
    said = [
        *_of_both_ends(run.network, host, found, proofs),
        *(str(each) for each in of_ends if str(each) not in wrong and not judge.accepts(each)),
        *(acceptance.said_as_accepted(each) for each in every if each.host == host and judge.accepts(each)),
        *judge.harmless(others),
    ]
    return _compared(
        said,
        (*(each for each in wrong if each not in of_others), *judge.failing(others)),
        _changes(play, run, host),
        _of_connections(run.network, host, found, (*of_ends, *others), judge),
        _state(seen),
    )


def judgement(play: PlayVars, host: str) -> acceptance.Acceptance:
    """Return which findings the variables of a host let pass."""
    own = play.declared(host)
    return acceptance.Acceptance(Severity(own["fail_on"]), frozenset(_shape.listed(own["accept"])))


def of_verification(play: PlayVars, host: str, unsound: Mapping[str, Sequence[str]]) -> Compared:
    """Return the result for a host that was compared with its declaration.

    unsound: the problems of connections that could not be compared, by connection name.
    """
    answers = _without_rules(_view.answers(play, host), unsound)
    nodes = _view.neighbourhood(play, host)
    if answers.keys() != nodes.keys():  # then one of that peer's own peers says so
        nodes = _view.neighbourhood(play, host, whole=True)
    nodes = networks.without_connections(nodes, unsound, host)
    made = report.report(nodes, host, answers)
    notes = (str(each) for each in made.findings if each.severity is Severity.NOTE)
    proofs, _mistakes = report.read(nodes, answers)
    found = agreement.agreements(nodes, host, proofs)
    judge = judgement(play, host)
    return _compared(
        (*made.lines, *judge.harmless(made.findings), *notes),
        (*(sentence for each in unsound.values() for sentence in each), *judge.failing(made.findings)),
        (),
        _of_connections(nodes, host, found, made.findings, judge),
        _state(answers.get(host, {}).get("host")),
    )


def verified(play: PlayVars) -> page.Verified:
    """Return what a run knows, for a report, once it has compared all its hosts."""
    nodes = _view.network(play, *play.playing)
    known = {host: _view.verified(play, host) for host in play.playing}
    made = {host: compared(play, host) for host in play.playing}
    return page.Verified(
        network={name: nodes[name] for name in (*play.playing, *nodes)},
        answers={host: answer for host, answer in known.items() if answer and not answer.get("skipped")},
        found={host: each["ansible_facts"][FACT] for host, each in made.items() if each.get("ansible_facts")},
    )


def lines(play: PlayVars) -> dict[str, list[str]]:
    """Return the lines to show for each host of the play that has any; no line twice.

    After a change, only hosts that were compared again are included.
    """
    every = {host: compared(play, host) for host in play.playing}
    again = {host: each for host, each in every.items() if each.get("last")}
    said: set[str] = set()
    found: dict[str, list[str]] = {}
    for host, each in (again or every).items():
        found[host] = [line for line in each.get("lines") or () if line not in said]
        said.update(found[host])
    return {host: mine for host, mine in found.items() if mine}


def _ends_so_far(play: PlayVars, run: Fleet, *, removal: bool) -> FoundFacts:
    if removal:
        return _NO_ENDS
    host, proofs = play.host, _view.proofs(play, run.results)
    found = agreement.agreements(run.network, host, proofs)
    findings = [each for one in found for each in one.findings if each.host == host]
    ends = _of_connections(run.network, host, found, findings, judgement(play, host))
    read = host in proofs
    return {**ends, "connections": [{**each, "agree": read and each["agree"]} for each in ends["connections"]]}


def _unlike(
    network: networks.Network, host: str, found: Iterable[agreement.Agreement], proofs: agreement.Proofs
) -> Iterator[Finding]:
    """Yield how a host differs from the declaration if none of its connections does."""
    proof, names = proofs.get(host), [connection.name for connection in networks.connections_of(network, host)]
    if proof is None or not names or proof["matches"]:
        return
    if any(error.host == host for one in found for error in one.errors):
        return
    others = tuple(ends.of_other_rules(host, names, proof, network[host].other_peers))
    yield from others or (ends.of_the_rest(host),)


def _texts(judge: acceptance.Acceptance, each: Finding) -> tuple[str, ...]:
    """Return the forms that an accepted finding takes among a connection's errors; none for any other finding."""
    return (each.problem, str(each)) if judge.accepts(each) else ()


def _of_both_ends(
    network: networks.Network, host: str, found: Iterable[agreement.Agreement], proofs: agreement.Proofs
) -> Iterator[str]:
    """Yield what is said about whole connections, on the one host that says it for both ends."""
    connections = networks.connections_of(network, host)
    for one, connection in zip(found, connections, strict=True):
        if report.speaker(connection, proofs) == host:
            yield one.summary
            for peer in connection.peers:
                yield from (each.problem for each in agreement.of_unread(network, peer, proofs))


def _without_rules(answers: report.Answers, names: Collection[str]) -> report.Answers:
    """Return the answers without what they say about connections that are not compared."""
    if not names:
        return answers
    return {host: _without_rules_of(answer, names) for host, answer in answers.items()}


def _without_rules_of(answer: PolicyResult, names: Collection[str]) -> PolicyResult:
    whole = answer.get("comparison")
    if not whole:
        return answer
    rules = [rule for rule in whole["rules"] if rule["name"] not in names]
    left: PolicyComparison = {**whole, "rules": rules, "difference": []}
    return {**answer, "comparison": left, "matches": True}


def _compared(
    said: Iterable[str], wrong: Iterable[str], changes: Sequence[str], found: FoundFacts, state: StateFacts
) -> Compared:
    errors = list(dict.fromkeys(wrong))
    whole: RoleFacts = {"changed": bool(changes), "changes": list(changes), "errors": errors, **found, **state}
    return {"lines": list(dict.fromkeys(said)), "errors": errors, "ansible_facts": {FACT: whole}}


def _of_connections(
    network: networks.Network,
    host: str,
    found: Iterable[agreement.Agreement],
    findings: Iterable[Finding],
    judge: acceptance.Acceptance,
) -> FoundFacts:
    found = tuple(found)
    connections = networks.connections_of(network, host)
    accepted = {text for one in found for each in (*one.errors, *one.findings) for text in _texts(judge, each)}
    return {
        "connections": [
            {
                "name": each.name,
                "peer": connection.other(host),
                "agree": not each.differences,
                "proved": each.proved,
                "accepted": bool(each.differences) and accepted.issuperset(each.differences),
                "summary": each.summary,
            }
            for each, connection in zip(found, connections, strict=True)
        ],
        "findings": [{**facts.of_finding(each), "accepted": judge.accepts(each)} for each in dict.fromkeys(findings)],
    }


def _state(seen: HostFacts | None) -> StateFacts:
    if seen is None:
        return {"read": False}
    return {
        "read": True,
        "restart_pending": barrier.is_restart_pending(seen["prohibit_ipsec"]),
        "unfinished_transaction": seen["unfinished_transaction"],
    }


def _changes(play: PlayVars, run: Fleet, host: str) -> list[str]:
    """Return what this run changed on a host; if the answer to the commit was lost, what reading it again showed."""
    done: dict[str, object] = {
        "policy": (run.answered(host, Gate.COMMIT) or {}).get("changed"),
        "ProhibitIpSec": _view.value_result(play, host).get("changed"),
        "restart": _view.restart_result(play, host).get("rebooted"),
    }
    return [what for what, changed in done.items() if changed]


def _besides(
    network: networks.Network, host: str, proofs: agreement.Proofs, seen: HostFacts | None
) -> Iterator[Finding]:
    """Yield what was found beside the connections; that a host has none is not worth a finding here."""
    if networks.connections_of(network, host):
        yield from report.beside(network, host, proofs) if host in proofs else ()
    elif seen:
        found = report.without_connection(network, host, seen)
        yield from (each for each in found if each.identifier is not Identifier.NO_CONNECTION)
