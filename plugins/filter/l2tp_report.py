# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The filter l2tp_report."""

from __future__ import annotations

DOCUMENTATION = r"""
name: l2tp_report
short_description: What a verification says on a host
version_added: 0.1.0
author: The rras.ipsec developers (!UNKNOWN)
description:
  - Compares what the hosts answered to O(rras.ipsec.win_ipsec_psk_policy#module:phase=verify) with what is declared,
    and with each other.
  - Over all hosts of a run, each finding is reported once, on the end that it concerns.
positional: host
options:
  _input:
    description: The variable C(hostvars).
    type: dict
    required: true
  host:
    description: The inventory name of the host.
    type: str
    required: true
"""

EXAMPLES = r"""
- name: Stop if something is wrong
  ansible.builtin.fail:
    msg: "{{ report.errors | join(' ') }}"
  when: report.errors | length > 0
  vars:
    report: "{{ hostvars | rras.ipsec.l2tp_report(inventory_hostname) }}"
"""

RETURN = r"""
  _value:
    description: What is said on the host.
    type: dict
    contains:
      lines:
        description: What both ends of its connections have, a line each, and what the host has otherwise.
        type: list
        elements: str
      errors:
        description: The findings that make a verification fail, a text each.
        type: list
        elements: str
      warnings:
        description: All other findings, a text each.
        type: list
        elements: str
      findings:
        description: All findings, as those of P(rras.ipsec.l2tp_agreement#filter).
        type: list
        elements: dict
"""

from collections.abc import Callable
from typing import Any

from ansible_collections.rras.ipsec.plugins.plugin_utils import _view
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy import facts, report
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.findings import Severity


def l2tp_report(hostvars: _view.HostVars, host: str) -> dict[str, Any]:
    """What a verification says on a host."""
    said = report.report(_view.network(hostvars, host), host, _view.answers(hostvars, host))
    return {
        "lines": list(said.lines),
        "errors": list(said.of(Severity.ERROR)),
        "warnings": list(said.of(Severity.WARNING)),
        "findings": [facts.fields(each) for each in said.findings],
    }


class FilterModule:
    """Offers the filter to Ansible."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"l2tp_report": l2tp_report}
