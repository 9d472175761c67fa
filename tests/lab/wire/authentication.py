# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a client of a simulated host authenticates, and how its messages are sealed afterwards."""

from __future__ import annotations

import base64
import binascii
import dataclasses
import enum
import hmac
import struct

import spnego
import spnego.exceptions
from pypsrp.encryption import WinRMEncryption
from pypsrp.exceptions import WinRMError

USER = "Administrator"
DOMAIN_USER = f"{USER}@EXAMPLE.COM"
"""The same person, with the name in the form that a domain user writes."""
PASSWORD = "Lab-Passw0rd"
USER_FILE_VARIABLE = "NTLM_USER_FILE"
"""Names the file from which pyspnego reads users; only to be set in the lab's own process."""

CHALLENGES = ("Negotiate", 'Basic realm="WSMAN"')

_RAW_NTLM = b"NTLMSSP\0"
_PROTOCOL = WinRMEncryption.SPNEGO
_BOUNDARY = "Encrypted Boundary"
SEALED_TYPE = f'multipart/encrypted;protocol="{_PROTOCOL}";boundary="{_BOUNDARY}"'


def user_file() -> str:
    """Return the content of the file with the lab's users."""
    return "".join(f":{user}:{PASSWORD}\n" for user in (USER, DOMAIN_USER))


class AuthenticationScheme(enum.StrEnum):
    """How a connection was authenticated."""

    BASIC = "Basic"
    NEGOTIATE = "Negotiate"


@dataclasses.dataclass(frozen=True, slots=True)
class LoginVerdict:
    """What is known after one request."""

    scheme: AuthenticationScheme | None = None
    """None: not (yet) authenticated."""
    token: str = ""
    """The content of the header WWW-Authenticate in the answer."""


class SealingError(Exception):
    """A sealed message that can't be opened on this connection, often because an older connection's key sealed it."""


class Login:
    """The authentication of one TCP connection, as NTLM and Negotiate do it; Basic is checked at each request."""

    def __init__(self) -> None:
        self._context: spnego.ContextProxy | None = None

    def check(self, authorization: str) -> LoginVerdict:
        """Check the header Authorization of a request; it is empty if there is none."""
        scheme, _space, credentials = authorization.partition(" ")
        if scheme == AuthenticationScheme.BASIC:
            return LoginVerdict(AuthenticationScheme.BASIC if _is_known(credentials) else None)
        if scheme == AuthenticationScheme.NEGOTIATE:
            return self._negotiate(credentials)
        return LoginVerdict(AuthenticationScheme.NEGOTIATE if self._context and self._context.complete else None)

    def unseal(self, body: bytes) -> bytes:
        """Open the body of a sealed request. Raises `SealingError`."""
        try:
            return self._sealing().unwrap_message(body, _BOUNDARY)
        except (spnego.exceptions.SpnegoError, WinRMError, struct.error, LookupError, ValueError) as error:
            raise SealingError("the message does not belong to this connection") from error

    def seal(self, plain: bytes) -> bytes:
        """Return the body of a sealed answer. Raises `SealingError`."""
        return self._sealing().wrap_message(plain)[1]

    def _negotiate(self, credentials: str) -> LoginVerdict:
        try:
            token = base64.b64decode(credentials, validate=True)
            if self._context is None or self._context.complete:
                self._context = _context(token)
            answer = self._context.step(token)
        except (spnego.exceptions.SpnegoError, ValueError, struct.error):
            self._context = None
            return LoginVerdict()
        header = f"Negotiate {base64.b64encode(answer).decode()}" if answer else ""
        return LoginVerdict(AuthenticationScheme.NEGOTIATE if self._context.complete else None, header)

    def _sealing(self) -> WinRMEncryption:
        """Return the encryption. Both directions have the same form, so a client's library serves here as well."""
        if self._context is None or not self._context.complete:
            raise SealingError("nobody is authenticated")
        return WinRMEncryption(self._context, _PROTOCOL)


def _context(first_token: bytes) -> spnego.ContextProxy:
    """Return the server's side of an authentication: requests_ntlm sends bare NTLM messages, pypsrp SPNEGO."""
    if first_token.startswith(_RAW_NTLM):
        return spnego.server(protocol="ntlm", options=spnego.NegotiateOptions.use_ntlm)
    return spnego.server(protocol="negotiate", options=spnego.NegotiateOptions.use_negotiate)


def _is_known(credentials: str) -> bool:
    try:
        given = base64.b64decode(credentials, validate=True)
    except binascii.Error:
        return False
    return any(hmac.compare_digest(given, f"{user}:{PASSWORD}".encode()) for user in (USER, DOMAIN_USER))
