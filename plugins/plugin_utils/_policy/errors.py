# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What ends a task of this collection with a sentence."""

from __future__ import annotations

from typing import Final

STOPPED: Final = "stopped"
"""The reason of a host that the role stops, for what is declared or for what a peer did."""


class RrasError(Exception):
    """The root of all errors that a user may see.

    The text is the sentence, unless it holds what a host said, which `plugin_utils._action` masks first.
    """

    reason: str = "failed"
    """One word that a playbook can test: the `reason` of the result."""


class OptionsError(RrasError):
    """The options, the role's variables, or what is in effect for the task, can't be worked with."""

    reason = "options"
