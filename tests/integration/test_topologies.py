# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each topology through ansible-playbook: a mesh, a hub, several hubs, an unmanaged end, a host without connections."""

from __future__ import annotations

import itertools

from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.registry import Key
from ansible_collections.rras.ipsec.tests.lab import Host, HostSpec
from ansible_collections.rras.ipsec.tests.lab.windows.installation import FIREWALL_RULES
from ansible_collections.rras.ipsec.tests.support.controller import VERIFY
from ansible_collections.rras.ipsec.tests.support.keys import FILE, PASSWORD, make_keys, written_keys
from ansible_collections.rras.ipsec.tests.support.labs import MakeController
from ansible_collections.rras.ipsec.tests.support.pair import assigned, clear_records, executions, keys_of, policies

OFFICES = ("tokyo", "osaka", "kyoto", "nara")
AUTHORITY = "CN=Example Root CA, O=Example"


def all_rules(host: Host) -> list[str]:
    return [value.text for value in (host.registry.read(FIREWALL_RULES) or Key(FIREWALL_RULES)).values()]


def test_a_mesh_and_a_hub_of_four(start: MakeController) -> None:
    controller = start([HostSpec(name, f"192.0.2.{number}") for number, name in enumerate(OFFICES, start=1)])
    links = ["/".join(("offices", *peers)) for peers in itertools.combinations(OFFICES, 2)]
    mesh = {"name": "offices", "peers": list(OFFICES), "topology": "mesh"}
    controller.variables.update(l2tp_connections=[mesh], l2tp_reboot_serial=4)
    make_keys(controller)
    keys = written_keys(controller)
    assert list(keys) == links

    as_mesh = controller.site("-vvv", "--diff", "-e", f"@{FILE}", *PASSWORD)

    assert as_mesh.code == 0, as_mesh.explain()
    said = [line for name in OFFICES for line in as_mesh.said(name) if line.startswith("offices/")]
    assert [line.partition(":")[0] for line in said] == links
    assert said[0].startswith("offices/tokyo/osaka: tokyo and osaka agree on UDP 192.0.2.1 port 1701 -> 192.0.2.2")
    for name, host in controller.lab.items():
        assert keys_of(assigned(host)) == [key for link, key in keys.items() if name in link.split("/")]
    assert not any(key in as_mesh.output + as_mesh.errors for key in keys.values())

    both = [{"certificate_authority": AUTHORITY}, {"kerberos": True}]
    hub = {"name": "branches", "peers": list(OFFICES), "hub": "osaka"}
    controller.variables.update(l2tp_connections=[hub], l2tp_default={"authentication": both}, l2tp_firewall=True)
    as_hub = controller.site()

    assert as_hub.code == 0, as_hub.explain()
    (nara,) = (line for line in as_hub.said("osaka") if line.startswith("branches/osaka/nara"))
    assert nara.startswith("branches/osaka/nara: osaka and nara have assigned")
    assert f"with certificates of {AUTHORITY}, or else Kerberos; IKE chooses" in nara
    assert all(keys_of(assigned(host)) == [] for host in controller.lab.values())
    (policy,) = policies(controller.lab["osaka"])
    assert [rule.name for rule in policy.policy.rules][:3] == [
        f"branches/osaka/{each}" for each in OFFICES if each != "osaka"
    ]
    (allowing,) = (rule for rule in all_rules(controller.lab["osaka"]) if "rras.ipsec-L2TP-from-peers-" in rule)
    assert "|LPort=500|LPort=1701|LPort=4500|RA4=192.0.2.1|RA4=192.0.2.3|RA4=192.0.2.4|" in allowing


HUBS, SPOKES = ("rras-tokyo", "rras-osaka"), ("rras-kyoto", "rras-nara")
SPARE, PARTNER = "rras-spare", "example-net"
PARTNER_ADDRESS = "198.51.100.7"
KEYS = {
    name: f"{number}-Uji-Byodoin/Phoenix:1053"
    for number, name in enumerate(
        ("east/rras-tokyo/rras-kyoto", "west/rras-osaka/rras-kyoto", "west/rras-osaka/rras-nara", "backbone", "partner")
    )
}
SEVERAL_HUBS = [
    {"name": "east", "hub": "rras-tokyo", "peers": ["rras-tokyo", "rras-kyoto"]},
    {"name": "west", "hub": "rras-osaka", "peers": ["rras-osaka", "rras-kyoto", "rras-nara"]},
    {"name": "backbone", "peers": list(HUBS)},
    {"name": "partner", "peers": ["rras-tokyo", PARTNER]},
]
RULES = {
    "rras-tokyo": ["east/rras-tokyo/rras-kyoto", "backbone", "partner"],
    "rras-osaka": ["west/rras-osaka/rras-kyoto", "west/rras-osaka/rras-nara", "backbone"],
    "rras-kyoto": ["east/rras-tokyo/rras-kyoto", "west/rras-osaka/rras-kyoto"],
    "rras-nara": ["west/rras-osaka/rras-nara"],
}
"""The rules of each server, in their order, before that for all other L2TP."""


def named_rules(host: Host) -> list[str]:
    found = assigned(host)
    return [rule.name for rule in found.policy.rules if rule.name] if found else []


def test_several_hubs_an_end_that_others_manage_and_a_host_without_connections(start: MakeController) -> None:
    names = (*HUBS, *SPOKES, SPARE)
    controller = start([HostSpec(name, f"192.0.2.{number}") for number, name in enumerate(names, start=1)])
    controller.host(PARTNER).update(l2tp_address=PARTNER_ADDRESS, l2tp_managed=False)
    pfs = {"filter_action": {"pfs": True}}
    controller.variables.update(
        l2tp_connections=SEVERAL_HUBS, l2tp_preshared_keys=KEYS, l2tp_default=pfs, l2tp_reboot_serial=5
    )
    spare = controller.lab[SPARE].registry.snapshot()

    first = controller.site()

    assert first.code == 0, first.explain()
    for name, rules in RULES.items():
        found = assigned(controller.lab[name])
        assert found is not None
        assert named_rules(controller.lab[name]) == [*rules, "all other L2TP"]
        assert keys_of(found) == [KEYS[rule] for rule in rules]
        assert all(offer.pfs for rule in found.policy.rules[: len(rules)] for offer in rule.filter_action.offers)
    assert controller.lab[SPARE].registry.snapshot() == spare
    said = [line for name in names for line in first.said(name)]
    for link in KEYS:
        assert len([line for line in said if line.startswith(f"{link}: ")]) == 1
    (partner,) = (line for line in said if line.startswith("partner: "))
    assert partner.startswith(f"partner: rras-tokyo has UDP 192.0.2.1 port 1701 -> {PARTNER_ADDRESS}, mirrored")
    assert f"{PARTNER} is not managed, so its end is not proved." in said

    clear_records(controller.lab)
    again = controller.site()
    assert (again.code, set(again.changed.values())) == (0, {0}), again.explain()
    assert executions(controller.lab) == dict.fromkeys(names, 1)

    verified = controller.play(VERIFY)
    assert verified.code == 0, verified.explain()
    (alone,) = (line for line in verified.said(SPARE) if line.startswith("No connection names"))
    assert alone.startswith(f"No connection names {SPARE}, and no policy of this collection is there.")
