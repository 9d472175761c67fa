# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The report of a verification: what it says, where its map shows it, and that names are shown as they are."""

from __future__ import annotations

import html.parser
import itertools
import json
import math
import re
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.rras.ipsec.plugins.plugin_utils import _report_files
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy import page
from ansible_collections.rras.ipsec.tests import ROOT
from ansible_collections.rras.ipsec.tests.support import reports
from ansible_collections.rras.ipsec.tests.support.network import OSAKA, TOKYO, proof, rule
from ansible_collections.rras.ipsec.tests.support.reports import connection, policy, sound
from ansible_collections.rras.ipsec.tests.support.role import decide

LINK = connection("tokyo-osaka", TOKYO, OSAKA)
HOSTILE = ("<b>{{ 7 * 7 }}</b>", "a<script>alert(1)</script>", r"b\x1b[31m")


class PageReader(html.parser.HTMLParser):
    """Reads a page: its elements, what it would fetch, its text, and whether each element is closed."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.elements: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.texts: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append(tag)
        self.attributes.extend(attrs)
        if tag != "meta":
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append(tag)
        self.attributes.extend(attrs)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] != "style":
            self.texts.append(data)


@pytest.fixture(scope="module")
def troubled() -> page.PageReport:
    return reports.troubled()


def server(report: page.PageReport, name: str) -> Any:
    return next(each for each in report["servers"] if each["name"] == name)


def link(report: page.PageReport, name: str = "tokyo-osaka") -> Any:
    return next(each for each in report["connections"] if each["name"] == name)


def texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        yield from (text for each in value.values() for text in texts(each))
    elif isinstance(value, list):
        yield from (text for each in value for text in texts(each))


# --- what it says ---


def test_a_pair_in_order_is_green() -> None:
    report = reports.report([LINK], {TOKYO: sound("tokyo-osaka"), OSAKA: sound("tokyo-osaka")})
    assert (report["version"], report["level"], report["written"]) == (1, "ok", reports.WRITTEN)
    assert [(each["name"], each["level"], each["word"]) for each in report["servers"]] == [
        (TOKYO, "ok", "in order"),
        (OSAKA, "ok", "in order"),
    ]
    assert (link(report)["level"], link(report)["word"]) == ("ok", "agrees")
    rows = {row["setting"]: row for row in link(report)["settings"]}
    assert rows["Authentication"]["ends"] == [["preshared key: matches"]] * 2
    assert {row["same"] for row in rows.values() if row["ends"][0]} == {True, None}


def test_each_server_has_its_own_colour_and_word(troubled: page.PageReport) -> None:
    assert {each["name"]: (each["level"], each["word"]) for each in troubled["servers"][:6]} == {
        "rras-tokyo": ("ok", "in order"),
        "rras-osaka": ("error", "error"),
        "rras-kyoto": ("error", "not reached"),
        "rras-nagoya": ("warning", "warning"),
        "rras-sapporo": ("ok", "in order"),
        "rras-sendai": ("ok", "in order"),
    }
    assert {each["name"]: (each["level"], each["word"]) for each in troubled["connections"][:4]} == {
        "tokyo-osaka": ("error", "error"),
        "tokyo-kyoto": ("warning", "not proved"),
        "tokyo-nagoya": ("warning", "not proved"),
        "sapporo-sendai": ("ok", "agrees"),
    }


def test_both_ends_stand_side_by_side_with_what_differs(troubled: page.PageReport) -> None:
    rows = {row["setting"]: row for row in link(troubled)["settings"]}
    assert rows["Rule"] == {"setting": "Rule", "ends": [["matches"], ["differs"]], "same": False}
    assert rows["Otherwise than declared"]["ends"] == [
        [],
        ["has security method: ESP DES", "declared security method: ESP 3DES SHA1"],
    ]
    assert rows["Key lifetime"]["same"] is True


@pytest.mark.parametrize(
    ("value", "in_effect", "restart", "pending"),
    [
        (1, "yes", "not pending", False),
        (1, "no", "pending", True),
        (1, "unknown", "unknown", False),
        (None, "no", "harmful", False),
    ],
)
def test_a_pending_restart_is_shown(value: int | None, in_effect: str, restart: str, pending: bool) -> None:
    answer = proof(value, in_effect, rules=[rule()], policies=[policy("tokyo-osaka")])
    found = server(reports.report([LINK], {TOKYO: answer, OSAKA: sound("tokyo-osaka")}), TOKYO)
    assert (found["restart"], found["restart_pending"]) == (restart, pending)


def test_servers_that_failed_were_limited_away_or_are_not_managed_are_in_it() -> None:
    answers = {TOKYO: sound("tokyo-osaka"), OSAKA: {"failed": True, "msg": "The declaration is wrong."}}
    found = reports.hostvars([LINK, connection("far", TOKYO, "far")], answers)
    del found[OSAKA]["__l2tp_compared"]
    report = reports.of(found, playing=[TOKYO, OSAKA])
    assert (server(report, OSAKA)["level"], server(report, OSAKA)["word"]) == ("error", "error")
    assert [each["problem"] for each in server(report, OSAKA)["findings"]][-1] == (
        "rras-osaka failed: The declaration is wrong."
    )
    assert (server(report, "far")["level"], server(report, "far")["word"]) == ("warning", "not read")
    found["far"]["l2tp_managed"] = False
    assert server(reports.of(found, playing=[TOKYO, OSAKA]), "far")["word"] == "not managed"


@pytest.mark.parametrize(
    ("rules", "domain_policy", "in_force"),
    [
        ({}, None, ["tokyo-osaka"]),
        ({"active": False}, None, []),
        ({"default_response": True, "name": ""}, None, ["default response rule"]),
        ({}, "Of the domain", []),
    ],
)
def test_only_rules_in_force_are_shown_as_such(
    rules: dict[str, Any], domain_policy: str | None, in_force: list[str]
) -> None:
    answer = sound("tokyo-osaka")
    answer["host"]["domain_policy"] = domain_policy
    answer["host"]["policies"][0]["rules"][0] |= rules
    report = reports.report([LINK], {TOKYO: answer, OSAKA: sound("tokyo-osaka")})
    assert [each["name"] for each in server(report, TOKYO)["rules"]] == in_force


def test_what_is_accepted_is_not_red() -> None:
    off = {"RemoteAccess": {"start": "disabled", "running": True}}
    answers = {TOKYO: sound("tokyo-osaka", services=off), OSAKA: sound("tokyo-osaka")}
    for accepted, level, word in (([], "error", "error"), (["service_disabled"], "warning", "accepted")):
        report = reports.report([LINK], answers, l2tp_accept=accepted)
        for each in (server(report, TOKYO), link(report)):
            assert (each["level"], each["word"]) == (level, word)


def test_no_key_and_no_fingerprint_is_in_it(troubled: page.PageReport) -> None:
    for text in (_report_files.as_html(troubled), _report_files.as_json(troubled)):
        assert reports.KEY not in text
        assert "run-one key" not in text  # as `proof` fingerprints it
    assert "fingerprint" not in json.dumps(troubled)


def test_the_schema_is_documented(troubled: page.PageReport) -> None:
    document = (ROOT / "docs" / "report.md").read_text(encoding="utf-8")
    documented = set(re.findall(r"`(\w+)`", document))
    items: list[Any] = [troubled, *troubled["servers"], *troubled["connections"]]
    items += [each for server in troubled["servers"] for each in (*server["findings"], *server["rules"])]
    items += [row for each in troubled["connections"] for row in each["settings"]]
    assert {name for item in items for name in item} - documented == set()


# --- the map ---


def positions(report: page.PageReport) -> dict[str, tuple[float, float]]:
    return {mark.server["name"]: (mark.x, mark.y) for drawing in page.drawings(report) for mark in drawing.marks}


NETWORKS = {
    "pair": reports.fleet(1, 1),
    "star": reports.fleet(1, 6),
    "mesh": reports.fleet(5, 0),
    "large mesh": reports.fleet(30, 0),
    "two hubs": reports.fleet(2, 3),
    "mesh of hubs, 200 servers": reports.fleet(10, 19),
    "star of 200": reports.fleet(1, 199),
    "many hubs": reports.fleet(14, 2),
}


@pytest.mark.parametrize("report", NETWORKS.values(), ids=NETWORKS)
def test_every_server_and_every_link_has_a_place(report: page.PageReport) -> None:
    (drawing,) = page.drawings(report)
    assert {mark.server["name"] for mark in drawing.marks} == {each["name"] for each in report["servers"]}
    assert len(drawing.strokes) == len(report["connections"])
    for mark in drawing.marks:
        assert 0 < mark.x < drawing.width
        assert 0 < mark.y < drawing.height
    places = positions(report)
    for stroke in drawing.strokes:
        assert {(stroke.x1, stroke.y1), (stroke.x2, stroke.y2)} == {places[peer] for peer in stroke.link["peers"]}


@pytest.mark.parametrize("report", NETWORKS.values(), ids=NETWORKS)
def test_no_two_servers_are_so_near_that_one_label_covers_another(report: page.PageReport) -> None:
    places = positions(report).values()
    assert min(math.dist(one, other) for one, other in itertools.combinations(places, 2)) > 16


@pytest.mark.parametrize("report", NETWORKS.values(), ids=NETWORKS)
def test_the_same_network_makes_the_same_page(report: page.PageReport) -> None:
    assert _report_files.as_html(report) == _report_files.as_html(json.loads(_report_files.as_json(report)))


def test_a_hub_stands_in_the_middle_of_its_spokes() -> None:
    places = positions(NETWORKS["star"])
    spokes = [place for name, place in places.items() if "branch" in name]
    middle = [sum(each) / len(spokes) for each in zip(*spokes, strict=True)]
    assert math.dist(middle, places["rras-hub-00"]) < 0.2


def test_parts_that_are_not_connected_are_drawn_apart(troubled: page.PageReport) -> None:
    assert [len(each.marks) for each in page.drawings(troubled)] == [4, 2, 2]


def test_a_red_link_lies_on_top_of_the_others(troubled: page.PageReport) -> None:
    levels = [stroke.link["level"] for stroke in page.drawings(troubled)[0].strokes]
    assert levels == ["warning", "warning", "error"]


# --- the page ---


def test_the_page_is_well_formed_and_fetches_nothing(troubled: page.PageReport) -> None:
    read = PageReader(_report_files.as_html(troubled))
    assert read.open == []
    assert {"script", "link", "img", "iframe", "object"}.isdisjoint(read.elements)
    assert {"src", "href", "onload", "onclick"}.isdisjoint(name for name, _value in read.attributes)
    assert "url(" not in _report_files.as_html(troubled)
    assert "@import" not in _report_files.as_html(troubled)


@pytest.mark.parametrize("name", HOSTILE)
def test_a_name_is_shown_as_it_is(troubled: page.PageReport, name: str) -> None:
    read = PageReader(_report_files.as_html(troubled))
    assert any(name in text for text in read.texts)
    assert "\x1b" not in _report_files.as_json(troubled)


def test_every_sentence_of_the_data_is_on_the_page(troubled: page.PageReport) -> None:
    shown = " ".join(" ".join(PageReader(_report_files.as_html(troubled)).texts).split())
    said = [each["problem"] for server in troubled["servers"] for each in server["findings"]]
    assert [text for text in said if " ".join(text.split()) not in shown] == []
    assert said


# --- the files ---


def test_a_file_is_replaced_as_a_whole_and_everybody_may_read_it(tmp_path: Path, troubled: page.PageReport) -> None:
    path = tmp_path / "new folder" / "report.json"
    _report_files.write(troubled, path)
    path.chmod(0o600)
    _report_files.write(troubled, path)
    assert json.loads(path.read_text(encoding="utf-8")) == troubled
    assert stat.S_IMODE(path.stat().st_mode) == 0o644
    assert list(path.parent.iterdir()) == [path]


def test_a_file_that_cannot_be_written_is_one_sentence(tmp_path: Path, troubled: page.PageReport) -> None:
    (tmp_path / "file").touch()
    path = tmp_path / "file" / "report.html"
    with pytest.raises(_report_files.ReportError) as raised:
        _report_files.write(troubled, path)
    assert str(raised.value) == (
        f"The report {path} can't be written (File exists); "
        "name a file on the controller that the user of Ansible may write."
    )


def test_a_verification_writes_it_and_site_does_not(tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    answers = {TOKYO: sound("tokyo-osaka"), OSAKA: sound("tokyo-osaka")}
    found = reports.hostvars([LINK], answers, l2tp_report=[str(path)])
    for check_mode in (False, True):
        result, done, stopped = decide("show", found, TOKYO, check_mode=check_mode)
        assert (result["reports"], result["changed"], done, stopped) == ([str(path)], False, [], "")
        assert path.read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
        path.unlink()
    found = reports.hostvars([LINK], answers, l2tp_report=[str(path)], l2tp_verify_only=False)
    decide("show", found, TOKYO)
    assert not path.exists()


def test_a_note_is_there_once_whatever_the_number_of_servers(troubled: page.PageReport) -> None:
    said = [each["identifier"] for server in troubled["servers"] for each in server["findings"]]
    assert said.count("legacy_engine") == 1
    assert said.count("other_l2tp_unprotected") == 1, "what is a server's own stays"
