# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The filter to_reg."""

from __future__ import annotations

DOCUMENTATION = r"""
name: to_reg
short_description: Renders a policy as a registration file
version_added: 0.1.0
author: The rras.ipsec developers (!UNKNOWN)
description:
  - The text of a file for C(regedit) and C(reg.exe import). It holds the policy as the module would write it,
    that it is assigned, and C(ProhibitIpSec).
  - A file of this format is UTF-16LE with a byte order mark. The playbook C(rras.ipsec.render) writes it that way;
    to encode the text yourself, use P(ansible.builtin.b64encode#filter) with the encoding C(utf-16), which adds the
    mark.
  - The GUIDs come from the names in the policy, so that two results for one policy are equal.
positional: peer_type, keys, undo
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
      - Whether preshared keys are written. If not, a placeholder replaces them, and the policy is
        neither assigned nor followed by the value.
    type: bool
    default: true
  undo:
    description: Whether to return what undoes it instead.
    type: bool
    default: false
"""

EXAMPLES = r"""
- name: Write a registration file on the controller
  ansible.builtin.shell:
    cmd: umask 077 && iconv --from-code UTF-8 --to-code UTF-16 > l2tp.reg
    stdin: "{{ policy | rras.ipsec.to_reg }}"
    stdin_add_newline: false
  delegate_to: localhost
  no_log: true # the text has the key in it; a script that imports it would be in the event log of the server
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
    description: The text of the file, its lines ended by CR LF.
    type: str
"""

from collections.abc import Callable, Mapping
from typing import Any

from ansible_collections.rras.ipsec.plugins.plugin_utils import _rendering
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.render import registration


def to_reg(options: Mapping[str, Any], peer_type: str = "windows", keys: bool = True, undo: bool = False) -> str:
    """Return a policy as a registration file."""
    undoes = _rendering.flag("undo", undo)
    form = registration.undoing if undoes else registration.setting_up
    return _rendering.rendered(options, peer_type, keys, form, undo=undoes)


class FilterModule:
    """Offers the filter to Ansible."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"to_reg": to_reg}
