# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
r"""The program netsh of a simulated host: the commands of `ipsec` and `advfirewall` that this collection runs.

`ERR IPsec[05073]` is the only error of that context whose number and meaning are publicly known (the policy store
can't be opened). Windows' other numbers, its exit codes and the layout of `show` are not documented: those here are
the lab's own, and nothing may depend on them.
"""

from __future__ import annotations

import dataclasses
import enum
import re

from ansible_collections.rras.ipsec.plugins.plugin_utils._policy import model
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.registry import Key, Value, join

from . import firewall
from .agent import PolicyAgent
from .installation import POLICY_STORE
from .registry import RegistryAccess, readable
from .services import FIREWALL, POLICY_AGENT, Services

SUCCESS = 0
FAILURE = 1

_ASSIGN = re.compile(
    r"ipsec static set policy guid=(?P<guid>\{[0-9A-Fa-f-]{36}\}) assign=(?P<answer>yes|no)", re.IGNORECASE
)
_POLICY_OBJECT = re.compile(r"ipsecPolicy\{[0-9A-F-]{36}\}", re.IGNORECASE)


class Message(enum.IntEnum):
    """Numbers after ERR IPsec; only the first one is Windows' own."""

    STORE_NOT_OPENED = 5073
    NO_SUCH_POLICY = 5901
    OBJECT_MISSING = 5902
    NO_POLICIES = 5903


_TEXTS = {
    Message.STORE_NOT_OPENED: "Policy store could not be opened.",
    Message.NO_SUCH_POLICY: "There is no policy with this GUID.",
    Message.NO_POLICIES: "There are no policies in the store.",
    Message.OBJECT_MISSING: "A policy refers to an object that does not exist.",
}


def error(message: Message) -> str:
    """Return an error as netsh prints it."""
    return f"ERR IPsec[{message:05}] : {_TEXTS[message]}\r\n"


@dataclasses.dataclass(frozen=True, slots=True)
class Netsh:
    """The program, on one host."""

    registry: RegistryAccess
    services: Services
    agent: PolicyAgent

    def run(self, arguments: str) -> tuple[int, str]:
        """Run a command line without the program's name; return the exit code and the output."""
        words = " ".join(arguments.split())
        if words.casefold().startswith("advfirewall "):
            return self._firewall(words)
        if not words.casefold().startswith("ipsec "):
            return FAILURE, f"The following command was not found: {arguments}.\r\n"
        if not self.services.is_running(POLICY_AGENT) or self.registry.read(POLICY_STORE) is None:
            return FAILURE, error(Message.STORE_NOT_OPENED)
        return self._run(words)

    def _run(self, words: str) -> tuple[int, str]:
        if words.casefold() == "ipsec static show policy all":
            return self._show_policies()
        if words.casefold() == "ipsec dynamic show qmfilter all":
            return SUCCESS, "".join(map(_shown_filter, self.agent.shown())) or "No quick mode filters.\r\n"
        match = _ASSIGN.fullmatch(words)
        if match is None:
            return FAILURE, f"The following command was not found: {words}.\r\n"
        return self._assign(match["guid"], assign=match["answer"].casefold() == "yes")

    def _firewall(self, words: str) -> tuple[int, str]:
        if not self.services.is_running(FIREWALL):
            return FAILURE, "An error occurred while attempting to contact the Windows Firewall service.\r\n"
        return firewall.run(self.registry, words)

    def _show_policies(self) -> tuple[int, str]:
        policies = self._policies()
        if not policies:
            return FAILURE, error(Message.NO_POLICIES)
        if not all(map(self._is_whole, policies)):
            return FAILURE, error(Message.OBJECT_MISSING)
        assigned = self.agent.assigned_policy().casefold()
        shown = "".join(_shown_policy(policy, assigned=policy.path.casefold() == assigned) for policy in policies)
        return SUCCESS, f"{shown}No. of policies             : {len(policies)}\r\n"

    def _policies(self) -> list[Key]:
        names = [name for name in self.registry.children(POLICY_STORE) if _POLICY_OBJECT.fullmatch(name)]
        return [key for name in names if (key := readable(self.registry, join(POLICY_STORE, name)))]

    def _is_whole(self, policy: Key) -> bool:
        rules = [readable(self.registry, path) for path in policy.texts("ipsecNFAReference")]
        main_mode = [readable(self.registry, path) for path in policy.texts("ipsecISAKMPReference")]
        actions = [
            readable(self.registry, path)
            for rule in rules
            if rule
            for path in rule.texts("ipsecNegotiationPolicyReference")
        ]
        return bool(main_mode) and None not in (*rules, *main_mode, *actions)

    def _assign(self, guid: str, *, assign: bool) -> tuple[int, str]:
        policy = next((key for key in self._policies() if key.name.casefold() == f"ipsecPolicy{guid}".casefold()), None)
        if policy is None:
            return FAILURE, error(Message.NO_SUCH_POLICY)
        if assign:
            self.registry.write(POLICY_STORE, "ActivePolicy", Value.sz(policy.path))
        elif self.agent.assigned_policy().casefold() == policy.path.casefold():
            self.registry.erase(POLICY_STORE, "ActivePolicy")
        self.agent.load()
        return SUCCESS, ""


def _shown_policy(policy: Key, *, assigned: bool) -> str:
    return (
        f"Policy Name                 : {policy.text('ipsecName') or 'NONE'}\r\n"
        f"Description                 : {policy.text('description') or 'NONE'}\r\n"
        f"Assigned                    : {'YES' if assigned else 'NO'}\r\n\r\n"
    )


def _shown_filter(loaded: model.Filter) -> str:
    protocol = model.known(model.Protocol, loaded.protocol)
    return (
        f"Source Address              : {loaded.source}\r\n"
        f"Destination Address         : {loaded.destination}\r\n"
        f"Protocol                    : {protocol.name if isinstance(protocol, model.Protocol) else protocol}\r\n"
        f"Source Port                 : {loaded.source_port}\r\n"
        f"Destination Port            : {loaded.destination_port}\r\n"
        f"Mirrored                    : {'yes' if loaded.mirrored else 'no'}\r\n\r\n"
    )
