# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The one rule of Windows Firewall that is ours: it blocks L2TP over IPv6, which no filter of the policy covers.

Filters of version 1 hold IPv4 addresses only ([MS-GPIPSEC] 2.2.1.5.1), and RRAS accepts L2TP over IPv6 since Windows
Server 2008.
"""

from __future__ import annotations

from collections.abc import Iterable

from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.steps import Run

NAME = "rras.ipsec-L2TP-over-IPv6"
_EVERY_IPV6_ADDRESS = "::/1,8000::/1"
"""Windows Firewall refuses ``::/0``, or takes it for something else, so two halves stand for it."""
_RULE = f"dir=in action=block protocol=UDP localport=1701 remoteip={_EVERY_IPV6_ADDRESS} profile=any enable=yes"
_ADD = f"advfirewall firewall add rule name={NAME} {_RULE}"
_DELETE = f"advfirewall firewall delete rule name={NAME}"

ADD = Run("netsh", _ADD, must_succeed=True, undo=_DELETE)
"""Add the rule. netsh adds a second one where there is one of that name."""
DELETE = Run("netsh", _DELETE, must_succeed=True, undo=_ADD)
"""Delete each rule of that name; netsh ends with 1 where there is none."""
SHOW = Run("netsh", f"advfirewall firewall show rule name={NAME}", r"\b1701\b|::")
"""Look for the rule; see `is_ours`."""


def is_ours(code: int, lines: Iterable[str]) -> bool:
    """Whether `SHOW` found the rule, with its port and an IPv6 address; nothing here depends on Windows' language.

    How netsh prints the two halves is not documented, so an IPv6 address at all must do.
    """
    return code == 0 and {"1701", "::"} <= set(lines)
