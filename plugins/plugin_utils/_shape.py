# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether options have the shape that their spec asks for; checked before ansible-core's validator sees them.

The validator quotes what it refuses, before it knows what is secret. Here nothing that was given is quoted, neither a
value nor the name of an unknown option: either may be a key in the wrong place.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from ansible.module_utils.parsing.convert_bool import boolean

from ansible_collections.rras.ipsec.plugins.plugin_utils._policy import texts

Spec = Mapping[str, Mapping[str, Any]]
"""An argument spec, in the form that a module uses."""
Option = Mapping[str, Any]
GivenText = tuple[str, str]
"""The path of an option, and the text that was given for it."""

_MADE_BY_US = ("transaction",)
"""Options whose text no user chooses: a key that happens to be part of one is not a mistake."""
_WHOLE_NUMBER = re.compile(r"[+-]?\d{1,18}", re.ASCII)


def problems(spec: Spec, given: Mapping[str, object], where: str = "") -> Iterator[str]:
    """Yield what is wrong with the shape of options, a sentence each. An option that is null counts as left out.

    where: the path of these options; empty for those of a task.
    """
    unknown = sum(name not in spec for name in given)
    if unknown:
        yield _unknown(spec, unknown, where or "The task")
    for name, option in spec.items():
        value = given.get(name)
        if value is not None:
            yield from _misshapen(_join(where, name), _kind(option), option, value)
        elif option.get("required"):
            yield f"{_join(where, name)} is missing; write {_wanted(option)}."


def secrets(spec: Spec, given: Mapping[str, object]) -> list[GivenText]:
    """Return the texts of options marked no_log. The options must be free of `problems`."""
    return [(path, text) for path, option, text in _texts(spec, given, "") if option.get("no_log")]


def shown(spec: Spec, given: Mapping[str, object]) -> list[GivenText]:
    """Return the texts that a user chose and that results show unchanged: names, descriptions, addresses."""
    return [
        (path, text)
        for path, option, text in _texts(spec, given, "")
        if not option.get("no_log") and "choices" not in option and path not in _MADE_BY_US
    ]


def exposed(hidden: Iterable[GivenText], visible: Iterable[GivenText]) -> Iterator[str]:
    """Yield a sentence for each secret that is part of a shown text, without regard to case."""
    folded = [(path, text.casefold()) for path, text in visible]
    for path, secret in hidden:
        wanted = secret.casefold()
        place = next((place for place, text in folded if wanted.strip() and wanted in text), "")
        if place:
            yield f"{path} is part of {place}, which is shown; write another key, or change that text."


def truth(value: object) -> bool | None:
    """Read a boolean as Ansible's modules do; None for anything else, null and an empty text included."""
    try:
        return bool(boolean(value))
    except TypeError:
        return None


def listed(value: object) -> list[Any]:
    """Read a list as Ansible's modules do: a text is one item, or several separated by commas."""
    if isinstance(value, str):
        return [each.strip() for each in value.split(",") if each.strip()]
    return list(value) if isinstance(value, list | tuple) else [] if value is None else [value]


def plain(value: Any) -> Any:  # noqa: ANN401 - any YAML
    """Copy a value without Ansible's own string types; inline vault texts are decrypted."""
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, str) or hasattr(value, "__ENCRYPTED__"):
        return str(value)
    return value


def _join(where: str, name: str) -> str:
    return f"{where}.{name}" if where else name


def _kind(option: Option) -> str:
    return str(option.get("type", "str"))


def _misshapen(path: str, kind: str, option: Option, value: object) -> Iterator[str]:
    if not _IS[kind](value):
        yield _refusal(path, kind, option, value)
    elif isinstance(value, str) and texts.has_surrogate(value):
        yield f"{path} {texts.SURROGATE}"
    elif isinstance(value, Mapping):
        yield from problems(option["options"], value, path) if "options" in option else ()
    elif isinstance(value, list | tuple):
        for number, each in enumerate(value):
            yield from _misshapen(f"{path}[{number}]", option.get("elements", "raw"), option, each)
    elif "choices" in option and str(value) not in map(str, option["choices"]):
        yield _refusal(path, kind, option, value)


def _refusal(path: str, kind: str, option: Option, value: object) -> str:
    if "choices" in option:
        return f"{path} is not one of its choices; write {_either(option['choices'])}."
    if kind == "dict" and isinstance(value, list | tuple) and path.endswith("]"):
        whole = path.rpartition("[")[0]
        return f"{path} is a list, but must be a dictionary; write {whole} without a dash or brackets around it."
    return f"{path} must be {_REMEDIES[kind](option)}."


def _unknown(spec: Spec, number: int, where: str) -> str:
    what = (
        "an unknown option (its name is not shown, because it may be a key)"
        if number == 1
        else f"{number} unknown options (their names are not shown, because one may be a key)"
    )
    return f"{where} has {what}; the options are {', '.join(spec)}."


def _wanted(option: Option) -> str:
    """Return what to write for a missing option."""
    return _KINDS[_kind(option)]


def _options(option: Option) -> str:
    names = ", ".join(option.get("options", ()))
    return f"a dictionary; write {names}, each as 'option: value'" if names else "a dictionary"


def _either(choices: Iterable[object]) -> str:
    *others, last = map(str, choices)
    return f"{', '.join(others)} or {last}"


def _is_int(value: object) -> bool:
    number = isinstance(value, int) and not isinstance(value, bool)
    return number or (isinstance(value, str) and _WHOLE_NUMBER.fullmatch(value) is not None)


_IS: Mapping[str, Callable[[object], bool]] = {
    "raw": lambda _value: True,
    "str": lambda value: isinstance(value, str),
    "bool": lambda value: truth(value) is not None,
    "int": _is_int,
    "list": lambda value: isinstance(value, list | tuple),
    "dict": lambda value: isinstance(value, Mapping),
}
_KINDS = {"str": "a text", "bool": "true or false", "int": "a number", "list": "a list", "dict": "a dictionary"}
_REMEDIES: Mapping[str, Callable[[Option], str]] = {
    "str": lambda _option: "text; put it in quotes",
    "bool": lambda _option: "true or false; write one of them",
    "int": lambda option: f"a whole number; write, for example, {option.get('default') or 1}",
    "list": lambda _option: "a list; begin each entry with a dash",
    "dict": _options,
}


def _texts(spec: Spec, given: Mapping[str, object], where: str) -> Iterator[tuple[str, Option, str]]:
    for name, option in spec.items():
        yield from _texts_of(_join(where, name), option, given.get(name))


def _texts_of(path: str, option: Option, value: object) -> Iterator[tuple[str, Option, str]]:
    if isinstance(value, Mapping):
        yield from _texts(option.get("options", {}), value, path)
    elif isinstance(value, list | tuple):
        for number, each in enumerate(value):
            yield from _texts_of(f"{path}[{number}]", option, each)
    elif isinstance(value, str) and "str" in (_kind(option), option.get("elements")):
        yield path, option, value
