# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What runs the commands that arrive at a simulated host."""

from __future__ import annotations

import base64
import binascii
import dataclasses
import enum
import re
from collections.abc import Sequence
from typing import Protocol

_ENCODED = re.compile(
    r'\s*"?(?:[A-Z]:)?[\w\\.]*powershell(?:\.exe)?"?\s.*-e(?:ncodedcommand)\s+([A-Za-z0-9+/=]+)\s*',
    re.IGNORECASE | re.DOTALL,
)


class EngineName(enum.StrEnum):
    """What runs behind a simulated host."""

    TWIN = "twin"
    POWERSHELL = "powershell"


class ConnectionKind(enum.StrEnum):
    """How a command came to the host."""

    WINRM = "winrm"
    PSRP = "psrp"


@dataclasses.dataclass(frozen=True, slots=True)
class Command:
    """One command: the line as it arrived, and what arrived on its standard input."""

    connection: ConnectionKind
    line: str
    stdin: tuple[str, ...] = ()
    """Lines of text; the objects of a PSRP pipeline are lines already, or texts of several lines."""


@dataclasses.dataclass(frozen=True, slots=True)
class Output:
    """What a command left behind."""

    stdout: str = ""
    stderr: str = ""
    code: int = 0
    endless: bool = False
    """Whether its standard output is repeated for as long as anybody reads."""


class Engine(Protocol):
    """A PowerShell, simulated or real."""

    differences: list[str]
    """In words: where a real one and the simulated one did not do the same. A test is to find nothing here."""

    def run(self, command: Command) -> Output:
        """Run a command to its end. Raises R(PoweredOff) when the host lost its power meanwhile."""

    def close(self) -> None:
        """Go away for good."""


def unwrapped(line: str) -> Sequence[str]:
    """Return the texts that a command line holds: itself, then what is encoded in it, then what is encoded in that."""
    texts = [line]
    while (match := _ENCODED.fullmatch(texts[-1])) is not None:
        try:
            texts.append(base64.b64decode(match[1], validate=True).decode("utf-16-le"))
        except (binascii.Error, UnicodeDecodeError):
            break
    return texts
