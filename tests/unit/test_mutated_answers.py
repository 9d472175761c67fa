# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Answers of a server with something wrong in them: each task understands them, or ends in a sentence of its own.

A seed that fails is printed; this repeats it, and nothing else:

    RRAS_ANSWER_SEED=4711 pytest tests/unit/test_mutated_answers.py
"""

from __future__ import annotations

import base64
import binascii
import functools
import itertools
import json
import os
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from ansible_collections.rras.ipsec.plugins.plugin_utils._host.session import ScriptOutput
from ansible_collections.rras.ipsec.tests.lab.twin.twin import framed, unframed
from ansible_collections.rras.ipsec.tests.support.effort import THOROUGH, TRIED
from ansible_collections.rras.ipsec.tests.support.server import BLOCKED, KEY, NAME, Server, rule
from ansible_collections.rras.ipsec.tests.support.somebody_else import by_hand
from ansible_collections.rras.ipsec.tests.support.task import INFO, POLICY, VALUE, Task

SEED = os.environ.get("RRAS_ANSWER_SEED", "")
COUNT = 20_000 if THOROUGH else 400
RULES: Mapping[str, Any] = {"name": NAME, "rules": [rule(), BLOCKED]}
TASKS: Sequence[Callable[[Task], Mapping[str, Any]]] = (
    lambda task: task.run(INFO, preshared_keys=[KEY]),
    lambda task: task.run(POLICY, **RULES),
    lambda task: task.run(POLICY, phase="plan", replace_assigned=True, take_over=True, **RULES),
    lambda task: task.run(POLICY, name=NAME, state="absent"),
    lambda task: task.run(VALUE, policy=NAME),
    lambda task: task.run(VALUE, state="absent"),
)
PIECES = ("", "=", "QQ==", "AA==", "-1", "99999999999", "2147483648", "\0", "\x1b[2J", "\u0661", "{{ 6 * 7 }}", "done")


def _first_run(server: Server) -> None:
    server.policy(**RULES)
    server.value()
    server.restart()


def _half_way(server: Server) -> None:
    _first_run(server)
    server.stage(name=NAME, rules=[rule(key="another key than before"), BLOCKED])


SERVERS: Mapping[str, Callable[[Server], object]] = {
    "an untouched server": lambda _server: None,
    "a server after the first run": _first_run,
    "a server with a staged policy": _half_way,
    "a server with a policy of somebody else": lambda server: by_hand(server, **RULES),
}
EditLines = Callable[[random.Random, list[str]], None]


def _drop(chance: random.Random, lines: list[str]) -> None:
    first = chance.randrange(len(lines))
    del lines[first : first + chance.choice((1, 1, 5))]


def _repeat(chance: random.Random, lines: list[str]) -> None:
    lines.insert(chance.randrange(len(lines) + 1), chance.choice(lines))


def _swap(chance: random.Random, lines: list[str]) -> None:
    first, second = (chance.randrange(len(lines)) for _ in range(2))
    lines[first], lines[second] = lines[second], lines[first]


def _cut(chance: random.Random, lines: list[str]) -> None:
    place = chance.randrange(len(lines))
    lines[place] = lines[place][: chance.randrange(len(lines[place]) + 1)]


def _field(chance: random.Random, lines: list[str]) -> None:
    """Put something else into a field: a piece, or what stands in one of another record."""
    place, fields = _fields_of_one(chance, lines)
    other = chance.choice(lines).split("\t")
    fields[chance.randrange(len(fields))] = chance.choice((chance.choice(PIECES), chance.choice(other)))
    lines[place] = "\t".join(fields)


def _reference(chance: random.Random, lines: list[str]) -> None:
    """Let an object refer to what another one refers to, itself included."""
    lists = [number for number, line in enumerate(lines) if "\tMultiString\t" in line]
    if lists:
        to, source = chance.choice(lists), chance.choice(lists)
        lines[to] = "\t".join([*lines[to].split("\t")[:-1], lines[source].split("\t")[-1]])


def _data(chance: random.Random, lines: list[str]) -> None:
    """Change the bytes of a field that holds some."""
    place, fields = _fields_of_one(chance, lines)
    which = chance.randrange(len(fields))
    try:
        data = bytearray(base64.b64decode(fields[which], validate=True))
    except (binascii.Error, ValueError):
        return
    for _ in range(chance.choice((1, 1, 2, 8))):
        at = chance.randrange(len(data) + 1)
        data[at : at + chance.choice((0, 1, 1, 4))] = chance.choice((b"", b"\0", b"\xff" * 4, chance.randbytes(1)))
    fields[which] = base64.b64encode(data * chance.choice((1, 1, 1, 2))).decode()
    lines[place] = "\t".join(fields)


def _fields_of_one(chance: random.Random, lines: list[str]) -> tuple[int, list[str]]:
    place = chance.randrange(len(lines))
    return place, lines[place].split("\t")


EDITS: Sequence[EditLines] = (_drop, _repeat, _swap, _cut, _field, _field, _reference, _data, _data, _data)


def mutated(chance: random.Random, answer: str) -> str:
    lines = answer.splitlines()
    for _ in range(chance.choice((1, 1, 2, 3, 8))):
        if lines:
            chance.choice(EDITS)(chance, lines)
    return "".join(f"{line}\n" for line in lines)


@functools.cache
def prepared(name: str) -> Server:
    server = Server()
    SERVERS[name](server)
    return server


def task_with_a_wrong_answer(seed: int, server: Server) -> Mapping[str, Any]:
    """Do a task in check mode whose first answer has something wrong in it."""
    chance = random.Random(seed)  # noqa: S311 - nothing secret
    task, answers = Task(server), itertools.count()
    task.check_mode = True

    def execute(command: str, data: bytes) -> ScriptOutput:
        output = Server.execute(server, command, data)
        if next(answers):
            return output
        return ScriptOutput(0, framed(mutated(chance, unframed(output.stdout))), "")

    server.execute = execute  # type: ignore[method-assign]
    return chance.choice(TASKS)(task)


def tried(seed: int) -> bool:
    """Try one seed; return whether the task ended in a sentence. Raises what is wrong."""
    try:
        server = prepared(random.Random(seed).choice(list(SERVERS))).copy()  # noqa: S311 - nothing secret
        result = task_with_a_wrong_answer(seed, server)
        shown = json.dumps(result)
        assert KEY not in shown
        failed = bool(result.get("failed"))
        assert not failed or (result["msg"] and "unexpected" not in result["msg"]), result["msg"]
    except Exception as error:
        error.add_note(f"repeat it with: RRAS_ANSWER_SEED={seed} pytest tests/unit/test_mutated_answers.py")
        raise
    return failed


def seeds() -> Iterator[int]:
    yield from [int(SEED)] if SEED else range(COUNT)


def test_a_wrong_answer_is_understood_or_ends_in_a_sentence(record_property: Callable[[str, object], None]) -> None:
    failing, count, ended = [], 0, 0
    for seed in seeds():
        try:
            ended += tried(seed)
        except Exception as error:  # noqa: BLE001 - each failing seed is told, not only the first
            failing.append("\n".join([repr(error), *error.__notes__]))
        count += 1
    assert not failing, "\n\n".join(failing)
    assert SEED or count // 20 < ended < count, "hardly any was refused, or all were"
    record_property(TRIED, f"{count} mutated answers, of which {ended} ended their task in a sentence, 0 in a surprise")
