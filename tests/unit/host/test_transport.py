# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which connections keep what they carry from eavesdroppers."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from ansible_collections.rras.ipsec.plugins.plugin_utils._host import transport
from ansible_collections.rras.ipsec.plugins.plugin_utils._host.transport import TransportError


@dataclasses.dataclass
class Connection:
    """A connection with some options set."""

    transport: str
    options: dict[str, Any]

    def get_option(self, option: str) -> Any:
        return self.options.get(option)


def winrm(*transports: str, encryption: str | None = None, **options: Any) -> Connection:
    extras = {} if encryption is None else {"ansible_winrm_message_encryption": encryption}
    return Connection("winrm", {"port": 5985, "transport": list(transports), "_extras": extras} | options)


def psrp(auth: str, encryption: str = "auto", **options: Any) -> Connection:
    return Connection("psrp", {"port": 5985, "auth": auth, "message_encryption": encryption} | options)


ENCRYPTED = {
    "winrm, the port of https": winrm("basic", port=5986),
    "winrm, https on any port": winrm("basic", scheme="https"),
    "winrm, https when nothing is said": winrm("basic", port=443),
    "winrm, ntlm": winrm("ntlm"),
    "winrm, each one seals": winrm("kerberos", "ntlm", "credssp"),
    "winrm, a user with a domain takes kerberos": winrm(remote_user="a@EXAMPLE.COM", _extras=None),
    "winrm, always or not at all": winrm("basic", encryption="always"),
    "psrp, https": psrp("basic", port=5986),
    "psrp, https when nothing is said": psrp("basic", port=None),
    "psrp, the protocol": psrp("basic", protocol="https"),
    "psrp, negotiate": psrp("negotiate"),
    "psrp, a port in words": psrp("ntlm", port="5985"),
    "psrp, always": psrp("basic", "always"),
    "ssh": Connection("ssh", {}),
    "by its whole name": Connection("ansible.builtin.ssh", {}),
}
PLAIN = {
    "winrm, basic": winrm("basic"),
    "winrm, http by name": winrm("basic", port=5986, scheme="http"),
    "winrm, one does not seal": winrm("ntlm", "basic"),
    "winrm, plaintext when nothing is said": winrm(),
    "winrm, never": winrm("ntlm", encryption="never"),
    "psrp, basic": psrp("basic"),
    "psrp, never": psrp("negotiate", "never"),
    "psrp, http by name": psrp("basic", port=5986, protocol="http"),
}


@pytest.mark.parametrize("connection", ENCRYPTED.values(), ids=ENCRYPTED)
def test_these_encrypt(connection: Connection) -> None:
    transport.check(connection)


@pytest.mark.parametrize("connection", PLAIN.values(), ids=PLAIN)
def test_these_do_not(connection: Connection) -> None:
    with pytest.raises(TransportError) as error:
        transport.check(connection)
    assert str(error.value) == (
        f"the {connection.transport} connection to this host does not encrypt what it carries; "
        "use https (port 5986), or ntlm, kerberos or credssp with message encryption."
    )


@pytest.mark.parametrize("name", ["local", "community.docker.docker", "paramiko"])
def test_others_do_not_lead_to_windows(name: str) -> None:
    with pytest.raises(TransportError) as error:
        transport.check(Connection(name, {}))
    assert str(error.value) == (
        f"ansible_connection is {name.rpartition('.')[2]}, over which this collection can't reach Windows; "
        "write winrm, psrp or ssh."
    )
