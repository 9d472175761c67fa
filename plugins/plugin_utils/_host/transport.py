# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a connection of Ansible's keeps what it carries from eavesdroppers.

Reading counts too: the nonce goes out and digests of keys come back, and both together would let an eavesdropper guess.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

SEALING = frozenset({"ntlm", "kerberos", "credssp"})
"""The authentication of WinRM that can encrypt messages by itself, without TLS."""
_HTTP_PORT = 5985


class Connection(Protocol):
    """What is needed of a connection plugin."""

    @property
    def transport(self) -> str:
        """The name of the plugin."""

    def get_option(self, option: str) -> Any:  # noqa: ANN401 - as Ansible declares it
        """The value of an option of the plugin."""


class TransportError(Exception):
    """The connection must not be used. The message says why and what to write instead."""


def check(connection: Connection) -> None:
    """Raise `TransportError` unless the connection is known to encrypt."""
    name = connection.transport.rpartition(".")[2]
    test = _TESTS.get(name)
    if test is None:
        raise TransportError(
            f"ansible_connection is {name}, over which this collection can't reach Windows; write winrm, psrp or ssh."
        )
    if not test(connection):
        raise TransportError(
            f"the {name} connection to this host does not encrypt what it carries; "
            "use https (port 5986), or ntlm, kerberos or credssp with message encryption."
        )


def _winrm_encrypts(connection: Connection) -> bool:
    port, scheme = connection.get_option("port"), connection.get_option("scheme")
    if (scheme or ("http" if port == _HTTP_PORT else "https")) == "https":
        return True
    user = connection.get_option("remote_user") or ""
    transports = [name for name in connection.get_option("transport") or [] if name]
    wanted = (connection.get_option("_extras") or {}).get("ansible_winrm_message_encryption", "auto")
    return _seals(str(wanted), transports or ["kerberos" if "@" in user else "plaintext"])


def _psrp_encrypts(connection: Connection) -> bool:
    port, protocol = connection.get_option("port"), connection.get_option("protocol")
    if (protocol or ("http" if port is not None and int(port) == _HTTP_PORT else "https")) == "https":
        return True
    return _seals(str(connection.get_option("message_encryption")), [str(connection.get_option("auth"))])


def _seals(wanted: str, transports: list[str]) -> bool:
    """Whether messages are encrypted without TLS: on demand, or because each possible authentication can do it."""
    able = SEALING | {"negotiate"}
    return wanted == "always" or (wanted == "auto" and all(name in able for name in transports))


def _ssh_encrypts(_connection: Connection) -> bool:
    return True


_TESTS: dict[str, Callable[[Connection], bool]] = {
    "winrm": _winrm_encrypts,
    "psrp": _psrp_encrypts,
    "ssh": _ssh_encrypts,
}
