# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The HTTP and HTTPS endpoints of a simulated host, where its WS-Management service listens."""

from __future__ import annotations

import contextlib
import dataclasses
import gzip
import http
import http.server
import itertools
import socket
import ssl
import threading
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from ..impairment import Body, Impairments
from .authentication import CHALLENGES, SEALED_TYPE, Login, SealingError
from .soap import Response

LOOPBACK = "127.0.0.1"
PLAIN_TYPE = "application/soap+xml;charset=UTF-8"
_PIECE = b"<a>" + b"x" * (2**20 - 3)


class ConnectionLost(BaseException):
    """The connection breaks now. This is not an error of the server, whose handler has nothing more to do."""


@dataclasses.dataclass(frozen=True, slots=True)
class Site:
    """What an endpoint serves."""

    answer: Callable[[bytes], Response]
    """Carries out one SOAP request."""
    impairments: Callable[[], Impairments]
    certificate: Path | None = None
    """The endpoint speaks TLS with this key and certificate; without one it speaks plain HTTP."""
    allow_unencrypted: bool = False
    """Whether to accept plain messages over plain HTTP (Windows' setting AllowUnencrypted)."""
    carried: Callable[[int, int], object] = lambda _up, _down: None
    """Called for each request with the bytes of its body, and of the answer's."""


class Endpoint:
    """One port of a host, which keeps its number while the host is away."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._server: _Server | None = None
        self._placeholder: socket.socket | None = None
        self.port = 0

    @property
    def is_open(self) -> bool:
        """Whether clients are served."""
        return self._server is not None

    def open(self) -> None:
        """Listen and serve, in a thread."""
        if self._placeholder:
            self._placeholder.close()
            self._placeholder = None
        self._server = _Server((LOOPBACK, self.port), self._site)
        self.port = self._server.server_address[1]
        self._server.start(f"port {self.port}")

    def close(self) -> None:
        """Break all connections and refuse new ones. The port stays bound, so that nobody else gets it meanwhile."""
        server, self._server = self._server, None
        if server is None:
            return
        server.stop()
        self._placeholder = socket.socket()
        self._placeholder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._placeholder.bind((LOOPBACK, self.port))

    def release(self) -> None:
        """Close for good."""
        self.close()
        if self._placeholder:
            self._placeholder.close()


class _Server(http.server.ThreadingHTTPServer):
    """Waits in accept(): serve_forever() would wake up every few milliseconds, in each of hundreds of servers."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 64

    def __init__(self, address: tuple[str, int], site: Site) -> None:
        self.site = site
        self._connections: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._tls = _tls_context(site.certificate) if site.certificate else None
        self._stopped = threading.Event()
        super().__init__(address, _HttpHandler)

    def start(self, name: str) -> None:
        self._thread = threading.Thread(target=self._serve, name=name, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Refuse new connections, then break those that exist."""
        self._stopped.set()
        with contextlib.suppress(OSError):
            self.socket.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self.server_close()
        self._break_connections()

    def get_request(self) -> tuple[socket.socket, Any]:
        connection, address = super().get_request()
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self._tls:
            connection = self._tls.wrap_socket(connection, server_side=True, do_handshake_on_connect=False)
        with self._lock:
            self._connections.add(connection)
        return connection, address

    def shutdown_request(self, request: socket.socket | tuple[bytes, socket.socket]) -> None:
        with self._lock:
            self._connections -= {request}
        super().shutdown_request(request)

    def handle_error(self, request: object, client_address: object) -> None:
        """Print nothing: in tests it is normal that clients hang up and hosts lose their power."""

    def _serve(self) -> None:
        while not self._stopped.is_set():
            with contextlib.suppress(OSError):  # a client that is already gone, or the end
                self.process_request(*self.get_request())

    def _break_connections(self) -> None:
        with self._lock:
            connections = list(self._connections)
        for connection in connections:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)


class _HttpHandler(http.server.BaseHTTPRequestHandler):
    """The handler of one connection; its authentication lasts as long as it does."""

    protocol_version = "HTTP/1.1"
    server_version = "Microsoft-HTTPAPI/2.0"
    sys_version = ""
    wbufsize = -1
    server: _Server

    def setup(self) -> None:
        super().setup()
        self._login = Login()

    def handle(self) -> None:
        with contextlib.suppress(OSError, ConnectionLost):
            super().handle()

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        self._up = len(body)
        verdict = self._login.check(self.headers.get("Authorization", ""))
        if verdict.scheme is None:
            self._reply(http.HTTPStatus.UNAUTHORIZED, challenges=(verdict.token,) if verdict.token else CHALLENGES)
        elif not body:
            self._reply(http.HTTPStatus.OK, challenges=(verdict.token,))
        elif self.headers.get_content_maintype() == "multipart":
            self._answer_sealed(body, verdict.token)
        elif self._refuses_plain_messages():
            self._reply(http.HTTPStatus.FORBIDDEN)
        else:
            answer = self._answer(body)
            self._reply(answer.status, PLAIN_TYPE, answer.envelope, (verdict.token,))

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the name that http.server wants)
        """Print nothing; the recorder has what matters."""

    def _answer_sealed(self, body: bytes, token: str) -> None:
        try:
            answer = self._answer(self._login.unseal(body))
            self._reply(answer.status, SEALED_TYPE, self._login.seal(answer.envelope), (token,))
        except SealingError:
            # Windows also refuses a body that was sealed for the connection before a restart.
            self._reply(http.HTTPStatus.BAD_REQUEST)

    def _answer(self, envelope: bytes) -> Response:
        impairments = self.server.site.impairments()
        if impairments.loses_this_request():
            self._lose_connection()
        answer = self.server.site.answer(envelope)
        body = impairments.body(envelope)
        if body:
            self._swell(body)
        if impairments.loses_this_answer():
            self._lose_connection()
        return answer

    def _swell(self, body: Body) -> None:
        self.send_response(http.HTTPStatus.OK)
        self.send_header("Content-Type", PLAIN_TYPE)
        for name, value in _SWOLLEN[body].headers.items():
            self.send_header(name, value)
        self.end_headers()
        for piece in _SWOLLEN[body].pieces():
            self.wfile.write(piece)
        self.wfile.flush()
        self._lose_connection()

    def _lose_connection(self) -> None:
        self.connection.shutdown(socket.SHUT_RDWR)
        raise ConnectionLost

    def _refuses_plain_messages(self) -> bool:
        site = self.server.site
        return site.certificate is None and not site.allow_unencrypted

    def _reply(self, status: int, content_type: str = "", body: bytes = b"", challenges: tuple[str, ...] = ()) -> None:
        self.send_response(status)
        for challenge in filter(None, challenges):
            self.send_header("WWW-Authenticate", challenge)
        if content_type:
            self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()
        self.server.site.carried(self._up, len(body))


@dataclasses.dataclass(frozen=True, slots=True)
class _Swollen:
    """A `Body` on the wire. Without a length, it ends with the connection."""

    pieces: Callable[[], Iterable[bytes]]
    headers: Mapping[str, str] = dataclasses.field(default_factory=dict)


_SWOLLEN: Mapping[Body, _Swollen] = {
    Body.ENORMOUS: _Swollen(lambda: itertools.repeat(_PIECE, 100), {"Content-Length": str(100 * len(_PIECE))}),
    Body.ENDLESS: _Swollen(lambda: itertools.repeat(_PIECE)),
    Body.COMPRESSED: _Swollen(lambda: [gzip.compress(_PIECE * 100)], {"Content-Encoding": "gzip"}),
    Body.CROWDED: _Swollen(lambda: [b"<a>", b'<a b=""/>' * 400_000, b"</a>"]),
}


def _tls_context(certificate: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context
