# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
r"""Records that nobody would send, and what a record may reach, decided without regular expressions.

A candidate is a correct record into which something wrong was put. Most are refused; each accepted one is examined for
what it names. This examination is a third version of the allow-list, beside the script's and the twin's.
"""

from __future__ import annotations

import base64
import random
from collections.abc import Callable, Iterator, Sequence

from ansible_collections.rras.ipsec.tests.support.transactions import OWN, POLICY, RASMAN, STORE, SUCCEEDING

WRITING = ("setvalue", "unsetvalue", "seal", "createkey", "protectkey", "deletekey", "copykey", "assignpolicy")
PLACES = (
    "SAM",
    "SECURITY\\Policy\\Secrets",
    "SOFTWARE",
    "SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\Run",
    "SYSTEM\\CurrentControlSet\\Services\\RasMan",
    "SYSTEM\\CurrentControlSet\\Services\\RasMan\\Parameters\\Below",
    "SYSTEM\\CurrentControlSet\\Control\\Lsa",
    "HKEY_LOCAL_MACHINE\\SOFTWARE\\rras.ipsec",
    f"{OWN}\\..\\Microsoft",
    f"{OWN}\\",
    f"{OWN}2",
    f"\\{OWN}",
    OWN.replace(".", "x"),
    f"{STORE}\\Other",
    f"{STORE}\\..",
    f"{STORE[:-6]}\\GPTIPSECPolicy",
    f"{POLICY}\\Below",
    POLICY,
    OWN,
    STORE,
    RASMAN,
)
PROGRAMS = ("cmd", "powershell", "netsh.exe", "..\\netsh", "reg", "sc", "net", "netsh")
ARGUMENTS = (
    "/c calc",
    "stop RemoteAccess",
    "user x y /add",
    "delete PolicyAgent",
    "exec file",
    "ipsec static delete all",
)
FUNCTIONS = (
    "Start-Program",
    "Set-Data",
    "Invoke-Expression",
    "Get-Access",
    "Undo-Program",
    "iex",
    "&",
    "Fail",
    "Prepare",
)
PIECES = (
    *(
        "\t",
        "\\",
        "..",
        "\\..\\",
        "*",
        ";",
        "&",
        "|",
        "`",
        "'",
        '"',
        "$(calc)",
        "@{}",
        "{",
        "}",
        "(",
        ")",
        "\0",
        "\x1b",
        "%x%",
    ),
    *(" ", ",", "/", ".", "-", "+", "=", "0", "9", "A", "z", "\r", "\x0b", "#records", "[void]", "\t\t"),
)
EditRecord = Callable[[random.Random, str, Sequence[str]], str]
SYSTEM_PROGRAMS = {"netsh", "net", "sc"}


def candidates(seed: int, count: int) -> Iterator[str]:
    """Yield wrong records, always the same ones for the same seed."""
    chance = random.Random(seed)  # noqa: S311 - nothing secret
    right = sorted({line for case in SUCCEEDING for line in case.records})
    for _ in range(count):
        line = chance.choice(right)
        for _again in range(chance.choice((1, 1, 1, 2, 3))):
            line = chance.choice(_EDITS)(chance, line, right)
        yield line.replace("\n", "").replace("\r", "")


def reached(line: str) -> str:
    """Return what an accepted record names although it must not; empty if there is nothing."""
    verb, *fields = [*line.split("\t"), ""] if "\t" not in line else line.split("\t")
    verb = verb.lower()
    if verb == "runprogram":
        return _program(*fields[:2]) or (_program(*fields[4:6]) if len(fields) > 4 and fields[4] else "")
    if verb == "assignpolicy":
        return "" if not fields[0] or _is_object(fields[0]) else fields[0]
    if verb not in WRITING:
        return ""
    if verb == "copykey":
        return "" if _is_own(fields[1]) else fields[1]
    path = fields[0]
    if path.lower() == RASMAN.lower():
        one = verb in ("setvalue", "unsetvalue") and fields[1].lower() == "prohibitipsec"
        return "" if one else f"{verb} of {path}"
    whole = verb in ("createkey", "setvalue", "unsetvalue") and path.lower() == STORE.lower()
    return "" if whole or _is_own(path) or _is_object(path) else path


def _is_own(path: str) -> bool:
    """Return whether this is our key or one below it; their names consist of letters and digits."""
    ours, *below = path.lower().removeprefix("software\\").split("\\")
    return path.lower().startswith("software\\") and ours == "rras.ipsec" and all(map(_is_name, below))


def _is_object(path: str) -> bool:
    """Return whether this is an object of the policy store: a word and a GUID, exactly at its level."""
    parent, _separator, name = path.rpartition("\\")
    word, brace, guid = name.partition("{")
    digits = guid.removesuffix("}").split("-")
    right = [len(part) for part in digits] == [8, 4, 4, 4, 12] and set("".join(digits)) <= set("0123456789abcdefABCDEF")
    return (
        parent.lower() == STORE.lower()
        and word.lower().startswith("ipsec")
        and _is_name(word)
        and bool(brace)
        and right
    )


def _is_name(text: str) -> bool:
    return bool(text) and text.replace("_", "a").isascii() and text.replace("_", "a").isalnum()


def _program(program: str, arguments: str) -> str:
    """Return what in a command line is not ours. None of ours contains more than plain words to a shell."""
    wrong = program.lower() not in SYSTEM_PROGRAMS or any(sign in arguments for sign in "&|;<>%^`\"'$()\\")
    word = arguments.split(" ", maxsplit=1)[0].lower()
    known = {"netsh": ("ipsec", "advfirewall"), "net": ("start", "stop"), "sc": ("query", "control", "config")}
    return f"{program} {arguments}" if wrong or word not in known[program.lower()] else ""


def _insert(chance: random.Random, line: str, _right: Sequence[str]) -> str:
    place = chance.randrange(len(line) + 1)
    return line[:place] + chance.choice(PIECES) + line[place:]


def _replace(chance: random.Random, line: str, _right: Sequence[str]) -> str:
    place = chance.randrange(len(line))
    return line[:place] + chance.choice(PIECES) + line[place + 1 :]


def _cut(chance: random.Random, line: str, _right: Sequence[str]) -> str:
    first, last = sorted(chance.randrange(len(line) + 1) for _ in range(2))
    return line[:first] + line[last:] or "x"


def _case(chance: random.Random, line: str, _right: Sequence[str]) -> str:
    return chance.choice((line.upper, line.lower, line.swapcase))()


def _field(*choices: str) -> EditRecord:
    def edit(chance: random.Random, line: str, _right: Sequence[str]) -> str:
        fields = line.split("\t")
        fields[chance.randrange(len(fields))] = chance.choice(choices)
        return "\t".join(fields)

    return edit


def _path(chance: random.Random, line: str, _right: Sequence[str]) -> str:
    fields = line.split("\t")
    paths = [number for number, field in enumerate(fields) if "\\" in field] or [len(fields) - 1]
    fields[chance.choice(paths)] = chance.choice(PLACES)
    return "\t".join(fields)


def _verb(chance: random.Random, line: str, right: Sequence[str]) -> str:
    verb = chance.choice((chance.choice(right).split("\t")[0], chance.choice(FUNCTIONS)))
    return "\t".join([verb, *line.split("\t")[1:]])


def _listed(chance: random.Random, _line: str, _right: Sequence[str]) -> str:
    """Return the record that writes a list for DeleteListed."""
    data = base64.b64encode("\0".join(chance.sample(PLACES, 3)).encode()).decode()
    return f"SetValue\t{OWN}\tText\tMultiString\t{data}"


def _splice(chance: random.Random, line: str, right: Sequence[str]) -> str:
    other = chance.choice(right)
    return line[: chance.randrange(len(line) + 1)] + other[chance.randrange(len(other) + 1) :] or "x"


_EDITS: tuple[EditRecord, ...] = (
    _insert,
    _replace,
    _cut,
    _case,
    _field(*PLACES),
    _field(*PROGRAMS, *ARGUMENTS),
    _field(*PIECES),
    _path,
    _path,
    _verb,
    _listed,
    _splice,
)
