"""Signed requests (RFC 8555 6.2): flattened JWS by ECDSA P-256, and what a key is called."""

import binascii
import hashlib
import hmac
from typing import Any, Final

import msgspec
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

from skrytka.model.secret import Secret

_COORDINATE_BYTES: Final = 32
_ORDER: Final = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551  # of P-256 (SEC 2, 2.4.2)


def encode(data: bytes) -> str:
    """base64url without padding (RFC 8555 6.1)."""
    return binascii.b2a_base64(data, newline=False).decode("ascii").rstrip("=").translate(_URL_SAFE)


def decode(text: str) -> bytes:
    """What :func:`encode` made; ValueError for anything else."""
    return binascii.a2b_base64(text.translate(_PLAIN) + "=" * (-len(text) % 4), strict_mode=True)


_URL_SAFE: Final = str.maketrans("+/", "-_")
_PLAIN: Final = str.maketrans("-_", "+/")


def private_key(seed: Secret, label: str) -> ec.EllipticCurvePrivateKey:
    """The P-256 key that follows from a secret and a label, always the same one.

    FIPS 186-5 A.2.1: from 128 bit more than the order has, so that no key is likelier than another.
    """
    wide = b"".join(
        hmac.digest(seed.reveal(), b"skrytka/1/p256/%d/" % part + label.encode(), "sha256") for part in (0, 1)
    )[:48]
    return ec.derive_private_key(int.from_bytes(wide, "big") % (_ORDER - 1) + 1, ec.SECP256R1())


def public_jwk(key: ec.EllipticCurvePrivateKey) -> dict[str, str]:
    """The public half (RFC 7518 6.2.1)."""
    numbers = key.public_key().public_numbers()
    x, y = (encode(number.to_bytes(_COORDINATE_BYTES, "big")) for number in (numbers.x, numbers.y))
    return {"crv": "P-256", "kty": "EC", "x": x, "y": y}


def thumbprint(key: ec.EllipticCurvePrivateKey) -> str:
    """RFC 7638 3: the hash of the members in their order, without blanks."""
    return encode(hashlib.sha256(msgspec.json.encode(public_jwk(key))).digest())


def key_authorization(token: str, key: ec.EllipticCurvePrivateKey) -> str:
    """RFC 8555 8.1."""
    return f"{token}.{thumbprint(key)}"


def sign(key: ec.EllipticCurvePrivateKey, header: dict[str, Any], payload: object | None) -> bytes:
    """The body of a request; None is the empty payload of a POST that only reads (RFC 8555 6.3)."""
    protected = encode(msgspec.json.encode({"alg": "ES256", **header}))
    content = "" if payload is None else encode(msgspec.json.encode(payload))
    r, s = decode_dss_signature(key.sign(f"{protected}.{content}".encode("ascii"), ec.ECDSA(SHA256())))
    signature = r.to_bytes(_COORDINATE_BYTES, "big") + s.to_bytes(_COORDINATE_BYTES, "big")  # RFC 7518 3.4
    return _joined(protected, content, signature)


def bind(key: ec.EllipticCurvePrivateKey, url: str, kid: str, mac_key: Secret) -> dict[str, str]:
    """The proof that an account belongs to a customer of the authority (RFC 8555 7.3.4)."""
    protected = encode(msgspec.json.encode({"alg": "HS256", "kid": kid, "url": url}))
    content = encode(msgspec.json.encode(public_jwk(key)))
    signature = hmac.digest(mac_key.reveal(), f"{protected}.{content}".encode("ascii"), "sha256")
    return {"protected": protected, "payload": content, "signature": encode(signature)}


def _joined(protected: str, content: str, signature: bytes) -> bytes:
    return msgspec.json.encode({"protected": protected, "payload": content, "signature": encode(signature)})
