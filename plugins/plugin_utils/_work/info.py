# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading a host, and changing nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from ansible_collections.rras.ipsec.plugins.plugin_utils._policy import (
    describe,
    facts,
    inspection,
    model,
    weaknesses,
)
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.results import InfoResult
from ansible_collections.rras.ipsec.plugins.plugin_utils._work.target import Target


def inform(
    target: Target, host: str, preshared_keys: Sequence[str], by_rule: Mapping[str, str] = MappingProxyType({})
) -> InfoResult:
    """Read a host and return the task's result. Each key is only said to match or not.

    It is compared with the keys of its rule, or with each of the given keys. host: its name in findings.
    """
    seen = target.read(validity=True)

    def masked(key: str) -> model.AuthenticationMethod:
        return model.AuthenticationMethod.preshared_key(key).masked(target.nonce)

    own = describe.key_states({name: [masked(key)] for name, key in by_rule.items()})
    of_any = describe.any_key_states([masked(key) for key in preshared_keys])

    def word(rule: str, method: model.AuthenticationMethod) -> str:
        return own(rule, method) if rule in by_rule else of_any(rule, method)

    problems = {masked(key).data: weaknesses.of_key(key) for key in (*preshared_keys, *by_rule.values())}
    shown = facts.facts(seen, word)
    found = (*inspection.inspect(host, shown), *weaknesses.of_stored(host, seen.store.policies, problems))
    return {"changed": False, "host": shown, "findings": [facts.of_finding(each) for each in found]}
