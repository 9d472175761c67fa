# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One end of a connection: where it differs from the declaration, a finding each.

No key is used here, only what tells whether two hosts of one run have the same key.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from ansible_collections.rras.ipsec.plugins.plugin_utils._policy import findings
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.comparison import RuleStanding, Standing, Treatment
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.findings import Finding, Identifier
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.network import OTHER_PEERS_RULE, Connection
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.results import PolicyProof, RuleComparison


def of_host(host: str, proof: PolicyProof, alike: Sequence[str] = ()) -> Iterator[Finding]:
    """Yield findings that concern all connections of a host. alike: the peers with the declared key exchange."""
    yield from _standing(host, proof)
    compared = proof["comparison"]
    if compared["has"] or compared["declared"]:
        lines = (*compared["has"], *compared["declared"])
        has_it = () if any(line.startswith(_OF_ITS_OWN) for line in lines) else alike
        said = _instead(f"The policy {compared['policy']!r} on {host}", compared["has"], compared["declared"], has_it)
        yield findings.error(Identifier.POLICY_DIFFERS, host, said, run_site(host))
    for obstacle in compared["obstacles"]:
        yield findings.obstacle(host, obstacle, run_site(host))
    yield from findings.of_the_value(host, proof["host"])


def has_settings(proof: PolicyProof) -> bool:
    """Return whether a host's policy has all that is declared besides its rules."""
    compared = proof["comparison"]
    return compared["standing"] != Standing.MISSING and not (compared["has"] or compared["declared"])


_OF_ITS_OWN = ("check for policy changes every: ", "description: ")
"""The beginnings of lines that may differ between the two ends."""


def of_rule(host: str, name: str, proof: PolicyProof, peer: str, peers: PolicyProof | None) -> Iterator[Finding]:
    """Yield findings that concern one connection, at one end. peers: what the other end answered, or None."""
    rule = _rule(proof, name)
    if rule is None:
        return
    other = _rule(peers, name) if peers else None
    has_it = (peer,) if other and other["state"] == RuleStanding.MATCHES else ()
    if not rule["covered"]:
        yield from findings.clear_text_with(host, peer, proof["host"])
    if rule["state"] == RuleStanding.MISSING and proof["comparison"]["standing"] != Standing.MISSING:
        yield findings.error(Identifier.RULE_MISSING, host, f"The rule {name!r} is missing on {host}.", run_site(host))
    elif rule["state"] == RuleStanding.DIFFERS and rule["only_key"]:
        yield _another_key(host, name, rule, peer, other)
    elif rule["state"] == RuleStanding.DIFFERS and rule["ends_swapped"]:
        said = _instead(
            f"The rule {name!r} on {host} has its two ends swapped: it", rule["has"], rule["declared"], has_it
        )
        yield findings.error(Identifier.ENDS_SWAPPED, host, said, run_site(host))
    elif rule["state"] == RuleStanding.DIFFERS:
        said = _instead(f"The rule {name!r} on {host}", rule["has"], rule["declared"], has_it)
        yield findings.error(Identifier.RULE_DIFFERS, host, said, run_site(host))
    for obstacle in rule["obstacles"]:
        yield findings.obstacle(host, obstacle, run_site(host))


def of_other_rules(host: str, connections: Sequence[str], proof: PolicyProof, other_peers: str) -> Iterator[Finding]:
    """Yield findings about the rules of a host that belong to none of its connections."""
    for rule in proof["comparison"]["rules"]:
        name = rule["name"]
        if name in connections or rule["state"] == RuleStanding.MATCHES:
            continue
        is_there = name == OTHER_PEERS_RULE and proof["comparison"]["standing"] != Standing.MISSING
        if is_there and (said := _other_peers(host, rule, other_peers)):
            yield findings.error(Identifier.OTHER_PEERS_DIFFER, host, said, run_site(host))
        elif rule["state"] == RuleStanding.UNDECLARED:
            filters = [line for line in rule["has"] if line.startswith("filter: ")]
            said = f"The rule {name!r} on {host} is not declared ({', '.join(filters) or 'it is active'})."
            yield findings.error(Identifier.RULE_UNDECLARED, host, said, run_site(host))


def of_the_rest(host: str) -> Finding:
    """Return the finding that a host differs from the declaration, for the case that nothing else says how."""
    said = f"{host} does not match the declaration."
    return findings.error(Identifier.POLICY_DIFFERS, host, said, run_site(host))


def has_connection(name: str, proof: PolicyProof) -> bool:
    """Return whether an end has the rule of a connection in force, as declared, as far as can be read."""
    rule = _rule(proof, name)
    return _in_force(proof) and rule is not None and rule["state"] == RuleStanding.MATCHES and not rule["obstacles"]


def agree_on_another_key(connection: Connection, proofs: Mapping[str, PolicyProof]) -> bool:
    """Return whether both ends have all that is declared except the key, and have the same key."""
    one, other = (_rule(proofs[peer], connection.name) for peer in connection.peers)
    in_force = all(_in_force(proofs[peer]) for peer in connection.peers)
    return in_force and one is not None and other is not None and _same_other_key(one, other)


_IGNORED = "ignored"
_TREATMENTS = {
    "block": str(Treatment.BLOCKED),
    "certificate": str(Treatment.WITH_CERTIFICATES),
    "ignore": _IGNORED,
}
"""What each value of l2tp_other_peers leads to."""


def run_site(host: str) -> str:
    """Return the advice to run site, which is replaced where a plan refuses that."""
    return f"Run site for {host}."


def _in_force(proof: PolicyProof) -> bool:
    compared = proof["comparison"]
    whole = compared["standing"] == Standing.ASSIGNED and not compared["obstacles"]
    return bool(whole and has_settings(proof) and proof["host"]["prohibit_ipsec"]["value"] == 1)


def _standing(host: str, proof: PolicyProof) -> Iterator[Finding]:
    compared, assigned = proof["comparison"], proof["host"]["assigned"]
    name, standing = compared["policy"], compared["standing"]
    if standing == Standing.ASSIGNED:
        return
    there = "is in the store" if standing == Standing.UNASSIGNED else "is not in the store"
    if assigned is not None:
        said = f"On {host}, the policy {assigned!r} is assigned, not {name!r}, which {there}."
        yield findings.error(Identifier.OTHER_POLICY_ASSIGNED, host, said, run_site(host))
        return
    said = f"On {host}, no policy is assigned; {name!r} {there}."
    what = Identifier.POLICY_NOT_ASSIGNED if standing == Standing.UNASSIGNED else Identifier.POLICY_MISSING
    yield findings.error(what, host, said, run_site(host))


def _another_key(host: str, name: str, rule: RuleComparison, peer: str, other: RuleComparison | None) -> Finding:
    if other is not None and _same_other_key(rule, other):
        said = (
            f"The rule {name!r} on {host} does not have the declared key yet, but has the same key as {peer}, "
            "so the two ends still agree with each other and the tunnel is not broken."
        )
        remedy = "Run site for both ends to roll out the declared key."
        return findings.error(Identifier.KEY_NOT_ROLLED_OUT, host, said, remedy)
    said = f"The rule {name!r} on {host} has a preshared key other than the declared one"
    if other is not None and other["state"] == RuleStanding.MATCHES:
        said += f", which {peer} has"
    return findings.error(Identifier.KEY_DIFFERS, host, f"{said}.", run_site(host))


def _same_other_key(rule: RuleComparison, other: RuleComparison) -> bool:
    """Return whether two hosts of one run have the same key, other than the declared one.

    Fingerprints of different runs are never equal.
    """
    return (
        rule["only_key"]
        and other["only_key"]
        and bool(rule["key_fingerprints"])
        and rule["key_fingerprints"] == other["key_fingerprints"]
    )


def _rule(proof: PolicyProof, name: str) -> RuleComparison | None:
    rules = proof["comparison"]["rules"]
    return next((rule for rule in rules if rule["name"] == name and rule["state"] != RuleStanding.UNDECLARED), None)


def _other_peers(host: str, rule: RuleComparison, other_peers: str) -> str:
    """Return what is wrong with L2TP with other peers, a sentence; empty if it is ignored, as declared."""
    treated, declared = rule["treatment"] or _IGNORED, _TREATMENTS[other_peers]
    if rule["state"] == RuleStanding.DIFFERS and treated == _IGNORED:
        return f"L2TP with other peers is not {declared} on {host}: the rule {rule['name']!r} is not active."
    if treated != declared:
        return f"L2TP with other peers is {treated} on {host}, but l2tp_other_peers is {other_peers}."
    if treated == _IGNORED:
        return ""
    begin = f"L2TP with other peers is {treated} on {host}, but not as declared: the rule {rule['name']!r}"
    return _instead(begin, rule["has"], rule["declared"])


def _instead(what: str, has: Sequence[str], declared: Sequence[str], peers: Sequence[str] = ()) -> str:
    """Return how something differs from the declaration. peers: the other ends, if they have what is declared."""
    if not has and not declared:
        return f"{what} is not what is declared."
    if not declared:
        return f"{what} has settings that are not declared ({', '.join(has)})."
    if not has:
        return f"{what} lacks declared settings ({', '.join(declared)})."
    also = f", which {' and '.join(peers)} {'has' if len(peers) == 1 else 'have'}" if peers else ""
    return f"{what} has {', '.join(has)}; the declaration says {', '.join(declared)}{also}."
