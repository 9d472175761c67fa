# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""ansible-playbook that takes its Python for 3.10: what ansible-core 2.16 and 2.17 still run on."""

from __future__ import annotations

import sys
from typing import Any

from ansible.cli.playbook import PlaybookCLI


class Version(tuple[Any, ...]):
    """A version that has major and minor as attributes, as Python's own has."""

    __slots__ = ()
    major, minor, micro = 3, 10, 13


if __name__ == "__main__":
    sys.version_info = Version((3, 10, 13, "final", 0))  # type: ignore[assignment]
    PlaybookCLI.cli_executor(sys.argv)
