# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Four servers as a mesh with a key for each connection, then as a hub with certificates: one entry each."""

from __future__ import annotations

import itertools

from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.registry import Key
from ansible_collections.rras.ipsec.tests.lab import Host, HostSpec
from ansible_collections.rras.ipsec.tests.lab.windows.installation import FIREWALL_RULES
from ansible_collections.rras.ipsec.tests.support import pair as words
from ansible_collections.rras.ipsec.tests.support.keys import FILE, PASSWORD, make_keys, written_keys
from ansible_collections.rras.ipsec.tests.support.labs import MakeController

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
        assert words.keys_of(words.assigned(host)) == [key for link, key in keys.items() if name in link.split("/")]
    assert not any(key in as_mesh.output + as_mesh.errors for key in keys.values())

    both = [{"certificate_authority": AUTHORITY}, {"kerberos": True}]
    hub = {"name": "branches", "peers": list(OFFICES), "hub": "osaka"}
    controller.variables.update(l2tp_connections=[hub], l2tp_default={"authentication": both}, l2tp_firewall=True)
    as_hub = controller.site()

    assert as_hub.code == 0, as_hub.explain()
    (nara,) = (line for line in as_hub.said("osaka") if line.startswith("branches/osaka/nara"))
    assert nara.startswith("branches/osaka/nara: osaka and nara have assigned")
    assert f"with certificates of {AUTHORITY}, or else Kerberos; IKE chooses" in nara
    assert all(words.keys_of(words.assigned(host)) == [] for host in controller.lab.values())
    (policy,) = words.policies(controller.lab["osaka"])
    assert [rule.name for rule in policy.policy.rules][:3] == [
        f"branches/osaka/{each}" for each in OFFICES if each != "osaka"
    ]
    (allowing,) = (rule for rule in all_rules(controller.lab["osaka"]) if "rras.ipsec-L2TP-from-peers-" in rule)
    assert "|LPort=500|LPort=1701|LPort=4500|RA4=192.0.2.1|RA4=192.0.2.3|RA4=192.0.2.4|" in allowing
