# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The data of an ipsecPolicy ([MS-GPIPSEC] 2.2.1.1.1)."""

from __future__ import annotations

import dataclasses
import uuid

from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.codec.wire import Reader, pack_structure, pack_uint32

POLICY_ID = uuid.UUID("22202163-4f4c-11d1-863b-00a0248d3021")


@dataclasses.dataclass(frozen=True, slots=True)
class PolicyData:
    """What an ipsecPolicy holds besides its references: the polling interval in seconds (0: the default)."""

    polling_interval: int


def decode_policy(data: bytes) -> PolicyData:
    """Read the data of an ipsecPolicy ([MS-GPIPSEC] 2.2.1.1.1)."""
    return read_policy(Reader(data))


def read_policy(reader: Reader) -> PolicyData:
    reader.start(POLICY_ID)
    # How often Windows checks for a newer policy.
    return PolicyData(reader.uint32("Polling-Interval"))


def encode_policy(policy: PolicyData) -> bytes:
    """Return the data of an ipsecPolicy."""
    return pack_structure(POLICY_ID, pack_uint32("Polling-Interval", policy.polling_interval))
