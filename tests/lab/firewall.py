# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Windows Firewall of one simulated host: what ``netsh advfirewall firewall`` adds, deletes and shows."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping

SUCCESS = 0
FAILURE = 1

Rules = dict[str, str]
"""The rules by their names in lower case: each what stood behind the name on the command line."""

_COMMAND = re.compile(
    r"advfirewall firewall (?P<verb>add|delete|show) rule name=(?P<name>\S+) ?(?P<rest>.*)", re.IGNORECASE
)
_WANTED = {"dir", "action", "protocol", "localport", "remoteip", "profile", "enable"}


def run(rules: Rules, command: str) -> tuple[int, str]:
    """Run a command line of netsh; return the exit code and the output."""
    match = _COMMAND.fullmatch(command)
    if match is None:
        return FAILURE, f"The following command was not found: {command}.\r\n"
    name, rest = match["name"], match["rest"]
    if match["verb"].casefold() == "add":
        return _add(rules, name, rest)
    if rest:
        return FAILURE, "A specified value is not valid.\r\n"
    if name.casefold() not in rules:
        return FAILURE, "No rules match the specified criteria.\r\n"
    if match["verb"].casefold() == "show":
        return SUCCESS, _shown(name, rules[name.casefold()])
    del rules[name.casefold()]
    return SUCCESS, "Deleted 1 rule(s).\r\nOk.\r\n"


def _add(rules: Rules, name: str, rest: str) -> tuple[int, str]:
    options = _options(rest)
    if set(options) - _WANTED or not all(map(_is_network, filter(None, options.get("remoteip", "").split(",")))):
        return FAILURE, "A specified value is not valid.\r\n"
    rules[name.casefold()] = rest
    return SUCCESS, "Ok.\r\n"


def _options(text: str) -> Mapping[str, str]:
    words = (word.partition("=") for word in text.split())
    return {name.casefold(): value for name, _equals, value in words}


def _is_network(text: str) -> bool:
    """Whether an address or network is one that Windows Firewall takes: not all addresses at once."""
    try:
        return ipaddress.ip_network(text).prefixlen > 0
    except ValueError:
        return False


def _shown(name: str, rest: str) -> str:
    options = _options(rest)
    fields = {
        "Rule Name": name,
        "Enabled": "Yes",
        "Direction": options.get("dir", "in").capitalize(),
        "Profiles": "Domain,Private,Public",
        "RemoteIP": options.get("remoteip", "Any"),
        "Protocol": options.get("protocol", "Any"),
        "LocalPort": options.get("localport", "Any"),
        "Action": options.get("action", "").capitalize(),
    }
    return "\r\n" + "".join(f"{label + ':':<38}{value}\r\n" for label, value in fields.items()) + "Ok.\r\n"
