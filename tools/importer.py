# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Import the built collection as Galaxy does, and fail on any warning.

The part of galaxy-importer that needs containers (ansible-test) is left out: tools/sanity.py does it without.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
COMPLAINT = re.compile(r"\b(WARNING|ERROR)\b|Traceback")
STRICT = {"GALAXY_IMPORTER_CHECK_REQUIRED_TAGS": "true", "GALAXY_IMPORTER_RUN_FLAKE8": "false"}


def build(folder: Path) -> Path:
    """Build the collection into an empty folder and return the tarball."""
    command = ["ansible-galaxy", "collection", "build", str(ROOT), "--output-path", str(folder)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return next(folder.glob("*.tar.gz"))


def import_collection(tarball: Path) -> bool:
    """Run the importer beside the tarball, passing its output on; return whether it had no complaint."""
    command = [sys.executable, "-m", "galaxy_importer.main", tarball.name]
    ran = subprocess.run(
        command,
        cwd=tarball.parent,
        env={**os.environ, **STRICT},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    good = ran.returncode == 0 and not COMPLAINT.search(ran.stdout)
    sys.stdout.write(ran.stdout if not good else "galaxy-importer: nothing to complain of\n")
    return good


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        sys.exit(not import_collection(build(Path(folder))))
