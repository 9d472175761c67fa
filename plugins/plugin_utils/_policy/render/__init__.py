# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A declared policy as files, for servers that Ansible can't reach: for regedit, netsh, ipsecpol, and for a person."""

from __future__ import annotations

from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.render.files import (
    NAMES,
    REG,
    UNDO_REG,
    Files,
    files_of,
)
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.render.rendering import (
    PLACEHOLDER,
    PeerType,
    RenderError,
    Rendering,
    fit,
    with_group_2,
)

__all__ = [
    "NAMES",
    "PLACEHOLDER",
    "REG",
    "UNDO_REG",
    "Files",
    "PeerType",
    "RenderError",
    "Rendering",
    "files_of",
    "fit",
    "with_group_2",
]
