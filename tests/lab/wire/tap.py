# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A tap on the wire between a client and a simulated host, which keeps every byte in both directions."""

from __future__ import annotations

import contextlib
import socket
import threading
from types import TracebackType
from typing import Self

from .server import LOOPBACK

_CHUNK = 65_536


class Tap:
    """Listens between entering and leaving the context; forwards each connection to one port of a host."""

    def __init__(self, target: int, address: str = LOOPBACK, port: int = 0) -> None:
        """Listen.

        target: the port to forward to, on 127.0.0.1; address: where to listen, any of 127.0.0.0/8, for who needs a
        certain port; port: where to listen, 0 for any that is free.
        """
        self._target = target
        self._carried: list[bytes] = []
        self._sockets: list[socket.socket] = []
        self._listener = socket.create_server((address, port), backlog=64)
        self.address: str = address
        self.port: int = self._listener.getsockname()[1]

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, name=f"tap {self.port}", daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        for each in (self._listener, *self._sockets):
            _hang_up(each)

    @property
    def carried(self) -> bytes:
        """Everything that went through so far, in both directions."""
        return b"".join(self._carried)

    def _accept(self) -> None:
        with contextlib.suppress(OSError):  # when the tap is closed
            while True:
                client, _address = self._listener.accept()
                host = socket.create_connection((LOOPBACK, self._target))
                self._sockets += (client, host)
                for each in (client, host):
                    each.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                for ends in ((client, host), (host, client)):
                    threading.Thread(target=self._forward, args=ends, daemon=True).start()

    def _forward(self, source: socket.socket, target: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(_CHUNK):
                self._carried.append(data)
                target.sendall(data)
        _hang_up(source)
        _hang_up(target)


def _hang_up(each: socket.socket) -> None:
    """End both directions, so that whoever waits for the other end stops waiting."""
    with contextlib.suppress(OSError):
        each.shutdown(socket.SHUT_RDWR)
    each.close()
