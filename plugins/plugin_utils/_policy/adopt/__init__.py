# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From an existing policy to the role's variables that declare it; what they can't express is listed."""

from __future__ import annotations

from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.adopt.adopting import (
    Adopted,
    AdoptError,
    Place,
    adopt,
    chosen,
)
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.adopt.exported import export_findings
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.adopt.surroundings import with_surroundings

__all__ = ["AdoptError", "Adopted", "Place", "adopt", "chosen", "export_findings", "with_surroundings"]
