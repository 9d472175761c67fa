# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a verification says of a pair in each state, in one run over all of them."""

from __future__ import annotations

import dataclasses
import uuid
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest

from ansible_collections.rras.ipsec.plugins.plugin_utils._policy import codec, model
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.network import OTHER_PEERS_RULE
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.registry import Value
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.store import ACTIVE_POLICY, LOCAL
from ansible_collections.rras.ipsec.tests.lab import Host, HostSpec
from ansible_collections.rras.ipsec.tests.lab.windows.installation import FIREWALL_SETTINGS
from ansible_collections.rras.ipsec.tests.messages import Says
from ansible_collections.rras.ipsec.tests.support.controller import VERIFY, Controller, Run
from ansible_collections.rras.ipsec.tests.support.foreign import ASSIGNED_PATH, foreign_policies
from ansible_collections.rras.ipsec.tests.support.labs import controller_for
from ansible_collections.rras.ipsec.tests.support.pair import (
    KEY,
    NEW_KEY,
    OURS,
    RASMAN,
    RESTART_PENDING,
    change,
    changes,
    connection,
    give_key,
    snapshots,
)

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("verified")]
"""One worker runs them all, since they share the runs (with --dist=loadgroup)."""

SERVICES = r"SYSTEM\CurrentControlSet\Services"
DOMAIN = r"SOFTWARE\Policies\Microsoft\Windows\IPSec\GPTIPSECPolicy"
THIRD_KEY = "Kamakura-Kotokuin:1252/Daibutsu"
WEAK_KEY = "MyVpnPassword2026!"
AUTHORITY = "CN=Example Root CA, O=Example"
DES_MD5 = model.Algorithm(model.Transform.ESP, model.Encryption.DES, model.Integrity.MD5)


@dataclasses.dataclass(frozen=True)
class VerifyCase:
    """A pair of hosts, named after the case, whose second one is damaged after a first run."""

    name: str
    title: str
    damage: Callable[[Host], None]
    failing: str = "2"
    """Which of the two fail."""
    said: str = ""
    """What the second one says, where a part of it differs from run to run."""
    first_run: bool = True
    variables: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    """Those of both, after the first run."""
    key: str = KEY
    authority: str = ""
    """The certification authority that is declared instead of the key, if one is."""

    def connection(self, key: str = "") -> dict[str, Any]:
        """The entry of l2tp_connections."""
        entry = connection(self.link, self.one, self.two, key=key or self.key)
        if self.authority:
            del entry["preshared_key"]
            entry["certificate_authority"] = self.authority
        return entry

    @property
    def one(self) -> str:
        return f"{self.name}-1"

    @property
    def two(self) -> str:
        return f"{self.name}-2"

    @property
    def link(self) -> str:
        return f"link-{self.name}"

    @property
    def code(self) -> int:
        return 2 if self.failing else 0


def nothing(_host: Host) -> None:
    """Leave a host as it is."""


def unassign(host: Host) -> None:
    host.registry.erase(LOCAL, ACTIVE_POLICY)


def assign_another(host: Host) -> None:
    host.registry.load(foreign_policies(ASSIGNED_PATH))


def other_key(host: Host) -> None:
    give_key(host, f"link-{host.name.removesuffix('-2')}", THIRD_KEY)


def other_authority(host: Host) -> None:
    methods = (model.AuthenticationMethod.certificate("CN=Another Root CA"),)
    change(host, "link-certificates", lambda rule: dataclasses.replace(rule, authentication=methods))


def swap_ends(host: Host) -> None:
    """Take the server's own address for the source, as somebody does who configures each end by itself."""
    for path, key in host.store.items():
        filters = codec.decode_filter_list(key["ipsecData"].data) if "ipsecFilter{" in path else ()
        swapped = [dataclasses.replace(each, source=each.destination, destination=each.source) for each in filters]
        if any(each.source.first for each in filters):
            host.registry.write(path, "ipsecData", Value.binary(codec.encode_filter_list(swapped)))


def offer(**given: Any) -> Callable[[Host], None]:
    """Change the security methods of the filter action."""

    def changed(host: Host) -> None:
        for path, key in host.store.items():
            offers = codec.decode_filter_action(key["ipsecData"].data) if "ipsecNegotiationPolicy{" in path else ()
            if offers:
                data = codec.encode_filter_action([dataclasses.replace(each, **given) for each in offers])
                host.registry.write(path, "ipsecData", Value.binary(data))

    return changed


def exchange_keys_by_des(host: Host) -> None:
    """Leave the main mode of the policy one method that nobody else has."""
    for path, key in host.store.items():
        if "ipsecISAKMPPolicy{" in path:
            main_mode = codec.decode_main_mode(key["ipsecData"].data)
            methods = (dataclasses.replace(main_mode.methods[0], encryption=model.IkeEncryption.DES),)
            data = codec.encode_main_mode(dataclasses.replace(main_mode, methods=methods), uuid.UUID(int=1))
            host.registry.write(path, "ipsecData", Value.binary(data))


def secure_by_the_firewall(host: Host) -> None:
    text = "v2.31|Action=SecureServer|Active=TRUE|Name=Isolate L2TP|Protocol=17|EP1Port=1701|Auth1Set={5}|"
    rules = rf"{FIREWALL_SETTINGS}\ConSecRules"
    host.registry.create(rules)
    host.registry.write(rules, "{1}", Value.sz(text))


def remote_access_only(host: Host) -> None:
    dialup = model.ConnectionType.DIALUP
    change(host, "link-rule", lambda rule: dataclasses.replace(rule, connection_type=dialup))


def lead_the_rule_elsewhere(host: Host) -> None:
    """Leave a rule for another peer, and none for all others."""
    elsewhere = model.Address.single("203.0.113.9")
    for path, key in host.store.items():
        filters = codec.decode_filter_list(key["ipsecData"].data) if "ipsecFilter{" in path else ()
        moved = [dataclasses.replace(each, destination=elsewhere) for each in filters if each.destination.first]
        if moved:
            host.registry.write(path, "ipsecData", Value.binary(codec.encode_filter_list(moved)))
    change(host, OTHER_PEERS_RULE, lambda rule: dataclasses.replace(rule, active=False))


def erase_value(host: Host) -> None:
    host.registry.erase(RASMAN, "ProhibitIpSec")


def wait_for_restart(host: Host) -> None:
    host.registry.create(RESTART_PENDING, volatile=True)


def forget_value(host: Host) -> None:
    host.registry.remove_tree(OURS + r"\ProhibitIpSec")


def set_value_only(host: Host) -> None:
    host.registry.write(RASMAN, "ProhibitIpSec", Value.dword(1))


def stop_rras(host: Host) -> None:
    host.services.stop("RemoteAccess")


def stop_agent(host: Host) -> None:
    for service in ("RemoteAccess", "PolicyAgent"):
        host.services.stop(service)


def disable_agent(host: Host) -> None:
    host.registry.write(rf"{SERVICES}\PolicyAgent", "Start", Value.dword(4))


def join_domain(host: Host) -> None:
    host.registry.create(DOMAIN)
    host.registry.write(DOMAIN, "DSIPSECPolicyPath", Value.sz("LDAP://CN=ipsecPolicy{0},DC=example,DC=net"))


def go_away(host: Host) -> None:
    host.power_off()


AWAY = "away-2 is unreachable: *. Its connections were not compared; all others were."
CASES = (
    VerifyCase("sound", "both ends are as declared", nothing, failing=""),
    VerifyCase("key", "one end has another key", other_key),
    VerifyCase("unassigned", "the policy was unassigned by hand", unassign),
    VerifyCase("another", "another policy was assigned by hand", assign_another),
    VerifyCase(
        "peers", "another l2tp_other_peers is declared", nothing, "12", variables={"l2tp_other_peers": "ignore"}
    ),
    VerifyCase("rotation", "a new key is declared and not rolled out", nothing, "12"),
    VerifyCase("rule", "a rule was changed by hand", remote_access_only),
    VerifyCase("exposed", "a rule was led elsewhere, and others are not blocked any more", lead_the_rule_elsewhere),
    VerifyCase("fresh", "nothing was ever configured", nothing, "12", first_run=False),
    VerifyCase("removed", "ProhibitIpSec was removed, and Windows still runs with it", erase_value),
    VerifyCase("waiting", "ProhibitIpSec is set and waits for a restart", wait_for_restart),
    VerifyCase("theirs", "somebody else set ProhibitIpSec", forget_value, failing=""),
    VerifyCase("bare", "ProhibitIpSec is 1 and nothing protects", set_value_only, "12", first_run=False),
    VerifyCase("stopped", "RemoteAccess is not running", stop_rras),
    VerifyCase("agent", "PolicyAgent is not running", stop_agent),
    VerifyCase("disabled", "PolicyAgent is disabled", disable_agent),
    VerifyCase("domain", "a domain policy overrides the local one", join_domain),
    VerifyCase("away", "one end is off", go_away, said=AWAY),
    VerifyCase("empty", "l2tp_connections is empty, and the policy is still there", nothing, failing=""),
    VerifyCase("deleted", "the connection was deleted, and the policy is still there", nothing, failing=""),
    VerifyCase("weak", "a preshared key is weak", nothing, failing="", key=WEAK_KEY),
    VerifyCase("swapped", "the addresses of one end are swapped", swap_ends),
    VerifyCase("algorithms", "the ends have no algorithm in common", offer(algorithms=(DES_MD5,))),
    VerifyCase(
        "sessions", "one end has another lifetime, and perfect forward secrecy", offer(lifetime_seconds=600, pfs=True)
    ),
    VerifyCase("exchange", "the ends have no key exchange in common", exchange_keys_by_des),
    VerifyCase("certificates", "the ends trust different authorities", other_authority, authority=AUTHORITY),
    VerifyCase("overlap", "Windows Firewall secures L2TP, too", secure_by_the_firewall, failing=""),
)


@pytest.fixture(scope="module")
def verified(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Controller, Run, Run]]:
    """A run of the playbook over all pairs, without and with --check."""
    specs = [
        HostSpec(host, f"192.0.{2 + number}.{end}")
        for number, case in enumerate(CASES)
        for end, host in ((1, case.one), (2, case.two))
    ]
    with controller_for(specs, tmp_path_factory.mktemp("verified")) as controller:
        controller.variables["l2tp_reboot_serial"] = len(specs)
        for case in CASES:
            for host in (case.one, case.two):
                controller.host(host)["l2tp_connections"] = [case.connection()]
        ready = ":".join(host for case in CASES if case.first_run for host in (case.one, case.two))
        first = controller.site("--limit", ready)
        assert first.code == 0, first.explain()
        for case in CASES:
            case.damage(controller.lab[case.two])
            for host in (case.one, case.two):
                controller.host(host).update(case.variables)
                if case.name == "rotation":
                    controller.host(host)["l2tp_connections"] = [case.connection(NEW_KEY)]
                if case.name in ("empty", "deleted"):
                    others = [connection("other", "sound-1", "sound-2")] if case.name == "deleted" else []
                    controller.host(host)["l2tp_connections"] = others
        before = snapshots(controller.lab)
        yield controller, controller.play(VERIFY), controller.play(VERIFY, "--check")
        assert changes(before, controller.lab) == {}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_it_says_what_is_wrong_and_where(verified: tuple[Controller, Run, Run], case: VerifyCase, says: Says) -> None:
    _controller, run, _checked = verified
    told = [line for line in run.said(case.two) if not is_difference(line)]
    said = " ".join(filter(None, (*told, run.failure(case.two)))) or " ".join(run.said(case.one))
    says(case.title, case.said or said, case.code, said=said)
    failed = [host for host in (case.one, case.two) if host in run.failed]
    assert failed == [f"{case.name}-{end}" for end in case.failing]


def is_difference(line: str) -> bool:
    """Whether a line shows what differs, instead of saying it."""
    return line.startswith(("+", "-", " ")) or line.endswith("(-), and as declared (+):")


def test_what_differs_is_shown_with_both_values(verified: tuple[Controller, Run, Run]) -> None:
    _controller, run, _checked = verified
    assert [line for line in run.said("rule-2") if is_difference(line)] == [
        "'L2TP site to site' on rule-2 (-), and as declared (+):",
        "    rule: link-rule",
        "-     connection type: remote access",
        "+     connection type: all network connections",
    ]
    for host in ("key-2", "rotation-1", "rotation-2", "peers-1", "peers-2"):
        assert [line for line in run.said(host) if is_difference(line)], host
    for host in ("sound-1", "sound-2", "key-1", "waiting-2"):
        assert [line for line in run.said(host) if is_difference(line)] == []


def test_every_other_connection_is_compared(verified: tuple[Controller, Run, Run]) -> None:
    _controller, run, _checked = verified
    compared = [case for case in CASES if case.name not in ("empty", "deleted")]
    for case in compared:
        assert [line for host in (case.one, case.two) for line in run.said(host) if line.startswith(f"{case.link}: ")]
    agreeing = {case.name for case in compared if f"{case.one} and {case.two} agree on UDP" in run.output}
    named = {"sound", "peers", "waiting", "theirs", "stopped", "disabled", "weak", "overlap"}
    assert agreeing == named, "name here the cases whose ends agree"
    assert "rotation-1 and rotation-2 agree with each other, but not with the declaration, on UDP" in run.output


def test_everything_is_said_once_and_without_a_key(verified: tuple[Controller, Run, Run]) -> None:
    _controller, run, _checked = verified
    texts = [text for host in run.recap for text in (*run.said(host), run.failure(host)) if text]
    sentences = [text for text in texts if not is_difference(text)]
    assert len(sentences) == len(set(sentences))
    for key in (KEY, NEW_KEY, THIRD_KEY, WEAK_KEY):
        assert key not in run.output + run.errors


def test_check_mode_makes_no_difference(verified: tuple[Controller, Run, Run], says: Says) -> None:
    _controller, run, checked = verified
    assert (checked.code, checked.failed) == (run.code, run.failed)
    says("the same with --check, one end has another key", checked.failure("key-2"), checked.code)
    says("the same with --check, nothing was ever configured", checked.failure("fresh-2"), checked.code)
    for host in run.recap:
        assert checked.said(host) == run.said(host)
        assert checked.failure(host) == run.failure(host)
