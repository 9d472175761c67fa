# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""docs/performance.md, of what was measured."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from ansible_collections.rras.ipsec.tests.bench.table import Table, plot

DOCS = Path(__file__).parents[2] / "docs"
HEAD = """# What it costs

Written by `BENCH_WRITE=1 make bench`, on {cores} cores. Controller and servers share them: the servers are simulated
(the lab of the repository) in one process, `ansible-playbook` runs unmodified in others with 20 forks, over real WinRM
and PSRP on the loopback interface. So no figure holds the time of a real network or of a real PowerShell; the counts
are the same anywhere. `make test` asserts the counts (`test_first_run.py`, `test_stock_play.py`), and that what the
role decides costs each connection the same among 200 servers as among 20 (`test_linear.py`); times are measured only
here.

The play of `ansible.windows` modules is `tests/bench/stock.yml`. No simulated server runs a module: each answers that
nothing is to be changed, so what the play carries is counted, and its time is that of the controller alone.

![Milliseconds a server against the number of servers](performance.svg)

"""


def write(tables: Iterable[Table], costs: Mapping[str, Mapping[int, float]]) -> Path:
    """Write the page and its picture; return the path of the page."""
    path = DOCS / "performance.md"
    (DOCS / "performance.svg").write_text(plot(costs), encoding="utf-8")
    body = "\n".join(table.markdown() for table in tables)
    path.write_text(HEAD.format(cores=os.cpu_count()) + body, encoding="utf-8")
    return path
