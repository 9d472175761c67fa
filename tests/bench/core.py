# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the pure core costs: reading a store full of foreign objects, and planning a policy beside them."""

from __future__ import annotations

import dataclasses
import re
import sys
import time
import uuid
from collections.abc import Iterator, Sequence
from types import FrameType

from ansible_collections.rras.ipsec.plugins.plugin_utils._policy import host, model, plan, store
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.declaration import Declaration
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.registry import Key, Tree, Value, join
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.words import TASK
from ansible_collections.rras.ipsec.tests.support.defaults import VECTORS

SIZES = (10, 100, 1_000, 10_000)
IDENTITY = uuid.UUID("6f1c8a52-0d3e-4b7a-9c55-2f1f0f6f4a10")
REPEATS = 3
NONCE = bytes(32)
ADDRESS = "192.0.2.1"
ESP = model.Algorithm(model.Transform.ESP, model.Encryption.TRIPLE_DES, model.Integrity.SHA1)
RULE = model.Rule(
    "tokyo-osaka",
    model.FilterList(
        "tokyo-osaka",
        (
            model.Filter(
                model.Address.single(ADDRESS),
                model.Address.single("198.51.100.7"),
                model.Protocol.UDP,
                model.Ports.one(1701),
            ),
        ),
    ),
    model.FilterAction("encrypt", model.Action.NEGOTIATE, (model.Offer((ESP,)),)),
    (model.AuthenticationMethod.preshared_key("a key for the benchmark"),),
)
DECLARATION = Declaration(
    policy=model.Policy("L2TP", rules=(RULE, model.default_response_rule())),
    assigned=True,
    replace_assigned=False,
    take_over=False,
)


@dataclasses.dataclass(frozen=True, slots=True)
class Cost:
    """What one store costs: its objects and policies, the calls of Python functions, and the best of some times."""

    objects: int
    policies: int
    calls: int
    reading: float
    planning: float


def foreign(count: int) -> Tree:
    """Return a host with so many objects of the default policies of Windows, each copy under GUIDs of its own."""
    interface = Key(join(host.INTERFACES, "{1}"), {"IPAddress": Value.multi_sz([ADDRESS])})
    copies = range(count // len(VECTORS) + 1)
    keys = [_copy(vector.key, number) for number in copies for vector in VECTORS]
    return Tree([interface, *keys[:count]])


def read(tree: Tree) -> host.HostState:
    """Do what an action does with a host's answer: everything is decoded and put together."""
    found = host.understand(tree, {}, "", {})
    if len(found.store.policies) + len(found.store.unreadable) == 0:
        raise RuntimeError("the store is empty")
    return found


def planned(found: host.HostState) -> plan.Plan:
    """Plan a policy that isn't there."""
    return plan.plan_present(DECLARATION, found, NONCE, IDENTITY, TASK, agent_first=True)


def calls(tree: Tree) -> int:
    """Return how many calls of Python functions reading and planning take: the same number each time."""
    count = 0

    def profile(_frame: FrameType, event: str, _argument: object) -> None:
        nonlocal count
        count += event == "call"

    before = sys.getprofile()
    sys.setprofile(profile)
    try:
        planned(read(tree))
    finally:
        sys.setprofile(before)
    return count


def cost(count: int, repeat: int) -> Cost:
    """Measure one size of store."""
    tree = foreign(count)
    reading, planning = [], []
    for _turn in range(repeat):
        start = time.perf_counter()
        found = read(tree)
        middle = time.perf_counter()
        planned(found)
        reading.append(middle - start)
        planning.append(time.perf_counter() - middle)
    objects = len(tree.children(store.LOCAL))
    return Cost(objects, len(found.store.policies), calls(tree), min(reading), min(planning))


def report(*, quick: bool) -> Iterator[Sequence[str]]:
    """The rows of a table, the first of which has the titles; a cost per object that stays is linear."""
    yield "objects", "policies", "calls an object", "read ms", "plan ms", "both, µs an object"
    for size in SIZES[: -1 if quick else None]:
        now = cost(size, repeat=1 if quick else REPEATS)
        each = (now.reading + now.planning) / now.objects * 1e6
        yield (
            f"{now.objects:,}",
            f"{now.policies:,}",
            f"{now.calls / now.objects:.0f}",
            f"{now.reading * 1e3:.1f}",
            f"{now.planning * 1e3:.1f}",
            f"{each:.0f}",
        )


def _copy(key: Key, number: int) -> Key:
    def renamed(text: str) -> str:
        return re.sub(r"[0-9A-F]{12}\}", f"{number:012X}}}", text)

    references = {
        name: Value(value.kind, renamed(value.text).encode("utf-16-le"))
        for name, value in key.items()
        if name.endswith("Reference")
    }
    return Key(renamed(key.path), {**key, **references})
