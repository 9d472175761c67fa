# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# fmt: off
from __future__ import (absolute_import, division, print_function)
# fmt: on

__metaclass__ = type

DOCUMENTATION = r"""
module: win_prohibit_ipsec
short_description: Switches off the automatic IPsec policy of RRAS for L2TP
version_added: 0.1.0
author: The rras.ipsec developers (!UNKNOWN)
description:
  - Sets the registry value C(ProhibitIpSec) to 1 below C(HKLM\SYSTEM\CurrentControlSet\Services\RasMan\Parameters), as KB 240262 requires on
    both servers, or removes it.
  - With the value, RRAS no longer makes its own IPsec policy for L2TP. All L2TP of the host is then in clear text unless an assigned policy
    protects it. So the value is set only when such a policy is found.
  - The value takes effect at boot. The module remembers on the host what it set and what was there before, says whether a restart is
    needed, and never restarts by itself. A value that is removed before Windows booted with it needs no restart.
extends_documentation_fragment:
  - rras.ipsec.attributes
  - rras.ipsec.program
  - rras.ipsec.caller
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
options:
  state:
    description:
      - V(present) sets the value to 1.
      - V(absent) restores what was there before this collection changed it, with its kind. That may be 1. Where nothing is recorded, a value of 1
        is removed (but see O(only_recorded)), and any other is left alone.
      - Only a REG_DWORD of 1 counts as the value that is wanted.
    type: str
    default: present
    choices: [present, absent]
  policy:
    description:
      - The name of the policy that must be assigned and protect L2TP, for O(require_effective_policy). Without it, whichever is assigned must.
    type: str
  require_effective_policy:
    description:
      - Whether O(state=present) fails unless O(policy) is in force on this host. No domain policy overrides it, it is the assigned one,
        C(PolicyAgent) and C(IKEEXT) are running, it has an active rule that negotiates security for L2TP between two addresses of which one is the host's,
        and C(PolicyAgent) lists these addresses.
      - V(false) may leave the host's L2TP in clear text, and the module warns.
    type: bool
    default: true
  predicted:
    description:
      - Says, in check mode, that the policy would be in force by then, so that O(require_effective_policy) does not fail.
      - Pass RV(rras.ipsec.win_ipsec_psk_policy#module:pending) of the previous task. Outside check mode it has no effect.
    type: bool
    default: false
  restart_if_unknown:
    description:
      - Whether to set the value again if it is already 1 but it is unknown whether Windows booted with it, so that RV(reboot_required) is
        true and a restart proves it.
    type: bool
    default: false
  only_recorded:
    description:
      - Whether O(state=absent) leaves the value alone if its former state is not recorded, because somebody else set it.
    type: bool
    default: false
  backup:
    description:
      - Whether C(RasMan\Parameters) is copied below C(HKLM\SOFTWARE\rras.ipsec\Backup) before the value changes. KB 240262 asks for a backup.
      - The first copy ever, which holds the policy store too, and the newest are kept. Only SYSTEM and Administrators can read them.
    type: bool
    default: true
  settle_timeout:
    description:
      - How many seconds O(state=present) waits, with O(require_effective_policy), for what O(policy) still lacks and gets by itself. These are
        C(PolicyAgent) and C(IKEEXT), if Windows starts them and they are not running yet, and the addresses that C(PolicyAgent) does not list yet.
      - V(0) does not wait. What has not come by then is named, with the time. The host is read again after growing pauses.
    type: int
    default: 120
seealso:
  - module: rras.ipsec.win_ipsec_psk_policy
  - module: rras.ipsec.win_ipsec_policy_info
  - module: ansible.windows.win_reboot
  - name: KB 240262
    description: How to configure an L2TP/IPsec connection by using preshared key authentication.
    link: https://support.microsoft.com/kb/240262
  - name: KB 2855053
    description: L2TP VPN fails with error 787. The value on Windows Server 2012 R2.
    link: https://learn.microsoft.com/en-us/troubleshoot/windows-server/networking/l2tp-vpn-fails-with-error-787
"""

EXAMPLES = r"""
- name: Switch off the automatic policy, if the declared one protects
  rras.ipsec.win_prohibit_ipsec:
    policy: L2TP site to site
  register: value

- name: Restart, only if Windows runs without the value
  ansible.windows.win_reboot:
  when: value.reboot_required

- name: Restore the automatic policy
  rras.ipsec.win_prohibit_ipsec:
    state: absent
  register: value

- name: Restart before the declared policy is removed
  ansible.windows.win_reboot:
  when: value.reboot_required
"""

RETURN = r"""
before:
  description: The number that was there. Null if there was no REG_DWORD.
  returned: success
  type: int
  sample: 0
diff:
  description: The value before and after, as text, with what is known of it.
  returned: success
  type: dict
  contains:
    before:
      description: The value that was there.
      returned: always
      type: str
      sample: "ProhibitIpSec: absent\n  Windows booted with it: unknown\n  set by this collection: no\n  before this collection changed it: not recorded\n"
    after:
      description: The value that is there now, or would be in check mode.
      returned: always
      type: str
      sample: "ProhibitIpSec: 1\n  Windows booted with it: no\n  set by this collection: yes\n  before this collection changed it: absent\n"
in_effect:
  description:
    - Whether Windows booted with the current value. C(yes), C(no), or C(unknown) where this collection did not set it.
  returned: success
  type: str
  sample: "no"
reason:
  description:
    - Why the module failed, in one word.
    - Found on the controller, before the host was reached. C(options) (the options are wrong, or C(become) is in effect),
      C(transport) (the connection does not encrypt).
    - Found on the host, before something was changed. C(plan) (no policy protects L2TP), C(not_administrator), C(wow64) (a 32-bit PowerShell),
      C(powershell_too_old), C(constrained_language), C(busy) (another run is working on the host), C(refused).
    - On the way, where all changes were undone unless the message says otherwise. C(conflict), C(failed).
    - After the changes. C(not_proved) (the host does not show what was written).
    - Unknown what was done. C(no_answer) (the host did not answer like a Windows host with PowerShell). Read the host again.
  returned: failure
  type: str
  sample: plan
reboot_required:
  description: Whether Windows must be restarted before the value, or its absence, is in effect.
  returned: success
  type: bool
  sample: true
value:
  description: The number that is there now, or would be in check mode. Null if there is no REG_DWORD.
  returned: success
  type: int
  sample: 1
"""
