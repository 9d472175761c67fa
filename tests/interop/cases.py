# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is declared for two ends, what one of them has instead, and what must come of it."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from typing import Any, Final

ROW: Final = "handshake"
"""The property of a test that is one row of the table."""
KEY: Final = "Uji-Byodoin:1053/Phoenix"
OTHER_KEY: Final = "Nara-Todaiji:0752/Daibutsu"
AUTHORITY: Final = "CN=Example Root CA, O=Example"
OTHER_AUTHORITY: Final = "CN=Another Root CA, O=Example"
HUB: Final = "hub"
ANOTHER_KEY: Final = "has a preshared key other than the declared one"
MAIN_MODE, QUICK_MODE = "main mode", "quick mode"
NO_PROPOSAL: Final = "NO_PROPOSAL_CHOSEN"
"""What each end says of proposals of which it has none."""
_MD5: Final = {"integrity": "md5"}


@dataclasses.dataclass(frozen=True, kw_only=True)
class InteropCase:
    """A connection of the hub with a server of the lab, or with a Linux server."""

    name: str
    title: str
    means: Mapping[str, Any] = dataclasses.field(default_factory=lambda: {"preshared_key": KEY})
    """How the two ends authenticate, and the filter action if it is not the default."""
    two: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    """Variables of the second end."""
    changed: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    """What one end is then given instead, by a play of its own."""
    cause: str = ""
    """The words in which the verification says what is wrong; empty: both ends agree."""
    refused_in: str = ""
    """The mode in which IKE refuses it; empty: in none."""
    refusals: AbstractSet[str] = frozenset()
    """The words of that."""
    linux: bool = False
    """Whether the second end is a Linux server, with what the playbook render wrote for it."""

    @property
    def hosts(self) -> tuple[str, str]:
        """The two ends; a Linux server can't be changed, so the other end is, and is no hub then."""
        return f"{self.name}-1" if self.linux and self.changed else HUB, f"{self.name}-2"

    @property
    def changed_host(self) -> str:
        return self.hosts[0 if self.linux else 1]


CASES: Final = (
    InteropCase(name="plain", title="the defaults of the role"),
    InteropCase(
        name="quotes",
        title="a key with quotes, a backslash and braces",
        means={"preshared_key": 'Kyoto "Kinkaku\\ji" # {1397} = key'},
    ),
    InteropCase(
        name="digits",
        title="a key like hexadecimal digits, group 2 on one end",
        means={"preshared_key": "0x1397abcdef"},
        two={"l2tp_main_mode": {"methods": [{"dh_group": 2}]}},
    ),
    InteropCase(
        name="orders",
        title="the groups in two orders",
        two={"l2tp_main_mode": {"methods": [{"dh_group": 2}, {"dh_group": 14}]}},
    ),
    InteropCase(
        name="offers",
        title="one end has one offer more, and prefers it",
        two={"l2tp_filter_action": {"offers": [_MD5, {}]}},
    ),
    InteropCase(
        name="pfs",
        title="perfect forward secrecy",
        means={"preshared_key": KEY, "filter_action": {"pfs": True}},
    ),
    InteropCase(name="authority", title="certificates of one authority", means={"certificate_authority": AUTHORITY}),
    InteropCase(
        name="key",
        title="the key differs",
        changed={"authentication": [{"preshared_key": OTHER_KEY}]},
        cause=ANOTHER_KEY,
        refused_in=MAIN_MODE,
        refusals={"decryption failed"},
    ),
    InteropCase(
        name="letters",
        title="the key differs in the case of its letters",
        changed={"authentication": [{"preshared_key": KEY.swapcase()}]},
        cause=ANOTHER_KEY,
        refused_in=MAIN_MODE,
        refusals={"decryption failed"},
    ),
    InteropCase(
        name="groups",
        title="main mode: disjoint groups",
        changed={"main_mode": {"methods": [{"dh_group": 1}]}},
        cause="has 3DES / SHA1 / Diffie-Hellman group 1",
        refused_in=MAIN_MODE,
        refusals={NO_PROPOSAL},
    ),
    InteropCase(
        name="hashes",
        title="main mode: disjoint integrity",
        changed={"main_mode": {"methods": [_MD5]}},
        cause="has 3DES / MD5 / Diffie-Hellman group 14",
        refused_in=MAIN_MODE,
        refusals={NO_PROPOSAL},
    ),
    InteropCase(
        name="quick",
        title="quick mode: disjoint offers",
        changed={"filter_action": {"offers": [_MD5]}},
        cause="has ESP 3DES/MD5",
        refused_in=QUICK_MODE,
        refusals={NO_PROPOSAL},
    ),
    InteropCase(
        name="more-pfs",
        title="perfect forward secrecy on the second end only",
        changed={"filter_action": {"pfs": True}},
        cause="perfect forward secrecy",
        refused_in=QUICK_MODE,
        refusals={NO_PROPOSAL},
    ),
    InteropCase(
        name="less-pfs",
        title="perfect forward secrecy on the first end only",
        means={"preshared_key": KEY, "filter_action": {"pfs": True}},
        changed={"filter_action": {}},
        cause="perfect forward secrecy",
        refused_in=QUICK_MODE,
        refusals={NO_PROPOSAL},
    ),
    InteropCase(
        name="authorities",
        title="certificates of two authorities",
        means={"certificate_authority": AUTHORITY},
        changed={"authentication": [{"certificate_authority": OTHER_AUTHORITY}]},
        cause="has authentication: certificate from CN=Another Root CA, O=Example",
        refused_in=MAIN_MODE,
        refusals={"no trusted RSA public key", "not authenticated by CA"},
    ),
    InteropCase(
        name="methods",
        title="a key on one end, a certificate on the other",
        changed={"authentication": [{"certificate_authority": AUTHORITY}]},
        cause="has authentication: certificate from CN=Example Root CA, O=Example",
        refused_in=MAIN_MODE,
        refusals={"no shared key found", "AUTHENTICATION_FAILED"},
    ),
    InteropCase(
        name="swapped",
        title="source and destination swapped",
        changed={"filters": "swapped"},
        cause="has filter: ",
    ),
    InteropCase(name="linux", title="a Linux server, rendered", linux=True),
    InteropCase(
        name="linux-key",
        title="a Linux server, rendered before the key changed",
        linux=True,
        changed={"authentication": [{"preshared_key": OTHER_KEY}]},
        cause=ANOTHER_KEY,
        refused_in=MAIN_MODE,
        refusals={"decryption failed"},
    ),
)
STRICTER: Final = {"swapped"}
"""What charon negotiates all the same: it narrows traffic selectors, and Windows does not."""
