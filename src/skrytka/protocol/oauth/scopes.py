"""What a token may be good for: one word a mail service, and those of OpenID Connect."""

from collections.abc import Iterable
from enum import StrEnum
from typing import Final

from skrytka.protocol.oauth.errors import ErrorCode, OAuthError

SCOPES_MAX: Final = 20


class Scope(StrEnum):
    """The words, in the order in which people are shown them."""

    IMAP = "imap"
    POP3 = "pop3"
    SMTP = "smtp"
    SIEVE = "sieve"
    OPENID = "openid"  # OpenID Connect Core 3.1.2.1
    EMAIL = "email"  # OpenID Connect Core 5.4
    OFFLINE_ACCESS = "offline_access"  # OpenID Connect Core 11: a refresh token


MAIL: Final = frozenset({Scope.IMAP, Scope.POP3, Scope.SMTP, Scope.SIEVE})
_OF_SERVICE: Final = {
    "imap": Scope.IMAP,
    "imaps": Scope.IMAP,
    "pop3": Scope.POP3,
    "pop3s": Scope.POP3,
    "submission": Scope.SMTP,
    "submissions": Scope.SMTP,
    "sieve": Scope.SIEVE,
    "managesieve": Scope.SIEVE,
}


def scope_of(service: str) -> Scope | None:
    """What a token needs to be taken by the service of that name; None where no token is taken."""
    return _OF_SERVICE.get(service)


def parse_scopes(text: str) -> tuple[Scope, ...]:
    """Each once, in the order of Scope; INVALID_SCOPE for a word that is not known here (RFC 6749 3.3)."""
    words = text.split(" ")
    if len(words) > SCOPES_MAX:
        raise OAuthError(ErrorCode.INVALID_SCOPE, "too many scopes")
    try:
        asked = {Scope(word) for word in words if word}
    except ValueError:
        raise OAuthError(ErrorCode.INVALID_SCOPE, "a scope is not known here") from None
    return ordered(asked)


def narrowed(asked: tuple[Scope, ...], allowed: Iterable[Scope]) -> tuple[Scope, ...]:
    """What was asked for, all of it allowed; INVALID_SCOPE else. Nothing asked is all that is allowed."""
    may = frozenset(allowed)
    if not frozenset(asked) <= may:
        raise OAuthError(ErrorCode.INVALID_SCOPE, "a scope is not open to this client")
    return asked or ordered(may)


def ordered(scopes: Iterable[Scope]) -> tuple[Scope, ...]:
    chosen = frozenset(scopes)
    return tuple(scope for scope in Scope if scope in chosen)


def scope_text(scopes: Iterable[Scope]) -> str:
    """As requests and answers carry them."""
    return " ".join(scope.value for scope in scopes)
