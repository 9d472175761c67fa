# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The state in which an administrator who followed KB 240262 by hand leaves a server."""

from __future__ import annotations

import dataclasses
import itertools
import uuid

from ansible_collections.rras.ipsec.plugins.plugin_utils._policy import model
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.registry import Tree, Value, join
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.store import ACTIVE_POLICY, LOCAL, object_keys

from ..host import Host
from ..windows.installation import RASMAN_PARAMETERS, SERVICES, Start

L2TP, ANY = model.Ports.one(1701), model.Ports.any()
ESP = model.Algorithm(model.Transform.ESP, model.Encryption.TRIPLE_DES, model.Integrity.SHA1)


def policy(name: str, addresses: tuple[str, str], key: str) -> model.Policy:
    """Return the article's policy, with another rule that blocks all other L2TP.

    addresses: source and destination of the only filter, the same on both servers.
    """
    source, destination = map(model.Address.single, addresses)
    between = model.Filter(source, destination, model.Protocol.UDP, L2TP, ANY)
    others = model.Filter(model.Address.me(), model.Address.any(), model.Protocol.UDP, L2TP, ANY)
    negotiate = model.FilterAction("Encrypt", model.Action.NEGOTIATE, (model.Offer((ESP,)),))
    rules = (
        model.Rule(
            "To the other",
            model.FilterList("L2TP", (between,)),
            negotiate,
            (model.AuthenticationMethod.preshared_key(key),),
        ),
        model.Rule(
            "Nobody else",
            model.FilterList("All L2TP", (others,)),
            model.FilterAction("Block", model.Action.BLOCK),
            (model.AuthenticationMethod.kerberos(),),
        ),
    )
    methods = (model.MainModeMethod(model.IkeEncryption.TRIPLE_DES, model.Integrity.SHA1, model.DhGroup.GROUP_2),)
    return model.Policy(name, main_mode=model.MainMode(methods), rules=rules)


def without_rules(wanted: model.Policy) -> model.Policy:
    """Return the same policy without rules, so that it protects nothing."""
    return dataclasses.replace(wanted, rules=())


def assign(host: Host, wanted: model.Policy) -> None:
    """Write a policy into a host's store and assign it; PolicyAgent loads it when told to, or when it starts."""
    numbers = itertools.count(1)
    guids: dict[str, uuid.UUID] = {}
    keys = object_keys(wanted, lambda label: guids.setdefault(label, uuid.UUID(int=next(numbers))), 1)
    host.registry.load(Tree(keys))
    host.registry.write(LOCAL, ACTIVE_POLICY, Value.sz(keys[-1].path))


def follow_the_article(host: Host, wanted: model.Policy) -> None:
    """Act as an administrator who has written and assigned a policy, set the value and restarted the server."""
    assign(host, wanted)
    host.registry.write(RASMAN_PARAMETERS, "ProhibitIpSec", Value.dword(1))
    for service in ("PolicyAgent", "IKEEXT"):
        host.registry.write(join(SERVICES, service), "Start", Value.dword(Start.AUTOMATIC))
    host.restart()
    host.recorder.clear()
