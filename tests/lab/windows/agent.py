# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The IPsec Policy Agent of one simulated host: what the service PolicyAgent holds in memory."""

from __future__ import annotations

from collections.abc import Iterator

from ansible_collections.rras.ipsec.plugins.plugin_utils._policy import clear_text, codec, model
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.clear_text import Cover
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.registry import Key, Tree, join
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.store import Store

from .installation import DOMAIN_POLICY, POLICY_STORE
from .registry import RegistryAccess, readable

RELOAD = 129
"""The service control that makes the agent reload its policy."""


class PolicyAgent:
    """What the agent took from the registry when it last looked."""

    def __init__(self, registry: RegistryAccess) -> None:
        self._registry = registry
        self.filters: tuple[model.Filter, ...] = ()
        self.rules: tuple[model.Rule, ...] = ()
        """The active rules that the filters belong to, and those that permit."""
        self.has_automatic_filters = False
        """Whether RRAS made its own L2TP filters when it started, and nothing has removed them since (KB 248750)."""
        self.deaf = False
        """Whether the agent silently ignores the assignment and keeps what it has (compare KB 884909)."""
        self.late = 0
        """How many times the agent is asked for its filters before it has loaded what it was told to load."""
        self.loading: int | None = None
        """How many more times it must be asked for them; None: it has finished loading."""

    def load(self) -> None:
        """Load the assigned policy, either at once or after the agent was asked for its filters often enough."""
        self.loading = self.late or None
        if self.loading is None:
            self._load()

    def shown(self) -> tuple[model.Filter, ...]:
        """Return the filters to whoever asks for them."""
        if self.loading:
            self.loading -= 1
        elif self.loading == 0:
            self.loading = None
            self._load()
        return self.filters

    def forget(self) -> None:
        """Lose everything, as when the service stops."""
        self.filters, self.rules, self.loading = (), (), None
        self.has_automatic_filters = False

    def make_automatic_filters(self) -> None:
        """Make the filters that RRAS asks for when it starts; the agent accepts no existing one again (error 13008)."""
        taken = any(clear_text.is_general(filter_) for rule in self.rules for filter_ in rule.filters)
        self.has_automatic_filters = not taken

    @property
    def cover(self) -> clear_text.Cover:
        """How much of the host's L2TP is kept from clear text at this moment."""
        found = clear_text.cover(self.rules)
        return Cover.ALL if self.has_automatic_filters and found is not Cover.OPEN else found

    def domain_policy(self) -> str:
        """Return the path of the domain policy; empty if there is none."""
        key = self._registry.read(DOMAIN_POLICY)
        return key.text("DSIPSECPolicyPath") if key else ""

    def assigned_policy(self) -> str:
        """Return the path of the assigned local policy; empty if there is none."""
        key = self._registry.read(POLICY_STORE)
        return key.text("ActivePolicy") if key else ""

    def _load(self) -> None:
        """Load the assigned policy. A domain policy makes the agent ignore the local ones."""
        if self.deaf:
            return
        ignored = self.domain_policy()
        self.filters = () if ignored else tuple(self._assigned_filters())
        self.rules = () if ignored else tuple(self._assigned_rules())

    def _assigned_filters(self) -> Iterator[model.Filter]:
        for rule in self._objects(self.assigned_policy(), "ipsecNFAReference"):
            if _is_active(rule) and not self._permits(rule):
                for filter_list in self._objects(rule.path, "ipsecFilterReference"):
                    yield from _filters(filter_list)

    def _assigned_rules(self) -> Iterator[model.Rule]:
        names = self._registry.children(POLICY_STORE)
        keys = [
            readable(self._registry, path) for path in (POLICY_STORE, *(join(POLICY_STORE, name) for name in names))
        ]
        active = Store.read(Tree(key for key in keys if key)).active
        return (rule for rule in (active.policy.rules if active else ()) if rule.active)

    def _permits(self, rule: Key) -> bool:
        actions = self._objects(rule.path, "ipsecNegotiationPolicyReference")
        return any(key.text("ipsecNegotiationPolicyAction").upper() == model.Action.PERMIT for key in actions)

    def _objects(self, path: str, reference: str) -> Iterator[Key]:
        key = readable(self._registry, path)
        for referred in key.texts(reference) if key else ():
            found = readable(self._registry, referred)
            if found is not None:
                yield found


def _is_active(rule: Key) -> bool:
    """Return whether a rule is active; one that can't be read is not."""
    try:
        return codec.decode_rule(_data(rule)).active
    except codec.CodecError:
        return False


def _filters(filter_list: Key) -> tuple[model.Filter, ...]:
    try:
        return codec.decode_filter_list(_data(filter_list))
    except codec.CodecError:
        return ()


def _data(key: Key) -> bytes:
    return key["ipsecData"].data if "ipsecData" in key else b""
