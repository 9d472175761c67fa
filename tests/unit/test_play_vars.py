# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a task of the role sees of all hosts: which variables, and which results count."""

from __future__ import annotations

import types
from typing import Any

import pytest
from ansible.parsing.dataloader import DataLoader
from ansible.template import trust_as_template

from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.errors import OptionsError
from ansible_collections.rras.ipsec.plugins.plugin_utils._role.play_vars import PlayVars
from ansible_collections.rras.ipsec.plugins.plugin_utils._role.shared import Shared

KEY = "a text that nobody may see"


def play_vars(**variables: Any) -> PlayVars:
    """Return what a task on one host, outside any play, sees."""
    play: Any = types.SimpleNamespace(get_play=lambda: types.SimpleNamespace(_uuid="play"))
    task: Any = types.SimpleNamespace(_role=object(), _parent=None, _uuid="task", get_play=play.get_play)
    hostvars: Any = types.SimpleNamespace(_variable_manager=types.SimpleNamespace(_inventory=None))
    shared = {"hostvars": hostvars, "inventory_hostname": "tokyo", "ansible_play_hosts": ["tokyo"]}
    return PlayVars(task, DataLoader(), shared | variables)


def test_a_variable_that_is_not_defined_is_named_without_a_word_of_its_text() -> None:
    template = trust_as_template(f"{{{{ ['{KEY}', not_defined] | join }}}}")
    with pytest.raises(OptionsError) as caught:
        play_vars(l2tp_policy_name=template).declared("tokyo")
    assert str(caught.value) == (
        "l2tp_policy_name of tokyo can't be evaluated; check that every variable in it is defined."
    )


@pytest.mark.parametrize(
    ("result", "counts"),
    [
        ({"entry": "play/task", "of": "tokyo"}, True),
        ({"entry": "play/task", "of": "osaka"}, False),
        ({"entry": "another", "of": "tokyo"}, False),
        ({"failed": True}, False),
    ],
)
def test_a_result_counts_for_its_host_and_its_entry(result: dict[str, Any], counts: bool) -> None:
    assert ("__l2tp_stage" in play_vars(__l2tp_stage=result)["tokyo"]) is counts


def test_a_commit_that_was_ended_from_outside_is_lost() -> None:
    seen = play_vars(__l2tp_commit_near={"failed": True, "msg": "Timed out"})["tokyo"]
    assert seen["__l2tp_commit"]["reason"] == "no_answer"


def test_what_many_hosts_share_is_evaluated_once_and_what_concerns_a_host_for_that_host() -> None:
    hosts = [f"server-{number}" for number in range(20)]
    entries = [{"peers": [one, other], "key": "{{ key }}"} for one, other in zip(hosts[::2], hosts[1::2], strict=True)]
    constant = [{"peers": hosts[:2], "key": "the same for all"}]
    by_template = [{"peers": ["{{ inventory_hostname }}", hosts[0]], "key": "{{ key }}"}]
    shared, done = Shared(), list[str]()

    def evaluated(raw: Any, host: str) -> Any:
        def evaluate(part: Any) -> Any:
            done.append(host)
            return dict(part) if isinstance(part, dict) else list(part)

        return shared.evaluated(raw, host, evaluate)

    found = [evaluated(entries, host) for host in hosts]
    assert len(done) <= 3 * len(entries), "once for the others, and once for each end"
    assert all(each is found[0] for each in found), "equal lists are one"
    done.clear()
    assert evaluated(constant, hosts[0]) is evaluated(constant, hosts[5])
    assert len(done) == 1
    done.clear()
    for host in hosts:
        evaluated(by_template, host)
    assert done == hosts, "who the peers are is known only when it is evaluated"


def test_an_own_connection_that_has_another_value_on_this_host_counts() -> None:
    peers = ["tokyo", "osaka"]
    shared, raw = Shared(), [{"peers": peers, "key": "{{ inventory_hostname }}"}]
    found = {}
    for host in peers:
        (entry,) = shared.evaluated(raw, host, lambda part: {**part, "key": host})  # noqa: B023 - used at once
        found[host] = entry["key"]
    assert found == {host: host for host in peers}
