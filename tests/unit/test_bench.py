# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The page that the benchmark writes: a table, and a picture of the cost of a server."""

from __future__ import annotations

from xml.etree import ElementTree as ET

import pytest

from ansible_collections.rras.ipsec.tests.bench.table import plot, shown

SVG = "{http://www.w3.org/2000/svg}"


def test_a_table_is_printed_and_kept(capsys: pytest.CaptureFixture[str]) -> None:
    table = shown("Pairs", "how", [("servers", "ms"), ("20", "150")], ("8", "4"))
    assert capsys.readouterr().out.splitlines() == ["", "Pairs: how", "servers   ms  ", "20        150 "]
    assert table.markdown() == "## Pairs\n\nhow\n\n| servers | ms |\n| --- | --- |\n| 20 | 150 |\n"


def test_what_costs_more_stands_higher() -> None:
    picture = ET.fromstring(plot({"site": {20: 200.0, 200: 100.0}, "a <play>": {20: 50.0, 200: 50.0}}))  # noqa: S314 - made here
    texts = [each.text for each in picture.iter(f"{SVG}text")]
    assert {"site", "a <play>", "200"} <= set(texts)
    lines = [each.get("d", "") for each in picture.iter(f"{SVG}path") if each.get("stroke-width")]
    heights = [[float(point.split(",")[1]) for point in line[1:].split(" L")] for line in lines]
    assert heights[0][0] < heights[0][1] < heights[1][0] == heights[1][1], "less is higher in a picture"
