# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What users are used to from other collections works here too: delegation, and a key that is asked for."""

from __future__ import annotations

from ansible_collections.rras.ipsec.tests.support.controller import Controller
from ansible_collections.rras.ipsec.tests.support.pair import KEY, TOKYO, assigned, executions, keys_of


def test_a_module_works_on_the_host_it_is_delegated_to(pair: Controller) -> None:
    play = {
        "hosts": "localhost",
        "connection": "local",
        "gather_facts": False,
        "tasks": [
            {"rras.ipsec.win_ipsec_policy_info": {}, "delegate_to": TOKYO, "register": "found"},
            {"ansible.builtin.debug": {"msg": "{{ found.host.policies }}"}},
        ],
    }
    ran = pair.play([play])

    assert ran.code == 0, ran.explain()
    assert executions(pair.lab) == {TOKYO: 1, "rras-osaka": 0}


def test_a_key_that_is_asked_for_is_written_and_not_shown(pair: Controller) -> None:
    """Not at a terminal, ansible-playbook takes the default."""
    pair.variables["l2tp_connections"][0]["preshared_key"] = "{{ asked }}"
    play = {
        "hosts": "rras",
        "gather_facts": False,
        "become": True,
        "vars_prompt": [{"name": "asked", "prompt": "The key", "private": True, "default": KEY}],
        "roles": ["rras.ipsec.l2tp"],
    }
    ran = pair.play([play], "-vv")

    assert ran.code == 0, ran.explain()
    assert KEY not in ran.output + ran.errors
    assert [KEY in keys_of(assigned(host)) for host in pair.lab.values()] == [True, True]
