# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The annotated dump in docs/policy_store.md, made from the code.

After a change of what is written: python -m tests.unit.policy.annotated
"""

from __future__ import annotations

import enum
import ipaddress
import uuid
from collections.abc import Iterator
from pathlib import Path

from ansible_collections.rras.ipsec.plugins.plugin_utils._policy import codec, model
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.registry import Key, Kind, Value
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.store import DATA, LOCAL, object_keys

DOCUMENT = Path(__file__).resolve().parents[3] / "docs" / "policy_store.md"
BEGIN, END = "<!-- made by tests/unit/policy/annotated.py -->\n", "<!-- end -->\n"
WIDTH = 16
WHEN = 1_700_000_000
ESP = model.Algorithm(model.Transform.ESP, model.Encryption.TRIPLE_DES, model.Integrity.SHA1)
METHODS = tuple(
    model.MainModeMethod(model.IkeEncryption.TRIPLE_DES, model.Integrity.SHA1, group)
    for group in (model.DhGroup.GROUP_14, model.DhGroup.GROUP_2)
)
L2TP = model.Filter(
    model.Address.single("192.0.2.1"),
    model.Address.single("198.51.100.7"),
    model.Protocol.UDP,
    model.Ports.one(1701),
)
RULE = model.Rule(
    "tokyo-osaka",
    model.FilterList("tokyo-osaka", (L2TP,)),
    model.FilterAction("encrypt", model.Action.NEGOTIATE, (model.Offer((ESP,), 3_600, 100_000),)),
    (model.AuthenticationMethod.preshared_key("an example key"),),
)
POLICY = model.Policy("L2TP", "", 10_800, model.MainMode(METHODS, 28_800), (RULE,))
REGISTRY_KINDS = {Kind.SZ: "REG_SZ", Kind.MULTI_SZ: "REG_MULTI_SZ", Kind.DWORD: "REG_DWORD", Kind.BINARY: "REG_BINARY"}
WORDS: dict[str, type[enum.IntEnum]] = {
    "Encryption-Algorithm-ID": model.IkeEncryption,
    "Hash-Algorithm-ID": model.Integrity,
    "Oakley-Group": model.DhGroup,
    "Auth-Type": model.AuthenticationType,
    "Interface-Type": model.ConnectionType,
    "Algorithm-Identifier": model.Encryption,
    "ESP-Integrity-Identifier": model.Integrity,
    "Offer-Type": model.Transform,
    "Legacy-Protocol": model.Protocol,
}
TEXT_ENDS = ("Data", "Name", "Name1", "Description1")
UNTOLD = ("Zero", "unused", "-Options", "New-DH")


def dump() -> str:
    """Return the whole section between the two comments: the objects as one would follow them."""
    labels: dict[str, int] = {}

    def guid(label: str) -> uuid.UUID:
        number = labels.setdefault(label, len(labels) + 1)
        return uuid.UUID(f"6f1c{number:04}-0d3e-4b7a-9c55-2f1f0f6f4a10")

    keys = object_keys(POLICY, guid, WHEN)
    order = ("ipsecPolicy", "ipsecISAKMPPolicy", "ipsecNFA", "ipsecFilter", "ipsecNegotiationPolicy")
    sections = ["\n".join(_key(key)) for name in order for key in keys if key.text("ClassName") == name]
    return "\n\n".join(sections) + "\n"


def current(document: str) -> str:
    """Return the document with the section as the code makes it."""
    before, _begin, rest = document.partition(BEGIN)
    return f"{before}{BEGIN}\n{dump()}\n{END}{rest.partition(END)[2]}"


def _key(key: Key) -> Iterator[str]:
    yield f"### {key.text('ClassName')}\n"
    yield "```text"
    for name in sorted(key, key=lambda each: (each == DATA, each)):
        yield from (line.rstrip() for line in _value(name, key[name]))
    yield "```"


def _value(name: str, value: Value) -> Iterator[str]:
    head = f"{name:<31} {REGISTRY_KINDS[value.kind]:<12} "
    if value.kind is Kind.BINARY:
        yield f"{head}{len(value.data)} bytes"
        for field in codec.explain(value.data):
            yield from _field(field)
    else:
        yield head + (value.text.replace(LOCAL, "...") if value.number is None else f"{value.number:#x}")


def _field(field: codec.Field) -> Iterator[str]:
    """Return a field on as many lines as it needs; the first one says what it is."""
    said = field.name if any(part in field.name for part in UNTOLD) else f"{field.name} = {_meaning(field)}"
    for start in range(0, len(field.data), WIDTH):
        piece = field.data[start : start + WIDTH].hex(" ")
        yield f"  {field.offset + start:04x}  {piece:<{3 * WIDTH}}{said}"
        said = ""


def _meaning(field: codec.Field) -> str:
    last = field.name.rpartition("-")[2]
    if last in TEXT_ENDS:
        return repr(field.data.decode("utf-16-le").rstrip("\0"))
    if last in ("Address", "Mask"):
        return str(ipaddress.IPv4Address(field.data))
    if len(field.data) == WIDTH:
        return str(uuid.UUID(bytes_le=field.data))
    number = int.from_bytes(field.data, "little")
    if field.name not in WORDS:
        return str(number)
    return f"{number:#x}, {WORDS[field.name](number).name.lower().replace('_', ' ')}"


if __name__ == "__main__":
    DOCUMENT.write_text(current(DOCUMENT.read_text(encoding="utf-8")), encoding="utf-8")
