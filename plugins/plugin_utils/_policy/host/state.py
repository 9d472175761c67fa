# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Everything that was read from a host in one execution, and what follows from it."""

from __future__ import annotations

import dataclasses
import enum
from collections.abc import Mapping

from ansible_collections.rras.ipsec.plugins.plugin_utils._policy import firewall
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.clear_text import InEffect
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.host.paths import PROHIBITED
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.registry import NameSet, Value
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.store import Store, StoredPolicy


class StartType(enum.IntEnum):
    """The value Start of a service, in the words of sc.exe."""

    BOOT = 0
    SYSTEM = 1
    AUTO = 2
    DEMAND = 3
    DISABLED = 4

    @property
    def word(self) -> str:
        """The word of sc.exe for it, as results and sentences have it."""
        return self.name.lower()


class Progress(enum.StrEnum):
    """How far an unfinished transaction has come."""

    STAGING = "staging"
    STAGED = "staged"
    COMMITTED = "committed"


@dataclasses.dataclass(frozen=True, slots=True)
class Service:
    """A Windows service, as the registry and sc.exe show it."""

    name: str
    start: StartType | None
    running: bool
    depends_on: tuple[str, ...] = ()
    depends_on_groups: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True, slots=True)
class HostAddress:
    """One IPv4 address of a host's interfaces."""

    address: str
    dynamic: bool


@dataclasses.dataclass(frozen=True, slots=True)
class L2tpPorts:
    """The L2TP ports of RRAS, and what their properties allow; None means unknown."""

    count: int | None = None
    remote_access: bool | None = None
    """Remote access connections (inbound only)."""
    routing: bool | None = None
    """Demand-dial routing connections (inbound and outbound)."""
    outbound_routing: bool | None = None
    """Demand-dial routing connections (outbound only)."""


@dataclasses.dataclass(frozen=True, slots=True)
class Theirs:
    """Another person's policy that is kept to be given back: we use it, or ours took its name."""

    path: str
    name: str
    """The name that it had."""


@dataclasses.dataclass(frozen=True, slots=True)
class UnfinishedTransaction:
    """What an earlier phase left on the host for the next one."""

    id: str
    progress: Progress
    policy: str
    """The path of the policy that is assigned after the commit; empty for none."""
    previous: str
    """The path of the policy that was assigned before; empty for none."""
    written: tuple[str, ...]
    obsolete: tuple[str, ...]
    owned_after: tuple[str, ...]
    replaced_after: str
    taken_over_after: tuple[Theirs, ...]
    adopted_after: tuple[Theirs, ...]
    blocked_ipv6: bool
    """Whether our rule of Windows Firewall did not exist before the transaction."""


@dataclasses.dataclass(frozen=True, slots=True)
class ProhibitIpSecNote:
    """What we remember of ProhibitIpSec: what we set, what was there before us, and whether a restart is pending."""

    recorded: bool
    """Whether we know what was there before us."""
    set_to: int | None
    before: Value | None
    restart_pending: bool
    start_known: bool = False
    """Whether we know which value Windows booted with, although it was changed since then."""
    started_with: Value | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class HostState:
    """Everything that was read from a host in one execution."""

    store: Store
    digest: str
    recorded_owned: tuple[str, ...]
    recorded_replaced: str
    recorded_taken_over: tuple[Theirs, ...]
    recorded_adopted: tuple[Theirs, ...]
    access_before: tuple[str, ...]
    """The content of `ACCESS_BEFORE`."""
    unfinished: UnfinishedTransaction | None
    backed_up: bool
    services_before: Mapping[str, Value]
    prohibit_ipsec: Value | None
    prohibit_ipsec_note: ProhibitIpSecNote
    services: Mapping[str, Service]
    addresses: tuple[HostAddress, ...]
    domain_policy: str
    listed: frozenset[str]
    loading_proved: bool
    """Whether the addresses that the agent lists can prove that it loaded the assigned policy, not an earlier one."""
    policies_valid: bool | None
    """Whether netsh finds no fault with the policies; None if it was not asked, or if there are none, which netsh calls
    a fault."""
    windows_firewall: firewall.WindowsFirewall
    machine: str
    """A text that is the same for two readings of one machine, and differs between the machines of a network."""
    l2tp_ports: L2tpPorts

    @property
    def in_force(self) -> UnfinishedTransaction | None:
        """The unfinished transaction, if it was committed, or cut after it had changed the assignment."""
        unfinished = self.unfinished
        if unfinished is None or unfinished.progress is Progress.STAGING:
            return None
        switched = self.store.assigns(unfinished.policy) and not self.store.assigns(unfinished.previous)
        return unfinished if unfinished.progress is Progress.COMMITTED or switched else None

    @property
    def our_paths(self) -> tuple[str, ...]:
        """The paths of all objects that are on record as ours; some of them may not exist."""
        written = self.unfinished.written if self.unfinished else ()
        taken = self.in_force.owned_after if self.in_force else ()
        return tuple(dict.fromkeys((*self.recorded_owned, *written, *taken)))

    @property
    def ours(self) -> NameSet:
        """The same as `our_paths`, as a set of names."""
        return NameSet(self.our_paths)

    @property
    def our_policies(self) -> tuple[StoredPolicy, ...]:
        """The policies in the store that are on record as ours."""
        return tuple(found for found in self.store.policies if found.path in self.ours)

    @property
    def replaced(self) -> str:
        """The path of the assigned policy of somebody else that ours replaced; empty if there is none."""
        return self.in_force.replaced_after if self.in_force else self.recorded_replaced

    @property
    def taken_over(self) -> tuple[Theirs, ...]:
        """The policies that were taken over and still exist.

        What a transaction gives back or forgets counts until it is finished: only then do names and objects change.
        """
        taken = self.in_force.taken_over_after if self.in_force else ()
        found = {each.path: each for each in (*taken, *self.recorded_taken_over)}
        return tuple(each for path, each in found.items() if self.store.at(path))

    @property
    def adopted(self) -> tuple[Theirs, ...]:
        """The policies that were there before us and have the declared meaning, so that they are used as they are.

        One that a transaction forgets counts until it is finished: it is deleted only then.
        """
        found = self.recorded_adopted
        if self.in_force:
            forgotten = [each for each in found if each.path in self.in_force.obsolete]
            found = (*self.in_force.adopted_after, *forgotten)
        return tuple(each for each in found if self.store.at(each.path))

    @property
    def used(self) -> NameSet:
        """The paths of all objects that are ours, and of adopted policies."""
        return NameSet((*self.our_paths, *(each.path for each in self.adopted)))

    @property
    def prohibited(self) -> bool:
        """Whether ProhibitIpSec is a REG_DWORD of 1, which keeps RRAS from automatic filters from the next boot on."""
        return self.prohibit_ipsec == PROHIBITED

    @property
    def taken_away(self) -> bool:
        """Whether the value was there and somebody else removed it; Windows may still run with it."""
        was_there = self.prohibit_ipsec_note.set_to is not None or self.prohibit_ipsec_note.before == PROHIBITED
        return was_there and not self.prohibited

    @property
    def prohibit_ipsec_to_give_back(self) -> Value | None:
        """The ProhibitIpSec after a removal: what was there before us, if we set what is there now.

        A value that somebody removed is not brought back: nobody would then know that L2TP needs another protection.
        """
        note = self.prohibit_ipsec_note
        ours = note.set_to is not None and (self.prohibited or note.before != PROHIBITED)
        return note.before if ours else self.prohibit_ipsec

    def prohibit_ipsec_after_removal(self, *, only_recorded: bool) -> Value | None:
        """Return the ProhibitIpSec after a removal.

        only_recorded: leave a value if it is not known what was there before it.
        """
        unrecorded = self.prohibited and not self.prohibit_ipsec_note.recorded
        return None if unrecorded and not only_recorded else self.prohibit_ipsec_to_give_back

    @property
    def removed_by_others(self) -> bool:
        """Whether somebody else removed the value, and we have not noted since then that a restart is pending."""
        return self.taken_away and not self.prohibit_ipsec_note.restart_pending

    @property
    def started_with_it(self) -> tuple[Value | None] | None:
        """The ProhibitIpSec that Windows booted with, in a tuple; None if it can't be known.

        A value other than 1 is taken for the one that Windows booted with, unless we know of a change.
        """
        if self.prohibit_ipsec_note.restart_pending:
            return (self.prohibit_ipsec_note.started_with,) if self.prohibit_ipsec_note.start_known else None
        known = InEffect.YES if self.prohibited else InEffect.UNKNOWN
        return (self.prohibit_ipsec,) if self.in_effect is known else None

    @property
    def in_effect(self) -> InEffect:
        """Whether Windows booted with the present ProhibitIpSec."""
        if self.prohibit_ipsec_note.restart_pending or self.taken_away:
            return InEffect.NO
        if self.prohibited and self.prohibit_ipsec_note.set_to == PROHIBITED.number:
            return InEffect.YES
        return InEffect.UNKNOWN
