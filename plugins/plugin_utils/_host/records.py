# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
r"""The records that the controller and transaction.ps1 exchange.

A record is one line of tab-separated fields. A field that can hold anything is base64: of the bytes of binary data, of
UTF-8 text for anything else (a number as signed decimal; the strings of a list joined by NUL). Kinds of values have the
names of .NET's RegistryValueKind. Paths are relative to HKEY_LOCAL_MACHINE.

Requests are carried out in the order in which they arrive; any error undoes all of them:

===============  =====================================  =============================================================
verb             fields                                 what it does
===============  =====================================  =============================================================
Prepare          nonce, seconds                         the nonce for digests; how long a program may run
ReadTree         path, names, depth                     answers a key and what is below it, down to a depth; names:
                                                        value names joined by commas, `*` for all, or, beginning
                                                        with `|`, a text that the data of a value must contain
ReadDigest       path                                   answers HMAC-SHA256(nonce, fingerprint of the keys there)
RunProgram       program, arguments, pattern, must or   runs netsh, net or sc, answers the exit code and what matches
                 may, program and arguments to undo it  the pattern (base64) in its output; with `must` it is an
                                                        error unless the code is 0 or, for net, unless the service is
                                                        then started or stopped as asked
ExpectUnchanged  path, digest                           conflict, unless `ReadDigest` would still answer the same
ExpectValue      path, name, data                       conflict, unless the value has this data
ExpectSealed     path, name, source                     conflict, unless the source still has the fingerprint there
Seal             path, name, source                     writes the fingerprint of the source into a value
CreateKey        path, `None` or `Volatile`             creates a key and any missing ones above it; replaces the key
                                                        if it is to be volatile
ProtectKey       path, SDDL                             replaces the access list of a key
SetValue         path, name, kind, data                 writes a value
UnsetValue       path, name                             deletes a value
DeleteKey        path                                   deletes a key and all below it
DeleteListed     path, name                             deletes the keys of the policy store that a value lists
CopyKey          source, target                         copies a key and all below it into the target
Flush            path                                   writes the hive of the path to disk
AssignPolicy     policy                                 assigns a policy (empty: none), by netsh or else by the registry
===============  =====================================  =============================================================

Answers, compressed:

=============  ======================================  ==============================================================
key            path (base64)                           a key; the following answers belong to it
value          name (base64), kind, data (base64)      a value; kind `Withheld`: 4 bytes of length and a digest
access         SDDL (base64)                           the access list of the key (rules only)
denied         path (base64)                           a key that not even administrators may read
digest         digest (base64)
ran            command (base64), code, lines (base64)  the exit code, -1 if the program could not be run to its end
deleted        path (base64)                           a key of the policy store that `DeleteListed` deleted
assigned       `netsh` or `registry`                   how the policy was assigned
done                                                   the last answer: everything was done
error          code, verb, path, message (base64),     the last answer; outcome: `nothing` was done, all of it was
               outcome, what is left (base64)          `undone`, or only `partly`
=============  ======================================  ==============================================================

The fingerprint of a key is the HMAC-SHA256, under a constant, of everything below it except the values named
whenChanged. It never leaves the host.
"""

from __future__ import annotations

import base64
import dataclasses
import enum
import zlib
from collections.abc import Mapping

from ansible_collections.rras.ipsec.plugins.plugin_utils._policy import steps
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.errors import NO_ANSWER, RrasError
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.registry import Key, Kind, Tree, Value


class Fault(enum.StrEnum):
    """Why a script did not do what it was asked to do."""

    REFUSED = "refused"
    CONFLICT = "conflict"
    BUSY = "busy"
    FAILED = "failed"
    NOT_ASSIGNED = "not_assigned"
    NOT_ADMINISTRATOR = "not_administrator"
    WOW64 = "wow64"
    POWERSHELL_TOO_OLD = "powershell_too_old"
    CONSTRAINED_LANGUAGE = "constrained_language"


class Outcome(enum.StrEnum):
    """What an error left of the changes of an execution."""

    NOTHING = "nothing"
    UNDONE = "undone"
    PARTLY = "partly"


MOST_RECORDS = 8 * 2**20
"""The largest answer, in bytes, that is read: enough for some 1,600 connections of one host, at 5 kB each."""
_COMPRESSED = b"\x1f\x8b"
"""How gzip data begins; no record begins like this."""
_GZIP = 16 + zlib.MAX_WBITS
"""The parameter wbits with which zlib reads gzip."""

_CHECK = "check that nothing on the host changes the output of PowerShell."


class OversizedAnswerError(RrasError):
    """The output, or the answer in it, is too large. most: the most bytes that an answer may have."""

    reason = NO_ANSWER

    def __init__(self, most: int) -> None:
        super().__init__(
            f"The host answered with more than {most // 2**20} MiB, more than any valid answer needs; {_CHECK}"
        )


class MalformedAnswerError(RrasError):
    """The answer of a host is not made of the records that this collection knows. wrong: what the answer does."""

    reason = NO_ANSWER

    def __init__(self, wrong: str) -> None:
        super().__init__(f"The answer of the host {wrong}; {_CHECK}")


@dataclasses.dataclass(frozen=True, slots=True)
class Ran:
    """How a program ended on the host: its exit code (-1: not run to its end) and the requested lines of its output."""

    code: int
    lines: tuple[str, ...]


@dataclasses.dataclass(frozen=True, slots=True)
class Failure:
    """The error that ended an execution."""

    fault: Fault
    verb: str
    path: str
    message: str
    outcome: Outcome
    left: str
    """What could not be undone; if the outcome is `undone`, what was started and is still running."""


@dataclasses.dataclass(frozen=True, slots=True)
class Answer:
    """What a host answered."""

    tree: Tree
    denied: frozenset[str]
    """The keys of the tree that not even administrators may read; nothing is known of their values."""
    access: Mapping[str, str]
    digests: tuple[str, ...]
    ran: Mapping[str, Ran]
    assigned_by: str
    deleted: tuple[str, ...]
    failure: Failure | None


def encode(step: steps.Step) -> str:
    """Return the record that asks for a step. It begins with the verb, which is the step's name."""
    return "\t".join((type(step).__name__, *_fields(step)))


def unpacked(text: str) -> str:
    """Return the records of an answer that arrived compressed (RFC 1952), in base64, broken into lines.

    The ready-made answers of hosts on which the script can't run are not compressed.

    Raises `MalformedAnswerError` for damaged data, `OversizedAnswerError` for more than `MOST_RECORDS`.
    """
    try:
        data = base64.b64decode("".join(text.split()), validate=True)
        return (_inflated(data) if data.startswith(_COMPRESSED) else data).decode("utf-8")
    except (ValueError, zlib.error):
        raise MalformedAnswerError("is damaged") from None


def decode_frame(text: str) -> Answer:
    """Read an answer in the form in which it arrives. Raises what `unpacked` and `decode` raise."""
    return decode(unpacked(text))


def decode(text: str) -> Answer:
    """Read an answer.

    Raises `MalformedAnswerError`, naming the last key that was read, if a record has not the form that this module
    describes.
    """
    reader = _Reader()
    try:
        for line in text.splitlines():
            verb, *fields = line.split("\t")
            reader.read(verb, fields)
    except (ValueError, LookupError, OverflowError) as error:
        place = f" at {reader.path}" if reader.path else ""
        raise MalformedAnswerError(f"can't be read{place} ({type(error).__name__})") from None
    if not reader.ended:
        raise MalformedAnswerError("has no end")
    return reader.answer()


_TEXTS = (Kind.SZ, Kind.EXPAND_SZ, Kind.MULTI_SZ)
_KIND_NAMES = {
    Kind.SZ: "String",
    Kind.EXPAND_SZ: "ExpandString",
    Kind.MULTI_SZ: "MultiString",
    Kind.DWORD: "DWord",
    Kind.QWORD: "QWord",
    Kind.BINARY: "Binary",
    Kind.NONE: "None",
    Kind.WITHHELD: "Withheld",
}
_KINDS = {name: kind for kind, name in _KIND_NAMES.items()}


def _fields(step: steps.Step) -> tuple[str, ...]:  # noqa: C901, PLR0911 - one line a verb reads best
    match step:
        case steps.Prepare(nonce, seconds):
            return _base64(nonce), str(seconds)
        case steps.ReadTree(path, names, depth, containing):
            return path, containing or ",".join(names) or "*", str(depth)
        case steps.RunProgram(program, arguments, pattern, must_succeed, undo):
            must = "must" if must_succeed else "may"
            return program, arguments, _base64(pattern), must, program if undo else "", undo
        case steps.ExpectUnchanged(path, digest):
            return path, digest
        case steps.ExpectValue(path, name, value):
            return path, name, _data(value) if value else ""
        case steps.ExpectSealed(path, name, source) | steps.Seal(path, name, source):
            return path, name, source
        case steps.CreateKey(path, volatile):
            return path, "Volatile" if volatile else "None"
        case steps.ProtectKey(path, access):
            return path, access
        case steps.SetValue(path, name, value):
            return path, name, _KIND_NAMES[value.kind], _data(value)
        case steps.UnsetValue(path, name) | steps.DeleteListed(path, name):
            return path, name
        case steps.CopyKey(source, target):
            return source, target
        case steps.ReadDigest(path) | steps.DeleteKey(path) | steps.Flush(path) | steps.AssignPolicy(path):
            return (path,)


def _inflated(data: bytes) -> bytes:
    stream = zlib.decompressobj(_GZIP)
    found = stream.decompress(data, MOST_RECORDS + 1)
    if len(found) > MOST_RECORDS:
        raise OversizedAnswerError(MOST_RECORDS)
    if not stream.eof or stream.unused_data:
        raise ValueError("cut")
    return found


class _Reader:
    """Collects records into an `Answer`."""

    def __init__(self) -> None:
        self.ended = False
        self.path = ""
        """The key that the next values belong to."""
        self._keys: dict[str, dict[str, Value]] = {}
        self._denied: list[str] = []
        self._access: dict[str, str] = {}
        self._digests: list[str] = []
        self._ran: dict[str, Ran] = {}
        self._assigned_by = ""
        self._deleted: list[str] = []
        self._failure: Failure | None = None

    def read(self, verb: str, fields: list[str]) -> None:  # noqa: C901 - one case a verb reads best
        match verb, fields:
            case "key", [path]:
                self.path = _text(path)
                self._keys[self.path] = {}
            case "value", [name, kind, data]:
                self._keys[self.path][_text(name)] = _value(kind, data)
            case "access", [access]:
                self._access[self.path] = _text(access)
            case "denied", [path]:
                self._denied.append(_text(path))
                self._keys[self._denied[-1]] = {}
            case "digest", [digest]:
                self._digests.append(digest)
            case "ran", [command, code, lines]:
                self._ran[_text(command)] = Ran(int(code), tuple(_text(lines).splitlines()))
            case "assigned", [how]:
                self._assigned_by = how
            case "deleted", [path]:
                self._deleted.append(_text(path))
            case "done", []:
                self.ended = True
            case "error", [fault, failed, path, message, outcome, left]:
                self.ended = True
                self._failure = Failure(Fault(fault), failed, path, _text(message), Outcome(outcome), _text(left))
            case _:
                raise ValueError(verb)

    def answer(self) -> Answer:
        tree = Tree(Key(path, values) for path, values in self._keys.items())
        return Answer(
            tree=tree,
            denied=frozenset(self._denied),
            access=self._access,
            digests=tuple(self._digests),
            ran=self._ran,
            assigned_by=self._assigned_by,
            deleted=tuple(self._deleted),
            failure=self._failure,
        )


def _data(value: Value) -> str:
    """Return the field for a value's data."""
    if value.kind in (Kind.DWORD, Kind.QWORD):
        return _base64(str(int.from_bytes(value.data, "little", signed=True)))
    return _base64(value.text if value.kind in _TEXTS else value.data)


def _value(kind_name: str, data: str) -> Value:
    """Return the value that a field stands for; one of an unknown kind becomes a value of Kind.NONE."""
    kind = _KINDS.get(kind_name, Kind.NONE)
    if kind in _TEXTS:
        return Value(kind, _text(data).encode("utf-16-le"))
    if kind in (Kind.DWORD, Kind.QWORD):
        return Value(kind, int(_text(data)).to_bytes(4 if kind is Kind.DWORD else 8, "little", signed=True))
    return Value(kind, base64.b64decode(data, validate=True))


def _base64(data: str | bytes) -> str:
    return base64.b64encode(data.encode() if isinstance(data, str) else data).decode("ascii")


def _text(field: str) -> str:
    return base64.b64decode(field, validate=True).decode("utf-8")
