# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The filter to_swanctl."""

from __future__ import annotations

DOCUMENTATION = r"""
name: to_swanctl
short_description: Renders a policy as swanctl.conf of strongSwan
version_added: 1.0.0
author: The rras.ipsec developers (!UNKNOWN)
description:
  - What a Linux server with strongSwan needs to be the other end of a connection, with its connections (IKEv1,
    transport mode) and its secrets. What the policy blocks is dropped.
  - Accepts only keys of printable ASCII, because it is not documented which bytes Windows uses for other characters
    in IKE. Refuses Kerberos, which strongSwan does not offer in IKE.
positional: keys
options:
  _input:
    description: The options of P(rras.ipsec.win_ipsec_psk_policy#module) that declare the policy, such as C(name)
      and C(rules). C(address) is the address of the Linux server.
    type: dict
    required: true
  keys:
    description:
      - Whether preshared keys are written. If not, a placeholder replaces them.
    type: bool
    default: true
"""

EXAMPLES = r"""
- name: Write swanctl.conf
  ansible.builtin.copy:
    content: "{{ policy | rras.ipsec.to_swanctl }}"
    dest: l2tp-files/swanctl.conf
    mode: "0600"
  delegate_to: localhost
  diff: false # the content has the key in it
  vars:
    policy:
      name: L2TP site to site
      address: 192.0.2.2
      rules:
        - name: tokyo-osaka
          filters:
            - source_address: 192.0.2.1
              destination_address: 192.0.2.2
          authentication:
            - preshared_key: "{{ vault_tokyo_osaka_key }}"
"""

RETURN = r"""
  _value:
    description: The text of the file, its lines ended by LF.
    type: str
"""

from collections.abc import Callable, Mapping
from typing import Any

from ansible_collections.rras.ipsec.plugins.plugin_utils import _rendering
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.render import PeerType, swanctl


def to_swanctl(options: Mapping[str, Any], keys: bool = True) -> str:
    """Return a policy as swanctl.conf of strongSwan."""
    return _rendering.rendered(options, PeerType.STRONGSWAN, keys, swanctl.configuration)


class FilterModule:
    """Offers the filter to Ansible."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"to_swanctl": to_swanctl}
