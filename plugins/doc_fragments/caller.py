# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who gives the options of a module, for its documentation."""

from __future__ import annotations


class ModuleDocFragment:
    """The fragment rras.ipsec.caller."""

    DOCUMENTATION = r"""
options:
  caller:
    description:
      - Which names messages use when they say what to write instead.
      - V(task) names the options of this module.
      - V(role) names the variables of R(the role l2tp, ansible_collections.rras.ipsec.l2tp_role), which sets it.
    type: str
    default: task
    choices: [task, role]
"""
