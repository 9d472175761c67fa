# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes files on the controller for one host that Ansible can't reach."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ansible_collections.rras.ipsec.plugins.plugin_utils import _rendering
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy import describe, model, render, store
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.errors import OptionsError
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.render import reg_file
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.results import RenderResult
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.words import ROLE
from ansible_collections.rras.ipsec.plugins.plugin_utils._private_files import PrivateFolder, folder_name

_NONCE = b"for a comparison on the controller"


@dataclasses.dataclass(frozen=True, slots=True)
class HostFiles:
    """The files of one host, and the folder that they belong in."""

    host: str
    folder: PrivateFolder
    rendering: render.Rendering | None
    """None: nothing is declared for the host any more, so an earlier rendering can only be undone."""
    undo_only: bool
    warnings: tuple[str, ...] = ()
    """What stays in clear text on the host, a sentence each."""

    @classmethod
    def of(
        cls,
        declared: _rendering.Declared,
        options: Mapping[str, Any],
        kinds: Mapping[str, render.PeerType],
    ) -> HostFiles:
        """Return what a host is to get. Raises an `RrasError` with all that is wrong with its declaration."""
        host, undo_only = declared.host, options["undo_only"]
        folder = PrivateFolder(Path(options["folder"]).expanduser().absolute() / folder_name(host))
        if undo_only and not declared.is_connected:
            return cls(host, folder, None, undo_only)
        problems = declared.problems(kinds)
        if not problems and not declared.is_connected:
            problems = [f"No connection names {host}, so there is nothing to write for it; correct l2tp_connections."]
        if problems:
            raise OptionsError(" ".join(problems))
        wanted = _rendering.declare(declared.options)
        warnings: tuple[str, ...] = ()
        if not undo_only and kinds[host] is not render.PeerType.STRONGSWAN:
            _rendering.refuse_clear_text(wanted)
            warnings = tuple(_rendering.in_clear_text(wanted, kinds[host], ROLE))
        rendering = render.fit(wanted, kinds[host], server=host, keys=options["keys"])
        return cls(host, folder, rendering, undo_only, warnings)

    def predict(self) -> RenderResult:
        """Return the result of `write`, without writing."""
        return self._result(self._files())

    def write(self) -> RenderResult:
        """Write the files; return the task's result."""
        files = self._files()
        result = self._result(files)
        if result["changed"]:
            self.folder.write(files.content, self._names)
        return result

    @property
    def _names(self) -> tuple[str, ...]:
        return tuple(name for name in render.NAMES if name.startswith("undo") or not self.undo_only)

    def _files(self) -> render.Files:
        """Return the intended content of the folder. Files that undo an earlier, maybe different, rendering stay."""
        files = render.Files({})
        if self.rendering:
            files = render.files_of(self.rendering, undo_only=self.undo_only)
        before = {name: self.folder.read(name) for name in self._names} if self.undo_only else {}
        kept = {name: data for name, data in before.items() if data is not None}
        return render.Files({**files.content, **kept}, files.refused)

    def _result(self, files: render.Files) -> RenderResult:
        path = str(self.folder.path)
        differing = self.folder.differing(files.content, self._names)
        return {
            "changed": bool(differing),
            "folder": path,
            "files": sorted(files.content),
            "refused": list(files.refused),
            "warnings": [
                *(f"{self.host}: {sentence}" for sentence in self.warnings),
                *(f"{self.host}: not written: {sentence}" for sentence in files.refused),
            ],
            "steps": [self._undoing(files) if self.undo_only else self._using()],
            "diff": {
                "before": _lines(differing) + (self._text(self._policy_before()) if self._has_policy else ""),
                "after": _lines(_after(differing, files)) + (self._text(self._policy()) if self._has_policy else ""),
                "before_header": path,
                "after_header": path,
            },
        }

    @property
    def _on_linux(self) -> bool:
        return self.rendering is not None and self.rendering.peer_type is render.PeerType.STRONGSWAN

    @property
    def _has_policy(self) -> bool:
        """Whether the files hold a policy that can be compared with the one rendered before."""
        return not self.undo_only and not self._on_linux

    def _using(self) -> str:
        if self._on_linux:
            return (
                f"Bring the files in {self.folder.path} to {self.host} and follow their remarks: swanctl.conf first, "
                "then xl2tpd.conf; the other ends need their policies too."
            )
        return (
            f"Bring one of the files in {self.folder.path} to {self.host}, follow its remarks, and delete it there. "
            "First the policy, then ProhibitIpSec, then the restart; the other ends need their policies too."
        )

    def _undoing(self, files: render.Files) -> str:
        begin = f"Ansible does not reach {self.host}, so nothing was removed there."
        if self._on_linux:
            return (
                f"{begin} On {self.host}, stop xl2tpd, delete what was brought to it (/etc/xl2tpd/xl2tpd.conf, "
                "/etc/swanctl/conf.d/l2tp.conf), and run swanctl --load-all."
            )
        if not files.content:
            return (
                f"{begin} No connection names it, and {self.folder.path} has no file that undoes what was rendered "
                f"for it: use the {render.UNDO_REG} that was brought to it."
            )
        return (
            f"{begin} The files that undo what was rendered for it are in {self.folder.path}: on {self.host}, stop "
            f"RRAS (net stop RemoteAccess), import {render.UNDO_REG}, and restart it; {render.UNDO_REG} says the rest."
        )

    def _policy(self) -> model.Policy | None:
        return self.rendering.policy if self.rendering else None

    def _policy_before(self) -> model.Policy | None:
        """Return the policy that was rendered before, with its keys; None if there is none, or it can't be read."""
        data = self.folder.read(render.REG)
        try:
            found = store.Store.read(reg_file.read(data)).policies if data else ()
        except reg_file.RegFileError:
            return None
        return found[0].policy if found else None

    def _text(self, policy: model.Policy | None) -> str:
        """Return a policy in words; of its keys, only whether they are the declared ones."""
        rules = self.rendering.policy.rules if self.rendering else ()
        word = describe.key_states({rule.name: rule.masked(_NONCE).authentication for rule in rules})
        written = self.rendering is None or self.rendering.keys
        return describe.text(policy.masked(_NONCE) if policy else None, word if written else _left_out)


def _lines(states: Mapping[str, str]) -> str:
    return "".join(f"{'the folder' if name == '.' else name}: {state}\n" for name, state in states.items())


def _after(differing: Mapping[str, str], files: render.Files) -> dict[str, str]:
    """Return what will become of each file that differs."""
    return {name: "as rendered" if name in files.content or name == "." else "missing" for name in differing}


def _left_out(_rule: str, _method: model.AuthenticationMethod) -> str:
    return "left out"
