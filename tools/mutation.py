# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plant one fault after another into the policy core, and see whether its tests notice: mutation testing.

The faults are those of cosmic-ray; tests/mutation.toml says which modules are mutated and which tests judge them.
They are planted in copies of the checkout, one for each processor. Each one is judged in a fork of this process, which
has pytest and Hypothesis loaded already, by the tests that reach the statement it is planted in: a first run of all
tests, without a fault, records which those are. What was found is in .cache/mutation/MODULE.sqlite, a session of
cosmic-ray, which its own reports (cr-report, cr-html, cr-rate) read too.

Faults that no test could notice are left out: those in annotations and in the head of a function (but not those in
its defaults), which Python doesn't evaluate, those in the arguments of decorators (frozen, slots), and == in place of
`is`, which only compares members of enumerations and None here.

    make mutation
    make mutation MUTATION="--only codec --sample 300"      # faster: some of them, always the same
    make mutation MUTATION="--only codec --from survivors"  # what survived the last time, with the tests of today
    make mutation MUTATION="--from rest"                    # what a run that was ended left over
"""

from __future__ import annotations

import argparse
import ast
import dataclasses
import enum
import json
import os
import random
import resource
import shlex
import shutil
import signal
import sys
import tempfile
import tomllib
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import coverage
import hypothesis
import pytest
from cosmic_ray.commands import init as list_faults  # type: ignore[import-not-found]
from cosmic_ray.mutating import use_mutation  # type: ignore[import-not-found]
from cosmic_ray.plugins import get_operator  # type: ignore[import-not-found]
from cosmic_ray.work_db import WorkDB, use_db  # type: ignore[import-not-found]
from cosmic_ray.work_item import (  # type: ignore[import-not-found]
    MutationSpec,
    TestOutcome,
    WorkerOutcome,
    WorkItem,
    WorkResult,
)

ROOT = Path(__file__).resolve().parents[1]
CACHE = ROOT / ".cache" / "mutation"
COLLECTION = Path("ansible_collections", "rras", "ipsec")
PLAN = ROOT / "tests" / "mutation.toml"
MEMORY = 4 << 30
RECORDING = 5
"""How many times as long the recording of what tests reach may take as a judgement."""
SAME = {"core/ReplaceComparisonOperator_Is_Eq", "core/ReplaceComparisonOperator_IsNot_NotEq"}
"""The operators that put equality in place of identity."""

Position = tuple[int, int]


class Kept(enum.StrEnum):
    """What is kept of an earlier run."""

    NOTHING = "nothing"
    SURVIVORS = "survivors"
    REST = "rest"


@dataclasses.dataclass(frozen=True, slots=True)
class Module:
    """A module to mutate, and the arguments of pytest that judge it; seconds limits one judgement."""

    path: str
    seconds: int
    tests: str

    @property
    def session(self) -> Path:
        return CACHE / f"{Path(self.path).stem}.sqlite"


@dataclasses.dataclass(frozen=True, slots=True)
class Reach:
    """Which tests reach which lines of a module's files."""

    lines: Mapping[str, Mapping[str, Collection[str]]]
    seconds: Mapping[str, float]
    """How long each test takes."""

    def tests(self, fault: MutationSpec) -> list[str]:
        """Return the tests that reach the statement in which a fault is planted, those that need least time first.

        These are all tests if the statement is in no function, because then the file's import runs it.
        """
        chosen = set(self.seconds)
        statement = _statement(fault.module_path, fault.start_pos)
        if statement:
            lines = self.lines[str(fault.module_path)]
            chosen &= {test for line in statement for test in lines.get(str(line), ())}
        return sorted(chosen, key=lambda test: (self.seconds[test], test))


class ReachRecorder:
    """A plugin of pytest that records, in a file, which lines each test reaches and how long it takes."""

    def __init__(self, module: Module, path: Path) -> None:
        self._path = path
        self._seconds: defaultdict[str, float] = defaultdict(float)
        self._coverage = coverage.Coverage(
            data_file=None, config_file=False, include=[str(Path.cwd() / module.path / "*")]
        )

    def pytest_sessionstart(self) -> None:
        self._coverage.start()

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> None:
        self._coverage.switch_context(item.nodeid)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self._seconds[report.nodeid] += report.duration

    def pytest_sessionfinish(self) -> None:
        self._coverage.stop()
        data = self._coverage.get_data()
        files = {str(Path(file).relative_to(Path.cwd())): file for file in data.measured_files()}
        lines = {name: data.contexts_by_lineno(file) for name, file in files.items()}
        self._path.write_text(json.dumps({"lines": lines, "seconds": self._seconds}), encoding="utf-8")


class Chosen:
    """A plugin of pytest that runs some tests only, in the given order."""

    def __init__(self, tests: list[str]) -> None:
        self._tests = tests

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        named = {item.nodeid: item for item in items}
        items[:] = [named[test] for test in self._tests]


def prepare() -> None:
    """Make a copy of the present checkout, and work in it."""
    copy = _copy(0)
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(ROOT, copy / COLLECTION, ignore=shutil.ignore_patterns(".*", "__pycache__"))
    _enter(copy)
    # Few examples, always the same ones.
    hypothesis.settings.register_profile(
        "mutation",
        deadline=None,
        max_examples=20,
        derandomize=True,
        database=None,
        phases=[hypothesis.Phase.explicit, hypothesis.Phase.generate],
        suppress_health_check=list(hypothesis.HealthCheck),
    )
    hypothesis.settings.load_profile("mutation")


def judge(module: Module, plugin: object, seconds: int) -> tuple[bool, str]:
    """Run the tests in a fork, for at most so long; return whether all passed, and what pytest wrote last."""
    with tempfile.TemporaryFile() as output:
        child = os.fork()
        if child == 0:
            os.dup2(output.fileno(), 1)
            os.dup2(output.fileno(), 2)
            resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
            signal.alarm(seconds)
            arguments = ["-x", "-q", "-p", "no:cacheprovider", "--tb=line", *shlex.split(module.tests)]
            os._exit(pytest.main(arguments, plugins=[plugin]))
        _child, status = os.waitpid(child, 0)
        output.seek(0)
        return status == 0, output.read().decode(errors="replace")[-2_000:]


def record(module: Module) -> Reach:
    """Run all tests without a fault, and return what they reach."""
    path = CACHE / f"{module.session.stem}.json"
    passed, output = judge(module, ReachRecorder(module, path), module.seconds * RECORDING)
    if not passed:
        sys.exit(f"{module.path}: the tests fail without a fault\n{output}")
    return Reach(**json.loads(path.read_text(encoding="utf-8")))


def left_out(source: str) -> Iterator[tuple[Position, Position]]:
    """Yield where no fault makes a difference: annotations, function heads without defaults, decorators' arguments."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.AnnAssign):
            yield _span(node.annotation)
        if isinstance(node, ast.ClassDef | ast.FunctionDef):
            yield from map(_span, node.decorator_list)
        if isinstance(node, ast.FunctionDef):
            yield from _head(node)


def begin(module: Module, database: WorkDB) -> None:
    """List all faults of a package, and set aside those that no test could notice."""
    files = sorted(Path(module.path).glob("*.py"))
    list_faults(files, database, {})
    spans = {file: list(left_out(file.read_text(encoding="utf-8"))) for file in files}
    skipped = WorkResult(worker_outcome=WorkerOutcome.SKIPPED)
    for item in database.work_items:
        (fault,) = item.mutations
        nowhere = any(start <= fault.start_pos < end for start, end in spans[fault.module_path])
        if nowhere or fault.operator_name in SAME:
            database.set_result(item.job_id, skipped)


def pending(database: WorkDB, sample: int) -> list[WorkItem]:
    """Return the faults to plant, in the order of the source; if it is a sample, always the same one."""
    items = sorted(database.pending_work_items, key=_order)
    if sample and sample < len(items):
        items = sorted(random.Random(sample).sample(items, sample), key=_order)  # noqa: S311 (no secret)
    return items


def survivors(database: WorkDB) -> list[WorkItem]:
    done = database.completed_work_items
    return sorted((item for item, result in done if result.test_outcome is TestOutcome.SURVIVED), key=_order)


def _order(item: WorkItem) -> tuple[Any, ...]:
    fault = item.mutations[0]
    return fault.module_path, fault.start_pos, fault.operator_name, fault.occurrence


def plant(module: Module, reach: Reach, database: WorkDB, items: Iterable[WorkItem]) -> None:
    """Plant faults, one after another, and record what became of each."""
    for item in items:
        (fault,) = item.mutations
        tests = reach.tests(fault)
        with use_mutation(fault.module_path, get_operator(fault.operator_name)(), fault.occurrence) as (before, after):
            passed, output = judge(module, Chosen(tests), module.seconds) if tests else (True, "no test reaches it")
        outcome = TestOutcome.SURVIVED if passed else TestOutcome.KILLED
        database.set_result(item.job_id, WorkResult(WorkerOutcome.NORMAL, output, outcome))
        if passed:
            print(f"{fault.module_path}:{fault.start_pos[0]}: {_first_change(before, after)}", flush=True)


def mutate(module: Module, kept: Kept, sample: int, jobs: int) -> None:
    """Mutate a module, or continue with what an earlier run found or left over."""
    prepare()
    reach = record(module)
    with use_db(str(module.session)) as database:
        if kept is Kept.NOTHING:
            begin(module, database)
        items = survivors(database) if kept is Kept.SURVIVORS else pending(database, sample)
    shutil.rmtree(Path(module.path) / "__pycache__", ignore_errors=True)
    for number in range(1, jobs):
        shutil.rmtree(_copy(number), ignore_errors=True)
        shutil.copytree(_copy(0), _copy(number))
    workers = [work(module, reach, number, items[number::jobs]) for number in range(jobs)]
    statuses = [os.waitpid(worker, 0)[1] for worker in workers]
    if any(statuses):
        sys.exit(f"{module.path}: a worker failed; continue with --from rest")
    with use_db(str(module.session)) as database:
        outcomes = Counter(result.test_outcome or result.worker_outcome for _job, result in database.results)
        print(f"{module.path}: {database.num_work_items} faults: {_words(outcomes)}", flush=True)


def work(module: Module, reach: Reach, number: int, items: list[WorkItem]) -> int:
    """Plant faults in a process with a copy of its own; return the process's id."""
    child = os.fork()
    if child:
        return child
    _enter(_copy(number))
    # What is mutated is compiled from its source, even if two faults are planted within one second; all else is not.
    sys.dont_write_bytecode = True
    with use_db(str(module.session)) as database:
        plant(module, reach, database, items)
    os._exit(0)


def main() -> None:
    modules = {name: Module(**given) for name, given in tomllib.loads(PLAN.read_text(encoding="utf-8")).items()}
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=modules, help="one module")
    parser.add_argument("--sample", type=int, default=0, help="so many faults of each module, always the same")
    parser.add_argument("--from", dest="kept", choices=[*Kept], default=Kept.NOTHING, help="where to begin")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="so many faults at a time")
    given = parser.parse_args()
    for name in [given.only] if given.only else modules:
        mutate(modules[name], Kept(given.kept), given.sample, given.jobs)


def _copy(number: int) -> Path:
    return CACHE / f"{number}"


def _enter(copy: Path) -> None:
    os.chdir(copy / COLLECTION)
    os.environ |= {"ANSIBLE_COLLECTIONS_PATH": str(copy), "HYPOTHESIS_PROFILE": "mutation"}


def _statement(file: Path, place: Position) -> range | None:
    """Return the lines of the statement that is at a place of a file; None if it is in no function."""
    around = [
        node
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.stmt) and _span(node)[0] <= place < _span(node)[1]
    ]
    outer = sorted(around, key=_span)[:-1]
    if not any(isinstance(node, ast.FunctionDef) for node in outer):
        return None
    (first, _), (last, _) = max(map(_span, around))
    return range(first, last + 1)


def _head(function: ast.FunctionDef) -> Iterator[tuple[Position, Position]]:
    """Yield the head of a function in pieces: everything but its defaults."""
    start = function.lineno, function.col_offset
    defaults = [each for each in (*function.args.defaults, *function.args.kw_defaults) if each]
    for default in sorted(defaults, key=lambda each: (each.lineno, each.col_offset)):
        before, behind = _span(default)
        yield start, before
        start = behind
    yield start, (function.body[0].lineno, function.body[0].col_offset)


def _span(node: ast.expr | ast.stmt) -> tuple[Position, Position]:
    return (node.lineno, node.col_offset), (node.end_lineno or node.lineno, node.end_col_offset or node.col_offset)


def _first_change(before: str, after: str) -> str:
    lines = zip(before.splitlines(), after.splitlines(), strict=False)
    return next((new.strip() for old, new in lines if old != new), "a line less or more")


def _words(outcomes: Counter[Any]) -> str:
    judged = outcomes[TestOutcome.KILLED] + outcomes[TestOutcome.SURVIVED]
    counts = ", ".join(f"{count} {outcome.value}" for outcome, count in sorted(outcomes.items()))
    return f"{counts}; {outcomes[TestOutcome.KILLED] / max(judged, 1):.1%} noticed"


if __name__ == "__main__":
    main()
