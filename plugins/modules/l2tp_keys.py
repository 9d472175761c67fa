# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# fmt: off
from __future__ import (absolute_import, division, print_function)
# fmt: on

__metaclass__ = type

DOCUMENTATION = r"""
module: l2tp_keys
short_description: Makes preshared keys for connections that have none
version_added: 0.1.0
author: The rras.ipsec developers (!UNKNOWN)
description:
  - Makes a key for each connection of the hosts of the play that has no authentication yet, and writes it into the variable
    C(l2tp_preshared_keys) of an encrypted file. The role C(rras.ipsec.l2tp) reads that variable. The playbook C(rras.ipsec.keys) runs this module.
  - A key has 32 letters and digits of ASCII, from the random source of the operating system.
  - The file is encrypted with the vault password that it was encrypted with before. A new one is encrypted with the first vault password of
    the run, or with that of the vault ID in C(vault_encrypt_identity). It is never on disk in clear text, and its mode is 0600.
  - Works on the controller. It connects to no host, and no result contains a key.
attributes:
  action:
    description: The work is done by an action plugin on the controller; the module itself is documentation only.
    support: full
  check_mode:
    description: Says which keys would be made, and writes nothing.
    support: full
  diff_mode:
    description: Shows the names of the connections that get a key, without keys.
    support: full
options:
  path:
    description:
      - The file of variables, relative to the current directory, as for C(-e @FILE). Ansible reads it by itself if it is in C(group_vars).
      - It may contain nothing but C(l2tp_preshared_keys).
    type: str
  rotate:
    description:
      - The name of a connection that gets another key in any case. Its key must be in the file.
    type: str
seealso:
  - module: rras.ipsec.win_ipsec_psk_policy
"""

EXAMPLES = r"""
- name: Make the keys that are missing
  rras.ipsec.l2tp_keys:
    path: group_vars/rras/l2tp_keys.yml
  run_once: true
"""

RETURN = r"""
connections:
  description: The names of the connections that got a key, or would in check mode.
  returned: success
  type: list
  elements: str
  sample: [tokyo-osaka]
diff:
  description: The same as text.
  returned: success
  type: dict
  contains:
    before:
      description: Nothing.
      returned: always
      type: str
      sample: ""
    after:
      description: A line for each connection.
      returned: always
      type: str
      sample: "a key for tokyo-osaka\n"
reason:
  description: Why the module failed, in one word. C(options) or C(declaration).
  returned: failure
  type: str
  sample: declaration
"""
