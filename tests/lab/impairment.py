# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What can be wrong with a simulated host. Tests set it and clear it while the host runs."""

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
    """In the context ipsec it prints ERR IPsec[05073] and ends with exit code 0, the harder case to notice."""
    WITHOUT_EFFECT = "without effect"
    """It prints nothing, ends with exit code 0 and changes nothing."""


class WrongAnswer(enum.StrEnum):
    """What a host answers instead of the script's answer."""

    GARBAGE = "garbage"
    """Something that is no answer of ours."""
    FORGED = "forged"
    """An output with what a terminal obeys, and lines that look like Ansible's own."""
    TRUNCATED = "truncated"
    """The first half of the answer, without the end of the frame."""
    CUT_RECORDS = "cut records"
    """A whole frame, whose last record is missing."""
    LARGE = "large"
    """A frame of 12 MB."""
    ENORMOUS = "enormous"
    """A frame of 100 MB."""
    ENDLESS = "endless"
    """Base64 for as long as anybody reads, in pieces of 2 MB; over winrm."""
    WRONG_MARK = "wrong mark"
    """The right answer between marks of another script."""
    MISORDERED = "misordered"
    """The right records, in the opposite order."""
    NONSENSE = "nonsense"
    """The right records, with values that are no base64 of anything."""


class Body(enum.StrEnum):
    """What a host sends in one message, instead of a message."""

    ENORMOUS = "enormous"
    """100 MB."""
    ENDLESS = "endless"
    """Something, for as long as anybody reads."""
    COMPRESSED = "compressed"
    """100 kB, which are 100 MB to who believes its header."""
    CROWDED = "crowded"
    """3.5 MB of elements, each with an attribute: the most that a parser can make of them."""


class PoweredOff(BaseException):
    """The host lost its power while a program ran on it: no error of that program, which stops existing."""


class RecordRefusedError(Exception):
    """What an impairment makes of one record."""


@dataclasses.dataclass(slots=True)
class Impairments:
    """Everything that is wrong with one host. The default is a sound host."""

    lose_request: int | None = None
    """The connection breaks when this SOAP message arrives, counted from 1 since this was set; once."""
    lose_answer: int | None = None
    """This SOAP message is carried out, and the connection breaks instead of the answer; once."""
    die_at_record: int | None = None
    """Lose power before this record of the next script, counted from 0 as the script gets them; once."""
    fail_at_record: int | None = None
    """Refuse this record of the next script, as if the registry had failed; once."""
    before_record: Callable[[int, str], None] | None = None
    """Called with the number, and the verb and path, of each record before it is carried out.

    It may change things under our feet, or raise R(PoweredOff) or R(RecordRefusedError) itself.
    """
    before_script: Callable[[], None] | None = None
    """Called before each script, after it was received."""
    refuses_with: Fault | None = None
    """What the script finds wrong with the host before it does anything: wow64, not_administrator, busy ..."""
    fips: bool = False
    """.NET throws where a script asks for SHA256 and the like."""
    answer: WrongAnswer | None = None
    body: Callable[[bytes], Body | None] = lambda _envelope: None
    """Called with each SOAP message: what is sent instead of the answer to it."""
    netsh: NetshFault | None = None
    exit_codes: Mapping[str, int] = dataclasses.field(default_factory=dict)
    """Command lines of netsh, net or sc, without path and .exe, that do nothing and end with a code."""
    seconds_per_command: float = 0.0
    """How long each command takes in addition."""
    seconds_away_after_death: float | None = None
    """How long a host that lost its power is away; None: until the test switches it on again."""

    def loses_this_request(self) -> bool:
        """Count one SOAP message that arrived; return whether the connection breaks now."""
        self.lose_request, now = _counted(self.lose_request)
        return now

    def loses_this_answer(self) -> bool:
        """Count one SOAP message that was carried out; return whether the connection breaks now."""
        self.lose_answer, now = _counted(self.lose_answer)
        return now

    @property
    def meet_records(self) -> bool:
        """Whether anything is to be done before a record."""
        return self.before_record is not None or self.die_at_record is not None or self.fail_at_record is not None

    def meets_record(self, number: int, record: str) -> None:
        """Do what is to be done before a record. Raises R(PoweredOff) or R(RecordRefusedError) where that is wanted."""
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
