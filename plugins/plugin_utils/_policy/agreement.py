# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether the two ends of a connection agree.

No keys are compared here: each end was compared with its own declaration, and the declarations were found equal before.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Iterator, Mapping, Sequence

from ansible_collections.rras.ipsec.plugins.plugin_utils._policy import ends, findings
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy import network as networks
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.findings import Finding, Identifier, Severity
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.network import Connection, Network
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.results import PolicyProof

Proofs = Mapping[str, PolicyProof]
"""The last reading of each host that was read, by `plan` or `verify` of `win_ipsec_psk_policy`."""


@dataclasses.dataclass(frozen=True, slots=True)
class Agreement:
    """One connection, seen from both ends."""

    name: str
    proved: bool
    summary: str
    differences: tuple[str, ...]
    """What is wrong, a sentence or two each: how the ends differ, and findings on them that are errors."""
    errors: tuple[Finding, ...]
    """The errors among the findings in which an end differs from the declaration."""
    findings: tuple[Finding, ...]
    """The other findings on the ends that were read."""
    unproved_because: tuple[str, ...]
    """What is not proved and why, a sentence or two each: ends that were not read, and findings that are no errors."""


def agreements(network: Network, host: str, proofs: Proofs) -> list[Agreement]:
    """Return the agreement of each connection of a host."""
    return [_agreement(network, connection, proofs) for connection in networks.connections_of(network, host)]


_LEFT = Identifier.RESTART_PENDING
"""Not an error of the two ends, but something left for later."""


def end_findings(network: Network, host: str, connections: Sequence[Connection], proofs: Proofs) -> Iterator[Finding]:
    """Yield where a host, as one end of these connections, differs from the declaration."""
    peers = [connection.other(host) for connection in connections]
    own = network[host].main_mode
    alike = [each for each in peers if each in proofs and network[each].main_mode == own]
    yield from ends.of_host(host, proofs[host], [each for each in alike if ends.has_settings(proofs[each])])
    for connection, peer in zip(connections, peers, strict=True):
        yield from ends.of_rule(host, connection.name, proofs[host], peer, proofs.get(peer))


def of_unread(network: Network, host: str, proofs: Collection[str]) -> Iterator[Finding]:
    """Yield a finding that says why nothing is known of an end, if nothing is."""
    if not network[host].managed:
        said = f"{host} is not managed, so its end is not proved."
        yield findings.warning(Identifier.NOT_MANAGED, host, said, f"Check {host} by hand.")
    elif host not in proofs:
        said = f"{host} was not read in this run, so its end is not proved; run both ends together to compare them."
        yield findings.warning(Identifier.NOT_READ, host, said, "")


def _agreement(network: Network, connection: Connection, proofs: Proofs) -> Agreement:
    read = [peer for peer in connection.peers if network[peer].managed and peer in proofs]
    ends = [each for peer in read for each in end_findings(network, peer, [connection], proofs)]
    wrong = [each for each in ends if each.severity is Severity.ERROR and each.identifier is not _LEFT]
    differences = (
        *(each.problem for each in wrong),
        *networks.not_negotiable(network, connection.name, connection.peers),
    )
    summary = _summary(network, connection, read, proofs, differences)
    others = (each for each in ends if each not in wrong)
    found = (*others, *(each for peer in read for each in _find(network, peer, proofs)))
    broken = [each for each in found if each.severity is Severity.ERROR and each.identifier is not _LEFT]
    unread = tuple(each for peer in connection.peers for each in of_unread(network, peer, proofs))
    unproved_because = (*(each.problem for each in unread), *(str(each) for each in found if each not in broken))
    everything_wrong = (*differences, *map(str, broken))
    proved = not everything_wrong and not unproved_because
    return Agreement(connection.name, proved, summary, everything_wrong, tuple(wrong), found, unproved_because)


def _find(network: Network, host: str, proofs: Proofs) -> Iterator[Finding]:
    return findings.find(host, proofs[host]["host"], network[host].address)


def _summary(
    network: Network, connection: Connection, read: Sequence[str], proofs: Proofs, differences: Sequence[str]
) -> str:
    agree = not differences and all(ends.has_connection(connection.name, proofs[peer]) for peer in read)
    source, destination = (network[peer].address for peer in connection.peers)
    unproved = [peer for peer in read if not proofs[peer]["host"]["loading_proved"]]
    choice = _choice(network, connection) if agree and len(read) == len(connection.peers) else ""
    if not agree and len(read) == len(connection.peers) and ends.agree_on_another_key(connection, proofs):
        state = f"{' and '.join(read)} agree with each other, but not with the declaration, on"
    else:
        state = _state(read, unproved, agree=agree)
    what = f"UDP {source} port 1701 -> {destination}, mirrored, with {connection.means}{choice}"
    return f"{connection.name}: {state} {what}"


def _choice(network: Network, connection: Connection) -> str:
    """Return the proposals that IKE chooses, as the end of a sentence: once if it does not matter which end starts."""
    there, back = networks.negotiated(network, connection) or ("", "")
    if not there:
        return ""
    if there == back:
        return f"; IKE chooses {there}"
    source, destination = connection.peers
    return f"; IKE chooses {there} when {source} starts; {back} when {destination} starts"


def _state(read: Sequence[str], unproved: Sequence[str], *, agree: bool) -> str:
    """Return how the ends that were read stand: they agree with each other, or the only one has what is declared.

    unproved: those that have it assigned without proof that PolicyAgent loaded it.
    """
    if agree and unproved:
        have = "has" if len(read) == 1 else "have"
        return f"{' and '.join(read)} {have} assigned (loading not proved on {' and '.join(unproved)})"
    if not read:
        return "neither end was read;"
    if len(read) == 1:
        return f"{read[0]} {'has' if agree else 'does not have'}"
    return f"{' and '.join(read)} {'agree' if agree else 'do not agree'} on"
