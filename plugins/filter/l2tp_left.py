# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The filter l2tp_left."""

from __future__ import annotations

DOCUMENTATION = r"""
name: l2tp_left
short_description: What of this collection is left on a host that nobody declares any more
version_added: 0.1.0
author: The rras.ipsec developers (!UNKNOWN)
description:
  - A host that no connection names any more keeps its policy, and so does one whose policy got another name.
positional: host, policy_name
options:
  _input:
    description: The variable C(hostvars).
    type: dict
    required: true
  host:
    description: The inventory name of the host.
    type: str
    required: true
  policy_name:
    description: The variable C(l2tp_policy_name).
    type: str
    required: true
"""

EXAMPLES = r"""
- name: Show what is left
  ansible.builtin.debug:
    msg: "{{ hostvars | rras.ipsec.l2tp_left(inventory_hostname, l2tp_policy_name) }}"
"""

RETURN = r"""
  _value:
    description: A sentence or two for each policy.
    type: list
    elements: str
"""

from collections.abc import Callable
from typing import Any

from ansible_collections.rras.ipsec.plugins.plugin_utils import _view
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy import remains


def l2tp_left(hostvars: _view.HostVars, host: str, policy_name: str) -> list[str]:
    """What of this collection is left on a host that nobody declares any more."""
    facts, connected = _view.last_facts(hostvars, host)
    if not facts:
        return []
    if connected:
        left = remains.under_other_names(host, facts, policy_name)
    else:
        left = remains.unconnected(_view.network(hostvars, host)[host], facts)
    return [" ".join(sentences) for sentences in left]


class FilterModule:
    """Offers the filter to Ansible."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"l2tp_left": l2tp_left}
