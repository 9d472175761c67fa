# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The shadow loses at a power cut what its host loses, or a comparison after one would find false differences."""

from __future__ import annotations

import pytest

from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.host import OURS, RESTART_PENDING, VALUE_NOTE
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.registry import join
from ansible_collections.rras.ipsec.tests.lab import Host, PoweredOff
from ansible_collections.rras.ipsec.tests.lab.powershell.shadow import Shadow
from ansible_collections.rras.ipsec.tests.support.transactions import NONCE, record


@pytest.mark.parametrize("volatile", [True, False])
def test_a_note_of_an_earlier_script_vanishes_where_it_is_volatile(host: Host, volatile: bool) -> None:
    host.registry.create(VALUE_NOTE)
    host.registry.create(RESTART_PENDING, volatile=volatile)
    shadow = Shadow(host)

    host.registry.lose_volatile_keys()

    assert (host.registry.read(RESTART_PENDING) is None) is volatile
    dying = [record("Prepare", NONCE, "30"), record("CreateKey", join(OURS, "Probe"), "None")]
    found = shadow.differences(host, dying, "", {number: PoweredOff() for number in range(len(dying))})
    assert [difference for difference in found if "RestartPending" in difference or "answered" in difference] == []
