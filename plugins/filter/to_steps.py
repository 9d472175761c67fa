# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The filter to_steps."""

from __future__ import annotations

DOCUMENTATION = r"""
name: to_steps
short_description: Renders a policy as the steps of KB 240262 with its values
version_added: 0.1.0
author: The rras.ipsec developers (!UNKNOWN)
description:
  - What a person does in the console of Windows to make the policy, and C(ProhibitIpSec) after it. The keys are at
    the end.
positional: peer_type, keys
options:
  _input:
    description: The options of P(rras.ipsec.win_ipsec_psk_policy#module) that declare the policy, such as C(name)
      and C(rules).
    type: dict
    required: true
  peer_type:
    description: What the server runs. Windows 2000 gets Diffie-Hellman group 2 only.
    type: str
    default: windows
    choices:
      windows_2000: Windows 2000.
      windows: Windows Server 2003 or newer.
  keys:
    description:
      - Whether preshared keys are written. If not, a placeholder replaces them, and the end of the
        text says that they are left out.
    type: bool
    default: true
"""

EXAMPLES = r"""
- name: Write the steps
  ansible.builtin.copy:
    content: "{{ policy | rras.ipsec.to_steps }}"
    dest: l2tp-files/STEPS.txt
    mode: "0600"
  delegate_to: localhost
  diff: false # the content has the key in it
  vars:
    policy:
      name: L2TP site to site
      rules:
        - name: tokyo-osaka
          filters:
            - source_address: 192.0.2.1
              destination_address: 192.0.2.2
          authentication:
            - preshared_key: "{{ vault_tokyo_osaka_key }}"
        - name: all other L2TP
          filters:
            - source_address: me
              destination_address: any
            - source_address: me
              source_port: 0
              destination_address: any
              destination_port: 1701
          filter_action:
            action: block
"""

RETURN = r"""
  _value:
    description: The text, its lines ended by CR LF.
    type: str
"""

from collections.abc import Callable, Mapping
from typing import Any

from ansible_collections.rras.ipsec.plugins.plugin_utils import _rendering
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.render import steps


def to_steps(options: Mapping[str, Any], peer_type: str = "windows", keys: bool = True) -> str:
    """Return a policy as the steps of KB 240262 with its values."""
    return _rendering.rendered(options, peer_type, keys, steps.text)


class FilterModule:
    """Offers the filter to Ansible."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"to_steps": to_steps}
