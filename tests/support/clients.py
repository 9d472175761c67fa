# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Clients that do what Ansible's connections winrm and psrp do, with their libraries, in this process."""

from __future__ import annotations

import base64
import dataclasses
from typing import Any, Literal

import pypsrp.powershell
import pypsrp.wsman
import winrm.protocol

from ansible_collections.rras.ipsec.plugins.plugin_utils._host import session
from ansible_collections.rras.ipsec.tests.lab import Host
from ansible_collections.rras.ipsec.tests.lab.wire.authentication import PASSWORD, USER


@dataclasses.dataclass(frozen=True)
class Route:
    """One way to a host: a client, how it authenticates, and what carries its messages."""

    connection: str
    transport: Literal["ntlm", "basic", "negotiate"]
    scheme: str

    def __str__(self) -> str:
        return "-".join(dataclasses.astuple(self))


@dataclasses.dataclass(frozen=True)
class Client:
    """A client that does what Ansible's connections winrm and psrp do, with their libraries, in this process."""

    way: Route
    host: Host
    password: str = PASSWORD
    encryption: Literal["auto", "always", "never"] = "auto"
    operation_seconds: int = 20

    def run(self, command: str, stdin: bytes = b"") -> session.ScriptOutput:
        """Run one command in a new shell."""
        return self._over_psrp(command, stdin) if self.way.connection == "psrp" else self._over_winrm(command, stdin)

    @property
    def _port(self) -> int:
        return self.host.https.port if self.way.scheme == "https" else self.host.http.port

    def _over_winrm(self, command: str, stdin: bytes) -> session.ScriptOutput:
        protocol = winrm.protocol.Protocol(
            f"{self.way.scheme}://127.0.0.1:{self._port}/wsman",
            transport="ntlm" if self.way.transport == "negotiate" else self.way.transport,
            username=USER,
            password=self.password,
            server_cert_validation="ignore",
            message_encryption=self.encryption,
            operation_timeout_sec=self.operation_seconds,
            read_timeout_sec=30,
        )
        shell = protocol.open_shell(codepage=65001)
        running = protocol.run_command(shell, command, console_mode_stdin=not stdin)
        if stdin:
            protocol.send_command_input(shell, running, stdin[: len(stdin) // 2])
            protocol.send_command_input(shell, running, stdin[len(stdin) // 2 :], end=True)
        stdout, stderr, code = protocol.get_command_output(shell, running)
        protocol.cleanup_command(shell, running)
        protocol.close_shell(shell)
        return session.ScriptOutput(code, stdout.decode(), stderr.decode())

    def _over_psrp(self, command: str, stdin: bytes) -> session.ScriptOutput:
        connection = pypsrp.wsman.WSMan(
            "127.0.0.1",
            port=self._port,
            ssl=self.way.scheme == "https",
            auth=self.way.transport,
            username=USER,
            password=self.password,
            cert_validation=False,
            encryption=self.encryption,
            operation_timeout=self.operation_seconds,
            no_proxy=True,
        )
        pool = pypsrp.powershell.RunspacePool(connection)
        pool.open()
        shell = pypsrp.powershell.PowerShell(pool)
        shell.add_script(decoded(command))
        given: Any = stdin.decode().splitlines() or None  # pypsrp wants a list, whatever its annotation says
        lines = shell.invoke(given)
        pool.close()
        return session.ScriptOutput(0, "\n".join(map(str, lines)), "\n".join(map(str, shell.streams.error)))


def decoded(command: str) -> str:
    """Return the script in an encoded command, as the connection psrp decodes it; any other command unchanged."""
    encoded = command.removeprefix(session.PREFIX)
    return base64.b64decode(encoded).decode("utf-16-le") if encoded != command else command
