# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files on the controller for one host that Ansible can't reach."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ansible_collections.rras.ipsec.plugins.plugin_utils import _rendering
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy import describe, model, render, store
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.render import reg_file
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.results import RenderResult
from ansible_collections.rras.ipsec.plugins.plugin_utils._private_files import PrivateFolder, folder_name

_NONCE = b"for a comparison on the controller"


@dataclasses.dataclass(frozen=True, slots=True)
class HostFiles:
    """The files of one host, and the folder that they belong into."""

    host: str
    folder: PrivateFolder
    rendering: render.Rendering
    undo_only: bool

    @classmethod
    def of(
        cls,
        declared: _rendering.Declared,
        options: Mapping[str, Any],
        kinds: Mapping[str, render.PeerType],
    ) -> HostFiles:
        """What a host is to get. Raises an `RrasError` with all that is wrong with its declaration."""
        host = declared.host
        problems = declared.problems(kinds)
        if not problems and not declared.options["rules"]:
            problems = [f"No connection names {host}, so there is nothing to write for it; correct l2tp_connections."]
        if problems:
            raise _rendering.OptionsError(" ".join(problems))
        wanted = _rendering.declare(declared.options)
        rendering = render.fit(wanted, kinds[host], server=host, keys=options["keys"])
        folder = PrivateFolder(Path(options["folder"]).expanduser().absolute() / folder_name(host))
        return cls(host, folder, rendering, options["undo_only"])

    def predict(self) -> RenderResult:
        """The result of `write`, without writing."""
        return self._result(self._files())

    def write(self) -> RenderResult:
        """Write the files. The task's result."""
        files = self._files()
        result = self._result(files)
        if result["changed"]:
            self.folder.write(files.content, self._names)
        return result

    @property
    def _names(self) -> tuple[str, ...]:
        return tuple(name for name in render.NAMES if name.startswith("undo") or not self.undo_only)

    def _files(self) -> render.Files:
        """What is to stand in the folder: what undoes an earlier rendering stays, for that may have been another."""
        files = render.files_of(self.rendering, undo_only=self.undo_only)
        before = {name: self.folder.read(name) for name in files.content} if self.undo_only else {}
        kept = {name: data for name, data in before.items() if data is not None}
        return render.Files({**files.content, **kept}, files.refused)

    def _result(self, files: render.Files) -> RenderResult:
        path = str(self.folder.path)
        result: RenderResult = {
            "changed": bool(self.folder.differing(files.content, self._names)),
            "folder": path,
            "files": sorted(files.content),
            "refused": list(files.refused),
            "warnings": [f"{self.host}: not written: {sentence}" for sentence in files.refused],
            "steps": self._steps(),
        }
        if not self.undo_only:
            result["diff"] = {
                "before": self._text(self._policy_before()),
                "after": self._text(self.rendering.policy),
                "before_header": path,
                "after_header": path,
            }
        return result

    def _steps(self) -> list[str]:
        if self.undo_only:
            return [
                (
                    f"Ansible does not reach {self.host}, so nothing was removed there. The files that undo what was "
                    f"rendered for it are in {self.folder.path}: on {self.host}, stop RRAS (net stop RemoteAccess), "
                    f"import {render.UNDO_REG}, and restart it; {render.UNDO_REG} says the rest."
                )
            ]
        return [
            (
                f"Bring one of the files in {self.folder.path} to {self.host}, follow its remarks, and delete it "
                "there. First the policy, then ProhibitIpSec, then the restart; the other ends need their policies too."
            )
        ]

    def _policy_before(self) -> model.Policy | None:
        """The policy that was rendered before, with its keys; None where there is none, or none that can be read."""
        data = self.folder.read(render.REG)
        try:
            found = store.Store.read(reg_file.read(data)).policies if data else ()
        except reg_file.RegFileError:
            return None
        return found[0].policy if found else None

    def _text(self, policy: model.Policy | None) -> str:
        """A policy in words, its keys only as being the declared ones or not."""
        declared = {rule.name: rule.masked(_NONCE).authentication for rule in self.rendering.policy.rules}
        word = describe.key_states(declared) if self.rendering.keys else _left_out
        return describe.text(policy.masked(_NONCE) if policy else None, word)


def _left_out(_rule: str, _method: model.AuthenticationMethod) -> str:
    return "left out"
