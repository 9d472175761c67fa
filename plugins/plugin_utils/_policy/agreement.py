# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether the two ends of a connection agree.

No key is compared here: each end matches its own declaration, and the two declarations were found equal before.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ansible_collections.rras.ipsec.plugins.plugin_utils._policy import findings
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy import network as networks
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.findings import Finding
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.network import Connection, Network

Proofs = Mapping[str, Mapping[str, Any]]
"""What phase C(plan) of C(win_ipsec_psk_policy) answered last, by host."""


@dataclasses.dataclass(frozen=True, slots=True)
class Agreement:
    """One connection, seen from both ends."""

    name: str
    proved: bool
    summary: str
    disagreements: tuple[str, ...]
    findings: tuple[Finding, ...]
    remarks: tuple[str, ...]
    """What is not proved and why, a sentence or two each; the findings are among it."""


def agreements(network: Network, host: str, proofs: Proofs) -> list[Agreement]:
    """The agreement of each of a host's connections."""
    return [_agreement(network, connection, proofs) for connection in networks.connections_of(network, host)]


def _agreement(network: Network, connection: Connection, proofs: Proofs) -> Agreement:
    disagreements = (
        *(text for peer in connection.peers for text in _disagreements(network, peer, proofs)),
        *networks.not_negotiable(network, connection.name, connection.peers),
    )
    found = tuple(each for peer in connection.peers for each in _findings(network, peer, proofs))
    unread = tuple(text for peer in connection.peers for text in _unread(network, peer, proofs))
    remarks = (*unread, *map(str, found))
    source, destination = (network[peer].address for peer in connection.peers)
    means = (
        "the preshared key"
        if connection.preshared_key is not None
        else f"certificates of {connection.certificate_authority}"
    )
    read = [peer for peer in connection.peers if peer in proofs]
    unproved = [peer for peer in read if not proofs[peer]["host"]["loading_proved"]]
    state = _state(read, unproved, agree=not disagreements)
    choice = _choice(network, connection) if len(read) == len(connection.peers) else ""
    summary = f"{connection.name}: {state} UDP {source} port 1701 -> {destination}, mirrored, with {means}{choice}"
    return Agreement(connection.name, not disagreements and not remarks, summary, disagreements, found, remarks)


def _choice(network: Network, connection: Connection) -> str:
    """The proposals that IKE chooses, whichever end starts."""
    there, back = networks.negotiated(network, connection) or ("", "")
    if not there:
        return ""
    if there == back:
        return f"; IKE chooses {there}"
    source, destination = connection.peers
    return f"; IKE chooses {there} when {source} starts; {back} when {destination} starts"


def _state(read: Sequence[str], unproved: Sequence[str], *, agree: bool) -> str:
    """What is said of the ends that were read: both agree with each other, or one has what is declared.

    unproved: those that have it assigned, of which nobody knows whether PolicyAgent loaded it.
    """
    if agree and unproved:
        have = "has" if len(read) == 1 else "have"
        return f"{' and '.join(read)} {have} assigned (loading not proved on {' and '.join(unproved)})"
    if len(read) == 1:
        return f"{read[0]} {'has' if agree else 'does not have'}"
    return f"{' and '.join(read)} {'agree' if agree else 'do not agree'} on"


def _disagreements(network: Network, host: str, proofs: Proofs) -> Iterator[str]:
    proof = proofs.get(host)
    if not network[host].managed:
        return
    if proof is None:
        return
    if not proof["matches"]:
        yield f"{host} does not have the declared policy assigned."
    else:
        yield from (f"On {host}, {text}" for text in proof["obstacles"])
        if proof["host"]["prohibit_ipsec"]["value"] != 1:
            yield f"On {host}, ProhibitIpSec is not 1."


def _unread(network: Network, host: str, proofs: Proofs) -> Iterator[str]:
    if not network[host].managed:
        yield f"{host} is not managed, so its end is not proved."
    elif host not in proofs:
        yield f"{host} was not read in this run, so its end is not proved; run both ends to see that they agree."


def _findings(network: Network, host: str, proofs: Proofs) -> Iterator[Finding]:
    if network[host].managed and host in proofs:
        yield from findings.find(host, proofs[host]["host"])
