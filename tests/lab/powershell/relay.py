# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab's end of relay.exe: under names such as netsh.exe in Windows' system folder, it asks here what to do."""

from __future__ import annotations

import base64
import re
import socketserver
import threading
from collections.abc import Callable
from typing import cast

from .place import LOOPBACK

RECORD = "#record"
"""The name under which an impaired script, not a program, asks before each record."""

_COMMAND_LINE = re.compile(r'\s*("[^"]*"|\S+)\s*(?P<arguments>.*)', re.DOTALL)


class Relay(socketserver.ThreadingTCPServer):
    """Listens until it is closed. A request is one line, `name TAB base64`; the answer is `code LF output`."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, answer: Callable[[str, str], tuple[int, str] | None]) -> None:
        """Listen.

        answer: gets the name and the arguments; returns the exit code and the output, or None if the program hangs.
        """
        super().__init__((LOOPBACK, 0), _RelayHandler)
        self.answer = answer
        threading.Thread(target=self.serve_forever, name="relay", daemon=True, kwargs={"poll_interval": 0.05}).start()

    @property
    def port(self) -> int:
        return int(self.socket.getsockname()[1])

    def close(self) -> None:
        self.shutdown()
        self.server_close()


class _RelayHandler(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        name, _tab, encoded = self.rfile.readline().decode().strip().partition("\t")
        command_line = base64.b64decode(encoded).decode()
        match = _COMMAND_LINE.fullmatch(command_line)
        answer = cast("Relay", self.server).answer(name.casefold(), match["arguments"] if match else "")
        if answer is None:
            self.rfile.read()  # until whoever waited for the program ends it
        else:
            code, output = answer
            self.wfile.write(f"{code & 0xFFFF_FFFF}\n{output}".encode())
