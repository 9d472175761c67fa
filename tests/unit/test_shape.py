# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options of a wrong shape are refused in one sentence that says where, and quotes nothing.

The wrong shapes are made from the specs: an option that is added there is tried here.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest
from hypothesis import given as drawn
from hypothesis import settings
from hypothesis import strategies as st

from ansible_collections.rras.ipsec.plugins.action import (
    l2tp_adopt,
    l2tp_keys,
    l2tp_render,
    win_ipsec_policy_info,
    win_ipsec_psk_policy,
    win_prohibit_ipsec,
)
from ansible_collections.rras.ipsec.plugins.plugin_utils import _settings, _shape, _specs, _view
from ansible_collections.rras.ipsec.plugins.plugin_utils._action import RrasAction, _without_nulls
from ansible_collections.rras.ipsec.tests.support import role
from ansible_collections.rras.ipsec.tests.support.effort import TRIED
from ansible_collections.rras.ipsec.tests.support.server import Server, declare
from ansible_collections.rras.ipsec.tests.support.task import Task

KEY = "Uji-Byodoin:1053/Phoenix"
ACTIONS: tuple[type[RrasAction], ...] = (
    win_ipsec_psk_policy.ActionModule,
    win_prohibit_ipsec.ActionModule,
    win_ipsec_policy_info.ActionModule,
    l2tp_adopt.ActionModule,
    l2tp_keys.ActionModule,
    l2tp_render.ActionModule,
)
WRONG: Mapping[str, tuple[Any, ...]] = {
    "str": (["x"], [KEY], {KEY: True}, {"preshared_key": KEY}, 10531053, 10.53, True),
    "int": (KEY, [KEY], [[KEY]], {KEY: 1}, 10.53, True, "", "1 " + KEY),
    "bool": (KEY, [KEY], [[KEY]], {KEY: True}, 10531053, ""),
    "list": (KEY, "", {KEY: True}, {"preshared_key": KEY}, 10531053, True),
    "dict": (KEY, "", f"preshared_key={KEY}", [KEY], [[KEY]], [{"preshared_key": KEY}], 10531053, True),
}
"""What is not of a type, with a key in it wherever there is room for one."""
UNKNOWN: tuple[dict[Any, Any], ...] = (
    {KEY: True},
    {KEY: None},
    {KEY: {KEY: KEY}},
    {10531053: KEY},
    {KEY: KEY, "psk": 1},
)

OptionPath = tuple[str | int, ...]


def sample(option: Mapping[str, Any], kind: str) -> Any:
    """Return what may be written for an option: all options below it, and one entry of a list."""
    if "choices" in option:
        return option["choices"][0]
    if kind == "list":
        return [sample(option, option["elements"])]
    if kind == "dict":
        return sample_of(option["options"])
    return {"str": "something", "int": option.get("default") or 7, "bool": True}[kind]


def sample_of(spec: _shape.Spec) -> dict[str, Any]:
    return {name: sample(option, option.get("type", "str")) for name, option in spec.items()}


def places(spec: _shape.Spec, above: OptionPath = ()) -> Iterator[tuple[OptionPath, str, Mapping[str, Any]]]:
    """Yield each place where something can be written: its path, the type that is asked for, and its option."""
    for name, option in spec.items():
        kind = option.get("type", "str")
        path: OptionPath = (*above, name)
        yield path, kind, option
        if kind == "list":
            path, kind = (*path, 0), option["elements"]
            yield path, kind, option
        if kind == "dict":
            yield from places(option["options"], path)


def put(options: Any, path: OptionPath, value: Any) -> dict[str, Any]:
    """Return a copy of options with something else in a place."""
    copied = copy.deepcopy(options)
    inner = copied
    for step in path[:-1]:
        inner = inner[step]
    inner[path[-1]] = value
    result: dict[str, Any] = copied
    return result


def get(options: Any, path: OptionPath) -> Any:
    for step in path:
        options = options[step]
    return options


def text(path: OptionPath) -> str:
    """Return a path as a sentence names it."""
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path).removeprefix(".")


def wrong_shapes(spec: _shape.Spec) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield all that a user can write in a wrong way: where, and the options."""
    right = sample_of(spec)
    for path, kind, option in places(spec):
        for wrong in WRONG[kind]:
            yield text(path), put(right, path, wrong)
        if "choices" in option:
            yield text(path), put(right, path, KEY)
        if kind == "dict":
            yield from ((text(path), put(right, path, get(right, path) | unknown)) for unknown in UNKNOWN)
            yield from ((text(path), put(right, path, dict(unknown))) for unknown in UNKNOWN)
        if option.get("required") and isinstance(path[-1], str):
            yield text(path), put(right, path, None)
    yield from (("The task", right | unknown) for unknown in UNKNOWN)


def every(of: Callable[[_shape.Spec], Iterator[Any]]) -> Iterator[Any]:
    for action in ACTIONS:
        yield from (pytest.param(action, *case, id=f"{action.__module__.rpartition('.')[2]}-{n}")
                    for n, case in enumerate(of(action.SPEC)))  # fmt: skip


@pytest.fixture(scope="module")
def task() -> Task:
    """Return a task on a server that must not be asked."""
    return Task(Server())


@pytest.mark.parametrize("action", ACTIONS)
def test_the_right_shape_is_right(action: type[RrasAction]) -> None:
    """Without this, the test below could refuse the samples for another reason."""
    assert list(_shape.problems(action.SPEC, sample_of(action.SPEC))) == []


def test_the_shapes_are_many(record_property: Callable[[str, object], None]) -> None:
    found = list(wrong_shapes(_specs.POLICY))
    made = len(list(every(wrong_shapes)))
    record_property(TRIED, f"{made} wrong shapes made from the argument specs of {len(ACTIONS)} actions")
    assert len(found) > 300
    assert ("rules[0].authentication[0].preshared_key", [KEY]) in [
        (where, given["rules"][0]["authentication"][0]["preshared_key"])
        for where, given in found
        if where.endswith("preshared_key")
    ]


@pytest.mark.parametrize(("action", "where", "given"), list(every(wrong_shapes)))
def test_a_wrong_shape_is_refused_in_a_sentence_that_quotes_nothing(
    task: Task, action: type[RrasAction], where: str, given: dict[str, Any]
) -> None:
    result = task.run(action, **{str(name): value for name, value in given.items()})
    assert (result["failed"], result["reason"]) == (True, "options")
    sentences = result["msg"].split(". ")
    assert all(sentence.startswith(where) for sentence in sentences), result["msg"]
    assert result["msg"].endswith(".")
    assert result["msg"].count(";") == len(sentences), "each says what to write instead"
    assert KEY not in str(result)
    assert "1053" not in str(result)
    assert "psk" not in result["msg"].replace("_psk_", "")
    assert task.server.host.recorder.executions == []


RULE: dict[str, Any] = {
    "name": "tokyo-osaka",
    "filters": [{"source_address": "192.0.2.1", "destination_address": "192.0.2.2"}],
    "authentication": [{"preshared_key": KEY}],
}
A_RULE = "name, description, filters, connection_type, active, authentication, filter_action, each as 'option: value'."


@pytest.mark.parametrize(
    ("rules", "sentence"),
    [
        ([[RULE]], "rules[0] is a list, but must be a dictionary; write rules without a dash or brackets around it."),
        ([KEY], f"rules[0] must be a dictionary; write {A_RULE}"),
        (RULE, "rules must be a list; begin each entry with a dash."),
        (
            [RULE | {"authentication": [[{"preshared_key": KEY}]]}],
            (
                "rules[0].authentication[0] is a list, but must be a dictionary; "
                "write rules[0].authentication without a dash or brackets around it."
            ),
        ),
        (
            [RULE, RULE | {"authentication": [{"kerberos": True}, KEY]}],
            (
                "rules[1].authentication[1] must be a dictionary; "
                "write preshared_key, certificate_authority, kerberos, each as 'option: value'."
            ),
        ),
        (
            [RULE | {"authentication": [{KEY: None}]}],
            (
                "rules[0].authentication[0] has an unknown option (its "
                "name is not shown, because it may be a key); "
                "the options are preshared_key, certificate_authority, kerberos."
            ),
        ),
        (
            [RULE | {"authentication": [{"preshared_key": 1053}]}],
            "rules[0].authentication[0].preshared_key must be text; put it in quotes.",
        ),
        (
            [RULE | {"filter_action": {"action": KEY}}],
            "rules[0].filter_action.action is not one of its choices; write negotiate, block or permit.",
        ),
        (
            [RULE | {"filter_action": {"offers": [{"lifetime_seconds": KEY}]}}],
            "rules[0].filter_action.offers[0].lifetime_seconds must be a whole number; write, for example, 3600.",
        ),
        ([RULE | {"active": KEY}], "rules[0].active must be true or false; write one of them."),
        ([RULE | {"filters": None}], "rules[0].filters is missing; write a list."),
        (
            [RULE | {"nmae": 1, KEY: 2}],
            (
                "rules[0] has 2 unknown options (their names are not shown, because one may be a key); "
                "the options are name, description, filters, connection_type, active, authentication, filter_action."
            ),
        ),
    ],
)
def test_word_for_word(rules: Any, sentence: str) -> None:
    assert list(_shape.problems(_specs.POLICY, {"name": "L2TP", "rules": rules})) == [sentence]


@pytest.mark.parametrize("active", [True, 0, "yes", "No", "on", "1"])
def test_the_words_for_true_and_false(active: object) -> None:
    assert list(_shape.problems(_specs.POLICY, {"name": "L2TP", "rules": [RULE | {"active": active}]})) == []


@pytest.mark.parametrize(
    ("value", "truth"),
    [
        *((word, True) for word in (True, 1, 1.0, "1", "true", "TRUE", "yes", "y", "t", "on", " True ")),
        *((word, False) for word in (False, 0, 0.0, "0", "false", "False", "no", "n", "f", "off")),
        *((word, None) for word in (None, "", " ", 2, -1, "2", "maybe", "truely", "nein")),
        ([], None),
        ([True], None),
        ({}, None),
    ],
)
def test_there_is_one_way_to_read_a_boolean(value: object, truth: bool | None) -> None:
    """Whichever way it comes: as an option, in the role's tasks, and as a variable of another host."""
    given = {"name": "L2TP", "rules": [RULE | {"active": value}]}
    assert _shape.truth(value) is truth
    assert bool(list(_shape.problems(_specs.POLICY, given))) is (truth is None and value is not None)
    far = {"l2tp_address": "198.51.100.7", "l2tp_managed": value}
    nodes = _view.network({TOKYO: {"l2tp_connections": [PAIR]}, OSAKA: far}, TOKYO)
    assert (nodes[OSAKA].managed, bool(nodes[OSAKA].problems)) == (truth is not False, truth is None)


TEXTS = ("preshared_key", "certificate_authority")
NO_TEXT: tuple[Any, ...] = (21913025, 45045, 10.5, True, [KEY], {KEY: KEY})
"""`0123456701` and `12:30:45`, as YAML reads them, and other things than texts."""


@pytest.mark.parametrize("value", NO_TEXT)
def test_a_value_that_is_not_text_is_not_turned_into_text(value: Any) -> None:
    """Not a secret, and neither a name nor an address."""
    for option in TEXTS:
        given = {"name": "L2TP", "rules": [RULE | {"authentication": [{option: value}]}]}
        (sentence,) = _shape.problems(_specs.POLICY, given)
        assert sentence == f"rules[0].authentication[0].{option} must be text; put it in quotes."
    for option in ("source_address", "destination_address"):
        filters = [{"source_address": "me", "destination_address": "any"} | {option: value}]
        (sentence,) = _shape.problems(_specs.POLICY, {"name": "L2TP", "rules": [RULE | {"filters": filters}]})
        assert sentence == f"rules[0].filters[0].{option} must be text; put it in quotes."
    for name in ("name", "description", "address"):
        (sentence,) = _shape.problems(_specs.POLICY, {"name": "L2TP", "rules": []} | {name: value})
        assert sentence == f"{name} must be text; put it in quotes."
    (sentence,) = _shape.problems(_specs.INFO, {"preshared_keys": ["a key", value]})
    assert sentence == "preshared_keys[1] must be text; put it in quotes."


@pytest.mark.parametrize(
    "port", [True, "1_701", "\uff11\uff17\uff10\uff11", "0x6a5", "1701.0", 1701.5, "", [1701], "any"]
)
def test_a_port_is_a_number_in_digits(port: Any) -> None:
    filters = [{"source_address": "me", "destination_address": "any", "source_port": port}]
    (sentence,) = _shape.problems(_specs.POLICY, {"name": "L2TP", "rules": [RULE | {"filters": filters}]})
    assert sentence == "rules[0].filters[0].source_port must be a whole number; write, for example, 1701."


def test_a_text_with_half_a_character_is_refused() -> None:
    half = "has half a character (a lone surrogate), which Windows can't store; write it again."
    given = {"name": "L2TP", "rules": [RULE | {"description": "a\ud800"}], "address": "\udfff"}
    assert list(_shape.problems(_specs.POLICY, given)) == [f"address {half}", f"rules[0].description {half}"]
    assert list(_shape.problems(_specs.INFO, {"preshared_keys": ["\ud83d"]})) == [f"preshared_keys[0] {half}"]
    assert list(_shape.problems(_specs.INFO, {"preshared_keys": ["\U0001f511"]})) == []


@pytest.mark.parametrize("minutes", [10, "10", "-10"])
def test_a_number_may_come_as_text(minutes: object) -> None:
    assert list(_shape.problems(_specs.POLICY, {"name": "L2TP", "polling_interval": minutes})) == []


FILTER_ACTION = _specs.POLICY["rules"]["options"]["filter_action"]
OF_THE_ROLE: _shape.Spec = {"l2tp_filter_action": FILTER_ACTION, "l2tp_main_mode": _specs.POLICY["main_mode"]}
TOKYO, OSAKA, BRANCH = "rras-tokyo", "rras-osaka", "branch"
PAIR: dict[str, Any] = {"name": "tokyo-osaka", "peers": [TOKYO, OSAKA], "preshared_key": KEY}


def said(*connections: Any, variables: Mapping[str, Any] | None = None, given: Any = None) -> list[str]:
    """Return what the role's first task finds wrong."""
    declared = {"l2tp_connections": list(connections) if given is None else given}
    addresses = {TOKYO: "192.0.2.1", OSAKA: "192.0.2.2", BRANCH: "198.51.100.7"}
    hostvars = {name: {**declared, "l2tp_address": address} for name, address in addresses.items()}
    return role.problems(hostvars, TOKYO, variables)


SECURE = {"action": "negotiate", "accept_unsecured": False, "fall_back_to_clear_text": False}


def test_the_right_shape_is_right_for_the_role() -> None:
    variables = {**sample_of(OF_THE_ROLE), "l2tp_policy_name": "L2TP"}
    action = sample_of({"filter_action": FILTER_ACTION})
    variables["l2tp_filter_action"] |= SECURE
    action["filter_action"] |= SECURE
    assert said(PAIR | action, variables=variables) == []
    assert said(PAIR | {"filter_action": None}, variables=dict.fromkeys(OF_THE_ROLE)) == []


@pytest.mark.parametrize("nothing", [None, ""])
def test_the_name_of_the_policy_is_needed_and_no_other_variable(nothing: object) -> None:
    others = (name for name in (*_settings._CHECKS, *OF_THE_ROLE) if name not in _settings._NEEDED)  # noqa: SLF001
    variables = dict.fromkeys(others) | {"l2tp_policy_name": nothing}
    assert said(PAIR, variables=variables) == ["l2tp_policy_name has no visible character; write, for example, 'L2TP'."]


@pytest.mark.parametrize("name", ["l2tp_reboot_serial", "l2tp_reboot_timeout"])
def test_a_number_that_no_module_has_a_default_for_is_needed(name: str) -> None:
    assert said(PAIR, variables={name: None}) == [f"{name} is null; write a number, or leave it out."]


def test_the_role_checks_what_a_play_may_have_told_ansible_not_to_check() -> None:
    assert said(PAIR, variables={"l2tp_reboot": "Never"}) == [
        "l2tp_reboot is not one of its choices; write if_needed, if_unknown or never."
    ]
    assert said(PAIR, variables={"l2tp_verify_only": "perhaps"}) == [
        "l2tp_verify_only must be true or false; write one of them."
    ]


@pytest.mark.parametrize(("where", "given"), [case for case in wrong_shapes(OF_THE_ROLE) if case[0] != "The task"])
def test_a_wrong_shape_of_a_variable_of_the_role(where: str, given: dict[str, Any]) -> None:
    (sentence,) = said(PAIR, variables=given)
    assert sentence.startswith(where)
    assert KEY not in sentence
    assert "1053" not in sentence


@pytest.mark.parametrize(
    ("where", "given"),
    [case for case in wrong_shapes({"filter_action": FILTER_ACTION}) if case[0] != "The task"],
)
def test_a_wrong_shape_of_a_filter_action_of_a_connection(where: str, given: dict[str, Any]) -> None:
    (sentence,) = said(PAIR, PAIR | {"name": "other"} | given)
    assert sentence.startswith(f"l2tp_connections[1].{where}")
    assert KEY not in sentence
    assert "1053" not in sentence


CONNECTIONS: tuple[tuple[Any, str], ...] = (
    (KEY, "l2tp_connections must be a list of connections; begin each with a dash."),
    (10531053, "l2tp_connections must be a list of connections; begin each with a dash."),
    (True, "l2tp_connections must be a list of connections; begin each with a dash."),
    (PAIR, "l2tp_connections must be a list of connections; begin each with a dash."),
    *(
        (
            [wrong],
            "l2tp_connections[0] must be a dictionary with name, peers and preshared_key or certificate_authority.",
        )
        for wrong in (KEY, 10531053, None, [PAIR], [[PAIR]])
    ),
    *(
        ([PAIR | {"preshared_key": wrong}], "l2tp_connections[0].preshared_key must be text; put it in quotes.")
        for wrong in (10531053, 10.53, True, [KEY], {KEY: True})
    ),
    *(
        (
            [PAIR | unknown],
            (
                "l2tp_connections[0] has an unknown option (its name is not shown, because it may be a key); "
                "the options of a connection are name, peers, topology, hub, preshared_key, certificate_authority, "
                "authentication, filter_action."
            ),
        )
        for unknown in UNKNOWN
    ),
)


@pytest.mark.parametrize(("given", "sentence"), CONNECTIONS)
def test_a_wrong_shape_of_the_connections(given: Any, sentence: str) -> None:
    assert said(given=given) == [sentence]


@pytest.mark.parametrize(
    "wrong", [given for given, _sentence in CONNECTIONS] + [[{"name": "a"}], [{"peers": [TOKYO, OSAKA]}]]
)
def test_no_step_of_the_role_breaks_on_a_wrong_shape(wrong: Any) -> None:
    """A removal does not look at the connections' shape, and a host may ask about a peer whose shape is wrong."""
    restarting = {"__l2tp_value": {"reboot_required": True}}
    hostvars = {TOKYO: {"l2tp_connections": [PAIR], **restarting}, OSAKA: {"l2tp_connections": wrong, **restarting}}
    ordered, _done, _said = role.decide("order", hostvars, TOKYO, removal=True)
    assert sorted(ordered["batches"]) == [[OSAKA], [TOKYO]]
    for host in hostvars:
        assert role.problems(hostvars, host, removal=True) == []
        assert role.decide("restore_value", hostvars, host, removal=True)[1:] != ([], "")
    assert isinstance(role.rules(hostvars, OSAKA), list)


TEXT = st.text(st.characters(codec="utf-8", exclude_categories=()), max_size=8) | st.sampled_from(["key", "CN=Example"])
KEY_OF_ANY_TEXT, AUTHORITY = (
    st.fixed_dictionaries({kind: TEXT}) for kind in ("preshared_key", "certificate_authority")
)
ACTION = st.fixed_dictionaries(
    {},
    optional={
        "pfs": st.booleans(),
        "offers": st.lists(st.fixed_dictionaries({}, optional={"lifetime_seconds": st.integers(-1, 400)}), max_size=2),
    },
)


@settings(max_examples=300, deadline=None)
@drawn(TEXT, KEY_OF_ANY_TEXT | AUTHORITY, TEXT, ACTION, st.none() | ACTION)
def test_whatever_the_role_lets_through_the_module_takes(
    name: str, method: dict[str, str], policy: str, shared: dict[str, Any], own: dict[str, Any] | None
) -> None:
    """So no message of the module about an option that the role made reaches the role's user."""
    entry = {"name": name, "peers": [TOKYO, OSAKA], "filter_action": own, **method}
    variables = {"l2tp_policy_name": policy, "l2tp_filter_action": shared}
    if said(entry, variables=variables):
        return
    hostvars: dict[str, dict[str, Any]] = {
        TOKYO: {"l2tp_connections": [entry], "l2tp_address": "192.0.2.1"},
        OSAKA: {"l2tp_address": "192.0.2.2"},
    }
    rules = role.rules(hostvars, TOKYO, filter_action=shared)
    given = {"name": policy, "rules": [_without_nulls(rule) for rule in rules]}
    assert list(_shape.problems(_specs.POLICY, given)) == []
    assert declare(**given).policy.rules[0].name == name


def keyed(key: str, **more: Any) -> dict[str, Any]:
    return PAIR | {"preshared_key": key} | more


FAR = {"name": "tokyo-branch", "peers": [TOKYO, BRANCH], "certificate_authority": "CN=Example Root CA"}


@pytest.mark.parametrize(
    ("key", "place"),
    [
        ("tokyo-osaka", "l2tp_connections[0].name"),
        ("TOKYO-O", "l2tp_connections[0].name"),
        ("rras-osaka", "l2tp_connections[0].peers[1]"),
        ("okyo-branch", "l2tp_connections[1].name"),
        ("Example Root", "l2tp_connections[1].certificate_authority"),
        ("between sites", "l2tp_policy_name"),
        ("192.0.2.2", "l2tp_address of rras-osaka"),
    ],
)
def test_a_key_that_is_part_of_what_the_role_shows(key: str, place: str) -> None:
    assert said(keyed(key), FAR, variables={"l2tp_policy_name": "L2TP between sites"}) == [
        (
            f"l2tp_connections[0].preshared_key is part of {place}, which is shown; write "
            "another key, or change that text."
        )
    ]


@pytest.mark.parametrize("key", ["other L2TP", "any", "ALL OTHER"])
def test_a_key_that_is_part_of_the_role_s_own_rule(key: str) -> None:
    assert said(keyed(key)) == [
        ("l2tp_connections[0].preshared_key is part of a rule that the role writes, which is shown; write another key.")
    ]


def test_a_key_that_is_part_of_the_name_of_an_authority_for_others() -> None:
    hostvars = {name: {"l2tp_connections": [keyed("root ca")], "l2tp_address": address}
                for name, address in ((TOKYO, "192.0.2.1"), (OSAKA, "192.0.2.2"))}  # fmt: skip
    assert role.problems(hostvars, TOKYO, {"l2tp_other_peers_certificate_authority": "CN=Example Root CA"}) == [
        (
            "l2tp_connections[0].preshared_key is part of l2tp_other_peers_certificate_authority, which is "
            "shown; write another key, or change that text."
        )
    ]


ANOTHER = "write another key, or change that text."


@pytest.mark.parametrize(
    ("more", "place"),
    [
        ({"peers": [TOKYO, KEY]}, "peers[1]"),
        ({"peers": [TOKYO, f"x{KEY.upper()}"]}, "peers[1]"),
        ({"name": KEY, "certificate_authority": "CN=Example"}, "name"),
        ({"name": KEY, "peers": [TOKYO, TOKYO]}, "name"),
        ({"name": f"{KEY}\n"}, "name"),
    ],
)
def test_a_key_in_the_wrong_place_is_not_quoted_by_a_sentence_about_something_else(
    more: dict[str, Any], place: str
) -> None:
    sentence = f"preshared_key is part of l2tp_connections[0].{place}, which is shown; {ANOTHER}"
    assert said(keyed(KEY, **more)) == [f"l2tp_connections[0].{sentence}"]
    assert said(keyed(KEY, **more), 5) == [f"l2tp_connections[0].{sentence}"], "whatever else has the wrong shape"


def test_a_key_in_the_wrong_place_is_not_quoted_by_its_peers() -> None:
    """What is wrong with one end's variables the other end says too, and it may have another list."""
    wrong = keyed(KEY, name=KEY, certificate_authority="CN=Example")
    declared = {TOKYO: [keyed(KEY)], OSAKA: [wrong]}
    hostvars = {name: {"l2tp_connections": entries, "l2tp_address": "192.0.2.1"} for name, entries in declared.items()}
    assert role.problems(hostvars, OSAKA) == [
        f"l2tp_connections[0].preshared_key is part of l2tp_connections[0].name, which is shown; {ANOTHER}"
    ]
    assert role.problems(hostvars, TOKYO) == [
        (
            "l2tp_connections[0].preshared_key is part of l2tp_connections[0].name of rras-osaka, "
            f"which is shown; {ANOTHER}"
        )
    ]
