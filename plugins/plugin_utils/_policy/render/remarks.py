# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What each rendered file says about itself: the safe order, and what the other ends must have."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from ansible_collections.rras.ipsec.plugins.plugin_utils._policy import firewall, model
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.render.rendering import PLACEHOLDER, Rendering
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.texts import quoted

RASMAN: Final = r"HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Services\RasMan\Parameters"
STORE: Final = r"HKEY_LOCAL_MACHINE\SOFTWARE\Policies\Microsoft\Windows\IPSec\Policy\Local"
KEYS_INSIDE: Final = (
    "This file holds preshared keys. Copy it to the server over a channel that nobody else can read, and delete it "
    "there afterwards."
)
BACKUP: Final = (
    "Before it, back up the registry (KB 240262, KB 256986):",
    f'  regedit /e before-policy.reg "{STORE}"',
    f'  regedit /e before-value.reg "{RASMAN}"',
)
WHY_THIS_ORDER: Final = (
    "First the policy, then ProhibitIpSec, then the restart: the value takes the automatic protection away from all "
    "L2TP of the server when Windows boots, so the policy must be assigned before."
)
BESIDE: Final = (
    "What no file does, before the restart:",
    "  let the service PolicyAgent start automatically;",
    "  check that no policy of the domain is assigned, for it would override this one;",
    "  add the line PolicyAgent to the value DependOnService of the service RemoteAccess, so that RRAS waits for it.",
)
STOP_RRAS: Final = (
    "Stop RRAS (net stop RemoteAccess): without it there is no L2TP that could be in clear text in between."
)
GIVE_BACK: Final = (
    "What was assigned before is not known here; import the backup before-policy.reg, or assign it in the console.",
    "If ProhibitIpSec was there before, import the backup before-value.reg too.",
)


def heading(rendering: Rendering, what: str) -> str:
    return f"{what} for {rendering.place}: the IP security policy {quoted(rendering.policy.name)} (KB 240262)."


def ipv6(rendering: Rendering) -> Iterator[str]:
    """Yield how to block L2TP over IPv6, which a policy of this kind does not cover."""
    if rendering.block_ipv6:
        yield "Windows Server 2008 and newer accept L2TP over IPv6 too, which the policy does not cover. Block it:"
        yield f"  netsh {firewall.ADD.arguments}"


def ipv6_again(rendering: Rendering) -> Iterator[str]:
    """Yield how to undo that."""
    if rendering.block_ipv6:
        yield f"Where L2TP over IPv6 was blocked: netsh {firewall.DELETE.arguments}"


def secrecy(rendering: Rendering) -> Iterator[str]:
    """Yield what to know about the keys in a file."""
    if rendering.needs_keys:
        yield f"The preshared keys are left out: '{PLACEHOLDER}' replaces them."
    elif any(rule.holds_secret for rule in rendering.policy.rules):
        yield KEYS_INSIDE


def other_ends(rendering: Rendering) -> Iterator[str]:
    """Yield what the other end of each connection must have, a line each."""
    for rule in rendering.policy.rules:
        if len(rule.filters) == 1 and rule.filter_action.negotiates and rule.filters[0].source.first is not None:
            filter_ = rule.filters[0]
            ends = f"source {filter_.source}, destination {filter_.destination}, not the other way round"
            yield (
                f"The other end of {quoted(rule.name)} must have the same filter ({ends}), {_shared(rule)}, a policy "
                "that is assigned, and ProhibitIpSec = 1."
            )


def _shared(rule: model.Rule) -> str:
    if rule.holds_secret:
        return "the same preshared key"
    authorities = [each.certificate_authority for each in rule.authentication if each.certificate_authority]
    return f"a certificate from {authorities[0]}" if authorities else "the same authentication"
