# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the modules that take preshared keys have in common, for their documentation."""

from __future__ import annotations


class ModuleDocFragment:
    """The fragment rras.ipsec.secrets."""

    DOCUMENTATION = r"""
attributes: {}  # without attributes and options it would be no fragment
notes:
  - Keep preshared keys in vaulted variables. No result, diff or error of this module contains a key or a digest of one. What Ansible itself shows
    of a task is another matter, so write C(no_log=true) in a task that contains a literal key, or loops over keys.
  - A key that is part of a name, a description or an address among the options is refused, because those are shown. Upper and lower case are the same.
  - In messages, warnings, diffs and whatever the host holds or says, a key of two characters or more is masked. Names that the options declare,
    identifiers, numbers and words such as V(matches) are never masked, so that later tasks can rely on them.
  - A preshared key must be text. A number is refused, because YAML may have changed it. Put it in quotes.
  - Keys never come back from the host. It returns a digest under a random number that is new for each task, and the result says V(matches),
    V(differs) or V(undeclared).
"""
