# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The report of a verification: what it says (data.py), and where its map shows it (layout.py)."""

from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.page.data import Level, PageReport, Verified, make
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.page.layout import Drawing, drawings

__all__ = ["Drawing", "Level", "PageReport", "Verified", "drawings", "make"]
