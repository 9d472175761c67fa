# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where on a host what we read and what we remember stands."""

from __future__ import annotations

from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.registry import Value, join

SERVICES = r"SYSTEM\CurrentControlSet\Services"
RASMAN = join(SERVICES, "RasMan", "Parameters")
PROHIBIT_IPSEC = "ProhibitIpSec"
PROHIBITED = Value.dword(1)
"""The ProhibitIpSec with which RRAS makes no L2TP filter of its own. A number of another kind does not count."""
INTERFACES = join(SERVICES, "Tcpip", "Parameters", "Interfaces")
LINKAGE = join(SERVICES, "Tcpip", "Linkage")
"""Its value Bind names the interfaces that TCP/IP is bound to. An adapter that was removed keeps its key elsewhere."""
DOMAIN_POLICY = r"SOFTWARE\Policies\Microsoft\Windows\IPSec\GPTIPSECPolicy"
MACHINE = (
    (r"SYSTEM\CurrentControlSet\Control\ComputerName\ActiveComputerName", "ComputerName"),
    (r"SOFTWARE\Microsoft\Cryptography", "MachineGuid"),
)
"""What tells one machine from another, together with its addresses."""
NETWORK_ADAPTERS = r"SYSTEM\CurrentControlSet\Control\Class\{4d36e972-e325-11ce-bfc1-08002be10318}"
OURS = r"SOFTWARE\rras.ipsec"
STATE = join(OURS, "State")
TRANSACTION = join(OURS, "Transaction")
AFTER = join(TRANSACTION, "After")
BLOCKED_IPV6 = "BlockedIpv6"
VALUE_NOTE = join(OURS, "ProhibitIpSec")
RESTART_PENDING = join(VALUE_NOTE, "RestartPending")
LOADING_UNPROVED = join(OURS, "LoadingUnproved")
"""A volatile key: the agent listed the addresses of the assigned policy before it was assigned."""
SERVICES_NOTE = join(OURS, "Services")
BACKUP = join(OURS, "Backup")
ACCESS_BEFORE = "AccessBefore"
"""The value of our key that lists the rules of others whose access lists we replaced, each with the list (SDDL)."""
FIREWALL = "MpsSvc"
