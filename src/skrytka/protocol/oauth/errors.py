"""What a client is told when its request is refused; each code is one of an RFC's list."""

from enum import StrEnum
from typing import Final

from skrytka.model.errors import RemoteProtocolError


class ErrorCode(StrEnum):
    """The value of ``error``."""

    # RFC 6749 4.1.2.1 and 5.2
    INVALID_REQUEST = "invalid_request"
    INVALID_CLIENT = "invalid_client"
    INVALID_GRANT = "invalid_grant"
    INVALID_SCOPE = "invalid_scope"
    UNAUTHORIZED_CLIENT = "unauthorized_client"
    UNSUPPORTED_GRANT_TYPE = "unsupported_grant_type"
    UNSUPPORTED_RESPONSE_TYPE = "unsupported_response_type"
    ACCESS_DENIED = "access_denied"
    SERVER_ERROR = "server_error"
    TEMPORARILY_UNAVAILABLE = "temporarily_unavailable"
    # RFC 8628 3.5
    AUTHORIZATION_PENDING = "authorization_pending"
    SLOW_DOWN = "slow_down"
    EXPIRED_TOKEN = "expired_token"  # noqa: S105 - a word of the protocol
    # RFC 6750 3.1
    INVALID_TOKEN = "invalid_token"  # noqa: S105 - a word of the protocol
    INSUFFICIENT_SCOPE = "insufficient_scope"
    # OpenID Connect Core 3.1.2.6
    LOGIN_REQUIRED = "login_required"
    CONSENT_REQUIRED = "consent_required"
    REQUEST_NOT_SUPPORTED = "request_not_supported"
    REQUEST_URI_NOT_SUPPORTED = "request_uri_not_supported"


_STATUS: Final = {
    ErrorCode.INVALID_CLIENT: 401,
    ErrorCode.INVALID_TOKEN: 401,
    ErrorCode.INSUFFICIENT_SCOPE: 403,
    ErrorCode.SERVER_ERROR: 500,
    ErrorCode.TEMPORARILY_UNAVAILABLE: 503,
}


class OAuthError(RemoteProtocolError):
    """A request is refused. ``said`` is one of our own sentences, never the client's text (RFC 6749 5.2)."""

    def __init__(self, code: ErrorCode, said: str = "") -> None:
        super().__init__(f"{code.value}: {said}" if said else code.value)
        self.code = code
        self.said = said

    @property
    def status(self) -> int:
        """Of HTTP, where the error is answered and not sent along with a redirect."""
        return _STATUS.get(self.code, 400)
