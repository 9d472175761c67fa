# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What IKE would choose between two ends, and that both directions find it or none does."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.rras.ipsec.plugins.plugin_utils import _view
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy import proposals
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.model import (
    Action,
    FilterAction,
    IkeEncryption,
    MainMode,
    MainModeMethod,
)

STRONG = {"encryption": "3des", "integrity": "sha1", "dh_group": 14}
WEAK = {"encryption": "des", "integrity": "md5", "dh_group": 1}
MIDDLE = {"encryption": "3des", "integrity": "sha1", "dh_group": 2}
ESP_STRONG = {"encryption": "3des", "integrity": "sha1"}
ESP_WEAK = {"encryption": "des", "integrity": "md5"}

METHODS = st.fixed_dictionaries(
    {
        "encryption": st.sampled_from(("3des", "des")),
        "integrity": st.sampled_from(("sha1", "md5")),
        "dh_group": st.sampled_from((14, 2, 1)),
    }
)
OFFERS = st.fixed_dictionaries(
    {
        "encryption": st.sampled_from(("3des", "des")),
        "integrity": st.sampled_from(("sha1", "md5")),
        "lifetime_seconds": st.integers(300, 9999),
    }
)


def main_mode(*methods: dict[str, Any], **more: Any) -> MainMode:
    found = _view.main_mode({"methods": list(methods)} | more)
    assert found is not None
    return found


def filter_action(*offers: dict[str, Any], **more: Any) -> FilterAction:
    found = _view.filter_action({"offers": list(offers)} | more)
    assert found is not None
    return found


def end(main: MainMode, action: FilterAction) -> proposals.End:
    return proposals.End(main, action)


DEFAULT = end(main_mode(STRONG, MIDDLE), filter_action(ESP_STRONG))


@pytest.mark.parametrize(
    ("initiator", "responder", "said"),
    [
        (
            DEFAULT,
            DEFAULT,
            "3DES / SHA1 / Diffie-Hellman group 14 (2048) in main mode, ESP 3DES/SHA1 in quick mode",
        ),
        (
            DEFAULT,
            end(main_mode(WEAK, MIDDLE, STRONG), filter_action(ESP_WEAK, ESP_STRONG)),
            "3DES / SHA1 / Diffie-Hellman group 14 (2048) in main mode, ESP 3DES/SHA1 in quick mode",
        ),
        (
            end(main_mode(WEAK, MIDDLE, STRONG), filter_action(ESP_WEAK, ESP_STRONG)),
            DEFAULT,
            "3DES / SHA1 / Diffie-Hellman group 2 (1024) in main mode, ESP 3DES/SHA1 in quick mode",
        ),
        (
            end(main_mode(WEAK), filter_action(ESP_WEAK, pfs=True)),
            end(main_mode(STRONG, WEAK), filter_action(ESP_STRONG, ESP_WEAK, pfs=True)),
            (
                "DES / MD5 / Diffie-Hellman group 1 (768) in main mode, "
                "ESP DES/MD5 with perfect forward secrecy in quick mode"
            ),
        ),
        (DEFAULT, end(main_mode(WEAK), filter_action(ESP_STRONG)), ""),
        (DEFAULT, end(main_mode(STRONG), filter_action(ESP_WEAK)), ""),
        (DEFAULT, end(main_mode(STRONG), filter_action(ESP_STRONG, pfs=True)), ""),
    ],
)
def test_the_first_of_the_initiator_that_the_responder_has(
    initiator: proposals.End, responder: proposals.End, said: str
) -> None:
    assert proposals.chosen(initiator, responder) == said


def test_lifetimes_may_differ() -> None:
    offer = ESP_STRONG | {"lifetime_seconds": 999}
    longer = end(main_mode(STRONG, lifetime=9, quick_mode_limit=3, pfs=True), filter_action(offer))
    assert proposals.chosen(DEFAULT, longer) == proposals.chosen(DEFAULT, DEFAULT)


def test_both_numbers_of_3des_are_the_same() -> None:
    (method,) = main_mode(STRONG).methods
    other = MainModeMethod(2, method.integrity, method.group)
    assert proposals.main_mode_choice(MainMode((other,)), MainMode((method,))) == other
    assert IkeEncryption(2) is method.encryption


def test_clear_text_is_no_proposal() -> None:
    soft = filter_action(ESP_WEAK, fall_back_to_clear_text=True)
    assert proposals.quick_mode_choice(soft, filter_action(ESP_STRONG, fall_back_to_clear_text=True)) is None
    permit = FilterAction("", Action.PERMIT, soft.offers)
    assert proposals.quick_mode_choice(permit, permit) is None
    assert (proposals.quick_mode_text(soft), proposals.quick_mode_text(permit)) == ("ESP DES/MD5", "nothing")


def test_what_an_end_proposes() -> None:
    assert proposals.main_mode_text(main_mode(STRONG, WEAK, STRONG)) == (
        "3DES / SHA1 / Diffie-Hellman group 14 (2048) or DES / MD5 / Diffie-Hellman group 1 (768)"
    )


@given(st.lists(METHODS, min_size=1, max_size=4), st.lists(METHODS, min_size=1, max_size=4))
def test_main_mode_is_found_in_both_directions_or_in_none(
    one: list[dict[str, Any]], other: list[dict[str, Any]]
) -> None:
    there, back = (
        proposals.main_mode_choice(main_mode(*first), main_mode(*second))
        for first, second in ((one, other), (other, one))
    )
    assert (there is None) == (back is None) == (not any(method in other for method in one))


@given(st.lists(OFFERS, min_size=1, max_size=3), st.lists(OFFERS, min_size=1, max_size=3), st.booleans(), st.booleans())
def test_quick_mode_is_found_in_both_directions_or_in_none(
    one: list[dict[str, Any]], other: list[dict[str, Any]], pfs: bool, other_pfs: bool
) -> None:
    first, second = filter_action(*one, pfs=pfs), filter_action(*other, pfs=other_pfs)
    there, back = proposals.quick_mode_choice(first, second), proposals.quick_mode_choice(second, first)
    common = {(o["encryption"], o["integrity"]) for o in one} & {(o["encryption"], o["integrity"]) for o in other}
    assert (there is None) == (back is None) == (not common or pfs != other_pfs)
