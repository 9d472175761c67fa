# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The report of a verification as a file on the controller: HTML for people, JSON for programs."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path
from typing import Final

import jinja2
from markupsafe import Markup

from ansible_collections.rras.ipsec.plugins.plugin_utils._page_template import STYLE, TEMPLATE
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy import page
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.errors import RrasError

_FILE_MODE: Final = 0o644
_WORDS: Final = {"ok": "in order", "warning": "warnings", "error": "errors"}
_RESTARTS: Final = {
    "not pending": "not pending",
    "pending": "pending: Windows has not booted with ProhibitIpSec yet",
    "harmful": "would break the tunnels: Windows still runs with the ProhibitIpSec that was removed",
    "unknown": "unknown: nobody recorded whether ProhibitIpSec was there at boot",
}


class ReportError(RrasError):
    """A report can't be written. The message is one sentence."""

    reason = "files"


def as_html(report: page.PageReport) -> str:
    """Return the report as an HTML page. Every text in it is escaped, so that it is shown literally."""
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined)
    style = Markup(STYLE)  # noqa: S704 - a constant of ours
    shown = {"report": report, "drawings": page.drawings(report), "words": _WORDS, "restarts": _RESTARTS}
    return environment.from_string(TEMPLATE).render(style=style, **shown) + "\n"


def as_json(report: page.PageReport) -> str:
    """Return the report as JSON."""
    return json.dumps(report, indent=2, ensure_ascii=False) + "\n"


def write(report: page.PageReport, path: Path) -> None:
    """Write the report in the format that the file's suffix asks for. Raises `ReportError`."""
    text = as_json(report) if path.suffix == ".json" else as_html(report)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _replace(path, text.encode())
    except OSError as error:
        raise ReportError(
            f"The report {path} can't be written ({error.strerror}); "
            "name a file on the controller that the user of Ansible may write."
        ) from None


def _replace(path: Path, content: bytes) -> None:
    """Replace a file in one atomic step, so that nobody reads half of it."""
    descriptor, unfinished = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with open(descriptor, "wb") as file:  # noqa: PTH123 - of a descriptor
            file.write(content)
            os.fchmod(file.fileno(), _FILE_MODE)
        Path(unfinished).replace(path)
    except OSError:
        Path(unfinished).unlink(missing_ok=True)
        raise
