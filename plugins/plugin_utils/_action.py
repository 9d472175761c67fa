# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The base class of this collection's actions: typed options, masked secrets, one session, one error boundary."""

from __future__ import annotations

import abc
import contextlib
import copy
import dataclasses
import functools
import secrets
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, ClassVar

from ansible.errors import AnsibleConnectionFailure
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.module_utils.errors import AnsibleValidationError, MutuallyExclusiveError, RequiredIfError
from ansible.plugins.action import ActionBase
from ansible.utils.display import Display

from ansible_collections.rras.ipsec.plugins.plugin_utils import _failures, _limit, _shape
from ansible_collections.rras.ipsec.plugins.plugin_utils._host import records, session, transport
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy import describe
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.declaration import (
    check_host_timeout,
    check_program_timeout,
)
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.errors import OptionsError, RrasError
from ansible_collections.rras.ipsec.plugins.plugin_utils._results import RESULT, Described, Mask
from ansible_collections.rras.ipsec.plugins.plugin_utils._work import Target

_NONCE = secrets.token_bytes(32)
"""Random for each run: made when the strategy first loads an action, and inherited by the processes of all hosts."""
_SECRET = secrets.token_bytes(32)
"""Random for each run, like `_NONCE`, but it never leaves this machine's memory."""
_SHOWN = 400
_QUOTES_NOTHING = (MutuallyExclusiveError, RequiredIfError)
"""The validator errors whose text may be shown: it holds nothing but names and choices of the spec."""


class RrasAction(ActionBase, abc.ABC):  # type: ignore[misc, unused-ignore]
    """An action of this collection. Nothing that it returns or raises contains the value of an option marked no_log."""

    TRANSFERS_FILES = False
    SPEC: ClassVar[Mapping[str, Any]]
    """The argument spec, in the form that a module uses."""
    MUTUALLY_EXCLUSIVE: ClassVar[Sequence[Sequence[str]]] = ()
    REQUIRED_IF: ClassVar[Sequence[Sequence[Any]]] = ()
    RESULT: ClassVar[Mapping[str, Described]] = RESULT
    """What the fields of its results hold."""
    sent: bool = False
    """Whether anything was sent to the host. A host that was never reached did nothing."""

    @abc.abstractmethod
    def act(self, options: Mapping[str, Any]) -> Mapping[str, Any]:
        """Do the work and return the result.

        Raises the errors that `plugin_utils._policy`, `plugin_utils._host` and `plugin_utils._work` define.
        """

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Run the action for Ansible. Everything that leaves passes through here, and its free text is masked."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        self.task_vars = task_vars or {}
        self._mask = Mask()
        outcome, lost = self.guarded(self._validate_and_act)
        self.guarded(self._hang_up)
        if lost:
            raise AnsibleConnectionFailure(self._mask.text(lost))
        return result | self._mask.result(outcome, self.RESULT)

    def guarded(self, work: Callable[[], Mapping[str, Any]]) -> tuple[Mapping[str, Any], str]:
        """Do some work; return its result, even if it failed, and how the connection was lost (empty if it was not)."""
        try:
            return work(), ""
        except AnsibleConnectionFailure as error:
            return {}, str(error)
        except Exception as error:  # noqa: BLE001 - the one boundary: any text is masked before anybody sees it
            return {
                "failed": True,
                "msg": _sentence(error, self._mask),
                "reason": error.reason if isinstance(error, RrasError) else RrasError.reason,
            }, ""

    def validated(
        self,
        spec: Mapping[str, Any],
        args: Mapping[str, Any],
        *,
        mutually_exclusive: Sequence[Sequence[str]] = (),
        required_if: Sequence[Sequence[Any]] = (),
    ) -> Mapping[str, Any]:
        """Return the options with their defaults, and mask the secrets among them from now on.

        Raises `OptionsError` if they are wrong; its text quotes nothing that was given.
        """
        given = _shape.plain(args)
        _refuse(_shape.problems(spec, given))
        secret, shown = _shape.secrets(spec, given), _shape.shown(spec, given)
        _refuse(_shape.exposed(secret, shown))
        validator = ArgumentSpecValidator(  # a copy, because it fills in the defaults of nested options
            copy.deepcopy(dict(spec)), mutually_exclusive=mutually_exclusive, required_if=required_if
        )
        outcome = validator.validate(_without_nulls(given))
        if outcome.error_messages:
            _refuse(map(_option_sentence, outcome.errors.errors))
        self._mask = Mask(text for _path, text in secret)
        parameters: Mapping[str, Any] = outcome.validated_parameters
        return parameters

    @property
    def host(self) -> str:
        """The name of the task's host in the inventory."""
        return str(self.task_vars.get("inventory_hostname", ""))

    def target(self, options: Mapping[str, Any]) -> Target:
        """Return a session with the task's host, with the time limits from the options."""
        self._check_connection()
        check_program_timeout("program_timeout", options["program_timeout"])
        check_host_timeout("host_timeout", options["host_timeout"])
        execute = functools.partial(self._execute, options["host_timeout"])
        return Target(session.Session(execute, _NONCE, options["program_timeout"]), _NONCE, _SECRET)

    def _validate_and_act(self) -> Mapping[str, Any]:
        return self.act(
            self.validated(
                self.SPEC,
                self._task.args,
                mutually_exclusive=self.MUTUALLY_EXCLUSIVE,
                required_if=self.REQUIRED_IF,
            )
        )

    def _check_connection(self) -> None:
        if self._connection.become:
            raise OptionsError(
                "become is in effect, but this action would silently run without it; "
                "write 'become: false' in the task, and check that the variable ansible_become is not set."
            )
        warning = transport.check(self._connection)
        if warning:
            Display().warning(warning)  # Ansible shows a repeated sentence once in a run

    def _execute(self, seconds: int, command: str, data: bytes) -> session.ScriptOutput:
        with _within(seconds):
            self._connection._connect()  # noqa: SLF001 - as each plugin does itself before its first command
            self.sent = True
            ran = self._low_level_execute_command(command, sudoable=False, in_data=data)  # type: ignore[no-untyped-call, unused-ignore]
        return session.ScriptOutput(ran["rc"], ran["stdout"], ran["stderr"])

    def _hang_up(self) -> Mapping[str, Any]:
        """End the session within time limits. Ansible would do so after the task, without any."""
        if self._connection.connected:
            try:
                with _within(_limit.PARTING):
                    self._connection.close()
            finally:
                transport.forget(self._connection)
        return {}


@contextlib.contextmanager
def _within(seconds: int) -> Iterator[None]:
    """Turn a time-out, or an answer that is too large, into a lost connection while something is done with the host."""
    try:
        with _limit.limited(seconds):
            yield
    except _limit.TimeUp:
        raise AnsibleConnectionFailure(f"the host did not answer within {seconds} seconds.") from None
    except _limit.MemoryUp as error:
        raise AnsibleConnectionFailure(f"the host sent {error}; check what the host is.") from None
    except AnsibleConnectionFailure:
        raise
    except Exception as error:  # noqa: BLE001 - a plugin or its library may fail in any way on what a host sends
        raise AnsibleConnectionFailure(
            f"the connection was lost before the host answered ({type(error).__name__})."
        ) from None


def _refuse(problems: Iterable[str]) -> None:
    said = " ".join(problems)
    if said:
        raise OptionsError(said)


def _sentence(error: Exception, mask: Mask) -> str:
    """Return the sentence that tells the user of an error."""
    match error:
        case session.ExecutionError(failure=failure):
            return _failures.sentence(_of_host(failure, mask))
        case session.NoAnswerError(output=output):
            return f"{str(error).removesuffix('.')}: {_shown(session.cause(output), mask)}"
        case RrasError():
            return error.sentence
    return f"An unexpected {type(error).__name__} ended the action; please report it with the steps that lead to it."


def _option_sentence(error: AnsibleValidationError) -> str:
    """Return the sentence for an error of ArgumentSpecValidator, about options whose shape is right."""
    if isinstance(error, _QUOTES_NOTHING):
        return str(error.msg)
    return f"The options can't be used ({type(error).__name__}); please report it with the names of the options."


def _of_host(failure: records.Failure, mask: Mask) -> records.Failure:
    """Return a failure with its texts masked and shortened, so that they can be shown."""
    path, message, left = (_shown(text, mask) for text in (failure.path, failure.message, failure.left))
    return dataclasses.replace(failure, path=path, message=message, left=left)


def _shown(text: str, mask: Mask) -> str:
    """Return a text of the host, masked first and cut afterwards, so that the cut leaves no part of a secret."""
    return describe.shortened(mask.text(text), _SHOWN)


def _without_nulls(value: Any) -> Any:  # noqa: ANN401 - any YAML
    """Return a copy without the options that are null: null means left out."""
    if isinstance(value, Mapping):
        return {key: _without_nulls(item) for key, item in value.items() if item is not None}
    if isinstance(value, list):
        return [_without_nulls(item) for item in value]
    return value
