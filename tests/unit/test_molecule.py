# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What molecule compares registries with the article by notices what is missing."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from ansible_collections.rras.ipsec.extensions.molecule.shared.check_store import Link, complaints
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.registry import Value
from ansible_collections.rras.ipsec.tests import ROOT
from ansible_collections.rras.ipsec.tests.lab.host import HostSpec
from ansible_collections.rras.ipsec.tests.lab.lab import Lab
from ansible_collections.rras.ipsec.tests.lab.playground.by_hand import assign, policy
from ansible_collections.rras.ipsec.tests.lab.playground.control import Control, registry
from ansible_collections.rras.ipsec.tests.support.controller import ANSIBLE_PLAYBOOK
from ansible_collections.rras.ipsec.tests.support.pair import KEY, RASMAN, TOKYO, TOKYO_ADDRESS, connection

PEER, PEER_ADDRESS = "rras-osaka", "192.0.2.2"


@pytest.fixture
def lab() -> Iterator[Lab]:
    """One server; its peer is somebody else's."""
    with Lab([HostSpec(TOKYO, TOKYO_ADDRESS)]) as lab:
        yield lab


@pytest.fixture
def configured(lab: Lab) -> Lab:
    """A server that somebody configured by the article."""
    host = lab[TOKYO]
    assign(host, policy("By hand", (TOKYO_ADDRESS, PEER_ADDRESS), KEY))
    host.registry.write(RASMAN, "ProhibitIpSec", Value.dword(1))
    return lab


def said(lab: Lab, *, key: str = KEY, restarts: int = 0, before: str = "") -> list[str]:
    with Control(lab) as control:
        expected = {"control": control.url, "restarts": restarts, "before": before}
        links = [Link.of(connection(key=key), {TOKYO: TOKYO_ADDRESS, PEER: PEER_ADDRESS})]
        return list(complaints(expected, [TOKYO], links))


def test_a_server_configured_as_in_the_article_passes(configured: Lab) -> None:
    assert said(configured) == []


def test_an_untouched_server_lacks_all_of_it(lab: Lab) -> None:
    assert said(lab) == [
        f"{TOKYO}: ProhibitIpSec is not 1",
        f"{TOKYO}: 21: no policy is assigned that can be read",
    ]


def test_another_key_is_noticed(configured: Lab) -> None:
    assert said(configured, key="another one") == [f"{TOKYO}: 10: the key of tokyo-osaka is another"]


def test_a_missing_rule_is_noticed(configured: Lab) -> None:
    assign(configured[TOKYO], policy("By hand", (TOKYO_ADDRESS, "192.0.2.9"), KEY))
    assert said(configured) == [f"{TOKYO}: 12-16: 0 rules have the one filter of tokyo-osaka"]


def test_restarts_are_counted(configured: Lab) -> None:
    assert said(configured, restarts=1) == [f"{TOKYO}: it was restarted 0 times, not 1"]


def test_what_is_left_of_a_removal_is_noticed(lab: Lab, tmp_path: Path) -> None:
    before = json.dumps(registry(lab[TOKYO]))
    (tmp_path / f"{TOKYO}.json").write_text(before, encoding="utf-8")
    assert said(lab, before=str(tmp_path)) == []

    lab[TOKYO].registry.write(RASMAN, "ProhibitIpSec", Value.dword(1))
    assert said(lab, before=str(tmp_path)) == [f"{TOKYO}: {RASMAN} is not as it was"]


NEEDS = (
    "The scenario windows_vms configures and restarts two Windows servers of your own, and needs these environment "
    "variables:"
)
GIVEN = {
    "RRAS_HOSTS": "win1,win2",
    "RRAS_ADDRESSES": "192.0.2.1,192.0.2.2",
    "RRAS_USER": "Administrator",
    "RRAS_PASSWORD": "of the account",
    "RRAS_PRESHARED_KEY": "of the pair",
}


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        (
            {},
            f"{NEEDS} {', '.join(GIVEN)}. docs/testing.md describes them.",
        ),
        (
            {name: value for name, value in GIVEN.items() if name != "RRAS_PASSWORD"},
            f"{NEEDS} RRAS_PASSWORD. docs/testing.md describes them.",
        ),
        (
            GIVEN | {"RRAS_ADDRESSES": "192.0.2.1"},
            "RRAS_ADDRESSES must name two servers; write two names or addresses with a comma between.",
        ),
        (GIVEN, ""),
    ],
    ids=["nothing", "no password", "one address", "everything"],
)
def test_the_scenario_asks_for_the_user_s_own_windows_servers(
    tmp_path: Path, given: dict[str, str], sentence: str
) -> None:
    """Before any server is reached; the other playbooks of the scenario come after this one."""
    scenario = ROOT / "extensions" / "molecule" / "windows_vms"
    environment = {name: value for name, value in os.environ.items() if not name.startswith("RRAS_")}
    environment |= given | {"ANSIBLE_HOME": str(tmp_path), "ANSIBLE_NOCOLOR": "1"}
    command = [ANSIBLE_PLAYBOOK, "--inventory", str(scenario / "inventory.yml"), str(scenario / "prepare.yml")]

    ran = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)

    assert ran.returncode == (2 if sentence else 0), ran.stdout + ran.stderr
    assert sentence in " ".join((ran.stdout + ran.stderr).split())
    assert "of the account" not in ran.stdout + ran.stderr
