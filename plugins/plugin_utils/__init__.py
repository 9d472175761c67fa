# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Code that the plugins share.

Python runs this module before all others here, so even an older Python must parse it.
"""

from __future__ import annotations

import sys

if sys.version_info < (3, 11):  # noqa: UP036 - ansible-core 2.16 and 2.17 run on 3.10 as well
    from ansible_collections.rras.ipsec.plugins.plugin_utils import _too_old

    _too_old.refuse()
