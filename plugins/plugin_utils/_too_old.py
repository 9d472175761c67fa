# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One sentence from every plugin where the controller's Python is too old. This module itself works since Python 3.7.

Ansible says little of a plugin that can't be imported, and nothing of the reason where a filter is used. So every
plugin can be imported, and whatever it takes from the rest of the collection refuses to be used.
"""

from __future__ import annotations

import importlib.abc
import importlib.machinery
import sys
import types

from ansible.errors import AnsibleError
from ansible.plugins.action import ActionBase

PACKAGE = __name__.rpartition(".")[0]


class _Refusing(type):
    """The type of what stands for anything of this collection: it has all attributes, and can only be derived from."""

    def __getattr__(cls, name: str) -> type:
        return cls


class _Refusal(metaclass=_Refusing):
    def __init__(self, *_given: object, **_options: object) -> None:
        raise AnsibleError(sentence())


ActionBase.register(_Refusal)  # Ansible does not find an action that is none


class _Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds an empty module for each name in this package."""

    def find_spec(self, name: str, *_place: object) -> importlib.machinery.ModuleSpec | None:
        inside = name.startswith(PACKAGE + ".")
        return importlib.machinery.ModuleSpec(name, self, is_package=True) if inside else None

    def exec_module(self, module: types.ModuleType) -> None:
        module.__getattr__ = lambda _name: _Refusal  # type: ignore[method-assign]


def sentence() -> str:
    """What every plugin says."""
    return (
        f"The collection rras.ipsec needs Python 3.11 or newer on the controller, and this is Python "
        f"{sys.version_info[0]}.{sys.version_info[1]}; install ansible-core for a newer one."
    )


def refuse() -> None:
    """From now on, whatever is imported from this package refuses to be used."""
    sys.meta_path.insert(0, _Finder())
