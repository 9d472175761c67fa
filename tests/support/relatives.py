# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A policy, and others that differ from it in one place each, even in ways that no console writes.

They are drawn from a seed, because strategies for so deep a tree take fifty times as long.
"""

from __future__ import annotations

import dataclasses
import ipaddress
import random
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

from hypothesis import strategies as st

from ansible_collections.rras.ipsec.plugins.plugin_utils._policy import model

Relatives = tuple[model.Policy, tuple[model.Policy, ...]]
_T = TypeVar("_T")

NONCE = bytes(32)
_WORDS = ("", "a", "b", "a\nb", "'a'", " a")
_NUMBERS = (0, 1, 60, 61, 3_600, 28_800, 10_800, 100_000)
_IPV4 = tuple(map(ipaddress.IPv4Address, ("192.0.2.1", "192.0.2.2", "255.255.255.0", "255.0.255.0")))
_IP: tuple[model.IpAddress, ...] = (*_IPV4, ipaddress.IPv6Address("2001:db8::1"))


def relatives() -> st.SearchStrategy[Relatives]:
    """Return a strategy for a policy with all variants that have one part of another policy; all keys are masked."""
    return st.integers(0, 2**64).map(_relatives)


class _Draw:
    """Parts of a policy, each in one of a few variants."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)  # noqa: S311 (no cryptography)
        self.one_of = self._random.choice

    def some(self, draw: Callable[[], _T], most: int) -> tuple[_T, ...]:
        return tuple(draw() for _number in range(self._random.randint(0, most)))

    def maybe(self, drawn: _T) -> _T | None:
        return self.one_of((None, drawn))

    def address(self) -> model.Address:
        kind = self.one_of(tuple(model.AddressKind))
        first = self.one_of(_IP) if kind in (1, 2, 4) else None
        second = type(first)(int(self.one_of(_IPV4))) if first is not None and kind in (2, 4) else None
        return model.Address(kind, first, second, self.one_of(_WORDS), self.one_of((*model.IpVersion, 7)))

    def ports(self) -> model.Ports:
        return model.Ports(self.one_of((0, 1701)), self.one_of((0, 1701, 1702)))

    def filter(self) -> model.Filter:
        return model.Filter(
            self.address(),
            self.address(),
            self.one_of((*model.Protocol, 132)),
            self.ports(),
            self.ports(),
            self.one_of((True, False)),
            tunnel_address=self.maybe(self.one_of(_IPV4)),
            special=self.one_of((0, 1)),
        )

    def algorithm(self) -> model.Algorithm:
        kinds = (model.Transform, 3), (model.Encryption, 9), (model.Integrity, 9)
        return model.Algorithm(*(self.one_of((*kind, other)) for kind, other in kinds))

    def offer(self) -> model.Offer:
        numbers = self.one_of(_NUMBERS), self.one_of(_NUMBERS)
        return model.Offer(self.some(self.algorithm, 2), *numbers, self.one_of((True, False)))

    def action(self) -> model.FilterAction:
        action, kind = self.one_of((*model.Action, "{strange}")), self.one_of((*model.FilterActionType, "{strange}"))
        return model.FilterAction("action", action, self.some(self.offer, 2), kind)

    def method(self) -> model.AuthenticationMethod:
        return self.one_of(
            (
                model.AuthenticationMethod.preshared_key(self.one_of(("one", "two"))),
                model.AuthenticationMethod.certificate(self.one_of(_WORDS)),
                model.AuthenticationMethod.kerberos(),
                model.AuthenticationMethod(self.one_of((7, 9)), self.one_of((b"", b"unknown"))),
            )
        )

    def rule(self) -> model.Rule:
        return model.Rule(
            self.one_of(("", "a", "b")),
            self.maybe(model.FilterList("list", self.some(self.filter, 2))),
            self.action(),
            self.some(self.method, 3),
            self.one_of((*model.ConnectionType, 7)),
            self.one_of((True, False)),
            self.maybe(self.one_of(_IP)),
            self.maybe(self.some(self.method, 3)),
            self.some(lambda: self.one_of((0, 1, 2, 3, 4)), 3),
            "",
            self.one_of(_WORDS),
            self.one_of(_WORDS),
        )

    def main_mode_method(self) -> model.MainModeMethod:
        algorithms = (
            self.one_of((*model.IkeEncryption, 2, 9)),
            self.one_of((*model.Integrity, 9)),
            self.one_of((*model.DhGroup, 9)),
        )
        own = self.maybe(self.one_of(_NUMBERS)), self.maybe(self.one_of(_NUMBERS)), self.one_of(_NUMBERS)
        return model.MainModeMethod(*algorithms, *own)

    def policy(self) -> model.Policy:
        main_mode = model.MainMode(
            self.some(self.main_mode_method, 3),
            self.one_of(_NUMBERS),
            self.one_of(_NUMBERS),
            self.one_of((True, False)),
            self.one_of((0, 1, 2, 3, 4)),
        )
        return model.Policy("L2TP", "", self.one_of(_NUMBERS), main_mode, self.some(self.rule, 3)).masked(NONCE)


def _grafted(one: Any, two: Any) -> Iterator[Any]:
    """Yield one of two things with each part, and each part of a part, taken from the other."""
    if isinstance(one, model.Address) and one.kind != two.kind:
        yield two  # an address of one kind with the numbers of another is invalid
        return
    if dataclasses.is_dataclass(one) and not isinstance(one, type) and type(one) is type(two):
        for field in dataclasses.fields(one):
            parts = _grafted(getattr(one, field.name), getattr(two, field.name))
            yield from (dataclasses.replace(one, **{field.name: part}) for part in parts)
        return
    if isinstance(one, tuple) and isinstance(two, tuple):
        for place, (part, other) in enumerate(zip(one, two, strict=False)):
            yield from ((*one[:place], each, *one[place + 1 :]) for each in _grafted(part, other))
    if one != two:
        yield two


def _relatives(seed: int) -> Relatives:
    draw = _Draw(seed)
    one = draw.policy()
    return one, tuple(_grafted(one, draw.policy()))
