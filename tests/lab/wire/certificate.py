# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The certificate that simulated hosts present to their clients, for loopback, and the authority that issued it."""

from __future__ import annotations

from pathlib import Path

import trustme


def write(path: Path) -> None:
    """Write a new key, its certificate and the authority to trust into one file."""
    authority = trustme.CA(organization_name="rras.ipsec lab")
    issued = authority.issue_cert("localhost", "127.0.0.1")
    parts = (issued.private_key_and_cert_chain_pem, authority.cert_pem)
    path.touch(mode=0o600)
    path.write_bytes(b"".join(part.bytes() for part in parts))
