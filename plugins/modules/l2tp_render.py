# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# fmt: off
from __future__ import (absolute_import, division, print_function)
# fmt: on

__metaclass__ = type

DOCUMENTATION = r"""
module: l2tp_render
short_description: Writes files for L2TP/IPsec on a server that Ansible does not reach
version_added: 0.1.0
author: The rras.ipsec developers (!UNKNOWN)
description:
  - Writes files on the controller that bring the policy and C(ProhibitIpSec) of KB 240262 to a server without WinRM, such as Windows 2000, to the far end
    of a connection that others configure, or to a server that is locked down. The host itself is never connected to.
  - What is written comes from the variables of the role P(rras.ipsec.l2tp#role) for this host, as the inventory has them. A host with
    C(l2tp_managed) false has the connections that its managed ends declare.
  - A Linux server with strongSwan gets C(swanctl.conf) and C(xl2tpd.conf), but no undo files, because deleting these files undoes them.
  - The folder of any other host gets C(l2tp.reg) and C(STEPS.txt), for Windows 2000 C(ipsecpol.cmd), otherwise C(netsh.txt), and what undoes each. Each file
    says in which order it is to be used, and what the other ends must have. Other files in the folder are left alone.
  - The files have the mode 0600, and the folder 0700, from their first byte on. They hold preshared keys.
attributes:
  action:
    description: The work is done by an action plugin on the controller; the module itself is documentation only.
    support: full
  async:
    description: Can be run with the keyword C(async).
    support: none
  become:
    description: Can be run with the keyword C(become).
    support: none
    details: It has no effect, because the files are written by Ansible itself.
  check_mode:
    description: Predicts what would change, and writes nothing.
    support: full
  diff_mode:
    description: Shows what changes in the policy, in the words of the Windows console and without keys.
    support: full
  platform:
    description: The kind of host that the files are for.
    support: full
    platforms: windows
options:
  folder:
    description:
      - The folder on the controller in which each host gets a folder of its own, named as the inventory names it. A relative path begins where
        Ansible was started. A missing folder is created.
    type: str
    required: true
  peer_type:
    description:
      - What the server runs. V(windows_2000) gets Diffie-Hellman group 2 only, and C(ipsecpol.cmd). V(windows) is Windows Server 2003 or newer.
        V(strongswan) is Linux with strongSwan and xl2tpd; it needs C(l2tp_managed) false.
    type: str
    default: windows
    choices: [windows_2000, windows, strongswan]
  keys:
    description:
      - Whether preshared keys are written. If not, a placeholder replaces them, and no file assigns the policy or sets the value, because the placeholder
        would be a key that everybody can know.
    type: bool
    default: true
  undo_only:
    description:
      - Whether only the files that undo the others are written, and only for a host with C(l2tp_managed) false; any other is skipped. Those of an
        earlier run are kept as they are.
    type: bool
    default: false
notes:
  - The file C(docs/windows_2000.md) of this collection walks through Windows 2000, and C(docs/linux_peer.md) through Linux.
"""

EXAMPLES = r"""
- name: Write files for a far end that Ansible does not reach
  rras.ipsec.l2tp_render:
    folder: l2tp-files
    peer_type: windows_2000

- name: Write them without the keys
  rras.ipsec.l2tp_render:
    folder: l2tp-files
    keys: false
"""

RETURN = r"""
folder:
  description: The folder of this host.
  returned: success
  type: str
files:
  description: The names of the files.
  returned: success
  type: list
  elements: str
refused:
  description: Why other files are missing, a sentence each. The reason is a name or key that netsh or ipsecpol may not read as written.
  returned: success
  type: list
  elements: str
steps:
  description: What to do with the files, a sentence or two.
  returned: success
  type: list
  elements: str
reason:
  description: Why the task failed, in one word that a playbook can test. C(options), C(declaration), C(render) or C(files).
  returned: failure
  type: str
"""
