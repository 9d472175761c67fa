# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The registry keys that a server gets, and those that are deleted again: what a live transaction would write there."""

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
"""The value whenChanged: the beginning of the year 2000, so that two renderings are equal."""
_OPTIONAL: Final[Mapping[str, Value | None]] = {store.NAME: None, store.DESCRIPTION: None}
"""Values that an earlier rendering may have written to the same key, and that this one may not need."""
_NUMBER: Final = re.compile(r"\d+")


def keys(policy: model.Policy) -> tuple[Key, ...]:
    """Return the keys of a policy; a key comes after those that it refers to."""
    return store.object_keys(policy, _guids(policy), _WHEN)


def sections(rendering: Rendering) -> list[Section]:
    """Return the policy, its assignment, and then the value, in this order.

    A policy without its keys is neither assigned nor followed by the value: everybody could know the placeholder.
    """
    found = [Section(key.path, {**_OPTIONAL, **key}) for key in keys(rendering.policy)]
    if rendering.needs_keys:
        return found
    assigned = Section(store.LOCAL, {store.ACTIVE_POLICY: Value.sz(found[-1].path)})
    return [*found, assigned, Section(RASMAN, {PROHIBIT_IPSEC: PROHIBITED})]


def undoing(rendering: Rendering) -> list[Section]:
    """Return the value first, then the assignment, then the policy; an object goes before those that it refers to."""
    paths = [key.path for key in keys(rendering.policy)]
    return [
        Section(RASMAN, {PROHIBIT_IPSEC: None}),
        Section(store.LOCAL, {store.ACTIVE_POLICY: None}),
        *(Section(path, deleted=True) for path in reversed(paths)),
    ]


def _guids(policy: model.Policy) -> Callable[[str], uuid.UUID]:
    """Return a function that derives GUIDs from the declared names, so that a changed policy replaces its predecessor.

    They are not derived from any key, because everybody may read them. Each rule of a declared policy has a filter
    action and a filter list of its own, so the numbers in the labels are those of the rules.
    """
    identity = uuid.uuid5(_NAMESPACE, policy.name)

    def guid(label: str) -> uuid.UUID:
        named = _NUMBER.sub(lambda number: repr(policy.rules[int(number[0])].name), label, count=1)
        return uuid.uuid5(identity, named)

    return guid
