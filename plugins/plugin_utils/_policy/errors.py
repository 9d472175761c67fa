# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The errors that end a task of this collection with a sentence."""

from __future__ import annotations

from typing import Final

STOPPED: Final = "stopped"
"""The reason given for a host that the role stops, because of its declaration or of a peer's failure."""
NO_ANSWER: Final = "no_answer"
"""The reason given for a host that did not answer like a Windows host, so that nobody knows what was done there."""


_WITHIN: Final = ("a ", "another ", "neither ", "not ", "the ")


class RrasError(Exception):
    """The base class of all errors that a user may see.

    The text is the sentence, unless it contains what a host said; `plugin_utils._action` masks that first.
    """

    reason: str = "failed"
    """One word that a playbook can test, returned as the result's `reason`."""

    @property
    def sentence(self) -> str:
        """The text, with a capital first letter unless it begins with the name of an option.

        Texts that also stand within other sentences begin with a small article.
        """
        text = str(self)
        return text[:1].upper() + text[1:] if text.startswith(_WITHIN) else text


class OptionsError(RrasError):
    """The options, the role's variables, or a setting that applies to the task, can't be used."""

    reason = "options"
