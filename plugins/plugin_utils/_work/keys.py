# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes keys for connections that have none, in an encrypted file on the controller."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ansible.errors import AnsibleError

from ansible_collections.rras.ipsec.plugins.plugin_utils import _view
from ansible_collections.rras.ipsec.plugins.plugin_utils._keys_file import KeysFile
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.errors import OptionsError
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.network import Written, keyring, malformed


def make(
    hostvars: _view.HostVars, hosts: Iterable[str], file: KeysFile, rotate: str, *, check_mode: bool
) -> Mapping[str, Any]:
    """Make the missing keys, and a new key for the connection to rotate; return the task's result.

    Raises `OptionsError` if what the hosts declare can't be read, and what `Keyring.to_make` raises.
    """
    declared = {host: _written(hostvars, host) for host in hosts}
    wrong = dict.fromkeys(sentence for written in declared.values() for sentence in malformed(written))
    if wrong:
        raise OptionsError(" ".join(wrong))
    found = keyring(declared, file.keys)
    names = found.to_make(rotate)
    if names and not check_mode:
        file.with_new(names).write()
    lines = "".join(f"{'another' if name in found.kept else 'a'} key for {name}\n" for name in names)
    return {"changed": bool(names), "connections": list(names), "diff": {"before": "", "after": lines}}


def _written(hostvars: _view.HostVars, host: str) -> Written:
    try:
        return _view.written(hostvars[host])
    except AnsibleError as error:
        raise OptionsError(
            f"What {host} declares can't be read ({type(error).__name__}); "
            "check the templates in l2tp_connections, l2tp_default and l2tp_preshared_keys."
        ) from None
