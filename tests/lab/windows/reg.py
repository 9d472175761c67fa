# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""reg.exe import: imports a registration file of version 5.00 into a registry, line by line as Windows does.

It was written by hand, separately from the collection's own reader, to check that. It knows what regedit exports and
nothing else.
"""

from __future__ import annotations

from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.registry import Kind, Value

from .registry import LabRegistry

ROOT = "HKEY_LOCAL_MACHINE\\"
KINDS = {"0": Kind.NONE, "1": Kind.SZ, "2": Kind.EXPAND_SZ, "3": Kind.BINARY, "4": Kind.DWORD, "b": Kind.QWORD}


class ImportFailedError(Exception):
    """The file is not one that Windows accepts."""


def import_file(registry: LabRegistry, data: bytes) -> None:
    """Import a file. Raises `ImportFailedError`."""
    if not data.startswith(b"\xff\xfe"):
        raise ImportFailedError("no byte order mark")
    first, *lines = data[2:].decode("utf-16-le").replace("\\\r\n  ", "").split("\r\n")
    if first != "Windows Registry Editor Version 5.00":
        raise ImportFailedError(first)
    path = ""
    for line in lines:
        if line.startswith("[-"):
            registry.remove_tree(_path(line[2:-1]))
        elif line.startswith("["):
            path = _path(line[1:-1])
            registry.create(path)
        elif line.startswith('"'):
            _import_value(registry, path, line)
        elif line and not line.startswith(";"):
            raise ImportFailedError(line)


def _path(name: str) -> str:
    if not name.startswith(ROOT):
        raise ImportFailedError(name)
    return name.removeprefix(ROOT)


def _import_value(registry: LabRegistry, path: str, line: str) -> None:
    name, _equals, said = line[1:].partition('"=')
    if said == "-":
        if name in (registry.read(path) or {}):
            registry.erase(path, name)
    else:
        registry.write(path, name, _value(said))


def _value(said: str) -> Value:
    if said.startswith('"'):
        return Value.sz(said[1:-1].replace('\\"', '"').replace("\\\\", "\\"))
    form, _colon, rest = said.partition(":")
    if form == "dword":
        return Value.dword(int(rest, 16))
    data = bytes.fromhex(rest.replace(",", ""))
    number = form.removeprefix("hex").strip("()") or "3"
    if number == "7":
        return Value.multi_sz(data.decode("utf-16-le").rstrip("\0").split("\0"))
    kind = KINDS[number]
    return Value(kind, data[:-2] if kind in (Kind.SZ, Kind.EXPAND_SZ) else data)
