# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A freshly installed server for each test."""

from __future__ import annotations

import pytest

from ansible_collections.rras.ipsec.tests.support.server import Server


@pytest.fixture
def server() -> Server:
    return Server()
