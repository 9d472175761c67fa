# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbook verify says whether both ends agree, names what is wrong, and changes nothing; site puts it right."""

from __future__ import annotations

import dataclasses

import pytest

from ansible_collections.rras.ipsec.plugins.plugin_utils._policy import codec, model
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.registry import Value
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.store import LOCAL
from ansible_collections.rras.ipsec.tests.lab import Host, HostSpec
from ansible_collections.rras.ipsec.tests.support.controller import VERIFY
from ansible_collections.rras.ipsec.tests.support.labs import MakeController
from ansible_collections.rras.ipsec.tests.support.pair import (
    NEW_KEY,
    OSAKA,
    PAIR,
    RASMAN,
    TOKYO,
    assigned,
    changes,
    clear_records,
    connection,
    executions,
    snapshots,
)

pytestmark = pytest.mark.slow

NAGOYA, SENDAI = "rras-nagoya", "rras-sendai"
NOT_ASSIGNED = "On {}, no policy is assigned; 'L2TP site to site' {}."


@pytest.mark.core
def test_verify_names_what_is_wrong_and_changes_nothing_and_site_puts_it_right(start: MakeController) -> None:
    controller = start([*PAIR, HostSpec(NAGOYA, "192.0.2.3"), HostSpec(SENDAI, "192.0.2.4")])
    controller.variables["l2tp_connections"].append(connection("nagoya-sendai", NAGOYA, SENDAI))
    lab = controller.lab
    names = sorted(lab)

    untouched = snapshots(lab)
    too_early = controller.play(VERIFY)
    assert too_early.failed == names, too_early.explain()
    assert NOT_ASSIGNED.format(TOKYO, "is not in the store") in too_early.failure(TOKYO)
    assert changes(untouched, lab) == {}

    assert controller.site().code == 0
    lab[TOKYO].registry.erase(RASMAN, "ProhibitIpSec")
    _give_another_key(lab[OSAKA])
    for service in ("RemoteAccess", "PolicyAgent"):
        lab[NAGOYA].services.stop(service)
    lab[SENDAI].registry.erase(LOCAL, "ActivePolicy")
    damaged = snapshots(lab)

    verified = controller.play(VERIFY)

    assert verified.failed == names, verified.explain()
    wrong = {
        TOKYO: "ProhibitIpSec was removed on rras-tokyo, and as far as is known Windows still runs with it: ",
        OSAKA: (
            "The rule 'tokyo-osaka' on rras-osaka has a preshared "
            "key other than the declared one, which rras-tokyo has."
        ),
        NAGOYA: "On rras-nagoya, the service PolicyAgent is not running.",
        SENDAI: NOT_ASSIGNED.format(SENDAI, "is in the store"),
    }
    assert {name: sentence in verified.failure(name) for name, sentence in wrong.items()} == dict.fromkeys(wrong, True)
    assert NEW_KEY not in verified.output
    assert changes(damaged, lab) == {}

    lab[NAGOYA].services.start("PolicyAgent")
    lab[NAGOYA].services.start("RemoteAccess")  # whoever stopped it starts it; site does not
    repaired = controller.site()
    assert repaired.code == 0, repaired.explain()
    before = snapshots(lab)
    clear_records(lab)

    agreed = controller.play(VERIFY)

    assert agreed.code == 0, agreed.explain()
    assert agreed.changed == dict.fromkeys(names, 0)
    assert executions(lab) == dict.fromkeys(names, 1)
    assert changes(before, lab) == {}


def _give_another_key(host: Host) -> None:
    """Do what a person does in the console: write another key into the rule of the connection."""
    found = assigned(host)
    assert found is not None
    path, rule = next(
        (path, rule)
        for path, rule in zip(found.rule_paths, found.policy.rules, strict=True)
        if rule.name == "tokyo-osaka"
    )
    other = dataclasses.replace(rule, authentication=(model.AuthenticationMethod.preshared_key(NEW_KEY),))
    host.registry.write(path, "ipsecData", Value.binary(codec.encode_rule(other)))
