# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The program sc of a simulated host: query, start, stop, control and config of a service."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Mapping

from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.registry import Value, join

from .installation import SERVICES, Start
from .registry import RegistryAccess
from .services import ServiceError, Services, ServiceState

SUCCESS = 0
INVALID_COMMAND_LINE = 1639

_WORD = re.compile(r'"([^"]*)"|(\S+)')
_START_TYPES = {"auto": Start.AUTOMATIC, "demand": Start.DEMAND, "disabled": Start.DISABLED}
ENGLISH = ("SERVICE_NAME", "TYPE", "STATE", "WIN32_EXIT_CODE", "SERVICE_EXIT_CODE", "CHECKPOINT", "WAIT_HINT")
GERMAN = ("SERVICE_NAME", "TYP", "STATUS", "WIN32_EXITCODE", "DIENST_EXITCODE", "PRÜFPUNKT", "WARTEZEIT")
"""The labels of `sc query` in German, in the order in which they are printed; only the order is the same
everywhere."""


@dataclasses.dataclass(frozen=True, slots=True)
class Sc:
    """The program, on one host."""

    registry: RegistryAccess
    services: Services
    labels: tuple[str, ...] = ENGLISH

    def run(self, arguments: str) -> tuple[int, str]:
        """Run a command line without the program's name; return the exit code and the output."""
        verb, name, *rest = [*(quoted or plain for quoted, plain in _WORD.findall(arguments)), "", ""]
        command = self._commands().get(verb.casefold())
        if command is None or not name:
            return INVALID_COMMAND_LINE, "DESCRIPTION: SC is a command line program.\r\n"
        try:
            return SUCCESS, command(name, [word for word in rest if word])
        except ServiceError as failure:
            return failure.code, f"[SC] {verb} FAILED {failure.code.value}:\r\n\r\n{failure}\r\n\r\n"
        except ValueError:
            return INVALID_COMMAND_LINE, "[SC] the command line is not valid\r\n"

    def _commands(self) -> Mapping[str, Callable[[str, list[str]], str]]:
        return {
            "query": lambda name, _rest: self._shown(name, self.services.asked(name)),
            "start": self._start,
            "stop": self._stop,
            "control": self._control,
            "config": self._config,
        }

    def _status(self, name: str) -> str:
        return self._shown(name, self.services.state(name))

    def _shown(self, name: str, state: ServiceState) -> str:
        accepted = "(STOPPABLE, NOT_PAUSABLE, ACCEPTS_SHUTDOWN)" if state is ServiceState.RUNNING else ""
        values = ("20  WIN32_SHARE_PROCESS", f"{state.value}  {state.name}", "0  (0x0)", "0  (0x0)", "0x0", "0x0")
        lines = [f"        {label:<18} : {value}" for label, value in zip(self.labels[1:], values, strict=True)]
        lines[1] += f"\r\n                                {accepted}" if accepted else ""
        return f"\r\n{self.labels[0]}: {name}\r\n" + "\r\n".join(lines) + "\r\n"

    def _start(self, name: str, _rest: list[str]) -> str:
        self.services.start(name)
        return self._status(name)

    def _stop(self, name: str, _rest: list[str]) -> str:
        self.services.stop(name)
        return self._status(name)

    def _control(self, name: str, rest: list[str]) -> str:
        self.services.control(name, int(rest[0]) if rest else 0)
        return self._status(name)

    def _config(self, name: str, rest: list[str]) -> str:
        """Change a service; each option is `name=`, a space and the value, as sc itself requires."""
        self.services.key(name)
        for option, value in zip(rest[::2], rest[1::2], strict=True):
            if option == "start=" and value in _START_TYPES:
                self._write(name, "Start", Value.dword(_START_TYPES[value]))
            elif option == "depend=":
                self._depend(name, value)
            else:
                raise ValueError(option)
        return "[SC] ChangeServiceConfig SUCCESS\r\n"

    def _depend(self, name: str, value: str) -> None:
        """Replace the dependencies.

        They are separated by slashes; a plus sign marks a group; a lone slash means none.
        """
        words = [word for word in value.split("/") if word]
        self._write(name, "DependOnService", Value.multi_sz(word for word in words if not word.startswith("+")))
        self._write(name, "DependOnGroup", Value.multi_sz(word[1:] for word in words if word.startswith("+")))

    def _write(self, service: str, name: str, value: Value) -> None:
        self.registry.write(join(SERVICES, service), name, value)
