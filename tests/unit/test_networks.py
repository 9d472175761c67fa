# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The networks of an inventory, which a run can be cut along."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.inventory.manager import InventoryManager
from ansible.parsing.dataloader import DataLoader
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.rras.ipsec.plugins.plugin_utils._policy import network

HOSTS = ["alone", "hub", "kobe", "nagoya", "osaka", "spoke-1", "spoke-2", "tokyo"]
CONNECTIONS: list[Any] = [
    {"name": "a", "peers": ["tokyo", "osaka"], "preshared_key": "{{ vault_key }}"},
    {"name": "b", "peers": ["nagoya", "kobe"]},
    {"name": "c", "hub": "hub", "peers": ["spoke-1", "spoke-2"]},
    {"name": "d", "peers": ["elsewhere", "tokyo"]},
]
PARTS = [["hub", "spoke-1", "spoke-2"], ["kobe", "nagoya"], ["osaka", "tokyo"]]


def test_what_connections_join() -> None:
    assert network.parts(dict.fromkeys(HOSTS, CONNECTIONS)) == PARTS


def test_each_end_alone_may_declare_a_connection() -> None:
    declared = {"tokyo": CONNECTIONS[:1], "osaka": None, "kobe": [{"peers": ["kobe", "osaka"]}]}
    assert network.parts(declared) == [["kobe", "osaka", "tokyo"]]


@pytest.mark.parametrize("connections", [None, "x", 5, {}, [None], [{"peers": "tokyo"}], [{"peers": [5, None]}], [[]]])
def test_what_is_no_connection_joins_nothing(connections: object) -> None:
    assert network.parts({"tokyo": connections}) == []


NAMES = st.sampled_from(HOSTS)


@given(st.lists(st.tuples(NAMES, NAMES)))
def test_two_peers_are_never_in_two_parts(pairs: list[tuple[str, str]]) -> None:
    connections = [{"peers": list(pair)} for pair in pairs]
    found = network.parts(dict.fromkeys(HOSTS, connections))
    where = {host: number for number, part in enumerate(found) for host in part}
    assert sum(map(len, found)) == len(where)
    assert all(where[one] == where[other] for one, other in pairs)


def inventory(
    folder: Path, variables: Mapping[str, Any], hosts: Sequence[str] = HOSTS, **options: Any
) -> InventoryManager:
    """Read an inventory that a folder holds: hosts, variables of their group, and the plugin."""
    (folder / "group_vars").mkdir()
    files = {
        "hosts.yml": {"rras": {"hosts": dict.fromkeys(hosts)}},
        "group_vars/rras.yml": variables,
        "zz.l2tp_networks.yml": {"plugin": "rras.ipsec.l2tp_networks", **options},
    }
    for name, content in files.items():
        (folder / name).write_text(yaml.safe_dump(content), encoding="utf-8")
    return InventoryManager(DataLoader(), sources=[str(folder)])


def groups(found: InventoryManager) -> dict[str, list[str]]:
    own = {name for name in found.groups if name not in ("all", "ungrouped", "rras")}
    return {name: sorted(host.name for host in found.groups[name].get_hosts()) for name in sorted(own)}


def test_a_group_for_each_network(tmp_path: Path) -> None:
    found = inventory(tmp_path, {"l2tp_connections": CONNECTIONS})
    assert groups(found) == {f"l2tp_network_{part[0]}": part for part in PARTS}


def test_the_names_of_the_groups(tmp_path: Path) -> None:
    found = inventory(tmp_path, {"l2tp_connections": CONNECTIONS[:1]}, prefix="part-of-")
    assert groups(found) == {"part_of_osaka": ["osaka", "tokyo"]}


def test_networks_whose_first_servers_have_the_same_name_as_a_group_stay_apart(tmp_path: Path) -> None:
    pairs = [["rras-a", "x"], ["rras.a", "y"], ["rras_a", "z"], ["rras_a_2", "zz"]]
    connections = [{"name": pair[1], "peers": pair} for pair in pairs]
    found = inventory(tmp_path, {"l2tp_connections": connections}, hosts=[host for pair in pairs for host in pair])
    names = ["l2tp_network_rras_a", "l2tp_network_rras_a_2", "l2tp_network_rras_a_2_2", "l2tp_network_rras_a_3"]
    assert sorted(groups(found)) == names
    assert sorted(groups(found).values()) == sorted(pairs)


def test_a_list_that_is_a_template(tmp_path: Path) -> None:
    found = inventory(tmp_path, {"l2tp_connections": "{{ links }}", "links": [{"name": "a", "peers": HOSTS[:2]}]})
    assert groups(found) == {"l2tp_network_alone": ["alone", "hub"]}


def test_a_template_that_is_not_known_yet(tmp_path: Path) -> None:
    inventory(tmp_path, {"l2tp_connections": "{{ in_the_play }}"})
    ran = subprocess.run(
        ["ansible-inventory", "-i", str(tmp_path), "--list"], capture_output=True, text=True, timeout=120, check=False
    )
    assert (
        "l2tp_connections of alone is a template that can't be evaluated while the inventory is read; "
        "write the list itself there, and templates for its keys."
    ) in " ".join(ran.stderr.split())
