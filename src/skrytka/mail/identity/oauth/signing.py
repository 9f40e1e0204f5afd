"""Keys that sign id tokens: ES256, another one every 30 days, all made from one key of the ring.

The one of the next period is published before it signs and that of the last one for as long after, so that no client
that keeps our keys for a day meets an unknown one. Nothing has to be stored or done to rotate.
"""

import functools
from typing import Any, Final

import msgspec
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey

from skrytka.model.secret import Secret
from skrytka.protocol.acme import jose

PERIOD_MS: Final = 30 * 86_400_000


class _Signed(msgspec.Struct):
    protected: str
    payload: str
    signature: str


class Signing:
    """Over the node's key."""

    def __init__(self, key: Secret) -> None:
        self._key = functools.lru_cache(maxsize=4)(functools.partial(_key_of, key))

    def sign(self, claims: dict[str, Any], now_ms: int) -> str:
        """A compact JWS (RFC 7515 7.1)."""
        key = self._key(now_ms // PERIOD_MS)
        header = {"kid": jose.thumbprint(key), "typ": "JWT"}
        signed = msgspec.json.decode(jose.sign(key, header, claims), type=_Signed)
        return f"{signed.protected}.{signed.payload}.{signed.signature}"

    def public_keys(self, now_ms: int) -> dict[str, Any]:
        """A JWK set (RFC 7517 5): the last one, this one, the next one."""
        now = now_ms // PERIOD_MS
        return {"keys": [_public(self._key(period)) for period in (now, now + 1, now - 1)]}


def _key_of(key: Secret, period: int) -> EllipticCurvePrivateKey:
    return jose.private_key(key, f"oauth/{period}")


def _public(key: EllipticCurvePrivateKey) -> dict[str, str]:
    return {**jose.public_jwk(key), "kid": jose.thumbprint(key), "alg": "ES256", "use": "sig"}
