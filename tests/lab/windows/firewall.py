# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Windows Firewall on one simulated host: what `netsh advfirewall firewall` adds and deletes.

The rules are stored where Windows keeps them, one text each in the registry ([MS-GPFAS] 2.2.2.19).
"""

from __future__ import annotations

import ipaddress
import re
import uuid
from collections.abc import Iterator, Mapping

from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.registry import Key, Value

from .installation import FIREWALL_RULES
from .registry import RegistryAccess

SUCCESS = 0
FAILURE = 1

_COMMAND = re.compile(r"advfirewall firewall (?P<verb>add|delete) rule name=(?P<name>\S+) ?(?P<rest>.*)", re.IGNORECASE)
_WANTED = {"dir", "action", "protocol", "localport", "remoteip", "profile", "enable"}
_PROTOCOLS = {"tcp": "6", "udp": "17"}


def rules(registry: RegistryAccess, name: str) -> dict[str, str]:
    """Return the rules with a name: the text of each, by the name of its value."""
    key = registry.read(FIREWALL_RULES) or Key(FIREWALL_RULES)
    wanted = f"|Name={name}|".casefold()
    return {each: value.text for each, value in key.items() if wanted in value.text.casefold()}


def rewrite(registry: RegistryAccess, name: str, found: str, put: str) -> None:
    """Change the rules with a name as if by hand: replace a part of each text."""
    for each, text in rules(registry, name).items():
        registry.write(FIREWALL_RULES, each, Value.sz(text.replace(found, put)))


def run(registry: RegistryAccess, command: str) -> tuple[int, str]:
    """Run a command line of netsh; return the exit code and the output."""
    match = _COMMAND.fullmatch(command)
    if match is None:
        return FAILURE, f"The following command was not found: {command}.\r\n"
    name, rest = match["name"], match["rest"]
    if match["verb"].casefold() == "add":
        return _add(registry, name, rest)
    if rest:
        return FAILURE, "A specified value is not valid.\r\n"
    found = rules(registry, name)
    for each in found:
        registry.erase(FIREWALL_RULES, each)
    if not found:
        return FAILURE, "No rules match the specified criteria.\r\n"
    return SUCCESS, f"Deleted {len(found)} rule(s).\r\nOk.\r\n"


def _add(registry: RegistryAccess, name: str, rest: str) -> tuple[int, str]:
    options = _options(rest)
    addresses = list(filter(None, options.get("remoteip", "").split(",")))
    if set(options) - _WANTED or not all(map(_is_network, addresses)):
        return FAILURE, "A specified value is not valid.\r\n"
    text = "|".join(("v2.30", *_fields(options, addresses), f"Name={name}", ""))
    number = len(rules(registry, name))
    registry.create(FIREWALL_RULES)
    registry.write(FIREWALL_RULES, f"{{{uuid.uuid5(uuid.NAMESPACE_OID, f'{number} {text}')}}}".upper(), Value.sz(text))
    return SUCCESS, "Ok.\r\n"


def _fields(options: Mapping[str, str], addresses: list[str]) -> Iterator[str]:
    yield f"Action={options['action'].capitalize()}"
    yield f"Active={str(options.get('enable', 'yes') == 'yes').upper()}"
    yield f"Dir={options['dir'].capitalize()}"
    yield f"Protocol={_PROTOCOLS[options['protocol'].casefold()]}"
    if options.get("profile", "any") != "any":
        yield f"Profile={options['profile'].capitalize()}"
    yield from (f"LPort={port}" for port in options["localport"].split(","))
    for address in addresses:
        yield f"RA{ipaddress.ip_network(address).version}={address}"


def _options(text: str) -> Mapping[str, str]:
    words = (word.partition("=") for word in text.split())
    return {name.casefold(): value for name, _equals, value in words}


def _is_network(text: str) -> bool:
    """Return whether Windows Firewall accepts a text as an address or network; it refuses all addresses at once."""
    try:
        return ipaddress.ip_network(text).prefixlen > 0
    except ValueError:
        return False
