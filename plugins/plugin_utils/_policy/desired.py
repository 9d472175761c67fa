# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What one task wants of a host's policy store: a declared policy present, or ours absent."""

from __future__ import annotations

import abc
import dataclasses
import functools
import uuid

from ansible_collections.rras.ipsec.plugins.plugin_utils._policy import (
    comparison,
    describe,
    model,
    phases,
    plan,
    protection,
    settling,
    steps,
)
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.declaration import Declaration
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.host import HostState, Theirs
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.plan import Plan, PlanError
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.registry import same
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.words import TASK, Words


@dataclasses.dataclass(frozen=True, slots=True)
class Ending:
    """What the last phase does besides deleting the old generation."""

    given_back: tuple[Theirs, ...] = ()
    """The policies that get their names back."""
    forgetting: tuple[steps.Step, ...] = ()
    """The steps that give the services back and delete our record, if nothing of ours is left."""


class Desired(abc.ABC):
    """What is wanted, and whether a host has it. The defaults here hold if nothing is declared."""

    name: str
    words: Words
    needs_proof = False
    """Whether it is an error if something does not come up after a boot."""
    ends_as_the_host_is = False
    """Whether the last phase must read the host first (see `ending`)."""

    @abc.abstractmethod
    def plan(self, host: HostState, identity: uuid.UUID) -> Plan:
        """Return the plan for it. identity: a new random one, for the transaction. Raises `PlanError`."""

    @abc.abstractmethod
    def matches(self, host: HostState) -> bool:
        """Return whether the host has it."""

    @abc.abstractmethod
    def unproved(self, host: HostState) -> tuple[str, ...]:
        """Return what has still to come up after a boot, a clause each."""

    @property
    def assigned(self) -> model.Policy | None:
        """The declared policy, if it is to be assigned."""
        return None

    def refusal(self, _host: HostState, _identity: uuid.UUID) -> str:
        """Return why it must not be done on the host in its present state; empty if it may be."""
        return ""

    def obstacles(self, _host: HostState) -> tuple[protection.Obstacle, ...]:
        """Return why the declared policy does not protect L2TP on the host, a sentence each."""
        return ()

    def compared(self, _host: HostState, _fingerprint: comparison.Fingerprint) -> comparison.Comparison | None:
        """Return the comparison of the host with the declaration; None if there is none."""
        return None

    def key_word(self) -> describe.KeyWord:
        """Return the function that describes a key of the host."""
        return describe.key_states({})

    def ending(self, _host: HostState) -> Ending:
        """Return what else the last phase does. host: as it is before that phase."""
        return Ending()


@dataclasses.dataclass(frozen=True)
class Present(Desired):
    """A declared policy is to be present."""

    needs_proof = True

    declaration: Declaration
    nonce: bytes = dataclasses.field(repr=False)
    """The nonce under which the host answers digests instead of its keys."""
    agent_first: bool
    """Whether RemoteAccess is to depend on PolicyAgent."""
    words: Words = TASK

    @property
    def name(self) -> str:  # type: ignore[override]
        return self.declaration.policy.name

    @property
    def assigned(self) -> model.Policy | None:
        return self.declaration.policy if self.declaration.assigned else None

    def plan(self, host: HostState, identity: uuid.UUID) -> Plan:
        declared, words = self.declaration, self.words
        return plan.plan_present(declared, host, self.nonce, identity, words, agent_first=self.agent_first)

    def refusal(self, host: HostState, identity: uuid.UUID) -> str:
        try:
            planned = self.plan(host, identity)
        except PlanError as error:
            return str(error)
        return planned.lasting_refusal or planned.refusal

    def matches(self, host: HostState) -> bool:
        found = [each for each in host.store.find(self._masked.name) if plan.means(each.policy, self._masked)]
        return any(not self.assigned or host.store.assigns(each.path) for each in found)

    def unproved(self, host: HostState) -> tuple[str, ...]:
        return settling.unproved(host, self.assigned) if self.assigned and self.matches(host) else ()

    def obstacles(self, host: HostState) -> tuple[protection.Obstacle, ...]:
        return protection.obstacles(host, self.name)

    def compared(self, host: HostState, fingerprint: comparison.Fingerprint) -> comparison.Comparison:
        return comparison.compare(host, self._masked, self.key_word(), fingerprint)

    def key_word(self) -> describe.KeyWord:
        return describe.key_states({rule.name: rule.authentication for rule in self._masked.rules})

    @functools.cached_property
    def _masked(self) -> model.Policy:
        return self.declaration.policy.masked(self.nonce)


@dataclasses.dataclass(frozen=True)
class Absent(Desired):
    """Our policy with a name, or any policy of ours, is to be absent; what it replaced is given back."""

    ends_as_the_host_is = True

    name: str
    all_ours: bool = False
    words: Words = TASK

    def plan(self, host: HostState, identity: uuid.UUID) -> Plan:
        return plan.plan_absent(self.name, host, identity, self.words, all_ours=self.all_ours)

    def matches(self, host: HostState) -> bool:
        return not any(self.all_ours or same(found.name, self.name) for found in host.our_policies)

    def unproved(self, host: HostState) -> tuple[str, ...]:
        return settling.starting(host)

    def ending(self, host: HostState) -> Ending:
        """Return the ending: names are given back, and, with our last policy, services and our record, too."""
        after = host.unfinished
        if after is None:
            return Ending()
        given_back = tuple(each for each in host.recorded_taken_over if each not in after.taken_over_after)
        stays = after.owned_after or after.adopted_after
        return Ending(given_back, () if stays else phases.forget(host))
