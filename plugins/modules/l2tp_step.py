# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: l2tp_step
short_description: One step of the role l2tp
version_added: 1.0.0
author: The rras.ipsec developers (!UNKNOWN)
description:
  - A part of the role P(rras.ipsec.l2tp#role), which alone calls it. It reads the role's variables itself, and fails outside the role. Its options
    may change in any release.
  - Before its work each step checks that this host, and every host that must change together with it, did the steps before. If not, it does
    nothing, or reverts what this host did, and stops with the reason.
extends_documentation_fragment:
  - rras.ipsec.attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
options:
  step:
    description: The step.
    type: str
    required: true
    choices:
      preflight: Once for all hosts, read the role's variables on each of them and find what is wrong with them.
      plan: Stop if something is wrong with the variables; else read the host and plan.
      compare: Compare both ends of the host's connections, and set the fact C(l2tp_result).
      show: Once for all hosts, show what was found.
      stop: Stop if the host is not as declared and nothing will change that, or a peer could not be read.
      machines: Once for all hosts, note which machine answered under each name.
      stage: Write the new policy beside the one in force.
      commit_far: Put in force what was staged, on the second peers of the connections.
      commit_near: Put in force what was staged, on all others.
      ask_again: Read the host if its answer to the commit was lost.
      set_value: Set C(ProhibitIpSec) if all ends are committed; else revert.
      order: Once for all hosts, decide the order of the restarts.
      restart: Restart the host if it is one of O(batch).
      prove: Read the host again if something was changed, after its services came up.
      finish: Delete the policy that was replaced.
      may_restart: Stop if a restart is pending and the host is not as declared.
      restore_value: For a removal, give back what C(ProhibitIpSec) was.
      predict_removal: For a removal in check mode, say what it would do.
      settle: For a removal, wait for late services after a restart.
      remove_policy: For a removal, remove the policy and restore what it replaced.
  removal:
    description: Whether the step is one of a removal.
    type: bool
    default: false
  batch:
    description: The hosts that restart now.
    type: list
    elements: str
    default: []
"""

EXAMPLES = r"""
- name: Configure L2TP/IPsec between RRAS servers
  hosts: rras
  gather_facts: false
  roles:
    - role: rras.ipsec.l2tp
"""

RETURN = r"""
ansible_facts:
  description: What was found of this host. The role's documentation describes it.
  returned: for O(step=compare)
  type: dict
  contains:
    l2tp_result:
      description: The fact.
      type: dict
"""
