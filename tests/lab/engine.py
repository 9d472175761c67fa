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
    """How a command reached the host."""

    WINRM = "winrm"
    PSRP = "psrp"


@dataclasses.dataclass(frozen=True, slots=True)
class Command:
    """One command: its line, and its standard input, as they arrived."""

    connection: ConnectionKind
    line: str
    stdin: tuple[str, ...] = ()
    """Lines of text. The objects of a PSRP pipeline are single lines, or texts of several lines."""


@dataclasses.dataclass(frozen=True, slots=True)
class CommandOutput:
    """What a command left behind."""

    stdout: str = ""
    stderr: str = ""
    code: int = 0
    endless: bool = False
    """Whether its standard output is repeated for as long as anybody reads it."""


class Engine(Protocol):
    """A PowerShell, simulated or real."""

    differences: list[str]
    """Where a real PowerShell and the simulated one did not do the same, in words. There should be none in any test."""

    def run(self, command: Command) -> CommandOutput:
        """Run a command to its end. Raises `PoweredOff` if the host loses its power meanwhile."""

    def close(self) -> None:
        """Stop for good."""


def unwrapped(line: str) -> Sequence[str]:
    """Return the texts in a command line: the line, then what is encoded in it, then what is encoded in that."""
    texts = [line]
    while (match := _ENCODED.fullmatch(texts[-1])) is not None:
        try:
            texts.append(base64.b64decode(match[1], validate=True).decode("utf-16-le"))
        except (binascii.Error, UnicodeDecodeError):
            break
    return texts
