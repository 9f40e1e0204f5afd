"""Keys of a provider (RFC 7517 5): public ones for signatures, of kinds that are taken; others are passed over."""

from typing import Any, Final

import msgspec

from skrytka.model.errors import UNREADABLE, RemoteProtocolError
from skrytka.protocol.acme.jose import decode

KEYS_MAX: Final = 100
RSA_BITS_MIN: Final = 2048  # NIST SP 800-131A 3
RSA_BITS_MAX: Final = 8192  # a larger one takes longer to check than anybody may wait
# RFC 7518 3.1, those with a public key. What is symmetric or "none" has no row, so no key of a provider fits it.
ALGORITHMS: Final = {
    **{f"RS{bits}": "RSA" for bits in (256, 384, 512)},
    **{f"PS{bits}": "RSA" for bits in (256, 384, 512)},
    **{f"ES{bits}": "EC" for bits in (256, 384, 512)},
}

Jwk = dict[str, Any]


class _Set(msgspec.Struct, frozen=True):
    keys: list[Jwk]


def parse_keys(raw: bytes) -> tuple[Jwk, ...]:
    """RemoteProtocolError for what is no set of keys. A private key in it is nobody's any more: it is left out."""
    try:
        found = msgspec.json.decode(raw, type=_Set).keys
    except UNREADABLE as exc:
        raise RemoteProtocolError("no set of keys") from exc
    if len(found) > KEYS_MAX:
        raise RemoteProtocolError(f"more than {KEYS_MAX} keys")
    return tuple(key for key in found if _is_taken(key))


def key_for(keys: tuple[Jwk, ...], kid: str | None, algorithm: str) -> Jwk | None:
    """The one that fits; None where there is none or, without a name, several (OpenID Connect Core 10.1)."""
    kind = ALGORITHMS.get(algorithm)
    fitting = [key for key in keys if key["kty"] == kind and key.get("alg") in (None, algorithm)]
    if kid is not None:
        fitting = [key for key in fitting if key.get("kid") == kid]
    return fitting[0] if len(fitting) == 1 else None


def _is_taken(key: Jwk) -> bool:
    uses = key.get("key_ops")
    is_for_signatures = key.get("use") in (None, "sig") and (not isinstance(uses, list) or "verify" in uses)
    if not is_for_signatures or "d" in key:
        return False
    if key.get("kty") == "RSA":
        return RSA_BITS_MIN <= _bits(key.get("n")) <= RSA_BITS_MAX and _bits(key.get("e")) <= 32
    return key.get("kty") == "EC"


def _bits(number: object) -> int:
    if not isinstance(number, str) or not number.isascii():
        return 0
    try:
        return int.from_bytes(decode(number), "big").bit_length()
    except ValueError:
        return 0
