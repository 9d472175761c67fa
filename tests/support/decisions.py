# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the role decides for many servers, without any host, so that its cost can be counted and measured."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ansible_collections.rras.ipsec.plugins.plugin_utils import _view
from ansible_collections.rras.ipsec.tests.support import network, role
from ansible_collections.rras.ipsec.tests.support.fleets import FleetVars


def answered(fleet: FleetVars, **planned: Any) -> FleetVars:
    """Return the same servers after the first task of the role and after each was read."""
    links = _view.links(_view.network(fleet, *fleet))
    return {host: {**each, _view.LINKS: links[host], "__l2tp_plan": _plan(host, each, links[host]["links"], planned)}
            for host, each in fleet.items()}  # fmt: skip


def of_all(step: str, fleet: FleetVars, **given: Any) -> None:
    for host in fleet:
        result, _done, stopped = role.decide(step, fleet, host, **given)
        assert (result.get("errors", []), stopped) == ([], "")


def once(step: str, fleet: FleetVars) -> Mapping[str, Any]:
    result, _done, stopped = role.decide(step, fleet, next(iter(fleet)))
    assert stopped == ""
    return result


def before_any_host(fleet: FleetVars) -> None:
    assert not any(once("preflight", fleet)["network"]["problems"].values())


def decided_once(fleet: FleetVars) -> None:
    assert not any(once("machines", fleet)["stops"].values())


def unchanged(fleet: FleetVars) -> None:
    of_all("compare", fleet)


def verified(fleet: FleetVars) -> None:
    """Compare all servers, as a verification does, after the first task has found nothing wrong."""
    of_all("compare", fleet, only_verify=True, preflight={"problems": {host: [] for host in fleet}})


def asked_before_the_change(fleet: FleetVars) -> None:
    """Do the steps before a change on all servers; each was read, and what is decided once is decided."""
    for step in ("stop", "stage"):
        of_all(step, fleet)


def prepared(work: Callable[[FleetVars], object], make: Callable[[int], FleetVars], size: int) -> FleetVars:
    """Return the servers in the state from which a piece of work starts."""
    fleet = make(size)
    if work is before_any_host:
        return fleet
    if work in (unchanged, verified):
        return answered(fleet)
    changing = answered(fleet, pending=True)
    if work is asked_before_the_change:
        decided = once("machines", changing)
        changing = {host: {**each, "__l2tp_machines": decided} for host, each in changing.items()}
    return changing


def connections(fleet: FleetVars) -> int:
    return len(
        {entry["name"] for each in _view.links(_view.network(fleet, *fleet)).values() for entry in each["links"]}
    )


WORKS: Mapping[str, Callable[[FleetVars], None]] = {
    "declarations, before any host": before_any_host,
    "agreement of unchanged servers": unchanged,
    "agreement in verify": verified,
    "what is decided once": decided_once,
    "before a change": asked_before_the_change,
}


def _plan(host: str, variables: Mapping[str, Any], own: list[Any], planned: Mapping[str, Any]) -> dict[str, Any]:
    rules = [network.rule(entry["name"]) for entry in own]
    addresses = [{"address": variables["l2tp_address"], "dynamic": False}]
    proof = network.proof(rules=rules, addresses=addresses, listed_addresses=[variables["l2tp_address"]])
    changed = [entry["name"] for entry in own] if planned.get("pending") else []
    return {**proof, "host": {**proof["host"], "machine": host}, "pending": False, "changed_rules": changed, **planned}
