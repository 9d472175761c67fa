# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A host's registry, and a table of transactions on it: what any engine must answer and leave behind."""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import hmac
import struct
import uuid
from collections.abc import Iterable

import pytest
from _pytest.mark import ParameterSet

from ansible_collections.rras.ipsec.plugins.plugin_utils._host import records
from ansible_collections.rras.ipsec.plugins.plugin_utils._host.records import Fault, Outcome
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy import firewall, steps
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.registry import Key, Kind, Tree, Value, join
from ansible_collections.rras.ipsec.tests.lab.windows.installation import COMPUTER_NAME, CRYPTOGRAPHY, SERVICES

NONCE = bytes(range(32))
OUR_RULE = firewall.OUR_RULES
STORE = r"SOFTWARE\Policies\Microsoft\Windows\IPSec\Policy\Local"
OWN = r"SOFTWARE\rras.ipsec"
IPSEC = r"SOFTWARE\Policies\Microsoft\Windows\IPSec"
"""The key above the store; some Windows do not have it before a policy is written."""
RASMAN = r"SYSTEM\CurrentControlSet\Services\RasMan\Parameters"
PRESHARED_KEY = "a key that must not travel: §µ"
OTHER_KEY = "another key"
PROTECTED = "D:P(A;CI;KA;;;SY)(A;CI;KA;;;BA)"


def encoded(*given: steps.Step) -> tuple[str, ...]:
    """Return the records that ask for steps."""
    return tuple(map(records.encode, given))


def guid(number: int) -> str:
    """Return a GUID in braces."""
    return f"{{{uuid.UUID(int=number << 96 | 0xAB)}}}".upper()


def stored(kind: str, number: int) -> str:
    """Return the path of an object of the policy store."""
    return join(STORE, kind + guid(number))


POLICY = stored("ipsecPolicy", 1)
MAIN_MODE = stored("ipsecISAKMPPolicy", 2)
ACTION = stored("ipsecNegotiationPolicy", 3)
FILTERS = stored("ipsecFilter", 4)
RULES = {
    name: stored("ipsecNFA", 0x10 + number)
    for number, name in enumerate(
        ("key", "sections", "two keys", "certificate", "truncated", "unknown", "unknown method")
    )
}
ABSENT = stored("ipsecNFA", 0xFF)
RULE_TYPE = uuid.UUID("11bbac00-498d-11d1-8639-00a0248d3021").bytes_le


def key_data(text: str) -> bytes:
    """Return a preshared key in the form that a rule holds."""
    return (text + "\0").encode("utf-16-le")


def methods(*given: tuple[int, bytes]) -> bytes:
    """Return authentication methods ([MS-GPIPSEC] 2.2.1.3.1)."""
    return struct.pack("<I", len(given)) + b"".join(struct.pack("<II", kind, len(data)) + data for kind, data in given)


def rule(authentication: bytes, sections: bytes = b"", *, active: bool = True) -> bytes:
    """Return the data of a rule."""
    name = "a rule\0".encode("utf-16-le")
    body = b"".join(
        (
            authentication,
            struct.pack("<II", 0xFFFFFFFD, len(name)),
            name,
            struct.pack("<4sII", bytes(4), 0, active),
            struct.pack("<I", 2) + bytes(2),
            sections,
        )
    )
    return RULE_TYPE + struct.pack("<I", len(body)) + body + b"\0"


def section(number: int, data: bytes) -> bytes:
    """Return one of the sections that Windows Vista and later append to a rule."""
    return bytes([1] * 15 + [number]) + data


def filters(*pairs: tuple[str, str]) -> bytes:
    """Return the data of a filter list: UDP from port 1701, between addresses with masks (address/mask)."""
    encoded = b"".join(map(_filter, pairs))
    body = struct.pack("<I", len(pairs)) + encoded
    return uuid.UUID("80dc20b5-2ec8-11d1-a89e-00a0248d3021").bytes_le + struct.pack("<I", len(body)) + body + b"\0"


def _filter(pair: tuple[str, str]) -> bytes:
    empty = struct.pack("<I", 2) + bytes(2)
    addresses = b"".join(bytes(map(int, part.split("."))) for end in pair for part in end.split("/"))
    return (
        empty * 3
        + uuid.UUID(int=7).bytes_le
        + struct.pack("<I", 1)
        + addresses
        + bytes(4)
        + struct.pack("<IHHBBH", 17, 1701, 0, 0, 0, 0)
    )


def digest(data: bytes) -> bytes:
    """Return the digest that is answered in the place of a secret."""
    return hmac.digest(NONCE, data, hashlib.sha256)


_KEY = (1, key_data(PRESHARED_KEY))
_DATA = {
    "key": rule(methods(_KEY)),
    "sections": rule(
        methods(_KEY),
        section(1, methods(_KEY)) + section(2, struct.pack("<II", 1, 0)) + section(3, bytes(range(16))) + bytes(5),
    ),
    "two keys": rule(methods(_KEY, (1, key_data(OTHER_KEY)))),
    "certificate": rule(methods((3, "CN=Example Root CA\0".encode("utf-16-le")), (5, bytes(2)))),
    "truncated": rule(methods(_KEY))[:60],
    "unknown": uuid.UUID("6a1f5c6f-72b7-11d2-acf0-0060b0ecca17").bytes_le + key_data(PRESHARED_KEY),
    "unknown method": rule(methods((9, key_data(PRESHARED_KEY)))),
}


def _object(path: str, data: bytes, **more: Value) -> Key:
    values = {
        "ClassName": Value.sz(path.rpartition("\\")[2].partition("{")[0]),
        "ipsecData": Value.binary(data),
        "ipsecDataType": Value.dword(0x100),
        "whenChanged": Value.dword(1_700_000_000),
    }
    return Key(path, values | more)


def _plain_data(kind: str, body: bytes) -> bytes:
    return uuid.UUID(kind).bytes_le + struct.pack("<I", len(body)) + body + b"\0"


BEFORE = Tree(
    (
        Key(STORE),
        _object(
            POLICY,
            _plain_data("22202163-4f4c-11d1-863b-00a0248d3021", struct.pack("<I", 10800)),
            ipsecName=Value.sz("Größe, \u4e2d"),
            ipsecISAKMPReference=Value.sz(MAIN_MODE),
            ipsecNFAReference=Value.multi_sz(RULES.values()),
        ),
        _object(MAIN_MODE, _plain_data("80dc20b8-2ec8-11d1-a89e-00a0248d3021", bytes(80))),
        _object(ACTION, _plain_data("80dc20b9-2ec8-11d1-a89e-00a0248d3021", bytes(4))),
        _object(FILTERS, filters(("192.0.2.1/255.255.255.255", "192.0.2.2/255.255.255.255"))),
        *(
            _object(
                RULES[name],
                data,
                ipsecNegotiationPolicyReference=Value.sz(ACTION),
                ipsecFilterReference=Value.multi_sz([FILTERS]),
                stray=Value.binary(key_data(PRESHARED_KEY)),
            )
            for name, data in _DATA.items()
        ),
        Key(OWN, {"Number": Value.dword(7), "Text": Value.sz("text"), "List": Value.multi_sz(["a", "b"])}),
        Key(
            join(OWN, "Kinds"),
            {
                "expand": Value(Kind.EXPAND_SZ, "%PATH%".encode("utf-16-le")),
                "long": Value.qword(1 << 40),
                "none": Value(Kind.NONE, b"\1\2\3"),
            },
        ),
        Key(join(OWN, "Backup"), {"hidden": Value.sz("not answered")}),
        Key(
            join(OWN, "Lists"),
            {
                "mine": Value.multi_sz([RULES["key"], RULES["certificate"]]),
                "foreign": Value.multi_sz([RULES["key"], RASMAN]),
            },
        ),
        Key(RASMAN),
    )
)


@dataclasses.dataclass(frozen=True)
class TransactionCase:
    """Some records, and how they end: without a fault they are carried out; with one, nothing of them is left."""

    name: str
    records: tuple[str, ...]
    fault: Fault | None = None
    outcome: Outcome | None = None
    exposed: str = ""
    """Why L2TP is in clear text meanwhile; no plan has such records."""

    @property
    def lines(self) -> list[str]:
        """The records as a session sends them."""
        return [record("Prepare", NONCE, "30"), *self.records]


def marked(cases: Iterable[TransactionCase], *, watched: bool = True) -> list[ParameterSet]:
    """Return the cases as parameters of a test. watched: the host reports whether its L2TP was in clear text."""
    return [
        pytest.param(case, id=case.name, marks=[pytest.mark.exposed(case.exposed)] if case.exposed and watched else [])
        for case in cases
    ]


def record(verb: str, *fields: str | bytes) -> str:
    """Return a record, with bytes as base64."""
    return "\t".join(
        (verb, *(base64.b64encode(field).decode() if isinstance(field, bytes) else field for field in fields))
    )


def set_text(path: str, name: str, text: str) -> str:
    """Return the record that writes a text."""
    return record("SetValue", path, name, "String", text.encode())


def start(service: str) -> str:
    """Return the record that starts a service; an undo stops it."""
    return record("RunProgram", "net", f"start {service}", b"success", "must", "net", f"stop {service}")


def stop(service: str) -> str:
    """Return the record that stops a service; an undo starts it."""
    return record("RunProgram", "net", f"stop {service}", b"success", "must", "net", f"start {service}")


_RESTART_PENDING = join(OWN, "RestartPending")
_GENERATION = (
    record("CreateKey", ABSENT, "None"),
    record("ProtectKey", ABSENT, PROTECTED),
    record("SetValue", ABSENT, "ipsecData", "Binary", _DATA["key"]),
    record("SetValue", ABSENT, "ipsecFilterReference", "MultiString", f"{FILTERS}\0{FILTERS}\0".encode()),
    record("SetValue", ABSENT, "ipsecDataType", "DWord", b"256"),
    set_text(ABSENT, "ipsecName", "a new rule"),
)
FAILS = record("SetValue", join(OWN, "Missing"), "x", "DWord", b"0")
FROM_NOTHING = (
    record("ReadTree", STORE, "*", "1"),
    record("ReadDigest", STORE),
    record("CreateKey", STORE, "None"),
    *_GENERATION,
    record("CreateKey", join(OWN, "State"), "None"),
    set_text(join(OWN, "State"), "Owned", "something"),
    record("CreateKey", join(OWN, "ProhibitIpSec", "RestartPending"), "Volatile"),
    record("Seal", OWN, "Seal", STORE),
)
"""What a first run does on a host with neither the policy store nor anything of ours."""
_SC_QUERY = record("RunProgram", "sc", "query PolicyAgent", rb":\s+[0-9a-f]+\s", "may", "", "")
_SHOW = record("RunProgram", "netsh", "ipsec static show policy all", rb"(?m)^\s*ERR \w*\s*\[.*", "may", "", "")
_AUTOMATIC = record(
    "RunProgram", "sc", "config PolicyAgent start= auto", b"SUCCESS", "must", "sc", "config PolicyAgent start= demand"
)

SUCCEEDING = (
    TransactionCase("nothing", ()),
    TransactionCase("everything is read", (record("ReadTree", STORE, "*", "1"),)),
    TransactionCase("named values are read", (record("ReadTree", STORE, "ipsecname,ClassName", "1"),)),
    TransactionCase("only the key itself is read", (record("ReadTree", STORE, "*", "0"),)),
    TransactionCase("our key is read without the backup", (record("ReadTree", OWN, "*", "2"),)),
    TransactionCase(
        "a missing key is read",
        (record("ReadTree", join(OWN, "Missing"), "*", "1"), record("ReadTree", OWN, "Number", "0")),
    ),
    TransactionCase(
        "what tells one machine from another is read",
        (
            record("ReadTree", CRYPTOGRAPHY, "MachineGuid", "0"),
            record("ReadTree", COMPUTER_NAME, "ComputerName", "0"),
            record("ReadTree", join(SERVICES, "MpsSvc"), "Start", "0"),
            record("RunProgram", "sc", "query MpsSvc", rb":\s+[0-9a-f]+\s", "may", "", ""),
        ),
    ),
    TransactionCase("verbs in capitals", (record("READTREE", OWN.upper(), "*", "0"),)),
    TransactionCase("the store's digest", (record("ReadDigest", STORE),)),
    TransactionCase("a generation is written", _GENERATION),
    TransactionCase(
        "a value is replaced",
        (set_text(POLICY, "IPSECNAME", "new name"), record("SetValue", OWN, "Text", "DWord", b"0")),
    ),
    TransactionCase("a value is deleted", (record("UnsetValue", OWN, "text"), record("UnsetValue", OWN, "Missing"))),
    TransactionCase("RasMan's value is written", (record("SetValue", RASMAN, "ProhibitIpSec", "DWord", b"1"),)),
    TransactionCase(
        "what stood there before is given back with its kind",
        (
            record("SetValue", RASMAN, "ProhibitIpSec", "QWord", b"1099511627776"),
            record("SetValue", RASMAN, "ProhibitIpSec", "ExpandString", b"%x%"),
            record("SetValue", RASMAN, "ProhibitIpSec", "None", bytes(3)),
            record("SetValue", OWN, "Before", "QWord", b"-1"),
            record("SetValue", OWN, "Before", "ExpandString", b"%PATH%"),
            record("SetValue", OWN, "Before", "None", b""),
            record("SetValue", RASMAN, "ProhibitIpSec", "MultiString", b"a\0b"),
        ),
    ),
    TransactionCase("a number above two thousand million", (record("SetValue", OWN, "n", "DWord", b"-2"),)),
    TransactionCase(
        "an empty list and an empty text",
        (record("SetValue", OWN, "l", "MultiString", b""), record("SetValue", OWN, "t", "String", b"")),
    ),
    TransactionCase("a key is deleted", (record("DeleteKey", RULES["key"]), record("DeleteKey", ABSENT))),
    TransactionCase("what we hold is deleted", (record("DeleteKey", OWN),)),
    TransactionCase("listed rules are deleted", (record("DeleteListed", join(OWN, "Lists"), "mine"),)),
    TransactionCase("a listed key outside the store stays", (record("DeleteListed", join(OWN, "Lists"), "foreign"),)),
    TransactionCase("a list that is not there", (record("DeleteListed", join(OWN, "Lists"), "missing"),)),
    TransactionCase(
        "the store is copied",
        (record("CreateKey", join(OWN, "Backup"), "None"), record("CopyKey", STORE, join(OWN, "Backup", "Newest"))),
    ),
    TransactionCase("a copy replaces an older one", (record("CopyKey", join(OWN, "Kinds"), join(OWN, "Lists")),)),
    TransactionCase("a value is as required", (record("ExpectValue", OWN, "Text", b"text"),)),
    TransactionCase(
        "a value is missing, as required",
        (record("ExpectValue", OWN, "No", b""), record("ExpectValue", join(OWN, "No"), "x", b"")),
    ),
    TransactionCase("a number is as required", (record("ExpectValue", OWN, "Number", b"7"),)),
    TransactionCase(
        "the store is sealed and still the same",
        (record("Seal", OWN, "Seal", STORE), record("ExpectSealed", OWN, "Seal", STORE)),
    ),
    TransactionCase(
        "the time of a change is no change",
        (
            record("Seal", OWN, "Seal", STORE),
            record("SetValue", POLICY, "whenChanged", "DWord", b"0"),
            record("ExpectSealed", OWN, "Seal", STORE),
        ),
    ),
    TransactionCase(
        "a volatile note",
        (record("CreateKey", _RESTART_PENDING, "Volatile"), record("CreateKey", _RESTART_PENDING, "Volatile")),
    ),
    TransactionCase("hives are written to disk", tuple(record("Flush", path) for path in (STORE, RASMAN, OWN))),
    TransactionCase(
        "a hive is written to disk through a key that is gone", (record("DeleteKey", OWN), record("Flush", OWN))
    ),
    TransactionCase("a service is queried", (_SC_QUERY,)),
    TransactionCase(
        "a program that fails and may", (record("RunProgram", "net", "start IKEEXT", b"success", "may", "", ""),) * 2
    ),
    TransactionCase("a service is started", (start("IKEEXT"), _SC_QUERY)),
    TransactionCase("RRAS is restarted", (stop("RemoteAccess"), start("RemoteAccess"))),
    TransactionCase(
        "a start type is changed",
        (_AUTOMATIC,),
    ),
    TransactionCase("L2TP over IPv6 is blocked", encoded(*firewall.reading(), firewall.ADD, OUR_RULE)),
    TransactionCase(
        "L2TP over IPv6 is not blocked any more",
        encoded(firewall.ADD, firewall.ADD, firewall.DELETE, OUR_RULE),
    ),
    TransactionCase("a policy is assigned", (start("PolicyAgent"), record("AssignPolicy", POLICY), _SHOW)),
    TransactionCase(
        "nothing is assigned instead of nothing",
        (
            start("PolicyAgent"),
            record("AssignPolicy", ""),
        ),
    ),
    TransactionCase(
        "a policy is assigned and no longer",
        (start("PolicyAgent"), record("AssignPolicy", POLICY), record("AssignPolicy", "")),
    ),
)

FAILING = (
    TransactionCase("unknown verb", ("destroy\tSOFTWARE\\x",), Fault.REFUSED, Outcome.NOTHING),
    TransactionCase("a verb without fields", ("DeleteKey",), Fault.REFUSED, Outcome.NOTHING),
    TransactionCase("one field too many", (record("ReadDigest", STORE, "x"),), Fault.REFUSED, Outcome.NOTHING),
    TransactionCase(
        "a key that is not ours", (record("DeleteKey", r"SOFTWARE\Microsoft"),), Fault.REFUSED, Outcome.NOTHING
    ),
    TransactionCase(
        "a key above ours", (record("CreateKey", r"SOFTWARE\rras", "None"),), Fault.REFUSED, Outcome.NOTHING
    ),
    TransactionCase(
        "a value of RasMan that is not ours", (record("UnsetValue", RASMAN, "Medias"),), Fault.REFUSED, Outcome.NOTHING
    ),
    TransactionCase(
        "more than the machine's GUID", (record("ReadTree", CRYPTOGRAPHY, "*", "0"),), Fault.REFUSED, Outcome.NOTHING
    ),
    TransactionCase(
        "what lies below the machine's GUID",
        (record("ReadTree", CRYPTOGRAPHY, "MachineGuid", "1"),),
        Fault.REFUSED,
        Outcome.NOTHING,
    ),
    TransactionCase("the store as a whole", (record("DeleteKey", STORE),), Fault.REFUSED, Outcome.NOTHING),
    TransactionCase(
        "another program", (record("RunProgram", "cmd", "/c dir", b"", "may", "", ""),), Fault.REFUSED, Outcome.NOTHING
    ),
    TransactionCase(
        "another command of netsh",
        (record("RunProgram", "netsh", "ipsec static delete all", b"", "may", "", ""),),
        Fault.REFUSED,
        Outcome.NOTHING,
    ),
    TransactionCase("another service", (start("RasMan"),), Fault.REFUSED, Outcome.NOTHING),
    TransactionCase("a later record is malformed: nothing begins", (*_GENERATION, "x"), Fault.REFUSED, Outcome.NOTHING),
    TransactionCase("no base64", ("SetValue\t" + OWN + "\tx\tString\t===",), Fault.FAILED, Outcome.NOTHING),
    TransactionCase(
        "a number that is none", (record("SetValue", OWN, "x", "DWord", b"none"),), Fault.FAILED, Outcome.UNDONE
    ),
    TransactionCase("a value of a missing key", (FAILS,), Fault.FAILED, Outcome.NOTHING),
    TransactionCase("a generation is taken back", (*_GENERATION, FAILS), Fault.FAILED, Outcome.UNDONE),
    TransactionCase(
        "changed, deleted and replaced values come back",
        (
            set_text(POLICY, "ipsecName", "new name"),
            record("UnsetValue", OWN, "List"),
            record("SetValue", OWN, "Number", "String", b""),
            record("UnsetValue", join(OWN, "Kinds"), "expand"),
            FAILS,
        ),
        Fault.FAILED,
        Outcome.UNDONE,
    ),
    TransactionCase(
        "values of any kind come back",
        (
            record("SetValue", OWN, "Text", "QWord", b"1"),
            record("SetValue", OWN, "Text", "None", b"x"),
            record("SetValue", OWN, "Text", "ExpandString", b"%x%"),
            record("UnsetValue", OWN, "Text"),
            record("UnsetValue", join(OWN, "Kinds"), "none"),
            record("DeleteKey", join(OWN, "Kinds")),
            FAILS,
        ),
        Fault.FAILED,
        Outcome.UNDONE,
    ),
    TransactionCase(
        "a key in the store has four kinds of values",
        (record("SetValue", POLICY, "ipsecName", "ExpandString", b"x"),),
        Fault.REFUSED,
        Outcome.NOTHING,
    ),
    TransactionCase(
        "deleted keys come back",
        (record("DeleteKey", OWN), record("DeleteKey", RULES["key"]), FAILS),
        Fault.FAILED,
        Outcome.UNDONE,
    ),
    TransactionCase(
        "a replaced copy comes back",
        (record("CopyKey", join(OWN, "Kinds"), join(OWN, "Lists")), FAILS),
        Fault.FAILED,
        Outcome.UNDONE,
    ),
    TransactionCase(
        "a volatile note goes", (record("CreateKey", _RESTART_PENDING, "Volatile"), FAILS), Fault.FAILED, Outcome.UNDONE
    ),
    TransactionCase(
        "what is on disk already comes back, too",
        (*_GENERATION, record("Flush", STORE), record("SetValue", RASMAN, "ProhibitIpSec", "DWord", b"1"), FAILS),
        Fault.FAILED,
        Outcome.UNDONE,
    ),
    TransactionCase("a started service is stopped", (start("IKEEXT"), FAILS), Fault.FAILED, Outcome.UNDONE),
    TransactionCase(
        "a rule of the firewall is taken back",
        (records.encode(firewall.ADD), FAILS),
        Fault.FAILED,
        Outcome.UNDONE,
    ),
    TransactionCase(
        "a rule of the firewall that goes comes back",
        (*encoded(firewall.ADD, firewall.DELETE), FAILS),
        Fault.FAILED,
        Outcome.UNDONE,
    ),
    TransactionCase(
        "a rule of the firewall that is not there does not come",
        (records.encode(firewall.DELETE), FAILS),
        Fault.FAILED,
        Outcome.NOTHING,
    ),
    *(
        TransactionCase(f"{what} of the firewall", (record("ReadTree", *fields, "0"),), Fault.REFUSED, Outcome.NOTHING)
        for what, fields in {
            "all rules": (firewall.RULES, "*"),
            "a value of the rules": (firewall.RULES, "Name"),
            "other rules": (firewall.RULES, "|Name="),
            "connection security rules": (firewall.LOCAL_SETTINGS + r"\ConSecRules", "*"),
            "keys of connection security rules": (firewall.LOCAL_SETTINGS + r"\Phase1AuthenticationSets", "*"),
            "what contains a text somewhere else": (STORE, f"|Name={firewall.NAME}|"),
        }.items()
    ),
    TransactionCase(
        "another rule of the firewall",
        (record("RunProgram", "netsh", "advfirewall firewall delete rule name=all", b"", "may", "", ""),),
        Fault.REFUSED,
        Outcome.NOTHING,
    ),
    TransactionCase("a stopped service is started", (stop("RemoteAccess"), FAILS), Fault.FAILED, Outcome.UNDONE),
    TransactionCase(
        "a service that ran already is not stopped",
        (
            start("IKEEXT"),
            record("RunProgram", "net", "start IKEEXT", b"success", "may", "net", "stop IKEEXT"),
            start("IKEEXT"),
            FAILS,
        ),
        Fault.FAILED,
        Outcome.UNDONE,
    ),
    TransactionCase(
        "a start type comes back",
        (
            _AUTOMATIC,
            FAILS,
        ),
        Fault.FAILED,
        Outcome.UNDONE,
    ),
    TransactionCase(
        "an assignment is taken back",
        (start("PolicyAgent"), record("AssignPolicy", POLICY), FAILS),
        Fault.FAILED,
        Outcome.UNDONE,
        exposed="it stops PolicyAgent",
    ),
    TransactionCase(
        "neither netsh nor the agent answers", (record("AssignPolicy", POLICY),), Fault.NOT_ASSIGNED, Outcome.UNDONE
    ),
    TransactionCase(
        "a program that fails and must not",
        (record("RunProgram", "sc", "control PolicyAgent 129", b"", "must", "", ""),),
        Fault.FAILED,
        Outcome.NOTHING,
    ),
    TransactionCase(
        "the store changed since it was read",
        (record("ExpectUnchanged", STORE, bytes(32)),),
        Fault.CONFLICT,
        Outcome.NOTHING,
    ),
    TransactionCase(
        "a value is not as required",
        (record("ExpectValue", OWN, "Text", b"Text"),),
        Fault.CONFLICT,
        Outcome.NOTHING,
    ),
    TransactionCase(
        "a required value of a missing key",
        (record("ExpectValue", join(OWN, "No"), "Text", b"x"),),
        Fault.CONFLICT,
        Outcome.NOTHING,
    ),
    TransactionCase(
        "the seal is missing", (record("ExpectSealed", OWN, "Seal", STORE),), Fault.CONFLICT, Outcome.NOTHING
    ),
    TransactionCase(
        "the store changed since it was sealed",
        (
            record("Seal", OWN, "Seal", STORE),
            set_text(POLICY, "ipsecName", "x"),
            record("ExpectSealed", OWN, "Seal", STORE),
        ),
        Fault.CONFLICT,
        Outcome.UNDONE,
    ),
    TransactionCase(
        "an access list that is none", (record("ProtectKey", POLICY, "X:P"),), Fault.FAILED, Outcome.UNDONE
    ),
)
