# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is read from a host, and what it means: services, addresses, our record, ProhibitIpSec, the agent's filters."""

from __future__ import annotations

import dataclasses
import enum
import ipaddress
import re
from collections.abc import Collection, Iterable, Mapping

from ansible_collections.rras.ipsec.plugins.plugin_utils._policy import firewall, steps
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.clear_text import InEffect
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.registry import Key, Tree, Value, join
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.store import LOCAL, Store, StoredPolicy

SERVICES = r"SYSTEM\CurrentControlSet\Services"
RASMAN = join(SERVICES, "RasMan", "Parameters")
PROHIBIT_IPSEC = "ProhibitIpSec"
PROHIBITED = Value.dword(1)
"""The ProhibitIpSec with which RRAS makes no L2TP filter of its own. A number of another kind does not count."""
INTERFACES = join(SERVICES, "Tcpip", "Parameters", "Interfaces")
LINKAGE = join(SERVICES, "Tcpip", "Linkage")
"""Its value Bind names the interfaces that TCP/IP is bound to. An adapter that was removed keeps its key elsewhere."""
DOMAIN_POLICY = r"SOFTWARE\Policies\Microsoft\Windows\IPSec\GPTIPSECPolicy"
MACHINE = (
    (r"SYSTEM\CurrentControlSet\Control\ComputerName\ActiveComputerName", "ComputerName"),
    (r"SOFTWARE\Microsoft\Cryptography", "MachineGuid"),
)
"""What tells one machine from another, together with its addresses."""
_L2TP_MINIPORT = "ms_l2tpminiport"
NETWORK_ADAPTERS = r"SYSTEM\CurrentControlSet\Control\Class\{4d36e972-e325-11ce-bfc1-08002be10318}"

OURS = r"SOFTWARE\rras.ipsec"
STATE = join(OURS, "State")
TRANSACTION = join(OURS, "Transaction")
AFTER = join(TRANSACTION, "After")
BLOCKED_IPV6 = "BlockedIpv6"
VALUE_NOTE = join(OURS, "ProhibitIpSec")
RESTART_PENDING = join(VALUE_NOTE, "RestartPending")
LOADING_UNPROVED = join(OURS, "LoadingUnproved")
"""A volatile key: the agent listed the addresses of the assigned policy before it was assigned."""
SERVICES_NOTE = join(OURS, "Services")
BACKUP = join(OURS, "Backup")
ACCESS_BEFORE = "AccessBefore"
"""The value of our key that lists the rules of others whose access lists we replaced, each with the list (SDDL)."""

SHOW_FILTERS = steps.Run("netsh", "ipsec dynamic show qmfilter all", r"\d+\.\d+\.\d+\.\d+")
SHOW_POLICIES = steps.Run("netsh", "ipsec static show policy all", r"(?m)^\s*ERR \w*\s*\[.*")
FIREWALL = "MpsSvc"
_SERVICE_NAMES = ("PolicyAgent", "IKEEXT", "RasMan", "RemoteAccess", FIREWALL)
_STATE_LINE = re.compile(r":\s*([0-9a-fA-F]+)\s*")
_RUNNING = 4


class StartType(enum.IntEnum):
    """The value Start of a service, by the words of sc.exe."""

    BOOT = 0
    SYSTEM = 1
    AUTO = 2
    DEMAND = 3
    DISABLED = 4


class Phase(enum.StrEnum):
    """How far an unfinished transaction came."""

    STAGING = "staging"
    STAGED = "staged"
    COMMITTED = "committed"


@dataclasses.dataclass(frozen=True, slots=True)
class Service:
    """A Windows service as the registry and sc.exe show it."""

    name: str
    start: StartType | None
    running: bool
    depends_on: tuple[str, ...] = ()
    depends_on_groups: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True, slots=True)
class HostAddress:
    """One IPv4 address of a host's interfaces."""

    address: str
    dynamic: bool


@dataclasses.dataclass(frozen=True, slots=True)
class L2tpPorts:
    """The L2TP ports of RRAS, and what their properties allow; None for what is not known."""

    count: int | None = None
    remote_access: bool | None = None
    """Remote access connections (inbound only)."""
    routing: bool | None = None
    """Demand-dial routing connections (inbound and outbound)."""
    outbound_routing: bool | None = None
    """Demand-dial routing connections (outbound only)."""


@dataclasses.dataclass(frozen=True, slots=True)
class Theirs:
    """A policy that somebody else wrote and that is kept for the way back: it is in use, or ours took its name."""

    path: str
    name: str
    """The name that it had."""


@dataclasses.dataclass(frozen=True, slots=True)
class PendingTransaction:
    """What an earlier phase left on the host for the next one."""

    id: str
    phase: Phase
    policy: str
    """The path of the policy that is assigned once it is committed; empty for none."""
    previous: str
    """The path of the policy that was assigned before; empty for none."""
    written: tuple[str, ...]
    obsolete: tuple[str, ...]
    owned_after: tuple[str, ...]
    replaced_after: str
    taken_over_after: tuple[Theirs, ...]
    adopted_after: tuple[Theirs, ...]
    blocked_ipv6: bool
    """Whether our rule of Windows Firewall was not there before it."""


@dataclasses.dataclass(frozen=True, slots=True)
class ValueNote:
    """What we remember of ProhibitIpSec: what we set, what was there before us, and whether a restart is pending."""

    recorded: bool
    """Whether it is known what was there before us."""
    set_to: int | None
    before: Value | None
    restart_pending: bool
    start_known: bool = False
    """Whether it is known with which value Windows started, though it was changed since then."""
    started_with: Value | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class Host:
    """Everything that was read from a host in one execution."""

    store: Store
    digest: str
    owned: tuple[str, ...]
    replaced: str
    recorded_taken_over: tuple[Theirs, ...]
    recorded_adopted: tuple[Theirs, ...]
    access_before: tuple[str, ...]
    """What stands in `ACCESS_BEFORE`."""
    pending: PendingTransaction | None
    backed_up: bool
    services_before: Mapping[str, Value]
    prohibit_ipsec: Value | None
    value_note: ValueNote
    services: Mapping[str, Service]
    addresses: tuple[HostAddress, ...]
    domain_policy: str
    listed: frozenset[str]
    loading_proved: bool
    """Whether the addresses that the agent lists can tell that it loaded the assigned policy, not an earlier one."""
    policies_valid: bool | None
    """Whether netsh finds no fault with the policies; None: it was not asked, or there is none, which is one to it."""
    windows_firewall: firewall.WindowsFirewall
    machine: str
    """What is equal for two readings of one machine, and of no two machines of a network."""
    l2tp_ports: L2tpPorts

    @property
    def in_force(self) -> PendingTransaction | None:
        """The unfinished transaction, if it was committed, or cut after it had changed which policy is assigned."""
        pending = self.pending
        if pending is None or pending.phase is Phase.STAGING:
            return None
        active, decided = self.store.active_path.casefold(), pending.policy.casefold()
        switched = active == decided and active != pending.previous.casefold()
        return pending if pending.phase is Phase.COMMITTED or switched else None

    @property
    def claimed(self) -> tuple[str, ...]:
        """The paths of all objects that are on record as ours; not all of them need exist."""
        written = self.pending.written if self.pending else ()
        taken = self.in_force.owned_after if self.in_force else ()
        return tuple(dict.fromkeys((*self.owned, *written, *taken)))

    @property
    def ours(self) -> frozenset[str]:
        """As `claimed`, in lower case."""
        return frozenset(path.casefold() for path in self.claimed)

    @property
    def our_policies(self) -> tuple[StoredPolicy, ...]:
        """The policies in the store that are on record as ours."""
        return tuple(found for found in self.store.policies if found.path.casefold() in self.ours)

    @property
    def displaced(self) -> str:
        """The path of somebody else's policy that ours took the place of; empty where there is none."""
        return self.in_force.replaced_after if self.in_force else self.replaced

    @property
    def taken_over(self) -> tuple[Theirs, ...]:
        """The policies that were taken over and are still there.

        What a transaction gives back or forgets counts until it is finished: names and objects change only then.
        """
        taken = self.in_force.taken_over_after if self.in_force else ()
        found = {each.path: each for each in (*taken, *self.recorded_taken_over)}
        return tuple(each for path, each in found.items() if self.store.at(path))

    @property
    def adopted(self) -> tuple[Theirs, ...]:
        """The policies that were there before us with the declared meaning: they are used as they are.

        One that a transaction forgets counts until it is finished, for it is deleted only then.
        """
        found = self.recorded_adopted
        if self.in_force:
            forgotten = [each for each in found if each.path in self.in_force.obsolete]
            found = (*self.in_force.adopted_after, *forgotten)
        return tuple(each for each in found if self.store.at(each.path))

    @property
    def used(self) -> frozenset[str]:
        """The paths of what is ours and of adopted policies, in lower case."""
        return self.ours | {each.path.casefold() for each in self.adopted}

    @property
    def prohibited(self) -> bool:
        """Whether ProhibitIpSec keeps RRAS from making its automatic filters when Windows starts: a REG_DWORD of 1."""
        return self.prohibit_ipsec == PROHIBITED

    @property
    def taken_away(self) -> bool:
        """Whether the value was there and somebody else removed it: Windows may still run with it."""
        was_there = self.value_note.set_to is not None or self.value_note.before == PROHIBITED
        return was_there and not self.prohibited

    @property
    def value_to_give_back(self) -> Value | None:
        """What stands at ProhibitIpSec after a removal: what was there before us, where we set what is there now.

        A value that somebody took away is not brought back: nobody would know that L2TP needs another protection then.
        """
        note = self.value_note
        ours = note.set_to is not None and (self.prohibited or note.before != PROHIBITED)
        return note.before if ours else self.prohibit_ipsec

    @property
    def started_with_it(self) -> tuple[Value | None] | None:
        """The ProhibitIpSec with which Windows started, in a tuple; None where that can't be known.

        A value that is not 1 counts as the one that Windows started with, unless we know of a change.
        """
        if self.value_note.restart_pending:
            return (self.value_note.started_with,) if self.value_note.start_known else None
        known = InEffect.YES if self.prohibited else InEffect.UNKNOWN
        return (self.prohibit_ipsec,) if self.in_effect is known else None

    @property
    def in_effect(self) -> InEffect:
        """Whether Windows started with the ProhibitIpSec that is there now."""
        if self.value_note.restart_pending or self.taken_away:
            return InEffect.NO
        if self.prohibited and self.value_note.set_to == PROHIBITED.number:
            return InEffect.YES
        return InEffect.UNKNOWN


_PORT_PROPERTIES = ("EnableForRas", "EnableForRouting", "EnableForOutboundRouting")


def reading(*, validity: bool = False) -> tuple[steps.Step, ...]:
    """The steps that read all of `Host`; with validity, netsh is asked as well whether the policies are valid."""
    services = tuple(
        step
        for name in _SERVICE_NAMES
        for step in (
            steps.ReadTree(join(SERVICES, name), ("Start", "DependOnService", "DependOnGroup")),
            steps.Run("sc", f"query {name}", r":\s+[0-9a-f]+\s"),
        )
    )
    return (
        SHOW_FILTERS,  # netsh comes before the store, in case it writes there even where it only shows
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
    """Why a host can't be understood of which these keys may not be read, a sentence; empty where it can be.

    An object of the policy store that is denied is one that can't be read; some keys below the network adapters' are
    denied on every Windows.
    """
    needed = (LOCAL, RASMAN, INTERFACES, LINKAGE, DOMAIN_POLICY, *(join(SERVICES, name) for name in _SERVICE_NAMES))
    folded = {path.casefold() for path in needed}
    for path in sorted(denied):
        if path.casefold() in folded or f"{path}\\".casefold().startswith(f"{OURS}\\".casefold()):
            return f"not even an administrator may read the key {path} of this host; let Administrators read it."
    return ""


def understand(
    tree: Tree,
    access: Mapping[str, str],
    digest: str,
    ran: Mapping[str, tuple[int, tuple[str, ...]]],
    denied: Collection[str] = (),
) -> Host:
    """What the answers to `reading` mean.

    access: the access list (SDDL) of each rule's key, by path; ran: exit code and lines by command; denied: the keys
    that not even administrators may read.
    """
    store = Store.read(tree, access, denied)
    services = {name: _service(tree, ran, name) for name in _SERVICE_NAMES}
    return Host(
        store=store,
        digest=digest,
        owned=_texts(tree, STATE, "Owned"),
        replaced=_text(tree, STATE, "Replaced"),
        recorded_taken_over=_theirs(tree, STATE, "TakenOver"),
        recorded_adopted=_theirs(tree, STATE, "Adopted"),
        access_before=_texts(tree, OURS, ACCESS_BEFORE),
        pending=_pending(tree),
        backed_up=_text(tree, OURS, "BackedUp") != "",
        services_before=dict(tree.get(SERVICES_NOTE) or {}),
        prohibit_ipsec=tree.value(RASMAN, PROHIBIT_IPSEC),
        value_note=_value_note(tree),
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


def _pending(tree: Tree) -> PendingTransaction | None:
    key = tree.get(TRANSACTION)
    if key is None:
        return None
    phase = key.text("Phase")
    return PendingTransaction(
        id=key.text("Id"),
        phase=Phase(phase) if phase in tuple(Phase) else Phase.STAGING,
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


def _value_note(tree: Tree) -> ValueNote:
    return ValueNote(
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
    # sc.exe prints TYPE, then STATE; its labels are translated
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
    """The interfaces that are there: of all that have a key, those that TCP/IP is bound to."""
    bound = {device.rpartition("\\")[2].casefold() for device in _texts(tree, LINKAGE, "Bind")}
    return [key for key in tree.children(INTERFACES) if not bound or key.name.casefold() in bound]


def _addresses(interfaces: Iterable[Key]) -> Iterable[HostAddress]:
    """Their addresses. Beside a dynamic one a static one may stand (dhcpstaticipcoexistence, Windows Server 2019)."""
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
    except ValueError:  # something else made of four numbers
        return False
    return True


def _machine(tree: Tree) -> str:
    """Names alone don't tell: they are cut to 15 characters, and a clone keeps its MachineGuid."""
    addresses = sorted(entry.address for entry in _addresses(_interfaces(tree)))
    return " ".join((*(_text(tree, path, name) for path, name in MACHINE), *addresses)).strip()


def _policies_valid(ran: Mapping[str, tuple[int, tuple[str, ...]]]) -> bool | None:
    shown = ran.get(f"netsh {SHOW_POLICIES.arguments}")
    return None if shown is None else shown == (0, ())


def _l2tp_ports(adapters: Iterable[Key]) -> L2tpPorts:
    for key in adapters:
        if key.text("ComponentId").casefold() == _L2TP_MINIPORT and "WanEndpoints" in key:
            return L2tpPorts(key["WanEndpoints"].number, *(_flag(key, name) for name in _PORT_PROPERTIES))
    return L2tpPorts()


def _flag(key: Key, name: str) -> bool | None:
    number = key[name].number if name in key else None
    return None if number is None else number != 0
