# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""No record reaches outside the allow-list: tens of thousands of wrong ones are read, and what is accepted carried out.

tests/powershell/test_reader.py asks the script's own reader the same.
"""

from __future__ import annotations

import base64
from collections.abc import Callable

import pytest

from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.registry import Key, Tree
from ansible_collections.rras.ipsec.tests.lab import Host
from ansible_collections.rras.ipsec.tests.lab.twin.grammar import ScriptError, parse
from ansible_collections.rras.ipsec.tests.lab.twin.transaction import ScriptRun
from ansible_collections.rras.ipsec.tests.lab.windows.installation import SERVICES
from ansible_collections.rras.ipsec.tests.lab.windows.registry import differences
from ansible_collections.rras.ipsec.tests.support.candidates import PLACES, candidates, reached
from ansible_collections.rras.ipsec.tests.support.effort import THOROUGH, TRIED
from ansible_collections.rras.ipsec.tests.support.transactions import (
    BEFORE,
    NONCE,
    OWN,
    RASMAN,
    STORE,
    SUCCEEDING,
    record,
)

PROGRAM_VERBS = ("runprogram", "assignpolicy")
SEED = 21
COUNT = 1_000_000 if THOROUGH else 150_000
CARRIED_OUT = 10_000 if THOROUGH else 1_500


def accepted(line: str) -> bool:
    try:
        parse(line)
    except ScriptError:
        return False
    return True


def test_a_correct_record_names_nothing_wrong() -> None:
    """Without this, the tests below could pass because everything is refused."""
    right = [line for case in SUCCEEDING for line in case.records]
    assert [line for line in right if not accepted(line)] == []
    assert [line for line in right if reached(line)] == []


@pytest.mark.parametrize("place", PLACES[:-4])
def test_a_wrong_record_would_be_noticed(place: str) -> None:
    for line in (f"DeleteKey\t{place}", f"SetValue\t{place}\tx\tString\t", f"CopyKey\t{OWN}\t{place}"):
        assert reached(line)
        assert not accepted(line)


def test_no_record_names_what_is_outside(record_property: Callable[[str, object], None]) -> None:
    tried = set(candidates(SEED, COUNT))
    taken = [line for line in tried if accepted(line)]
    assert [line for line in taken if reached(line)] == []
    assert len(taken) > len(tried) // 100
    record_property(
        TRIED, f"{len(tried)} wrong records, {len(taken)} of them accepted, 0 outside the allow-list (seed {SEED})"
    )


def test_no_record_changes_what_is_outside(host: Host, record_property: Callable[[str, object], None]) -> None:
    host.registry.load(BEFORE)
    everything = host.registry.snapshot()
    before = {verb: outside(host, verb) for verb in ("", *PROGRAM_VERBS)}
    taken = [line for line in dict.fromkeys(candidates(SEED + 1, COUNT)) if accepted(line) and not _is_endless(line)]
    for line in taken[:CARRIED_OUT]:
        ScriptRun(host).run([record("Prepare", NONCE, "30"), line])
        verb = line.lower().partition("\t")[0]
        assert differences(before.get(verb, before[""]), outside(host, line)) == [], line
        host.registry.replace(everything)
    record_property(TRIED, f"{len(taken[:CARRIED_OUT])} accepted records carried out, 0 changes outside the allow-list")


@pytest.mark.parametrize("place", PLACES[:-4])
def test_a_list_of_what_to_delete_leads_nowhere_else(host: Host, place: str) -> None:
    host.registry.load(BEFORE)
    host.registry.create(place.strip("\\"))
    before = outside(host)
    listed = base64.b64encode(place.encode()).decode()
    ScriptRun(host).run([f"SetValue\t{OWN}\tListed\tMultiString\t{listed}", f"DeleteListed\t{OWN}\tListed"])
    assert differences(before, outside(host)) == []


def outside(host: Host, line: str = "") -> Tree:
    """All that a record may not change. Programs of Windows change settings of services and of the firewall there."""
    ours = [STORE, OWN]
    if line.lower().startswith(PROGRAM_VERBS):
        ours.append(SERVICES)
    found = host.registry.snapshot()
    kept = [key for path, key in found.items() if not any(_is_below(path, each) for each in ours)]
    return Tree(_without_value(key) if key.path.casefold() == RASMAN.casefold() else key for key in kept)


def _without_value(key: Key) -> Key:
    return Key(key.path, {name: value for name, value in key.items() if name.casefold() != "prohibitipsec"})


def _is_endless(line: str) -> bool:
    """Whether a record copies a key below itself, which no run asks for and the twin would never finish."""
    verb, *paths = line.split("\t")
    return verb.lower() == "copykey" and _is_below(paths[1], paths[0])


def _is_below(path: str, parent: str) -> bool:
    return f"{path}\\".casefold().startswith(f"{parent}\\".casefold())
