# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The data of an ipsecISAKMPPolicy ([MS-GPIPSEC] 2.2.1.2.1): the key exchange."""

from __future__ import annotations

import dataclasses
import uuid
from collections.abc import Iterable

from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.codec.wire import (
    MAX_UINT32,
    Reader,
    pack_enum,
    pack_structure,
    pack_uint32,
)
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.model import (
    DEFAULT_MAIN_MODE_LIFETIME,
    DhGroup,
    IkeEncryption,
    Integrity,
    MainMode,
    MainModeMethod,
    MainModeOption,
    known,
)

MAIN_MODE_ID = uuid.UUID("80dc20b8-2ec8-11d1-a89e-00a0248d3021")
_NEW_DH_FIELDS = 4
_MAIN_MODE_METHOD = 64
_NEW_DH = {
    1: (IkeEncryption.DES, Integrity.MD5),
    2: (IkeEncryption.DES, Integrity.SHA1),
    3: (IkeEncryption.TRIPLE_DES, Integrity.MD5),
    4: (IkeEncryption.TRIPLE_DES, Integrity.SHA1),
}
"""The main mode methods with group 14 that the fields New-DH-n and Random-Function encode in one byte each."""
_NEW_DH_NUMBERS: dict[tuple[int, int], int] = {algorithms: number for number, algorithms in _NEW_DH.items()}


def decode_main_mode(data: bytes) -> MainMode:
    """Read the data of an ipsecISAKMPPolicy ([MS-GPIPSEC] 2.2.1.2.1). The methods in New-DH-n come first."""
    return read_main_mode(Reader(data))


def encode_main_mode(main_mode: MainMode, instance: uuid.UUID) -> bytes:
    """Return the data of an ipsecISAKMPPolicy; `instance` is the object's own GUID.

    Methods with group 14 at the beginning of the list go into New-DH-n, if other methods follow: Windows 2000 and XP,
    which don't know the group, ignore those bytes and use the others. Anywhere else they stay in the list.
    """
    new_dh = _split_new_dh(main_mode.methods)
    methods = [_encode_main_mode_method(method, main_mode) for method in main_mode.methods[len(new_dh) :]]
    return pack_structure(
        MAIN_MODE_ID,
        instance.bytes_le,
        bytes(4),
        pack_uint32("Master-PFS-Required", main_mode.master_pfs),
        pack_uint32("ISAKMP-Options", main_mode.options),
        new_dh.ljust(_NEW_DH_FIELDS, b"\0"),
        pack_uint32("QM-Limit", main_mode.quick_mode_limit),
        pack_uint32("MM-Lifetime", main_mode.lifetime_seconds),
        bytes(20),
        pack_uint32("Security-Method-Count", len(methods)),
        *methods,
    )


def read_main_mode(reader: Reader) -> MainMode:
    reader.start(MAIN_MODE_ID)
    reader.guid("ISAKMP-Policy-Instance")
    reader.take("Zero1", 4)
    master_pfs = bool(reader.uint32("Master-PFS-Required"))
    options = reader.uint32("ISAKMP-Options")
    new_dh = reader.take("New-DH-1 to New-DH-4", _NEW_DH_FIELDS)
    # Here 0 means no limit; in the lifetime it means 28 800 seconds.
    limit = reader.uint32("QM-Limit")
    lifetime = reader.uint32("MM-Lifetime")
    reader.take("Zero2", 20)
    count = reader.uint32("Security-Method-Count")
    methods = reader.items("Security-Method-Count", count, _MAIN_MODE_METHOD, _main_mode_method)
    normal = tuple(_without_repetition(method, lifetime, limit) for method in methods)
    return MainMode((*_new_dh_methods(new_dh), *normal), lifetime, limit, master_pfs, MainModeOption(options))


def _new_dh_methods(numbers: bytes) -> Iterable[MainModeMethod]:
    """Yield the methods of New-DH-n up to the first byte that is none: older Windows leaves arbitrary bytes there."""
    for number in numbers:
        if number not in _NEW_DH:
            return
        yield MainModeMethod(*_NEW_DH[number], DhGroup.GROUP_14)


def _split_new_dh(methods: tuple[MainModeMethod, ...]) -> bytes:
    """Return New-DH-n for the methods at the beginning, provided that a method known to Windows 2000 follows."""
    numbers = bytearray()
    for method in methods[:_NEW_DH_FIELDS]:
        number = _NEW_DH_NUMBERS.get((method.encryption, method.integrity))
        if number is None or method != MainModeMethod(*_NEW_DH[number], DhGroup.GROUP_14):
            break
        numbers.append(number)
    return bytes(numbers) if any(method.group != DhGroup.GROUP_14 for method in methods) else b""


def _main_mode_method(reader: Reader) -> MainModeMethod:
    reader.take("Major-Version, Minor-Version, Zero3", 4)
    # The high half is a key length, which nothing reads: DES and 3DES have only one each.
    encryption = reader.uint64("Encryption-Algorithm-ID") & MAX_UINT32
    reader.take("Zero4", 4)
    integrity = reader.uint64("Hash-Algorithm-ID") & MAX_UINT32
    reader.take("Zero5, Zero6", 12)
    function = reader.uint8("Random-Function")
    reader.take("Zero7", 7)
    group = reader.uint32("Oakley-Group")
    limit = reader.uint32("QM-Limit")
    kilobytes = reader.uint32("Oakley-Lifetime-KB")
    seconds = reader.uint32("Oakley-Lifetime-Secs")
    # Uninitialised memory in real stores: there is one Master-PFS-Required for all methods of the main mode.
    reader.take("PFS-Identity-Required", 4)
    # This byte overrides the three numbers. Windows 2000 and XP don't know it and use the numbers.
    if function in _NEW_DH:
        return MainModeMethod(*_NEW_DH[function], DhGroup.GROUP_14)
    algorithms = known(IkeEncryption, encryption), known(Integrity, integrity), known(DhGroup, group)
    return MainModeMethod(*algorithms, seconds or None, limit, kilobytes)


def _without_repetition(method: MainModeMethod, lifetime: int, limit: int) -> MainModeMethod:
    """Return a method without what the main mode already says."""
    seconds = None if method.lifetime_seconds == (lifetime or DEFAULT_MAIN_MODE_LIFETIME) else method.lifetime_seconds
    limit_ = None if method.quick_mode_limit == limit else method.quick_mode_limit
    return dataclasses.replace(method, lifetime_seconds=seconds, quick_mode_limit=limit_)


def _encode_main_mode_method(method: MainModeMethod, main_mode: MainMode) -> bytes:
    limit = main_mode.quick_mode_limit if method.quick_mode_limit is None else method.quick_mode_limit
    seconds = method.lifetime_seconds or main_mode.lifetime_seconds or DEFAULT_MAIN_MODE_LIFETIME
    return b"".join(
        [
            bytes(4),
            pack_enum("Encryption-Algorithm-ID", IkeEncryption, method.encryption) + bytes(8),
            pack_enum("Hash-Algorithm-ID", Integrity, method.integrity) + bytes(16),
            # No Random-Function: the three numbers are enough.
            bytes(8),
            pack_enum("Oakley-Group", DhGroup, method.group),
            pack_uint32("QM-Limit", limit),
            pack_uint32("Oakley-Lifetime-KB", method.lifetime_kilobytes),
            pack_uint32("Oakley-Lifetime-Secs", seconds),
            pack_uint32("PFS-Identity-Required", main_mode.master_pfs),
        ],
    )
