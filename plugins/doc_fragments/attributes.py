# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What all modules of this collection have in common, for their documentation."""

from __future__ import annotations


class ModuleDocFragment:
    """The fragment rras.ipsec.attributes."""

    DOCUMENTATION = r"""
requirements:
  - Windows PowerShell 5.1 or newer on the host, in FullLanguage mode, and a connection as a member of its group Administrators.
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
    details:
      - The action runs as the user of the connection. It stops if C(become) is in effect, because it would otherwise silently ignore it.
      - The variable C(ansible_become) is stronger than the keyword C(become) of a task.
  check_mode:
    description: Predicts what would change, and changes nothing.
  diff_mode:
    description: Shows what changes, in the words of the Windows console and without keys.
  platform:
    description: The kind of host that the module works on.
    support: full
    platforms: windows
notes:
  - The connection must encrypt what it carries, for reading too. That is P(ansible.builtin.winrm#connection) or P(ansible.builtin.psrp#connection)
    over HTTPS, or over HTTP with NTLM, Kerberos or CredSSP and message encryption, or P(ansible.builtin.ssh#connection). Over HTTP, write
    C(ansible_winrm_transport), since winrm uses Basic without it. A connection that can't be proved to encrypt is refused before anything is sent.
"""
