# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A plan as data: what is to happen to the policy store of one host."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

from ansible_collections.rras.ipsec.plugins.plugin_utils._policy import (
    changes,
    model,
    steps,
    store,
)
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.host import Theirs
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.plan.transactions import Flag, Intent, Transaction


@dataclasses.dataclass(frozen=True, slots=True)
class Plan:
    """What is to happen to the policy store of one host."""

    before: store.StoredPolicy | None
    """The policy of ours, or of the declared name, that is there now."""
    before_assigned: bool
    after: model.Policy | None
    """The declared policy, its keys masked; None for a removal."""
    transaction: Transaction
    removed: tuple[store.StoredPolicy, ...] = ()
    """The policies of ours that a removal takes."""
    new: model.Policy | None = None
    """The new generation that must be written."""
    remains: tuple[str, ...] = ()
    """Objects of an aborted run that were never in force; deleted first."""
    obsolete: tuple[str, ...] = ()
    """Objects that only the old generation uses; deleted last."""
    owned_after: tuple[str, ...] = ()
    replaced_after: str = ""
    taken_over_after: tuple[Theirs, ...] = ()
    adopted_after: tuple[Theirs, ...] = ()
    given_back: tuple[Theirs, ...] = ()
    """Policies that were taken over and get their names back."""
    rule_changes: Mapping[str, changes.Words] = dataclasses.field(default_factory=dict)
    """What changes of which rule."""
    negotiated_otherwise: tuple[str, ...] = ()
    """The rules that mean the same, but are negotiated by another key exchange of the policy."""
    services: tuple[steps.Step, ...] = ()
    """What is done to services."""
    firewall: tuple[steps.Step, ...] = ()
    """What brings our rule of Windows Firewall about."""
    opening: tuple[steps.Step, ...] = ()
    """What lets the peers in through Windows Firewall."""
    open_keys: tuple[str, ...] = ()
    """Rules that are ours or in use, whose preshared key others can read; their access lists are replaced."""
    records: tuple[str, ...] = ()
    """What changes of our record though nothing else of its subject does, a few words each."""
    unfinished: bool = False
    """An unfinished transaction must be cleared up."""
    warnings: tuple[str, ...] = ()
    """What the user should know of the host as it will be, a sentence each."""
    refusal: str = ""
    """Why it must not be carried out as the host is now, and what to do first; nothing where it may be."""
    lasting_refusal: str = ""
    """Why that will be so even when ProhibitIpSec is given back as it was before us."""

    @property
    def changed_rules(self) -> tuple[str, ...]:
        """The names of the rules that are new, gone or mean something else, or are negotiated otherwise."""
        return tuple(dict.fromkeys((*self.rule_changes, *filter(None, self.negotiated_otherwise))))

    @property
    def empty(self) -> bool:
        """Nothing is to be done."""
        done = self.unfinished or self.remains or self.obsolete or self.services or self.open_keys or self.records
        rule = self.firewall or self.opening or self.transaction.closes or Flag.UNBLOCK_IPV6 in self.transaction.flags
        return self.transaction.intent is Intent.KEEP and not (done or rule)

    @property
    def leaves_nothing(self) -> bool:
        """A removal after which nothing is on record, so that the record goes too."""
        return self.after is None and not (self.owned_after or self.adopted_after)
