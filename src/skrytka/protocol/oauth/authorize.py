"""The request that a browser brings (RFC 6749 4.1.1), and what it is sent back with.

Two halves: :func:`parse_place` says who asks and where an answer would go. Until both are known to be right nothing is
sent anywhere (RFC 6749 4.1.2.1: an open redirector), the person is told. What is wrong afterwards goes to the client.
"""

from typing import Final

import msgspec

from skrytka.protocol.oauth.errors import ErrorCode, OAuthError
from skrytka.protocol.oauth.form import Fields, needed
from skrytka.protocol.oauth.pkce import parse_challenge
from skrytka.protocol.oauth.redirect import with_answer
from skrytka.protocol.oauth.scopes import Scope, parse_scopes

STATE_MAX: Final = 2048
NONCE_MAX: Final = 512
HINT_MAX: Final = 320
MAX_AGE_MAX_S: Final = 366 * 86_400


class Place(msgspec.Struct, frozen=True):
    """Who asks, and where he wants the answer."""

    client_id: str
    redirect_uri: str
    state: str


class AuthorizationRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A request that can be answered."""

    place: Place
    scopes: tuple[Scope, ...]  # empty: all that the client may have
    challenge: str  # PKCE, S256
    nonce: str = ""
    login_hint: str = ""
    is_silent: bool = False  # prompt=none: no page may be shown (OpenID Connect Core 3.1.2.1)
    is_asking: bool = False  # prompt=consent: what was allowed before is asked for again
    max_age_s: int | None = None  # since the person signed in; 0 for prompt=login


def parse_place(fields: Fields) -> Place:
    """The half that has to be right before anything is sent to anybody. The redirect URI is never left out here."""
    state = fields.get("state", "")
    if len(state) > STATE_MAX:
        raise OAuthError(ErrorCode.INVALID_REQUEST, "state is too long")
    return Place(needed(fields, "client_id"), needed(fields, "redirect_uri"), state)


def parse_request(fields: Fields) -> AuthorizationRequest:
    """The other half; its errors are sent to the place, which the caller has checked."""
    place = parse_place(fields)
    for name, code in (
        ("request", ErrorCode.REQUEST_NOT_SUPPORTED),
        ("request_uri", ErrorCode.REQUEST_URI_NOT_SUPPORTED),  # OpenID Connect Core 6
    ):
        if name in fields:
            raise OAuthError(code, f"{name} is not supported")
    if needed(fields, "response_type") != "code":
        raise OAuthError(ErrorCode.UNSUPPORTED_RESPONSE_TYPE, "only code is answered")
    if fields.get("response_mode", "query") != "query":
        raise OAuthError(ErrorCode.INVALID_REQUEST, "response_mode has to be query")
    prompts = frozenset(fields.get("prompt", "").split())
    if "none" in prompts and len(prompts) > 1:
        raise OAuthError(ErrorCode.INVALID_REQUEST, "prompt=none stands alone")
    return AuthorizationRequest(
        place=place,
        scopes=parse_scopes(fields.get("scope", "")),
        challenge=parse_challenge(fields),
        nonce=_short(fields, "nonce", NONCE_MAX),
        login_hint=_short(fields, "login_hint", HINT_MAX),
        is_silent="none" in prompts,
        is_asking="consent" in prompts,
        max_age_s=0 if prompts & {"login", "select_account"} else _max_age_s(fields),
    )


def granted(place: Place, code: str, issuer: str) -> str:
    """Where the browser goes with a code; ``iss`` against mix-up (RFC 9207 2)."""
    return with_answer(place.redirect_uri, [("code", code), *_common(place, issuer)])


def refused(place: Place, error: OAuthError, issuer: str) -> str:
    """Where it goes without one (RFC 6749 4.1.2.1)."""
    pairs = [("error", error.code.value), *([("error_description", error.said)] if error.said else [])]
    return with_answer(place.redirect_uri, [*pairs, *_common(place, issuer)])


def _common(place: Place, issuer: str) -> list[tuple[str, str]]:
    return [*([("state", place.state)] if place.state else []), ("iss", issuer)]


def _short(fields: Fields, name: str, limit: int) -> str:
    value = fields.get(name, "")
    if len(value) > limit:
        raise OAuthError(ErrorCode.INVALID_REQUEST, f"{name} is too long")
    return value


def _max_age_s(fields: Fields) -> int | None:
    text = fields.get("max_age")
    if text is None:
        return None
    if not (text.isascii() and text.isdigit()) or len(text) > 9:
        raise OAuthError(ErrorCode.INVALID_REQUEST, "max_age is no number of seconds")
    return min(int(text), MAX_AGE_MAX_S)
