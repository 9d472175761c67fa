# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is read from a host, and what the answers mean."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Collection, Iterable, Mapping

from ansible_collections.rras.ipsec.plugins.plugin_utils._policy import firewall, steps
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.host.paths import (
    ACCESS_BEFORE,
    AFTER,
    BLOCKED_IPV6,
    DOMAIN_POLICY,
    FIREWALL,
    INTERFACES,
    LINKAGE,
    LOADING_UNPROVED,
    MACHINE,
    NETWORK_ADAPTERS,
    OURS,
    PROHIBIT_IPSEC,
    RASMAN,
    RESTART_PENDING,
    SERVICES,
    SERVICES_NOTE,
    STATE,
    TRANSACTION,
    VALUE_NOTE,
)
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.host.state import (
    HostAddress,
    HostState,
    L2tpPorts,
    Progress,
    ProhibitIpSecNote,
    Service,
    StartType,
    Theirs,
    UnfinishedTransaction,
)
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.registry import (
    Key,
    NameSet,
    Tree,
    is_within,
    join,
    same,
)
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.store import LOCAL, Store

_L2TP_MINIPORT = "ms_l2tpminiport"
SHOW_FILTERS = steps.RunProgram("netsh", "ipsec dynamic show qmfilter all", r"\d+\.\d+\.\d+\.\d+")
SHOW_POLICIES = steps.RunProgram("netsh", "ipsec static show policy all", r"(?m)^\s*ERR \w*\s*\[.*")
_SERVICE_NAMES = ("PolicyAgent", "IKEEXT", "RasMan", "RemoteAccess", FIREWALL)
_STATE_LINE = re.compile(r":\s*([0-9a-fA-F]+)\s*")
_RUNNING = 4
_PORT_PROPERTIES = ("EnableForRas", "EnableForRouting", "EnableForOutboundRouting")


def reading(*, validity: bool = False) -> tuple[steps.Step, ...]:
    """Return the steps that read all of `HostState`. validity: also ask netsh whether the policies are valid."""
    services = tuple(
        step
        for name in _SERVICE_NAMES
        for step in (
            steps.ReadTree(join(SERVICES, name), ("Start", "DependOnService", "DependOnGroup")),
            steps.RunProgram("sc", f"query {name}", r":\s+[0-9a-f]+\s"),
        )
    )
    return (
        SHOW_FILTERS,  # netsh comes before the store is read, in case it writes there even when it only shows
        *((SHOW_POLICIES,) if validity else ()),
        steps.ReadTree(LOCAL, depth=9),
        steps.ReadDigest(LOCAL),
        steps.ReadTree(OURS, depth=3),
        steps.ReadTree(RASMAN, (PROHIBIT_IPSEC,)),
        *services,
        steps.ReadTree(INTERFACES, ("IPAddress", "DhcpIPAddress", "EnableDHCP"), depth=1),
        steps.ReadTree(LINKAGE, ("Bind",)),
        steps.ReadTree(DOMAIN_POLICY, ("DSIPSECPolicyPath",)),
        *firewall.reading(),
        steps.ReadTree(NETWORK_ADAPTERS, ("ComponentId", "WanEndpoints", *_PORT_PROPERTIES), depth=1),
        *(steps.ReadTree(path, (name,)) for path, name in MACHINE),
    )


def unreadable(denied: Iterable[str]) -> str:
    """Return why a host can't be understood if these keys may not be read, a sentence; empty if it can.

    A denied object of the policy store counts as unreadable, no more. Some keys below those of the network adapters are
    denied on every Windows.
    """
    services = (join(SERVICES, name) for name in _SERVICE_NAMES)
    needed = NameSet((LOCAL, RASMAN, INTERFACES, LINKAGE, DOMAIN_POLICY, *services))
    for path in sorted(denied):
        if path in needed or is_within(path, OURS):
            return f"not even an administrator may read the key {path} of this host; give Administrators read access."
    return ""


def understand(
    tree: Tree,
    access: Mapping[str, str],
    digest: str,
    ran: Mapping[str, tuple[int, tuple[str, ...]]],
    denied: Collection[str] = (),
) -> HostState:
    """Return what the answers to `reading` mean.

    access: the access list (SDDL) of each rule's key, by path; ran: exit code and lines by command; denied: the keys
    that not even administrators may read.
    """
    store = Store.read(tree, access, denied)
    services = {name: _service(tree, ran, name) for name in _SERVICE_NAMES}
    return HostState(
        store=store,
        digest=digest,
        recorded_owned=_texts(tree, STATE, "Owned"),
        recorded_replaced=_text(tree, STATE, "Replaced"),
        recorded_taken_over=_theirs(tree, STATE, "TakenOver"),
        recorded_adopted=_theirs(tree, STATE, "Adopted"),
        access_before=_texts(tree, OURS, ACCESS_BEFORE),
        unfinished=_unfinished(tree),
        backed_up=_text(tree, OURS, "BackedUp") != "",
        services_before=dict(tree.get(SERVICES_NOTE) or {}),
        prohibit_ipsec=tree.value(RASMAN, PROHIBIT_IPSEC),
        prohibit_ipsec_note=_value_note(tree),
        services=services,
        addresses=tuple(_addresses(_interfaces(tree))),
        domain_policy=_text(tree, DOMAIN_POLICY, "DSIPSECPolicyPath"),
        listed=_listed(ran),
        loading_proved=LOADING_UNPROVED not in tree,
        policies_valid=_policies_valid(ran) if store.policies else None,
        windows_firewall=firewall.understand(tree, running=services[FIREWALL].running),
        machine=_machine(tree),
        l2tp_ports=_l2tp_ports(tree.children(NETWORK_ADAPTERS)),
    )


def _text(tree: Tree, path: str, name: str) -> str:
    value = tree.value(path, name)
    return value.text if value else ""


def _texts(tree: Tree, path: str, name: str) -> tuple[str, ...]:
    value = tree.value(path, name)
    return value.texts if value else ()


def _number(tree: Tree, path: str, name: str) -> int | None:
    value = tree.value(path, name)
    return value.number if value else None


def _unfinished(tree: Tree) -> UnfinishedTransaction | None:
    key = tree.get(TRANSACTION)
    if key is None:
        return None
    progress = key.text("Phase")
    return UnfinishedTransaction(
        id=key.text("Id"),
        progress=Progress(progress) if progress in tuple(Progress) else Progress.STAGING,
        policy=key.text("Policy"),
        previous=key.text("Previous"),
        written=key.texts("Written"),
        obsolete=key.texts("Obsolete"),
        owned_after=_texts(tree, AFTER, "Owned"),
        replaced_after=_text(tree, AFTER, "Replaced"),
        taken_over_after=_theirs(tree, AFTER, "TakenOver"),
        adopted_after=_theirs(tree, AFTER, "Adopted"),
        blocked_ipv6=BLOCKED_IPV6 in key,
    )


def _theirs(tree: Tree, path: str, name: str) -> tuple[Theirs, ...]:
    pairs = zip(_texts(tree, path, name), _texts(tree, path, f"{name}Names"), strict=False)
    return tuple(Theirs(*pair) for pair in pairs)


def _value_note(tree: Tree) -> ProhibitIpSecNote:
    return ProhibitIpSecNote(
        recorded=_text(tree, VALUE_NOTE, "Recorded") != "",
        set_to=_number(tree, VALUE_NOTE, "Set"),
        before=tree.value(VALUE_NOTE, "Before"),
        restart_pending=RESTART_PENDING in tree,
        start_known=_text(tree, RESTART_PENDING, "Recorded") != "",
        started_with=tree.value(RESTART_PENDING, "Started"),
    )


def _service(tree: Tree, ran: Mapping[str, tuple[int, tuple[str, ...]]], name: str) -> Service:
    key = tree.get(join(SERVICES, name)) or Key("")
    _code, lines = ran.get(f"sc query {name}", (-1, ()))
    numbers = [found[1] for found in map(_STATE_LINE.fullmatch, lines) if found]
    # sc.exe prints TYPE, then STATE; its labels are translated.
    return Service(
        name=name,
        start=_start_type(key),
        running=len(numbers) > 1 and int(numbers[1], 16) == _RUNNING,
        depends_on=key.texts("DependOnService"),
        depends_on_groups=key.texts("DependOnGroup"),
    )


def _start_type(key: Key | None) -> StartType | None:
    start = key["Start"].number if key and "Start" in key else None
    return StartType(start) if start in tuple(StartType) else None


def _interfaces(tree: Tree) -> list[Key]:
    """Return the interfaces that exist: of all that have a key, those that TCP/IP is bound to."""
    bound = NameSet(device.rpartition("\\")[2] for device in _texts(tree, LINKAGE, "Bind"))
    return [key for key in tree.children(INTERFACES) if not bound or key.name in bound]


def _addresses(interfaces: Iterable[Key]) -> Iterable[HostAddress]:
    """Yield the addresses of interfaces.

    A static one may stand beside a dynamic one (dhcpstaticipcoexistence, Windows Server 2019).
    """
    for key in interfaces:
        enable_dhcp = key.get("EnableDHCP")
        leased = key.texts("DhcpIPAddress") if enable_dhcp and enable_dhcp.number else ()
        for text in dict.fromkeys((*leased, *key.texts("IPAddress"))):
            if text != "0.0.0.0" and _is_address(text):  # noqa: S104 - Windows' way of saying that there is no address
                yield HostAddress(text, text in leased)


def _listed(ran: Mapping[str, tuple[int, tuple[str, ...]]]) -> frozenset[str]:
    _code, lines = ran.get(f"netsh {SHOW_FILTERS.arguments}", (-1, ()))
    return frozenset(line for line in lines if _is_address(line))


def _is_address(text: str) -> bool:
    try:
        ipaddress.IPv4Address(text)
    except ValueError:  # four numbers, but no address
        return False
    return True


def _machine(tree: Tree) -> str:
    """Return an identifier of the machine.

    Neither name nor MachineGuid is enough: names are cut to 15 characters, clones keep the GUID.
    """
    addresses = sorted(entry.address for entry in _addresses(_interfaces(tree)))
    return " ".join((*(_text(tree, path, name) for path, name in MACHINE), *addresses)).strip()


def _policies_valid(ran: Mapping[str, tuple[int, tuple[str, ...]]]) -> bool | None:
    shown = ran.get(f"netsh {SHOW_POLICIES.arguments}")
    return None if shown is None else shown == (0, ())


def _l2tp_ports(adapters: Iterable[Key]) -> L2tpPorts:
    for key in adapters:
        if same(key.text("ComponentId"), _L2TP_MINIPORT) and "WanEndpoints" in key:
            return L2tpPorts(key["WanEndpoints"].number, *(_flag(key, name) for name in _PORT_PROPERTIES))
    return L2tpPorts()


def _flag(key: Key, name: str) -> bool | None:
    number = key[name].number if name in key else None
    return None if number is None else number != 0
