# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two of strongSwan's IKE daemons in two network namespaces, connected by one cable; and what a handshake came to."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

CHARON = Path("/usr/lib/ipsec/charon")
NEEDED = (
    "root, network namespaces and strongSwan (apt-get install strongswan-charon strongswan-swanctl "
    "libcharon-extra-plugins libstrongswan-standard-plugins iproute2)"
)
_START = 10
"""Seconds within which a daemon must answer."""
_HANDSHAKE = 10
"""Seconds after which a handshake that hangs is ended; one that is not answered takes less than two."""
_PLUGINS = (
    "random nonce openssl md5 sha1 sha2 hmac kdf gmp pem pkcs1 pubkey x509 revocation constraints kernel-netlink "
    "socket-default vici"
)
_SETTINGS = """\
charon {{
    load = {plugins}
    install_routes = no
    # The responder may choose; Windows takes the order of the initiator, and so must this, to be compared.
    prefer_configured_proposals = no
    retransmit_timeout = 0.5
    retransmit_tries = 1
    filelog {{
        log {{
            path = {folder}/log
            default = 1
            flush_line = yes
        }}
    }}
    plugins {{
        vici {{
            socket = unix://{folder}/vici
        }}
    }}
}}
swanctl {{
    load = random nonce openssl pem pkcs1 pubkey x509
}}
"""
_FOLDERS = (
    *("x509", "x509ca", "x509ocsp", "x509aa", "x509ac", "x509crl", "pubkey", "private", "rsa", "ecdsa", "bliss"),
    *("pkcs8", "pkcs12"),
)
"""What swanctl looks for below /etc/swanctl."""
_MAIN_MODE = re.compile(r"selected proposal: IKE:(\S+)")
_QUICK_MODE = re.compile(r"selected proposal: ESP:(\S+)")
_REFUSALS = (
    "no shared key found",
    "not authenticated by CA",
    "no trusted RSA public key",
    "NO_PROPOSAL_CHOSEN",
    "AUTHENTICATION_FAILED",
    "decryption failed",
)


class Daemon:
    """A daemon that runs in a namespace of its own."""

    def __init__(self, name: str, folder: Path) -> None:
        self.namespace = f"rras-{os.getpid()}-{name}"
        self.folder = folder
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def store(self) -> Path:
        """The folder that stands for /etc/swanctl."""
        return self.folder / "swanctl"

    def start(self) -> None:
        (self.folder / "run").mkdir(parents=True)
        for name in _FOLDERS:
            (self.store / name).mkdir(parents=True)
        settings = self.folder / "strongswan.conf"
        settings.write_text(_SETTINGS.format(plugins=_PLUGINS, folder=self.folder), encoding="utf-8")
        inside = f"mount --bind '{self.folder}/run' /run && exec {CHARON}"
        self._process = subprocess.Popen(
            ["ip", "netns", "exec", self.namespace, "unshare", "--mount", "sh", "-c", inside],
            env=self._environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self._await()

    def stop(self) -> None:
        if self._process:
            self._process.terminate()
            self._process.wait(_START)

    def load(self, configuration: str) -> None:
        """Know this configuration, and no other, without what an earlier one had negotiated."""
        path = self.store / "swanctl.conf"
        path.write_text(configuration, encoding="utf-8")
        loaded = self._swanctl("--load-all", "--clear", "--file", str(path))
        assert loaded.returncode == 0, loaded.stdout + loaded.stderr

    def initiate(self, connection: str) -> str:
        """Negotiate a connection; what is said of it."""
        return self._swanctl("--initiate", "--child", connection, "--timeout", str(_HANDSHAKE)).stdout

    def forget(self, connection: str) -> None:
        """Let nothing of a handshake be left for the next one."""
        self._swanctl("--terminate", "--ike", connection, "--force")

    def run(self, script: str, *arguments: str) -> subprocess.Popen[str]:
        """Begin a script of Python beside the daemon."""
        command = ["ip", "netns", "exec", self.namespace, sys.executable, "-c", script, *arguments]
        return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)

    def log(self) -> str:
        return (self.folder / "log").read_text(encoding="utf-8", errors="replace")

    @property
    def _environment(self) -> dict[str, str]:
        settings = str(self.folder / "strongswan.conf")
        return os.environ | {"STRONGSWAN_CONF": settings, "SWANCTL_DIR": str(self.store)}

    def _swanctl(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["swanctl", *arguments, "--uri", f"unix://{self.folder}/vici"],
            env=self._environment,
            capture_output=True,
            text=True,
            timeout=2 * _HANDSHAKE,
            check=False,
        )

    def _await(self) -> None:
        end = time.monotonic() + _START
        while True:
            with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as control:
                control.connect(str(self.folder / "vici"))
                return
            assert time.monotonic() < end, f"charon did not start: {self.folder / 'log'}"
            time.sleep(0.02)


@dataclasses.dataclass(frozen=True, slots=True)
class Handshake:
    """What two daemons came to."""

    main_mode: str
    """The proposal of the main mode that was established; empty: it was not."""
    quick_mode: str
    """The proposal that quick mode selected; empty: none."""
    refusal: str
    """In which words it was refused; empty: it was not."""

    @property
    def refused_in(self) -> str:
        """The mode in which it was refused; empty: in none."""
        if not self.main_mode:
            return "main mode"
        return "" if self.quick_mode else "quick mode"

    @property
    def shown(self) -> tuple[str, str]:
        """For the table: main mode, quick mode."""
        if not self.main_mode:
            return f"refused ({self.refusal})", "-"
        return self.main_mode, self.quick_mode or f"refused ({self.refusal})"


def negotiate(initiator: Daemon, responder: Daemon, connection: str) -> Handshake:
    """Let one daemon start, and the other answer, whatever was negotiated before."""
    before = len(responder.log())
    said = initiator.initiate(connection)
    answered = responder.log()[before:]
    for daemon in (initiator, responder):
        daemon.forget(connection)
    main = _MAIN_MODE.search(said) if " established between " in said else None
    quick = _QUICK_MODE.search(said)
    refusal = "" if main and quick else next((each for each in _REFUSALS if each in answered + said), "no answer")
    return Handshake(main[1] if main else "", quick[1] if quick else "", refusal)


def refusal() -> str:
    """Why no handshake can be tried here, as a sentence; empty: one can."""
    said = _missing()
    return f"No handshake can be tried here, because {said}; it needs {NEEDED}." if said else ""


def _missing() -> str:
    if os.geteuid() != 0:
        return "this is not root"
    for name in ("ip", "unshare", "swanctl", CHARON):
        if shutil.which(name) is None:
            return f"{name} is not there"
    probe = f"rras-{os.getpid()}-probe"
    made = subprocess.run(["ip", "netns", "add", probe], capture_output=True, text=True, check=False)
    subprocess.run(["ip", "netns", "delete", probe], capture_output=True, check=False)
    return "" if made.returncode == 0 else f"ip netns add says: {made.stderr.strip()}"


_RECEIVER = """
import socket, sys
l2tp, other = (socket.socket(type=socket.SOCK_DGRAM) for each in range(2))
l2tp.bind((sys.argv[1], 1701))
other.bind((sys.argv[1], 1235))
print("bound", flush=True)
other.settimeout(10)
other.recv(9)
l2tp.setblocking(False)
try:
    print(l2tp.recv(9).decode())
except BlockingIOError:
    print("nothing")
"""
_SENDER = """
import socket, sys
for port in 1701, 1235:
    sending = socket.socket(type=socket.SOCK_DGRAM)
    sending.bind((sys.argv[1], port))
    try:
        sending.sendto(b"clear", (sys.argv[2], port))
    except PermissionError:
        pass
"""


def passes(sender: Daemon, source: str, receiver: Daemon, destination: str) -> bool:
    """Whether L2TP in clear text arrives. What is sent after it, from another port, must, and so ends the wait."""
    with receiver.run(_RECEIVER, destination) as receiving:
        assert receiving.stdout is not None
        assert receiving.stdout.readline() == "bound\n"
        with sender.run(_SENDER, source, destination) as sending:
            assert sending.wait(_HANDSHAKE) == 0
        received = receiving.stdout.readline()
    assert received in ("clear\n", "nothing\n")
    return received == "clear\n"


@contextlib.contextmanager
def connected(folder: Path, one: Iterable[str], two: Iterable[str]) -> Iterator[tuple[Daemon, Daemon]]:
    """Two daemons with addresses of one network each."""
    both = Daemon("one", folder / "one"), Daemon("two", folder / "two")
    with contextlib.ExitStack() as stack:
        for daemon in both:
            _ip("netns", "add", daemon.namespace)
            stack.callback(_ip, "netns", "delete", daemon.namespace)
        first, second = (daemon.namespace for daemon in both)
        _ip("link", "add", "cable", "netns", first, "type", "veth", "peer", "name", "cable", "netns", second)
        for daemon, addresses in zip(both, (one, two), strict=True):
            for address in addresses:
                _ip("-n", daemon.namespace, "address", "add", f"{address}/24", "dev", "cable")
            _ip("-n", daemon.namespace, "link", "set", "cable", "up")
        for daemon in both:
            stack.callback(daemon.stop)
            daemon.start()
        yield both


def _ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], check=True, capture_output=True)
