# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""SOAP envelopes of WS-Management ([MS-WSMV]): reads requests, writes responses and faults."""

from __future__ import annotations

import dataclasses
import enum
import re
import uuid
from collections.abc import Mapping
from xml.etree import ElementTree as ET

import defusedxml.ElementTree

NAMESPACES = {
    "s": "http://www.w3.org/2003/05/soap-envelope",
    "a": "http://schemas.xmlsoap.org/ws/2004/08/addressing",
    "w": "http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd",
    "x": "http://schemas.xmlsoap.org/ws/2004/09/transfer",
    "rsp": "http://schemas.microsoft.com/wbem/wsman/1/windows/shell",
    "f": "http://schemas.microsoft.com/wbem/wsman/1/wsmanfault",
}
DEFAULT_TIMEOUT = 60.0

_DURATION = re.compile(r"PT(?:(\d+)M)?(\d+(?:\.\d+)?)S")

for _prefix, _uri in NAMESPACES.items():
    ET.register_namespace(_prefix, _uri)


class SoapAction(enum.StrEnum):
    """What a request asks for: the URI in its header, and the one in the response's."""

    CREATE = "http://schemas.xmlsoap.org/ws/2004/09/transfer/Create"
    DELETE = "http://schemas.xmlsoap.org/ws/2004/09/transfer/Delete"
    COMMAND = "http://schemas.microsoft.com/wbem/wsman/1/windows/shell/Command"
    SEND = "http://schemas.microsoft.com/wbem/wsman/1/windows/shell/Send"
    RECEIVE = "http://schemas.microsoft.com/wbem/wsman/1/windows/shell/Receive"
    SIGNAL = "http://schemas.microsoft.com/wbem/wsman/1/windows/shell/Signal"


class FaultCode(enum.IntEnum):
    """WSManFault/@Code ([MS-WSMV] 2.2.4.43)."""

    OPERATION_TIMEOUT = 2150858793
    SHELL_NOT_FOUND = 2150858843
    NOT_SUPPORTED = 2150858823
    INVALID_XML = 2150858757


class FaultError(Exception):
    """The answer to a request is a fault."""

    def __init__(self, code: FaultCode, reason: str) -> None:
        super().__init__(reason)
        self.code = code


@dataclasses.dataclass(frozen=True, slots=True)
class Request:
    """One request, as far as it matters to a host."""

    action: str
    message_id: str
    resource: str
    shell: str
    seconds: float
    """How long the operation may take before it is answered with a fault (OperationTimeout)."""
    options: Mapping[str, str]
    body: ET.Element


@dataclasses.dataclass(frozen=True, slots=True)
class Response:
    """What goes back: the HTTP status and the envelope."""

    status: int
    envelope: bytes


def parse(data: bytes) -> Request:
    """Read a request. Raises `FaultError` if it is not an envelope."""
    try:
        root = defusedxml.ElementTree.fromstring(data)
    except ET.ParseError as error:
        raise FaultError(FaultCode.INVALID_XML, "the request is not XML") from error
    body = root.find("s:Body", NAMESPACES)
    if body is None:
        raise FaultError(FaultCode.INVALID_XML, "the request has no body")
    return Request(
        action=_header(root, "a:Action"),
        message_id=_header(root, "a:MessageID"),
        resource=_header(root, "w:ResourceURI"),
        shell=_header(root, "w:SelectorSet/w:Selector[@Name='ShellId']"),
        seconds=_seconds(_header(root, "w:OperationTimeout")),
        options={
            option.get("Name", ""): option.text or ""
            for option in root.iterfind("s:Header/w:OptionSet/w:Option", NAMESPACES)
        },
        body=body,
    )


def response(request: Request, *content: ET.Element) -> Response:
    """Return the answer to a request that succeeded."""
    return Response(200, _envelope(request.message_id, f"{request.action}Response", content))


def fault(message_id: str, error: FaultError) -> Response:
    """Return the answer to a request that failed."""
    content = element(
        "s:Fault",
        element(
            "s:Code",
            element("s:Value", text="s:Receiver"),
            element("s:Subcode", element("s:Value", text="w:InternalError")),
        ),
        element("s:Reason", element("s:Text", text=str(error))),
        element("s:Detail", element("f:WSManFault", element("f:Message", text=str(error)), Code=str(error.code.value))),
    )
    return Response(500, _envelope(message_id, "http://schemas.dmtf.org/wbem/wsman/1/wsman/fault", (content,)))


def element(name: str, *children: ET.Element, text: str | None = None, **attributes: str) -> ET.Element:
    """Return an element; its name is written with a prefix from `NAMESPACES`."""
    made = ET.Element(_qualified(name), attributes)
    made.text = text
    made.extend(children)
    return made


def find_text(body: ET.Element, path: str) -> str:
    """Return the text at a path; empty if there is none."""
    return body.findtext(path, "", NAMESPACES)


def _envelope(relates_to: str, action: str, content: tuple[ET.Element, ...]) -> bytes:
    header = element(
        "s:Header",
        element("a:Action", text=action),
        element("a:MessageID", text=f"uuid:{uuid.uuid4()}".upper()),
        element("a:To", text="http://schemas.xmlsoap.org/ws/2004/08/addressing/role/anonymous"),
        element("a:RelatesTo", text=relates_to),
    )
    envelope: bytes = ET.tostring(element("s:Envelope", header, element("s:Body", *content)), encoding="utf-8")
    return envelope


def _header(root: ET.Element, path: str) -> str:
    return root.findtext(f"s:Header/{path}", "", NAMESPACES)


def _qualified(name: str) -> str:
    prefix, _colon, local = name.partition(":")
    return f"{{{NAMESPACES[prefix]}}}{local}"


def _seconds(duration: str) -> float:
    match = _DURATION.fullmatch(duration)
    return int(match[1] or 0) * 60 + float(match[2]) if match else DEFAULT_TIMEOUT
