# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The dump in docs/policy_store.md is the one that the code writes."""

from __future__ import annotations

from ansible_collections.rras.ipsec.tests.unit.policy.annotated import BEGIN, DOCUMENT, END, current


def test_the_dump_is_current() -> None:
    """After a change of what is written: python -m tests.unit.policy.annotated."""
    document = DOCUMENT.read_text(encoding="utf-8")
    assert current(document) == document
    assert (document.count(BEGIN), document.count(END)) == (1, 1)
    assert "192.0.2.1" in document.partition(BEGIN)[2].partition(END)[0]
