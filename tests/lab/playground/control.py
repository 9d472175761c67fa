# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A door into a lab that runs in another process: JSON over HTTP, on loopback, for molecule and for people who play.

=======  ================================  ==================================================================
method   path                              answer
=======  ================================  ==================================================================
GET      /hosts                            the names of the hosts
GET      /hosts/NAME/registry?under=PATH   path -> value name -> kind and data; data is text, a list of texts,
                                           a number, or base64; below PATH only, where one is given
GET      /hosts/NAME/record                what the host wrote down: executions, restarts, command lines ...
POST     /hosts/NAME/SWITCH?QUERY          flips one of the switches (switches.py)
=======  ================================  ==================================================================
"""

from __future__ import annotations

import base64
import http
import http.server
import json
import threading
import urllib.parse
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any, Self

from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.registry import Kind, Tree, Value

from ..host import Host
from ..windows.services import ServiceError
from ..wire.server import LOOPBACK
from . import switches


class Control:
    """The interface; it listens between entering and leaving the context."""

    def __init__(self, hosts: Mapping[str, Host], port: int = 0) -> None:
        self._server = http.server.ThreadingHTTPServer((LOOPBACK, port), _handler(hosts))
        self._server.daemon_threads = True

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.02,), name="control", daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()

    @property
    def url(self) -> str:
        """The address of the interface."""
        return f"http://{LOOPBACK}:{self._server.server_address[1]}"


def registry(host: Host, under: str = "") -> dict[str, Any]:
    """Return a part of a host's registry, ready to be written as JSON."""
    return _plain_tree(host.registry.snapshot(under))


def record(host: Host) -> dict[str, Any]:
    """Return everything that a host recorded, ready to be written as JSON."""
    recorder = host.recorder
    return {
        "executions": [{"connection": run.connection, "records": list(run.records)} for run in recorder.executions],
        "restarts": recorder.restarts,
        "command_lines": recorder.command_lines,
        "script_blocks": recorder.script_blocks,
        "outputs": recorder.outputs,
    }


_SHOWN: Mapping[str, Callable[[Host, switches.Query], dict[str, Any]]] = {
    "registry": lambda host, query: registry(host, query.get("under", "")),
    "record": lambda host, _query: record(host),
}


def _handler(hosts: Mapping[str, Host]) -> type[http.server.BaseHTTPRequestHandler]:
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._do("GET")

        def do_POST(self) -> None:
            self._do("POST")

        def _do(self, method: str) -> None:
            status, content = _answer(hosts, method, self.path)
            body = json.dumps(content, indent=1).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the name that http.server requires)
            """Say nothing."""

    return Handler


def _answer(hosts: Mapping[str, Host], method: str, target: str) -> tuple[http.HTTPStatus, Any]:
    url = urllib.parse.urlsplit(target)
    query = dict(urllib.parse.parse_qsl(url.query))
    match url.path.strip("/").split("/"):
        case ["hosts"] if method == "GET":
            return http.HTTPStatus.OK, list(hosts)
        case ["hosts", name, what] if name in hosts and method == "GET" and what in _SHOWN:
            return http.HTTPStatus.OK, _SHOWN[what](hosts[name], query)
        case ["hosts", name, what] if name in hosts and method == "POST" and what in switches.SWITCHES:
            return _flip(hosts[name], what, query)
        case _:
            return http.HTTPStatus.NOT_FOUND, {
                "error": f"there is no {method} {url.path}; tests/lab/README.md lists what there is"
            }


def _flip(host: Host, switch: str, query: switches.Query) -> tuple[http.HTTPStatus, Any]:
    try:
        switches.SWITCHES[switch](host, query)
    except (switches.SwitchError, ServiceError) as error:
        return http.HTTPStatus.BAD_REQUEST, {"error": str(error)}
    return http.HTTPStatus.OK, {"running": sorted(host.services.running)}


def _plain_tree(tree: Tree) -> dict[str, Any]:
    return {path: {name: _plain(value) for name, value in key.items()} for path, key in tree.items()}


def _plain(value: Value) -> dict[str, Any]:
    return {"kind": str(value.kind), "data": _plain_data(value)}


def _plain_data(value: Value) -> str | int | list[str]:
    if value.kind in (Kind.DWORD, Kind.QWORD):
        return int.from_bytes(value.data, "little")
    if value.kind is Kind.MULTI_SZ:
        return list(value.texts)
    return value.text if value.kind in (Kind.SZ, Kind.EXPAND_SZ) else base64.b64encode(value.data).decode()
