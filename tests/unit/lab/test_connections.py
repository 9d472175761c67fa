# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The endpoints of simulated hosts, as clients see them that know nothing of the lab: pywinrm and pypsrp."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable

import pypsrp.exceptions
import pytest
import requests
import winrm.exceptions

from ansible_collections.rras.ipsec.plugins.plugin_utils._host import records, session
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy import steps
from ansible_collections.rras.ipsec.tests.lab import Host, Lab, WrongAnswer
from ansible_collections.rras.ipsec.tests.lab.impairment import Impairments
from ansible_collections.rras.ipsec.tests.lab.windows.installation import RASMAN_PARAMETERS
from ansible_collections.rras.ipsec.tests.lab.wire.authentication import PASSWORD, USER
from ansible_collections.rras.ipsec.tests.support.clients import Client, Route

SEALED = (
    Route("winrm", "ntlm", "http"),
    Route("psrp", "ntlm", "http"),
    Route("psrp", "negotiate", "http"),
)
OVER_TLS = (
    Route("winrm", "basic", "https"),
    Route("winrm", "ntlm", "https"),
    Route("psrp", "basic", "https"),
    Route("psrp", "negotiate", "https"),
)
UNENCRYPTED = (Route("winrm", "basic", "http"), Route("psrp", "basic", "http"))
WINRM, PSRP = SEALED[0], SEALED[2]
LOST = (requests.ConnectionError, requests.ReadTimeout)

read_rasman = steps.ReadTree(RASMAN_PARAMETERS)


def run_script(client: Client, *wanted: steps.Step) -> records.Answer:
    """Run the collection's script over a connection."""
    return session.Session(client.run, bytes(32), 30).run(wanted)


def answers(client: Client) -> bool:
    return RASMAN_PARAMETERS in run_script(client, read_rasman).tree


def wait_until(condition: Callable[[], bool]) -> None:
    """Wait for what another thread does; give up after a time that is far too long."""
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline, "what was waited for did not happen"
        time.sleep(0.01)


def wait_for(event: threading.Event) -> None:
    assert event.wait(20)


class TestConnections:
    @pytest.mark.parametrize("way", [*SEALED, *OVER_TLS], ids=str)
    def test_the_script_runs_over_every_encrypted_connection(self, lab: Lab, way: Route) -> None:
        host = lab["careful"]
        assert answers(Client(way, host))
        assert [run.records for run in host.recorder.executions] == [("Prepare", f"ReadTree {RASMAN_PARAMETERS}")]

    @pytest.mark.parametrize("way", UNENCRYPTED, ids=str)
    def test_a_careless_host_takes_plain_messages(self, lab: Lab, way: Route) -> None:
        assert answers(Client(way, lab["careless"], encryption="never"))

    @pytest.mark.parametrize("way", [*UNENCRYPTED, *SEALED], ids=str)
    def test_a_careful_host_refuses_plain_messages(self, lab: Lab, way: Route) -> None:
        refusals = (winrm.exceptions.WinRMTransportError, pypsrp.exceptions.WinRMTransportError)
        with pytest.raises(refusals, match="403"):
            Client(way, lab["careful"], encryption="never").run("hostname")

    @pytest.mark.parametrize("way", [*SEALED, *OVER_TLS], ids=str)
    def test_a_wrong_password_is_refused(self, lab: Lab, way: Route) -> None:
        refusals = (winrm.exceptions.InvalidCredentialsError, pypsrp.exceptions.AuthenticationError)
        with pytest.raises(refusals):
            Client(way, lab["careful"], password="wrong").run("hostname")
        assert lab["careful"].recorder.lines == []

    def test_nobody_gets_in_without_a_name(self, lab: Lab) -> None:
        url = f"http://127.0.0.1:{lab['careful'].http.port}/wsman"
        answer = requests.post(url, data=b"<x/>", timeout=10)
        assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (401, 'Negotiate, Basic realm="WSMAN"')

    @pytest.mark.parametrize(
        "authorization", ["Negotiate ???", "Negotiate AAAA", "Basic ???", "Basic AAAA", "Kerberos x"]
    )
    def test_nonsense_is_refused(self, lab: Lab, authorization: str) -> None:
        url = f"http://127.0.0.1:{lab['careful'].http.port}/wsman"
        assert requests.post(url, headers={"Authorization": authorization}, timeout=10).status_code == 401

    def test_the_certificate_can_be_trusted_by_its_file(self, lab: Lab) -> None:
        url = f"https://127.0.0.1:{lab['careful'].https.port}/wsman"
        answer = requests.post(url, auth=(USER, PASSWORD), verify=str(lab.certificate), timeout=10)
        assert answer.status_code == 200
        with pytest.raises(requests.exceptions.SSLError):
            requests.post(url, auth=(USER, PASSWORD), timeout=10)

    def test_a_message_that_is_no_soap_is_answered_with_a_fault(self, lab: Lab) -> None:
        url = f"http://127.0.0.1:{lab['careless'].http.port}/wsman"
        for message in (b"no xml", b"<x/>"):
            answer = requests.post(url, data=message, auth=(USER, PASSWORD), timeout=10)
            assert (answer.status_code, "WSManFault" in answer.text) == (500, True)

    def test_a_message_that_was_sealed_for_nobody_is_bad(self, lab: Lab) -> None:
        url = f"http://127.0.0.1:{lab['careful'].http.port}/wsman"
        headers = {"Content-Type": 'multipart/encrypted;boundary="Encrypted Boundary"'}
        assert requests.post(url, b"old", auth=(USER, PASSWORD), headers=headers, timeout=10).status_code == 400


class TestCommands:
    @pytest.mark.parametrize("way", [WINRM, PSRP], ids=str)
    def test_a_command_is_answered(self, lab: Lab, way: Route) -> None:
        assert Client(way, lab["careful"]).run("hostname").stdout.strip() == "careful"

    @pytest.mark.parametrize("way", [WINRM, PSRP], ids=str)
    def test_a_slow_command_outlives_the_operation_timeout(self, lab: Lab, way: Route) -> None:
        lab["careful"].impairments.seconds_per_command = 1.5
        assert answers(Client(way, lab["careful"], operation_seconds=1))

    @pytest.mark.parametrize("way", [WINRM, PSRP], ids=str)
    def test_a_long_answer_arrives_whole(self, lab: Lab, way: Route) -> None:
        host = lab["careful"]
        path = r"SOFTWARE\rras.ipsec"
        host.registry.create(path)
        for number in range(2000):
            host.registry.create(rf"{path}\Key{number}")
        answer = run_script(Client(way, host), steps.ReadTree(path, depth=1))
        assert len(answer.tree) == 2001

    def test_an_unknown_command_fails(self, lab: Lab) -> None:
        output = Client(WINRM, lab["careful"]).run("frobnicate /all")
        assert (output.code, output.stderr) == (
            1,
            "The term 'frobnicate' is not recognized as the name of a cmdlet.\r\n",
        )

    def test_a_line_that_cmd_does_not_take_fails(self, lab: Lab) -> None:
        output = Client(WINRM, lab["careful"]).run(session.PREFIX + "A" * 8192)
        assert (output.code, output.stderr) == (1, "The command line is too long.\r\n")

    @pytest.mark.parametrize("answer", [WrongAnswer.GARBAGE, WrongAnswer.TRUNCATED])
    def test_a_host_may_answer_nonsense(self, lab: Lab, answer: WrongAnswer) -> None:
        lab["careful"].impairments.answer = answer
        with pytest.raises(session.NoAnswerError):
            run_script(Client(WINRM, lab["careful"]), read_rasman)

    def test_a_host_may_answer_half(self, lab: Lab) -> None:
        lab["careful"].impairments.answer = WrongAnswer.CUT_RECORDS
        with pytest.raises(records.MalformedAnswerError):
            run_script(Client(WINRM, lab["careful"]), read_rasman)

    @pytest.mark.parametrize("fault", [fault for fault in records.Fault if fault is not records.Fault.REFUSED])
    def test_a_host_may_refuse(self, lab: Lab, fault: records.Fault) -> None:
        lab["careful"].impairments.refuses_with = fault
        with pytest.raises(session.ExecutionError) as refused:
            run_script(Client(WINRM, lab["careful"]), read_rasman)
        assert (refused.value.failure.fault, refused.value.failure.outcome) == (fault, records.Outcome.NOTHING)


class TestFaults:
    @pytest.mark.parametrize("way", [WINRM, PSRP], ids=str)
    @pytest.mark.parametrize(
        ("impairments", "executions"),
        [(Impairments(lose_request=1), 0), (Impairments(lose_request=3), 0), (Impairments(lose_answer=5), 1)],
        ids=["the first request", "a later request", "a later answer"],
    )
    def test_the_connection_breaks(self, lab: Lab, way: Route, impairments: Impairments, executions: int) -> None:
        host = lab["careful"]
        host.impairments = Impairments(lose_request=impairments.lose_request, lose_answer=impairments.lose_answer)
        with pytest.raises(LOST):
            run_script(Client(way, host), read_rasman)
        wait_until(lambda: len(host.recorder.executions) >= executions)
        assert answers(Client(way, host))

    @pytest.mark.parametrize("way", [WINRM, PSRP], ids=str)
    def test_a_host_dies_at_a_record_and_comes_back(self, lab: Lab, way: Route) -> None:
        host = lab["careful"]
        host.impairments = Impairments(die_at_record=1, seconds_away_after_death=0.2)
        started = host.boot_time
        with pytest.raises(LOST):
            run_script(Client(way, host), read_rasman)
        wait_until(lambda: host.boot_time != started and is_listening(host))
        assert answers(Client(way, host))

    def test_a_dead_host_refuses_connections_and_keeps_its_port(self, lab: Lab) -> None:
        host = lab["careful"]
        port = host.http.port
        host.power_off()
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port), timeout=5)
        host.power_on()
        assert host.http.port == port
        assert answers(Client(WINRM, host))


class TestRestarts:
    def test_a_restart_changes_the_boot_time_and_loses_volatile_keys(self, host: Host) -> None:
        host.registry.create(r"SOFTWARE\rras.ipsec")
        host.registry.create(r"SOFTWARE\rras.ipsec\RestartPending", volatile=True)
        before = host.boot_time
        host.restart()
        assert host.boot_time > before
        assert host.registry.children(r"SOFTWARE\rras.ipsec") == []
        assert host.recorder.restarts == 1

    def test_a_host_that_goes_away_breaks_long_polls(self, lab: Lab) -> None:
        host = lab["careful"]
        end = threading.Event()
        host.impairments.before_script = lambda: wait_for(end)
        failures: list[BaseException] = []

        def wait_in_vain() -> None:
            try:
                answers(Client(WINRM, host))
            except LOST as error:
                failures.append(error)

        client = threading.Thread(target=wait_in_vain)
        client.start()
        wait_until(lambda: len(host.recorder.executions) == 1)
        host.restart(away=0.2)
        client.join(timeout=20)
        assert len(failures) == 1
        end.set()
        wait_until(lambda: is_listening(host))

    def test_only_one_restart_is_scheduled(self, lab: Lab) -> None:
        host = lab["patient"]
        assert host.schedule_restart(60)
        assert not host.schedule_restart(60)
        assert host.abort_restart()
        assert not host.abort_restart()
        assert host.recorder.restarts == 0


def is_listening(host: Host) -> bool:
    try:
        socket.create_connection(("127.0.0.1", host.http.port), timeout=5).close()
    except ConnectionRefusedError:
        return False
    return True
