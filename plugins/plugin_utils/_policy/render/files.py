# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""All files of one server."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import Final

from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.render import (
    ipsecpol,
    netsh,
    reg_file,
    registration,
    steps,
    swanctl,
    xl2tpd,
)
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.render.rendering import (
    PeerType,
    RenderError,
    Rendering,
)

REG: Final = "l2tp.reg"
UNDO_REG: Final = "undo.reg"
STEPS: Final = "STEPS.txt"
_FITTING: Final[Mapping[PeerType, Mapping[str, Callable[[Rendering], str]]]] = {
    PeerType.WINDOWS_2000: {"ipsecpol.cmd": ipsecpol.batch_file, "undo-ipsecpol.cmd": ipsecpol.undoing},
    PeerType.WINDOWS: {"netsh.txt": netsh.script, "undo-netsh.txt": netsh.undoing},
}
"""The files for each type of server, besides those for all."""
_ON_LINUX: Final[Mapping[str, Callable[[Rendering], str]]] = {
    "swanctl.conf": swanctl.configuration,
    "xl2tpd.conf": xl2tpd.configuration,
}
"""All files for strongSwan. Nothing undoes them: they are deleted there."""
NAMES: Final = (REG, UNDO_REG, STEPS, *(name for fitting in _FITTING.values() for name in fitting), *_ON_LINUX)
"""Every file name that any rendering may write."""


@dataclasses.dataclass(frozen=True, slots=True)
class Files:
    """The content of each file, by name, and why other files are missing, a sentence each."""

    content: Mapping[str, bytes] = dataclasses.field(repr=False)
    refused: tuple[str, ...] = ()


def files_of(rendering: Rendering, *, undo_only: bool = False) -> Files:
    """Return the files of one server. A form that can't express the policy is left out, with the reason.

    undo_only: only the files that take away what the others brought. Raises `codec.CodecError` for what a store can't
    hold, and `RenderError` for what strongSwan can't do, since there is no other form for it.
    """
    if rendering.peer_type is PeerType.STRONGSWAN:
        written_there = {} if undo_only else {name: form(rendering) for name, form in _ON_LINUX.items()}
        return Files({name: text.encode() for name, text in written_there.items()})
    content = {UNDO_REG: reg_file.encode(registration.undoing(rendering))}
    if not undo_only:
        content[REG] = reg_file.encode(registration.setting_up(rendering))
    refused: list[str] = []
    for name, written in _FITTING[rendering.peer_type].items():
        if undo_only and not name.startswith("undo"):
            continue
        try:
            content[name] = written(rendering).encode()
        except RenderError as error:
            refused.append(f"{name}: {error}")
    if not undo_only:
        content[STEPS] = b"\xef\xbb\xbf" + steps.text(rendering, tuple(refused)).encode()
    return Files(content, tuple(refused))
