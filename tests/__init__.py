# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The collection's tests, and tests.lab, which can be run from a checkout: python -m tests.lab."""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def collections_root(root: Path) -> Path:
    """Return the folder above ansible_collections: a real one, or the one that tools/prepare.py lays out."""
    if root.parts[-3:] == ("ansible_collections", "rras", "ipsec"):
        return root.parents[2]
    return root / ".cache" / "collections"


if __name__ == "tests":
    # Run from a checkout, without a test runner and its importer of collections.
    sys.path.append(str(collections_root(ROOT)))
