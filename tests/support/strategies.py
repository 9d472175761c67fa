# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hypothesis strategies for any policy that the structures of version 1 can express."""

from __future__ import annotations

import functools
import ipaddress
import uuid
from collections.abc import Callable

from hypothesis import strategies as st

from ansible_collections.rras.ipsec.plugins.plugin_utils._policy import codec, model
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.registry import Key, Tree, Value, join
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.store import (
    LOCAL,
)

UINT16 = st.integers(0, 0xFFFF)
UINT32 = st.integers(0, 0xFFFFFFFF)
TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)
NAME = TEXT.filter(bool)
GUID = st.uuids()

AUTHENTICATION_METHOD = st.one_of(
    st.builds(model.AuthenticationMethod.preshared_key, TEXT),
    st.builds(model.AuthenticationMethod.certificate, NAME),
    st.just(model.AuthenticationMethod.kerberos()),
)
IPV4 = st.builds(ipaddress.IPv4Address, UINT32)
SPECIFIC_IPV4 = IPV4.filter(int)


@st.composite
def subnets(draw: st.DrawFn) -> model.Address:
    """Return subnets with any mask, as a person may write one, except those that mean Any or a single address."""
    mask = draw(IPV4.filter(lambda each: 0 < int(each) < 0xFFFFFFFF))
    return model.Address(model.AddressKind.SUBNET, draw(IPV4), mask)


PLAIN_ADDRESS = st.one_of(
    st.just(model.Address.me()),
    st.just(model.Address.any()),
    st.builds(lambda address, name: model.Address.single(str(address), name), SPECIFIC_IPV4, TEXT),
    subnets(),
)
SERVERS = (model.AddressKind.DNS, model.AddressKind.WINS, model.AddressKind.DHCP, model.AddressKind.GATEWAY)
ENDS = st.one_of(
    st.tuples(PLAIN_ADDRESS, PLAIN_ADDRESS),
    st.tuples(PLAIN_ADDRESS, st.sampled_from(SERVERS).map(model.Address)),
    st.tuples(st.sampled_from(SERVERS).map(model.Address), PLAIN_ADDRESS),
)
PROTOCOL = UINT32.map(lambda number: model.known(model.Protocol, number)) | st.sampled_from(model.Protocol)
PORTS = UINT16.map(model.Ports.one)


@st.composite
def filters(draw: st.DrawFn) -> model.Filter:
    source, destination = draw(ENDS)
    return model.Filter(
        source=source,
        destination=destination,
        protocol=draw(PROTOCOL),
        source_port=draw(PORTS),
        destination_port=draw(PORTS),
        mirrored=draw(st.booleans()),
        description=draw(TEXT),
        guid=draw(GUID),
        tunnel_address=draw(st.none() | IPV4),
    )


FILTERS = st.lists(filters(), max_size=4).map(tuple)
FILTER_LIST = st.builds(model.FilterList, NAME, FILTERS, TEXT)

ESP = st.builds(
    model.Algorithm,
    st.just(model.Transform.ESP),
    st.sampled_from(model.Encryption),
    st.sampled_from(model.Integrity),
)
AH = st.builds(
    model.Algorithm,
    st.just(model.Transform.AH),
    st.just(model.Encryption.NONE),
    st.sampled_from([model.Integrity.MD5, model.Integrity.SHA1]),
)
OFFER = st.builds(
    model.Offer,
    st.lists(ESP | AH, max_size=3).map(tuple),
    UINT32,
    UINT32,
    st.booleans(),
)
OFFERS = st.lists(OFFER, max_size=4).map(tuple)
FILTER_ACTION = st.builds(
    model.FilterAction,
    NAME,
    st.sampled_from(model.Action),
    OFFERS,
    st.just(model.FilterActionType.STANDARD),
    TEXT,
)


@st.composite
def main_modes(draw: st.DrawFn) -> model.MainMode:
    """Return main modes whose methods say nothing that the main mode says already."""
    lifetime, limit = draw(st.just(0) | UINT32), draw(st.just(0) | UINT32)
    seconds = st.none() | UINT32.filter(lambda each: each not in (0, lifetime or model.DEFAULT_MAIN_MODE_LIFETIME))
    method = st.builds(
        model.MainModeMethod,
        st.sampled_from(model.IkeEncryption),
        st.sampled_from(model.Integrity),
        st.sampled_from(model.DhGroup),
        seconds,
        st.none() | UINT32.filter(lambda each: each != limit),
        st.just(0) | UINT32,
    )
    return model.MainMode(
        methods=tuple(draw(st.lists(method, max_size=7))),
        lifetime_seconds=lifetime,
        quick_mode_limit=limit,
        master_pfs=draw(st.booleans()),
        options=draw(st.integers(0, 3).map(model.MainModeOption)),
    )


RULE_DATA = st.builds(
    codec.RuleData,
    authentication=st.lists(AUTHENTICATION_METHOD, max_size=3).map(tuple),
    connection_type=st.sampled_from(model.ConnectionType),
    active=st.booleans(),
    tunnel_address=st.none() | IPV4,
    interface_name=TEXT,
    tunnel_name=TEXT,
)


@st.composite
def rules(draw: st.DrawFn) -> model.Rule:
    data = draw(RULE_DATA)
    return model.Rule(
        name=draw(TEXT),
        filter_list=draw(FILTER_LIST),
        filter_action=draw(FILTER_ACTION),
        authentication=data.authentication,
        connection_type=data.connection_type,
        active=data.active,
        tunnel_address=data.tunnel_address,
        description=draw(TEXT),
        interface_name=data.interface_name,
        tunnel_name=data.tunnel_name,
    )


RULE = rules() | st.builds(lambda active: model.default_response_rule(active=active), st.booleans())
POLICY = st.builds(
    model.Policy,
    name=NAME,
    description=TEXT,
    polling_interval=UINT32,
    main_mode=main_modes(),
    rules=st.lists(RULE, max_size=4).map(tuple),
)


def guids(seed: uuid.UUID) -> Callable[[str], uuid.UUID]:
    """Return a function from labels to GUIDs; a label always gets the same one."""
    return functools.partial(uuid.uuid5, seed)


CLASSES = [kind.value for kind in model.ObjectClass]
VALUES = ["ipsecISAKMPReference", "ipsecNFAReference", "ipsecNegotiationPolicyReference", "ipsecFilterReference"]


@st.composite
def graphs(draw: st.DrawFn) -> Tree:
    """Return objects of all classes that refer to each other in any way, including cycles and stale owners."""
    count = draw(st.integers(1, 12))
    kinds = draw(st.lists(st.sampled_from(CLASSES), min_size=count, max_size=count))
    paths = [join(LOCAL, f"{kind}{{{number}}}") for number, kind in enumerate(kinds)]
    targets = st.lists(st.sampled_from([*paths, *(path.upper() for path in paths), "gone"]), max_size=3)
    references = st.dictionaries(st.sampled_from(VALUES), targets.map(Value.multi_sz), max_size=2)
    owners = targets.map(Value.multi_sz)
    return Tree([Key(path, {**draw(references), "ipsecOwnersReference": draw(owners)}) for path in paths])
