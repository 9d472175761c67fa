# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the steps of the role know of their host, and the work that several of them share."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from ansible.errors import AnsibleConnectionFailure

from ansible_collections.rras.ipsec.plugins.plugin_utils import _do, _shape, _specs, _view
from ansible_collections.rras.ipsec.plugins.plugin_utils._action import RrasAction
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy import barrier
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy import network as networks
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.clear_text import InEffect
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.errors import STOPPED, RrasError
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.fleet import Fleet, Gate
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.results import (
    InfoResult,
    PolicyResult,
    ProhibitIpSecFacts,
    ProhibitIpSecResult,
    RestartResult,
    TaskResult,
)
from ansible_collections.rras.ipsec.plugins.plugin_utils._role import preflight
from ansible_collections.rras.ipsec.plugins.plugin_utils._role.play_vars import MACHINES, ORDER, PlayVars
from ansible_collections.rras.ipsec.plugins.plugin_utils._role.results import MachinesResult, OrderResult, StepResult

Reboot = Callable[[Mapping[str, object]], RestartResult]
"""Restarts the host, with options of `ansible.windows.win_reboot`, and returns its result."""

FAILS_LATER: Final = {"plan": _view.RESULTS[Gate.PLAN], "set_value": _view.PROHIBIT_IPSEC}
"""The steps whose failure the next step reports (see `later`), and the variables that hold their results."""
NOTHING: Final[TaskResult] = {"changed": False, "skipped": True}
"""The result of a step that has nothing to do."""


class StopError(RrasError):
    """Why a host goes no further."""

    reason = STOPPED


class NotBackError(StopError):
    """A host was restarted and did not come back."""

    reason = "not_back"


@dataclasses.dataclass(frozen=True, slots=True)
class Context:
    """What a step works with."""

    action: RrasAction
    play: PlayVars
    reboot: Reboot
    check_mode: bool
    only_verify: bool
    """Whether the tags of the run say so; the host's own variables may, too."""
    strategy: str


class RoleStep:
    """What a step of the role knows of its host, and the work that steps share."""

    def __init__(self, context: Context, *, removal: bool, batch: Iterable[str]) -> None:
        """Make the steps for one task. removal: for tasks/remove.yml; batch: the hosts that restart now."""
        self._context = context
        self._play = context.play
        self._host = context.play.host
        self._removal = removal
        self._batch = tuple(batch)

    # --- what a step knows ---

    @property
    def _own(self) -> Mapping[str, Any]:
        return self._play.declared(self._host)

    @property
    def _managed(self) -> bool:
        return _shape.truth(self._own["managed"]) is True

    def _one_end(self, host: str) -> bool:
        return _shape.truth(self._play.declared(host)["one_end"]) is True

    @property
    def _leaves(self) -> bool:
        """Whether an earlier removal left this host to a restart: it still runs with the value that is gone."""
        value = self._own_value
        return not self._removal and bool(value.get("reboot_required")) and value.get("value") != 1

    @property
    def _only_verify(self) -> bool:
        return self._context.only_verify or _shape.truth(self._own["verify_only"]) is True

    @property
    def _connected(self) -> bool:
        nodes = _view.neighbourhood(self._play, self._host)
        return self._managed and bool(networks.connections_of(nodes, self._host))

    @property
    def _transaction(self) -> str:
        return str(self._own_answer(Gate.STAGE).get("transaction") or "")

    @property
    def _rebooted(self) -> bool:
        return bool(self._own_restart.get("rebooted"))

    def _own_answer(self, phase: Gate) -> PolicyResult:
        return _view.policy_result(self._play, self._host, _view.RESULTS[phase])

    @property
    def _own_value(self) -> ProhibitIpSecResult:
        return _view.value_result(self._play, self._host)

    @property
    def _own_restart(self) -> RestartResult:
        return _view.restart_result(self._play, self._host)

    @property
    def _machines(self) -> MachinesResult:
        found: MachinesResult | None = self._play[self._host].get(MACHINES)
        return found or {}

    @property
    def _order(self) -> OrderResult:
        found: OrderResult | None = self._play[self._host].get(ORDER)
        return found or {}

    def _problems(self) -> list[str]:
        known = self._play.preflight.get("problems")
        if known is not None and self._host in known:
            return list(known[self._host])
        nodes = _view.network(self._play, self._host, whole=True)
        return preflight.problems(self._play, nodes, [self._host], removal=self._removal)[self._host]

    def _problems_to_verify(self) -> list[str]:
        """Return what keeps a host from being compared. A problem of one connection excludes only that connection."""
        if (self._play.preflight.get("problems") or {}).get(self._host) == []:
            return []
        nodes = _view.network(self._play, self._host, whole=True)
        wrong = preflight.of_host(self._own, nodes, self._host)
        wrong = wrong or networks.problems_of_all(nodes, self._host)
        if wrong or not self._unsound:
            return wrong
        left = networks.without_connections(nodes, self._unsound, self._host)
        sentences = [sentence for each in self._unsound.values() for sentence in each]
        return [] if networks.connections_of(left, self._host) else sentences

    @functools.cached_property
    def _unsound(self) -> dict[str, list[str]]:
        """What is wrong with single connections, by their names, if that does not stop the host."""
        if not self._only_verify or (self._play.preflight.get("problems") or {}).get(self._host) == []:
            return {}
        return networks.unsound(_view.neighbourhood(self._play, self._host, whole=True), self._host)

    @functools.cached_property
    def _run(self) -> Fleet:
        """The part of the run that this host is connected with, directly or through others."""
        return _view.run(self._play, self._host)

    @functools.cached_property
    def _run_nearby(self) -> Fleet:
        """The part of the run that consists of this host and its direct peers."""
        return _view.run_nearby(self._play, self._host)

    @property
    def _pending(self) -> bool:
        return self._run_nearby.pending(self._host)

    def _to_do(self, run: Fleet) -> bool:
        """Return whether this host, or the other end of one of its connections, is to change."""
        if not self._connected:
            return False
        seen = run.facts(self._host)
        if seen is None:
            return True  # so that a barrier gives the reason
        value = seen["prohibit_ipsec"]
        return self._value_is_to_be_set(value) or barrier.is_restart_pending(value) or self._changes(run)

    def _changes(self, run: Fleet) -> bool:
        return barrier.changes(run, self._host) or bool(barrier.mistaken(run, self._host))

    def _value_is_to_be_set(self, seen: ProhibitIpSecFacts) -> bool:
        unknown = self._own["reboot"] == "if_unknown" and seen["in_effect"] == InEffect.UNKNOWN
        return bool(seen["value"] != 1 or unknown)

    # --- what a step does ---

    def _reason(self, phase: Gate) -> str:
        decided = self._machines
        if phase is Gate.PLAN and "stops" in decided:
            return decided["stops"].get(self._host, "")
        run = self._run
        if phase is Gate.PLAN:
            run = dataclasses.replace(run, machines=_view.machines(self._play, self._play.playing))
        return barrier.problem(run, self._host, phase, one_end=self._one_end(self._host))

    def _first_reason(self, phases: Iterable[Gate]) -> tuple[Gate, str]:
        found = ((phase, self._reason(phase)) for phase in phases)
        return next(((phase, reason) for phase, reason in found if reason), (Gate.PLAN, ""))

    def _fail_as(self, name: str) -> None:
        """Fail with the failure that an earlier step left for this one."""
        failure: TaskResult | None = self._play.own(FAILS_LATER[name]).get("failure")
        if not failure or self._only_verify:
            return
        if failure.get("unreachable"):
            raise AnsibleConnectionFailure(failure["msg"])
        stopped = StopError(failure["msg"])
        stopped.reason = failure.get("reason", stopped.reason)
        raise stopped

    def _stop_at(self, phase: Gate) -> None:
        reason = self._reason(phase)
        if reason:
            self._stop(phase, reason)

    def _stop(self, phase: Gate, reason: str) -> None:
        """Stop. A host that did not answer counts as unreachable, not as failed."""
        own = self._run_nearby.outcome(self._host, phase) or {}
        raise AnsibleConnectionFailure(reason) if own.get("unreachable") else StopError(reason)

    def _said(self, *lines: str) -> StepResult:
        if not lines:
            return NOTHING
        return {"changed": False, "msg": list(lines), "_ansible_verbose_always": True}

    def _verify(self) -> StepResult:
        outcome, lost = self._context.action.guarded(lambda: self._policy("verify"))
        if lost:
            return {"changed": False, "failure": {"unreachable": True, "msg": lost}}
        return {"changed": False, "failure": outcome} if outcome.get("failed") else outcome

    def _or_gone(self, phase: str, gone: str, /) -> StepResult:
        """Do a phase of the policy.

        If the host is unreachable, fail with this sentence, into which the cause is put.
        """
        outcome, lost = self._context.action.guarded(lambda: self._policy(phase))
        if lost:
            raise AnsibleConnectionFailure(gone.replace("(cause)", f"({lost.rstrip('.')})", 1))
        return outcome

    def _policy(self, phase: str, **more: Any) -> PolicyResult:  # noqa: ANN401 - options of the module
        action = self._context.action
        declared = self._removed() if self._removal else self._declared()
        options = action.validated(_specs.POLICY, {**declared, "phase": phase, "caller": "role", **more})
        predicts_later = self._removal and phase == "plan"  # later, in sentences, once the whole removal is known
        return _do.policy(action, options, check_mode=self._context.check_mode and not predicts_later)

    def _removed(self) -> dict[str, Any]:
        return {
            "name": self._own["policy_name"],
            "state": "absent",
            "all_ours": True,
            **{name: self._own[name] for name in ("backup", "settle_timeout", *_TIMES)},
        }

    def _declared(self) -> dict[str, Any]:
        own, nodes = self._own, _view.neighbourhood(self._play, self._host)
        nodes = networks.without_connections(nodes, self._unsound, self._host)
        rules = networks.rules(
            nodes,
            self._host,
            other_peers=own["other_peers"],
            certificate_authority=own["other_peers_certificate_authority"],
            filter_action=own["filter_action"],
        )
        return {
            "name": own["policy_name"],
            "state": "present" if rules else "absent",
            "rules": rules,
            "block_l2tp_over_ipv6": own["other_peers"] != "ignore" and _shape.truth(own["block_over_ipv6"]) is True,
            "open_firewall": own["firewall"],
            **{name: own[name] for name in _OF_THE_POLICY},
        }

    def _info(self) -> InfoResult:
        action = self._context.action
        return _do.info(action, action.validated(_specs.INFO, {name: self._own[name] for name in _TIMES}))

    def _value(self, *, predict: bool = False, **options: Any) -> ProhibitIpSecResult:  # noqa: ANN401 - options of the module
        action = self._context.action
        shared = {"caller": "role", **{name: self._own[name] for name in ("backup", "settle_timeout", *_TIMES)}}
        validated = action.validated(_specs.PROHIBIT_IPSEC, {**shared, **options})
        return _do.prohibit_ipsec(action, validated, check_mode=self._context.check_mode or predict)


_TIMES: Final = ("program_timeout", "host_timeout")
_OF_THE_POLICY: Final = (
    "main_mode",
    "polling_interval",
    "replace_assigned",
    "take_over",
    "forget_replaced",
    "policy_agent_first",
    "backup",
    "settle_timeout",
    *_TIMES,
)
"""The role's variables that are passed on to options of `win_ipsec_psk_policy` of the same name."""
