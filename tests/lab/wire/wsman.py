# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The WS-Management service of one simulated host: shells, and the six operations on them ([MS-WSMV] 3.1.4)."""

from __future__ import annotations

import base64
import threading
import uuid
from collections.abc import Callable
from xml.etree import ElementTree as ET

from . import psrp
from .shells import Block, CommandShell, Shell, ShellHost
from .soap import NAMESPACES, FaultCode, FaultError, Request, Response, SoapAction, element, fault, parse, response

COMMAND_RESOURCE = "http://schemas.microsoft.com/wbem/wsman/1/windows/shell/cmd"
_STATE = "http://schemas.microsoft.com/wbem/wsman/1/windows/shell/CommandState/"


class WsmanService:
    """Everything that clients have opened on a host since it started."""

    def __init__(self, machine: ShellHost) -> None:
        self._machine = machine
        self._lock = threading.Lock()
        self._shells: dict[str, Shell] = {}
        self._operations: dict[str, Callable[[Request], tuple[ET.Element, ...]]] = {
            SoapAction.CREATE: self._create,
            SoapAction.DELETE: self._delete,
            SoapAction.COMMAND: self._command,
            SoapAction.SEND: self._send,
            SoapAction.RECEIVE: self._receive,
            SoapAction.SIGNAL: self._signal,
        }

    def answer(self, envelope: bytes) -> Response:
        """Carry out one request."""
        message_id = ""
        try:
            request = parse(envelope)
            message_id = request.message_id
            return response(request, *self._operation(request)(request))
        except FaultError as error:
            return fault(message_id, error)

    def close(self) -> None:
        """Close all shells, as when the host goes away."""
        with self._lock:
            shells, self._shells = self._shells, {}
        for shell in shells.values():
            shell.close()

    def _operation(self, request: Request) -> Callable[[Request], tuple[ET.Element, ...]]:
        operation = self._operations.get(request.action)
        if operation is None:
            raise FaultError(FaultCode.NOT_SUPPORTED, f"The action {request.action} is not supported.")
        return operation

    def _create(self, request: Request) -> tuple[ET.Element, ...]:
        wanted = request.body.find("rsp:Shell", NAMESPACES)
        given = wanted.get("ShellId") if wanted is not None else None
        identifier = (given or str(uuid.uuid4())).upper()
        is_psrp = request.resource == psrp.RESOURCE
        shell = psrp.RunspaceShell(self._machine, request) if is_psrp else CommandShell(self._machine)
        with self._lock:
            self._shells[identifier] = shell
        return (
            element(
                "x:ResourceCreated",
                element("a:Address", text="http://127.0.0.1/wsman"),
                element(
                    "a:ReferenceParameters",
                    element("w:ResourceURI", text=request.resource),
                    element("w:SelectorSet", element("w:Selector", text=identifier, Name="ShellId")),
                ),
            ),
            element(
                "rsp:Shell",
                element("rsp:ShellId", text=identifier),
                element("rsp:ResourceUri", text=request.resource),
                element("rsp:State", text="Connected"),
            ),
        )

    def _delete(self, request: Request) -> tuple[ET.Element, ...]:
        shell = self._shell(request)
        with self._lock:
            self._shells.pop(request.shell.upper(), None)
        shell.close()
        return ()

    def _command(self, request: Request) -> tuple[ET.Element, ...]:
        identifier = self._shell(request).start(request)
        return (element("rsp:CommandResponse", element("rsp:CommandId", text=identifier)),)

    def _send(self, request: Request) -> tuple[ET.Element, ...]:
        shell = self._shell(request)
        for stream in request.body.iterfind("rsp:Send/rsp:Stream", NAMESPACES):
            last = stream.get("End", "").lower() == "true"
            shell.feed(stream.get("CommandId", ""), base64.b64decode(stream.text or ""), last=last)
        return (element("rsp:SendResponse"),)

    def _receive(self, request: Request) -> tuple[ET.Element, ...]:
        wanted = request.body.find("rsp:Receive/rsp:DesiredStream", NAMESPACES)
        command = wanted.get("CommandId", "") if wanted is not None else ""
        block = self._shell(request).pipe(command).take(request.seconds)
        return (element("rsp:ReceiveResponse", *_streams(block, command), *_state(block, command)),)

    def _signal(self, request: Request) -> tuple[ET.Element, ...]:
        wanted = request.body.find("rsp:Signal", NAMESPACES)
        self._shell(request).stop(wanted.get("CommandId", "") if wanted is not None else "")
        return (element("rsp:SignalResponse"),)

    def _shell(self, request: Request) -> Shell:
        with self._lock:
            shell = self._shells.get(request.shell.upper())
        if shell is None:
            raise FaultError(FaultCode.SHELL_NOT_FOUND, "The shell was not found on the server.")
        return shell


def _streams(block: Block, command: str) -> list[ET.Element]:
    if not block.stream:
        return []
    names = {"Name": block.stream, **({"CommandId": command} if command else {})}
    return [element("rsp:Stream", text=base64.b64encode(block.data).decode(), **names)]


def _state(block: Block, command: str) -> list[ET.Element]:
    if not command:
        return []
    code = [element("rsp:ExitCode", text=str(block.code))] if block.code is not None else []
    state = "Done" if block.ended else "Running"
    return [element("rsp:CommandState", *code, CommandId=command, State=_STATE + state)]
