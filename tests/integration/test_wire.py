# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an eavesdropper reads between the controller and a host that takes Basic and plain messages: no key, ever.

Each row is a host of the inventory with a tap of its own on the wire. Either the row is refused, and not one byte was
sent; or it was carried out, or could not be, and the bytes of both directions hold neither the key nor anything else
of the transaction. `make test-wire` does it with every supported ansible-core.
"""

from __future__ import annotations

import base64
import contextlib
import dataclasses
import enum
import itertools
import os
import re
import shutil
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import ansible.plugins.connection
import pytest
from ansible import release

from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.store import Store
from ansible_collections.rras.ipsec.tests.lab import HostSpec, Lab
from ansible_collections.rras.ipsec.tests.lab.wire.authentication import DOMAIN_USER, PASSWORD, USER
from ansible_collections.rras.ipsec.tests.lab.wire.tap import Tap
from ansible_collections.rras.ipsec.tests.support.controller import Controller, Run, ShownResult
from ansible_collections.rras.ipsec.tests.support.labs import controller_for
from ansible_collections.rras.ipsec.tests.support.pair import KEY, OSAKA_ADDRESS, TOKYO_ADDRESS, keys_of
from ansible_collections.rras.ipsec.tests.support.secret import forms

pytestmark = pytest.mark.xdist_group("wire")
"""One worker runs them all, since they share one run of a playbook (with --dist=loadgroup)."""

RULE = "wire-to-osaka"
"""The name of the rule: it travels in the records, as the key does."""
HTTP_PORT = 5985
KERBEROS_FOR_USERS_OF_A_DOMAIN = tuple(map(int, release.__version__.split(".")[:2])) >= (2, 19)
SEALING = ("ntlm", "kerberos", "credssp", "negotiate")
INSTALLED = ("ntlm", "negotiate")
_BASE64 = re.compile(rb"[A-Za-z0-9+/]{16,}")
ENVIRONMENT = {"NO_PROXY": "127.0.0.0/8", "no_proxy": "127.0.0.0/8"}


class RowEnd(enum.StrEnum):
    """How a row ends."""

    REFUSED = "refused"
    """By the check of the connection."""
    DONE = "done"
    STUCK = "stuck"
    """The client can't connect: Kerberos and CredSSP need what is not installed here."""


class Door(enum.StrEnum):
    """How the scheme is said."""

    HTTP = "http"
    HTTPS = "https"
    PORT = "port"
    """Not at all; but the port is 5985."""


@dataclasses.dataclass(frozen=True, slots=True)
class WireRow:
    """One way to connect; an empty text stands for a variable that is not set."""

    plugin: str
    door: Door
    user: str
    authentication: str
    encryption: str

    @property
    def name(self) -> str:
        """The name of its host in the inventory."""
        person = "domain" if self.user == DOMAIN_USER else "local"
        words = (self.plugin, self.door, person, self.authentication or "unset", self.encryption or "unset")
        return "-".join(words).replace(",", "+")

    @property
    def end(self) -> RowEnd:
        """How the row is to end, by what ansible-core, pywinrm and pypsrp document."""
        if self.door is Door.HTTPS:
            return RowEnd.DONE if self._can_connect_over_tls() else RowEnd.STUCK
        if self.plugin == "winrm":
            return RowEnd.DONE if self._goes(self.transports, self.encryption) else RowEnd.REFUSED
        authentication = self.authentication or "negotiate"
        if authentication not in SEALING or self.encryption == "never":
            return RowEnd.REFUSED
        return RowEnd.DONE if authentication in INSTALLED else RowEnd.STUCK

    def variables(self, tap: Tap) -> dict[str, Any]:
        """What makes Ansible go this way, through the tap."""
        names = _NAMES[self.plugin]
        door = {} if self.door is Door.PORT else {names.scheme: str(self.door)}
        said = {names.authentication: self.authentication, names.encryption: self.encryption}
        return {
            "ansible_connection": self.plugin,
            "ansible_host": tap.address,
            "ansible_port": tap.port,
            "ansible_user": self.user,
            "ansible_password": PASSWORD,
            f"ansible_{self.plugin}_{names.validation}": "ignore",
            **door,
            **{variable: value for variable, value in said.items() if value},
        }

    @property
    def transports(self) -> Sequence[str]:
        """What pywinrm is to try, one after another."""
        if self.authentication:
            return self.authentication.split(",")
        if self.user == DOMAIN_USER and KERBEROS_FOR_USERS_OF_A_DOMAIN:
            return ["kerberos"]
        return ["ssl" if self.door is Door.HTTPS else "plaintext"]

    def _goes(self, transports: Sequence[str], encryption: str) -> bool:
        """Whether all that pywinrm would take encrypts; with `always` it takes nothing that does not."""
        taken = [name for name in transports if name in INSTALLED or (name not in SEALING and encryption != "always")]
        return bool(taken) and encryption != "never" and all(name in INSTALLED for name in taken)

    def _can_connect_over_tls(self) -> bool:
        able = (*INSTALLED, "basic", "plaintext", "ssl")
        return self.plugin == "psrp" or any(name in able for name in self.transports)


@dataclasses.dataclass(frozen=True, slots=True)
class Names:
    """The variables of a plugin."""

    authentication: str
    scheme: str
    encryption: str
    validation: str


_NAMES = {
    "winrm": Names(
        "ansible_winrm_transport",
        "ansible_winrm_scheme",
        "ansible_winrm_message_encryption",
        "server_cert_validation",
    ),
    "psrp": Names("ansible_psrp_auth", "ansible_psrp_protocol", "ansible_psrp_message_encryption", "cert_validation"),
}


def crossed(plugin: str, door: Door, authentication: Sequence[str], encryption: Sequence[str]) -> Iterator[WireRow]:
    """All rows of these columns, for both forms of a user's name."""
    for user, each, wanted in itertools.product((USER, DOMAIN_USER), authentication, encryption):
        yield WireRow(plugin, door, user, each, wanted)


TRANSPORTS = (
    *("", "basic", "plaintext", "ssl", "certificate", "ntlm", "kerberos", "credssp"),
    *("kerberos,plaintext", "ntlm,basic", "basic,ntlm"),
)
AUTHS = ("", "basic", "certificate", "negotiate", "ntlm", "kerberos", "credssp")
TABLE = (
    *crossed("winrm", Door.HTTP, TRANSPORTS, ("", "always", "never")),
    *crossed("winrm", Door.HTTP, ("basic", "ntlm"), ("auto",)),
    *crossed("winrm", Door.PORT, ("", "basic", "ntlm"), ("",)),
    *crossed("winrm", Door.HTTPS, ("", "basic", "ssl", "ntlm", "kerberos"), ("",)),
    *crossed("winrm", Door.HTTPS, ("ntlm",), ("never",)),
    *crossed("psrp", Door.HTTP, AUTHS, ("", "always", "never")),
    *crossed("psrp", Door.HTTP, ("basic", "negotiate"), ("auto",)),
    *crossed("psrp", Door.PORT, ("", "basic"), ("",)),
    *crossed("psrp", Door.HTTPS, ("", "basic", "ntlm"), ("",)),
    *crossed("psrp", Door.HTTPS, ("ntlm",), ("never",)),
)
HOSTS = tuple(HostSpec(f"careless-{number}", TOKYO_ADDRESS, allow_unencrypted=True) for number in range(8))
"""They take Basic, and plain messages over plain HTTP. A host lets one transaction in at a time."""

TASK: dict[str, Any] = {
    "ignore_errors": True,
    "ignore_unreachable": True,
    "rras.ipsec.win_ipsec_psk_policy": {
        "name": "{{ inventory_hostname }}",
        "assigned": False,
        "rules": [
            {
                "name": RULE,
                "filters": [{"source_address": TOKYO_ADDRESS, "destination_address": OSAKA_ADDRESS}],
                "authentication": [{"preshared_key": "{{ key }}"}],
            }
        ],
    },
}
PLAYS = [
    {"hosts": "refused", "gather_facts": False, "tasks": [TASK]},
    # As many at once as there are servers, each on another one.
    {"hosts": "going", "gather_facts": False, "tasks": [TASK], "serial": len(HOSTS)},
]
GIVEN_AWAY = [
    {
        "hosts": "all",
        "gather_facts": False,
        "tasks": [{"ansible.builtin.raw": "hostname {{ key | b64encode }} {{ rule | b64encode }}"}],
    },
]
"""What an eavesdropper can read, if anything can be read at all."""


@dataclasses.dataclass(frozen=True, slots=True)
class Heard:
    """A run, and what the taps of its rows carried."""

    run: Run
    carried: Mapping[WireRow, bytes]

    def end(self, row: WireRow) -> RowEnd:
        """How the row ended."""
        result = self.result(row)
        if result.content.get("reason") == "transport":
            return RowEnd.REFUSED
        return RowEnd.DONE if result.status == "changed" else RowEnd.STUCK

    def result(self, row: WireRow) -> ShownResult:
        """What the row's user was told."""
        (result,) = (result for result in self.run.results if result.host == row.name)
        return result

    @property
    def refused(self) -> list[WireRow]:
        return [row for row in self.carried if self.end(row) is RowEnd.REFUSED]


@contextlib.contextmanager
def tapped(rows: Sequence[WireRow], lab: Lab) -> Iterator[dict[WireRow, Tap]]:
    """A tap for each row, each to another server as long as there are any.

    What is to listen at the port 5985 gets a loopback address of its own.
    """
    first, second = os.urandom(2)
    with contextlib.ExitStack() as stack:
        taps: dict[WireRow, Tap] = {}
        for number, (row, host) in enumerate(zip(rows, itertools.cycle(lab.values()), strict=False), start=1):
            target = host.https.port if row.door is Door.HTTPS else host.http.port
            place = (f"127.{first}.{second}.{number}", HTTP_PORT) if row.door is Door.PORT else ()
            taps[row] = stack.enter_context(Tap(target, *place))
        yield taps


def listen(
    controller: Controller,
    rows: Sequence[WireRow],
    plays: Sequence[Mapping[str, Any]] = PLAYS,
    environment: Mapping[str, str] | None = None,
    **variables: Any,
) -> Heard:
    """Run plays on all rows, with a key, and listen."""
    refused = [row for row in rows if row.end is RowEnd.REFUSED]
    going = [row for row in rows if row.end is not RowEnd.REFUSED]
    with tapped([*refused, *going], controller.lab) as taps:
        found = {row.name: row.variables(tap) | variables for row, tap in taps.items()}
        groups = {
            name: {"hosts": {row.name: found[row.name] for row in members}}
            for name, members in (("refused", refused), ("going", going))
        }
        controller.inventory = {"all": {"vars": {"key": KEY, "rule": RULE}, "children": groups}}
        run = controller.play(plays, "-v", environment=ENVIRONMENT | dict(environment or {}))
        return Heard(run, {row: tap.carried for row, tap in taps.items()})


def readable(carried: bytes) -> list[str]:
    """What an eavesdropper makes of some bytes: the key, the name of the rule, the password, or any message at all."""
    everything = b"\n".join(unpacked(carried))
    found = [text for text in (KEY, RULE, PASSWORD) if any(form in everything for form in forms(text))]
    return [*found, *(["a message"] if b"Envelope" in everything else [])]


def unpacked(data: bytes) -> Iterator[bytes]:
    """Some bytes, what is base64 in them, what is base64 in that, and so on: a message holds input, that records."""
    while data:
        yield data
        texts = {data, data.replace(b"\0", b"")}
        runs = (run for text in texts for run in _BASE64.findall(text))
        data = b"\n".join(base64.b64decode(run[: len(run) - (len(run) % 4 == 1)] + b"===") for run in runs)


@pytest.fixture(scope="module")
def controller(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Controller]:
    with controller_for(HOSTS, tmp_path_factory.mktemp("controller")) as controller:
        yield controller


@pytest.fixture(scope="module")
def heard(controller: Controller) -> Heard:
    """The whole table, in one run."""
    return listen(controller, TABLE)


def test_each_row_ends_as_it_should(heard: Heard) -> None:
    ends = {row.name: heard.end(row) for row in TABLE}
    assert ends == {row.name: row.end for row in TABLE}, heard.run.explain()
    assert set(ends.values()) == set(RowEnd)


def test_nobody_reads_anything_on_the_wire(heard: Heard, controller: Controller) -> None:
    assert {row.name: readable(heard.carried[row]) for row in TABLE} == {row.name: [] for row in TABLE}
    arrived = [policy.name for host in controller.lab.values() for policy in Store.read(host.store).policies]
    assert sorted(arrived) == sorted(row.name for row in TABLE if row.end is RowEnd.DONE)
    assert all(
        keys_of(policy) == [KEY] for host in controller.lab.values() for policy in Store.read(host.store).policies
    )


def test_a_row_that_is_refused_sends_nothing_and_says_what_to_write(heard: Heard) -> None:
    assert {row.name: heard.carried[row] for row in heard.refused} == {row.name: b"" for row in heard.refused}
    wrong = {row.name: heard.result(row).message for row in heard.refused if not says_what_to_write(heard, row)}
    assert wrong == {}


def says_what_to_write(heard: Heard, row: WireRow) -> bool:
    names = _NAMES[row.plugin]
    connection = f"(?:{names.authentication} is not set, and without it t|T)he {row.plugin} connection to this host"
    other = rf"(?:{names.authentication}: \w+|{names.encryption}: always)"
    advice = rf"write {other}, or {names.scheme}: https and ansible_port: 5986\."
    return re.fullmatch(rf"{connection} uses \w+ over http.*; .*{advice}", heard.result(row).message) is not None


def test_the_taps_carry_what_can_be_read(controller: Controller) -> None:
    """Without this, the tests above could pass because they look for the wrong thing, or in the wrong place."""
    open_ways = [
        WireRow("winrm", Door.HTTP, USER, "basic", ""),
        WireRow("winrm", Door.PORT, DOMAIN_USER, "plaintext", ""),
        WireRow("psrp", Door.HTTP, DOMAIN_USER, "basic", "never"),
    ]
    heard = listen(controller, open_ways, GIVEN_AWAY)
    assert {row.name: readable(heard.carried[row]) for row in open_ways} == {
        row.name: [KEY, RULE, PASSWORD, "a message"] for row in open_ways
    }, heard.run.explain()


KERBEROS = """
class GSSError(Exception):
    pass


GSS_C_MUTUAL_FLAG = GSS_C_SEQUENCE_FLAG = 0


def authGSSClientInit(*arguments, **options):
    raise GSSError("no ticket")
"""
"""A library for Kerberos that is installed, but has no ticket; the package kerberos can't encrypt, pykerberos can."""
ABLE = "authGSSWinRMEncryptMessage = authGSSWinRMDecryptMessage = None\n"
KERBEROS_ROWS = tuple(crossed("winrm", Door.HTTP, ("", "kerberos", "kerberos,plaintext"), ("",)))


@pytest.mark.parametrize(("library", "is_able"), [(KERBEROS, False), (KERBEROS + ABLE, True)], ids=["old", "new"])
def test_kerberos_that_fails_opens_no_other_way(
    controller: Controller, tmp_path: Path, library: str, is_able: bool
) -> None:
    (tmp_path / "kerberos.py").write_text(library, encoding="utf-8")
    path = os.pathsep.join(filter(None, (str(tmp_path), os.environ.get("PYTHONPATH"))))

    heard = listen(controller, KERBEROS_ROWS, environment={"PYTHONPATH": path}, ansible_winrm_kinit_mode="manual")

    assert {row.name: heard.carried[row] for row in KERBEROS_ROWS} == {row.name: b"" for row in KERBEROS_ROWS}
    alone = [row for row in KERBEROS_ROWS if row.transports == ["kerberos"]]
    stuck = alone if is_able else []
    assert [row for row in KERBEROS_ROWS if heard.end(row) is RowEnd.STUCK] == stuck, heard.run.explain()
    assert set(heard.refused) == {*KERBEROS_ROWS} - {*stuck}
    for row in {*alone} - {*stuck}:
        assert heard.result(row).message.endswith(
            "uses kerberos over http, and the libraries on the controller can't encrypt with "
            "it; update them, or write ansible_winrm_scheme: https and ansible_port: 5986."
        )


@pytest.mark.parametrize("plugin", ["winrm", "psrp"])
def test_a_plugin_beside_the_playbook_is_not_ansible_s(controller: Controller, plugin: str) -> None:
    beside = controller.folder / "connection_plugins" / f"{plugin}.py"
    beside.parent.mkdir(exist_ok=True)
    shutil.copy(Path(ansible.plugins.connection.__file__).with_name(f"{plugin}.py"), beside)
    row = WireRow(plugin, Door.HTTPS, USER, "basic", "")

    heard = listen(controller, [row])

    beside.unlink()
    assert heard.carried[row] == b""
    assert heard.result(row).message == (
        f"The {plugin} connection plugin is {beside} and not the one of "
        "ansible-core, so whether it encrypts is unknown; "
        f"write ansible_connection: ansible.builtin.{plugin} and remove plugins of the same name, or write ssh."
    )
