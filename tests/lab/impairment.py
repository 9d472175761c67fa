# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What can be wrong with a simulated host. Tests set and clear it while the host runs."""

from __future__ import annotations

import dataclasses
import enum
from collections.abc import Callable, Mapping

from ansible_collections.rras.ipsec.plugins.plugin_utils._host.records import Fault


class NetshFault(enum.StrEnum):
    """What netsh does instead of its work."""

    MISSING = "missing"
    HANGING = "hanging"
    FAILING = "failing"
    """In the context ipsec, it prints ERR IPsec[05073] but ends with exit code 0, which is harder to notice."""
    WITHOUT_EFFECT = "without effect"
    """It prints nothing, ends with exit code 0 and changes nothing."""


class WrongAnswer(enum.StrEnum):
    """What a host answers instead of the script's answer."""

    GARBAGE = "garbage"
    """Something that is no answer of ours."""
    FORGED = "forged"
    """An output with what a terminal obeys, and lines that look like Ansible's own."""
    TRUNCATED = "truncated"
    """The first half of the answer, without the end mark of its frame."""
    CUT_RECORDS = "cut records"
    """A complete frame, whose last record is missing."""
    LARGE = "large"
    """A frame of 12 MB."""
    ENORMOUS = "enormous"
    """A frame of 100 MB."""
    ENDLESS = "endless"
    """Base64 for as long as anybody reads it, in pieces of 2 MB; winrm only."""
    WRONG_MARK = "wrong mark"
    """The right answer, between the marks of another script."""
    MISORDERED = "misordered"
    """The right records, in reverse order."""
    NONSENSE = "nonsense"
    """The right records, with values that are not valid base64."""


class Body(enum.StrEnum):
    """What a host sends in place of a message."""

    ENORMOUS = "enormous"
    """100 MB."""
    ENDLESS = "endless"
    """Arbitrary data, for as long as anybody reads it."""
    COMPRESSED = "compressed"
    """100 kB, which unpack to 100 MB if its header is believed."""
    CROWDED = "crowded"
    """3.5 MB of elements, each with an attribute: the worst case for a parser."""


class PoweredOff(BaseException):
    """The host lost its power while a program ran on it. It is not an error of that program, which no longer exists."""


class RecordRefusedError(Exception):
    """An impairment refuses one record."""


@dataclasses.dataclass(slots=True)
class Impairments:
    """Everything that is wrong with one host; by default, nothing."""

    lose_request: int | None = None
    """The number of the SOAP message, counted from 1 from now on, at whose arrival the connection breaks; once."""
    lose_answer: int | None = None
    """The number of the SOAP message that is carried out, but not answered: the connection breaks; once."""
    die_at_record: int | None = None
    """The number of the record of the next script, counted from 0, before which the host loses its power; once."""
    fail_at_record: int | None = None
    """The number of the record of the next script that is refused, as if the registry had failed; once."""
    before_record: Callable[[int, str], None] | None = None
    """Called before each record is carried out, with its number, and its verb and path.

    It may change anything behind the script's back, or raise `PoweredOff` or `RecordRefusedError` itself."""
    before_script: Callable[[], None] | None = None
    """Called before each script, after it was received."""
    refuses_with: Fault | None = None
    """What the script finds wrong with the host before it does anything: wow64, not_administrator, busy ..."""
    fips: bool = False
    """Whether .NET throws if a script asks for SHA256 and the like."""
    answer: WrongAnswer | None = None
    body: Callable[[bytes], Body | None] = lambda _envelope: None
    """Called with each SOAP message; returns what is sent in place of the answer, if anything."""
    netsh: NetshFault | None = None
    exit_codes: Mapping[str, int] = dataclasses.field(default_factory=dict)
    """Command lines of netsh, net or sc, without path and .exe, that do nothing but end with this code."""
    seconds_per_command: float = 0.0
    """How many more seconds each command takes."""
    seconds_away_after_death: float | None = None
    """How many seconds a host that lost its power is away; None: until the test switches it on again."""

    def loses_this_request(self) -> bool:
        """Count a SOAP message that arrived; return whether the connection breaks now."""
        self.lose_request, now = _counted(self.lose_request)
        return now

    def loses_this_answer(self) -> bool:
        """Count a SOAP message that was carried out; return whether the connection breaks now."""
        self.lose_answer, now = _counted(self.lose_answer)
        return now

    @property
    def meet_records(self) -> bool:
        """Whether anything is to happen before a record."""
        return self.before_record is not None or self.die_at_record is not None or self.fail_at_record is not None

    def meets_record(self, number: int, record: str) -> None:
        """Do what is to happen before a record. Raises `PoweredOff` or `RecordRefusedError` if that is wanted."""
        if self.before_record:
            self.before_record(number, record)
        if self.die_at_record == number:
            self.die_at_record = None
            raise PoweredOff
        if self.fail_at_record == number:
            self.fail_at_record = None
            raise RecordRefusedError("The configuration registry database is corrupt.")


def _counted(left: int | None) -> tuple[int | None, bool]:
    if left is None:
        return None, False
    return (left - 1, False) if left > 1 else (None, True)
