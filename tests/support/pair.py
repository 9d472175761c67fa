# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the tests of whole runs share: hosts, keys, connections, and what a run may leave behind."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

from ansible_collections.rras.ipsec.plugins.plugin_utils._policy import codec, model
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.registry import Tree, Value
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.store import Store, StoredPolicy
from ansible_collections.rras.ipsec.tests.lab import Host, HostSpec, Lab
from ansible_collections.rras.ipsec.tests.lab.windows import installation
from ansible_collections.rras.ipsec.tests.lab.windows.registry import differences

TOKYO, OSAKA = "rras-tokyo", "rras-osaka"
TOKYO_ADDRESS, OSAKA_ADDRESS = "192.0.2.1", "192.0.2.2"
PAIR = (HostSpec(TOKYO, TOKYO_ADDRESS), HostSpec(OSAKA, OSAKA_ADDRESS))
POLICY = "L2TP site to site"
KEY = "Uji-Byodoin:1053/Phoenix"
NEW_KEY = "Nara-Todaiji:0752/Daibutsu"

RASMAN = r"SYSTEM\CurrentControlSet\Services\RasMan\Parameters"
OURS = r"SOFTWARE\rras.ipsec"
BACKUP = OURS + r"\Backup"
IDENTITY = (installation.CRYPTOGRAPHY, installation.COMPUTER_NAME)
RESTART_PENDING = OURS + r"\ProhibitIpSec\RestartPending"


@dataclasses.dataclass(frozen=True, slots=True)
class Memory:
    """The state of a host that has just started: its registry, and the access lists of what may hold a key."""

    tree: Tree
    access: Mapping[str, str]

    @classmethod
    def of(cls, host: Host) -> Memory:
        """Remember the state of a host."""
        tree = host.registry.snapshot()
        private = (path for path in tree if path.startswith(OURS) or "ipsecNFA" in path)
        return cls(tree, {path: host.registry.access(path) for path in private})

    def give(self, host: Host) -> None:
        """Give this state to another host, or to the same one again; its identity as a machine stays."""
        identity = [key for path in IDENTITY if (key := host.registry.read(path))]
        host.registry.replace(self.tree)
        host.registry.load(Tree(identity))
        for path, sddl in self.access.items():
            host.registry.protect(path, sddl)
        host.services.boot()


def give(memories: Mapping[str, Memory], lab: Lab) -> None:
    """Give the hosts of a lab the states remembered under their names."""
    for name, host in lab.items():
        memories[name].give(host)


def connection(name: str = "tokyo-osaka", *peers: str, key: str = KEY) -> dict[str, Any]:
    """Return one entry of l2tp_connections."""
    return {"name": name, "peers": list(peers or (TOKYO, OSAKA)), "preshared_key": key}


def snapshots(lab: Lab) -> dict[str, Tree]:
    """Return the whole registry of each host."""
    return {name: host.registry.snapshot() for name, host in lab.items()}


def changes(before: Mapping[str, Tree], lab: Lab) -> dict[str, list[str]]:
    """Return what has changed since the snapshots, in words, by host; nothing if nothing has."""
    found = {name: differences(before[name], tree) for name, tree in snapshots(lab).items()}
    return {name: lines for name, lines in found.items() if lines}


def executions(lab: Mapping[str, Host]) -> dict[str, int]:
    """Return how often the collection's script ran on each host."""
    return {name: len(host.recorder.executions) for name, host in lab.items()}


def restarts(lab: Mapping[str, Host]) -> dict[str, int]:
    """Return how often each host was restarted."""
    return {name: host.recorder.restarts for name, host in lab.items()}


def clear_records(lab: Mapping[str, Host]) -> None:
    """Clear the journal of each host."""
    for host in lab.values():
        host.recorder.clear()


def prohibit_ipsec(host: Host) -> int | None:
    """Return the present registry value; None if it is missing."""
    value = host.registry.snapshot(RASMAN).value(RASMAN, "ProhibitIpSec")
    return value.number if value else None


def assigned(host: Host) -> StoredPolicy | None:
    """Return the assigned policy, decoded."""
    return Store.read(host.store).active


def policies(host: Host) -> list[StoredPolicy]:
    """Return all policies of the store, decoded, sorted by name."""
    return sorted(Store.read(host.store).policies, key=lambda each: each.name)


def keys_of(found: StoredPolicy | None) -> list[str]:
    """Return the preshared keys, as text, of a policy that was read from a lab's registry."""
    methods = [method for rule in found.policy.rules for method in rule.authentication] if found else []
    return [method.data.decode("utf-16-le").rstrip("\0") for method in methods if method.is_secret]


def without_backup(tree: Tree) -> Tree:
    """Return a registry without the one thing that a removal leaves: our own key with nothing but the backup."""
    ours = {path for path in tree if path.casefold().startswith(OURS.casefold())}
    beside = {path for path in ours if not path.casefold().startswith(BACKUP.casefold())}
    assert beside <= {OURS}, beside
    assert set(tree.get(OURS, {})) <= {"BackedUp", "AccessBefore"}
    return Tree(key for path, key in tree.items() if path not in ours)


def give_key(host: Host, rule_name: str, key: str) -> None:
    """Write another key into the rule of a connection, as a person does in the console."""
    change(host, rule_name, lambda rule: dataclasses.replace(rule, authentication=(_method(key),)))


def change(host: Host, rule_name: str, edit: Callable[[model.Rule], model.Rule]) -> None:
    """Change a rule as a person does in the console."""
    found = assigned(host)
    assert found is not None
    rules = dict(zip(found.rule_paths, found.policy.rules, strict=True))
    path = next(path for path, rule in rules.items() if rule.name == rule_name)
    host.registry.write(path, "ipsecData", Value.binary(codec.encode_rule(edit(rules[path]))))


def _method(key: str) -> model.AuthenticationMethod:
    return model.AuthenticationMethod.preshared_key(key)
