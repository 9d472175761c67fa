# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# fmt: off
from __future__ import (absolute_import, division, print_function)
# fmt: on

__metaclass__ = type

DOCUMENTATION = r"""
module: win_ipsec_psk_policy
short_description: Declares an IP security policy with preshared keys or certificates
version_added: 0.1.0
author: The rras.ipsec developers (!UNKNOWN)
description:
  - Writes an IP security policy into the local policy store of a Windows host, assigns it, and proves that it is there.
  - The defaults are those of steps 3 to 21 of KB 240262 for L2TP between two RRAS servers. The rules have no tunnel, cover all network connections,
    and have a mirrored filter for UDP from port 1701 to any port. The default response rule is not activated.
  - A policy is never edited in place. A new one is written beside the old one, assigned instead of it, and only then the old one is deleted.
    After an error, everything is undone, and the old policy stays assigned or is assigned again.
  - A policy that already means what is declared is adopted, whoever wrote it. If somebody else wrote it, this is recorded with the first change of
    anything on the host; a host that needs none is left as it is. Once recorded, a later change of the declaration keeps the policy aside, as with
    O(take_over); before that, it needs O(take_over). O(state=absent) leaves the policy as it was in both cases. If users who are not administrators could
    read one of its keys, the access list of the rule is replaced for good. The key C(HKLM\SOFTWARE\rras.ipsec) records
    the former list in C(AccessBefore).
  - While a policy is assigned, the services C(PolicyAgent) and C(IKEEXT) are set to start automatically and are started. A removal
    restores their former settings.
  - For servers that must change together, use the phases, see O(phase). R(The role l2tp, ansible_collections.rras.ipsec.l2tp_role) uses them.
extends_documentation_fragment:
  - rras.ipsec.attributes
  - rras.ipsec.program
  - rras.ipsec.caller
  - rras.ipsec.secrets
attributes:
  check_mode:
    support: full
    details: Each phase returns what O(phase=plan) returns, and is C(changed) if there is something to do.
  diff_mode:
    support: full
    details: In all phases but O(phase=plan), and in check mode. For a key, it says only whether it differs.
options:
  name:
    description:
      - The name of the policy, as the console IP Security Policies shows it.
      - 1 to 255 characters on one line, not all of them invisible, and none that reverses the writing direction. Upper and lower case are
        the same.
    type: str
    required: true
  state:
    description:
      - Whether the policy must exist.
      - V(absent) deletes only what this collection wrote, and restores what was there before. The policy that was assigned is assigned again.
      - V(absent) fails while C(ProhibitIpSec) is 1 or still in effect, because L2TP would be in clear text, unless the policy that is assigned again
        protects it. See M(rras.ipsec.win_prohibit_ipsec).
      - If the policy may have kept RRAS from making its automatic filters, which it does only when it starts, V(absent) stops the service C(RemoteAccess),
        removes the policy and starts the service again. This breaks the connections of RRAS.
    type: str
    default: present
    choices: [present, absent]
  assigned:
    description:
      - Whether the policy must be the assigned one (KB 240262, step 21). Windows has at most one.
      - V(false) only writes the policy, and unassigns it if it is assigned.
      - While C(ProhibitIpSec) is 1 or still in effect, the module fails if the assigned policy would not protect L2TP. The policy must have an active rule
        for UDP port 1701, and none that permits, accepts unsecured communication or falls back to clear text. The module warns if L2TP with peers
        that no rule names would be in clear text.
    type: bool
    default: true
  replace_assigned:
    description:
      - Whether the policy may replace an assigned policy of another name, whether or not this collection wrote that one.
      - That policy stays in the store, unassigned. While it is not assigned, its rules have no effect. If this collection did not write it,
        O(state=absent) assigns it again.
    type: bool
    default: false
  take_over:
    description:
      - Whether a policy of this name that this collection did not write, and that differs from the declaration, may be replaced.
      - It stays in the store, unassigned and under another name. O(state=absent) restores its name, and assigns it again if it was
        the assigned one.
    type: bool
    default: false
  forget_replaced:
    description:
      - Whether to forget what the policy replaced, so that O(state=absent) does not restore it.
      - A policy that was taken over is then deleted, with its keys. One that was only unassigned stays in the store.
      - A policy that somebody else wrote and that was adopted then counts as written by this collection, so that O(state=absent) deletes it.
    type: bool
    default: false
  address:
    description:
      - The host's own address in the filters. With it, the module fails unless the host has this address and each filter between two addresses
        names it.
      - Without it, one of the two addresses must be the host's, and the other must not be.
    type: str
  description:
    description:
      - The description of the policy. Without it, any description is accepted.
    type: str
  rules:
    description:
      - The rules of the policy, beside the default response rule (KB 240262, step 7).
      - Required for O(state=present). A filter may be in one rule only, since Windows uses one key for it.
    type: list
    elements: dict
    suboptions:
      name:
        description:
          - The name of the rule, and of its filter list. Each rule has its own name.
        type: str
        required: true
      description:
        description:
          - The description of the rule.
        type: str
      filters:
        description:
          - The IP filter list, at least one filter (KB 240262, step 11).
        type: list
        elements: dict
        required: true
        suboptions:
          source_address:
            description:
              - The source of the filter, an IPv4 address, V(me) or V(any).
              - Between two RRAS servers it is the same address in the policies of both (KB 240262, step 12).
            type: str
            required: true
          destination_address:
            description:
              - The destination of the filter, an IPv4 address, V(me) or V(any).
              - Between two RRAS servers it is the same address in the policies of both (KB 240262, step 13).
              - When source and destination are both addresses, one of them must be an address of the host.
            type: str
            required: true
          source_port:
            description:
              - The port that the filter covers at the source, or V(0) for any port (KB 240262, step 15).
            type: int
            default: 1701
          destination_port:
            description:
              - The port that the filter covers at the destination, or V(0) for any port (KB 240262, step 15).
            type: int
            default: 0
          protocol:
            description:
              - The protocol of the filter (KB 240262, step 14).
              - V(any) and V(tcp) also need O(rules[].filters[].covers_other_traffic).
            type: str
            default: udp
            choices: [any, icmp, tcp, udp]
          mirrored:
            description:
              - Whether the filter covers packets in the other direction as well (KB 240262, step 16).
            type: bool
            default: true
          covers_other_traffic:
            description:
              - Confirms a filter for V(any) or V(tcp). Such a filter may also cut off the management of the host.
            type: bool
            default: false
      connection_type:
        description:
          - The network connections that the rule applies to (KB 240262, step 9).
          - V(all) network connections, those of the V(lan), or remote access (V(dialup)).
        type: str
        default: all
        choices: [all, lan, dialup]
      active:
        description:
          - Whether the rule is selected in the policy.
        type: bool
        default: true
      authentication:
        description:
          - The authentication methods, in the order of preference. Each entry has exactly one of its options.
          - At least one, where the filter action negotiates security.
        type: list
        elements: dict
        default: []
        suboptions:
          preshared_key:
            description:
              - The key that both servers share (KB 240262, step 10). One line of text of 2 to 1024 characters, of which neither the first nor the last
                is a blank or invisible.
              - Every administrator of the host can read it in the registry. Certificates are better.
            type: str
          certificate_authority:
            description:
              - The distinguished name of the certification authority from which both servers have a certificate, for example
                V(CN=Example Root CA, O=Example). As RFC 4514 or as Windows writes it; it is stored as Windows does.
            type: str
          kerberos:
            description:
              - Kerberos, for servers of one Active Directory forest.
            type: bool
            default: false
      filter_action:
        description:
          - What happens to packets that the filters cover (KB 240262, step 19). Options that are left out have their defaults.
        type: dict
        suboptions:
          action:
            description:
              - Whether security is negotiated, or packets are dropped or let through without security.
            type: str
            default: negotiate
            choices: [negotiate, block, permit]
          offers:
            description:
              - The security methods, all of them ESP, in the order of preference. At least one for O(rules[].filter_action.action=negotiate).
              - This engine of Windows has neither AES nor SHA-256. The connection security rules of Windows Firewall have them.
            type: list
            elements: dict
            default: [{}]
            suboptions:
              encryption:
                description:
                  - The encryption algorithm. V(none) is not secure.
                type: str
                default: 3des
                choices: [3des, des, none]
              integrity:
                description:
                  - The integrity algorithm. V(none) is not secure.
                type: str
                default: sha1
                choices: [sha1, md5, none]
              lifetime_seconds:
                description:
                  - The number of seconds after which a new key is made, from 300, or V(0) for the default of Windows.
                type: int
                default: 3600
              lifetime_kilobytes:
                description:
                  - The number of kilobytes after which a new key is made, from 20480, or V(0) for the default of Windows.
                type: int
                default: 100000
          pfs:
            description:
              - Use session key perfect forward secrecy.
            type: bool
            default: false
          accept_unsecured:
            description:
              - Accept unsecured communication, but always respond using IPsec. Windows then accepts packets in clear text.
              - Not secure. KB 240262 says in step 19 that it must be cleared. Refused in a rule for L2TP while C(ProhibitIpSec) is 1 or in effect.
            type: bool
            default: false
          fall_back_to_clear_text:
            description:
              - Allow unsecured communication with computers that do not support IPsec.
              - Not secure. Refused in a rule for L2TP while C(ProhibitIpSec) is 1 or in effect.
            type: bool
            default: false
  main_mode:
    description:
      - The key exchange settings of the policy. Options that are left out have their defaults.
    type: dict
    suboptions:
      methods:
        description:
          - The security methods of the key exchange, in the order of preference.
        type: list
        elements: dict
        default: [{dh_group: 14}, {dh_group: 2}]
        suboptions:
          encryption:
            description:
              - The encryption algorithm.
            type: str
            default: 3des
            choices: [3des, des]
          integrity:
            description:
              - The integrity algorithm.
            type: str
            default: sha1
            choices: [sha1, md5]
          dh_group:
            description:
              - The Diffie-Hellman group. V(14) has 2048 bits, V(2) has 1024, V(1) has 768. The last two are weak.
            type: int
            default: 14
            choices: [14, 2, 1]
      lifetime:
        description:
          - The number of minutes after which a new master key is made.
        type: int
        default: 480
      quick_mode_limit:
        description:
          - The number of sessions after which a new master key is made. V(0) is no limit.
        type: int
        default: 0
      pfs:
        description:
          - Use master key perfect forward secrecy. Each session then has a master key of its own.
        type: bool
        default: false
  default_response_rule:
    description:
      - Whether the default response rule is activated. KB 240262 clears it in step 5.
    type: bool
    default: false
  polling_interval:
    description:
      - The number of minutes after which Windows checks for policy changes.
    type: int
    default: 180
  open_firewall:
    description:
      - Whether a rule of Windows Firewall, C(rras.ipsec-L2TP-from-peers-) and eight more characters, lets UDP 500 (IKE), 1701 (L2TP) and 4500 (IKE
        and ESP through a NAT) in from the addresses of the peers. Those are the other ends of the filters for L2TP between two addresses.
      - Another rule takes its place when the peers change. The old one is deleted when the change is finished.
      - V(false) deletes the rule, and O(state=absent) does, too. Other rules of the firewall are left alone.
      - Nothing is done while the service C(MpsSvc) is not running.
    type: bool
    default: false
  policy_agent_first:
    description:
      - Whether the service C(RemoteAccess) is made to depend on C(PolicyAgent), so that RRAS does not start before its protection.
      - Only for an assigned policy. Removing the policy removes the dependency too.
    type: bool
    default: true
  block_l2tp_over_ipv6:
    description:
      - Whether a rule of Windows Firewall blocks incoming L2TP over IPv6, which RRAS accepts and the filters of the policy do not cover.
      - Only for an assigned policy. If somebody changed the rule, it is replaced.
      - V(false), O(assigned=false) and the removal of the policy remove the rule again, after everything else (O(phase=finish)).
        With O(assigned=false) it stays while another policy of this collection is assigned, or while RRAS makes no filters of its own.
      - The rule has no effect if the service C(MpsSvc) is not running, if Windows Firewall is off in a profile, or if a group policy makes
        it ignore local rules; M(rras.ipsec.win_prohibit_ipsec) then warns. While C(MpsSvc) is not running, the rule is neither added nor removed.
    type: bool
    default: true
  backup:
    description:
      - Whether the policy store and C(RasMan\Parameters) are copied below C(HKLM\SOFTWARE\rras.ipsec\Backup) before something changes.
      - The first copy ever and the newest are kept. Only SYSTEM and Administrators can read them.
    type: bool
    default: true
  all_ours:
    description:
      - Whether O(state=absent) removes all policies that this collection wrote on the host, whatever their names.
      - The record on the host lists them. With V(false), only the policy of O(name) is removed.
    type: bool
    default: false
  predicted:
    description:
      - Says, in check mode and with O(state=absent), that C(ProhibitIpSec) would be restored and Windows restarted by then, so that the removal is predicted
        instead of refused. What would be refused even then is still refused.
      - Pass RV(rras.ipsec.win_prohibit_ipsec#module:reboot_required) of the previous task. Outside check mode it has no effect.
    type: bool
    default: false
  phase:
    description:
      - How far to go. The phases are for runs over several hosts, where no host may continue before its peers have done the previous phase.
      - V(all) plans, stages, commits and finishes on this host, whatever others do. For use of the module alone. If the result can't be proved after
        the commit, it is reverted, unless this would leave L2TP in clear text, and the task fails.
      - V(plan) reads the host and says what is to be done. Changes nothing.
      - V(stage) writes the new policy beside the old one, under a name that says so. Nothing is assigned yet, and what is in force stays in force.
      - V(commit) gives the new policy its name, assigns it and proves that the host has it. The old one stays in the store.
      - V(prove) is V(plan), after waiting for what Windows does late after a boot. See O(settle_timeout).
      - V(revert) reverts what was staged or committed. What was assigned before is assigned again, and the new policy is deleted.
      - V(finish) deletes what only the old policy used. After that, a revert is impossible.
      - V(verify) reads the host and compares it with the declaration. Changes nothing and refuses nothing.
    type: str
    default: all
    choices: [all, plan, stage, commit, prove, revert, finish, verify]
  transaction:
    description:
      - The RV(transaction) of the result of O(phase=stage).
      - Required for O(phase=commit), O(phase=revert) and O(phase=finish).
    type: str
  settle_timeout:
    description:
      - How many seconds O(phase=commit), O(phase=all) and O(phase=prove) wait, by reading the host again, for what Windows does by itself but
        late. After the commit these are the filters that C(PolicyAgent) loads. After a boot, for which O(phase=prove) is meant, these are
        also the services C(IKEEXT), C(PolicyAgent) and C(RemoteAccess), which may start two minutes after WinRM answers.
      - If something is still missing then, the module fails and names it. It does not wait for what needs a change, such as a
        disabled service, another assigned policy or a missing C(ProhibitIpSec).
      - From 0 to 3600. V(0) reads once.
    type: int
    default: 120
notes:
  - A policy that is assigned by a domain overrides the local one. The module fails if it finds one and O(assigned) is true.
  - An assigned policy is not enough for L2TP. RRAS protects L2TP by its own policy until C(ProhibitIpSec) is 1 and Windows has been restarted.
    See M(rras.ipsec.win_prohibit_ipsec).
seealso:
  - module: rras.ipsec.win_prohibit_ipsec
  - module: rras.ipsec.win_ipsec_policy_info
  - name: KB 240262
    description: How to configure an L2TP/IPsec connection by using preshared key authentication.
    link: https://support.microsoft.com/kb/240262
  - name: Group Policy, IPsec protocol extension
    description: The specification of what the policy store holds.
    link: https://learn.microsoft.com/en-us/openspecs/windows_protocols/ms-gpipsec/e0a44250-25c8-4e33-b484-b9bf4b6a62c2
"""

EXAMPLES = r"""
- name: Write the policy of KB 240262, the same on both servers
  rras.ipsec.win_ipsec_psk_policy:
    name: L2TP site to site
    rules:
      - name: tokyo-osaka
        filters:
          - source_address: 192.0.2.1
            destination_address: 198.51.100.1
        authentication:
          - preshared_key: "{{ vault_tokyo_osaka_key }}"
      - name: all other L2TP
        filters:
          - source_address: me
            destination_address: any
          - source_address: me
            source_port: 0
            destination_address: any
            destination_port: 1701
        filter_action:
          action: block
  register: policy

- name: Add a second rule with certificates
  rras.ipsec.win_ipsec_psk_policy:
    name: L2TP site to site
    rules:
      - name: tokyo-osaka
        filters:
          - source_address: 192.0.2.1
            destination_address: 198.51.100.1
        authentication:
          - preshared_key: "{{ vault_tokyo_osaka_key }}"
      - name: tokyo-branch
        filters:
          - source_address: 192.0.2.1
            destination_address: 203.0.113.7
        authentication:
          - certificate_authority: CN=Example Root CA, O=Example
      - name: all other L2TP
        filters:
          - source_address: me
            destination_address: any
          - source_address: me
            source_port: 0
            destination_address: any
            destination_port: 1701
        filter_action:
          action: block

- name: Stage the policy beside the one that stays in force
  rras.ipsec.win_ipsec_psk_policy:
    name: L2TP site to site
    phase: stage
    rules:
      - name: tokyo-osaka
        filters:
          - source_address: 192.0.2.1
            destination_address: 198.51.100.1
        authentication:
          - preshared_key: "{{ vault_tokyo_osaka_key }}"
      - name: all other L2TP
        filters:
          - source_address: me
            destination_address: any
          - source_address: me
            source_port: 0
            destination_address: any
            destination_port: 1701
        filter_action:
          action: block
  register: staged

- name: Revert the staged policy, because the other server was not staged
  rras.ipsec.win_ipsec_psk_policy:
    name: L2TP site to site
    phase: revert
    transaction: "{{ staged.transaction }}"
  when: staged.transaction != ''

- name: Restore the automatic policy of RRAS
  rras.ipsec.win_prohibit_ipsec:
    state: absent
  register: value

- name: Restart, if Windows still runs with the value
  ansible.windows.win_reboot:
  when: value.reboot_required

- name: Remove the policy, and assign the former one again
  rras.ipsec.win_ipsec_psk_policy:
    name: L2TP site to site
    state: absent
    predicted: "{{ value.reboot_required }}"
"""

RETURN = r"""
assigned_by:
  description:
    - What assigned the policy, usually C(netsh).
    - C(registry) says that C(netsh.exe) failed, so the value in the registry was set and PolicyAgent was told to reload it. The result has a warning.
    - Empty if nothing had to be assigned.
  returned: O(phase=all) that changed something, O(phase=commit), and O(phase=revert) that changed something
  type: str
  sample: netsh
assigned_after:
  description: The name of the policy that is assigned once all phases are done. Null if none is.
  returned: O(phase=all), O(phase=plan), O(phase=stage), and check mode
  type: str
  sample: L2TP site to site
changed_rules:
  description:
    - The names of the rules that are new, gone, or mean something else.
  returned: O(phase=all), O(phase=plan), O(phase=stage), and check mode
  type: list
  elements: str
  sample: [tokyo-osaka]
changes:
  description:
    - Why there is something to do, one entry for each rule of RV(changed_rules), and one more for everything else.
  returned: O(phase=all), O(phase=plan), O(phase=stage), and check mode
  type: list
  elements: dict
  contains:
    rule:
      description: The name of the rule. Null in the entry for all the rest.
      returned: always
      type: str
      sample: tokyo-osaka
    what:
      description:
        - What changes, in words. Of a rule C(new), C(removed), C(activated), C(deactivated), C(filter), C(filter action), C(key),
          C(authentication), C(connection type), C(tunnel), or C(interface).
        - Of the rest C(key exchange), C(polling interval), C(description), C(assignment), C(name) (of a policy that is taken over, or whose name
          is restored), C(services), C(firewall), C(access list) (of a preshared key), C(record) (of what a removal restores),
          C(leftovers) (of a run that was cut), or C(unreadable) (parts of the policy could not be read, so it is written again).
      returned: always
      type: list
      elements: str
      sample: [key]
comparison:
  description:
    - The comparison of the host with the declaration, rule by rule. Null for O(state=absent).
    - What differs on the host is in the words of RV(rras.ipsec.win_ipsec_policy_info#module:host), and never a key.
  returned: success
  type: dict
  contains:
    policy:
      description: The declared name.
      returned: always
      type: str
      sample: L2TP site to site
    standing:
      description: Whether the policy of that name is C(assigned), C(unassigned) (it is in the store only) or C(missing).
      returned: always
      type: str
      sample: assigned
    has:
      description: What differs in the policy, besides its rules.
      returned: always
      type: list
      elements: str
      sample: []
    declared:
      description: What is declared instead.
      returned: always
      type: list
      elements: str
      sample: []
    obstacles:
      description: Why no rule of it protects.
      returned: always
      type: list
      elements: dict
      sample: []
      contains:
        identifier:
          description: What kind of obstacle it is, as the findings of M(rras.ipsec.win_ipsec_policy_info) call it.
          returned: always
          type: str
          sample: service_not_running
        problem:
          description: What it is, a clause.
          returned: always
          type: str
          sample: the service PolicyAgent is not running.
    difference:
      description: What differs, line by line, with a minus before what the host has, and a plus before what is declared.
      returned: always
      type: list
      elements: str
      sample: []
    rules:
      description: The declared rules, and those that are there without being declared; the default response only if it is active.
      returned: always
      type: list
      elements: dict
      contains:
        name:
          description: The name of the rule.
          returned: always
          type: str
          sample: tokyo-osaka
        state:
          description: Whether the rule C(matches), C(differs), is C(missing), or is there and C(undeclared).
          returned: always
          type: str
          sample: matches
        has:
          description: What differs on the host.
          returned: always
          type: list
          elements: str
          sample: []
        declared:
          description: What is declared instead.
          returned: always
          type: list
          elements: str
          sample: []
        only_key:
          description: Whether nothing differs but the preshared key.
          returned: always
          type: bool
          sample: false
        ends_swapped:
          description: Whether the host has the declared filter with its source and destination swapped.
          returned: always
          type: bool
          sample: false
        treatment:
          description:
            - What the host's rule does. C(permitted), C(blocked), C(negotiated with certificates) or C(negotiated without certificates).
              Null if there is no such rule, or if it is not active.
          returned: always
          type: str
          sample: blocked
        key_fingerprints:
          description:
            - A text for each preshared key that the host has for the rule. In one run, equal keys have equal texts, on any host.
            - It is made with a secret that is on no host and in no result, so it reveals nothing else about the key.
          returned: always
          type: list
          elements: str
          sample: [8c2f0d5be1a74490-1f6e0a9c3b7d2e45]
        obstacles:
          description: Why the rule does not protect.
          returned: always
          type: list
          elements: dict
          sample: []
          contains:
            identifier:
              description: What kind of obstacle it is, as the findings of M(rras.ipsec.win_ipsec_policy_info) call it.
              returned: always
              type: str
              sample: not_loaded_by_agent
            problem:
              description: What it is, a clause.
              returned: always
              type: str
              sample: PolicyAgent does not list the filter between 192.0.2.1 and 198.51.100.1.
        covered:
          description:
            - Whether the assigned policy, whichever it is, keeps the L2TP of the declared rule from clear text. True where no L2TP is declared
              for the rule, and where the rule is not declared.
          returned: always
          type: bool
          sample: true
diff:
  description:
    - Before and after, as text without keys. The services, what a removal restores, all policies, which one is assigned, and the whole text of
      the declared policy. What changes and why comes first.
    - With O(phase=stage), the policy is there under another name and not assigned yet. The phases after it show what they do themselves.
  returned: all phases but O(phase=plan), and check mode
  type: dict
  contains:
    before_header:
      description: A title.
      returned: always
      type: str
      sample: IPsec policies (before)
    after_header:
      description: A title.
      returned: always
      type: str
      sample: IPsec policies (after)
    before:
      description: What is there.
      returned: always
      type: str
      sample: "policy By hand: assigned\n"
    after:
      description: What is there then, or would be in check mode.
      returned: always
      type: str
      sample: "changes of the rule tokyo-osaka: new\npolicy By hand: not assigned\npolicy L2TP site to site: assigned, of this collection\n"
host:
  description:
    - All that was read of the host after the work, with the contents of RV(rras.ipsec.win_ipsec_policy_info#module:host).
    - A key is there as C(matches), when it is the one that is declared for the rule of that name, else as C(differs). It is C(undeclared) where
      none is declared for the rule, and with O(state=absent).
  returned: success
  type: dict
  sample: {"assigned": "L2TP site to site"}
matches:
  description:
    - Whether the host matches the declaration, including the assignment. For O(state=absent), whether no policy of
      this collection has this name, or any name with O(all_ours).
  returned: success
  type: bool
  sample: true
obstacles:
  description:
    - Why the policy does not protect L2TP on this host, a sentence each. Empty if no obstacle is known. C(ProhibitIpSec)
      is not checked.
    - With O(state=absent) and O(phase=plan), why the policy may not be removed yet. For other phases this is an error, and so it is for
      O(phase=plan) where it will be so even when C(ProhibitIpSec) is restored.
  returned: success
  type: list
  elements: str
  sample: ["the service IKEEXT is not running."]
pending:
  description:
    - Whether there was something to do when the host was read first, an unfinished transaction included.
  returned: O(phase=all), O(phase=plan), O(phase=stage), and check mode
  type: bool
  sample: true
reason:
  description:
    - Why the module failed, in one word.
    - Found on the controller, before the host was reached. C(options) (the options are wrong, or C(become) is in effect),
      C(declaration) (this can't be a policy), C(transport) (the connection does not encrypt).
    - Found on the host, before something was changed. C(plan) (what is declared must not be done there), C(not_administrator),
      C(wow64) (a 32-bit PowerShell), C(powershell_too_old), C(constrained_language), C(busy) (another run is working on the host), C(refused).
    - On the way, where all changes were undone unless the message says otherwise. C(conflict) (somebody changed the policy store meanwhile, or
      the transaction is not the one that is unfinished on the host), C(not_assigned), C(failed).
    - After the changes. C(not_proved) (the host does not show what was written, or what it needs has not started).
    - Unknown what was done. C(no_answer) (the host did not answer like a Windows host with PowerShell). Read the host again.
  returned: failure
  type: str
  sample: plan
refusal:
  description: Why the declaration must not be applied to this host, as a sentence. Empty if it may be.
  returned: O(phase=verify)
  type: str
  sample: ""
strategy:
  description: The strategy of the play. The role needs one in which the hosts wait for each other after each task.
  returned: O(phase=plan)
  type: str
  sample: linear
transaction:
  description:
    - What the later phases need. Empty if nothing is to be done, and for all other phases.
  returned: success
  type: str
  sample: 5f0c6a0e-7d4b-4a57-9f0e-0d6c1f5a2b11/switch/{3E05A487-B24A-5E57-9C08-6C8BE969A7EB}
"""
