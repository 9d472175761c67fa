# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The twin of transaction.ps1: the same verbs, answers and undo, on the registry of a simulated host.

Each verb has a method of the same name, in the order of the script, so that a change there is easily followed here.
"""

from __future__ import annotations

import base64
import dataclasses
import functools
import re
import struct
from collections.abc import Callable, Collection, Iterable
from typing import Protocol

from ansible_collections.rras.ipsec.plugins.plugin_utils._host.records import Fault, Outcome
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.registry import SEPARATOR, Key, Kind, Value, join

from ..impairment import Impairments, RecordRefusedError
from ..windows.installation import POLICY_STORE, RASMAN_PARAMETERS
from ..windows.programs import NOT_RUN
from ..windows.registry import RegistryAccess, RegistryError, RegistryErrorCode, readable
from . import digests
from .grammar import OWN_KEY, STORED_OBJECT, ScriptError, ScriptRequest, ScriptStep, parse, step_of

OWN = r"SOFTWARE\rras.ipsec"
DEEPEST = 8
"""How many levels our keys may have below our own key."""
WATCHED = (POLICY_STORE, OWN)
"""What an undo must restore exactly."""

_GUID = re.compile(r"\{[0-9A-F]{8}(-[0-9A-F]{4}){3}-[0-9A-F]{12}\}", re.IGNORECASE)
_NUMBER = re.compile(r":\s+([0-9a-f]+)\s")
_NETSH_ERROR = re.compile(r"^\s*ERR \w*\s*\[", re.MULTILINE | re.IGNORECASE)

_EXPECTED = (ScriptError, RegistryError, RecordRefusedError, ValueError, struct.error, re.error)
"""What the script's own catch would see: an error of Windows or .NET. Anything else is a mistake in the lab."""


class ScriptMachine(Protocol):
    """What the script finds on the host that it runs on."""

    @property
    def registry(self) -> RegistryAccess:
        """The registry."""

    @property
    def impairments(self) -> Impairments:
        """What is wrong with the host."""

    def run_program(self, program: str, arguments: str, seconds: float) -> tuple[int, str]:
        """Run netsh, net or sc; return the exit code and the output."""


def method_of(verb: str) -> str:
    """Return the name of the method that carries out a verb: `read_tree` of `ReadTree`."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", verb).lower()


class ScriptRun:
    """One run of the script: first everything is checked, then everything is done, or else undone."""

    def __init__(self, machine: ScriptMachine) -> None:
        self._registry = machine.registry
        self._machine = machine
        self._nonce = b""
        self._seconds = 30
        self._step = ScriptStep()
        self._before = b""
        self._undo: list[_Undo] = []
        self._answers: list[str] = []

    def run(self, lines: Iterable[str], *, refused: Fault | None = None) -> str:
        """Carry out records; return the answer, one record a line. Empty lines are passed over.

        refused: what the script finds wrong with the host before it looks at the records.
        """
        try:
            self._carry_out_all(lines, refused)
        except _EXPECTED as error:
            fault = error.fault if isinstance(error, ScriptError) else Fault.FAILED
            outcome, left = self._take_back()
            self._answer("error", fault, self._step.verb, self._step.path, encode(str(error)), outcome, encode(left))
        return "".join(line + "\n" for line in self._answers)

    # --- reading ---

    def prepare(self, nonce: str, seconds: str) -> None:
        self._nonce = base64.b64decode(nonce, validate=True)
        self._seconds = int(seconds)

    def read_tree(self, path: str, names: str, depth: str) -> None:
        try:
            key = self._registry.read(path)
        except RegistryError as error:
            if error.code is not RegistryErrorCode.ACCESS_DENIED:
                raise
            return self._answer("denied", encode(path))
        if key is None:
            return None
        self._answer("key", encode(path))
        self._answer_values(key, path, names)
        for child in self._registry.children(path) if int(depth) > 0 else ():
            if child.lower() != "backup":
                self.read_tree(join(path, child), names, str(int(depth) - 1))
        return None

    def read_digest(self, path: str) -> None:
        self._answer("digest", self._store_digest(path))

    def expect_unchanged(self, path: str, digest: str) -> None:
        _expect(self._store_digest(path), digest, "the policy store")

    def expect_value(self, path: str, name: str, field: str) -> None:
        value = (self._registry.read(path) or Key("")).get(name)
        _expect(digests.field(value) if value else "", field, f"the value {name}")

    def expect_sealed(self, path: str, name: str, source: str) -> None:
        self.expect_value(path, name, encode_bytes(digests.fingerprint(self._registry, [source])))

    # --- writing: each method leaves on the stack what takes its change back ---

    def set_value(self, path: str, name: str, kind: str, data: str) -> None:
        given = base64.b64decode(data, validate=True)
        self._remember(path, name)
        self._registry.write(path, name, _written(kind.casefold(), given))

    def seal(self, path: str, name: str, source: str) -> None:
        self._set(path, name, Value.binary(digests.fingerprint(self._registry, [source])))

    def unset_value(self, path: str, name: str) -> None:
        old = self._open(path).get(name)
        _check_kind(old, path, name)
        if old is not None:
            self._later("Set-Data", path, functools.partial(self._set, path, name, old))
            self._registry.erase(path, name)
            if name in self._open(path):
                raise ScriptError(Fault.FAILED, f"the value {name} of the key {path} is still there")

    def create_key(self, path: str, lifetime: str) -> None:
        if lifetime.lower() == "volatile":
            self.delete_key(path)
        if self._registry.read(path) is not None:
            return
        self._create_parent(path.rpartition(SEPARATOR)[0])
        self._registry.create(path, volatile=lifetime.lower() == "volatile")
        self._later("DeleteKey", path, functools.partial(self.delete_key, path))

    def protect_key(self, path: str, sddl: str) -> None:
        self._later("ProtectKey", path, functools.partial(self.protect_key, path, self._registry.access(path)))
        if not sddl.upper().startswith("D:"):
            raise ValueError("The SDDL form of a security descriptor object is invalid.")
        self._registry.protect(path, sddl)

    def delete_key(self, path: str) -> None:
        key = self._registry.read(path)
        if key is None:
            return
        if STORED_OBJECT.fullmatch(path) and self._registry.children(path):
            link = "as no part of a policy does: it may be a registry link"
            raise ScriptError(Fault.FAILED, f"the key {path} holds keys, {link}")
        for child in self._registry.children(path):
            self.delete_key(join(path, child))
        for name in key:
            self.unset_value(path, name)
        self._later("ProtectKey", path, functools.partial(self.protect_key, path, self._registry.access(path)))
        self._later("CreateKey", path, functools.partial(self.create_key, path, self._lifetime(path)))
        self._registry.remove(path)
        parent, _separator, name = path.rpartition(SEPARATOR)
        if name.lower() in map(str.lower, self._registry.children(parent)):
            raise ScriptError(Fault.FAILED, f"the key {path} is still there")

    def delete_listed(self, path: str, name: str) -> None:
        for listed in self._open(path).texts(name):
            if STORED_OBJECT.fullmatch(listed):
                self.delete_key(listed)
                self._answer("deleted", encode(listed))

    def copy_key(self, source: str, target: str) -> None:
        key = readable(self._registry, source)
        if key is None:
            return
        self.create_key(target, "None")
        for name, value in key.items():
            if digests.is_sound(value):
                self._set(target, name, value)
        for child in self._registry.children(source):
            self.copy_key(join(source, child), join(target, child))

    def flush(self, path: str) -> None:
        self._registry.flush(path)
        for other in (RASMAN_PARAMETERS, POLICY_STORE):
            self._later("Flush", other, functools.partial(self._registry.flush, other))

    # --- programs ---

    def run_program(  # noqa: PLR0913, PLR0917 (the fields of the record)
        self, program: str, arguments: str, pattern: str, must: str, undoer: str = "", undoing: str = ""
    ) -> None:
        code, text = self._run(program, arguments)
        if undoer and (code == 0 or (code == NOT_RUN and " did not end within " in text)):
            self._undo.append(_Undo("", functools.partial(self._run_back, undoer, undoing)))
        if must.lower() == "must":
            self._check(program, arguments, code)
        found = re.finditer(base64.b64decode(pattern, validate=True).decode(), text)
        self._answer("ran", encode(f"{program} {arguments}"), str(code), encode("\n".join(match[0] for match in found)))

    def assign_policy(self, policy: str) -> None:
        before = self._open(POLICY_STORE).text("ActivePolicy")
        if before.lower() == policy.lower():
            return None
        self._later("AssignPolicy", before, functools.partial(self.assign_policy, before))
        guid = _GUID.search(f"{policy} {before}")
        word = "yes" if policy else "no"
        code, text = self._run("netsh", f"ipsec static set policy guid={guid[0] if guid else ''} assign={word}")
        now = self._open(POLICY_STORE).text("ActivePolicy")
        if code == 0 and not _NETSH_ERROR.search(text) and now.lower() == policy.lower():
            return self._answer("assigned", "netsh")
        self._assign_in_registry(policy)
        return self._answer("assigned", "registry")

    # --- what the verbs are made of ---

    def _carry_out_all(self, lines: Iterable[str], refused: Fault | None) -> None:
        if refused is not None:
            raise ScriptError(refused, "")
        requests = self._requests(lines)
        self._step = ScriptStep("Prepare")
        if self._registry.read(OWN) is not None:
            access = self._registry.access(OWN)
            closed = access.startswith("D:P") and _has_list(access)
            self._check_own(OWN, _trustees(access) if closed else None)
        self._step = ScriptStep("Prepare")
        self._before = digests.fingerprint(self._registry, WATCHED)
        for number, request in enumerate(requests):
            self._carry_out(number, request)
        self._answer("done")

    def _check_own(self, path: str, trusted: Collection[str] | None, depth: int = 0) -> None:
        self._step = ScriptStep("Prepare", path)
        strange = self._registry.read(path) is None or depth > DEEPEST
        if strange or (trusted is not None and not _trustees(self._registry.access(path)) <= set(trusted)):
            raise ScriptError(Fault.FAILED, "this collection did not make the key: it may be a registry link")
        for child in self._registry.children(path):
            self._check_own(join(path, child), trusted, depth + 1)

    def _requests(self, lines: Iterable[str]) -> list[ScriptRequest]:
        requests = []
        for line in filter(None, lines):
            self._step = step_of(line)
            requests.append(parse(line))
        return requests

    def _carry_out(self, number: int, request: ScriptRequest) -> None:
        self._step = request.step
        self._machine.impairments.meets_record(number, f"{request.verb} {request.step.path}".strip())
        method: Callable[..., None] = getattr(self, method_of(request.verb))
        method(*request.fields)

    def _take_back(self) -> tuple[Outcome, str]:
        steps = list(reversed(self._undo))
        left = [what for what in map(_left, steps) if what]
        if steps and digests.fingerprint(self._registry, WATCHED) != self._before:
            left.append("the keys are not as they were")
        if left:
            return Outcome.PARTLY, ", ".join(left)
        return (Outcome.UNDONE, "") if steps else (Outcome.NOTHING, "")

    def _later(self, function: str, what: str, action: Callable[[], None]) -> None:
        """Remember how to undo a change, and which function of the script does so, to be named if it fails."""
        self._undo.append(_Undo(f"{function} {what}", action))

    def _answer(self, *fields: str) -> None:
        self._answers.append("\t".join(fields))

    def _answer_values(self, key: Key, path: str, names: str) -> None:
        for name, value in key.items():
            if _is_asked_for(name, value, names):
                shown = digests.shown(path, name, value, self._nonce)
                self._answer("value", encode(name), digests.KIND_NAMES[shown.kind], digests.field(shown))
        if "\\ipsecnfa" in path.lower():
            self._answer("access", encode(self._registry.access(path)))

    def _store_digest(self, path: str) -> str:
        return base64.b64encode(digests.digest(self._nonce, digests.fingerprint(self._registry, [path]))).decode()

    def _open(self, path: str) -> Key:
        key = self._registry.read(path)
        if key is None:
            raise ScriptError(Fault.FAILED, f"the key {path} does not exist")
        return key

    def _set(self, path: str, name: str, value: Value) -> None:
        self._remember(path, name)
        self._registry.write(path, name, value)

    def _remember(self, path: str, name: str) -> None:
        old = self._open(path).get(name)
        _check_kind(old, path, name)
        take_back = (
            functools.partial(self.unset_value, path, name)
            if old is None
            else functools.partial(self._set, path, name, old)
        )
        self._later("UnsetValue" if old is None else "Set-Data", path, take_back)

    def _lifetime(self, path: str) -> str:
        if not OWN_KEY.fullmatch(path):
            return "None"
        try:
            self._registry.create(join(path, "Probe"))
        except RegistryError as error:
            if error.code is not RegistryErrorCode.CHILD_MUST_BE_VOLATILE:
                raise
            return "Volatile"
        self._registry.remove(join(path, "Probe"))
        return "None"

    def _create_parent(self, path: str) -> None:
        if not path or self._registry.read(path) is not None:
            return
        self._create_parent(path.rpartition(SEPARATOR)[0])
        self._registry.create(path)
        self._later("Remove-EmptyKey", path, functools.partial(self._delete_empty, path))

    def _delete_empty(self, path: str) -> None:
        if len(self._open(path)) or self._registry.children(path):
            raise ScriptError(Fault.FAILED, f"the key {path} is not empty")
        self._registry.remove(path)

    def _assign_in_registry(self, policy: str) -> None:
        if policy:
            self._set(POLICY_STORE, "ActivePolicy", Value.sz(policy))
        else:
            self.unset_value(POLICY_STORE, "ActivePolicy")
        if self._run("sc", "control PolicyAgent 129")[0] != 0 and policy:
            raise ScriptError(Fault.NOT_ASSIGNED, "neither netsh nor the control 129 to PolicyAgent worked")

    def _run(self, program: str, arguments: str) -> tuple[int, str]:
        return self._machine.run_program(program, arguments, self._seconds)

    def _run_back(self, program: str, arguments: str) -> None:
        self._check(program, arguments, self._run(program, arguments)[0])

    def _check(self, program: str, arguments: str, code: int) -> None:
        """Fail if a program did not do what it should have; for net.exe, only the service's state decides."""
        said = f"{program} {arguments} ended with code {code}"
        if program == "net":
            verb, _space, name = arguments.partition(" ")
            passing, wanted, left = ("2", "4", "not running") if verb == "start" else ("3", "1", "not stopped")
            states = (self._state(name) for _time in range(2 * self._seconds + 1))
            if next((state for state in states if state != passing), passing) != wanted:
                raise ScriptError(Fault.FAILED, f"{said}, and the service is {left}")
        elif code != 0:
            raise ScriptError(Fault.FAILED, said)

    def _state(self, name: str) -> str:
        found = _NUMBER.findall(self._run("sc", f"query {name}")[1])
        return found[1] if len(found) > 1 else ""


def encode(text: str) -> str:
    """Return the field for a text that can hold anything."""
    return base64.b64encode(text.encode()).decode()


def encode_bytes(data: bytes) -> str:
    """Return the field for binary data."""
    return base64.b64encode(data).decode()


@dataclasses.dataclass(frozen=True, slots=True)
class _Undo:
    what: str
    action: Callable[[], None]


def _left(step: _Undo) -> str:
    """Undo a step; return what can't be undone, or the error's own sentence if it is a program."""
    try:
        step.action()
    except _EXPECTED as error:
        return step.what or str(error)
    return ""


def _has_list(sddl: str) -> bool:
    """Return whether there is an access list at all: without one, everybody may do everything."""
    return sddl.startswith("D:") and "NO_ACCESS_CONTROL" not in sddl.partition("(")[0]


def _trustees(sddl: str) -> set[str]:
    if not _has_list(sddl):
        return {"everybody"}
    return set(re.findall(r";([^;()]+)\)", sddl))


def _check_kind(value: Value | None, path: str, name: str) -> None:
    if value is not None and not digests.is_sound(value):
        raise ScriptError(Fault.FAILED, f"the value {name} of the key {path} could not be restored")


def _is_asked_for(name: str, value: Value, names: str) -> bool:
    if names.startswith("|"):
        return names.lower() in value.text.lower()
    return names == "*" or name.lower() in names.lower().split(",")


def _expect(found: str, expected: str, what: str) -> None:
    if found != expected:
        raise ScriptError(Fault.CONFLICT, f"{what} changed meanwhile")


def _written(kind: str, data: bytes) -> Value:
    """Return the value that .NET writes for the data of a record."""
    if kind in ("binary", "none"):
        return Value(Kind(kind), data)
    text = data.decode("utf-8")
    if kind in ("dword", "qword"):
        return Value(Kind(kind), int(text).to_bytes(digests.SIZES[Kind(kind)], "little", signed=True))
    if kind == "multistring":
        return Value.multi_sz(part for part in text.split("\0") if part)
    return Value(Kind.SZ if kind == "string" else Kind.EXPAND_SZ, text.encode("utf-16-le"))
