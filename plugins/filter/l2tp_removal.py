# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The filter l2tp_removal."""

from __future__ import annotations

DOCUMENTATION = r"""
name: l2tp_removal
short_description: What a removal would do with a host
version_added: 0.1.0
author: The rras.ipsec developers (!UNKNOWN)
description:
  - For check mode, in the order in which it would be done.
positional: host, reboot
options:
  _input:
    description: The variable C(hostvars).
    type: dict
    required: true
  host:
    description: The inventory name of the host.
    type: str
    required: true
  reboot:
    description: The variable C(l2tp_reboot).
    type: str
    required: true
"""

EXAMPLES = r"""
- name: Show what would be done
  ansible.builtin.debug:
    msg: "{{ hostvars | rras.ipsec.l2tp_removal(inventory_hostname, l2tp_reboot) }}"
"""

RETURN = r"""
  _value:
    description: Sentences.
    type: list
    elements: str
"""

from collections.abc import Callable
from typing import Any

from ansible_collections.rras.ipsec.plugins.plugin_utils import _view
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy import remains


def l2tp_removal(hostvars: _view.HostVars, host: str, reboot: str) -> list[str]:
    """What a removal would do with a host."""
    planned, value = _view.removal(hostvars, host)
    return list(remains.removal(host, planned, value, reboot)) if planned and value else []


class FilterModule:
    """Offers the filter to Ansible."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"l2tp_removal": l2tp_removal}
