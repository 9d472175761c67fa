# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a map shows servers and links: one drawing for each connected part of the network.

The same network always makes the same drawing. Lengths are in pixels of the unscaled drawing.
"""

from __future__ import annotations

import collections
import dataclasses
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.page.schema import PageLink, PageReport, PageServer

_LETTER: Final = 7.0
"""The width of a letter in a label."""
_LINE: Final = 17
"""The height of a line of text, and the smallest distance between two labels around a ring."""
_LONGEST: Final = 24
"""The most letters of a name on the map; longer names are shortened there, but never in the lists below it."""
_RADIUS: Final = 7
"""The radius of a server's mark."""
_UPRIGHT: Final = 8
"""The most servers on a ring that have upright labels; with more, labels point outwards like rays."""
_MOST_HUBS: Final = 12
"""The most hubs (servers connected with several others) on a ring of their own, inside that of all others."""
_MOST_WORDS: Final = 12
"""The most links that have their word beside them; with more, the strokes and the list below must do."""
_SMALLEST_RING: Final = 140.0
_TOWARDS_THE_RING: Final = 0.6
"""Where on its link a word is, as a share of the length, so that it is not under the hub's label."""
_MARGIN: Final = 12
_PAIR_WIDTH: Final = 300


@dataclasses.dataclass(frozen=True, slots=True)
class Mark:
    """A server: the position of its mark, and that of its label, with its rotation in degrees."""

    server: PageServer
    label: str
    x: float
    y: float
    text_x: float
    text_y: float
    turn: float = 0
    anchor: str = "middle"
    stacked: bool = False
    """Whether the word is below the name, not after it."""


@dataclasses.dataclass(frozen=True, slots=True)
class Stroke:
    """A link between two marks, and the position of its word, if shown."""

    link: PageLink
    x1: float
    y1: float
    x2: float
    y2: float
    word_x: float
    word_y: float
    shows_word: bool


@dataclasses.dataclass(frozen=True, slots=True)
class Drawing:
    """One connected part of the network."""

    width: float
    height: float
    marks: tuple[Mark, ...]
    strokes: tuple[Stroke, ...]


def drawings(report: PageReport) -> list[Drawing]:
    """Return the drawings of a report, the largest part of the network first."""
    servers = {each["name"]: each for each in report["servers"]}
    parts = sorted(_parts(report), key=lambda part: -len(part))
    return [_drawing([servers[name] for name in part], _within(report["connections"], part)) for part in parts]


def _within(links: Sequence[PageLink], part: Sequence[str]) -> list[PageLink]:
    members = set(part)
    return [each for each in links if members.issuperset(each["peers"])]


def _parts(report: PageReport) -> Iterator[list[str]]:
    """Yield the names of servers that are connected with each other, in the order of the report."""
    near = _neighbours([each["name"] for each in report["servers"]], report["connections"])
    seen: set[str] = set()
    for name in near:
        part, waiting = [], [name]
        while waiting:
            one = waiting.pop(0)
            if one not in seen:
                seen.add(one)
                part.append(one)
                waiting.extend(near[one])
        if part:
            yield part


def _neighbours(names: Sequence[str], links: Sequence[PageLink]) -> dict[str, list[str]]:
    near: dict[str, list[str]] = {name: [] for name in names}
    for link in links:
        one, other = link["peers"]
        for end, peer in ((one, other), (other, one)):
            if peer not in near[end]:
                near[end].append(peer)
    return near


def _drawing(servers: Sequence[PageServer], links: Sequence[PageLink]) -> Drawing:
    marks = _pair(servers) if len(servers) <= _PAIR else _rings(servers, links)
    boxes = [_box(mark) for mark in marks]
    left, top = (min(box[side] for box in boxes) - _MARGIN for side in (0, 1))
    right, bottom = (max(box[side] for box in boxes) + _MARGIN for side in (2, 3))
    moved = {mark.server["name"]: _moved(mark, -left, -top) for mark in marks}
    strokes = tuple(_strokes(moved, links))
    return Drawing(_round(right - left), _round(bottom - top), tuple(moved.values()), strokes)


_PAIR: Final = 2


def _pair(servers: Sequence[PageServer]) -> list[Mark]:
    return [_upright(server, number * _PAIR_WIDTH / 2, 0) for number, server in enumerate(servers)]


def _rings(servers: Sequence[PageServer], links: Sequence[PageLink]) -> list[Mark]:
    """Return marks in rings: hubs on an inner ring, or one in the centre, each facing its spokes on the outer ring."""
    near = _neighbours([each["name"] for each in servers], links)
    by_name = {each["name"]: each for each in servers}
    hubs = [name for name in near if len(near[name]) > 1]
    spokes = {hub: [name for name in near[hub] if len(near[name]) == 1] for hub in hubs}
    if not any(spokes.values()) or len(hubs) > _MOST_HUBS:
        order = [name for hub in hubs for name in (hub, *spokes[hub])]
        return list(_ring([by_name[name] for name in order]))
    seats = [name for hub in hubs for name in spokes[hub] or (hub,)]
    outer = [by_name[name] for name in seats]
    ring = _ring_radius(outer)
    angles = {name: _angle(number, len(seats)) for number, name in enumerate(seats)}
    reach = ring / 2 if len(hubs) > 1 else 0.0
    inside = [_hub(by_name[hub], [angles[name] for name in spokes[hub] or (hub,)], reach) for hub in hubs]
    outside = [mark for mark in _ring(outer) if mark.server["name"] not in hubs]
    return [*inside, *outside]


def _hub(server: PageServer, angles: Sequence[float], reach: float) -> Mark:
    """Return the mark of a hub, facing the middle of its spokes."""
    angle = (angles[0] + angles[-1]) / 2
    return _upright(server, reach * math.cos(angle), reach * math.sin(angle))


def _ring(servers: Sequence[PageServer]) -> Iterator[Mark]:
    ring = _ring_radius(servers)
    for number, server in enumerate(servers):
        angle = _angle(number, len(servers))
        x, y = ring * math.cos(angle), ring * math.sin(angle)
        yield _upright(server, x, y) if len(servers) <= _UPRIGHT else _ray(server, x, y, angle)


def _angle(number: int, count: int) -> float:
    """Return an angle, clockwise from the top."""
    return 2 * math.pi * number / count - math.pi / 2


def _ring_radius(servers: Sequence[PageServer]) -> float:
    count = len(servers)
    if count > _UPRIGHT:
        return max(_SMALLEST_RING, count * _LINE / (2 * math.pi))
    widest = max(_LETTER * len(_label(server)) for server in servers)
    return max(_SMALLEST_RING, (widest + _LINE) / (2 * math.sin(math.pi / max(count, 2))))


def _upright(server: PageServer, x: float, y: float) -> Mark:
    """Return a mark with a label of two lines: below it, or above it in the upper half, where links come from below."""
    below = y > -1
    text_y = y + _RADIUS + _LINE if below else y - _RADIUS - _LINE - 5
    return Mark(server, _label(server), x, y, x, text_y, stacked=True)


def _ray(server: PageServer, x: float, y: float, angle: float) -> Mark:
    """Return a mark whose label points away from the centre; on the left side it is turned to stay readable."""
    reach = 1 + (_RADIUS + 6) / math.hypot(x, y)
    left = math.cos(angle) < -1e-9  # noqa: PLR2004 - so that the top and the bottom are always on the same side
    turn = math.degrees(angle) + (180 if left else 0)
    return Mark(server, _label(server), x, y, x * reach, y * reach, turn, "end" if left else "start")


def _label(server: PageServer) -> str:
    name = server["name"]
    return name if len(name) <= _LONGEST else f"{name[: _LONGEST - 1]}\u2026"


def _box(mark: Mark) -> tuple[float, float, float, float]:
    """Return the area that a mark and its label cover: left, top, right, bottom."""
    words = len(mark.server["word"])
    if mark.stacked:
        half = max(_LETTER * max(len(mark.label), words) / 2, _RADIUS)
        top, bottom = mark.text_y - _LINE, mark.text_y + _LINE + 4
        return mark.x - half, min(mark.y - _RADIUS, top), mark.x + half, max(mark.y + _RADIUS, bottom)
    length = _LETTER * (len(mark.label) + 3 + words)
    outward = math.radians(mark.turn) + (math.pi if mark.anchor == "end" else 0)
    end_x, end_y = mark.text_x + length * math.cos(outward), mark.text_y + length * math.sin(outward)
    xs, ys = (mark.x, end_x), (mark.y, end_y)
    return min(xs) - _LINE / 2, min(ys) - _LINE / 2, max(xs) + _LINE / 2, max(ys) + _LINE / 2


def _moved(mark: Mark, x: float, y: float) -> Mark:
    return dataclasses.replace(
        mark,
        x=_round(mark.x + x),
        y=_round(mark.y + y),
        text_x=_round(mark.text_x + x),
        text_y=_round(mark.text_y + y),
        turn=_round(mark.turn),
    )


def _strokes(marks: Mapping[str, Mark], links: Sequence[PageLink]) -> Iterator[Stroke]:
    """Yield the links, the most troubled last, so that they are drawn on top."""
    links_of = collections.Counter(peer for link in links for peer in link["peers"])
    shows_words = len(links) <= _MOST_WORDS
    for link in sorted(links, key=lambda each: ("ok", "warning", "error").index(each["level"])):
        one, other = sorted((marks[peer] for peer in link["peers"]), key=lambda mark: -links_of[mark.server["name"]])
        along = _TOWARDS_THE_RING if len(marks) > _PAIR else 0.5
        yield Stroke(
            link,
            one.x,
            one.y,
            other.x,
            other.y,
            _round(one.x + (other.x - one.x) * along),
            _round(one.y + (other.y - one.y) * along - 5),
            shows_words,
        )


def _round(length: float) -> float:
    return round(length, 1) + 0.0
