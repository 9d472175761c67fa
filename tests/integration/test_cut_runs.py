# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whole runs of the playbooks that are cut somewhere, many pairs in one play, each at a place of its own.

A first run and a changed key share one play, and the removal of both comes after it. One pair of each play, the pilot,
is not cut. With HYPOTHESIS_PROFILE=thorough (make cuts) many more places are tried, and each message of each run.
"""

from __future__ import annotations

import contextlib
import dataclasses
import enum
import itertools
import math
from collections.abc import Callable, Iterator, Mapping, Sequence

import pytest

from ansible_collections.rras.ipsec.plugins.plugin_utils._policy import model
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.registry import Value
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.store import Store, StoredPolicy
from ansible_collections.rras.ipsec.tests.lab import Host, HostSpec, Impairments, PoweredOff, RecordRefusedError
from ansible_collections.rras.ipsec.tests.lab.windows.registry import differences
from ansible_collections.rras.ipsec.tests.support.controller import REMOVE, SITE, Controller
from ansible_collections.rras.ipsec.tests.support.effort import CUTS, THOROUGH
from ansible_collections.rras.ipsec.tests.support.foreign import ASSIGNED_PATH, foreign_part, foreign_policies
from ansible_collections.rras.ipsec.tests.support.labs import MakeController
from ansible_collections.rras.ipsec.tests.support.pair import (
    KEY,
    NEW_KEY,
    OURS,
    POLICY,
    RASMAN,
    RESTART_PENDING,
    Memory,
    assigned,
    changes,
    connection,
    keys_of,
    prohibit_ipsec,
    snapshots,
    without_backup,
)

pytestmark = pytest.mark.slow

BATCHES = 4 if THOROUGH else 1
PAIRS_PER_COURSE = 4 if THOROUGH else 2
PAIRS_PER_PLAY = 20
NEVER = 1_000_000
MOST_REPEATED = 5
"""How many messages of a run may ask again for an answer that takes its time."""
_GOLDEN_RATIO = 0.6180339887
_BEGIN = 0.926
"""With this, one of the first places is in the commit of a changed key, when the other end has committed already."""
NEAR, FAR = "192.0.2.1", "192.0.2.2"


class Course(enum.Enum):
    """What a run does to a host: the messages that it sends, and the records that the script gets from it."""

    FIRST_RUN = (60, 310)
    CHANGED_KEY = (34, 250)
    REMOVAL = (52, 150)

    @property
    def messages(self) -> int:
        """How many there are if each answer comes at once; the pilot is asked whether that is still so."""
        return self.value[0]

    @property
    def records(self) -> int:
        return self.value[1]


class Cause(enum.Enum):
    """What cuts a run on one host."""

    LOST_REQUEST = enum.auto()
    LOST_ANSWER = enum.auto()
    POWER_FAILURE = enum.auto()
    REGISTRY_ERROR = enum.auto()


@dataclasses.dataclass(frozen=True, slots=True)
class CutPlace:
    """Where a run is cut: at the n-th message or record of a host, counted from 1."""

    course: Course
    cause: Cause
    number: int

    @classmethod
    def at(cls, course: Course, index: int) -> CutPlace:
        """The places in an order in which any number of them is spread over the whole run."""
        cause = list(Cause)[index % len(Cause)]
        among = course.messages if cause in LOSSES else course.records
        return cls(course, cause, 1 + int((_BEGIN + index * _GOLDEN_RATIO) % 1 * among))


LOSSES = (Cause.LOST_REQUEST, Cause.LOST_ANSWER)
LOST_MESSAGES = [
    (course, part) for course in Course for part in range(math.ceil(len(LOSSES) * course.messages / PAIRS_PER_PLAY))
]
"""The plays in which each message of each run gets lost somewhere, as parts of its places."""


def lost_messages(course: Course, part: int) -> list[CutPlace]:
    """Return one play's part of the places where a message or the answer to it gets lost."""
    everything = [CutPlace(course, cause, number + 1) for number in range(course.messages) for cause in LOSSES]
    return everything[part * PAIRS_PER_PLAY : (part + 1) * PAIRS_PER_PLAY]


class Interruption:
    """A host whose next run is cut at a place."""

    def __init__(self, host: Host, place: CutPlace) -> None:
        self.place = place
        self.impairments = host.impairments = Impairments()
        self._left = place.number
        match place.cause:
            case Cause.LOST_REQUEST:
                self.impairments.lose_request = place.number
            case Cause.LOST_ANSWER:
                self.impairments.lose_answer = place.number
            case Cause.POWER_FAILURE | Cause.REGISTRY_ERROR:
                self.impairments.before_record = self._count

    @property
    def happened(self) -> bool:
        waiting = self.impairments.lose_request, self.impairments.lose_answer, self.impairments.before_record
        return waiting == (None, None, None)

    def _count(self, _number: int, _record: str) -> None:
        self._left -= 1
        if self._left == 0:
            self.impairments.before_record = None
            raise (
                PoweredOff
                if self.place.cause is Cause.POWER_FAILURE
                else RecordRefusedError("The registry is corrupt.")
            )


@dataclasses.dataclass(frozen=True, slots=True)
class Pair:
    """Two hosts with one connection."""

    name: str
    near: Host
    far: Host

    @property
    def hosts(self) -> tuple[Host, Host]:
        return self.near, self.far


class FieldOfPairs:
    """Many pairs of hosts in one play, and what must be true on each of them at any moment.

    All pairs have the same two addresses: they do not know each other.
    """

    def __init__(self, controller: Controller, pairs: Sequence[Pair]) -> None:
        self.controller = controller
        self.pairs = pairs
        self.variables = controller.variables
        self.policies: list[model.Policy] = []
        """What of ours may be in force."""
        self.unprotected_boots: list[str] = []
        self.variables.update(l2tp_replace_assigned=True, l2tp_reboot_serial=100, l2tp_reboot_timeout=20)
        for host in self.hosts:
            host.registry.load(foreign_policies(ASSIGNED_PATH))
            host.registry.write(RASMAN, "ProhibitIpSec", Value.dword(0))
        self.before = snapshots(controller.lab)

    @property
    def hosts(self) -> Iterator[Host]:
        return itertools.chain.from_iterable(pair.hosts for pair in self.pairs)

    def declare(self, key: str) -> None:
        """Declare one connection for each pair."""
        self.variables["l2tp_connections"] = [
            connection(pair.name, pair.near.name, pair.far.name, key=key) for pair in self.pairs
        ]

    def watch_boots(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Look at each host whenever it starts."""
        for host in self.hosts:
            monkeypatch.setattr(host.services, "boot", self._watched(host, host.services.boot))

    def give_what_has(self, example: Pair, pairs: Sequence[Pair]) -> None:
        """Make the hosts of pairs as those of another one are, just started."""
        for pair in pairs:
            for given, host in zip(example.hosts, pair.hosts, strict=True):
                Memory.of(given).give(host)

    def survey(self) -> None:
        """Check what must be true at any moment."""
        for host in self.hosts:
            assert differences(foreign_part(foreign_policies()), foreign_part(host.store)) == [], host.name
            active = assigned(host)
            assert active is not None, host.name
            assert active.unreadable == (), host.name
            assert active.path == ASSIGNED_PATH or self._is_ours(active), host.name
            assert prohibit_ipsec(host) != 1 or self._is_protected(host), host.name
            assert host.exposures == [], f"L2TP of {host.name} was in clear text"
        assert self.unprotected_boots == []

    def heal(self) -> None:
        """Let all hosts be sound and up; after the cut, the power failed at every other pair."""
        for host in self.hosts:
            host.impairments = Impairments()
            host.power_on()
        for host in itertools.chain.from_iterable(pair.hosts for pair in self.pairs[::2]):
            host.restart()

    def _is_ours(self, found: StoredPolicy) -> bool:
        meanings = [model.meaning(policy) for policy in self.policies]
        return found.name == POLICY and model.meaning(found.policy) in meanings

    def _is_protected(self, host: Host) -> bool:
        active = assigned(host)
        if active is None or not self._is_ours(active):
            return False
        agent_runs = host.services.is_running("PolicyAgent") and host.services.is_running("IKEEXT")
        return agent_runs and all(one in host.agent.filters for rule in active.policy.rules for one in rule.filters)

    def _watched(self, host: Host, boot: Callable[[], None]) -> Callable[[], None]:
        def watch() -> None:
            boot()
            if prohibit_ipsec(host) == 1 and not self._is_protected(host):
                self.unprotected_boots.append(host.name)

        return watch


MakeFieldOfPairs = Callable[[int], FieldOfPairs]


@pytest.fixture
def make_field(start: MakeController, monkeypatch: pytest.MonkeyPatch) -> MakeFieldOfPairs:
    """Make pairs that Windows' own policy is assigned on, and the pilot as the first one."""

    def make(pairs: int) -> FieldOfPairs:
        names = [f"pair{number:02}" for number in range(1 + pairs)]
        specs = [HostSpec(f"{name}-{end}", at) for name in names for end, at in (("near", NEAR), ("far", FAR))]
        controller = start(specs)
        lab = controller.lab
        field = FieldOfPairs(controller, [Pair(name, lab[f"{name}-near"], lab[f"{name}-far"]) for name in names])
        field.watch_boots(monkeypatch)
        return field

    return make


@pytest.mark.parametrize("batch", range(BATCHES))
def test_a_run_cut_anywhere_leaves_the_old_or_the_new_and_its_repeat_completes(
    make_field: MakeFieldOfPairs, batch: int, record_property: Callable[[str, object], None]
) -> None:
    field = make_field(2 * PAIRS_PER_COURSE)
    pilot, *others = field.pairs
    fresh, done = others[:PAIRS_PER_COURSE], others[PAIRS_PER_COURSE:]
    prepare(field, pilot, done)

    indexes = range(batch * PAIRS_PER_COURSE, (batch + 1) * PAIRS_PER_COURSE)
    first_runs = {pair: CutPlace.at(Course.FIRST_RUN, index) for pair, index in zip(fresh, indexes, strict=True)}
    changed = {pair: CutPlace.at(Course.CHANGED_KEY, index) for pair, index in zip(done, indexes, strict=True)}
    field.declare(NEW_KEY)
    cut(field, SITE, first_runs | changed)
    repeat(field, SITE)
    all_have_the_new_key(field)

    removals = {pair: CutPlace.at(Course.REMOVAL, 2 * indexes.start + number) for number, pair in enumerate(others)}
    cut(field, REMOVE, removals)
    repeat(field, REMOVE)
    all_are_as_before(field)

    record_property(CUTS, f"{len(first_runs | changed) + len(removals)} places of whole runs")


@pytest.mark.skipif(not THOROUGH, reason="only `make cuts` loses each message of each run")
@pytest.mark.parametrize(("course", "part"), LOST_MESSAGES)
def test_whichever_message_is_lost_the_repeat_completes(
    make_field: MakeFieldOfPairs, course: Course, part: int, record_property: Callable[[str, object], None]
) -> None:
    places = lost_messages(course, part)
    field = make_field(len(places))
    pilot, *others = field.pairs
    prepare(field, pilot, () if course is Course.FIRST_RUN else others)

    if course is Course.REMOVAL:
        cut(field, REMOVE, dict(zip(others, places, strict=True)))
        repeat(field, REMOVE)
        all_are_as_before(field)
    else:
        field.declare(NEW_KEY)
        cut(field, SITE, dict(zip(others, places, strict=True)))
        repeat(field, SITE)
        all_have_the_new_key(field)

    record_property(CUTS, f"{len(places)} messages of {course.name.lower().replace('_', ' ')}")


def prepare(field: FieldOfPairs, pilot: Pair, done: Sequence[Pair]) -> None:
    """Bring one pair about with the old key, and give others what it has then."""
    field.declare(KEY)
    with counted(pilot, Course.FIRST_RUN):
        first = field.controller.site("--limit", f"{pilot.near.name},{pilot.far.name}")
    assert first.code == 0, first.explain()
    found = assigned(pilot.near)
    assert found is not None
    field.policies += [found.policy, with_key(found.policy, NEW_KEY)]
    field.unprotected_boots.clear()
    field.give_what_has(pilot, done)
    field.survey()


def cut(field: FieldOfPairs, playbook: str, places: Mapping[Pair, CutPlace]) -> None:
    """Run a playbook that is cut on one end of each pair that has a place, and check what is left everywhere."""
    cuts = {pair: Interruption(pair.hosts[number % 2], place) for number, (pair, place) in enumerate(places.items())}
    with counted(field.pairs[0], Course.REMOVAL if playbook == REMOVE else Course.CHANGED_KEY):
        run = field.controller.play(playbook)

    assert [each.place for each in cuts.values() if not each.happened] == []
    whole = {host.name for pair in field.pairs if pair not in cuts for host in pair.hosts}
    assert not whole & set(run.failed), run.explain()
    assert all(run.failure(name) for name in run.failed), run.explain()
    field.survey()
    field.heal()
    field.survey()


@contextlib.contextmanager
def counted(pilot: Pair, course: Course) -> Iterator[None]:
    """Check that a run sends as many messages to each host as its course is said to have.

    An answer that takes its time is asked for again, so a busy machine may send a few more.
    """
    for host in pilot.hosts:
        host.impairments.lose_request = NEVER
    yield
    sent = [NEVER - (host.impairments.lose_request or 0) for host in pilot.hosts]
    assert all(course.messages <= count <= course.messages + MOST_REPEATED for count in sent), (course, sent)


def repeat(field: FieldOfPairs, playbook: str) -> None:
    """Run a playbook again, and once more, which changes nothing."""
    once = field.controller.play(playbook)
    assert once.code == 0, once.explain()
    field.survey()
    before = snapshots(field.controller.lab)

    again = field.controller.play(playbook)

    assert again.code == 0, again.explain()
    assert not any(again.changed.values()), again.explain()
    assert changes(before, field.controller.lab) == {}


def all_have_the_new_key(field: FieldOfPairs) -> None:
    for host in field.hosts:
        has_the_new_key_and_nothing_of_the_old(host)


def all_are_as_before(field: FieldOfPairs) -> None:
    for host in field.hosts:
        assert differences(field.before[host.name], without_backup(host.registry.snapshot())) == [], host.name


def has_the_new_key_and_nothing_of_the_old(host: Host) -> None:
    tree = host.registry.snapshot()
    assert keys_of(assigned(host)) == [NEW_KEY], host.name
    assert prohibit_ipsec(host) == 1, host.name
    assert len(Store.read(host.store).find(POLICY)) == 1, host.name
    assert not {RESTART_PENDING, OURS + r"\Transaction"} & set(tree), host.name
    old = KEY.encode("utf-16-le")
    assert not any(old in value.data for key in host.store.values() for value in key.values()), host.name


def with_key(policy: model.Policy, key: str) -> model.Policy:
    """The same policy with another preshared key."""
    method = model.AuthenticationMethod.preshared_key(key)
    return dataclasses.replace(
        policy,
        rules=tuple(
            dataclasses.replace(rule, authentication=(method,))
            if any(each.is_secret for each in rule.authentication)
            else rule
            for rule in policy.rules
        ),
    )
