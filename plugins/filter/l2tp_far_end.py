# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The filter l2tp_far_end."""

from __future__ import annotations

DOCUMENTATION = r"""
name: l2tp_far_end
short_description: Whether a host comes first where an order is needed
version_added: 0.1.0
author: The rras.ipsec developers (!UNKNOWN)
description:
  - The far ends of the connections come first, because they may be managed through a tunnel.
  - A far end is the second of the peers of any of its connections.
positional: host
options:
  _input:
    description: The variable C(hostvars).
    type: dict
    required: true
  host:
    description: The inventory name of the host.
    type: str
    required: true
"""

EXAMPLES = r"""
- name: Commit the far ends
  ansible.builtin.include_tasks: commit.yml
  when: hostvars | rras.ipsec.l2tp_far_end(inventory_hostname)
"""

RETURN = r"""
  _value:
    description: Whether the host is a far end.
    type: bool
"""

from collections.abc import Callable
from typing import Any

from ansible_collections.rras.ipsec.plugins.plugin_utils import _view
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy import barrier


def l2tp_far_end(hostvars: _view.HostVars, host: str) -> bool:
    """Whether a host comes first where an order is needed."""
    return barrier.is_far_end(_view.network(hostvars, host), host)


class FilterModule:
    """Offers the filter to Ansible."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"l2tp_far_end": l2tp_far_end}
