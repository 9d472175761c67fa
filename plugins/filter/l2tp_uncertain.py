# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The filter l2tp_uncertain."""

from __future__ import annotations

DOCUMENTATION = r"""
name: l2tp_uncertain
short_description: Whether it is unknown what a host or a peer has
version_added: 0.1.0
author: The rras.ipsec developers (!UNKNOWN)
description:
  - The answer to a commit was lost, and the host did not answer when it was asked again. Then no host reverts.
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
- name: Go back only when every host's state is known
  rras.ipsec.win_ipsec_psk_policy:
    name: L2TP site to site
    phase: revert
    transaction: "{{ staged.transaction }}"
  when: not (hostvars | rras.ipsec.l2tp_uncertain(inventory_hostname))
"""

RETURN = r"""
  _value:
    description: Whether it is unknown.
    type: bool
"""

from collections.abc import Callable
from typing import Any

from ansible_collections.rras.ipsec.plugins.plugin_utils import _view
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy import barrier


def l2tp_uncertain(hostvars: _view.HostVars, host: str) -> bool:
    """Whether it is unknown what a host or a peer has."""
    return barrier.uncertain(_view.run(hostvars, host), host)


class FilterModule:
    """Offers the filter to Ansible."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"l2tp_uncertain": l2tp_uncertain}
