# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the verification says of two ends is what an IKE daemon, which we did not write, makes of their stores."""

from __future__ import annotations

import datetime as dt
import re
import textwrap
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from ansible_collections.rras.ipsec.plugins.plugin_utils._policy import render
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.render import swanctl
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.store import Store
from ansible_collections.rras.ipsec.tests.interop.cases import CASES, HUB, ROW, STRICTER, InteropCase
from ansible_collections.rras.ipsec.tests.interop.charon import Daemon, Handshake, connected, negotiate, passes
from ansible_collections.rras.ipsec.tests.lab import HostSpec
from ansible_collections.rras.ipsec.tests.support.controller import Controller, Run
from ansible_collections.rras.ipsec.tests.support.declared import OTHERS
from ansible_collections.rras.ipsec.tests.support.labs import controller_for
from ansible_collections.rras.ipsec.tests.support.pair import POLICY

ADDRESSES = {
    host: f"192.0.2.{number}"
    for number, host in enumerate(dict.fromkeys(host for case in CASES for host in case.hosts), 1)
}
LINUX = [case.hosts[1] for case in CASES if case.linux]
CHARON = {
    "3DES": "3DES_CBC",
    "SHA1": "HMAC_SHA1_96",
    "MD5": "HMAC_MD5_96",
    "Diffie-Hellman group 2 (1024)": "MODP_1024",
    "Diffie-Hellman group 14 (2048)": "MODP_2048",
}
"""Our words in charon's."""
CHOSEN = re.compile(
    r"(?:IKE chooses |; )(\S+ / \S+ / [^,]+) in main mode, (ESP .+?) in quick mode(?: when (\S+) starts)?"
)
Certificate = tuple[x509.Certificate, rsa.RSAPrivateKey]


@pytest.fixture(scope="module")
def controller(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Controller]:
    """A lab with the hub and the other ends; a Linux server is in the inventory only."""
    specs = [HostSpec(host, address) for host, address in ADDRESSES.items() if host not in LINUX]
    with controller_for(specs, tmp_path_factory.mktemp("interop")) as controller:
        controller.variables["l2tp_connections"] = [_connection(case) for case in CASES]
        controller.variables["l2tp_reboot_serial"] = len(specs)
        for case in CASES:
            controller.host(case.hosts[1]).update(case.two, l2tp_address=ADDRESSES[case.hosts[1]])
            if case.linux:
                controller.host(case.hosts[1]).update(l2tp_managed=False, l2tp_peer_type="strongswan")
            if case.changed:
                controller.host(case.changed_host)["instead"] = _instead(case)
        yield controller


def _connection(case: InteropCase) -> dict[str, Any]:
    return {"name": case.name, "peers": list(case.hosts), **case.means}


def _instead(case: InteropCase) -> dict[str, Any]:
    """The options by which one end gets something else than is declared."""
    filters = {"source_address": ADDRESSES[case.hosts[0]], "destination_address": ADDRESSES[case.hosts[1]]}
    means = {name: value for name, value in case.means.items() if name != "filter_action"}
    rule = {
        "name": case.name,
        "filters": [dict(zip(filters, reversed(filters.values()), strict=True)) if case.name == "swapped" else filters],
        "authentication": case.changed.get("authentication", [means]),
        "filter_action": case.changed.get("filter_action", case.means.get("filter_action", {})),
    }
    return {"main_mode": case.changed.get("main_mode", {}), "rules": [rule, OTHERS]}


@pytest.fixture(scope="module")
def verified(controller: Controller) -> Run:
    """Let the role bring all connections about, give some ends something else, and verify, in one run."""
    change = {
        "name": POLICY,
        "address": "{{ l2tp_address }}",
        "block_l2tp_over_ipv6": True,
        "main_mode": "{{ instead.main_mode }}",
        "rules": "{{ instead.rules }}",
    }
    common = {"gather_facts": False, "hosts": "rras"}
    return controller.play(
        [
            {"ansible.builtin.import_playbook": "rras.ipsec.render", "vars": {"l2tp_hosts": ":".join(LINUX)}},
            {"ansible.builtin.import_playbook": "rras.ipsec.site"},
            common | {"tasks": [{"rras.ipsec.win_ipsec_psk_policy": change, "when": "instead is defined"}]},
            {"ansible.builtin.import_playbook": "rras.ipsec.verify"},
        ]
    )


@pytest.fixture(scope="module")
def authorities() -> dict[str, Certificate]:
    """The certificate and key of each authority that a case names, and that a store may hold, by its name."""
    methods = [method for case in CASES for method in (case.means, *case.changed.get("authentication", ()))]
    return {name: _issued(name) for method in methods if (name := method.get("certificate_authority"))}


def _issued(name: str, authority: Certificate | None = None) -> Certificate:
    """A certificate with its key: of an authority, or by one."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    subject = x509.Name.from_rfc4514_string(name.replace(", ", ","))
    issuer, signing = (authority[0].subject, authority[1]) if authority else (subject, key)
    day = dt.datetime.now(dt.UTC)
    built = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(day - dt.timedelta(days=1))
        .not_valid_after(day + dt.timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=authority is None, path_length=None), critical=True)
    )
    return built.sign(signing, hashes.SHA256()), key


@pytest.fixture(scope="module")
def daemons(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Daemon, Daemon]]:
    addresses = {case.hosts[0]: ADDRESSES[case.hosts[0]] for case in CASES}
    others = [ADDRESSES[case.hosts[1]] for case in CASES]
    with connected(tmp_path_factory.mktemp("charon"), addresses.values(), others) as both:
        yield both


def _configure(daemon: Daemon, controller: Controller, host: str, authorities: Mapping[str, Certificate]) -> None:
    """Give a daemon what a host has in its store, whatever was declared; a Linux server, what was written for it."""
    if host in LINUX:
        daemon.load((controller.folder / "l2tp-files" / host / "swanctl.conf").read_text(encoding="utf-8"))
        return
    active = Store.read(controller.lab[host].store).active
    assert active is not None
    stored = render.Rendering(active.policy, render.PeerType.STRONGSWAN, host, address=ADDRESSES[host])
    for each in swanctl.connections(stored):
        if each.method and each.method.certificate_authority:
            _give_certificate(daemon, each.name, host, authorities[each.method.certificate_authority])
    daemon.load(swanctl.configuration(stored))


def _give_certificate(daemon: Daemon, name: str, host: str, authority: Certificate) -> None:
    """Give a daemon the authority of a connection, and a certificate that it issued, once."""
    if (daemon.store / "private" / f"{name}.pem").exists():
        return
    certificate, key = _issued(f"CN={host},O=Example", authority)
    pem = serialization.Encoding.PEM
    private = key.private_bytes(pem, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption())
    for folder, content in (
        ("x509ca", authority[0].public_bytes(pem)),
        ("x509", certificate.public_bytes(pem)),
        ("private", private),
    ):
        (daemon.store / folder / f"{name}.pem").write_bytes(content)


def _cause(run: Run, case: InteropCase) -> str:
    """What the verification says is wrong with a connection; empty: its ends agree."""
    return run.failure(case.changed_host if case.changed else case.hosts[1])


def _chosen(summary: str) -> dict[str, tuple[str, str]]:
    """What IKE chooses by the verification, in charon's words, by the end that starts ("": either)."""
    return {found[3] or "": (_ike(found[1]), _esp(found[2])) for found in CHOSEN.finditer(summary)}


def _ike(said: str) -> str:
    encryption, integrity, group = (CHARON[word] for word in said.split(" / "))
    return f"{encryption}/{integrity}/PRF_{integrity.removesuffix('_96')}/{group}"


def _esp(said: str) -> str:
    algorithms, pfs, _rest = said.removeprefix("ESP ").partition(" with perfect forward secrecy")
    encryption, integrity = algorithms.split("/")
    group = "/MODP_2048" if pfs else ""
    return f"{CHARON[encryption]}/{CHARON[integrity]}{group}/NO_EXT_SEQ"


def _check(case: InteropCase, found: Handshake, cause: str, chosen: tuple[str, str] | None) -> None:
    """Compare what the verification says with what came of the handshake."""
    assert case.cause in cause
    assert bool(cause) == bool(case.cause)
    assert bool(case.refused_in) == (bool(cause) and case.name not in STRICTER)
    assert found.refused_in == case.refused_in
    assert (found.refusal in case.refusals) == bool(case.refused_in), found.refusal
    if chosen:
        assert (found.main_mode, found.quick_mode) == chosen


@pytest.fixture
def handshakes(
    request: pytest.FixtureRequest,
    controller: Controller,
    verified: Run,  # the hosts have something only then
    daemons: tuple[Daemon, Daemon],
    authorities: dict[str, Certificate],
) -> dict[str, Handshake]:
    """The handshakes of a case, by the end that starts."""
    case: InteropCase = request.getfixturevalue("case")
    assert verified.recap
    for daemon, host in zip(daemons, case.hosts, strict=True):
        _configure(daemon, controller, host, authorities)
    one, two = case.hosts
    return {one: negotiate(*daemons, case.name), two: negotiate(*daemons[::-1], case.name)}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_verification_and_a_handshake_say_the_same(
    case: InteropCase, verified: Run, handshakes: dict[str, Handshake], record_property: Callable[[str, object], None]
) -> None:
    cause = _cause(verified, case)
    lines = [line for host in case.hosts for line in verified.said(host) if line.startswith(f"{case.name}: ")]
    chosen = _chosen(lines[-1])  # of the verification; those of the first run stand before
    for starting, found in handshakes.items():
        shown = textwrap.shorten(cause, 90, placeholder="...") or "agree"
        record_property(ROW, (f"{case.title} ({starting} starts)", shown, *found.shown))
    for starting, found in handshakes.items():
        _check(case, found, cause, chosen.get(starting) or chosen.get(""))
    assert bool(chosen) == (not cause and not case.linux)


def test_no_l2tp_of_a_linux_server_is_in_clear_text(
    controller: Controller, verified: Run, daemons: tuple[Daemon, Daemon]
) -> None:
    """With its peer and with a stranger, both ways: by the kernel, from the moment the file is loaded."""
    assert verified.recap
    other, linux = daemons
    here = ADDRESSES["linux-2"]
    ways = [
        way
        for there in (ADDRESSES[HUB], ADDRESSES["linux-key-1"])
        for way in ((other, there, linux, here), (linux, here, other, there))
    ]
    for daemon in daemons:
        daemon.load("")
    assert [passes(*way) for way in ways] == [True] * len(ways)
    _configure(linux, controller, "linux-2", {})
    assert [passes(*way) for way in ways] == [False] * len(ways)
