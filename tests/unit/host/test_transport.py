# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which connections keep what they carry from eavesdroppers: asked of the plugins that are installed.

What they then really send is looked at in tests/integration/test_wire.py, with every supported ansible-core.
"""

from __future__ import annotations

import sys
import types
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import hypothesis
import pytest
from ansible import release
from ansible.playbook.play_context import PlayContext
from ansible.plugins.loader import connection_loader
from hypothesis import strategies as st
from pypsrp.complex_objects import RunspacePoolState

from ansible_collections.rras.ipsec.plugins.plugin_utils._host import transport
from ansible_collections.rras.ipsec.plugins.plugin_utils._host.transport import (
    PSRP,
    WINRM,
    Approach,
    PluginOptions,
    TransportError,
    Way,
    complaint,
)

LOCAL, UPN = "Administrator", "u@EXAMPLE.COM"

NOT_SET = "ansible_winrm_transport is not set, and without it the winrm connection to this host uses "
WINRM_CLEAR = (
    "over http, which encrypts nothing; write ansible_winrm_transport: ntlm, "
    "or ansible_winrm_scheme: https and ansible_port: 5986."
)
WINRM_NEVER = (
    "over http with ansible_winrm_message_encryption: never, which encrypts nothing; "
    "write ansible_winrm_message_encryption: always, or ansible_winrm_scheme: https and ansible_port: 5986."
)
PSRP_CLEAR = (
    "over http, which encrypts nothing; write ansible_psrp_auth: negotiate, "
    "or ansible_psrp_protocol: https and ansible_port: 5986."
)
PSRP_NEVER = (
    "over http with ansible_psrp_message_encryption: never, which encrypts nothing; "
    "write ansible_psrp_message_encryption: always, or ansible_psrp_protocol: https and ansible_port: 5986."
)
NO_KERBEROS = (
    "kerberos over http, which is not possible here (requested auth method is kerberos, but pykerberos is not "
    "installed); correct this, or write "
    "ansible_winrm_transport: ntlm, or ansible_winrm_scheme: https and ansible_port: 5986."
)


WINRM_VARIABLES = (
    "ansible_winrm_server_cert_validation",
    "ansible_winrm_message_encryption",
    "ansible_winrm_read_timeout_sec",
)
"""What the plugin winrm hands on to its library without knowing it."""


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let nothing be sent: the check comes before the first byte."""

    def send(*_arguments: object, **_options: object) -> None:
        pytest.fail("something was sent")

    monkeypatch.setattr("requests.Session.send", send)


def plugin(name: str, *, user: str = LOCAL, port: int | None = 5985, **options: Any) -> Any:
    """A connection plugin as ansible-core makes it for a host with these variables."""
    connection = connection_loader.get(name, PlayContext(), "/dev/null")
    connection.set_options(var_options=variables(name, user, port, options))
    return connection


def variables(name: str, user: str, port: int | None, options: Mapping[str, Any]) -> dict[str, Any]:
    own = {f"ansible_{name}_{option}": value for option, value in options.items()}
    extras = {variable: value for variable, value in own.items() if variable in WINRM_VARIABLES}
    known = {variable: value for variable, value in own.items() if variable not in WINRM_VARIABLES}
    where = {"ansible_host": "192.0.2.1"} | ({} if port is None else {"ansible_port": port})
    return {**where, "ansible_user": user, "ansible_password": "Lab-Passw0rd", "_extras": extras, **known}


def winrm(**options: Any) -> Any:
    return plugin("winrm", **options)


def psrp(**options: Any) -> Any:
    return plugin("psrp", **options)


def said(connection: Any) -> str:
    """What the check says against a connection; empty if nothing."""
    try:
        transport.check(connection)
    except TransportError as error:
        return str(error)
    return ""


NOT_VALIDATED = (
    "With {}: ignore, whoever can change the traffic can pose as a server and read its preshared keys; "
    "let the controller trust the certificates of the servers, and write {}: validate."
)


@pytest.mark.parametrize(
    ("connection", "variable"),
    [
        (lambda: winrm(scheme="https", transport="basic", server_cert_validation="ignore"),
         "ansible_winrm_server_cert_validation"),
        (lambda: psrp(protocol="https", auth="basic", cert_validation="ignore"), "ansible_psrp_cert_validation"),
    ],
    ids=["winrm", "psrp"],
)  # fmt: skip
def test_a_certificate_that_is_not_validated_is_warned_of(connection: Callable[[], Any], variable: str) -> None:
    assert transport.check(connection()) == NOT_VALIDATED.format(variable, variable)


@pytest.mark.parametrize(
    "connection",
    [
        lambda: winrm(scheme="https", transport="basic"),
        lambda: winrm(scheme="http", transport="ntlm", server_cert_validation="ignore"),
        lambda: psrp(protocol="https", auth="basic"),
        lambda: psrp(protocol="http", auth="ntlm", cert_validation="ignore"),
    ],
    ids=["winrm", "winrm over http", "psrp", "psrp over http"],
)
def test_there_is_no_warning_where_one_is_validated_or_none_is_there(connection: Callable[[], Any]) -> None:
    assert transport.check(connection()) == ""


ENCRYPTED: Mapping[str, Callable[[], Any]] = {
    "winrm, the port of https": lambda: winrm(transport="basic", port=5986),
    "winrm, no port": lambda: winrm(transport="basic", port=None),
    "winrm, https on any port": lambda: winrm(transport="basic", scheme="https"),
    "winrm, https when nothing is said": lambda: winrm(port=443),
    "winrm, https without messages' encryption": lambda: winrm(
        transport="ntlm", scheme="https", message_encryption="never"
    ),
    "winrm, ntlm": lambda: winrm(transport="ntlm"),
    "winrm, ntlm for a user of a domain": lambda: winrm(transport="ntlm", user=UPN),
    "winrm, always": lambda: winrm(transport="ntlm", message_encryption="always"),
    "winrm, only ntlm can": lambda: winrm(transport="kerberos,basic,ntlm", message_encryption="always"),
    "winrm, with the timeouts that the plugin adds": lambda: winrm(
        transport="ntlm", connection_timeout=30, read_timeout_sec=5
    ),
    "psrp, https": lambda: psrp(auth="basic", port=5986),
    "psrp, no port": lambda: psrp(auth="basic", port=None),
    "psrp, the protocol": lambda: psrp(auth="basic", protocol="https", message_encryption="never"),
    "psrp, nothing said": psrp,
    "psrp, negotiate for a user of a domain": lambda: psrp(auth="negotiate", user=UPN),
    "psrp, ntlm": lambda: psrp(auth="ntlm"),
    "psrp, a port in words": lambda: psrp(auth="ntlm", port="5985"),
    "psrp, always": lambda: psrp(auth="kerberos", message_encryption="always"),
    "ssh": lambda: plugin("ssh"),
    "by its whole name": lambda: types.SimpleNamespace(transport="ansible.builtin.ssh"),
}
REFUSED: Mapping[str, tuple[Callable[[], Any], str]] = {
    "winrm, basic": (lambda: winrm(transport="basic"), f"the winrm connection to this host uses basic {WINRM_CLEAR}"),
    "winrm, http by name": (
        lambda: winrm(transport="plaintext", port=5986, scheme="http"),
        f"the winrm connection to this host uses plaintext {WINRM_CLEAR}",
    ),
    "winrm, ssl without https": (
        lambda: winrm(transport="ssl"),
        f"the winrm connection to this host uses ssl {WINRM_CLEAR}",
    ),
    "winrm, certificate without https": (
        lambda: winrm(transport="certificate"),
        f"the winrm connection to this host uses certificate {WINRM_CLEAR}",
    ),
    "winrm, one of several": (
        lambda: winrm(transport="ntlm,basic"),
        f"the winrm connection to this host uses basic {WINRM_CLEAR}",
    ),
    "winrm, what kerberos falls back to": (
        lambda: winrm(transport="kerberos,plaintext", user=UPN),
        f"the winrm connection to this host uses plaintext {WINRM_CLEAR}",
    ),
    "winrm, nothing said": (winrm, f"{NOT_SET}plaintext {WINRM_CLEAR}"),
    "winrm, always but impossible": (
        lambda: winrm(transport="basic", message_encryption="always"),
        f"the winrm connection to this host uses basic {WINRM_CLEAR}",
    ),
    "winrm, never": (
        lambda: winrm(transport="ntlm", message_encryption="never"),
        f"the winrm connection to this host uses ntlm {WINRM_NEVER}",
    ),
    "winrm, a word that is none": (
        lambda: winrm(transport="ntlm", message_encryption="Always"),
        (
            "the winrm connection to this host uses ntlm over http, which is not possible here "
            "(invalid message_encryption arg: Always. Should be 'auto', 'always', or 'never'); "
            "correct this, or write ansible_winrm_scheme: https and ansible_port: 5986."
        ),
    ),
    "winrm, no kerberos": (
        lambda: winrm(transport="kerberos", user=UPN),
        f"the winrm connection to this host uses {NO_KERBEROS}",
    ),
    "winrm, unknown": (
        lambda: winrm(transport="telnet"),
        (
            "the winrm connection to this host has an option that its plugin does not accept "
            "(The installed version of WinRM does not support transport(s) ['telnet']); "
            "correct the variables of this host whose names begin with ansible_winrm_."
        ),
    ),
    "psrp, basic": (lambda: psrp(auth="basic"), f"the psrp connection to this host uses basic {PSRP_CLEAR}"),
    "psrp, basic and never": (
        lambda: psrp(auth="basic", message_encryption="never"),
        f"the psrp connection to this host uses basic {PSRP_CLEAR}",
    ),
    "psrp, certificate": (
        lambda: psrp(auth="certificate"),
        f"the psrp connection to this host uses certificate {PSRP_CLEAR}",
    ),
    "psrp, never": (
        lambda: psrp(message_encryption="never"),
        f"the psrp connection to this host uses negotiate {PSRP_NEVER}",
    ),
    "psrp, http by name": (
        lambda: psrp(auth="basic", port=5986, protocol="http"),
        f"the psrp connection to this host uses basic {PSRP_CLEAR}",
    ),
}


@pytest.mark.parametrize("connection", ENCRYPTED.values(), ids=ENCRYPTED)
def test_connections_that_encrypt(connection: Callable[[], Any]) -> None:
    assert said(connection()) == ""


@pytest.mark.parametrize(("connection", "sentence"), REFUSED.values(), ids=REFUSED)
def test_connections_that_are_refused(connection: Callable[[], Any], sentence: str) -> None:
    assert said(connection()) == sentence


def test_a_user_of_a_domain_may_mean_plaintext() -> None:
    """Up to ansible-core 2.18; later ones want Kerberos of such a user, and nothing else."""
    connection = winrm(user=UPN)
    before = tuple(map(int, release.__version__.split(".")[:2])) < (2, 19)
    assert said(connection) == NOT_SET + (f"plaintext {WINRM_CLEAR}" if before else NO_KERBEROS)


def test_what_is_open_counts_whatever_the_options_say_by_now() -> None:
    connection = winrm(transport="ntlm")
    client = types.SimpleNamespace(endpoint="http://192.0.2.1:5985/wsman", encryption=None, auth_method="basic")
    connection.protocol = types.SimpleNamespace(transport=client)
    assert said(connection) == f"the winrm connection to this host uses basic {WINRM_CLEAR}"
    client.encryption = object()
    assert said(connection) == ""
    client.encryption, client.endpoint = None, "https://192.0.2.1:5986/wsman"
    assert said(connection) == ""


def test_what_is_open_counts_for_psrp_too() -> None:
    connection = psrp()
    client = types.SimpleNamespace(ssl=False, wrap_required=False, auth="basic")
    connection.runspace = types.SimpleNamespace(connection=types.SimpleNamespace(transport=client))
    assert said(connection) == f"the psrp connection to this host uses basic {PSRP_CLEAR}"
    client.wrap_required = True
    assert said(connection) == ""


@pytest.mark.parametrize(("name", "kept"), [("winrm", ("protocol", "shell_id")), ("psrp", ("runspace",))])
def test_a_session_that_is_forgotten_is_not_ended_again(name: str, kept: Sequence[str]) -> None:
    """Whatever a session is asked here fails the test."""
    connection = plugin(name)
    connection._connected = True  # noqa: SLF001 - as the plugin does
    for attribute in kept:
        setattr(connection, attribute, types.SimpleNamespace(state=RunspacePoolState.OPENED, id="", close=pytest.fail))
    transport.forget(connection)
    assert not connection.connected
    connection.close()


def test_an_authentication_that_could_encrypt_may_be_too_old_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """As requests_ntlm before 1.1, and the package kerberos in the place of pykerberos."""
    monkeypatch.setattr("winrm.transport.HttpNtlmAuth", lambda **_options: object())
    assert said(winrm(transport="ntlm")) == (
        "the winrm connection to this host uses ntlm over http, and the libraries on the controller can't encrypt "
        "with it; update them, or write ansible_winrm_scheme: https and ansible_port: 5986."
    )


@pytest.mark.parametrize(
    ("name", "missing"), [("winrm", "_build_winrm_kwargs"), ("winrm", "_winrm_transport"), ("psrp", "_build_kwargs")]
)
def test_a_plugin_that_has_changed_is_refused(name: str, missing: str) -> None:
    connection = plugin(name)
    hidden = {missing: property(lambda self: object.__getattribute__(self, "gone"), lambda _self, _value: None)}
    connection.__class__ = type(
        "Connection", (type(connection),), {"__module__": type(connection).__module__, **hidden}
    )
    assert said(connection) == (
        f"the {name} connection plugin of this ansible-core does not say whether it encrypts "
        "('Connection' object has no attribute 'gone'); "
        "use ansible-core 2.16 to 2.21, or write ansible_connection: ssh."
    )


def test_a_library_that_has_changed_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr("winrm.transport.Transport.setup_encryption")
    assert said(winrm(transport="ntlm")) == (
        "the winrm connection plugin of this ansible-core does not say whether it encrypts "
        "('Transport' object has no attribute 'setup_encryption'); "
        "use ansible-core 2.16 to 2.21, or write ansible_connection: ssh."
    )


@pytest.mark.parametrize("name", ["winrm", "psrp"])
def test_a_plugin_of_another_origin_is_refused(name: str) -> None:
    """One beside the playbook, of a collection, or a wrapper: it may do anything in its own way."""
    connection = plugin(name)
    connection.__class__ = type("Connection", (type(connection),), {"__module__": __name__})
    assert said(connection) == (
        f"the {name} connection plugin is {__file__} and not the one of "
        "ansible-core, so whether it encrypts is unknown; "
        f"write ansible_connection: ansible.builtin.{name} and remove plugins of the same name, or write ssh."
    )


@pytest.mark.parametrize(
    ("name", "flag", "package"), [("winrm", "HAS_WINRM", "pywinrm"), ("psrp", "HAS_PYPSRP", "pypsrp")]
)
def test_a_missing_library_is_named(name: str, flag: str, package: str, monkeypatch: pytest.MonkeyPatch) -> None:
    connection = plugin(name)
    monkeypatch.setattr(sys.modules[type(connection).__module__], flag, False)
    assert said(connection) == f"the {name} connection needs {package}; install it on the controller."


@pytest.mark.parametrize("name", ["local", "community.docker.docker", "paramiko", "community.general.winrm"])
def test_other_connections_do_not_lead_to_windows(name: str) -> None:
    assert said(types.SimpleNamespace(transport=name)) == (
        f"ansible_connection is {name}, but this collection reaches Windows "
        "only over winrm, psrp or ssh; write one of them."
    )


@hypothesis.given(
    st.lists(
        st.builds(
            Way,
            st.sampled_from(["basic", "ntlm", "kerberos"]),
            encrypts=st.booleans(),
            obstacle=st.sampled_from(["", "no"]),
        ),
        min_size=1,
        max_size=4,
    ),
    st.sampled_from([WINRM, PSRP]),
    st.sampled_from(["auto", "always", "never"]),
    st.booleans(),
)
def test_nothing_is_let_through_unless_each_way_that_is_open_encrypts(
    ways: list[Way], words: PluginOptions, message_encryption: str, is_chosen: bool
) -> None:
    sentence = complaint(Approach(words, ways, message_encryption, is_chosen))
    going = [way.encrypts for way in ways if not way.obstacle]
    assert (sentence == "") == (bool(going) and all(going))
