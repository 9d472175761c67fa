# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run these tests, as an administrator, on a Windows machine that may be thrown away: python -m tests.powershell."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

import pytest

from tests import ROOT, collections_root

HERE = Path(__file__).parent


def main() -> int:
    """Make the checkout importable, and run the tests without anything of Ansible's."""
    link = collections_root(ROOT) / "ansible_collections" / "rras" / "ipsec"
    if not link.exists():
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(ROOT, target_is_directory=True)
        importlib.invalidate_caches()  # the folder was looked for already, when there was none
    return pytest.main([f"--confcutdir={HERE}", "-v", str(HERE), *sys.argv[1:]])


if __name__ == "__main__":
    sys.exit(main())
