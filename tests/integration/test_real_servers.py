# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What real servers have and plain ones do not keeps nobody from a green run, and what of it matters is said."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ansible_collections.rras.ipsec.tests.lab import HostSpec
from ansible_collections.rras.ipsec.tests.lab.engine import EngineName
from ansible_collections.rras.ipsec.tests.lab.windows.installation import HARDENED_RULE, Shape
from ansible_collections.rras.ipsec.tests.support.controller import REMOVE, VERIFY, Controller, Run
from ansible_collections.rras.ipsec.tests.support.labs import ENGINE, controller_for
from ansible_collections.rras.ipsec.tests.support.pair import assigned, connection

pytestmark = pytest.mark.xdist_group("real servers")
"""One worker runs them all, since they share the runs of the playbooks (with --dist=loadgroup)."""

NEAR, FAR, LEASE = "192.0.2.1", "198.51.100.7", "203.0.113.9"
PLAIN = "plain"
ALL_SHAPES = {
    PLAIN: Shape(),
    "no-local-key": Shape(local_key=False),
    "removed-adapter": Shape(removed_adapter=FAR),
    "static-beside-dhcp": Shape(lease=LEASE),
    "dynamic": Shape(lease=LEASE),
    "server-2025": Shape(accepts_l2tp=False),
    "hardened-rule": Shape(hardened_rule=True),
    "fips": Shape(fips=True),
}
FOR_THE_SCRIPT = (PLAIN, "hardened-rule", "fips")
"""Those that the script itself has to do with: a real PowerShell, of which each costs seconds, runs for these only."""
SHAPES = {name: shape for name, shape in ALL_SHAPES.items() if ENGINE is EngineName.TWIN or name in FOR_THE_SCRIPT}
SAID = {
    "dynamic": "The address 203.0.113.9 of dynamic comes from DHCP, but its filters apply to this address only. "
    "Give the RRAS interface of dynamic a static address.",
    "server-2025": "RRAS on server-2025 refuses incoming L2TP connections: no L2TP port accepts them, "
    "as on every new Windows Server 2025. Tick 'Demand-dial routing connections (inbound and outbound)' for the "
    "WAN Miniport (L2TP), in the properties of Ports in the console of RRAS.",
}
"""What is said of a server beyond what is said of a plain one."""


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Controller, dict[str, Run]]]:
    """Run site twice, verify, and remove, on one server of each shape; the far ends are not managed."""
    specs = [HostSpec(name, NEAR, shape=shape) for name, shape in SHAPES.items()]
    with controller_for(specs, tmp_path_factory.mktemp("controller")) as controller:
        for name in SHAPES:
            controller.host(f"far-of-{name}").update({"l2tp_address": FAR, "l2tp_managed": False})
            controller.host(name)["l2tp_connections"] = [connection("link", name, f"far-of-{name}")]
        controller.host("dynamic")["l2tp_address"] = LEASE
        controller.variables["l2tp_connections"] = []
        yield (
            controller,
            {
                "first": controller.site(),
                "second": controller.site(),
                "verify": controller.play(VERIFY),
                "remove": controller.play(REMOVE),
            },
        )


@pytest.mark.parametrize("name", SHAPES)
def test_a_server_is_configured_once_and_given_back(runs: tuple[Controller, dict[str, Run]], name: str) -> None:
    controller, ran = runs
    assert {each: run.failure(name) for each, run in ran.items()} == dict.fromkeys(ran, "")
    assert ran["first"].changed[name] > 0
    assert ran["second"].changed[name] == 0
    assert assigned(controller.lab[name]) is None


@pytest.mark.parametrize("name", SHAPES)
def test_only_what_matters_is_said(runs: tuple[Controller, dict[str, Run]], name: str) -> None:
    shown = runs[1]["verify"].output
    for shape, sentence in SAID.items():
        assert (sentence in shown) is (shape in SHAPES)
        assert sentence.replace(shape, name) not in shown or name == shape


def test_a_rule_that_may_not_be_read_stays(runs: tuple[Controller, dict[str, Run]]) -> None:
    assert runs[0].lab["hardened-rule"].registry.denied() == [HARDENED_RULE]
