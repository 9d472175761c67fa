# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The preshared key is nowhere but in the store that needs it and in its protected backup."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.registry import Tree
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.store import LOCAL
from ansible_collections.rras.ipsec.tests.lab import Host, HostSpec
from ansible_collections.rras.ipsec.tests.lab.engine import EngineName
from ansible_collections.rras.ipsec.tests.lab.powershell.shadow import entries
from ansible_collections.rras.ipsec.tests.support.controller import REMOVE, SITE, VERIFY, Controller, Run
from ansible_collections.rras.ipsec.tests.support.labs import ENGINE, MakeController
from ansible_collections.rras.ipsec.tests.support.pair import (
    BACKUP,
    KEY,
    NEW_KEY,
    OSAKA,
    TOKYO,
    assigned,
    connection,
    keys_of,
    prohibit_ipsec,
)
from ansible_collections.rras.ipsec.tests.support.secret import forms

SECRETS = (KEY, NEW_KEY)
LOUD = ("-vvvvv", "--diff")
PROTECTED = "D:P(A;CI;KA;;;SY)(A;CI;KA;;;BA)"
PROTECTED_RULE = PROTECTED + "(A;CI;KR;;;NS)"


def found(data: bytes) -> list[str]:
    """Which secrets are in some bytes, in which form."""
    return [repr(form) for secret in SECRETS for form in forms(secret) if form in data]


@pytest.fixture
def log(pair: Controller) -> Path:
    return pair.folder / "ansible.log"


@pytest.mark.core
def test_the_key_is_nowhere_but_in_the_rule_and_in_the_backup(pair: Controller, log: Path) -> None:
    logged = {"ANSIBLE_LOG_PATH": str(log), "ANSIBLE_KEEP_REMOTE_FILES": "1"}

    first = pair.site(*LOUD, environment=logged | {"ANSIBLE_DEBUG": "1"})
    pair.variables["l2tp_connections"] = [connection(key=NEW_KEY)]
    pair.lab[OSAKA].impairments.fail_at_record = 60
    failing = pair.site(*LOUD, environment=logged)
    rotated = pair.site(*LOUD, environment=logged)

    assert (first.code, failing.code, rotated.code) == (0, 2, 0), failing.explain()
    assert [found(_written(run)) for run in (first, failing, rotated)] == [[], [], []]
    assert log.stat().st_size > 10_000
    assert found(log.read_bytes()) == []
    assert {path: found(path.read_bytes()) for path in _files(pair.folder / "home")} == {
        path: [] for path in _files(pair.folder / "home")
    }
    assert {name: host.recorder.leaks(*SECRETS) for name, host in pair.lab.items()} == {TOKYO: [], OSAKA: []}
    for host in pair.lab.values():
        _holds_it_in_closed_places(host)


WITH_KEY = {"name": "tokyo-osaka", "filters": [], "authentication": [{"preshared_key": KEY}]}
WRONG_SHAPES: dict[str, dict[str, Any]] = {
    "a list within a list": {"rules": [[WITH_KEY]]},
    "a dictionary for a list": {"rules": WITH_KEY},
    "a text for a list": {"rules": KEY},
    "a text for a rule": {"rules": [KEY]},
    "a list for a method": {"rules": [WITH_KEY | {"authentication": [[{"preshared_key": KEY}]]}]},
    "a text for a method": {"rules": [WITH_KEY | {"authentication": [KEY]}]},
    "a text for the methods": {"rules": [WITH_KEY | {"authentication": f"preshared_key={KEY}"}]},
    "a number for a method": {"rules": [WITH_KEY | {"authentication": [{"preshared_key": KEY}, 7]}]},
    "a list for a key": {"rules": [WITH_KEY | {"authentication": [{"preshared_key": [KEY]}]}]},
    "the name of an option": {"rules": [WITH_KEY | {"authentication": [{KEY: True}]}]},
    "the name of an option of a rule": {"rules": [WITH_KEY | {KEY: None}]},
    "a text for the filter action": {"rules": [WITH_KEY | {"filter_action": KEY}]},
    "a choice": {"rules": [WITH_KEY | {"filter_action": {"action": KEY}}]},
    "a number of seconds": {"rules": [WITH_KEY | {"filter_action": {"offers": [{"lifetime_seconds": KEY}]}}]},
    "true or false": {"rules": [WITH_KEY | {"active": KEY}]},
    "a port": {"rules": [WITH_KEY | {"filters": [{"source_port": KEY}]}]},
    "a text for the filters": {"rules": [WITH_KEY | {"filters": KEY}]},
    "the key exchange": {"rules": [WITH_KEY], "main_mode": [WITH_KEY]},
    "the transaction": {"rules": [WITH_KEY], "transaction": {"key": KEY}},
    "an address": {
        "rules": [
            WITH_KEY
            | {
                "authentication": [{"kerberos": True}],
                "filters": [{"source_address": KEY, "destination_address": "any"}],
            }
        ]
    },
}
"""What a user can write in a wrong way, with a key in it."""


@pytest.mark.core
def test_the_key_is_in_no_sentence_on_a_wrong_shape(pair: Controller, log: Path) -> None:
    pair.variables["wrong"] = WRONG_SHAPES
    tasks = [
        {
            "name": case,
            "rras.ipsec.win_ipsec_psk_policy": {
                "name": "L2TP",
                **{option: f"{{{{ wrong['{case}'].{option} }}}}" for option in given},
            },
            "ignore_errors": True,
        }
        for case, given in WRONG_SHAPES.items()
    ]

    run = pair.play(
        [{"hosts": TOKYO, "gather_facts": False, "tasks": tasks}], *LOUD, environment={"ANSIBLE_LOG_PATH": str(log)}
    )

    assert run.recap[TOKYO]["ignored"] == len(WRONG_SHAPES), run.explain()
    assert found(_written(run)) == []
    assert found(log.read_bytes()) == []
    assert pair.lab[TOKYO].recorder.executions == []


UNDEFINED: dict[str, dict[str, Any]] = {
    "a name": {"l2tp_connections": [connection("{{ not_defined }}")]},
    "a part of the key": {"l2tp_connections": [connection(key=KEY + "{{ not_defined }}")]},
    "another variable": {
        "l2tp_connections": "{{ of_all }}",
        "of_all": [connection("{{ not_defined }}"), connection("tokyo-kyoto", key=NEW_KEY)],
    },
    "a key of a connection": {"l2tp_preshared_keys": {"tokyo-osaka": KEY, "tokyo-kyoto": "{{ not_defined }}"}},
    "what all connections have": {"l2tp_default": {"authentication": [{"preshared_key": KEY + "{{ not_defined }}"}]}},
}
"""What has a key and a variable that is not defined, which ansible-core quotes as a whole."""


@pytest.mark.core
@pytest.mark.parametrize("playbook", [SITE, REMOVE])
def test_the_key_is_in_no_sentence_on_a_variable_that_is_not_defined(
    pair: Controller, log: Path, playbook: str
) -> None:
    door = pair.host(TOKYO)
    pair.inventory["rras"]["hosts"] = {case: {**door, **given} for case, given in UNDEFINED.items()}

    run = pair.play(playbook, *LOUD, environment={"ANSIBLE_LOG_PATH": str(log)})

    for case, given in UNDEFINED.items():
        told = f"{next(iter(given))} of {case} can't be evaluated; check that every variable in it is defined."
        assert told in run.failure(case), run.explain()
    assert found(_written(run)) == []
    assert found(log.read_bytes()) == []
    assert pair.lab[TOKYO].recorder.executions == []


WORDS = (
    *("ipsec", "host", "services", "RemoteAccess", "matches", "pending"),
    *("no", "yes", "unknown", "dword", "connections"),
    KEY,
)
"""Keys that stand in results as well, and one that does not."""


def ends(number: int) -> tuple[str, str]:
    return f"east-{number}", f"west-{number}"


@pytest.fixture
def pairs(start: MakeController) -> Controller:
    """One pair for each of the words, with nothing in their names that is one of them."""
    names = [name for number in range(len(WORDS)) for name in ends(number)]
    controller = start([HostSpec(name, f"192.0.2.{last}") for last, name in enumerate(names, start=1)])
    connections = [connection(f"link {n}", *ends(n), key=word) for n, word in enumerate(WORDS)]
    controller.variables.update(l2tp_connections=connections, l2tp_reboot_serial=len(names))
    return controller


@pytest.mark.slow
def test_a_run_ends_in_the_same_way_whatever_word_a_key_is(pairs: Controller) -> None:
    first = pairs.site()

    assert first.code == 0, first.explain()
    for number, word in enumerate(WORDS):
        for name in ends(number):
            ended = {count: first.recap[name][count] for count in ("changed", "unreachable", "failed", "ignored")}
            assert ended == {"changed": 4, "unreachable": 0, "failed": 0, "ignored": 0}, word
            assert keys_of(assigned(pairs.lab[name])) == [word]
            assert prohibit_ipsec(pairs.lab[name]) == 1
    assert pairs.play(VERIFY).code == 0
    assert set(pairs.site().changed.values()) == {0}


def test_no_end_is_left_alone_whatever_word_a_key_is(pairs: Controller) -> None:
    """The west ends fail while they stage: their peers must know that they share a changed connection."""
    for number in range(len(WORDS)):
        pairs.lab[ends(number)[1]].impairments.fail_at_record = 60

    run = pairs.site()

    assert run.code == 2
    assert {name: assigned(host) for name, host in pairs.lab.items()} == dict.fromkeys(pairs.lab)
    neutral = len(WORDS) - 1
    expected = run.failure(ends(neutral)[0])
    for number in range(len(WORDS)):
        said = run.failure(ends(number)[0])
        assert said.startswith(f"{ends(number)[0]} stopped: its peer {ends(number)[1]} failed:")
        assert len(said.split()) == len(expected.split())


def test_the_search_finds_what_it_must_find(pair: Controller) -> None:
    """Without this, the test above could pass because it looks for the wrong thing."""
    for prefix in ("", "k", "ke"):
        for encoding in ("utf-8", "utf-16-le"):
            text = (prefix + KEY + "!").encode(encoding)
            assert found(text)
            assert found(base64.b64encode(text))
    pair.play(
        [{"hosts": TOKYO, "gather_facts": False, "tasks": [{"ansible.builtin.raw": f"hostname {KEY}"}]}],
    )
    assert pair.lab[TOKYO].recorder.leaks(*SECRETS)


def _holds_it_in_closed_places(host: Host) -> None:
    """Check where the registry holds a key: in one rule of the store, and in copies of rules in the backup."""
    holders = set(_holders(host.registry.snapshot()))
    rules = {path for path, _name in holders if path.startswith(LOCAL)}
    assert len(rules) == 1
    assert {name for path, name in holders if path in rules} == {"ipsecData"}
    assert all(_is_rule(path) and _is_protected(host.registry.access(path)) for path in rules)
    copies = {path for path, _name in holders} - rules
    assert copies, "the backup lacks the rule that was replaced"
    assert all(path.startswith(BACKUP) and _is_closed(host, path) for path in copies)


def _written(run: Run) -> bytes:
    return (run.output + run.errors).encode()


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def _holders(tree: Tree) -> Iterator[tuple[str, str]]:
    """Where in a registry a secret can be found: paths and names of values."""
    for path, key in tree.items():
        yield from ((path, name) for name, value in key.items() if found(value.data))


def _is_rule(path: str) -> bool:
    return path.rpartition("\\")[2].startswith("ipsecNFA{")


def _is_protected(access: str) -> bool:
    """Whether a rule has the access list that it should have; Wine keeps neither its P nor the order of its entries."""
    if ENGINE is EngineName.POWERSHELL:
        return entries(access) == entries(PROTECTED_RULE)
    return access == PROTECTED_RULE


def _is_closed(host: Host, path: str) -> bool:
    """Whether only SYSTEM and Administrators, and for a rule PolicyAgent's account, can read a key."""
    listed = [entry.split(";") for entry in host.registry.access(path).split(")") if ";" in entry]
    return {fields[-1] for fields in listed if "IO" not in fields[1]} <= {"SY", "BA", "NS"}
