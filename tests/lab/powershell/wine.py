# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Wine prefixes: one small Windows for each simulated host, copied from a template that is made only once."""

from __future__ import annotations

import contextlib
import fcntl
import functools
import os
import shutil
import struct
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from .place import PROGRAM_VARIABLE, PowerShellPlace, command_line, popen

ROOT = Path(__file__).resolve().parents[3]
CACHE = ROOT / ".cache" / "powershell"
SHARED = ROOT.parent / "shared" / "pwsh"
ARCHIVE = SHARED / "powershell-win-x64.tar.xz"
RELAY = SHARED / "relay" / "relay.exe"
RELAYED = ("netsh.exe", "sc.exe", "net.exe")
"""The programs of Windows whose part the lab plays."""
NEEDED = (
    f"install wine and wine64, put the folder pwsh with relay/{RELAY.name} and {ARCHIVE.name} into ../shared "
    f"(or, instead of the latter, set {PROGRAM_VARIABLE} to a powershell.exe or pwsh.exe for Windows), "
    "and run make test-powershell"
)
"""How to get a real PowerShell, in words."""

_PE_HEADER_POINTER = 0x3C
_SUBSYSTEM = 24 + 68
"""The offset of the field Subsystem in the PE header: 24 bytes of signature and COFF header, then 68 more."""
_WINDOWS_GUI = 2
_SYSTEM32 = Path("drive_c", "windows", "system32")
_REGISTRY = r"""Windows Registry Editor Version 5.00

[HKEY_LOCAL_MACHINE\Software\Wine\Drives]
"z:"="network"

[HKEY_LOCAL_MACHINE\System\CurrentControlSet\Control\Session Manager\Environment]
"DOTNET_EnableWriteXorExecute"="0"

[HKEY_LOCAL_MACHINE\System\CurrentControlSet\Services\Eventlog]
"Start"=dword:4

[HKEY_LOCAL_MACHINE\System\CurrentControlSet\Services\NDIS]
"Start"=dword:4

[HKEY_LOCAL_MACHINE\System\CurrentControlSet\Services\nsiproxy]
"Start"=dword:4

[HKEY_LOCAL_MACHINE\System\CurrentControlSet\Services\PlugPlay]
"Start"=dword:4

"""
"""Stops Wine's own services that are not needed here from starting, so that a restart takes half the time."""


def is_available() -> bool:
    """Return whether this machine has everything that a real PowerShell needs."""
    found = PROGRAM_VARIABLE in os.environ or ARCHIVE.is_file()
    return found and RELAY.is_file() and shutil.which("wine") is not None


def notice() -> str:
    """Return one line that says what tests without a real PowerShell leave out."""
    if is_available():
        return "The real PowerShell was not used, only its simulation; make test-powershell uses the one that is here."
    return f"The real PowerShell was not used, only its simulation. To use it, {NEEDED}."


def program() -> Path:
    """Return the path of PowerShell; unpack it on the first call."""
    named = os.environ.get(PROGRAM_VARIABLE)
    if named:
        return Path(named)
    folder = CACHE / ARCHIVE.name.partition(".")[0]
    with _alone("program"):
        if not folder.is_dir():
            with tempfile.TemporaryDirectory(dir=CACHE) as name, tarfile.open(ARCHIVE) as archive:
                archive.extractall(name, filter="data")
                (Path(name) / folder.name).rename(folder)
    return folder / "powershell.exe"


class Prefix(PowerShellPlace):
    """One Windows under Wine: a folder with a registry and drives, and the processes that run there."""

    def __init__(self, relay_port: int) -> None:
        template = _template()
        self._program = program()
        self._folder = Path(tempfile.mkdtemp(dir=CACHE, prefix="host-"))
        self._environment = _environment(self._folder) | {"LAB_RELAY_PORT": str(relay_port)}
        _copy(template, self._folder)

    def start(self, arguments: Sequence[str], *, piped: bool = False) -> subprocess.Popen[bytes]:
        return popen([*steady(), "wine", self._program, *arguments], self._environment, piped=piped)

    def run_beside(self, script: str) -> None:
        self.start(command_line(script))

    def run(self, *arguments: str) -> subprocess.CompletedProcess[bytes]:
        """Run PowerShell to its end."""
        return self._run([str(self._program), *arguments], b"")

    def run_line(self, line: str, stdin: bytes) -> subprocess.CompletedProcess[bytes]:
        """Run a command line as the WinRM service does: by cmd.exe."""
        return self._run(["cmd.exe", "/C", line], stdin)

    def restart(self) -> None:
        _stop(self._environment)

    def provide(self, name: str, *, there: bool) -> None:
        """Put a program of Windows in its place, or take it away."""
        file = self._folder / _SYSTEM32 / name
        if there and not file.exists():
            file.write_bytes(_relay())
        elif not there:
            file.unlink(missing_ok=True)

    def close(self) -> None:
        """Stop, and remove everything."""
        _stop(self._environment)
        shutil.rmtree(self._folder, ignore_errors=True)

    def _run(self, command: Sequence[str], stdin: bytes) -> subprocess.CompletedProcess[bytes]:
        line = [*steady(), "wine", *command]
        return subprocess.run(line, env=self._environment, input=stdin, capture_output=True, check=False)


@functools.cache
def steady() -> tuple[str, ...]:
    """Return what to put before a command so that its processes get no random addresses; empty if Linux forbids that.

    With random addresses, about one process in 4 000 fails to start, because its heap is where Wine 8 must put the data
    that Windows shares with every process, at 0x7FFE0000 ("failed to map the shared user data").
    """
    words = ("setarch", "--addr-no-randomize")
    tried = shutil.which(words[0]) and subprocess.run([*words, "true"], capture_output=True, check=False)
    return words if tried and tried.returncode == 0 else ()


def _template() -> Path:
    """Return the prefix that all others are copied from; make it on the first call."""
    folder = CACHE / "template"
    with _alone("template"):
        if not folder.is_dir():
            with tempfile.TemporaryDirectory(dir=CACHE) as name:
                _make(Path(name))
                Path(name).rename(folder)
                Path(name).mkdir()
    return folder


def _make(folder: Path) -> None:
    environment = _environment(folder)
    _wine("wineboot", "--init", environment=environment)
    settings = folder / "settings.reg"
    settings.write_text(_REGISTRY, encoding="ascii")
    _wine("wine", "regedit", "/S", str(settings), environment=environment)
    for name in RELAYED:
        target = folder / _SYSTEM32 / name
        target.unlink(missing_ok=True)
        target.write_bytes(_relay())
    _stop(environment)


def _relay() -> bytes:
    """Return relay.exe as a program without a console.

    For every console program, Wine starts a console host as well, which takes twice as long as the program itself.
    """
    image = bytearray(RELAY.read_bytes())
    (header,) = struct.unpack_from("<I", image, _PE_HEADER_POINTER)
    struct.pack_into("<H", image, header + _SUBSYSTEM, _WINDOWS_GUI)
    return bytes(image)


def _copy(template: Path, folder: Path) -> None:
    """Copy a prefix: programs as hard links, since nobody writes to them, and the registry's files as real copies."""
    shutil.copytree(template, folder, symlinks=True, dirs_exist_ok=True, copy_function=os.link)
    for file in template.glob("*.reg"):
        (folder / file.name).unlink()
        shutil.copyfile(file, folder / file.name)


def _environment(folder: Path) -> dict[str, str]:
    """Return the environment for everything that runs in a prefix; HOME keeps Wine from linking to the user's files."""
    overrides = [*(f"{name}=n" for name in RELAYED), "winemenubuilder.exe=d", "mshtml=d"]
    home = CACHE / "home"
    home.mkdir(parents=True, exist_ok=True)
    return dict(os.environ) | {
        "HOME": str(home),
        "WINEPREFIX": str(folder),
        "WINEARCH": "win64",
        "WINEDEBUG": "-all",
        "WINEDLLOVERRIDES": ";".join(overrides),
        "WINEPATH": "Z:" + str(program().parent).replace("/", "\\"),
        "DOTNET_EnableWriteXorExecute": "0",
        "DOTNET_TieredPGO": "0",
        "DOTNET_TC_CallCountThreshold": "1000",
        "DOTNET_gcConcurrent": "0",
    }


def _stop(environment: Mapping[str, str]) -> None:
    """End all programs of a prefix and write its registry to its files."""
    _wine("wineserver", "-k", environment=environment, check=False)
    _wine("wineserver", "-w", environment=environment)


def _wine(*command: str, environment: Mapping[str, str], check: bool = True) -> None:
    subprocess.run(
        [*steady(), *command],
        env=environment,
        check=check,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


@contextlib.contextmanager
def _alone(name: str) -> Iterator[None]:
    """Hold a lock, so that only one of several processes makes a thing."""
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


if __name__ == "__main__":
    print(notice())
