# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Changing a key is changing the variable and running site: both ends follow, and nothing foreign is touched."""

from __future__ import annotations

import pytest

from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.registry import Tree
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.store import LOCAL, Store
from ansible_collections.rras.ipsec.tests.lab import Host
from ansible_collections.rras.ipsec.tests.lab.windows.registry import differences
from ansible_collections.rras.ipsec.tests.support.controller import Controller
from ansible_collections.rras.ipsec.tests.support.foreign import (
    ASSIGNED_NAME,
    ASSIGNED_PATH,
    foreign_part,
    foreign_policies,
)
from ansible_collections.rras.ipsec.tests.support.pair import (
    KEY,
    NEW_KEY,
    OSAKA,
    POLICY,
    TOKYO,
    assigned,
    clear_records,
    connection,
    keys_of,
    restarts,
    snapshots,
)


@pytest.mark.core
@pytest.mark.usefixtures("first_run_done")
def test_both_ends_get_the_new_key_and_nothing_of_the_old_policy_stays(pair: Controller) -> None:
    for host in pair.lab.values():
        host.registry.load(foreign_policies())
    old = {name: _own_objects(host) for name, host in pair.lab.items()}
    assert {name: keys_of(assigned(host)) for name, host in pair.lab.items()} == {
        TOKYO: [KEY],
        OSAKA: [KEY],
    }
    clear_records(pair.lab)

    pair.variables["l2tp_connections"] = [connection(key=NEW_KEY)]
    rotated = pair.site("--diff")

    assert rotated.code == 0, rotated.explain()
    assert "changes of the rule tokyo-osaka: key" in rotated.output
    assert restarts(pair.lab) == {TOKYO: 0, OSAKA: 0}
    for name, host in pair.lab.items():
        assert keys_of(assigned(host)) == [NEW_KEY]
        assert not _holds(host.store, KEY)
        assert set(_own_objects(host)).isdisjoint(old[name])
        assert len(Store.read(host.store).find(POLICY)) == 1
        assert differences(foreign_part(foreign_policies()), foreign_part(host.store)) == []


@pytest.mark.slow
def test_a_policy_that_was_assigned_before_is_replaced_on_demand_and_given_back(pair: Controller) -> None:
    for host in pair.lab.values():
        host.registry.load(foreign_policies(ASSIGNED_PATH))
    before = snapshots(pair.lab)
    pair.variables["l2tp_replace_assigned"] = True

    replaced = pair.site()

    assert replaced.code == 0, replaced.explain()
    for host in pair.lab.values():
        assert _assigned_name(host) == POLICY
        assert differences(foreign_part(foreign_policies()), foreign_part(host.store)) == []

    removal = [
        {"rras.ipsec.win_prohibit_ipsec": {"state": "absent"}},
        {"ansible.windows.win_reboot": {}},
        {"rras.ipsec.win_ipsec_psk_policy": {"name": POLICY, "state": "absent"}},
    ]
    removed = pair.play([{"hosts": "rras", "gather_facts": False, "tasks": removal}])

    assert removed.code == 0, removed.explain()
    for name, host in pair.lab.items():
        assert _assigned_name(host) == ASSIGNED_NAME
        assert differences(_store_of(before[name]), host.store) == []


@pytest.mark.slow
def test_a_namesake_is_taken_over_on_demand(pair: Controller) -> None:
    for host in pair.lab.values():
        host.registry.load(foreign_policies())
    pair.variables.update(l2tp_policy_name=ASSIGNED_NAME, l2tp_take_over=True)

    taken = pair.site()

    assert taken.code == 0, taken.explain()
    for host in pair.lab.values():
        (only,) = Store.read(host.store).find(ASSIGNED_NAME)
        assert keys_of(only) == [KEY]
        assert assigned(host) == only
    assert pair.site().changed == {TOKYO: 0, OSAKA: 0}


def _own_objects(host: Host) -> list[str]:
    return [path for path in Store.read(host.store).objects if path not in foreign_policies()]


def _holds(tree: Tree, secret: str) -> bool:
    return any(secret.encode("utf-16-le") in value.data for key in tree.values() for value in key.values())


def _assigned_name(host: Host) -> str:
    found = assigned(host)
    return found.name if found else ""


def _store_of(tree: Tree) -> Tree:
    return Tree(key for path, key in tree.items() if path.startswith(LOCAL))
