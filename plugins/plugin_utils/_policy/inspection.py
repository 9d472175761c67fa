# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a host shows by itself, whoever wrote its policies and whatever is declared.

`inspect` is for a host without a known declaration. With a declaration, the comparison tells what differs, and `beside`
tells what else was found.
"""

from __future__ import annotations

from collections.abc import Iterator

from ansible_collections.rras.ipsec.plugins.plugin_utils._policy import findings, weaknesses
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.clear_text import Cover
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.findings import Finding, Identifier, Severity
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.registry import same
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.results import HostFacts, PolicyFacts


def inspect(host: str, facts: HostFacts) -> Iterator[Finding]:
    """Yield everything that is found on a host, from the facts in its result."""
    yield from findings.clear_text(host, facts)
    if facts["l2tp_covered"] in (Cover.ALL, Cover.CONNECTIONS):
        yield from findings.of_the_value(host, facts)
    for each in facts["obstacles"]:
        if each["identifier"] != Identifier.UNREADABLE_OBJECT:
            yield findings.obstacle(host, each, _REMEDIES[Identifier(each["identifier"])])
    if facts["assigned"] is not None or facts["prohibit_ipsec"]["value"] == 1:
        yield from findings.find(host, facts)
    else:
        yield from findings.of_keys(host, facts["policies"])
    yield from weaknesses.find(host, facts)
    yield from _leftovers(host, facts)
    for policy in facts["policies"]:
        yield from _unreadable(host, policy)
    yield from legacy_engine(host, facts)


def beside(host: str, facts: HostFacts, compared: str) -> Iterator[Finding]:
    """Yield what is found on a host besides its comparison with a declaration. compared: the declared policy's name."""
    yield from weaknesses.find(host, facts)
    for policy in facts["policies"]:
        if not (policy["assigned"] or same(policy["name"], compared)):
            yield from _unreadable(host, policy)
    yield from legacy_engine(host, facts)


def legacy_engine(host: str, facts: HostFacts) -> Iterator[Finding]:
    """Yield a note on what no setting of an IPsec policy changes. It names no host, so that a run shows it once."""
    if facts["assigned"] is not None:
        yield findings.note(
            Identifier.LEGACY_ENGINE,
            host,
            "The IPsec Policy Agent of KB 240262 has neither AES nor SHA-256, nor a Diffie-Hellman group above 14.",
            "Nothing is wrong; for a new link, consider IKEv2 or the connection security rules of Windows Firewall.",
        )


_REMEDIES = {
    Identifier.DOMAIN_POLICY_OVERRIDES: "Exclude the server from that group policy.",
    Identifier.SERVICE_NOT_RUNNING: "Start it, and set its start type to automatic.",
    Identifier.ADDRESS_NOT_ON_HOST: "Correct the filter, or the address of the RRAS interface.",
    Identifier.NOT_LOADED_BY_AGENT: "Assign the policy again, and check the event log.",
}
"""The remedies for obstacles on a host without a known declaration."""


def _leftovers(host: str, facts: HostFacts) -> Iterator[Finding]:
    """Yield this collection's policies that are not in use; an unfinished transaction keeps two on purpose."""
    if facts["unfinished_transaction"] is not None:
        return
    for policy in facts["policies"]:
        if policy["ours"] and not policy["adopted"] and not policy["assigned"]:
            yield findings.warning(
                Identifier.LEFTOVER_POLICY,
                host,
                f"The policy {policy['name']!r} of this collection is in the store on {host}, but not assigned.",
                f"Run site for {host} if it is declared, or run remove.",
            )


def _unreadable(host: str, policy: PolicyFacts) -> Iterator[Finding]:
    """Yield the objects of a policy that can't be read, as errors if it is assigned: they may let anything through."""
    for each in policy["unreadable"]:
        yield Finding(
            Identifier.UNREADABLE_OBJECT,
            Severity.ERROR if policy["assigned"] else Severity.WARNING,
            host,
            f"The policy {policy['name']!r} on {host} can't be read completely: {each['path']} can't be read, "
            f"because {each['reason']}.",
            "Delete the policy in the console and make it again, or restore it from a backup (docs/restore.md).",
        )
