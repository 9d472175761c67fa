# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tables that are printed while they are measured, and a page and a picture made of them."""

from __future__ import annotations

import dataclasses
import html
from collections.abc import Iterable, Mapping, Sequence

Row = Sequence[str]


@dataclasses.dataclass(frozen=True, slots=True)
class Table:
    """One table, and how its figures were found."""

    title: str
    text: str
    rows: tuple[Row, ...]
    """The first row has the titles."""

    def markdown(self) -> str:
        titles, *rows = self.rows
        lines = [titles, ["---"] * len(titles), *rows]
        return "\n".join([f"## {self.title}\n", f"{self.text}\n", *(f"| {' | '.join(line)} |" for line in lines), ""])


def shown(title: str, text: str, rows: Iterable[Row], widths: Row) -> Table:
    """Print a table row by row, as soon as each is known."""
    print(f"\n{title}: {text}", flush=True)
    found: list[Row] = []
    for row in rows:
        found.append(row)
        print("  ".join(f"{cell:{width}}" for cell, width in zip(row, widths, strict=False)), flush=True)
    return Table(title, text, tuple(found))


def plot(lines: Mapping[str, Mapping[int, float]]) -> str:
    """Draw the cost of a server, in milliseconds, against the number of servers, as SVG. lines: by play."""
    width, height, left, bottom = 640, 320, 60, 40
    most_servers = max(count for points in lines.values() for count in points)
    most = max(value for points in lines.values() for value in points.values()) * 1.15

    def place(count: int, value: float) -> str:
        return (
            f"{left + (width - left - 20) * count / most_servers:.1f},{(height - bottom) * (1 - value / most) + 10:.1f}"
        )

    ticks = sorted({count for points in lines.values() for count in points})
    drawn = [f'<rect width="{width}" height="{height + 10}" fill="white"/>']
    drawn += [_text(place(count, 0), str(count), "middle", 16) for count in ticks if count > ticks[0]]
    for value in (most * part / 4 for part in range(4)):
        drawn.append(f'<path d="M{place(0, value)} L{place(most_servers, value)}" stroke="#ddd"/>')
        drawn.append(_text(place(0, value), f"{value:.0f} ms ", "end", 4))
    for colour, (name, points) in zip(("#0b6e99", "#b8860b", "#666"), lines.items(), strict=False):
        path = " L".join(place(count, value) for count, value in sorted(points.items()))
        drawn.append(f'<path d="M{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        drawn.append(_text(place(max(points), points[max(points)]), name, "end", -8, colour))
    view = f'viewBox="0 0 {width} {height + 10}" font-family="sans-serif" font-size="12"'
    return f'<svg xmlns="http://www.w3.org/2000/svg" {view}>\n' + "\n".join(drawn) + "\n</svg>\n"


def _text(at: str, text: str, anchor: str, below: int, colour: str = "#333") -> str:
    x, y = map(float, at.split(","))
    return f'<text x="{x:.1f}" y="{y + below:.1f}" text-anchor="{anchor}" fill="{colour}">{html.escape(text)}</text>'
