"""What a client asks the token endpoint for, by ``grant_type``; revocation and introspection beside it."""

from typing import Final, TypeAlias

import msgspec

from skrytka.model.secret import Secret
from skrytka.protocol.oauth.errors import ErrorCode, OAuthError
from skrytka.protocol.oauth.form import Fields, needed
from skrytka.protocol.oauth.pkce import parse_verifier
from skrytka.protocol.oauth.scopes import Scope, parse_scopes

CODE: Final = "authorization_code"
REFRESH: Final = "refresh_token"
DEVICE: Final = "urn:ietf:params:oauth:grant-type:device_code"  # RFC 8628 3.4
GRANT_TYPES: Final = (CODE, REFRESH, DEVICE)
TOKEN_MAX: Final = 512


class RedeemCode(msgspec.Struct, frozen=True):
    """RFC 6749 4.1.3; the redirect URI has to be the one of the authorization request."""

    code: Secret
    redirect_uri: str
    verifier: str


class Refresh(msgspec.Struct, frozen=True):
    """RFC 6749 6; no scopes: those that were granted."""

    token: Secret
    scopes: tuple[Scope, ...]


class PollDevice(msgspec.Struct, frozen=True):
    """RFC 8628 3.4."""

    device_code: Secret


TokenRequest: TypeAlias = RedeemCode | Refresh | PollDevice


def parse_token_request(fields: Fields) -> TokenRequest:
    """INVALID_REQUEST for what is missing, UNSUPPORTED_GRANT_TYPE for passwords and the rest of OAuth 2.0."""
    match needed(fields, "grant_type"):
        case "authorization_code":
            return RedeemCode(_token(fields, "code"), needed(fields, "redirect_uri"), parse_verifier(fields))
        case "refresh_token":
            return Refresh(_token(fields, "refresh_token"), parse_scopes(fields.get("scope", "")))
        case "urn:ietf:params:oauth:grant-type:device_code":
            return PollDevice(_token(fields, "device_code"))
        case _:
            raise OAuthError(ErrorCode.UNSUPPORTED_GRANT_TYPE, "no such grant type here")


def parse_shown_token(fields: Fields) -> Secret:
    """The token that is revoked (RFC 7009 2.1) or asked about (RFC 7662 2.1); the hint tells us nothing."""
    return _token(fields, "token")


def _token(fields: Fields, name: str) -> Secret:
    value = needed(fields, name)
    if len(value) > TOKEN_MAX:
        raise OAuthError(ErrorCode.INVALID_REQUEST, f"{name} is too long")
    return Secret(value)
