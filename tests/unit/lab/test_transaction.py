# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The twin of transaction.ps1: every verb, on a table of transactions, and what an impaired host makes of them."""

from __future__ import annotations

import base64
import struct
from pathlib import Path

import pytest

from ansible_collections.rras.ipsec.plugins.plugin_utils._host import records
from ansible_collections.rras.ipsec.plugins.plugin_utils._host.records import Fault, Outcome
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy import codec, firewall
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.registry import Key, Kind, Tree, Value, join
from ansible_collections.rras.ipsec.tests.lab import Host, HostSpec, NetshFault, PoweredOff, RecordRefusedError
from ansible_collections.rras.ipsec.tests.lab.twin.digests import NAMELESS
from ansible_collections.rras.ipsec.tests.lab.twin.grammar import VERBS
from ansible_collections.rras.ipsec.tests.lab.twin.transaction import ScriptRun
from ansible_collections.rras.ipsec.tests.lab.windows.firewall import rules
from ansible_collections.rras.ipsec.tests.lab.windows.installation import COMPUTER_NAME, CRYPTOGRAPHY, INTERFACES
from ansible_collections.rras.ipsec.tests.lab.windows.registry import Registry, differences
from ansible_collections.rras.ipsec.tests.support import transactions
from ansible_collections.rras.ipsec.tests.support.transactions import (
    ABSENT,
    BEFORE,
    FAILING,
    FAILS,
    FROM_NOTHING,
    IPSEC,
    OTHER_KEY,
    OWN,
    POLICY,
    PRESHARED_KEY,
    RASMAN,
    RULES,
    STORE,
    SUCCEEDING,
    TransactionCase,
    marked,
    record,
    set_text,
    start,
    stop,
)


@pytest.fixture
def machine(host: Host) -> Host:
    """Return a host that holds what the table of transactions expects."""
    host.registry.remove_tree(RASMAN)
    host.registry.load(BEFORE)
    return host


def kept(host: Host) -> Tree:
    """Return all that a transaction may change."""
    return Tree(key for path in (STORE, OWN, RASMAN) for key in host.registry.snapshot(path).values())


def run(host: Host, *lines: str, nonce: bytes = transactions.NONCE, refused: Fault | None = None) -> records.Answer:
    return records.decode(ScriptRun(host).run([record("Prepare", nonce, "30"), *lines], refused=refused))


@pytest.mark.parametrize("case", SUCCEEDING, ids=lambda case: case.name)
def test_transactions_that_succeed(machine: Host, case: TransactionCase) -> None:
    assert run(machine, *case.records).failure is None


@pytest.mark.parametrize("case", marked(FAILING))
def test_transactions_that_fail_change_nothing(machine: Host, case: TransactionCase) -> None:
    before = kept(machine)
    running = [machine.services.is_running(name) for name in ("PolicyAgent", "IKEEXT")]
    failure = run(machine, *case.records).failure
    assert failure is not None
    assert (failure.fault, failure.outcome) == (case.fault, case.outcome)
    assert differences(before, kept(machine)) == []
    assert [machine.services.is_running(name) for name in ("PolicyAgent", "IKEEXT")] == running


def test_the_table_knows_every_verb() -> None:
    used = {line.split("\t")[0].lower() for case in SUCCEEDING for line in case.lines}
    missing = {verb.lower() for verb in VERBS} - {"expectunchanged"} - used
    assert not missing, "tests/support/transactions.py has no case in which it succeeds"


def link(host: Host, path: str, target: str) -> None:
    """Place a registry link."""
    assert isinstance(host.registry, Registry)
    host.registry.link(path, target)


@pytest.fixture
def empty(machine: Host) -> Host:
    """Return a host without the policy store and anything above it that Windows does not need."""
    machine.registry.remove_tree(IPSEC)
    machine.registry.remove_tree(OWN)
    return machine


class TestWithoutAStore:
    @pytest.mark.parametrize("number", range(1, len(FROM_NOTHING) + 1))
    def test_a_failing_record_leaves_nothing_behind(self, empty: Host, number: int) -> None:
        before = empty.registry.snapshot()
        failure = run(empty, *FROM_NOTHING[:number], FAILS).failure
        assert failure is not None
        changed = number > FROM_NOTHING.index(record("CreateKey", STORE, "None"))
        assert (failure.outcome, failure.left) == (Outcome.UNDONE if changed else Outcome.NOTHING, "")
        assert differences(before, empty.registry.snapshot()) == []

    def test_everything_is_made(self, empty: Host) -> None:
        assert run(empty, *FROM_NOTHING).failure is None
        assert empty.registry.is_volatile(join(OWN, "ProhibitIpSec", "RestartPending"))
        assert not empty.registry.is_volatile(join(OWN, "ProhibitIpSec"))

    def test_no_store_is_the_same_as_an_empty_one_only_to_itself(self, empty: Host) -> None:
        answer = run(empty, record("ReadTree", STORE, "*", "1"), record("ReadDigest", STORE))
        assert (dict(answer.tree), len(answer.digests)) == ({}, 1)
        assert run(empty, record("ExpectUnchanged", STORE, answer.digests[0])).failure is None

    def test_an_error_names_the_key_that_is_missing(self, empty: Host) -> None:
        failure = run(empty, record("AssignPolicy", POLICY)).failure
        assert failure is not None
        assert failure.message == f"the key {STORE} does not exist"

    def test_a_parent_that_somebody_else_uses_meanwhile_stays_and_is_named(self, empty: Host) -> None:
        def interfere(_number: int, what: str) -> None:
            if what.startswith("SetValue"):
                empty.registry.create(join(IPSEC, "GPTIPSECPolicy"))

        empty.impairments.before_record = interfere
        failure = run(empty, record("CreateKey", STORE, "None"), FAILS).failure
        assert failure is not None
        assert (failure.outcome, failure.left) == (Outcome.PARTLY, f"Remove-EmptyKey {IPSEC}")
        assert empty.registry.read(join(IPSEC, "GPTIPSECPolicy")) is not None


class TestReading:
    def test_no_key_travels_in_any_form(self, machine: Host) -> None:
        answer = ScriptRun(machine).run(
            [record("Prepare", transactions.NONCE, "30"), record("ReadTree", STORE, "*", "1")]
        )
        fields = [field for line in answer.splitlines() for field in line.split("\t")]
        travelled = b"\n".join(base64.b64decode(field) for field in fields if len(field) % 4 == 0)
        for key in (PRESHARED_KEY, OTHER_KEY):
            for encoding in ("utf-8", "utf-16-le"):
                assert key.encode(encoding) not in travelled
                assert base64.b64encode(key.encode(encoding)) not in travelled

    @pytest.mark.parametrize("name", ["key", "sections", "two keys", "certificate", "unknown method"])
    def test_a_rule_travels_with_digests_in_the_place_of_keys(self, machine: Host, name: str) -> None:
        answered = run(machine, record("ReadTree", STORE, "*", "1")).tree.value(RULES[name], "ipsecData")
        there = BEFORE.value(RULES[name], "ipsecData")
        assert answered is not None
        assert there is not None
        methods = codec.decode_rule(answered.data).authentication
        for shown, real in zip(methods, codec.decode_rule(there.data).authentication, strict=True):
            assert shown == real.masked(transactions.NONCE)

    @pytest.mark.parametrize("name", ["truncated", "unknown"])
    def test_a_rule_that_can_not_be_parsed_travels_as_length_and_digest(self, machine: Host, name: str) -> None:
        answered = run(machine, record("ReadTree", STORE, "ipsecData", "1")).tree.value(RULES[name], "ipsecData")
        there = BEFORE.value(RULES[name], "ipsecData")
        assert there is not None
        expected = struct.pack("<I", len(there.data)) + transactions.digest(there.data)
        assert answered == Value(Kind.WITHHELD, expected)

    @pytest.mark.parametrize("kind", [Kind.DWORD, Kind.QWORD])
    def test_a_number_of_an_odd_size_is_withheld_and_stays(self, machine: Host, kind: Kind) -> None:
        machine.registry.write(OWN, "Odd", Value(kind, b"12345"))
        answered = run(machine, record("ReadTree", OWN, "Odd", "0")).tree.value(OWN, "Odd")
        assert answered is not None
        assert answered.kind is Kind.WITHHELD
        for line in (
            record("UnsetValue", OWN, "Odd"),
            record("SetValue", OWN, "Odd", "DWord", b"1"),
            record("DeleteKey", OWN),
        ):
            failure = run(machine, line).failure
            assert failure is not None
            assert failure.message == f"the value Odd of the key {OWN} could not be restored"
            assert machine.registry.snapshot(OWN).value(OWN, "Odd") == Value(kind, b"12345")

    def test_the_access_list_of_rules_is_answered(self, machine: Host) -> None:
        machine.registry.protect(RULES["key"], transactions.PROTECTED)
        answer = run(machine, record("ReadTree", STORE, "ipsecName", "1"))
        assert set(answer.access) == set(RULES.values())
        assert answer.access[RULES["key"]] == transactions.PROTECTED

    def test_every_machine_has_an_identity_of_its_own(self) -> None:
        wanted = (("name-1", "192.0.2.1"), ("name-2", "192.0.2.1"), ("name-1", "192.0.2.2"), ("name-1", "192.0.2.1"))
        first, *others, same = (Host(HostSpec(*names), Path("no-certificate")) for names in wanted)
        lines = (record("ReadTree", CRYPTOGRAPHY, "MachineGuid", "0"), record("ReadTree", COMPUTER_NAME, "*", "0"))
        identity = run(first, *lines).tree
        assert identity[COMPUTER_NAME].text("ComputerName") == "NAME-1"
        assert run(same, *lines).tree == identity
        guids = {run(host, *lines).tree[CRYPTOGRAPHY].text("MachineGuid") for host in (first, *others)}
        assert len(guids) == 3

    def test_a_key_that_may_not_be_read_is_named(self, machine: Host) -> None:
        machine.registry.deny(INTERFACES)
        answer = ScriptRun(machine).run([record("ReadTree", INTERFACES, "*", "1")])
        assert answer == f"denied\t{base64.b64encode(INTERFACES.encode()).decode()}\ndone\n"

    def test_a_foreign_key_that_may_not_be_read_fails_nothing(self, machine: Host) -> None:
        machine.registry.deny(POLICY)
        copied = record("CopyKey", STORE, join(OWN, "Backup", "First"))
        lines = (
            record("ReadTree", STORE, "*", "1"),
            record("ReadDigest", STORE),
            record("DeleteKey", RULES["key"]),
            copied,
        )
        answer = run(machine, *lines)
        assert (answer.failure, set(answer.denied)) == (None, {POLICY})
        assert set(answer.access) == set(RULES.values())
        assert machine.registry.read(RULES["key"]) is None
        assert join(OWN, "Backup", "First", POLICY.rpartition("\\")[2]) not in machine.registry.snapshot(OWN)

    def test_a_key_of_ours_that_may_not_be_read_is_named(self, machine: Host) -> None:
        machine.registry.deny(join(OWN, "Lists"))
        failure = run(machine, record("DeleteKey", RULES["key"])).failure
        assert failure is not None
        assert (failure.fault, failure.verb, failure.path) == (Fault.FAILED, "Prepare", join(OWN, "Lists"))
        assert failure.outcome is Outcome.NOTHING

    def test_a_kind_without_a_name_is_withheld_and_not_copied(self, machine: Host) -> None:
        machine.registry.write(POLICY, "link", Value(NAMELESS, b""))
        machine.registry.write(POLICY, "odd", Value(Kind.DWORD, b"12345"))
        copied = record("CopyKey", STORE, join(OWN, "Copy"))
        answer = run(machine, record("ReadTree", STORE, "*", "1"), record("ReadDigest", STORE), copied)
        assert answer.failure is None
        assert [answer.tree[POLICY][name].kind for name in ("link", "odd")] == [Kind.WITHHELD] * 2
        (copy,) = (key for key in machine.registry.snapshot(OWN).values() if key.name == POLICY.rpartition("\\")[2])
        assert set(machine.registry.snapshot(STORE)[POLICY]) - set(copy) == {"link", "odd"}

    def test_digests_depend_on_the_nonce_and_on_the_store(self, machine: Host) -> None:
        first, again = (run(machine, record("ReadDigest", STORE)).digests for _number in range(2))
        assert first == again
        assert run(machine, record("ReadDigest", STORE), nonce=bytes(32)).digests != first
        machine.registry.write(POLICY, "whenChanged", Value.dword(1))
        assert run(machine, record("ExpectUnchanged", STORE, first[0])).failure is None
        machine.registry.write(POLICY, "ipsecName", Value.sz("other"))
        failure = run(machine, record("ExpectUnchanged", STORE, first[0])).failure
        assert failure is not None
        assert failure.fault is Fault.CONFLICT


class TestProtection:
    def test_a_copy_of_a_lasting_key_becomes_volatile(self, machine: Host) -> None:
        note = join(OWN, "RestartPending")
        machine.registry.create(note)
        run(machine, record("CreateKey", note, "Volatile"))
        assert machine.registry.is_volatile(note)

    def test_a_volatile_key_that_was_deleted_comes_back_volatile(self, machine: Host) -> None:
        for name in ("Volatile", r"Volatile\Below"):
            machine.registry.create(join(OWN, name), volatile=True)
        before = kept(machine)
        failure = run(machine, record("DeleteKey", OWN), FAILS).failure
        assert failure is not None
        assert (failure.outcome, differences(before, kept(machine))) == (Outcome.UNDONE, [])
        lasting = [path for path in machine.registry.snapshot(OWN) if not machine.registry.is_volatile(path)]
        assert sorted(lasting) == sorted(path for path in BEFORE if path.startswith(OWN))

    def test_a_rule_deleted_and_taken_back_is_protected_as_before(self, machine: Host) -> None:
        machine.registry.protect(RULES["key"], transactions.PROTECTED)
        fails = record("SetValue", join(OWN, "Missing"), "x", "dword", bytes(4))
        failure = run(machine, record("DeleteKey", RULES["key"]), fails).failure
        assert failure is not None
        assert failure.outcome is Outcome.UNDONE
        assert machine.registry.access(RULES["key"]) == transactions.PROTECTED


class TestPowerFailure:
    def test_what_was_flushed_stays_and_the_rest_may_go(self, machine: Host) -> None:
        lines = (set_text(OWN, "Text", "on disk"), record("Flush", OWN), set_text(OWN, "Text", "not yet"))
        assert run(machine, *lines, record("SetValue", RASMAN, "ProhibitIpSec", "DWord", b"1")).failure is None
        for hive in ("SOFTWARE", "SYSTEM"):
            machine.registry.lose_unwritten(hive)
        assert machine.registry.snapshot(OWN)[OWN].text("Text") == "on disk"
        assert "ProhibitIpSec" not in machine.registry.snapshot(RASMAN).get(RASMAN, {})

    def test_an_undo_writes_what_it_took_back_before_it_takes_back_what_was_on_disk_before(self, machine: Host) -> None:
        """The value is gone on disk before the policy goes, which protects L2TP as long as the value is there."""
        writes = (
            set_text(OWN, "Text", "a policy"),
            record("Flush", OWN),
            record("SetValue", RASMAN, "ProhibitIpSec", "DWord", b"1"),
            record("Flush", RASMAN),
        )
        failure = run(machine, *writes, FAILS).failure
        assert failure is not None
        assert (failure.outcome, failure.left) == (Outcome.UNDONE, "")
        for hive in ("SOFTWARE", "SYSTEM"):
            machine.registry.lose_unwritten(hive)
        assert "ProhibitIpSec" not in machine.registry.snapshot(RASMAN).get(RASMAN, {})
        assert machine.registry.snapshot(OWN)[OWN].text("Text") == "a policy"


class TestLinks:
    """Only an administrator can place a link, and .NET can't see one; SECURITY.md says what is promised."""

    TARGET = r"SOFTWARE\Somebody"
    LINK = join(OWN, "Linked")

    @pytest.fixture
    def linked(self, machine: Host) -> Host:
        machine.registry.protect(OWN, transactions.PROTECTED)
        machine.registry.load(Tree([Key(join(self.TARGET, "Below"), {"x": Value.sz("theirs")})]))
        link(machine, self.LINK, self.TARGET)
        return machine

    @pytest.mark.parametrize(
        "line",
        [
            record("DeleteKey", OWN),
            record("DeleteKey", LINK),
            record("CreateKey", LINK, "Volatile"),
            record("SetValue", LINK, "x", "DWord", b"1"),
            record("UnsetValue", join(LINK, "Below"), "x"),
            record("CopyKey", STORE, LINK),
            record("ProtectKey", LINK, transactions.PROTECTED),
            record("ReadTree", OWN, "*", "3"),
        ],
    )
    def test_what_a_link_below_our_key_leads_to_is_not_touched(self, linked: Host, line: str) -> None:
        before = linked.registry.snapshot()
        failure = run(linked, line).failure
        assert failure is not None
        assert (failure.fault, failure.outcome) == (Fault.FAILED, Outcome.NOTHING)
        assert (failure.verb, failure.path) == ("Prepare", self.LINK)
        assert failure.message == "this collection did not make the key: it may be a registry link"
        assert differences(before, linked.registry.snapshot()) == []

    @pytest.mark.parametrize(
        "access",
        [
            transactions.PROTECTED + "(A;CI;KR;;;BU)",
            "D:NO_ACCESS_CONTROL",
            "D:PNO_ACCESS_CONTROL",
            "D:PAINO_ACCESS_CONTROL",
            "",
            "O:BA",
        ],
    )
    def test_a_key_that_others_may_read_counts_as_one_until_it_is_closed(self, machine: Host, access: str) -> None:
        machine.registry.protect(OWN, transactions.PROTECTED)
        assert run(machine, record("ReadDigest", STORE)).failure is None
        machine.registry.protect(join(OWN, "Lists"), access)
        failure = run(machine, record("ReadDigest", STORE)).failure
        assert failure is not None
        assert failure.path == join(OWN, "Lists")

    @pytest.mark.parametrize("access", ["D:PNO_ACCESS_CONTROL", "D:NO_ACCESS_CONTROL", "", "D:(A;;KA;;;SY)"])
    def test_our_own_key_without_a_list_of_its_own_is_not_private_so_nothing_tells_a_link(
        self, machine: Host, access: str
    ) -> None:
        """It is closed again by the next change, as one that nobody closed yet."""
        machine.registry.protect(OWN, access)
        assert run(machine, record("ReadDigest", STORE)).failure is None

    def test_a_link_back_to_our_key_ends(self, linked: Host) -> None:
        link(linked, self.LINK, OWN)
        failure = run(linked, record("DeleteKey", OWN)).failure
        assert failure is not None
        assert failure.path.startswith(join(OWN, *["Linked"] * 8))

    def test_a_link_that_leads_nowhere_is_noticed(self, linked: Host) -> None:
        linked.registry.remove_tree(self.TARGET)
        failure = run(linked, record("DeleteKey", OWN)).failure
        assert failure is not None
        assert failure.path == self.LINK

    def test_an_object_of_the_store_that_holds_keys_is_not_deleted(self, machine: Host) -> None:
        machine.registry.load(Tree([Key(join(self.TARGET, "Below"), {"x": Value.sz("theirs")})]))
        link(machine, ABSENT, self.TARGET)
        for line in (record("DeleteKey", ABSENT), record("DeleteListed", OWN, "Listed")):
            machine.registry.write(OWN, "Listed", Value.multi_sz([ABSENT]))
            failure = run(machine, line).failure
            assert failure is not None
            said = f"the key {ABSENT} holds keys, as no part of a policy does: it may be a registry link"
            assert (failure.message, failure.outcome) == (said, Outcome.NOTHING)
        assert machine.registry.snapshot(self.TARGET).value(join(self.TARGET, "Below"), "x") == Value.sz("theirs")

    def test_a_deletion_that_leaves_the_key_fails_and_gives_the_target_back(self, machine: Host) -> None:
        machine.registry.load(Tree([Key(self.TARGET, {"x": Value.sz("theirs")})]))
        link(machine, ABSENT, self.TARGET)
        before = machine.registry.snapshot()
        failure = run(machine, record("DeleteKey", ABSENT)).failure
        assert failure is not None
        assert (failure.message, failure.outcome) == (f"the key {ABSENT} is still there", Outcome.UNDONE)
        assert differences(before, machine.registry.snapshot()) == []


class TestImpairments:
    @pytest.mark.parametrize("fault", [Fault.WOW64, Fault.NOT_ADMINISTRATOR, Fault.BUSY])
    def test_a_host_may_refuse_at_the_door(self, machine: Host, fault: Fault) -> None:
        before = kept(machine)
        failure = run(machine, record("DeleteKey", OWN), refused=fault).failure
        assert failure is not None
        assert (failure.fault, failure.outcome) == (fault, Outcome.NOTHING)
        assert kept(machine) == before

    def test_a_failing_record_takes_the_others_back(self, machine: Host) -> None:
        before = kept(machine)
        machine.impairments.fail_at_record = 2
        failure = run(machine, record("DeleteKey", RULES["key"]), record("DeleteKey", OWN)).failure
        assert failure is not None
        assert (failure.fault, failure.verb, failure.outcome) == (Fault.FAILED, "DeleteKey", Outcome.UNDONE)
        assert kept(machine) == before
        assert run(machine, record("DeleteKey", RULES["key"]), record("DeleteKey", OWN)).failure is None

    def test_a_host_that_loses_its_power_takes_nothing_back(self, machine: Host) -> None:
        machine.impairments.die_at_record = 2
        with pytest.raises(PoweredOff):
            run(machine, record("DeleteKey", RULES["key"]), record("DeleteKey", OWN))
        assert machine.registry.read(RULES["key"]) is None
        assert machine.registry.read(OWN) is not None

    def test_the_store_can_change_under_our_feet(self, machine: Host) -> None:
        def interfere(_number: int, what: str) -> None:
            if what.startswith("ExpectUnchanged"):
                machine.registry.write(POLICY, "ipsecName", Value.sz("somebody else's"))

        digest = run(machine, record("ReadDigest", STORE)).digests[0]
        machine.impairments.before_record = interfere
        failure = run(machine, record("ExpectUnchanged", STORE, digest)).failure
        assert failure is not None
        assert failure.fault is Fault.CONFLICT

    def test_an_undoing_program_that_fails_is_said(self, machine: Host) -> None:
        depends = record(
            "RunProgram", "sc", "config RemoteAccess depend= RasMan/PolicyAgent", b"", "must",
            "sc", "config RemoteAccess depend= RasMan/RpcSs",
        )  # fmt: skip
        machine.impairments.exit_codes = {"sc config RemoteAccess depend= RasMan/RpcSs": 5}
        failure = run(machine, depends, record("ExpectSealed", OWN, "Seal", STORE)).failure
        assert failure is not None
        assert (failure.fault, failure.outcome) == (Fault.CONFLICT, Outcome.PARTLY)
        assert failure.left == "sc config RemoteAccess depend= RasMan/RpcSs ended with code 5"

    def test_a_service_that_others_need_is_not_stopped(self, machine: Host) -> None:
        depends = record("RunProgram", "sc", "config RemoteAccess depend= RasMan/PolicyAgent", b"", "must", "", "")
        failure = run(machine, start("PolicyAgent"), depends, FAILS).failure
        assert failure is not None
        left = "net stop PolicyAgent ended with code 2, and the service is not stopped"
        assert (failure.outcome, failure.left) == (Outcome.PARTLY, left)

    def test_a_program_that_was_ended_may_have_done_its_work(self, machine: Host) -> None:
        machine.impairments.netsh = NetshFault.HANGING
        machine.services.start("IKEEXT")
        machine.impairments.exit_codes = {"net stop IKEEXT": 5}
        show = record("RunProgram", "netsh", "ipsec static show policy all", b"", "must", "net", "stop IKEEXT")
        failure = run(machine, show).failure
        assert failure is not None
        left = "net stop IKEEXT ended with code 5, and the service is not stopped"
        assert (failure.outcome, failure.left) == (Outcome.PARTLY, left)
        machine.impairments.netsh = NetshFault.MISSING
        failure = run(machine, show).failure
        assert failure is not None
        assert failure.outcome is Outcome.NOTHING

    def test_a_service_that_somebody_else_started_or_stopped_is_no_failure(self, machine: Host) -> None:
        machine.services.start("IKEEXT")
        machine.services.stop("RemoteAccess")
        answer = run(machine, start("IKEEXT"), stop("RemoteAccess"))
        assert answer.failure is None
        assert answer.ran["net start IKEEXT"].code == 2

    def test_what_somebody_else_started_is_not_stopped_by_the_undo(self, machine: Host) -> None:
        machine.services.start("IKEEXT")
        failure = run(machine, start("IKEEXT"), FAILS).failure
        assert failure is not None
        assert machine.services.is_running("IKEEXT")

    def test_a_service_that_is_starting_is_waited_for(self, machine: Host) -> None:
        machine.services.start("IKEEXT")
        machine.services.starting["ikeext"] = 2
        assert run(machine, start("IKEEXT")).failure is None
        assert machine.services.starting["ikeext"] == 0

    def test_one_that_never_runs_is_not_waited_for_without_end(self, machine: Host) -> None:
        machine.services.start("IKEEXT")
        machine.services.starting["ikeext"] = 10
        failure = records.decode(
            ScriptRun(machine).run([record("Prepare", transactions.NONCE, "2"), start("IKEEXT")])
        ).failure
        assert failure is not None
        assert failure.message == "net start IKEEXT ended with code 2, and the service is not running"
        assert machine.services.starting["ikeext"] == 5

    def test_a_code_of_0_is_no_proof(self, machine: Host) -> None:
        machine.impairments.exit_codes = {"net start IKEEXT": 0}
        failure = run(machine, start("IKEEXT")).failure
        assert failure is not None
        assert failure.message == "net start IKEEXT ended with code 0, and the service is not running"

    def test_a_rule_of_the_firewall_that_stays_is_said(self, machine: Host) -> None:
        machine.impairments.exit_codes = {f"netsh {firewall.DELETE.arguments}": 1}
        failure = run(machine, records.encode(firewall.ADD), FAILS).failure
        assert failure is not None
        assert failure.left == f"netsh {firewall.DELETE.arguments} ended with code 1"
        assert rules(machine.registry, firewall.NAME)

    def test_an_undo_that_fails_is_said(self, machine: Host) -> None:
        def refuse(_number: int, what: str) -> None:
            if what.startswith("DeleteKey"):
                machine.registry.remove(RULES["key"])
                raise RecordRefusedError("The disk is full.")

        machine.impairments.before_record = refuse
        failure = run(machine, record("UnsetValue", RULES["key"], "stray"), record("DeleteKey", OWN)).failure
        assert failure is not None
        assert (failure.outcome, failure.message) == (Outcome.PARTLY, "The disk is full.")
        assert failure.left == f"Set-Data {RULES['key']}, the keys are not as they were"
