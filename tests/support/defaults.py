# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The default policies that Windows itself writes, as a local store."""

from __future__ import annotations

import base64
import dataclasses
import json
from pathlib import Path
from typing import Any

from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.registry import Key, Kind, Tree, Value, join
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.store import LOCAL

FILE = Path(__file__).parent / "vectors" / "windows-default-policies.json"


@dataclasses.dataclass(frozen=True, slots=True)
class Vector:
    """One object: its class, its GUID, its bytes, and its other attributes in the directory's form."""

    kind: str
    guid: str
    data: bytes
    attributes: dict[str, Any]

    @property
    def path(self) -> str:
        return join(LOCAL, self.kind + self.guid)

    @property
    def key(self) -> Key:
        """The object as a key of the local store; in a directory, a reference is a list of names."""
        values = {name: _value(value) for name, value in self.attributes.items()}
        return Key(self.path, values | {"ipsecData": Value(Kind.BINARY, self.data)})


def _value(value: Any) -> Value:
    if isinstance(value, str):
        return Value.sz(value)
    return Value.multi_sz([join(LOCAL, name) for name in value])


def _vector(found: dict[str, Any]) -> Vector:
    data = base64.b64decode(found.pop("ipsecData"))
    return Vector(found["class"], found["ipsecID"], data, found)


VECTORS = tuple(_vector(found) for found in json.loads(FILE.read_text(encoding="utf-8"))["objects"])


def tree(active: str = "") -> Tree:
    """Return all of them as a store."""
    return Tree([Key(LOCAL, {"ActivePolicy": Value.sz(active)} if active else {}), *(each.key for each in VECTORS)])
