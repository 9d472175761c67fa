# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Print what the plugins cost."""

from __future__ import annotations

import os
import platform

from ansible_collections.rras.ipsec.tests.bench import core, fleet


def main() -> None:
    print("One pair; what a run costs a server, what is done once for all hosts among it.")
    for line in fleet.of_a_pair():
        print(line, flush=True)
    print("Unchanged servers: rras.ipsec.site beside a play of two bare raw tasks, in turn; medians.")
    for line in fleet.report(quick=os.environ.get("BENCH") == "quick"):
        print(line, flush=True)
    print(
        f"The pure core, Python {platform.python_version()}: a store of foreign objects is read, a policy is planned."
    )
    for line in core.report():
        print(line)


if __name__ == "__main__":
    main()
