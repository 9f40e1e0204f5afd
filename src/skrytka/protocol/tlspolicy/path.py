"""A path from a server's certificate to an authority, where the library's verifier knows no way (RFC 5280 6.1).

It takes neither Ed25519 and Ed448 (RFC 8410) nor a key alone as an anchor (TLSA 2 1 0, RFC 7671 5.2.3). Stricter than
the RFC: constraints of names and critical extensions that are not looked at end the path.
"""

import datetime as dt
from collections.abc import Sequence
from typing import Final, TypeVar

import msgspec
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes
from cryptography.hazmat.primitives.serialization import load_der_public_key
from cryptography.x509.oid import ExtendedKeyUsageOID, ExtensionOID, SignatureAlgorithmOID

from skrytka.protocol.tlspolicy.certificate import KEY_MAX, UNREADABLE

T = TypeVar("T", bound=x509.ExtensionType)
DEPTH_MAX: Final = 5  # certificates between the server's own and the anchor
RSA_BITS_MIN: Final = 2048  # as the library's verifier has it
CURVE_BITS_MIN: Final = 256
EDWARDS: Final = (ed25519.Ed25519PublicKey, ed448.Ed448PublicKey)
_LOOKED_AT: Final = frozenset(
    {
        ExtensionOID.BASIC_CONSTRAINTS,
        ExtensionOID.KEY_USAGE,
        ExtensionOID.EXTENDED_KEY_USAGE,
        ExtensionOID.SUBJECT_ALTERNATIVE_NAME,
    }
)
_FOR_SERVERS: Final = frozenset({ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE})


class Anchor(msgspec.Struct, frozen=True):
    """Whom the path has to lead to: a certificate, or a key of which nothing else is known."""

    key: CertificatePublicKeyTypes
    certificate: x509.Certificate | None = None


def bare_key(data: bytes) -> Anchor | None:
    """Of a SubjectPublicKeyInfo; None: it cannot be read, or would take too long to verify with."""
    if len(data) > KEY_MAX:
        return None
    try:
        key = load_der_public_key(data)
    except UNREADABLE:
        return None
    known = (rsa.RSAPublicKey, ec.EllipticCurvePublicKey, *EDWARDS)
    return Anchor(key) if isinstance(key, known) else None


def is_beyond_library(certificates: Sequence[x509.Certificate]) -> bool:
    """Whether one of them has a key of Edwards' curves."""
    return any(isinstance(_key(each), EDWARDS) for each in certificates)


def why_not(leaf: x509.Certificate, between: Sequence[x509.Certificate], anchor: Anchor, at: dt.datetime) -> str:
    """Empty when a path of good signatures leads to the anchor. ``between``: one of each name.

    Dates of the leaf and names are the caller's.
    """
    try:
        return _unfit_leaf(leaf) or _climb(leaf, between, anchor, at)
    except UNREADABLE as exc:
        return str(exc)[:200] or "a certificate that cannot be read"


def _climb(leaf: x509.Certificate, between: Sequence[x509.Certificate], anchor: Anchor, at: dt.datetime) -> str:
    current = leaf
    for below in range(DEPTH_MAX + 1):  # issuers passed so far
        if _is_issued_by(current, anchor):
            return "" if anchor.certificate is None else _unfit_issuer(anchor.certificate, below, at)
        issuer = next((each for each in between if each.subject == current.issuer), None)
        if issuer is None:
            return "no path leads to the authority of the TLSA record"
        if unfit := _unfit_issuer(issuer, below, at):
            return unfit
        if not is_signed_by(current, _key(issuer)):
            return "a signature that is not its issuer's"
        current = issuer
    return "the path is too long"


def _is_issued_by(certificate: x509.Certificate, anchor: Anchor) -> bool:
    if anchor.certificate is not None and anchor.certificate.subject != certificate.issuer:
        return False
    return is_signed_by(certificate, anchor.key)


def is_signed_by(certificate: x509.Certificate, key: CertificatePublicKeyTypes | None) -> bool:
    """Whether the signature is of this key, by an algorithm that still proves something."""
    signature, signed = certificate.signature, certificate.tbs_certificate_bytes
    try:
        if isinstance(key, EDWARDS):
            key.verify(signature, signed)
            algorithms = SignatureAlgorithmOID
            is_small = isinstance(key, ed25519.Ed25519PublicKey)
            expected = algorithms.ED25519 if is_small else algorithms.ED448
            return certificate.signature_algorithm_oid == expected
        digest, scheme = certificate.signature_hash_algorithm, certificate.signature_algorithm_parameters
        if not isinstance(digest, hashes.SHA256 | hashes.SHA384 | hashes.SHA512):
            return False
        if isinstance(key, ec.EllipticCurvePublicKey) and isinstance(scheme, ec.ECDSA):
            key.verify(signature, signed, scheme)
            return key.key_size >= CURVE_BITS_MIN
        if isinstance(key, rsa.RSAPublicKey) and isinstance(scheme, padding.PKCS1v15 | padding.PSS):
            key.verify(signature, signed, scheme, digest)
            return key.key_size >= RSA_BITS_MIN
    except (InvalidSignature, *UNREADABLE):
        return False
    return False


def _unfit_issuer(certificate: x509.Certificate, below: int, at: dt.datetime) -> str:
    """Why it may not have issued what stands ``below`` it (RFC 5280 6.1.4)."""
    if not certificate.not_valid_before_utc <= at <= certificate.not_valid_after_utc:
        return "an issuer out of its time"
    extensions = certificate.extensions
    if unknown := _unknown(extensions):
        return unknown
    constraints = _of(extensions, x509.BasicConstraints)
    if constraints is None or not constraints.ca:
        return "an issuer that is no authority"
    if constraints.path_length is not None and below > constraints.path_length:
        return "an issuer of authorities that may not have any"
    usage = _of(extensions, x509.KeyUsage)
    if usage is not None and not usage.key_cert_sign:
        return "an issuer whose key may not sign certificates"
    if _of(extensions, x509.NameConstraints) is not None:
        return "an issuer whose names are constrained"
    return ""


def _unfit_leaf(certificate: x509.Certificate) -> str:
    purposes = _of(certificate.extensions, x509.ExtendedKeyUsage)
    if purposes is not None and not _FOR_SERVERS & set(purposes):
        return "a certificate that is not for servers"
    return _unknown(certificate.extensions)


def _unknown(extensions: x509.Extensions) -> str:
    """RFC 5280 4.2: a critical extension that is not understood."""
    found = next((each.oid for each in extensions if each.critical and each.oid not in _LOOKED_AT), None)
    return "" if found is None else f"a critical extension {found.dotted_string}"


def _of(extensions: x509.Extensions, kind: type[T]) -> T | None:
    try:
        return extensions.get_extension_for_class(kind).value
    except x509.ExtensionNotFound:
        return None


def _key(certificate: x509.Certificate) -> CertificatePublicKeyTypes | None:
    try:
        return certificate.public_key()
    except UNREADABLE:
        return None
