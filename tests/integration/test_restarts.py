# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Restarts: only where they are needed, in an order, and what is known of those that others made."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping

import pytest

from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.registry import Value
from ansible_collections.rras.ipsec.tests.lab import Host, PoweredOff
from ansible_collections.rras.ipsec.tests.lab.host import LATE_FILTERS
from ansible_collections.rras.ipsec.tests.lab.windows.services import NEVER
from ansible_collections.rras.ipsec.tests.messages import Says
from ansible_collections.rras.ipsec.tests.support.controller import REMOVE, RESTART, Controller
from ansible_collections.rras.ipsec.tests.support.labs import MakeController
from ansible_collections.rras.ipsec.tests.support.pair import (
    KEY,
    NEW_KEY,
    OSAKA,
    PAIR,
    RASMAN,
    TOKYO,
    Memory,
    assigned,
    clear_records,
    connection,
    executions,
    keys_of,
    prohibit_ipsec,
    restarts,
)

pytestmark = pytest.mark.slow

NONE = {TOKYO: 0, OSAKA: 0}
EACH_ONCE = {TOKYO: 1, OSAKA: 1}
LEFT = "its policy is in force and ProhibitIpSec is 1, but Windows has not booted with it."
NEEDED = "{} still needs a restart: " + LEFT
UNKNOWN = (
    "Somebody else set ProhibitIpSec on {}, so whether it was there at boot is unknown. "
    "Restart {} to prove it, or set l2tp_reboot to if_unknown."
)


def test_with_reboot_never_it_is_said_who_needs_a_restart_until_it_is_done(pair: Controller) -> None:
    pair.variables["l2tp_reboot"] = "never"

    for run in (pair.site(), pair.site()):
        assert run.code == 0, run.explain()
        assert NEEDED.format(TOKYO) in run.said(TOKYO)
        assert NEEDED.format(OSAKA) in run.said(OSAKA)
    assert restarts(pair.lab) == NONE

    for host in pair.lab.values():
        host.restart()
    clear_records(pair.lab)
    pair.variables["l2tp_reboot"] = "if_needed"
    after = pair.site()

    assert after.code == 0, after.explain()
    assert after.changed == NONE
    assert restarts(pair.lab) == NONE
    assert executions(pair.lab) == EACH_ONCE
    assert not [line for line in after.said(TOKYO) if "restart" in line]


def test_a_value_that_somebody_set_by_hand_is_proved_by_one_restart_on_demand(pair: Controller) -> None:
    for host in pair.lab.values():
        host.registry.write(RASMAN, "ProhibitIpSec", Value.dword(1))

    unproved = pair.site()

    assert unproved.code == 0, unproved.explain()
    for name in (TOKYO, OSAKA):
        assert UNKNOWN.format(name, name) in unproved.said(name)
    assert restarts(pair.lab) == NONE

    pair.variables["l2tp_reboot"] = "if_unknown"
    proved = pair.site()
    again = pair.site()

    assert (proved.code, again.code) == (0, 0), proved.explain()
    assert again.changed == NONE
    assert restarts(pair.lab) == EACH_ONCE
    assert not [line for line in again.said(TOKYO) if "unknown" in line]


@pytest.mark.parametrize(
    ("size", "batches"), [(1, [[OSAKA], [TOKYO]]), (2, [[OSAKA, TOKYO]])], ids=["one at a time", "both at once"]
)
def test_restarts_come_in_batches_the_far_end_first(pair: Controller, size: int, batches: list[list[str]]) -> None:
    pair.variables["l2tp_reboot_serial"] = size

    run = pair.site("-v")

    assert run.code == 0, run.explain()
    assert restarts(pair.lab) == EACH_ONCE
    restarted = [
        sorted(result.host for result in run.results_of(task) if result.status == "changed")
        for task in run.tasks_named("Restart")
    ]
    assert restarted == batches


def test_a_host_that_does_not_come_back_stops_the_restarts(start: MakeController) -> None:
    for_ever = dataclasses.replace(PAIR[1], seconds_away=600.0)
    controller = start([PAIR[0], for_ever])
    controller.variables.update(l2tp_reboot_timeout=1)

    run = controller.site()

    assert run.failed == [OSAKA, TOKYO]
    assert run.failure(OSAKA) == (
        f"rras-osaka did not come back within 1 seconds after its restart; {LEFT} "
        "Check its console, then repeat the run."
    )
    assert run.failure(TOKYO) == (
        f"rras-osaka did not come back after the restart, so rras-tokyo is not restarted; {LEFT} "
        "Start rras-osaka, then repeat the run."
    )
    assert {name: _asked_to_restart(host) for name, host in controller.lab.items()} == {TOKYO: False, OSAKA: True}


@pytest.mark.slow
def test_a_host_that_really_goes_away_comes_back_with_its_policy(start: MakeController) -> None:
    away = dataclasses.replace(PAIR[0], seconds_away=1.0)
    controller = start([away])
    controller.host(OSAKA).update(l2tp_address="198.51.100.7", l2tp_managed=False)

    run = controller.site()

    assert run.code == 0, run.explain()
    assert restarts(controller.lab) == {TOKYO: 1}
    assert keys_of(assigned(controller.lab[TOKYO])) == [KEY]
    assert run.said(TOKYO)[0].startswith("tokyo-osaka: rras-tokyo has UDP")


KEPT = "rras-tokyo keeps the replaced policy beside the new one, because its peer rras-osaka"
LATE = {"PolicyAgent": 1, "IKEEXT": 3, "RemoteAccess": 2, LATE_FILTERS: 1}


@pytest.mark.exposed("PolicyAgent and RRAS run before PolicyAgent has loaded the policy")
def test_services_that_come_up_late_are_waited_for(start: MakeController) -> None:
    controller = start([dataclasses.replace(host, late=LATE) for host in PAIR])

    first = controller.site()
    second = controller.site()

    assert first.code == 0, first.explain()
    assert restarts(controller.lab) == EACH_ONCE
    assert first.said(TOKYO)[0].startswith("tokyo-osaka: rras-tokyo and rras-osaka agree on UDP")
    assert (second.code, second.changed) == (0, NONE), second.explain()


@pytest.mark.parametrize("late", [{}, {"PolicyAgent": 1}], ids=str)
def test_a_task_for_the_value_waits_for_them_too(
    start: MakeController, after_first_run: Mapping[str, Memory], late: Mapping[str, int]
) -> None:
    controller = start([dataclasses.replace(PAIR[0], late=late)])
    after_first_run[TOKYO].give(controller.lab[TOKYO])

    run = controller.play([{"hosts": "rras", "gather_facts": False, "tasks": [{"rras.ipsec.win_prohibit_ipsec": {}}]}])

    assert (run.code, run.changed) == (0, {TOKYO: 0}), run.explain()
    assert executions(controller.lab) == {TOKYO: 3 if late else 1}, "the service is up for the third reading"


def test_a_service_that_never_comes_up_is_named_with_the_time(start: MakeController, says: Says) -> None:
    controller = start([PAIR[0], dataclasses.replace(PAIR[1], late={"RemoteAccess": NEVER})])
    controller.variables["l2tp_settle_timeout"] = 1

    run = controller.site()

    assert run.failed == [OSAKA, TOKYO]
    assert run.failure(OSAKA) == (
        "The policy 'L2TP site to site' is in force, but after 1 seconds the service RemoteAccess is not running. "
        "Check the event log of this host, then repeat the run."
    )
    assert run.failure(TOKYO) == f"{KEPT} failed: {run.failure(OSAKA)}"
    says("a service does not come up after the restart", run.failure(OSAKA), run.code)


GONE = (
    "rras-osaka came back after its restart and became unreachable again (*); its policy is in force and "
    "ProhibitIpSec is 1, and what it replaced is kept. Check "
    "that no further restart is due there and that it stays up, then repeat the run."
)
GONE_WITHOUT_A_RESTART = (
    "rras-osaka became unreachable before it could be read again (*); its policy is in force and ProhibitIpSec is 1, "
    "and what it replaced is kept. Check that no further restart "
    "is due there and that it stays up, then repeat the run."
)
GONE_BEFORE_THE_REMOVAL = (
    "rras-osaka came back after its restart and became unreachable again (*); Windows runs without ProhibitIpSec "
    "there, and its policy stays in force. Check that no "
    "further restart is due there and that it stays up, then repeat the removal."
)


@pytest.mark.parametrize("restarts_again", [False, True], ids=["goes away", "restarts a second time"])
def test_a_host_that_comes_back_and_goes_again_ends_in_a_sentence(
    pair: Controller, says: Says, restarts_again: bool
) -> None:
    _goes_again_after_its_restart(pair.lab[OSAKA], again=restarts_again)

    run = pair.site()

    assert run.failed == [OSAKA, TOKYO]
    says("a host goes away again after its restart", GONE, run.code, said=run.failure(OSAKA))
    assert run.failure(TOKYO).startswith(f"{KEPT} came back after its restart and became unreachable again (")
    for name, host in pair.lab.items():
        assert keys_of(assigned(host)) == [KEY], name
        assert prohibit_ipsec(host) == 1

    pair.lab[OSAKA].power_on()
    healed = pair.site()
    assert healed.code == 0, healed.explain()


def test_a_host_that_goes_away_by_itself_ends_in_a_sentence_too(pair: Controller, says: Says) -> None:
    pair.variables["l2tp_reboot"] = "never"
    host = pair.lab[OSAKA]
    _goes_away_once(host, lambda: prohibit_ipsec(host) == 1)

    run = pair.site()

    says("a host goes away after it was changed", GONE_WITHOUT_A_RESTART, run.code, said=run.failure(OSAKA))
    assert keys_of(assigned(host)) == [KEY]


@pytest.mark.usefixtures("first_run_done")
def test_a_host_that_goes_again_keeps_its_policy_in_a_removal(pair: Controller, says: Says) -> None:
    clear_records(pair.lab)
    _goes_again_after_its_restart(pair.lab[OSAKA])

    run = pair.play(REMOVE)

    says(
        "a host goes away again after its restart, in a removal",
        GONE_BEFORE_THE_REMOVAL,
        run.code,
        said=run.failure(OSAKA),
    )
    assert prohibit_ipsec(pair.lab[OSAKA]) is None
    assert keys_of(assigned(pair.lab[OSAKA])) == [KEY]

    pair.lab[OSAKA].power_on()
    healed = pair.play(REMOVE)
    assert healed.code == 0, healed.explain()
    assert assigned(pair.lab[OSAKA]) is None


def _goes_again_after_its_restart(host: Host, *, again: bool = False) -> None:
    """Let a host go away when it is read for the first time after its restart, for ever or for a moment."""
    _goes_away_once(host, lambda: host.recorder.restarts > 0, again=again)


def _goes_away_once(host: Host, due: Callable[[], bool], *, again: bool = False) -> None:
    """Let a host go away at the first script before which something is so."""

    def go() -> None:
        if due():
            host.impairments.before_script = None
            if again:
                host.restart(away=0.5)
            raise PoweredOff

    host.impairments.before_script = go


def _asked_to_restart(host: Host) -> bool:
    return any("shutdown.exe /r" in line for line in host.recorder.command_lines)


def test_a_maintenance_window(pair: Controller) -> None:
    pair.variables["l2tp_reboot"] = "never"
    first = pair.site()
    assert first.code == 0, first.explain()
    assert restarts(pair.lab) == {TOKYO: 0, OSAKA: 0}

    window = pair.play(RESTART)

    assert window.code == 0, window.explain()
    assert restarts(pair.lab) == {TOKYO: 1, OSAKA: 1}
    assert window.said(TOKYO)[0].startswith("tokyo-osaka: rras-tokyo and rras-osaka agree on UDP")
    again = pair.play(RESTART)
    assert (again.code, again.changed) == (0, {TOKYO: 0, OSAKA: 0}), again.explain()
    assert restarts(pair.lab) == {TOKYO: 1, OSAKA: 1}


def test_no_server_restarts_without_what_is_declared(pair: Controller, says: Says) -> None:
    pair.variables["l2tp_reboot"] = "never"
    assert pair.site().code == 0
    pair.variables["l2tp_connections"] = [connection(key=NEW_KEY)]

    refused = pair.play(RESTART)

    assert refused.failed == [OSAKA, TOKYO]
    says("restart, and a server is not as declared", refused.failure(TOKYO), refused.code)
    assert restarts(pair.lab) == {TOKYO: 0, OSAKA: 0}


@pytest.mark.usefixtures("first_run_done")
def test_a_maintenance_window_for_a_removal(pair: Controller, says: Says) -> None:
    pair.variables["l2tp_reboot"] = "never"
    clear_records(pair.lab)
    assert pair.play(REMOVE).code == 0
    assert restarts(pair.lab) == {TOKYO: 0, OSAKA: 0}

    window = pair.play(RESTART)

    assert window.code == 0, window.explain()
    assert restarts(pair.lab) == {TOKYO: 1, OSAKA: 1}
    says("restart, after a removal that left it for later", window.said(TOKYO)[-1], window.code)
    assert [keys_of(assigned(host)) for host in pair.lab.values()] == [[KEY], [KEY]]
    again = pair.play(RESTART)
    assert restarts(pair.lab) == {TOKYO: 1, OSAKA: 1}, "once"
    assert again.changed == {TOKYO: 0, OSAKA: 0}
    done = pair.play(REMOVE)
    assert done.code == 0, done.explain()
    assert [assigned(host) for host in pair.lab.values()] == [None, None]
    assert restarts(pair.lab) == {TOKYO: 1, OSAKA: 1}
