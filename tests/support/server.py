# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A simulated server, and the work of tasks on it, in this process: without Ansible or a network."""

from __future__ import annotations

import copy
import secrets
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from ansible_collections.rras.ipsec.plugins.plugin_utils import _specs, _work
from ansible_collections.rras.ipsec.plugins.plugin_utils._host import session as executions
from ansible_collections.rras.ipsec.plugins.plugin_utils._patience import Patience
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy import declaration, model
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy import host as hosts
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.desired import Absent, Desired, Present
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.host import OURS, PROHIBIT_IPSEC, RASMAN
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.plan import Transaction
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.prohibit_ipsec import DesiredProhibitIpSec
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.registry import Key, Tree, Value
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.store import ACTIVE_POLICY, LOCAL, Store, StoredPolicy
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.words import TASK
from ansible_collections.rras.ipsec.tests.lab import Host, HostSpec
from ansible_collections.rras.ipsec.tests.lab.engine import Command, ConnectionKind
from ansible_collections.rras.ipsec.tests.lab.windows.services import ServiceState

ADDRESS, PEER = "192.0.2.1", "192.0.2.2"
KEY, OTHER_KEY = "correct horse battery staple", "another key of the same pair"
NAME = "L2TP"
SERVICES = ("PolicyAgent", "IKEEXT", "RemoteAccess", "RasMan")

TaskOptions = Mapping[str, Any]
ModuleResult = Mapping[str, Any]


def rule(name: str = "tokyo-osaka", key: str = KEY, peer: str = PEER, **more: Any) -> dict[str, Any]:
    """Return the rule of one connection, as a user declares it."""
    given = {
        "name": name,
        "filters": [{"source_address": ADDRESS, "destination_address": peer}],
        "authentication": [{"preshared_key": key}],
    }
    return given | more


BLOCKED = rule(
    "all other L2TP",
    filters=[{"source_address": "me", "destination_address": "any"}],
    authentication=[],
    filter_action={"action": "block"},
)


def options(**given: Any) -> TaskOptions:
    """Return the options of win_ipsec_psk_policy as the action gets them; with one connection by default."""
    checked = ArgumentSpecValidator(copy.deepcopy(_specs.POLICY)).validate({"name": NAME, "rules": [rule()]} | given)
    if checked.error_messages:
        raise ValueError(checked.error_messages)
    validated: TaskOptions = checked.validated_parameters
    return validated


def declare(**given: Any) -> declaration.Declaration:
    return declaration.declare(options(**given))


class Clock:
    """A clock that moves only while somebody waits."""

    def __init__(self) -> None:
        self.pauses: list[float] = []
        self.at_each_pause: Callable[[], None] = lambda: None

    def now(self) -> float:
        return sum(self.pauses)

    def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.at_each_pause()


class Server:
    """One server, and what a task does to it."""

    def __init__(self, host: Host | None = None, late: Mapping[str, int] | None = None) -> None:
        """Use a host; by default, a new one. late: services of the new one that start late."""
        self.host = host or Host(HostSpec("rras-tokyo", ADDRESS, late=late or {}), Path("no-certificate"))
        self.clock = Clock()
        """The controller's clock."""
        self.nonces: list[bytes] = []
        """The nonces with which the keys were masked, one per task."""

    # --- tasks ---

    def work(self, *, check_mode: bool = False, **given: Any) -> _work.PolicyWork:
        """Return the work of one task of win_ipsec_psk_policy."""
        words = given.pop("words", TASK)
        wanted = options(**given)
        target = self.target()
        desired: Desired = Absent(wanted["name"], all_ours=wanted["all_ours"], words=words)
        if wanted["state"] == "present":
            declared = declaration.declare(wanted)
            desired = Present(declared, target.nonce, agent_first=wanted["policy_agent_first"], words=words)
        patience = Patience(wanted["settle_timeout"], self.clock.now, self.clock.sleep)
        task = _work.PolicyTask(desired, wanted["backup"], patience, predicted=wanted["predicted"])
        return _work.PolicyWork(target, task, check_mode=check_mode)

    def policy(self, **given: Any) -> ModuleResult:
        """Do all phases of win_ipsec_psk_policy."""
        return _truthful(self.work(**given).everything())

    def plan(self, **given: Any) -> ModuleResult:
        return self.work(**given).plan()

    def prove(self, **given: Any) -> ModuleResult:
        return self.work(**given).prove()

    def predict(self, **given: Any) -> ModuleResult:
        """Do what check mode does."""
        return _truthful(self.work(check_mode=True, **given).predict())

    def stage(self, **given: Any) -> Transaction:
        return Transaction.parse(self.work(**given).stage()["transaction"])

    def phases(self, **given: Any) -> None:
        """Do the phases one by one, as the role does."""
        staged = _truthful(self.work(**given).stage())
        if staged["transaction"]:
            transaction = Transaction.parse(staged["transaction"])
            _truthful(self.work(**given).commit(transaction))
            _truthful(self.work(**given).finish(transaction))

    def value(self, *, check_mode: bool = False, **given: Any) -> ModuleResult:
        """Do a task of win_prohibit_ipsec.

        By default: the value is to be present, the policy must be in force, and nothing is waited for.
        """
        desired = DesiredProhibitIpSec(
            present=given.pop("present", True),
            policy=given.pop("policy", NAME),
            require_effective_policy=given.pop("require_effective_policy", True),
            predicted=given.pop("predicted", False),
            restart_if_unknown=given.pop("restart_if_unknown", False),
            only_recorded=given.pop("only_recorded", False),
            backup=given.pop("backup", True),
            words=given.pop("words", TASK),
        )
        patience = Patience(given.pop("settle_timeout", 0), self.clock.now, self.clock.sleep)
        return _truthful(_work.set_prohibit_ipsec(self.target(), desired, patience, check_mode=check_mode))

    def inform(self, *keys: str) -> ModuleResult:
        return _work.inform(self.target(), self.host.name, keys)

    def target(self) -> _work.Target:
        nonce = secrets.token_bytes(32)
        self.nonces.append(nonce)
        return _work.Target(executions.Session(self.execute, nonce, 30), nonce)

    def read(self) -> hosts.HostState:
        """Return everything about the server, as the policy core understands it."""
        return self.target().read()

    # --- what is there ---

    @property
    def tree(self) -> Tree:
        return self.host.store

    @property
    def store(self) -> Store:
        return Store.read(self.tree)

    @property
    def active(self) -> StoredPolicy | None:
        return self.store.active

    @property
    def names(self) -> list[str]:
        return sorted(found.name for found in self.store.policies)

    @property
    def own(self) -> Tree:
        """What is below our own key, without the backups."""
        tree = self.host.registry.snapshot(OURS)
        return Tree(key for path, key in tree.items() if not path.casefold().startswith(hosts.BACKUP.casefold()))

    @property
    def prohibit_ipsec(self) -> int | None:
        value = (self.host.registry.read(RASMAN) or Key("")).get(PROHIBIT_IPSEC)
        return value.number if value else None

    @property
    def running(self) -> frozenset[str]:
        return frozenset(name for name in SERVICES if self.host.services.state(name) is ServiceState.RUNNING)

    def key(self, path: str) -> Key:
        """Return a key; if it is missing, one without values."""
        return self.host.registry.read(path) or Key(path)

    def service(self, name: str) -> Key:
        return self.key(rf"SYSTEM\CurrentControlSet\Services\{name}")

    def holds(self, key: str) -> bool:
        """Return whether a preshared key is anywhere in the policy store."""
        wanted = key.encode("utf-16-le")
        return any(wanted in value.data for found in self.tree.values() for value in found.values())

    # --- what others do to it ---

    def add(self, keys: Iterable[Key]) -> None:
        self.host.registry.load(Tree(keys))

    def add_policy(self, policy: model.Policy, keys: Iterable[Key], *, assigned: bool = False) -> StoredPolicy:
        """Write a policy as somebody else would; if assigned, the agent loads it."""
        self.add(keys)
        found = self.store.find(policy.name)[-1]
        if assigned:
            self.assign(found.path)
        return found

    def assign(self, path: str) -> None:
        """Assign a policy in the Windows console."""
        self.host.registry.write(LOCAL, ACTIVE_POLICY, Value.sz(path))
        if "PolicyAgent" in self.running:
            self.host.agent.load()
        else:
            self.host.services.start("PolicyAgent")

    def lose_filters(self) -> None:
        """Make the agent lose all filters of policies, and load none any more."""
        self.host.agent.filters, self.host.agent.rules = (), ()
        self.host.agent.deaf = True

    def set_prohibit_ipsec(self, number: int) -> None:
        self.host.registry.write(RASMAN, PROHIBIT_IPSEC, Value.dword(number))

    def restart(self) -> None:
        self.host.restart()

    def copy(self) -> Server:
        """Return another server with the same registry, just started."""
        other = Server()
        tree = self.host.registry.snapshot()
        other.host.registry.replace(tree)
        for path in tree:
            other.host.registry.protect(path, self.host.registry.access(path))
        other.restart()
        return other

    def execute(self, command: str, data: bytes) -> executions.ScriptOutput:
        output = self.host.engine.run(Command(ConnectionKind.WINRM, command, (data.decode("ascii"),)))
        return executions.ScriptOutput(output.code, output.stdout, output.stderr)


def _truthful(result: ModuleResult) -> ModuleResult:
    """Check that a result's diff shows a change only if there is one, and gives the reasons; return the result."""
    diff = result["diff"]
    assert (diff["before"] != diff["after"]) is result["changed"], diff
    assert "changes" not in result or bool(result["changes"]) is result["changed"], result["changes"]
    return result
