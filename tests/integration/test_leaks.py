# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""No recorder holds a key: marked keys are looked for, in many encodings, in everything that a run leaves anywhere.

Each run has one server with one connection for each of the marked keys. `make leaks` does all runs; a run of everything
does the few that are told the most.
"""

from __future__ import annotations

import base64
import dataclasses
import gzip
import itertools
import json
import shutil
from collections.abc import Callable, Iterator, Mapping

import pytest
import yaml
from ansible import release

from ansible_collections.rras.ipsec.tests import ROOT
from ansible_collections.rras.ipsec.tests.lab import HostSpec
from ansible_collections.rras.ipsec.tests.support import leak_probe
from ansible_collections.rras.ipsec.tests.support.controller import (
    CALLBACKS,
    REMOVE,
    RESTART,
    VERIFY,
    Controller,
    Run,
)
from ansible_collections.rras.ipsec.tests.support.effort import THOROUGH, TRIED
from ansible_collections.rras.ipsec.tests.support.keys import make_keys, written_keys
from ansible_collections.rras.ipsec.tests.support.labs import MakeController
from ansible_collections.rras.ipsec.tests.support.pair import BACKUP, OURS, assigned, connection, keys_of
from ansible_collections.rras.ipsec.tests.support.secret import MARKED_KEYS, forms, found, rests

SERVER = "server"
FAR = [f"far-{number}" for number in range(len(MARKED_KEYS))]
SECRETS = MARKED_KEYS | rests(MARKED_KEYS)
GIVEN = ("inventory.yml", "playbook.yml", "password", "l2tp-files")
"""What holds keys in the controller's folder because somebody asked for it."""
PLAYBOOKS = (VERIFY, RESTART, "rras.ipsec.adopt", "rras.ipsec.render", "rras.ipsec.undo_rendered", REMOVE)
LOUDEST = "-vvvvvv"
ENVIRONMENTS: Mapping[str, Mapping[str, str]] = {
    "debug": {"ANSIBLE_DEBUG": "1"},
    "traceback": {"ANSIBLE_DISPLAY_TRACEBACK": "always"},
    "kept files": {"ANSIBLE_KEEP_REMOTE_FILES": "1"},
    "yaml": {"ANSIBLE_CALLBACK_RESULT_FORMAT": "yaml"},
    "tree and junit": {"ANSIBLE_CALLBACKS_ENABLED": "events,ansible.builtin.tree,ansible.builtin.junit"},
    "one line": {"ANSIBLE_STDOUT_CALLBACK": "ansible.builtin.oneline"},
    "minimal": {"ANSIBLE_STDOUT_CALLBACK": "ansible.builtin.minimal"},
}
LAYERS = (
    "plugins.plugin_utils._shape:problems",
    "plugins.plugin_utils._shape:secrets",
    "plugins.plugin_utils._action:RrasAction._check_connection",
    "plugins.plugin_utils._host.transport:check",
    "plugins.plugin_utils._host.session:Session.run",
    "plugins.plugin_utils._host.session:frame_of",
    "plugins.plugin_utils._host.records:encode",
    "plugins.plugin_utils._host.records:decode",
    "plugins.plugin_utils._policy.declaration:declare",
    "plugins.plugin_utils._policy.codec.rule:encode_rule",
    "plugins.plugin_utils._policy.store.reading:Store.read",
    "plugins.plugin_utils._policy.phases:stage",
    "plugins.plugin_utils._role.play_vars:PlayVars.declared",
    "plugins.plugin_utils._role.steps:Steps.preflight",
    "plugins.plugin_utils._role.steps:Steps.stage",
    "plugins.plugin_utils._view:network",
    "plugins.plugin_utils._work.policy:PolicyWork.stage",
    "plugins.plugin_utils._work.policy:PolicyWork.commit",
    "plugins.plugin_utils._work.policy:PolicyWork.prove",
    "plugins.plugin_utils._work.target:Target.fingerprint",
)
"""One function of each layer, which raises an exception that quotes all that it was given, and the keys."""


@dataclasses.dataclass(frozen=True, slots=True)
class Case:
    """One way to run."""

    name: str
    run: Callable[[Controller], list[Run]]
    connection: str = "winrm"


def site(*arguments: str, **environment: str) -> Callable[[Controller], list[Run]]:
    return lambda controller: [controller.site(*arguments, environment=recorders(controller) | environment)]


def recorders(controller: Controller) -> dict[str, str]:
    """All that a controller can write down, each into a place of its own."""
    folder = controller.folder
    plugins = folder / "plugins"
    if not plugins.exists():
        plugins.mkdir()
        shutil.copy(leak_probe.__file__, plugins / "leak_probe.py")
    (folder / "tmp").mkdir(exist_ok=True)
    return {
        "ANSIBLE_LOG_PATH": str(folder / "ansible.log"),
        "ANSIBLE_CACHE_PLUGIN": "ansible.builtin.jsonfile",
        "ANSIBLE_CACHE_PLUGIN_CONNECTION": str(folder / "facts"),
        "ANSIBLE_RETRY_FILES_ENABLED": "1",
        "ANSIBLE_RETRY_FILES_SAVE_PATH": str(folder / "retry"),
        "ANSIBLE_CALLBACK_PLUGINS": f"{plugins}:{CALLBACKS}",
        "ANSIBLE_CALLBACK_TREE_DIR": str(folder / "tree"),
        "JUNIT_OUTPUT_DIR": str(folder / "junit"),
        "TMPDIR": str(folder / "tmp"),
        "LEAK_PROBE_FILE": str(folder / "results.json"),
        "LEAK_PROBE_TEXT": json.dumps(list(MARKED_KEYS.values()), ensure_ascii=False),
    }


def whole_life(controller: Controller) -> list[Run]:
    """Each playbook of the collection, one after another."""
    loud = recorders(controller)
    ran = [controller.site(LOUDEST, "--diff", environment=loud)]
    show = [{"hosts": "rras", "gather_facts": True, "tasks": [{"ansible.builtin.debug": {"var": "l2tp_result"}}]}]
    ran.append(controller.play(show, LOUDEST, environment=loud | {"ANSIBLE_GATHERING": "explicit"}))
    return ran + [controller.play(playbook, LOUDEST, "--diff", environment=loud) for playbook in PLAYBOOKS]


def making_keys(controller: Controller) -> list[Run]:
    """The playbook keys: what it made is searched for, too."""
    for entry in controller.variables["l2tp_connections"]:
        del entry["preshared_key"]
    loud = recorders(controller) | {"ANSIBLE_DEBUG": "1"}
    ran = [make_keys(controller, LOUDEST, "--diff", environment=loud)]
    assert len(written_keys(controller)) == len(FAR)
    return ran


def failing_at(record: int) -> Callable[[Controller], list[Run]]:
    def run(controller: Controller) -> list[Run]:
        controller.lab[SERVER].impairments.fail_at_record = record
        return site(LOUDEST, "--diff")(controller)

    return run


def losing(message: int) -> Callable[[Controller], list[Run]]:
    def run(controller: Controller) -> list[Run]:
        controller.lab[SERVER].impairments.lose_answer = message
        return site(LOUDEST, "--diff")(controller)

    return run


def wrong(option: str) -> Callable[[Controller], list[Run]]:
    """Put each key where something else belongs."""

    def run(controller: Controller) -> list[Run]:
        for entry in controller.variables["l2tp_connections"]:
            entry[option] = entry["preshared_key"] if option != "peers" else [SERVER, entry["preshared_key"]]
        return site(LOUDEST, "--diff")(controller)

    return run


def cases() -> Iterator[Case]:
    everything = {name: value for each in ENVIRONMENTS.values() for name, value in each.items() if "STDOUT" not in name}
    yield Case("everything at once", site(LOUDEST, "--diff", **everything))
    yield Case(f"an exception in {LAYERS[6]}", site(LOUDEST, LEAK_PROBE_RAISES=LAYERS[6], **ENVIRONMENTS["traceback"]))
    if not THOROUGH:
        return
    for level in range(1, 7):
        yield Case(f"-{'v' * level}", site(f"-{'v' * level}"))
        yield Case(f"-{'v' * level} --check --diff", site(f"-{'v' * level}", "--check", "--diff"))
    for name, environment in ENVIRONMENTS.items():
        yield Case(name, site(LOUDEST, "--diff", **environment))
    yield Case("psrp", site(LOUDEST, "--diff", ANSIBLE_DEBUG="1"), "psrp")
    yield Case("all playbooks", whole_life)
    yield Case("the playbook keys", making_keys)
    for layer in LAYERS:
        yield Case(f"an exception in {layer}", site(LOUDEST, "--diff", LEAK_PROBE_RAISES=layer, **everything))
    yield from (Case(f"an error at record {number}", failing_at(number)) for number in range(30, 240, 15))
    yield from (Case(f"no answer to message {number}", losing(number)) for number in range(1, 40, 3))
    for option in ("name", "peers", "topology", "hub", "certificate_authority", "authentication", "filter_action", "x"):
        yield Case(f"keys in {option}", wrong(option))


@pytest.mark.parametrize("case", list(cases()), ids=lambda case: case.name)
def test_no_recorder_holds_a_key(
    start: MakeController, case: Case, record_property: Callable[[str, object], None]
) -> None:
    controller = start([HostSpec(SERVER, "192.0.2.200")], connection=case.connection)
    for number, name in enumerate(FAR, start=1):
        controller.host(name).update({"l2tp_address": f"192.0.2.{number}", "l2tp_managed": False})
    controller.variables["l2tp_connections"] = [
        connection(f"link-{number}", SERVER, far, key=key)
        for number, (far, key) in enumerate(zip(FAR, MARKED_KEYS.values(), strict=True))
    ]

    ran = case.run(controller)

    recorded = list(recordings(controller, ran))
    assert {where: leaks for where, data in recorded if (leaks := found(data, SECRETS))} == {}
    if case.name == "everything at once":
        assert ran[0].code == 0, ran[0].explain()
        assert len(keys_of(assigned(controller.lab[SERVER]))) == len(MARKED_KEYS)
    if LAYERS[6] in case.name:
        assert "An unexpected RuntimeError ended the action" in ran[0].output, ran[0].explain()
    size = sum(len(data) for _where, data in recorded)
    encodings = sum(len(list(forms(secret))) for secret in SECRETS.values())
    record_property(
        TRIED,
        f"{len(MARKED_KEYS)} marked keys in {encodings} encoded forms, looked for in {len(recorded)} recordings "
        f"({size // 1024} KB) of ansible-core {release.__version__}: {case.name}",
    )


@pytest.mark.core
@pytest.mark.slow
def test_no_refused_variable_shows_the_keys_of_others(
    start: MakeController, record_property: Callable[[str, object], None]
) -> None:
    """Each variable of the role, with what none of them can be: a server for each, with a key of its own."""
    variables = {name.replace("_", "-"): name for name in _role_variables() if name != "l2tp_connections"}
    controller = start([HostSpec(host, "192.0.2.200") for host in variables])
    keys = itertools.cycle(MARKED_KEYS.values())
    for host, variable in variables.items():
        controller.host(f"far-of-{host}").update({"l2tp_address": "192.0.2.1", "l2tp_managed": False})
        controller.host(host)[variable] = {"text": ["within a list"]}
    controller.variables["l2tp_connections"] = [
        connection(f"link-of-{host}", host, f"far-of-{host}", key=next(keys)) for host in variables
    ]

    run = controller.site(LOUDEST, "--diff", environment={**recorders(controller), **ENVIRONMENTS["traceback"]})

    assert set(variables) <= set(run.failed), run.explain()
    assert {where: leaks for where, data in recordings(controller, [run]) if (leaks := found(data, SECRETS))} == {}
    record_property(TRIED, f"{len(variables)} variables of the role that are refused, beside {len(MARKED_KEYS)} keys")


def _role_variables() -> list[str]:
    specs = yaml.safe_load((ROOT / "roles" / "l2tp" / "meta" / "argument_specs.yml").read_text(encoding="utf-8"))
    return list(specs["argument_specs"]["main"]["options"])


def recordings(controller: Controller, ran: list[Run]) -> Iterator[tuple[str, bytes]]:
    """Everything that was left, each with where it was found."""
    for number, run in enumerate(ran):
        yield f"output {number}", run.output.encode()
        yield f"errors {number}", run.errors.encode()
    for path in sorted(controller.folder.rglob("*")):
        inside = path.relative_to(controller.folder)
        if path.is_file() and inside.parts[0] not in GIVEN:
            yield str(inside), path.read_bytes()
    for host in controller.lab.values():
        by_source: dict[str, list[str]] = {}
        for line in host.recorder.lines:
            by_source.setdefault(line.source, []).append(line.text)
        yield from ((f"{host.name}: {source}", "\n".join(texts).encode()) for source, texts in by_source.items())
        open_places = [key for path, key in host.registry.snapshot().items() if not _may_hold_keys(path)]
        yield f"{host.name}: registry", b"\0".join(value.data for key in open_places for value in key.values())


def _may_hold_keys(path: str) -> bool:
    return "\\ipsecNFA" in path and (path.startswith(BACKUP) or not path.startswith(OURS))


def test_the_search_finds_what_it_must_find() -> None:
    """Without this, the tests above could pass because they look for the wrong thing."""
    for name, key in MARKED_KEYS.items():
        for text in (f"x{key}y", json.dumps({"a": key}), repr(key)):
            assert [line for line in found(text.encode(), MARKED_KEYS) if line.startswith(name)]
            assert found(text.encode("utf-16-le"), MARKED_KEYS) or text == json.dumps({"a": key}) or "\\" in text
        packed = base64.b64encode(gzip.compress(f"before it {key}".encode()))
        assert [line for line in found(b"#rras#" + packed + b"#rras#", MARKED_KEYS) if line.startswith(name)]
    assert found(b"******** and what follows it", SECRETS)
