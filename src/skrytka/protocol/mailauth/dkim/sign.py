"""Signatures of our own: relaxed/relaxed, RSA and Ed25519 (RFC 6376 5, RFC 8301 3, RFC 8463 3).

One body hash and one :class:`Header` serve both keys. RSA takes 0.8 ms: not on an event loop.
"""

import hashlib
from collections.abc import Iterable
from typing import Final

import msgspec
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

from skrytka.model.address import Domain
from skrytka.model.secret import Secret
from skrytka.protocol.mailauth.dkim.body import BodyHash, BodySpec
from skrytka.protocol.mailauth.dkim.canonical import Method
from skrytka.protocol.mailauth.dkim.header import Header
from skrytka.protocol.mailauth.dkim.key import RSA_BITS_MAX, Algorithm
from skrytka.protocol.mailauth.dkim.results import DkimError, DkimReason
from skrytka.protocol.mailauth.dkim.signature import NAMES_MAX, read_name
from skrytka.protocol.mailauth.dkim.tags import write_base64

SIGNED_BODY: Final = BodySpec(Method.RELAXED)
RSA_BITS_MIN: Final = 2048  # RFC 8301 3.2: SHOULD
COLUMNS_MAX: Final = 78  # RFC 5322 2.1.1; only a domain or selector that is longer passes it

# Once more than they are there, absent ones too, so that none can be added (RFC 6376 8.15): what a reader is shown,
# what the body is read by, and what a reply goes to.
OVERSIGNED: Final = (
    b"from", b"to", b"cc", b"subject", b"date", b"message-id", b"reply-to", b"in-reply-to", b"references",
    b"mime-version", b"content-type", b"content-transfer-encoding", b"content-disposition",
)  # fmt: skip
# As often as they are there: lists and forwarders add theirs.
SIGNED: Final = (
    b"sender", b"content-id", b"content-description", b"content-language",
    b"resent-date", b"resent-from", b"resent-to", b"resent-cc", b"resent-message-id",
    b"list-id", b"list-help", b"list-unsubscribe", b"list-unsubscribe-post", b"list-subscribe", b"list-post",
    b"list-owner", b"list-archive",
)  # fmt: skip


class SigningKey(msgspec.Struct, frozen=True):
    private: RSAPrivateKey | Ed25519PrivateKey  # its repr has no secret in it
    domain: Domain
    selector: str

    @classmethod
    def load(cls, pem: Secret, domain: Domain, selector: str) -> "SigningKey":
        """From PKCS #8; DkimError(KEY_...) for what we do not sign with, (SYNTAX) for what is no selector."""
        try:
            private = load_pem_private_key(pem.reveal(), None)
        except (ValueError, TypeError, UnsupportedAlgorithm) as exc:
            raise DkimError(DkimReason.KEY_SYNTAX) from exc
        if not isinstance(private, RSAPrivateKey | Ed25519PrivateKey):
            raise DkimError(DkimReason.KEY_TYPE)
        if isinstance(private, RSAPrivateKey) and not RSA_BITS_MIN <= private.key_size <= RSA_BITS_MAX:
            raise DkimError(DkimReason.KEY_SIZE)
        return cls(private, domain, read_name(selector))

    @property
    def algorithm(self) -> Algorithm:
        return Algorithm.RSA_SHA256 if isinstance(self.private, RSAPrivateKey) else Algorithm.ED25519_SHA256

    @property
    def record_name(self) -> str:
        """Where :attr:`record` is to be published (RFC 6376 3.6.2.1)."""
        return f"{self.selector}._domainkey.{self.domain.name}"

    @property
    def record(self) -> str:
        """The TXT record, to be cut into strings of 255 octets at most."""
        public = self.private.public_key()
        if self.algorithm is Algorithm.RSA_SHA256:
            octets = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        else:
            octets = public.public_bytes(Encoding.Raw, PublicFormat.Raw)
        key_type = self.algorithm.value.removesuffix("-sha256")
        return f"v=DKIM1; k={key_type}; p={write_base64(octets).decode()}"

    def sign(self, octets: bytes) -> bytes:
        if isinstance(self.private, RSAPrivateKey):
            return self.private.sign(octets, PKCS1v15(), SHA256())
        return self.private.sign(hashlib.sha256(octets).digest())


def sign(header: Header, body: BodyHash, key: SigningKey, now_s: int, *, expires_at_s: int | None = None) -> bytes:
    """The whole field, to be put before all others (RFC 6376 5.6); ``body`` is the hash for ``SIGNED_BODY``.

    DkimError(TOO_LONG) if the header has so many fields to sign that verifiers would not follow.
    """
    names = signed_names(header)
    words = [
        b"v=1;",
        b"a=%s;" % key.algorithm.encode(),
        b"c=relaxed/relaxed;",
        b"d=%s;" % key.domain.name.encode(),
        b"s=%s;" % key.selector.encode(),
        b"t=%d;" % now_s,
        *([] if expires_at_s is None else [b"x=%d;" % expires_at_s]),
        b"h=" + names[0],
        *(b":" + name for name in names[1:]),
        b";",
        b"bh=%s;" % write_base64(body.digest),
        b"b=",
    ]
    field = folded(b"DKIM-Signature:", words)
    return with_signature(field, key.sign(header.signed_octets(names, Method.RELAXED, field)))


def signed_names(header: Header) -> tuple[bytes, ...]:
    """h=: RFC 6376 5.4.1 and what a reader relies on."""
    counts = [(name, len(header.named(name)) + 1) for name in OVERSIGNED]
    counts += [(name, len(header.named(name))) for name in SIGNED]
    if sum(count for _, count in counts) > NAMES_MAX:
        raise DkimError(DkimReason.TOO_LONG)
    return tuple(name for name, count in counts for _ in range(count))


def with_signature(field: bytes, signature: bytes) -> bytes:
    """The whole field, of one that ends with ``b=``."""
    text, width = write_base64(signature), COLUMNS_MAX - 1
    lines = [text[start : start + width] for start in range(0, len(text), width)]
    return b"\r\n ".join([field, *lines]) + b"\r\n"


def folded(line: bytes, words: Iterable[bytes]) -> bytes:
    """Words on lines of ``COLUMNS_MAX``; one that begins with : or ; stands close to the one before."""
    lines = []
    for word in words:
        glued = word if word[:1] in b":;" else b" " + word
        if len(line) + len(glued) > COLUMNS_MAX:
            lines.append(line)
            line = b" " + word
        else:
            line += glued
    return b"\r\n".join([*lines, line])
