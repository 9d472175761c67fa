# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The generations of a policy that this collection wrote: which exist, and what only they need."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable

from ansible_collections.rras.ipsec.plugins.plugin_utils._policy import (
    model,
    store,
)
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.host import HostState
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.registry import NameSet, begins_with, same

STAGED = "(staged "
"""Follows the policy's name in the name of a generation that is not committed; the transaction's id follows it."""


def new_keys(
    policy: model.Policy, identity: uuid.UUID, *, when: int, name: str | None = None
) -> tuple[store.NewKey, ...]:
    """Return the keys of a new generation, with GUIDs derived from the transaction's.

    when: seconds since 1970 for whenChanged; name: a name other than the policy's own.
    """
    # Derived, so that a plan and the stage that carries it out, in different runs, name the same objects.
    return store.object_keys(policy, lambda label: derived_guid(identity, label), when, name)


def means(found: model.Policy, wanted: model.Policy) -> bool:
    """Return whether a policy that was found already is the wanted one (keys masked by the same nonce)."""
    # The store's description is a person's note, unless the declaration sets one.
    described = not wanted.description or found.description == wanted.description
    return described and model.meaning(found) == model.meaning(wanted)


def derived_guid(identity: uuid.UUID, label: str) -> uuid.UUID:
    return uuid.uuid5(identity, label)


def assigned_first(host: HostState, found: Iterable[store.StoredPolicy]) -> tuple[store.StoredPolicy, ...]:
    return tuple(sorted(found, key=lambda each: not host.store.assigns(each.path)))


def left_by_transaction(host: HostState) -> tuple[store.StoredPolicy, ...]:
    """Return the superfluous policies of an unfinished transaction: the old generation if it is in force, else the new.

    An assigned policy is never among them.
    """
    if host.unfinished is None:
        return ()
    # After the switch, nobody needs the old generation; before it, nobody needs the new one.
    paths = host.in_force.obsolete if host.in_force else host.unfinished.written
    found = (host.store.at(path) for path in paths)
    return tuple(each for each in found if each and not host.store.assigns(each.path))


def staying_paths(host: HostState, old: Collection[store.StoredPolicy]) -> NameSet:
    """Return the paths of our policies, except some."""
    return NameSet(found.path for found in host.our_policies if found not in old)


def unneeded(host: HostState, old: Collection[store.StoredPolicy]) -> tuple[str, ...]:
    """Return what of ours can be deleted with these policies: also, for example, what a deletion left that was cut."""
    generations = host.store.removable([found.path for found in old], within=host.ours)
    # A deletion that was cut leaves objects that no policy leads to; only the record knows that they are ours.
    everything = host.store.removable(sorted(host.ours - staying_paths(host, old)), within=host.ours)
    return tuple(dict.fromkeys((*generations, *everything)))


def remaining(gone: Iterable[str], host: HostState) -> tuple[str, ...]:
    """Return what is still ours: what is on record, exists and stays."""
    leaving = NameSet(gone)
    return tuple(path for path in host.our_paths if path not in leaving and path in host.store.objects)


def has_name(found: store.StoredPolicy, name: str) -> bool:
    return same(found.policy.name, name)


def has_staged_name(found: store.StoredPolicy, name: str) -> bool:
    """Return whether a policy's name is that of a generation, not yet committed, of the named policy."""
    return begins_with(found.policy.name, f"{name} {STAGED}")
