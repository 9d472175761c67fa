# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is done to a server from a given state, so that tests can cut it at any point and do it again."""

from __future__ import annotations

import dataclasses
import uuid
from collections.abc import Callable
from typing import Any

from ansible_collections.rras.ipsec.plugins.plugin_utils._policy import model
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.plan import Intent, Transaction
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.registry import Tree, Value
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.store import Store
from ansible_collections.rras.ipsec.tests.support import defaults
from ansible_collections.rras.ipsec.tests.support.server import (
    BLOCKED,
    KEY,
    NAME,
    OTHER_KEY,
    Server,
    TaskOptions,
    declare,
    rule,
)
from ansible_collections.rras.ipsec.tests.support.somebody_else import by_hand

OWN = r"SOFTWARE\rras.ipsec"
HAND_KEY = "written by somebody else"
OLD: TaskOptions = {"rules": [rule(), BLOCKED], "replace_assigned": True}
ROTATED: TaskOptions = {"rules": [rule(key=OTHER_KEY), BLOCKED]}
RENAMED: TaskOptions = {"name": "Branches", "rules": [rule(key=OTHER_KEY), BLOCKED], "replace_assigned": True}
LESS: TaskOptions = {"rules": [rule()]}
UNASSIGNED: TaskOptions = {"rules": [rule(), BLOCKED], "assigned": False}
TAKING: TaskOptions = {"rules": [rule(), BLOCKED], "take_over": True}
FORGETTING: TaskOptions = {"rules": [rule(), BLOCKED], "forget_replaced": True}
FORGETTING_ROTATED: TaskOptions = {**ROTATED, "forget_replaced": True}
PROTECTING: TaskOptions = {"rules": [rule(key=HAND_KEY), BLOCKED]}


@dataclasses.dataclass(frozen=True)
class Journey:
    """A server's state at first, and what is done to it."""

    prepare: Callable[[Server], None]
    go: Callable[[Server], None]
    policies: tuple[model.Policy, ...]
    """Our policies, any of which may be in force at any moment."""
    arrived: Callable[[Server], bool]
    others: tuple[str, ...] = ()
    """The paths of other people's policies that may be in force instead; an empty path: no policy has to be."""
    kept: Tree = dataclasses.field(default_factory=Tree)
    """What of other people's must be there at every moment; names may change."""


# --- what is done ---


def site(server: Server, **given: Any) -> None:
    """Do what the role does on one host."""
    name = str(given.get("name", NAME))
    staged = server.work(**given).stage()["transaction"]
    if staged:
        server.work(**given).commit(Transaction.parse(staged))
    if server.value(policy=name)["reboot_required"]:
        server.restart()
    if staged:
        server.work(**given).finish(Transaction.parse(staged))


def removal(server: Server, **given: Any) -> None:
    without_value(server)
    server.phases(state="absent", **given)


def late_removal(server: Server) -> None:
    """Remove with an agent that is slow to load its filters, and to release them."""
    server.host.agent.late = 2
    removal(server)


def without_value(server: Server) -> None:
    """Give the value back, and let Windows start with what was there before us."""
    if server.value(present=False, only_recorded=True)["reboot_required"]:
        server.restart()


def take_back(server: Server) -> None:
    """Revert what the server has not finished."""
    unfinished = server.read().unfinished
    if unfinished:
        server.work().revert(Transaction(uuid.UUID(unfinished.id), Intent.KEEP, ""))


# --- what is there ---


def members(store: Store, policy: str) -> Tree:
    """Return a policy and everything that it consists of."""
    rules = store.references(policy)
    parts = (path for rule_ in rules for path in store.references(rule_))
    return Tree(store.objects[path] for path in (policy, *rules, *parts))


_WINDOWS = Store.read(defaults.tree())
FOREIGN = next(found.path for found in _WINDOWS.policies if not found.unreadable)
FOREIGN_KEYS = members(_WINDOWS, FOREIGN)


def untouched(server: Server) -> None:
    """Give a server one of Windows' own policies, assigned, and a ProhibitIpSec."""
    server.add(FOREIGN_KEYS.values())
    server.assign(FOREIGN)
    server.set_prohibit_ipsec(0)


def done(server: Server) -> None:
    untouched(server)
    site(server, **OLD)


def done_without_value(server: Server) -> None:
    done(server)
    without_value(server)


def committed(server: Server) -> None:
    """Commit a change that is to be reverted."""
    done(server)
    server.work(**ROTATED).commit(server.stage(**ROTATED))


def committed_and_restarted(server: Server) -> None:
    """Commit a first policy, which keeps RRAS from making its filters when Windows starts."""
    untouched(server)
    server.work(**OLD).commit(server.stage(**OLD))
    server.restart()


def configured_by_hand(server: Server, *, name: str = "Theirs", **given: Any) -> None:
    """Let an administrator have followed the article: a policy, the value, a restart."""
    by_hand(server, name=name, **{**PROTECTING, **given})
    for service in ("PolicyAgent", "IKEEXT"):
        server.host.registry.write(rf"SYSTEM\CurrentControlSet\Services\{service}", "Start", Value.dword(2))
    server.set_prohibit_ipsec(1)
    server.restart()
    server.host.exposures.clear()


def by_hand_with_ours(name: str, **given: Any) -> Callable[[Server], None]:
    """Return a function that lets the role take on a server that somebody configured by hand."""

    def prepare(server: Server) -> None:
        configured_by_hand(server, name=name)
        site(server, **given)

    return prepare


def as_declared(server: Server) -> None:
    """Let an administrator have followed the article with exactly what is declared."""
    configured_by_hand(server, name=NAME, rules=OLD["rules"])


def in_use(server: Server) -> None:
    """Let the role use what it found to be as declared."""
    as_declared(server)
    site(server, **OLD)


def _by_hand(prepare: Callable[[Server], None]) -> tuple[str, Tree]:
    server = Server()
    prepare(server)
    path = server.store.active_path
    return path, members(server.store, path)


THEIRS, THEIR_KEYS = _by_hand(configured_by_hand)
_SAME_PATH, SAME_KEYS = _by_hand(as_declared)
assert _SAME_PATH == THEIRS


# --- whether it is done ---


def has(**given: Any) -> Callable[[Server], bool]:
    """Return a check that the declaration is in force, with the value, and that one of our two keys is nowhere."""

    def arrived(server: Server) -> bool:
        planned = server.plan(**given)
        found = planned["matches"] and not planned["pending"] and not planned["obstacles"]
        return bool(found and server.prohibit_ipsec == 1 and not (server.holds(KEY) and server.holds(OTHER_KEY)))

    return arrived


def has_another_name(server: Server) -> bool:
    """Return whether the policy with the other name is in force, and our former one is still stored, unassigned."""
    planned = server.plan(**RENAMED)
    found = planned["matches"] and not planned["pending"] and not planned["obstacles"]
    return bool(found and server.prohibit_ipsec == 1 and NAME in server.names)


def has_beside_theirs(server: Server) -> bool:
    planned = server.plan(**ROTATED)
    return bool(planned["matches"] and not planned["pending"] and server.store.at(THEIRS))


def has_rotated_and_forgotten(server: Server) -> bool:
    return has(**FORGETTING_ROTATED)(server) and server.names == [NAME]


def has_without_value(**given: Any) -> Callable[[Server], bool]:
    """Return a check that the declaration is there, and RRAS has made its automatic filters."""

    def arrived(server: Server) -> bool:
        planned = server.plan(**given)
        return bool(planned["matches"] and not planned["pending"] and server.host.agent.has_automatic_filters)

    return arrived


def has_forgotten_theirs(server: Server) -> bool:
    return has(**FORGETTING)(server) and server.names == [NAME] and not server.holds(HAND_KEY)


def is_as_before(server: Server) -> bool:
    back = server.store.active_path == FOREIGN and server.prohibit_ipsec == 0 and list(server.own) == [OWN]
    return back and server.host.agent.has_automatic_filters and not server.plan(state="absent")["pending"]


def is_as_by_hand(name: str) -> Callable[[Server], bool]:
    def arrived(server: Server) -> bool:
        active = server.active
        back = active is not None and (active.path, active.name) == (THEIRS, name) and server.prohibit_ipsec == 1
        return back and list(server.own) == [OWN] and not server.plan(state="absent")["pending"]

    return arrived


BEFORE, AFTER, AFTER_RENAMING, WITH_LESS = (declare(**given).policy for given in (OLD, ROTATED, RENAMED, LESS))
_WITH_FOREIGN: Any = {"kept": FOREIGN_KEYS}
_WITH_THEIRS: Any = {"others": (THEIRS,), "kept": THEIR_KEYS}
_WITH_THE_SAME: Any = {"kept": SAME_KEYS}
JOURNEYS = {
    "the first run": Journey(
        untouched, lambda server: site(server, **OLD), (BEFORE,), has(**OLD), (FOREIGN,), FOREIGN_KEYS
    ),
    "a changed key": Journey(
        done, lambda server: site(server, **ROTATED), (BEFORE, AFTER), has(**ROTATED), **_WITH_FOREIGN
    ),
    "another name": Journey(
        done, lambda server: site(server, **RENAMED), (BEFORE, AFTER_RENAMING), has_another_name, **_WITH_FOREIGN
    ),
    "the removal": Journey(done, removal, (BEFORE,), is_as_before, (FOREIGN,), FOREIGN_KEYS),
    "fewer rules": Journey(
        done_without_value,
        lambda server: server.phases(**LESS),
        (BEFORE, WITH_LESS),
        has_without_value(**LESS),
        **_WITH_FOREIGN,
    ),
    "the removal with a late agent": Journey(
        done_without_value, late_removal, (BEFORE,), is_as_before, (FOREIGN,), FOREIGN_KEYS
    ),
    "no assignment": Journey(
        done_without_value,
        lambda server: server.phases(**UNASSIGNED),
        (BEFORE,),
        has_without_value(**UNASSIGNED),
        ("",),
        FOREIGN_KEYS,
    ),
    "a revert": Journey(committed, take_back, (BEFORE, AFTER), has(**OLD), **_WITH_FOREIGN),
    "a revert after a restart": Journey(
        committed_and_restarted, take_back, (BEFORE,), is_as_before, (FOREIGN,), FOREIGN_KEYS
    ),
    "a server configured by hand": Journey(
        configured_by_hand,
        lambda server: site(server, **OLD),
        (BEFORE,),
        has(**OLD),
        **_WITH_THEIRS,
    ),
    "the removal from a server configured by hand": Journey(
        by_hand_with_ours("Theirs", **OLD), removal, (BEFORE,), is_as_by_hand("Theirs"), **_WITH_THEIRS
    ),
    "a policy that is taken over": Journey(
        lambda server: configured_by_hand(server, name=NAME),
        lambda server: site(server, **TAKING),
        (BEFORE,),
        has(**TAKING),
        **_WITH_THEIRS,
    ),
    "the removal of one that took over": Journey(
        by_hand_with_ours(NAME, **TAKING), removal, (BEFORE,), is_as_by_hand(NAME), **_WITH_THEIRS
    ),
    "what was taken over is forgotten": Journey(
        by_hand_with_ours(NAME, **TAKING), lambda server: site(server, **FORGETTING), (BEFORE,), has_forgotten_theirs
    ),
    "a policy that is used as it is": Journey(
        as_declared, lambda server: site(server, **OLD), (BEFORE,), has(**OLD), **_WITH_THE_SAME
    ),
    "the next key beside one that was used": Journey(
        in_use, lambda server: site(server, **ROTATED), (BEFORE, AFTER), has_beside_theirs, **_WITH_THE_SAME
    ),
    "the removal from a server whose policy is used": Journey(
        in_use, removal, (BEFORE,), is_as_by_hand(NAME), **_WITH_THE_SAME
    ),
    "the next key instead of one that was used": Journey(
        in_use, lambda server: site(server, **FORGETTING_ROTATED), (BEFORE, AFTER), has_rotated_and_forgotten
    ),
}
