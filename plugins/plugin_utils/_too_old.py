# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes every plugin say one sentence if the controller's Python is too old. This module itself needs Python 3.7.

Ansible says little of a plugin that can't be imported, and does not give the reason where a filter is used. So every
plugin can still be imported, and whatever it takes from the rest of the collection refuses to be used.
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
    """The type of a stand-in for anything in this collection: it has every attribute, but can only be a base class."""

    def __getattr__(cls, name: str) -> type:
        return cls


class _Refusal(metaclass=_Refusing):
    def __init__(self, *_given: object, **_options: object) -> None:
        raise AnsibleError(sentence())


ActionBase.register(_Refusal)  # otherwise Ansible does not accept the stand-in as an action


def sentence() -> str:
    """Return the sentence that every plugin says."""
    return (
        f"The collection rras.ipsec needs Python 3.11 or newer on the controller, and this is Python "
        f"{sys.version_info[0]}.{sys.version_info[1]}; install ansible-core for a newer one."
    )


def refuse() -> None:
    """Make whatever is imported from this package from now on refuse to be used."""
    sys.meta_path.insert(0, _Finder())


class _Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds an empty module for any name in this package."""

    def find_spec(self, name: str, *_place: object) -> importlib.machinery.ModuleSpec | None:
        inside = name.startswith(PACKAGE + ".")
        return importlib.machinery.ModuleSpec(name, self, is_package=True) if inside else None

    def exec_module(self, module: types.ModuleType) -> None:
        module.__getattr__ = lambda _name: _Refusal  # type: ignore[method-assign]
