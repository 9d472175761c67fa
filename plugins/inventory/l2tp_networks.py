# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The inventory plugin l2tp_networks."""

from __future__ import annotations

DOCUMENTATION = r"""
name: l2tp_networks
short_description: Groups the servers that L2TP/IPsec connections join
version_added: 1.0.0
author: The rras.ipsec developers (!UNKNOWN)
description:
  - Adds a group for each network of C(l2tp_connections), of all servers that connections join, directly or through
    other servers.
  - Both ends of a connection must be in one run. So split a large inventory by these groups, for C(--limit), for jobs
    of automation controller, or for several processes at the same time.
  - It reads the variables of hosts that other sources of the inventory made, so it must come after them, as in a file
    whose name sorts last.
  - Reads only the names of peers and no key, but a list that is a template must be one that can be evaluated.
options:
  plugin:
    description: The name of this plugin.
    type: str
    required: true
    choices: [l2tp_networks, rras.ipsec.l2tp_networks]
  prefix:
    description:
      - How the names of the groups begin; the name of the network's first server follows.
      - If another network's group already has that name, because names of groups can't hold all characters, a number
        follows, beginning with 2.
    type: str
    default: l2tp_network_
"""

EXAMPLES = r"""
# inventory/zz.l2tp_networks.yml
plugin: rras.ipsec.l2tp_networks
"""

import itertools
from collections.abc import Container
from typing import Any

from ansible.errors import AnsibleError, AnsibleParserError
from ansible.inventory.data import InventoryData
from ansible.inventory.helpers import get_group_vars
from ansible.parsing.dataloader import DataLoader
from ansible.plugins.inventory import BaseInventoryPlugin
from ansible.utils.vars import combine_vars
from ansible.vars.plugins import get_vars_from_inventory_sources

from ansible_collections.rras.ipsec.plugins.plugin_utils import _shape
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy import network

_SUFFIXES = ("l2tp_networks.yml", "l2tp_networks.yaml")


class InventoryModule(BaseInventoryPlugin):  # type: ignore[misc, unused-ignore]
    """Groups the servers of each network."""

    NAME = "rras.ipsec.l2tp_networks"

    def verify_file(self, path: str) -> bool:
        """Whether the file is for this plugin, by its name."""
        readable: bool = super().verify_file(path)  # type: ignore[no-untyped-call, unused-ignore]
        return readable and path.endswith(_SUFFIXES)

    def parse(self, inventory: InventoryData, loader: DataLoader, path: str, cache: bool = False) -> None:
        """Add the groups."""
        super().parse(inventory, loader, path, cache=cache)
        self._read_config_data(path)  # type: ignore[no-untyped-call, unused-ignore]
        prefix: str = self.get_option("prefix")  # type: ignore[no-untyped-call, unused-ignore]
        declared = {name: self._connections(inventory, name) for name in inventory.hosts}
        groups: set[str] = set()
        for hosts in network.parts(declared):
            name = _free(self._sanitize_group_name(f"{prefix}{hosts[0]}"), groups)
            groups.add(name)
            group = inventory.add_group(name)
            for host in hosts:
                inventory.add_child(group, host)

    def _connections(self, inventory: InventoryData, name: str) -> Any:  # noqa: ANN401 - any YAML
        """Return what a host declares."""
        variables = self._variables(inventory, name)
        value = variables.get("l2tp_connections")
        if not isinstance(value, str):
            return value
        self.templar.available_variables = variables
        try:
            return _shape.plain(self.templar.template(value))
        except AnsibleError:
            raise AnsibleParserError(
                f"l2tp_connections of {name} is a template that can't be evaluated while the inventory is read; "
                "write the list itself there, and templates for its keys."
            ) from None

    def _variables(self, inventory: InventoryData, name: str) -> dict[str, Any]:
        host = inventory.hosts[name]
        groups, sources = host.get_groups(), inventory.processed_sources
        found = get_group_vars(groups)
        for entities in (groups, [host]):
            found = combine_vars(found, get_vars_from_inventory_sources(self.loader, sources, entities, "all"))
        merged: dict[str, Any] = combine_vars(found, host.get_vars())
        return merged


def _free(name: str, taken: Container[str]) -> str:
    """Return a name that no other network has; two names of servers can be one name of a group."""
    numbered = (f"{name}_{number}" for number in itertools.count(2))
    return next(each for each in itertools.chain([name], numbered) if each not in taken)
