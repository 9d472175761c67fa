# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The L2TP part of a Linux server: xl2tpd.conf for a policy's peers. Source: the manual page xl2tpd.conf(5)."""

from __future__ import annotations

from collections.abc import Iterator

from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.render import swanctl
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.render.rendering import Rendering
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.texts import quoted

OPTIONS = "/etc/ppp/options.l2tp"


def configuration(rendering: Rendering) -> str:
    """Return the file; lines end in LF. Raises `RenderError` as `swanctl.configuration` does."""
    peers: dict[str, swanctl.SwanctlConnection] = {}
    for each in swanctl.connections(rendering):
        if each.method and each.remote:
            peers.setdefault(each.remote, each)
    return "".join(f"{line}\n" for line in _lines(rendering, peers))


def _lines(rendering: Rendering, peers: dict[str, swanctl.SwanctlConnection]) -> Iterator[str]:
    yield f"; xl2tpd.conf for {rendering.place} ({rendering.address}): L2TP inside the IPsec of swanctl.conf."
    yield "; 1. Load swanctl.conf first, and see that it is loaded whenever the server starts."
    yield "; 2. Write this file to /etc/xl2tpd/xl2tpd.conf."
    yield f"; 3. What PPP needs is not declared (user, password, addresses, routes): write it into {OPTIONS},"
    yield ";    or into a file for each peer."
    yield "; 4. Start xl2tpd."
    yield ""
    yield "[global]"
    yield "; No other address, for the policy protects this one."
    yield f"listen-addr = {rendering.address}"
    yield "port = 1701"
    yield "access control = yes"
    for remote, each in peers.items():
        yield from _calls(remote, each)


def _calls(remote: str, connection: swanctl.SwanctlConnection) -> Iterator[str]:
    """Yield both directions: RRAS may dial, and so may this server."""
    yield ""
    yield f"; The connection {quoted(connection.rule.name)}: calls from RRAS,"
    yield f"[lns {connection.name}]"
    yield f"lac = {remote}"
    yield "assign ip = no"
    yield f"pppoptfile = {OPTIONS}"
    yield ""
    yield f"; and calls to it: xl2tpd-control connect-lac {connection.name}"
    yield f"[lac {connection.name}]"
    yield f"lns = {remote}"
    yield f"pppoptfile = {OPTIONS}"
