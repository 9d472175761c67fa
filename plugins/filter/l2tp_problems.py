# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The filter l2tp_problems."""

from __future__ import annotations

DOCUMENTATION = r"""
name: l2tp_problems
short_description: What is wrong with the declared connections of a host
version_added: 0.1.0
author: The rras.ipsec developers (!UNKNOWN)
description:
  - Compares what the variables of both ends of each connection say, before any host is touched.
positional: host, other_peers, certificate_authority
options:
  _input:
    description: The variable C(hostvars).
    type: dict
    required: true
  host:
    description: The inventory name of the host that asks.
    type: str
    required: true
  other_peers:
    description: As for the filter P(rras.ipsec.l2tp_rules#filter).
    type: str
    default: block
  certificate_authority:
    description: As for the filter P(rras.ipsec.l2tp_rules#filter).
    type: str
"""

EXAMPLES = r"""
- name: Stop before any host is touched
  ansible.builtin.fail:
    msg: "{{ problems | join(' ') }}"
  when: problems | length > 0
  vars:
    problems: "{{ hostvars | rras.ipsec.l2tp_problems(inventory_hostname) }}"
"""

RETURN = r"""
  _value:
    description: A sentence for each problem; an empty list when there is none.
    type: list
    elements: str
"""

from collections.abc import Callable
from typing import Any

from ansible_collections.rras.ipsec.plugins.plugin_utils import _view
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy import network


def l2tp_problems(
    hostvars: _view.HostVars, host: str, other_peers: str = "block", certificate_authority: str | None = None
) -> list[str]:
    """What is wrong with the declared connections of a host."""
    nodes = _view.network(hostvars, host)
    return network.problems(nodes, host, other_peers=other_peers, certificate_authority=certificate_authority)


class FilterModule:
    """Offers the filter to Ansible."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"l2tp_problems": l2tp_problems}
