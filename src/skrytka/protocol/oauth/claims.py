"""What an id token says (OpenID Connect Core 2)."""

import hashlib
from typing import Any, Final

import msgspec

from skrytka.protocol.acme.jose import encode
from skrytka.protocol.oauth.scopes import Scope

ID_TOKEN_S: Final = 600  # it is read once, right after it came


class Subject(msgspec.Struct, frozen=True):
    """Whom it is about."""

    sub: str
    email: str
    signed_in_at_ms: int


def id_claims(
    issuer: str, client_id: str, subject: Subject, scopes: tuple[Scope, ...], nonce: str, access_token: str, now_ms: int
) -> dict[str, Any]:
    """Times in seconds; ``email`` only if its scope was granted."""
    now_s = now_ms // 1000
    return {
        "iss": issuer,
        "aud": client_id,
        "iat": now_s,
        "exp": now_s + ID_TOKEN_S,
        "auth_time": subject.signed_in_at_ms // 1000,
        "at_hash": at_hash(access_token),
        **({"nonce": nonce} if nonce else {}),
        **person(subject, scopes),
    }


def person(subject: Subject, scopes: tuple[Scope, ...]) -> dict[str, Any]:
    """What is told of a person, in an id token and by userinfo; our own addresses are verified by being ours."""
    email = {"email": subject.email, "email_verified": True} if Scope.EMAIL in scopes else {}
    return {"sub": subject.sub, **email}


def at_hash(access_token: str) -> str:
    """OpenID Connect Core 3.1.3.6: the left half of the hash that the signature uses."""
    return encode(hashlib.sha256(access_token.encode("ascii")).digest()[:16])
