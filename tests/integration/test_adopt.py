# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Policies that exist are adopted from the servers, and the playbook site then changes nothing."""

from __future__ import annotations

import pytest

from ansible_collections.rras.ipsec.tests.support.controller import Controller
from ansible_collections.rras.ipsec.tests.support.pair import KEY, OSAKA, TOKYO

ADOPT = "rras.ipsec.adopt"


@pytest.mark.usefixtures("first_run_done")
def test_what_was_adopted_changes_nothing(pair: Controller) -> None:
    for variable in ("l2tp_connections", "l2tp_policy_name", "l2tp_main_mode"):
        pair.variables.pop(variable, None)
    pair.variables["l2tp_adopt_to"] = "{{ inventory_dir }}/host_vars"

    adopted = pair.play(ADOPT, "--diff", "-vvv")

    assert (adopted.code, adopted.changed) == (0, {TOKYO: 1, OSAKA: 1}), adopted.explain()
    assert KEY not in adopted.output + adopted.errors
    files = [pair.folder / "host_vars" / host / "l2tp_adopted.yml" for host in (TOKYO, OSAKA)]
    assert all(KEY not in file.read_text(encoding="utf-8") for file in files)

    pair.variables["vault_l2tp_tokyo_osaka_key"] = KEY
    site = pair.site()
    assert (site.code, site.changed) == (0, {TOKYO: 0, OSAKA: 0}), site.explain()
