# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A plan as data: what is to be done to the policy store of one host."""

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
    """What is to be done to the policy store of one host."""

    before: store.StoredPolicy | None
    """The present policy, ours or with the declared name."""
    before_assigned: bool
    after: model.Policy | None
    """The declared policy, with its keys masked; None for a removal."""
    transaction: Transaction
    removed: tuple[store.StoredPolicy, ...] = ()
    """The policies of ours that a removal deletes."""
    new: model.Policy | None = None
    """The new generation to be written."""
    remains: tuple[str, ...] = ()
    """Objects of an aborted run that were never in force; they are deleted first."""
    obsolete: tuple[str, ...] = ()
    """Objects that only the old generation uses; they are deleted last."""
    owned_after: tuple[str, ...] = ()
    replaced_after: str = ""
    taken_over_after: tuple[Theirs, ...] = ()
    adopted_after: tuple[Theirs, ...] = ()
    given_back: tuple[Theirs, ...] = ()
    """Policies that were taken over and get their names back."""
    rule_changes: Mapping[str, changes.ChangeWords] = dataclasses.field(default_factory=dict)
    """What changes in each rule."""
    negotiated_otherwise: tuple[str, ...] = ()
    """The rules whose own meaning stays the same, but that the policy's new key exchange negotiates differently."""
    services: tuple[steps.Step, ...] = ()
    """The steps that change services."""
    firewall: tuple[steps.Step, ...] = ()
    """The steps that put our rule of Windows Firewall in place."""
    opening: tuple[steps.Step, ...] = ()
    """The steps that let the peers in through Windows Firewall."""
    open_keys: tuple[str, ...] = ()
    """Rules, ours or in use, whose preshared key others can read; their access lists are replaced."""
    records: tuple[str, ...] = ()
    """What changes in our record only, a few words each."""
    unfinished: bool = False
    """Whether an unfinished transaction must be cleared up."""
    warnings: tuple[str, ...] = ()
    """What the user should know about the host as it will be, a sentence each."""
    refusal: str = ""
    """Why the plan must not be carried out on the host in its present state, and what to do first; empty if it may
    be."""
    lasting_refusal: str = ""
    """The refusal that remains even after ProhibitIpSec is given back as it was before us; empty if there is none."""

    @property
    def changed_rules(self) -> tuple[str, ...]:
        """The names of the rules that are new, gone, different in meaning, or negotiated differently."""
        return tuple(dict.fromkeys((*self.rule_changes, *filter(None, self.negotiated_otherwise))))

    @property
    def empty(self) -> bool:
        """Whether there is nothing to do."""
        done = self.unfinished or self.remains or self.obsolete or self.services or self.open_keys or self.records
        rule = self.firewall or self.opening or self.transaction.closes or Flag.UNBLOCK_IPV6 in self.transaction.flags
        return self.transaction.intent is Intent.KEEP and not (done or rule)

    @property
    def leaves_nothing(self) -> bool:
        """Whether this is a removal after which nothing is on record, so that the record is deleted, too."""
        return self.after is None and not (self.owned_after or self.adopted_after)
