# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Make this checkout importable as ansible_collections.rras.ipsec, whatever folder it was cloned into."""

from __future__ import annotations

import os

from ansible.utils.collection_loader import AnsibleCollectionConfig
from ansible.utils.collection_loader._collection_finder import _AnsibleCollectionFinder

from . import ROOT, collections_root


def install_finder() -> None:
    """Install Ansible's own importer of collections, unless a test runner did it already."""
    if AnsibleCollectionConfig.collection_finder is not None:
        return
    given = os.environ.get("ANSIBLE_COLLECTIONS_PATH", "").split(os.pathsep)
    paths = [str(collections_root(ROOT)), *filter(None, given)]
    os.environ["ANSIBLE_COLLECTIONS_PATH"] = os.pathsep.join(dict.fromkeys(paths))
    _AnsibleCollectionFinder(paths=paths)._install()  # noqa: SLF001 (there is no public way)


install_finder()
