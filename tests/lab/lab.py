# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab: any number of simulated Windows servers behind real WinRM and PSRP endpoints, in this process.

with Lab([HostSpec("rras-tokyo", "192.0.2.1"), HostSpec("rras-osaka", "192.0.2.2")]) as lab:
    lab.write_inventory(path)
    subprocess.run(["ansible-playbook", "-i", path, "rras.ipsec.site"], env=lab.environment(), check=True)
    assert lab["rras-tokyo"].recorder.restarts == 1
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from . import inventory
from .engine import ConnectionKind
from .host import Host, HostSpec
from .inventory import Scheme, Transport
from .wire import authentication, certificate
from .wire.server import LOOPBACK


class Lab(Mapping[str, Host]):
    """Simulated hosts by name. They listen between entering and leaving the context."""

    def __init__(self, hosts: Sequence[HostSpec]) -> None:
        self._specs = hosts
        self._hosts: dict[str, Host] = {}
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._former_users: str | None = None

    def __enter__(self) -> Self:
        self._folder = tempfile.TemporaryDirectory(prefix="rras-lab-")
        users = Path(self._folder.name) / "users"
        users.write_text(authentication.user_file(), encoding="utf-8")
        self._former_users = os.environ.get(authentication.USER_FILE_VARIABLE)
        os.environ[authentication.USER_FILE_VARIABLE] = str(users)
        certificate.write(self.certificate)
        for spec in self._specs:
            host = self._hosts[spec.name] = Host(spec, self.certificate)
            host.power_on()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        for host in self._hosts.values():
            host.close()
        if self._former_users is None:
            del os.environ[authentication.USER_FILE_VARIABLE]
        else:
            os.environ[authentication.USER_FILE_VARIABLE] = self._former_users
        if self._folder:
            self._folder.cleanup()

    def __getitem__(self, name: str) -> Host:
        return self._hosts[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._hosts)

    def __len__(self) -> int:
        return len(self._hosts)

    @property
    def certificate(self) -> Path:
        """The certificate that all hosts present, with the authority that issued it."""
        if self._folder is None:
            raise RuntimeError("the lab is not open")
        return Path(self._folder.name) / "certificate.pem"

    def environment(self) -> dict[str, str]:
        """Return the environment for a client's process, without the server's user file and without proxies."""
        without = {authentication.USER_FILE_VARIABLE}
        return {name: value for name, value in os.environ.items() if name not in without} | {
            "NO_PROXY": LOOPBACK,
            "no_proxy": LOOPBACK,
        }

    def inventory(
        self,
        connection: str = ConnectionKind.WINRM,
        transport: str = Transport.NTLM,
        scheme: str = Scheme.HTTP,
        extra_vars: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        """Return an inventory of all hosts, ready to be written as YAML.

        connection: `winrm` or `psrp`; transport: `ntlm`, `negotiate` or `basic`; scheme: `http` or `https`;
        extra_vars: more variables of the group `rras`.
        """
        return inventory.inventory(
            self._hosts.values(), ConnectionKind(connection), Transport(transport), Scheme(scheme), extra_vars or {}
        )

    def write_inventory(
        self,
        path: Path,
        connection: str = ConnectionKind.WINRM,
        transport: str = Transport.NTLM,
        scheme: str = Scheme.HTTP,
        extra_vars: Mapping[str, Any] | None = None,
    ) -> Path:
        """Write `inventory` to a file; return its path."""
        inventory.save(path, self.inventory(connection, transport, scheme, extra_vars))
        return path
