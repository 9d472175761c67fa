# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Registry keys to policies and back; what the removal of a policy may delete."""

from __future__ import annotations

import dataclasses
import uuid
from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.rras.ipsec.plugins.plugin_utils._policy import codec, model
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.registry import Key, Kind, Tree, Value, join
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.store import (
    LOCAL,
    Store,
    Unreadable,
    object_keys,
)
from ansible_collections.rras.ipsec.tests.support import gpipsec, strategies
from ansible_collections.rras.ipsec.tests.support.defaults import tree as defaults
from ansible_collections.rras.ipsec.tests.support.strategies import VALUES, graphs

SEED = uuid.UUID("6f1c8a52-0d3e-4b7a-9c55-2f1f0f6f4a10")
GUIDS = strategies.guids(SEED)
WHEN = 1_700_000_000
KEY = model.AuthenticationMethod.preshared_key("correct horse")
ESP = model.Algorithm(model.Transform.ESP, model.Encryption.TRIPLE_DES, model.Integrity.SHA1)
PAIR = model.FilterList(
    "tokyo-osaka",
    (
        model.Filter(
            model.Address.single("192.0.2.1"),
            model.Address.single("198.51.100.7"),
            model.Protocol.UDP,
            model.Ports.one(1701),
        ),
    ),
    "UDP 1701 between the two",
)
MANY = dataclasses.replace(PAIR.filters[0], guid=SEED)
OTHERS = model.FilterList("others", (model.Filter(model.Address.me(), model.Address.any(), model.Protocol.UDP),))
ENCRYPT = model.FilterAction(
    "encrypt", model.Action.NEGOTIATE, (model.Offer((ESP,), 3_600, 100_000),), description="3DES"
)
BLOCK = model.FilterAction("block", model.Action.BLOCK)
POLICY = model.Policy(
    "L2TP",
    "L2TP between RRAS servers",
    10_800,
    model.MainMode(
        (model.MainModeMethod(model.IkeEncryption.TRIPLE_DES, model.Integrity.SHA1, model.DhGroup.GROUP_2),),
        28_800,
    ),
    (
        model.Rule("tokyo-osaka", PAIR, ENCRYPT, (KEY,), description="one key"),
        model.Rule("others", OTHERS, BLOCK, (model.AuthenticationMethod.kerberos(),)),
        model.default_response_rule(),
    ),
)
KEYS = {key.name.partition("{")[0] + key.text("ipsecName"): key for key in object_keys(POLICY, GUIDS, WHEN)}
NAMES = {
    "policy": "ipsecPolicyL2TP",
    "main mode": "ipsecISAKMPPolicy",
    "rule": "ipsecNFAtokyo-osaka",
    "filter action": "ipsecNegotiationPolicyencrypt",
    "filter list": "ipsecFiltertokyo-osaka",
}


def path(what: str) -> str:
    return KEYS[NAMES[what]].path


def changed(what: str, **values: Value | None) -> Tree:
    """Return the store with some values of one object changed, or left out where they are None."""
    key = KEYS[NAMES[what]]
    kept = {name: value for name, value in {**key, **values}.items() if value is not None}
    return Tree([*KEYS.values(), Key(key.path, kept)])


def active(text: str, keys: Iterable[Key] = KEYS.values()) -> Store:
    return Store.read(Tree([Key(LOCAL, {"ActivePolicy": Value.sz(text)}), *keys]))


class TestReading:
    def test_a_store_without_anything(self) -> None:
        store = Store.read(Tree())
        assert (store.active_path, store.active, store.policies, store.unreadable) == ("", None, (), ())
        assert store.removable([path("policy")]) == ()

    def test_what_we_wrote(self) -> None:
        store = Store.read(Tree(KEYS.values()))
        (stored,) = store.policies
        assert stored.policy == POLICY
        assert (stored.path, stored.guid) == (path("policy"), f"{{{GUIDS('policy')}}}".upper())
        assert (stored.name, stored.unreadable, store.unreadable) == ("L2TP", (), ())
        assert stored.rule_paths == tuple(key.path for name, key in KEYS.items() if name.startswith("ipsecNFA"))
        texts = [
            (rule.filter_action.name, rule.filter_list.name if rule.filter_list else "") for rule in stored.policy.rules
        ]
        assert texts == [("encrypt", "tokyo-osaka"), ("block", "others"), ("", "")]
        first = stored.policy.rules[0]
        assert (first.filter_action.description, first.filters) == ("3DES", PAIR.filters)

    @given(strategies.POLICY, st.uuids())
    def test_any_policy(self, policy: model.Policy, seed: uuid.UUID) -> None:
        (stored,) = Store.read(Tree(object_keys(policy, strategies.guids(seed), WHEN))).policies
        assert (stored.policy, stored.unreadable) == (policy, ())
        assert model.meaning(stored.policy) == model.meaning(policy)

    def test_other_parts_of_the_registry_are_left_alone(self) -> None:
        elsewhere = Key(r"SOFTWARE\rras.ipsec\Backup\ipsecPolicy{1}", {})
        below = Key(join(path("policy"), "below"), {})
        store = Store.read(Tree([elsewhere, below, *KEYS.values()]))
        assert set(store.objects) == {key.path for key in KEYS.values()}

    def test_the_case_of_names_is_whatever_a_tool_wrote(self) -> None:
        def shouted(value: Value) -> Value:
            return Value(value.kind, value.text.swapcase().encode("utf-16-le"))

        def key(before: Key) -> Key:
            references = {name: shouted(value) for name, value in before.items() if name.endswith("Reference")}
            return Key(
                before.path.swapcase(), {name.upper(): value for name, value in {**before, **references}.items()}
            )

        store = active(path("policy").upper(), map(key, KEYS.values()))
        assert store.active is not None
        assert store.active.policy == POLICY
        assert store.find("l2tp") == (store.active,)
        assert len(store.removable([path("policy").lower()], within=[each.upper() for each in store.objects])) == len(
            KEYS
        )


class TestActive:
    @pytest.mark.parametrize(
        "text",
        [path("policy"), path("policy").lower(), "HKEY_LOCAL_MACHINE\\" + path("policy"), "\\" + path("policy")],
    )
    def test_the_assigned_policy(self, text: str) -> None:
        store = active(text)
        assert store.active == store.policies[0]
        assert store.active_path == text

    @pytest.mark.parametrize(
        "text",
        ["", join(LOCAL, "ipsecPolicy{0}"), path("rule"), path("policy").replace("Local", "Cache"), "nonsense", "\\"],
    )
    def test_an_assignment_that_leads_nowhere(self, text: str) -> None:
        store = active(text)
        assert (store.active, store.active_path) == (None, text)

    def test_finding_by_name(self) -> None:
        store = Store.read(Tree([*KEYS.values(), *object_keys(POLICY, strategies.guids(uuid.UUID(int=1)), WHEN)]))
        assert store.find("L2TP") == store.find("l2tp") == store.policies
        assert store.find("L2") == ()
        assert store.at(path("policy")) == store.policies[0]


UNKNOWN = Value.binary(gpipsec.structure("6a1f5c6f-72b7-11d2-acf0-0060b0ecca17", b""))
DAMAGED = Value.binary(gpipsec.structure(gpipsec.RULE, gpipsec.u32(1, 1, 0x00730065) + b"c\0r\0"))
WITHHELD = Value(Kind.WITHHELD, gpipsec.u32(163) + bytes(32))


class TestUnreadable:
    """What can't be read is listed with the reason; the rest is there."""

    @pytest.mark.parametrize(
        ("what", "value", "reason"),
        [
            ("rule", UNKNOWN, "unknown format 6a1f5c6f-72b7-11d2-acf0-0060b0ecca17"),
            ("rule", WITHHELD, "unknown format (163 bytes)"),
            ("rule", DAMAGED, "Auth-Method-Data at offset 32 is damaged"),
            ("rule", None, "it has no ipsecData"),
            ("rule", Value.sz("text"), "ipsecData is of the kind sz instead of binary"),
            ("filter list", Value.binary(b""), "identity at offset 0: expected 16 bytes, found 0"),
        ],
    )
    def test_the_reason(self, what: str, value: Value | None, reason: str) -> None:
        store = Store.read(changed(what, ipsecData=value))
        assert store.unreadable[0] == Unreadable(path(what), reason)
        assert store.part(path(what)) == store.unreadable[0]

    def test_a_rule_is_left_out_of_its_policy(self) -> None:
        (stored,) = Store.read(changed("rule", ipsecData=UNKNOWN)).policies
        assert stored.policy == dataclasses.replace(POLICY, rules=POLICY.rules[1:])
        assert len(stored.rule_paths) == 2
        assert [item.path for item in stored.unreadable] == [path("rule")]

    @pytest.mark.parametrize("what", ["filter action", "filter list"])
    def test_a_rule_whose_parts_can_t_be_read_is_left_out_too(self, what: str) -> None:
        store = Store.read(changed(what, ipsecData=UNKNOWN))
        (stored,) = store.policies
        reason = f"it refers to {path(what)}, which can't be read: unknown format 6a1f5c6f-72b7-11d2-acf0-0060b0ecca17"
        assert stored.unreadable == (Unreadable(path("rule"), reason),)
        assert [item.path for item in store.unreadable] == [path(what), path("rule")]
        assert stored.policy.rules == POLICY.rules[1:]

    def test_a_policy_without_readable_data_and_main_mode_is_still_there(self) -> None:
        values = {**KEYS[NAMES["policy"]], "ipsecData": UNKNOWN, "ipsecISAKMPReference": Value.sz("")}
        store = active(path("policy"), [*KEYS.values(), Key(path("policy"), values)])
        assert store.active is not None
        assert store.active.policy == dataclasses.replace(POLICY, polling_interval=0, main_mode=model.MainMode())
        assert store.active.unreadable == (
            Unreadable(path("policy"), "unknown format 6a1f5c6f-72b7-11d2-acf0-0060b0ecca17"),
            Unreadable(path("policy"), "ipsecISAKMPReference holds 0 references instead of one"),
        )

    @pytest.mark.parametrize(
        ("what", "name", "value", "reason"),
        [
            ("policy", "ipsecISAKMPReference", Value.sz("ipsecX{1}"), "it refers to ipsecX{1}, which does not exist"),
            (
                "policy",
                "ipsecISAKMPReference",
                Value.sz(path("rule")),
                f"it refers to {path('rule')}, which is of the wrong class",
            ),
            ("policy", "ipsecNFAReference", Value.multi_sz(["gone"]), "it refers to gone, which does not exist"),
            (
                "policy",
                "ipsecNFAReference",
                Value.multi_sz([path("policy")]),
                f"it refers to {path('policy')}, which is of the wrong class",
            ),
            (
                "rule",
                "ipsecNegotiationPolicyReference",
                None,
                "ipsecNegotiationPolicyReference holds 0 references instead of one",
            ),
            (
                "rule",
                "ipsecNegotiationPolicyReference",
                Value.multi_sz([path("filter action")] * 2),
                "ipsecNegotiationPolicyReference holds 2 references instead of one",
            ),
            (
                "rule",
                "ipsecFilterReference",
                Value.multi_sz([path("filter list"), "gone"]),
                "it refers to gone, which does not exist",
            ),
        ],
    )
    def test_references_that_lead_nowhere(self, what: str, name: str, value: Value | None, reason: str) -> None:
        store = Store.read(changed(what, **{name: value}))
        assert store.policies[0].unreadable == store.unreadable == (Unreadable(path(what), reason),)

    def test_objects_of_unknown_classes(self) -> None:
        names = ["ipsecBundle{1}", "ipsecPolicy", "Something else"]
        store = Store.read(Tree([Key(join(LOCAL, name), {}) for name in names]))
        assert store.unreadable == tuple(Unreadable(join(LOCAL, name), "unknown class of object") for name in names)

    @given(st.sampled_from(sorted(KEYS)), st.binary(max_size=60))
    def test_any_bytes_end_in_a_store(self, name: str, data: bytes) -> None:
        before = KEYS[name]
        mutated = Key(before.path, {**before, "ipsecData": Value.binary(before["ipsecData"].data[:30] + data)})
        store = Store.read(Tree([*KEYS.values(), mutated]))
        assert len(store.policies) == 1
        assert store.removable([path("policy")]) == Store.read(Tree(KEYS.values())).removable([path("policy")])


class TestReferences:
    def test_both_directions(self) -> None:
        store = Store.read(changed("filter list", ipsecOwnersReference=Value.multi_sz(["stale", path("policy")])))
        assert store.references(path("rule")) == (path("filter action"), path("filter list"))
        assert store.references(path("filter list")) == ()
        assert store.owners(path("filter list")) == (path("rule"),)
        assert store.owners(path("rule")) == (path("policy"),)
        assert store.owners(path("policy")) == ()

    def test_a_missing_object_has_none(self) -> None:
        store = Store.read(Tree(KEYS.values()))
        assert (store.references("gone"), store.owners("gone"), store.part("gone")) == ((), (), None)

    def test_a_rule_twice_is_one_rule(self) -> None:
        rules = KEYS[NAMES["policy"]].texts("ipsecNFAReference")
        store = Store.read(changed("policy", ipsecNFAReference=Value.multi_sz([*rules, *rules])))
        assert store.policies[0].policy == POLICY

    def test_several_filter_lists_of_a_rule_are_read_as_one(self) -> None:
        both = [path("filter list"), KEYS["ipsecFilterothers"].path]
        store = Store.read(changed("rule", ipsecFilterReference=Value.multi_sz(both)))
        filter_list = store.policies[0].policy.rules[0].filter_list
        assert filter_list is not None
        assert (filter_list.name, filter_list.filters) == ("tokyo-osaka, others", PAIR.filters + OTHERS.filters)

    def test_lists_that_multiply_are_not_multiplied(self) -> None:
        """A store of a few megabytes could mean a thousand million filters."""
        data = Value.binary(codec.encode_filter_list([MANY] * 30_000))
        larger = Key(path("filter list"), {**KEYS[NAMES["filter list"]], "ipsecData": data})
        twice = Key(
            path("rule"), {**KEYS[NAMES["rule"]], "ipsecFilterReference": Value.multi_sz([larger.path] * 9_999)}
        )
        store = Store.read(Tree([*KEYS.values(), larger, twice]))
        reason = "the rules of the store refer to more than 50000 filters"
        assert store.policies[0].unreadable == (Unreadable(path("rule"), reason),)
        assert [rule.name for rule in store.policies[0].policy.rules] == ["others", ""]

    def test_policies_that_share_rules_share_the_limit(self) -> None:
        many = Value.binary(codec.encode_filter_list([MANY] * 30_000))
        larger = Key(path("filter list"), {**KEYS[NAMES["filter list"]], "ipsecData": many})
        again = Key(join(LOCAL, "ipsecPolicy{00000000-0000-0000-0000-000000000001}"), KEYS[NAMES["policy"]])
        first, second = Store.read(Tree([*KEYS.values(), larger, again])).policies
        assert (len(first.unreadable), len(second.unreadable)) == (0, 1)

    def test_objects_that_all_refer_to_all(self) -> None:
        """As many as fit into the largest answer that is looked at, in circles of every length."""
        paths = [
            join(LOCAL, f"{kind.value}{{{number:08X}-0000-0000-0000-000000000000}}")
            for kind in model.ObjectClass
            for number in range(30)
        ]
        everything = Value.multi_sz(paths)
        store = Store.read(
            Tree(Key(each, dict.fromkeys([*VALUES, "ipsecOwnersReference"], everything)) for each in paths)
        )
        assert len(store.policies) == 30
        assert all(policy.unreadable for policy in store.policies)
        assert set(store.removable(paths)) == store.parts_of(paths[0]) == set(paths)

    def test_access_lists_of_the_rules(self) -> None:
        access = {path("rule").upper(): "D:P", path("filter list"): "D:(A;;KR;;;BU)"}
        (stored,) = Store.read(changed("rule", ipsecData=UNKNOWN), access).policies
        assert stored.access == {path("rule"): "D:P"}
        assert hash(stored) == hash(Store.read(changed("rule", ipsecData=UNKNOWN)).policies[0])


class TestRemovable:
    """What the removal of policies may delete."""

    def test_all_of_a_policy_on_its_own(self) -> None:
        store = Store.read(Tree(KEYS.values()))
        removable = store.removable([path("policy")])
        assert set(removable) == {key.path for key in KEYS.values()}
        assert removable[0] == path("policy")
        assert all(removable.index(owner) < removable.index(each) for each in removable for owner in store.owners(each))

    def test_what_windows_shares_stays(self) -> None:
        """Two of the default policies use "All IP Traffic", "All ICMP Traffic" and "Permit"."""
        store = Store.read(defaults())
        request, client, require = (policy.path for policy in store.policies)
        shared = {"ipsecFilter{7238523A", "ipsecFilter{72385235", "ipsecNegotiationPolicy{7238523B"}
        removed = store.removable([request])
        assert len(removed) == 7
        assert not {each.removeprefix(LOCAL + "\\").partition("-")[0] for each in removed} & shared
        both = store.removable([request, require])
        assert {each.removeprefix(LOCAL + "\\").partition("-")[0] for each in both} >= shared
        assert len(store.removable([request, client, require])) == len(store.objects) - 1

    def test_an_orphan_keeps_what_it_refers_to(self) -> None:
        orphan = Key(join(LOCAL, "ipsecNFA{0}"), {"ipsecFilterReference": Value.multi_sz([path("filter list")])})
        store = Store.read(Tree([*KEYS.values(), orphan]))
        assert set(store.removable([path("policy")])) == {key.path for key in KEYS.values()} - {path("filter list")}

    def test_what_an_object_of_an_unknown_class_refers_to_stays(self) -> None:
        unknown = Key(join(LOCAL, "ipsecBundle{0}"), {"ipsecBundleReference": Value.sz(path("rule"))})
        removable = Store.read(Tree([*KEYS.values(), unknown])).removable([path("policy")])
        kept = {path("rule"), path("filter action"), path("filter list")}
        assert set(removable) == {key.path for key in KEYS.values()} - kept

    def test_a_stale_owner_keeps_nothing(self) -> None:
        stale = {"ipsecOwnersReference": Value.multi_sz([path("filter list")])}
        stranger = Key(join(LOCAL, "ipsecFilter{0}"), stale)
        removable = Store.read(Tree([*KEYS.values(), stranger])).removable([path("policy")])
        assert set(removable) == {key.path for key in KEYS.values()}

    def test_only_what_is_ours(self) -> None:
        store = Store.read(Tree(KEYS.values()))
        ours = [each.upper() for each in store.objects if each not in (path("rule"), path("main mode"))]
        kept = {path("rule"), path("main mode"), path("filter action"), path("filter list")}
        assert set(store.removable([path("policy")], within=ours)) == set(store.objects) - kept
        assert store.removable([path("policy")], within=[]) == ()
        assert store.removable([path("policy")], within=["gone"]) == ()

    def test_a_policy_that_another_one_refers_to_stays(self) -> None:
        other = Key(join(LOCAL, "ipsecPolicy{0}"), {"ipsecNFAReference": Value.multi_sz([path("policy")])})
        assert Store.read(Tree([*KEYS.values(), other])).removable([path("policy")]) == ()


class TestRemovableInAnyStore:
    @given(graphs(), st.data())
    def test_it_is_the_largest_part_that_nothing_outside_refers_to(self, tree: Tree, data: st.DataObject) -> None:
        store = Store.read(tree)
        chosen = data.draw(st.lists(st.sampled_from(sorted(tree)), unique=True, max_size=4))
        within = data.draw(st.none() | st.lists(st.sampled_from(sorted(tree)), unique=True))
        removable = store.removable(chosen, within)
        assert set(removable) == largest_closed(
            store, reachable(store, chosen) & set(tree if within is None else within)
        )
        assert len(removable) == len(set(removable))

    @given(graphs(), strategies.POLICY, st.uuids())
    def test_present_and_absent_leave_the_others_as_they_were(
        self,
        foreign: Tree,
        policy: model.Policy,
        seed: uuid.UUID,
    ) -> None:
        keys = object_keys(policy, strategies.guids(seed), WHEN)
        store = Store.read(Tree([*foreign.values(), *keys]))
        assert set(store.removable([keys[-1].path])) == {key.path for key in keys}

    @given(graphs(), st.data())
    def test_a_shared_filter_list_survives_until_the_last_policy_goes(self, tree: Tree, data: st.DataObject) -> None:
        store = Store.read(tree)
        chosen = data.draw(st.lists(st.sampled_from(sorted(tree)), unique=True, max_size=4))
        one_by_one: set[str] = set()
        for policy in chosen:
            rest = Store.read(Tree([key for key in tree.values() if key.path not in one_by_one]))
            one_by_one |= set(rest.removable([policy]))
        assert one_by_one <= set(store.removable(chosen))


def reachable(store: Store, paths: Iterable[str]) -> set[str]:
    reached = set(paths)
    while more := {target for path in reached for target in store.references(path)} - reached:
        reached |= more
    return reached


def largest_closed(store: Store, paths: set[str]) -> set[str]:
    """Return the largest part that no object outside it refers to, by taking out what is referred to."""
    while needed := {path for path in paths if set(store.owners(path)) - paths}:
        paths = paths - needed
    return paths


class TestKeys:
    """The keys of a new generation, as Windows writes them."""

    @pytest.mark.parametrize(
        ("what", "label", "expected"),
        [
            (
                "policy",
                "policy",
                {
                    "ipsecName": Value.sz("L2TP"),
                    "description": Value.sz("L2TP between RRAS servers"),
                    "ipsecISAKMPReference": Value.sz(path("main mode")),
                    "ipsecNFAReference": Value.multi_sz(
                        [key.path for name, key in KEYS.items() if name.startswith("ipsecNFA")],
                    ),
                },
            ),
            ("main mode", "main mode", {"ipsecOwnersReference": Value.multi_sz([path("policy")])}),
            (
                "rule",
                "rule 0",
                {
                    "ipsecName": Value.sz("tokyo-osaka"),
                    "description": Value.sz("one key"),
                    "ipsecNegotiationPolicyReference": Value.sz(path("filter action")),
                    "ipsecFilterReference": Value.multi_sz([path("filter list")]),
                    "ipsecOwnersReference": Value.multi_sz([path("policy")]),
                },
            ),
            (
                "filter action",
                "filter action 0",
                {
                    "ipsecName": Value.sz("encrypt"),
                    "description": Value.sz("3DES"),
                    "ipsecNegotiationPolicyAction": Value.sz("{8A171DD3-77E3-11D1-8659-A04F00000000}"),
                    "ipsecNegotiationPolicyType": Value.sz("{62F49E10-6C37-11D1-864C-14A300000000}"),
                    "ipsecOwnersReference": Value.multi_sz([path("rule")]),
                },
            ),
            (
                "filter list",
                "filter list 0",
                {
                    "ipsecName": Value.sz("tokyo-osaka"),
                    "description": Value.sz("UDP 1701 between the two"),
                    "ipsecOwnersReference": Value.multi_sz([path("rule")]),
                },
            ),
        ],
    )
    def test_values(self, what: str, label: str, expected: dict[str, Value]) -> None:
        kind = NAMES[what].removesuffix(expected.get("ipsecName", Value.sz("")).text)
        guid = f"{{{GUIDS(label)}}}".upper()
        common = {
            "ClassName": Value.sz(kind),
            "name": Value.sz(kind + guid),
            "ipsecID": Value.sz(guid),
            "ipsecDataType": Value.dword(0x100),
            "whenChanged": Value.dword(WHEN),
        }
        key = KEYS[NAMES[what]]
        assert key.path == join(LOCAL, kind + guid)
        assert {name: value for name, value in key.items() if name != "ipsecData"} == common | expected

    def test_data(self) -> None:
        data = {what: KEYS[name]["ipsecData"] for what, name in NAMES.items()}
        filters = [dataclasses.replace(PAIR.filters[0], guid=GUIDS("filter 0.0"))]
        assert data == {
            "policy": Value.binary(codec.encode_policy(codec.PolicyData(10_800))),
            "main mode": Value.binary(codec.encode_main_mode(POLICY.main_mode, GUIDS("main mode"))),
            "rule": Value.binary(codec.encode_rule(POLICY.rules[0])),
            "filter action": Value.binary(codec.encode_filter_action(ENCRYPT.offers)),
            "filter list": Value.binary(codec.encode_filter_list(filters)),
        }

    def test_the_default_response_rule_has_no_filter_list_and_its_own_type_of_filter_action(self) -> None:
        rule, action = KEYS["ipsecNFA"], KEYS["ipsecNegotiationPolicy"]
        assert "ipsecFilterReference" not in rule
        assert "ipsecName" not in rule
        assert rule.text("ipsecNegotiationPolicyReference") == action.path
        assert action.text("ipsecNegotiationPolicyType") == "{62F49E13-6C37-11D1-864C-14A300000000}"

    def test_another_name(self) -> None:
        key = object_keys(POLICY, GUIDS, WHEN, "L2TP (staged)")[-1]
        assert (key.text("ipsecName"), key.path) == ("L2TP (staged)", path("policy"))

    def test_what_is_referred_to_comes_first(self) -> None:
        written: list[str] = []
        for key in KEYS.values():
            references = [text for name in VALUES for text in key.texts(name)]
            assert set(references) <= set(written)
            written.append(key.path)

    def test_rules_share_what_is_equal(self) -> None:
        first = POLICY.rules[0]
        renamed = dataclasses.replace(first, filter_list=dataclasses.replace(PAIR, name="another name"))
        keys = object_keys(dataclasses.replace(POLICY, rules=(first, renamed, first)), GUIDS, WHEN)
        rules, actions, lists = (
            [key for key in keys if key.name.startswith(kind + "{")]
            for kind in ("ipsecNFA", "ipsecNegotiationPolicy", "ipsecFilter")
        )
        assert [key.text("ipsecName") for key in lists] == ["tokyo-osaka", "another name"]
        assert [key.texts("ipsecOwnersReference") for key in lists] == [
            (rules[0].path, rules[2].path),
            (rules[1].path,),
        ]
        assert [key.texts("ipsecOwnersReference") for key in actions] == [tuple(key.path for key in rules)]
        assert [key.texts("ipsecFilterReference") for key in rules] == [(lists[n].path,) for n in (0, 1, 0)]

    def test_each_filter_has_a_guid_of_its_own(self) -> None:
        both = model.FilterList("both", PAIR.filters * 2)
        policy = dataclasses.replace(POLICY, rules=(dataclasses.replace(POLICY.rules[0], filter_list=both),))
        (stored,) = Store.read(Tree(object_keys(policy, GUIDS, WHEN))).policies
        guids = [filter_.guid for filter_ in stored.policy.rules[0].filters]
        assert guids == [GUIDS("filter 0.0"), GUIDS("filter 0.1")]

    def test_what_version_1_can_t_say_is_refused(self) -> None:
        ipv6 = model.FilterList("v6", (model.Filter(model.Address.any(), model.Address.single("2001:db8::1")),))
        policy = dataclasses.replace(POLICY, rules=(dataclasses.replace(POLICY.rules[0], filter_list=ipv6),))
        with pytest.raises(codec.CodecError, match="expected an IPv4 address, found 2001:db8::1"):
            object_keys(policy, GUIDS, WHEN)


class TestKeysWithPresharedKeys:
    def test_only_the_rule_with_one_has_one(self) -> None:
        assert [name for name, key in KEYS.items() if key.holds_preshared_key] == [NAMES["rule"]]
