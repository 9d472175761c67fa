# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes a file of variables on the controller for a policy that exists."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import yaml

from ansible_collections.rras.ipsec.plugins.plugin_utils._policy import adopt, describe, store
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.host import HostState
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.registry import Tree
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.render import reg_file
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.results import AdoptResult
from ansible_collections.rras.ipsec.plugins.plugin_utils._private_files import (
    PrivateFilesError,
    PrivateFolder,
    folder_name,
)
from ansible_collections.rras.ipsec.plugins.plugin_utils._work.target import Target

NAME: Final = "l2tp_adopted.yml"


@dataclasses.dataclass(frozen=True, slots=True)
class Source:
    """A store that was read, what is known of its server, and any findings that nothing else reports."""

    store: store.Store
    place: adopt.Place
    findings: tuple[str, ...] = ()
    seen: HostState | None = None
    """The server's state, if Ansible reaches it."""

    @classmethod
    def live(cls, target: Target, place: adopt.Place) -> Source:
        """Read a server that Ansible reaches."""
        seen = target.read()
        own = frozenset(entry.address for entry in seen.addresses)
        return cls(seen.store, dataclasses.replace(place, own=own), seen=seen)

    @classmethod
    def export(cls, file: str, code_page: str, place: adopt.Place) -> Source:
        """Read a registration file. Raises `PrivateFilesError` or `AdoptError` with one sentence."""
        tree = _read(Path(file).expanduser(), code_page)
        return cls(store.Store.read(tree), place, tuple(adopt.export_findings(place.host, tree)))


def write_variables(source: Source, folder: str, policy: str, *, check_mode: bool) -> AdoptResult:
    """Write the variables that declare a server's policy; return the task's result."""
    host = source.place.host
    found = adopt.chosen(source.store, policy)
    adopted = adopt.adopt(found, source.place)
    if source.seen:
        adopted = adopt.with_surroundings(adopted, found, source.seen)
    place = PrivateFolder(Path(folder).expanduser().absolute() / folder_name(host), tightened=False)
    text = _text(found, adopted, host)
    content = {NAME: text.encode()}
    changed = bool(place.differing(content, [NAME]))
    before = place.read(NAME) or b""
    if changed and not check_mode:
        place.write(content, [NAME])
    path = str(place.path / NAME)
    return {
        "changed": changed,
        "file": path,
        "findings": list(source.findings),
        "left_out": list(adopted.left_out),
        "site_changes": list(adopted.changes),
        "key_variables": sorted(adopted.keys),
        "steps": list(_steps(path, host, adopted)),
        "diff": {"before": before.decode(errors="replace"), "after": text, "before_header": path, "after_header": path},
    }


class _Unsafe(str):
    """A text that Ansible must not take for a template."""

    __slots__ = ()


class _Dumper(yaml.SafeDumper):
    """A YAML dumper that marks such texts with Ansible's tag."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        """Indent lists below their names, as ansible-lint requires."""
        del indentless
        super().increase_indent(flow, indentless=False)

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ANN401 - any part of the variables
        """Write everything out, because aliases are hard to edit."""
        del data
        return True


_Dumper.add_representer(_Unsafe, lambda dumper, text: dumper.represent_scalar("!unsafe", str(text), style='"'))


def _read(path: Path, code_page: str) -> Tree:
    try:
        return reg_file.read(path.read_bytes(), code_page)
    except OSError as error:
        raise PrivateFilesError(f"{path} can't be read ({error.strerror}); write the path of an export.") from None
    except LookupError:
        raise PrivateFilesError("code_page is not known; write, for example, cp1252 or cp932.") from None
    except reg_file.RegFileError as error:
        raise adopt.AdoptError(
            f"{path} is damaged: line {error.line} {error.problem.rstrip('.')}; export it again with regedit."
        ) from None


def _steps(path: str, host: str, adopted: adopt.Adopted) -> Iterator[str]:
    yield f"{path} declares the policy of {host}."
    for variable, connection in adopted.keys.items():
        yield f"Write the key of {connection!r} into the vaulted variable {variable}; verify compares it."
    for name, address in adopted.peers.items():
        yield f"Add the host {name} with l2tp_address {address} to the inventory, or rename it in peers."
    yield (
        "Write each connection once, into the variables of a group that contains both ends: an end that was adopted "
        "apart may call it otherwise."
    )
    yield from adopted.advice
    for sentence in adopted.left_out:
        yield f"Not declared: {sentence}"
    yield from adopted.changes


def _text(found: store.StoredPolicy, adopted: adopt.Adopted, host: str) -> str:
    """Return the file's text: remarks, whose lines no foreign name can end, then the variables."""
    said = [f"The IP security policy {describe.shown(found.shown_name)} of {host} as it was read. No key is in here."]
    remarks = [*said, *_remarks(adopted)]
    lines = "".join(f"# {describe.escaped(line)}\n" for line in remarks)
    variables = {name: _safe(value) for name, value in adopted.variables.items() if value not in ("", None)}
    return f"{lines}---\n{yaml.dump(variables, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=100)}"


def _remarks(adopted: adopt.Adopted) -> Sequence[str]:
    return [
        *(f"{name} must hold the key of {connection!r}, in a vault." for name, connection in adopted.keys.items()),
        *(f"The inventory has no host for {address}, called {name} here." for name, address in adopted.peers.items()),
        *adopted.advice,
        *(f"Not declared: {sentence}" for sentence in adopted.left_out),
        *adopted.changes,
    ]


def _safe(value: Any, name: str = "") -> Any:  # noqa: ANN401 - any part of the variables
    """Return the variables with foreign texts marked as no templates; only the keys' templates are ours."""
    if isinstance(value, dict):
        return {key: _safe(item, key) for key, item in value.items()}
    if isinstance(value, list):
        return [_safe(item, name) for item in value]
    if not isinstance(value, str):
        return value
    plain = str.__str__(value)  # newer cores have a string type of their own for what comes out of variables
    return plain if name == "preshared_key" or "{" not in plain else _Unsafe(plain)
