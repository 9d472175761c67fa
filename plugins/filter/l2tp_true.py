# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The filter l2tp_true."""

from __future__ import annotations

DOCUMENTATION = r"""
name: l2tp_true
short_description: Whether a variable of the role is true
version_added: 0.1.0
author: The rras.ipsec developers (!UNKNOWN)
description:
  - Reads a boolean as modules do, however it was written. A variable of an inventory in INI format is a text.
  - Some versions of ansible-core take V(y) and V(t) for false in the filter P(ansible.builtin.bool#filter).
positional: []
options:
  _input:
    description: The value of the variable.
    type: raw
    required: true
"""

EXAMPLES = r"""
- name: Only where Ansible reaches the server
  ansible.builtin.debug:
    msg: managed
  when: l2tp_managed | rras.ipsec.l2tp_true
"""

RETURN = r"""
  _value:
    description: The value as a boolean. Whatever is none stops the task.
    type: bool
"""

from collections.abc import Callable
from typing import Any

from ansible.errors import AnsibleFilterError

from ansible_collections.rras.ipsec.plugins.plugin_utils import _shape


def l2tp_true(value: object) -> bool:
    """Whether a variable of the role is true."""
    read = _shape.truth(value)
    if read is None:
        raise AnsibleFilterError("A variable is neither true nor false; write one of them.")
    return read


class FilterModule:
    """Offers the filter to Ansible."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"l2tp_true": l2tp_true}
