# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Shells of the kind that `psrp` connections open: runspace pools ([MS-PSRP])."""

from __future__ import annotations

import base64
import threading
import uuid
from collections.abc import Callable, Mapping
from typing import Any
from xml.etree import ElementTree as ET

import psrpcore
from psrpcore.types import HostMethodIdentifier, NETException, PSInvocationState

from ..engine import Command, CommandOutput, ConnectionKind
from .shells import BLOCK, Pipe, Shell, ShellHost, run_in_thread
from .soap import FaultCode, FaultError, Request, find_text

RESOURCE = "http://schemas.microsoft.com/powershell/Microsoft.PowerShell"

_CREATION_XML = "rsp:Shell/{http://schemas.microsoft.com/powershell}creationXml"


class RunspaceShell(Shell):
    """A runspace pool and its pipelines. The state machines of the protocol are psrpcore's."""

    def __init__(self, machine: ShellHost, request: Request) -> None:
        self._machine = machine
        self._lock = threading.RLock()
        self._pool = psrpcore.ServerRunspacePool()
        self._pipes: dict[uuid.UUID | None, Pipe] = {None: Pipe()}
        self._inputs: dict[uuid.UUID, list[str]] = {}
        self._receive(find_text(request.body, _CREATION_XML), None)

    def start(self, request: Request) -> str:
        line = request.body.find("{*}CommandLine")
        given = line.get("CommandId", "") if line is not None else ""
        pipeline = uuid.UUID(given) if given else uuid.uuid4()
        with self._lock:
            psrpcore.ServerPipeline(self._pool, pipeline)
            self._pipes[pipeline] = Pipe()
            self._inputs[pipeline] = []
            self._receive(_arguments(line), pipeline)
        return str(pipeline).upper()

    def feed(self, command: str, data: bytes, *, last: bool) -> None:  # noqa: ARG002 (the protocol has its own end)
        self._receive(base64.b64encode(data).decode(), self._identifier(command))

    def pipe(self, command: str) -> Pipe:
        return self._pipes[self._identifier(command)]

    def stop(self, command: str) -> None:
        with self._lock:
            identifier = self._identifier(command)
            pipeline = self._pool.pipeline_table.get(identifier) if identifier else None
            if pipeline and pipeline.state is PSInvocationState.Running:
                pipeline.stop()
                self._flush()
                self._pipes[identifier].end()

    def close(self) -> None:
        with self._lock:
            for pipe in self._pipes.values():
                pipe.abandon()

    def _identifier(self, command: str) -> uuid.UUID | None:
        identifier = uuid.UUID(command) if command else None
        if identifier not in self._pipes:
            raise FaultError(FaultCode.SHELL_NOT_FOUND, "The pipeline was not found in the shell.")
        return identifier

    def _receive(self, fragments: str, pipeline: uuid.UUID | None) -> None:
        payload = psrpcore.PSRPPayload(base64.b64decode(fragments), psrpcore.StreamType.default, pipeline)
        with self._lock:
            self._pool.receive_data(payload)
            while (event := self._pool.next_event()) is not None:
                handler = self._handlers().get(type(event))
                if handler:
                    handler(event)
            self._flush()

    def _handlers(self) -> Mapping[type[Any], Callable[[Any], None]]:
        return {
            psrpcore.CreatePipelineEvent: self._created,
            psrpcore.PipelineInputEvent: self._fed,
            psrpcore.EndOfPipelineInputEvent: self._run,
        }

    def _created(self, event: psrpcore.CreatePipelineEvent) -> None:
        if event.pipeline.no_input:
            self._run(event)

    def _fed(self, event: psrpcore.PipelineInputEvent) -> None:
        """Take one object of the pipeline's input: a text, or the bytes of one."""
        self._inputs[_pipeline_of(event)].append(
            event.data.decode() if isinstance(event.data, bytes) else str(event.data)
        )

    def _run(self, event: psrpcore.PSRPEvent[Any, Any]) -> None:
        identifier = _pipeline_of(event)
        pipeline = self._pool.pipeline_table[identifier]
        pipeline.start()
        metadata = pipeline.metadata
        commands = metadata.commands if isinstance(metadata, psrpcore.PowerShell) else []
        text = "\n".join(command.command_text for command in commands)
        command = Command(ConnectionKind.PSRP, text, tuple(self._inputs.pop(identifier)))
        run_in_thread(self._machine, command, lambda output: self._deliver(pipeline, output))

    def _deliver(self, pipeline: psrpcore.ServerPipeline, output: CommandOutput) -> None:
        with self._lock:
            if pipeline.state is not PSInvocationState.Running:
                return
            for line in output.stdout.splitlines():
                pipeline.write_output(line)
            if output.stderr:
                pipeline.write_error(NETException(Message=output.stderr.rstrip()))
            if output.code:
                pipeline.host_call(HostMethodIdentifier.SetShouldExit, [output.code])
            pipeline.complete()
            self._flush()
            self._pipes[pipeline.pipeline_id].end()

    def _flush(self) -> None:
        """Move what the state machines want to send into the pipes, one fragment at a time."""
        while (payload := self._pool.data_to_send(BLOCK)) is not None:
            self._pipes[payload.pipeline_id].write("stdout", payload.data)


def _pipeline_of(event: psrpcore.PSRPEvent[Any, Any]) -> uuid.UUID:
    identifier: uuid.UUID | None = event.pipeline_id
    if identifier is None:
        raise FaultError(FaultCode.INVALID_XML, "the message names no pipeline")
    return identifier


def _arguments(line: ET.Element | None) -> str:
    return line.findtext("{*}Arguments", "") if line is not None else ""
