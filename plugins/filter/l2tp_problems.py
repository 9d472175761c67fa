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
  - Where nothing is wrong with this host's own declaration, those of all managed hosts that it is
    connected with are checked.
positional: host, variables, removal
options:
  _input:
    description: The variable C(hostvars).
    type: dict
    required: true
  host:
    description: The inventory name of the host.
    type: str
    required: true
  variables:
    description:
      - The host's variables C(l2tp_policy_name), C(l2tp_other_peers_certificate_authority), C(l2tp_filter_action),
        C(l2tp_main_mode), C(l2tp_polling_interval), C(l2tp_program_timeout), C(l2tp_reboot_serial),
        C(l2tp_reboot_timeout) and C(l2tp_settle_timeout), by name. Variables that are left out are not checked.
      - No key may be a part of the first two, because they are shown.
      - The next two must be what O(rras.ipsec.win_ipsec_psk_policy#module:rules[].filter_action)
        and O(rras.ipsec.win_ipsec_psk_policy#module:main_mode) take.
    type: dict
  removal:
    description: Whether nothing matters but O(variables) and which hosts Ansible reaches, as for a removal.
    type: bool
    default: false
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

from collections.abc import Callable, Mapping
from typing import Any

from ansible_collections.rras.ipsec.plugins.plugin_utils import _settings, _view
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy import network
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.network import Written


def l2tp_problems(
    hostvars: _view.HostVars, host: str, variables: Mapping[str, Any] | None = None, removal: bool = False
) -> list[str]:
    """What is wrong with the declared connections of a host."""
    nodes, given = _view.network(hostvars, host), variables or {}
    if not removal:
        shown = list(_view.exposed(nodes, host, given))
        if shown:
            return shown
    written = Written(()) if removal else nodes[host].as_written
    settings = list(_settings.problems(given, written.connections, written.default))
    if removal:
        return [*settings, *network.problems(nodes, host, removal=True)]
    return settings or network.problems(nodes, host, removal=False)


class FilterModule:
    """Offers the filter to Ansible."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"l2tp_problems": l2tp_problems}
