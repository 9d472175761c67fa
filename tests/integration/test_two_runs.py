# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two administrators run the playbook at once against the same pair; the hosts make them wait for each other."""

from __future__ import annotations

import contextlib
import copy
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from ansible_collections.rras.ipsec.plugins.plugin_utils._policy import model
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.store import Store
from ansible_collections.rras.ipsec.tests.lab import Host
from ansible_collections.rras.ipsec.tests.support.controller import LONGEST_RUN, Controller, Run
from ansible_collections.rras.ipsec.tests.support.pair import (
    KEY,
    NEW_KEY,
    OSAKA,
    OURS,
    POLICY,
    TOKYO,
    assigned,
    connection,
    keys_of,
    prohibit_ipsec,
)

pytestmark = pytest.mark.slow

STAGING, COMMITTING = 3, 4
"""Which script of a run does it, on each host: the first plans, the second reads before the staging."""
CONFLICT = (
    "Another run staged or finished a policy on this host; "
    "wait until it has ended, then repeat the run. Nothing was changed."
)


class Meeting:
    """Counts the scripts of all runs on a host, lets each wait as it is to, and looks at the host before it."""

    def __init__(self, host: Host, wait: Callable[[int], None]) -> None:
        self._host = host
        self._wait = wait
        self._lock = threading.Lock()
        self._scripts = 0
        self.mixed: list[str] = []
        """What was in force and was none of the declarations."""
        host.impairments.before_script = self._meet

    def _meet(self) -> None:
        with self._lock:
            self._scripts += 1
            number = self._scripts
        self._wait(number)
        with self._host.lock:
            found = assigned(self._host)
        if found and not (found.name == POLICY and not found.unreadable and keys_of(found) in ([KEY], [NEW_KEY])):
            self.mixed.append(found.name)


@pytest.fixture
def colleague(pair: Controller) -> Controller:
    """Another machine with Ansible, and the same inventory; restarts are nobody's concern here."""
    pair.variables["l2tp_reboot"] = "never"
    folder = pair.folder / "colleague"
    folder.mkdir()
    return Controller(folder, pair.lab, copy.deepcopy(pair.inventory))


@pytest.mark.parametrize("key", [KEY, NEW_KEY], ids=["the same key", "another key"])
def test_the_last_to_stage_wins_and_the_other_ends_in_a_conflict(
    pair: Controller, colleague: Controller, key: str
) -> None:
    colleague.variables["l2tp_connections"] = [connection(key=key)]

    with held_up(pair, COMMITTING, OSAKA) as (slow, meetings):  # the far end, which commits first
        fast = colleague.site()
    slow_run = slow()

    assert fast.code == 0, fast.explain()
    assert slow_run.failed == [OSAKA, TOKYO]
    assert slow_run.failure(OSAKA) == f"rras-osaka failed: {CONFLICT}", "the far end, which commits first"
    assert slow_run.failure(TOKYO) == f"rras-tokyo stopped: its peer rras-osaka failed: {CONFLICT}"
    assert [each.mixed for each in meetings] == [[], []]
    both_have(pair, key)
    assert colleague.site().changed == {TOKYO: 0, OSAKA: 0}


def test_a_run_planned_before_another_one_stages_what_is_right_after_it(
    pair: Controller, colleague: Controller
) -> None:
    colleague.variables["l2tp_connections"] = [connection(key=NEW_KEY)]

    with held_up(pair, STAGING, TOKYO, OSAKA) as (slow, meetings):
        fast = colleague.site()
    slow_run = slow()

    assert (fast.code, slow_run.code) == (0, 0), slow_run.explain()
    assert [each.mixed for each in meetings] == [[], []]
    both_have(pair, KEY)


def test_two_that_start_together_never_mix_and_a_repeat_settles_it(pair: Controller, colleague: Controller) -> None:
    """Who wins is left to chance; both run freely after they have planned the same."""
    colleague.variables["l2tp_connections"] = [connection(key=NEW_KEY)]
    meetings = [Meeting(host, both_at_the_first_script()) for host in pair.lab.values()]

    with ThreadPoolExecutor(2) as pool:
        runs = [started.result(LONGEST_RUN) for started in [pool.submit(each.site) for each in (pair, colleague)]]

    assert all(run.code == 0 or all(run.failure(name) for name in run.failed) for run in runs)
    assert [each.mixed for each in meetings] == [[], []]
    assert all(is_sound(host) for host in pair.lab.values())

    settled = pair.site()

    assert settled.code == 0, settled.explain()
    both_have(pair, KEY)


@contextlib.contextmanager
def held_up(controller: Controller, script: int, *names: str) -> Iterator[tuple[Callable[[], Run], list[Meeting]]]:
    """Run the playbook until these hosts are about to carry its n-th script out; go on with it at the end."""
    go_on = threading.Event()
    arrived = threading.Barrier(1 + len(names))

    def wait(number: int) -> None:
        if number == script:
            arrived.wait(LONGEST_RUN)
            go_on.wait(LONGEST_RUN)

    meetings = [Meeting(host, wait if name in names else lambda _number: None) for name, host in controller.lab.items()]
    with ThreadPoolExecutor(1) as pool:
        started = pool.submit(controller.site)
        arrived.wait(LONGEST_RUN)
        try:
            yield lambda: started.result(LONGEST_RUN), meetings
        finally:
            go_on.set()


def both_at_the_first_script() -> Callable[[int], None]:
    """Let the first script of either of two runs wait for that of the other."""
    together = threading.Barrier(2)

    def wait(number: int) -> None:
        if number <= together.parties:
            together.wait(LONGEST_RUN)

    return wait


def both_have(controller: Controller, key: str) -> None:
    policies = []
    for host in controller.lab.values():
        (only,) = Store.read(host.store).policies
        assert only == assigned(host)
        assert keys_of(only) == [key]
        assert prohibit_ipsec(host) == 1
        assert OURS + r"\Transaction" not in host.registry.snapshot()
        policies.append(model.meaning(only.policy))
    assert policies[0] == policies[1]


def is_sound(host: Host) -> bool:
    """Whether nothing is assigned, or one whole declaration, with which alone ProhibitIpSec may be set."""
    found = assigned(host)
    if found is None:
        return prohibit_ipsec(host) is None
    return not found.unreadable and keys_of(found) in ([KEY], [NEW_KEY])
