# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The steps of the role on one host.

Each step checks whether this host, and all hosts that must change together with it, did what comes before. Then it does
its work, or does nothing, or reverts what this host did and stops. So neither a keyword of an including play nor a
choice of tasks can make one end go on alone.
"""

from __future__ import annotations

import datetime as dt
import uuid
from pathlib import Path
from typing import Final

from ansible.errors import AnsibleConnectionFailure

from ansible_collections.rras.ipsec.plugins.plugin_utils import _limit, _report_files, _shape, _view
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy import barrier, page, undeclared
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy import network as networks
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.errors import NO_ANSWER
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.fleet import Gate
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.results import RestartResult, TaskResult
from ansible_collections.rras.ipsec.plugins.plugin_utils._role import leftovers, preflight, summary
from ansible_collections.rras.ipsec.plugins.plugin_utils._role.results import (
    ComparedResult,
    MachinesResult,
    OrderResult,
    StepResult,
)
from ansible_collections.rras.ipsec.plugins.plugin_utils._role.step import (
    NOTHING,
    NotBackError,
    RoleStep,
    StopError,
)

_TWICE: Final = 2
"""How many times win_reboot may wait for its timeout: until the host is back, and until it carries out a command."""
_KEPT: Final = "its policy is in force and ProhibitIpSec is 1, but Windows has not booted with it"
_KEPT_IN_A_REMOVAL: Final = "ProhibitIpSec is removed, but Windows still runs with it, so its policy stays in force"
_GONE_IN_A_REMOVAL: Final = (
    "{} came back after its restart and became unreachable again (cause); Windows runs without ProhibitIpSec there, "
    "and its policy stays in force. Check that no further restart is due there and that it stays up, then repeat the "
    "removal."
)


class Steps(RoleStep):
    """The steps on one host; each returns its task's result. Raises what `RrasAction.act` may, and `StopError`."""

    # --- for all hosts at once ---

    def preflight(self) -> StepResult:
        """Read the declarations of all hosts of the play, and check them."""
        network = preflight.preflight(self._play, removal=self._removal)
        if not self._context.strategy.endswith(barrier.RUNNING_AHEAD):  # otherwise each host does this for itself
            network["token"] = str(uuid.uuid4())
        return {"changed": False, "entry": self._play.place, "network": network}

    def machines(self) -> MachinesResult:
        """Note which machine answered under each name of the play, and which hosts must stop because of the plans."""
        run = _view.whole_run(self._play, self._play.playing)
        if self._context.strategy.endswith(barrier.RUNNING_AHEAD):  # not all plans are there yet
            return {"changed": False, "machines": run.machines}
        connected = (host for host in self._play.playing if networks.links_of(run.network[host]))
        stops = {host: barrier.problem(run, host, Gate.PLAN, one_end=self._one_end(host)) for host in connected}
        return {"changed": False, "machines": run.machines, "stops": stops}

    def order(self) -> OrderResult:
        """Decide the order of the restarts, in batches."""
        restarting = _view.restarting(self._play, self._play.playing)
        nodes = _view.network(self._play, *restarting)
        size = int(self._own["reboot_serial"])
        return {"changed": False, "batches": barrier.restart_batches(restarting, nodes, size)}

    def show(self) -> StepResult:
        """Show what was found, each line once in the run; after a verification, also write the reports.

        Reports are written in check mode, too, because a verification changes no host in either mode.
        """
        said, reports = summary.lines(self._play), self._written_reports()
        if not (said or reports):
            return NOTHING
        return {"changed": False, "msg": said, **reports, "_ansible_verbose_always": True}

    def _written_reports(self) -> StepResult:
        own = (self._play.declared(host) for host in self._play.playing if self._only_verify)
        paths = list(dict.fromkeys(str(each) for variables in own for each in _shape.listed(variables["report"])))
        if not paths:
            return {}
        now = dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
        made = page.make(summary.verified(self._play), now)
        for path in paths:
            _report_files.write(made, Path(path).expanduser())
        return {"reports": paths}

    # --- reading ---

    def plan(self) -> StepResult:
        """Read the host and plan; change nothing. A host that no connection names is only read."""
        wrong = self._problems_to_verify() if self._only_verify and not self._removal else self._problems()
        if wrong:
            raise StopError(" ".join(wrong))
        if not self._managed:
            return NOTHING
        if self._removal:
            return self._policy("plan")
        if self._only_verify:
            return self._verify()
        if not self._connected:
            return self._info()
        return {**self._policy("plan"), "strategy": self._context.strategy}

    def compare(self) -> ComparedResult:
        """Compare both ends of this host's connections, and find out whether there is something to do."""
        failure = self._play.own(_view.RESULTS[Gate.PLAN]).get("failure")
        if failure and not self._only_verify:
            facts = summary.of_failure(failure)
            return {"changed": False, "lines": [], "errors": [], "ansible_facts": facts, "goes_on": True, "last": False}
        self._fail_as("set_value")
        leaves = False
        if not self._managed:
            found, goes_on = summary.of_nothing(), False
        elif self._leaves:
            found, goes_on = summary.of_removal(self._host, rebooted=self._rebooted), False
        elif self._only_verify:
            found = summary.of_verification(self._play, self._host, self._unsound)
            goes_on = bool(found["errors"])
        else:
            leaves = leftovers.may_go(self._play, self._run_nearby, self._host)
            other_names = bool(leftovers.of_other_names(self._play, self._host))
            goes_on = leaves or other_names or self._to_do(self._run_nearby)
            found = summary.of_site(self._play, self._run_nearby, self._host)
        last = bool(self._own_answer(Gate.PROOF))  # whether or not that task had to read
        changes_later = goes_on and not self._only_verify and (self._context.check_mode or not last)
        if changes_later:
            reason = self._reason(Gate.PLAN) if self._connected else ""
            fact = summary.stopped(found["ansible_facts"], reason)
            found = {"lines": [], "errors": [], "ansible_facts": fact}  # the rest is going to change
        goes_on = goes_on or bool(found["errors"])
        compared: ComparedResult = {
            "changed": False,
            "lines": found["lines"],
            "errors": found["errors"],
            "ansible_facts": found["ansible_facts"],
            "goes_on": goes_on,
            "last": last,
        }
        return {**compared, "next": leftovers.TASKS} if leaves else compared

    def stop(self) -> StepResult:
        """Stop where something is wrong."""
        self._fail_as("plan")
        errors = " ".join(summary.compared(self._play, self._host).get("errors") or ())
        if errors and self._only_verify and _view.verified(self._play, self._host).get("unreachable"):
            raise AnsibleConnectionFailure(errors)
        if errors:
            raise StopError(errors)
        if self._connected and not self._only_verify:
            self._stop_at(Gate.PLAN)
        return NOTHING

    # --- the policy, on all ends or on none ---

    def stage(self) -> StepResult:
        """Write the new policy beside the one in force."""
        self._stop_at(Gate.PLAN)
        if self._context.check_mode or not self._pending:
            return NOTHING
        return self._policy("stage")

    def commit_far(self) -> StepResult:
        """Put the staged policy in force if this host is a far end."""
        return self._commit(far=True)

    def commit_near(self) -> StepResult:
        """Put the staged policy in force if this host is not a far end."""
        return self._commit(far=False)

    def _commit(self, *, far: bool) -> StepResult:
        if not self._transaction:
            return NOTHING
        if barrier.is_far_end(_view.neighbourhood(self._play, self._host), self._host) is not far:
            return NOTHING
        phases = (Gate.STAGE,) if far else (Gate.STAGE, Gate.NEAR)
        if any(map(self._reason, phases)):
            return NOTHING  # the next step reverts and gives the reason
        return self._policy("commit", transaction=self._transaction)

    def ask_again(self) -> StepResult:
        """Read the host again if the answer to the commit was lost."""
        answer = self._own_answer(Gate.COMMIT)
        lost = answer.get("unreachable") or answer.get("reason") == NO_ANSWER
        return self._policy("plan") if lost else NOTHING

    def set_value(self) -> StepResult:
        """Set ProhibitIpSec where all ends of the host's connections have their policy; else revert."""
        if not self._context.check_mode:
            self._revert_unless_committed()
        seen = self._run_nearby.facts(self._host)
        if seen is None:
            raise StopError(_from_the_first(self._host))
        value = seen["prohibit_ipsec"]
        if not (self._value_is_to_be_set(value) or barrier.is_restart_pending(value)):  # a restart needs the same proof
            return NOTHING
        if not self._context.check_mode:
            self._stop_at(Gate.PROHIBIT_IPSEC)
        return self._value(
            policy=self._own["policy_name"],
            predicted=self._pending,
            restart_if_unknown=self._own["reboot"] == "if_unknown",
        )

    def _revert_unless_committed(self) -> None:
        phase, reason = self._first_reason((Gate.PLAN, Gate.STAGE, Gate.COMMIT))
        if not reason:
            return
        if self._transaction and not barrier.uncertain(self._run, self._host):
            reverted = self._policy("revert", transaction=self._transaction)
            self._play.answer(_view.RESULTS[Gate.COMMIT], {**reverted, "changed": False})
        self._stop(phase, reason)

    # --- restarts ---

    def restart(self) -> StepResult:
        """Restart the host in its batch, unless a host that was restarted earlier did not come back."""
        if self._host not in self._batch or not (self._ordered or _view.restarting(self._play, [self._host])):
            again: RestartResult = {"changed": False, "rebooted": True}
            return again if self._rebooted else NOTHING
        left = _KEPT_IN_A_REMOVAL if self._removal or self._leaves else _KEPT
        lost = " and ".join(_view.not_back(self._play, self._play.playing))
        if lost:
            raise StopError(
                f"{lost} did not come back after the restart, so {self._host} is not restarted; {left}. "
                f"Start {lost}, then repeat the run."
            )
        if self._own["reboot"] == undeclared.NEVER:
            return self._said(f"{self._host} still needs a restart: {left}.")
        return self._restarted(left)

    @property
    def _ordered(self) -> frozenset[str]:
        """The hosts that restart, in any batch; empty if a condition skipped the task that decides this."""
        return frozenset(host for batch in self._order.get("batches") or () for host in batch)

    def may_restart(self) -> StepResult:
        """Stop if a restart is pending and would leave the host without what is declared."""
        self._fail_as("plan")
        planned = self._own_answer(Gate.PLAN)
        if self._connected:
            self._stop_at(Gate.PLAN)
        if "host" not in planned:
            return NOTHING
        if barrier.is_removal_pending(planned["host"]["prohibit_ipsec"]):
            self._stop_at(Gate.REMOVAL)
            left = self._value(state="absent", only_recorded=True, predict=True)
            return NOTHING if left["changed"] else left  # a value that somebody else removed was not left by a removal
        if not barrier.is_restart_pending(planned["host"]["prohibit_ipsec"]):
            return NOTHING
        if planned.get("pending"):
            raise StopError(
                f"{self._host} is not restarted, because it is not as declared and would boot with ProhibitIpSec; "
                "run site first."
            )
        return self._value(policy=self._own["policy_name"] if self._connected else "")

    def _restarted(self, left: str) -> RestartResult:
        seconds = self._own["reboot_timeout"]
        reason = "ProhibitIpSec takes effect when Windows boots (KB 240262)"
        longest = _TWICE * int(seconds) + int(self._own["host_timeout"])
        failed = False
        result: RestartResult = {}
        try:
            with _limit.limited(longest):
                result = self._context.reboot({"reboot_timeout": int(seconds), "msg": reason})
        except (AnsibleConnectionFailure, _limit.TimeUp, _limit.MemoryUp):
            failed = True
        if failed or result.get("failed") or result.get("unreachable"):
            raise NotBackError(
                f"{self._host} did not come back within {seconds} seconds after its restart; {left}. "
                "Check its console, then repeat the run."
            )
        return {"changed": bool(result.get("changed")), "rebooted": bool(result.get("rebooted"))}

    def prove(self) -> StepResult:
        """Read the host again after a change or a restart, once Windows has done what it does by itself."""
        self._fail_as("set_value")
        changed = self._pending or self._own_value.get("changed")
        if self._context.check_mode or not (changed or self._rebooted or self._host in self._ordered):
            return NOTHING
        if self._leaves:
            return self._or_gone("prove", _GONE_IN_A_REMOVAL.format(self._host))
        if self._removal:
            return self._or_gone("prove", f"{self._host} became unreachable (cause) after the removal; repeat the run.")
        gone = (
            "came back after its restart and became unreachable again"
            if self._rebooted
            else "became unreachable before it could be read again"
        )
        return self._or_gone(
            "prove" if self._rebooted else "plan",
            f"{self._host} {gone} (cause); its policy is in force and ProhibitIpSec is 1, and what it replaced is "
            "kept. Check that no further restart is due there and that it stays up, then repeat the run.",
        )

    def finish(self) -> StepResult:
        """Delete the replaced policy once both ends of each changed connection are proved to agree."""
        self._fail_as("set_value")
        old = leftovers.of_other_names(self._play, self._host)
        if self._context.check_mode:
            return self._said(*(f"The policy {name!r} would be deleted from {self._host}." for name in old))
        errors = summary.compared(self._play, self._host).get("errors")
        if errors:
            raise StopError(" ".join(errors))
        self._stop_at(Gate.PROOF)
        proof = self._run_nearby.answered(self._host, Gate.PROOF) or {}
        whole = self._transaction and self._pending and proof.get("matches")
        done: TaskResult = self._policy("finish", transaction=self._transaction) if whole else NOTHING
        if not old:
            return done
        gone = [self._policy("all", name=name, state="absent", rules=None) for name in old]
        return {"changed": any(each.get("changed") for each in (done, *gone))}

    # --- the removal ---

    def restore_value(self) -> StepResult:
        """Give back the former ProhibitIpSec once all hosts of the network were read."""
        self._fail_as("plan")
        if not self._managed:
            return NOTHING
        self._stop_at(Gate.REMOVAL)
        return self._value(state="absent", only_recorded=True)

    def predict_removal(self) -> StepResult:
        """Say what the removal would do, and, in check mode or not, what it leaves."""
        if not self._managed:
            return NOTHING
        planned, value = _view.removal(self._play, self._host)
        left = list(undeclared.staying(self._host, planned["host"], self._own["policy_name"]))
        if self._context.check_mode:
            return self._said(*undeclared.removal(self._host, planned, value, self._own["reboot"]), *left)
        return self._said(*left) if left else NOTHING

    def settle(self) -> StepResult:
        """Wait for late services, so that RRAS is not starting while its protection changes."""
        if self._context.check_mode or not self._removes_policy or not self._rebooted:
            return NOTHING
        return self._or_gone("prove", _GONE_IN_A_REMOVAL.format(self._host))

    def remove_policy(self) -> StepResult:
        """Remove the policy, and restore what it replaced, once the whole network runs without ProhibitIpSec."""
        if not self._removes_policy:
            return NOTHING
        self._stop_at(Gate.WITHOUT_PROHIBIT_IPSEC)
        return self._policy("all", predicted=True)

    @property
    def _removes_policy(self) -> bool:
        pending = self._own_value.get("reboot_required")
        return self._managed and not (pending and self._own["reboot"] == undeclared.NEVER)


def step(name: str, steps: Steps) -> StepResult:
    """Do the step with this name."""
    answer: StepResult = getattr(steps, name)()
    return answer


def _from_the_first(host: str) -> str:
    return (
        f"{host} stopped: neither it nor a peer was read in this run; start with the first task of the role "
        "(check --start-at-task and --step)."
    )
