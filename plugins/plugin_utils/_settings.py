# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks the role's variables beside the connections, and reports in the role's words what the modules would refuse."""

from __future__ import annotations

import difflib
import pathlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

from ansible_collections.rras.ipsec.plugins.plugin_utils import _shape, _specs, _view
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy import acceptance, declaration
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.findings import Identifier, Severity

_FILTER_ACTION: Final = _specs.POLICY["rules"]["options"]["filter_action"]
_MAIN_MODE: Final = _specs.POLICY["main_mode"]
_LONGEST_RESTART: Final = 86_400
REPORTS: Final = (".html", ".json")
"""The suffixes that a report's file name may have."""
_AN_IDENTIFIER: Final = str(Identifier.WEAK_ENCRYPTION)
_POLICY_NAME: Final = "l2tp_policy_name"
"""This variable has no default: if it is null, the module would report the missing option under its own name."""


def problems(variables: Mapping[str, object], connections: object = (), default: object = None) -> Iterator[str]:
    """Yield what is wrong with the role's variables, a sentence each.

    variables: by name; missing ones are not checked. connections: for their own filter actions; default: for the filter
    action of all others.
    """
    given = {name: variables[name] for name in _SPEC if name in variables}
    misshapen = list(_shape.problems(_SPEC, given))
    yield from misshapen
    if not misshapen:
        yield from _refused(given)
    yield from problems_of_actions(connections, default)


def problems_of_actions(connections: object, default: object) -> Iterator[str]:
    """Yield what is wrong with the filter actions of connections and the default for all others, a sentence each."""
    entries = enumerate(connections if isinstance(connections, Sequence) else ())
    places = (("l2tp_default", default), *((f"l2tp_connections[{number}]", entry) for number, entry in entries))
    for where, entry in places:
        action = entry.get("filter_action") if isinstance(entry, Mapping) else None
        if isinstance(action, Mapping):
            yield from _problems_of_action(f"{where}.filter_action", action)


def _problems_of_action(where: str, action: Mapping[str, object]) -> Iterator[str]:
    misshapen = list(_shape.problems(_FILTER_ACTION["options"], action, where))
    yield from misshapen or _sentences(_check_filter_action, where, action)


def _refused(given: Mapping[str, Any]) -> Iterator[str]:
    for name, value in given.items():
        if name in _NEEDED and value is None:
            yield f"{name} is null; write a number, or leave it out."
        if name not in _CHECKS or (value is None and name != _POLICY_NAME):
            continue
        kind, check = _CHECKS[name]
        yield from _sentences(check, name, int(value) if kind == "int" else "" if value is None else value)


def _sentences(check: Callable[[str, Any], object], where: str, value: object) -> Iterator[str]:
    try:
        check(where, value)
    except declaration.DeclarationError as error:
        yield str(error)


def _check_filter_action(where: str, options: Mapping[str, Any]) -> None:
    declaration.filter_action(where, "", _with_defaults(_FILTER_ACTION, options))


def _check_main_mode(where: str, options: Mapping[str, Any]) -> None:
    declaration.main_mode(where, _with_defaults(_MAIN_MODE, options))


def _check_authority(where: str, authority: str) -> None:
    if authority:  # cores before 2.19 turn null into an empty text
        declaration.check_authority(where, authority)


def _with_defaults(option: _shape.Option, given: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the options with their defaults. Their shape must have been checked."""
    return _view.validated({"given": option}, _view.as_json(given)) or {}


def _number(most: int | None, what: str) -> Callable[[str, int], None]:
    """Return a check for a number from 1 to `most`."""

    def check(where: str, number: int) -> None:
        if number < 1 or (most is not None and number > most):
            span = "1 or more" if most is None else f"from 1 to {most}"
            raise declaration.DeclarationError(f"{where} is out of range; write {what}, {span}.")

    return check


def _check_accepted(where: str, given: object) -> None:
    """Refuse a value that is not an identifier, without quoting it: it may be a key in the wrong place."""
    for number, each in enumerate(_shape.listed(given)):
        if each not in acceptance.IDENTIFIERS:
            near = difflib.get_close_matches(str(each), acceptance.IDENTIFIERS, n=1)
            raise declaration.DeclarationError(
                f"{where}[{number}] is not the identifier of a finding; write one, such as "
                f"{(near or [_AN_IDENTIFIER])[0]}."
            )


def _check_report(where: str, given: object) -> None:
    for number, each in enumerate(_shape.listed(given)):
        if pathlib.PurePath(str(each)).suffix not in REPORTS:
            raise declaration.DeclarationError(
                f"{where}[{number}] is not the name of a report; write one that ends in {' or '.join(REPORTS)}."
            )


_CHECKS: Final[Mapping[str, tuple[str, Callable[[str, Any], object]]]] = {
    "l2tp_filter_action": ("dict", _check_filter_action),
    "l2tp_main_mode": ("dict", _check_main_mode),
    _POLICY_NAME: ("str", declaration.check_name),
    "l2tp_other_peers_certificate_authority": ("str", _check_authority),
    "l2tp_polling_interval": ("int", declaration.minutes),
    "l2tp_host_timeout": ("int", declaration.check_host_timeout),
    "l2tp_program_timeout": ("int", declaration.check_program_timeout),
    "l2tp_settle_timeout": ("int", declaration.check_settle_timeout),
    "l2tp_fail_on": ("str", lambda _where, _given: None),
    "l2tp_accept": ("raw", _check_accepted),
    "l2tp_report": ("raw", _check_report),
    "l2tp_reboot_serial": ("int", _number(None, "how many hosts may restart at the same time")),
    "l2tp_reboot_timeout": ("int", _number(_LONGEST_RESTART, "how many seconds a host may take to come back")),
}
"""The shape of each variable, and any further check of its value."""
_NEEDED: Final = ("l2tp_reboot_serial", "l2tp_reboot_timeout")
"""The numbers that no module has a default for."""
_BOOLEANS: Final = (
    "l2tp_backup",
    "l2tp_block_over_ipv6",
    "l2tp_firewall",
    "l2tp_forget_replaced",
    "l2tp_one_end",
    "l2tp_policy_agent_first",
    "l2tp_remove_leftovers",
    "l2tp_replace_assigned",
    "l2tp_take_over",
    "l2tp_verify_only",
)
"""Booleans. Ansible checks them too, unless a play was told to skip that check."""
OF_A_REMOVAL: Final = (
    "l2tp_backup",
    "l2tp_one_end",
    "l2tp_policy_name",
    "l2tp_reboot",
    "l2tp_host_timeout",
    "l2tp_program_timeout",
    "l2tp_reboot_serial",
    "l2tp_reboot_timeout",
    "l2tp_settle_timeout",
)
"""The variables that matter for a removal."""
_SPEC: Final[_shape.Spec] = {
    **{name: {"type": kind} for name, (kind, _check) in _CHECKS.items()},
    "l2tp_filter_action": _FILTER_ACTION,
    "l2tp_main_mode": _MAIN_MODE,
    "l2tp_fail_on": {"choices": [str(Severity.ERROR), str(Severity.WARNING)]},
    "l2tp_reboot": {"choices": ["if_needed", "if_unknown", "never"]},
    **{name: {"type": "bool"} for name in _BOOLEANS},
}
