# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The filter l2tp_missing."""

from __future__ import annotations

DOCUMENTATION = r"""
name: l2tp_missing
short_description: Which peers of a host are not among the hosts of the run
version_added: 0.1.0
author: The rras.ipsec developers (!UNKNOWN)
description:
  - Follows all declared connections, also over several hosts, as far as the hosts are managed.
positional: host, hosts
options:
  _input:
    description: The variable C(hostvars).
    type: dict
    required: true
  host:
    description: The inventory name of the host that asks.
    type: str
    required: true
  hosts:
    description: The inventory names of the hosts of the play.
    type: list
    elements: str
    required: true
"""

EXAMPLES = r"""
- name: Show who is missing
  ansible.builtin.debug:
    msg: "{{ hostvars | rras.ipsec.l2tp_missing(inventory_hostname, ansible_play_hosts_all) }}"
"""

RETURN = r"""
  _value:
    description: Inventory names.
    type: list
    elements: str
"""

from collections.abc import Callable, Sequence
from typing import Any

from ansible_collections.rras.ipsec.plugins.plugin_utils import _view


def l2tp_missing(hostvars: _view.HostVars, host: str, hosts: Sequence[str]) -> list[str]:
    """Which peers of a host are not among the hosts of the run."""
    return _view.missing(hostvars, host, hosts)


class FilterModule:
    """Offers the filter to Ansible."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"l2tp_missing": l2tp_missing}
