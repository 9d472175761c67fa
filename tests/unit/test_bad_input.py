# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The table of bad input: at each door, what cannot be meant is refused in one sentence, before any host is asked.

Wrong types of all options are made from the argument specs in test_shape.py; here are values of the right type, and
what YAML makes of what a person writes.
"""

from __future__ import annotations

import base64
import dataclasses
import datetime as dt
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from ansible.errors import AnsibleFilterError

from ansible_collections.rras.ipsec.plugins.filter import to_ipsecpol, to_netsh, to_reg, to_steps
from ansible_collections.rras.ipsec.plugins.plugin_utils._host import records
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.render import reg_file
from ansible_collections.rras.ipsec.tests.support import role
from ansible_collections.rras.ipsec.tests.support.effort import TRIED
from ansible_collections.rras.ipsec.tests.support.server import Server, rule
from ansible_collections.rras.ipsec.tests.support.task import INFO, POLICY, VALUE, Task

CHECK = "check that nothing on the host changes the output of PowerShell."
KEY = "Uji-Byodoin:1053/Phoenix"
TOKYO, OSAKA = "rras-tokyo", "rras-osaka"
LONG_KEY = KEY + "x" * 10_000

ADDRESSES = {
    "octal": "010.0.0.1",
    "blank behind": "192.0.2.1 ",
    "blank before": " 192.0.2.1",
    "no-break space": "192.0.2.1\u00a0",
    "full-width digit": "192.0.2.\uff11",
    "Arabic digits": "\u0661\u0669\u0662.0.2.1",
    "Devanagari digit": "192.0.2.\u0967",
    "superscript": "192.0.2.\u00b9",
    "mathematical digit": "192.0.2.\U0001d7cf",
    "full-width stop": "192\uff0e0.2.1",
    "ideographic stop": "192\u30020.2.1",
    "letter l": "l92.0.2.1",
    "letter O": "192.O.2.1",
    "NUL": "192.0.2.1\0",
    "line feed": "192.0.2.1\n",
    "escape": "\x1b[1m192.0.2.1",
    "zero width space": "192.0.2.1\u200b",
    "byte order mark": "\ufeff192.0.2.1",
    "right-to-left": "\u202e1.2.0.291",
    "prefix length": "192.0.2.1/32",
    "port": "192.0.2.1:500",
    "brackets": "[192.0.2.1]",
    "three numbers": "192.0.2",
    "five numbers": "192.0.2.1.5",
    "number too large": "192.0.2.256",
    "negative": "192.0.2.-1",
    "hexadecimal": "0xC0.0x00.0x02.0x01",
    "one number": "3221225985",
    "comma": "192,0,2,1",
    "list in a text": "192.0.2.1, 192.0.2.2",
    "IPv6": "2001:db8::1",
    "mapped": "::ffff:192.0.2.1",
    "name": "rras-tokyo.example.com",
    "template": "{{ ansible_host }}",
}
NO_ADDRESS = "is not an IPv4 address; write an address of the server, such as 192.0.2.1."
SINGLE = {
    "multicast": "224.0.0.1",
    "nobody": "0.0.0.0",  # noqa: S104
    "loopback": "127.0.0.1",
    "broadcast": "255.255.255.255",
}
CONTROL = "contains a line break or another control character; write it as one line of text."
UNSEEN = "has no visible character; write, for example, 'L2TP'."
NAMES = {
    "NUL": ("a\0b", CONTROL),
    "escape": ("a\x1b[2Jb", CONTROL),
    "bell": ("a\ab", CONTROL),
    "line feed": ("a\nb", CONTROL),
    "line separator": ("a\u2028b", CONTROL),
    "delete": ("a\x7fb", CONTROL),
    "control of Latin-1": ("a\x9bb", CONTROL),
    "empty": ("", UNSEEN),
    "blank": (" ", UNSEEN),
    "zero width": ("\u200b", UNSEEN),
    "Hangul filler": ("\u3164", UNSEEN),
    "256 characters": ("a" * 256, "is longer than 255 characters; write a shorter name."),
    "turned": (
        "a\u202eb",
        "has a character that reverses the writing direction, so that another name is displayed; delete it.",
    ),
    "half a character": (
        "a\ud800",
        "has half a character (a lone surrogate), which Windows can't store; write it again.",
    ),
}
EDGE = "begins or ends with a blank or another invisible character; delete it on both servers."
NO_KEY = "is empty or invisible; write the key that both servers share."
ONE_LINE = "contains a line break or a NUL; write it as one line of text."
KEYS = {
    "no character": ("", NO_KEY),
    "a blank": (" ", NO_KEY),
    "zero width": ("\u200b\u2060", NO_KEY),
    "one character": ("7", "is one character; write a longer key."),
    "10 000 characters": (LONG_KEY, "is longer than 1024 characters; write a shorter key."),
    "1025 characters": ("k" * 1025, "is longer than 1024 characters; write a shorter key."),
    "NUL": (f"{KEY}\0", ONE_LINE),
    "line feed": (f"{KEY}\n", ONE_LINE),
    "carriage return": (f"a\r{KEY}", ONE_LINE),
    "blank behind": (f"{KEY} ", EDGE),
    "blank before": (f" {KEY}", EDGE),
    "no-break space behind": (f"{KEY}\u00a0", EDGE),
    "byte order mark before": (f"\ufeff{KEY}", EDGE),
    "half a character": (
        f"{KEY}\ud83d",
        "has half a character (a lone surrogate), which Windows can't store; write it again.",
    ),
}
NO_TEXT = "must be text; put it in quotes."
YAML = {
    "1.10": 1.1,
    "no": False,
    "010": 8,
    "1:30:00": 5400,
    "a date": dt.date(2026, 1, 2),
    "a time": dt.datetime(2026, 1, 2, 3, 4, tzinfo=dt.UTC),
    "a list": [KEY],
    "a dictionary": {KEY: KEY},
    "a set": {KEY},
    "infinity": float("inf"),
}
"""What a person writes without quotes, and what YAML makes of it."""
NUMBERS = {
    "a blank": " ",
    "a sign": "+",
    "with a blank": "1 0",
    "with a point": "10.0",
    "full-width": "\uff11\uff10",
    "with a grouping": "1_0",
    "hexadecimal": "0x10",
    "half": 0.5,
    "a truth": True,
    "no number": float("nan"),
    "exponent": "1e3",
    "NUL": "10\0",
}


@dataclasses.dataclass(frozen=True, slots=True)
class Bad:
    """A bad input: at which door, what it is, how it is given, and the sentence that must come back."""

    door: str
    what: str
    give: Callable[[], str]
    sentence: str

    @property
    def id(self) -> str:
        return f"{self.door}: {self.what}"


def said(action: Any, **given: Any) -> str:
    """What an action says to its options; it must not have asked the host."""
    task = Task(Server())
    result = task.run(action, **given)
    assert task.server.host.recorder.executions == []
    assert (result["failed"], result["reason"] in ("options", "declaration")) == (True, True), result
    return str(result["msg"])


def telling(action: Any, **given: Any) -> Callable[[], str]:
    return lambda: said(action, **given)


def policy(**given: Any) -> Callable[[], str]:
    return lambda: said(POLICY, **{"name": "L2TP", "rules": [rule(key=KEY)], **given})


def play(variables: dict[str, Any] | None = None, **far: Any) -> Callable[[], str]:
    """What the role says: to variables of all hosts, and to those of the far end."""
    connection = {"name": "link", "peers": [TOKYO, OSAKA], "preshared_key": KEY}

    def give() -> str:
        shared = {"l2tp_connections": [connection], **(variables or {})}
        hosts = {TOKYO: {"l2tp_address": "192.0.2.1"}, OSAKA: {"l2tp_address": "192.0.2.2"}}
        hostvars = {name: {**own, **shared, **(far if name == OSAKA else {})} for name, own in hosts.items()}
        return " ".join(role.problems(hostvars, TOKYO, variables))

    return give


def connection(**given: Any) -> dict[str, Any]:
    return {"l2tp_connections": [{"name": "link", "peers": [TOKYO, OSAKA], "preshared_key": KEY} | given]}


def filtered(form: Any, given: Any, **options: Any) -> Callable[[], str]:
    def give() -> str:
        with pytest.raises(AnsibleFilterError) as error:
            form(given, **options)
        return str(error.value).partition(": ")[2] if str(error.value).startswith("The filter") else str(error.value)

    return give


def registration(text: str | bytes) -> Callable[[], str]:
    def give() -> str:
        with pytest.raises(reg_file.RegFileError) as error:
            reg_file.read(text if isinstance(text, bytes) else reg_file.encode(text))
        return str(error.value)

    return give


def answer(text: str) -> Callable[[], str]:
    def give() -> str:
        with pytest.raises(records.MalformedAnswerError) as error:
            records.decode(text)
        return str(error.value)

    return give


def of_the_actions() -> Iterator[Bad]:
    door = "win_ipsec_psk_policy"
    for what, text in ADDRESSES.items():
        yield Bad(door, f"address, {what}", policy(address=text), f"address {NO_ADDRESS}")
        for option in ("source_address", "destination_address"):
            filters = [{"source_address": "me", "destination_address": "192.0.2.9"} | {option: text}]
            yield Bad(
                door,
                f"{option}, {what}",
                policy(rules=[rule(key=KEY, filters=filters)]),
                f"rules[0].filters[0].{option} {NO_ADDRESS}",
            )
    for what, text in SINGLE.items():
        yield Bad(
            door,
            f"address, {what}",
            policy(address=text),
            f"address is {text}, which is not the address of a single host; "
            "write the static address of the RRAS interface.",
        )
    for what, (name, fault) in NAMES.items():
        yield Bad(door, f"name, {what}", policy(name=name), f"name {fault}")
        yield Bad(door, f"name of a rule, {what}", policy(rules=[rule(name, KEY)]), f"rules[0].name {fault}")
    for what, (key, fault) in KEYS.items():
        yield Bad(
            door, f"key, {what}", policy(rules=[rule(key=key)]), f"rules[0].authentication[0].preshared_key {fault}"
        )
    for what, value in YAML.items():
        yield Bad(door, f"name, {what}", policy(name=value), f"name {NO_TEXT}")
        yield Bad(door, f"address, {what}", policy(address=value), f"address {NO_TEXT}")
        yield Bad(
            door,
            f"key, {what}",
            policy(rules=[rule(authentication=[{"preshared_key": value}])]),
            f"rules[0].authentication[0].preshared_key {NO_TEXT}",
        )
        yield Bad(
            "win_ipsec_policy_info",
            f"key, {what}",
            telling(INFO, preshared_keys=[value]),
            f"preshared_keys[0] {NO_TEXT}",
        )
        yield Bad("win_prohibit_ipsec", f"policy, {what}", telling(VALUE, policy=value), f"policy {NO_TEXT}")
    for what, value in NUMBERS.items():
        sentence = "must be a whole number; write, for example, {}."
        yield Bad(
            door,
            f"polling_interval, {what}",
            policy(polling_interval=value),
            f"polling_interval {sentence.format(180)}",
        )
        yield Bad(
            "win_prohibit_ipsec",
            f"settle_timeout, {what}",
            telling(VALUE, settle_timeout=value),
            f"settle_timeout {sentence.format(120)}",
        )
        yield Bad(
            "win_ipsec_policy_info",
            f"program_timeout, {what}",
            telling(INFO, program_timeout=value),
            f"program_timeout {sentence.format(30)}",
        )


def of_the_role() -> Iterator[Bad]:
    for what, text in ADDRESSES.items():
        yield Bad("role", f"l2tp_address, {what}", play(l2tp_address=text), f"l2tp_address of {OSAKA} {NO_ADDRESS}")
    for what, (name, fault) in NAMES.items():
        yield Bad("role", f"l2tp_policy_name, {what}", play({"l2tp_policy_name": name}), f"l2tp_policy_name {fault}")
    for what, (key, fault) in KEYS.items():
        yield Bad(
            "role", f"key, {what}", play(connection(preshared_key=key)), f"preshared_key of the connection link {fault}"
        )
    for what, value in YAML.items():
        yield Bad(
            "role",
            f"key, {what}",
            play(connection(preshared_key=value)),
            f"l2tp_connections[0].preshared_key {NO_TEXT}",
        )
        if value is False or value == [KEY]:
            continue  # counts as missing; or holds the key, of which test_shape.py has its own sentence
        yield Bad("role", f"name, {what}", play(connection(name=value)), f"l2tp_connections[0].name {NO_TEXT}")


def of_the_filters() -> Iterator[Bad]:
    of_peers = {"to_reg": to_reg.to_reg, "to_steps": to_steps.to_steps}
    for name, form in {**of_peers, "to_netsh": to_netsh.to_netsh, "to_ipsecpol": to_ipsecpol.to_ipsecpol}.items():
        for what, given, sentence in OPTIONS:
            yield Bad(name, what, filtered(form, given), sentence)
        for what, text in ADDRESSES.items():
            filters = [{"source_address": text, "destination_address": "192.0.2.2"}]
            given = {"name": "L2TP", "rules": [rule(key=KEY, filters=filters)]}
            yield Bad(
                name, f"address, {what}", filtered(form, given), f"rules[0].filters[0].source_address {NO_ADDRESS}"
            )
        for what, (key, fault) in KEYS.items():
            given = {"name": "L2TP", "rules": [rule(key=key)]}
            sentence = f"rules[0].authentication[0].preshared_key {fault}"
            yield Bad(name, f"key, {what}", filtered(form, given), sentence)
        right = {"name": "L2TP", "rules": [rule(key=KEY)]}
        yield Bad(
            name, "keys, a number", filtered(form, right, keys=7), "keys is neither true nor false; write one of them."
        )
    for name, form in of_peers.items():
        yield Bad(
            name,
            "peer_type, a number",
            filtered(form, right, peer_type=7),
            "peer_type is not one of its choices; write windows_2000 or windows.",
        )


OPTIONS: tuple[tuple[str, Any, str], ...] = (
    ("a text for a policy", KEY, "The options of the policy must be a dictionary; write name and rules."),
    ("a list for a policy", [KEY], "The options of the policy must be a dictionary; write name and rules."),
    ("nothing", None, "name is missing; write a text."),
    ("no rules", {"name": "L2TP"}, "rules is missing; write the rules of the policy, or state absent to remove it."),
)
HEADER = "Windows Registry Editor Version 5.00\r\n\r\n[HKEY_LOCAL_MACHINE\\A]\r\n"
NO_HEADER = (
    "line 1 is not the beginning of a registration file; the first line must be "
    "'Windows Registry Editor Version 5.00' or 'REGEDIT4'."
)
FORMLESS = "line 4 holds data of no known form."
NO_BYTES = "line 4 holds bytes that are no hexadecimal numbers."
UNKNOWN_LINE = "line 4 is neither a key nor a value nor a remark."
REGISTRATIONS = {
    "a look-alike in the header": ("Windows R\u0435gistry Editor Version 5.00\r\n", NO_HEADER),
    "a future version": ("Windows Registry Editor Version 6.00\r\n", NO_HEADER),
    "a key": (KEY, NO_HEADER),
    "a page of the web": ("<html>", NO_HEADER),
    "full-width digits": (HEADER + '"a"=dword:\uff11', FORMLESS),
    "a negative number": (HEADER + '"a"=dword:-1', FORMLESS),
    "a decimal number": (HEADER + '"a"=1701', FORMLESS),
    "a truth": (HEADER + '"a"=true', FORMLESS),
    "an unknown kind": (HEADER + '"a"=hex(zz):00', FORMLESS),
    "bytes of three digits": (HEADER + '"a"=hex:000', NO_BYTES),
    "full-width bytes": (HEADER + '"a"=hex:\uff10\uff10', NO_BYTES),
    "a key where bytes belong": (HEADER + f'"a"=hex:{KEY}', NO_BYTES),
    "a value without quotes": (HEADER + "a=1", UNKNOWN_LINE),
    "single quotes": (HEADER + "'a'='b'", UNKNOWN_LINE),
    "a NUL": (HEADER + "\0", UNKNOWN_LINE),
}
ANSWERS = {
    "a word for a number": ("key\tQQ==\nvalue\tQQ==\tDWord\teA==\ndone\n", " at A (ValueError)"),
    "a number of 5 000 digits": (
        f"key\tQQ==\nvalue\tQQ==\tQWord\t{base64.b64encode(b'1' * 5000).decode()}\ndone\n",
        " at A (ValueError)",
    ),
    "a number that does not fit": (
        f"key\tQQ==\nvalue\tQQ==\tQWord\t{base64.b64encode(b'1' * 50).decode()}\ndone\n",
        " at A (OverflowError)",
    ),
    "an exit code that is a word": ("ran\tQQ==\tnought\t\ndone\n", " (ValueError)"),
    "a field too many": ("key\tQQ==\tQQ==\ndone\n", " (ValueError)"),
    "a field too few": ("value\tQQ==\ndone\n", " (ValueError)"),
    "another outcome": ("error\tbusy\tx\ty\t\tperhaps\t\n", " (ValueError)"),
    "a request": ("DeleteKey\tSOFTWARE\ndone\n", " (ValueError)"),
    "base64 with a key in it": (f"key\t{KEY}\ndone\n", " (Error)"),
}


def of_the_parsers() -> Iterator[Bad]:
    for what, (text, sentence) in REGISTRATIONS.items():
        yield Bad(".reg", what, registration(text), sentence)
    for what, (text, place) in ANSWERS.items():
        yield Bad("answer", what, answer(text), f"The answer of the host can't be read{place}; {CHECK}")


TABLE = [*of_the_actions(), *of_the_role(), *of_the_filters(), *of_the_parsers()]


@pytest.mark.parametrize("bad", TABLE, ids=lambda bad: bad.id)
def test_bad_input_gets_one_sentence(bad: Bad) -> None:
    sentence = bad.give()
    assert sentence == bad.sentence
    assert KEY not in sentence
    assert sentence.isprintable()


def test_the_table_is_long(record_property: Callable[[str, object], None]) -> None:
    doors = {bad.door for bad in TABLE}
    assert len(TABLE) >= 120
    record_property(TRIED, f"{len(TABLE)} bad inputs at {len(doors)} doors, each sentence word for word")
