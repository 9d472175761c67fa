# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A policy as registration files: the store that a live transaction would write, and what removes it again."""

from __future__ import annotations

from collections.abc import Iterator

from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.render import content, reg_file, remarks
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.render.rendering import Rendering


def setting_up(rendering: Rendering) -> str:
    """Return the text of l2tp.reg. Raises `codec.CodecError` for what a store can't hold."""
    return reg_file.text(content.sections(rendering), _remarks(rendering))


def undoing(rendering: Rendering) -> str:
    """Return the text of undo.reg."""
    return reg_file.text(content.undoing(rendering), _undo_remarks(rendering))


def _remarks(rendering: Rendering) -> Iterator[str]:
    yield remarks.heading(rendering, "Registry")
    yield from remarks.secrecy(rendering)
    yield from remarks.BACKUP
    yield "1. Import this file (regedit /s l2tp.reg, or reg import l2tp.reg): the policy comes first, then the value."
    if rendering.needs_keys:
        yield "   The policy is not assigned yet, and ProhibitIpSec is not in this file."
        yield "2. Write the keys into its rules in the console, and assign it. Then add ProhibitIpSec (STEPS.txt)."
    else:
        yield "2. Check in the console (IP Security Policy Management) that the policy is assigned."
    yield "3. Restart the computer."
    yield remarks.WHY_THIS_ORDER
    yield from remarks.BESIDE
    yield from remarks.other_ends(rendering)
    yield from remarks.ipv6(rendering)


def _undo_remarks(rendering: Rendering) -> Iterator[str]:
    yield remarks.heading(rendering, "Registry that undoes l2tp.reg")
    yield f"1. {remarks.STOP_RRAS}"
    yield "2. Import this file."
    yield "3. Restart the computer. RRAS then protects L2TP by its automatic filters again."
    yield from remarks.GIVE_BACK
    yield from remarks.ipv6_again(rendering)
