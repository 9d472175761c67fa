# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The report of a verification: its fields (schema.py), what it says (data.py), where its map shows it (layout.py)."""

from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.page.data import Verified, make
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.page.layout import Drawing, drawings
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.page.schema import Level, PageReport

__all__ = ["Drawing", "Level", "PageReport", "Verified", "drawings", "make"]
