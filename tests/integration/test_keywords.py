# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whatever keywords the including play has, and whenever a peer fails: a new key is on both ends or on none.

Only when the answer to a commit got lost may it be on one: then nobody goes back, and the run says what each end has.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest

from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.store import Store
from ansible_collections.rras.ipsec.tests.lab import Host, HostSpec, PoweredOff, RecordRefusedError
from ansible_collections.rras.ipsec.tests.support.controller import Controller, Run
from ansible_collections.rras.ipsec.tests.support.labs import MakeController
from ansible_collections.rras.ipsec.tests.support.pair import (
    KEY,
    NEW_KEY,
    OSAKA,
    PAIR,
    TOKYO,
    Memory,
    assigned,
    connection,
    keys_of,
)

ROLE = "rras.ipsec.l2tp"
INCLUDE = {"ansible.builtin.include_role": {"name": ROLE}}
IGNORING = {"ignore_errors": True, "ignore_unreachable": True}

KEYWORDS: dict[str, dict[str, Any]] = {
    "errors": {"ignore_errors": True, "roles": [ROLE]},
    "both": {**IGNORING, "roles": [ROLE]},
    "lenient": {"any_errors_fatal": False, "max_fail_percentage": 100, "roles": [ROLE]},
    "role": {"roles": [{"role": ROLE, **IGNORING}]},
    "block": {"tasks": [{"block": [INCLUDE], **IGNORING}]},
    "apply": {"tasks": [{"ansible.builtin.include_role": {"name": ROLE, "apply": IGNORING}, "ignore_errors": True}]},
    "rescue": {"tasks": [{"block": [INCLUDE], "rescue": [{"ansible.builtin.debug": {"msg": "rescued"}}]}]},
}
"""What the including play may look like, by a word for it."""
STRICT: dict[str, dict[str, Any]] = {
    "any_errors_fatal": {"any_errors_fatal": True, "roles": [ROLE]},
    "max_fail_percentage": {"max_fail_percentage": 10, "roles": [ROLE]},
}


@dataclasses.dataclass(frozen=True, slots=True)
class PairTrouble:
    """What befalls one end of a pair, and which key the ends have afterwards."""

    befall: Callable[[Host], None]
    sound_end: str
    troubled_end: str
    said: str
    """In which words the run tells the sound end."""


def _goes_away(host: Host) -> None:
    host.power_off()


def _dies_at_script(number: int) -> Callable[[Host], None]:
    """Of a changed key: the plan, two for the stage, the commit, the proof."""

    def befall(host: Host) -> None:
        scripts = iter(range(1, 100))

        def count() -> None:
            if next(scripts) == number:
                host.impairments.before_script = None
                raise PoweredOff

        host.impairments.before_script = count

    return befall


def _refuses_to_assign(host: Host) -> None:
    def refuse(_number: int, record: str) -> None:
        if record.startswith("AssignPolicy"):
            host.impairments.before_record = None
            raise RecordRefusedError("The disk is full.")

    host.impairments.before_record = refuse


TROUBLES = {
    "away": PairTrouble(_goes_away, KEY, KEY, "is unreachable"),
    "plan-stage": PairTrouble(_dies_at_script(2), KEY, KEY, "is unreachable"),
    "commit": PairTrouble(_refuses_to_assign, KEY, KEY, "The disk is full."),
    "stage-commit": PairTrouble(
        _dies_at_script(4), NEW_KEY, KEY, "did not answer the commit, so whether it has the new policy is unknown"
    ),
    "commit-proof": PairTrouble(_dies_at_script(5), NEW_KEY, NEW_KEY, "keeps the replaced policy beside the new"),
}
"""By when it happens; the last two die after their stage and after their commit."""
SOUND = "sound"

MakeTroubledField = Callable[[Sequence[str], Sequence[str]], Controller]


@pytest.fixture
def order() -> list[str]:
    """Return the names of the hosts of the sound pairs, in the order in which they commit."""
    return []


@pytest.fixture
def make_field(start: MakeController, after_first_run: Mapping[str, Memory], order: list[str]) -> MakeTroubledField:
    """Make a pair with the old key for each play and each trouble, and declare the new key for all."""

    def make(plays: Sequence[str], troubles: Sequence[str]) -> Controller:
        names = [f"{play}-{trouble}" for play in plays for trouble in (SOUND, *troubles)]
        ends = {"near": TOKYO, "far": OSAKA}
        addresses = {spec.name: spec.address for spec in PAIR}
        specs = [HostSpec(f"{name}-{end}", addresses[ends[end]]) for name in names for end in ends]
        controller = start(specs)
        for host in controller.lab.values():
            after_first_run[ends[host.name.rpartition("-")[2]]].give(host)
        controller.variables["l2tp_connections"] = [
            connection(name, f"{name}-near", f"{name}-far", key=NEW_KEY) for name in names
        ]
        for name in names:
            trouble = name.partition("-")[2]
            if trouble != SOUND:
                TROUBLES[trouble].befall(controller.lab[_ends(name)[1]])
        for host in controller.lab.values():
            if f"-{SOUND}-" in host.name:
                host.impairments.before_record = _remember(host.name, order)
        return controller

    return make


def _remember(name: str, order: list[str]) -> Callable[[int, str], None]:
    def remember(_number: int, record: str) -> None:
        if record.startswith("AssignPolicy"):
            order.append(name)

    return remember


def _ends(pair: str) -> tuple[str, str]:
    """The sound and the troubled end; that is the far one where the number of letters is even."""
    ends = [f"{pair}-near", f"{pair}-far"]
    return tuple(ends if len(pair) % 2 == 0 else reversed(ends))  # type: ignore[return-value]


def _play(name: str, keywords: Mapping[str, Any]) -> dict[str, Any]:
    return {"name": name, "hosts": f"{name}-*", "gather_facts": False, **keywords}


def _keys(controller: Controller, pair: str) -> list[list[str]]:
    return [keys_of(assigned(controller.lab[end])) for end in _ends(pair)]


def _check(controller: Controller, run: Run, pair: str) -> None:
    """Check that both ends have what they must have after their trouble."""
    trouble = TROUBLES[pair.partition("-")[2]]
    sound, _ = _ends(pair)
    assert _keys(controller, pair) == [[trouble.sound_end], [trouble.troubled_end]], (pair, run.explain())
    assert trouble.said in run.failure(sound), (pair, run.failure(sound))
    kept = 2 if trouble.sound_end == NEW_KEY else 1
    assert len(Store.read(controller.lab[sound].store).policies) == kept, pair


@pytest.mark.parametrize(
    "plays",
    [
        pytest.param(["both"], id="ignored"),
        pytest.param([name for name in KEYWORDS if name != "both"], id="all others", marks=pytest.mark.slow),
    ],
)
def test_both_ends_have_the_new_key_or_none_has(
    make_field: MakeTroubledField, order: list[str], plays: Sequence[str]
) -> None:
    controller = make_field(plays, list(TROUBLES))

    run = controller.play([_play(name, KEYWORDS[name]) for name in plays])

    for name in plays:
        assert _keys(controller, f"{name}-{SOUND}") == [[NEW_KEY], [NEW_KEY]], run.explain()
        for trouble in TROUBLES:
            _check(controller, run, f"{name}-{trouble}")
    far_first = [f"{name}-{SOUND}-{end}" for name in plays for end in ("far", "near")]
    assert order == far_first, "management of the far end may run through the tunnel"


@pytest.mark.slow
@pytest.mark.parametrize("keyword", STRICT)
@pytest.mark.parametrize("trouble", [name for name in TROUBLES if name != "away"])
def test_a_play_that_stops_for_any_error_leaves_no_end_alone_either(
    make_field: MakeTroubledField, trouble: str, keyword: str
) -> None:
    """It stops for all hosts at once, also for the pair that is sound: that one is before its commit, or after."""
    controller = make_field(["strict"], [trouble])

    run = controller.play([_play("strict", STRICT[keyword])])

    assert run.code != 0, run.explain()
    assert _keys(controller, f"strict-{trouble}") == [[TROUBLES[trouble].sound_end], [TROUBLES[trouble].troubled_end]]
    assert trouble == "commit-proof" or TROUBLES[trouble].said in run.output
    assert _keys(controller, f"strict-{SOUND}") in ([[KEY], [KEY]], [[NEW_KEY], [NEW_KEY]])
