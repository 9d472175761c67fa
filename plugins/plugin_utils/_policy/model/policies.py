# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A policy and its parts."""

from __future__ import annotations

import dataclasses
import hashlib
import hmac
from collections.abc import Iterable
from typing import Final

from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.model.filters import Filter, FilterList
from ansible_collections.rras.ipsec.plugins.plugin_utils._policy.model.numbers import (
    Action,
    AuthenticationFlag,
    AuthenticationType,
    ConnectionType,
    DhGroup,
    Encryption,
    FilterActionType,
    IkeEncryption,
    Integrity,
    IpAddress,
    MainModeOption,
    Transform,
)


@dataclasses.dataclass(frozen=True, slots=True)
class AuthenticationMethod:
    """One way to authenticate, as a rule holds it.

    `data` is what the store holds: a preshared key, or the name of a certificate authority, as UTF-16LE with its NUL;
    two zero bytes for Kerberos. A method that was read from a host is already masked (see `masked`).
    """

    type: AuthenticationType | int
    data: bytes = dataclasses.field(repr=False)

    @classmethod
    def preshared_key(cls, text: str) -> AuthenticationMethod:
        return cls(AuthenticationType.PRESHARED_KEY, _terminated(text))

    @classmethod
    def certificate(cls, certificate_authority: str) -> AuthenticationMethod:
        return cls(AuthenticationType.CERTIFICATE, _terminated(certificate_authority))

    @classmethod
    def kerberos(cls) -> AuthenticationMethod:
        return cls(AuthenticationType.KERBEROS, bytes(2))

    @property
    def certificate_authority(self) -> str:
        """The distinguished name of the authority; empty for any other type."""
        if self.type != AuthenticationType.CERTIFICATE:
            return ""
        return self.data.decode("utf-16-le", errors="replace").partition("\0")[0]

    @property
    def is_secret(self) -> bool:
        """Whether `data` must not be shown: it is a preshared key, or of an unknown type."""
        return self.type not in (AuthenticationType.CERTIFICATE, AuthenticationType.KERBEROS)

    def masked(self, nonce: bytes) -> AuthenticationMethod:
        """Return what a host answers instead of this method: secret data becomes HMAC-SHA256(nonce, data)."""
        if not self.is_secret:
            return self
        return dataclasses.replace(self, data=hmac.new(nonce, self.data, hashlib.sha256).digest())


@dataclasses.dataclass(frozen=True, slots=True)
class Algorithm:
    """One protocol with its algorithms. AH has no encryption; for an unknown protocol, the two numbers are kept."""

    transform: Transform | int
    encryption: Encryption | int
    integrity: Integrity | int


@dataclasses.dataclass(frozen=True, slots=True)
class Offer:
    """A security method of a filter action: what quick mode proposes ([MS-GPIPSEC] 2.2.1.4.1).

    AH and ESP together are two algorithms of one offer. A lifetime of 0 means the default.
    """

    algorithms: tuple[Algorithm, ...]
    lifetime_seconds: int = 0
    lifetime_kilobytes: int = 0
    pfs: bool = False

    @property
    def falls_back_to_clear_text(self) -> bool:
        """Whether this is the empty offer: no protection with peers that don't use IPsec (netsh: soft=yes)."""
        return not self.algorithms


@dataclasses.dataclass(frozen=True, slots=True)
class FilterAction:
    """What happens to the packets that match a rule's filters; offers are in order of preference."""

    name: str = dataclasses.field(compare=False)
    action: Action | str
    offers: tuple[Offer, ...] = ()
    type: FilterActionType | str = FilterActionType.STANDARD
    description: str = dataclasses.field(default="", compare=False)

    @property
    def negotiates(self) -> bool:
        """Whether IKE is asked at all; if not, offers and authentication methods have no meaning."""
        return self.action not in (Action.BLOCK, Action.PERMIT)

    @property
    def accepts_unsecured(self) -> bool:
        """Whether unsecured packets are accepted and answered with IPsec (netsh: inpass=yes)."""
        return self.action == Action.NEGOTIATE_ACCEPTING_UNSECURED

    @property
    def falls_back_to_clear_text(self) -> bool:
        """Whether one of the offers is the empty one."""
        return self.negotiates and any(offer.falls_back_to_clear_text for offer in self.offers)


@dataclasses.dataclass(frozen=True, slots=True)
class MainModeMethod:
    """What main mode proposes. None means what the whole main mode says ([MS-GPIPSEC] 2.2.1.2.1)."""

    encryption: IkeEncryption | int
    integrity: Integrity | int
    group: DhGroup | int
    lifetime_seconds: int | None = None
    quick_mode_limit: int | None = None
    lifetime_kilobytes: int = 0


@dataclasses.dataclass(frozen=True, slots=True)
class MainMode:
    """The key exchange of a policy; methods are in order of preference.

    `lifetime_seconds` 0 means the default, `quick_mode_limit` 0 means no limit.
    """

    methods: tuple[MainModeMethod, ...] = ()
    lifetime_seconds: int = 0
    quick_mode_limit: int = 0
    master_pfs: bool = False
    options: MainModeOption | int = 0


@dataclasses.dataclass(frozen=True, slots=True)
class Rule:
    """Filters, what to do with the packets that match them, and how to authenticate, in order of preference.

    Without a filter list it is the default response rule. `alternate_authentication` is the second list of methods,
    which Windows Vista and later keep (None: there is none); `authentication_flags` holds one number for each method.
    """

    name: str
    filter_list: FilterList | None
    filter_action: FilterAction
    authentication: tuple[AuthenticationMethod, ...]
    connection_type: ConnectionType | int = ConnectionType.ALL
    active: bool = True
    tunnel_address: IpAddress | None = None
    alternate_authentication: tuple[AuthenticationMethod, ...] | None = None
    authentication_flags: tuple[AuthenticationFlag | int, ...] = ()
    description: str = ""
    interface_name: str = ""
    tunnel_name: str = ""

    @property
    def is_default_response(self) -> bool:
        """Whether this is the rule that answers requests for security that no other rule covers."""
        return self.filter_list is None and self.filter_action.type == FilterActionType.DEFAULT_RESPONSE

    @property
    def filters(self) -> tuple[Filter, ...]:
        """The filters of the list; empty for the default response rule."""
        return self.filter_list.filters if self.filter_list else ()

    @property
    def holds_secret(self) -> bool:
        """Whether any of the methods, alternate ones included, must not be shown."""
        return any(method.is_secret for method in (*self.authentication, *(self.alternate_authentication or ())))

    def masked(self, nonce: bytes) -> Rule:
        """Return this rule as a host answers it: without secrets (see `AuthenticationMethod.masked`)."""
        alternate = self.alternate_authentication
        return dataclasses.replace(
            self,
            authentication=_masked(self.authentication, nonce),
            alternate_authentication=None if alternate is None else _masked(alternate, nonce),
        )


DEFAULT_RESPONSE_RULE: Final = "default response rule"


@dataclasses.dataclass(frozen=True, slots=True)
class Policy:
    """A whole policy; the order of its rules has no meaning. `polling_interval` is in seconds, 0 is the default."""

    name: str
    description: str = ""
    polling_interval: int = 0
    main_mode: MainMode = MainMode()
    rules: tuple[Rule, ...] = ()

    @property
    def named_rules(self) -> tuple[tuple[str, Rule], ...]:
        """Each rule, with the name by which a person finds it, or else its number in the console's list."""
        listed = [rule for rule in self.rules if not rule.is_default_response]
        numbers = {id(rule): number for number, rule in enumerate(listed, start=1)}
        return tuple(
            (DEFAULT_RESPONSE_RULE if rule.is_default_response else rule.name or f"rule {numbers[id(rule)]}", rule)
            for rule in self.rules
        )

    def masked(self, nonce: bytes) -> Policy:
        """Return this policy as a host answers it: without secrets (see `AuthenticationMethod.masked`)."""
        return dataclasses.replace(self, rules=tuple(rule.masked(nonce) for rule in self.rules))


def default_response_rule(*, active: bool = False) -> Rule:
    """Return the default response rule with Kerberos and the six offers that Windows itself gives it."""
    esp = [
        Algorithm(Transform.ESP, encryption, integrity)
        for encryption in (Encryption.TRIPLE_DES, Encryption.NONE)
        for integrity in (Integrity.SHA1, Integrity.MD5)
    ]
    ah = [Algorithm(Transform.AH, Encryption.NONE, integrity) for integrity in (Integrity.SHA1, Integrity.MD5)]
    offers = tuple(Offer((algorithm,)) for algorithm in (*esp, *ah))
    action = FilterAction("", Action.NEGOTIATE, offers, FilterActionType.DEFAULT_RESPONSE)
    return Rule("", None, action, (AuthenticationMethod.kerberos(),), active=active)


def _terminated(text: str) -> bytes:
    return (text + "\0").encode("utf-16-le")


def _masked(methods: Iterable[AuthenticationMethod], nonce: bytes) -> tuple[AuthenticationMethod, ...]:
    return tuple(method.masked(nonce) for method in methods)
