# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# fmt: off
from __future__ import (absolute_import, division, print_function)
# fmt: on

__metaclass__ = type

DOCUMENTATION = r"""
module: l2tp_adopt
short_description: Writes variables for an L2TP/IPsec policy that exists
version_added: 0.1.0
author: The rras.ipsec developers (!UNKNOWN)
description:
  - Reads an IP security policy, from the host or from an export of its registry, and writes the variables of the role P(rras.ipsec.l2tp#role) that
    declare it, so that nobody has to retype it. With these variables the role changes nothing on the host but what RV(site_changes) lists.
  - No key is written. Each is named as a variable for a vault, and the playbook C(rras.ipsec.verify) compares it with the one in force.
  - A host with C(l2tp_managed) false is skipped unless there is an export of it.
  - What the variables can't say is listed, in the result and in the file, and left out.
extends_documentation_fragment:
  - rras.ipsec.attributes
  - rras.ipsec.program
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
    details: Shows what changes in the file, which has no keys in it.
options:
  folder:
    description:
      - The folder on the controller in which each host gets a folder of its own, named as the inventory names it, with the file C(l2tp_adopted.yml).
        The folder C(host_vars) beside the inventory has this form. A relative path begins where Ansible was started.
    type: str
    required: true
  policy:
    description:
      - The name of the policy. Without it, the one that is assigned; if none is, the only one.
    type: str
  reg_file:
    description:
      - An export of the host's registry on the controller, made by regedit in any of its formats. It should hold the keys
        C(HKLM\SOFTWARE\Policies\Microsoft\Windows\IPSec\Policy\Local) and C(HKLM\SYSTEM\CurrentControlSet\Services\RasMan\Parameters).
      - With it, the host is not connected to, and the result says what is wrong with its store.
    type: str
  code_page:
    description:
      - The code page of O(reg_file) if it is in the format REGEDIT4, as Python names it, such as V(cp932) for Japanese.
    type: str
    default: cp1252
seealso:
  - module: rras.ipsec.win_ipsec_policy_info
"""

EXAMPLES = r"""
- name: Write the variables of a host beside the inventory
  rras.ipsec.l2tp_adopt:
    folder: "{{ inventory_dir }}/host_vars"

- name: Write the variables from an export of Windows 2000
  rras.ipsec.l2tp_adopt:
    folder: l2tp-adopted
    reg_file: exports/osaka.reg
    code_page: cp932
"""

RETURN = r"""
file:
  description: The file with the variables.
  returned: success
  type: str
key_variables:
  description: The variables of a vault that must hold the keys.
  returned: success
  type: list
  elements: str
left_out:
  description: What the variables can't say, a sentence each.
  returned: success
  type: list
  elements: str
site_changes:
  description:
    - What the playbook C(rras.ipsec.site) would change on the host with these variables, a sentence each.
    - If the host lacks something else that the role does besides the policy, a variable declines it, and RV(steps) says which one.
    - Unknown for an export.
  returned: success
  type: list
  elements: str
findings:
  description: What is wrong with the store of an export, a sentence each. Nothing is guessed that an export does not show.
  returned: success
  type: list
  elements: str
steps:
  description: What to do with the file, a sentence each.
  returned: success
  type: list
  elements: str
reason:
  description:
    - Why the task failed, in one word that a playbook can test.
    - C(options), C(declaration), C(adopt) or C(files), or what P(rras.ipsec.win_ipsec_policy_info#module) fails with where it reads a host.
  returned: failure
  type: str
"""
