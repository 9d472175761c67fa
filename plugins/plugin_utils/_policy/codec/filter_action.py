# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The data of an ipsecNegotiationPolicy ([MS-GPIPSEC] 2.2.1.4.1): the offers of a filter action."""

from __future__ import annotations

import uuid
from collections.abc import Iterable

from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.codec.wire import (
    UINT32,
    CodecError,
    Reader,
    pack_enum,
    pack_structure,
    pack_uint32,
)
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.model import (
    Algorithm,
    Encryption,
    Integrity,
    Offer,
    Transform,
    known,
)

FILTER_ACTION_ID = uuid.UUID("80dc20b9-2ec8-11d1-a89e-00a0248d3021")
_MAX_ALGORITHMS = 3
_ALGORITHM = 20
_OFFER = 80


def decode_filter_action(data: bytes) -> tuple[Offer, ...]:
    """Return the offers in the data of an ipsecNegotiationPolicy ([MS-GPIPSEC] 2.2.1.4.1)."""
    return read_filter_action(Reader(data))


def encode_filter_action(offers: Iterable[Offer]) -> bytes:
    """Return the data of an ipsecNegotiationPolicy."""
    encoded = [_encode_offer(offer) for offer in offers]
    return pack_structure(FILTER_ACTION_ID, pack_uint32("Security-Offer-Count", len(encoded)), *encoded)


def read_filter_action(reader: Reader) -> tuple[Offer, ...]:
    reader.start(FILTER_ACTION_ID)
    return reader.items("Security-Offer-Count", reader.uint32("Security-Offer-Count"), _OFFER, _offer)


def _offer(reader: Reader) -> Offer:
    seconds = reader.uint32("Lifetime-Seconds")
    kilobytes = reader.uint32("Lifetime-KBytes")
    # Neither compared nor kept: in real stores this holds uninitialised memory, as does every field named zero.
    reader.take("Negotiation-Options", 4)
    # The specification's table says the opposite, but what Windows ships without PFS has 0 here.
    pfs = bool(reader.uint32("PFS-QM-Required"))
    # 0 is valid. An offer without algorithms is how "fall back to clear text" is stored (netsh soft=yes).
    count = reader.uint32("Algorithm-Offer-Count")
    if count > _MAX_ALGORITHMS:
        raise CodecError("Algorithm-Offer-Count", f"at most {_MAX_ALGORITHMS}", f"{count}", reader.offset - UINT32)
    algorithms = reader.items("Algorithm-Offer-Count", count, _ALGORITHM, _algorithm)
    reader.take("Algorithm-Offer-Data, unused", (_MAX_ALGORITHMS - count) * _ALGORITHM)
    return Offer(algorithms, seconds, kilobytes, pfs)


def _encode_offer(offer: Offer) -> bytes:
    if len(offer.algorithms) > _MAX_ALGORITHMS:
        raise CodecError("Algorithm-Offer-Count", f"at most {_MAX_ALGORITHMS}", f"{len(offer.algorithms)}")
    algorithms = b"".join(_encode_algorithm(algorithm) for algorithm in offer.algorithms)
    return b"".join(
        [
            pack_uint32("Lifetime-Seconds", offer.lifetime_seconds),
            pack_uint32("Lifetime-KBytes", offer.lifetime_kilobytes),
            bytes(4),
            pack_uint32("PFS-QM-Required", offer.pfs),
            pack_uint32("Algorithm-Offer-Count", len(offer.algorithms)),
            algorithms.ljust(_MAX_ALGORITHMS * _ALGORITHM, b"\0"),
        ],
    )


def _algorithm(reader: Reader) -> Algorithm:
    algorithm = reader.uint32("Algorithm-Identifier")
    integrity = reader.uint32("ESP-Integrity-Identifier")
    transform = known(Transform, reader.uint32("Offer-Type"))
    reader.take("Zero1", 8)
    # AH has its integrity algorithm where ESP has its encryption.
    if transform == Transform.AH:
        return Algorithm(transform, Encryption.NONE, known(Integrity, algorithm))
    if transform == Transform.ESP:
        return Algorithm(transform, known(Encryption, algorithm), known(Integrity, integrity))
    return Algorithm(transform, algorithm, integrity)


def _encode_algorithm(algorithm: Algorithm) -> bytes:
    kind = pack_enum("Offer-Type", Transform, algorithm.transform) + bytes(8)
    integrity = pack_enum("ESP-Integrity-Identifier", Integrity, algorithm.integrity)
    encryption = pack_enum("Algorithm-Identifier", Encryption, algorithm.encryption)
    if algorithm.transform == Transform.ESP:
        return encryption + integrity + kind
    if algorithm.encryption != Encryption.NONE or algorithm.integrity == Integrity.NONE:
        raise CodecError("Algorithm-Identifier", "AH with integrity and without encryption", "another AH")
    return integrity + bytes(4) + kind
