# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bytes as a Windows would write them, assembled field by field, to check the codec against.

Nothing here uses the codec. The names are those of [MS-GPIPSEC] 2.2.1.
"""

from __future__ import annotations

import ipaddress
import struct
import uuid

GARBAGE = 0xCDCDCDCD
POLICY = "22202163-4f4c-11d1-863b-00a0248d3021"
MAIN_MODE = "80dc20b8-2ec8-11d1-a89e-00a0248d3021"
RULE = "11bbac00-498d-11d1-8639-00a0248d3021"
FILTER_ACTION = "80dc20b9-2ec8-11d1-a89e-00a0248d3021"
FILTER_LIST = "80dc20b5-2ec8-11d1-a89e-00a0248d3021"
FILTER_LIST_2 = "35fecd3d-ae29-4373-8a6a-c5d8fab2fb08"
SECTION = "01010101-0101-0101-0101-0101010101{:02}"
FILTER_ID = uuid.UUID("59319bdd-5ee3-11d2-ace8-0060b0ecca17")


def u32(*numbers: int) -> bytes:
    return struct.pack(f"<{len(numbers)}I", *numbers)


def guid(text: str) -> bytes:
    return uuid.UUID(text).bytes_le


def string(text: str) -> bytes:
    data = (text + "\0").encode("utf-16-le")
    return u32(len(data)) + data


def ip(text: str) -> bytes:
    return ipaddress.ip_address(text).packed


def structure(identity: str, body: bytes, rest: bytes = b"\0") -> bytes:
    return guid(identity) + u32(len(body)) + body + rest


def main_mode(*methods: bytes, new_dh: bytes = bytes(4), pfs: int = 0, limit: int = 0, lifetime: int = 0) -> bytes:
    head = guid("511dd268-071d-11d3-ad22-0060b0ecca17") + u32(GARBAGE, pfs, 0) + new_dh + u32(limit, lifetime)
    return structure(MAIN_MODE, head + u32(*[GARBAGE] * 5) + u32(len(methods)) + b"".join(methods))


def main_mode_method(  # noqa: PLR0913 (the fields of the structure)
    encryption: int,
    integrity: int,
    group: int,
    *,
    function: int = 0xCD,
    limit: int = 0,
    lifetime: int = 28_800,
) -> bytes:
    algorithms = u32(GARBAGE, encryption, 0x40, 8, integrity, 0x40, 0, GARBAGE, GARBAGE)
    return algorithms + bytes([function]) + b"\xcd" * 7 + u32(group, limit, 0, lifetime, GARBAGE)


def method(kind: int, data: bytes) -> bytes:
    return u32(kind, len(data)) + data


def preshared_key(text: str) -> bytes:
    return method(1, (text + "\0").encode("utf-16-le"))


def rule(
    *methods: bytes,
    interface: int = 0xFFFFFFFD,
    tunnel: str = "0.0.0.0",  # noqa: S104 (no tunnel)
    is_tunnel: int = 0,
    active: int = 1,
    rest: bytes = b"\0",
) -> bytes:
    body = u32(len(methods)) + b"".join(methods) + u32(interface) + string("") + ip(tunnel) + u32(is_tunnel, active)
    return structure(RULE, body + string(""), rest)


def alternate(*methods: bytes) -> bytes:
    return guid(SECTION.format(1)) + u32(len(methods)) + b"".join(methods)


def flags(*numbers: int, zero: int = 0) -> bytes:
    return guid(SECTION.format(2)) + u32(zero, *numbers)


def ipv6_tunnel(address: str) -> bytes:
    return guid(SECTION.format(3)) + ip(address)


def offer(*algorithms: tuple[int, int, int], seconds: int = 0, kilobytes: int = 0, pfs: int = 0) -> bytes:
    used = b"".join(u32(*each, 0x40, 8) for each in algorithms)
    return u32(seconds, kilobytes, 0, pfs, len(algorithms)) + used.ljust(60, b"\xcd")


def filter_action(*offers: bytes) -> bytes:
    return structure(FILTER_ACTION, u32(len(offers)) + b"".join(offers))


def filter_1(  # noqa: PLR0913 (the fields of the structure)
    source: tuple[str, str],
    destination: tuple[str, str],
    *,
    names: tuple[str, str] = ("", ""),
    mirrored: int = 1,
    tunnel: str = "0.0.0.0",  # noqa: S104 (no tunnel)
    protocol: int = 0,
    ports: tuple[int, int] = (0, 0),
    is_tunnel: int = 0,
    special: int = 0,
) -> bytes:
    texts = string(names[0]) + string(names[1]) + string("a filter")
    addresses = b"".join(map(ip, (*source, *destination, tunnel)))
    end = struct.pack("<IHHBBH", protocol, *ports, is_tunnel, special, 0xCDCD)
    return texts + FILTER_ID.bytes_le + u32(mirrored) + addresses + end


def address_2(kind: int, version: int, first: bytes = b"", second: bytes = b"") -> bytes:
    return u32(kind, version) + first.ljust(16, b"\xcd") + second.ljust(16, b"\xcd")


def filter_2(  # noqa: PLR0913 (the fields of the structure)
    source: bytes,
    destination: bytes,
    *,
    mirrored: int = 1,
    ports: tuple[tuple[int, int, int], tuple[int, int, int]] = ((0, 0, 0), (0, 0, 0)),
    protocol: int = 0,
    flag: int = 0,
) -> bytes:
    texts = string("") + string("") + string("a filter")
    numbers = b"".join(struct.pack("<IHH", *each) for each in ports) + u32(protocol, flag)
    return texts + FILTER_ID.bytes_le + u32(mirrored) + source + destination + numbers


def filter_list(*filters: bytes, count: int | None = None, rest: bytes = b"\0") -> bytes:
    return structure(FILTER_LIST, u32(len(filters) if count is None else count) + b"".join(filters), rest)


def filters_2(*filters: bytes, count_1: int = 0) -> bytes:
    body = b"".join(filters)
    return guid(FILTER_LIST_2) + u32(len(body), count_1, len(filters)) + body
