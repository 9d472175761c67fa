# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What ansible-doc shows is what the code does: options, defaults, results, reasons, and examples that are valid."""

from __future__ import annotations

import copy
import importlib
import inspect
import json
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from ansible_collections.rras.ipsec.plugins.action import win_ipsec_psk_policy
from ansible_collections.rras.ipsec.plugins.plugin_utils import _specs, _work
from ansible_collections.rras.ipsec.plugins.plugin_utils._host import records, session
from ansible_collections.rras.ipsec.plugins.plugin_utils._patience import Patience
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy import clear_text, declaration
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.adopt import AdoptError
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.desired import Absent, Desired, Present
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.errors import RrasError
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.plan import Transaction
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.prohibit_ipsec import DesiredProhibitIpSec
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.render import RenderError
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.render.reg_file import RegFileError
from ansible_collections.rras.ipsec.plugins.plugin_utils._private_files import PrivateFilesError
from ansible_collections.rras.ipsec.plugins.plugin_utils._role import play_vars
from ansible_collections.rras.ipsec.plugins.plugin_utils._role.step import StopError
from ansible_collections.rras.ipsec.tests.lab import Host, HostSpec
from ansible_collections.rras.ipsec.tests.lab.engine import Command, ConnectionKind

ROOT = Path(__file__).resolve().parents[2]
ROLE = ROOT / "roles" / "l2tp"
POLICY, VALUE, INFO = (
    f"rras.ipsec.{name}" for name in ("win_ipsec_psk_policy", "win_prohibit_ipsec", "win_ipsec_policy_info")
)
KEYS, RENDER, ADOPT = (f"rras.ipsec.l2tp_{name}" for name in ("keys", "render", "adopt"))
SPECS = {
    POLICY: _specs.POLICY,
    VALUE: _specs.PROHIBIT_IPSEC,
    INFO: _specs.INFO,
    KEYS: _specs.KEYS,
    RENDER: _specs.RENDER,
    ADOPT: _specs.ADOPT,
}
FILTERS = sorted(path.stem for path in (ROOT / "plugins" / "filter").glob("*.py"))
OF_ALL = "connections"
"""Where variables are documented that Ansible does not see before the role's first task."""
ANSIBLE_S_OWN = {"changed", "warnings"}
NONCE = bytes(32)
KEY = "a key for the test of the documentation"
RULE = {
    "name": "tokyo-osaka",
    "filters": [{"source_address": "192.0.2.1", "destination_address": "192.0.2.2"}],
    "authentication": [{"preshared_key": KEY}],
}

DocumentedTree = Mapping[str, Any]


def ansible_doc(kind: str, *names: str) -> dict[str, Any]:
    """Return what ansible-doc knows of plugins, by name."""
    command = [sys.executable, "-m", "ansible", "doc", "--json", "--type", kind, *names]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    shown: dict[str, Any] = json.loads(ran.stdout)
    return shown


@pytest.fixture(scope="module")
def modules() -> dict[str, Any]:
    return ansible_doc("module", *SPECS)


@pytest.fixture(scope="module")
def filters() -> dict[str, Any]:
    return ansible_doc("filter", *(f"rras.ipsec.{name}" for name in FILTERS))


@pytest.fixture(scope="module")
def entry_points() -> dict[str, Any]:
    """Return the documented variables of the role, by entry point."""
    shown = ansible_doc("role", "rras.ipsec.l2tp")["rras.ipsec.l2tp"]["entry_points"]
    return {name: entry_point["options"] for name, entry_point in shown.items()}


@pytest.fixture
def role(entry_points: DocumentedTree) -> dict[str, Any]:
    """Return all variables of the role."""
    return {**entry_points["main"], **entry_points[OF_ALL]}


def properties(options: DocumentedTree, children: str, where: str = "") -> dict[str, tuple[object, ...]]:
    """Return what counts of options, by their path: type, elements, default, choices, whether they are required."""
    found: dict[str, tuple[object, ...]] = {}
    for name, option in options.items():
        choices = option.get("choices")
        found[where + name] = (
            option.get("type", "str"),
            option.get("elements"),
            option.get("default"),
            sorted(choices, key=str) if choices else None,
            bool(option.get("required")),
        )
        found |= properties(option.get(children) or {}, children, f"{where}{name}.")
    return found


@pytest.mark.parametrize("name", SPECS)
def test_the_options_of_a_module_are_those_of_its_action(modules: DocumentedTree, name: str) -> None:
    documented = properties(modules[name]["doc"]["options"], "suboptions")
    assert documented == properties(SPECS[name], "options"), f"plugins/modules/{name}.py and _specs.py differ"


@pytest.mark.parametrize("name", SPECS)
def test_the_examples_of_a_module_are_valid(modules: DocumentedTree, name: str) -> None:
    required_if = win_ipsec_psk_policy.ActionModule.REQUIRED_IF if name == POLICY else ()
    given = [task[name] for task in yaml.safe_load(modules[name]["examples"]) if name in task]
    assert given
    for written in given:
        options = {
            option: value for option, value in written.items() if not is_templated_flag(SPECS[name][option], value)
        }
        outcome = ArgumentSpecValidator(copy.deepcopy(SPECS[name]), required_if=required_if).validate(options)
        assert outcome.error_messages == []
        if name == POLICY and options.get("state") != "absent":
            declaration.declare(outcome.validated_parameters)


def is_templated_flag(option: DocumentedTree, value: object) -> bool:
    """Whether it is known only in a run whether this is true."""
    return option["type"] == "bool" and isinstance(value, str) and value.startswith("{{")


def test_the_defaults_of_the_role_are_the_documented_ones(role: DocumentedTree) -> None:
    defaults = yaml.safe_load((ROLE / "defaults" / "main.yml").read_text(encoding="utf-8"))
    documented = {name: option["default"] for name, option in role.items() if "default" in option}
    assert documented == defaults


def test_the_variables_of_the_role_are_documented(entry_points: DocumentedTree, role: DocumentedTree) -> None:
    assert set(role) == {f"l2tp_{name}" for name in play_vars.VARIABLES}
    assert all(set(variables) <= set(role) for variables in entry_points.values())


def test_no_task_of_the_role_reads_its_variables() -> None:
    """The steps do, in one way: what Ansible's own filters make of a word depends on the version of ansible-core."""
    texts = {path.name: path.read_text(encoding="utf-8") for path in (ROLE / "tasks").glob("*.yml")}
    assert texts
    assert {name for name, text in texts.items() if re.search(r"(?<![\w.])l2tp_(?!step|verify\])\w+", text)} == set()


def test_the_variables_mean_the_same_at_all_entry_points(entry_points: DocumentedTree, role: DocumentedTree) -> None:
    for variables in entry_points.values():
        assert variables == {name: role[name] for name in variables}


def test_the_variables_of_the_role_are_in_its_readme(role: DocumentedTree) -> None:
    readme = (ROLE / "README.md").read_text(encoding="utf-8")
    variables = readme.partition("\n## Variables\n")[2].partition("\n## ")[0]
    named = set(re.findall(r"^\| `(l2tp_\w+)`", variables, re.MULTILINE))
    assert named == set(role), "the table Variables of roles/l2tp/README.md"


def test_ansible_leaves_variables_that_may_hold_a_key_to_the_role(
    entry_points: DocumentedTree, role: DocumentedTree
) -> None:
    """Ansible evaluates, and may quote, what is documented where there are tasks; if not raw it checks it, too."""
    tasks = {path.stem for path in (ROLE / "tasks").glob("*.yml")}
    assert set(entry_points) - tasks == {OF_ALL}
    assert set(entry_points[OF_ALL]) == {"l2tp_connections", "l2tp_default", "l2tp_preshared_keys"}
    seen = {name for entry_point in tasks & set(entry_points) for name in entry_points[entry_point]}
    assert seen.isdisjoint(entry_points[OF_ALL])
    assert {name for name in seen if role[name]["type"] == "raw"} == {
        "l2tp_filter_action",
        "l2tp_main_mode",
        "l2tp_managed",
    }
    options = role["l2tp_connections"]["options"]
    assert options["preshared_key"]["no_log"] is True
    assert options["authentication"]["options"]["preshared_key"]["no_log"] is True
    assert role["l2tp_preshared_keys"]["no_log"] is True


@pytest.mark.parametrize("name", FILTERS)
def test_the_options_of_a_filter_are_its_parameters(filters: DocumentedTree, name: str) -> None:
    doc = filters[f"rras.ipsec.{name}"]["doc"]
    module = importlib.import_module(f"ansible_collections.rras.ipsec.plugins.filter.{name}")
    _input, *parameters = inspect.signature(module.FilterModule().filters()[name]).parameters.values()
    empty = inspect.Parameter.empty
    defaults = {each.name: each.default for each in parameters}
    expected = {each: (default is empty, None if default is empty else default) for each, default in defaults.items()}
    documented = {
        option: (bool(about.get("required")), about.get("default"))
        for option, about in doc["options"].items()
        if option != "_input"
    }
    positional = doc["positional"]
    names = positional.split(",") if isinstance(positional, str) else positional
    assert documented == expected
    assert [each.strip() for each in names] == list(expected)


class Work:
    """What the actions do, on a simulated host, without Ansible between."""

    def __init__(self) -> None:
        self.host = Host(HostSpec("rras-tokyo", "192.0.2.1"), Path("no-certificate"))
        self.session = _work.Target(session.Session(self._execute, NONCE, 30), NONCE)

    def _execute(self, command: str, data: bytes) -> session.ScriptOutput:
        ran = self.host.engine.run(Command(ConnectionKind.PSRP, command, (data.decode("ascii"),)))
        return session.ScriptOutput(ran.code, ran.stdout, ran.stderr)

    def policy(self, *, state: str = "present", check_mode: bool = False) -> _work.PolicyWork:
        given = {"name": "L2TP", "state": state, "rules": [RULE]}
        options = ArgumentSpecValidator(copy.deepcopy(_specs.POLICY)).validate(given).validated_parameters
        desired: Desired = Absent("L2TP")
        if state == "present":
            desired = Present(declaration.declare(options), NONCE, agent_first=True)
        task = _work.PolicyTask(desired, backup=True, patience=Patience(0))
        return _work.PolicyWork(self.session, task, check_mode=check_mode)

    def value(self, *, check_mode: bool = False) -> Mapping[str, Any]:
        desired = DesiredProhibitIpSec(
            present=True,
            policy="L2TP",
            require_effective_policy=True,
            predicted=check_mode,
            restart_if_unknown=False,
            only_recorded=False,
            backup=True,
        )
        return _work.set_prohibit_ipsec(self.session, desired, Patience(0), check_mode=check_mode)


@pytest.fixture
def work() -> Work:
    return Work()


def all_phases(work: Work) -> Iterator[Mapping[str, Any]]:
    """Work on a policy in every way that the module offers."""
    yield work.policy(check_mode=True).predict()
    yield work.policy().plan()
    taken_back = work.policy().stage()
    yield taken_back
    yield work.policy().revert(Transaction.parse(taken_back["transaction"]))
    kept = work.policy().stage()
    transaction = Transaction.parse(kept["transaction"])
    yield work.policy().commit(transaction)
    yield work.policy().finish(transaction)
    yield work.policy().everything()
    yield work.policy().verify()
    yield work.policy(state="absent").everything()


def test_every_result_of_a_policy_is_documented(modules: DocumentedTree, work: Work) -> None:
    results = list(all_phases(work))
    documented = modules[POLICY]["return"]
    of_the_action = {"reason", "strategy"}
    assert set().union(*results) - ANSIBLE_S_OWN == set(documented) - of_the_action
    assert set(results[0]["diff"]) == set(documented["diff"]["contains"])
    contents = modules[INFO]["return"]["host"]["contains"]
    for result in results:
        assert set(result["host"]) == set(contents)


def test_every_result_of_the_value_is_documented(modules: DocumentedTree, work: Work) -> None:
    predicted = work.value(check_mode=True)
    work.policy().everything()
    done = work.value()
    documented = modules[VALUE]["return"]
    for result in (predicted, done):
        assert set(result) - ANSIBLE_S_OWN == set(documented) - {"reason"}
        assert set(result["diff"]) == set(documented["diff"]["contains"])


def undocumented(found: Any, documented: DocumentedTree) -> Iterator[str]:
    """Yield the keys that the contents of a result have, and its documentation not, or the other way round."""
    if isinstance(found, list):
        for each in found:
            yield from undocumented(each, documented)
    elif isinstance(found, dict) and "contains" in documented:
        yield from set(found) ^ set(documented["contains"])
        for name in set(found) & set(documented["contains"]):
            yield from undocumented(found[name], documented["contains"][name])


def test_every_result_of_the_reading_is_documented(modules: DocumentedTree, work: Work) -> None:
    work.policy().everything()
    found = work.session.read().store.policies[0].path
    work.host.registry.remove_tree(rules_of(work, found)[0])
    result = _work.inform(work.session, "rras-tokyo", [KEY])
    documented = modules[INFO]["return"]
    assert set(result) - ANSIBLE_S_OWN == set(documented) - {"reason"}
    policies = result["host"]["policies"]
    assert (len(policies), len(policies[0]["unreadable"])) == (1, 1)
    assert list(undocumented(result["host"], documented["host"])) == []


def rules_of(work: Work, policy: str) -> tuple[str, ...]:
    """Return the paths of a policy's rules."""
    store = work.session.read().store
    found = store.at(policy)
    assert found is not None
    return found.rule_paths


KNOWN_REASONS = {
    *(error.reason for error in RrasError.__subclasses__() if error is not StopError),
    *map(str, records.Fault),
}


WITH_FILES = (AdoptError, PrivateFilesError, RegFileError, RenderError)
"""What can only happen where files on the controller are read or written."""


@pytest.mark.parametrize("name", SPECS)
def test_only_known_reasons_are_documented(modules: DocumentedTree, name: str) -> None:
    assert reasons(modules[name]["return"]) <= KNOWN_REASONS


def test_every_reason_is_documented_where_any_may_occur(modules: DocumentedTree) -> None:
    assert reasons(modules[POLICY]["return"]) == KNOWN_REASONS - {error.reason for error in WITH_FILES}


def reasons(documented: DocumentedTree) -> set[str]:
    """Return the words that the documentation of `reason` names, beside the keyword become."""
    text = " ".join(documented["reason"]["description"])
    return set(re.findall(r"C\((\w+)\)", text)) - {"become"}


def declared_in_examples() -> list[DocumentedTree]:
    """Return the policies that the examples of the module, and of the filters for Windows, declare."""
    documented = importlib.import_module("ansible_collections.rras.ipsec.plugins.modules.win_ipsec_psk_policy")
    examples = [each[POLICY] for each in yaml.safe_load(documented.EXAMPLES) if POLICY in each]
    declared = [each for each in examples if each.get("rules")]
    assert len(declared) >= 3
    for name in ("to_reg", "to_netsh", "to_ipsecpol", "to_steps"):
        module = importlib.import_module(f"ansible_collections.rras.ipsec.plugins.filter.{name}")
        declared += [each["vars"]["policy"] for each in yaml.safe_load(module.EXAMPLES)]
    return declared


def test_the_examples_leave_no_l2tp_in_clear_text() -> None:
    """A warning about other L2TP names the rule of the examples that blocks it."""
    for example in declared_in_examples():
        validated = ArgumentSpecValidator(copy.deepcopy(_specs.POLICY)).validate(example).validated_parameters
        policy = declaration.declare(validated).policy
        assert clear_text.cover(policy.rules) is clear_text.Cover.ALL
        assert "all other L2TP" in [rule.name for rule in policy.rules]
