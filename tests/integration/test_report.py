# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbook verify writes its reports, with servers that are off in them, and without a key."""

from __future__ import annotations

import json
import stat

from ansible_collections.rras.ipsec.tests.lab import HostSpec
from ansible_collections.rras.ipsec.tests.support.controller import VERIFY
from ansible_collections.rras.ipsec.tests.support.labs import MakeController
from ansible_collections.rras.ipsec.tests.support.pair import (
    KEY,
    NEW_KEY,
    OSAKA,
    PAIR,
    TOKYO,
    changes,
    connection,
    give_key,
    snapshots,
)

NAGOYA = "rras-nagoya"


def test_verify_writes_both_reports_whatever_it_finds(start: MakeController) -> None:
    controller = start([*PAIR, HostSpec(NAGOYA, "192.0.2.3")])
    controller.variables["l2tp_connections"].append(connection("osaka-nagoya", OSAKA, NAGOYA))
    controller.variables["l2tp_reboot_serial"] = 3
    assert controller.site("-e", "l2tp_report=not-by-site.html").code == 0
    give_key(controller.lab[TOKYO], "tokyo-osaka", NEW_KEY)
    controller.lab[NAGOYA].power_off()
    before = snapshots(controller.lab)
    controller.variables["l2tp_accept"] = ["key_differs"]

    run = controller.play(VERIFY, "--check", "-e", "l2tp_report=reports/l2tp.html,reports/l2tp.json")

    assert (run.code, run.failed) == (4, [NAGOYA]), run.explain()
    assert changes(before, controller.lab) == {}
    assert not (controller.folder / "not-by-site.html").exists()
    files = {path.name: path for path in (controller.folder / "reports").iterdir()}
    assert sorted(files) == ["l2tp.html", "l2tp.json"]
    assert {stat.S_IMODE(path.stat().st_mode) for path in files.values()} == {0o644}
    texts = {name: path.read_text(encoding="utf-8") for name, path in files.items()}
    assert not any(key in text for key in (KEY, NEW_KEY) for text in texts.values())
    data = json.loads(texts["l2tp.json"])
    assert [(each["name"], each["level"], each["word"]) for each in data["servers"]] == [
        (TOKYO, "warning", "accepted"),
        (OSAKA, "ok", "in order"),
        (NAGOYA, "error", "not reached"),
    ]
    assert [(each["name"], each["level"], each["word"]) for each in data["connections"]] == [
        ("tokyo-osaka", "warning", "accepted"),
        ("osaka-nagoya", "warning", "not proved"),
    ]
    rows = {row["setting"]: row for row in data["connections"][0]["settings"]}
    assert rows["Authentication"]["ends"] == [["preshared key: differs"], ["preshared key: matches"]]
    assert "has a preshared key other than the declared one, which rras-osaka has." in texts["l2tp.html"]
