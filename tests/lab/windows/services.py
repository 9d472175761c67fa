# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The service control manager of one simulated host."""

from __future__ import annotations

import enum

from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.clear_text import Cover
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.registry import Key, Value, join

from .agent import RELOAD, PolicyAgent
from .installation import RASMAN_PARAMETERS, SERVICES, Start
from .registry import RegistryAccess

POLICY_AGENT = "PolicyAgent"
RRAS = "RemoteAccess"
FIREWALL = "MpsSvc"
NEVER = 1_000_000
"""A number of questions that stands for a service that never comes up by itself."""


class ServiceState(enum.IntEnum):
    """SERVICE_STATUS.dwCurrentState."""

    STOPPED = 1
    START_PENDING = 2
    RUNNING = 4


class ServiceErrorCode(enum.IntEnum):
    """Why a service does not do what it is asked to (WinError.h)."""

    DEPENDENT_SERVICES_RUNNING = 1051
    INVALID_SERVICE_CONTROL = 1052
    REQUEST_TIMEOUT = 1053
    ALREADY_RUNNING = 1056
    DISABLED = 1058
    DOES_NOT_EXIST = 1060
    NOT_ACTIVE = 1062
    DEPENDENCY_FAIL = 1068


class ServiceError(Exception):
    """The service control manager would refuse the request."""

    def __init__(self, code: ServiceErrorCode) -> None:
        super().__init__(code.name.lower().replace("_", " "))
        self.code = code


class Services:
    """The services that a host's registry declares, and which of them run.

    Dependencies that the registry does not declare (drivers, RpcSs) count as running.
    """

    def __init__(self, registry: RegistryAccess, agent: PolicyAgent) -> None:
        self._registry = registry
        self._agent = agent
        self.running: set[str] = set()
        """The services that run, in lower case."""
        self.broken: set[str] = set()
        """The services, in lower case, that do not come up when they are started."""
        self.late: dict[str, int] = {}
        """How many times sc is asked for a service, in lower case, after a start of Windows before it comes up."""
        self.waiting: dict[str, int] = {}
        """As `late`, for services that are not up since Windows started: how many more times sc must be asked."""
        self.starting: dict[str, int] = {}
        """How many more times sc reports a service, in lower case, as starting after it was told to start."""
        self.runs_with_prohibit_ipsec = False
        """Whether Windows started with ProhibitIpSec = 1, so that RRAS makes no filters of its own until the next
        start."""

    def state(self, name: str) -> ServiceState:
        """Return the state of a service."""
        self.key(name)
        return ServiceState.RUNNING if name.casefold() in self.running else ServiceState.STOPPED

    def asked(self, name: str) -> ServiceState:
        """Return the state of a service to whoever asks sc; each question brings a late service nearer."""
        folded = name.casefold()
        left = self.waiting.get(folded)
        if left == 0:
            del self.waiting[folded]
            self._come_up()
        elif left:
            self.waiting[folded] = left - 1
        if self.starting.get(folded):
            self.starting[folded] -= 1
            return ServiceState.START_PENDING
        return ServiceState.START_PENDING if left == 1 else self.state(name)

    def is_running(self, name: str) -> bool:
        """Return whether a service runs; one that does not exist does not."""
        return name.casefold() in self.running

    def key(self, name: str) -> Key:
        """Return the registry key that declares a service."""
        key = self._registry.read(join(SERVICES, name))
        if key is None or "Start" not in key:
            raise ServiceError(ServiceErrorCode.DOES_NOT_EXIST)
        return key

    def start(self, name: str) -> None:
        """Start a service, after everything that it depends on."""
        key = self.key(name)
        if self.is_running(name):
            raise ServiceError(ServiceErrorCode.ALREADY_RUNNING)
        if _start_type(key) is Start.DISABLED:
            raise ServiceError(ServiceErrorCode.DISABLED)
        self._start_dependencies(key)
        self.waiting.pop(name.casefold(), None)
        if name.casefold() in self.broken:
            raise ServiceError(ServiceErrorCode.REQUEST_TIMEOUT)
        self.running.add(name.casefold())
        if name.casefold() == POLICY_AGENT.casefold():
            self._agent.load()
        if name.casefold() == RRAS.casefold() and not self.runs_with_prohibit_ipsec:
            self._agent.make_automatic_filters()

    def stop(self, name: str) -> None:
        """Stop a service that no running one depends on."""
        self._require_running(name)
        running = (self._registry.read(join(SERVICES, other)) for other in self.running)
        if any(name.casefold() in _dependencies(key) for key in running if key):
            raise ServiceError(ServiceErrorCode.DEPENDENT_SERVICES_RUNNING)
        self.running.discard(name.casefold())
        if name.casefold() == POLICY_AGENT.casefold():
            self._agent.forget()
        if name.casefold() == RRAS.casefold():
            self._agent.has_automatic_filters = False

    def stop_tree(self, name: str) -> None:
        """Stop a service, after everything that depends on it, as net.exe does."""
        for other in sorted(self.running):
            key = self._registry.read(join(SERVICES, other))
            if key and name.casefold() in _dependencies(key) and self.is_running(other):
                self.stop_tree(other)
        self.stop(name)

    def names(self) -> list[str]:
        """Return the services that the registry declares."""
        paths = ((name, self._registry.read(join(SERVICES, name))) for name in self._registry.children(SERVICES))
        return [name for name, key in paths if key and "Start" in key]

    @property
    def cover(self) -> Cover:
        """How much of the host's L2TP is kept from clear text at this moment; without RRAS there is no L2TP."""
        return self._agent.cover if self.is_running(RRAS) else Cover.ALL

    def control(self, name: str, control: int) -> None:
        """Send a control. The only one that a service here knows is PolicyAgent's 129, which reloads its policy."""
        self._require_running(name)
        if name.casefold() != POLICY_AGENT.casefold() or control != RELOAD:
            raise ServiceError(ServiceErrorCode.INVALID_SERVICE_CONTROL)
        self._agent.load()

    def boot(self) -> None:
        """Start what starts by itself after a restart; what can't start stays stopped."""
        self.running.clear()
        self._agent.forget()
        value = (self._registry.read(RASMAN_PARAMETERS) or Key("")).get("ProhibitIpSec")
        self.runs_with_prohibit_ipsec = value == Value.dword(1)
        self.waiting = dict(self.late)
        self._come_up()

    def _come_up(self) -> None:
        """Start what starts by itself, except late services and those that need one."""
        for name in self._registry.children(SERVICES):
            key = self._registry.read(join(SERVICES, name))
            if key is not None and _start_type(key) is Start.AUTOMATIC and not self.is_running(name):
                self._start_unless_late(name, key)

    def _start_unless_late(self, name: str, key: Key) -> None:
        if self.waiting.keys().isdisjoint({name.casefold(), *_dependencies(key)}):
            self._start_or_not(name)

    def _start_dependencies(self, key: Key) -> None:
        for name in _dependencies(key):
            declared = self._registry.read(join(SERVICES, name))
            if declared and "Start" in declared and not self.is_running(name) and not self._start_or_not(name):
                raise ServiceError(ServiceErrorCode.DEPENDENCY_FAIL)

    def _start_or_not(self, name: str) -> bool:
        try:
            self.start(name)
        except ServiceError:
            return False
        return True

    def _require_running(self, name: str) -> None:
        self.key(name)
        if not self.is_running(name):
            raise ServiceError(ServiceErrorCode.NOT_ACTIVE)


def _dependencies(key: Key) -> list[str]:
    return [name.casefold() for name in key.texts("DependOnService")]


def _start_type(key: Key) -> Start | None:
    number = key["Start"].number if "Start" in key else None
    return Start(number) if number in tuple(Start) else None
