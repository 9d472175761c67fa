# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How many places of a run the tests try, and how they report how many it were."""

from __future__ import annotations

import os

CUTS = "cuts"
"""The name under which a test records, with record_property, how many places it has tried."""

TRIED = "tried"
"""The name under which a test records, in words, what it has tried; docs/reliability.md holds these numbers."""

THOROUGH = os.environ.get("HYPOTHESIS_PROFILE") == "thorough"
"""Whether tests try all places, not only as many as an ordinary run has time for."""
