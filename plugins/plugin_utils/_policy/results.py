# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The shape of the results of tasks: what one side of Ansible writes and the other reads.

Between the two, a result is plain data, whatever a playbook does with it. So each side uses these types for its fields,
and the type checker reports a field that one side spells differently. The meaning of the fields is documented for users
in the modules' RETURN. The members of an enumeration travel as their texts, so a field that holds one is a text here,
and is compared with the enumeration that is named beside it.
"""

from __future__ import annotations

from typing import NotRequired, TypedDict, cast


class ProhibitIpSecFacts(TypedDict):
    """The registry value, and whether Windows booted with it."""

    value: int | None
    kind: str | None
    in_effect: str
    """`clear_text.InEffect`."""


class ServiceFacts(TypedDict):
    """A service of Windows; start is None if there is no such service."""

    start: str | None
    """The word of a `host.StartType`."""
    running: bool
    depends_on: list[str]


class AddressFacts(TypedDict):
    """One IPv4 address."""

    address: str
    dynamic: bool


class PortsFacts(TypedDict):
    """What the L2TP ports of RRAS are enabled for; None means unknown."""

    remote_access: bool | None
    routing: bool | None
    outbound_routing: bool | None


class MainModeFacts(TypedDict):
    """The key exchange of a policy."""

    methods: list[str]
    lifetime: float
    quick_mode_limit: int
    pfs: bool
    options: list[str]


class RuleFacts(TypedDict):
    """One rule of a policy, in the words of the console."""

    name: str
    default_response: bool
    active: bool
    filters: list[str] | None
    filter_action: str
    offers: list[str]
    authentication: list[str]
    alternate_authentication: list[str] | None
    tunnel: str | None
    connection_type: str
    interface: str | None


class PolicyDetails(TypedDict):
    """What a policy says."""

    name: str
    description: str
    polling_interval: float
    main_mode: MainModeFacts
    rules: list[RuleFacts]


class UnreadableFacts(TypedDict):
    """An object of the policy store that can't be read."""

    path: str
    reason: str


class WeaknessFacts(TypedDict):
    """What weakens a policy, as one word (`weaknesses.Weakness`); rule is None for the key exchange."""

    rule: str | None
    what: str


class PolicyFacts(PolicyDetails):
    """A policy as it is in the store of a host."""

    guid: str
    ours: bool
    adopted: bool
    assigned: bool
    open_keys: list[str]
    unreadable: list[UnreadableFacts]
    weaknesses: list[WeaknessFacts]


class ObstacleFacts(TypedDict):
    """What keeps a rule from protecting (`protection.Obstacle`)."""

    identifier: str
    problem: str


class HostFacts(TypedDict):
    """What was read from a host."""

    policies: list[PolicyFacts]
    assigned: str | None
    prohibit_ipsec: ProhibitIpSecFacts
    services: dict[str, ServiceFacts]
    domain_policy: str | None
    addresses: list[AddressFacts]
    listed_addresses: list[str]
    loading_proved: bool
    l2tp_covered: str
    """`clear_text.Cover`."""
    l2tp_over_ipv6_blocked: bool
    l2tp_over_ipv6_obstacles: list[str]
    machine: str
    unfinished_transaction: str | None
    l2tp_ports: int | None
    l2tp_ports_enabled_for: PortsFacts
    connection_security_rules: list[str]
    obstacles: list[ObstacleFacts]
    policies_valid: bool | None


class FindingFacts(TypedDict):
    """What was found on a host (`findings.Finding`)."""

    identifier: str
    """`findings.Identifier`."""
    severity: str
    """`findings.Severity`."""
    host: str
    problem: str
    remedy: str


class JudgedFinding(FindingFacts):
    """What was found on a host of the role; accepted: whether the host's variables let it pass."""

    accepted: bool


class RuleComparison(TypedDict):
    """One rule as a host has it, compared with the declared one (`comparison.RuleState`)."""

    name: str
    state: str
    """`comparison.RuleStanding`."""
    has: list[str]
    declared: list[str]
    only_key: bool
    ends_swapped: bool
    treatment: str | None
    """`comparison.Treatment`."""
    key_fingerprints: list[str]
    obstacles: list[ObstacleFacts]
    covered: bool


class PolicyComparison(TypedDict):
    """A host's policy, compared with the declared one (`comparison.Comparison`)."""

    policy: str
    standing: str
    """`comparison.Standing`."""
    rules: list[RuleComparison]
    has: list[str]
    declared: list[str]
    obstacles: list[ObstacleFacts]
    difference: list[str]


class RuleChange(TypedDict):
    """What changes in a rule, one word each; rule is None for changes beyond rules."""

    rule: str | None
    what: list[str]


class Diff(TypedDict, total=False):
    """The two texts of a diff."""

    before: str
    after: str
    before_header: str
    after_header: str


class TaskResult(TypedDict, total=False):
    """What each task answers, even if it failed, was skipped or did not reach its host."""

    changed: bool
    failed: bool
    unreachable: bool
    sent: bool
    """Set by a step of the role on an unreachable host: whether anything was sent to it before."""
    skipped: bool
    msg: str
    reason: str
    warnings: list[str]
    diff: Diff


class HostResult(TaskResult, total=False):
    """What tasks that read a host answer."""

    host: HostFacts


class InfoResult(HostResult, total=False):
    """What `win_ipsec_policy_info` answers."""

    findings: list[FindingFacts]


class PolicyResult(HostResult, total=False):
    """What `win_ipsec_psk_policy` answers."""

    transaction: str
    pending: bool
    matches: bool
    obstacles: list[str]
    comparison: PolicyComparison | None
    changed_rules: list[str]
    changes: list[RuleChange]
    assigned_after: str | None
    assigned_by: str
    refusal: str
    strategy: str
    uncertain: bool
    """Added by the role: the answer to a commit was lost, and nobody knows what the host has."""
    failure: PolicyResult
    """Set by a step of the role: how it failed, for the next step to fail with."""


class PolicyProof(TypedDict):
    """What the phases `plan` and `verify` of `win_ipsec_psk_policy` answer for a host that could be read."""

    matches: bool
    comparison: PolicyComparison
    host: HostFacts
    refusal: NotRequired[str]


class ProhibitIpSecResult(TaskResult, total=False):
    """What `win_prohibit_ipsec` answers."""

    value: int | None
    before: int | None
    in_effect: str
    """`clear_text.InEffect`."""
    reboot_required: bool


class RestartResult(TaskResult, total=False):
    """What the role's step for the restart answers, and `ansible.windows.win_reboot`."""

    rebooted: bool


class RenderResult(TaskResult, total=False):
    """What `l2tp_render` answers."""

    folder: str
    files: list[str]
    refused: list[str]
    steps: list[str]


class AdoptResult(TaskResult, total=False):
    """What `l2tp_adopt` answers."""

    file: str
    findings: list[str]
    left_out: list[str]
    site_changes: list[str]
    key_variables: list[str]
    steps: list[str]


class ConnectionFacts(TypedDict):
    """What was found of one connection; accepted: its ends do not agree, but the host's variables let that pass."""

    name: str
    peer: str
    agree: bool
    proved: bool
    accepted: bool
    summary: str


class FoundFacts(TypedDict):
    """What was found of a host's connections, and beside them."""

    connections: list[ConnectionFacts]
    findings: list[JudgedFinding]


class StateFacts(TypedDict, total=False):
    """Whether a host was read, and its state if it was; nothing of a host that is not to be read."""

    read: bool
    restart_pending: bool
    unfinished_transaction: str | None


class RoleFacts(FoundFacts, StateFacts):
    """The fact l2tp_result: what the role found and did on a host."""

    changed: bool
    changes: list[str]
    errors: list[str]


def as_proof(result: PolicyResult) -> PolicyProof:
    """Return the result of a phase that read the host, and so has all of these fields."""
    return cast("PolicyProof", result)
