# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plant one fault after another into the policy core, and see whether its tests notice: mutation testing.

The faults are those of cosmic-ray; tests/mutation.toml says which modules are mutated and which tests judge them.
They are planted in a copy of the checkout. Each one is judged in a fork of this process, which has pytest and
Hypothesis loaded already. What was found stands in .cache/mutation/MODULE.sqlite, a session of cosmic-ray, which
its own reports (cr-report, cr-html, cr-rate) read too.

Faults that no test could notice are left out: those in annotations and in the head of a function (but not those in
its defaults), which Python doesn't evaluate, and those in the arguments of decorators (frozen, slots).

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
import os
import random
import resource
import shlex
import shutil
import signal
import sys
import tempfile
import tomllib
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import hypothesis
import pytest
from cosmic_ray.commands import init as list_faults  # type: ignore[import-not-found]
from cosmic_ray.mutating import use_mutation  # type: ignore[import-not-found]
from cosmic_ray.plugins import get_operator  # type: ignore[import-not-found]
from cosmic_ray.work_db import WorkDB, use_db  # type: ignore[import-not-found]
from cosmic_ray.work_item import (  # type: ignore[import-not-found]
    TestOutcome,
    WorkerOutcome,
    WorkItem,
    WorkResult,
)

ROOT = Path(__file__).resolve().parents[1]
CACHE = ROOT / ".cache" / "mutation"
COPY = CACHE / "ansible_collections" / "rras" / "ipsec"
PLAN = ROOT / "tests" / "mutation.toml"
MEMORY = 4 << 30

Place = tuple[int, int]


class Start(enum.StrEnum):
    """How much of an earlier run is kept."""

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


def prepare() -> None:
    """Replace the copy by the present checkout, and limit Hypothesis to few examples, always the same ones."""
    shutil.rmtree(COPY, ignore_errors=True)
    shutil.copytree(ROOT, COPY, ignore=shutil.ignore_patterns(".*", "__pycache__"))
    os.chdir(COPY)
    os.environ |= {"ANSIBLE_COLLECTIONS_PATH": str(CACHE), "HYPOTHESIS_PROFILE": "mutation"}
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


def judge(module: Module) -> tuple[bool, str]:
    """Run the tests in a fork; return whether all of them passed, and what pytest wrote last."""
    with tempfile.TemporaryFile() as output:
        child = os.fork()
        if child == 0:
            os.dup2(output.fileno(), 1)
            os.dup2(output.fileno(), 2)
            resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
            signal.alarm(module.seconds)
            os._exit(pytest.main(["-x", "-q", "-p", "no:cacheprovider", "--tb=line", *shlex.split(module.tests)]))
        _child, status = os.waitpid(child, 0)
        output.seek(0)
        return status == 0, output.read().decode(errors="replace")[-2_000:]


def left_out(source: str) -> Iterator[tuple[Place, Place]]:
    """Yield where no fault makes a difference: annotations, function heads without defaults, decorators' arguments."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.AnnAssign):
            yield _span(node.annotation)
        if isinstance(node, ast.ClassDef | ast.FunctionDef):
            yield from map(_span, node.decorator_list)
        if isinstance(node, ast.FunctionDef):
            yield from _head(node)


def _head(function: ast.FunctionDef) -> Iterator[tuple[Place, Place]]:
    """Yield the head of a function in pieces: everything but its defaults."""
    start = function.lineno, function.col_offset
    defaults = [each for each in (*function.args.defaults, *function.args.kw_defaults) if each]
    for default in sorted(defaults, key=lambda each: (each.lineno, each.col_offset)):
        before, behind = _span(default)
        yield start, before
        start = behind
    yield start, (function.body[0].lineno, function.body[0].col_offset)


def _span(node: ast.expr) -> tuple[Place, Place]:
    return (node.lineno, node.col_offset), (node.end_lineno or node.lineno, node.end_col_offset or node.col_offset)


def begin(module: Module, database: WorkDB) -> None:
    """List all faults of a package, and set aside those that no test could notice."""
    files = sorted(Path(module.path).glob("*.py"))
    list_faults(files, database, {})
    spans = {file: list(left_out(file.read_text(encoding="utf-8"))) for file in files}
    skipped = WorkResult(worker_outcome=WorkerOutcome.SKIPPED)
    for item in database.work_items:
        (fault,) = item.mutations
        if any(start <= fault.start_pos < end for start, end in spans[fault.module_path]):
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


def plant(module: Module, database: WorkDB, items: Iterable[WorkItem]) -> None:
    """Plant faults, one after another, and record what became of each."""
    for item in items:
        (fault,) = item.mutations
        with use_mutation(fault.module_path, get_operator(fault.operator_name)(), fault.occurrence) as (before, after):
            passed, output = judge(module)
        outcome = TestOutcome.SURVIVED if passed else TestOutcome.KILLED
        database.set_result(item.job_id, WorkResult(WorkerOutcome.NORMAL, output, outcome))
        if passed:
            print(f"{fault.module_path}:{fault.start_pos[0]}: {_first_change(before, after)}", flush=True)


def _first_change(before: str, after: str) -> str:
    lines = zip(before.splitlines(), after.splitlines(), strict=False)
    return next((new.strip() for old, new in lines if old != new), "a line less or more")


def mutate(module: Module, start: Start, sample: int) -> None:
    """Mutate a module, or continue with what an earlier run found or left over."""
    passed, output = judge(module)
    if not passed:
        sys.exit(f"{module.path}: the tests fail without a fault\n{output}")
    # From now on the code is compiled from its source, even if two faults are planted within one second.
    sys.dont_write_bytecode = True
    shutil.rmtree(Path(module.path) / "__pycache__", ignore_errors=True)
    with use_db(str(module.session)) as database:
        if start is Start.NOTHING:
            begin(module, database)
        plant(module, database, survivors(database) if start is Start.SURVIVORS else pending(database, sample))
        outcomes = Counter(result.test_outcome or result.worker_outcome for _job, result in database.results)
        print(f"{module.path}: {database.num_work_items} faults: {_words(outcomes)}", flush=True)


def _words(outcomes: Counter[Any]) -> str:
    judged = outcomes[TestOutcome.KILLED] + outcomes[TestOutcome.SURVIVED]
    counts = ", ".join(f"{count} {outcome.value}" for outcome, count in sorted(outcomes.items()))
    return f"{counts}; {outcomes[TestOutcome.KILLED] / max(judged, 1):.1%} noticed"


def main() -> None:
    modules = {name: Module(**given) for name, given in tomllib.loads(PLAN.read_text(encoding="utf-8")).items()}
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=modules, help="one module")
    parser.add_argument("--sample", type=int, default=0, help="so many faults of each module, always the same")
    parser.add_argument("--from", dest="start", choices=[*Start], default=Start.NOTHING, help="where to begin")
    given = parser.parse_args()
    prepare()
    for name in [given.only] if given.only else modules:
        mutate(modules[name], Start(given.start), given.sample)


if __name__ == "__main__":
    main()
