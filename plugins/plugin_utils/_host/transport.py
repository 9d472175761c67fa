# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether one of Ansible's connections keeps what it carries from eavesdroppers.

This matters for reading, too: the nonce goes out and digests of keys come back, and with both an eavesdropper could
guess keys.

What a connection plugin chooses depends on its version, on the user's name and on what else is installed. So nothing is
guessed here: the plugin evaluates its options as it does before it connects, and its library (pywinrm, pypsrp) is
prepared with them in the same way, up to the point where the first byte would leave.
"""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Protocol

import ansible.plugins.connection
from ansible.errors import AnsibleError

from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.errors import RrasError

SEALING = frozenset({"ntlm", "kerberos", "credssp", "negotiate"})
"""The authentication methods of WinRM that can encrypt messages by themselves, without TLS."""
_OWN = "ansible.builtin."
_NOWHERE = "127.0.0.1:0"
"""The target of a library that must not send anything."""


class ConnectionPlugin(Protocol):
    """What every connection plugin must offer; winrm and psrp are asked for more."""

    @property
    def transport(self) -> str:
        """The name of the plugin."""


class TransportError(RrasError):
    """The connection must not be used. The message says why and what to write instead."""

    reason = "transport"


@dataclasses.dataclass(frozen=True, slots=True)
class Way:
    """One way to authenticate that a plugin may take, as its library reports it."""

    authentication: str
    encrypts: bool
    obstacle: str = ""
    """Why the library refuses this way, in its own words; it would send nothing."""


@dataclasses.dataclass(frozen=True, slots=True)
class PluginOptions:
    """The names by which users set the options of a plugin."""

    plugin: str
    authentication: str
    scheme: str
    message_encryption: str
    validation: str

    @property
    def https(self) -> str:
        """What to write to get TLS."""
        return f"{self.scheme}: https and ansible_port: 5986"


WINRM = PluginOptions(
    "winrm",
    "ansible_winrm_transport",
    "ansible_winrm_scheme",
    "ansible_winrm_message_encryption",
    "ansible_winrm_server_cert_validation",
)
PSRP = PluginOptions(
    "psrp",
    "ansible_psrp_auth",
    "ansible_psrp_protocol",
    "ansible_psrp_message_encryption",
    "ansible_psrp_cert_validation",
)


@dataclasses.dataclass(frozen=True, slots=True)
class Approach:
    """What a plugin is about to do, and which of it the user chose."""

    words: PluginOptions
    ways: Sequence[Way]
    """The ways in the order in which the plugin tries them, until one works."""
    message_encryption: str = "auto"
    is_chosen: bool = True
    """Whether the user chose how to authenticate."""
    validates: bool = True
    """Whether the host's certificate, if there is one, is validated."""


def check(connection: ConnectionPlugin) -> str:
    """Raise `TransportError` unless the connection is known to encrypt. Nothing is sent to find out.

    Return a warning if a certificate is not validated, else the empty string. The warning names no host, so that it is
    the same for all hosts and shown once.
    """
    name = connection.transport.removeprefix(_OWN)
    if name == "ssh":
        return ""
    if name not in _ASK:
        raise TransportError(
            f"ansible_connection is {name}, but this collection reaches "
            "Windows only over winrm, psrp or ssh; write one of them."
        )
    intent = _intent(name, connection)
    sentence = complaint(intent)
    if sentence:
        raise TransportError(sentence)
    return "" if intent.validates else _unvalidated(intent.words)


def forget(connection: Any) -> None:  # noqa: ANN401 - a plugin
    """Make a plugin regard its session as ended, even if it is not; otherwise it would try again to end it."""
    for name in _SESSION.get(connection.transport.removeprefix(_OWN), ()):
        setattr(connection, name, None)
    connection._connected = False  # noqa: SLF001 - the next task of this process starts a new one


def complaint(intent: Approach) -> str:
    """Return why something could leave in clear text, or why nothing could leave at all; empty if all is well."""
    open_ways = [way for way in intent.ways if not way.obstacle]
    in_clear = [way for way in open_ways if not way.encrypts]
    if open_ways and not in_clear:
        return ""
    barred = [way for way in intent.ways if way.obstacle and way.authentication in SEALING]
    return _barred(intent, barred[0]) if barred and not in_clear else _in_clear(intent, *in_clear, *intent.ways)


def _ask_winrm(plugin: Any, connection: Any) -> Approach:  # noqa: ANN401
    if not plugin.HAS_WINRM:
        raise TransportError("the winrm connection needs pywinrm; install it on the controller.")
    connection._build_winrm_kwargs()  # noqa: SLF001 - as the plugin does when it connects: it only sets attributes
    scheme, seconds = connection._winrm_scheme, connection._winrm_connection_timeout  # noqa: SLF001
    timeouts = {"operation_timeout_sec": seconds, "read_timeout_sec": seconds + 10} if seconds else {}
    options = connection._winrm_kwargs | timeouts  # noqa: SLF001
    ways = [_way_of_pywinrm(plugin, scheme, name, options) for name in connection._winrm_transport]  # noqa: SLF001
    said = connection.get_option("transport")
    return Approach(
        WINRM,
        [*_way_of_open_winrm(connection), *ways],
        str(options.get("message_encryption", "auto")),
        is_chosen=said is not None and said[0] is not None,
        validates=scheme != "https" or options.get("server_cert_validation") != "ignore",
    )


def _way_of_pywinrm(plugin: Any, scheme: str, name: str, options: dict[str, Any]) -> Way:  # noqa: ANN401
    if scheme == "https":
        return Way(name, encrypts=True)
    encrypted: list[object] = []
    try:
        client = plugin.Protocol(f"{scheme}://{_NOWHERE}/wsman", transport=name, **options).transport
        client.setup_encryption.__func__  # noqa: B018 - the method that is replaced must exist
        client.setup_encryption = lambda *session: encrypted.append(session)
        client.build_session()
    except (plugin.WinRMError, ValueError) as error:
        return Way(name, encrypts=False, obstacle=str(error))
    return Way(name, encrypts=bool(encrypted))


def _way_of_open_winrm(connection: Any) -> list[Way]:  # noqa: ANN401
    """Return the way of an open session. The next item of a loop uses it too, whatever the options say by then."""
    if connection.protocol is None:
        return []
    client = connection.protocol.transport
    encrypts = client.endpoint.startswith("https:") or client.encryption is not None
    return [Way(client.auth_method, encrypts)]


def _ask_psrp(plugin: Any, connection: Any) -> Approach:  # noqa: ANN401
    if not plugin.HAS_PYPSRP:
        raise TransportError("the psrp connection needs pypsrp; install it on the controller.")
    connection._build_kwargs()  # noqa: SLF001 - as the plugin does when it connects: it only sets attributes
    options = connection._psrp_conn_kwargs  # noqa: SLF001
    ways = [_way_of_pypsrp(plugin, options)]
    if connection.runspace is not None:
        ways.insert(0, _way_of_wsman(connection.runspace.connection))
    validates = not options["ssl"] or options["cert_validation"] is not False
    return Approach(PSRP, ways, str(options["encryption"]), validates=validates)


def _way_of_pypsrp(plugin: Any, options: dict[str, Any]) -> Way:  # noqa: ANN401
    try:
        return _way_of_wsman(plugin.WSMan(**options))
    except ValueError as error:
        return Way(str(options["auth"]), encrypts=False, obstacle=str(error))


def _way_of_wsman(wsman: Any) -> Way:  # noqa: ANN401
    return Way(wsman.transport.auth, bool(wsman.transport.ssl or wsman.transport.wrap_required))


_SESSION = {"winrm": ("protocol", "shell_id"), "psrp": ("runspace",)}
"""The attributes in which a plugin keeps its open session."""
_ASK: dict[str, Callable[[Any, Any], Approach]] = {"winrm": _ask_winrm, "psrp": _ask_psrp}


def _unvalidated(words: PluginOptions) -> str:
    return (
        f"With {words.validation}: ignore, whoever can change the traffic can pose as a server and read its preshared "
        f"keys; let the controller trust the certificates of the servers, and write {words.validation}: validate."
    )


def _in_clear(intent: Approach, way: Way, *_others: Way) -> str:
    words = intent.words
    found = f"{_subject(intent)} {way.authentication} over http"
    if way.authentication not in SEALING:
        best = "ntlm" if words is WINRM else "negotiate"
        return f"{found}, which encrypts nothing; write {words.authentication}: {best}, or {words.https}."
    if intent.message_encryption == "never":
        setting = words.message_encryption
        return f"{found} with {setting}: never, which encrypts nothing; write {setting}: always, or {words.https}."
    return f"{found}, and the libraries on the controller can't encrypt with it; update them, or write {words.https}."


def _barred(intent: Approach, way: Way) -> str:
    other = "" if way.authentication == "ntlm" else f"{intent.words.authentication}: ntlm, or "
    return (
        f"{_subject(intent)} {way.authentication} over http, which is not possible here ({way.obstacle.rstrip('.')}); "
        f"correct this, or write {other}{intent.words.https}."
    )


def _subject(intent: Approach) -> str:
    connection = f"the {intent.words.plugin} connection to this host"
    if intent.is_chosen:
        return f"{connection} uses"
    return f"{intent.words.authentication} is not set, and without it {connection} uses"


def _intent(name: str, connection: Any) -> Approach:  # noqa: ANN401 - one of two plugins, which have no type
    plugin = sys.modules[type(connection).__module__]
    _see_that_it_is_ansibles(name, str(plugin.__file__))
    try:
        return _ASK[name](plugin, connection)
    except (AttributeError, KeyError, TypeError) as error:
        raise TransportError(
            f"the {name} connection plugin of this ansible-core does not say whether it encrypts ({error}); "
            "use ansible-core 2.16 to 2.21, or write ansible_connection: ssh."
        ) from error
    except (AnsibleError, IndexError) as error:
        raise TransportError(
            f"the {name} connection to this host has an option that its plugin does not accept ({error}); "
            f"correct the variables of this host whose names begin with ansible_{name}_."
        ) from error


def _see_that_it_is_ansibles(name: str, file: str) -> None:
    own = Path(ansible.plugins.connection.__file__).with_name(f"{name}.py")
    if Path(file).resolve() != own.resolve():
        raise TransportError(
            f"the {name} connection plugin is {file} and not the one of "
            "ansible-core, so whether it encrypts is unknown; "
            f"write ansible_connection: {_OWN}{name} and remove plugins of the same name, or write ssh."
        )
