# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Inventories that point Ansible at simulated hosts."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml

from .engine import ConnectionKind
from .host import Host
from .wire.authentication import PASSWORD, USER
from .wire.server import LOOPBACK

GROUP = "rras"


class Transport(enum.StrEnum):
    """How the client authenticates."""

    NTLM = "ntlm"
    NEGOTIATE = "negotiate"
    BASIC = "basic"


class Scheme(enum.StrEnum):
    """Whether TLS carries the messages."""

    HTTP = "http"
    HTTPS = "https"


def inventory(
    hosts: Iterable[Host],
    connection: ConnectionKind,
    transport: Transport,
    scheme: Scheme,
    extra_vars: Mapping[str, Any],
) -> dict[str, Any]:
    """Return an inventory with one group, ready to be written as YAML."""
    group_vars = {
        "ansible_connection": str(connection),
        "ansible_user": USER,
        "ansible_password": PASSWORD,
        **_connection_vars(connection, transport, scheme),
        **extra_vars,
    }
    return {GROUP: {"vars": group_vars, "hosts": {host.name: _host_vars(host, scheme) for host in hosts}}}


def save(path: Path, content: Mapping[str, Any]) -> None:
    """Write an inventory in one atomic step: the file is either missing or complete."""
    unfinished = path.with_name(path.name + ".tmp")
    unfinished.write_text(yaml.safe_dump(dict(content), sort_keys=False), encoding="utf-8")
    unfinished.replace(path)


def _host_vars(host: Host, scheme: Scheme) -> dict[str, Any]:
    endpoint = host.https if scheme is Scheme.HTTPS else host.http
    return {"ansible_host": LOOPBACK, "ansible_port": endpoint.port, "l2tp_address": host.spec.address}


def _connection_vars(connection: ConnectionKind, transport: Transport, scheme: Scheme) -> dict[str, Any]:
    if connection is ConnectionKind.PSRP:
        variables: dict[str, Any] = {"ansible_psrp_protocol": str(scheme), "ansible_psrp_auth": str(transport)}
        validation = "ansible_psrp_cert_validation"
    else:
        winrm_transport = Transport.NTLM if transport is Transport.NEGOTIATE else transport
        variables = {"ansible_winrm_scheme": str(scheme), "ansible_winrm_transport": str(winrm_transport)}
        validation = "ansible_winrm_server_cert_validation"
    if scheme is Scheme.HTTPS:
        variables[validation] = "ignore"
    elif transport is Transport.BASIC and connection is ConnectionKind.PSRP:
        variables["ansible_psrp_message_encryption"] = "never"
    return variables
