# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The records that transaction.ps1 accepts: its table of verbs and the forms of their fields, in Python.

The script's own regular expressions are the allow-list that protects a host. These were translated by hand, not
generated from them, so that a mistake in either shows when the same tests run on both.
"""

from __future__ import annotations

import dataclasses
import re

from ansible_collections.rras.ipsec.plugins.plugin_utils._host.records import Fault

_SERVICES = r"SYSTEM\\CurrentControlSet\\Services"
_SERVICE = r"(PolicyAgent|IKEEXT|RasMan|RemoteAccess|MpsSvc)"
_RASMAN = rf"{_SERVICES}\\RasMan\\Parameters"
_STORE = r"SOFTWARE\\Policies\\Microsoft\\Windows\\IPSec\\Policy\\Local"
_OBJECT = rf"{_STORE}\\ipsec\w+\{{[0-9A-F]{{8}}(-[0-9A-F]{{4}}){{3}}-[0-9A-F]{{12}}\}}"
_OWN = r"SOFTWARE\\rras\.ipsec(\\\w+)*"
_NAME, _BASE64 = r"\w+", r"[A-Za-z0-9+/=]*"
_FIREWALL_SETTINGS = rf"{_SERVICES}\\SharedAccess\\Parameters\\FirewallPolicy"
_ALL_FIREWALL = rf"({_FIREWALL_SETTINGS}|SOFTWARE\\Policies\\Microsoft\\WindowsFirewall)"
_READABLE = "|".join(
    (
        _STORE,
        _OWN,
        _RASMAN,
        rf"{_SERVICES}\\{_SERVICE}",
        rf"{_SERVICES}\\Tcpip\\(Linkage|Parameters\\Interfaces)",
        r"SOFTWARE\\Policies\\Microsoft\\Windows\\IPSec\\GPTIPSECPolicy",
        r"SYSTEM\\CurrentControlSet\\Control\\ComputerName\\ActiveComputerName",
        r"SYSTEM\\CurrentControlSet\\Control\\Class\\\{4d36e972-e325-11ce-bfc1-08002be10318\}",
    )
)
_RULE_NAME = r"name=rras\.ipsec-L2TP-over-IPv6"
_PEERS_RULE_NAME = r"name=rras\.ipsec-L2TP-from-peers-[0-9a-f]{8}"
_ADDRESS = r"\d{1,3}(\.\d{1,3}){3}"
_PROFILES = rf"{_ALL_FIREWALL}\tEnableFirewall(,AllowLocalPolicyMerge)?\t1"
_SECURITY_RULES = rf"{_ALL_FIREWALL}\\ConSecRules\t\|Protocol=17\|\t0"
_OUR_RULE = rf"{_FIREWALL_SETTINGS}\\FirewallRules\t\|Name=rras\.ipsec-\t0"
_OF_THE_FIREWALL = f"{_PROFILES}|{_OUR_RULE}|{_SECURITY_RULES}"
_FIREWALL = (
    rf"advfirewall firewall (delete rule {_RULE_NAME}|add rule {_RULE_NAME} "
    r"dir=in action=block protocol=UDP localport=1701 remoteip=::/1,8000::/1 profile=any enable=yes|"
    rf"delete rule {_PEERS_RULE_NAME}|add rule {_PEERS_RULE_NAME} dir=in action=allow protocol=UDP "
    rf"localport=500,1701,4500 remoteip={_ADDRESS}(,{_ADDRESS})* profile=any enable=yes)"
)
_NETSH = rf"netsh\t(ipsec (static show policy all|dynamic show qmfilter all)|{_FIREWALL})"
_SC = "|".join(
    (
        rf"query {_SERVICE}",
        "control PolicyAgent 129",
        r"config (PolicyAgent|IKEEXT) start= [a-z-]+",
        r"config RemoteAccess depend= [\w+/]+",
    )
)
_NET = r"net\t(start|stop) (PolicyAgent|IKEEXT|RemoteAccess)"
_PROGRAM = rf"({_NETSH}|{_NET}|sc\t({_SC}))"
_WRITABLE = rf"({_OBJECT}|{_OWN}|{_STORE})\t{_NAME}|{_RASMAN}\tProhibitIpSec"
_OUR_KIND = "(String|MultiString|DWord|Binary)"
_BEFORE = rf"{_OWN}\t{_NAME}|{_RASMAN}\tProhibitIpSec"

_FORMS = {
    "Prepare": rf"{_BASE64}\t\d{{1,5}}",
    "ReadTree": rf"({_READABLE})\t(\*|\w+(,\w+)*)\t\d|SOFTWARE\\Microsoft\\Cryptography\tMachineGuid\t0"
    rf"|{_OF_THE_FIREWALL}",
    "ReadDigest": _STORE,
    "RunProgram": rf"{_PROGRAM}\t{_BASE64}\t(must|may)\t({_PROGRAM})?\t?",
    "ExpectUnchanged": rf"{_STORE}\t{_BASE64}",
    "ExpectValue": rf"({_OWN}\t{_NAME}|{_RASMAN}\tProhibitIpSec)\t{_BASE64}",
    "ExpectSealed": rf"{_OWN}\t{_NAME}\t{_STORE}",
    "Seal": rf"{_OWN}\t{_NAME}\t{_STORE}",
    "CreateKey": rf"({_OBJECT}|{_OWN}|{_STORE})\t(Volatile|None)",
    "ProtectKey": rf"({_OBJECT}|{_OWN})\t[A-Z:();]+",
    "SetValue": rf"(({_WRITABLE})\t{_OUR_KIND}|({_BEFORE})\t(QWord|ExpandString|None))\t{_BASE64}",
    "UnsetValue": rf"({_WRITABLE})",
    "DeleteKey": rf"({_OBJECT}|{_OWN})",
    "DeleteListed": rf"{_OWN}\t{_NAME}",
    "CopyKey": rf"({_OWN}|{_STORE}|{_RASMAN})\t{_OWN}",
    "Flush": rf"({_STORE}|{_OWN}|{_RASMAN})",
    "AssignPolicy": rf"({_OBJECT})?",
}
VERBS = {verb: re.compile(form, re.IGNORECASE) for verb, form in _FORMS.items()}
OWN_KEY = re.compile(_OWN, re.IGNORECASE)
STORED_OBJECT = re.compile(_OBJECT, re.IGNORECASE)

_SHOWN_PATH = re.compile(r"(SOFTWARE|SYSTEM)\\[^\t]*")


class ScriptError(Exception):
    """The end of the script: the fault, and a sentence without data."""

    def __init__(self, fault: Fault, message: str = "") -> None:
        super().__init__(message)
        self.fault = fault


@dataclasses.dataclass(frozen=True, slots=True)
class ScriptStep:
    """Where the script says it is: the verb as given, and the path, if that is the first field."""

    verb: str = ""
    path: str = ""


@dataclasses.dataclass(frozen=True, slots=True)
class ScriptRequest:
    """One record in the form that its verb requires."""

    step: ScriptStep
    verb: str
    fields: tuple[str, ...]


def step_of(line: str) -> ScriptStep:
    """Return where the script says it is at a record, well-formed or not."""
    verb, _tab, fields = line.partition("\t")
    path = _SHOWN_PATH.match(fields)
    return ScriptStep(verb, path[0] if path else "")


def parse(line: str) -> ScriptRequest:
    """Read one record.

    Raises `ScriptError` if the verb is unknown, or a field has not the form that the verb requires.
    """
    verb, _tab, fields = line.partition("\t")
    name = next((known for known in VERBS if known.lower() == verb.lower()), None)
    if name is None or not VERBS[name].fullmatch(fields):
        raise ScriptError(Fault.REFUSED, "the record is malformed or names what this script never touches")
    return ScriptRequest(step_of(line), name, tuple(fields.split("\t")))
