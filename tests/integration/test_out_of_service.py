# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What nobody declares any more is found and said, and goes in the order that leaves nothing in clear text."""

from __future__ import annotations

import re
from collections.abc import Mapping

import pytest

from ansible_collections.rras.ipsec.tests import ROOT
from ansible_collections.rras.ipsec.tests.lab import HostSpec
from ansible_collections.rras.ipsec.tests.lab.windows.registry import differences
from ansible_collections.rras.ipsec.tests.messages import Says
from ansible_collections.rras.ipsec.tests.support.alone import POLICY as POLICY_MODULE
from ansible_collections.rras.ipsec.tests.support.alone import VALUE, declared, perform, rule
from ansible_collections.rras.ipsec.tests.support.controller import REMOVE, SITE, VERIFY, Controller
from ansible_collections.rras.ipsec.tests.support.foreign import ASSIGNED_NAME, ASSIGNED_PATH, foreign_policies
from ansible_collections.rras.ipsec.tests.support.labs import MakeController
from ansible_collections.rras.ipsec.tests.support.pair import (
    KEY,
    NEW_KEY,
    OSAKA,
    POLICY,
    TOKYO,
    assigned,
    changes,
    clear_records,
    connection,
    keys_of,
    policies,
    prohibit_ipsec,
    restarts,
    snapshots,
    without_backup,
)

KYOTO = "rras-kyoto"
HUB = (HostSpec(TOKYO, "192.0.2.1"), HostSpec(OSAKA, "192.0.2.2"), HostSpec(KYOTO, "192.0.2.3"))
OTHERS = {
    "name": "all other L2TP",
    "filters": [
        {"source_address": "me", "destination_address": "any"},
        {"source_address": "me", "source_port": 0, "destination_address": "any", "destination_port": 1701},
    ],
    "filter_action": {"action": "block"},
}
_COMMAND = re.compile(r"^\d\. .*?`(rras\.ipsec\.\w+)(?: -e (\S+))?`", re.MULTILINE)


def documented() -> list[tuple[str, ...]]:
    """The playbooks that the role's README runs to take a server out of service, with their arguments."""
    text = (ROOT / "roles" / "l2tp" / "README.md").read_text(encoding="utf-8")
    section = text.partition("## Taking a server out of service")[2].partition("\n## ")[0]
    return [(name, *(["-e", given] if given else [])) for name, given in _COMMAND.findall(section)]


def test_a_spoke_leaves_a_hub_as_the_readme_says(start: MakeController, says: Says) -> None:
    controller = start(HUB)
    before = snapshots(controller.lab)
    controller.variables["l2tp_connections"] = [
        connection(),
        connection("tokyo-kyoto", TOKYO, KYOTO, key=NEW_KEY),
    ]
    first = controller.site()
    assert first.code == 0, first.explain()
    clear_records(controller.lab)
    controller.variables["l2tp_connections"] = [connection()]
    (site, *nothing), (remove, *only_kyoto) = documented()
    assert (site, nothing, remove, only_kyoto) == (SITE, [], REMOVE, ["-e", f"l2tp_hosts={KYOTO}"])

    forgotten = controller.play(site)

    assert forgotten.code == 0, forgotten.explain()
    assert keys_of(assigned(controller.lab[TOKYO])) == [KEY]
    assert forgotten.changed[OSAKA] == forgotten.changed[KYOTO] == 0
    (left,) = forgotten.said(KYOTO)
    says("site, and a spoke has no connection any more", left, forgotten.code)

    predicted = controller.play(remove, *only_kyoto, "--check")

    says("remove --check, restart and deletion", " ".join(predicted.said(KYOTO)), predicted.code)
    assert restarts(controller.lab) == {TOKYO: 0, OSAKA: 0, KYOTO: 0}

    gone = controller.play(remove, *only_kyoto)

    assert gone.code == 0, gone.explain()
    assert predicted.changed == gone.changed
    assert restarts(controller.lab) == {TOKYO: 0, OSAKA: 0, KYOTO: 1}
    assert differences(before[KYOTO], without_backup(controller.lab[KYOTO].registry.snapshot())) == []
    assert {name: host.exposures for name, host in controller.lab.items()} == {TOKYO: [], OSAKA: [], KYOTO: []}

    again = controller.site()
    assert (again.code, again.changed, again.said(KYOTO)) == (0, {TOKYO: 0, OSAKA: 0, KYOTO: 0}, []), again.explain()
    nothing_left = controller.play(remove, *only_kyoto, "--check")
    says("remove --check, nothing to do", " ".join(nothing_left.said(KYOTO)), nothing_left.code)
    assert nothing_left.changed[KYOTO] == 0


REMOVING = ("-e", "l2tp_remove_leftovers=true")


def test_site_takes_a_spoke_out_of_service_where_that_is_wanted(start: MakeController, says: Says) -> None:
    controller = start(HUB)
    before = snapshots(controller.lab)
    both = [connection(), connection("tokyo-kyoto", TOKYO, KYOTO, key=NEW_KEY)]
    controller.variables["l2tp_connections"] = both
    first = controller.site(*REMOVING)
    assert first.code == 0, first.explain()
    assert assigned(controller.lab[KYOTO]), "nothing is left over, so nothing is removed"
    clear_records(controller.lab)
    controller.variables["l2tp_connections"] = [connection(), connection("tokyo-kyoto", TOKYO, "rras-kioto")]

    misspelt = controller.site(*REMOVING)

    assert misspelt.code != 0, misspelt.explain()
    assert assigned(controller.lab[KYOTO]), "a misspelt name removes nothing"
    assert restarts(controller.lab)[KYOTO] == 0
    controller.variables["l2tp_connections"] = [connection()]

    predicted = controller.site("--check", *REMOVING)

    says("site --check with l2tp_remove_leftovers", " ".join(predicted.said(KYOTO)), predicted.code)
    assert assigned(controller.lab[KYOTO])

    gone = controller.site(*REMOVING)

    assert gone.code == 0, gone.explain()
    assert restarts(controller.lab) == {TOKYO: 0, OSAKA: 0, KYOTO: 1}
    assert differences(before[KYOTO], without_backup(controller.lab[KYOTO].registry.snapshot())) == []
    assert keys_of(assigned(controller.lab[TOKYO])) == [KEY]
    assert {name: host.exposures for name, host in controller.lab.items()} == {TOKYO: [], OSAKA: [], KYOTO: []}

    again = controller.site(*REMOVING)
    assert (again.code, again.changed) == (0, {TOKYO: 0, OSAKA: 0, KYOTO: 0}), again.explain()
    assert again.recap[KYOTO]["ok"] == 3, "it is read, and that is all"


@pytest.mark.usefixtures("first_run_done")
@pytest.mark.parametrize("at_once", [True, False], ids=["with the new name", "afterwards"])
def test_site_deletes_a_policy_of_another_name_where_that_is_wanted(
    pair: Controller, says: Says, at_once: bool
) -> None:
    pair.variables.update(l2tp_policy_name="Another name", l2tp_replace_assigned=True)
    renamed = pair.site(*(REMOVING if at_once else ()))
    assert renamed.code == 0, renamed.explain()
    there = [found.name for found in policies(pair.lab[TOKYO])]
    assert there == (["Another name"] if at_once else ["Another name", POLICY])
    if not at_once:
        predicted = pair.site("--check", *REMOVING)
        says("site --check with l2tp_remove_leftovers, another name", " ".join(predicted.said(OSAKA)), predicted.code)
        assert predicted.changed == {TOKYO: 0, OSAKA: 0}
        deleted = pair.site(*REMOVING)
        assert (deleted.code, deleted.changed) == (0, {TOKYO: 1, OSAKA: 1}), deleted.explain()
        assert not any(POLICY in line for name in (TOKYO, OSAKA) for line in deleted.said(name))
    again = pair.site(*REMOVING)
    assert (again.code, again.changed) == (0, {TOKYO: 0, OSAKA: 0}), again.explain()
    for host in pair.lab.values():
        assert [found.name for found in policies(host)] == ["Another name"]
        assert prohibit_ipsec(host) == 1
        assert host.exposures == []


@pytest.mark.usefixtures("first_run_done")
def test_a_removal_takes_what_has_another_name(pair: Controller, says: Says) -> None:
    clear_records(pair.lab)
    pair.variables["l2tp_policy_name"] = "Another name"

    refused = pair.site()
    says("site, and our policy of another name is assigned", refused.failure(TOKYO), refused.code)

    replaced = pair.site("-e", "l2tp_replace_assigned=true")
    assert replaced.code == 0, replaced.explain()
    said = [line for line in replaced.said(TOKYO) if POLICY in line]
    says("site, and our policy of another name is left", " ".join(said), replaced.code)
    assert [found.name for found in policies(pair.lab[TOKYO])] == ["Another name", POLICY]

    verified = pair.play(VERIFY)
    assert verified.code == 0, verified.explain()
    assert said[0] in verified.said(TOKYO)

    predicted = pair.play(REMOVE, "--check")
    removed = pair.play(REMOVE)

    says("remove --check, policies of two names", " ".join(predicted.said(OSAKA)), predicted.code)
    assert removed.code == 0, removed.explain()
    assert predicted.changed == removed.changed
    for host in pair.lab.values():
        assert policies(host) == []
        assert prohibit_ipsec(host) is None
        assert host.recorder.restarts == 1
        assert host.exposures == []


@pytest.mark.usefixtures("first_run_done")
def test_a_removal_that_may_not_restart_says_what_stays(pair: Controller, says: Says) -> None:
    before = snapshots(pair.lab)

    predicted = pair.play(REMOVE, "--check", "-e", "l2tp_reboot=never")

    says("remove --check, l2tp_reboot is never", predicted.said(TOKYO)[-1], predicted.code)
    assert changes(before, pair.lab) == {}


def test_the_two_modules_alone_predict_their_removal(start: MakeController, says: Says) -> None:
    controller = start([HUB[0]])
    controller.variables["key"] = KEY
    host = controller.lab[TOKYO]
    host.registry.load(foreign_policies(ASSIGNED_PATH))
    made = perform(controller, declared(rules=[rule(), OTHERS], replace_assigned=True), {VALUE: {"policy": "By hand"}})
    assert made.changed == {TOKYO: 2}, made.explain()
    host.restart()
    before = snapshots(controller.lab)
    absent: Mapping[str, object] = {"name": "By hand", "state": "absent"}
    value = {VALUE: {"state": "absent"}, "register": "value"}

    predicting = {POLICY_MODULE: {**absent, "predicted": "{{ value.reboot_required }}"}}
    predicted = perform(controller, value, predicting, {POLICY_MODULE: absent}, more=("--check", "--diff"))

    assert changes(before, controller.lab) == {}
    assert predicted.changed == {TOKYO: 2}, predicted.explain()
    says("the module alone, in check mode without predicted", predicted.failed_ones(TOKYO)[0], predicted.code)
    assert f"+policy {ASSIGNED_NAME}: assigned\n" in predicted.output

    refused = perform(controller, value, {POLICY_MODULE: {**absent, "predicted": True}})
    assert "Windows still runs with the ProhibitIpSec that was removed" in refused.failed_ones(TOKYO)[0]
    host.restart()
    removed = perform(controller, value, {POLICY_MODULE: absent})
    assert removed.changed == {TOKYO: 1}, removed.explain()
    assert [found.name for found in policies(host) if found == assigned(host)] == [ASSIGNED_NAME]
