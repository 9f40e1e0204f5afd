"""AUTH on the server's side (RFC 4954 4): a mechanism, then lines of strict base64; what they mean is SASL's matter."""

import re
from typing import Final

from skrytka.model import reply as replies
from skrytka.model.errors import RemoteProtocolError
from skrytka.model.secret import Secret
from skrytka.protocol.sasl.base64 import decode
from skrytka.protocol.smtp.events import Authenticate, AuthResponse
from skrytka.protocol.smtp.parameters import CommandError

LINE_MAX: Final = 12288  # RFC 4954 4: octets, CRLF included
MECHANISMS: Final = ("PLAIN", "LOGIN")  # those that every listener for people offers
_MECHANISM: Final = re.compile(r"[A-Z0-9_-]{1,20}")  # RFC 4422 3.1
_EMPTY: Final = "="  # RFC 4954 4: an initial response of no octets
_CANCEL: Final = b"*"


def parse_auth(argument: str) -> Authenticate:
    """``mechanism [initial-response]``; CommandError."""
    mechanism, _, initial = argument.partition(" ")
    if not mechanism:
        raise CommandError(replies.BAD_SYNTAX)
    mechanism = mechanism.upper()
    if not _MECHANISM.fullmatch(mechanism):
        raise CommandError(replies.MECHANISM_UNKNOWN)
    if initial == _EMPTY:
        return Authenticate(mechanism, Secret(b""))
    return Authenticate(mechanism, _decode(initial.encode()) if initial else None)


def parse_response(line: bytes) -> AuthResponse:
    """The next line of the client; CommandError."""
    return AuthResponse(None if line == _CANCEL else _decode(line))


def _decode(line: bytes) -> Secret:
    try:
        return decode(line)
    except RemoteProtocolError:
        raise CommandError(replies.AUTH_SYNTAX) from None
