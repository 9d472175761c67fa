# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The filter to_netsh."""

from __future__ import annotations

DOCUMENTATION = r"""
name: to_netsh
short_description: Renders a policy as a script for netsh
version_added: 0.1.0
author: The rras.ipsec developers (!UNKNOWN)
description:
  - A script for C(netsh -f) on Windows Server 2003 and newer, with every tag written out. Its remarks say what
    to do before and after running it.
  - Accepts only names and keys of printable ASCII without double quotes and backslashes, because it is not documented
    how netsh reads others.
positional: keys, undo
options:
  _input:
    description: The options of P(rras.ipsec.win_ipsec_psk_policy#module) that declare the policy, such as C(name)
      and C(rules).
    type: dict
    required: true
  keys:
    description:
      - Whether preshared keys are written. If not, a placeholder replaces them, and the line that
        assigns the policy is a remark.
    type: bool
    default: true
  undo:
    description: Whether to return what undoes it instead.
    type: bool
    default: false
"""

EXAMPLES = r"""
- name: Write a script for netsh
  ansible.builtin.copy:
    content: "{{ policy | rras.ipsec.to_netsh }}"
    dest: l2tp-files/netsh.txt
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
    description: The text of the script, its lines ended by CR LF.
    type: str
"""

from collections.abc import Callable, Mapping
from typing import Any

from ansible_collections.rras.ipsec.plugins.plugin_utils import _rendering
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.render import netsh


def to_netsh(options: Mapping[str, Any], keys: bool = True, undo: bool = False) -> str:
    """Return a policy as a script for netsh."""
    undoes = _rendering.flag("undo", undo)
    form = netsh.undoing if undoes else netsh.script
    return _rendering.rendered(options, "windows", keys, form, undo=undoes)


class FilterModule:
    """Offers the filter to Ansible."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"to_netsh": to_netsh}
