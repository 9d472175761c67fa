# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What travels of rules: never a key, in no form; and who may read them."""

from __future__ import annotations

import base64
import struct
from collections.abc import Iterator

import pytest

from ansible_collections.rras.ipsec.plugins.plugin_utils._policy import codec
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.registry import Kind, Value, join
from ansible_collections.rras.ipsec.tests.lab.powershell.shadow import entries
from ansible_collections.rras.ipsec.tests.support import transactions
from ansible_collections.rras.ipsec.tests.support.machine import ON_WINDOWS, Machine, run
from ansible_collections.rras.ipsec.tests.support.transactions import (
    ABSENT,
    BEFORE,
    OTHER_KEY,
    OWN,
    PRESHARED_KEY,
    PROTECTED,
    RULES,
    STORE,
    record,
)

KEYS = (PRESHARED_KEY, OTHER_KEY)
PREPARE = record("Prepare", transactions.NONCE, "30")
EVERYTHING = record("ReadTree", STORE, "*", "1")
CLOSED = [("A", "KA", "BA"), ("A", "KA", "SY")]


def forms(key: str) -> Iterator[bytes]:
    """Yield a key as somebody could come across it: as bytes of either encoding, and as base64 at any alignment."""
    for data in (key.encode(), key.encode("utf-16-le")):
        yield data
        for offset in range(3):
            text = base64.b64encode(bytes(offset) + data).rstrip(b"=")
            yield text[(0, 2, 3)[offset] : -1 if (offset + len(data)) % 3 else None]


def travelled(answer: str) -> bytes:
    """Return an answer as it is, and everything that it holds in base64, decoded."""
    fields = [field for line in answer.splitlines() for field in line.split("\t")]
    decoded = [base64.b64decode(field) for field in fields if len(field) % 4 == 0 and field.isascii()]
    return b"\n".join((answer.encode(), *decoded))


def leaks(answer: str) -> list[bytes]:
    return [form for key in KEYS for form in forms(key) if form in travelled(answer)]


@pytest.mark.parametrize("name", RULES)
def test_no_key_is_in_the_answer_of_a_rule(machine: Machine, name: str) -> None:
    for path in set(RULES.values()) - {RULES[name]}:
        machine.registry.remove(path)
    for lines in (
        [EVERYTHING],
        [EVERYTHING, record("ReadDigest", STORE)],
        [EVERYTHING, record("UnsetValue", OWN + "\\No", "x")],
    ):
        answer = machine.answer([PREPARE, *lines])
        assert base64.b64encode(RULES[name].encode()).decode() in answer
        assert leaks(answer) == []


def test_no_key_is_in_the_answer_to_writing_one(machine: Machine) -> None:
    data = BEFORE[RULES["two keys"]]["ipsecData"].data
    writes = (record("CreateKey", ABSENT, "None"), record("SetValue", ABSENT, "ipsecData", "Binary", data))
    failing = record("SetValue", join(OWN, "Missing"), "ipsecData", "Binary", data)
    malformed = record("SetValue", OWN, "ipsecData", "Nothing", data)
    for lines in (writes, (*writes, failing), (malformed,)):
        assert leaks(machine.answer([PREPARE, *lines])) == []


def test_a_copy_that_we_keep_is_no_way_to_the_key(machine: Machine) -> None:
    copied = record("CopyKey", STORE, join(OWN, "Copy"))
    answer = machine.answer([PREPARE, copied, record("ReadTree", OWN, "*", "3")])
    assert base64.b64encode(b"ipsecData").decode() in answer
    assert leaks(answer) == []


def test_the_search_finds_what_it_must_find() -> None:
    for key in KEYS:
        for data in (key.encode(), key.encode("utf-16-le")):
            for offset in range(3):
                encoded = base64.b64encode(bytes(offset) + data + b"...").decode()
                assert leaks(f"value\t{encoded}")
                assert leaks(f"value\t{base64.b64encode(encoded.encode()).decode()}")


@pytest.mark.parametrize("name", ["key", "sections", "two keys", "certificate", "unknown method"])
def test_a_digest_under_the_nonce_stands_in_the_place_of_each_key(machine: Machine, name: str) -> None:
    answered = run(machine, EVERYTHING).tree.value(RULES[name], "ipsecData")
    there = BEFORE.value(RULES[name], "ipsecData")
    assert answered is not None
    assert there is not None
    shown, real = (codec.decode_rule(value.data) for value in (answered, there))
    assert list(shown.authentication) == [method.masked(transactions.NONCE) for method in real.authentication]
    assert (shown.active, shown.tunnel_address) == (real.active, real.tunnel_address)


@pytest.mark.parametrize("name", ["truncated", "unknown"])
def test_of_what_cannot_be_parsed_only_length_and_digest_travel(machine: Machine, name: str) -> None:
    answered = run(machine, EVERYTHING).tree.value(RULES[name], "ipsecData")
    there = BEFORE.value(RULES[name], "ipsecData")
    assert there is not None
    assert answered == Value(Kind.WITHHELD, struct.pack("<I", len(there.data)) + transactions.digest(there.data))


def test_a_rule_cut_anywhere_gives_no_key_away(machine: Machine) -> None:
    whole = BEFORE[RULES["sections"]]["ipsecData"].data
    for length in range(0, len(whole), 19):
        machine.registry.write(RULES["sections"], "ipsecData", Value.binary(whole[:length]))
        assert (
            leaks(
                machine.answer([PREPARE, record("ReadTree", RULES["sections"].rpartition("\\")[0], "ipsecData", "1")])
            )
            == []
        )


def test_a_protected_rule_is_open_to_nobody_else_and_says_so(machine: Machine) -> None:
    answer = run(machine, record("ProtectKey", RULES["key"], PROTECTED), record("ReadTree", STORE, "ipsecName", "1"))
    assert entries(answer.access[RULES["key"]]) == CLOSED
    assert entries(machine.registry.access(RULES["key"])) == CLOSED
    assert set(answer.access) == set(RULES.values())
    if ON_WINDOWS:  # Wine does not keep the flag that keeps inherited entries away.
        assert answer.access[RULES["key"]].startswith("D:P")


def test_policy_agents_account_can_be_let_in(machine: Machine) -> None:
    opened = PROTECTED + "(A;CI;KR;;;NS)"
    answer = run(machine, record("ProtectKey", RULES["key"], opened), record("ReadTree", STORE, "ipsecName", "1"))
    assert entries(answer.access[RULES["key"]]) == [*CLOSED, ("A", "KR", "NS")]
