# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a host shows that keeps a tunnel from working, or from being proved, although its policy is as declared."""

from __future__ import annotations

import dataclasses
import enum
from collections.abc import Iterable, Iterator, Mapping

from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.clear_text import Cover, InEffect
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.host import StartType
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.results import (
    HostFacts,
    ObstacleFacts,
    PolicyFacts,
    PortsFacts,
    ServiceFacts,
)


class Severity(enum.StrEnum):
    """How bad a finding is."""

    ERROR = "error"
    """There is no tunnel, or not the declared one."""
    WARNING = "warning"
    """The tunnel is not proved, or could be safer."""
    NOTE = "note"
    """Nothing is wrong. A note is shown once in a run, and fails nothing."""


class Identifier(enum.StrEnum):
    """The identifier of a kind of finding: one word that a playbook can test."""

    UNREACHABLE = "unreachable"
    NOT_READ = "not_read"
    NOT_MANAGED = "not_managed"
    REFUSED = "refused"
    MISTAKEN = "mistaken"
    POLICY_MISSING = "policy_missing"
    POLICY_NOT_ASSIGNED = "policy_not_assigned"
    POLICY_DIFFERS = "policy_differs"
    LEFTOVER_POLICY = "leftover_policy"
    OTHER_POLICY_ASSIGNED = "other_policy_assigned"
    OTHER_PEERS_DIFFER = "other_peers_differ"
    RULE_MISSING = "rule_missing"
    RULE_DIFFERS = "rule_differs"
    ENDS_SWAPPED = "ends_swapped"
    RULE_UNDECLARED = "rule_undeclared"
    KEY_DIFFERS = "key_differs"
    KEY_NOT_ROLLED_OUT = "key_not_rolled_out"
    NO_CONNECTION = "no_connection"
    DOMAIN_POLICY_OVERRIDES = "domain_policy_overrides"
    UNREADABLE_OBJECT = "unreadable_object"
    ADDRESS_NOT_ON_HOST = "address_not_on_host"
    NOT_LOADED_BY_AGENT = "not_loaded_by_agent"
    RRAS_NOT_INSTALLED = "rras_not_installed"
    SERVICE_NOT_RUNNING = "service_not_running"
    SERVICE_DISABLED = "service_disabled"
    NOT_PROHIBITED = "not_prohibited"
    RESTART_HARMFUL = "restart_harmful"
    RESTART_PENDING = "restart_pending"
    RESTART_UNPROVEN = "restart_unproven"
    CLEAR_TEXT_L2TP = "clear_text_l2tp"
    LOADING_UNPROVED = "loading_unproved"
    OTHER_L2TP_UNPROTECTED = "other_l2tp_unprotected"
    FIREWALL_RULE_OVERLAPS = "firewall_rule_overlaps"
    L2TP_PORTS_ZERO = "l2tp_ports_zero"
    L2TP_PORTS_CLOSED = "l2tp_ports_closed"
    ADDRESS_DYNAMIC = "address_dynamic"
    KEY_READABLE_BY_USERS = "key_readable_by_users"
    WEAK_PRESHARED_KEY = "weak_preshared_key"
    ACCEPTS_UNSECURED = "accepts_unsecured"
    FALLS_BACK_TO_CLEAR_TEXT = "falls_back_to_clear_text"
    ESP_WITHOUT_ENCRYPTION = "esp_without_encryption"
    WEAK_ENCRYPTION = "weak_encryption"
    WEAK_INTEGRITY = "weak_integrity"
    WEAK_DH_GROUP = "weak_dh_group"
    RULE_INACTIVE = "rule_inactive"
    TUNNEL_RULE = "tunnel_rule"
    NOT_MIRRORED = "not_mirrored"
    NOT_L2TP_FILTER = "not_l2tp_filter"
    DEFAULT_RESPONSE_ACTIVE = "default_response_active"
    LEGACY_ENGINE = "legacy_engine"


@dataclasses.dataclass(frozen=True, slots=True)
class Finding:
    """One finding on one host."""

    identifier: Identifier
    severity: Severity
    host: str
    problem: str
    """A sentence that says what is wrong."""
    remedy: str
    """A sentence that says what to do about it."""

    def __str__(self) -> str:
        return f"{self.problem} {self.remedy}".strip()


def error(identifier: Identifier, host: str, problem: str, remedy: str) -> Finding:
    """Return a finding that fails a verification."""
    return Finding(identifier, Severity.ERROR, host, problem, remedy)


def warning(identifier: Identifier, host: str, problem: str, remedy: str) -> Finding:
    """Return a finding that is shown but fails nothing by default."""
    return Finding(identifier, Severity.WARNING, host, problem, remedy)


def note(identifier: Identifier, host: str, problem: str, remedy: str) -> Finding:
    """Return a finding about something that is not wrong."""
    return Finding(identifier, Severity.NOTE, host, problem, remedy)


def obstacle(host: str, each: ObstacleFacts, remedy: str) -> Finding:
    """Return the finding for an obstacle, which keeps a rule from protecting."""
    return error(Identifier(each["identifier"]), host, f"On {host}, {each['problem']}", remedy)


def find(host: str, facts: HostFacts, declared: str | None = None) -> Iterator[Finding]:
    """Yield the findings on a host that has connections, from the facts in its result, except those about its ends.

    declared: its own address in the filters.
    """
    yield from of_services(host, facts["services"])
    if not facts["loading_proved"]:
        yield warning(
            Identifier.LOADING_UNPROVED,
            host,
            f"PolicyAgent on {host} listed the same addresses before the policy was assigned, "
            "so nothing proves that it loaded this one.",
            f"Check that the tunnel connects, or restart {host} to prove it.",
        )
    yield from clear_text(host, facts)
    if _runs_without_filters(facts):
        yield from _of_other_l2tp(host, facts)
    yield from _of_the_firewall(host, facts["connection_security_rules"])
    yield from _of_ports(host, facts["l2tp_ports"], facts["l2tp_ports_enabled_for"])
    yield from _of_addresses(host, facts, declared)
    yield from of_keys(host, facts["policies"])


def of_services(host: str, services: Mapping[str, ServiceFacts]) -> Iterator[Finding]:
    """Yield what is wrong with the services that a tunnel needs."""
    rras = services["RemoteAccess"]
    installed = rras["running"] or rras["start"] not in (None, StartType.DISABLED.word)
    if not installed:
        why = "there is no service RemoteAccess" if rras["start"] is None else "the service RemoteAccess is disabled"
        yield error(
            Identifier.RRAS_NOT_INSTALLED,
            host,
            f"RRAS is not installed or not configured on {host}, because {why}.",
            f"Install the role service Routing and enable Routing and Remote Access on {host}.",
        )
    elif not rras["running"]:
        yield error(
            Identifier.SERVICE_NOT_RUNNING,
            host,
            f"The service RemoteAccess is not running on {host}, so no tunnel can connect.",
            f"Check the event log of {host}.",
        )
    needed = ("PolicyAgent", "IKEEXT", *(["RemoteAccess"] if installed else []))
    for name in (name for name in needed if name in services):
        if services[name]["start"] == StartType.DISABLED.word:
            yield error(
                Identifier.SERVICE_DISABLED,
                host,
                f"The service {name} is disabled on {host}, so it will not start at the next boot.",
                f"Set its start type to automatic; for PolicyAgent and IKEEXT, running site for {host} does that.",
            )


def of_the_value(host: str, facts: HostFacts) -> Iterator[Finding]:
    """Yield what is wrong with ProhibitIpSec on a host where it must be 1 and in effect."""
    value, in_effect = facts["prohibit_ipsec"]["value"], facts["prohibit_ipsec"]["in_effect"]
    if _nothing_protects(facts) and _runs_without_filters(facts):
        return  # `clear_text` says so, and what to do
    if value != 1 and in_effect == InEffect.NO:
        yield error(
            Identifier.RESTART_HARMFUL,
            host,
            f"ProhibitIpSec was removed on {host}, and as far as is known Windows still runs with it: a restart would "
            "break the tunnels, because RRAS would make its automatic filters.",
            f"Run site for {host} before it restarts, or run remove to remove everything.",
        )
    elif value != 1:
        yield error(
            Identifier.NOT_PROHIBITED,
            host,
            f"On {host}, ProhibitIpSec is not 1, so RRAS makes its automatic filters, which use no preshared key.",
            f"Run site for {host}.",
        )
    elif in_effect == InEffect.NO:
        yield error(
            Identifier.RESTART_PENDING,
            host,
            f"ProhibitIpSec is not in effect on {host}, because Windows has not booted with it yet.",
            f"Restart {host}.",
        )
    elif in_effect == InEffect.UNKNOWN:
        yield warning(
            Identifier.RESTART_UNPROVEN,
            host,
            f"Somebody else set ProhibitIpSec on {host}, so whether it was there at boot is unknown.",
            f"Restart {host} to prove it, or set l2tp_reboot to if_unknown.",
        )


def clear_text(host: str, facts: HostFacts) -> Iterator[Finding]:
    """Yield a finding if all L2TP of a host is in clear text, because neither RRAS nor a policy protects it."""
    if not _runs_without_filters(facts) or facts["domain_policy"]:
        return
    if _nothing_protects(facts):
        yield _in_clear_text(host, facts, f"L2TP on {host} is", "no assigned policy protects it")
    elif _is_deaf(facts):
        yield _in_clear_text(host, facts, f"L2TP on {host} is", "PolicyAgent is not running, so no policy is loaded")


def clear_text_with(host: str, peer: str, facts: HostFacts) -> Iterator[Finding]:
    """Yield a finding if L2TP with one peer, covered by no rule of the assigned policy, is in clear text.

    Nothing if all L2TP of the host is in clear text: `clear_text` says so.
    """
    beside_others = facts["l2tp_covered"] == Cover.CONNECTIONS and not _is_deaf(facts)
    if not beside_others or not _runs_without_filters(facts) or facts["domain_policy"]:
        return
    unread = any(policy["assigned"] and policy["unreadable"] for policy in facts["policies"])
    is_or_may_be, that_is_known = ("may be", " that can be read") if unread else ("is", "")
    what = f"L2TP on {host} with {peer} {is_or_may_be}"
    yield _in_clear_text(host, facts, what, f"no rule of the assigned policy{that_is_known} protects it")


def of_keys(host: str, policies: Iterable[PolicyFacts]) -> Iterator[Finding]:
    """Yield findings about the keys that other users than administrators can read."""
    for policy in policies:
        for rule in policy["open_keys"]:
            yield Finding(
                Identifier.KEY_READABLE_BY_USERS,
                Severity.WARNING,
                host,
                f"Users who are not administrators can read the preshared key of the rule {rule!r} of the policy "
                f"{policy['name']!r} in the registry of {host}.",
                "Restrict the access list of the rule's key to SYSTEM, Administrators and NETWORK SERVICE.",
            )


def _in_clear_text(host: str, facts: HostFacts, what: str, why: str) -> Finding:
    """Return the finding with its remedy: restarting alone brings RRAS's filters back only if the value is gone."""
    value, in_effect = facts["prohibit_ipsec"]["value"], facts["prohibit_ipsec"]["in_effect"]
    begin = f"{what} in clear text"
    if value != 1:
        said = f"{begin}: as far as is known Windows still runs with the ProhibitIpSec that was removed, and {why}."
        remedy = f"Run site for {host}, or run remove and restart it."
    elif in_effect == InEffect.NO:
        said = f"{begin} after the next boot: ProhibitIpSec is 1, and {why}."
        remedy = f"Run site for {host}, or remove the value before it restarts."
    else:
        said = f"{begin}: ProhibitIpSec is 1, and {why}."
        remedy = f"Run site for {host}, or remove the value and restart it."
    return error(Identifier.CLEAR_TEXT_L2TP, host, said, remedy)


def _is_deaf(facts: HostFacts) -> bool:
    """Return whether RRAS is running without PolicyAgent, so that no rule is in force."""
    services = facts["services"]
    return "PolicyAgent" in services and not services["PolicyAgent"]["running"] and services["RemoteAccess"]["running"]


def _runs_without_filters(facts: HostFacts) -> bool:
    """Return whether RRAS makes no filters of its own: the value is there, or Windows still runs with a removed one."""
    value, in_effect = facts["prohibit_ipsec"]["value"], facts["prohibit_ipsec"]["in_effect"]
    return bool(value == 1 or in_effect == InEffect.NO)


def _nothing_protects(facts: HostFacts) -> bool:
    """Return whether the assigned policy protects no L2TP; False under a domain policy, whose effect is unknown."""
    return facts["l2tp_covered"] in (Cover.NONE, Cover.OPEN) and not facts["domain_policy"]


def _of_other_l2tp(host: str, facts: HostFacts) -> Iterator[Finding]:
    """Yield which L2TP is not kept from clear text while RRAS makes no filters of its own."""
    if facts["l2tp_covered"] == Cover.CONNECTIONS:
        yield Finding(
            Identifier.OTHER_L2TP_UNPROTECTED,
            Severity.WARNING,
            host,
            f"L2TP is in clear text between {host} and peers that no connection names.",
            "Set l2tp_other_peers to block or certificate.",
        )
    for why in facts["l2tp_over_ipv6_obstacles"][:1]:
        yield Finding(
            Identifier.OTHER_L2TP_UNPROTECTED,
            Severity.WARNING,
            host,
            f"L2TP over IPv6 is in clear text on {host}, because {why}",
            "Set l2tp_other_peers to block or certificate and l2tp_block_over_ipv6 to true, "
            "and check that Windows Firewall is on (the service MpsSvc and all profiles).",
        )


def _of_the_firewall(host: str, names: Iterable[str]) -> Iterator[Finding]:
    """Yield findings about connection security rules, which compete with the IPsec policy for L2TP."""
    for name in names:
        yield warning(
            Identifier.FIREWALL_RULE_OVERLAPS,
            host,
            f"The connection security rule {name!r} of Windows Firewall on {host} also covers UDP port 1701, "
            "so it competes with the IPsec policy for L2TP.",
            "Use one of the two: turn the connection security rule off, or exclude that port from it.",
        )


def _of_ports(host: str, count: int | None, enabled_for: PortsFacts) -> Iterator[Finding]:
    """Yield what the properties of the L2TP ports refuse. Nothing is said of unknown properties."""
    if count == 0:
        yield error(
            Identifier.L2TP_PORTS_ZERO,
            host,
            f"RRAS on {host} has no L2TP port.",
            "Give the WAN Miniport (L2TP) ports, in the properties of Ports in the console of RRAS.",
        )
    elif enabled_for["remote_access"] is False and enabled_for["routing"] is False:
        yield warning(
            Identifier.L2TP_PORTS_CLOSED,
            host,
            f"RRAS on {host} refuses incoming L2TP connections: no L2TP port accepts them, "
            "as on every new Windows Server 2025.",
            "Tick 'Demand-dial routing connections (inbound and outbound)' for the WAN Miniport (L2TP), "
            "in the properties of Ports in the console of RRAS.",
        )


def _of_addresses(host: str, facts: HostFacts, declared: str | None) -> Iterator[Finding]:
    """Yield the dynamic addresses among the ends of loaded filters, and the declared address if it is dynamic."""
    for entry in facts["addresses"]:
        if entry["dynamic"] and entry["address"] in (declared, *facts["listed_addresses"]):
            yield warning(
                Identifier.ADDRESS_DYNAMIC,
                host,
                f"The address {entry['address']} of {host} comes from "
                "DHCP, but its filters apply to this address only.",
                f"Give the RRAS interface of {host} a static address.",
            )
