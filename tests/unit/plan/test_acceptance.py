# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which findings fail a run: by severity, and by the names of those that are accepted."""

from __future__ import annotations

import re
from typing import Any

import pytest

from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.acceptance import IDENTIFIERS
from ansible_collections.rras.ipsec.tests import ROOT
from ansible_collections.rras.ipsec.tests.support.network import OSAKA, TOKYO, proof, rule
from ansible_collections.rras.ipsec.tests.support.reports import connection, hostvars
from ansible_collections.rras.ipsec.tests.support.role import decide, problems

LINK = connection("tokyo-osaka", TOKYO, OSAKA)
IPV6 = {"l2tp_over_ipv6_obstacles": ["Windows Firewall is off."]}
"""What makes a warning."""
WARNING = (
    "L2TP over IPv6 is in clear text on rras-tokyo, because Windows Firewall is off. Set l2tp_other_peers to block or "
    "certificate and l2tp_block_over_ipv6 to true, and check that Windows Firewall is on (the service MpsSvc and all "
    "profiles)."
)
OFF = {"services": {"RemoteAccess": {"start": "disabled", "running": True}}}
"""What makes an error."""
ERROR = (
    "The service RemoteAccess is disabled on rras-tokyo, so it will not start at the next boot. Set its start type to "
    "automatic; for PolicyAgent and IKEEXT, running site for rras-tokyo does that."
)


WEAK_POLICY = {
    "policies": [
        {
            "name": "L2TP site to site",
            "assigned": True,
            "ours": True,
            "adopted": False,
            "open_keys": [],
            "unreadable": [],
            "weaknesses": [{"rule": None, "what": "weak_dh_group"}],
        }
    ]
}
WEAKNESS = (
    "The key exchange of the policy 'L2TP site to site' on rras-tokyo offers Diffie-Hellman group 1 (768 bits), "
    "which can be broken. Write 14 or 2 for dh_group, in l2tp_main_mode."
)
WEAK_KEY = {"l2tp_connections": [{**LINK, "preshared_key": "vpn-password-2026"}]}
OF_THE_KEY = (
    "The preshared key of the connection tokyo-osaka is made of common words and signs. "
    "Let rras.ipsec.keys make another one (docs/keys.md)."
)


def verified(*, site: bool = False, given: dict[str, Any], **variables: Any) -> Any:
    """Return what is found of a server of a pair."""
    sound = proof(rules=[rule("tokyo-osaka")])
    answers = {TOKYO: proof(rules=[rule("tokyo-osaka")], **given), OSAKA: sound}
    if site:
        variables["l2tp_verify_only"] = False
    found = hostvars(variables.pop("l2tp_connections", [LINK]), answers, **variables)
    return decide("compare", found, TOKYO)[0]


@pytest.mark.parametrize("site", [False, True])
@pytest.mark.parametrize(
    ("given", "variables", "errors"),
    [
        (OFF, {}, [ERROR]),
        (OFF, {"l2tp_accept": ["weak_encryption"]}, [ERROR]),
        (OFF, {"l2tp_accept": ["service_disabled"]}, []),
        (OFF, {"l2tp_accept": "weak_encryption, service_disabled"}, []),
        (OFF, {"l2tp_fail_on": "warning", "l2tp_accept": ["service_disabled"]}, []),
        (IPV6, {}, []),
        (IPV6, {"l2tp_fail_on": "warning"}, [WARNING]),
        (IPV6, {"l2tp_fail_on": "warning", "l2tp_accept": ["other_l2tp_unprotected"]}, []),
        (WEAK_POLICY, {}, []),
        (WEAK_POLICY, {"l2tp_fail_on": "warning"}, [WEAKNESS]),
        (WEAK_POLICY, {"l2tp_fail_on": "warning", "l2tp_accept": ["weak_dh_group"]}, []),
        ({}, {**WEAK_KEY, "l2tp_fail_on": "warning"}, [OF_THE_KEY]),
        ({}, {**WEAK_KEY, "l2tp_fail_on": "warning", "l2tp_accept": ["weak_preshared_key"]}, []),
        ({}, {"l2tp_fail_on": "warning"}, []),
    ],
)
def test_what_fails(site: bool, given: dict[str, Any], variables: dict[str, Any], errors: list[str]) -> None:
    assert verified(site=site, given=given, **variables)["errors"] == errors


@pytest.mark.parametrize("site", [False, True])
def test_what_is_accepted_is_shown_as_that(site: bool) -> None:
    result = verified(site=site, given=OFF, l2tp_accept=["service_disabled"])
    said = [line for line in result["lines"] if line.startswith("Accepted")]
    assert said == [f"Accepted (service_disabled): {ERROR}"]
    (found, _note) = result["ansible_facts"]["l2tp_result"]["findings"]
    assert found["accepted"] is True
    (link,) = result["ansible_facts"]["l2tp_result"]["connections"]
    assert (link["agree"], link["accepted"]) == (False, True)


@pytest.mark.parametrize("site", [False, True])
@pytest.mark.parametrize(
    ("given", "variables", "said"),
    [(WEAK_POLICY, {}, [WEAKNESS]), ({}, WEAK_KEY, [OF_THE_KEY]), ({}, {}, [])],
    ids=["a weak policy", "a weak key", "neither"],
)
def test_what_weakens_a_connection_is_said_by_both_playbooks(
    site: bool, given: dict[str, Any], variables: dict[str, Any], said: list[str]
) -> None:
    result = verified(site=site, given=given, **variables)
    lines = [line for line in result["lines"] if not line.startswith(("tokyo-osaka: ", "The IPsec Policy Agent"))]
    assert lines == said
    fact = result["ansible_facts"]["l2tp_result"]
    found = [f"{each['problem']} {each['remedy']}" for each in fact["findings"] if each["severity"] == "warning"]
    assert found == said
    (link,) = fact["connections"]
    assert (link["agree"], link["proved"]) == (True, True), "both ends have what is declared, weak or not"


def test_what_no_setting_changes_is_said_once_by_verify_and_not_by_site() -> None:
    sound = proof(rules=[rule("tokyo-osaka")])
    found = hostvars([LINK], {TOKYO: sound, OSAKA: sound}, l2tp_fail_on="warning")
    notes = [each for lines in decide("show", found, TOKYO)[0]["msg"].values() for each in lines]
    assert len([each for each in notes if each.startswith("The IPsec Policy Agent of KB 240262 has neither AES")]) == 1
    assert not any("AES" in line for line in verified(site=True, given={})["lines"])


def test_a_difference_of_the_ends_is_accepted_by_its_name() -> None:
    differing = rule("tokyo-osaka", "differs", has=["state: not active"], declared=["state: active"])
    answers = {TOKYO: proof(rules=[differing]), OSAKA: proof(rules=[rule("tokyo-osaka")])}
    for accepted, errors in ((["rule_differs"], 0), (["rule_missing"], 1)):
        found = hostvars([LINK], answers, l2tp_accept=accepted)
        assert [len(decide("compare", found, name)[0]["errors"]) for name in (TOKYO, OSAKA)] == [errors, 0]


@pytest.mark.parametrize("name", sorted({*IDENTIFIERS} - {"clear_text_l2tp"}))
def test_no_other_name_accepts_clear_text(name: str) -> None:
    exposed = {"l2tp_covered": "none"}
    accepted = [each for each in IDENTIFIERS if each != "clear_text_l2tp"]
    assert any("is in clear text" in each for each in verified(given=exposed, l2tp_accept=[name])["errors"])
    assert any("is in clear text" in each for each in verified(given=exposed, l2tp_accept=accepted)["errors"])
    assert verified(given=exposed, l2tp_accept=["clear_text_l2tp"])["errors"] == []


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        (
            {"l2tp_accept": ["weak_encrytion"]},
            "l2tp_accept[0] is not the identifier of a finding; write one, such as weak_encryption.",
        ),
        (
            {"l2tp_accept": "restart_pending, clear_text"},
            "l2tp_accept[1] is not the identifier of a finding; write one, such as clear_text_l2tp.",
        ),
        (
            {"l2tp_accept": [{"all": True}]},
            "l2tp_accept[0] is not the identifier of a finding; write one, such as weak_encryption.",
        ),
        ({"l2tp_fail_on": "info"}, "l2tp_fail_on is not one of its choices; write error or warning."),
        (
            {"l2tp_report": ["report.html", "report.pdf"]},
            "l2tp_report[1] is not the name of a report; write one that ends in .html or .json.",
        ),
        (
            {"l2tp_report": ".html"},
            "l2tp_report[0] is not the name of a report; write one that ends in .html or .json.",
        ),
    ],
)
def test_what_is_wrong_is_said_before_a_host_is_touched(variables: dict[str, Any], said: str) -> None:
    assert problems(hostvars([LINK], {}), TOKYO, variables) == [said]


def test_the_right_words_are_accepted() -> None:
    variables = {"l2tp_accept": list(IDENTIFIERS), "l2tp_fail_on": "warning", "l2tp_report": "a.html,b/c.json"}
    assert problems(hostvars([LINK], {}), TOKYO, variables) == []


def test_the_identifiers_are_documented() -> None:
    readme = (ROOT / "roles" / "l2tp" / "README.md").read_text(encoding="utf-8")
    section = readme.partition("\n## Findings\n")[2].partition("\n## ")[0]
    rows = [line.split(" | ")[0] for line in section.splitlines() if line.startswith("| `")]
    documented = [name for row in rows for name in re.findall(r"`(\w+)`", row)]
    assert set(documented) == set(IDENTIFIERS), "the table Findings of roles/l2tp/README.md"
    assert len(documented) == len(IDENTIFIERS)
