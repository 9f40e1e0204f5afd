"""Key records: what a selector's TXT record allows, and its public key (RFC 6376 3.6.1, RFC 8301 3.2, RFC 8463 4.2)."""

import hashlib
from enum import StrEnum
from functools import lru_cache
from typing import Final

import msgspec
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key

from skrytka.protocol.mailauth.dkim.results import DkimError, DkimReason
from skrytka.protocol.mailauth.dkim.tags import read_base64, read_list, read_tags

RECORD_MAX: Final = 4096  # octets; RSA-4096 takes 800
RSA_BITS_MIN: Final = 1024  # RFC 8301 3.2
RSA_BITS_MAX: Final = 4096  # the same: what has to be verified; it takes 110 µs, and twice the bits four times as long
RSA_EXPONENT_MAX: Final = 2**32  # a long exponent makes a check as slow as a signature
ED25519_BITS: Final = 256


class Algorithm(StrEnum):
    """a= of a signature."""

    RSA_SHA256 = "rsa-sha256"
    ED25519_SHA256 = "ed25519-sha256"


PublicKey = RSAPublicKey | Ed25519PublicKey
_KEY_TYPES: Final = {"rsa": Algorithm.RSA_SHA256, "ed25519": Algorithm.ED25519_SHA256}
_PADDING: Final = PKCS1v15()
_SHA256: Final = SHA256()


class KeyRecord(msgspec.Struct, frozen=True):
    public: PublicKey
    algorithm: Algorithm  # the one that fits the key
    bits: int
    is_testing: bool  # t=y
    is_strict: bool  # t=s: i= has to name d= itself

    def verifies(self, signature: bytes, signed: bytes) -> bool:
        """Whether the key's owner signed these octets."""
        try:
            if isinstance(self.public, RSAPublicKey):
                self.public.verify(signature, signed, _PADDING, _SHA256)
            else:
                self.public.verify(signature, hashlib.sha256(signed).digest())  # RFC 8463 3: of the hash
        except InvalidSignature:
            return False
        return True


@lru_cache(maxsize=1024)  # the same few domains send most mail
def read_key(record: bytes) -> KeyRecord:
    """One TXT record, strings joined; DkimError(KEY_...) says why it is no key for mail."""
    if len(record) > RECORD_MAX:
        raise DkimError(DkimReason.KEY_SYNTAX)
    try:
        tags = read_tags(record)
        public = read_base64(tags["p"])
    except (DkimError, KeyError) as exc:
        raise DkimError(DkimReason.KEY_SYNTAX) from exc
    if tags.get("v", "DKIM1") != "DKIM1" or ("v" in tags and next(iter(tags)) != "v"):
        raise DkimError(DkimReason.KEY_SYNTAX)
    if "sha256" not in read_list(tags.get("h", "sha256")):
        raise DkimError(DkimReason.KEY_HASH)
    if not {"*", "email"} & set(read_list(tags.get("s", "*"))):
        raise DkimError(DkimReason.KEY_SERVICE)
    if not public:
        raise DkimError(DkimReason.KEY_REVOKED)
    algorithm = _KEY_TYPES.get(tags.get("k", "rsa").lower())
    if algorithm is None:
        raise DkimError(DkimReason.KEY_TYPE)
    flags = read_list(tags.get("t", ""))
    key, bits = _rsa(public) if algorithm is Algorithm.RSA_SHA256 else _ed25519(public)
    return KeyRecord(key, algorithm, bits, "y" in flags, "s" in flags)


def _rsa(octets: bytes) -> tuple[PublicKey, int]:
    """SubjectPublicKeyInfo as everybody publishes it, or RSAPublicKey as RFC 6376 3.6.1 has it."""
    try:
        key = load_der_public_key(octets)
    except (ValueError, UnsupportedAlgorithm) as exc:
        raise DkimError(DkimReason.KEY_SYNTAX) from exc
    if not isinstance(key, RSAPublicKey):
        raise DkimError(DkimReason.KEY_TYPE)
    if not RSA_BITS_MIN <= key.key_size <= RSA_BITS_MAX or key.public_numbers().e > RSA_EXPONENT_MAX:
        raise DkimError(DkimReason.KEY_SIZE)
    return key, key.key_size


def _ed25519(octets: bytes) -> tuple[PublicKey, int]:
    try:
        return Ed25519PublicKey.from_public_bytes(octets), ED25519_BITS
    except ValueError as exc:
        raise DkimError(DkimReason.KEY_SYNTAX) from exc
