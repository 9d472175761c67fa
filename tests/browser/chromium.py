# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A headless Chromium, and what it finds when it lays a page out."""

from __future__ import annotations

import dataclasses
import html
import json
import os
import re
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

NAMES = ("chromium", "chromium-browser", "google-chrome")
MISSING = (
    "There is no Chromium here, in which the report would be opened; "
    "install it (Debian: apt-get install chromium), or name it in RRAS_CHROMIUM."
)
_SECONDS = 120
_QUIET = ("--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync")
_POLICY = re.compile(r'<meta http-equiv="Content-Security-Policy"[^>]*>\n')
_ANSWER = re.compile(r'<script type="application/json">(.*?)</script>', re.DOTALL)

_FRAMES = """<!DOCTYPE html>
<meta name="color-scheme" content="light dark"><style>iframe {{ border: 0; display: block }}</style>
<body>{}</body>
"""
_PROBE = """
<script>
const channels = text => text.match(/[\\d.]+/g).map(Number);
const luminance = ([r, g, b]) => [r, g, b].map(part => part / 255)
  .map(part => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4)
  .reduce((sum, part, index) => sum + part * [0.2126, 0.7152, 0.0722][index], 0);
const contrast = (one, other) => {
  const [dark, light] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (light + 0.05) / (dark + 0.05);
};
const behind = element => {
  for (let each = element; each; each = each.parentElement) {
    const colour = channels(getComputedStyle(each).backgroundColor);
    if (colour.length < 4 || colour[3] > 0) return colour;
  }
  return [255, 255, 255];
};
const hasText = element => [...element.childNodes].some(each => each.nodeType === 3 && each.data.trim());
const shown = [...document.body.querySelectorAll("*")].filter(each => !each.closest("script, title"));
const texts = shown.filter(hasText).map(each => {
  const style = getComputedStyle(each);
  return [contrast(channels(each instanceof SVGElement ? style.fill : style.color), behind(each)), each.textContent];
});
const marks = shown.filter(each => each.matches("line, circle, path")).map(each => {
  const style = getComputedStyle(each);
  return [contrast(channels(each.matches("line") ? style.stroke : style.fill), behind(each)), each.outerHTML];
});
const outside = shown.filter(each => !each.closest("svg")).filter(each => {
  const box = each.getBoundingClientRect();
  return box.right > innerWidth + 1 || box.left < -1;
}).map(each => each.outerHTML.slice(0, 200));
const worst = found => found.sort((one, other) => one[0] - other[0])[0];
const found = {
  width: innerWidth, scroll_width: document.documentElement.scrollWidth, outside,
  dark: matchMedia("(prefers-color-scheme: dark)").matches, texts: texts.length, marks: marks.length,
  worst_text: worst(texts), worst_mark: worst(marks), background: getComputedStyle(document.body).backgroundColor,
  text: document.querySelector("main").innerText,
};
const answer = parent.document.createElement("script");
answer.type = "application/json";
answer.textContent = JSON.stringify([frameElement.name, found]).replaceAll("<", "\\\\u003c");
parent.document.body.append(answer);
</script>
"""


@dataclasses.dataclass(frozen=True, slots=True)
class Browser:
    """A Chromium with a profile of its own."""

    program: str
    folder: Path

    def look(self, pages: Sequence[tuple[str, int]], *, dark: bool) -> list[dict[str, Any]]:
        """Lay pages out, each in a frame of its own width, and return what was found on each.

        A window of its own would not be as narrow as a phone. The copies that are opened may run one script, ours; the
        page itself forbids all of them.
        """
        frames = "".join(_frame(str(number), page, width) for number, (page, width) in enumerate(pages))
        file = self.folder / "pages.html"
        file.write_text(_FRAMES.format(frames), encoding="utf-8")
        shown = self._run("--window-size=1400,1000", *(["--force-dark-mode"] if dark else []), "--dump-dom", str(file))
        found = dict(json.loads(answer) for answer in _ANSWER.findall(shown))
        assert len(found) == len(pages), shown[:2000]
        return [found[str(number)] for number in range(len(pages))]

    def _run(self, *arguments: str) -> str:
        command = [self.program, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", *_QUIET]
        command += [f"--user-data-dir={self.folder / 'profile'}", *arguments]
        environment = {**os.environ, "HOME": str(self.folder)}
        ran = subprocess.run(
            command, env=environment, capture_output=True, encoding="utf-8", timeout=_SECONDS, check=True
        )
        return ran.stdout


def _frame(name: str, page: str, width: int) -> str:
    asked = html.escape(_POLICY.sub("", page).replace("</body>", f"{_PROBE}</body>"))
    return f'<iframe name="{name}" width="{width}" height="900" srcdoc="{asked}"></iframe>'


def program() -> str:
    """Return where Chromium is; empty where there is none."""
    named = os.environ.get("RRAS_CHROMIUM")
    candidates = (named,) if named else NAMES
    return next((path for name in candidates if (path := shutil.which(name))), "")
