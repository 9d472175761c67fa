# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The registry paths, on a host, of what we read and of what we remember."""

from __future__ import annotations

from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.registry import Value, join

SERVICES = r"SYSTEM\CurrentControlSet\Services"
RASMAN = join(SERVICES, "RasMan", "Parameters")
PROHIBIT_IPSEC = "ProhibitIpSec"
PROHIBITED = Value.dword(1)
"""The value of ProhibitIpSec that keeps RRAS from making L2TP filters of its own. A number of another kind does not
count."""
INTERFACES = join(SERVICES, "Tcpip", "Parameters", "Interfaces")
LINKAGE = join(SERVICES, "Tcpip", "Linkage")
"""The key whose value Bind names the interfaces that TCP/IP is bound to. A removed adapter keeps its key elsewhere."""
DOMAIN_POLICY = r"SOFTWARE\Policies\Microsoft\Windows\IPSec\GPTIPSECPolicy"
MACHINE = (
    (r"SYSTEM\CurrentControlSet\Control\ComputerName\ActiveComputerName", "ComputerName"),
    (r"SOFTWARE\Microsoft\Cryptography", "MachineGuid"),
)
"""What distinguishes machines, together with their addresses."""
NETWORK_ADAPTERS = r"SYSTEM\CurrentControlSet\Control\Class\{4d36e972-e325-11ce-bfc1-08002be10318}"
OURS = r"SOFTWARE\rras.ipsec"
STATE = join(OURS, "State")
TRANSACTION = join(OURS, "Transaction")
AFTER = join(TRANSACTION, "After")
BLOCKED_IPV6 = "BlockedIpv6"
VALUE_NOTE = join(OURS, "ProhibitIpSec")
RESTART_PENDING = join(VALUE_NOTE, "RestartPending")
LOADING_UNPROVED = join(OURS, "LoadingUnproved")
"""A volatile key. It exists if the agent listed the addresses of the assigned policy before the policy was assigned."""
SERVICES_NOTE = join(OURS, "Services")
BACKUP = join(OURS, "Backup")
ACCESS_BEFORE = "AccessBefore"
"""The value of our key that lists other people's rules whose access lists we replaced, each with its list (SDDL)."""
FIREWALL = "MpsSvc"
