# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Would L2TP of a host be in clear text? The one answer to that, for every phase of both modules and for the lab.

RRAS makes automatic IPsec filters for L2TP when it starts, unless Windows booted with ProhibitIpSec = 1 (KB 240262, KB
248750). Without them, only the rules of the assigned policy protect L2TP: `cover` tells how much of it they protect,
and `judge` what may be done in which state.
"""

from __future__ import annotations

import dataclasses
import enum
from collections.abc import Iterable

from ansible_collections.rras.ipsec.plugins.plugin_utils._policy import model

L2TP_PORT = 1701

_L2TP = model.Ports.one(L2TP_PORT)
_EVERYWHERE = (model.AddressKind.ME, model.AddressKind.ANY)


class Cover(enum.StrEnum):
    """How much of a host's L2TP a set of rules keeps from clear text."""

    ALL = "all"
    """With any peer, security is negotiated, or packets are blocked."""
    CONNECTIONS = "connections"
    """Only between the addresses that the rules name."""
    NONE = "none"
    OPEN = "open"
    """A rule, as written, lets L2TP through without protection."""


class InEffect(enum.StrEnum):
    """Whether Windows booted with the value that is there now.

    A change counts only from the next boot on.
    """

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


class Move(enum.StrEnum):
    """A change to a host that is to be judged."""

    ASSIGN = "assign the declared policy"
    WITHDRAW = "unassign a policy"
    """The policy is unassigned or removed, and another one, or none, is assigned after that."""
    SET_PROHIBIT_IPSEC = "set ProhibitIpSec"
    REMOVE_PROHIBIT_IPSEC = "remove ProhibitIpSec"


class Ruling(enum.StrEnum):
    """The answer to a move."""

    DONE = "done"
    WARNED = "done, with a warning"
    REFUSED = "refused"


class Why(enum.StrEnum):
    """The reason for an answer."""

    AUTOMATIC = "RRAS makes its automatic filters"
    COVERED = "the policy covers all L2TP"
    BY_DEFAULT = "RRAS makes its automatic filters again at the next boot"
    OPEN = "a rule lets L2TP through in clear text"
    OTHERS = "L2TP with peers that no rule names is in clear text"
    RESTART = "Windows still runs with ProhibitIpSec: restart first"
    CLEAR_TEXT = "L2TP would be in clear text"
    IN_THE_WAY = "RRAS makes no automatic filters beside the policy's, and these do not cover all L2TP"


@dataclasses.dataclass(frozen=True, slots=True)
class Verdict:
    """The answer to a move, and the reason."""

    answer: Ruling
    why: Why


def judge(
    move: Move, *, prohibited: bool, in_effect: InEffect, cover_after: Cover, in_the_way_after: bool = False
) -> Verdict:
    """Return whether a move may be done.

    prohibited: ProhibitIpSec is now a REG_DWORD of 1; in_effect: whether Windows booted with the present value;
    cover_after: the cover by the policy that is assigned after the move; in_the_way_after: whether that policy keeps
    RRAS from making its automatic filters (see `in_the_way`).
    """
    uncovered = in_the_way_after and cover_after in (Cover.CONNECTIONS, Cover.NONE)
    if move is Move.REMOVE_PROHIBIT_IPSEC:
        return Verdict(Ruling.WARNED, Why.IN_THE_WAY) if uncovered else Verdict(Ruling.DONE, Why.BY_DEFAULT)
    if move is not Move.SET_PROHIBIT_IPSEC and makes_automatic_filters(prohibited=prohibited, in_effect=in_effect):
        return _beside_automatic_filters(move, cover_after, uncovered=uncovered)
    match cover_after:
        case Cover.ALL:
            return Verdict(Ruling.DONE, Why.COVERED)
        case Cover.CONNECTIONS if move is Move.WITHDRAW and not prohibited:
            return Verdict(Ruling.REFUSED, Why.RESTART)
        case Cover.CONNECTIONS:
            return Verdict(Ruling.WARNED, Why.OTHERS)
    return Verdict(Ruling.REFUSED, Why.CLEAR_TEXT)


def makes_automatic_filters(*, prohibited: bool, in_effect: InEffect) -> bool:
    """Return whether RRAS protects L2TP by itself, now and after the next boot; arguments as for `judge`."""
    return not prohibited and in_effect is not InEffect.NO


def cover(rules: Iterable[model.Rule]) -> Cover:
    """Return how much of a host's L2TP these rules keep from clear text, if nothing else is in force."""
    active = [rule for rule in rules if rule.active]
    if any(map(lets_through, active)):
        return Cover.OPEN
    keeping = [rule for rule in active if keeps_from_clear_text(rule)]
    if any(map(_covers_every_peer, keeping)):
        return Cover.ALL
    return Cover.CONNECTIONS if any(map(_covers_some_peer, keeping)) else Cover.NONE


def lets_through(rule: model.Rule) -> str:
    """Return how an active rule lets L2TP through in clear text, in the console's words; empty if it does not.

    A filter for all traffic with anybody does not count: every filter for L2TP takes precedence over it, being more
    specific.
    """
    action = rule.filter_action
    if not rule.active or not any(matches_l2tp(each) and not _is_for_everything(each) for each in rule.filters):
        return ""
    if action.action == model.Action.PERMIT:
        return "its filter action permits it"
    if action.accepts_unsecured:
        return "its filter action accepts unsecured communication"
    if action.falls_back_to_clear_text:
        return "its filter action falls back to unsecured communication"
    return "its filter action does not encrypt" if action.negotiates and not all(map(encrypts, action.offers)) else ""


def keeps_from_clear_text(rule: model.Rule) -> bool:
    """Return whether a rule is active, and negotiates encryption or blocks, without letting anything through."""
    action = rule.filter_action
    secures = action.negotiates and not action.accepts_unsecured and all(map(encrypts, action.offers))
    return rule.active and (secures or action.action == model.Action.BLOCK)


def covers(rules: Iterable[model.Rule], filter_: model.Filter) -> bool:
    """Return whether these rules keep L2TP between the two ends of a filter from clear text; True for other traffic.

    Whether one of them lets L2TP through is another question, which `cover` answers first.
    """
    if not is_l2tp(filter_):
        return True
    keeping = (rule for rule in rules if keeps_from_clear_text(rule) and _applies_to_rras(rule))
    return any(_covers_ends_of(each, filter_) for rule in keeping for each in rule.filters)


def encrypts(offer: model.Offer) -> bool:
    """Return whether an offer makes packets unreadable on the way; AH, and ESP without encryption, only sign them."""
    esp = (each for each in offer.algorithms if each.transform == model.Transform.ESP)
    return any(each.encryption != model.Encryption.NONE for each in esp)


def is_l2tp(filter_: model.Filter) -> bool:
    """Return whether a filter is like that of KB 240262: UDP, with port 1701 at one end (steps 14 and 15)."""
    ports = (filter_.source_port, filter_.destination_port)
    return filter_.protocol == model.Protocol.UDP and _L2TP in ports


def is_general(filter_: model.Filter) -> bool:
    """Return whether a filter covers UDP port 1701 of this host with any peer, in both directions.

    RRAS's automatic filter for incoming L2TP has this specification, and is refused if such a filter is loaded.
    """
    ends = [(filter_.source, filter_.source_port), (filter_.destination, filter_.destination_port)]
    (own, _port), (peer, peer_port) = ends if filter_.source_port == _L2TP else ends[::-1]
    everywhere = own.kind in _EVERYWHERE and peer.kind == model.AddressKind.ANY and peer_port.is_any
    return (
        is_l2tp(filter_) and filter_.mirrored and everywhere and model.IpVersion.V6 not in (own.version, peer.version)
    )


def covers_ipv6(rules: Iterable[model.Rule]) -> bool:
    """Return whether a rule keeps L2TP over IPv6 with any peer from clear text; only filters of version 2 can."""
    filters = [each for rule in rules if keeps_from_clear_text(rule) for each in rule.filters if is_l2tp(each)]
    return any(_is_for_ipv6(each.source) and _is_for_ipv6(each.destination) and each.mirrored for each in filters)


def in_the_way(policy: model.Policy | None) -> bool:
    """Return whether a policy, if in force when RRAS starts, keeps RRAS from making its automatic filters."""
    rules = policy.rules if policy else ()
    return any(is_general(each) for rule in rules if rule.active for each in rule.filters)


def matches_l2tp(filter_: model.Filter) -> bool:
    """Return whether a filter could match L2TP from port 1701 to port 1701, or to another port that it names."""
    ports = (filter_.source_port, filter_.destination_port)
    admits = all(each.is_any or each.first <= L2TP_PORT <= each.last for each in ports)
    return is_l2tp(filter_) or (filter_.protocol in (model.Protocol.UDP, model.Protocol.ANY) and admits)


def _beside_automatic_filters(move: Move, cover_after: Cover, *, uncovered: bool) -> Verdict:
    """Return the answer if RRAS makes its own filters, or would if the policy let it.

    Only a new assignment is refused: a policy that comes back was there before us.
    """
    if uncovered:
        refused = move is Move.ASSIGN and cover_after is Cover.NONE
        return Verdict(Ruling.REFUSED, Why.CLEAR_TEXT) if refused else Verdict(Ruling.WARNED, Why.IN_THE_WAY)
    return Verdict(Ruling.WARNED, Why.OPEN) if cover_after is Cover.OPEN else Verdict(Ruling.DONE, Why.AUTOMATIC)


def _covers_every_peer(rule: model.Rule) -> bool:
    return rule.connection_type == model.ConnectionType.ALL and any(map(is_general, rule.filters))


def _covers_some_peer(rule: model.Rule) -> bool:
    return _applies_to_rras(rule) and any(is_l2tp(each) and each.mirrored for each in rule.filters)


def _applies_to_rras(rule: model.Rule) -> bool:
    """Return whether a rule applies to RRAS; one for remote access connections only does not."""
    return rule.connection_type != model.ConnectionType.DIALUP


def _covers_ends_of(one: model.Filter, other: model.Filter) -> bool:
    """Return whether a filter for L2TP is mirrored and has the two ends of another one, in either order."""
    orders = ((other.source, other.destination), (other.destination, other.source))
    return is_l2tp(one) and one.mirrored and any(_has(one.source, a) and _has(one.destination, b) for a, b in orders)


def _has(end: model.Address, address: model.Address) -> bool:
    everywhere = end.kind in _EVERYWHERE and end.version in (address.version, model.IpVersion.BOTH)
    return everywhere or end.covers(address)


def _is_for_everything(filter_: model.Filter) -> bool:
    everywhere = filter_.source.kind in _EVERYWHERE and filter_.destination.kind in _EVERYWHERE
    return everywhere and filter_.source_port.is_any and filter_.destination_port.is_any


def _is_for_ipv6(address: model.Address) -> bool:
    return address.kind in _EVERYWHERE and address.version in (model.IpVersion.V6, model.IpVersion.BOTH)
