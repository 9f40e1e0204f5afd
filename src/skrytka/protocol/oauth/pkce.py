"""Proof Key for Code Exchange (RFC 7636), S256 only: ``plain`` would show the verifier to who sees the request."""

import hashlib
import hmac
import re
from typing import Final

from skrytka.protocol.acme.jose import encode
from skrytka.protocol.oauth.errors import ErrorCode, OAuthError
from skrytka.protocol.oauth.form import Fields, needed

METHOD: Final = "S256"
_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")  # 4.2: SHA-256 in base64url
_VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}")  # 4.1


def parse_challenge(fields: Fields) -> str:
    """The challenge of an authorization request; without one it is refused (RFC 7636 4.4.1)."""
    challenge = needed(fields, "code_challenge")
    if fields.get("code_challenge_method", "plain") != METHOD:
        raise OAuthError(ErrorCode.INVALID_REQUEST, "code_challenge_method has to be S256")
    if _CHALLENGE.fullmatch(challenge) is None:
        raise OAuthError(ErrorCode.INVALID_REQUEST, "code_challenge is no SHA-256 in base64url")
    return challenge


def parse_verifier(fields: Fields) -> str:
    verifier = needed(fields, "code_verifier")
    if _VERIFIER.fullmatch(verifier) is None:
        raise OAuthError(ErrorCode.INVALID_REQUEST, "code_verifier has 43 to 128 characters of its alphabet")
    return verifier


def challenge_of(verifier: str) -> str:
    """RFC 7636 4.2."""
    return encode(hashlib.sha256(verifier.encode("ascii")).digest())


def is_proven(verifier: str, challenge: str) -> bool:
    """Whether who redeems a code is who asked for it (RFC 7636 4.6)."""
    return hmac.compare_digest(challenge_of(verifier).encode(), challenge.encode())
