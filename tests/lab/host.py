# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One simulated Windows server: its registry, its services, its endpoints, and its restarts."""

from __future__ import annotations

import dataclasses
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.clear_text import Cover
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.registry import Tree

from .engine import Engine, EngineName
from .impairment import Impairments
from .powershell.powershell import PowerShell
from .recorder import LogSource, Recorder
from .twin.twin import AUTO_LOGON_CHECKED, Twin
from .windows import installation, sc
from .windows.agent import PolicyAgent
from .windows.netsh import Netsh
from .windows.programs import Programs
from .windows.registry import LabRegistry, Registry
from .windows.services import POLICY_AGENT, Services
from .wire.server import Endpoint, Site
from .wire.soap import Response
from .wire.wsman import WsmanService

LATE_FILTERS = "filters"
"""The key for what can be late besides services: the filters, each time that PolicyAgent loads them."""
EXPOSED: set[Host] = set()
"""All hosts that have noted an exposure, no matter who created them; tests clear it."""
_UNIX_EPOCH = 116_444_736_000_000_000
"""1970-01-01 as a FILETIME: 100-nanosecond intervals since 1601-01-01."""


@dataclasses.dataclass(frozen=True, slots=True)
class HostSpec:
    """What a simulated host is like when the lab starts."""

    name: str
    address: str
    """The static address of the interface that other RRAS servers can reach."""
    management_address: str = "10.0.0.10"
    l2tp_ports: int = 128
    policy_agent_running: bool = False
    late: Mapping[str, int] = dataclasses.field(default_factory=dict, hash=False)
    """How many readings after a restart don't show a service running yet; for `LATE_FILTERS`, the agent's filters."""
    seconds_away: float | None = None
    """How many seconds a restarting host is away, refusing connections. None: only the boot time changes, at once."""
    seconds_until_restart: float | None = None
    """How many seconds after shutdown.exe a host goes away, if it does. None: as many as shutdown.exe was told."""
    sc_labels: tuple[str, ...] = sc.ENGLISH
    allow_unencrypted: bool = False
    """Whether to accept plain messages over plain HTTP, as Windows does with AllowUnencrypted."""
    shape: installation.Shape = installation.PLAIN
    """Features that it shares with real servers."""
    engine: EngineName = EngineName.TWIN


class Host:
    """One simulated host, which tests can look into and tamper with while it runs."""

    def __init__(self, spec: HostSpec, certificate: Path) -> None:
        self.spec = spec
        self.name = spec.name
        self.engine, self.registry = self._engine()
        self.agent = PolicyAgent(self.registry)
        self.services = Services(self.registry, self.agent)
        self.recorder = Recorder()
        self.impairments = Impairments()
        self.lock = threading.Lock()
        self.boot_time = 0
        self.exposures: list[tuple[str, Cover]] = []
        """The moments at which L2TP with some peer was in clear text, or could have been, and how much was covered."""
        self._is_up = False
        netsh = Netsh(self.registry, self.services, self.agent)
        self._programs = Programs(
            netsh, sc.Sc(self.registry, self.services, spec.sc_labels), self.recorder, lambda: self.impairments
        )
        self._service = WsmanService(self)
        self._power = threading.RLock()
        self._timers: dict[str, threading.Timer] = {}
        self.http = Endpoint(self._site(None))
        self.https = Endpoint(self._site(certificate))
        self.reset()

    def reset(self) -> None:
        """Put the host back to its state when the lab started; its endpoints stay as they are."""
        spec = self.spec
        self.registry.replace(
            installation.fresh(spec.address, spec.management_address, spec.l2tp_ports, spec.name, spec.shape)
        )
        if spec.shape.hardened_rule:
            self.registry.deny(installation.HARDENED_RULE)
        self.agent.deaf = False
        self.services.broken.clear()
        self.services.starting.clear()
        self.impairments = Impairments(fips=spec.shape.fips)
        self.agent.late = 0
        self.services.late = {}
        self._boot()
        self.agent.late = spec.late.get(LATE_FILTERS, 0)
        self.services.late = {name.casefold(): count for name, count in spec.late.items() if name != LATE_FILTERS}
        if self.spec.policy_agent_running:
            self.services.start(POLICY_AGENT)
        self.recorder.clear()
        self.exposures.clear()

    @property
    def seconds_per_command(self) -> float:
        """How many seconds a command takes in addition to its work."""
        return self.impairments.seconds_per_command

    @property
    def store(self) -> Tree:
        """The present local policy store."""
        return self.registry.snapshot(installation.POLICY_STORE)

    def run_program(self, program: str, arguments: str, seconds: float) -> tuple[int, str]:
        """Run `netsh` or `sc`; return the exit code and the output."""
        ran = self._programs.run(program, arguments, seconds)
        self._watch(f"after {program} {arguments}")
        return ran

    def power_on(self) -> None:
        """Start; do nothing if the host is on."""
        with self._power:
            if self.http.is_open:
                return
            if not self._is_up:
                self._boot()
            self.http.open()
            self.https.open()

    def power_off(self) -> None:
        """Go away at once: connections break and are refused. The host comes back only if its impairment says when."""
        with self._power:
            self._go_away()
        seconds = self.impairments.seconds_away_after_death
        if seconds is not None:
            self._after(seconds, "power", self.power_on)

    def restart(self, away: float | None = None) -> None:
        """Restart. away: for how many seconds the host is away; None: not at all, only the boot time changes."""
        self.recorder.write(LogSource.SYSTEM, f"{self.name} restarts")
        if away is None:
            self._boot()
            return
        with self._power:
            self._go_away()
        self._after(away, "power", self.power_on)

    def schedule_restart(self, seconds: int) -> bool:
        """Restart as the host's specification says; return False if a restart is already scheduled.

        A host that does not go away restarts at once, because nobody could notice a delay.
        """
        if "shutdown" in self._timers:
            return False
        if self.spec.seconds_away is None:
            self.restart()
        else:
            told = self.spec.seconds_until_restart
            self._after(seconds if told is None else told, "shutdown", lambda: self.restart(self.spec.seconds_away))
        return True

    def abort_restart(self) -> bool:
        """Cancel a scheduled restart; return False if there is none."""
        timer = self._timers.pop("shutdown", None)
        if timer:
            timer.cancel()
        return timer is not None

    def close(self) -> None:
        """Stop for good."""
        for timer in list(self._timers.values()):
            timer.cancel()
        with self._power:
            self._go_away()
            self.http.release()
            self.https.release()
            self.engine.close()

    def _engine(self) -> tuple[Engine, LabRegistry]:
        if self.spec.engine is EngineName.TWIN:
            return Twin(self), Registry()
        real = PowerShell(self)
        return real, real.registry

    def _boot(self) -> None:
        self.registry.lose_volatile_keys()
        self.registry.create(AUTO_LOGON_CHECKED, volatile=True)
        self.services.boot()
        self._watch("after a start of Windows")
        now = _UNIX_EPOCH + time.time_ns() // 100
        self.boot_time = max(now, self.boot_time + 10_000_000)
        self._is_up = True

    def _watch(self, when: str) -> None:
        """Note how much of L2TP is kept from clear text; only programs and starts of Windows change that."""
        if self.services.cover is not Cover.ALL:
            self.exposures.append((when, self.services.cover))
            EXPOSED.add(self)

    def _go_away(self) -> None:
        self._is_up = False
        self.http.close()
        self.https.close()
        self._service.close()

    def _after(self, seconds: float, what: str, action: Callable[[], None]) -> None:
        def act() -> None:
            self._timers.pop(what, None)
            action()

        timer = threading.Timer(seconds, act)
        timer.daemon = True
        self._timers[what] = timer
        timer.start()

    def _answer(self, envelope: bytes) -> Response:
        return self._service.answer(envelope)

    def _site(self, certificate: Path | None) -> Site:
        return Site(
            self._answer, lambda: self.impairments, certificate, self.spec.allow_unencrypted, self.recorder.carry
        )
