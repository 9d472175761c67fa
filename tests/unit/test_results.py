# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A key is masked in free text and nowhere else: later tasks read what they would read with any other key."""

from __future__ import annotations

import itertools
import re
import unittest.mock
import uuid
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from ansible.errors import AnsibleConnectionFailure
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st

from ansible_collections.rras.ipsec.plugins.action import (
    win_ipsec_policy_info,
    win_ipsec_psk_policy,
    win_prohibit_ipsec,
)
from ansible_collections.rras.ipsec.plugins.plugin_utils import _shape, _specs
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy import host as hosts
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.registry import Key, Value
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.texts import key_fault
from ansible_collections.rras.ipsec.plugins.plugin_utils._results import MASK, RESULT, ByName, Described, Mask, Text
from ansible_collections.rras.ipsec.tests.lab import RecordRefusedError, WrongAnswer
from ansible_collections.rras.ipsec.tests.support import readers
from ansible_collections.rras.ipsec.tests.support.server import ADDRESS, BLOCKED, PEER, Server, rule
from ansible_collections.rras.ipsec.tests.support.somebody_else import by_hand
from ansible_collections.rras.ipsec.tests.support.task import Task

POLICY, VALUE, INFO = (
    module.ActionModule for module in (win_ipsec_psk_policy, win_prohibit_ipsec, win_ipsec_policy_info)
)
NAME, DESCRIPTION, CONNECTION = "Kyushu", "as KB 240262 has it", "tunnel one"
NEUTRAL = "Uji-Byodoin:1053/Phoenix"
"""A key that is no part of anything else."""

ResultsByTask = dict[str, dict[str, Any]]


def declared(key: str) -> dict[str, Any]:
    return {"name": NAME, "description": DESCRIPTION, "rules": [rule(CONNECTION, key=key), BLOCKED]}


def journey(key: str) -> ResultsByTask:
    """Do what the role does with a server, in check mode before it, and read everything after it.

    The random numbers are the same each time, so that two journeys can be compared word for word.
    """
    numbers = (uuid.UUID(int=number << 96 | number, version=4) for number in itertools.count(0xC0FFEE00))
    with unittest.mock.patch.object(uuid, "uuid4", side_effect=numbers):
        return steps(Task(Server()), key)


def steps(task: Task, key: str) -> ResultsByTask:
    given = declared(key)
    task.check_mode = True
    found = {"predicted": task.run(POLICY, **given)}
    if found["predicted"].get("failed"):
        return found
    task.check_mode = False
    found["plan"] = task.run(POLICY, phase="plan", **given)
    found["stage"] = task.run(POLICY, phase="stage", **given)
    transaction = found["stage"]["transaction"]
    found["commit"] = task.run(POLICY, phase="commit", transaction=transaction, **given)
    found["value"] = task.run(VALUE, policy=NAME)
    task.server.restart()
    found["proof"] = task.run(POLICY, phase="plan", **given)
    found["finish"] = task.run(POLICY, phase="finish", transaction=transaction, **given)
    found["again"] = task.run(POLICY, **given)
    found["verified"] = task.run(POLICY, phase="verify", **given)
    found["info"] = task.run(INFO, preshared_keys=[key])
    return {name: without_fingerprints(result) for name, result in found.items()}


def without_fingerprints(result: dict[str, Any]) -> dict[str, Any]:
    """Leave out what must be another text for each key; see test_fingerprints_tell_equal_keys_and_nothing_else."""
    compared = result.get("comparison")
    if not compared:
        return result
    rules = [rule | {"key_fingerprints": ["-" for _key in rule["key_fingerprints"]]} for rule in compared["rules"]]
    return result | {"comparison": compared | {"rules": rules}}


WITH_ANY_KEY = journey(NEUTRAL)
READ = readers.read_by_tasks() | readers.read_by_steps(
    WITH_ANY_KEY,
    {"name": CONNECTION, "peers": ["rras-tokyo", "rras-osaka"], "preshared_key": NEUTRAL},
    {"rras-tokyo": ADDRESS, "rras-osaka": PEER},
)
"""Where later tasks of the role look in these results."""


def leaves(value: Any, described: Described | None, path: str = "") -> Iterator[tuple[str, str, Described | None]]:
    """Yield the texts of a result: where, which, and what is described there, None for nothing."""
    if isinstance(value, str):
        yield path, value, described
    elif isinstance(value, Mapping):
        for name, each in value.items():
            yield from leaves(each, within(described, name), f"{path}.{name}")
    elif isinstance(value, list):
        for each in value:
            yield from leaves(each, described, path)


def within(described: Described | None, name: str) -> Described | None:
    if isinstance(described, ByName):
        return described.each
    return described.get(name) if isinstance(described, Mapping) else described


def texts(results: ResultsByTask) -> Iterator[tuple[str, str, Described | None]]:
    for name, result in results.items():
        for field, value in result.items():
            described = RESULT.get(field)
            yield from leaves(value, described, f"{name}.{field}")


def test_every_text_of_a_result_is_described() -> None:
    """One that is not would be masked, and a later task that reads it be misled."""
    assert {path for path, _text, described in texts(WITH_ANY_KEY) if described is None} == set()


def test_the_journey_needs_all_results() -> None:
    assert {result.get("failed", False) for result in WITH_ANY_KEY.values()} == {False}
    assert WITH_ANY_KEY["again"]["changed"] is False
    assert WITH_ANY_KEY["proof"]["matches"] is True


def words() -> list[str]:
    """Return every name of a field, every text, and every word in one, of the results and of the declaration."""
    names = {name for path, _text, _described in texts(WITH_ANY_KEY) for name in path.split(".")}
    said = {text for _path, text, _described in texts(WITH_ANY_KEY)}
    chosen = {text for _path, text in _shape.shown(_specs.POLICY, declared(NEUTRAL))}
    whole = names | said | chosen
    return sorted({*whole, *(word for text in whole for word in re.findall(r"[\w.]+", text))} - {""})


@st.composite
def keys(draw: st.DrawFn) -> str:
    """Draw a key that could be confused with something: a word, a part of a text, in small letters or in capitals."""
    text = draw(st.sampled_from(words()))
    start = draw(st.sampled_from((0, 0, 0, 1, 2)))
    length = draw(st.sampled_from((1000, 1000, 1, 2, 3, 4, 12)))
    part = text[start : start + length]
    return draw(st.sampled_from((part, part.lower(), part.upper())))


def is_part_of_a_name(key: str) -> bool:
    names = (NAME, DESCRIPTION, CONNECTION, "all other L2TP", ADDRESS, PEER, "me", "any")
    return any(key.casefold() in name.casefold() for name in names)


def read(results: ResultsByTask) -> dict[readers.ResultPlace, Any]:
    """What later tasks see of the results of a run."""
    return {(step, where): readers.at(results[step], where) for step, where in READ}


def test_the_places_that_are_read_are_found() -> None:
    assert {
        ("plan", ("pending",)),
        ("plan", ("changed_rules",)),
        ("plan", ("host", "machine")),
        ("plan", ("host", "prohibit_ipsec", "in_effect")),
        ("stage", ("transaction",)),
        ("value", ("reboot_required",)),
        ("proof", ("host", "services", "RemoteAccess", "start")),
    } <= READ


@pytest.mark.parametrize("place", sorted(READ, key=str), ids=str)
def test_what_later_tasks_read_stays_even_if_it_equals_a_key(place: readers.ResultPlace) -> None:
    """As it was with any other key, and whatever the table of texts says of it."""
    step, where = place
    for _path, text, _described in leaves(readers.at(WITH_ANY_KEY[step], where), None):
        for key in (text, *re.findall(r"\w+", text)):
            masked = Mask([key]).result(WITH_ANY_KEY[step])
            assert is_part_of_a_name(key) or readers.at(masked, where) == readers.at(WITH_ANY_KEY[step], where)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])
@given(keys())
@example("matches")
@example("pending")
@example("host")
@example("services")
@example("RemoteAccess")
@example("ipsec")
@example("prohibit_ipsec")
@example("certificate from ")
@example("switch")
@example("true")
@example("yes")
@example("3DES / SHA1 / Diffie-Hellman group 14 (2048)")
@example("**")
@example(CONNECTION)
@example(NAME.lower())
def test_a_run_with_any_key_ends_in_the_same_way(key: str) -> None:
    assume(not key_fault(key))
    found = journey(key)
    if is_part_of_a_name(key):
        assert found["predicted"]["reason"] == "options"
        assert "which is shown; write another key, or change that text." in found["predicted"]["msg"]
        return
    assert read(found) == read(WITH_ANY_KEY)
    mask = Mask([key])
    value = WITH_ANY_KEY["value"]  # no key is among the options of that task, nor in what it says
    expected = {name: mask.result(result) for name, result in WITH_ANY_KEY.items()} | {"value": value}
    found["info"] = _but_what_is_weak(found["info"])
    assert found == expected | {"info": _but_what_is_weak(expected["info"])}
    if len(key) > 1 and key.strip("*"):
        free = [
            text
            for path, text, described in texts(found)
            if described in (Text.FREE, Text.LINES) and not path.startswith("value.")
        ]
        assert [text for text in free if key in text] == []


def _but_what_is_weak(info: dict[str, Any]) -> dict[str, Any]:
    """What a reading answers, without what it says of weak keys."""
    said = [each for each in info["findings"] if each["identifier"] != "weak_preshared_key"]
    return {**info, "findings": said}


class TestNames:
    """A key that is part of a name can't be kept from being shown."""

    @pytest.mark.parametrize(
        ("key", "place"),
        [
            ("tunnel one", "rules[0].name"),
            ("ONE", "rules[0].name"),
            ("kyushu", "name"),
            ("KB 240262", "description"),
            ("other l2tp", "rules[1].name"),
            ("192.0.2.2", "rules[0].filters[0].destination_address"),
        ],
    )
    def test_it_is_refused_before_the_host_is_asked(self, key: str, place: str) -> None:
        task = Task(Server())
        assert task.run(POLICY, **declared(key)) == {
            "failed": True,
            "reason": "options",
            "msg": f"rules[0].authentication[0].preshared_key is part of {place}, which is shown; write "
            "another key, or change that text.",
        }
        assert task.server.host.recorder.executions == []

    def test_of_another_rule_and_of_an_authority(self) -> None:
        authority = rule("tokyo-branch", authentication=[{"certificate_authority": "CN=Example Root CA"}])
        result = Task(Server()).run(POLICY, name=NAME, rules=[authority, rule(key="root ca")])
        assert result["msg"] == (
            "rules[1].authentication[0].preshared_key is part of rules[0].authentication[0].certificate_authority, "
            "which is shown; write another key, or change that text."
        )

    def test_a_transaction_is_no_name(self) -> None:
        given = {"transaction": "5f0c6a0e-7d4b-4a57-9f0e-0d6c1f5a2b11/switch/", **declared("switch")}
        assert Task(Server()).run(POLICY, phase="revert", **given)["changed"] is False


class TestWhatAHostHolds:
    """Whatever a host holds or says is free text."""

    @pytest.fixture
    def task(self) -> Task:
        """Return a task on a server where somebody named everything after a key."""
        task = Task(Server())
        authority = [{"certificate_authority": f"CN={NEUTRAL}"}]
        named = rule(f"rule {NEUTRAL}", description=NEUTRAL, authentication=authority)
        by_hand(task.server, name=f"policy {NEUTRAL}", description=NEUTRAL, rules=[named])
        return task

    def test_is_masked(self, task: Task) -> None:
        result = task.run(INFO, preshared_keys=[NEUTRAL])
        (policy,) = result["host"]["policies"]
        named = next(each for each in policy["rules"] if not each["default_response"])
        assert (policy["name"], policy["description"]) == (f"policy {MASK}", MASK)
        assert result["host"]["assigned"] == f"policy {MASK}"
        assert (named["name"], named["authentication"]) == (f"rule {MASK}", [f"certificate from CN={MASK}"])
        assert NEUTRAL not in str(result)

    def test_is_masked_in_a_refusal(self, task: Task) -> None:
        assert task.run(POLICY, **declared(NEUTRAL))["msg"] == (
            f"the policy 'policy {MASK}' is assigned on this host, and only one can be; "
            "set replace_assigned to true if the declared policy should replace it."
        ).replace("the policy", "The policy", 1)

    def test_is_masked_in_the_path_of_a_domain_policy(self, task: Task) -> None:
        path = f"LDAP://CN={NEUTRAL}"
        task.server.add([Key(hosts.DOMAIN_POLICY, {"DSIPSECPolicyPath": Value.sz(path)})])
        result = task.run(INFO, preshared_keys=[NEUTRAL])
        assert result["host"]["domain_policy"] == f"LDAP://CN={MASK}"

    def test_is_masked_before_it_is_cut(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("ansible_collections.rras.ipsec.plugins.plugin_utils._action._SHOWN", 20)
        task = Task(Server())
        task.server.host.impairments.answer = WrongAnswer.GARBAGE
        said = task.run(POLICY, **declared("word unexpected"))["msg"]
        assert said.endswith("(exit code 2): sh: 1:  ... *******")


UNSAFE = "\x1b[31m\a\n[WARNING]: forged\r\x9b\u202e\u2066\u2028\x7f"
SHOWN = r"\x1b[31m\x07\n[WARNING]: forged\r\x9b\u202e\u2066\u2028\x7f"


class TestWhatATerminalWouldObey:
    """It is spelled out in every text that leaves."""

    def test_of_a_policy(self) -> None:
        task = Task(Server())
        by_hand(task.server, name="of somebody")
        for path in [path for path in task.server.tree if "ipsecPolicy" in path or "ipsecNFA" in path]:
            task.server.host.registry.write(path, "ipsecName", Value.sz(f"policy {UNSAFE}"))
            task.server.host.registry.write(path, "description", Value.sz(f"first\nsecond{UNSAFE}"))
        result = task.run(INFO)
        (policy,) = result["host"]["policies"]
        assert (policy["name"], result["host"]["assigned"]) == (f"policy {SHOWN}", f"policy {SHOWN}")
        assert policy["description"] == r"first\nsecond" + SHOWN
        refused = task.run(POLICY, **declared(NEUTRAL))
        taken = task.run(POLICY, **declared(NEUTRAL), replace_assigned=True)
        assert_harmless([*all_texts(result), *all_texts(refused), *all_texts(taken)])

    def test_of_a_domain_policy_that_is_too_long(self) -> None:
        task = Task(Server())
        path = f"LDAP://CN={UNSAFE}{'x' * 5000}DC=example"
        task.server.add([Key(hosts.DOMAIN_POLICY, {"DSIPSECPolicyPath": Value.sz(path)})])
        said = task.run(POLICY, **declared(NEUTRAL))["msg"]
        assert said.startswith(f"A domain policy (LDAP://CN={SHOWN}xxx")
        assert "xxxDC=example) overrides" in said
        assert len(said) < 400
        assert len(task.run(INFO)["host"]["domain_policy"]) == 1999

    def test_of_other_texts_of_a_host(self) -> None:
        task = Task(Server())
        path = task.server.service("RemoteAccess").path
        task.server.host.registry.write(path, "DependOnService", Value.multi_sz([UNSAFE, "PolicyAgent"]))
        assert task.run(INFO)["host"]["services"]["RemoteAccess"]["depends_on"] == [SHOWN, "PolicyAgent"]

    def test_of_an_error_of_the_host(self) -> None:
        task = Task(Server())

        def refuse(_number: int, _record: str) -> None:
            raise RecordRefusedError(f"{UNSAFE}{'x' * 5000}the end.")

        task.server.host.impairments.before_record = refuse
        said = task.run(INFO)["msg"]
        assert said.startswith(f"The host stopped while it prepared its work: {SHOWN}xxx")
        assert said.endswith("xxxthe end. Nothing was changed.")
        assert len(said) < 500

    def test_of_an_output_that_is_no_answer(self) -> None:
        task = Task(Server())
        task.server.host.impairments.answer = WrongAnswer.FORGED
        said = task.run(INFO)["msg"]
        assert said == (
            "The host did not answer like a Windows host with PowerShell (exit code 1): "
            r"\x1b[2J\x07\u202e[WARNING]: forged by the host [WARNING]: forged by the host"
        )

    def test_of_a_connection_that_was_lost(self) -> None:
        task = Task(Server())
        task.lost = (AnsibleConnectionFailure(UNSAFE),)
        with pytest.raises(AnsibleConnectionFailure) as error:
            task.run(INFO)
        assert str(error.value) == SHOWN
        assert (error.value.__cause__, error.value.__context__) == (None, None), "newer cores print these, too"

    def test_names_as_people_write_them_stay(self) -> None:
        text = "Zürich \N{FAMILY}\N{ZERO WIDTH JOINER} \u0645\u06cc\u200c\u062e \N{IDEOGRAPHIC SPACE}\\"
        assert Mask().result({"msg": text, "changed_rules": [text], "diff": {"after": f"{text}\n"}}) == {
            "msg": text,
            "changed_rules": [text],
            "diff": {"after": f"{text}\n"},
        }


def all_texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for each in value.values():
            yield from all_texts(each)
    elif isinstance(value, list):
        for each in value:
            yield from all_texts(each)


def assert_harmless(found: list[str]) -> None:
    assert any("forged" in text for text in found)
    assert [text for text in found if set(text) & set("\x1b\a\r\x9b\u202e\u2066\u2028\x7f")] == []
    assert [line for text in found for line in text.splitlines() if line.startswith("[WARNING]")] == []


class TestMask:
    """The masking itself."""

    @pytest.mark.parametrize(
        ("secrets", "text", "masked"),
        [
            (["abc"], "ABC abc abcabc", f"ABC {MASK} {MASK}{MASK}"),
            (["ab", "abcd"], "abcd ab", f"{MASK} {MASK}"),
            (["a"], "a sentence", "a sentence"),
            (["  "], "a  sentence", "a  sentence"),
            (["a\\b"], repr("x a\\b y"), f"'x {MASK} y'"),
            (["it's"], repr('"it\'s"'), f"'\"{MASK}\"'"),
            (["it's"], repr("it's"), f'"{MASK}"'),
            ([".*"], "any .*", f"any {MASK}"),
            ([], "nothing", "nothing"),
        ],
    )
    def test_of_a_text(self, secrets: list[str], text: str, masked: str) -> None:
        assert Mask(secrets).text(text) == masked

    def test_of_a_field_that_nobody_described(self) -> None:
        given = {"new": [{"key": "my key"}, "my key"], "number": 12}
        assert Mask(["my key"]).result(given) == {"new": [{"key": MASK}, MASK], "number": 12}

    def test_of_no_number(self) -> None:
        assert Mask(["1701"]).result({"value": 1701, "changed": True}) == {"value": 1701, "changed": True}
