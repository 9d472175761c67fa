# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# fmt: off
from __future__ import (absolute_import, division, print_function)
# fmt: on

__metaclass__ = type

DOCUMENTATION = r"""
module: win_ipsec_policy_info
short_description: Reads the IP security policies of a host and what they depend on
version_added: 0.1.0
author: The rras.ipsec developers (!UNKNOWN)
description:
  - Reads all local IP security policies of a Windows host in the words of the Windows console, which of them is assigned, whether C(ProhibitIpSec)
    is set and in effect, and what else decides whether L2TP is protected.
  - Changes nothing. Never shows a preshared key.
extends_documentation_fragment:
  - rras.ipsec.attributes
  - rras.ipsec.program
  - rras.ipsec.secrets
attributes:
  check_mode:
    support: full
    details: Only reads.
  diff_mode:
    support: N/A
    details: Changes nothing.
options:
  preshared_keys:
    description:
      - Keys to compare with those on the host, whatever their rule.
      - Without any, and without O(rules), a key on the host is reported as V(undeclared).
    type: list
    elements: str
    default: []
  rules:
    description:
      - Rules whose key on the host is compared only with the key given here, not with O(preshared_keys).
      - So two swapped keys are both reported as C(differs).
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description: The name of the rule.
        type: str
        required: true
      preshared_key:
        description: The key that it must have.
        type: str
        required: true
seealso:
  - module: rras.ipsec.win_ipsec_psk_policy
  - module: rras.ipsec.win_prohibit_ipsec
  - name: KB 240262
    description: How to configure an L2TP/IPsec connection by using preshared key authentication.
    link: https://support.microsoft.com/kb/240262
"""

EXAMPLES = r"""
- name: Read all policies of the host, and whether one of them has this key
  rras.ipsec.win_ipsec_policy_info:
    preshared_keys:
      - "{{ vault_tokyo_osaka_key }}"
  register: ipsec

- name: Read whether each rule has its own key
  rras.ipsec.win_ipsec_policy_info:
    rules:
      - name: tokyo-osaka
        preshared_key: "{{ vault_tokyo_osaka_key }}"
      - name: tokyo-nagoya
        preshared_key: "{{ vault_tokyo_nagoya_key }}"

- name: Stop if something is wrong, whoever wrote the policies
  ansible.builtin.assert:
    that: ipsec.findings | selectattr('severity', 'equalto', 'error') | length == 0
    fail_msg: "{{ ipsec.findings | map(attribute='problem') | join(' ') }}"
"""

RETURN = r"""
findings:
  description:
    - What is wrong on the host, or could be safer, whoever wrote its policies and whatever is declared. The page of the role P(rras.ipsec.l2tp#role)
      lists the identifiers.
  returned: success
  type: list
  elements: dict
  sample: []
  contains:
    host:
      description: The name of the host in the inventory.
      returned: always
      type: str
      sample: rras-tokyo
    identifier:
      description: What is found, in one word.
      returned: always
      type: str
      sample: weak_encryption
    problem:
      description: What is wrong, a sentence.
      returned: always
      type: str
      sample: >-
        The key exchange of the policy 'L2TP' on rras-tokyo offers DES, whose keys can be found by trying all of them.
    remedy:
      description: What to do about it, a sentence.
      returned: always
      type: str
      sample: Offer 3DES alone (encryption, in l2tp_filter_action and l2tp_main_mode).
    severity:
      description: C(error), C(warning), or C(note) (nothing is wrong).
      returned: always
      type: str
      sample: warning
host:
  description: All that was read of the host.
  returned: success
  type: dict
  contains:
    addresses:
      description: The IPv4 addresses of the host's interfaces.
      returned: always
      type: list
      elements: dict
      contains:
        address:
          description: The address.
          returned: always
          type: str
          sample: 192.0.2.1
        dynamic:
          description: Whether it comes from DHCP. KB 240262 needs static addresses.
          returned: always
          type: bool
          sample: false
    assigned:
      description: The name of the assigned policy. Null if none is.
      returned: always
      type: str
      sample: L2TP site to site
    domain_policy:
      description: The path of the policy that the domain assigns. It overrides the local one. Null if there is none.
      returned: always
      type: str
      sample: LDAP://CN=ipsecPolicy{8A4A3F1A-4B3C-4B66-9C2D-2F1F3A0C7D11},CN=IP Security,CN=System,DC=example,DC=com
    l2tp_covered:
      description:
        - How much L2TP the assigned policy protects from clear text, if it is loaded. C(all), C(connections) (between the addresses of its rules only),
          C(none), or C(open) (a rule lets L2TP through by its very specification).
      returned: always
      type: str
      sample: all
    l2tp_over_ipv6_blocked:
      description: Whether L2TP over IPv6 is blocked, by this collection's rule of Windows Firewall or by the policy.
      returned: always
      type: bool
      sample: true
    l2tp_over_ipv6_obstacles:
      description:
        - Why L2TP over IPv6 is not blocked, a sentence each. The rule is missing or was changed, C(MpsSvc) is not running, Windows Firewall is off
          in a profile, or a group policy makes it ignore local rules. Empty if it is blocked.
      returned: always
      type: list
      elements: str
      sample: []
    l2tp_ports:
      description: The number of L2TP ports of RRAS. Null if the miniport was not found.
      returned: always
      type: int
      sample: 128
    l2tp_ports_enabled_for:
      description:
        - What the properties of the L2TP ports allow. Null if it is not known. Where C(remote_access) and C(routing) are both false, RRAS refuses
          the connections that come in, as a new Windows Server 2025 does.
      returned: always
      type: dict
      contains:
        remote_access:
          description: Remote access connections (inbound only).
          returned: always
          type: bool
          sample: true
        routing:
          description: Demand-dial routing connections (inbound and outbound).
          returned: always
          type: bool
          sample: true
        outbound_routing:
          description: Demand-dial routing connections (outbound only).
          returned: always
          type: bool
          sample: false
    policies_valid:
      description:
        - Whether C(netsh ipsec static show policy all) accepts the policy store.
        - Null where it was not asked, or where the store holds no policy, which C(netsh) calls an error.
      returned: always
      type: bool
      sample: true
    connection_security_rules:
      description:
        - The names of the active connection security rules of Windows Firewall for UDP port 1701, of this host and of a group policy. They compete
          with an IPsec policy for L2TP.
      returned: always
      type: list
      elements: str
      sample: []
    obstacles:
      description: What keeps the assigned policy, or a rule of it, from protecting the host. Empty if no policy is assigned.
      returned: always
      type: list
      elements: dict
      sample: []
      contains:
        identifier:
          description:
            - C(domain_policy_overrides), C(service_not_running), C(unreadable_object), C(address_not_on_host), or C(not_loaded_by_agent).
          returned: always
          type: str
          sample: not_loaded_by_agent
        problem:
          description: What it is, a clause.
          returned: always
          type: str
          sample: PolicyAgent does not list the filter between 192.0.2.1 and 198.51.100.1.
    listed_addresses:
      description:
        - The addresses in the filters that C(PolicyAgent) lists as loaded. Necessary for protection, not sufficient.
      returned: always
      type: list
      elements: str
      sample: [192.0.2.1, 198.51.100.1]
    loading_proved:
      description:
        - Whether RV(host.listed_addresses) can prove that C(PolicyAgent) loaded the policy that is assigned now. It can't while the policy that was
          assigned before had the same addresses, until Windows is restarted.
      returned: always
      type: bool
      sample: true
    machine:
      description: The computer's name, its MachineGuid and its addresses. Two inventory names with equal ones are one machine.
      returned: always
      type: str
      sample: RRAS-TOKYO 8d1f0f0e-53a5-4a43-9f0f-2f4a3a0f2a11 192.0.2.1
    policies:
      description: The local policies.
      returned: always
      type: list
      elements: dict
      contains:
        adopted:
          description: Whether somebody else wrote it, and it is used because it matched the declaration. A removal leaves it there.
          returned: always
          type: bool
          sample: false
        assigned:
          description: Whether it is the assigned one.
          returned: always
          type: bool
          sample: true
        description:
          description: The description.
          returned: always
          type: str
          sample: ""
        guid:
          description: The GUID of the policy's object in the store.
          returned: always
          type: str
          sample: "{3E05A487-B24A-5E57-9C08-6C8BE969A7EB}"
        main_mode:
          description: The key exchange settings.
          returned: always
          type: dict
          contains:
            lifetime:
              description: The number of minutes after which a new master key is made. What Windows uses, where the store holds 0.
              returned: always
              type: float
              sample: 480
            methods:
              description: The security methods, in the order of preference, each with its differences from the settings beside it.
              returned: always
              type: list
              elements: str
              sample: ["3DES / SHA1 / Diffie-Hellman group 14 (2048)"]
            options:
              description: The certificate options.
              returned: always
              type: list
              elements: str
              sample: []
            pfs:
              description: Whether there is master key perfect forward secrecy.
              returned: always
              type: bool
              sample: false
            quick_mode_limit:
              description: The number of sessions after which a new master key is made. 0 is no limit.
              returned: always
              type: int
              sample: 0
        name:
          description: The name.
          returned: always
          type: str
          sample: L2TP site to site
        weaknesses:
          description: What weakens the policy, whoever wrote it.
          returned: always
          type: list
          elements: dict
          sample: []
          contains:
            rule:
              description: The name of the rule, empty for the default response rule. Null for the key exchange.
              returned: always
              type: str
              sample: tokyo-osaka
            what:
              description:
                - C(esp_without_encryption), C(weak_encryption) (DES), C(weak_integrity) (MD5, or encryption without integrity), C(weak_dh_group)
                  (group 1), C(rule_inactive), C(tunnel_rule), C(not_mirrored) (a filter for L2TP in one direction only), C(not_l2tp_filter)
                  (no filter for UDP port 1701), C(accepts_unsecured), C(falls_back_to_clear_text), or C(default_response_active).
              returned: always
              type: str
              sample: weak_encryption
        open_keys:
          description:
            - The names of the rules with a preshared key that others than SYSTEM, Administrators and NETWORK SERVICE can read in the registry.
          returned: always
          type: list
          elements: str
          sample: []
        ours:
          description: Whether this collection wrote it, or uses it.
          returned: always
          type: bool
          sample: true
        polling_interval:
          description: The number of minutes after which Windows checks for changes. What Windows uses, where the store holds 0.
          returned: always
          type: float
          sample: 180
        rules:
          description: The rules, the default response rule among them.
          returned: always
          type: list
          elements: dict
          contains:
            active:
              description: Whether the rule is selected.
              returned: always
              type: bool
              sample: true
            alternate_authentication:
              description: The second list of authentication methods, as Windows Vista and later keep it. Null if it says nothing else.
              returned: always
              type: list
              elements: str
              sample: null
            authentication:
              description:
                - The authentication methods, in the order of preference.
                - Of a preshared key it says only C(matches), when it is the one of O(rules) for this rule or one of O(preshared_keys), C(differs),
                  when it is not, or C(undeclared), when none was given.
              returned: always
              type: list
              elements: str
              sample: ["preshared key: matches"]
            connection_type:
              description: The network connections that the rule applies to.
              returned: always
              type: str
              sample: all network connections
            default_response:
              description: Whether it is the default response rule.
              returned: always
              type: bool
              sample: false
            filter_action:
              description: What the filter action does.
              returned: always
              type: str
              sample: negotiate security
            filters:
              description: The filters of the filter list. Null if a rule has none and is not the default response rule.
              returned: always
              type: list
              elements: str
              sample: ["UDP 192.0.2.1 port 1701 -> 198.51.100.1 port any, mirrored"]
            interface:
              description: The name of the one interface that the rule is for. Null if it names none.
              returned: always
              type: str
              sample: null
            name:
              description: The name. Empty for a rule without one.
              returned: always
              type: str
              sample: tokyo-osaka
            offers:
              description: The security methods of the filter action, in the order of preference.
              returned: always
              type: list
              elements: str
              sample: ["ESP 3DES/SHA1, new key every 100000 kB / 3600 s"]
            tunnel:
              description: The address of the tunnel endpoint. Null if the rule specifies no tunnel.
              returned: always
              type: str
              sample: 198.51.100.1
        unreadable:
          description: Objects of the policy that could not be read.
          returned: always
          type: list
          elements: dict
          contains:
            path:
              description: The path of the object's key below C(HKLM).
              returned: always
              type: str
              sample: SOFTWARE\Policies\Microsoft\Windows\IPSec\Policy\Local\ipsecNFA{F0B1B4AE-4E4B-4E9B-8F0A-0C9D7B9A6E55}
            reason:
              description: Why it could not be read.
              returned: always
              type: str
              sample: it has no ipsecData
    prohibit_ipsec:
      description: The value C(ProhibitIpSec).
      returned: always
      type: dict
      contains:
        in_effect:
          description:
            - Whether Windows booted with the current value. C(yes), C(no), or C(unknown) where this collection did not set it.
          returned: always
          type: str
          sample: "yes"
        kind:
          description: The kind of the value. Only a C(dword) counts. Null if there is no value.
          returned: always
          type: str
          sample: dword
        value:
          description: The number. Null if there is no REG_DWORD.
          returned: always
          type: int
          sample: 1
    services:
      description: The services C(PolicyAgent), C(IKEEXT), C(RasMan), C(RemoteAccess) and C(MpsSvc) (Windows Firewall), by name.
      returned: always
      type: dict
      sample: {"PolicyAgent": {"depends_on": ["Tcpip", "bfe"], "running": true, "start": "auto"}}
    unfinished_transaction:
      description:
        - How far a transaction got that is neither finished nor reverted. C(staging), C(staged) or C(committed). Null if there is none.
      returned: always
      type: str
      sample: staged
reason:
  description:
    - Why the module failed, in one word.
    - Found on the controller, before the host was reached. C(options) (the options are wrong, or C(become) is in effect),
      C(transport) (the connection does not encrypt).
    - Found on the host. C(not_administrator), C(wow64) (a 32-bit PowerShell), C(powershell_too_old), C(constrained_language),
      C(busy) (another run is working on the host), C(refused), C(failed), C(no_answer) (it did not answer like a Windows host with PowerShell).
  returned: failure
  type: str
  sample: not_administrator
"""
