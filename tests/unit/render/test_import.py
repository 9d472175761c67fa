# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is rendered, imported by the lab's own reg.exe, for machines without Wine.

tests/powershell/test_under_wine.py does the same with the real reg.exe and the real script.
"""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.rras.ipsec.plugins.plugin_utils._policy import render
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.registry import Tree
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.store import LOCAL
from ansible_collections.rras.ipsec.tests.lab.windows.reg import ImportFailedError, import_file
from ansible_collections.rras.ipsec.tests.lab.windows.registry import Registry, differences
from ansible_collections.rras.ipsec.tests.support.server import BLOCKED, KEY, NAME, Server, declare, rule

GIVEN: dict[str, Any] = {"rules": [rule(name='a "b" \\c'), BLOCKED], "description": "Two\nlines"}
TRACES = ("guid", "ours", "adopted", "open_keys")


def files(**given: Any) -> dict[str, bytes]:
    return dict(render.files_of(render.fit(declare(**GIVEN | given), render.PeerType.WINDOWS)).content)


def read(server: Server) -> Any:
    return server.inform(KEY)["host"]


def test_an_import_leaves_what_a_live_transaction_writes() -> None:
    server, live = Server(), Server()
    live.policy(**GIVEN)
    live.value()
    before = server.host.registry.snapshot()

    import_file(server.host.registry, files()[render.REG])

    found, wanted = read(server), read(live)
    for each in (found, wanted):
        for policy in each["policies"]:
            for trace in TRACES:
                del policy[trace]
    assert found["policies"] == wanted["policies"]
    assert (found["assigned"], found["prohibit_ipsec"]["value"]) == (NAME, 1)

    import_file(server.host.registry, files()[render.UNDO_REG])
    left = server.host.registry.snapshot()
    assert differences(before, left) in ([], [f"the key {LOCAL} is new"])


def test_a_changed_policy_takes_the_place_of_the_one_before() -> None:
    server, fresh = Server(), Server()
    import_file(server.host.registry, files()[render.REG])
    changed = files(description=None)[render.REG]
    for each in (server, fresh):
        import_file(each.host.registry, changed)
    assert differences(fresh.tree, server.tree) == []


@pytest.mark.parametrize(
    "data",
    [
        b"REGEDIT4\r\n",
        b"\xff\xfeR\0",
        "Windows Registry Editor Version 5.00\r\n[HKCU\\A]".encode("utf-16"),
        "Windows Registry Editor Version 5.00\r\nx".encode("utf-16"),
    ],
)
def test_the_lab_refuses_any_other_file(data: bytes) -> None:
    with pytest.raises(ImportFailedError):
        import_file(Registry(Tree()), data)
