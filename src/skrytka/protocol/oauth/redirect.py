"""Where an answer may be sent: the place a client registered, to the octet; on loopback any port (RFC 8252 7.3)."""

import re
from collections.abc import Iterable
from typing import Final

from skrytka.protocol.oauth.errors import ErrorCode, OAuthError
from skrytka.protocol.oauth.form import encode_form

URI_MAX: Final = 2000
_CHARACTERS = re.compile(r"[!$-;=?-Z_a-z~%\[\]]+")  # RFC 3986 2, without "#": a fragment is never sent (RFC 6749 3.1.2)
_HTTPS = re.compile(r"https://[A-Za-z0-9.-]{1,253}(?::[0-9]{1,5})?(?:[/?].*)?")
# "localhost" is what Thunderbird has; RFC 8252 8.3 does not recommend it, for a resolver may be made to lie about it.
_LOOPBACK = re.compile(
    r"(?P<host>http://(?:127\.0\.0\.1|\[::1\]|localhost))(?::(?P<port>[0-9]{1,5}))?(?P<rest>[/?].*)?"
)
_PRIVATE = re.compile(r"(?P<scheme>[a-z][a-z0-9+-]*(?:\.[a-z0-9+-]+)+):/[^/].*")  # RFC 8252 7.1: a reversed domain


def check_registered(uri: str) -> str:
    """The URI itself, if a client may register it; INVALID_REQUEST says why not."""
    if not 0 < len(uri) <= URI_MAX or _CHARACTERS.fullmatch(uri) is None:
        raise OAuthError(ErrorCode.INVALID_REQUEST, "a redirect URI has 1 to 2000 characters of a URI and no fragment")
    if _HTTPS.fullmatch(uri) or _LOOPBACK.fullmatch(uri) or _PRIVATE.fullmatch(uri):
        return uri
    said = "a redirect URI is https://, http:// on 127.0.0.1 or [::1], or of a private scheme with a dot in it"
    raise OAuthError(ErrorCode.INVALID_REQUEST, said)


def is_allowed(asked: str, registered: Iterable[str]) -> bool:
    """Whether an answer may go there: simple string comparison (RFC 3986 6.2.1), but for the port on loopback."""
    if len(asked) > URI_MAX or _CHARACTERS.fullmatch(asked) is None:
        return False
    asked_loopback = _without_port(asked)
    return any(
        asked == uri or (asked_loopback is not None and asked_loopback == _without_port(uri)) for uri in registered
    )


def with_answer(uri: str, pairs: Iterable[tuple[str, str]]) -> str:
    """The place to send a browser to; a query that the URI has is kept (RFC 6749 3.1.2)."""
    return f"{uri}{'&' if '?' in uri else '?'}{encode_form(pairs)}"


def _without_port(uri: str) -> str | None:
    found = _LOOPBACK.fullmatch(uri)
    if found is None or int(found["port"] or 80) > 65535:
        return None
    return f"{found['host']}{found['rest'] or ''}"
