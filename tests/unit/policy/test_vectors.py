# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Windows itself wrote is read as what it means."""

from __future__ import annotations

import base64
import uuid

import pytest

from ansible_collections.rras.ipsec.plugins.plugin_utils._policy import codec, model
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.registry import Key, Tree, Value, join
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.store import LOCAL, Store, StoredPolicy, Unreadable
from ansible_collections.rras.ipsec.tests.support.defaults import VECTORS, Vector, tree

ESP_3DES_SHA1 = model.Algorithm(model.Transform.ESP, model.Encryption.TRIPLE_DES, model.Integrity.SHA1)
ESP_3DES_MD5 = model.Algorithm(model.Transform.ESP, model.Encryption.TRIPLE_DES, model.Integrity.MD5)
ESP_NONE_SHA1 = model.Algorithm(model.Transform.ESP, model.Encryption.NONE, model.Integrity.SHA1)
ESP_NONE_MD5 = model.Algorithm(model.Transform.ESP, model.Encryption.NONE, model.Integrity.MD5)
AH_SHA1 = model.Algorithm(model.Transform.AH, model.Encryption.NONE, model.Integrity.SHA1)
AH_MD5 = model.Algorithm(model.Transform.AH, model.Encryption.NONE, model.Integrity.MD5)

MAIN_MODE = model.MainMode(
    (
        model.MainModeMethod(model.IkeEncryption.TRIPLE_DES, model.Integrity.SHA1, model.DhGroup.GROUP_2),
        model.MainModeMethod(model.IkeEncryption.TRIPLE_DES, model.Integrity.MD5, model.DhGroup.GROUP_2),
        model.MainModeMethod(model.IkeEncryption.DES, model.Integrity.SHA1, model.DhGroup.GROUP_1),
        model.MainModeMethod(model.IkeEncryption.DES, model.Integrity.MD5, model.DhGroup.GROUP_1),
    ),
)
KERBEROS = codec.RuleData((model.AuthenticationMethod.kerberos(),))
DEFAULT_OFFERS = tuple(
    model.Offer((algorithm,))
    for algorithm in (ESP_3DES_SHA1, ESP_3DES_MD5, ESP_NONE_SHA1, ESP_NONE_MD5, AH_SHA1, AH_MD5)
)
DEFAULT_RESPONSE = model.FilterAction(
    "",
    model.Action.NEGOTIATE,
    DEFAULT_OFFERS,
    model.FilterActionType.DEFAULT_RESPONSE,
)
REQUEST_SECURITY = model.FilterAction(
    "Request Security (Optional)",
    model.Action.NEGOTIATE_ACCEPTING_UNSECURED,
    (
        model.Offer((ESP_3DES_SHA1,), 900, 100_000),
        model.Offer((ESP_NONE_SHA1,), 900, 100_000),
        model.Offer((AH_SHA1,), 300, 100_000),
        model.Offer((AH_MD5,), 300, 100_000),
        model.Offer(()),
    ),
)
REQUIRE_SECURITY = model.FilterAction(
    "Require Security",
    model.Action.NEGOTIATE_ACCEPTING_UNSECURED,
    tuple(
        model.Offer((algorithm,), 900, 100_000)
        for algorithm in (ESP_3DES_SHA1, ESP_3DES_MD5, ESP_NONE_SHA1, ESP_NONE_MD5)
    ),
)
PERMIT = model.FilterAction("Permit", model.Action.PERMIT)
ME_TO_ANY = model.Address.me(), model.Address.any()
ALL_TRAFFIC = model.FilterList("All IP Traffic", (model.Filter(*ME_TO_ANY),))
ALL_ICMP = model.FilterList("All ICMP Traffic", (model.Filter(*ME_TO_ANY, model.Protocol.ICMP),))

# By the GUIDs of Windows itself; the three policies in their order.
MEANINGS = {
    "ipsecPolicy{72385230-70FA-11D1-864C-14A300000000}": codec.PolicyData(10_800),
    "ipsecISAKMPPolicy{72385231-70FA-11D1-864C-14A300000000}": MAIN_MODE,
    "ipsecNFA{72385232-70FA-11D1-864C-14A300000000}": KERBEROS,
    "ipsecNFA{59319BE2-5EE3-11D2-ACE8-0060B0ECCA17}": KERBEROS,
    "ipsecNFA{594272E2-071D-11D3-AD22-0060B0ECCA17}": KERBEROS,
    "ipsecNegotiationPolicy{72385233-70FA-11D1-864C-14A300000000}": REQUEST_SECURITY,
    "ipsecFilter{7238523A-70FA-11D1-864C-14A300000000}": ALL_TRAFFIC,
    "ipsecNegotiationPolicy{59319BDF-5EE3-11D2-ACE8-0060B0ECCA17}": DEFAULT_RESPONSE,
    "ipsecNegotiationPolicy{7238523B-70FA-11D1-864C-14A300000000}": PERMIT,
    "ipsecFilter{72385235-70FA-11D1-864C-14A300000000}": ALL_ICMP,
    "ipsecPolicy{72385236-70FA-11D1-864C-14A300000000}": codec.PolicyData(10_800),
    "ipsecISAKMPPolicy{72385237-70FA-11D1-864C-14A300000000}": MAIN_MODE,
    "ipsecNFA{59319C04-5EE3-11D2-ACE8-0060B0ECCA17}": KERBEROS,
    "ipsecNegotiationPolicy{59319C01-5EE3-11D2-ACE8-0060B0ECCA17}": DEFAULT_RESPONSE,
    "ipsecPolicy{7238523C-70FA-11D1-864C-14A300000000}": codec.PolicyData(10_800),
    "ipsecISAKMPPolicy{7238523D-70FA-11D1-864C-14A300000000}": MAIN_MODE,
    "ipsecNFA{7238523E-70FA-11D1-864C-14A300000000}": KERBEROS,
    "ipsecNFA{59319BF3-5EE3-11D2-ACE8-0060B0ECCA17}": KERBEROS,
    "ipsecNFA{594272FD-071D-11D3-AD22-0060B0ECCA17}": KERBEROS,
    "ipsecNegotiationPolicy{7238523F-70FA-11D1-864C-14A300000000}": REQUIRE_SECURITY,
    "ipsecNegotiationPolicy{59319BF0-5EE3-11D2-ACE8-0060B0ECCA17}": DEFAULT_RESPONSE,
}
VERSION_INFORMATION = "ipsecNFA{6A1F5C6F-72B7-11D2-ACF0-0060B0ECCA17}"


def encoded(vector: Vector, part: object) -> bytes:
    """Return the data of an object as we write it."""
    match part:
        case codec.PolicyData():
            return codec.encode_policy(part)
        case model.MainMode():
            # The instance that Windows wrote is not the object's GUID, as the specification says it is.
            return codec.encode_main_mode(part, uuid.UUID(bytes_le=vector.data[20:36]))
        case codec.RuleData():
            return codec.encode_rule(part)
        case model.FilterAction():
            return codec.encode_filter_action(part.offers)
        case model.FilterList():
            return codec.encode_filter_list(part.filters)
    raise AssertionError(part)


def by_name(vector: Vector) -> str:
    return vector.kind + vector.guid


@pytest.fixture(scope="module")
def store() -> Store:
    return Store.read(tree())


def test_every_object_has_a_meaning() -> None:
    assert {by_name(vector) for vector in VECTORS} == {*MEANINGS, VERSION_INFORMATION}


@pytest.mark.parametrize("name", MEANINGS)
def test_each_object_means_what_the_table_says(store: Store, name: str) -> None:
    assert store.part(name) == MEANINGS[name]


def test_names_are_read_too(store: Store) -> None:
    names = [part.name for part in map(store.part, MEANINGS) if isinstance(part, model.FilterAction | model.FilterList)]
    expected = [part.name for part in MEANINGS.values() if isinstance(part, model.FilterAction | model.FilterList)]
    assert names == expected


def test_the_rule_of_an_unknown_format_is_unreadable_and_nothing_else(store: Store) -> None:
    reason = "unknown format 6a1f5c6f-72b7-11d2-acf0-0060b0ecca17"
    assert store.unreadable == (Unreadable(join(LOCAL, VERSION_INFORMATION), reason),)


def test_the_policies_are_put_together(store: Store) -> None:
    request, client, require = store.policies
    permit_icmp = model.Rule(
        "Permit unsecure ICMP packets to pass through.",
        ALL_ICMP,
        PERMIT,
        (model.AuthenticationMethod.kerberos(),),
    )
    default_response = model.default_response_rule(active=True)
    assert client.policy == model.Policy("Client (Respond Only)", "", 10_800, MAIN_MODE, (default_response,))
    assert require.policy.rules == (
        permit_icmp,
        default_response,
        model.Rule("Require Security", ALL_TRAFFIC, REQUIRE_SECURITY, (model.AuthenticationMethod.kerberos(),)),
    )
    assert [rule.name for rule in request.policy.rules] == [permit_icmp.name, "", "Request Security (Optional) Rule"]
    assert [policy.unreadable for policy in (request, client, require)] == [(), (), ()]


def test_insecure_policies_are_recognized(store: Store) -> None:
    request, _client, require = store.policies
    assert [insecure(policy) for policy in (request, require)] == [(True, True), (True, False)]


def insecure(policy: StoredPolicy) -> tuple[bool, bool]:
    action = policy.policy.rules[-1].filter_action
    return action.accepts_unsecured, action.falls_back_to_clear_text


@pytest.mark.parametrize("vector", [vector for vector in VECTORS if by_name(vector) in MEANINGS], ids=by_name)
def test_what_we_write_is_read_as_the_same(vector: Vector) -> None:
    part = Store.read(tree()).part(vector.path)
    data = encoded(vector, part)
    rewritten = Key(vector.path, {**vector.key, "ipsecData": Value.binary(data)})
    assert Store.read(Tree([rewritten])).part(vector.path) == part
    assert len(data) == len(vector.data)


IDENTICAL = [
    vector
    for vector in VECTORS
    if vector.kind in ("ipsecPolicy", "ipsecFilter") or MEANINGS.get(by_name(vector)) == KERBEROS
]


@pytest.mark.parametrize("vector", IDENTICAL, ids=by_name)
def test_where_windows_leaves_no_garbage_we_write_the_same_bytes(vector: Vector) -> None:
    assert encoded(vector, Store.read(tree()).part(vector.path)) == vector.data


def test_the_permitting_filter_action_is_written_byte_for_byte() -> None:
    assert codec.encode_filter_action(()) == base64.b64decode("uSDcgMgu0RGongCgJI0wIQQAAAAAAAAAAA==")
