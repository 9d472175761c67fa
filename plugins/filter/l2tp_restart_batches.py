# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The filter l2tp_restart_batches."""

from __future__ import annotations

DOCUMENTATION = r"""
name: l2tp_restart_batches
short_description: The order in which hosts restart
version_added: 0.1.0
author: The rras.ipsec developers (!UNKNOWN)
description:
  - The far ends of the connections come first, because they may be managed through a tunnel.
positional: hosts, size
options:
  _input:
    description: The variable C(hostvars).
    type: dict
    required: true
  hosts:
    description: The inventory names of the hosts of the play; those that need no restart are left out.
    type: list
    elements: str
    required: true
  size:
    description: How many hosts restart at the same time.
    type: int
    default: 1
"""

EXAMPLES = r"""
- name: Show the order
  ansible.builtin.debug:
    msg: "{{ hostvars | rras.ipsec.l2tp_restart_batches(['rras-tokyo', 'rras-osaka'], 1) }}"
"""

RETURN = r"""
  _value:
    description: Lists of inventory names.
    type: list
    elements: list
"""

from collections.abc import Callable, Sequence
from typing import Any

from ansible_collections.rras.ipsec.plugins.plugin_utils import _view
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy import barrier


def l2tp_restart_batches(hostvars: _view.HostVars, hosts: Sequence[str], size: int = 1) -> list[list[str]]:
    """The order in which hosts restart."""
    restarting = _view.restarting(hostvars, hosts)
    nodes = {name: node for host in restarting for name, node in _view.network(hostvars, host).items()}
    return barrier.restart_batches(restarting, nodes, int(size))


class FilterModule:
    """Offers the filter to Ansible."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"l2tp_restart_batches": l2tp_restart_batches}
