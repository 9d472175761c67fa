# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The filter l2tp_rules."""

from __future__ import annotations

DOCUMENTATION = r"""
name: l2tp_rules
short_description: The rules of a host for its declared connections
version_added: 0.1.0
author: The rras.ipsec developers (!UNKNOWN)
description:
  - One rule for each connection, the same on both ends (KB 240262 steps 12 and 13), and one for all other L2TP.
positional: host, other_peers, certificate_authority, filter_action
options:
  _input:
    description: The variable C(hostvars).
    type: dict
    required: true
  host:
    description: The inventory name of the host.
    type: str
    required: true
  other_peers:
    description: How to treat L2TP with all other peers.
    type: str
    default: block
    choices:
      block: It is blocked.
      certificate: It is negotiated with certificates of O(certificate_authority).
      ignore: Nothing; it is not protected.
  certificate_authority:
    description: The distinguished name of the authority for O(other_peers=certificate).
    type: str
  filter_action:
    description: The filter action of the connections that have none of their own.
    type: dict
"""

EXAMPLES = r"""
- name: Declare the policy of a host
  rras.ipsec.win_ipsec_psk_policy:
    name: L2TP site to site
    rules: "{{ hostvars | rras.ipsec.l2tp_rules(inventory_hostname) }}"
"""

RETURN = r"""
  _value:
    description: The option O(rras.ipsec.win_ipsec_psk_policy#module:rules).
    type: list
    elements: dict
"""

from collections.abc import Callable, Mapping
from typing import Any

from ansible_collections.rras.ipsec.plugins.plugin_utils import _view
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy import network


def l2tp_rules(
    hostvars: _view.HostVars,
    host: str,
    other_peers: str = "block",
    certificate_authority: str | None = None,
    filter_action: Mapping[str, Any] | None = None,
) -> list[dict[str, Any]]:
    """The rules of a host for its declared connections."""
    return network.rules(
        _view.network(hostvars, host),
        host,
        other_peers=other_peers,
        certificate_authority=certificate_authority,
        filter_action=filter_action,
    )


class FilterModule:
    """Offers the filter to Ansible."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"l2tp_rules": l2tp_rules}
