# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The filter l2tp_barrier."""

from __future__ import annotations

DOCUMENTATION = r"""
name: l2tp_barrier
short_description: Whether a host may continue after a phase
version_added: 0.1.0
author: The rras.ipsec developers (!UNKNOWN)
description:
  - Checks the results that the role registered on all hosts that are connected with this one by changed connections.
positional: host, phase, one_end
options:
  _input:
    description: The variable C(hostvars).
    type: dict
    required: true
  host:
    description: The inventory name of the host.
    type: str
    required: true
  phase:
    description:
      - The phase that has just been done.
      - Before the near ends commit, V(near).
      - Before ProhibitIpSec is set, V(value). Before the policy that was replaced is deleted, V(proof).
      - For a removal, V(removal) before anything is removed, and V(without_value) before the policy is removed.
    type: str
    required: true
    choices: [plan, stage, near, commit, value, proof, removal, without_value]
  one_end:
    description: Whether a missing peer is accepted.
    type: bool
    default: false
"""

EXAMPLES = r"""
- name: Go on only when all peers did the same
  ansible.builtin.fail:
    msg: "{{ reason }}"
  when: reason != ''
  vars:
    reason: "{{ hostvars | rras.ipsec.l2tp_barrier(inventory_hostname, 'stage') }}"
"""

RETURN = r"""
  _value:
    description: Why the host must stop, in one sentence; empty if it may continue.
    type: str
"""

from collections.abc import Callable
from typing import Any

from ansible_collections.rras.ipsec.plugins.plugin_utils import _view
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy import barrier


def l2tp_barrier(hostvars: _view.HostVars, host: str, phase: str, one_end: bool = False) -> str:
    """Why a host must not go beyond a phase."""
    run, done = _view.run(hostvars, host), barrier.Phase(phase)
    if done is barrier.Phase.PLAN:
        run = _view.with_machines(run, hostvars, host)
    return barrier.problem(run, host, done, one_end=one_end)


class FilterModule:
    """Offers the filter to Ansible."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"l2tp_barrier": l2tp_barrier}
