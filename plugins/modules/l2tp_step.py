# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# fmt: off
from __future__ import (absolute_import, division, print_function)
# fmt: on

__metaclass__ = type

DOCUMENTATION = r"""
module: l2tp_step
short_description: One step of the role l2tp
version_added: 1.0.0
author: The rras.ipsec developers (!UNKNOWN)
description:
  - A part of the role P(rras.ipsec.l2tp#role); only the role calls it. It reads the role's variables itself, and fails outside the role. Its options
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
    description:
      - The step.
      - "V(preflight): once for all hosts, read the role's variables on each of them and find what is wrong with them."
      - "V(plan): if nothing is wrong with the variables, read the host and plan. The next step fails if this one did."
      - "V(compare): compare both ends of the host's connections, and set the fact C(l2tp_result)."
      - "V(show): once for all hosts, show what was found."
      - "V(stop): stop if the host is not as declared and nothing will change that, or a peer could not be read."
      - "V(machines): once for all hosts, note which machine answered under each name."
      - "V(stage): write the new policy beside the one in force."
      - "V(commit_far): put in force what was staged, on the second peers of the connections."
      - "V(commit_near): put in force what was staged, on all others."
      - "V(ask_again): read the host if its answer to the commit was lost."
      - "V(set_value): set C(ProhibitIpSec) if all ends are committed; else revert. The next step fails if this one did."
      - "V(order): once for all hosts, decide the order of the restarts."
      - "V(restart): restart the host if it is one of O(batch)."
      - "V(prove): read the host again if something was changed, after its services came up."
      - "V(finish): delete the policy that was replaced."
      - "V(may_restart): stop if a restart is pending and the host is not as declared."
      - "V(restore_value): for a removal, restore what C(ProhibitIpSec) was."
      - "V(predict_removal): for a removal in check mode, say what it would do."
      - "V(settle): for a removal, wait for late services after a restart."
      - "V(remove_policy): for a removal, remove the policy and restore what it replaced."
    type: str
    required: true
    choices:
      - preflight
      - plan
      - compare
      - show
      - stop
      - machines
      - stage
      - commit_far
      - commit_near
      - ask_again
      - set_value
      - order
      - restart
      - prove
      - finish
      - may_restart
      - restore_value
      - predict_removal
      - settle
      - remove_policy
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
failure:
  description: The failure that the next step reports instead of this one, so that the fact C(l2tp_result) has it.
  returned: for O(step=plan) and O(step=set_value), if they failed
  type: dict
ansible_facts:
  description: What was found of this host. The role's documentation describes it.
  returned: for O(step=compare), and for each step that did something to the host
  type: dict
  contains:
    l2tp_result:
      description: The fact.
      type: dict
"""
