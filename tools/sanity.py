# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run `ansible-test sanity` in a copy of the checkout.

ansible-test must run in a real folder .../ansible_collections/rras/ipsec. In a folder that git ignores, it finds no
files, skips every test and succeeds; so the copy becomes a repository, and a run without any files a failure. To make
virtual environments, it uses a script that it downloads, unless its cache has it, from a place that not every network
reaches; so a script that does the same with a wheel from the package index is put there. pylint checks the plugins
only: it takes most of the time, and for the tests ruff and mypy are stricter. Arguments are passed on, for example:
`tools/sanity.py --test validate-modules`. With `--published` first, only the files in the tarball are checked, as by
whoever certifies the collection, with all tests and any core.
"""

from __future__ import annotations

import fnmatch
import os
import shutil
import subprocess
import sys
from pathlib import Path

import yaml
from ansible_test._internal.host_configs import NativePythonConfig
from ansible_test._internal.python_requirements import get_venv_packages

ROOT = Path(__file__).resolve().parents[1]
COPY = ROOT / ".cache" / "sanity" / "ansible_collections" / "rras" / "ipsec"
HOME = ROOT / ".cache" / "home"
PIP_SCRIPTS = HOME / ".ansible" / "test" / "cache"
PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"
PUBLISHED = "--published"
NOTHING_DONE = "All targets skipped"
EVERYTHING = [["--skip-test", "pylint"], ["--test", "pylint", "plugins/"]]

PIP_SCRIPT = """\
import os
import runpy
import sys

here = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(here, "pip-{version}-py3-none-any.whl"))
sys.argv = ["pip", "install"] + [word for word in sys.argv[1:] if word not in ("--no-setuptools", "--no-wheel")]
runpy.run_module("pip", run_name="__main__", alter_sys=True)
"""


def provide_pip() -> None:
    """Put pip, and a script that runs it, where ansible-test looks before it downloads its own."""
    version = get_venv_packages(NativePythonConfig(version=PYTHON))["pip"]
    script = PIP_SCRIPTS / f"get_pip_{version.replace('.', '_')}.py"
    if script.is_file():
        return
    PIP_SCRIPTS.mkdir(parents=True, exist_ok=True)
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:"]
    subprocess.run([*pip, f"--dest={PIP_SCRIPTS}", f"pip=={version}"], check=True)
    script.write_text(PIP_SCRIPT.format(version=version), encoding="utf-8")


def own_files() -> list[Path]:
    """Return the files that git tracks or would track, without those that are deleted but not committed yet."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    return [Path(name) for name in sorted(set(names.split("\0"))) if name and (ROOT / name).exists()]


def published(files: list[Path]) -> list[Path]:
    """Return the files that go into the tarball, and galaxy.yml, which ansible-test reads."""
    ignored = yaml.safe_load((ROOT / "galaxy.yml").read_text(encoding="utf-8"))["build_ignore"]

    def is_ignored(name: Path) -> bool:
        return any(fnmatch.fnmatch(str(part), pattern) for part in (name, *name.parents[:-1]) for pattern in ignored)

    return [name for name in files if not is_ignored(name)]


def copy_checkout(files: list[Path]) -> None:
    """Replace the copy by the present versions of these files of the checkout."""
    shutil.rmtree(COPY, ignore_errors=True)
    for name in files:
        (COPY / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, COPY / name, follow_symlinks=False)
    subprocess.run(["git", "init", "--quiet"], cwd=COPY, check=True)


def run_sanity(arguments: list[str]) -> bool:
    """Run the tests with this Python, passing their output on; return whether they ran and found nothing."""
    command = ["ansible-test", "sanity", "--local", "--python", PYTHON, *arguments]
    env = {**os.environ, "HOME": str(HOME)}
    output = ""
    with subprocess.Popen(
        command, cwd=COPY, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        for line in process.stdout or ():
            sys.stdout.write(line)
            output += line
    return process.returncode == 0 and NOTHING_DONE not in output


def main(arguments: list[str]) -> bool:
    """Run what the arguments ask for; return whether it found nothing."""
    provide_pip()
    if arguments[:1] == [PUBLISHED]:
        copy_checkout(published(own_files()))
        return run_sanity(arguments[1:])
    copy_checkout(own_files())
    runs = [arguments] if arguments else EVERYTHING
    return all(run_sanity(each) for each in runs)


if __name__ == "__main__":
    sys.exit(not main(sys.argv[1:]))
