# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The forms in which others than this collection may write a policy with the same meaning."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from ansible_collections.rras.ipsec.plugins.plugin_utils._policy import codec, phases
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.registry import Key, Value
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.store import LOCAL
from ansible_collections.rras.ipsec.tests.lab import Host
from ansible_collections.rras.ipsec.tests.support import gpipsec
from ansible_collections.rras.ipsec.tests.support.declared import KEY

Form = Callable[[dict[str, Key]], None]

SECTIONS = gpipsec.alternate(gpipsec.preshared_key(KEY)) + gpipsec.flags(0)


def with_sections(keys: dict[str, Key]) -> None:
    """Rewrite the rules as Windows Vista or later saves them: with their methods twice."""
    for path, key in keys.items():
        if "ipsecNFA" in path and KEY.encode("utf-16-le") in key["ipsecData"].data:
            data = bytearray(key["ipsecData"].data[:-1] + SECTIONS + b"\0")
            data[16:20] = (len(data) - 21).to_bytes(4, "little")
            assert codec.decode_rule(bytes(data)).alternate_authentication is not None
            keys[path] = Key(path, {**key, "ipsecData": Value.binary(bytes(data))})


def with_a_shared_filter_action(keys: dict[str, Key]) -> None:
    """Let both connections use the filter action of the first one."""
    rules = [path for path, key in keys.items() if "ipsecNFA" in path and "ipsecFilterReference" in key]
    reference = "ipsecNegotiationPolicyReference"
    first, second = (path for path in rules if KEY.encode("utf-16-le") in keys[path]["ipsecData"].data)
    del keys[keys[second].text(reference)]
    keys[second] = Key(second, {**keys[second], reference: keys[first][reference]})


def as_windows_2000(keys: dict[str, Key]) -> None:
    """Rewrite the keys as Windows 2000 does: other data types, meaningless texts, an inactive default response."""
    for path, key in keys.items():
        values = {**key, "ipsecDataType": Value.dword(0x256)}
        if "ipsecISAKMPPolicy" in path:
            values["ipsecName"] = Value.sz("garbage")
        values.pop("ipsecOwnersReference", None)
        keys[path] = Key(path, values)


FORMS: list[Any] = [
    pytest.param(lambda _keys: None, id="our own policy"),
    pytest.param(with_sections, id="the sections of Vista"),
    pytest.param(with_a_shared_filter_action, id="a shared filter action"),
    pytest.param(as_windows_2000, id="Windows 2000"),
]


def rewritten(host: Host, form: Form) -> None:
    """Rewrite a host's policy, in its place, in another form; the access lists stay."""
    keys = {path: key for path, key in host.registry.snapshot().items() if path.startswith(f"{LOCAL}\\")}
    before = dict(keys)
    form(keys)
    for path, key in before.items():
        _rewrite(host, path, key, keys.get(path))


def closed(host: Host) -> None:
    """Let only administrators and Windows read the rules of a host, whoever wrote them."""
    for path in host.store:
        if "ipsecNFA" in path:
            host.registry.protect(path, phases.PRIVATE)


def _rewrite(host: Host, path: str, before: Key, after: Key | None) -> None:
    if after is None:
        host.registry.remove(path)
        return
    for name in set(before) - set(after):
        host.registry.erase(path, name)
    for name, value in after.items():
        host.registry.write(path, name, value)
