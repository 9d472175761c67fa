# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The registry keys that a server gets, and those that go again: what a live transaction would write there."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Mapping
from typing import Final

from ansible_collections.rras.ipsec.plugins.plugin_utils._policy import model, store
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.host import PROHIBIT_IPSEC, PROHIBITED, RASMAN
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.registry import Key, Value
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.render.reg_file import Section
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.render.rendering import Rendering

_NAMESPACE: Final = uuid.uuid5(uuid.NAMESPACE_DNS, "rras.ipsec")
_WHEN: Final = 946_684_800
"""whenChanged: the beginning of the year 2000, so that two renderings are equal."""
_OPTIONAL: Final[Mapping[str, Value | None]] = {store.NAME: None, store.DESCRIPTION: None}
"""What an earlier rendering may have written into the same key, and this one need not."""
_NUMBER: Final = re.compile(r"\d+")


def keys(policy: model.Policy) -> tuple[Key, ...]:
    """The keys of a policy, what is referred to before what refers to it."""
    return store.object_keys(policy, _guids(policy), _WHEN)


def _guids(policy: model.Policy) -> Callable[[str], uuid.UUID]:
    """GUIDs that come from the names in the declaration: a changed policy takes the place of the one before it.

    No key is part of what they are made of, for everybody may read them. Each rule of a declared policy has a filter
    action and a filter list of its own, so the numbers in the labels are those of the rules.
    """
    identity = uuid.uuid5(_NAMESPACE, policy.name)

    def guid(label: str) -> uuid.UUID:
        named = _NUMBER.sub(lambda number: repr(policy.rules[int(number[0])].name), label, count=1)
        return uuid.uuid5(identity, named)

    return guid


def sections(rendering: Rendering) -> list[Section]:
    """The policy, that it is assigned, and then the value, in this order.

    Without its keys, a policy is neither assigned nor followed by the value: the placeholder would be a key that
    everybody can know.
    """
    found = [Section(key.path, {**_OPTIONAL, **key}) for key in keys(rendering.policy)]
    if rendering.needs_keys:
        return found
    assigned = Section(store.LOCAL, {store.ACTIVE_POLICY: Value.sz(found[-1].path)})
    return [*found, assigned, Section(RASMAN, {PROHIBIT_IPSEC: PROHIBITED})]


def undoing(rendering: Rendering) -> list[Section]:
    """The value first, then the assignment, then the policy, what refers to an object before the object."""
    paths = [key.path for key in keys(rendering.policy)]
    return [
        Section(RASMAN, {PROHIBIT_IPSEC: None}),
        Section(store.LOCAL, {store.ACTIVE_POLICY: None}),
        *(Section(path, deleted=True) for path in reversed(paths)),
    ]
