# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The content of a verification's report, as data.

Each field is copied by its name from what was read, so no key, and nothing made from one, can get in.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, TypeVar, cast

from ansible_collections.rras.ipsec.plugins.plugin_utils._policy import barrier, describe, facts, findings
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy import network as networks
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.clear_text import InEffect
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.network import Connection, Network, Node
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.page.schema import (
    VERSION,
    Level,
    PageFinding,
    PageLink,
    PageReading,
    PageReport,
    PageRow,
    PageRule,
    PageServer,
)
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.results import (
    ConnectionFacts,
    PolicyFacts,
    PolicyProof,
    PolicyResult,
    ProhibitIpSecFacts,
    RoleFacts,
    RuleComparison,
    RuleFacts,
    as_proof,
)


@dataclasses.dataclass(frozen=True, slots=True)
class Verified:
    """What a run knows after it has compared all its hosts."""

    network: Network
    answers: Mapping[str, PolicyResult]
    """What each host of the run answered, even if it failed."""
    found: Mapping[str, RoleFacts]
    """The fact l2tp_result of each host that was compared."""


def make(verified: Verified, written: str) -> PageReport:
    """Return the report. written: the time of writing, in UTC."""
    said = _said(verified)
    servers = [_server(verified, node, said.get(node.name, ())) for node in verified.network.values()]
    levels = {server["name"]: server["level"] for server in servers}
    connections = networks.all_connections(verified.network)
    links = [_link(verified, each, levels) for each in connections if levels.keys() >= set(each.peers)]
    whole: PageReport = {
        "version": VERSION,
        "written": written,
        "level": str(_worst(each["level"] for each in (*servers, *links))),
        "servers": servers,
        "connections": links,
    }
    return _clean(whole)


# --- servers ---


def _server(verified: Verified, node: Node, said_of_it: Sequence[PageFinding]) -> PageServer:
    answer = verified.answers.get(node.name) or {}
    proof = as_proof(answer) if "host" in answer else None
    said = list(said_of_it)
    if node.managed and node.name not in verified.found:
        said.append(_not_compared(node.name, answer))
    level = _level_of(said)
    return {
        "name": node.name,
        "address": str(node.address) if node.address else None,
        "managed": node.managed,
        "read": proof is not None,
        "level": str(level),
        "word": _word(node, answer, level, said),
        **_in_force(proof),
        "findings": said,
    }


_NOT_READ: Final[PageReading] = {
    "declared_policy": None,
    "standing": None,
    "assigned_policy": None,
    "rules": [],
    "prohibit_ipsec": None,
    "in_effect": None,
    "restart": "not read",
    "restart_pending": None,
    "stopped_services": [],
    "domain_policy": None,
    "unfinished_transaction": None,
}


def _in_force(proof: PolicyProof | None) -> PageReading:
    if proof is None:
        return _NOT_READ
    host, compared = proof["host"], proof.get("comparison")
    assigned = _assigned(proof)
    in_force = assigned["rules"] if assigned and not host["domain_policy"] else []
    value = host["prohibit_ipsec"]
    return {
        "declared_policy": compared["policy"] if compared else None,
        "standing": compared["standing"] if compared else None,
        "assigned_policy": host["assigned"],
        "rules": list(_rules(in_force)),
        "prohibit_ipsec": value["value"],
        "in_effect": value["in_effect"],
        "restart": _restart(value),
        "restart_pending": barrier.is_restart_pending(value),
        "stopped_services": [name for name, each in host["services"].items() if not each["running"]],
        "domain_policy": host["domain_policy"],
        "unfinished_transaction": host["unfinished_transaction"],
    }


def _restart(value: ProhibitIpSecFacts) -> str:
    if value["in_effect"] == InEffect.UNKNOWN:
        return "unknown"
    if value["in_effect"] == InEffect.YES:
        return "not pending"
    return "pending" if value["value"] == 1 else "harmful"


def _rules(rules: Iterable[RuleFacts]) -> Iterator[PageRule]:
    """Return the active rules; one without a name goes by its number, as in `model.Policy.named_rules`."""
    listed = sorted(rules, key=lambda rule: rule["default_response"])
    for number, rule in enumerate(listed, start=1):
        name = "default response rule" if rule["default_response"] else rule["name"] or f"rule {number}"
        if rule["active"]:
            yield _rule(name, rule)


def _rule(name: str, rule: RuleFacts) -> PageRule:
    return {
        "name": name,
        "filters": list(rule["filters"] or ()),
        "filter_action": rule["filter_action"],
        "security_methods": list(rule["offers"]),
        "authentication": list(rule["authentication"]),
    }


def _said(verified: Verified) -> dict[str, list[PageFinding]]:
    """Return what was found, by the host that each finding is about, whichever host reports it."""
    found: dict[str, dict[tuple[str, str], PageFinding]] = {}
    noted: set[str] = set()
    for each in (each for fact in verified.found.values() for each in fact["findings"]):
        if each["severity"] == findings.Severity.NOTE and each["problem"] in noted:
            continue  # not the finding of any server
        noted.add(each["problem"])
        own = found.setdefault(each["host"], {})
        own.setdefault((each["identifier"], each["problem"]), {**each})
    return {host: list(own.values()) for host, own in found.items()}


def _not_compared(host: str, answer: PolicyResult) -> PageFinding:
    said = barrier.failure(host, answer)
    made = (
        findings.error(findings.Identifier.REFUSED, host, f"{said.rstrip('.')}.", "")
        if said
        else findings.warning(findings.Identifier.NOT_READ, host, f"{host} was not read in this run.", "")
    )
    return {**facts.of_finding(made), "accepted": False}


def _level_of(said: Iterable[PageFinding]) -> Level:
    """Return the level of findings; an accepted error is still worth a look, so it is yellow."""
    levels = {
        (findings.Severity.ERROR, False): Level.ERROR,
        (findings.Severity.ERROR, True): Level.WARNING,
        (findings.Severity.WARNING, False): Level.WARNING,
        (findings.Severity.WARNING, True): Level.OK,
        (findings.Severity.NOTE, False): Level.OK,
        (findings.Severity.NOTE, True): Level.OK,
    }
    return _worst(levels[findings.Severity(each["severity"]), each["accepted"]] for each in said)


def _counts(each: PageFinding) -> bool:
    return each["severity"] != findings.Severity.NOTE


def _worst(levels: Iterable[str]) -> Level:
    found = set(levels)
    return next((level for level in (Level.ERROR, Level.WARNING) if level in found), Level.OK)


def _word(node: Node, answer: PolicyResult, level: Level, said: Sequence[PageFinding]) -> str:
    if not node.managed:
        return "not managed"
    if answer.get("unreachable"):
        return "not reached"
    if not answer:
        return "not read"
    if level is Level.WARNING and all(each["accepted"] for each in said if _counts(each)):
        return "accepted"
    return {Level.OK: "in order", Level.WARNING: "warning", Level.ERROR: "error"}[level]


# --- connections ---


def _link(verified: Verified, connection: Connection, levels: Mapping[str, str]) -> PageLink:
    found = next((each for peer in connection.peers for each in _facts_of(verified, peer, connection.name)), None)
    agree, proved = (found["agree"], found["proved"]) if found else (None, None)
    level, word = _judged(found, _worst(levels[peer] for peer in connection.peers))
    return {
        "name": connection.name,
        "peers": list(connection.peers),
        "level": str(level),
        "word": word,
        "agree": agree,
        "proved": proved,
        "summary": found["summary"] if found else "",
        "settings": list(_settings(verified, connection)),
    }


def _facts_of(verified: Verified, host: str, connection: str) -> Iterator[ConnectionFacts]:
    """Yield what each host of the run that was read found about a connection."""
    fact = verified.found.get(host)
    if fact and fact.get("read"):
        yield from (each for each in fact["connections"] if each["name"] == connection)


def _judged(found: ConnectionFacts | None, worst_end: Level) -> tuple[Level, str]:
    if found is None:
        return max(Level.WARNING, worst_end, key=list(Level).index), "not read"
    if found["agree"]:
        return (Level.OK, "agrees") if found["proved"] else (Level.WARNING, "not proved")
    return (Level.WARNING, "accepted") if found["accepted"] else (Level.ERROR, "error")


def _settings(verified: Verified, connection: Connection) -> Iterator[PageRow]:
    ends = [_end(verified, peer, connection.name) for peer in connection.peers]
    for setting in ends[0]:
        lines = [end[setting] for end in ends]
        comparable = setting not in _OF_ONE_END and all(lines)
        yield {"setting": setting, "ends": lines, "same": lines[0] == lines[1] if comparable else None}


_OF_ONE_END: Final = ("Address", "Otherwise than declared")
"""The settings that may differ between the two ends."""


def _end(verified: Verified, host: str, name: str) -> dict[str, list[str]]:
    """Return the settings of one end, in lines; none if they are not known."""
    node, answer = verified.network[host], verified.answers.get(host) or {}
    lines = {"Address": [str(node.address)] if node.address else [], **dict.fromkeys(_SETTINGS, cast("list[str]", []))}
    proof = as_proof(answer) if "host" in answer else None
    if proof is None or not proof.get("comparison"):
        return lines
    policy = _assigned(proof)
    rule = next((each for each in policy["rules"] if each["name"] == name), None) if policy else None
    compared = next((each for each in proof["comparison"]["rules"] if each["name"] == name), None)
    return lines | _of_the_end(proof, compared) | (_of_the_rule(rule) if rule else {}) | _of_the_policy(policy)


_SETTINGS: Final = (
    "Policy",
    "Rule",
    "Filter",
    "Filter action",
    "Security methods",
    "Authentication",
    "Key exchange",
    "Key lifetime",
    "ProhibitIpSec",
    "Otherwise than declared",
)


_IN_EFFECT: Final = {
    InEffect.YES: "in effect",
    InEffect.NO: "not in effect",
    InEffect.UNKNOWN: "unknown whether it is in effect",
}


def _of_the_end(proof: PolicyProof, rule: RuleComparison | None) -> dict[str, list[str]]:
    value = proof["host"]["prohibit_ipsec"]
    number = "absent" if value["value"] is None else str(value["value"])
    in_effect = _IN_EFFECT[InEffect(value["in_effect"])]
    return {
        "Policy": [f"{proof['comparison']['policy']}: {proof['comparison']['standing']}"],
        "Rule": [f"{rule['state']}" + (", only the key" if rule["only_key"] else "")] if rule else [],
        "ProhibitIpSec": [f"{number}, {in_effect}" if value["value"] == 1 else number],
        "Otherwise than declared": list(_otherwise(rule)) if rule else [],
    }


def _otherwise(rule: RuleComparison) -> Iterator[str]:
    yield from (f"has {line}" for line in rule["has"])
    yield from (f"declared {line}" for line in rule["declared"])


def _of_the_rule(rule: RuleFacts) -> dict[str, list[str]]:
    return {
        "Filter": list(rule["filters"] or ()),
        "Filter action": [rule["filter_action"]],
        "Security methods": list(rule["offers"]),
        "Authentication": list(rule["authentication"]),
    }


def _of_the_policy(policy: PolicyFacts | None) -> dict[str, list[str]]:
    if policy is None:
        return {}
    main_mode = policy["main_mode"]
    pfs = ", perfect forward secrecy" if main_mode["pfs"] else ""
    limit = main_mode["quick_mode_limit"]
    sessions = f", {limit} sessions" if limit else ""
    return {
        "Key exchange": list(main_mode["methods"]),
        "Key lifetime": [f"{main_mode['lifetime']:g} minutes{sessions}{pfs}"],
    }


def _assigned(proof: PolicyProof) -> PolicyFacts | None:
    return next((each for each in proof["host"]["policies"] if each["assigned"]), None)


_Data = TypeVar("_Data")


def _clean(data: _Data) -> _Data:
    """Return the same data with everything that a terminal or a browser would obey spelled out."""
    cleaned: Any = data
    if isinstance(data, str):
        cleaned = describe.escaped(data)
    elif isinstance(data, dict):
        cleaned = {name: _clean(each) for name, each in data.items()}
    elif isinstance(data, list):
        cleaned = [_clean(each) for each in data]
    return cast("_Data", cleaned)
