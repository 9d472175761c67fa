# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Build the documentation as a site in .cache/site/html. Any warning is an error.

The guides keep the folders that they have in the repository, so that their links to each other work. What
antsibull-docs writes about the plugins is put beside them.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import zlib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SITE = ROOT / ".cache" / "site"
SOURCE = SITE / "source"
BIN = Path(sys.executable).parent
GUIDES = (
    "*.md",
    "LICENSE",
    "docs/*.md",
    "docs/topologies/*.md",
    "docs/*.yml",
    "docs/*.png",
    "docs/*.svg",
    "roles/*/README.md",
)
INVENTORY = SOURCE / "ansible.inv"
LABEL = re.compile(r"<(?P<label>ansible_collections\.(?!rras\.ipsec\.)(?P<path>\w+\.\w+\.\w+))>`")
PAGES = {
    "action_plugins": "plugins/action.html",
    "ansible_configuration_settings": "reference_appendices/config.html",
    "common_return_values": "reference_appendices/common_return_values.html",
}
"""Pages of Ansible's own documentation that antsibull-docs refers to, by label."""
PLUGINS = ("collection", "--use-current", "--squash-hierarchy", "--fail-on-error", "rras.ipsec")


def copy_guides() -> None:
    """Lay out the guides and the settings, without anything left of an earlier time."""
    shutil.rmtree(SITE, ignore_errors=True)
    shutil.copytree(ROOT / "docs" / "site", SOURCE)
    for pattern in GUIDES:
        for path in ROOT.glob(pattern):
            target = SOURCE / path.relative_to(ROOT)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, target)


def describe_plugins() -> None:
    """Let antsibull-docs document modules, filters and the role."""
    target = SOURCE / "collections"
    target.mkdir()
    subprocess.run([BIN / "antsibull-docs", PLUGINS[0], "--dest-dir", target, *PLUGINS[1:]], check=True)


def know_ansible() -> None:
    """Write down where the pages of Ansible are that we refer to: its own inventory can't be downloaded everywhere."""
    pages = dict(PAGES)
    for page in (SOURCE / "collections").glob("*.rst"):
        for match in LABEL.finditer(page.read_text(encoding="utf-8")):
            pages[match["label"]] = f"collections/{match['path'].replace('.', '/')}.html"
    lines = "".join(f"{label} std:label -1 {page} -\n" for label, page in sorted(pages.items()))
    head = "# Sphinx inventory version 2\n# Project: Ansible\n# Version: \n# The remainder is compressed using zlib.\n"
    INVENTORY.write_bytes(head.encode() + zlib.compress(lines.encode()))


def build() -> int:
    """Let Sphinx build the site; return its exit code."""
    options = ["--builder", "html", "--fail-on-warning", "--keep-going", "--quiet"]
    return subprocess.run([BIN / "sphinx-build", *options, SOURCE, SITE / "html"], check=False).returncode


if __name__ == "__main__":
    copy_guides()
    describe_plugins()
    know_ansible()
    sys.exit(build())
