# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The steps of the role over a play that is only data: what each decides, without a host and Ansible's tasks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, cast

import yaml
from ansible.errors import AnsibleConnectionFailure

from ansible_collections.rras.ipsec.plugins.plugin_utils import _specs, _view
from ansible_collections.rras.ipsec.plugins.plugin_utils._action import RrasAction
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy import network
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.results import (
    InfoResult,
    PolicyResult,
    ProhibitIpSecResult,
)
from ansible_collections.rras.ipsec.plugins.plugin_utils._role import preflight
from ansible_collections.rras.ipsec.plugins.plugin_utils._role.play_vars import VARIABLES, PlayVars
from ansible_collections.rras.ipsec.plugins.plugin_utils._role.step import Context, StopError
from ansible_collections.rras.ipsec.plugins.plugin_utils._role.steps import Steps, step

ROLE = Path(__file__).parents[2] / "roles" / "l2tp"
DEFAULTS = {
    name.removeprefix("l2tp_"): value
    for name, value in yaml.safe_load((ROLE / "defaults" / "main.yml").read_text(encoding="utf-8")).items()
}
STEPS = _specs.STEP["step"]["choices"]


class Play(dict[str, Mapping[str, Any]]):
    """Variables and results of each host, in place of `PlayVars`."""

    preflight: Mapping[str, Any] = {}
    place = entry = "here"

    def __init__(self, hostvars: Mapping[str, Mapping[str, Any]], host: str) -> None:
        super().__init__(hostvars)
        self.host = host
        self.playing = list(hostvars)

    def own(self, name: str) -> Mapping[str, Any]:
        """Return a result of the host."""
        found: Mapping[str, Any] = self[self.host].get(name) or {}
        return found

    def answer(self, name: str, result: Mapping[str, Any]) -> None:
        """Store a result as one of the host's."""
        self[self.host] = {**self[self.host], name: result}

    def declared(self, host: str) -> dict[str, Any]:
        """Return the role's variables on a host: its own, or else the defaults."""
        variables = self[host]
        mine = {name: variables[f"l2tp_{name}"] for name in VARIABLES if f"l2tp_{name}" in variables}
        return dict.fromkeys(VARIABLES) | DEFAULTS | mine | (variables.get(_view.DECLARED) or {})


class Deciding(Steps):
    """Steps that do nothing to a host; `done` tells what they would do."""

    def __init__(self, context: Context, *, removal: bool, batch: Iterable[str]) -> None:
        super().__init__(context, removal=removal, batch=batch)
        self.done: list[str] = []

    def _policy(self, phase: str, **_options: Any) -> PolicyResult:
        self.done.append(phase)
        return {"changed": True}

    def _info(self) -> InfoResult:
        self.done.append("info")
        return {"changed": False}

    def _verify(self) -> Mapping[str, Any]:
        return self._policy("verify")

    def _or_gone(self, phase: str, _gone: str) -> Mapping[str, Any]:
        return self._policy(phase)

    def _value(self, **_options: Any) -> ProhibitIpSecResult:
        self.done.append("value")
        return {"changed": True}


def decide(
    name: str, hostvars: Mapping[str, Mapping[str, Any]], host: str, *, removal: bool = False, **given: Any
) -> tuple[Mapping[str, Any], list[str], str]:
    """Do a step for a host; return its result, what it would do to the host, and why it stops, if it does."""
    play = cast("PlayVars", Play(hostvars, host))
    action = cast("RrasAction", None)
    play.preflight = given.pop("preflight", {})
    settings: dict[str, Any] = {"check_mode": False, "only_verify": False, "strategy": "linear"} | given
    settings.setdefault("reboot", lambda _options: {"changed": True, "rebooted": True})
    context = Context(action, play, **settings)
    steps = Deciding(context, removal=removal, batch=[host])
    try:
        return step(name, steps), steps.done, ""
    except (StopError, AnsibleConnectionFailure) as stopped:
        return {}, steps.done, str(stopped)


def problems(
    hostvars: Mapping[str, Mapping[str, Any]],
    host: str,
    variables: Mapping[str, Any] | None = None,
    *,
    removal: bool = False,
) -> list[str]:
    """Return what is wrong with a host's variables. variables: those of the role beside the connections."""
    found = {name: {**each, **(variables or {})} for name, each in hostvars.items()}
    play = cast("PlayVars", Play(found, host))
    return preflight.problems(play, _view.network(play, host), [host], removal=removal)[host]


def rules(
    hostvars: Mapping[str, Mapping[str, Any]],
    host: str,
    other_peers: str = "block",
    certificate_authority: str | None = None,
    filter_action: Mapping[str, Any] | None = None,
) -> list[dict[str, Any]]:
    """Return the rules that a host's connections make."""
    return network.rules(
        _view.neighbourhood(hostvars, host),
        host,
        other_peers=other_peers,
        certificate_authority=certificate_authority,
        filter_action=filter_action,
    )
