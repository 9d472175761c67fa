# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options of all modules of this collection, for their documentation."""

from __future__ import annotations


class ModuleDocFragment:
    """The fragment rras.ipsec.program."""

    DOCUMENTATION = r"""
options:
  program_timeout:
    description:
      - How many seconds each run of C(netsh.exe), C(sc.exe) and the like may take on the host before it is ended, from 1 to 3600.
    type: int
    default: 30
  host_timeout:
    description:
      - How many seconds the controller waits for the answer to one execution on the host, from 10 to 86400. Most tasks need one or two. Then the
        host counts as unreachable, its answer as lost; what it was told to do may still be done.
      - The keyword C(timeout) of a task, which ends the whole task, takes precedence.
    type: int
    default: 300
    version_added: 1.0.0
"""
