# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whole transactions on a real registry: the table that the twin passes, too, and what an error leaves of each verb."""

from __future__ import annotations

import pytest

from ansible_collections.rras.ipsec.plugins.plugin_utils._host.records import Fault, Outcome
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.registry import Value, join
from ansible_collections.rras.ipsec.tests.lab.windows.registry import differences
from ansible_collections.rras.ipsec.tests.support.machine import ON_WINDOWS, PROGRAM_VERBS, Machine, access, kept, run
from ansible_collections.rras.ipsec.tests.support.transactions import (
    ABSENT,
    FAILING,
    FAILS,
    FROM_NOTHING,
    IPSEC,
    OWN,
    POLICY,
    PROTECTED,
    RASMAN,
    RULES,
    STORE,
    SUCCEEDING,
    TransactionCase,
    marked,
    record,
    set_text,
)

NOTE = join(OWN, "RestartPending")
UNDONE = {
    "create": record("CreateKey", ABSENT, "None"),
    "create a volatile key": record("CreateKey", join(OWN, "New"), "Volatile"),
    "create a volatile key in the place of a lasting one": record("CreateKey", join(OWN, "Kinds"), "Volatile"),
    "protect": record("ProtectKey", RULES["key"], PROTECTED),
    "set a new text": set_text(POLICY, "new", "text"),
    "set a text in the place of another": set_text(POLICY, "ipsecName", "text"),
    "set a list in the place of bytes": record("SetValue", POLICY, "ipsecData", "MultiString", b"a\0b"),
    "set a number in the place of a text": record("SetValue", OWN, "Text", "DWord", b"1"),
    "set bytes in the place of a list": record("SetValue", OWN, "List", "Binary", bytes(5)),
    "unset": record("UnsetValue", RULES["key"], "ipsecData"),
    "delete": record("DeleteKey", RULES["two keys"]),
    "delete a whole tree": record("DeleteKey", OWN),
    "deletelisted": record("DeleteListed", join(OWN, "Lists"), "mine"),
    "copy": record("CopyKey", STORE, join(OWN, "Copy")),
    "copy over something": record("CopyKey", STORE, join(OWN, "Lists")),
    "seal": record("Seal", OWN, "Seal", STORE),
}


def runs_programs(case: TransactionCase) -> bool:
    return any(line.startswith(PROGRAM_VERBS) for line in case.records)


@pytest.mark.parametrize("case", SUCCEEDING, ids=lambda case: case.name)
def test_transactions_that_succeed(machine: Machine, case: TransactionCase) -> None:
    failure = run(machine, *case.records).failure
    if ON_WINDOWS and runs_programs(case):
        # The real netsh judges the store by itself; then all must be as it was.
        assert failure is None or failure.outcome is not Outcome.PARTLY
    else:
        assert failure is None


@pytest.mark.parametrize("case", marked(FAILING, watched=not ON_WINDOWS))
def test_transactions_that_fail_change_nothing(machine: Machine, case: TransactionCase) -> None:
    before = kept(machine)
    failure = run(machine, *case.records).failure
    assert failure is not None
    assert (failure.fault, failure.outcome) == (case.fault, case.outcome)
    assert differences(before, kept(machine)) == []


@pytest.mark.parametrize("line", UNDONE.values(), ids=list(UNDONE))
def test_each_verb_is_taken_back(machine: Machine, line: str) -> None:
    machine.registry.protect(RULES["two keys"], PROTECTED)
    before, protected = kept(machine), access(machine)

    done = run(machine, line).failure
    changed = (kept(machine), access(machine))
    machine.fill()
    machine.registry.protect(RULES["two keys"], PROTECTED)
    failure = run(machine, line, FAILS).failure

    assert done is None
    assert changed != (before, protected) or "Volatile" in line
    assert failure is not None
    assert (failure.fault, failure.outcome, failure.left) == (Fault.FAILED, Outcome.UNDONE, "")
    assert differences(before, kept(machine)) == []
    assert access(machine) == protected


@pytest.mark.parametrize("number", range(1, len(FROM_NOTHING) + 1))
def test_parents_that_did_not_exist_before_are_taken_back(machine: Machine, number: int) -> None:
    machine.registry.remove_tree(IPSEC)
    machine.registry.remove_tree(OWN)

    failure = run(machine, *FROM_NOTHING[:number], FAILS).failure

    assert failure is not None
    assert (failure.outcome is Outcome.PARTLY, failure.left) == (False, "")
    assert machine.registry.read(IPSEC) is None
    assert machine.registry.read(OWN) is None


def test_all_that_was_not_there_before_is_made(machine: Machine) -> None:
    machine.registry.remove_tree(IPSEC)
    machine.registry.remove_tree(OWN)
    assert run(machine, *FROM_NOTHING).failure is None
    assert machine.registry.read(ABSENT) is not None
    assert not machine.registry.is_volatile(join(OWN, "ProhibitIpSec"))


def test_an_error_names_the_key_that_is_missing(machine: Machine) -> None:
    machine.registry.remove_tree(STORE)
    failure = run(machine, record("AssignPolicy", POLICY)).failure
    assert failure is not None
    assert failure.message == f"the key {STORE} does not exist"


def test_the_value_of_rasman_is_written_and_taken_back(machine: Machine) -> None:
    machine.registry.create(RASMAN)
    machine.registry.erase(RASMAN, "ProhibitIpSec")
    writes = record("SetValue", RASMAN, "ProhibitIpSec", "DWord", b"1")

    assert run(machine, writes, FAILS).failure is not None
    assert machine.registry.snapshot(RASMAN).value(RASMAN, "ProhibitIpSec") is None
    assert run(machine, writes).failure is None
    assert machine.registry.snapshot(RASMAN).value(RASMAN, "ProhibitIpSec") == Value.dword(1)
    assert run(machine, record("UnsetValue", RASMAN, "ProhibitIpSec"), FAILS).failure is not None
    assert machine.registry.snapshot(RASMAN).value(RASMAN, "ProhibitIpSec") == Value.dword(1)
    machine.registry.erase(RASMAN, "ProhibitIpSec")


@pytest.mark.parametrize("lasting", [True, False], ids=["after a lasting key of that name", "where nothing was"])
def test_the_note_of_a_pending_restart_vanishes_with_the_restart(machine: Machine, *, lasting: bool) -> None:
    if lasting:
        machine.registry.create(NOTE)
        assert not machine.registry.is_volatile(NOTE)

    assert run(machine, record("CreateKey", NOTE, "Volatile")).failure is None
    assert machine.registry.is_volatile(NOTE)
    assert run(machine, record("DeleteKey", NOTE), FAILS).failure is not None
    assert machine.registry.is_volatile(NOTE), "the note that was taken back must vanish as well"
    if not ON_WINDOWS:
        machine.registry.lose_volatile_keys()
        assert machine.registry.read(NOTE) is None
        assert machine.registry.read(OWN) is not None


def test_a_volatile_key_that_was_deleted_comes_back_volatile(machine: Machine) -> None:
    names = ("Volatile", r"Volatile\Below")
    for name in names:
        machine.registry.create(join(OWN, name), volatile=True)
    before = kept(machine)
    failure = run(machine, record("DeleteKey", OWN), FAILS).failure
    assert failure is not None
    assert (failure.outcome, differences(before, kept(machine))) == (Outcome.UNDONE, [])
    assert all(machine.registry.is_volatile(join(OWN, name)) for name in names)
    assert not machine.registry.is_volatile(join(OWN, "Kinds"))


def test_no_key_is_deleted_that_holds_keys_where_none_can_be(machine: Machine) -> None:
    machine.registry.create(join(RULES["key"], "Below"))
    failure = run(machine, record("DeleteKey", RULES["key"])).failure
    assert failure is not None
    said = f"the key {RULES['key']} holds keys, as no part of a policy does: it may be a registry link"
    assert (failure.message, failure.outcome) == (said, Outcome.NOTHING)


def test_keys_below_ours_that_are_deeper_than_ours_are_noticed(machine: Machine) -> None:
    machine.registry.create(join(OWN, *"12345678"))
    assert run(machine, record("ReadDigest", STORE)).failure is None
    machine.registry.create(join(OWN, *"123456789"))
    failure = run(machine, record("DeleteKey", OWN)).failure
    assert failure is not None
    assert (failure.verb, failure.path) == ("Prepare", join(OWN, *"123456789"))
    assert failure.message == "this collection did not make the key: it may be a registry link"


def test_an_error_names_the_verb_the_path_and_the_cause_but_no_data(machine: Machine) -> None:
    secret = "told to nobody"
    failure = run(machine, set_text(join(OWN, "Missing"), "Name", secret)).failure
    assert failure is not None
    assert (failure.verb, failure.path) == ("SetValue", join(OWN, "Missing"))
    assert failure.message == rf"the key {OWN}\Missing does not exist"
    failure = run(machine, record("SetValue", OWN, "Name", "DWord", secret.encode())).failure
    assert failure is not None
    assert failure.message


@pytest.mark.parametrize(
    "line",
    [
        "DeleteKey\tSOFTWARE\\rras.ipsec2",
        "DeleteKey\tSOFTWARE\\rrasXipsec",
        "DeleteKey\tSOFTWARE\\rras.ipsec\\..\\Microsoft",
        "DeleteKey\tSOFTWARE\\rras.ipsec\\",
        "DeleteKey\tSYSTEM\\CurrentControlSet\\Services\\RasMan\\Parameters",
        "DeleteKey\tHKEY_LOCAL_MACHINE\\SOFTWARE\\rras.ipsec",
        f"DeleteKey\t{STORE}\\ipsecPolicy{{1}}",
        f"DeleteKey\t{POLICY}\\Below",
        f"DeleteKey\t{POLICY}x",
        f"DeleteKey\tx{POLICY}",
        f"DeleteKey\t{POLICY}\t",
        f" DeleteKey\t{POLICY}",
        f"SetValue\t{RASMAN}\tProhibitIpSec2\tDWord\tMQ==",
        f"SetValue\t{RASMAN}\tServiceDll\tString\tMQ==",
        f"SetValue\t{OWN}\tx\tUnknown\tMQ==",
        f"SetValue\t{STORE}\tx\tExpandString\tMQ==",
        f"SetValue\t{OWN}\tx\\y\tString\tMQ==",
        f"ReadTree\t{STORE}\t*",
        f"ReadTree\t{STORE}\t*\t10",
        "ReadTree\tSAM\t*\t1",
        "ReadTree\tSYSTEM\\CurrentControlSet\\Services\\Other\t*\t1",
        f"CopyKey\t{OWN}\t{STORE}",
        f"ProtectKey\t{POLICY}\tD:P(A;;KA;;;S-1-1-0)",
        "RunProgram\tnetsh\tipsec static show policy all & calc\t\tmay\t\t",
        "RunProgram\tnetsh\tipsec static show policy all\t\tmay\tcmd\t/c dir",
        "RunProgram\tsc\tconfig RemoteAccess binPath= x\t\tmay\t\t",
        "RunProgram\tsc\tstop RemoteAccess\t\tmay\t\t",
        "AssignPolicy\tSOFTWARE\\x",
        "Prepare\tAA==",
        "Get-Digest\tAA==",
        "",
    ],
)
def test_what_the_script_never_touches_is_refused_before_anything_is_done(machine: Machine, line: str) -> None:
    before = kept(machine)
    failure = run(machine, record("DeleteKey", OWN), line or "\t", record("UnsetValue", POLICY, "ipsecName")).failure
    assert failure is not None
    assert (failure.fault, failure.outcome) == (Fault.REFUSED, Outcome.NOTHING)
    assert differences(before, kept(machine)) == []
