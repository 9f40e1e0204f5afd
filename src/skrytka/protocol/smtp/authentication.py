"""AUTH on the server's side (RFC 4954 4): mechanisms as exchanges, their lines strict base64; nothing is verified here.

PLAIN (RFC 4616) with or without its initial response; LOGIN, which no RFC describes and many programs speak: two
challenges, name and password.
"""

from typing import Final

from skrytka.model import reply as replies
from skrytka.model.errors import RemoteProtocolError
from skrytka.model.secret import Secret
from skrytka.protocol.sasl.base64 import decode
from skrytka.protocol.sasl.plain import PART_MAX, PlainCredentials, parse_plain
from skrytka.protocol.smtp.events import AuthChallenge, Authenticate
from skrytka.protocol.smtp.parameters import CommandError

LINE_MAX: Final = 12288  # RFC 4954 4: octets, CRLF included
MECHANISMS: Final = ("PLAIN", "LOGIN")
_ASK_PLAIN: Final = AuthChallenge(replies.AUTH_CONTINUE)
_ASK_NAME: Final = AuthChallenge(replies.AUTH_CONTINUE.with_text("VXNlcm5hbWU6"))  # "Username:"
_ASK_PASSWORD: Final = AuthChallenge(replies.AUTH_CONTINUE.with_text("UGFzc3dvcmQ6"))  # "Password:"
_EMPTY: Final = "="  # RFC 4954 4: an initial response of no octets

Step = AuthChallenge | Authenticate


class AuthExchange:
    """One AUTH command and the lines after it. CommandError ends it with its reply."""

    def __init__(self, mechanism: str) -> None:
        self._mechanism = mechanism
        self._name: str | None = None

    def begin(self, initial: str) -> Step:
        """``initial`` is what stood behind the mechanism, "" for nothing."""
        if initial == _EMPTY:
            return self._take(Secret(b""))
        if initial:
            return self._take(_decode(initial.encode()))
        return _ASK_PLAIN if self._mechanism == "PLAIN" else _ASK_NAME

    def respond(self, line: bytes) -> Step:
        """The next line of the client."""
        if line == b"*":  # RFC 4954 4
            raise CommandError(replies.AUTH_CANCELLED)
        return self._take(_decode(line))

    def _take(self, message: Secret) -> Step:
        if self._mechanism == "PLAIN":
            return Authenticate("PLAIN", _plain(message))
        if self._name is None:
            self._name = _text(message)
            return _ASK_PASSWORD
        if not 0 < len(message) <= PART_MAX:
            raise CommandError(replies.AUTH_SYNTAX)
        return Authenticate("LOGIN", PlainCredentials("", self._name, message))


def parse_auth(argument: str, offered: tuple[str, ...]) -> tuple[AuthExchange, str]:
    """``mechanism [initial-response]``."""
    mechanism, _, initial = argument.partition(" ")
    if mechanism.upper() not in offered:
        raise CommandError(replies.MECHANISM_UNKNOWN if mechanism else replies.BAD_SYNTAX)
    return AuthExchange(mechanism.upper()), initial


def _decode(line: bytes) -> Secret:
    try:
        return decode(line)
    except RemoteProtocolError:
        raise CommandError(replies.AUTH_SYNTAX) from None


def _plain(message: Secret) -> PlainCredentials:
    try:
        return parse_plain(message)
    except RemoteProtocolError:
        raise CommandError(replies.AUTH_SYNTAX) from None


def _text(message: Secret) -> str:
    if not 0 < len(message) <= PART_MAX:
        raise CommandError(replies.AUTH_SYNTAX)
    try:
        return message.reveal().decode()
    except UnicodeDecodeError:
        raise CommandError(replies.AUTH_SYNTAX) from None
