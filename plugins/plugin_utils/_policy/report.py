# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a verification says on each host: everything once in a run, on the end that it is about.

What can't be read affects its own end only; every other connection is compared.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Iterable, Iterator, Mapping

from ansible_collections.rras.ipsec.plugins.plugin_utils._policy import (
    acceptance,
    agreement,
    barrier,
    ends,
    findings,
    inspection,
    mistakes,
    undeclared,
    weaknesses,
)
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy import network as networks
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.agreement import Proofs
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.comparison import Standing
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.errors import STOPPED
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.findings import Finding, Identifier, Severity
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.network import Connection, Network
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.results import HostFacts, PolicyResult, as_proof

Answers = Mapping[str, PolicyResult]
"""What phase `verify` of `win_ipsec_psk_policy` answered on each host of the run, even if it failed."""


@dataclasses.dataclass(frozen=True, slots=True)
class Report:
    """What is said on one host."""

    lines: tuple[str, ...]
    """What both ends have, and what differs."""
    findings: tuple[Finding, ...]

    def of(self, severity: Severity) -> tuple[str, ...]:
        """Return the texts of the findings of one severity, one text for all that have the same remedy."""
        return acceptance.by_remedy(each for each in self.findings if each.severity is severity)


def report(network: Network, host: str, answers: Answers) -> Report:
    """Return what is said on a host. The declaration must be free of problems."""
    proofs, mistaken = read(network, answers)
    connections = networks.connections_of(network, host)
    summaries = tuple(
        each.summary
        for each, connection in zip(agreement.agreements(network, host, proofs), connections, strict=True)
        if speaker(connection, answers) == host
    )
    if host not in proofs:
        own: tuple[Finding, ...] = (_not_compared(host, answers.get(host, {}), mistaken.get(host, "")),)
    elif connections:
        own = _refused(host, tuple(_own(network, host, connections, proofs)), proofs[host]["refusal"])
    else:
        own = tuple(without_connection(network, host, proofs[host]["host"]))
    unread = _unread_peers(network, host, connections, answers)
    said = (*own, *unread)
    return Report((*summaries, *_difference(host, proofs)), tuple(dict.fromkeys(said)))


def read(network: Network, answers: Answers) -> tuple[Proofs, Mapping[str, str]]:
    """Return what was read of the declared servers, and, by host, why an answer comes from another server."""
    mistaken = mistakes.mistakes(
        network, {name: answer["host"] for name, answer in answers.items() if "host" in answer}
    )
    known = (name for name, answer in answers.items() if "host" in answer and name not in mistaken)
    return {name: as_proof(answers[name]) for name in known}, mistaken


def beside(network: Network, host: str, proofs: Proofs) -> Iterator[Finding]:
    """Yield what is found on a host with connections, apart from its differences and from what stops its tunnels."""
    compared, seen = proofs[host]["comparison"], proofs[host]["host"]
    if compared["standing"] == Standing.ASSIGNED:  # otherwise another policy must be dealt with first
        yield from inspection.beside(host, seen, compared["policy"])
    yield from _left(host, undeclared.under_other_names(host, seen, compared["policy"]))
    connections = networks.connections_of(network, host)
    yield from weaknesses.of_connections(host, (each for each in connections if speaker(each, proofs) == host))


def without_connection(network: Network, host: str, facts: HostFacts) -> Iterator[Finding]:
    """Yield what is found on a host that no connection names."""
    left = list(undeclared.unconnected(network[host], facts))
    yield from _left(host, left)
    if not left:
        said = f"{undeclared.why_unconnected(network[host])}, and no policy of this collection is there."
        yield findings.warning(Identifier.NO_CONNECTION, host, said, "Nothing was compared.")
    yield from findings.clear_text(host, facts)
    yield from inspection.beside(host, facts, "")


def speaker(connection: Connection, answers: Collection[str]) -> str:
    """Return the end that reports what both ends have."""
    return next((peer for peer in connection.peers if peer in answers), connection.peers[0])


def _own(network: Network, host: str, connections: tuple[Connection, ...], proofs: Proofs) -> Iterator[Finding]:
    proof, names = proofs[host], [connection.name for connection in connections]
    yield from findings.clear_text(host, proof["host"])
    otherwise = list(agreement.end_findings(network, host, connections, proofs))
    otherwise += ends.of_other_rules(host, names, proof, network[host].other_peers)
    yield from sorted(otherwise, key=lambda each: each.identifier is not Identifier.CLEAR_TEXT_L2TP)
    if not (proof["matches"] or otherwise):
        yield ends.of_the_rest(host)
    yield from findings.find(host, proof["host"], network[host].address)
    yield from beside(network, host, proofs)


def _refused(host: str, found: tuple[Finding, ...], refusal: str) -> tuple[Finding, ...]:
    """Return the findings; if site would refuse to run, the refusal replaces the advice to run it."""
    if not refusal:
        return found
    advice, instead = ends.run_site(host), f"Site would stop there: {refusal}"
    if not any(each.remedy == advice for each in found):
        return (
            *found,
            findings.error(
                Identifier.REFUSED, host, f"{host} matches the declaration, but site would refuse it.", instead
            ),
        )
    return tuple(dataclasses.replace(each, remedy=instead) if each.remedy == advice else each for each in found)


def _not_compared(host: str, answer: PolicyResult, mistake: str) -> Finding:
    if mistake:
        return findings.error(Identifier.MISTAKEN, host, f"{host} was not compared, because {mistake}", "")
    if answer.get("reason") == STOPPED:
        return findings.error(Identifier.REFUSED, host, str(answer["msg"]), "")  # the declaration is wrong
    said = barrier.failure(host, answer)
    if said:
        what = Identifier.UNREACHABLE if answer.get("unreachable") else Identifier.REFUSED
        return findings.error(what, host, f"{said.rstrip('.')}.", "Its connections were not compared; all others were.")
    said = f"{host} was not read in this run; start with the first task of the role (check --start-at-task and --step)."
    return findings.error(Identifier.NOT_READ, host, said, "")


def _left(host: str, left: Iterable[undeclared.Left]) -> Iterator[Finding]:
    return (findings.warning(Identifier.LEFTOVER_POLICY, host, *said) for said in left)


def _unread_peers(
    network: Network, host: str, connections: tuple[Connection, ...], answers: Answers
) -> Iterator[Finding]:
    """Yield the peers of a host that the run knows nothing of, if this host is the one to report them."""
    for peer in dict.fromkeys(connection.other(host) for connection in connections):
        said = list(agreement.of_unread(network, peer, answers))
        neighbours = sorted(each.other(peer) for each in networks.connections_of(network, peer)) if said else []
        if next((each for each in neighbours if each in answers), host) == host:
            yield from said


def _difference(host: str, proofs: Proofs) -> Iterator[str]:
    compared = proofs[host]["comparison"] if host in proofs else None
    if compared and compared["difference"]:
        yield f"{compared['policy']!r} on {host} (-), and as declared (+):"
        yield from compared["difference"]
