# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What this collection may change on a host, as the lines of a diff. Never a key, nor a digest of one."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence

from ansible_collections.rras.ipsec.plugins.plugin_utils._policy import describe, firewall, services
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.host import HostState, Service

BLOCKS, ABSENT = "blocks L2TP over IPv6", "not there"
"""The states of our blocking rule of Windows Firewall: as we write it, or missing."""


@dataclasses.dataclass(frozen=True, slots=True)
class Entry:
    """One policy of a store."""

    path: str
    name: str
    assigned: bool
    ours: bool

    def __str__(self) -> str:
        ours = ", of this collection" if self.ours else ""
        return f"policy {describe.shown(self.name)}: {'assigned' if self.assigned else 'not assigned'}{ours}"


@dataclasses.dataclass(frozen=True, slots=True)
class Snapshot:
    """The state of a host, as far as this collection changes it and a person wants to know it."""

    policies: tuple[Entry, ...]
    returns: str
    """The name of the policy that a removal assigns again."""
    names_back: tuple[str, ...]
    """The names that a removal gives back to policies that were taken over."""
    unfinished: str
    orphans: int
    """How many objects are still to be deleted that no policy of the store leads to."""
    services: Mapping[str, Service]
    value_recorded: bool | None
    """Whether it is known what ProhibitIpSec was before us; None while it is not 1."""
    remembered: tuple[str, ...]
    """The services whose former settings are on record."""
    firewall_rule: str
    """The state of our blocking rule of Windows Firewall."""
    lets_in: tuple[str, ...]
    """Our rules of Windows Firewall for peers, in words."""
    open_keys: tuple[str, ...]
    """The names of the rules whose preshared key others can read."""

    @classmethod
    def of(cls, host: HostState) -> Snapshot:
        """Return the snapshot of a host."""
        back = host.store.at(host.replaced)
        return cls(
            policies=tuple(
                Entry(found.path, found.name, host.store.assigns(found.path), found.path in host.used)
                for found in host.store.policies
            ),
            returns=back.name if back else "",
            names_back=tuple(each.name for each in host.taken_over),
            unfinished=str(host.unfinished.progress) if host.unfinished else "",
            orphans=0,
            services=host.services,
            value_recorded=host.prohibit_ipsec_note.recorded if host.prohibited else None,
            remembered=tuple(sorted(host.services_before)),
            firewall_rule=_firewall_rule(host.windows_firewall),
            lets_in=tuple(peers_rule(rule.tag, sorted(rule.addresses)) for rule in host.windows_firewall.peers),
            open_keys=(),
        )

    def lines(self) -> Iterator[str]:
        """Yield the lines of a diff's text."""
        if self.unfinished:
            yield f"unfinished run: {self.unfinished}"
        if self.orphans:
            yield f"left over and unused: {self.orphans} objects"
        for name in (services.AGENT, services.IKE, services.RRAS):
            yield _service(self.services[name])
        if self.value_recorded is not None:
            yield f"what ProhibitIpSec was before: {'on record' if self.value_recorded else 'not on record'}"
        if self.remembered:
            yield f"a removal restores: {', '.join(self.remembered)}"
        yield f"Windows Firewall rule {firewall.NAME}: {self.firewall_rule}"
        yield from (f"Windows Firewall rule {firewall.PEERS}{each}" for each in self.lets_in)
        yield from (f"rule {describe.shown(rule)}: others can read its preshared key" for rule in self.open_keys)
        if self.returns:
            yield f"a removal assigns again: {describe.shown(self.returns)}"
        yield from (f"a removal restores the name of: {describe.shown(name)}" for name in self.names_back)
        yield from map(str, sorted(self.policies, key=lambda each: (each.name, not each.assigned)))


def peers_rule(tag: str, addresses: Sequence[str]) -> str:
    """Return one of our rules of Windows Firewall for peers, in words."""
    said = f"lets in UDP {', '.join(firewall.PEERS_PORTS)} from {', '.join(addresses)}"
    return f"{tag}: {said if addresses else 'differs from what was written'}"


def _firewall_rule(found: firewall.WindowsFirewall) -> str:
    if found.as_written:
        return BLOCKS
    return f"there, but it {firewall.mismatch(found.rules[0]) or 'is not the only one'}" if found.rules else ABSENT


def _service(service: Service) -> str:
    start = service.start.word if service.start is not None else "not installed"
    depends = f", after {', '.join(service.depends_on)}" if service.depends_on else ""
    return f"service {service.name}: start {start}, {'running' if service.running else 'not running'}{depends}"
