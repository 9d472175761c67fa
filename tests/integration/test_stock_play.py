# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the role carries to servers that are as declared, beside a play of stock modules for the same job."""

from __future__ import annotations

import pytest

from ansible_collections.rras.ipsec.tests.support import stock
from ansible_collections.rras.ipsec.tests.support.controller import Controller
from ansible_collections.rras.ipsec.tests.support.pair import OSAKA, TOKYO, clear_records, connection

FEWER_REQUESTS, FEWER_BYTES = 6, 60


@pytest.mark.usefixtures("first_run_done")
def test_the_role_carries_less_than_the_stock_modules(pair: Controller) -> None:
    clear_records(pair.lab)
    ours = pair.site()
    mine = {name: host.recorder.traffic for name, host in pair.lab.items()}
    stock.prepare(pair, connection())
    clear_records(pair.lab)
    theirs = pair.play(stock.PLAY)

    assert (ours.code, ours.changed) == (0, {TOKYO: 0, OSAKA: 0}), ours.explain()
    assert (theirs.code, theirs.changed) == (0, {TOKYO: 0, OSAKA: 0}), theirs.explain()
    for name, host in pair.lab.items():
        others = host.recorder.traffic
        assert others.requests >= FEWER_REQUESTS * mine[name].requests, (others, mine[name])
        carried = mine[name].up + mine[name].down
        assert others.up + others.down >= FEWER_BYTES * carried, (others, mine[name])
