# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The registry that a real PowerShell works on: that of Windows itself, or of a Wine prefix."""

from __future__ import annotations

import base64
import socket
import threading
from collections.abc import Iterable, Iterator
from pathlib import Path

from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.registry import Key, Tree, Value, join

from ..twin.digests import KIND_NAMES, NAMELESS
from ..windows.installation import ADAPTERS, INTERFACES, LINKAGE, SERVICES
from ..windows.registry import LabRegistry, Registry, RegistryError, RegistryErrorCode
from .place import LOOPBACK, PowerShellPlace, Use, uses

SCRIPT = Path(__file__).with_suffix(".ps1")
SECONDS_TO_CONNECT = 60
TOPS = (
    r"SOFTWARE\Policies\Microsoft\Windows\IPSec",
    r"SOFTWARE\Policies\Microsoft\WindowsFirewall",
    r"SOFTWARE\rras.ipsec",
    ADAPTERS,
    join(SERVICES, "IKEEXT"),
    join(SERVICES, "MpsSvc"),
    join(SERVICES, "PolicyAgent"),
    join(SERVICES, "RasMan"),
    join(SERVICES, "RemoteAccess"),
    join(SERVICES, "SharedAccess"),
    INTERFACES,
    LINKAGE,
)
"""The parts of HKEY_LOCAL_MACHINE that this collection could read or change; a full snapshot holds these."""

DENIED = "D:(D;;KR;;;WD)(A;;KA;;;WD)"
_READING = ("read", "children", "tree", "access")
_KINDS = {name: kind for kind, name in KIND_NAMES.items()}


class RealRegistry(LabRegistry):
    """HKEY_LOCAL_MACHINE of a place, accessed through a PowerShell there; thread-safe."""

    def __init__(self, place: PowerShellPlace) -> None:
        self._place = place
        self._lock = threading.RLock()
        self._agent: _Agent | None = None
        self._denied: list[str] = []
        self._seen: Tree | None = None

    def read(self, path: str) -> Key | None:
        return next(iter(_keys(self._ask("read", path))), None)

    def children(self, path: str) -> list[str]:
        return sorted((_decode(record[1]) for record in self._ask("children", path)), key=str.upper)

    def create(self, path: str, *, volatile: bool = False) -> None:
        self._ask("create", path, "Volatile" if volatile else "None")

    def write(self, path: str, name: str, value: Value) -> None:
        self._ask(*_writing(path, name, value))

    def erase(self, path: str, name: str) -> None:
        self._ask("erase", path, name)

    def remove(self, path: str) -> None:
        self._ask("remove", path)

    def access(self, path: str) -> str:
        return _decode(self._ask("access", path)[0][1])

    def protect(self, path: str, sddl: str) -> None:
        self._ask("protect", path, sddl)

    def remove_tree(self, path: str) -> None:
        self._allow_all()
        self._ask("removetree", path)

    def deny(self, path: str) -> None:
        self.protect(path, DENIED)
        self._denied.append(path)

    def denied(self) -> list[str]:
        return list(self._denied)

    def is_volatile(self, path: str) -> bool:
        """Return whether a key vanishes at the next restart: Windows allows no lasting key below such a key."""
        probe = join(path, "Probe")
        try:
            self.create(probe)
        except RegistryError as error:
            if error.code is RegistryErrorCode.CHILD_MUST_BE_VOLATILE:
                return True
            raise
        self.remove(probe)
        return False

    def lose_volatile_keys(self) -> None:
        self._place.restart()
        for path in self._denied:  # Wine does not keep access lists
            self.protect(path, DENIED)

    def flush(self, path: str) -> None:
        """Do nothing: nobody cuts the power of the machine that this runs on."""

    def lose_unwritten(self, hive: str) -> None:
        """Do nothing: what is written stays."""

    def snapshot(self, path: str = "") -> Tree:
        if path:
            return self._tree(path)
        with self._lock:
            self._seen = self._seen or self._tree(*TOPS)
            return self._seen

    def forget(self) -> None:
        """Read everything anew when it is next asked for: somebody else may have changed it."""
        self._seen = None

    def load(self, tree: Tree) -> None:
        self._ask_all(request for key in tree.values() for request in _loading(key))

    def replace(self, tree: Tree) -> None:
        self._allow_all()
        self._ask_all(("removetree", top) for top in TOPS)
        self.load(tree)

    def disconnect(self) -> None:
        """Let the PowerShell there end; the next request starts another one."""
        with self._lock:
            if self._agent:
                self._agent.close()
            self._agent = None
            self.forget()

    def connect(self) -> None:
        """Start a PowerShell there, unless one is running."""
        with self._lock:
            self._connected()

    def _allow_all(self) -> None:
        """Make unreadable keys readable again, because they could not be removed otherwise."""
        while self._denied:
            self.protect(self._denied.pop(), "D:(A;;KA;;;WD)")

    def _tree(self, *paths: str) -> Tree:
        return Tree(sorted(_keys(self._ask("tree", *paths)), key=lambda key: key.path.casefold()))

    def _ask(self, verb: str, *fields: str) -> list[list[str]]:
        with self._lock:
            if verb not in _READING:
                self.forget()
            return list(self._connected().ask(verb, fields))

    def _ask_all(self, requests: Iterable[tuple[str, ...]]) -> None:
        """Send many requests at once."""
        with self._lock:
            self.forget()
            agent, pending = self._connected(), list(requests)
            for verb, *fields in pending:
                agent.send(verb, fields)
            for _request in pending:
                list(agent.answer())

    def _connected(self) -> _Agent:
        uses[Use.REGISTRY] += 1
        if self._agent is None:
            with socket.create_server((LOOPBACK, 0)) as listener:
                listener.settimeout(SECONDS_TO_CONNECT)
                self._place.run_beside(_script(listener.getsockname()[1]))
                self._agent = _Agent(listener.accept()[0])
        return self._agent


def touched(registry: Registry) -> Tree:
    """Return everything that this collection could touch in a registry in memory."""
    found = [key for top in TOPS for key in registry.snapshot(top).values()]
    return Tree(sorted(found, key=lambda key: key.path.casefold()))


class _Agent:
    """Our connection to a PowerShell that reads and writes the registry for us."""

    def __init__(self, connection: socket.socket) -> None:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with connection:
            self._stream = connection.makefile("rwb")

    def ask(self, verb: str, fields: Iterable[str]) -> Iterator[list[str]]:
        """Send one request; return all records of the answer but the last. Raises `RegistryError`."""
        self.send(verb, fields)
        return self.answer()

    def send(self, verb: str, fields: Iterable[str]) -> None:
        """Send a request without waiting for the answer."""
        self._stream.write("\t".join((verb, *map(_encode, fields))).encode() + b"\n")

    def answer(self) -> Iterator[list[str]]:
        """Return all records of the oldest answer but the last. Raises `RegistryError`."""
        self._stream.flush()
        for line in self._stream:
            record, *found = line.decode().rstrip("\r\n").split("\t")
            if record == "error":
                raise _error(int(found[0]), _decode(found[1]))
            if record == "ok":
                return
            yield [record, *found]
        raise ConnectionResetError("the agent of the registry is gone")

    def close(self) -> None:
        self._stream.close()


def _script(port: int) -> str:
    """Return the agent's text without indentation, so that it fits into a command line."""
    lines = SCRIPT.read_text(encoding="ascii").splitlines()
    return f"$port = {port}\n" + "\n".join(line.strip() for line in lines if not line.startswith("#"))


def _loading(key: Key) -> Iterator[tuple[str, ...]]:
    """Yield the requests that create a key with its values."""
    yield "create", key.path, "None"
    yield from (_writing(key.path, name, value) for name, value in key.items())


def _writing(path: str, name: str, value: Value) -> tuple[str, ...]:
    return "write", path, name, KIND_NAMES[value.kind], base64.b64encode(value.data).decode()


def _keys(records: Iterable[list[str]]) -> list[Key]:
    found: list[tuple[str, dict[str, Value]]] = []
    for record, name, *value in records:
        if record == "key":
            found.append((_decode(name), {}))
        else:
            kind, data = value
            found[-1][1][_decode(name)] = Value(_KINDS.get(kind, NAMELESS), base64.b64decode(data))
    return [Key(path, values) for path, values in found]


def _error(number: int, message: str) -> RegistryError | OSError:
    try:
        return RegistryError(RegistryErrorCode(number), message)
    except ValueError:
        return OSError(number, message)


def _encode(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def _decode(field: str) -> str:
    return base64.b64decode(field).decode()
