# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Servers on which somebody followed the article by hand: the role takes their place, and gives it back."""

from __future__ import annotations

import pytest

from ansible_collections.rras.ipsec.plugins.plugin_utils._policy import firewall, model
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.registry import Value
from ansible_collections.rras.ipsec.tests.lab import Host
from ansible_collections.rras.ipsec.tests.lab.playground import by_hand
from ansible_collections.rras.ipsec.tests.lab.windows.firewall import rules
from ansible_collections.rras.ipsec.tests.lab.windows.registry import differences
from ansible_collections.rras.ipsec.tests.support.controller import REMOVE, Controller
from ansible_collections.rras.ipsec.tests.support.pair import (
    KEY,
    NEW_KEY,
    OSAKA,
    OSAKA_ADDRESS,
    OURS,
    POLICY,
    TOKYO,
    TOKYO_ADDRESS,
    assigned,
    changes,
    connection,
    keys_of,
    restarts,
    snapshots,
    without_backup,
)

SERVICES = r"SYSTEM\CurrentControlSet\Services"
OPEN = "D:(A;CI;KA;;;SY)(A;CI;KA;;;BA)(A;CI;KR;;;BU)"


def policy(name: str) -> model.Policy:
    """What the article says, for this pair, with another key than the declared one."""
    return by_hand.policy(name, (TOKYO_ADDRESS, OSAKA_ADDRESS), NEW_KEY)


def follow_the_article(host: Host, name: str, *, protects: bool = True) -> None:
    """Let somebody have written the policy, assigned it, set the value and restarted the server."""
    by_hand.follow_the_article(host, policy(name) if protects else by_hand.without_rules(policy(name)))


@pytest.mark.parametrize(
    ("name", "given"),
    [
        pytest.param("By hand", {"l2tp_replace_assigned": True}, id="replaced"),
        pytest.param(POLICY, {"l2tp_take_over": True}, id="taken over", marks=pytest.mark.slow),
        pytest.param(
            "By hand", {"l2tp_replace_assigned": True, "l2tp_reboot": "if_unknown"}, id="proved", marks=pytest.mark.slow
        ),
    ],
)
def test_the_role_takes_over_and_the_removal_gives_everything_back(
    pair: Controller, name: str, given: dict[str, object]
) -> None:
    for host in pair.lab.values():
        follow_the_article(host, name)
    before = snapshots(pair.lab)
    pair.variables.update(given)

    taken = pair.site()

    assert taken.code == 0, taken.explain()
    for host in pair.lab.values():
        assert keys_of(assigned(host)) == [KEY]
    count = int(given.get("l2tp_reboot") == "if_unknown")
    assert restarts(pair.lab) == {TOKYO: count, OSAKA: count}

    predicted = pair.play(REMOVE, "--check")
    removed = pair.play(REMOVE)

    assert (predicted.code, removed.code) == (0, 0), removed.explain()
    assert restarts(pair.lab) == {TOKYO: count, OSAKA: count}, "the value stays, so nothing needs one"
    for each, host in pair.lab.items():
        assert differences(before[each], without_backup(host.registry.snapshot())) == []
        assert host.exposures == [], f"L2TP of {each} was in clear text"
    again = pair.play(REMOVE)
    assert (again.code, again.changed) == (0, {TOKYO: 0, OSAKA: 0}), again.explain()


def make_the_declared_policy_theirs(host: Host) -> None:
    """Let somebody have written by hand just what the role would, and restarted; Users can read the key."""
    for path in sorted(host.registry.snapshot(OURS), key=len, reverse=True):
        host.registry.remove(path)
    for rule in rules(host.registry, firewall.NAME):
        host.registry.erase(firewall.RULES, rule)
    host.registry.write(rf"{SERVICES}\RemoteAccess", "DependOnService", Value.multi_sz(["RasMan"]))
    for path in host.store:
        if "ipsecNFA" in path:
            host.registry.protect(path, OPEN)
    host.restart()
    host.recorder.clear()


@pytest.mark.usefixtures("first_run_done")
@pytest.mark.parametrize(
    "key", [pytest.param(KEY, id="same key"), pytest.param(NEW_KEY, id="next key", marks=pytest.mark.slow)]
)
def test_a_policy_that_is_as_declared_is_used_and_given_back(pair: Controller, key: str) -> None:
    for host in pair.lab.values():
        make_the_declared_policy_theirs(host)
    before = snapshots(pair.lab)
    theirs = {name: assigned(host) for name, host in pair.lab.items()}

    used = pair.site()

    assert used.code == 0, used.explain()
    for name, host in pair.lab.items():
        assert assigned(host) == theirs[name]
        assert "BU" not in {host.registry.access(path) for path in host.store if "ipsecNFA" in path}
    again = pair.site()
    assert (again.code, again.changed) == (0, {TOKYO: 0, OSAKA: 0}), again.explain()

    pair.variables["l2tp_connections"] = [connection(key=key)]
    changed = pair.site()
    predicted = pair.play(REMOVE, "--check")
    removed = pair.play(REMOVE)

    assert (changed.code, predicted.code, removed.code) == (0, 0, 0), removed.explain()
    for name, host in pair.lab.items():
        assert differences(before[name], without_backup(host.registry.snapshot())) == []
        assert host.exposures == [], f"L2TP of {name} was in clear text"
    assert restarts(pair.lab) == {TOKYO: 0, OSAKA: 0}, "the value was there and stays"


def test_without_permission_nothing_is_touched(pair: Controller) -> None:
    for host in pair.lab.values():
        follow_the_article(host, "By hand")
    before = snapshots(pair.lab)

    refused = pair.site()

    assert refused.failure(TOKYO) == (
        "The policy 'By hand' is assigned on this host, and only one can be; "
        "set l2tp_replace_assigned to true if the declared policy should replace it."
    )
    assert changes(before, pair.lab) == {}


@pytest.mark.exposed("what somebody wrote by hand does not protect L2TP")
def test_a_removal_that_would_end_in_clear_text_is_refused_before_it_begins(pair: Controller) -> None:
    """One of the servers had the value, and a policy that protects nothing."""
    follow_the_article(pair.lab[TOKYO], "By hand", protects=False)
    pair.variables["l2tp_replace_assigned"] = True
    taken = pair.site()
    assert taken.code == 0, taken.explain()
    before = snapshots(pair.lab)

    runs = pair.play(REMOVE, "--check"), pair.play(REMOVE)

    reason = (
        "ProhibitIpSec is 1 on this host, so without the policy 'L2TP site to site' its L2TP "
        "would be in clear text; 'By hand', which would then be assigned again, does not protect it; remove the "
        "value first (the playbook rras.ipsec.remove; by hand if "
        "it was 1 before this collection changed the host) and restart the host."
    )
    for run in runs:
        assert run.failure(TOKYO) == reason
        assert run.failure(OSAKA) == f"rras-osaka stopped: its peer rras-tokyo failed: {reason}"
    assert changes(before, pair.lab) == {}
