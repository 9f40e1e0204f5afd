"""OAUTHBEARER (RFC 7628) and XOAUTH2, which is older and no RFC describes: a token instead of a password."""

import re
from typing import Final

from skrytka.model.errors import RemoteProtocolError
from skrytka.model.secret import Secret
from skrytka.protocol.sasl.exchange import Ask, Over, Step, TokenClaim, text

MESSAGE_MAX: Final = 12 * 1024  # of which a token is nearly all
FIELDS_MAX: Final = 20
_SEPARATOR: Final = b"\x01"
_KEY: Final = re.compile(rb"[A-Za-z]+")
_TOKEN: Final = re.compile(rb"[A-Za-z0-9\-._~+/]+=*")  # RFC 6750 2.1
_SCHEME: Final = b"bearer"


class _BearerExchange:
    """One message; after a refusal the client has to answer once more (RFC 7628 3.2.3)."""

    def __init__(self) -> None:
        self._is_refused = False

    def begin(self, initial: Secret | None) -> Step:
        return Ask(b"") if initial is None else self.respond(initial)

    def respond(self, message: Secret) -> Step:
        if self._is_refused:
            return Over()  # one %x01 by RFC 7628 3.2.3, nothing in XOAUTH2; whatever it is, it fails
        if len(message) > MESSAGE_MAX:
            raise RemoteProtocolError("the token is too long")
        return self._parse(message.reveal())

    def _parse(self, raw: bytes) -> TokenClaim:
        raise NotImplementedError

    def accepted(self, _final: bytes) -> Ask | None:
        return None

    def refused(self, told: bytes) -> Ask | None:
        """With what the program may read of it: JSON."""
        self._is_refused = True
        return Ask(told) if told else None


class OauthBearerExchange(_BearerExchange):
    """RFC 7628 3.1. Host and port are the client's word for where it is and are passed over."""

    def _parse(self, raw: bytes) -> TokenClaim:
        header, separator, rest = raw.partition(_SEPARATOR)
        flag, _, more = header.partition(b",")
        authorization, comma, nothing = more.rpartition(b",")
        if not separator or flag not in {b"n", b"y"} or nothing or not comma:
            raise RemoteProtocolError("OAUTHBEARER begins with a header")
        if authorization and not authorization.startswith(b"a="):
            raise RemoteProtocolError("OAUTHBEARER: no authorisation identity there")
        name = text(authorization[2:]).replace("=2C", ",").replace("=3D", "=")
        return TokenClaim(name, _token(_fields(rest).get(b"auth", b"")))


class Xoauth2Exchange(_BearerExchange):
    """``user=... ^A auth=Bearer ... ^A ^A``."""

    def _parse(self, raw: bytes) -> TokenClaim:
        fields = _fields(raw)
        name = text(fields.get(b"user", b""))
        if not name:
            raise RemoteProtocolError("XOAUTH2 needs a user")
        return TokenClaim(name, _token(fields.get(b"auth", b"")))


def _fields(raw: bytes) -> dict[bytes, bytes]:
    """``key=value ^A`` any number of times, then ``^A``."""
    if not raw.endswith(_SEPARATOR * 2):
        raise RemoteProtocolError("the message of the token is not whole")
    fields: dict[bytes, bytes] = {}
    for pair in raw[:-2].split(_SEPARATOR):
        key, equals, value = pair.partition(b"=")
        if not equals or not _KEY.fullmatch(key) or key.lower() in fields or len(fields) >= FIELDS_MAX:
            raise RemoteProtocolError("the message of the token has a field that is none")
        fields[key.lower()] = value
    return fields


def _token(value: bytes) -> Secret:
    """RFC 6750 2.1: the scheme in any case, then the token."""
    scheme, _, token = value.partition(b" ")
    if scheme.lower() != _SCHEME or not _TOKEN.fullmatch(token):
        raise RemoteProtocolError("there is no bearer token")
    return Secret(token)
