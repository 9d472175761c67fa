# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a verification says on a host: what is in clear text first, and of its own connection only."""

from __future__ import annotations

from typing import Any, cast

import pytest

from ansible_collections.rras.ipsec.plugins.plugin_utils._policy import agreement, ends, report
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.findings import Severity
from ansible_collections.rras.ipsec.tests.support.network import FAR, OSAKA, PAIR, TOKYO, network, proof, rule

IN_CLEAR_TEXT = (
    "L2TP on rras-tokyo with rras-osaka is in clear text: ProhibitIpSec is 1, and no rule of the assigned policy "
    "protects it. Run site for rras-tokyo, or remove the value and restart it."
)
SOUND = rule("tokyo-branch")


def errors(**given: Any) -> tuple[str, ...]:
    """What a verification says on a hub, whose policy covers its connections only."""
    answers = {TOKYO: proof(l2tp_covered="connections", **given), OSAKA: proof()}
    return report.report(network(PAIR, FAR), TOKYO, cast("Any", answers)).of(Severity.ERROR)


@pytest.mark.parametrize(
    ("given", "others"),
    [
        (
            {"rules": [rule(state="missing", covered=False), SOUND]},
            "The rule 'tokyo-osaka' is missing on rras-tokyo. Run site for rras-tokyo.",
        ),
        (
            {
                "rules": [
                    rule(state="differs", has=["state: not active"], declared=["state: active"], covered=False),
                    SOUND,
                ]
            },
            (
                "The rule 'tokyo-osaka' on rras-tokyo has state: not active; the declaration says state: active, "
                "which rras-osaka has. Run site for rras-tokyo."
            ),
        ),
        (
            {
                "rules": [rule(covered=False), SOUND],
                "comparison": {"standing": "unassigned"},
                "assigned": "By hand",
            },
            (
                "On rras-tokyo, the policy 'By hand' is assigned, not 'L2TP site to site', which is in the store. "
                "Run site for rras-tokyo."
            ),
        ),
    ],
)
def test_a_connection_in_clear_text_is_said_first(given: dict[str, Any], others: str) -> None:
    assert errors(**given) == (IN_CLEAR_TEXT, others)


@pytest.mark.parametrize("state", ["missing", "matches"])
def test_a_connection_that_another_rule_covers_is_not_in_clear_text(state: str) -> None:
    assert not any("clear text" in each for each in errors(rules=[rule(state=state), SOUND]))


@pytest.mark.parametrize(("address", "said"), [("192.0.2.1", 1), ("192.0.2.9", 0)])
def test_a_dynamic_address_is_said_before_the_first_run(address: str, said: int) -> None:
    """PolicyAgent lists nothing yet, or does not run."""
    fresh = proof(
        None,
        "unknown",
        comparison={"standing": "missing"},
        assigned=None,
        addresses=[{"address": address, "dynamic": True}],
    )
    found = report.report(network(PAIR), TOKYO, cast("Any", {TOKYO: fresh, OSAKA: proof()})).findings
    assert [str(each.identifier) for each in found].count("address_dynamic") == said


NOT_ACTIVE = {"state": "differs", "treatment": None, "has": ["state: not active"], "declared": ["state: active"]}
MOVED = {
    "state": "differs",
    "has": ["filter: UDP me port 1701 -> 192.0.2.9"],
    "declared": ["filter: UDP me port 1701 -> any"],
}
LEFT_OUT = {"state": "missing", "treatment": None, "declared": ["filter: UDP me port 1701 -> any"]}


@pytest.mark.parametrize(
    ("declared", "found", "said"),
    [
        (
            "block",
            NOT_ACTIVE,
            "L2TP with other peers is not blocked on rras-tokyo: the rule 'all other L2TP' is not active.",
        ),
        (
            "certificate",
            NOT_ACTIVE,
            (
                "L2TP with other peers is not negotiated with certificates on rras-tokyo: "
                "the rule 'all other L2TP' is not active."
            ),
        ),
        (
            "block",
            LEFT_OUT,
            "L2TP with other peers is ignored on rras-tokyo, but l2tp_other_peers is block.",
        ),
        (
            "certificate",
            MOVED | {"treatment": "permitted"},
            "L2TP with other peers is permitted on rras-tokyo, but l2tp_other_peers is certificate.",
        ),
        (
            "ignore",
            {"state": "undeclared", "treatment": "blocked", "has": MOVED["has"]},
            "L2TP with other peers is blocked on rras-tokyo, but l2tp_other_peers is ignore.",
        ),
        (
            "block",
            MOVED | {"treatment": "blocked"},
            (
                "L2TP with other peers is blocked on rras-tokyo, but not as declared: the rule 'all other L2TP' has "
                "filter: UDP me port 1701 -> 192.0.2.9; the declaration says filter: UDP me port 1701 -> any."
            ),
        ),
        (
            "certificate",
            {"state": "differs", "treatment": "negotiated with certificates", "declared": ["ESP 3DES/SHA1"]},
            (
                "L2TP with other peers is negotiated with certificates on rras-tokyo, but not as declared: "
                "the rule 'all other L2TP' lacks declared settings (ESP 3DES/SHA1)."
            ),
        ),
        (
            "ignore",
            {"state": "undeclared", "treatment": None, "has": MOVED["has"]},
            "The rule 'all other L2TP' on rras-tokyo is not declared (filter: UDP me port 1701 -> 192.0.2.9).",
        ),
    ],
)
def test_how_l2tp_with_other_peers_is_not_as_declared(declared: str, found: dict[str, Any], said: str) -> None:
    differing = proof(matches=False, rules=[rule("all other L2TP", **found)])
    (finding,) = ends.of_other_rules(TOKYO, ["tokyo-osaka"], differing, declared)
    assert (finding.problem, finding.remedy) == (said, "Run site for rras-tokyo.")
    assert finding.identifier == ("other_peers_differ" if said.startswith("L2TP") else "rule_undeclared")


def test_site_fails_while_a_connection_is_in_clear_text() -> None:
    proofs = {TOKYO: proof(l2tp_covered="connections", rules=[rule(covered=False), SOUND]), OSAKA: proof()}
    exposed, sound = agreement.agreements(network(PAIR, FAR), TOKYO, proofs)
    assert exposed.differences == (IN_CLEAR_TEXT.partition(" Run site")[0],)
    assert sound.differences == ()
