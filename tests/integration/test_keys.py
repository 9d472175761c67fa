# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbook keys: the keys that connections lack, encrypted, and nowhere else."""

from __future__ import annotations

from pathlib import Path

from ansible_collections.rras.ipsec.tests.lab import HostSpec
from ansible_collections.rras.ipsec.tests.messages import Says
from ansible_collections.rras.ipsec.tests.support.keys import FILE, KEYS, make_keys, written_keys
from ansible_collections.rras.ipsec.tests.support.labs import MakeController
from ansible_collections.rras.ipsec.tests.support.pair import executions

HOSTS = ("tokyo", "osaka", "kyoto")
LOUD = {"ANSIBLE_DEBUG": "1", "ANSIBLE_KEEP_REMOTE_FILES": "1"}


def everything_in(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


def test_keys_are_made_once_and_replaced_by_name(start: MakeController, says: Says) -> None:
    controller = start([HostSpec(name, f"192.0.2.{number}") for number, name in enumerate(HOSTS, start=1)])
    mesh = {"name": "offices", "peers": list(HOSTS), "topology": "mesh"}
    pair = {"name": "tokyo-partner", "peers": ["tokyo", "partner"]}
    controller.variables.update(l2tp_connections=[mesh, pair], l2tp_keys_file=FILE)
    without = controller.play(KEYS)
    says("no vault password for the keys", without.failure("tokyo"), without.code)

    predicted = make_keys(controller, "--check", "--diff")
    assert (predicted.changed["tokyo"], (controller.folder / FILE).exists()) == (1, False), predicted.explain()
    log = {"ANSIBLE_LOG_PATH": str(controller.folder / "log")}
    made = make_keys(controller, "-vvvvv", "--diff", environment=log | LOUD)
    keys = written_keys(controller)
    assert list(keys) == ["offices/tokyo/osaka", "offices/tokyo/kyoto", "tokyo-partner", "offices/osaka/kyoto"]
    assert made.output.count("+a key for ") == predicted.output.count("+a key for ") == len(keys)
    again = make_keys(controller)
    assert (again.changed["tokyo"], written_keys(controller)) == (0, keys)

    rotated = make_keys(controller, "-e", "l2tp_rotate=offices/tokyo/kyoto")

    now = written_keys(controller)
    assert rotated.changed["tokyo"] == 1, rotated.explain()
    assert [name for name in keys if now[name] != keys[name]] == ["offices/tokyo/kyoto"]
    assert executions(controller.lab) == dict.fromkeys(HOSTS, 0)
    shown = b"".join((each.output + each.errors).encode() for each in (made, rotated))
    seen = shown + everything_in(controller.folder)
    assert not any(key.encode() in seen for key in {*keys.values(), *now.values()})
