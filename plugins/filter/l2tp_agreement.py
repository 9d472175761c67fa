# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The filter l2tp_agreement."""

from __future__ import annotations

DOCUMENTATION = r"""
name: l2tp_agreement
short_description: Whether both ends of the connections of a host agree
version_added: 0.1.0
author: The rras.ipsec developers (!UNKNOWN)
description:
  - Each end must match its own declaration; the role has already checked that the declarations are equal.
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
- name: Show the agreement of both ends
  ansible.builtin.debug:
    msg: "{{ hostvars | rras.ipsec.l2tp_agreement(inventory_hostname) | map(attribute='summary') }}"
"""

RETURN = r"""
  _value:
    description: One entry for each connection.
    type: list
    elements: dict
    contains:
      name:
        description: The name of the connection.
        type: str
      proved:
        description: Whether both ends agree and ProhibitIpSec is in effect on both.
        type: bool
      summary:
        description: The agreement in one line.
        type: str
      disagreements:
        description:
          - What is wrong, a sentence or two each. The two ends differ, or what is found on one of them is an error.
        type: list
        elements: str
      findings:
        description: What the hosts show that keeps the tunnel from working, or from being proved.
        type: list
        elements: dict
        contains:
          identifier:
            description: What it is, in one word.
            type: str
          severity:
            description: Whether there is no tunnel, or it is only not proved.
            type: str
            choices: [error, warning]
          host:
            description: On which host.
            type: str
          problem:
            description: What is wrong, a sentence.
            type: str
          remedy:
            description: What to do about it, a sentence.
            type: str
      remarks:
        description: What is not proved and why, a sentence or two each; all findings that are no errors are among it.
        type: list
        elements: str
"""

from collections.abc import Callable
from typing import Any

from ansible_collections.rras.ipsec.plugins.plugin_utils import _view
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy import agreement, facts


def l2tp_agreement(hostvars: _view.HostVars, host: str) -> list[dict[str, Any]]:
    """Whether both ends of the connections of a host agree."""
    nodes, proofs = _view.network(hostvars, host), _view.proofs(hostvars, host)
    return [facts.fields(each) for each in agreement.agreements(nodes, host, proofs)]


class FilterModule:
    """Offers the filter to Ansible."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"l2tp_agreement": l2tp_agreement}
