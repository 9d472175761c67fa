# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The steps that a plan is made of, as data.

Each step is one thing that the host does; if one fails, the host undoes all of them. Paths are relative to
HKEY_LOCAL_MACHINE. A step's name is its verb everywhere: the record begins with it, the function of transaction.ps1 has
it, and so has, in Python's spelling (`read_tree`), the method of the lab's twin.
"""

from __future__ import annotations

import dataclasses
import typing
from collections.abc import Mapping

from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.registry import Value


@dataclasses.dataclass(frozen=True, slots=True)
class Prepare:
    """Begin an execution: set the nonce for digests, and how many seconds a program may run on the host."""

    nonce: bytes = dataclasses.field(repr=False)
    seconds: int


@dataclasses.dataclass(frozen=True, slots=True)
class ReadTree:
    """Answer a key and what is below it, down to a depth; all values, or only those with these names.

    containing: only values whose data contain this text, which begins with `|`.
    """

    path: str
    names: tuple[str, ...] = ()
    depth: int = 0
    containing: str = ""


@dataclasses.dataclass(frozen=True, slots=True)
class ReadDigest:
    """Answer a digest of a key and everything below it, comparable within one task only."""

    path: str


@dataclasses.dataclass(frozen=True, slots=True)
class RunProgram:
    """Run a program; answer its exit code and what a pattern matches in its output. undo: arguments that undo it."""

    program: typing.Literal["netsh", "net", "sc"]
    arguments: str
    pattern: str = "^$"
    must_succeed: bool = False
    undo: str = ""


@dataclasses.dataclass(frozen=True, slots=True)
class ExpectUnchanged:
    """Stop with a conflict unless `ReadDigest` would still give the same answer."""

    path: str
    digest: str


@dataclasses.dataclass(frozen=True, slots=True)
class ExpectValue:
    """Stop with a conflict unless a value has this data; None: unless it is missing or empty."""

    path: str
    name: str
    value: Value | None


def expect_text(path: str, name: str, text: str) -> ExpectValue:
    """Return the step that stops with a conflict unless a value is this text."""
    return ExpectValue(path, name, Value.sz(text))


@dataclasses.dataclass(frozen=True, slots=True)
class ExpectSealed:
    """Stop with a conflict unless a key is still as it was when it was sealed."""

    path: str
    name: str
    source: str


@dataclasses.dataclass(frozen=True, slots=True)
class Seal:
    """Remember on the host, in a value, what a key holds now."""

    path: str
    name: str
    source: str


@dataclasses.dataclass(frozen=True, slots=True)
class CreateKey:
    """Create a key; a volatile key vanishes when the host restarts."""

    path: str
    volatile: bool = False


@dataclasses.dataclass(frozen=True, slots=True)
class ProtectKey:
    """Replace the access list of a key (SDDL)."""

    path: str
    access: str


@dataclasses.dataclass(frozen=True, slots=True)
class SetValue:
    """Write a value."""

    path: str
    name: str
    value: Value


@dataclasses.dataclass(frozen=True, slots=True)
class UnsetValue:
    """Delete a value, if it is there."""

    path: str
    name: str


@dataclasses.dataclass(frozen=True, slots=True)
class DeleteKey:
    """Delete a key and all below it, if it is there."""

    path: str


@dataclasses.dataclass(frozen=True, slots=True)
class DeleteListed:
    """Delete the objects of the policy store that a value lists."""

    path: str
    name: str


@dataclasses.dataclass(frozen=True, slots=True)
class CopyKey:
    """Copy a key and all below it into the target."""

    source: str
    target: str


@dataclasses.dataclass(frozen=True, slots=True)
class Flush:
    """Have Windows write to disk all changes in the hive of a key (SOFTWARE or SYSTEM), and wait for that."""

    path: str


@dataclasses.dataclass(frozen=True, slots=True)
class AssignPolicy:
    """Assign the policy whose key has this path; none if the path is empty."""

    path: str


Step = (
    Prepare
    | ReadTree
    | ReadDigest
    | RunProgram
    | ExpectUnchanged
    | ExpectValue
    | ExpectSealed
    | Seal
    | CreateKey
    | ProtectKey
    | SetValue
    | UnsetValue
    | DeleteKey
    | DeleteListed
    | CopyKey
    | Flush
    | AssignPolicy
)


@dataclasses.dataclass(frozen=True, slots=True)
class Verb:
    """What the controller must know of a verb besides the fields of its step."""

    doing: str
    """What the host was doing, as the end of "The host stopped while it"."""
    only_reads: bool = False
    """Whether the script can do without its functions that change anything."""


VERBS: typing.Final[Mapping[str, Verb]] = {
    "Prepare": Verb("prepared its work", only_reads=True),
    "ReadTree": Verb("read the registry", only_reads=True),
    "ReadDigest": Verb("read the registry", only_reads=True),
    "RunProgram": Verb("ran a program", only_reads=True),
    "ExpectUnchanged": Verb("compared the policy store with what was read"),
    "ExpectValue": Verb("compared a value with what was read"),
    "ExpectSealed": Verb("compared the policy store with what was staged"),
    "Seal": Verb("recorded what the policy store holds"),
    "CreateKey": Verb("created a key"),
    "ProtectKey": Verb("set the access list of a key"),
    "SetValue": Verb("wrote a value"),
    "UnsetValue": Verb("deleted a value"),
    "DeleteKey": Verb("deleted a key"),
    "DeleteListed": Verb("deleted a key"),
    "CopyKey": Verb("copied a key"),
    "Flush": Verb("wrote the registry to disk"),
    "AssignPolicy": Verb("assigned the policy"),
}
