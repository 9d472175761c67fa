# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which of our rules of Windows Firewall a host lacks or has too many of, and the steps that change that."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ansible_collections.rras.ipsec.plugins.plugin_utils._policy import firewall, steps
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.host import HostState


def block_ipv6(host: HostState) -> tuple[steps.Step, ...]:
    """Return the steps that put our blocking rule of Windows Firewall in place; none if its service is not running.

    An undo does not restore a different rule that had our name: it leaves ours.
    """
    found = host.windows_firewall
    if not found.running or found.as_written:
        return ()
    return (firewall.DELETE, firewall.ADD) if found.rules else (firewall.ADD,)


def unblock_ipv6(host: HostState) -> tuple[steps.Step, ...]:
    """Return the steps that delete our blocking rule of Windows Firewall; none if its service is not running."""
    return (firewall.DELETE,) if host.windows_firewall.rules and host.windows_firewall.running else ()


def open_to(host: HostState, peers: Sequence[str], tag: str) -> tuple[steps.Step, ...]:
    """Return the step that makes Windows Firewall let these peers in; none if it already does, or is not running."""
    found = host.windows_firewall
    return () if not peers or not found.running or found.lets_in(peers) else (firewall.let_in(tag, peers),)


def to_close(host: HostState, peers: Iterable[str] = ()) -> tuple[str, ...]:
    """Return the tags of our rules for other peers than these, to be deleted; none if the firewall is not running."""
    found = host.windows_firewall
    kept = found.lets_in(peers)
    return tuple(rule.tag for rule in found.peers if rule.tag != kept) if found.running else ()
