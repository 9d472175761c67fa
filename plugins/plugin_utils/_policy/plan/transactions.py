# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One change of a host: its identity in all its phases, and what it will do."""

from __future__ import annotations

import dataclasses
import enum
import re
import uuid

from ansible_collections.rras.ipsec.plugins.plugin_utils._policy import (
    firewall,
    model,
    store,
)
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.errors import RrasError
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.registry import join


class PlanError(RrasError):
    """The declared state must not be put in place on this host. The message says why, and what to do instead."""

    reason = "plan"


class Intent(enum.StrEnum):
    """What a transaction does when it is committed."""

    SWITCH = "switch"
    """Name the new generation and assign it."""
    WRITE = "write"
    """Name the new generation; the assignment does not change."""
    ASSIGN = "assign"
    """Assign a policy that exists already."""
    UNASSIGN = "unassign"
    """Assign nothing; name the new generation, if there is one."""
    KEEP = "keep"
    """Do nothing; there are only remains to be cleared up by the finish."""


class Flag(enum.StrEnum):
    """What else a commit, or the finish, does."""

    RESTART_RRAS = "rras"
    """Stop RemoteAccess before the assignment and start it afterwards, so that it makes its automatic filters."""
    RESTART_AGENT = "agent"
    """Restart PolicyAgent between the assignment and the start of RemoteAccess, so that it holds no old filters."""
    PROHIBITED = "prohibited"
    """Stop with a conflict if ProhibitIpSec is no longer 1: what was decided for 1 may be wrong without it."""
    UNBLOCK_IPV6 = "ipv6"
    """Delete our rule of Windows Firewall in the finish."""
    LOADING_UNPROVED = "unproved"
    """Remember that the agent listed the addresses of the new generation before its assignment."""


@dataclasses.dataclass(frozen=True, slots=True)
class Transaction:
    """What the phases after `stage` must know; its text is `transaction` in results."""

    id: uuid.UUID
    intent: Intent
    policy: str
    """The path of the policy's key; empty if the commit neither names nor assigns one."""
    flags: frozenset[Flag] = frozenset()
    taken_over: tuple[str, ...] = ()
    """The paths of the policies that lose their name to ours in the finish."""
    closes: tuple[str, ...] = ()
    """The tags of our rules of Windows Firewall for other peers, which are deleted in the finish."""

    def __str__(self) -> str:
        more = ("+".join(sorted(self.flags)), ",".join(map(_braced, self.taken_over)), ",".join(self.closes))
        said = more if self.closes else more[:2] if self.flags or self.taken_over else ()
        return "/".join((str(self.id), str(self.intent), _braced(self.policy), *said))

    @property
    def tag(self) -> str:
        """The tag of the rule of Windows Firewall for peers, if this transaction writes one."""
        return firewall.tag(str(self.id))

    @property
    def assigns(self) -> bool:
        """Whether the commit decides which policy is assigned."""
        return self.intent in (Intent.SWITCH, Intent.ASSIGN, Intent.UNASSIGN)

    @property
    def assigned(self) -> str:
        """The path of the policy that the commit assigns; empty if it assigns none."""
        return self.policy if self.intent in (Intent.SWITCH, Intent.ASSIGN) else ""

    @classmethod
    def parse(cls, text: str) -> Transaction:
        """Read the text of a transaction.

        Raises `PlanError` for any other text.
        """
        try:
            parts = text.split("/")
            # The last parts are left out where they are empty.
            identity, intent, guid, flags, taken_over, closes = (*parts, *[""] * (6 - len(parts)))
            return cls(
                uuid.UUID(identity),
                Intent(intent),
                _path_of(guid) if guid else "",
                frozenset(map(Flag, filter(None, flags.split("+")))),
                tuple(map(_path_of, filter(None, taken_over.split(",")))),
                tuple(map(_checked_tag, filter(None, closes.split(",")))),
            )
        except ValueError:
            raise PlanError("transaction is not valid; write the transaction from the result of phase stage.") from None


def policy_path(guid: uuid.UUID) -> str:
    """Return the path of a policy's key."""
    return join(store.LOCAL, f"{model.ObjectClass.POLICY}{{{str(guid).upper()}}}")


def _checked_tag(text: str) -> str:
    if not re.fullmatch("[0-9a-f]{8}", text):
        raise ValueError(text)
    return text


def _braced(path: str) -> str:
    """Return the GUID in a policy's path, in braces."""
    return path[path.find("{") :] if path else ""


def _path_of(guid: str) -> str:
    return policy_path(uuid.UUID(guid))
