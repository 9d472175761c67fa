# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What only the lab can do to a host: command lines as Ansible sends them, faults, and restarts."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.rras.ipsec.plugins.plugin_utils._host import records, session
from ansible_collections.rras.ipsec.plugins.plugin_utils._host.records import Fault, Outcome
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy import findings, render
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.registry import Kind, join
from ansible_collections.rras.ipsec.tests.lab import NetshFault, PoweredOff
from ansible_collections.rras.ipsec.tests.lab.engine import Command, ConnectionKind
from ansible_collections.rras.ipsec.tests.lab.powershell import wine
from ansible_collections.rras.ipsec.tests.lab.powershell.place import encoded
from ansible_collections.rras.ipsec.tests.lab.powershell.powershell import PowerShell
from ansible_collections.rras.ipsec.tests.lab.windows.installation import INTERFACES
from ansible_collections.rras.ipsec.tests.lab.windows.registry import differences
from ansible_collections.rras.ipsec.tests.support.machine import kept, run, unframed
from ansible_collections.rras.ipsec.tests.support.server import BLOCKED, KEY, NAME, Server, declare, rule
from ansible_collections.rras.ipsec.tests.support.transactions import (
    FAILS,
    NONCE,
    OWN,
    POLICY,
    RULES,
    STORE,
    record,
    set_text,
    start,
)
from ansible_collections.rras.ipsec.tests.support.wine_machine import WineMachine

NESTED = "powershell.exe -NoProfile -NonInteractive -EncodedCommand " + encoded(session.COMMAND)
"""How ansible-core before 2.19 sends what it does not recognise as encoded already."""
DELETES = (record("DeleteKey", RULES["key"]), record("DeleteKey", OWN))
LINES = [record("Prepare", NONCE, "30"), record("ReadTree", STORE, "*", "1"), set_text(OWN, "Text", "new")]


@pytest.fixture
def engine(machine: WineMachine) -> PowerShell:
    assert isinstance(machine.host.engine, PowerShell)
    return machine.host.engine


@pytest.fixture
def unserved(engine: PowerShell) -> Iterator[PowerShell]:
    """Give each command a PowerShell of its own, as a program without --serve would have to."""
    engine.served = False
    yield engine
    engine.served = True


@pytest.mark.usefixtures("unserved")
@pytest.mark.parametrize(
    ("line", "connection"),
    [(session.COMMAND, ConnectionKind.WINRM), (NESTED, ConnectionKind.WINRM), (session.BOOTSTRAP, ConnectionKind.PSRP)],
    ids=["encoded", "encoded twice", "a pipeline of PSRP"],
)
def test_a_plain_command_line_does_the_same(machine: WineMachine, line: str, connection: ConnectionKind) -> None:
    answer = records.decode(unframed(machine.output(LINES, line, connection)))
    assert answer.failure is None
    assert set(RULES.values()) < set(answer.tree)
    assert machine.registry.snapshot(OWN)[OWN].text("Text") == "new"


def test_a_program_that_is_no_server_is_noticed(
    machine: WineMachine, engine: PowerShell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ansible_collections.rras.ipsec.tests.lab.powershell.standing.SERVE", "-Version")
    machine.registry.lose_volatile_keys()
    assert run(machine, record("ReadDigest", STORE)).failure is None
    assert not engine.served
    engine.served = True


@pytest.mark.usefixtures("engine")
def test_any_other_command_runs_too(machine: WineMachine) -> None:
    line = "powershell.exe -EncodedCommand " + encoded("[Environment]::Is64BitProcess")
    assert machine.output([], line).strip() == "True"


def test_a_failing_record_takes_the_others_back(machine: WineMachine) -> None:
    before = kept(machine)
    machine.host.impairments.fail_at_record = 2
    failure = run(machine, *DELETES).failure
    assert failure is not None
    assert (failure.fault, failure.verb, failure.outcome) == (Fault.FAILED, "DeleteKey", Outcome.UNDONE)
    assert failure.message == "The configuration registry database is corrupt."
    assert differences(before, kept(machine)) == []
    assert run(machine, *DELETES).failure is None


def test_an_undoing_program_that_fails_is_said(machine: WineMachine) -> None:
    machine.host.impairments.exit_codes = {"net stop IKEEXT": 5}
    failure = run(machine, start("IKEEXT"), record("ExpectSealed", OWN, "Seal", STORE)).failure
    assert failure is not None
    assert (failure.fault, failure.outcome) == (Fault.CONFLICT, Outcome.PARTLY)
    assert failure.left == "net stop IKEEXT ended with code 5, and the service is not stopped"


def test_a_service_that_is_starting_is_waited_for(machine: WineMachine) -> None:
    machine.host.services.start("IKEEXT")
    machine.host.services.starting["ikeext"] = 2
    answer = run(machine, start("IKEEXT"))
    assert answer.failure is None
    assert answer.ran["net start IKEEXT"].code == 2
    assert machine.host.services.starting["ikeext"] == 0


def test_one_that_does_not_run_is_a_failure_whatever_net_says(machine: WineMachine) -> None:
    machine.host.impairments.exit_codes = {"net start IKEEXT": 0}
    failure = run(machine, start("IKEEXT")).failure
    assert failure is not None
    assert failure.message == "net start IKEEXT ended with code 0, and the service is not running"


def test_a_program_that_was_ended_may_have_done_its_work(machine: WineMachine) -> None:
    machine.host.services.start("IKEEXT")
    machine.host.impairments.exit_codes = {"net stop IKEEXT": 5}
    machine.host.impairments.netsh = NetshFault.HANGING
    show = record("RunProgram", "netsh", "ipsec static show policy all", b"", "must", "net", "stop IKEEXT")
    failure = records.decode(machine.answer([record("Prepare", NONCE, "1"), show])).failure
    assert failure is not None
    assert (failure.outcome, failure.left) == (
        Outcome.PARTLY,
        "net stop IKEEXT ended with code 5, and the service is not stopped",
    )


def test_a_host_that_loses_its_power_takes_nothing_back(machine: WineMachine) -> None:
    machine.host.impairments.die_at_record = 2
    with pytest.raises(PoweredOff):
        run(machine, *DELETES)
    assert machine.registry.read(RULES["key"]) is None
    assert machine.registry.read(OWN) is not None
    assert run(machine, record("ReadDigest", STORE)).failure is None


@pytest.mark.parametrize(
    "fault", [NetshFault.MISSING, NetshFault.FAILING, NetshFault.WITHOUT_EFFECT, NetshFault.HANGING]
)
def test_without_netsh_the_registry_is_written_and_the_agent_told(machine: WineMachine, fault: NetshFault) -> None:
    machine.host.impairments.netsh = fault
    answer = records.decode(
        machine.answer(
            [
                record("Prepare", NONCE, "1"),
                start("PolicyAgent"),
                record("AssignPolicy", POLICY),
                record("ReadDigest", STORE),
            ]
        )
    )
    assert answer.failure is None
    assert answer.assigned_by == "registry"
    assert machine.registry.snapshot(STORE)[STORE].text("ActivePolicy") == POLICY


def test_data_that_no_kind_fits_are_withheld_and_stay(machine: WineMachine, engine: PowerShell, tmp_path: Path) -> None:
    """Numbers of a length that no number has, and kinds that .NET has no name for: REG_LINK, REG_RESOURCE_LIST, any."""
    file = tmp_path / "odd.reg"
    values = {
        "empty": "hex(4):",
        "one": "hex(4):01",
        "five": "hex(4):01,02,03,04,05",
        "eight": "hex(4):01,02,03,04,05,06,07,08",
        "nine": "hex(4):01,02,03,04,05,06,07,08,09",
        "long": "hex(b):01,02,03,04,05,06,07,08,09",
        "link": "hex(6):41,00,42,00",
        "resources": "hex(8):01,02",
        "strange": "hex(1234):01,02,03",
    }
    texts = {"lone": "hex(1):00,d8,41,00,00,00", "half": "hex(1):41,00,42", "list": "hex(7):00,d8,41,00,00,00,00,00"}
    lines = [f'"{name}"={data}' for name, data in (values | texts).items()]
    lines = ["Windows Registry Editor Version 5.00", "", rf"[HKEY_LOCAL_MACHINE\{OWN}]", *lines, ""]
    file.write_text("\n".join(lines), encoding="utf-16")
    windows_path = "Z:" + str(file).replace("/", "\\")
    engine.computer.prefix.run_line(f"regedit /S {windows_path}", b"")

    read = [record("Prepare", NONCE, "30"), record("ReadTree", OWN, "*", "0"), record("ReadDigest", STORE)]
    answer = records.decode(unframed(machine.output(read)))
    assert answer.failure is None
    assert machine.differences() == []
    assert [answer.tree[OWN][name].kind for name in values] == [Kind.WITHHELD] * len(values)
    assert [answer.tree[OWN].text(name) for name in texts] == [
        "\N{REPLACEMENT CHARACTER}A",
        "A\0",
        "\N{REPLACEMENT CHARACTER}A",
    ]
    for name in values:
        failure = run(machine, record("SetValue", OWN, name, "DWord", b"1")).failure
        assert failure is not None
        assert failure.message == f"the value {name} of the key {OWN} could not be restored"
    machine.registry.remove_tree(OWN)


def imported(server: Server, file: Path) -> int:
    """Let Windows' own tool import a registration file; return its exit code."""
    engine = server.host.engine
    assert isinstance(engine, PowerShell)
    windows_path = "Z:" + str(file).replace("/", "\\")
    engine.computer.registry.forget()
    ran = engine.computer.prefix.run_line(f"reg import {windows_path}", b"")
    engine.computer.registry.forget()
    return ran.returncode


def test_what_is_rendered_is_imported_as_a_live_transaction_would_write_it(
    machine: WineMachine, tmp_path: Path
) -> None:
    """reg.exe imports the file, and the real engine reads back what the module itself writes on another host."""
    server, live = Server(), Server()
    server.host = machine.host
    machine.registry.remove_tree(STORE)
    for service in ("PolicyAgent", "IKEEXT"):
        machine.host.services.start(service)
    given: dict[str, Any] = {"rules": [rule(), BLOCKED], "description": "Two\nlines"}
    live.policy(**given)
    live.value(policy=NAME)
    files = render.files_of(render.fit(declare(**given), render.PeerType.WINDOWS)).content
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)

    assert imported(server, tmp_path / render.REG) == 0

    found, wanted = (each.inform(KEY)["host"] for each in (server, live))
    assert machine.differences() == []
    read, written = ([without_traces(policy) for policy in each["policies"]] for each in (found, wanted))
    assert read == written
    assert (found["assigned"], found["prohibit_ipsec"]["value"]) == (NAME, 1)
    seen = [*findings.find("rras-tokyo", found)]
    assert [each.problem for each in seen] == [
        "L2TP over IPv6 is in clear text on rras-tokyo, because Windows Firewall has no rule rras.ipsec-L2TP-over-IPv6."
    ], "that rule is no part of the file, whose remarks say how to add it"

    assert imported(server, tmp_path / render.UNDO_REG) == 0
    after = server.inform(KEY)["host"]
    assert (after["policies"], after["assigned"], after["prohibit_ipsec"]["value"]) == ([], None, None)


def without_traces(policy: Mapping[str, Any]) -> dict[str, Any]:
    """What a policy says, without what tells who wrote it and who may read its keys."""
    traces = ("guid", "ours", "adopted", "open_keys")
    return {name: value for name, value in policy.items() if name not in traces}


def test_a_key_that_may_not_be_read_is_named(machine: WineMachine) -> None:
    machine.registry.deny(INTERFACES)
    answer = machine.answer([record("Prepare", NONCE, "30"), record("ReadTree", INTERFACES, "*", "1")])
    assert answer == f"denied\t{base64.b64encode(INTERFACES.encode()).decode()}\ndone\n"


def test_a_foreign_key_that_may_not_be_read_fails_nothing(machine: WineMachine) -> None:
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


def test_a_key_of_ours_that_may_not_be_read_is_named(machine: WineMachine) -> None:
    machine.registry.deny(join(OWN, "Lists"))
    failure = run(machine, record("DeleteKey", RULES["key"])).failure
    assert failure is not None
    assert (failure.fault, failure.verb, failure.path) == (Fault.FAILED, "Prepare", join(OWN, "Lists"))
    assert failure.outcome is Outcome.NOTHING


def test_a_rule_that_may_only_be_read_has_an_access_list_too(machine: WineMachine) -> None:
    """Administrators may neither set values nor make keys there."""
    machine.registry.protect(RULES["key"], "D:(D;;0x6;;;WD)(A;;KA;;;WD)")
    answer = run(machine, record("ReadTree", STORE, "ipsecName", "1"))
    assert answer.failure is None
    assert RULES["key"] in answer.access
    failure = run(machine, record("UnsetValue", RULES["key"], "ipsecData")).failure
    assert failure is not None, "the key could be written, so the test proves nothing"
    machine.registry.protect(RULES["key"], "D:(A;;KA;;;WD)")
    machine.differences().clear()  # the twin writes there


def test_a_lock_that_can_not_be_made_is_an_answer(engine: PowerShell) -> None:
    text = session.script_text().rstrip("\n").replace("'Global\\rras.ipsec'", "'no such place\\rras.ipsec'")
    lines = (*text.split("\n"), session.RECORDS, record("Prepare", NONCE, "30"), record("ReadDigest", STORE))
    output = engine._run(Command(ConnectionKind.WINRM, session.COMMAND, lines))  # noqa: SLF001 (past the twin)
    failure = records.decode(unframed(output.stdout)).failure
    assert failure is not None
    assert (failure.fault, failure.verb, failure.outcome) == (Fault.FAILED, "Prepare", Outcome.NOTHING)


def test_an_answer_comes_even_where_the_keys_can_not_be_read_again(engine: PowerShell) -> None:
    broken = "$run.hashed++; if ($run.hashed -gt 1) { throw 'no hash' }; $lines = @("
    text = session.script_text().rstrip("\n").replace("$lines = @(", broken)
    lines = (*text.split("\n"), session.RECORDS, record("Prepare", NONCE, "30"), set_text(OWN, "Text", "new"), FAILS)
    output = engine._run(Command(ConnectionKind.WINRM, session.COMMAND, lines))  # noqa: SLF001 (past the twin)
    failure = records.decode(unframed(output.stdout)).failure
    assert failure is not None
    assert (failure.message, failure.outcome) == (rf"the key {OWN}\Missing does not exist", Outcome.PARTLY)
    assert failure.left == "the keys can't be read again"


def test_a_restart_ends_programs_and_keeps_the_registry(machine: WineMachine) -> None:
    run(machine, start("PolicyAgent"), record("CreateKey", join(OWN, "RestartPending"), "Volatile"))
    before = kept(machine)
    machine.host.restart()
    assert differences(before, kept(machine)) == [f"the key {join(OWN, 'RestartPending')} is gone"]
    assert not machine.host.services.is_running("PolicyAgent")


@pytest.mark.skipif(not wine.steady(), reason="Linux forbids setarch --addr-no-randomize here")
def test_no_process_has_its_heap_where_wine_needs_the_place(engine: PowerShell) -> None:
    """Else, now and then, a program does not start, and the script says of it that it can't be run."""
    shared_data = 0x7FFE0000
    with engine.computer.start(["-Command", "'up'; [Console]::In.ReadLine()"], piped=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline().strip() == b"up"
        maps = Path("/proc", str(process.pid), "maps").read_text(encoding="ascii", errors="replace").splitlines()
        process.kill()
    heaps = [int(line.partition("-")[0], 16) for line in maps if line.endswith("[heap]")]
    assert heaps
    assert all(heap < shared_data for heap in heaps)
