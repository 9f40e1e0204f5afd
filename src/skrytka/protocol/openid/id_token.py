"""An id token of somebody else is checked (OpenID Connect Core 3.1.3.7, RFC 8725): signature, then what it says.

Imported by whoever has a token in his hand: joserfc costs what a process without providers does not have to pay.
"""

import hmac
from typing import Any, Final

import msgspec
from joserfc import jwk, jws
from joserfc.errors import JoseError

from skrytka.model.errors import UNREADABLE, RemoteProtocolError
from skrytka.protocol.openid.jwks import ALGORITHMS, Jwk, key_for

TOKEN_MAX: Final = 64 * 1024
LEEWAY_S: Final = 60  # between two clocks
AGE_MAX_S: Final = 600  # it was made for us a moment ago
SUBJECT_MAX: Final = 255  # OpenID Connect Core 2
# What joserfc raises for a header that is no object, too deep, or names a key that cannot be
_UNREADABLE: Final = (JoseError, ValueError, TypeError, KeyError, AttributeError, RecursionError)
_LARGE_HEADER: Final = 4096  # some name a certificate in it, which nobody here believes


class TokenError(RemoteProtocolError):
    """It is not believed; the text says why."""


class UnknownKeyError(TokenError):
    """Nobody of the keys that are known has signed it: there may be newer ones."""


class Expected(msgspec.Struct, frozen=True):
    """What it has to say."""

    issuer: str
    client_id: str
    nonce: str
    now_s: int
    max_age_s: int = 0  # 0: it does not matter when somebody proved who he is


class _Known(msgspec.Struct, frozen=True):
    iss: str
    sub: str
    aud: str | list[str]
    exp: int | float
    iat: int | float
    nonce: str = ""
    azp: str | None = None
    nbf: int | float = 0
    auth_time: int | float | None = None
    amr: list[str] | None = None
    acr: str | None = None


class Identified(msgspec.Struct, frozen=True):
    """Who it is, as the provider says. ``claims`` are all that it has said."""

    issuer: str
    subject: str
    claims: dict[str, Any]
    methods: frozenset[str]  # RFC 8176: how he proved it
    context: str  # acr

    def __repr__(self) -> str:
        return "Identified()"


def verify(token: str, keys: tuple[Jwk, ...], expected: Expected) -> Identified:
    """TokenError for everything that is not as it has to be, UnknownKeyError where a fresh set of keys may help."""
    payload = _opened(token, keys)
    try:
        claims: dict[str, Any] = msgspec.json.decode(payload, type=dict[str, Any])
        known = msgspec.convert(claims, _Known)
    except UNREADABLE as exc:
        raise TokenError("claims that are missing or of another kind") from exc
    for is_right, said in (*_whose(known, expected), *_when(known, expected)):
        if not is_right:
            raise TokenError(said)
    return Identified(known.iss, known.sub, claims, frozenset(known.amr or ()), known.acr or "")


def _opened(token: str, keys: tuple[Jwk, ...]) -> bytes:
    """The payload, after its signature was found right."""
    if len(token) > TOKEN_MAX or not token.isascii():
        raise TokenError("too long, or no token")
    registry = jws.JWSRegistry(
        algorithms=list(ALGORITHMS), strict_check_header=False
    )  # RFC 7515 4: others are passed over
    registry.max_header_length = _LARGE_HEADER
    try:
        signed = jws.extract_compact(token.encode("ascii"), registry=registry)
        key = _signer(signed.headers(), keys)
        is_right = jws.validate_compact(signed, key, registry=registry)
    except _UNREADABLE as exc:
        raise TokenError(f"no signed token: {type(exc).__name__}") from exc
    if not is_right:
        raise TokenError("the signature is wrong")
    return signed.payload


def _signer(header: dict[str, Any], keys: tuple[Jwk, ...]) -> jwk.Key:
    """The key that has signed it, as far as the header says; whatever else stands there is not looked at."""
    algorithm, kid = header.get("alg"), header.get("kid")
    if algorithm not in ALGORITHMS:
        raise TokenError(f"signed by {str(algorithm)[:40]!r}, which is not taken")
    if str(header.get("typ", "JWT")).lower() != "jwt":
        raise TokenError("a token of another kind")  # RFC 8725 3.11: an access token, say
    if "crit" in header or "b64" in header:  # RFC 7515 4.1.11: what is not understood is refused
        raise TokenError("a token of a form that is not taken")
    if kid is not None and not isinstance(kid, str):
        raise TokenError("a token by a key without a name")
    found = key_for(keys, kid, algorithm)
    if found is None:
        raise UnknownKeyError("signed by none of the provider's keys")
    return _imported(found, algorithm)


def _imported(key: Jwk, algorithm: str) -> jwk.Key:
    """Public members alone, so that nothing else of it has a say."""
    members = ("kty", "n", "e") if ALGORITHMS[algorithm] == "RSA" else ("kty", "crv", "x", "y")
    return jwk.import_key({name: str(key.get(name, "")) for name in members})


def _whose(known: _Known, expected: Expected) -> tuple[tuple[bool, str], ...]:
    audience = [known.aud] if isinstance(known.aud, str) else known.aud
    return (
        (known.iss == expected.issuer, "of another issuer"),
        (audience == [expected.client_id], "for somebody else"),  # 3.1.3.7, 3: no others that are not trusted
        (known.azp in (None, expected.client_id), "asked for by somebody else"),
        (_is_same(known.nonce, expected.nonce), "for another sign-in: the nonce is not ours"),
        (0 < len(known.sub) <= SUBJECT_MAX and known.sub.isprintable(), "about nobody"),
    )


def _when(known: _Known, expected: Expected) -> tuple[tuple[bool, str], ...]:
    now_s = expected.now_s
    proved_s = known.auth_time
    is_recent = proved_s is not None and proved_s >= now_s - expected.max_age_s - LEEWAY_S
    return (
        (now_s < known.exp + LEEWAY_S, "expired"),
        (known.iat <= now_s + LEEWAY_S and known.nbf <= now_s + LEEWAY_S, "of the future"),
        (known.iat >= now_s - AGE_MAX_S - LEEWAY_S, "of long ago"),
        (not expected.max_age_s or is_recent, "of somebody who proved who he is too long ago"),
    )


def _is_same(one: str, other: str) -> bool:
    return bool(other) and hmac.compare_digest(one.encode("utf-8", "replace"), other.encode())
