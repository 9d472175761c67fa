# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbook keys, with a vault password of its own, and the file that it writes."""

from __future__ import annotations

from collections.abc import Mapping

import yaml
from ansible.parsing.vault import VaultLib, VaultSecret

from ansible_collections.rras.ipsec.tests.support.controller import Controller, Run

KEYS = "rras.ipsec.keys"
FILE = "l2tp_keys.yml"
PASSWORD = ("--vault-id", "lab@password")
_PASSWORD = "Kamakura:1252"


def make_keys(controller: Controller, *arguments: str, environment: Mapping[str, str] | None = None) -> Run:
    """Run the playbook keys."""
    controller.variables["l2tp_keys_file"] = FILE
    (controller.folder / "password").write_text(_PASSWORD, encoding="utf-8")
    return controller.play(KEYS, *PASSWORD, *arguments, environment=environment)


def written_keys(controller: Controller) -> dict[str, str]:
    """Return the keys that it wrote, by the names of their connections."""
    text = (controller.folder / FILE).read_bytes()
    plain = VaultLib([("lab", VaultSecret(_PASSWORD.encode()))]).decrypt(text)
    keys: dict[str, str] = yaml.safe_load(plain)["l2tp_preshared_keys"]
    return keys
