# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the two ends of a connection would agree on: the proposals of IKE (RFC 2409, sections 5.4 and 5.5).

The initiator sends its proposals in its order of preference; the responder takes the first that it has, too. Lifetimes
may differ; perfect forward secrecy must be the same on both ends.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Hashable

from ansible_collections.rras.ipsec.plugins.plugin_utils._policy import describe
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.model import (
    FilterAction,
    IkeEncryption,
    MainMode,
    MainModeMethod,
    Offer,
    known,
)


@dataclasses.dataclass(frozen=True, slots=True)
class End:
    """What one end of a connection proposes."""

    main_mode: MainMode
    filter_action: FilterAction


def main_mode_choice(initiator: MainMode, responder: MainMode) -> MainModeMethod | None:
    """Return the method that main mode would use; None if the two have none in common."""
    theirs = {_method(method) for method in responder.methods}
    return next((method for method in initiator.methods if _method(method) in theirs), None)


def quick_mode_choice(initiator: FilterAction, responder: FilterAction) -> Offer | None:
    """Return the offer that quick mode would use; None if the two have none in common."""
    theirs = {_offer(offer) for offer in _negotiated(responder)}
    return next((offer for offer in _negotiated(initiator) if _offer(offer) in theirs), None)


def chosen(initiator: End, responder: End) -> str:
    """Return the chosen proposals in words; empty if there is no choice."""
    main = main_mode_choice(initiator.main_mode, responder.main_mode)
    quick = quick_mode_choice(initiator.filter_action, responder.filter_action)
    if main is None or quick is None:
        return ""
    return f"{describe.main_mode_text(main)} in main mode, {_offer_text(quick)} in quick mode"


def main_mode_text(end: MainMode) -> str:
    """Return what an end proposes for main mode."""
    return _either([describe.main_mode_text(method) for method in end.methods])


def quick_mode_text(end: FilterAction) -> str:
    """Return what an end proposes for quick mode."""
    return _either([_offer_text(offer) for offer in _negotiated(end)])


def _method(method: MainModeMethod) -> Hashable:
    return known(IkeEncryption, method.encryption), method.integrity, method.group


def _offer(offer: Offer) -> Hashable:
    return frozenset(offer.algorithms), offer.pfs


def _negotiated(action: FilterAction) -> tuple[Offer, ...]:
    """Return the offers without the empty one, which means clear text and is not a proposal."""
    offers = action.offers if action.negotiates else ()
    return tuple(offer for offer in offers if not offer.falls_back_to_clear_text)


def _offer_text(offer: Offer) -> str:
    algorithms = " and ".join(map(describe.algorithm_text, offer.algorithms))
    return f"{algorithms}{' with perfect forward secrecy' if offer.pfs else ''}"


def _either(texts: list[str]) -> str:
    return " or ".join(dict.fromkeys(texts)) or "nothing"
