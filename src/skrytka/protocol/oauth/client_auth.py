"""How a client says who it is at the endpoints that it calls itself (RFC 6749 2.3)."""

from typing import Final

import msgspec

from skrytka.model.errors import RemoteProtocolError
from skrytka.model.secret import Secret
from skrytka.protocol.oauth.errors import ErrorCode, OAuthError
from skrytka.protocol.oauth.form import Fields, decode_value
from skrytka.protocol.sasl import base64

METHODS: Final = ("client_secret_basic", "client_secret_post", "none")
HEADER_MAX: Final = 4096


class ClientClaim(msgspec.Struct, frozen=True):
    """Who it says it is; not proven yet."""

    client_id: str
    secret: Secret | None  # None: a public client
    is_basic: bool = False


def parse_client(fields: Fields, authorization: str) -> ClientClaim:
    """From the Authorization field or the parameters, never both (RFC 6749 2.3: one method in a request)."""
    client_id, secret = fields.get("client_id"), fields.get("client_secret")
    if authorization:
        claim = _basic(authorization)
        if secret is not None or client_id not in (None, claim.client_id):
            raise OAuthError(ErrorCode.INVALID_REQUEST, "two ways of client authentication")
        return claim
    if client_id is None:
        raise OAuthError(ErrorCode.INVALID_CLIENT, "no client is named")
    return ClientClaim(client_id, None if secret is None else Secret(secret))


def _basic(authorization: str) -> ClientClaim:
    scheme, _, value = authorization.partition(" ")
    if scheme.lower() != "basic" or len(value) > HEADER_MAX:
        raise OAuthError(ErrorCode.INVALID_CLIENT, "only Basic is taken here")
    try:
        user, colon, password = base64.decode(value.strip().encode()).reveal().decode().partition(":")
    except (RemoteProtocolError, UnicodeError):
        raise OAuthError(ErrorCode.INVALID_CLIENT, "the credentials cannot be read") from None
    if not (user and colon):
        raise OAuthError(ErrorCode.INVALID_CLIENT, "the credentials cannot be read")
    return ClientClaim(decode_value(user), Secret(decode_value(password)), is_basic=True)
